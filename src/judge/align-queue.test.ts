import assert from "node:assert/strict";
import { test } from "node:test";
import type { Loss } from "../base/failure.ts";
import { clients } from "../clients/index.ts";
import type { QueueEvidence } from "../evidence/evidence.ts";
import { sketch } from "../testing/sketch.ts";
import { alignQueue } from "./align-queue.ts";
import { gatherFacts, NOTHING_TOLD } from "./facts.ts";

const START = Date.UTC(2026, 0, 1);

/** One emission a second: `[second, instance, messages]`. */
function queue(rows: readonly (readonly [number, number, number])[]): QueueEvidence {
  const column = (pick: (row: readonly [number, number, number]) => number): Float64Array => Float64Array.from(rows, pick);
  return {
    kind: "queue",
    role: "consumer",
    instances: [...new Set(rows.map(([, instance]) => `consumer-${instance}`))],
    length: rows.length,
    atMs: column(([second]) => START + second * 1000),
    instance: Uint32Array.from(rows, ([, instance]) => instance),
    messages: column(([, , messages]) => messages),
    bytes: column(([, , messages]) => messages * 1000),
    receivedMessages: column(([second]) => second * 100),
    lag: column(() => -1),
    partitions: 1,
    brokers: 1,
    meanMessageBytes: 1000,
    split: false,
    from: "stats.jsonl",
    losses: [],
  };
}

test("between two emissions the queue is interpolated, far from all of them it is unknown", () => {
  const aligned = alignQueue(
    Float64Array.of(500, 1500, 60_000),
    START,
    [
      queue([
        [0, 0, 100],
        [1, 0, 200],
        [2, 0, 400],
      ]),
    ],
    [],
  );
  assert.deepEqual([...(aligned?.messages ?? [])], [150, 300, Number.NaN]);
  assert.equal(aligned?.valueBytes[0], 150_000);
});

test("soon after the last emission a queue goes on as it went, and is never less than empty", () => {
  const filling: readonly (readonly [number, number, number])[] = [
    [0, 0, 100],
    [1, 0, 200],
    [2, 0, 400],
  ];
  const draining: typeof filling = [
    [0, 0, 400],
    [1, 0, 50],
  ];
  assert.equal(alignQueue(Float64Array.of(3500), START, [queue(filling)], [])?.messages[0], 700);
  assert.equal(alignQueue(Float64Array.of(2500), START, [queue(draining)], [])?.messages[0], 0);
});

test("several consumers in one process are added up, each at its own times", () => {
  const aligned = alignQueue(
    Float64Array.of(1000),
    START,
    [
      queue([
        [0, 0, 100],
        [0, 1, 10],
        [2, 0, 300],
        [2, 1, 30],
      ]),
    ],
    [],
  );
  assert.equal(aligned?.messages[0], 200 + 20);
});

test("a series without a clock is not laid over statistics: the start is asked for", () => {
  const losses: Loss[] = [];
  assert.equal(alignQueue(Float64Array.of(1, 2), null, [queue([[0, 0, 100]])], losses), null);
  assert.match(losses[0]?.text ?? "", /--started-at/);
});

test("a single capture without a clock takes the last statistics", () => {
  const aligned = alignQueue(
    Float64Array.of(0),
    null,
    [
      queue([
        [0, 0, 100],
        [1, 0, 250],
      ]),
    ],
    [],
  );
  assert.equal(aligned?.messages[0], 250);
});

test("statistics of another day are refused, not stretched", () => {
  const losses: Loss[] = [];
  assert.equal(
    alignQueue(
      Float64Array.of(0, 1000),
      START + 86_400_000,
      [
        queue([
          [0, 0, 1],
          [1, 0, 2],
        ]),
      ],
      losses,
    ),
    null,
  );
  assert.equal(losses[0]?.code, "clock");
});

test("events of several instances are summed, and left out where one does not count them", () => {
  const counting = (instance: number): QueueEvidence => {
    const evidence = queue([
      [0, instance, 100],
      [1, instance, 200],
    ]);
    return {
      ...evidence,
      instance: new Uint32Array(2),
      counters: { rebalances: Float64Array.of(1, 3), disconnects: Float64Array.of(0, 0), responses: Float64Array.of(5, 9) },
    };
  };
  const both = alignQueue(Float64Array.of(0, 1000), START, [counting(0), counting(1)], []);
  assert.deepEqual([...(both?.counters?.rebalances ?? [])], [2, 6]);
  const one = alignQueue(
    Float64Array.of(0, 1000),
    START,
    [
      counting(0),
      queue([
        [0, 0, 1],
        [1, 0, 2],
      ]),
    ],
    [],
  );
  assert.equal(one?.counters, null);
});

test("a response that is being consumed is held beside the queue: half of one for every broker", () => {
  const statistics = queue([
    [0, 0, 0],
    [1, 0, 8000],
    [2, 0, 8000],
  ]);
  const counting = {
    ...statistics,
    brokers: 2,
    receivedMessages: Float64Array.of(0, 10_000, 10_100),
    counters: { rebalances: new Float64Array(3), disconnects: new Float64Array(3), responses: Float64Array.of(0, 10, 20) },
  };
  const heap = sketch(
    "at 0s [rdk:broker1] > rd_kafka_broker_thread_main > rd_kafka_recv > rd_buf_alloc_segment0 > malloc 8000000\nat 1s\nat 2s",
  );
  const expected = (evidence: QueueEvidence): number =>
    gatherFacts(heap, clients, [evidence], { ...NOTHING_TOLD, client: "librdkafka", startedAt: START })
      .groups.find(({ kind }) => kind === "fetch")
      ?.facts.queue?.expectedBytes.at(-1) ?? 0;
  // the fullest interval says 1000 messages of 1000 B a response
  assert.equal(expected(counting) - expected(statistics), 0.5 * 1000 * 1000 * 2);
});
