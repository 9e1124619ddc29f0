/**
 * Live bytes against what the client says it holds (growth.md section 4.3), the strongest single test: memory that the queue
 * explains is buffering however it grows, memory that grows beside the queue is kept by somebody. Compares
 * y ~ [1, q] and [1, q, hinge] with y ~ [1, q, time], where q are the expected bytes of the queue.
 */
import { at } from "../../base/columns.ts";
import { logSumExp } from "../../base/statistics.ts";
import { classWeights, type GroupFacts, isQueue, type Weight } from "../group-facts.ts";
import { type Priors, regressionOn } from "../regression.ts";
import { blockMeans, unitClock } from "../series.ts";
import { HINGES, type SeriesFit } from "../shapes.ts";
import { ceilingLogFactor, effectiveCeiling } from "./ceiling.ts";
import { shapeWeights } from "./shape.ts";

/** With more points, small errors of the statistics look like growth beside the queue (errors in variables): at most so many blocks. */
const BLOCKS = 12;

/** Growth beside the queue counts from 8 % of the largest value: less may be the error of the statistics. */
const MATERIAL_SHARE = 0.08;

/** Priors: what is not queue .03 ± .1 of the largest value, queue bytes count 1 ± .12 times, growth beside the queue 0 ± .6. */
const PRIORS: Priors = { means: [0.03, 1, 0], sds: [0.1, 0.12, 0.6] };

/** Of the queue's explanation: something that filled once beside it (buffers, a pool) and then stopped. */
const HINGE_SHARE = 0.15;

/** How far the statistics are trusted against the shape; chosen on one seed, confirmed on another (growth.md section 8). */
export const TRUST = 0.9;

/** log of how much better growth beside the queue explains the series than the queue does; null with under two usable instants. */
export function queueLogBayesFactor(facts: GroupFacts, expectedBytes: Float64Array): number | null {
  const rows = Uint32Array.from(facts.liveBytes.keys()).filter((row) => Number.isFinite(expectedBytes[row]));
  if (rows.length < 2) return null;
  const clock = unitClock(blockMeans(facts.elapsedMs, rows, BLOCKS));
  const bytes = blockMeans(facts.liveBytes, rows, BLOCKS);
  const queueBytes = blockMeans(expectedBytes, rows, BLOCKS);
  const variances = blockMeans(facts.varianceBytes2, rows, BLOCKS);
  const largestBytes = Math.max(...bytes, 1);
  const share = bytes.map((value) => value / largestBytes);
  const level = share.map(() => 1);
  const queue = queueBytes.map((value) => value / largestBytes);
  const variance = variances.reduce((sum, value) => sum + value, 0) / variances.length / largestBytes ** 2;
  const regression = regressionOn(clock, share, { varianceShare2: variance, sampled: facts.sampled }, PRIORS);

  const alone = regression([level, queue, share.map(() => 0)], null);
  const hinges = HINGES.map((end) => regression([level, queue, clock.map((x) => Math.min(x / end, 1))], 0));
  const beside = regression([level, queue, clock], MATERIAL_SHARE);
  const withHinge = logSumExp(hinges) - Math.log(HINGES.length);
  return beside - logSumExp([Math.log(1 - HINGE_SHARE) + alone, Math.log(HINGE_SHARE) + withHinge]);
}

/**
 * What the statistics add for a class that grows without end against buffering (P9, growth.md section 4.3). Without them the
 * odds are S·K, shape times ceiling; with them .8·BF·c + .2·S·K, where c is K clipped: statistics are right four times out of
 * five, and then a ceiling that was declared wrongly must not overrule them.
 */
export function unboundedLogFactor(logBayesFactor: number, shapeLogOdds: number, ceilingLogOdds: number): number {
  const clipped = Math.min(Math.max(ceilingLogOdds, -1.5), 6);
  const without = shapeLogOdds + ceilingLogOdds;
  return logSumExp([Math.log(TRUST) + logBayesFactor + clipped, Math.log(1 - TRUST) + without]) - without;
}

function logOddsWithout(facts: GroupFacts, fit: SeriesFit): { readonly leak: number; readonly backlog: number; readonly ceiling: number } {
  const shape = shapeWeights(fit);
  const bound = effectiveCeiling(facts);
  const ceiling = bound === null ? 0 : -ceilingLogFactor(facts, bound, fit);
  return { leak: shape.leak - shape.buffering, backlog: shape.backlog - shape.buffering, ceiling };
}

export type QueueCode = "queue-explains" | "queue-does-not-explain" | "queue-undecided";

export const queueAccounting: Weight = {
  id: "queue-accounting",
  asks: "Do the client's own statistics explain the memory?",
  weigh(facts, fitter) {
    if (!isQueue(facts.kind) || facts.liveBytes.length < 2) return null;
    if (facts.queue === null) return { missing: "statistics" };
    const { expectedBytes } = facts.queue;
    const logBayesFactor = queueLogBayesFactor(facts, expectedBytes);
    if (logBayesFactor === null) return { missing: "statistics" };
    const odds = logOddsWithout(facts, fitter.fit(facts));
    const last = expectedBytes.findLastIndex((bytes) => Number.isFinite(bytes));
    const code: QueueCode = logBayesFactor < -1 ? "queue-explains" : logBayesFactor > 1 ? "queue-does-not-explain" : "queue-undecided";
    return {
      weights: classWeights({
        leak: unboundedLogFactor(logBayesFactor, odds.leak, odds.ceiling),
        backlog: unboundedLogFactor(logBayesFactor, odds.backlog, odds.ceiling),
      }),
      code,
      figures: {
        logBayesFactor,
        expectedBytes: at(expectedBytes, last),
        liveBytes: at(facts.liveBytes, last),
        gapBytes: at(facts.liveBytes, last) - at(expectedBytes, last),
      },
    };
  },
};
