/**
 * Text that comes from captures (symbols, paths, commands) may hold anything: escape sequences, bidirectional overrides, a
 * megabyte of template arguments. Nothing of it reaches a terminal or a page before it went through here.
 */
import stringWidth from "string-width";

/** Control and formatting characters that change what a terminal shows around them: C0, C1, bidi, zero width, separators. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these have to be found
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** One line of printable text: every unprintable character becomes `\xNN` or `\uNNNN`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

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
