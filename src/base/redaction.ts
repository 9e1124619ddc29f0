/**
 * Names that others must not read, as stable stand-ins: `hidden-` and the first ten hexadecimal digits of the SHA-256 of the
 * text. The same text is the same stand-in in every answer, on every machine, so redacted answers can be compared and joined.
 * There is no salt: whoever guesses a name can check the guess. It hides names from readers, not from an attacker who knows them.
 */
import { createHash } from "node:crypto";

const HIDDEN = /^hidden-[0-9a-f]{10}/;

/** The stand-in of a name; nothing stays nothing, and a stand-in stays what it is. */
export function hidden(text: string): string {
  if (text === "" || HIDDEN.test(text)) return text;
  return `hidden-${createHash("sha256").update(text).digest("hex").slice(0, 10)}`;
}

/** The stand-in of a file: its extension stays, for it says the language or the format. Standard input stays `-`. */
export function hiddenFile(path: string): string {
  if (path === "" || path === "-") return path;
  const base = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const extension = /(?<=.)\.[A-Za-z][A-Za-z0-9]{0,9}(?:\.(?:gz|zst))?$/.exec(base)?.[0] ?? "";
  return hidden(path) + extension;
}

/** Paths of two or more parts, and hosts with a port. Not `MiB/s`, and not the addresses of published reports. */
const PLACE =
  /(?<![\w./:\\-])(?:(?:[A-Za-z]:|~|\.{1,2})?[\\/][\w.@+~-]+(?:[\\/][\w.@+~ -]*[\w.@+~-])*|[\w-]+(?:\.[\w-]+)+:\d{2,5})(?![\w])/g;

/** A sentence in which these texts, and whatever looks like a path or a host, are replaced. Only whole words are. */
export function hiddenIn(sentence: string, standIns: ReadonlyMap<string, string>): string {
  let text = sentence;
  for (const [name, standIn] of [...standIns].sort(([a], [b]) => b.length - a.length)) {
    if (name === "" || !text.includes(name)) continue;
    text = text.split(name).reduce((before, after) => {
      const isWhole = !/[\w]$/.test(before) && !/^[\w]/.test(after);
      return before + (isWhole ? standIn : name) + after;
    });
  }
  return text.replace(PLACE, (place) => (/^\/\/|^https?:/.test(place) ? place : hiddenFile(place)));
}
