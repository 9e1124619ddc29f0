/**
 * What `kafka-consumer-groups.sh --describe` prints, of every version since 0.8.2: once, of several groups, or again and again in a
 * loop with the time before or after each round. Written after what 3.9.1 printed and the column names of its predecessors (`CURRENT
 * OFFSET, LOG END OFFSET` with commas until 0.10; no GROUP in 0.11 to 1.x; OWNER instead of CONSUMER-ID).
 *
 * The surprise: 3.9.1 ends without a line end, so that the `date` of the next round stands glued to the last CLIENT-ID. Hosts
 * and members are read over and not kept.
 */
import { Failure, type Loss } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import { textLines } from "../base/text-lines.ts";
import type { EvidenceSource, LagEvidence } from "./evidence.ts";
import { type LagRow, lagEvidence } from "./evidence-rows.ts";
import { leadingTime, openingLine, type WallTime, wholeTime } from "./wall-clock.ts";

const HEADER = /\bTOPIC\b.*\bPARTITION\b.*\bLOG[- ]END[- ]OFFSET\b.*\bLAG\b|\bTopic\b.*\bPid\b.*\blogSize\b.*\bLag\b/;

/** What the command says before its table. */
const PREAMBLE = /^(?:Consumer group '|SLF4J: |Note: |Warning|WARN|Error: |OpenJDK|Picked up )|^\[\d|is deprecated/;

export const consumerGroups: EvidenceSource<LagEvidence> = {
  id: "consumer-groups",
  title: "kafka-consumer-groups --describe, once or in a loop with the time before each round",
  recognize(head): Recognition {
    const text = new TextDecoder().decode(head);
    if (!HEADER.test(text)) return "no";
    return HEADER.test(openingLine(text, PREAMBLE)) ? "certain" : "likely";
  },
  read,
};

/** One call of the command: sums over the partitions of each group. */
interface Round {
  time: WallTime | null;
  readonly groups: Map<string, { lag: number; committed: number; isKnown: boolean; isWhole: boolean; readonly partitions: Set<string> }>;
}

interface Columns {
  readonly names: readonly string[];
  readonly starts: readonly number[]; // offsets of the columns in the header
  readonly isCsv: boolean;
}

async function read(input: Input): Promise<LagEvidence> {
  const rounds: Round[] = [];
  const times: WallTime[] = [];
  let columns: Columns | null = null;
  let round: Round | null = null;
  let announced = ""; // of 0.11 to 1.x, where the table has no GROUP: "Consumer group 'x' has no active members."
  let isTimeFirst: boolean | null = null;
  let pending: WallTime | null = null;
  let line = 0;
  const unknown = { count: 0 };
  const broken: number[] = [];
  const begin = (): Round => {
    const begun: Round = { time: pending, groups: new Map() };
    pending = null;
    rounds.push(begun);
    return begun;
  };
  const note = (time: WallTime): void => {
    times.push(time);
    isTimeFirst ??= rounds.length === 0;
    if (pending === null || time.atMs !== pending.atMs) round = null; // what follows is another round
    pending = time;
  };
  for (const { text: raw } of textLines(await input.readAll())) {
    line++;
    if (raw.trim() === "") continue;
    const whole = wholeTime(raw.trim());
    if (whole !== null) {
      note(whole);
      continue;
    }
    const { time, text } = leadingTime(raw);
    announced = /^Consumer group '(.*)' (?:has no active members|is rebalancing)/.exec(text)?.[1] ?? announced;
    if (HEADER.test(text)) {
      if (time !== null) note(time);
      columns = columnsOf(text);
      continue;
    }
    if (columns === null) continue;
    // a cell that the next `date` was glued to
    const glued = gluedTime(text);
    const cells = cellsOf(glued === null ? text : text.slice(0, glued.at), columns);
    const partition = cells === null ? undefined : (cells.get("PARTITION") ?? cells.get("PID"));
    if (cells === null || partition === undefined || !/^(?:\d+|-)$/.test(partition)) {
      if (/\s\d+\s+(?:\d+|-|unknown)\s+\d+\s/.test(text)) broken.push(line);
      continue;
    }
    if (partition !== "-") {
      const group = cells.get("GROUP") ?? announced;
      const key = `${cells.get("TOPIC")}\n${partition}`;
      // the same partition again is another round
      if (round === null || round.groups.get(group)?.partitions.has(key) === true) round = begin();
      const sums = round.groups.get(group) ?? { lag: 0, committed: 0, isKnown: false, isWhole: true, partitions: new Set<string>() };
      round.groups.set(group, sums);
      sums.partitions.add(key);
      const lag = numberOf(cells.get("LAG"));
      const committed = numberOf(cells.get("CURRENT-OFFSET") ?? cells.get("OFFSET"));
      if (lag === null) {
        unknown.count++;
        sums.isWhole = false;
      } else {
        sums.isKnown = true;
        sums.lag += Math.max(0, lag);
        sums.committed += committed ?? 0;
      }
    }
    if (glued !== null) note(glued.time);
  }
  if (isTimeFirst === false && times.length === rounds.length) for (const [index, one] of rounds.entries()) one.time = times[index] ?? null;
  const rows = rounds.flatMap(({ time, groups }): LagRow[] =>
    [...groups]
      .filter(([, { isKnown }]) => isKnown)
      .map(([group, { lag, committed, isWhole }]) => ({ time, group, lag, committed, isWhole })),
  );
  const evidence = lagEvidence(rows, input.name, [...input.losses, ...lossesOf(unknown.count, broken)]);
  if (evidence !== null) return evidence;
  throw new Failure({
    code: "configuration",
    message: unknown.count > 0 ? "holds no partition with a committed offset" : "holds no consumer group with partitions",
    where: { file: input.name, line: Math.max(1, line) },
    hint: "Give the output of kafka-consumer-groups.sh --bootstrap-server <broker> --describe --group <group>.",
  });
}

function lossesOf(unknown: number, broken: readonly number[]): readonly Loss[] {
  const losses: Loss[] = [];
  if (unknown > 0) {
    losses.push({
      code: "evidence",
      text: "partitions without a committed offset have no lag and were left out",
      offset: null,
      count: unknown,
    });
  }
  if (broken.length > 0) {
    const shown = broken.slice(0, 5).join(", ");
    losses.push({
      code: "malformed-record",
      text: `rows that do not fit their header were skipped, at line ${shown}`,
      offset: null,
      count: broken.length,
    });
  }
  return losses;
}

function columnsOf(header: string): Columns {
  if (header.includes(",")) return { names: header.split(",").map((name) => nameOf(name)), starts: [], isCsv: true };
  const found = [...header.matchAll(/LOG END OFFSET|CURRENT OFFSET|\S+/g)];
  return { names: found.map(([name]) => nameOf(name)), starts: found.map(({ index }) => index), isCsv: false };
}

function nameOf(name: string): string {
  return name.trim().toUpperCase().replaceAll(" ", "-");
}

/** Cells by the name of their column. Names of groups may hold spaces: then the columns of the header say where each begins. */
function cellsOf(text: string, { names, starts, isCsv }: Columns): ReadonlyMap<string, string> | null {
  const cells = isCsv ? text.split(",").map((cell) => cell.trim()) : text.trim().split(/\s+/);
  const needed = names.indexOf("LAG") + 1;
  if (cells.length < needed) return null;
  const place = names.indexOf("PARTITION");
  if (isCsv || place < 0 || /^\d+$|^-$/.test(cells[place] ?? "")) return new Map(names.map((name, index) => [name, cells[index] ?? ""]));
  return new Map(names.map((name, index) => [name, text.slice(starts[index], starts[index + 1]).trim()]));
}

/** Null for `-`, `unknown` and nothing at all. */
function numberOf(cell: string | undefined): number | null {
  return cell !== undefined && /^-?\d+$/.test(cell) ? Number(cell) : null;
}

const GLUED =
  /(?:[A-Z][a-z]{2},? +(?:[A-Z][a-z]{2} +\d{1,2}|\d{1,2} [A-Z][a-z]{2})[ ,].*\d\d:\d\d:\d\d.*|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*)$/;

function gluedTime(text: string): { readonly at: number; readonly time: WallTime } | null {
  const match = GLUED.exec(text);
  const time = match === null ? null : wholeTime(match[0]);
  return match === null || time === null ? null : { at: match.index, time };
}
