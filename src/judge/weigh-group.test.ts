import assert from "node:assert/strict";
import { test } from "node:test";
import { scenarios } from "../testing/scenarios.ts";
import { judgeAll, type Outcome, score } from "../testing/score.ts";
import { simulate } from "../testing/simulate.ts";
import { type AgeFacts, GROUP_CLASSES, type GroupFacts, type GroupKind } from "./group-facts.ts";
import { ShapeFitter } from "./shapes.ts";
import { evidenceGrade, type GroupVerdict, priorOf, weighGroup } from "./weigh-group.ts";

const MIB = 2 ** 20;

/** A group drawn as its live MiB, one value a minute. */
function group(kind: GroupKind, liveMib: readonly number[], facts: Partial<GroupFacts> = {}): GroupFacts {
  return {
    kind,
    elapsedMs: Float64Array.from(liveMib, (_, minute) => minute * 60_000),
    liveBytes: Float64Array.from(liveMib, (mib) => mib * MIB),
    varianceBytes2: new Float64Array(liveMib.length),
    sampled: false,
    survivingSamples: null,
    ceiling: null,
    queue: null,
    ages: null,
    operationalClock: null,
    retention: null,
    ...facts,
  };
}

const ceiling = (mib: number, sdShare = 0.2): Pick<GroupFacts, "ceiling"> => ({
  ceiling: { bytes: mib * MIB, highBytes: 1.15 * mib * MIB, sdShare },
});
const queue = (mib: readonly number[]): Pick<GroupFacts, "queue"> => ({
  queue: { expectedBytes: Float64Array.from(mib, (value) => value * MIB) },
});

/** Twelve slices of 10 MiB each, of which these shares survive. */
function ages(survivingShares: readonly number[], trustworthy = true): { readonly ages: AgeFacts } {
  const bornBytes = new Float64Array(12).fill(10 * MIB);
  const liveBytes = bornBytes.map((born, slice) => born * (survivingShares[slice] ?? 0));
  return { ages: { bornBytes, liveBytes, grownBytes: liveBytes.reduce((sum, live) => sum + live, 0), trustworthy } };
}
const EDGE = [0, 0, 0, 0, 0, 0, 0, 0.44, 0.98, 0.98, 0.98, 0.98];
const FLAT_TAIL = [0.3, 0.28, 0.31, 0.3, 0.29, 0.33, 0.3, 0.3, 0.31, 0.3, 0.4, 0.98];

const PLATEAU = [5, 20, 38, 50, 51, 50, 51, 50];
const LINE = [10, 21, 29, 41, 50, 59, 71, 80];
const FLAT = [40, 41, 40, 40, 41, 40, 40, 41];

const codeOf = (verdict: GroupVerdict, id: string): string | undefined => verdict.weighed.find((weighed) => weighed.id === id)?.code;

test("a queue that filled and stays at its ceiling is buffering", () => {
  const verdict = weighGroup(group("fetch", PLATEAU, ceiling(50)));
  assert.equal(verdict.class, "buffering");
  assert.equal(verdict.grade, "B");
  assert.equal(codeOf(verdict, "shape"), "hinge");
  assert.equal(codeOf(verdict, "ceiling"), "at-ceiling");
  assert.deepEqual(verdict.missing, [
    { id: "queue-accounting", missing: "statistics" },
    { id: "survivor-ages", missing: "ages" },
  ]);
});

test("a line through one and a half times the ceiling is no buffering", () => {
  const verdict = weighGroup(group("fetch", LINE, ceiling(53)));
  assert.ok(verdict.probabilities.buffering < 0.1, JSON.stringify(verdict.probabilities));
  assert.equal(verdict.class, "leak");
  assert.equal(codeOf(verdict, "ceiling"), "above-ceiling");
});

test("the same line under the ceiling cannot be told from filling, and nobody is accused", () => {
  const verdict = weighGroup(group("fetch", LINE, ceiling(120)));
  assert.ok(verdict.unboundedProbability > 0.3 && verdict.unboundedProbability < 0.7, JSON.stringify(verdict.probabilities));
  assert.equal(verdict.class, "inconclusive");
});

test("memory that does not grow is stable", () => {
  for (const kind of ["app", "client-other", "runtime", "unknown"] as const)
    assert.equal(weighGroup(group(kind, FLAT)).class, "stable", kind);
});

test("growth that the client's statistics explain is buffering, above a wrong ceiling too", () => {
  for (const declared of [100, 53]) {
    const verdict = weighGroup(group("fetch", LINE, { ...ceiling(declared), ...queue(LINE.map((mib) => mib - 1)) }));
    assert.equal(codeOf(verdict, "queue-accounting"), "queue-explains");
    assert.ok(verdict.unboundedProbability < 0.7, `ceiling ${declared}: ${JSON.stringify(verdict.probabilities)}`);
  }
});

test("growth that the client's statistics do not explain is a leak, under the ceiling too", () => {
  const verdict = weighGroup(group("fetch", LINE, { ...ceiling(100), ...queue([8, 12, 11, 12, 11, 12, 11, 12]) }));
  assert.equal(verdict.class, "leak");
  assert.equal(codeOf(verdict, "queue-accounting"), "queue-does-not-explain");
  const strongest = verdict.weighed.reduce((best, next) => (next.logBayesFactor > best.logBayesFactor ? next : best));
  assert.equal(strongest.id, "queue-accounting");
});

test("survivors of every age are a leak, only young ones are a queue", () => {
  const leak = weighGroup(group("app", LINE, ages(FLAT_TAIL)));
  assert.equal(leak.class, "leak");
  assert.equal(codeOf(leak, "survivor-ages"), "flat-tail");
  const buffer = weighGroup(group("fetch", PLATEAU, { ...ceiling(50), ...ages(EDGE) }));
  assert.equal(buffer.class, "buffering");
  assert.equal(codeOf(buffer, "survivor-ages"), "nothing-old");
  assert.equal(buffer.grade, "A");
});

test("ages that were guessed among equal sizes are not believed", () => {
  const verdict = weighGroup(group("app", LINE, ages(EDGE, false)));
  assert.equal(codeOf(verdict, "survivor-ages"), undefined);
  assert.ok(verdict.missing.some(({ missing }) => missing === "ages"));
});

test("one jump between two levels is a step", () => {
  const verdict = weighGroup(group("app", [40, 41, 40, 40, 70, 71, 70, 70]));
  assert.equal(verdict.class, "step");
  const shape = verdict.weighed.find(({ id }) => id === "shape");
  assert.equal(shape?.figures["turnShare"], 0.5);
});

test("a queue that was drained is buffering", () => {
  const verdict = weighGroup(group("fetch", [3, 30, 50, 51, 50, 40, 22, 6], ceiling(50)));
  assert.equal(verdict.class, "buffering");
  assert.equal(codeOf(verdict, "shape"), "drain");
});

test("growth that slows down is a warm-up", () => {
  assert.equal(weighGroup(group("app", [10, 40, 55, 62, 66, 67, 68, 68])).class, "warm-up");
});

test("with the shape alone a queue is never called a leak", () => {
  const verdict = weighGroup(group("fetch", LINE));
  assert.equal(verdict.grade, "D");
  assert.ok(verdict.probabilities.leak <= 0.69);
  assert.equal(verdict.class, "inconclusive");
});

test("memory that grows with the load is no leak once the work is known", () => {
  // the load doubles and comes back; the memory is what is in flight
  const load = [10, 12, 15, 19, 21, 20, 16, 11];
  const messages = load.map((_, minute) => load.slice(0, minute + 1).reduce((sum, rate) => sum + rate, 0));
  const leakPerMessage = group(
    "app",
    messages.map((count) => 10 + count / 2),
  );
  const byTime = weighGroup(leakPerMessage);
  const byWork = weighGroup({ ...leakPerMessage, operationalClock: Float64Array.from(messages) });
  assert.equal(byWork.class, "leak");
  assert.equal(codeOf(byWork, "operational-clock"), "line");
  assert.ok(byWork.probabilities.leak >= byTime.probabilities.leak);
});

test("fewer than nine sampled survivors name no leak, they ask for more samples", () => {
  const sampled = { sampled: true, varianceBytes2: Float64Array.from(LINE, (mib) => mib * MIB * 0.1 * MIB), ...ages(FLAT_TAIL) };
  const few = weighGroup(group("app", LINE, { ...sampled, survivingSamples: 8 }));
  assert.equal(few.class, "inconclusive");
  assert.deepEqual(few.unmet, ["too-few-samples"]);
  assert.ok(few.missing.some(({ missing }) => missing === "samples"));
  assert.equal(weighGroup(group("app", LINE, { ...sampled, survivingSamples: 9 })).class, "leak");
});

test("two snapshots are enough to ask, seldom to name", () => {
  for (const kind of ["fetch", "app"] as const) {
    const verdict = weighGroup(group(kind, [20, 40], kind === "fetch" ? ceiling(60) : {}));
    assert.ok(Object.values(verdict.probabilities).every(Number.isFinite));
    assert.notEqual(verdict.class, "leak");
  }
});

test("one snapshot far above its ceiling, with a gap to the statistics, speaks of a leak; one at the ceiling does not", () => {
  const above = weighGroup(group("fetch", [150], { ...ceiling(50), ...queue([45]) }));
  assert.equal(above.class, "leak");
  assert.equal(codeOf(above, "single-instant"), "above-ceiling");
  const full = weighGroup(group("fetch", [50], { ...ceiling(50), ...queue([48]) }));
  assert.ok(full.unboundedProbability < 0.1);
  assert.equal(full.class, "buffering");
  const unknown = weighGroup(group("app", [150]));
  assert.equal(unknown.class, "inconclusive");
  assert.ok(unknown.missing.some(({ missing }) => missing === "series"));
});

test("groups without memory, or with a clock that stands still, are judged without complaint", () => {
  const empty = weighGroup(group("app", [0, 0, 0]));
  assert.ok(Object.values(empty.probabilities).every(Number.isFinite));
  const still = weighGroup({ ...group("fetch", LINE, ceiling(50)), elapsedMs: new Float64Array(LINE.length) });
  assert.ok(Object.values(still.probabilities).every(Number.isFinite));
});

test("probabilities sum up to one, and the weights and priors to the odds", () => {
  const verdict = weighGroup(group("fetch", PLATEAU, { ...ceiling(50), ...queue(PLATEAU), ...ages(EDGE) }));
  const { likeliest, rival, probabilities } = verdict;
  assert.ok(Math.abs(Object.values(probabilities).reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
  const prior = Math.log(priorOf("fetch", likeliest) / priorOf("fetch", rival));
  const odds = verdict.weighed.reduce((sum, { logBayesFactor }) => sum + logBayesFactor, prior);
  assert.ok(Math.abs(odds - Math.log(probabilities[likeliest] / probabilities[rival])) < 1e-6);
});

test("the priors of every kind of group are a distribution", () => {
  for (const kind of ["fetch", "producer", "client-other", "app", "runtime", "unknown"] as const) {
    const sum = GROUP_CLASSES.reduce((total, name) => total + priorOf(kind, name), 0);
    assert.ok(Math.abs(sum - 1) < 1e-9, kind);
  }
});

test("evidence is graded by what it can carry", () => {
  const grade = (kind: GroupKind, facts: Partial<GroupFacts>): string => evidenceGrade(group(kind, LINE, facts));
  assert.equal(grade("fetch", { ...queue(LINE), ...ages(EDGE) }), "A");
  assert.equal(grade("fetch", { ...ceiling(50, 0.4), ...ages(EDGE) }), "A");
  assert.equal(grade("fetch", { ...ceiling(50, 0.4), ...ages(EDGE), sampled: true }), "C");
  assert.equal(grade("fetch", ceiling(50)), "B");
  assert.equal(grade("fetch", ceiling(50, 0.4)), "C");
  assert.equal(grade("fetch", {}), "D");
  assert.equal(grade("app", ages(EDGE)), "B");
});

test("series on one grid of times share their work and get the same answer as alone", () => {
  const fitter = new ShapeFitter();
  weighGroup(group("app", FLAT), fitter);
  assert.deepEqual(weighGroup(group("fetch", LINE, ceiling(53)), fitter), weighGroup(group("fetch", LINE, ceiling(53))));
});

/** 24 minutes of 50 MiB, with 4 MiB more from each of these minutes on. */
const lostAt = (minutes: readonly number[]): readonly number[] =>
  Array.from({ length: 24 }, (_, minute) => 50 + 0.4 * Math.sin(minute * 2.1) + 4 * minutes.filter((when) => when <= minute).length);
const counted = (minutes: readonly number[]): Pick<GroupFacts, "events"> => ({
  events: [
    {
      what: "rebalances",
      counts: Float64Array.from({ length: 24 }, (_, minute) => minutes.filter((when) => when <= minute).length),
    },
  ],
});

test("memory of the application that comes and goes with the lag is a backlog and no leak", () => {
  const lag = [0, 5, 12, 20, 30, 38, 45, 50, 34, 18, 24, 40, 58, 70, 76, 80].map((thousand) => thousand * 1000);
  const held = lag.map((messages, row) => 20 + messages / 1000 + (row % 3) * 0.4);
  const without = weighGroup(group("app", held));
  const verdict = weighGroup(group("app", held, { lagMessages: Float64Array.from(lag) }));
  assert.equal(codeOf(verdict, "follows-lag"), "comes-and-goes");
  assert.ok(verdict.probabilities.leak < without.probabilities.leak / 3, `${without.probabilities.leak} ${verdict.probabilities.leak}`);
});

test("a lag that only grows says nothing of what grows beside it", () => {
  const lagMessages = Float64Array.from(LINE, (mib) => mib * 1000);
  assert.equal(codeOf(weighGroup(group("app", LINE, { lagMessages })), "follows-lag"), undefined);
});

test("memory that is lost at every rebalance is a leak, whenever they happen", () => {
  const storms = [3, 4, 5, 14, 15, 22];
  const without = weighGroup(group("app", lostAt(storms)));
  const verdict = weighGroup(group("app", lostAt(storms), counted(storms)));
  assert.equal(verdict.class, "leak");
  assert.ok(verdict.unboundedProbability > without.unboundedProbability + 0.2, `${without.unboundedProbability}`);
  assert.equal(codeOf(verdict, "growth-events"), "rebalances");
});

test("rebalances at other moments than the growth do not accuse", () => {
  const at = [2, 5, 6, 7];
  const without = weighGroup(group("app", lostAt(at)));
  const verdict = weighGroup(group("app", lostAt(at), counted([11, 15, 18, 21])));
  assert.ok(verdict.unboundedProbability <= without.unboundedProbability + 0.01);
});

test("one or two events are steps, which say nothing of a leak", () => {
  assert.equal(codeOf(weighGroup(group("app", lostAt([5, 20]), counted([5, 20]))), "growth-events"), undefined);
});

test("simulated captures repeat for a seed, and their ages and sizes tell one story", () => {
  for (const scenario of scenarios) {
    const { facts } = simulate(scenario, { instants: 6, seed: 2 }); // even: exact
    assert.deepEqual(simulate(scenario, { instants: 6, seed: 2 }).facts, facts);
    const survivors = facts.ages?.liveBytes.reduce((sum, bytes) => sum + bytes, 0) ?? 0;
    const live = facts.liveBytes.at(-1) ?? 0;
    assert.ok(survivors <= live * (1 + 1e-9), `${scenario.id}: more survivors than live bytes`);
    facts.ages?.liveBytes.forEach((bytes, slice) => {
      assert.ok(bytes <= (facts.ages?.bornBytes[slice] ?? 0) * (1 + 1e-9), `${scenario.id}: more survivors than births`);
    });
  }
});

// growth.md section 6.8, on 37 scenarios x 30 captures x 3 lengths for each seed; what was held out of tuning may be worse
for (const seed of [11, 77]) {
  test(`with all evidence, simulated buffering is hardly ever called a leak and probabilities mean what they say (seed ${seed})`, () => {
    const outcomes = [5, 8, 20].flatMap((instants): readonly Outcome[] => judgeAll(30, "all", { instants, seed }));
    const result = score(outcomes);
    const figures = JSON.stringify(result);
    assert.ok(result.falseOnBufferingShare <= 0.01, `buffering called a leak: ${figures}`);
    assert.ok(result.namedLeakOnBufferingShare <= 0.01, `buffering named a leak: ${figures}`);
    assert.ok(result.falseOnBoundedShare <= 0.04, `bounded memory called a leak: ${figures}`);
    assert.ok(result.missedRetainedShare <= 0.04, `messages kept by the application missed: ${figures}`);
    assert.ok(result.missedShare <= 0.13, `growth without end missed: ${figures}`);
    assert.ok(result.calibrationError <= 0.04, `calibration: ${figures}`);
    const tuned = score(outcomes.filter(({ scenario }) => !scenario.isHeldOut));
    assert.ok(tuned.calibrationError <= 0.03, `calibration without what was held out: ${JSON.stringify(tuned)}`);
  });
}

test("with the shape alone the judge abstains instead of accusing a queue", () => {
  const result = score(judgeAll(25, "shape only", { instants: 8, seed: 11 }));
  assert.ok(result.falseOnBufferingShare <= 0.015, JSON.stringify(result));
  assert.equal(result.namedLeakOnBufferingShare, 0);
});
