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

/** Counted since the start of the client instance, in columns as those of `QueueEvidence`. */
export interface QueueCounters {
  readonly rebalances: Float64Array; // of its consumer group
  readonly disconnects: Float64Array; // of all brokers
  readonly responses: Float64Array; // to fetch requests, else of all kinds
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
  /** What happened so far, by emission; left out where the source does not count it. */
  readonly counters?: QueueCounters;
  readonly partitions: number; // assigned, largest seen of one instance
  readonly brokers: number; // that lead a partition, largest seen of one instance
  readonly meanMessageBytes: number | null; // value bytes a queued message, from the queue itself
  readonly split: boolean; // partitions report different queues: the limits apply to each
  /** Left out: a wall clock. `elapsed`: `atMs` counts from the start of the observation. */
  readonly clock?: "elapsed";
  readonly from: string;
  readonly losses: readonly Loss[];
}

/**
 * Where the times of a file come from. `local`: wall clock without a time zone, read in that of this machine. `elapsed`: counted
 * from an unknown start. `none`: rows in order, without times (`atMs` is NaN).
 */
export type EvidenceClock = "zone" | "local" | "elapsed" | "none";

/** How far consumer groups are behind, over time. One row a group and moment, ascending in time; sums over partitions. */
export interface LagEvidence {
  readonly kind: "lag";
  readonly groups: readonly string[]; // names of consumer groups; "" = the file names none
  readonly length: number;
  readonly atMs: Float64Array; // Unix ms (`elapsed`: ms since the start)
  readonly group: Uint32Array; // row of `groups`
  readonly lag: Float64Array; // messages behind, of the partitions that have a committed offset
  readonly most: Float64Array; // messages behind at most; NaN where a partition has no committed offset
  readonly committed: Float64Array; // sum of the committed offsets; NaN = not said
  readonly clock: EvidenceClock;
  readonly isLowest: boolean; // the lag is that of the partition that is furthest behind: the sum is at least this
  readonly from: string;
  readonly losses: readonly Loss[];
}

/** Memory of processes or containers, over time. One row a process and moment, ascending in time. */
export interface MemoryEvidence {
  readonly kind: "memory";
  /** `container`: of all its processes, by its cgroup. */
  readonly measures: "process" | "container";
  readonly names: readonly string[]; // of processes or containers, as the file names them
  readonly length: number;
  readonly atMs: Float64Array; // Unix ms (`elapsed`: ms since the start)
  readonly name: Uint32Array; // row of `names`
  readonly residentBytes: Float64Array;
  readonly heapBytes: Float64Array; // in use in the heap, as the allocator or runtime itself says; NaN = not said
  readonly limitBytes: number | null; // of the container, where the file says
  readonly clock: EvidenceClock;
  readonly from: string;
  readonly losses: readonly Loss[];
}

/** Where the memory of a process lies at one moment, as its allocator or runtime says. Bytes. */
export interface AllocatorEvidence {
  readonly kind: "allocator";
  readonly allocator: "glibc" | "go" | "jvm";
  readonly atMs: number; // Unix ms; NaN = not said
  readonly totalBytes: number; // taken from the operating system and not given back
  readonly inUseBytes: number; // of these, handed out to the program
  readonly keptBytes: number; // free, and kept by the allocator
  readonly parts: readonly { readonly name: string; readonly bytes: number; readonly growthBytes: number | null }[]; // largest first
  readonly from: string;
  readonly losses: readonly Loss[];
}

/** Chunks of the heap in use by size, over time: rows of one size at one moment, ascending in time. Nobody's memory by itself. */
export interface CensusEvidence {
  readonly kind: "census";
  readonly allocator: string; // "glibc"
  readonly length: number;
  readonly atMs: Float64Array; // Unix ms (`elapsed`: ms since the start)
  readonly size: Float64Array; // bytes of a chunk, with its header
  readonly count: Float64Array;
  readonly clock: EvidenceClock;
  readonly from: string;
  readonly losses: readonly Loss[];
}

/** What an observer found out about the process that it looked at. */
export interface ProcessEvidence {
  readonly kind: "process";
  readonly name: string;
  readonly runtime: string; // "native", "node", "jvm", …
  /** Ids of this tool's clients, in the order in which they were found; the version is null where it was not. */
  readonly clients: readonly { readonly id: string; readonly version: string | null }[];
  readonly limitBytes: number | null; // of its cgroup
  /** What the process has and the observer could not read, each with what would make it possible. */
  readonly unreadable: readonly { readonly what: string; readonly because: string; readonly fix: string }[];
  readonly from: string;
  readonly losses: readonly Loss[];
}

export type Evidence =
  | SettingsEvidence
  | QueueEvidence
  | LagEvidence
  | MemoryEvidence
  | AllocatorEvidence
  | CensusEvidence
  | ProcessEvidence;

/** What is being asked of a file whose numbers have no name. */
export type WantedEvidence = "lag" | "memory";

/** `Found`: one piece of evidence, or all that one file holds. */
export interface EvidenceSource<Found extends Evidence | readonly Evidence[] = Evidence | readonly Evidence[]> {
  readonly id: string;
  readonly title: string;
  readonly recognize: (head: Uint8Array, name: string) => Recognition;
  /** @throws Failure `configuration` with file and line */
  readonly read: (input: Input, wanted?: WantedEvidence) => Promise<Found>;
}
