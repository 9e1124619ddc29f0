/**
 * Tables of memory that command line tools print: `pidstat -r` and `ps -o rss` (KiB), `kubectl top`, `docker stats`, once or in a
 * loop with the time before each round. Written after what sysstat 12.6, procps 4.0 and their manuals show.
 *
 * The surprise: pidstat prints a time of day without a date; the date stands once, in its first line, in the order of the
 * locale (11/24/26 or, with S_TIME_FORMAT=ISO, 2026-11-24), and midnight passes unmentioned.
 */
import { Failure, type Loss } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import { textLines } from "../base/text-lines.ts";
import { parseBytes } from "../base/units.ts";
import type { EvidenceSource, MemoryEvidence } from "./evidence.ts";
import { type MemoryRow, memoryEvidence } from "./evidence-rows.ts";
import { jsonObjects } from "./json-objects.ts";
import { hourOf, leadingTime, openingLine, type WallTime, wholeTime } from "./wall-clock.ts";

/** A table that is known by the names of its columns. */
interface Layout {
  readonly header: RegExp;
  readonly measures: MemoryEvidence["measures"];
  /** Cells of the header, by which the columns are found. */
  readonly split: (line: string) => readonly string[];
  readonly memory: string; // the column, as `split` names it
  readonly names: readonly string[]; // columns that together name the process or container
  readonly read: (cell: string) => number; // bytes; NaN where it is no size
}

const words = (line: string): readonly string[] => line.trim().split(/\s+/);
const kibibytes = (cell: string): number => (/^\d+$/.test(cell) ? Number(cell) * 1024 : Number.NaN);

function size(cell: string): number {
  try {
    return parseBytes(cell);
  } catch {
    return Number.NaN;
  }
}

const LAYOUTS: readonly Layout[] = [
  { header: /\bPID\b.*\bminflt\/s\b.*\bRSS\b/, measures: "process", split: words, memory: "RSS", names: ["PID"], read: kibibytes },
  {
    header: /^\s*POD\s+NAME\s+CPU\(cores\)\s+MEMORY\(bytes\)/,
    measures: "container",
    split: words,
    memory: "MEMORY(bytes)",
    names: ["POD", "NAME"],
    read: size,
  },
  {
    header: /^\s*(?:NAMESPACE\s+)?(?:POD\s+)?NAME\s+CPU\(cores\)\s+MEMORY\(bytes\)/,
    measures: "container",
    split: words,
    memory: "MEMORY(bytes)",
    names: ["NAMESPACE", "POD", "NAME"],
    read: size,
  },
  {
    header: /\bCONTAINER(?: ID)?\b.*\bMEM USAGE \/ LIMIT\b/,
    measures: "container",
    split: (line) =>
      line
        .trim()
        .replace(/ \/ /g, "/")
        .split(/\s{2,}/),
    memory: "MEM USAGE/LIMIT",
    names: ["CONTAINER", "CONTAINER ID"],
    read: (cell) => size(cell.split("/")[0] ?? ""),
  },
  {
    header: /^\s*(?:[A-Z%+]+\s+)*RSS(?:\s+[A-Z%+]+)*\s*$/,
    measures: "process",
    split: words,
    memory: "RSS",
    names: ["PID"],
    read: kibibytes,
  },
];

const DOCKER_JSON = /"MemUsage"\s*:\s*"[\d.]+\s*\w+ \/ /;

export const memoryTables: EvidenceSource<MemoryEvidence> = {
  id: "memory-tables",
  title: "pidstat -r, ps -o rss, kubectl top or docker stats, once or in a loop with the time before each round",
  recognize(head): Recognition {
    const text = new TextDecoder().decode(head);
    if (DOCKER_JSON.test(text)) return "certain";
    const lines = text.split("\n").map((line) => leadingTime(plain(line)).text);
    if (!lines.some((line) => layoutOf(line) !== null)) return "no";
    const opening = openingLine(plain(text), /^Linux \S+ \(|^\d\d:\d\d:\d\d(?: [AP]M)?$/);
    return layoutOf(opening) !== null ? "certain" : "likely";
  },
  read,
};

/** Without the control sequences with which `docker stats` clears the screen. */
function plain(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  return line.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
}

/** Everything but a header in capitals of one or two words is not enough: `RSS` alone is one of ps. */
function layoutOf(line: string): Layout | null {
  return LAYOUTS.find(({ header }) => header.test(line)) ?? null;
}

async function read(input: Input): Promise<MemoryEvidence> {
  const bytes = await input.readAll();
  const rows: MemoryRow[] = [];
  const broken: number[] = [];
  let measures: MemoryEvidence["measures"] = "process";
  let limitBytes: number | null = null;
  let layout: Layout | null = null;
  let columns: readonly string[] = [];
  let now: WallTime | null = null;
  let date: WallTime | null = null; // of pidstat
  let line = 0;
  const clock = new DayClock();
  for (const { text: raw } of textLines(bytes)) {
    line++;
    const stripped = plain(raw);
    if (stripped.trim() === "" || /^Average:/.test(stripped)) continue;
    if (DOCKER_JSON.test(stripped)) {
      const { time, row, limit } = dockerObject(stripped);
      now = time ?? now;
      measures = "container";
      limitBytes = limit ?? limitBytes;
      if (row === null) broken.push(line);
      else rows.push({ ...row, time: now });
      continue;
    }
    const whole = wholeTime(stripped.trim());
    if (whole !== null) {
      now = whole;
      continue;
    }
    const day = /^Linux \S+ \(.*\)\s+(?:(\d\d)\/(\d\d)\/(\d\d(?:\d\d)?)|(\d{4})-(\d\d)-(\d\d))\s/.exec(stripped);
    if (day !== null) {
      const [, month, dayOfMonth, year, isoYear, isoMonth, isoDay] = day;
      const [y, m, d] =
        isoYear === undefined ? [Number(year) + (Number(year) < 100 ? 2000 : 0), month, dayOfMonth] : [Number(isoYear), isoMonth, isoDay];
      date = { atMs: new Date(y, Number(m) - 1, Number(d)).getTime(), clock: "local" };
      clock.start(date.atMs);
      continue;
    }
    const isPidstat = layout === LAYOUTS[0] || LAYOUTS[0]?.header.test(stripped) === true;
    const timed = isPidstat ? pidstatTime(stripped, clock, date !== null) : leadingTime(stripped);
    now = timed.time ?? now;
    const next = layoutOf(timed.text);
    if (next !== null) {
      layout = next;
      columns = next.split(timed.text);
      measures = next.measures;
      continue;
    }
    if (layout === null) continue;
    const cells = layout.split(timed.text);
    const cell = cells[columns.indexOf(layout.memory)];
    const residentBytes = cell === undefined ? Number.NaN : layout.read(cell);
    if (!Number.isFinite(residentBytes)) {
      broken.push(line);
      continue;
    }
    const name = layout.names.flatMap((column) => (columns.includes(column) ? [cells[columns.indexOf(column)] ?? ""] : [])).join("/");
    const limit = /\//.test(cell ?? "") ? size((cell ?? "").split("/")[1] ?? "") : Number.NaN;
    if (limit > 0) limitBytes = limit;
    rows.push({ time: now, name, residentBytes, heapBytes: Number.NaN });
  }
  const losses: Loss[] = [...input.losses];
  if (broken.length > 0) {
    const text = `rows that hold no size were skipped, at line ${broken.slice(0, 5).join(", ")}`;
    losses.push({ code: "malformed-record", text, offset: null, count: broken.length });
  }
  const evidence = memoryEvidence(rows, input.name, losses, { measures, limitBytes });
  if (evidence !== null) return evidence;
  throw new Failure({
    code: "configuration",
    message: "holds no row with the memory of a process or container",
    where: { file: input.name, line: broken[0] ?? Math.max(1, line) },
    hint: "Write for example: while sleep 5; do date -Is; ps -o pid,rss -p <pid>; done > memory.txt",
  });
}

/** One object of `docker stats --format json`. */
function dockerObject(line: string): {
  readonly time: WallTime | null;
  readonly row: Omit<MemoryRow, "time"> | null;
  readonly limit: number | null;
} {
  const { time, text } = leadingTime(line);
  const object = [...jsonObjects(new TextEncoder().encode(text))][0]?.value ?? null;
  const usage = object?.["MemUsage"];
  const [used = "", limit = ""] = typeof usage === "string" ? usage.split(" / ") : [];
  const residentBytes = size(used);
  const name = object?.["ID"] ?? object?.["Name"];
  if (!Number.isFinite(residentBytes)) return { time, row: null, limit: null };
  const limitBytes = size(limit);
  return {
    time,
    row: { name: typeof name === "string" ? name : "", residentBytes, heapBytes: Number.NaN },
    limit: limitBytes > 0 ? limitBytes : null,
  };
}

/** Times of day after a date, across midnights. */
class DayClock {
  #dayMs = 0;
  #lastMs = -1;

  start(dayMs: number): void {
    this.#dayMs = dayMs;
    this.#lastMs = -1;
  }

  at(timeOfDayMs: number): number {
    // a clock that was set back by less than half a day is no midnight
    if (timeOfDayMs < this.#lastMs - 43_200e3) {
      const day = new Date(this.#dayMs);
      this.#dayMs = new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1).getTime();
    }
    this.#lastMs = timeOfDayMs;
    return this.#dayMs + timeOfDayMs;
  }
}

/** `12:44:06`, `12:44:06 PM`, or Unix seconds with -H. Without the first line there is no date, and then no time. */
function pidstatTime(line: string, clock: DayClock, hasDate: boolean): { readonly time: WallTime | null; readonly text: string } {
  const match = /^\s*#?\s*(\d\d):(\d\d):(\d\d)(?: ([AP]M))?\s+(.*)$/.exec(line);
  if (match === null) {
    const timed = leadingTime(line);
    return { time: timed.time, text: timed.text.replace(/^\s*#?\s*(?:Time\s+)?/, "") };
  }
  const [, hour, minute, second, half, text = ""] = match;
  const ofDayMs = ((hourOf(hour, half) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
  // a header repeats the time of the row before or after it; only rows count
  if (LAYOUTS[0]?.header.test(text) === true) return { time: null, text };
  return { time: hasDate ? { atMs: clock.at(ofDayMs), clock: "local" } : null, text };
}
