/** Where the program speaks: answers to stdout, everything else to stderr; when it uses colour; how it shows progress. */
import { formatBytes, formatDuration } from "../base/units.ts";
import { visible, visibleLines } from "../base/visible.ts";
import { page, pagerFor } from "./pager.ts";

export type When = "auto" | "always" | "never";

export interface TerminalOptions {
  readonly color?: When;
  readonly progress?: When;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly pager?: boolean; // false: never
}

/** The part of a stream that matters here. */
export interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly write: (text: string | Uint8Array) => unknown;
}

export interface Surroundings {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly nowMs: () => number;
}

export interface Terminal {
  readonly isTerminal: boolean; // stdout is read by a person
  readonly isInteractive: boolean; // and lines on it can be overwritten, while keys come from stdin
  readonly color: boolean; // of stdout
  readonly columns: number; // of stdout; 100 where it is no terminal
  readonly progress: Progress;
  readonly answer: (text: string | Uint8Array) => void;
  /** An answer that a person reads: by a pager where it is longer than the screen. */
  readonly show: (text: string) => Promise<void>;
  /** To stderr, unless --quiet. */
  readonly note: (text: string) => void;
  /** To stderr, only with --verbose. */
  readonly detail: (text: string) => void;
}

export interface Progress {
  readonly phase: (name: string) => void;
  readonly advance: (readBytes: number, totalBytes: number | null) => void;
  /** Removes the line; to be called before anything else is written. */
  readonly end: () => void;
}

const ownProcess = (): Surroundings => ({ stdout: process.stdout, stderr: process.stderr, env: process.env, nowMs: Date.now });

export function openTerminal(options: TerminalOptions = {}, surroundings: Surroundings = ownProcess()): Terminal {
  const { stdout, stderr, env } = surroundings;
  const progress = openProgress(options, surroundings);
  const tell = (text: string): void => {
    progress.end();
    stderr.write(`lagleak: ${visibleLines(text)}\n`);
  };
  return {
    isTerminal: stdout.isTTY === true,
    isInteractive: stdout.isTTY === true && stderr.isTTY === true && env["TERM"] !== "dumb" && (env["CI"] ?? "") === "",
    color: usesColor(options.color ?? "auto", stdout, env),
    columns: stdout.columns ?? 100,
    progress,
    answer: (text) => {
      progress.end();
      stdout.write(text);
    },
    show: async (text) => {
      progress.end();
      const command = pagerFor(text, options, { stdout, env });
      if (command === null || !(await page(text, command, env))) stdout.write(text);
    },
    note: (text) => {
      if (options.quiet !== true) tell(text);
    },
    detail: (text) => {
      if (options.verbose === true) tell(text);
    },
  };
}

/** The option wins, then FORCE_COLOR over NO_COLOR (as Node does it), then what the stream is. */
export function usesColor(when: When, stream: Stream, env: Surroundings["env"]): boolean {
  if (when !== "auto") return when === "always";
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

/** Answers that come sooner need no progress. */
const SILENT_MS = 300;
const REDRAW_MS = 100;
/** Where lines cannot be overwritten, one now and then is enough. */
const LINE_MS = 5000;

function openProgress(options: TerminalOptions, { stderr, env, nowMs }: Surroundings): Progress {
  const overwrites = stderr.isTTY === true && env["TERM"] !== "dumb";
  const when = options.progress ?? "auto";
  const shows = when === "always" || (when === "auto" && overwrites && options.quiet !== true && (env["CI"] ?? "") === "");
  if (!shows) return { phase: () => {}, advance: () => {}, end: () => {} };
  let name = "";
  let startMs = nowMs();
  let nextMs = startMs + SILENT_MS;
  let isDrawn = false;
  const end = (): void => {
    if (isDrawn && overwrites) stderr.write("\r\u001b[K");
    isDrawn = false;
  };
  return {
    phase: (phase) => {
      name = visible(phase);
      startMs = nowMs();
    },
    advance: (readBytes, totalBytes) => {
      const now = nowMs();
      if (now < nextMs) return;
      nextMs = now + (overwrites ? REDRAW_MS : LINE_MS);
      const text = progressText(name, readBytes, totalBytes, now - startMs);
      stderr.write(overwrites ? `\r\u001b[K${text.slice(0, (stderr.columns ?? 80) - 1)}` : `${text}\n`);
      isDrawn = true;
    },
    end,
  };
}

/** `reading heap.zst: 12.3 MiB of 45.0 MiB (27 %), 80.0 MiB/s, 1 s left` */
function progressText(name: string, readBytes: number, totalBytes: number | null, elapsedMs: number): string {
  const bytesPerMs = elapsedMs > 0 ? readBytes / elapsedMs : 0;
  const parts = [`${name}: ${formatBytes(readBytes)}`];
  if (totalBytes !== null && totalBytes > 0) parts[0] += ` of ${formatBytes(totalBytes)} (${Math.round((100 * readBytes) / totalBytes)} %)`;
  if (bytesPerMs > 0) {
    parts.push(`${formatBytes(bytesPerMs * 1000)}/s`);
    if (totalBytes !== null && readBytes < totalBytes) parts.push(`${formatDuration((totalBytes - readBytes) / bytesPerMs)} left`);
  }
  return parts.join(", ");
}
