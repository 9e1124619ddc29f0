/**
 * The answer of `analyze` as plain, versioned data: exactly the JSON of the contract (`schema.json` beside this file).
 * Every renderer shows this and nothing else, so no two outputs can disagree. Bytes and seconds; null where not known.
 */

/** What the whole process is doing; `inconclusive` when the evidence cannot tell. */
export type VerdictClass = "stable" | "warm-up" | "step" | "buffering" | "backlog" | "leak" | "outside-heap" | "inconclusive";

/** `app-retained`: allocated by the client, kept by the application (undestroyed or pinned messages). */
export type AnswerParty = "client" | "app" | "app-retained" | "runtime";

export type Grade = "A" | "B" | "C" | "D";

export interface Reason {
  readonly code: string;
  readonly text: string;
  readonly logBayesFactor: number | null; // null: a fact that explains, but weighs nothing
}

export interface NextStep {
  readonly code: string;
  readonly text: string;
  readonly command: string | null;
}

export interface Advice {
  readonly code: string;
  readonly text: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly costs: string | null; // what is lost by it
}

/** Seconds with a 90 % interval; null where it is too far beyond the observed span to be said. */
export interface Eta {
  readonly low: number;
  readonly median: number | null;
  readonly high: number | null;
}

export interface Limit {
  readonly limitBytes: number;
  readonly boundBytes: number | null; // the most the process may reach while its queues fill; null = nothing bounds it
  readonly exceeds: boolean;
  readonly etaSeconds: Eta | null;
}

export interface Verdict {
  readonly class: VerdictClass;
  readonly party: AnswerParty | null;
  readonly client: string | null;
  readonly confidence: number; // posterior of the class; for `inconclusive` that of the most likely class
  readonly probabilities: Readonly<Record<Exclude<VerdictClass, "inconclusive">, number>>;
  readonly grade: Grade;
  readonly summary: string;
  readonly because: readonly Reason[];
  readonly next: readonly NextStep[];
  readonly advice: readonly Advice[];
  readonly limit: Limit | null;
}

export interface Totals {
  readonly liveBytes: number;
  readonly peakBytes: number;
  readonly growthBytes: number;
  readonly instants: number;
  readonly durationSeconds: number | null;
  readonly sampled: boolean;
  readonly residentBytes: number | null;
  readonly unexplainedBytes: number | null; // resident, and not live heap of this capture
}

export interface Group {
  readonly party: "client" | "app" | "runtime" | "unknown";
  readonly client: string | null;
  readonly component: string | null;
  readonly owner: string | null; // the application's package that owns most of it
  readonly liveBytes: number;
  readonly liveBlocks: number;
  readonly peakBytes: number;
  readonly growthBytes: number;
  readonly share: number; // of the live bytes
  readonly class: VerdictClass;
  readonly confidence: number;
  readonly courseBytes: readonly number[]; // at most 24 levels, equally spaced over the capture: for sparklines
  readonly name?: string; // only where groups were asked for by party, package, function or type
}

export interface Site {
  readonly stack: readonly string[]; // root first
  readonly module: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly party: "client" | "app" | "runtime" | "unknown";
  readonly component: string | null;
  readonly liveBytes: number;
  readonly growthBytes: number;
  readonly class: VerdictClass;
  readonly confidence: number;
}

export interface AnswerCeiling {
  readonly client: string;
  readonly component: string;
  readonly bytes: number;
  readonly lowBytes: number;
  readonly highBytes: number;
  readonly formula: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly assumed: readonly string[];
}

export interface SeriesPoint {
  readonly at: string | null; // ISO time
  readonly elapsedSeconds: number | null;
  readonly liveBytes: Readonly<Record<"client" | "app" | "runtime" | "unknown", number>>;
  readonly queueBytes: number | null;
  readonly lag: number | null;
  readonly residentBytes: number | null;
}

/** A path of memory, root first; frames that pass everything on to one callee are one node. Only where it was asked for. */
export interface PathNode {
  readonly names: readonly string[]; // none: the process
  readonly decides: number; // index of the name that says whose it is; else of the last
  readonly party: "client" | "app" | "runtime" | "unknown";
  readonly liveBytes: number; // with everything below
  readonly growthBytes: number;
  readonly others: number; // callees that hold too little to be shown
  readonly children: readonly PathNode[];
}

/** What a suppression of the user took out of groups, sites, totals and the verdict. */
export interface AnswerSuppression {
  readonly pattern: string;
  readonly file: string;
  readonly line: number;
  readonly liveBytes: number; // at the same instant as the totals
  readonly liveBlocks: number;
  readonly stacks: number; // 0: it matches nothing
  readonly text: string;
}

export interface AnswerLoss {
  readonly code: string;
  readonly text: string;
  readonly offset: number | null;
  readonly count: number;
}

export interface AnswerCapture {
  readonly path: string;
  readonly format: string;
  readonly clock: "in-file" | "file-name" | "mtime" | "none";
  readonly takenAt: string | null;
  readonly liveBytes: number | null;
  readonly losses: readonly AnswerLoss[];
}

/** A Kafka client of which frames, types or modules are in the capture. */
export interface AnswerClient {
  readonly id: string;
  readonly version: string | null; // as the capture's paths say, or as told
  readonly builtOn: readonly { readonly id: string; readonly version: string | null }[];
  /** False: the function names of this client are invented (stripped library), so that they were not used. */
  readonly namesTrusted: boolean;
}

/** An experiment of two halves; the verdict and everything else is about the first. */
export interface AnswerExperiment {
  readonly kind: "drain" | "halve-queue";
  readonly outcome: string | null; // code of the reason that it gives; null: it says nothing of what was decided
  /** Whether the halves themselves show that the lag was gone, or the queue smaller; null: assumed. */
  readonly checked: boolean | null;
  readonly beforeBytes: number | null; // of what was decided, at the end of the first half
  readonly afterBytes: number | null;
  readonly captures: readonly string[]; // of the second half
}

export interface Answer {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: "lagleak"; readonly version: string };
  readonly verdict: Verdict;
  readonly totals: Totals;
  readonly groups: readonly Group[];
  readonly sites: readonly Site[];
  readonly ceilings: readonly AnswerCeiling[];
  readonly series: readonly SeriesPoint[];
  readonly captures: readonly AnswerCapture[];
  readonly losses: readonly AnswerLoss[]; // of the series and of the evidence
  readonly suppressions: readonly AnswerSuppression[];
  readonly clients: readonly AnswerClient[]; // found in the capture, largest first
  readonly tree?: PathNode;
  readonly experiment?: AnswerExperiment; // only where one was made
}
