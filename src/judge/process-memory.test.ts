/** Resident memory beside a capture, or instead of one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clients } from "../clients/index.ts";
import type { AllocatorEvidence, Evidence, MemoryEvidence, QueueEvidence } from "../evidence/evidence.ts";
import { memoryEvidence } from "../evidence/evidence-rows.ts";
import { sketch } from "../testing/sketch.ts";
import { type Circumstances, gatherFacts, NOTHING_TOLD, type ProcessFacts } from "./facts.ts";
import { judge } from "./judge.ts";
import type { Judgement } from "./judgement.ts";
import { residentAccount } from "./resident-account.ts";

const MIB = 2 ** 20;
const START = Date.UTC(2026, 10, 24, 12);

/** Readings every ten seconds. */
function memory(mib: readonly number[], limitMib: number | null = null): MemoryEvidence {
  const rows = mib.map((value, row) => ({
    time: { atMs: START + row * 10_000, clock: "zone" } as const,
    name: "1",
    residentBytes: value * MIB,
    heapBytes: Number.NaN,
  }));
  return memoryEvidence(rows, "rss.csv", [], { limitBytes: limitMib === null ? null : limitMib * MIB }) as MemoryEvidence;
}

/** A queue of 1000 B messages, one reading every ten seconds. */
function queue(messages: readonly number[]): QueueEvidence {
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

function judged(
  profile: Parameters<typeof gatherFacts>[0],
  evidence: readonly Evidence[],
  told: Partial<Circumstances> = {},
): readonly [Judgement, ProcessFacts] {
  const facts = gatherFacts(profile, clients, evidence, { ...NOTHING_TOLD, ...told });
  return [judge(facts), facts];
}

/** Four captures in two minutes of a heap that does not grow. */
const FLAT_HEAP = sketch(`
  at 0s   main > app_work > malloc ${20 * MIB}
  at 40s
  at 80s
  at 120s
`);
const RISING = [60, 66, 73, 80, 88, 95, 102, 110, 117, 124, 131, 139, 146];

test("the process grows between few captures, and its live heap does not: outside of the heap", () => {
  const [judgement, facts] = judged(FLAT_HEAP, [memory(RISING)], { startedAt: START });
  assert.equal(judgement.class, "outside-heap");
  assert.ok(judgement.because.some(({ code }) => code === "outside-growth"));
  assert.deepEqual(
    Array.from({ length: 5 }, (_, instant) => Math.round((facts.profile.instants.residentBytes[instant] ?? 0) / MIB)),
    [0, 60, 88, 117, 146],
  );
});

test("without the time when the capture began nothing is laid over it, and that is asked for", () => {
  const [judgement, facts] = judged(FLAT_HEAP, [memory(RISING)]);
  assert.notEqual(judgement.class, "outside-heap");
  assert.match(facts.losses.map(({ text }) => text).join(), /pass --started-at/);
  assert.ok(judgement.next.some(({ code }) => code === "say-started-at"));
});

test("a heap that grows with the process is not outside of it", () => {
  const growing = sketch(`
    at 0s   main > app_work > malloc ${20 * MIB}
    at 40s  main > app_work > malloc ${28 * MIB}
    at 80s  main > app_work > malloc ${29 * MIB}
    at 120s main > app_work > malloc ${29 * MIB}
  `);
  assert.notEqual(judged(growing, [memory(RISING)], { startedAt: START })[0].class, "outside-heap");
});

test("what the capture says of the resident memory counts before what was read beside it, and the rest is unexplained", () => {
  const [judgement, facts] = judged(FLAT_HEAP, [memory(RISING.map(() => 50))], { startedAt: START });
  const account = residentAccount(facts, facts.lastObserved);
  assert.deepEqual(account, { residentBytes: 50 * MIB, liveBytes: 20 * MIB, queueBytes: 0, unexplainedBytes: 30 * MIB });
  assert.ok(judgement.because.some(({ code }) => code === "resident"));
});

test("memory and statistics alone: a full queue explains the process", () => {
  const filled = [0, 20_000, 40_000, 60_000, 60_500, 60_200, 60_400, 60_300, 60_100, 60_500];
  const explained = filled.map((messages) => 10 + (messages * (1000 + 344)) / MIB);
  const [judgement, facts] = judged(null, [queue(filled), memory(explained)], { messageBytes: 1000 });
  assert.equal(judgement.class, "buffering");
  assert.ok(Math.abs((residentAccount(facts, facts.lastObserved)?.unexplainedBytes ?? 0) - 10 * MIB) < MIB);
});

test("memory and statistics alone: growth beside an empty queue is never called buffering, and nobody is accused by name", () => {
  const [judgement] = judged(null, [queue(RISING.map(() => 1000)), memory(RISING)], { messageBytes: 1000 });
  assert.equal(judgement.class, "inconclusive");
  assert.equal(judgement.summary.most, "leak");
  assert.ok(judgement.next.some(({ code }) => code === "capture-heap"));
});

test("the runtime's own metrics: the process grows and its heap does not, so it grows outside of the heap", () => {
  const withHeap = (heapMib: (row: number) => number): MemoryEvidence => {
    const series = memory(RISING);
    return { ...series, heapBytes: series.residentBytes.map((_, row) => heapMib(row) * MIB) };
  };
  assert.equal(judged(null, [withHeap((row) => 30 + (row % 2))])[0].class, "outside-heap");
  assert.notEqual(judged(null, [withHeap((row) => (RISING[row] ?? 0) - 20)])[0].class, "outside-heap");
});

test("memory alone that does not move is stable", () => {
  assert.equal(judged(null, [memory([80, 81, 80, 80, 81, 80, 81, 80, 80, 81])])[0].class, "stable");
});

test("the limit that the container's own metrics say is the memory limit", () => {
  const [judgement] = judged(null, [memory([80, 81, 80, 80], 512)]);
  assert.equal(judgement.limit?.limitBytes, 512 * MIB);
});

test("a report of an allocator alone decides nothing and is said", () => {
  const report: AllocatorEvidence = {
    kind: "allocator",
    allocator: "glibc",
    atMs: Number.NaN,
    totalBytes: 40 * MIB,
    inUseBytes: 10 * MIB,
    keptBytes: 30 * MIB,
    parts: [{ name: "free in arenas", bytes: 30 * MIB, growthBytes: null }],
    from: "malloc.xml",
    losses: [],
  };
  const [judgement] = judged(null, [report]);
  assert.equal(judgement.class, "inconclusive");
  assert.ok(judgement.confidence <= 0.5);
  assert.ok(judgement.because.some(({ code }) => code === "allocator-glibc-keeps"));
});

/** A report of malloc_info. */
function malloc(inUseMib: number, keptMib: number): AllocatorEvidence {
  return {
    kind: "allocator",
    allocator: "glibc",
    atMs: Number.NaN,
    totalBytes: (inUseMib + keptMib) * MIB,
    inUseBytes: inUseMib * MIB,
    keptBytes: keptMib * MIB,
    parts: [],
    from: "malloc.xml",
    losses: [],
  };
}

test("two reports of an allocator that keeps what it took show growth outside of a heap that is quiet", () => {
  const [judgement] = judged(FLAT_HEAP, [malloc(20, 4), malloc(20, 90)]);
  assert.equal(judgement.class, "outside-heap");
  const grown = judgement.because.find(({ code }) => code === "allocator-growth-kept");
  assert.equal(grown?.figures["outsideBytes"], 86 * MIB);
  assert.ok((grown?.logBayesFactor ?? 0) > 2.5);
});

test("what the allocator handed out and the capture does not see is outside of it as well, and less sure", () => {
  const kept = judged(FLAT_HEAP, [malloc(20, 4), malloc(20, 90)])[0].probabilities["outside-heap"];
  const [judgement] = judged(FLAT_HEAP, [malloc(20, 4), malloc(104, 6)]);
  assert.equal(judgement.class, "outside-heap");
  assert.ok(judgement.probabilities["outside-heap"] < kept - 0.05);
});

test("a JVM that grows beside its heap grows outside of it", () => {
  const part = (name: string, mib: number, grown: number) => ({ name, bytes: mib * MIB, growthBytes: grown * MIB });
  const diff: AllocatorEvidence = {
    ...malloc(400, 0),
    allocator: "jvm",
    parts: [part("Java Heap", 250, 0), part("Other", 120, 100), part("Thread", 30, 2)],
  };
  const [judgement] = judged(FLAT_HEAP, [diff]);
  assert.equal(judgement.class, "outside-heap");
  assert.equal(judgement.because.find(({ code }) => code === "allocator-growth-jvm")?.figures["outsideBytes"], 102 * MIB);
});

test("a profiler that came late sees nothing of what was there, but the growth that it follows is a leak all the same", () => {
  const late = (kept: number): Parameters<typeof gatherFacts>[0] =>
    sketch(
      [0, 40, 80, 120].map((second) => `at ${second}s  main > processEachMessage > makeInvoice  +${second === 0 ? 1 : kept}`).join("\n"),
      { attached: true },
    );
  const resident = Array.from({ length: 13 }, (_, reading) => 300 + 6 * reading);
  const [follows] = judged(late(24 * MIB), [memory(resident)], { startedAt: START });
  assert.deepEqual([follows.class, follows.party], ["leak", "app"]);
  const [misses] = judged(late(2 * MIB), [memory(resident)], { startedAt: START });
  assert.equal(misses.class, "inconclusive");
  assert.ok(misses.because.some(({ code }) => code === "attached-late"));
});
