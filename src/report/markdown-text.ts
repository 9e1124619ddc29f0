/** Pieces of GitHub's Markdown in which nothing that comes from a capture means anything: code, prose, tables, folded parts. */
import { printable } from "./printable.ts";

/** A symbol may be a megabyte long; a ticket may not. */
const MOST_CHARACTERS = 200;

/** Folded until it is clicked. The empty lines make GitHub read what is inside as Markdown. */
export function details(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["<details>", `<summary>${title}</summary>`, "", ...lines, "", "</details>"];
}

/** Columns by `l` and `r`. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], aligns: string): readonly string[] {
  const rule = [...aligns].map((align) => (align === "r" ? "---:" : ":---"));
  return [head, rule, ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
}

/** Code in one line: the fence is longer than any run of backticks inside. */
export function code(text: string, most: number = MOST_CHARACTERS): string {
  const shown = printable(text.length > most ? `${text.slice(0, most / 2)}…${text.slice(-most / 2)}` : text);
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = longest > 0 || shown.startsWith(" ") ? " " : "";
  return `${fence}${pad}${shown}${pad}${fence}`;
}

/** A sentence of ours, which may hold a name from a capture: what would be Markdown or HTML in it is shown as it is. */
export function prose(text: string): string {
  return printable(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/([\\`*[\]|~#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))/g, "\\$1")
    .replace(/@(?=\w)/g, "@\u200b"); // nobody is notified by a ticket about `foo@bar`
}
