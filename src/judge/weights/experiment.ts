/**
 * What the second half of an experiment leaves of the growth: x = (after - base) / (before - base). A queue that was drained leaves
 * next to nothing, one that was halved its share; what leaks does not care and may go on growing. Densities of x, set by reasoning:
 *
 *     queue, drained   (1 - f) N(.05, .1²)      + f U(0, 1.2)      f: the experiment did not take place, or something else was kept
 *     queue, halved    (1 - f) N(share, .12²)   + f U(0, 1.3)
 *     leak, drained    U(low, 1.1) · .59, above it 2 e^(-(x-1.1)/2) · .2, below it little; low: what the statistics leave to a leak
 *     leak, halved     .5 N(kept, .15²) + .5 U(share, 1.3)         kept: 1 less what the statistics say that the queue lost
 *
 * The surprise: resident memory that stays hardly accuses, since allocators keep what was freed; resident memory that falls acquits.
 */
import { logNormalDensity, logSumExp } from "../../base/statistics.ts";
import {
  type ClassWeights,
  classWeights,
  type ExperimentFacts,
  type GroupFacts,
  type GroupKind,
  isQueue,
  type Weight,
} from "../group-facts.ts";
import type { ShapeFitter } from "../shapes.ts";
import { shapeWeights } from "./shape.ts";

/** No experiment counts for more: one may always have been made on another process. */
const MOST = 5;

/** f, by what is known of the experiment: checked (statistics or lag of both halves, or both configurations), or only told. */
const FAILED_CHECKED = 0.01;
const FAILED_TOLD = 0.05;
/** The part of freed memory that is not given back hangs on the allocator; in so many processes it is most of it. */
const KEPT_BY_ALLOCATOR = 0.35;

/** A halved queue that would leave more than this of the growth cannot be told from one that was not. */
const MOST_QUEUE_SHARE = 0.8;

/** Of memory without an owner that drains with the lag, the part that is an own channel of the application rather than the client's queue. */
const OWN_CHANNEL = 0.25;
/** The same beside a queue whose size is known: what drains with it is mostly whole responses of which a few messages were left. */
const OWN_CHANNEL_BESIDE = 0.05;

export type ExperimentCode =
  | "drained"
  | "not-drained"
  | "drain-undecided"
  | "drain-not-done"
  | "halved"
  | "not-halved"
  | "halve-undecided"
  | "halve-tells-nothing";

export const experiment: Weight = {
  id: "experiment",
  asks: "What is left of it when the queue is drained, or halved?",
  weigh(group, fitter) {
    const { kind, experiment: facts } = group;
    if (facts === undefined) return null;
    // what the application holds is not bounded by the client's settings
    if (facts.kind === "halve-queue" && !isQueue(kind) && kind !== "unknown") return null;
    const { beforeBytes, afterBytes, baseBytes } = facts;
    if (!(beforeBytes - baseBytes > 0)) return null;
    const leftShare = Math.max(0, (afterBytes - baseBytes) / (beforeBytes - baseBytes));
    const figures: Record<string, number> = { beforeBytes, afterBytes, baseBytes, leftShare, isResident: facts.isResident ? 1 : 0 };
    const silent = (code: ExperimentCode) => ({ weights: classWeights({}), code, figures });
    if (facts.kind === "drain" && facts.isDone === false) return silent("drain-not-done");
    const bound = queueShareAbove(facts);
    if (facts.kind === "halve-queue" && (facts.isDone === false || !facts.wasFull || bound > MOST_QUEUE_SHARE))
      return silent("halve-tells-nothing");
    const failed = facts.isDone === true ? FAILED_CHECKED : FAILED_TOLD;
    const [queue, stays] =
      facts.kind === "drain"
        ? [drainedQueue(leftShare, facts.isResident ? KEPT_BY_ALLOCATOR : failed), drainedLeak(leftShare, facts)]
        : [halvedQueue(leftShare, bound, failed), halvedLeak(leftShare, bound, facts)];
    const logBayesFactor = Math.min(MOST, Math.max(-MOST, stays - queue));
    const [falls, remains, undecided] =
      facts.kind === "drain"
        ? (["drained", "not-drained", "drain-undecided"] as const)
        : (["halved", "not-halved", "halve-undecided"] as const);
    const code: ExperimentCode = logBayesFactor < -1 ? falls : logBayesFactor > 1 ? remains : undecided;
    const weights = weightsOf(kind, logBayesFactor);
    const leak = weights.leak + (isQueue(kind) ? hiddenByQueue(group, fitter) : 0);
    return { weights: { ...weights, leak }, code, figures: { ...figures, logBayesFactor } };
  },
};

/** Of the leaks that an experiment is made for, those that grow where nobody sees it: messages leave the queue and are kept. */
const HIDDEN = 0.5;

/** A leak beneath a queue has the course of the queue in the first half; the second half tells them apart. */
function hiddenByQueue(group: GroupFacts, fitter: ShapeFitter): number {
  if (group.liveBytes.length < 2) return 0;
  const { leak, buffering } = shapeWeights(fitter.fit(group));
  return logMixture([1 - HIDDEN, leak], [HIDDEN, buffering]) - leak;
}

/**
 * What drains with the lag was queued, also where its level stood still before: a full queue. What stays of a queue's memory is a leak,
 * and of other memory anything but a queue.
 */
function weightsOf(kind: GroupKind, logBayesFactor: number): ClassWeights {
  if (isQueue(kind) && logBayesFactor > 0) return classWeights({ leak: logBayesFactor });
  const ownChannel = kind === "unknown" || isQueue(kind) ? Math.log(OWN_CHANNEL) : kind === "unqueued" ? Math.log(OWN_CHANNEL_BESIDE) : 0;
  return classWeights({ buffering: -logBayesFactor, backlog: -logBayesFactor + ownChannel });
}

/** The share of the growth that is left of a queue whose level falls to its share. */
function queueShareAbove({ beforeBytes, baseBytes, queueShare }: ExperimentFacts): number {
  return Math.max(0, (queueShare * beforeBytes - baseBytes) / (beforeBytes - baseBytes));
}

function logMixture(...parts: readonly (readonly [share: number, logDensity: number])[]): number {
  return logSumExp(parts.map(([share, logDensity]) => Math.log(share) + logDensity));
}

/** A floor instead of zero beyond the range: the log of a share of a thousandth. */
function logUniform(x: number, low: number, high: number): number {
  return x < low || x > high ? Math.log(1e-3) : -Math.log(high - low);
}

function drainedQueue(left: number, failed: number): number {
  return logMixture([1 - failed, logNormalDensity(left, 0.05, 0.1 ** 2)], [failed, logUniform(left, 0, 1.2)]);
}

/** Of leaks, those that are gone all the same: of resident memory (swapped, given back in part), and of memory that the heap itself counts. */
const GONE_RESIDENT = 0.01;
const GONE_COUNTED = 0.002;

function drainedLeak(left: number, { beforeBytes, baseBytes, queuedBytes, isResident }: ExperimentFacts): number {
  const leaked = queuedBytes === null ? 0.3 : (beforeBytes - baseBytes - queuedBytes) / (beforeBytes - baseBytes);
  const low = Math.min(0.9, Math.max(0.1, leaked - 0.2));
  if (left < low) return Math.log((isResident ? GONE_RESIDENT : GONE_COUNTED) / low);
  return left <= 1.1 ? Math.log(0.59 / (1.1 - low)) : Math.log(0.2) - (left - 1.1) / 2;
}

function halvedQueue(left: number, bound: number, failed: number): number {
  return logMixture([1 - failed, logNormalDensity(left, bound, 0.12 ** 2)], [failed, logUniform(left, 0, 1.3)]);
}

/** Beside a queue of which the statistics say how much it lost, what leaks is as large as before. */
function halvedLeak(left: number, bound: number, { beforeBytes, baseBytes, queuedBytes, queuedAfterBytes }: ExperimentFacts): number {
  const lost = queuedBytes === null || queuedAfterBytes === null ? 0 : queuedBytes - queuedAfterBytes;
  const kept = 1 - lost / (beforeBytes - baseBytes);
  return logMixture([0.5, logNormalDensity(left, kept, 0.15 ** 2)], [0.5, logUniform(left, bound, 1.3)]);
}
