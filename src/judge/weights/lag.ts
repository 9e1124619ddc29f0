/**
 * The memory of a queue against how far the consumer is behind (growth.md section 4.2): what is buffered was not consumed yet, so
 * buffered bytes are at most lag x bytes a message, and drain with the lag. It says something only while that is less than the
 * configuration allows anyway.
 *
 * The surprise: committed offsets trail what was consumed by up to a commit interval, so the lag is too large by that much and
 * memory may well be smaller than it allows. Only memory above it accuses.
 */
import { at } from "../../base/columns.ts";
import { largest, logSumExp } from "../../base/statistics.ts";
import { classWeights, type GroupFacts, type Weight } from "../group-facts.ts";
import { effectiveCeiling } from "./ceiling.ts";
import { queueLogBayesFactor } from "./queue-accounting.ts";

/** A lag that allows more than this share of the ceiling bounds nothing that the ceiling does not. */
const BINDING_SHARE = 0.8;
const FEWEST_INSTANTS = 3;
/** Bytes a message are known to this much: a queue may hold that much more than the lag says before it counts. */
const TOLERANCE = 1.2;
/** Memory above that counts from this share of the largest value. */
const GAP_SHARE = 0.15;
/** The lag has to move by this share of the largest value before following it means something. */
const MOVED_SHARE = 0.2;
/** How far the lag is trusted: exporters read it at moments of their own, and it may be that of another group. */
const TRUST = 0.6;
/** No single series of lag counts for more. */
const MOST = 6;

export type LagCode = "lag-explains" | "lag-does-not-explain" | "lag-undecided" | "lag-allows-more";

export const lag: Weight = {
  id: "lag",
  asks: "Does memory follow the consumer lag, and drain with it?",
  weigh(facts) {
    if (facts.lag === undefined || facts.liveBytes.length < 2) return null;
    const { mostBytes, messages } = facts.lag;
    const known = [...mostBytes.keys()].filter((row) => Number.isFinite(at(mostBytes, row)));
    const last = known.at(-1);
    if (last === undefined || known.length < FEWEST_INSTANTS) return null;
    const figures: Record<string, number> = {
      lagMessages: at(messages, last),
      mostBytes: at(mostBytes, last),
      liveBytes: at(facts.liveBytes, last),
    };
    const bound = BINDING_SHARE * (effectiveCeiling(facts)?.bytes ?? Infinity);
    const binding = known.filter((row) => at(mostBytes, row) < bound);
    if (binding.length < FEWEST_INSTANTS) return { weights: classWeights({}), code: "lag-allows-more" satisfies LagCode, figures };
    const pick = (column: Float64Array): Float64Array => Float64Array.from(binding, (row) => at(column, row));
    const bounded: GroupFacts = {
      ...facts,
      elapsedMs: pick(facts.elapsedMs),
      liveBytes: pick(facts.liveBytes),
      varianceBytes2: pick(facts.varianceBytes2),
    };
    const most = pick(mostBytes);
    const logBayesFactor = lagLogBayesFactor(bounded, most);
    const weight = logSumExp([Math.log(TRUST) + logBayesFactor, Math.log(1 - TRUST)]);
    const code: LagCode = logBayesFactor < -1 ? "lag-explains" : logBayesFactor > 1 ? "lag-does-not-explain" : "lag-undecided";
    return { weights: classWeights({ leak: weight, backlog: weight }), code, figures: { ...figures, logBayesFactor } };
  },
};

/** Against the lag as it is where it explains, against a generous one where it accuses. */
function lagLogBayesFactor(facts: GroupFacts, most: Float64Array): number {
  const explained = queueLogBayesFactor(facts, most) ?? 0;
  if (explained < 0) return hasMoved(most, largest(facts.liveBytes)) ? Math.max(-MOST, explained) : 0;
  const generous = most.map((bytes) => TOLERANCE * bytes);
  if (!isAbove(facts.liveBytes, generous)) return 0;
  return Math.min(MOST, Math.max(0, queueLogBayesFactor(facts, generous) ?? 0));
}

/** Whether the lag says anything that the configuration does not. */
export function isLagBinding(facts: GroupFacts): boolean {
  const bound = BINDING_SHARE * (effectiveCeiling(facts)?.bytes ?? Infinity);
  return facts.lag !== undefined && [...facts.lag.mostBytes].filter((bytes) => bytes < bound).length >= FEWEST_INSTANTS;
}

/** More is held than is behind, and more so at the end. */
function isAbove(liveBytes: Float64Array, mostBytes: Float64Array): boolean {
  const third = Math.max(1, Math.floor(liveBytes.length / 3));
  const gap = (from: number, to: number): number => {
    let sum = 0;
    for (let row = from; row < to; row++) sum += at(liveBytes, row) - at(mostBytes, row);
    return sum / (to - from);
  };
  const atEnd = gap(liveBytes.length - third, liveBytes.length);
  return atEnd > GAP_SHARE * largest(liveBytes) && atEnd > gap(0, third);
}

function hasMoved(mostBytes: Float64Array, largestBytes: number): boolean {
  let least = Infinity;
  for (const bytes of mostBytes) least = Math.min(least, bytes);
  return largest(mostBytes) - least > MOVED_SHARE * largestBytes;
}
