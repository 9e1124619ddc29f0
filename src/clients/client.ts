/**
 * What the tool knows of a Kafka client: whose a frame is, how much memory its queues may hold, which leaks of it are known.
 * One file a client in this folder; a client file is data with sources, its few functions are formulas.
 */

/** What client memory is for, as rows of a small table (row 0 = none). Only the components listed below may legitimately fill. */
export const COMPONENTS = [
  "fetch-response-buffer", // whole Fetch responses that queued messages lie in
  "decompress-buffer", // decompressed batches that queued messages lie in
  "message-op", // one object a queued message
  "fetch-queue", // fetched and not yet delivered, where a client does not split it further
  "record-parse",
  "headers",
  "producer-queue", // messages handed over and not yet delivered
  "producer-batch", // requests being written or in flight
  "request-buffer",
  "metadata",
  "topic-partition-state",
  "group-coordination",
  "network-tls",
  "statistics",
  "logging",
  "telemetry",
  "admin",
  "app-copy", // copied by the client into memory that the application owns
  "message-cache", // fetched messages that a wrapper keeps in a cache of its own, above the client's queue
  "state-store", // stores and caches of stream processing
  "mock-cluster", // a test broker in the same process
  "client-other",
  "unsymbolised-client", // the client's module, function unknown
] as const;

export type Component = (typeof COMPONENTS)[number];

/** Components that hold fetched messages: one ceiling bounds them together. */
export const FETCH_COMPONENTS: ReadonlySet<Component> = new Set([
  "fetch-response-buffer",
  "decompress-buffer",
  "message-op",
  "fetch-queue",
  "record-parse",
  "message-cache", // a wrapper's ceiling is that of both: what is in its cache was in the queue before
  "unsymbolised-client",
]);

/** Components that hold messages to be produced. */
export const PRODUCER_COMPONENTS: ReadonlySet<Component> = new Set(["producer-queue", "producer-batch"]);

/** How well a rule or a figure is known (grades of the knowledge base). */
export type Grade = "measured" | "real-profile" | "source" | "documented";

/**
 * What is the client's at all, whatever it is for: the question before any rule. Names are compared after normalisation
 * (`matchName` of `base/symbols.ts`: demangled, no generics, no hash, no `.constprop.0`). One of them has to match.
 */
export interface OwnFrames {
  readonly names: RegExp; // functions and types
  /** Types whose names others use, too (`Connection`, `Batch`): believed only where something else shows the client. */
  readonly weakTypes?: RegExp;
  /** Modules that hold nothing but the client (its shared object). Never the application's executable. */
  readonly modules?: RegExp;
  readonly files?: RegExp; // source files and package folders
  readonly threads?: RegExp;
}

/**
 * Says what a frame of the client is for. A path is walked from the leaf to the root, skipping allocators and libraries; at
 * the first frame that is the client's own, the rules are asked in their order and the first that holds wins. All conditions
 * of a rule have to hold. Where none does, it is `client-other`, or `unsymbolised-client` when the function is unknown.
 */
export interface FrameRule {
  readonly component: Component;
  /** The frame's normalised function, type or thread name. Left out: any, also none. */
  readonly name?: RegExp;
  /** The frame's kind when it matters; left out: any. */
  readonly kind?: "function" | "type" | "thread";
  /** The frame's module (path as in the capture). */
  readonly module?: RegExp;
  /** The frame's source file. */
  readonly file?: RegExp;
  /** Only frames whose function is unknown (or not to be trusted), threads included. */
  readonly unnamed?: true;
  /** A frame nearer to the root, anywhere in the path, has such a name. */
  readonly below?: RegExp;
  /** With `below`: neither this frame nor one between it and the nearest `below` has such a name. */
  readonly notThrough?: RegExp;
  /** Mean size of the path's blocks, in bytes: `[low, high]`, both included. Separates objects in stripped libraries. */
  readonly blockBytes?: readonly [number, number];
  readonly source: string;
  readonly grade: Grade;
}

/**
 * How a profile betrays that its function names are invented: a profiler without the client's symbols names the nearest
 * exported function. Then a thread starts in a function of the client that starts no threads.
 */
export interface NameTest {
  /** A frame right below the thread's start with such a name … */
  readonly entry: RegExp;
  /** … is believable only if the path also has such a name. */
  readonly threadMain: RegExp;
  readonly source: string;
}

/**
 * A real path of memory that is the client's: shown in the documentation, and classified in a test. Root first, joined by
 * ` > `; `[name]` is a thread, `<Name>` a type, `module!function` a function of a module, `function @ file` one with its file.
 */
export interface FrameExample {
  readonly path: string;
  readonly component: Component;
  readonly source: string;
  readonly grade: Grade;
}

/** Settings by the client's own property name, as given by the user; values as text. */
export type Settings = ReadonlyMap<string, string>;

/** A setting that bears on how much memory the client may hold. */
export interface Parameter {
  /** As the client's documentation writes it. Case, dots, dashes and underscores do not count in what users write. */
  readonly name: string;
  readonly aliases?: readonly string[];
  /** Newest first; a row holds from its version on. Empty text = not set. */
  readonly defaults: readonly { readonly from: string; readonly value: string }[];
  readonly unit: string; // "bytes on the wire", "messages"
  readonly per: string; // "consumer", "partition and fetch"
  readonly source: string;
}

/** Everything a ceiling formula may ask. Null where the user did not say. */
export interface Scope {
  readonly version: string | null; // of the client itself
  readonly settings: Settings;
  readonly instances: number; // client instances in the process; 1 when not said
  readonly partitions: number | null;
  readonly brokers: number | null;
  readonly messageBytes: number | null; // mean value size
  readonly keyBytes: number | null;
  readonly headersBytes: number | null;
  readonly compressionRatio: number | null; // decompressed / wire; 1 = uncompressed
  readonly splitQueues: boolean;
}

/** The scope of a client of which nothing was said. */
export const NOTHING_SAID: Scope = {
  version: null,
  settings: new Map(),
  instances: 1,
  partitions: null,
  brokers: null,
  messageBytes: null,
  keyBytes: null,
  headersBytes: null,
  compressionRatio: null,
  splitQueues: false,
};

/** An addend of a ceiling, over all instances. */
export interface CeilingTerm {
  readonly what: string; // "messages in the queue"
  readonly lowBytes: number;
  readonly bytes: number;
  readonly highBytes: number;
  readonly formula: string; // with the figures in it
  readonly source: string;
}

/** Components that a configuration bounds, as a whole. */
export type BoundedComponent = "fetch-queue" | "producer-queue" | "state-store";

/** The most bytes of live heap that a configuration lets one component hold, over all instances. */
export interface Ceiling {
  readonly component: BoundedComponent;
  readonly bytes: number; // expected plateau of a client that lags
  readonly lowBytes: number;
  readonly highBytes: number; // with every overshoot
  readonly messages: number | null; // most messages held at the expected plateau
  readonly formula: string;
  readonly terms: readonly CeilingTerm[]; // their sums are the three figures above
  /** The settings that set it, with the values used (defaults included). */
  readonly settings: Readonly<Record<string, string>>;
  readonly assumed: readonly string[]; // what was guessed because the user did not say
  readonly source: string;
}

/** What a ceiling came to in reality: held against the formula in a test and in the documentation. */
export interface Measurement {
  readonly what: string;
  readonly component: BoundedComponent;
  readonly bytes: number; // live heap
  /** Within 10 %; otherwise only inside of low … high. */
  readonly isExact: boolean;
  readonly settings?: Readonly<Record<string, string>>;
  readonly scope?: Partial<Omit<Scope, "settings">>;
  readonly source: string;
}

/** A setting or a use that does not do what it seems to. */
export interface Trap {
  readonly code: string;
  readonly text: string;
  readonly source: string;
}

/**
 * A published report of memory growth: a leak with the versions that have it, one that turned out to be something else, or one
 * without a conclusion.
 */
export interface KnownIssue {
  readonly url: string;
  readonly title: string;
  readonly kind: "client-leak" | "app-retains" | "buffering" | "allocator" | "unresolved";
  readonly component: Component | null;
  /** A name that some of the growing memory's frames have in this case, where the component says too little. */
  readonly frames?: RegExp;
  readonly from: string | null; // first version concerned; null = unknown
  readonly fixedIn: string | null; // null = not fixed
  /** Where it concerns only some configurations. */
  readonly when?: (scope: Scope) => boolean;
  readonly advice: string;
}

/** Something to set or to change, for the advice. */
export interface Remedy {
  readonly code: string;
  readonly text: string;
  readonly costs?: string; // what is lost by it
  readonly settings?: Readonly<Record<string, string>>;
}

/** Objects that are the entries of a queue of the client, by their type: an object graph counts them. */
export interface QueueEntry {
  /** Whose ceiling bounds the queue. */
  readonly component: BoundedComponent;
  readonly type: RegExp; // normalised name
  /** A type nearer to the root, anywhere in the path, has such a name. */
  readonly below?: RegExp;
  readonly what: string; // "batches"
  readonly source: string;
  readonly grade: Grade;
}

export interface KafkaClient {
  readonly id: string;
  readonly title: string;
  readonly language: string;
  /** The client this one wraps, whose rules, ceilings and issues apply too. */
  readonly builtOn?: string;
  /** Where its queues lie: in memory from malloc, which heap profiles of a managed runtime do not contain, or in that runtime's heap. */
  readonly queueMemory: "native" | "runtime";
  readonly own: OwnFrames;
  readonly rules: readonly FrameRule[];
  /** At least one real one for each client. */
  readonly examples: readonly FrameExample[];
  readonly nameTest?: NameTest;
  /** The client's version in a file or module name; the first group is the version. */
  readonly versionInPath?: RegExp;
  /** Version of the client it is built on, by its own version: newest first; each row holds from `from` on. */
  readonly builtOnVersions?: readonly { readonly from: string; readonly version: string }[];
  /** The settings that its ceilings are made of; left out: those of the client it is built on. */
  readonly parameters?: readonly Parameter[];
  /** Every other name that its configuration knows, to tell a misspelt one; left out where there is no such list. */
  readonly otherProperties?: readonly string[];
  /** Ceilings of the components that it bounds; left out: those of the client it is built on. */
  readonly ceilings?: (scope: Scope) => readonly Ceiling[];
  readonly queueEntries?: readonly QueueEntry[];
  readonly measurements?: readonly Measurement[];
  readonly traps?: (scope: Scope) => readonly Trap[];
  /** Live heap of a queue that holds this many messages with this many value bytes, as profilers see it. */
  readonly queueBytes?: (messages: number, valueBytes: number, scope: Scope) => number;
  /** What a message that the application keeps holds in memory besides itself. */
  readonly retention: { readonly text: string; readonly source: string; readonly grade: Grade };
  readonly issues: readonly KnownIssue[];
  /** Size of the object that stands for one queued message, for telling held messages from queued ones. */
  readonly messageObjectBytes?: (version: string | null) => readonly number[];
  /** What to set or to change, by verdict. */
  readonly remedies: {
    /**
     * What keeps a queue smaller; with a target, settings under which `highBytes` of its ceiling fits, and their price. Left
     * out: those of the client it is built on.
     */
    readonly buffering?: (scope: Scope, targetBytes: number | null, component: BoundedComponent) => readonly Remedy[];
    readonly appRetained: readonly Remedy[];
    /** How the application takes only what it can process: pausing, or a bounded queue of its own. */
    readonly backPressure: string;
    readonly howToGetStatistics: string;
  };
}
