/**
 * Prepares the memory of one group over time for fitting (growth.md section 3): floors of a sawtooth, a clock from 0 to 1,
 * at most so many blocks, and sizes as shares of the largest. The surprise: fewer points judge better, because no model of a
 * heap is right in every detail and with hundreds of points the small wrongness outweighs everything else.
 */
import { at } from "../base/columns.ts";
import { interpolate, largest, mean } from "../base/statistics.ts";

/** Live bytes over a clock. */
export interface Series {
  /** Times of the instants, ascending; ordinals where the capture has no clock. At least one. */
  readonly elapsedMs: Float64Array;
  /** Live bytes at each instant. Same length. */
  readonly liveBytes: Float64Array;
  /** Sampling variance of each value, in bytes^2; zeros when exact (growth.md section 2). */
  readonly varianceBytes2: Float64Array;
  readonly sampled: boolean;
}

/** A series ready for fitting: both axes without units. */
export interface PreparedSeries {
  readonly clock: Float64Array; // 0 … 1, ascending
  readonly share: Float64Array; // of `largestBytes`
  readonly largestBytes: number;
  readonly spanMs: number; // what 0 … 1 of the clock means
  readonly varianceShare2: number; // mean sampling variance, in shares^2
  readonly sampled: boolean;
  readonly isFloor: boolean; // the points are what is left after each collection of garbage
}

/** Without blocking, calibration worsens with the number of instants; with it, it does not (growth.md section 3). */
export const SHAPE_BLOCKS = 20;

export function prepare(series: Series, blocks: number): PreparedSeries {
  const floors = sawtoothFloors(series.liveBytes);
  const rows = floors ?? Uint32Array.from(series.liveBytes.keys());
  const seenTimes = blockMeans(series.elapsedMs, rows, blocks);
  const seenBytes = blockMeans(series.liveBytes, rows, blocks);
  // every site has floors at moments of its own; evenly spaced they share the work of a grid (ShapeFitter)
  const times = floors === null ? seenTimes : evenly(seenTimes);
  const bytes = floors === null ? seenBytes : times.map((time) => interpolate(seenTimes, seenBytes, time));
  const variances = blockMeans(series.varianceBytes2, rows, blocks);
  const largestBytes = Math.max(largest(bytes), 1); // a group without memory has shares, too
  return {
    clock: unitClock(times),
    share: bytes.map((value) => value / largestBytes),
    largestBytes,
    spanMs: at(times, times.length - 1) - at(times, 0),
    varianceShare2: mean(variances) / largestBytes ** 2,
    sampled: series.sampled,
    isFloor: floors !== null,
  };
}

/** As many values in even steps from the first to the last. */
function evenly(values: Float64Array): Float64Array {
  const first = at(values, 0);
  const span = at(values, values.length - 1) - first;
  return values.map((_, row) => (values.length === 1 ? first : first + (span * row) / (values.length - 1)));
}

/** Times on 0 … 1; ordinals when the clock stands still. */
export function unitClock(times: Float64Array): Float64Array {
  const first = at(times, 0);
  const span = at(times, times.length - 1) - first;
  // rounded, so that even steps of different lengths are one grid
  if (span > 0) return times.map((time) => Math.round(((time - first) / span) * 1e6) / 1e6);
  return times.map((_, row) => (times.length === 1 ? 0 : row / (times.length - 1)));
}

/** Means over equal blocks of the chosen rows; the rows themselves when there are few. */
export function blockMeans(values: Float64Array, rows: Uint32Array, blocks: number): Float64Array {
  const count = Math.min(rows.length, blocks);
  const means = new Float64Array(count);
  for (let block = 0; block < count; block++) {
    const from = Math.floor((block * rows.length) / count);
    const to = Math.floor(((block + 1) * rows.length) / count);
    for (let row = from; row < to; row++) means[block] = at(means, block) + at(values, at(rows, row)) / (to - from);
  }
  return means;
}

/**
 * The rows right after each large drop when the series is the sawtooth of a garbage collector, else null: at least twelve
 * instants, a range over 8 % of the largest, three drops of more than a quarter of the range which hold 70 % of all downward
 * movement, and falls are the exception (at most 45 % of the steps).
 */
export function sawtoothFloors(bytes: Float64Array): Uint32Array | null {
  if (bytes.length < 12) return null;
  let lowest = Infinity;
  for (const value of bytes) lowest = Math.min(lowest, value);
  const highest = largest(bytes);
  const range = highest - lowest;
  if (range <= 0.08 * highest) return null;
  const floors: number[] = [];
  let fallenBytes = 0;
  let droppedBytes = 0;
  let falls = 0;
  for (let row = 1; row < bytes.length; row++) {
    const fall = at(bytes, row - 1) - at(bytes, row);
    if (fall <= 0) continue;
    falls++;
    fallenBytes += fall;
    if (fall <= 0.25 * range) continue;
    droppedBytes += fall;
    floors.push(row);
  }
  const isSawtooth = floors.length >= 3 && droppedBytes >= 0.7 * fallenBytes && falls <= 0.45 * (bytes.length - 1);
  return isSawtooth ? Uint32Array.from(floors) : null;
}

/**
 * The same memory over work done (messages consumed, bytes allocated) in equal steps of work: what grows only because the load
 * grew is then no longer a curve. Null when no work was done.
 */
export function overWork(series: Series, work: Float64Array): Series | null {
  if (work.length < 2 || !(at(work, work.length - 1) > at(work, 0))) return null;
  const steps = evenly(work);
  return {
    elapsedMs: steps,
    liveBytes: steps.map((step) => interpolate(work, series.liveBytes, step)),
    varianceBytes2: steps.map((step) => interpolate(work, series.varianceBytes2, step)),
    sampled: series.sampled,
  };
}
