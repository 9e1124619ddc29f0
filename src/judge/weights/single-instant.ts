/**
 * One capture alone (growth.md sections 5.7 and 6.2): the level against the ceiling, and the gap between it and what the
 * client's statistics explain. Nothing has grown yet, so only a level above the ceiling or a large gap can accuse anybody.
 */
import { at } from "../../base/columns.ts";
import { logNormalDensity, logSumExp } from "../../base/statistics.ts";
import { classWeights, isQueue, type Weight } from "../group-facts.ts";
import { ceilingCode, effectiveCeiling, peakLogFactor, plateauLogFactor, unlessWrong } from "./ceiling.ts";
import { TRUST } from "./queue-accounting.ts";

/** Share of the level that a queue leaves unexplained; for a leak anything from -.1 to 1 is as likely. */
const GAP_MEAN = 0.04;
const GAP_SD = 0.12;
const LEAK_GAP_DENSITY = 1 / 1.1;
const SMALLEST_DENSITY = 1e-9;

export const singleInstant: Weight = {
  id: "single-instant",
  asks: "Is one snapshot already too much?",
  weigh(facts) {
    if (!isQueue(facts.kind) || facts.liveBytes.length !== 1) return null;
    const ceiling = effectiveCeiling(facts);
    if (ceiling === null && facts.queue === null) return { missing: "ceiling" };
    const levelBytes = Math.max(at(facts.liveBytes, 0), 1);
    const samplingShare2 = at(facts.varianceBytes2, 0) / levelBytes ** 2;
    const figures: Record<string, number> = { levelBytes };
    let buffering = 0;
    let leak = 0;
    if (ceiling !== null) {
      buffering = unlessWrong(peakLogFactor(levelBytes, ceiling) + plateauLogFactor(1, samplingShare2, ceiling, levelBytes));
      figures["ceilingBytes"] = ceiling.bytes;
      figures["mostBytes"] = ceiling.highBytes;
    }
    const expectedBytes = facts.queue === null ? Number.NaN : at(facts.queue.expectedBytes, 0);
    if (Number.isFinite(expectedBytes)) {
      const gapShare = (levelBytes - expectedBytes) / levelBytes;
      const isPossible = gapShare >= -0.1 && gapShare <= 1;
      const logBayesFactor =
        Math.log(isPossible ? LEAK_GAP_DENSITY : SMALLEST_DENSITY) - logNormalDensity(gapShare, GAP_MEAN, GAP_SD ** 2 + samplingShare2);
      leak = logSumExp([Math.log(TRUST) + logBayesFactor, Math.log(1 - TRUST)]);
      figures["expectedBytes"] = expectedBytes;
      figures["logBayesFactor"] = logBayesFactor;
    }
    return {
      weights: classWeights({ buffering, leak, backlog: leak }),
      code: ceiling === null ? "gap" : ceilingCode(levelBytes, ceiling),
      figures,
    };
  },
};
