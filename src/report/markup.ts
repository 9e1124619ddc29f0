/**
 * HTML from templates in which everything is text until it says otherwise: what is inserted is escaped, made printable and
 * shortened, except for what this module made itself. So a name from a capture cannot become markup by being forgotten.
 */
import { printable } from "./printable.ts";

export interface Markup {
  readonly markup: string;
}

type Insertable = string | number | Markup | readonly Markup[];

/** A symbol may be a megabyte long; a page may not. */
const MOST_CHARACTERS = 1200;

export function html(strings: TemplateStringsArray, ...values: readonly Insertable[]): Markup {
  return { markup: strings.map((text, row) => text + (row < values.length ? inserted(values[row] ?? "") : "")).join("") };
}

/** Markup of our own. Never of a capture. */
export function raw(markup: string): Markup {
  return { markup };
}

export const NOTHING: Markup = raw("");

function inserted(value: Insertable): string {
  if (typeof value === "string") return escapeText(bounded(value));
  if (typeof value === "number") return String(value);
  if ("markup" in value) return value.markup;
  return value.map(({ markup }) => markup).join("");
}

/** One line of printable text, its middle left out where it is very long. */
export function bounded(text: string, most: number = MOST_CHARACTERS): string {
  if (text.length <= most) return printable(text);
  // a character of two code units that is cut in half is no character any more
  const head = text.slice(0, Math.floor(most * 0.6)).replace(/[\ud800-\udbff]$/, "");
  const tail = text.slice(-Math.floor(most * 0.4)).replace(/^[\udc00-\udfff]/, "");
  return printable(`${head}…${tail}`);
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}

/** JSON for a script element: nothing in it ends the element, opens a comment, or breaks a line of old JavaScript. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll("<", "\\u003c")
    .replaceAll(">", "\\u003e")
    .replaceAll("&", "\\u0026")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}
