/**
 * What a weight of evidence may ask about one group of paths (client fetch memory, the application, …). Everything is already
 * in bytes and milliseconds; whatever is not known is null, and the weight then answers what is missing.
 */

/** How a group may behave, which sets its prior. */
export type GroupKind = "fetch" | "producer" | "client-other" | "app" | "runtime" | "unknown";

/** Verdict classes of one group. `outside-heap` exists only for the process as a whole. */
export const GROUP_CLASSES = ["stable", "step", "warm-up", "buffering", "backlog", "leak"] as const;
export type GroupClass = (typeof GROUP_CLASSES)[number];

export interface GroupFacts {
  readonly kind: GroupKind;
  /** Times of the instants, ascending; ordinals where the capture has no clock. At least one. */
  readonly elapsedMs: Float64Array;
  /** Live bytes at each instant. Same length. */
  readonly liveBytes: Float64Array;
  /** Sampling variance of each value, in bytes^2; zeros when exact (growth.md section 2). */
  readonly varianceBytes2: Float64Array;
  readonly sampled: boolean;
  /** Objects sampled among the survivors of the growth; null when exact. A leak needs at least nine. */
  readonly survivingSamples: number | null;
  /** The capture ends with a clean exit: the last value is no state of the running process (already removed from the series). */
  readonly ceiling: CeilingFacts | null;
  readonly queue: QueueFacts | null;
  readonly ages: AgeFacts | null;
  /** A clock of work done, one value an instant, ascending: messages consumed, bytes allocated. Null when unknown. */
  readonly operationalClock: Float64Array | null;
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

/** Births and survivors in 12 equal slices of the capture, oldest first (growth.md section 4.4). */
export interface AgeFacts {
  readonly bornBytes: Float64Array; // length 12
  readonly liveBytes: Float64Array; // of these, live at the end
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

export interface MissingInput {
  readonly missing: string; // code of what would be needed
}

/** One piece of evidence: a question in plain words and its answer in log Bayes factors. */
export interface Weight {
  readonly id: string;
  readonly asks: string;
  readonly weigh: (facts: GroupFacts) => Weighed | MissingInput;
}
