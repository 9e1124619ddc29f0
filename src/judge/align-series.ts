/**
 * Lays lag and memory, which were written beside a capture, over its instants. Nothing is guessed: a file without times, a capture
 * that does not say when it began, or a file about several groups or processes joins nothing, and the answer says what is missing.
 */
import { at } from "../base/columns.ts";
import type { Loss } from "../base/failure.ts";
import type { EvidenceClock, LagEvidence, MemoryEvidence } from "../evidence/evidence.ts";
import { medianGap, type Place, placeAt, valueAt } from "./place-in-time.ts";

/** The instants of a capture on the wall clock. */
export interface Moments {
  readonly elapsedMs: Float64Array;
  readonly startedAt: number | null; // Unix ms of elapsed time 0; of evidence alone the moment that its own clock begins with
  readonly hasTimes: boolean; // false: the instants are only an order
  readonly isObserved?: boolean; // the instants are those of evidence: there is no capture
}

export interface AlignedLag {
  readonly messages: Float64Array; // NaN where no reading is near
  readonly mostMessages: Float64Array; // NaN where a partition's lag is not known, too
  readonly committed: Float64Array;
  readonly isLowest: boolean;
}

export interface AlignedMemory {
  readonly residentBytes: Float64Array; // NaN where no reading is near
  readonly heapBytes: Float64Array;
  readonly measures: MemoryEvidence["measures"];
}

/** One process or consumer group in one file. */
interface Course {
  readonly atMs: Float64Array;
  readonly rows: readonly number[];
  readonly clock: EvidenceClock;
}

export function alignLag(moments: Moments, evidence: readonly LagEvidence[], groupId: string | null, losses: Loss[]): AlignedLag | null {
  const chosen = oneOf(
    evidence.map((one) => ({ one, names: one.groups, row: one.group })),
    groupId,
    (names) => `the lag is of several consumer groups (${names}): say which with --set group.id=<group>`,
    losses,
  );
  const laid = chosen.flatMap(({ one, rows }) => {
    const places = placesOf(moments, { atMs: one.atMs, rows, clock: one.clock }, "lag", losses);
    return places === null ? [] : [{ one, places }];
  });
  const isLowest = laid[0]?.one.isLowest ?? false;
  const alike = laid.filter(({ one }) => one.isLowest === isLowest);
  if (alike.length === 0) return null;
  return {
    messages: firstKnown(alike.map(({ one, places }) => places.map((place) => valueAt(one.lag, place)))),
    mostMessages: firstKnown(alike.map(({ one, places }) => places.map((place) => valueAt(one.most, place)))),
    committed: firstKnown(alike.map(({ one, places }) => places.map((place) => valueAt(one.committed, place)))),
    isLowest,
  };
}

export function alignMemory(moments: Moments, evidence: readonly MemoryEvidence[], losses: Loss[]): AlignedMemory | null {
  const chosen = memoryCourses(evidence, losses);
  const laid = chosen.flatMap(({ one, rows }) => {
    const places = placesOf(moments, { atMs: one.atMs, rows, clock: one.clock }, "memory", losses);
    return places === null ? [] : [{ one, places }];
  });
  const measures = laid.some(({ one }) => one.measures === "process") ? "process" : "container";
  // the container holds other processes, too
  const alike = laid.filter(({ one }) => one.measures === measures);
  if (alike.length === 0) return null;
  return {
    residentBytes: firstKnown(alike.map(({ one, places }) => places.map((place) => valueAt(one.residentBytes, place)))),
    heapBytes: firstKnown(alike.map(({ one, places }) => places.map((place) => valueAt(one.heapBytes, place)))),
    measures,
  };
}

/** Files about the one process that is judged, with their rows of it. */
export function memoryCourses(
  evidence: readonly MemoryEvidence[],
  losses: Loss[],
): readonly { readonly one: MemoryEvidence; readonly rows: readonly number[] }[] {
  return oneOf(
    evidence.map((one) => ({ one, names: one.names, row: one.name })),
    null,
    (names) => `the memory is of several processes or containers (${names}): leave only the lines of one`,
    losses,
  );
}

/** Rows of the one name that is meant; none where several could be. Names of different kinds of files need not be equal. */
function oneOf<One>(
  files: readonly { readonly one: One; readonly names: readonly string[]; readonly row: Uint32Array }[],
  wanted: string | null,
  severalText: (names: string) => string,
  losses: Loss[],
): readonly { readonly one: One; readonly rows: readonly number[] }[] {
  return files.flatMap(({ one, names, row }) => {
    const name = names.length === 1 ? 0 : wanted === null ? -1 : names.indexOf(wanted);
    if (name < 0) {
      const shown = names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
      losses.push({ code: "evidence", text: severalText(shown), offset: null, count: 1 });
      return [];
    }
    return [{ one, rows: [...row.keys()].filter((index) => row[index] === name) }];
  });
}

/** The place of every instant among the readings. A single instant without a clock takes the last reading. */
function placesOf(moments: Moments, { atMs, rows, clock }: Course, what: string, losses: Loss[]): readonly (Place | null)[] | null {
  const { elapsedMs, startedAt, hasTimes } = moments;
  const missing = (text: string): null => {
    losses.push({ code: "clock", text, offset: null, count: 1 });
    return null;
  };
  const last = rows.at(-1);
  if (last === undefined || elapsedMs.length === 0) return null;
  const isTimed = clock === "zone" || clock === "local";
  if (elapsedMs.length === 1 && (!isTimed || startedAt === null)) return [{ left: last, right: last, share: 0 }];
  if (clock === "none") return missing(`the ${what} series holds no times, so it cannot be laid over the capture`);
  if (clock === "elapsed") {
    return missing(
      `the ${what} series counts its times from a start that it does not name: give wall clock times, such as those of date -Is`,
    );
  }
  if (!hasTimes && elapsedMs.length > 1) return missing(`the captures hold no times, so the ${what} series cannot be laid over them`);
  if (startedAt === null) {
    return missing(
      `the capture does not say when it was taken, so the ${what} series cannot be laid over it: pass --started-at <time when the capture began>`,
    );
  }
  const reachMs = 2 * Math.max(1000, medianGap(atMs, rows));
  const places = Array.from(elapsedMs, (ms) => placeAt(atMs, rows, reachMs, startedAt + ms));
  if (places.every((place) => place === null)) {
    return missing(
      moments.isObserved === true
        ? `the ${what} series is of another time than the rest of the evidence`
        : `the ${what} series is of another time than the capture: check --started-at`,
    );
  }
  return places;
}

/** Of several files the first that knows a value. */
function firstKnown(columns: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(
    columns[0] ?? [],
    (_, row) => columns.map((column) => column[row] ?? Number.NaN).find(Number.isFinite) ?? Number.NaN,
  );
}

export interface MemoryReadings {
  readonly atMs: readonly number[];
  readonly residentBytes: readonly number[];
  readonly heapBytes: readonly number[]; // NaN = not said
}

/** Readings between two moments, for growth that has more readings than the capture has instants. */
export function readingsBetween(evidence: readonly MemoryEvidence[], fromMs: number, toMs: number): MemoryReadings | null {
  for (const { one, rows } of memoryCourses(evidence, [])) {
    if (one.clock !== "zone" && one.clock !== "local") continue;
    const inside = rows.filter((row) => at(one.atMs, row) >= fromMs && at(one.atMs, row) <= toMs);
    if (inside.length === 0) continue;
    const pick = (column: Float64Array): readonly number[] => inside.map((row) => at(column, row));
    return { atMs: pick(one.atMs), residentBytes: pick(one.residentBytes), heapBytes: pick(one.heapBytes) };
  }
  return null;
}
