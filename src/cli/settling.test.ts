/** When queues have run empty, and the two halves that this makes of one observation. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { Settling, splitObservation } from "./settling.ts";

function observe(settling: Settling, second: number, messages: number, census?: object): void {
  const queues = [{ name: "rdkafka#consumer-1", role: "consumer" as const, messages, bytes: messages * 1000 }];
  settling.observe({ elapsedMs: second * 1000, queues, ...(census === undefined ? {} : { census: census as never }) });
}

test("queues that are empty for twenty seconds have drained, and the halves leave out what was between", () => {
  const settling = new Settling();
  for (let second = 0; second < 10; second++) observe(settling, second, 5000);
  for (let second = 10; second < 15; second++) observe(settling, second, 1000);
  for (let second = 15; second < 34; second++) observe(settling, second, 0);
  assert.equal(settling.isSettled, false);
  observe(settling, 35, 0);
  assert.equal(settling.isSettled, true);
  assert.deepEqual(settling.halves, { fullUntilMs: 9000, emptyFromMs: 15_000 });
});

test("a queue that fills again has not drained, and one that never was full had nothing to drain", () => {
  const settling = new Settling();
  for (let second = 0; second < 60; second++) observe(settling, second, second % 15 === 0 ? 5000 : 0);
  assert.equal(settling.isSettled, false);
  const idle = new Settling();
  for (let second = 0; second < 60; second++) observe(idle, second, 20);
  assert.equal(idle.isSettled, false);
});

test("where the heap is counted, it is counted five times while the queues are empty", () => {
  const settling = new Settling();
  observe(settling, 0, 5000, {});
  for (let second = 1; second <= 40; second++) observe(settling, second, 0, second % 10 === 0 ? {} : undefined);
  assert.equal(settling.isSettled, false);
  observe(settling, 50, 0, {});
  assert.equal(settling.isSettled, true);
});

test("an observation is split into two files that are whole, each with the introduction", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "lagleak-settling-"));
  try {
    const file = path.join(folder, "consumer.lagleak.jsonl");
    writeFileSync(file, `{"lagleakObservation":1}\n${[0, 1, 2, 3].map((second) => `{"elapsedMs":${second * 1000}}\n`).join("")}`);
    const [full, empty] = splitObservation(file, { fullUntilMs: 1000, emptyFromMs: 3000 });
    assert.equal(readFileSync(full, "utf8"), '{"lagleakObservation":1}\n{"elapsedMs":0}\n{"elapsedMs":1000}\n');
    assert.equal(readFileSync(empty, "utf8"), '{"lagleakObservation":1}\n{"elapsedMs":3000}\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
