/**
 * A few captures say who grew, a series of the process's memory beside them says how. Where nearly all growth between the captures is
 * one group's, the course of the process between them is that group's course: what the others gained lies on the lines through the
 * captures, and the rest of what the process did is the group's. At the captures themselves the values stay those of the captures.
 */
import { at } from "../base/columns.ts";
import { interpolate } from "../base/statistics.ts";
import type { MemoryEvidence } from "../evidence/evidence.ts";
import { type MemoryReadings, readingsBetween } from "./align-series.ts";
import { type GroupFacts, isQueue } from "./group-facts.ts";

/** With more captures of its own a group needs no help; resident memory, which has reasons of its own to grow, helps only the fewest. */
const MOST_CAPTURES = { heap: 7, resident: 3 } as const;
/** Fewer readings say no more than the captures. */
const FEWEST_READINGS = 8;
/** Nearly all of the growth. */
export const MAIN_SHARE = 0.8;
/** The process must have grown by about what the captures say, or the series is about something else. */
const LEAST_RATIO = 0.67;
const MOST_RATIO = 1.5;
const MATERIAL_BYTES = 1024 ** 2;

/** The facts of a group with the course of the process; null where nothing carries that. `growthBytes`: of all groups together. */
export function denserCourse(
  facts: GroupFacts,
  growthBytes: number,
  startedAt: number | null,
  memories: readonly MemoryEvidence[],
): GroupFacts | null {
  const { kind, elapsedMs, liveBytes, varianceBytes2 } = facts;
  const captures = liveBytes.length;
  if (startedAt === null || isQueue(kind) || captures < 2) return null;
  const own = at(liveBytes, captures - 1) - at(liveBytes, 0);
  if (own < MATERIAL_BYTES || own < MAIN_SHARE * growthBytes) return null;
  const [fromMs, toMs] = [startedAt + at(elapsedMs, 0), startedAt + at(elapsedMs, captures - 1)];
  const readings = readingsBetween(memories, fromMs, toMs);
  const course = readings === null || readings.atMs.length < FEWEST_READINGS ? null : courseOf(readings);
  if (course === null || captures > MOST_CAPTURES[course.of]) return null;
  const processGrowth = (course.bytes.at(-1) ?? 0) - (course.bytes[0] ?? 0);
  if (processGrowth < LEAST_RATIO * growthBytes || processGrowth > MOST_RATIO * growthBytes) return null;
  const captureAtMs = elapsedMs.map((ms) => startedAt + ms);
  const times = Float64Array.from(course.atMs);
  const levels = Float64Array.from(course.bytes);
  const atCaptures = captureAtMs.map((time) => interpolate(times, levels, time));
  // a heap that is counted in larger units (pages, regions) moves by more than what lives in it
  const scale = growthBytes / processGrowth;
  const dense = times.map((time, row) => {
    const beyond = at(levels, row) - interpolate(captureAtMs, atCaptures, time);
    return Math.max(0, interpolate(captureAtMs, liveBytes, time) + scale * beyond);
  });
  return {
    ...facts,
    elapsedMs: times.map((time) => time - startedAt),
    liveBytes: dense,
    varianceBytes2: times.map((time) => interpolate(captureAtMs, varianceBytes2, time)),
    operationalClock: null,
  };
}

interface Course {
  readonly atMs: readonly number[];
  readonly bytes: readonly number[];
  readonly of: "heap" | "resident";
}

/** The heap itself where the series says how much of it is in use, else what is resident. */
function courseOf({ atMs, residentBytes, heapBytes }: MemoryReadings): Course {
  const isHeap = heapBytes.every(Number.isFinite);
  return { atMs, bytes: isHeap ? heapBytes : residentBytes, of: isHeap ? "heap" : "resident" };
}
