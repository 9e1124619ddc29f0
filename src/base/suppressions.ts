/**
 * Suppressions in the syntax of LeakSanitizer (`sanitizer_suppressions.cpp`, `TemplateMatch` of `sanitizer_common.cpp`), which
 * heaptrack reads, too: `leak:pattern` a line, `#` comments. A pattern is looked for anywhere in the text; `*` stands for
 * anything, `^` at its start and `$` at its end hold it to the start and the end.
 *
 * The surprise, kept because the same file has to mean the same: every part between two `*` is looked for once, at the first
 * place after the part before it. So `leak:foo$` does not match `foofoo`, and what follows a `$` is never looked at.
 */
import { Failure } from "./failure.ts";

export interface Suppression {
  readonly pattern: string; // as written, without `leak:`
  readonly file: string;
  readonly line: number;
  readonly matches: (text: string) => boolean;
}

/** The types of other sanitizers, to say what is wrong with such a file. */
const OTHER_TYPES =
  /^(?:race|race_top|mutex|thread|signal|deadlock|called_from_lib|interceptor_name|interceptor_via_fun|interceptor_via_lib|odr_violation|vptr_check|alignment|bounds|enum|function|integer|null|object-size|return|shift|undefined|unreachable|vla-bound|unsigned-integer-overflow|signed-integer-overflow|implicit-\S+):/;

/** @throws Failure `configuration` with the line */
export function parseSuppressions(text: string, file: string): readonly Suppression[] {
  const suppressions: Suppression[] = [];
  for (const [row, raw] of text.split("\n").entries()) {
    const line = raw.replace(/^[ \t]+|[ \t\r]+$/g, "");
    if (line === "" || line.startsWith("#")) continue;
    const pattern = line.startsWith("leak:") ? line.slice("leak:".length) : null;
    if (pattern === null || /^\^?\$?$/.test(pattern)) throw notASuppression(line, pattern, { file, line: row + 1 });
    suppressions.push({ pattern, file, line: row + 1, matches: matcherOf(pattern) });
  }
  return suppressions;
}

function notASuppression(line: string, pattern: string | null, where: { readonly file: string; readonly line: number }): Failure {
  if (pattern !== null) return broken("this suppression has no pattern, so it would match nothing", where);
  if (OTHER_TYPES.test(line)) return broken("this suppression is for another sanitizer, not for leaks", where);
  if (line.startsWith("{") || line.startsWith("}")) return broken("this is a suppression of Valgrind, not of LeakSanitizer", where);
  return broken("this line is no suppression", where);
}

function broken(message: string, where: { readonly file: string; readonly line: number }): Failure {
  return new Failure({
    code: "configuration",
    message,
    where,
    hint: "Write leak:<part of a function, file or module>, for example leak:libacme.so or leak:^acme_cache_*_new$; comments begin with #.",
  });
}

/** Never slower than the length of the text times that of the pattern. */
function matcherOf(pattern: string): (text: string) => boolean {
  const isAnchored = pattern.startsWith("^") && pattern[1] !== "*";
  const body = pattern.startsWith("^") ? pattern.slice(1) : pattern;
  const dollar = body.indexOf("$");
  const template = dollar < 0 ? body : body.slice(0, dollar);
  const parts = template.split("*").filter((part) => part !== "");
  const endsHere = dollar >= 0 && !template.endsWith("*");
  return (text) => {
    if (text === "") return false;
    let at = 0;
    for (const [row, part] of parts.entries()) {
      const found = text.indexOf(part, at);
      if (found < 0 || (row === 0 && isAnchored && found > 0)) return false;
      at = found + part.length;
    }
    return !endsHere || at === text.length;
  };
}
