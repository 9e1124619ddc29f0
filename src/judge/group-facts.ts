/**
 * What a weight of evidence may ask about one group of paths (client fetch memory, the application, …). Everything is already
 * in bytes and milliseconds; whatever is not known is null, and the weight then answers what is missing.
 */
import type { RetentionFacts } from "./retention.ts";
import type { Series } from "./series.ts";
import type { ShapeFitter } from "./shapes.ts";

/**
 * How a group may behave, which sets its prior. `copies`: messages that the client copied into memory of the application.
 * `unqueued`: live heap beside the client's queue, whose size is known: nobody's that could be named, and no prefetch queue.
 */
export type GroupKind = "fetch" | "producer" | "copies" | "client-other" | "app" | "runtime" | "unqueued" | "unknown";

/** Verdict classes of one group. `outside-heap` exists only for the process as a whole. */
export const GROUP_CLASSES = ["stable", "step", "warm-up", "buffering", "backlog", "leak"] as const;
export type GroupClass = (typeof GROUP_CLASSES)[number];

/** A value that a capture ends with at a clean exit is no state of the running process: it is already removed from the series. */
export interface GroupFacts extends Series {
  readonly kind: GroupKind;
  /** Objects sampled among the survivors of the growth; null when exact. A leak needs at least nine. */
  readonly survivingSamples: number | null;
  readonly ceiling: CeilingFacts | null;
  readonly queue: QueueFacts | null;
  readonly ages: AgeFacts | null;
  /** How far the consumer was behind; left out where it is not known, or where the client's statistics say more. */
  readonly lag?: LagFacts;
  /** Of the application's own memory: how many messages the consumer was behind, at the instants; left out where it is not known. */
  readonly lagMessages?: Float64Array;
  /** What the two halves of an experiment held; left out where none was made. */
  readonly experiment?: ExperimentFacts;
  /** A clock of work done, one value an instant, ascending: bytes allocated, messages consumed. Null when unknown. */
  readonly operationalClock: Float64Array | null;
  /** What `operationalClock` counts; left out: bytes allocated. */
  readonly clockCounts?: "messages";
  /** Counts of what may lose memory each time; left out where the client's statistics do not tell. */
  readonly events?: readonly EventCounts[];
  /** Who holds the fetched bytes; null where no object graph shows it. */
  readonly retention: RetentionFacts | null;
}

/** The most this group may hold, expected, and how far off that may be (standard deviation as a share of it). */
export interface CeilingFacts {
  readonly bytes: number;
  readonly highBytes: number; // with every overshoot
  readonly sdShare: number; // .2 message size known, .4 guessed
}

/** What the client's own statistics explain of the group's live bytes, at the instants of `GroupFacts`. */
export interface QueueFacts {
  readonly expectedBytes: Float64Array; // same length as the instants; NaN where no statistics are near
}

/** The most a queue can hold for the messages that the consumer is behind, at the instants of `GroupFacts`. */
export interface LagFacts {
  readonly mostBytes: Float64Array; // as heap; NaN where the lag is not known
  readonly messages: Float64Array;
}

/** Events so far, at the instants of `GroupFacts`. */
export interface EventCounts {
  readonly what: "rebalances" | "disconnects" | "responses";
  readonly counts: Float64Array;
}

/** `drain`: nothing more is produced and the consumer catches up. `halve-queue`: the same run with half the prefetch queue. */
export const EXPERIMENTS = ["drain", "halve-queue"] as const;
export type ExperimentKind = (typeof EXPERIMENTS)[number];

/** Levels of one group in the two halves of an experiment, in bytes. */
export interface ExperimentFacts {
  readonly kind: ExperimentKind;
  readonly beforeBytes: number; // at the end of the first half; halve-queue: at the last moment that both halves reach
  readonly afterBytes: number; // at the end of the second; halve-queue: at the same moment
  readonly baseBytes: number; // what it held before it grew; 0 where it was not seen growing
  /** Whether what the experiment changes did change: the lag was gone, the setting was lowered. Null: nothing says so, assumed. */
  readonly isDone: boolean | null;
  /** Share of the first level that a full queue holds in the second half: 0, or the ratio of the ceilings. */
  readonly queueShare: number;
  /** halve-queue: the first half stood at its end, or at its ceiling, so that half of the queue must show. */
  readonly wasFull: boolean;
  /** Heap that the client's queue held at the end of each half, by its statistics; null where they do not say. */
  readonly queuedBytes: number | null;
  readonly queuedAfterBytes: number | null;
  readonly isResident: boolean; // levels of resident memory, of which the allocator keeps a part
}

/**
 * Births and survivors in 12 equal slices of the capture, oldest first (growth.md section 4.4), of the paths of the group that
 * hold at least 1 % of its growth; of all its paths where none grew. What else the group allocates and frees would make a flat
 * tail of any growth: half of all simulated caches that fill for longer than the capture would be called leaks for it.
 */
export interface AgeFacts {
  readonly bornBytes: Float64Array; // length 12
  readonly liveBytes: Float64Array; // of these, live at the end
  /** Growth of these paths over the capture; what survives beyond it took the place of what died. */
  readonly grownBytes: number;
  /** False where frees were matched first in, first out among few sizes: then survivors only look young. */
  readonly trustworthy: boolean;
}

/** Log evidence of each class, up to a constant. */
export type ClassWeights = Readonly<Record<GroupClass, number>>;

export interface Weighed {
  readonly weights: ClassWeights;
  /** The finding in one word, for the answer and for words.ts; closed by the list of each weight. */
  readonly code: string;
  /** Figures that words.ts needs for the sentence. */
  readonly figures: Readonly<Record<string, number>>;
}

/** What would have to be captured or told. */
export type MissingCode =
  | "series" // captures at more moments
  | "ceiling" // the configuration of the client
  | "statistics" // of the client's queues
  | "ages" // a capture that knows when live memory was born
  | "work-clock" // messages consumed or bytes allocated, by instant
  | "samples"; // a finer sampling interval or a longer capture

export interface MissingInput {
  readonly missing: MissingCode;
}

/** One piece of evidence: a question in plain words and its answer in log Bayes factors. */
export interface Weight {
  readonly id: string;
  readonly asks: string;
  /**
   * Null where the question does not arise for such a group (an application has no queue limit). Evidence is not independent
   * of the shape of the growth (a level under the ceiling means one thing for a plateau and another for a line), so every
   * weight may ask for the fit; what it returns is what it adds to the weights before it.
   */
  readonly weigh: (facts: GroupFacts, fitter: ShapeFitter) => Weighed | MissingInput | null;
}

export function isMissing(answer: Weighed | MissingInput): answer is MissingInput {
  return "missing" in answer;
}

/** Weights by class; classes that are left out get 0. */
export function classWeights(weights: Partial<Record<GroupClass, number>>): ClassWeights {
  return { stable: 0, step: 0, "warm-up": 0, buffering: 0, backlog: 0, leak: 0, ...weights };
}

/** Whether the application decides how long it lives. */
export function isOfApplication(kind: GroupKind): boolean {
  return kind === "app" || kind === "copies";
}

/** Groups whose memory a client's configuration bounds. */
export function isQueue(kind: GroupKind): boolean {
  return kind === "fetch" || kind === "producer";
}
