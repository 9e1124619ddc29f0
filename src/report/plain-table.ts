/** Tables with rules of space only, which can be pasted into a ticket, and the width that text is set in. */
import type { styleText } from "node:util";
import Table from "cli-table3";
import { NO_BORDERS } from "./borders.ts";

export type Style = Parameters<typeof styleText>[0];

const LEAST_COLUMNS = 40;
const MOST_COLUMNS = 110; // longer lines are hard to read, whatever the window

export function textColumns(terminalColumns: number): number {
  return Math.max(LEAST_COLUMNS, Math.min(terminalColumns, MOST_COLUMNS));
}

export function plainTable(aligns: readonly ("left" | "right")[]): Table.Table {
  return new Table({
    chars: { ...NO_BORDERS, left: " ", middle: " " },
    style: { "padding-left": 1, "padding-right": 0, head: [], border: [], compact: true },
    colAligns: [...aligns],
  });
}

/** At most so many of the rows, evenly chosen, the first and the last among them. */
export function evenlyChosen<Row>(rows: readonly Row[], most: number): readonly Row[] {
  if (rows.length <= most) return rows;
  return Array.from({ length: most }, (_, index) => rows[Math.round((index * (rows.length - 1)) / (most - 1))] as Row);
}
