/**
 * Level 0: something about a process that can be read again and again without stopping it and without code in it. One file a gauge
 * in this folder (`…-gauge.ts`); the observer asks all of them at every tick and writes what they say as one line.
 */
import type { Refusal } from "./attacher.ts";
import type { Target } from "./target.ts";

/** A queue of one client instance, at one moment. */
export interface ClientQueue {
  readonly name: string; // of the instance: "rdkafka#consumer-1"
  readonly role: "consumer" | "producer";
  readonly messages: number;
  readonly bytes: number; // of values, as the client counts
  readonly limitMessages?: number; // configured, where the gauge can see it
  readonly limitBytes?: number;
}

/** Chunks of the heap that are in use, by size. */
export interface HeapCensus {
  readonly allocator: string; // "glibc"
  readonly inUseBytes: number; // chunks in use, with their headers
  readonly freeBytes: number; // kept by the allocator
  readonly mappedBytes: number; // of `inUseBytes`, in chunks with a mapping of their own
  readonly classes: readonly { readonly size: number; readonly count: number }[]; // by bytes, the largest first, at most 32
}

/** Heap of a runtime, as it says itself. Bytes. */
export interface RuntimeHeap {
  readonly runtime: "jvm" | "go" | "node";
  readonly usedBytes: number; // in use, dead objects that were not collected yet included
  readonly committedBytes: number; // taken from the operating system
  readonly usedAfterCollectionBytes?: number; // where the runtime says what survived its last collection
  readonly collections?: number;
  readonly majorCollections?: number; // of them, those that look at old objects, too
  readonly externalBytes?: number; // outside of the heap, and held by its objects
}

/** What a gauge saw at one moment; a gauge says only what it knows. */
export interface Reading {
  readonly queues?: readonly ClientQueue[];
  readonly census?: HeapCensus;
  readonly heap?: RuntimeHeap;
  readonly lag?: readonly { readonly group: string; readonly messages: number; readonly committed: number | null }[];
  readonly consumedMessages?: number; // since the start of the process
}

export interface OpenGauge {
  /** Null: nothing can be said at this moment (a value that contradicts itself is no value). @throws Failure `capture` when there will be nothing any more */
  readonly read: () => Promise<Reading | null>;
  /** Everything in milliseconds between two readings that this gauge can bear; 0 = every tick. */
  readonly everyMs: number;
  readonly close: () => Promise<void>;
}

export interface Gauge {
  readonly id: string;
  readonly title: string;
  /** Null where the process has nothing of the kind; a refusal where it has, and it cannot be read. */
  readonly open: (target: Target, request: GaugeRequest) => Promise<OpenGauge | Refusal | null>;
}

/** What the user said that a gauge may need. */
export interface GaugeRequest {
  readonly brokers: readonly string[]; // named by the user, so that they may be contacted
  readonly group: string | null;
}

export function isRefusal(answer: OpenGauge | Refusal | null): answer is Refusal {
  return answer !== null && "because" in answer;
}
