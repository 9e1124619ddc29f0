/**
 * The drain test (growth.md section 6.7): what writes to the topic is paused, or the consumer catches up, and the queues run empty. A
 * buffering heap is then back at its base; a leak is not. One observation becomes the two halves of an experiment.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Observation } from "../attach/observe.ts";

/** A queue that never was so large had nothing to drain. */
const DRAINED_MESSAGES = 100;
/** Empty: this share of the most that waited. */
const EMPTY_SHARE = 0.02;
/** Full: at least this share of it. */
const FULL_SHARE = 0.5;
/** What stays empty for so long is not refilled in the next moment, and an allocator had the time to give back. */
const EMPTY_MS = 20_000;
/** Where the heap is counted, it has to be counted so often while the queues are empty: fewer are no level. */
const EMPTY_CENSUSES = 5;

export class Settling {
  #highest = 0;
  #lastMs = 0;
  #fullUntilMs: number | null = null;
  #emptySinceMs: number | null = null;
  #isCounted = false;
  #emptyCensuses = 0;

  observe({ elapsedMs, queues, lag, census }: Pick<Observation, "elapsedMs" | "queues" | "lag" | "census">): void {
    if (census !== undefined) this.#isCounted = true;
    if (census !== undefined && this.#emptySinceMs !== null) this.#emptyCensuses++;
    const waiting =
      lag === undefined ? queues?.reduce((sum, { messages }) => sum + messages, 0) : lag.reduce((sum, { messages }) => sum + messages, 0);
    if (waiting === undefined) return;
    this.#lastMs = elapsedMs;
    this.#highest = Math.max(this.#highest, waiting);
    // a new highest is full itself, so what was full of a lower one before it does not count any more
    if (waiting >= FULL_SHARE * this.#highest) this.#fullUntilMs = elapsedMs;
    const isEmpty = this.#highest >= DRAINED_MESSAGES && waiting <= EMPTY_SHARE * this.#highest;
    if (!isEmpty) {
      this.#emptySinceMs = null;
      this.#emptyCensuses = 0;
    } else this.#emptySinceMs ??= elapsedMs;
  }

  /** Empty, and long enough. */
  get isSettled(): boolean {
    if (this.#isCounted && this.#emptyCensuses < EMPTY_CENSUSES) return false;
    return this.#emptySinceMs !== null && this.#lastMs - this.#emptySinceMs >= EMPTY_MS;
  }

  /** The last moment at which the queues were full, and the first at which they were empty for good; null before. Milliseconds. */
  get halves(): { readonly fullUntilMs: number; readonly emptyFromMs: number } | null {
    if (this.#fullUntilMs === null || this.#emptySinceMs === null) return null;
    return { fullUntilMs: this.#fullUntilMs, emptyFromMs: this.#emptySinceMs };
  }
}

/** Writes the two halves of an observation beside it; their names, before and after. */
export function splitObservation(file: string, halves: NonNullable<Settling["halves"]>): readonly [string, string] {
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  const [introduction = "", ...observations] = lines;
  const elapsedOf = (line: string): number => Number(/"elapsedMs":(\d+(?:\.\d+)?)/.exec(line)?.[1] ?? Number.NaN);
  const write = (half: string, isIn: (elapsedMs: number) => boolean): string => {
    const name = file.replace(/\.lagleak\.jsonl$/, `.${half}.lagleak.jsonl`);
    writeFileSync(name, `${[introduction, ...observations.filter((line) => isIn(elapsedOf(line)))].join("\n")}\n`, { mode: 0o600 });
    return name;
  };
  return [write("full", (ms) => ms <= halves.fullUntilMs), write("empty", (ms) => ms >= halves.emptyFromMs)];
}
