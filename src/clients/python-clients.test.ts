/** What is particular to the clients of Python: producers without a limit, and what one partition more costs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { aiokafka } from "./aiokafka.ts";
import { NOTHING_SAID, type Scope } from "./client.ts";
import { kafkaPython } from "./kafka-python.ts";

const SCOPE: Scope = {
  ...NOTHING_SAID,
  version: "3.0.12",
  partitions: 100,
  brokers: 1,
  messageBytes: 1024,
  compressionRatio: 1,
};

test("kafka-python: buffer_memory bounds the producer up to 2.1.4, and is a trap after", () => {
  const settings = new Map([["buffer_memory", "1000000"]]);
  const components = (version: string): readonly string[] =>
    kafkaPython.ceilings?.({ ...SCOPE, version, settings }).map(({ component }) => component) ?? [];
  assert.deepEqual(components("2.1.4"), ["fetch-queue", "producer-queue"]);
  assert.deepEqual(components("2.1.5"), ["fetch-queue"]);
  const codes = kafkaPython.traps?.({ ...SCOPE, settings }).map(({ code }) => code);
  assert.deepEqual(codes, ["producer-without-limit"]);
  assert.deepEqual(kafkaPython.traps?.(SCOPE), []);
});

test("kafka-python keeps one response a broker, aiokafka one a partition: fetch_max_bytes bounds only the former", () => {
  const kept = (client: typeof aiokafka): number => client.ceilings?.(SCOPE)[0]?.terms[0]?.bytes ?? 0;
  assert.equal(kept(kafkaPython), 52_428_800);
  assert.equal(kept(aiokafka), 100 * 1_048_576);
  assert.deepEqual(
    aiokafka.traps?.({ ...SCOPE, version: "0.14.0" }).map(({ code }) => code),
    ["fetch-max-bytes-bounds-one-response"],
  );
});
