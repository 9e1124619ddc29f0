/**
 * Text in the room that there is: its width in a terminal, shortened, wrapped, or as bars. Symbols may hold a megabyte of template
 * arguments; what may not be shown at all is replaced first.
 */
import stringWidth from "string-width";

export { visible as printable } from "../base/visible.ts";

/** Columns that a text takes in a terminal (CJK and emoji take two). Nearly all text is ASCII, which needs no segmentation. */
export function widthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text);
}

/** At most `columns` wide; what is left out of the middle becomes one `…`: both ends of a symbol say something. */
export function shorten(text: string, columns: number): string {
  if (text.length <= columns && widthOf(text) <= columns) return text;
  const headColumns = Math.ceil((columns - 1) * 0.6);
  // a column is at most two code units, so the ends hold enough of a text of any length
  const head = take([...text.slice(0, columns * 2)], headColumns);
  const tail = take([...text.slice(-columns * 2)].reverse(), columns - 1 - headColumns).reverse();
  return `${head.join("")}…${tail.join("")}`;
}

function take(characters: readonly string[], columns: number): string[] {
  const taken: string[] = [];
  let used = 0;
  for (const character of characters) {
    used += widthOf(character);
    if (used > columns) break;
    taken.push(character);
  }
  return taken;
}

/** Breaks at spaces into lines of at most `columns`; a word that is longer stays whole (a command must stay copyable). */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && widthOf(line) + 1 + widthOf(word) > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}

const BARS = "▁▂▃▄▅▆▇█";

/** A course of levels as bars between 0 and the highest; the lowest bar is zero. */
export function sparkline(levels: readonly number[]): string {
  const highest = Math.max(...levels, 0);
  if (highest === 0) return BARS.charAt(0).repeat(levels.length);
  return levels.map((level) => BARS.charAt(Math.max(0, Math.min(7, Math.round((level / highest) * 7))))).join("");
}
