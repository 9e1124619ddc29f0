/**
 * When memory that grows reaches its ceiling or the limit of the process (growth.md section 5.10). Always a range: the 90 %
 * interval of an ordinary regression covers the truth in 3 to 41 % of simulated cases, and nothing is said beyond twice the
 * time that was observed except "at least".
 */
import { interpolate, largest, normalCdf, normalQuantile, quantile } from "../base/statistics.ts";
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

/** Of the mean time: the approximation of a gamma quantile may fall to nothing. */
const SOONEST = 0.01;

const QUANTILES: readonly number[] = Array.from({ length: 15 }, (_, row) => normalQuantile((row + 0.5) / 15));
const ROOMS = 7;
/** Of the times, were growth as lumpy as it may have been: "at least" is no later than this. */
const SOON = 0.05;

export function forecast({ facts, fit, probabilities, availableBytes }: ForecastInput): Forecast {
  const ceiling = isQueue(facts.kind) ? effectiveCeiling(facts) : null;
  const levelBytes = fit.shapes[bestShape(fit)].level.mean * fit.prepared.largestBytes;
  return {
    toCeiling: ceiling === null || levelBytes >= ceiling.bytes ? null : timeToGrow(fit, ceiling.bytes - levelBytes, levelSdBytes(fit)),
    toLimit: availableBytes === null ? null : timeToLimit(fit, facts, levelBytes, availableBytes),
    limitProbability: availableBytes === null ? null : limitProbability(ceiling, probabilities, levelBytes, availableBytes),
    isCeilingAboveLimit: ceiling === null || availableBytes === null ? null : ceiling.highBytes > availableBytes,
  };
}

/** A limit that the last reading is over is reached; one that only the fitted level is over is not, for the process lives. */
function timeToLimit(fit: SeriesFit, { liveBytes }: GroupFacts, levelBytes: number, availableBytes: number): TimeRange | null {
  if ((liveBytes.at(-1) ?? 0) >= availableBytes) return timeToGrow(fit, 0, 0);
  // a sawtooth is fitted by its floors and reaches the limit with its teeth
  const recent = liveBytes.subarray(Math.floor((2 * liveBytes.length) / 3));
  const toothBytes = fit.prepared.isFloor ? Math.max(0, largest(recent) - levelBytes) : 0;
  return timeToGrow(fit, availableBytes - levelBytes - toothBytes, levelSdBytes(fit));
}

/** How far the level at the end may be from the fitted one: its own spread, that of sampling, and the last reading itself. */
function levelSdBytes({ prepared, shapes }: SeriesFit): number {
  const { level } = shapes[bestShape({ prepared, shapes })];
  const last = prepared.share.at(-1) ?? 0;
  return prepared.largestBytes * Math.sqrt(level.sd ** 2 + prepared.varianceShare2 + (last - level.mean) ** 2);
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
 * Time until memory has grown by `roomBytes`, which comes in lumps: growth b and variance σ² a capture are those of a Poisson process of
 * jumps of J = σ² / b, so that k = room / J of them, at least one, take a time of Gamma(k) · J / b. Small jumps make it Brownian motion
 * with drift; one large one may come at once, which no Brownian motion does. Over the quantiles of b and of the gamma distribution
 * (Wilson and Hilferty 1931). Null when growth has ended.
 */
export function timeToGrow(fit: SeriesFit, roomBytes: number, roomSdBytes: number): TimeRange | null {
  const { slope, wanderSd, lumpSd } = growth(fit);
  if (hasEnded(fit) || !(slope.mean > 0)) return null;
  if (roomBytes <= 0 && roomSdBytes === 0) return { atLeastMs: 0, medianMs: 0, atMostMs: 0 };
  const { largestBytes, spanMs } = fit.prepared;
  const rooms = positiveRooms(roomBytes / largestBytes, roomSdBytes / largestBytes);
  const logs = logSpans(slope, wanderSd, rooms);
  const median = Math.exp(quantile(logs, 0.5));
  const spread = Math.exp(2 * Math.max(sdOf(logs), LEAST_LOG_SD));
  const soonest = Math.exp(quantile(logSpans(slope, lumpSd, rooms), SOON));
  const within = (share: number): number | null => (share > HORIZON ? null : share * spanMs);
  return {
    // beyond the horizon "at least" says no more than the horizon itself
    atLeastMs: Math.min(median / spread, soonest, HORIZON) * spanMs,
    medianMs: within(median),
    atMostMs: within(median * spread),
  };
}

/** Logs of the time in spans of the capture, over the quantiles of the drift, of the room and of how the jumps fall. */
function logSpans(slope: Normal, wanderSd: number, rooms: readonly number[]): Float64Array {
  const logs: number[] = [];
  for (const ofSlope of QUANTILES) {
    // a drift near zero or below never gets there; a tenth of the mean stands for it, which is beyond the horizon
    const drift = Math.max(slope.mean + slope.sd * ofSlope, slope.mean / 10);
    const jump = wanderSd ** 2 / drift;
    for (const room of rooms) {
      const jumps = Math.max(1, room / jump); // infinite where growth is even
      for (const z of QUANTILES) {
        const stretch = (1 - 1 / (9 * jumps) + z / (3 * Math.sqrt(jumps))) ** 3;
        logs.push(Math.log((Math.max(room, jump) / drift) * Math.max(stretch, SOONEST)));
      }
    }
  }
  return Float64Array.from(logs);
}

function sdOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** Quantiles of a normal distribution above zero: what is left until a limit that is not reached. */
function positiveRooms(mean: number, sd: number): readonly number[] {
  if (sd === 0) return [mean];
  const below = normalCdf(-mean / sd);
  return Array.from({ length: ROOMS }, (_, row) => {
    const share = Math.min(below + ((1 - below) * (row + 0.5)) / ROOMS, 1 - 1e-9);
    return Math.max(1e-4, mean + sd * normalQuantile(share));
  });
}

/** A shape without growth at the end explains the series better than any with it. */
function hasEnded(fit: SeriesFit): boolean {
  const goesOn = classLogEvidence(fit, "leak");
  return (["stable", "step", "warm-up"] as const).some((name) => classLogEvidence(fit, name) > goesOn);
}

/** The growth that goes on, over the shapes that have it, as a leak would mix them. */
function growth(fit: SeriesFit): { readonly slope: Normal; readonly wanderSd: number; readonly lumpSd: number } {
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
  const uneven = unevenness(fit);
  const wanderSd = Math.max(Math.sqrt(wander / total), uneven.seen);
  return {
    slope: { mean: mean / total, sd: Math.sqrt(Math.max(0, square / total - (mean / total) ** 2)) },
    wanderSd,
    lumpSd: Math.max(wanderSd, uneven.possible),
  };
}

/**
 * How unevenly it grew, as standard deviations over the whole capture. `seen`: of a motion whose eighths differ as these do. `possible`:
 * of growth that comes in lumps as large as these eighths, √Σd² (for a Poisson process of jumps the sum of their squares estimates its
 * variance): that growth between two looks was even is not seen. It goes on as unevenly as it came.
 */
function unevenness({ prepared: { clock, share } }: SeriesFit): { readonly seen: number; readonly possible: number } {
  const parts = Math.min(8, share.length - 1);
  const level = (part: number): number => interpolate(clock, share, part / parts);
  const growths = Array.from({ length: parts }, (_, part) => level(part + 1) - level(part));
  const mean = growths.reduce((sum, growth) => sum + growth, 0) / parts;
  const seen = share.length < 5 ? 0 : (parts * growths.reduce((sum, growth) => sum + (growth - mean) ** 2, 0)) / (parts - 1);
  return { seen: Math.sqrt(seen), possible: Math.sqrt(growths.reduce((sum, growth) => sum + Math.max(0, growth) ** 2, 0)) };
}
