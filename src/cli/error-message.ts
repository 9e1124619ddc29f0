/** An error as people and as scripts read it. */

import type { Failure } from "../base/failure.ts";
import { jsonText } from "../base/json-text.ts";
import { visible, visibleLines } from "../base/visible.ts";

/** `lagleak: heap.pb: is cut, at byte 81920`, and indented below, what to do about it. */
export function failureText(failure: Failure): string {
  const { where, hint } = failure;
  const subject = where === null ? "" : `${where.file === "-" ? "standard input" : visible(where.file)}: `;
  let place = "";
  if (where?.line !== undefined) place = `, at line ${where.line}`;
  else if (where?.offset !== undefined && where.offset > 0) place = `, at byte ${where.offset}`;
  return `lagleak: ${subject}${visible(failure.message)}${place}\n${hint === null ? "" : `  ${visibleLines(hint).replaceAll("\n", "\n  ")}\n`}`;
}

/** What is thrown and is no Failure is a bug of ours. */
export function bugText(error: unknown, version: string): string {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `lagleak: internal error (lagleak ${version}, Node ${process.version}, ${process.platform})\n${visibleLines(trace)}\n  This is a bug of lagleak. Please report it with these lines and, if you can, with the capture.\n`;
}

export function errorJson(error: unknown, failure: Failure | null): string {
  return jsonText(
    {
      schemaVersion: 1,
      error: {
        code: failure?.code ?? "internal",
        message: error instanceof Error ? error.message : String(error),
        file: failure?.where?.file ?? null,
        offset: failure?.where?.offset ?? null,
        line: failure?.where?.line ?? null,
        hint: failure?.hint ?? null,
      },
    },
    0,
  );
}

/** Whether the answer was to be JSON. Asked of the bare arguments, because they may be what is wrong. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const options = end < 0 ? args : args.slice(0, end);
  return options.some(
    (option, index) => option === "--json" || option === "--format=json" || (option === "json" && options[index - 1] === "--format"),
  );
}
