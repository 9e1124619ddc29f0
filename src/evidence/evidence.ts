/** Facts from outside of the heap, and what a source of such facts is. One file a source in this folder. */
import type { Loss } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";

/** Client settings as the user wrote them. Secrets are dropped by the reader and never enter this map. */
export interface SettingsEvidence {
  readonly kind: "settings";
  readonly settings: ReadonlyMap<string, string>;
  /** The line of the file that each stands in, where it is known. */
  readonly lines?: ReadonlyMap<string, number>;
  /** The client said it itself, so that its names need no check. */
  readonly isChecked?: boolean;
  readonly from: string;
  readonly losses: readonly Loss[];
}

/**
 * What the client says of its own queues, over time, in ascending order. One row an emission of one client instance;
 * several instances at one moment are rows of their own. Never a sum over partitions that share one queue.
 */
export interface QueueEvidence {
  readonly kind: "queue";
  readonly role: "consumer" | "producer";
  readonly instances: readonly string[]; // names of the client instances
  readonly length: number;
  readonly atMs: Float64Array; // Unix ms
  readonly instance: Uint32Array; // row of `instances`
  readonly messages: Float64Array; // in the queue
  readonly bytes: Float64Array; // value bytes in the queue
  readonly receivedMessages: Float64Array; // since the start: fetched from the brokers
  readonly lag: Float64Array; // messages behind; -1 = not known
  readonly partitions: number; // assigned, largest seen of one instance
  readonly brokers: number; // that lead a partition, largest seen of one instance
  readonly meanMessageBytes: number | null; // value bytes a queued message, from the queue itself
  readonly split: boolean; // partitions report different queues: the limits apply to each
  readonly from: string;
  readonly losses: readonly Loss[];
}

export type Evidence = SettingsEvidence | QueueEvidence;

export interface EvidenceSource<Kind extends Evidence = Evidence> {
  readonly id: string;
  readonly title: string;
  readonly recognize: (head: Uint8Array, name: string) => Recognition;
  /** @throws Failure `configuration` with file and line */
  readonly read: (input: Input) => Promise<Kind>;
}
