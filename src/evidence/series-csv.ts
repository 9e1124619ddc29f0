/**
 * Lag or memory in a table with a header: commas, semicolons, tabs or spaces; a column of times (ISO, Unix seconds or milliseconds, elapsed
 * seconds) and columns whose names say what they are: `lag`, `current_offset`; `rss_kb`, `memory (MiB)`, `container_memory_rss`.
 * Where two names mean the same, the first column counts. Numbers without a unit are taken as bytes, and that is said.
 */
import { Failure, type Loss } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import { textLines } from "../base/text-lines.ts";
import { parseBytes } from "../base/units.ts";
import type { Evidence, EvidenceClock, EvidenceSource, WantedEvidence } from "./evidence.ts";
import { type LagRow, lagEvidence, type MemoryRow, memoryEvidence } from "./evidence-rows.ts";
import { leadingTime, type WallTime, wholeTime } from "./wall-clock.ts";

const TIME =
  /^(?:@?time(?:stamp)?(?:[ _]?(?:utc|ms|s|iso))?|date(?:[ _]?time)?|ts|at|when|epoch(?:[ _]?m?s)?|elapsed.*|uptime.*|seconds?|ms)$/i;
const ELAPSED = /^(?:elapsed|uptime|seconds?$|ms$)/i;
const LAG = /^(?:.*[ _.-])?(?:lag|sum[ _]?lag|lag[ _]?sum|records[ _.-]lag)$/i;
const GROUP = /^(?:consumer[ _-]?)?group(?:[ _-]?(?:id|name))?$/i;
const COMMITTED = /^(?:current|committed|consumer)[ _-]?offset$/i;
const MEMORY =
  /^(?:.*[ _.-])?(?:rss|res|resident|memory|mem|working[ _]set|vmrss|memusage)(?:[ _]?(?:set|size|memory|usage|used|bytes))*(?:[ _(]+(b|bytes|kb|kib|k|mb|mib|m|gb|gib|g)\)?)?$/i;
const NAME = /^(?:pid|pod|container(?:[ _]?(?:id|name))?|process|name|instance|host)$/i;

interface Layout {
  readonly delimiter: string;
  readonly time: number;
  readonly lag: number;
  readonly group: number;
  readonly committed: number;
  readonly partition: number;
  readonly memory: number;
  readonly name: number;
  readonly unit: string; // of the memory; "" = not said
  readonly isElapsed: boolean;
  readonly elapsedMs: number; // what one of its units is
}

export const seriesCsv: EvidenceSource<readonly Evidence[]> = {
  id: "series-csv",
  title: "lag or memory over time as CSV with a header",
  recognize(head): Recognition {
    const first = new TextDecoder()
      .decode(head)
      .replace(/^\uFEFF/, "")
      .split(/\r?\n/)
      .find((line) => line.trim() !== "" && !line.startsWith("#"));
    const layout = first === undefined ? null : layoutOf(first, undefined);
    if (layout === null || (layout.lag < 0 && layout.memory < 0)) return "no";
    return layout.time >= 0 && layout.delimiter !== " " ? "certain" : "likely";
  },
  read,
};

async function read(input: Input, wanted?: WantedEvidence): Promise<readonly Evidence[]> {
  let layout: Layout | null = null;
  const lags = new Map<string, LagRow>();
  const memory: MemoryRow[] = [];
  const broken: number[] = [];
  let line = 0;
  for (const { text: raw } of textLines(await input.readAll())) {
    line++;
    const text = line === 1 ? raw.replace(/^\uFEFF/, "") : raw;
    if (text.trim() === "" || text.startsWith("#")) continue;
    if (layout === null) {
      layout = layoutOf(text, wanted);
      if (layout !== null && (layout.lag >= 0 || layout.memory >= 0)) continue;
      throw new Failure({
        code: "configuration",
        message: "has no header that names a column of lag or memory",
        where: { file: input.name, line },
        hint: "Begin it with a line such as time,rss_bytes or time,group,lag.",
      });
    }
    const cells = cellsOf(text, layout.delimiter);
    const time = layout.time < 0 ? null : timeOf(cells[layout.time] ?? "", layout);
    if (layout.time >= 0 && time === null) {
      broken.push(line);
      continue;
    }
    let isRead = false;
    const lag = numberOf(cells[layout.lag]);
    const isUnknown =
      layout.lag >= 0 && /^(?:-1?|unknown|none|null|)$/i.test(cells[layout.lag] ?? "") && /\d/.test(cells[layout.partition] ?? "");
    if (Number.isFinite(lag) || isUnknown) {
      isRead = true;
      // rows of the partitions of one moment are one
      const group = cells[layout.group] ?? "";
      const key = `${time?.atMs ?? line}\n${group}`;
      const before = lags.get(key);
      const committed = numberOf(cells[layout.committed]);
      lags.set(key, {
        time,
        group,
        lag: (before?.lag ?? 0) + (lag > 0 ? lag : 0),
        committed: (before?.committed ?? 0) + (isUnknown ? 0 : committed),
        isWhole: !isUnknown && before?.isWhole !== false,
      });
    }
    const residentBytes = sizeOf(cells[layout.memory], layout.unit);
    if (Number.isFinite(residentBytes)) {
      isRead = true;
      memory.push({ time, name: cells[layout.name] ?? "", residentBytes, heapBytes: Number.NaN });
    }
    // an empty cell is a moment without a reading
    if (!isRead && (cells[layout.lag] ?? cells[layout.memory] ?? "") !== "") broken.push(line);
  }
  const losses: Loss[] = [...input.losses];
  if (broken.length > 0) {
    const text = `rows without a time or a number were skipped, at line ${broken.slice(0, 5).join(", ")}`;
    losses.push({ code: "malformed-record", text, offset: null, count: broken.length });
  }
  const clock: { clock?: EvidenceClock } = layout?.isElapsed === true ? { clock: "elapsed" } : {};
  const isUnitless = layout !== null && layout.memory >= 0 && layout.unit === "" && memory.length > 0;
  const memoryLosses: Loss[] = isUnitless
    ? [{ code: "unit", text: "the column of the memory names no unit: its numbers are taken as bytes", offset: null, count: 1 }]
    : [];
  const found = [
    lagEvidence([...lags.values()], input.name, losses, clock),
    memoryEvidence(memory, input.name, [...(lags.size > 0 ? [] : losses), ...memoryLosses], clock),
  ].filter((one) => one !== null);
  if (found.length > 0) return found;
  throw new Failure({
    code: "configuration",
    message: "has a header and no row with a number in it",
    where: { file: input.name, line: broken[0] ?? Math.max(1, line) },
    hint: "Write rows such as 2026-11-24T12:00:00Z,104857600.",
  });
}

/** `wanted`: the last column is taken for it where no name says so. */
function layoutOf(header: string, wanted: WantedEvidence | undefined): Layout | null {
  if (/^\s*[{[<]/.test(header)) return null; // JSON or XML
  const delimiter = [",", ";", "\t"].find((candidate) => header.includes(candidate)) ?? " ";
  const names = cellsOf(header, delimiter);
  if (names.length < 2 || names.every((name) => /^-?[\d.]+$/.test(name))) return null;
  const find = (pattern: RegExp): number => names.findIndex((name) => pattern.test(name));
  const time = find(TIME);
  const others = names.flatMap((_, index) => (index === time ? [] : [index]));
  const alone = others.length === 1 && time >= 0 ? (others[0] ?? -1) : -1;
  let lag = find(LAG);
  let memory = find(MEMORY);
  if (lag < 0 && wanted === "lag") lag = alone;
  if (memory < 0 && wanted === "memory") memory = alone;
  const name = names[memory] ?? "";
  const unit = MEMORY.exec(name)?.[1] ?? /(bytes|[kmg]i?b)\)?$/i.exec(name)?.[1] ?? "";
  const timeName = names[time] ?? "";
  return {
    delimiter,
    time,
    lag,
    memory,
    group: find(GROUP),
    committed: find(COMMITTED),
    partition: find(/^partition(?:[ _-]?id)?$/i),
    name: find(NAME),
    unit,
    isElapsed: ELAPSED.test(timeName),
    elapsedMs: /ms\)?$|millis/i.test(timeName) ? 1 : /min/i.test(timeName) ? 60e3 : 1000,
  };
}

function cellsOf(line: string, delimiter: string): readonly string[] {
  if (delimiter === " ") {
    // a time may hold spaces itself
    const { time, text } = leadingTime(line);
    const cells = text.trim().split(/\s+/);
    return time === null ? cells : [line.slice(0, line.length - text.length).trim(), ...cells];
  }
  if (!line.includes('"')) return line.split(delimiter).map((cell) => cell.trim());
  const cells: string[] = [];
  for (const match of line.matchAll(
    new RegExp(`(?:^|${delimiter === "\t" ? "\\t" : delimiter})\\s*(?:"((?:[^"]|"")*)"|([^${delimiter}]*))`, "g"),
  )) {
    cells.push((match[1]?.replaceAll('""', '"') ?? match[2] ?? "").trim());
  }
  return cells;
}

function timeOf(cell: string, { isElapsed, elapsedMs }: Layout): WallTime | null {
  const value = numberOf(cell);
  if (isElapsed) return Number.isFinite(value) ? { atMs: value * elapsedMs, clock: "zone" } : null;
  return wholeTime(cell);
}

function numberOf(cell: string | undefined): number {
  return cell === undefined || cell.trim() === "" ? Number.NaN : Number(cell);
}

function sizeOf(cell: string | undefined, unit: string): number {
  if (cell === undefined || cell === "") return Number.NaN;
  const isPlain = /^\d+(?:\.\d+)?(?:e\+?\d+)?$/i.test(cell);
  try {
    if (!isPlain) return parseBytes(cell);
    // tools that write kB beside RSS mean KiB, as the kernel does
    return Math.round(
      Number(cell) * parseBytes(`1${/^[kmg]b?$/i.test(unit) ? `${unit.charAt(0)}i` : /^b(?:ytes)?$/i.test(unit) ? "b" : unit}`),
    );
  } catch {
    return Number.NaN;
  }
}
