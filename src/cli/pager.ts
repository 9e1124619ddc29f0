/**
 * A pager for answers that are longer than the screen, and for nothing else: only where a person reads stdout, and never where
 * one was forbidden. `LAGLEAK_PAGER`, then `PAGER`, then `less`; an empty one or `cat` means none, as with git.
 */
import { stripVTControlCharacters } from "node:util";
import type { Surroundings } from "./terminal.ts";

export interface PagerOptions {
  readonly pager?: boolean; // --no-pager
}

/** The command of the pager; null where the answer is better just written. */
export function pagerFor(text: string, options: PagerOptions, { stdout, env }: Pick<Surroundings, "stdout" | "env">): string | null {
  if (options.pager === false || stdout.isTTY !== true || env["TERM"] === "dumb" || (env["CI"] ?? "") !== "") return null;
  if (screenLines(text, stdout.columns ?? 80) < (stdout.rows ?? 24)) return null;
  const command = (env["LAGLEAK_PAGER"] ?? env["PAGER"] ?? "less").trim();
  return command === "" || command === "cat" ? null : command;
}

/** Lines that the terminal breaks count as what they become. Colours take no room; wide characters are not worth the time here. */
function screenLines(text: string, columns: number): number {
  const lines = stripVTControlCharacters(text).replace(/\n$/, "").split("\n");
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0);
}

/** Whether the pager took the text; false where there is no such program. `less` leaves short texts and keeps colours (FRX). */
export async function page(text: string, command: string, env: Surroundings["env"]): Promise<boolean> {
  const { spawn } = await import("node:child_process");
  return new Promise((resolve) => {
    // a pager is a shell command with options, as everywhere
    const child = spawn(command, { shell: true, stdio: ["pipe", "inherit", "inherit"], env: { LESS: "FRX", ...env } });
    // Ctrl-C is for the pager, which shares the terminal
    const handlers = process.listeners("SIGINT");
    const ignore = (): void => {};
    process.removeAllListeners("SIGINT").on("SIGINT", ignore);
    child.on("error", () => {});
    child.stdin.on("error", () => {}); // closed before the end: enough was read
    child.stdin.end(text);
    child.on("close", (code) => {
      process.off("SIGINT", ignore);
      for (const handler of handlers) process.on("SIGINT", handler);
      resolve(code !== 126 && code !== 127); // the shell found no such program
    });
  });
}
