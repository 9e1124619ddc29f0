/** When evidence beside a capture may be laid over it, and what is asked for where it may not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Loss } from "../base/failure.ts";
import type { EvidenceClock, LagEvidence, MemoryEvidence } from "../evidence/evidence.ts";
import { lagEvidence, memoryEvidence } from "../evidence/evidence-rows.ts";
import { alignLag, alignMemory, type Moments } from "./align-series.ts";

const START = Date.UTC(2026, 10, 24, 12);

/** Readings of every ten seconds from the start. */
function memory(mib: readonly number[], clock: EvidenceClock = "zone", names: readonly string[] = ["a"]): MemoryEvidence {
  const rows = mib.map((value, row) => ({
    time: clock === "none" ? null : ({ atMs: START + row * 10_000, clock: "zone" } as const),
    name: names[row % names.length] ?? "",
    residentBytes: value * 2 ** 20,
    heapBytes: Number.NaN,
  }));
  return memoryEvidence(rows, "memory.txt", [], clock === "none" ? {} : { clock }) as MemoryEvidence;
}

function lag(messages: readonly number[], groups: readonly string[] = ["g"], isWhole = true): LagEvidence {
  const rows = messages.map((value, row) => ({
    time: { atMs: START + Math.floor(row / groups.length) * 10_000, clock: "zone" } as const,
    group: groups[row % groups.length] ?? "",
    lag: value,
    committed: Number.NaN,
    isWhole,
  }));
  return lagEvidence(rows, "lag.txt", []) as LagEvidence;
}

const moments = (seconds: readonly number[], startedAt: number | null = START, hasTimes = true): Moments => ({
  elapsedMs: Float64Array.from(seconds, (second) => second * 1000),
  startedAt,
  hasTimes,
});

function mib(of: Moments, evidence: readonly MemoryEvidence[]): readonly [readonly number[] | null, readonly string[]] {
  const losses: Loss[] = [];
  const aligned = alignMemory(of, evidence, losses);
  return [aligned === null ? null : [...aligned.residentBytes].map((bytes) => bytes / 2 ** 20), losses.map(({ text }) => text)];
}

test("between two readings a value lies on the line through them, and far from any there is none", () => {
  assert.deepEqual(mib(moments([5, 10, 300]), [memory([100, 200, 300])]), [[150, 200, Number.NaN], []]);
});

test("a capture that does not say when it began is asked for it", () => {
  const [values, texts] = mib(moments([5, 10], null), [memory([100, 200])]);
  assert.equal(values, null);
  assert.match(texts[0] ?? "", /pass --started-at/);
});

test("captures with an order and no times cannot be joined", () => {
  assert.match(mib(moments([1, 2], START, false), [memory([100, 200])])[1][0] ?? "", /captures hold no times/);
});

test("a series without times, or with times from a start of its own, cannot be joined", () => {
  assert.match(mib(moments([5, 10]), [memory([100, 200], "none")])[1][0] ?? "", /holds no times/);
  assert.match(mib(moments([5, 10]), [memory([100, 200], "elapsed")])[1][0] ?? "", /from a start that it does not name/);
});

test("a series of another day is said to be one", () => {
  assert.match(mib(moments([5, 10], START + 86_400_000), [memory([100, 200])])[1][0] ?? "", /of another time/);
});

test("one capture without a clock takes the last reading", () => {
  assert.deepEqual(mib(moments([0], null), [memory([100, 200], "none")]), [[200], []]);
});

test("several processes in one file are not guessed among", () => {
  const [values, texts] = mib(moments([5, 10]), [memory([100, 200, 300], "zone", ["a", "b"])]);
  assert.equal(values, null);
  assert.match(texts[0] ?? "", /several processes or containers \(a, b\)/);
});

test("the process counts before its container", () => {
  const container = { ...memory([900, 900]), measures: "container" } as const;
  assert.deepEqual(mib(moments([0, 10]), [container, memory([100, 200])])[0], [100, 200]);
});

test("of two files the second fills what the first does not know", () => {
  const later = memory([1, 1, 1, 1, 1, 1, 1, 800]);
  assert.deepEqual(mib(moments([0, 70]), [memory([100, 200]), later])[0], [100, 800]);
});

test("of several consumer groups the one that was named counts, and none where none was", () => {
  const evidence = lag([5, 7, 6, 8], ["a", "b"]);
  assert.deepEqual([...(alignLag(moments([0, 10]), [evidence], "b", [])?.messages ?? [])], [7, 8]);
  const losses: Loss[] = [];
  assert.equal(alignLag(moments([0, 10]), [evidence], null, losses), null);
  assert.match(losses[0]?.text ?? "", /--set group.id=/);
});

test("a lag with unknown partitions is shown and bounds nothing", () => {
  const aligned = alignLag(moments([0, 10]), [lag([5, 6], ["g"], false)], null, []);
  assert.deepEqual([...(aligned?.messages ?? [])], [5, 6]);
  assert.deepEqual([...(aligned?.mostMessages ?? [])], [Number.NaN, Number.NaN]);
});
