/**
 * The level against the most that the configuration allows (growth.md section 4.1). Only buffering is bound by it, and it is
 * bound in two ways: where growth has ended, the level should be near the ceiling (a full queue) or under it (a queue in
 * balance); while it goes on, it must not be above yet. All other classes could be anywhere.
 */
import { largest, logNormalCdf, logNormalDensity, logSumExp, normalCdf, quantile } from "../../base/statistics.ts";
import { type CeilingFacts, classWeights, type GroupClass, type GroupFacts, isQueue, type Weight } from "../group-facts.ts";
import type { SeriesFit, Shape } from "../shapes.ts";
import { bestShape, classLogEvidence } from "./shape.ts";

/** A level is about the ceiling within this share of it. */
const NEAR_SHARE = 0.2;
/** What a queue may exceed its ceiling by before it counts: messages in flight when the limit is reached. */
const OVERSHOOT = 1.15;

/**
 * A declared ceiling is that of another process or a forgotten setting once in twenty. Without this, a ceiling that is two
 * times too low makes a leak of 19 % of simulated full queues (no statistics, not part of the self-check), with it of 6 %.
 */
const WRONG = 0.05;

const ENDED: ReadonlySet<Shape> = new Set<Shape>(["constant", "hinge", "saturation", "step"]);

/** How much better or worse buffering explains a level, compared with not knowing of a ceiling. In shares of `largestBytes`. */
export function plateauLogFactor(level: number, levelVariance: number, ceiling: CeilingFacts, largestBytes: number): number {
  const bound = ceiling.bytes / largestBytes;
  const full = Math.log(0.75) + logNormalDensity(level, 1.03 * bound, levelVariance + (ceiling.sdShare * bound) ** 2);
  const inBalance = Math.log(0.25) + (level < OVERSHOOT * bound ? Math.log(0.9 / bound) : Math.log(1e-9));
  return logSumExp([full, inBalance]) - logNormalDensity(level, 0.75, levelVariance + 0.5 ** 2);
}

/** log P(a queue with this ceiling reaches such a peak). */
export function peakLogFactor(peakBytes: number, ceiling: CeilingFacts): number {
  return logNormalCdf((Math.log(OVERSHOOT * ceiling.bytes) - Math.log(peakBytes)) / ceiling.sdShare);
}

/**
 * The ceiling, raised to what the client says its queue did hold: the configuration we were given is then not that of this
 * process (a second consumer, another file), and a ceiling that is too low accuses whoever fills it.
 */
export function effectiveCeiling(facts: GroupFacts): CeilingFacts | null {
  if (facts.ceiling === null || facts.queue === null) return facts.ceiling;
  const queueBytes = largest(facts.queue.expectedBytes.filter(Number.isFinite));
  if (!(queueBytes > facts.ceiling.bytes)) return facts.ceiling;
  return { ...facts.ceiling, bytes: queueBytes, highBytes: Math.max(queueBytes, facts.ceiling.highBytes) };
}

/** The largest value; with ten instants or more their upper tenth, which one outlier does not move. */
export function peakBytes(facts: GroupFacts): number {
  return Math.max(quantile(facts.liveBytes, facts.liveBytes.length >= 10 ? 0.9 : 1), 1);
}

/** What knowing the ceiling adds to the log evidence of buffering: the mixture of shapes with the factors minus without. */
export function ceilingLogFactor(facts: GroupFacts, ceiling: CeilingFacts, fit: SeriesFit): number {
  const { largestBytes } = fit.prepared;
  const peak = peakLogFactor(peakBytes(facts), ceiling);
  const factor = (shape: Shape): number => {
    const { mean, sd } = fit.shapes[shape].level;
    if (ENDED.has(shape)) return peak + plateauLogFactor(mean, sd ** 2, ceiling, largestBytes);
    const levelBytes = Math.max(mean * largestBytes, 1);
    return peak + logNormalCdf((Math.log(1.08 * ceiling.bytes) - Math.log(levelBytes)) / ceiling.sdShare);
  };
  return unlessWrong(classLogEvidence(fit, "buffering", factor) - classLogEvidence(fit, "buffering"));
}

/** The factor of a ceiling, allowing for one that says nothing of this process. */
export function unlessWrong(logFactor: number, wrong: number = WRONG): number {
  return logSumExp([Math.log(1 - wrong) + logFactor, Math.log(wrong)]);
}

/** Of the leaks of a queue, those that ended with their input: the topic was read to its end, nothing more could be kept. */
const ENDED_LEAK = 0.1;
const ENDED_SHAPES: readonly (readonly [Shape, number])[] = [
  ["hinge", 0.6],
  ["saturation", 0.4],
];

/**
 * What a level above every overshoot says of the other classes. Fetched messages have no caches and no pools: what is flat, or
 * has risen once, is the queue, so the bound of the queue is theirs, too; and a leak may be flat at the end like a full queue.
 * Without this, 600,000 kept messages at six times the ceiling are a "warm-up" as soon as the topic is read to its end.
 */
function aboveEveryBound(facts: GroupFacts, ceiling: CeilingFacts, fit: SeriesFit): Partial<Record<GroupClass, number>> {
  const highBytes = OVERSHOOT * Math.max(ceiling.highBytes, ceiling.bytes);
  const peak = peakBytes(facts);
  if (peak <= highBytes) return {};
  const logFactor = logNormalCdf((Math.log(highBytes) - Math.log(peak)) / ceiling.sdShare);
  // the further above, the less likely a forgotten setting explains it
  const quiet = unlessWrong(logFactor, WRONG * (highBytes / peak) ** 2);
  const leak = classLogEvidence(fit, "leak");
  const ended = logSumExp(ENDED_SHAPES.map(([shape, share]) => Math.log(share) + fit.shapes[shape].logEvidence));
  return {
    stable: quiet,
    step: quiet,
    "warm-up": quiet,
    buffering: Math.log((highBytes / peak) ** 2),
    leak: logSumExp([Math.log(1 - ENDED_LEAK) + leak, Math.log(ENDED_LEAK) + ended]) - leak,
  };
}

export type CeilingCode = "below-ceiling" | "at-ceiling" | "above-ceiling";

export function ceilingCode(levelBytes: number, ceiling: CeilingFacts): CeilingCode {
  // every broker may add a fetch response that was under way: only beyond that the queue cannot be
  if (levelBytes > Math.max((1 + NEAR_SHARE) * ceiling.bytes, ceiling.highBytes)) return "above-ceiling";
  return levelBytes < (1 - NEAR_SHARE) * ceiling.bytes ? "below-ceiling" : "at-ceiling";
}

export const ceiling: Weight = {
  id: "ceiling",
  asks: "Is the memory within what the configuration allows?",
  weigh(facts, fitter) {
    if (!isQueue(facts.kind) || facts.liveBytes.length < 2) return null;
    const ceiling = effectiveCeiling(facts);
    if (ceiling === null) return { missing: "ceiling" };
    const fit = fitter.fit(facts);
    const above = aboveEveryBound(facts, ceiling, fit);
    const level = fit.shapes[bestShape(fit)].level;
    const levelBytes = level.mean * fit.prepared.largestBytes;
    return {
      weights: classWeights({ ...above, buffering: ceilingLogFactor(facts, ceiling, fit) + (above.buffering ?? 0) }),
      code: ceilingCode(levelBytes, ceiling),
      figures: {
        mostBytes: ceiling.highBytes,
        levelBytes,
        peakBytes: peakBytes(facts),
        ceilingBytes: ceiling.bytes,
        ceilingSdShare: ceiling.sdShare,
        aboveProbability: normalCdf((levelBytes - ceiling.bytes) / (ceiling.sdShare * ceiling.bytes)),
      },
    };
  },
};
