/** What the judge decided: codes and figures only. The sentences for them are in report/words.ts. */
import type { Component } from "../clients/client.ts";
import type { Party } from "./attribution.ts";
import type { GroupKind } from "./group-facts.ts";
import type { EvidenceGrade } from "./weigh-group.ts";

/** Classes of the process as a whole, in the order of the contract. */
export const PROCESS_CLASSES = ["stable", "warm-up", "step", "buffering", "backlog", "leak", "outside-heap"] as const;
export type ProcessClass = (typeof PROCESS_CLASSES)[number];

/** A finding with the figures and names its sentence needs. */
export interface Finding {
  readonly code: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly names: Readonly<Record<string, string>>;
  readonly logBayesFactor: number | null;
}

export interface SuggestedSettings {
  readonly code: string;
  /** As the client words it; null where words.ts has the sentence for the code. */
  readonly text: string | null;
  readonly names: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  readonly costs: string | null; // what is lost by it
}

/** Seconds from the end of the capture; null = too far beyond what was observed to be said. */
export interface Range {
  readonly low: number;
  readonly median: number | null;
  readonly high: number | null;
}

export interface GroupJudgement {
  readonly party: Party;
  readonly client: string | null;
  readonly component: Component | null;
  readonly owner: string | null;
  readonly liveBytes: number;
  readonly liveBlocks: number;
  readonly peakBytes: number;
  readonly growthBytes: number;
  readonly class: ProcessClass | "inconclusive";
  readonly confidence: number;
  readonly course: Float64Array; // live bytes at the observed instants
}

export interface SiteJudgement {
  readonly path: number; // PathId of the heaviest path of the site
  readonly frame: number; // FrameId that the site is named after
  readonly party: Party;
  readonly component: Component | null;
  readonly liveBytes: number;
  readonly growthBytes: number;
  readonly class: ProcessClass | "inconclusive";
  readonly confidence: number;
}

/** Everything that the one-paragraph summary needs; sizes in bytes, of the deciding group where not said otherwise. */
export interface Summary {
  readonly class: ProcessClass | "inconclusive";
  readonly party: Judgement["party"];
  readonly confidence: number;
  readonly client: string | null;
  readonly kind: GroupKind | null; // of the deciding group
  readonly growthBytes: number;
  readonly liveBytes: number; // at the end
  readonly highestBytes: number;
  readonly ceilingBytes: number | null;
  readonly ceilingSettings: Readonly<Record<string, string>>;
  readonly site: string | null; // the site with the most growth
  readonly singleInstant: boolean;
  readonly blind: string | null;
  readonly most: ProcessClass; // the most likely class, called or not
  readonly alsoBuffering: number | null; // bytes in a queue beside a leak
  readonly alsoLeaking: { readonly party: Party; readonly growthBytes: number } | null; // beside a queue that is most of it
  readonly limit: Limit | null;
}

export interface Limit {
  readonly limitBytes: number;
  readonly boundBytes: number | null; // the most the process may hold with its queues full; null = nothing bounds it
  readonly exceeds: boolean;
  readonly etaSeconds: Range | null;
}

export interface Judgement {
  readonly class: ProcessClass | "inconclusive";
  readonly party: "client" | "app" | "app-retained" | "runtime" | null;
  readonly client: string | null;
  readonly confidence: number;
  readonly probabilities: Readonly<Record<ProcessClass, number>>;
  readonly grade: EvidenceGrade;
  readonly because: readonly Finding[];
  readonly next: readonly Finding[];
  readonly advice: readonly SuggestedSettings[];
  readonly limit: Limit | null;
  readonly summary: Summary;
  readonly groups: readonly GroupJudgement[];
  readonly sites: readonly SiteJudgement[];
}
