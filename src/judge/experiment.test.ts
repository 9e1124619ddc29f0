/** Experiments that decide: what a drained or a halved queue leaves of the memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { clients } from "../clients/index.ts";
import type { Evidence, QueueEvidence } from "../evidence/evidence.ts";
import { memoryEvidence } from "../evidence/evidence-rows.ts";
import type { Profile } from "../model/profile.ts";
import { sketch } from "../testing/sketch.ts";
import { withExperiment } from "./experiment.ts";
import { type Circumstances, gatherFacts, NOTHING_TOLD } from "./facts.ts";
import type { ExperimentFacts, ExperimentKind, GroupFacts, GroupKind } from "./group-facts.ts";
import { judge } from "./judge.ts";
import type { Judgement } from "./judgement.ts";
import { weighGroup } from "./weigh-group.ts";

const MIB = 2 ** 20;
const START = Date.UTC(2026, 10, 24, 12);

/** A heap of fetched messages, one level every ten seconds. */
function heap(mib: readonly number[]): Profile {
  const lines = mib.map((level, row) => {
    const change = Math.round((level - (mib[row - 1] ?? 0)) * MIB);
    return `at ${row * 10}s  rd_kafka_thread_main > rd_kafka_transport_io_serve > rd_kafka_recv > rd_kafka_buf_new0 > rd_buf_write_ensure > rd_buf_alloc_segment0 > malloc  ${change}`;
  });
  return sketch(lines.join("\n"));
}

/** One emission every ten seconds, messages of 1000 B. */
function statistics(messages: readonly number[]): QueueEvidence {
  const column = (value: (row: number) => number): Float64Array => Float64Array.from(messages, (_, row) => value(row));
  return {
    kind: "queue",
    role: "consumer",
    instances: ["c"],
    length: messages.length,
    atMs: column((row) => START + row * 10_000),
    instance: new Uint32Array(messages.length),
    messages: Float64Array.from(messages),
    bytes: Float64Array.from(messages, (count) => count * 1000),
    receivedMessages: column(() => 0),
    lag: column(() => -1),
    partitions: 1,
    brokers: 1,
    meanMessageBytes: 1000,
    split: false,
    from: "stats.jsonl",
    losses: [],
  };
}

function resident(mib: readonly number[]): Evidence {
  const rows = mib.map((value, row) => ({
    time: { atMs: START + row * 10_000, clock: "zone" } as const,
    name: "1",
    residentBytes: value * MIB,
    heapBytes: Number.NaN,
  }));
  return memoryEvidence(rows, "rss.csv", []) as Evidence;
}

interface Half {
  readonly profile?: Profile;
  readonly evidence?: readonly Evidence[];
}

function judged(kind: ExperimentKind, before: Half, after: Half, told: Partial<Circumstances> = {}): Judgement {
  const [first, second] = [before, after].map(({ profile, evidence }) =>
    gatherFacts(profile ?? null, clients, evidence ?? [], { ...NOTHING_TOLD, client: "librdkafka", ...told }),
  ) as [ReturnType<typeof gatherFacts>, ReturnType<typeof gatherFacts>];
  return judge(withExperiment(first, second, kind));
}

const codes = ({ because }: Judgement): readonly string[] =>
  because.map(({ code }) => code).filter((code) => code.startsWith("experiment"));

const FULL = [2, 60, 80, 81, 80, 81];

test("a heap that falls with the lag is a queue, and that the lag was gone is said to be assumed", () => {
  const judgement = judged("drain", { profile: heap(FULL) }, { profile: heap([3, 2]) });
  assert.equal(judgement.class, "buffering");
  assert.equal(judgement.grade, "B");
  assert.deepEqual(codes(judgement), ["experiment:drained", "experiment-drain-assumed"]);
});

test("a heap that stays when the lag is gone is kept by the application, although it looked like a full queue", () => {
  const alone = judge(gatherFacts(heap(FULL), clients, [], { ...NOTHING_TOLD, client: "librdkafka" }));
  assert.equal(alone.class, "buffering");
  const after = { profile: heap([120, 121]), evidence: [statistics([0, 0])] };
  const judgement = judged("drain", { profile: heap(FULL), evidence: [statistics([0, 50_000])] }, after);
  assert.equal(judgement.class, "leak");
  assert.equal(judgement.party, "app-retained");
  assert.equal(judgement.grade, "A");
  assert.deepEqual(codes(judgement), ["experiment:not-drained", "experiment-drain-checked"]);
});

test("a second half in which the consumer is still behind accuses nobody", () => {
  const before = { profile: heap(FULL), evidence: [statistics([0, 50_000])] };
  const judgement = judged("drain", before, { profile: heap([80, 80]), evidence: [statistics([48_000, 49_000])] });
  assert.equal(judgement.class, "buffering");
  assert.deepEqual(codes(judgement), ["experiment:drain-not-done"]);
});

test("half the queue halves what is buffered", () => {
  const settings = new Map([["queued.max.messages.kbytes", "65536"]]);
  const judgement = judged("halve-queue", { profile: heap(FULL) }, { profile: heap([2, 35, 41, 40, 41, 40]) }, { settings });
  assert.equal(judgement.class, "buffering");
  assert.deepEqual(codes(judgement), ["experiment:halved", "experiment-halve-queue-assumed"]);
});

test("a level that does not follow the setting is no queue", () => {
  const judgement = judged("halve-queue", { profile: heap(FULL) }, { profile: heap([2, 62, 81, 80, 82, 81]) });
  assert.ok(judgement.probabilities.leak > 0.5, JSON.stringify(judgement.probabilities));
  assert.equal(codes(judgement)[0], "experiment:not-halved");
});

test("runs of different length are compared at the moment that both reach", () => {
  const line = [2, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200];
  const judgement = judged("halve-queue", { profile: heap(line) }, { profile: heap(line.slice(0, 8)) });
  const found = judgement.because.find(({ code }) => code.startsWith("experiment:"));
  assert.equal(found?.code, "experiment:not-halved");
  assert.equal(Math.round((found?.figures["beforeBytes"] ?? 0) / MIB), Math.round((found?.figures["afterBytes"] ?? 0) / MIB));
});

test("a queue that was not full cannot show that it was halved", () => {
  const settings = new Map([["queued.max.messages.kbytes", "65536"]]);
  const filling = [2, 6, 10, 14, 18, 22];
  const judgement = judged("halve-queue", { profile: heap(filling) }, { profile: heap(filling) }, { settings });
  assert.deepEqual(codes(judgement), ["experiment:halve-tells-nothing"]);
});

test("resident memory that stays is what an allocator may keep: it acquits when it falls and hardly accuses", () => {
  const before = { evidence: [resident([20, 60, 100, 101, 100, 101])] };
  const stays = judged("drain", before, { evidence: [resident([101, 100])] });
  assert.equal(stays.class, "inconclusive");
  assert.ok(stays.probabilities.leak < 0.5);
  assert.equal(codes(stays)[0], "experiment:drain-undecided");
  const falls = judged("drain", before, { evidence: [resident([24, 22])] });
  assert.equal(codes(falls)[0], "experiment:drained");
  assert.ok(falls.probabilities.leak < 0.05);
});

test("statistics drain, whatever leaks beside them: the resident memory answers", () => {
  const before = { evidence: [resident([20, 60, 92, 92, 92, 92]), statistics([0, 30_000, 45_000, 45_000, 45_000, 45_000])] };
  const judgement = judged("drain", before, { evidence: [resident([225, 227]), statistics([0, 0])] });
  assert.equal(judgement.class, "leak");
  assert.equal(codes(judgement)[0], "experiment:not-drained");
  const alone = withExperiment(
    gatherFacts(null, clients, [statistics([0, 45_000])], NOTHING_TOLD),
    gatherFacts(null, clients, [statistics([0, 0])], NOTHING_TOLD),
    "drain",
  );
  assert.ok(alone.losses.some(({ text }) => text.includes("statistics alone drain")));
});

test("halves of different kinds are refused", () => {
  assert.throws(
    () => judged("drain", { profile: heap(FULL) }, { evidence: [resident([20, 20])] }),
    (error: unknown) => error instanceof Failure && error.code === "mixed-captures",
  );
});

/** A group of the application at a level, with an experiment. */
function group(kind: GroupKind, experiment: Partial<ExperimentFacts>): GroupFacts {
  const liveMib = [10, 22, 29, 41, 50, 59, 71, 80];
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
    experiment: {
      kind: "drain",
      beforeBytes: 80 * MIB,
      afterBytes: 80 * MIB,
      baseBytes: 10 * MIB,
      isDone: true,
      queueShare: 0,
      wasFull: true,
      queuedBytes: null,
      queuedAfterBytes: null,
      isResident: false,
      ...experiment,
    },
  };
}

test("memory of the application that drains with the lag is a backlog and no leak; what stays is none", () => {
  const falls = weighGroup(group("app", { afterBytes: 12 * MIB }));
  assert.equal(falls.class, "backlog");
  const stays = weighGroup(group("app", {}));
  assert.equal(stays.class, "leak");
});

test("the setting of the client says nothing of what the application holds", () => {
  const verdict = weighGroup(group("app", { kind: "halve-queue" }));
  assert.equal(
    verdict.weighed.find(({ id }) => id === "experiment"),
    undefined,
  );
});
