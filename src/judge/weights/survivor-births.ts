/**
 * When the memory that still lives was born: all along, only at first, or at one moment. Survivors by birth are the growth
 * without the noise of everything that comes and goes, so a leak that hides in it shows here.
 *
 * Memory that is lost in jumps at random times is a gamma process, and the shares of its equal slices are Dirichlet(c, …, c)
 * (Ferguson 1973): small c for a few large jumps, a staircase; large c for a steady trickle. A warm-up is the same with slices
 * that count less and less. Counted in quanta of the survivors, the evidence is a Dirichlet-multinomial in closed form:
 *
 *     P(k | α) = Π_j α_j (α_j + 1) … (α_j + k_j - 1)  /  A (A + 1) … (A + N - 1),   A = Σ α_j
 */
import { at } from "../../base/columns.ts";
import { largest, logSumExp } from "../../base/statistics.ts";
import { type AgeFacts, classWeights, type GroupFacts, isQueue, type Weight } from "../group-facts.ts";

/** The first slice holds what a process starts with, the last what it has not freed yet: neither says anything of growth. */
const FIRST = 1;
const LAST = 10;
const SLICES = LAST - FIRST + 1;

/** Survivors count as so many quanta: the shape over time has seen the same growth, so they must not outvote everything. */
const MOST_QUANTA = 24;

/** Survivors of the middle slices below this share of the largest level say that nothing much was lost. */
const MATERIAL_SHARE = 0.02;
/** P(nothing material | class); the rest is P(material). */
const IMMATERIAL = { stable: 0.6, step: 0.3, "warm-up": 0.15, leak: 0.04 } as const;

interface Pattern {
  readonly share: number; // of the class
  readonly alphas: readonly number[];
}

const middle = (slice: number): number => (slice + 0.5) / SLICES;
const slices = Array.from({ length: SLICES }, (_, slice) => slice);

function pattern(share: number, concentration: number, weight: (slice: number) => number): Pattern {
  const weights = slices.map(weight);
  const mean = weights.reduce((sum, value) => sum + value, 0) / SLICES;
  return { share, alphas: weights.map((value) => (concentration * value) / mean) };
}

const ALWAYS: readonly Pattern[] = [
  pattern(0.2, 0.4, () => 1),
  pattern(0.2, 1, () => 1),
  pattern(0.3, 4, () => 1),
  pattern(0.3, 20, () => 1),
];

/** Growth that slows down, that ended, or (a little) that slows down over longer than the capture. */
const AT_FIRST: readonly Pattern[] = [0.4, 4, 20].flatMap((concentration) => [
  pattern(0.04, concentration, (slice) => Math.exp(-middle(slice))),
  ...[0.1, 0.25, 0.5].map((tau) => pattern(0.11 / 3, concentration, (slice) => Math.exp(-middle(slice) / tau))),
  ...[0.2, 0.35, 0.5, 0.65, 0.8].map((end) => pattern(0.55 / 15, concentration, (slice) => (middle(slice) < end ? 1 : 0.01))),
]);

/** What is kept for a while, a window or a queue: only the youngest. */
const YOUNG: readonly Pattern[] = [4, 20].flatMap((concentration) =>
  [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map((start) =>
    pattern(1 / 18, concentration, (slice) => (middle(slice) > start ? 1 : 0.01)),
  ),
);

const AT_ONCE: readonly Pattern[] = slices.map((moment) => pattern(1 / SLICES, 20, (slice) => (slice === moment ? 1 : 0.003)));

/** With fewer slices that say something, there is no course to see. */
const FEWEST_SLICES = 4;

/**
 * Quanta of survivors by middle slice; empty where hardly any are of the growth; null where nothing can be said. Survivors
 * beyond the growth only took the place of what died, oldest first: as many bytes of the youngest slices say nothing. (What is
 * left of a Dirichlet distribution without some of its slices is one again.)
 */
function quantaOf(ages: AgeFacts, largestBytes: number, survivingSamples: number | null): readonly number[] | null {
  const allBytes = ages.liveBytes.reduce((sum, bytes) => sum + bytes, 0);
  const grownBytes = Math.min(allBytes, Math.max(0, ages.grownBytes));
  if (grownBytes < MATERIAL_SHARE * largestBytes) return [];
  let replaced = allBytes - grownBytes;
  let last = ages.liveBytes.length - 1;
  while (last >= 0 && replaced > 0.05 * grownBytes) replaced -= at(ages.liveBytes, last--);
  const live = slices.slice(0, Math.max(0, Math.min(last, LAST) - FIRST + 1)).map((slice) => at(ages.liveBytes, slice + FIRST));
  if (live.length < FEWEST_SLICES) return null;
  const seenBytes = live.reduce((sum, bytes) => sum + bytes, 0);
  if (seenBytes < MATERIAL_SHARE * largestBytes) return [];
  const quanta = Math.min((MOST_QUANTA * live.length) / SLICES, ((survivingSamples ?? Infinity) * seenBytes) / grownBytes);
  return live.map((bytes) => Math.round((quanta * bytes) / seenBytes));
}

/** log P(quanta | patterns), without the multinomial coefficient, which all classes share. */
function logEvidence(quanta: readonly number[], patterns: readonly Pattern[]): number {
  return logSumExp(
    patterns.map(({ share, alphas }) => {
      const total = alphas.slice(0, quanta.length).reduce((sum, alpha) => sum + alpha, 0);
      let log = Math.log(share);
      let seen = 0;
      for (const [slice, count] of quanta.entries()) {
        for (let quantum = 0; quantum < count; quantum++) log += Math.log(((alphas[slice] ?? 0) + quantum) / (total + seen++));
      }
      return log;
    }),
  );
}

export const BIRTHS_CODES = ["hardly-any", "all-along", "at-first", "at-once", "young"] as const;
export type BirthsCode = (typeof BIRTHS_CODES)[number];

export const survivorBirths: Weight = {
  id: "survivor-births",
  asks: "Was what still lives born all along, or only at first?",
  weigh(facts: GroupFacts) {
    // a queue holds the youngest, whatever else it does
    if (isQueue(facts.kind) || facts.ages === null || !facts.ages.trustworthy || facts.liveBytes.length < 2) return null;
    const quanta = quantaOf(facts.ages, largest(facts.liveBytes), facts.survivingSamples);
    if (quanta === null) return null;
    if (quanta.length === 0) {
      const leak = Math.log(IMMATERIAL.leak);
      return {
        weights: classWeights({
          stable: Math.log(IMMATERIAL.stable),
          step: Math.log(IMMATERIAL.step),
          "warm-up": Math.log(IMMATERIAL["warm-up"]),
          buffering: leak,
          backlog: leak,
          leak,
        }),
        code: "hardly-any" satisfies BirthsCode,
        figures: {},
      };
    }
    const always = logEvidence(quanta, ALWAYS);
    const atFirst = logEvidence(quanta, AT_FIRST);
    const atOnce = logEvidence(quanta, AT_ONCE);
    const young = logEvidence(quanta, YOUNG);
    const mixed = (...parts: readonly (readonly [number, number])[]): number =>
      logSumExp(parts.map(([share, log]) => Math.log(share) + log));
    const material = (share: number, log: number): number => Math.log(1 - share) + log;
    const found: readonly (readonly [BirthsCode, number])[] = [
      ["all-along", always],
      ["at-first", atFirst],
      ["at-once", atOnce],
      ["young", young],
    ];
    const [code] = found.reduce((best, next) => (next[1] > best[1] ? next : best));
    const last = quanta.slice(-3).reduce((sum, count) => sum + count, 0);
    return {
      weights: classWeights({
        stable: material(IMMATERIAL.stable, mixed([0.3, always], [0.3, atFirst], [0.4, young])),
        step: material(IMMATERIAL.step, mixed([0.8, atOnce], [0.2, young])),
        "warm-up": material(IMMATERIAL["warm-up"], mixed([0.6, atFirst], [0.4, young])),
        buffering: material(IMMATERIAL.leak, mixed([0.4, always], [0.6, young])),
        backlog: material(IMMATERIAL.leak, mixed([0.25, always], [0.75, young])),
        leak: material(IMMATERIAL.leak, always),
      }),
      code,
      figures: {
        slices: quanta.filter((count) => count > 0).length,
        lateShare:
          last /
          Math.max(
            1,
            quanta.reduce((sum, count) => sum + count, 0),
          ),
      },
    };
  },
};
