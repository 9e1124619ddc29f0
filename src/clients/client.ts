/**
 * What the tool knows of a Kafka client: whose a frame is, how much memory its queues may hold, which leaks of it are known.
 * One file a client in this folder; a client file is data with sources, its few functions are formulas.
 */

/** What client memory is for. Only the components listed in {@link FILLABLE} may legitimately fill. */
export type Component =
  | "fetch-response-buffer" // whole Fetch responses that queued messages lie in
  | "decompress-buffer" // decompressed batches that queued messages lie in
  | "message-op" // one object a queued message
  | "fetch-queue" // fetched and not yet delivered, where a client does not split it further
  | "record-parse"
  | "headers"
  | "producer-queue" // messages handed over and not yet delivered
  | "producer-batch" // requests being written or in flight
  | "request-buffer"
  | "metadata"
  | "topic-partition-state"
  | "group-coordination"
  | "network-tls"
  | "statistics"
  | "logging"
  | "telemetry"
  | "admin"
  | "app-copy" // copied by the client into memory that the application owns
  | "mock-cluster" // a test broker in the same process
  | "client-other"
  | "unsymbolised-client"; // the client's module, function unknown

/** Components that hold fetched messages: one ceiling bounds them together. */
export const FETCH_COMPONENTS: ReadonlySet<Component> = new Set([
  "fetch-response-buffer",
  "decompress-buffer",
  "message-op",
  "fetch-queue",
  "record-parse",
  "unsymbolised-client",
]);

/** Components that hold messages to be produced. */
export const PRODUCER_COMPONENTS: ReadonlySet<Component> = new Set(["producer-queue", "producer-batch"]);

/** How well a rule or a figure is known (grades of the knowledge base). */
export type Grade = "measured" | "real-profile" | "source" | "documented";

/**
 * Recognises frames of the client and says what they are for.
 *
 * A path is walked from the leaf to the root, skipping allocators; at each frame the rules are asked in their order and the
 * first that holds wins. All conditions of a rule have to hold. Names are compared after normalisation
 * (`base/symbols.ts`: no `.constprop.0`, no Rust hash, no `<address>`).
 */
export interface FrameRule {
  readonly component: Component;
  /** The frame's normalised function, type or thread name. */
  readonly name?: RegExp;
  /** The frame's kind when it matters; left out: any. */
  readonly kind?: "function" | "type" | "thread";
  /** The frame's module (path as in the capture). */
  readonly module?: RegExp;
  /** The frame's source file. */
  readonly file?: RegExp;
  /** Only frames whose function is unknown (or not to be trusted). */
  readonly unnamed?: true;
  /** A frame nearer to the root, anywhere in the path, has such a name. */
  readonly below?: RegExp;
  /** No frame between the leaf and this one, and none between this one and `below`, has such a name. */
  readonly notThrough?: RegExp;
  /** Mean size of the path's blocks, in bytes: `[low, high]`, both included. Separates objects in stripped libraries. */
  readonly blockBytes?: readonly [number, number];
  readonly source: string;
  readonly grade: Grade;
}

/** Settings by the client's own property name, as given by the user; values as text. */
export type Settings = ReadonlyMap<string, string>;

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

/** The most bytes of live heap that a configuration lets one component hold, over all instances. */
export interface Ceiling {
  readonly component: "fetch-queue" | "producer-queue";
  readonly bytes: number; // expected plateau of a client that lags
  readonly lowBytes: number;
  readonly highBytes: number; // with every overshoot
  readonly messages: number | null; // most messages held at the expected plateau
  readonly formula: string;
  /** The settings that set it, with the values used (defaults included). */
  readonly settings: Readonly<Record<string, string>>;
  readonly assumed: readonly string[]; // what was guessed because the user did not say
  readonly source: string;
}

/** A published report of memory growth: a leak with the versions that have it, or one that turned out to be something else. */
export interface KnownIssue {
  readonly url: string;
  readonly title: string;
  readonly kind: "client-leak" | "app-retains" | "buffering" | "allocator";
  readonly component: Component | null;
  readonly from: string | null; // first version concerned; null = unknown
  readonly fixedIn: string | null; // null = not fixed
  readonly advice: string;
}

/** A limit of the client's memory that can be lowered, for the advice. */
export interface Remedy {
  readonly code: string;
  readonly text: string;
  readonly settings?: Readonly<Record<string, string>>;
}

export interface KafkaClient {
  readonly id: string;
  readonly title: string;
  readonly language: string;
  /** The client this one wraps, whose rules, ceilings and issues apply too. */
  readonly builtOn?: string;
  readonly rules: readonly FrameRule[];
  /** Version of the client it is built on, by its own version: newest first, `from` included. */
  readonly builtOnVersions?: readonly { readonly from: string; readonly version: string }[];
  /** Ceilings of the components that it bounds; left out: those of the client it is built on. */
  readonly ceilings?: (scope: Scope) => readonly Ceiling[];
  /** Live heap of a queue that holds this many messages with this many value bytes, as profilers see it. */
  readonly queueBytes?: (messages: number, valueBytes: number, scope: Scope) => number;
  readonly issues: readonly KnownIssue[];
  /** Size of the object that stands for one queued message, for telling held messages from queued ones. */
  readonly messageObjectBytes?: (version: string | null) => readonly number[];
  /** What to set or to change, by verdict. */
  readonly remedies: {
    readonly buffering: (scope: Scope, targetBytes: number | null) => readonly Remedy[];
    readonly appRetained: readonly Remedy[];
    readonly howToGetStatistics: string;
  };
}
