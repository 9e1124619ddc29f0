/** Where a moment lies among readings, which are taken at moments of their own. */
import { at, type Column } from "../base/columns.ts";

/**
 * Between two readings, or on the line through the nearest two: `left + share * (right - left)`. A queue that fills goes on
 * filling after the last emission; to let it stand still there would call the difference held by the application.
 */
export interface Place {
  readonly left: number;
  readonly right: number;
  readonly share: number;
}

/** Null where no reading is within reach. `rows` ascend in time. */
export function placeAt(atMs: Column, rows: readonly number[], reachMs: number, timeMs: number): Place | null {
  const after = rows.findIndex((row) => at(atMs, row) >= timeMs);
  const second = Math.min(rows.length - 1, after < 0 ? rows.length : Math.max(1, after));
  const left = rows[Math.max(0, second - 1)];
  const right = rows[second];
  if (left === undefined || right === undefined) return null;
  const [leftMs, rightMs] = [at(atMs, left), at(atMs, right)];
  if (Math.min(Math.abs(timeMs - leftMs), Math.abs(timeMs - rightMs)) > reachMs) return null;
  return { left, right, share: rightMs > leftMs ? (timeMs - leftMs) / (rightMs - leftMs) : 0 };
}

export function valueAt(column: Float64Array, place: Place | null): number {
  if (place === null) return Number.NaN;
  return Math.max(0, at(column, place.left) + place.share * (at(column, place.right) - at(column, place.left)));
}

/** The usual time between two readings; 0 with less than two. */
export function medianGap(atMs: Column, rows: readonly number[]): number {
  const gaps = rows.slice(1).map((row, index) => at(atMs, row) - at(atMs, rows[index] ?? row));
  return gaps.sort((a, b) => a - b)[gaps.length >> 1] ?? 0;
}
