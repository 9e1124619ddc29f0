/** A few captures and the memory of the process between them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MemoryEvidence } from "../evidence/evidence.ts";
import { denserCourse } from "./denser-course.ts";
import type { GroupFacts } from "./group-facts.ts";

const MIB = 1024 ** 2;
const START = 1.8e12;

const facts: GroupFacts = {
  kind: "app",
  elapsedMs: Float64Array.of(0, 20_000),
  liveBytes: Float64Array.of(10 * MIB, 50 * MIB),
  varianceBytes2: Float64Array.of(0, 0),
  sampled: false,
  survivingSamples: null,
  ceiling: null,
  queue: null,
  ages: null,
  operationalClock: null,
  retention: null,
};

/** One reading a second of a process that is 30 MiB larger than the group. */
function memory(levelAt: (second: number) => number): MemoryEvidence {
  const seconds = Array.from({ length: 21 }, (_, second) => second);
  return {
    kind: "memory",
    measures: "process",
    names: [""],
    length: seconds.length,
    atMs: Float64Array.from(seconds, (second) => START + second * 1000),
    name: new Uint32Array(seconds.length),
    residentBytes: Float64Array.from(seconds, (second) => (30 + levelAt(second)) * MIB),
    heapBytes: new Float64Array(seconds.length).fill(Number.NaN),
    limitBytes: null,
    clock: "zone",
    from: "x",
    losses: [],
  };
}

test("the course between the captures is that of the process, and at the captures that of the captures", () => {
  const steps = denserCourse(facts, 40 * MIB, START, [memory((second) => (second < 10 ? 10 : 50))]);
  assert.equal(steps?.liveBytes.length, 21);
  assert.deepEqual(
    [0, 9, 10, 20].map((row) => Math.round((steps?.liveBytes[row] ?? 0) / MIB)),
    [10, 10, 50, 50],
  );
});

test("nothing is made of a group that is not nearly all of the growth, of another process, or of a queue", () => {
  const line = memory((second) => 10 + 2 * second);
  assert.equal(denserCourse(facts, 80 * MIB, START, [line]), null);
  assert.equal(denserCourse(facts, 40 * MIB, START, [memory((second) => 10 + 9 * second)]), null);
  assert.equal(denserCourse({ ...facts, kind: "fetch" }, 40 * MIB, START, [line]), null);
  assert.equal(denserCourse(facts, 40 * MIB, null, [line]), null);
  assert.notEqual(denserCourse(facts, 40 * MIB, START, [line]), null);
});
