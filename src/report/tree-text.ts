/**
 * The tree of paths for a terminal, as an icicle that lies on its side: a row a node, its share as a bar and a number, its names
 * folded to the width. Deep trees do not run out of the screen: the indentation stops where half of the width is left.
 */
import { formatBytes } from "../base/units.ts";
import type { PathNode } from "./answer.ts";
import type { Style } from "./plain-table.ts";
import { printable, shorten, widthOf } from "./printable.ts";

const BAR_COLUMNS = 10;
const INDENT_COLUMNS = 2;
/** More is a file, not a screen: --json has them all. */
const MOST_ROWS = 60;

const COLOR_OF_PARTY: Readonly<Record<PathNode["party"], Style>> = { client: "cyan", app: "magenta", runtime: "blue", unknown: "dim" };

export function treeText(
  root: PathNode,
  totalBytes: number,
  columns: number,
  paint: (style: Style, text: string) => string,
): readonly string[] {
  const hasBars = columns >= 70;
  const rows: string[] = [];
  let left = 0;
  const add = (node: PathNode, depth: number): void => {
    if (rows.length >= MOST_ROWS) {
      left++;
      return;
    }
    const share = totalBytes <= 0 ? 0 : Math.min(1, Math.max(0, node.liveBytes / totalBytes));
    const percent = `${Math.round(share * 100)} %`.padStart(5);
    const bar = hasBars ? ` ${paint(COLOR_OF_PARTY[node.party], barOf(share))}` : "";
    const size = formatBytes(node.liveBytes).padStart(9);
    const used = 2 + 5 + (hasBars ? BAR_COLUMNS + 1 : 0) + 1 + 9 + 2;
    const indent = " ".repeat(Math.min(depth * INDENT_COLUMNS, Math.max(0, Math.floor((columns - used) / 2))));
    rows.push(`  ${percent}${bar} ${size}  ${indent}${chain(node, columns - used - indent.length)}`);
    for (const child of node.children) add(child, depth + 1);
  };
  for (const child of root.children) add(child, 0);
  return left === 0 ? rows : [...rows, paint("dim", `  and ${left} more; --json has them all`)];
}

const EIGHTHS = " ▏▎▍▌▋▊▉";

/** Of a tenth part a column; a share that is there is never invisible. */
function barOf(share: number): string {
  const eighths = Math.max(share > 0 ? 1 : 0, Math.round(share * BAR_COLUMNS * 8));
  const full = Math.floor(eighths / 8);
  return `${"█".repeat(full)}${eighths % 8 === 0 ? "" : EIGHTHS.charAt(eighths % 8)}`.padEnd(BAR_COLUMNS);
}

const LONGEST_NAME = 48;

const GAP = " › ";

/** `main › … › cache_order › … › malloc`: who decides, then both ends, then what is between as far as there is room. */
function chain({ names, decides }: PathNode, columns: number): string {
  // room for what is left out on both sides
  const longest = Math.max(8, Math.min(columns - 2 * (GAP.length + 1), LONGEST_NAME));
  const shown = names.map((name) => shorten(printable(name), longest));
  const last = shown.length - 1;
  const kept = new Set<number>();
  for (const index of [decides, last, 0, ...Array.from({ length: last + 1 }, (_, row) => last - row)]) {
    if (kept.has(index)) continue;
    kept.add(index);
    if (widthOf(joined(shown, kept)) <= columns) continue;
    kept.delete(index);
    if (index > 0 && index < last && index !== decides) break;
  }
  return shorten(kept.size === 0 ? (shown[decides] ?? "") : joined(shown, kept), columns);
}

/** The kept names in their order, a `…` for every gap. */
function joined(names: readonly string[], kept: ReadonlySet<number>): string {
  const parts: string[] = [];
  for (let row = 0; row < names.length; row++) {
    if (kept.has(row)) parts.push(names[row] ?? "");
    else if (parts.at(-1) !== "…") parts.push("…");
  }
  return parts.join(GAP);
}
