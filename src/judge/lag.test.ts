/** What the consumer lag says of a queue, drawn in MiB. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { randomFrom } from "../base/statistics.ts";
import { scenarios } from "../testing/scenarios.ts";
import { simulate } from "../testing/simulate.ts";
import type { GroupFacts } from "./group-facts.ts";
import { ShapeFitter } from "./shapes.ts";
import { type GroupVerdict, weighGroup } from "./weigh-group.ts";

const MIB = 2 ** 20;

/** Memory for fetched messages and what the lag allows, one value a minute. */
function verdictOf(liveMib: readonly number[], lagMib: readonly number[] | null, ceilingMib: number | null = null): GroupVerdict {
  const mostBytes = Float64Array.from(lagMib ?? [], (mib) => mib * MIB);
  const facts: GroupFacts = {
    kind: "fetch",
    elapsedMs: Float64Array.from(liveMib, (_, minute) => minute * 60_000),
    liveBytes: Float64Array.from(liveMib, (mib) => mib * MIB),
    varianceBytes2: new Float64Array(liveMib.length),
    sampled: false,
    survivingSamples: null,
    ceiling: ceilingMib === null ? null : { bytes: ceilingMib * MIB, highBytes: ceilingMib * MIB, sdShare: 0.2 },
    queue: null,
    ages: null,
    ...(lagMib === null ? {} : { lag: { mostBytes, messages: mostBytes.map((bytes) => bytes / 1300) } }),
    operationalClock: null,
    retention: null,
  };
  return weighGroup(facts);
}

const codeOf = (verdict: GroupVerdict): string | undefined => verdict.weighed.find(({ id }) => id === "lag")?.code;

const RISE = [2, 10, 19, 31, 40, 48, 61, 70, 79, 90];
const NO_LAG = RISE.map(() => 0.1);

test("memory for fetched messages that grows while the consumer keeps up is kept by somebody", () => {
  const without = verdictOf(RISE, null);
  const verdict = verdictOf(RISE, NO_LAG);
  assert.equal(codeOf(verdict), "lag-does-not-explain");
  assert.ok(without.class === "inconclusive" && verdict.class === "leak", `${without.class}, ${verdict.class}`);
  assert.ok(verdict.probabilities.leak <= 0.85, "the lag alone never makes it certain");
});

test("memory that follows the lag up and down is buffering", () => {
  const up = [2, 20, 42, 60, 81, 62, 40, 21, 3, 2];
  const verdict = verdictOf(
    up,
    up.map((mib) => mib * 1.02),
    200,
  );
  assert.equal(codeOf(verdict), "lag-explains");
  assert.equal(verdict.class, "buffering");
});

test("a queue smaller than the lag allows is not accused: committed offsets trail", () => {
  const verdict = verdictOf([2, 10, 20, 30, 30, 31, 30, 30], [40, 45, 50, 44, 46, 50, 45, 48], 200);
  assert.notEqual(codeOf(verdict), "lag-does-not-explain");
  assert.notEqual(verdict.class, "leak");
});

test("a lag above what the queue may hold says nothing", () => {
  const with500 = verdictOf(
    RISE,
    RISE.map(() => 500),
    100,
  );
  assert.equal(codeOf(with500), "lag-allows-more");
  assert.deepEqual(with500.probabilities, verdictOf(RISE, null, 100).probabilities);
});

test("without a lag the weight is not asked", () => {
  assert.equal(codeOf(verdictOf(RISE, null)), undefined);
});

/** Simulated captures with nothing but their course and a lag: what is queued, off by a tenth, and what was not committed yet. */
function unboundedOf(id: string, repeats: number): readonly number[] {
  const scenario = scenarios.find((candidate) => candidate.id === id);
  assert.ok(scenario !== undefined);
  const random = randomFrom(7);
  return Array.from({ length: repeats }, (_, repeat) => {
    const { facts } = simulate(scenario, { instants: 8, seed: 4_200_000 + repeat });
    const bias = 0.85 + 0.3 * random.uniform();
    const trail = 0.1 * random.uniform() * Math.max(...facts.liveBytes);
    const mostBytes = (facts.queue?.expectedBytes ?? new Float64Array(8)).map((bytes) => bias * bytes + trail * random.uniform());
    const lag = { mostBytes, messages: mostBytes.map((bytes) => bytes / 1300) };
    return weighGroup({ ...facts, queue: null, ceiling: null, ages: null, lag }, new ShapeFitter()).unboundedProbability;
  });
}

test("of simulated queues none is called a leak for its lag, and kept messages are found by it", () => {
  for (const id of ["fill-cut", "fill-late", "per-partition", "follow-lag"]) {
    assert.deepEqual(
      unboundedOf(id, 12).filter((probability) => probability >= 0.7),
      [],
      id,
    );
  }
  const found = unboundedOf("retained-kafka", 12).filter((probability) => probability >= 0.7).length;
  assert.ok(found >= 8, `${found} of 12`);
});
