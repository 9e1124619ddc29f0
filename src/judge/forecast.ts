/**
 * When memory that grows reaches its ceiling or the limit of the process (growth.md section 5.10). Always a range: the 90 %
 * interval of an ordinary regression covers the truth in 3 to 41 % of simulated cases, and nothing is said beyond twice the
 * time that was observed except "at least".
 */
import { interpolate, normalCdf, normalQuantile, quantile } from "../base/statistics.ts";
import { type CeilingFacts, type GroupClass, type GroupFacts, isQueue } from "./group-facts.ts";
import type { Normal, SeriesFit, Shape } from "./shapes.ts";
import { effectiveCeiling } from "./weights/ceiling.ts";
import { bestShape, classLogEvidence, SHAPES_OF_CLASS } from "./weights/shape.ts";

/** From the end of the capture. */
export interface TimeRange {
  readonly atLeastMs: number;
  /** Null where it lies too far beyond what was observed. */
  readonly medianMs: number | null;
  readonly atMostMs: number | null;
}

export interface Forecast {
  /** Until a queue is full; null without a ceiling above the level, or without growth. */
  readonly toCeiling: TimeRange | null;
  /** Until the process is at its limit if this growth goes on; null without a limit, or without growth. */
  readonly toLimit: TimeRange | null;
  /** P(this group brings the process to its limit, some day), over the classes. Null without a limit. */
  readonly limitProbability: number | null;
  /** The queue alone may grow beyond the limit: bounded, but the bound is too high. Null without limit or ceiling. */
  readonly isCeilingAboveLimit: boolean | null;
}

export interface ForecastInput {
  readonly facts: GroupFacts;
  readonly fit: SeriesFit;
  readonly probabilities: Readonly<Record<GroupClass, number>>;
  /** The most that this group may hold before the process is at its limit; null when there is no limit. */
  readonly availableBytes: number | null;
}

/** How far ahead a time is named, in observed spans. */
const HORIZON = 2;
/** The range is at least this wide: log of the ratio of its ends, a quarter of it. Covers ×.43 … ×1.9, as simulated. */
const LEAST_LOG_SD = 0.32;

const QUANTILES: readonly number[] = Array.from({ length: 15 }, (_, row) => normalQuantile((row + 0.5) / 15));

export function forecast({ facts, fit, probabilities, availableBytes }: ForecastInput): Forecast {
  const ceiling = isQueue(facts.kind) ? effectiveCeiling(facts) : null;
  const levelBytes = fit.shapes[bestShape(fit)].level.mean * fit.prepared.largestBytes;
  return {
    toCeiling: ceiling === null || levelBytes >= ceiling.bytes ? null : timeToGrow(fit, ceiling.bytes - levelBytes),
    toLimit: availableBytes === null ? null : timeToGrow(fit, availableBytes - levelBytes),
    limitProbability: availableBytes === null ? null : limitProbability(ceiling, probabilities, levelBytes, availableBytes),
    isCeilingAboveLimit: ceiling === null || availableBytes === null ? null : ceiling.highBytes > availableBytes,
  };
}

/** P(limit) = Σ P(class) P(limit | class). What grows without end gets there, what is bounded only if its bound is higher. */
function limitProbability(
  ceiling: CeilingFacts | null,
  probabilities: Readonly<Record<GroupClass, number>>,
  levelBytes: number,
  availableBytes: number,
): number {
  if (levelBytes >= availableBytes) return 1;
  // without a ceiling nobody knows how far a queue may fill
  const whenBuffering = ceiling === null ? 0.5 : normalCdf((Math.log(ceiling.highBytes) - Math.log(availableBytes)) / ceiling.sdShare);
  return probabilities.leak + probabilities.backlog + probabilities.buffering * whenBuffering;
}

/**
 * Time until memory has grown by `roomBytes`: Brownian motion with drift, b·Δ + σ√Δ·z = room, so
 * √Δ = (-σz + √(σ²z² + 4b·room)) / 2b, over the quantiles of the drift b and of the noise z. Null when growth has ended.
 */
export function timeToGrow(fit: SeriesFit, roomBytes: number): TimeRange | null {
  const { slope, wanderSd } = growth(fit);
  if (hasEnded(fit) || !(slope.mean > 0)) return null;
  if (roomBytes <= 0) return { atLeastMs: 0, medianMs: 0, atMostMs: 0 };
  const { largestBytes, spanMs } = fit.prepared;
  const room = roomBytes / largestBytes;
  const spans: number[] = [];
  for (const ofSlope of QUANTILES) {
    // a drift near zero or below never gets there; a tenth of the mean stands for it, which is beyond the horizon
    const drift = Math.max(slope.mean + slope.sd * ofSlope, slope.mean / 10);
    for (const z of QUANTILES) {
      const noise = wanderSd * z;
      spans.push(((Math.sqrt(noise ** 2 + 4 * drift * room) - noise) / (2 * drift)) ** 2);
    }
  }
  const logs = Float64Array.from(spans, Math.log);
  const median = Math.exp(quantile(logs, 0.5));
  const meanLog = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const logSd = Math.sqrt(logs.reduce((sum, log) => sum + (log - meanLog) ** 2, 0) / logs.length);
  const spread = Math.exp(2 * Math.max(logSd, LEAST_LOG_SD));
  const within = (share: number): number | null => (share > HORIZON ? null : share * spanMs);
  return {
    // beyond the horizon "at least" says no more than the horizon itself
    atLeastMs: Math.min(median / spread, HORIZON) * spanMs,
    medianMs: within(median),
    atMostMs: within(median * spread),
  };
}

/** A shape without growth at the end explains the series better than any with it. */
function hasEnded(fit: SeriesFit): boolean {
  const goesOn = classLogEvidence(fit, "leak");
  return (["stable", "step", "warm-up"] as const).some((name) => classLogEvidence(fit, name) > goesOn);
}

/** The growth that goes on, over the shapes that have it, as a leak would mix them. */
function growth(fit: SeriesFit): { readonly slope: Normal; readonly wanderSd: number } {
  const shares = Object.entries(SHAPES_OF_CLASS.leak) as [Shape, number][];
  const best = Math.max(...shares.map(([shape]) => fit.shapes[shape].logEvidence));
  let total = 0;
  let mean = 0;
  let square = 0;
  let wander = 0;
  for (const [shape, share] of shares) {
    const { logEvidence, slope, wanderSd } = fit.shapes[shape];
    const weight = share * Math.exp(logEvidence - best);
    total += weight;
    mean += weight * slope.mean;
    square += weight * (slope.mean ** 2 + slope.sd ** 2);
    wander += weight * wanderSd ** 2;
  }
  return {
    slope: { mean: mean / total, sd: Math.sqrt(Math.max(0, square / total - (mean / total) ** 2)) },
    wanderSd: Math.max(Math.sqrt(wander / total), unevenness(fit)),
  };
}

/**
 * How unevenly it grew, as the standard deviation over the whole capture of a motion whose four quarters differ as these do.
 * Growth in jumps, or fast at first, goes on as unevenly as it came, whatever kind of noise explains the course best.
 */
function unevenness({ prepared: { clock, share } }: SeriesFit): number {
  if (share.length < 5) return 0;
  const level = (quarter: number): number => interpolate(clock, share, quarter / 4);
  const growths = [0, 1, 2, 3].map((quarter) => level(quarter + 1) - level(quarter));
  const mean = growths.reduce((sum, growth) => sum + growth, 0) / 4;
  return Math.sqrt((4 * growths.reduce((sum, growth) => sum + (growth - mean) ** 2, 0)) / 3);
}
