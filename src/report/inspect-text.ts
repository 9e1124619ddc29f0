/** The answer of `inspect` for a terminal: a few facts, the largest entries as a table, and everything that was skipped. */
import { styleText } from "node:util";
import Table from "cli-table3";
import { displayName } from "../base/symbols.ts";
import { formatBytes, formatDuration } from "../base/units.ts";
import { NO_BORDERS } from "./borders.ts";
import type { InspectAnswer } from "./inspect-answer.ts";
import { textColumns } from "./plain-table.ts";
import { printable, shorten, wrap } from "./printable.ts";
import { shortName } from "./short-name.ts";

/** The two columns of numbers beside the names, with their gaps. */
const NUMBER_COLUMNS = 26;

export function inspectText(answer: InspectAnswer, options: { readonly columns: number; readonly color: boolean }): string {
  const columns = textColumns(options.columns);
  const bold = (text: string): string => (options.color ? styleText("bold", text, { validateStream: false } as never) : text);
  const facts = factsOf(answer);
  const labelColumns = Math.max(...facts.map(([label]) => label.length)) + 2;
  const sections = [
    facts.flatMap(([label, value]) =>
      wrap(printable(value), columns - labelColumns).map((line, row) => {
        return `${(row === 0 ? label : "").padEnd(labelColumns)}${shorten(line, columns - labelColumns)}`;
      }),
    ),
    topLines(answer, columns, bold),
    lossLines(answer, columns, bold),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function factsOf(answer: InspectAnswer): readonly (readonly [label: string, value: string])[] {
  const version = answer.formatVersion === null ? "" : ` ${answer.formatVersion}`;
  const duration = answer.durationSeconds === null || answer.instants < 2 ? "" : ` over ${formatDuration(answer.durationSeconds * 1000)}`;
  const facts: (readonly [string, string | null])[] = [
    ["capture", answer.path === "-" ? "standard input" : answer.path],
    ["format", `${answer.format}${version}${answer.sampled ? ", sampled: all sizes are estimates" : ""}`],
    ["values", answer.sampleTypes.map(({ type, unit }) => `${type} (${unit})`).join(", ") || null],
    ["taken at", answer.takenAt],
    ["instants", `${count(answer.instants)}${duration}${answer.clock === "none" ? " (the capture has no clock)" : ""}`],
    [
      "live",
      answer.liveBytes === null ? null : `${exactBytes(answer.liveBytes)} in ${count(answer.blocks ?? 0)} blocks at the last instant`,
    ],
    ["peak", bytesOrNull(answer.peakBytes)],
    ["allocated", bytesOrNull(answer.allocatedBytes)],
    ["paths", count(answer.paths)],
    ["objects", answer.nodes === null ? null : `${count(answer.nodes)}, ${count(answer.edges ?? 0)} references`],
    ["named", answer.symbolised === null ? null : `${Math.floor(answer.symbolised * 100)} % of the functions`],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null);
}

function topLines(answer: InspectAnswer, columns: number, bold: (text: string) => string): readonly string[] {
  if (answer.top.length === 0) return [];
  const table = new Table({
    head: [answer.liveBytes === null ? "allocated" : "live", "blocks", "by"].map(bold),
    colAligns: ["right", "right", "left"],
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    chars: NO_BORDERS,
  });
  for (const { name, bytes, blocks } of answer.top) {
    table.push([formatBytes(bytes), count(blocks), shortName(printable(displayName(name)), columns - NUMBER_COLUMNS)]);
  }
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
}

function lossLines(answer: InspectAnswer, columns: number, bold: (text: string) => string): readonly string[] {
  if (answer.losses.length === 0) return [];
  const items = answer.losses.map(({ text, offset, count: times }) => {
    const place = offset === null ? "" : `, at byte ${offset}`;
    return `${text}${place}${times === 1 ? "" : ` (${count(times)} times)`}`;
  });
  return [
    bold("Not read"),
    ...items.flatMap((item) => wrap(printable(item), columns - 4).map((line, row) => `${row === 0 ? "  - " : "    "}${line}`)),
  ];
}

function bytesOrNull(bytes: number | null): string | null {
  return bytes === null ? null : exactBytes(bytes);
}

/** `62.5 MiB (65,536,000 B)` */
function exactBytes(bytes: number): string {
  return Math.abs(bytes) < 1000 ? formatBytes(bytes) : `${formatBytes(bytes)} (${count(bytes)} B)`;
}

function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}
