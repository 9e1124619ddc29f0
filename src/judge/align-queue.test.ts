import assert from "node:assert/strict";
import { test } from "node:test";
import type { Loss } from "../base/failure.ts";
import type { QueueEvidence } from "../evidence/evidence.ts";
import { alignQueue } from "./align-queue.ts";

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
