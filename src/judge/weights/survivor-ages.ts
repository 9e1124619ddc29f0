/**
 * How much of what was born early still lives (growth.md section 4.4): a queue forgets its oldest first, so survivors are young
 * with a sharp edge; a leak keeps a share of every age. The best single piece of evidence that a capture can hold.
 */
import { at } from "../../base/columns.ts";
import { largest } from "../../base/statistics.ts";
import { type AgeFacts, classWeights, type GroupClass, type GroupFacts, isOfApplication, isQueue, type Weight } from "../group-facts.ts";

export const AGE_CELLS = ["few-births", "nothing-old", "first-in-first-out", "decaying-tail", "flat-tail", "all-survive"] as const;
export type AgeCell = (typeof AGE_CELLS)[number];

/** P(cell | class), in the order of AGE_CELLS. Set from theory with one adjustment, not fitted (growth.md section 4.4). */
const CELL_PROBABILITIES: Readonly<Record<GroupClass, readonly number[]>> = {
  stable: [0.28, 0.5, 0.04, 0.06, 0.03, 0.09],
  step: [0.4, 0.15, 0.03, 0.04, 0.03, 0.35],
  "warm-up": [0.01, 0.05, 0.03, 0.05, 0.03, 0.83],
  buffering: [0.03, 0.46, 0.14, 0.06, 0.03, 0.28],
  backlog: [0.01, 0.55, 0.22, 0.06, 0.03, 0.13],
  leak: [0.02, 0.02, 0.02, 0.04, 0.32, 0.58],
};

/** The slices of the older half of the capture; younger ones say little, they may simply not have been freed yet. */
const OLD_SLICES = 6;

export interface AgeProfile {
  readonly cell: AgeCell;
  /** Live / born of the oldest quarter of the capture and of the quarter after it. */
  readonly oldestShare: number;
  readonly olderShare: number;
}

export function ageProfile(ages: AgeFacts, largestBytes: number): AgeProfile {
  let bornBytes = 0;
  let liveBytes = 0;
  const survivals: { readonly slice: number; readonly share: number }[] = [];
  for (let slice = 0; slice < OLD_SLICES; slice++) {
    const born = at(ages.bornBytes, slice);
    const live = at(ages.liveBytes, slice);
    bornBytes += born;
    liveBytes += live;
    if (born > 1e-4 * largestBytes) survivals.push({ slice, share: live / born });
  }
  const meanShare = (from: number, to: number): number => {
    const chosen = survivals.filter(({ slice }) => slice >= from && slice < to);
    return chosen.length === 0 ? 0 : chosen.reduce((sum, { share }) => sum + share, 0) / chosen.length;
  };
  const oldestShare = meanShare(0, OLD_SLICES / 2);
  const olderShare = meanShare(OLD_SLICES / 2, OLD_SLICES);
  const mixed = survivals.filter(({ share }) => share > 0.003 && share < 0.93).length;
  const cell = ((): AgeCell => {
    if (bornBytes < 0.001 * largestBytes) return "few-births";
    if (2 * liveBytes < 0.02 * largestBytes) return "nothing-old";
    if (mixed >= Math.max(3, 0.6 * survivals.length)) return oldestShare > 0.5 * olderShare ? "flat-tail" : "decaying-tail";
    return oldestShare > 0.9 ? "all-survive" : "first-in-first-out";
  })();
  return { cell, oldestShare, olderShare };
}

/** Ages of a group that may be believed, read; else null. */
export function trustedAgeProfile(facts: GroupFacts): AgeProfile | null {
  if (facts.ages === null || !facts.ages.trustworthy) return null;
  return ageProfile(facts.ages, largest(facts.liveBytes));
}

export const survivorAges: Weight = {
  id: "survivor-ages",
  asks: "Does memory of every age survive, or only the youngest?",
  weigh(facts) {
    const profile = trustedAgeProfile(facts);
    if (profile === null) return isQueue(facts.kind) || isOfApplication(facts.kind) ? { missing: "ages" } : null;
    const cell = AGE_CELLS.indexOf(profile.cell);
    const log = (name: GroupClass): number => {
      // a producer whose brokers are away, or whose reports nobody reads, keeps every message until its queue is full
      const like = facts.kind === "producer" && name === "leak" && profile.cell === "all-survive" ? "buffering" : name;
      return Math.log(CELL_PROBABILITIES[like][cell] ?? 1);
    };
    return {
      weights: classWeights({
        stable: log("stable"),
        step: log("step"),
        "warm-up": log("warm-up"),
        buffering: log("buffering"),
        backlog: log("backlog"),
        leak: log("leak"),
      }),
      code: profile.cell,
      figures: { oldestShare: profile.oldestShare, olderShare: profile.olderShare },
    };
  },
};
