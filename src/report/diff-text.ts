/** The answer of `diff` for a terminal: the sum in one sentence, the largest differences, everything that was not read. */
import { styleText } from "node:util";
import { formatBytes, formatGrowth } from "../base/units.ts";
import type { DiffAnswer, DiffGroup } from "./diff-answer.ts";
import {
  DIFF_HOLDERS_TITLE,
  diffBalance,
  diffCaution,
  diffGroupName,
  diffGroupOwner,
  diffHolder,
  diffOthers,
  diffSummary,
} from "./diff-words.ts";
import { plainTable, type Style, textColumns } from "./plain-table.ts";
import { printable, shorten, widthOf, wrap } from "./printable.ts";
import { shortName } from "./short-name.ts";

export interface DiffTextOptions {
  readonly columns: number;
  readonly color: boolean;
}

type Paint = (style: Style, text: string) => string;

export function diffText(answer: DiffAnswer, options: DiffTextOptions): string {
  const columns = textColumns(options.columns);
  const paint: Paint = (style, text) => (options.color ? styleText(style, text, { validateStream: false } as never) : text);
  const balance = diffBalance(answer);
  const sections = [
    [...wrap(diffSummary(answer), columns).map((line) => paint("bold", line)), ...(balance === "" ? [] : wrap(balance, columns))],
    groupLines(answer, columns, paint),
    holderLines(answer, columns, paint),
    wrap(diffCaution(answer), columns),
    sideLines(answer, columns, paint),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

const GAP_COLUMNS = 2;

function groupLines(answer: DiffAnswer, columns: number, paint: Paint): readonly string[] {
  const { groups, groupBy } = answer;
  if (groups.length === 0) return [];
  const isWide = columns >= 64;
  const owners = groups.map((group) => shorten(printable(diffGroupOwner(group, groupBy)), 32));
  const hasOwners = columns >= 80 && owners.some((owner) => owner !== "");
  const titles = ["growth", ...(isWide ? ["before", "after"] : []), "", ...(hasOwners ? ["of"] : []), `by ${groupBy}`];
  const rows = groups.map((group, row) => ({
    group,
    cells: [
      formatGrowth(group.growthBytes),
      ...(isWide ? [formatBytes(group.beforeBytes), formatBytes(group.afterBytes)] : []),
      group.change,
      ...(hasOwners ? [owners[row] ?? ""] : []),
    ],
  }));
  const widths = titles.slice(0, -1).map((title, row) => Math.max(widthOf(title), ...rows.map(({ cells }) => widthOf(cells[row] ?? ""))));
  const nameColumns = Math.max(12, columns - widths.reduce((sum, width) => sum + width + GAP_COLUMNS, GAP_COLUMNS));
  const numbers = isWide ? 3 : 1;
  const table = plainTable(titles.map((_, row) => (row < numbers ? "right" : "left")));
  table.push(titles.map((title) => paint("dim", title)));
  for (const { group, cells } of rows) {
    const painted = cells.map((cell, row) => (row === 0 ? paint(colorOf(group), cell) : cell));
    table.push([...painted, shortName(printable(diffGroupName(group, groupBy)), nameColumns)]);
  }
  const others = diffOthers(answer);
  return [
    ...table
      .toString()
      .split("\n")
      .map((line) => line.trimEnd()),
    ...(others === "" ? [] : wrap(others, columns - 2).map((line) => paint("dim", `  ${line}`))),
  ];
}

function holderLines({ holders }: DiffAnswer, columns: number, paint: Paint): readonly string[] {
  if (holders.length === 0) return [];
  return [
    paint("bold", DIFF_HOLDERS_TITLE),
    ...holders.flatMap((holder) => [
      ...wrap(printable(diffHolder(holder)), columns - 4).map((line, row) => `  ${row === 0 ? "- " : "  "}${line}`),
      ...wrap(printable(holder.through), columns - 6).map((line) => paint("dim", `      ${line}`)),
    ]),
  ];
}

function colorOf({ change }: DiffGroup): Style {
  if (change === "same") return "dim";
  return change === "new" || change === "grown" ? "red" : "green";
}

function sideLines({ before, after }: DiffAnswer, columns: number, paint: Paint): readonly string[] {
  const lines = [before, after].flatMap(({ path, captures, format, takenAt, losses }, row) => {
    const label = row === 0 ? "before" : "after";
    const name = path === "-" ? "standard input" : path;
    const more = captures > 1 ? ` and ${captures - 1} more` : "";
    const facts = `${more} (${format}${takenAt === null ? "" : `, ${takenAt}`})`;
    const room = Math.max(12, columns - 10 - widthOf(facts));
    return [
      ...wrap(`${shorten(printable(name), room)}${facts}`, columns - 10).map(
        (line, index) => `  ${(index === 0 ? label : "").padEnd(8)}${line}`,
      ),
      ...losses.flatMap(({ text, offset }) =>
        wrap(printable(text + (offset === null ? "" : ` (byte ${offset})`)), columns - 4).map(
          (line, index) => `  ${index === 0 ? "! " : "  "}${line}`,
        ),
      ),
    ];
  });
  return [paint("bold", "Read"), ...lines];
}
