/**
 * A process that was observed from outside, without a capture of its heap: the readings of its memory, of its queues or of its lag
 * are the instants, and the profile has no paths. All readings need one clock; where they have several, the memory's counts.
 */
import { at } from "../base/columns.ts";
import type { Loss } from "../base/failure.ts";
import type { EvidenceClock, LagEvidence, MemoryEvidence, QueueEvidence } from "../evidence/evidence.ts";
import type { Profile } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";
import { type AlignedMemory, memoryCourses } from "./align-series.ts";

export interface Observation {
  readonly profile: Profile;
  /** What elapsed time 0 is on the clock of the evidence; null where it has none. */
  readonly originMs: number | null;
  readonly isElapsed: boolean; // that clock is no wall clock
  readonly memory: AlignedMemory | null; // at the instants
}

/** As many as the ledger of a capture has at most. */
const MOST_INSTANTS = 256;

/** @returns null where statistics are all there is: these are judged at their own moments */
export function observed(
  queues: readonly QueueEvidence[],
  lags: readonly LagEvidence[],
  memories: readonly MemoryEvidence[],
  losses: Loss[],
): Observation | null {
  const course = memoryCourses(memories, losses)[0];
  if (course !== undefined) {
    const { one } = course;
    const rows = spread(withHeap(one, course.rows));
    const pick = (column: Float64Array): Float64Array => Float64Array.from(rows, (row) => at(column, row));
    const memory = { residentBytes: pick(one.residentBytes), heapBytes: pick(one.heapBytes), measures: one.measures };
    return { ...profileOf(pick(one.atMs), one.clock, memory.residentBytes), memory };
  }
  const times = [...new Set([...queues.flatMap(({ atMs }) => [...atMs])])];
  if (lags.length === 0 || (queues.length === 0 && lags.every(({ clock }) => clock === "none"))) return null;
  const lag = lags.find(({ clock }) => clock === "zone" || clock === "local");
  const atMs = times.length > 0 ? times : [...new Set(lag?.atMs ?? [])];
  if (atMs.length === 0) return null;
  const moments = atMs.sort((a, b) => a - b);
  return {
    ...profileOf(
      Float64Array.from(spread([...moments.keys()]), (row) => moments[row] ?? 0),
      "zone",
      null,
    ),
    memory: null,
  };
}

/** Fewer readings of the heap are no course. */
const FEWEST_HEAP_READINGS = 5;

/** Where the heap was read at some of the moments, these: what is in use says more than what is resident. */
function withHeap({ heapBytes }: MemoryEvidence, rows: readonly number[]): readonly number[] {
  const known = rows.filter((row) => Number.isFinite(at(heapBytes, row)));
  return known.length >= FEWEST_HEAP_READINGS ? known : rows;
}

/** At most so many rows, equally spaced, the first and the last among them. */
export function spread(rows: readonly number[]): readonly number[] {
  if (rows.length <= MOST_INSTANTS) return rows;
  return Array.from({ length: MOST_INSTANTS }, (_, index) => rows[Math.round((index * (rows.length - 1)) / (MOST_INSTANTS - 1))] ?? 0);
}

function profileOf(atMs: Float64Array, clock: EvidenceClock, residentBytes: Float64Array | null): Omit<Observation, "memory"> {
  const builder = new ProfileBuilder();
  const isTimed = clock !== "none";
  const originMs = isTimed ? at(atMs, 0) : null;
  for (const [row, time] of atMs.entries()) {
    builder.instant({
      elapsedMs: originMs === null ? row + 1 : time - originMs,
      residentBytes: residentBytes === null ? 0 : at(residentBytes, row),
    });
  }
  const startedAt = clock === "zone" || clock === "local" ? originMs : null;
  const profile = builder.finish({
    path: "",
    format: "",
    clock: isTimed ? "in-file" : "none",
    precision: { kind: "exact" },
    observes: "live",
    origin: { startedAt },
  });
  return { profile: { ...profile, captures: [] }, originMs, isElapsed: clock === "elapsed" };
}
