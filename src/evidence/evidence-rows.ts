/** Rows of lag and memory as readers find them, put in time order and into columns. */
import { Float64Builder, Uint32Builder } from "../base/columns.ts";
import type { Loss } from "../base/failure.ts";
import type { EvidenceClock, LagEvidence, MemoryEvidence } from "./evidence.ts";
import { LOCAL_CLOCK, NO_CLOCK, type WallTime } from "./wall-clock.ts";

export interface LagRow {
  readonly time: WallTime | null;
  readonly group: string;
  readonly lag: number;
  readonly committed: number; // NaN = not said
  readonly isWhole: boolean; // every partition has a committed offset
}

export interface MemoryRow {
  readonly time: WallTime | null;
  readonly name: string;
  readonly residentBytes: number;
  readonly heapBytes: number; // NaN = not said
}

/** @returns null without a row */
export function lagEvidence(
  rows: readonly LagRow[],
  from: string,
  losses: readonly Loss[],
  facts: { readonly isLowest?: boolean; readonly clock?: EvidenceClock } = {},
): LagEvidence | null {
  const table = tableOf(
    rows.map((row) => ({ ...row, name: row.group })),
    facts.clock,
  );
  if (table === null) return null;
  const { ordered, atMs, names, name, clock } = table;
  return {
    kind: "lag",
    groups: names,
    length: ordered.length,
    atMs,
    group: name,
    lag: Float64Array.from(ordered, ({ lag }) => lag),
    most: Float64Array.from(ordered, ({ lag, isWhole }) => (isWhole && facts.isLowest !== true ? lag : Number.NaN)),
    committed: Float64Array.from(ordered, ({ committed }) => committed),
    clock,
    isLowest: facts.isLowest ?? false,
    from,
    losses: [...losses, ...clockLosses(clock, ordered.length > names.length, "lag")],
  };
}

/** @returns null without a row */
export function memoryEvidence(
  rows: readonly MemoryRow[],
  from: string,
  losses: readonly Loss[],
  facts: { readonly measures?: MemoryEvidence["measures"]; readonly limitBytes?: number | null; readonly clock?: EvidenceClock } = {},
): MemoryEvidence | null {
  const table = tableOf(rows, facts.clock);
  if (table === null) return null;
  const { ordered, atMs, names, name, clock } = table;
  return {
    kind: "memory",
    measures: facts.measures ?? "process",
    names,
    length: ordered.length,
    atMs,
    name,
    residentBytes: Float64Array.from(ordered, ({ residentBytes }) => residentBytes),
    heapBytes: Float64Array.from(ordered, ({ heapBytes }) => heapBytes),
    limitBytes: facts.limitBytes ?? null,
    clock,
    from,
    losses: [...losses, ...clockLosses(clock, ordered.length > names.length, "memory")],
  };
}

interface Table<Row> {
  readonly ordered: readonly Row[];
  readonly atMs: Float64Array;
  readonly names: readonly string[];
  readonly name: Uint32Array;
  readonly clock: EvidenceClock;
}

/** Where any row is without a time, none has one: an order with holes cannot be laid over anything. */
function tableOf<Row extends { readonly time: WallTime | null; readonly name: string }>(
  rows: readonly Row[],
  told: EvidenceClock | undefined,
): Table<Row> | null {
  if (rows.length === 0) return null;
  const isTimed = rows.every(({ time }) => time !== null);
  const ordered = isTimed ? rows.toSorted((a, b) => (a.time?.atMs ?? 0) - (b.time?.atMs ?? 0)) : rows;
  const atMs = new Float64Builder();
  const name = new Uint32Builder();
  const rowOfName = new Map<string, number>();
  for (const row of ordered) {
    atMs.push(isTimed ? (row.time?.atMs ?? Number.NaN) : Number.NaN);
    const index = rowOfName.get(row.name) ?? rowOfName.size;
    rowOfName.set(row.name, index);
    name.push(index);
  }
  const isLocal = rows.some(({ time }) => time?.clock === "local");
  const clock: EvidenceClock = isTimed ? (told ?? (isLocal ? "local" : "zone")) : "none";
  return { ordered, atMs: atMs.finish(), names: [...rowOfName.keys()], name: name.finish(), clock };
}

function clockLosses(clock: EvidenceClock, isSeries: boolean, what: string): readonly Loss[] {
  if (clock === "local") return [{ code: "clock", text: `of the ${what} series: ${LOCAL_CLOCK}`, offset: null, count: 1 }];
  if (clock === "none" && isSeries) return [{ code: "clock", text: `of the ${what} series: ${NO_CLOCK}`, offset: null, count: 1 }];
  return [];
}
