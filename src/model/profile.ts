/**
 * The one shape of every capture: a ledger of *paths* (where memory can be held), *instants* (when we looked) and *changes*
 * (what each path gained or lost). Read this file first.
 *
 * Tables are structs of arrays. In every table that has ids (strings, modules, frames, paths, instants) **row 0 means none**
 * (unknown, empty), so there is no null and no -1; an id is a row number; a path's parent has a smaller id than the path.
 * Fact tables (changes, survivors) have no ids and start with row 0. Sizes are doubles, exact to 2^53.
 * Whatever is derived from a table is a new column beside it, never a change of it. `check-profile.ts` verifies all of this.
 */
import type { Column } from "../base/columns.ts";
import type { Loss } from "../base/failure.ts";

export type StringId = number;
export type ModuleId = number;
export type FrameId = number;
export type PathId = number;
export type InstantId = number;

/** Shared objects, executables, jars, packages, scripts: what code comes from. */
export interface Modules {
  readonly length: number;
  readonly name: Column; // StringId: the path or name as the capture gives it
}

/** What a frame stands for. Rules for functions, types and threads share one mechanism, so all three are frames. */
export const FrameKind = { none: 0, function: 1, type: 2, thread: 3, external: 4 } as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

export interface Frames {
  readonly length: number;
  readonly name: Column; // StringId; 0 = function unknown (stripped module): then `address` tells such frames apart
  readonly module: Column; // ModuleId
  readonly file: Column; // StringId of the source file
  readonly line: Column; // 0 = unknown
  readonly kind: Column; // FrameKind
  readonly address: Column; // offset in the module (or absolute where the module is unknown); 0 = unknown
}

/** A forest of frames, root frames having parent 0. The last frame of a path is where memory was allocated (leaf). */
export interface Paths {
  readonly length: number;
  readonly parent: Column; // PathId, always smaller than the row itself
  readonly frame: Column; // FrameId
}

/** Moments at which the live memory is known, in time order. */
export interface Instants {
  readonly length: number;
  readonly elapsedMs: Column; // from the start of the capture; ascending. Ordinals 1, 2, 3 … where `clock` has no time
  readonly residentBytes: Column; // resident set of the process at that moment; 0 = not said
  readonly reportedHeapBytes: Column; // live heap as the runtime itself states it (Go MemStats HeapAlloc); 0 = not said
}

/** What a path gained (or lost, when negative) between the instant before and this one. Ordered by instant. */
export interface Changes {
  readonly length: number;
  readonly instant: Column; // InstantId, ascending
  readonly path: Column; // PathId
  readonly liveBytes: Column;
  readonly liveBlocks: Column;
  readonly allocatedBytes: Column; // gross, never negative; all 0 where `observes` is "live", except that a series of object graphs has what was new and alive at the instant
  readonly allocatedBlocks: Column;
}

/** What is live at the last instant, by when it was born. */
export interface Survivors {
  /**
   * What `bornAt` counts. `instants`: rows of the instants table; what was born in that slice is `changes.allocatedBytes`.
   * `allocation`: equal slices of the bytes allocated while recording (V8 ordinals); what was born is `bornBytes`.
   */
  readonly clock: "instants" | "allocation";
  /** `fifo`: the capture has no addresses, frees were matched first in, first out among equal sizes of one path. */
  readonly matching: "exact" | "fifo";
  readonly slices: number; // number of birth slices, row 0 (born before the capture, or unknown) included
  readonly bornBytes: Column; // by slice, whole process; length = slices
  readonly length: number; // of the columns below
  readonly path: Column;
  readonly bornAt: Column; // slice, 0 … slices-1
  readonly bytes: Column;
  readonly blocks: Column;
  readonly doubtfulBytes: Column; // of `bytes`: their age is a guess, for some of their kind were freed (`fifo` only)
}

/** `sampled`: sizes are unbiased estimates (unsampled per stack, exactly once) from one sample in `meanIntervalBytes`. */
export type Precision = { readonly kind: "exact" } | { readonly kind: "sampled"; readonly meanIntervalBytes: number };

/**
 * Where the order and the times of the instants come from. `in-file`: the capture says it. `mtime`: modification times.
 * `file-name`: only the sequence in the name, `none`: only the order in which they were given; both have ordinals for times.
 */
export type Clock = "in-file" | "file-name" | "mtime" | "none";

/** One file as it was read. */
export interface Capture {
  readonly path: string; // as the user named it; "-" is standard input
  readonly format: string; // id of the format
  readonly formatVersion: string | null;
  readonly clock: Clock;
  readonly takenAt: number | null; // Unix ms of its last instant
  readonly liveBytes: number | null; // at its last instant; null where it has no live sizes
  readonly losses: readonly Loss[];
}

/** The process that was looked at. */
export interface Origin {
  readonly runtime: "native" | "go" | "jvm" | "node" | "unknown";
  readonly command: string | null;
  readonly executable: string | null;
  readonly pid: number | null;
  readonly startedAt: number | null; // Unix ms of elapsed time 0
  readonly attached: boolean; // the profiler came later than the process: what was live before is missing
}

/** A type and its unit as the capture names them: `inuse_space`/`bytes`. */
export interface SampleType {
  readonly type: string;
  readonly unit: string;
}

/** What only an object graph shows: who holds what. Of a series, the last capture's. */
export interface GraphFacts {
  readonly nodes: number;
  readonly edges: number;
  readonly slicedStores: SlicedStores;
  /** The objects at which most memory comes together, largest first. */
  readonly accumulations: readonly Accumulation[];
  /** Strings with the same text as another one; null where the texts are not known. */
  readonly duplicateStrings: DuplicateStrings | null;
  /** Every object, so that a series can tell which of them are new; null where objects have no lasting ids, and in a series. */
  readonly objects: GraphObjects | null;
}

/** Texts that are there more than once; never the texts themselves, which may be payloads. */
export interface DuplicateStrings {
  readonly texts: number;
  readonly copies: number; // the first of each is none
  readonly bytes: number; // of the copies
}

/** Objects by row; ids ascend in the order in which objects were first seen by a snapshot of their process. */
export interface GraphObjects {
  readonly length: number;
  readonly id: Column;
  readonly path: Column;
  readonly bytes: Column;
}

/**
 * Blocks of bytes of which programs hold only slices (several views of one backing store): each is alive as long as any of its
 * slices is. `firstSlice` has one row more than there are stores.
 */
export interface SlicedStores {
  readonly length: number;
  readonly bytes: Column;
  readonly firstSlice: Column; // of each store: first row of the columns below
  readonly path: Column; // PathId of what refers to slices of the store
  readonly slices: Column; // how many references to them there are
}

/** An object that holds much in many parts, none of which holds most of it. */
export interface Accumulation {
  readonly path: PathId;
  readonly type: string; // class
  readonly heldAs: string; // field, variable or index by which it is held; "" = unknown
  readonly retainedBytes: number; // freed with it
  readonly parts: number; // objects that are freed with it directly
  /** From a root to it: what holds it, and by which name. */
  readonly retainers: readonly RetainerStep[];
}

export interface RetainerStep {
  readonly type: string;
  readonly file: string; // script of its class or scope; "" = unknown
  readonly field: string; // by which it holds the next
}

/** A capture, or a series of captures of one process. */
export interface Profile {
  readonly captures: readonly Capture[];
  readonly origin: Origin;
  readonly clock: Clock;
  readonly precision: Precision;
  /** What the sizes are: live memory, allocations only (cannot answer a question about live memory), or both. */
  readonly observes: "live" | "allocated" | "both";
  readonly sampleTypes: readonly SampleType[];
  readonly strings: readonly string[]; // strings[0] === ""
  readonly modules: Modules;
  readonly frames: Frames;
  readonly paths: Paths;
  readonly instants: Instants;
  readonly changes: Changes;
  readonly survivors: Survivors | null;
  readonly graph: GraphFacts | null;
  /** Highest live total, exact even between instants; the highest of the instants where the capture knows no better. */
  readonly peakBytes: number;
  readonly peakAtMs: number;
  readonly losses: readonly Loss[]; // of all captures and of joining them
  /** The last instant was taken at a clean exit: what is live there is no state of the running process. */
  readonly endsWithExit: boolean;
}
