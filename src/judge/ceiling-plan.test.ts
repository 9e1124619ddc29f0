import assert from "node:assert/strict";
import { test } from "node:test";
import { NOTHING_SAID, type Scope } from "../clients/client.ts";
import { clients } from "../clients/index.ts";
import { canSweep, planCeilings, sweepCeilings } from "./ceiling-plan.ts";

const MIB = 1024 ** 2;

const scope: Scope = {
  ...NOTHING_SAID,
  partitions: 12,
  brokers: 3,
  messageBytes: 1024,
  compressionRatio: 1,
};

const found = clients.find(({ id }) => id === "librdkafka");
assert.ok(found);
const librdkafka = found;

test("a consumer's total leaves the producer's queue out, and the other way round", () => {
  const consumer = planCeilings(librdkafka, scope, "consumer", null, clients);
  const producer = planCeilings(librdkafka, scope, "producer", null, clients);
  const both = planCeilings(librdkafka, scope, "both", null, clients);
  assert.deepEqual(
    [consumer, producer, both].map(({ ceilings }) => ceilings.map(({ component }) => component)),
    [["fetch-queue"], ["producer-queue"], ["fetch-queue", "producer-queue"]],
  );
  assert.equal(both.total.highBytes, consumer.total.highBytes + producer.total.highBytes);
  assert.equal(consumer.limit, null);
  assert.equal(consumer.suggestion, null);
});

test("what does not fit gets settings that do, leave a fifth of the limit, and say their price", () => {
  for (const role of ["consumer", "producer", "both"] as const) {
    const { limit, suggestion } = planCeilings(librdkafka, scope, role, 64 * MIB, clients);
    assert.equal(limit?.fits, false, role);
    assert.ok(suggestion && suggestion.total.highBytes <= 0.8 * 64 * MIB, role);
    assert.ok(suggestion.costs.length > 0, role);
    const settings = new Map(Object.entries(suggestion.settings));
    assert.equal(planCeilings(librdkafka, { ...scope, settings }, role, 64 * MIB, clients).limit?.fits, true, role);
  }
});

test("what fits tightly is said to fit, with settings that leave room; what fits well needs none", () => {
  const { total } = planCeilings(librdkafka, scope, "consumer", null, clients);
  const tight = planCeilings(librdkafka, scope, "consumer", 1.05 * total.highBytes, clients);
  assert.equal(tight.limit?.fits, true);
  assert.ok(tight.suggestion);
  const roomy = planCeilings(librdkafka, scope, "consumer", 512 * MIB, clients);
  assert.equal(roomy.limit?.fits, true);
  assert.equal(roomy.suggestion, null);
});

test("a limit that no setting meets gets no suggestion, and says so", () => {
  const { limit, suggestion, remedies } = planCeilings(librdkafka, scope, "consumer", MIB, clients);
  assert.equal(limit?.fits, false);
  assert.equal(suggestion, null);
  assert.ok(remedies.some(({ code }) => code === "target-too-small"));
});

test("a suggestion takes a setting's aliases out, too", () => {
  const settings = new Map([["max.partition.fetch.bytes", String(50 * MIB)]]);
  const { suggestion } = planCeilings(librdkafka, { ...scope, settings }, "consumer", 40 * MIB, clients);
  assert.ok(suggestion && suggestion.total.highBytes <= 32 * MIB);
});

test("a sweep goes over a number of the scope or over a setting, by any of its names", () => {
  const sweep = (of: string, values: readonly number[], splitQueues = false): readonly number[] =>
    sweepCeilings(librdkafka, { ...scope, splitQueues }, "consumer", 512 * MIB, clients, { of, values }).map(({ bytes }) => bytes);
  const byPartitions = sweep("partitions", [1, 10, 100], true);
  assert.ok((byPartitions[2] ?? 0) > 9 * (byPartitions[1] ?? 0) && (byPartitions[1] ?? 0) > 9 * (byPartitions[0] ?? 0));
  const byQueue = sweep("queued.max.messages.kbytes", [1000, 2000]);
  assert.ok((byQueue[1] ?? 0) > (byQueue[0] ?? 0));
  for (const name of ["partitions", "message-size", "queued_max_messages_kbytes", "max.partition.fetch.bytes"]) {
    assert.ok(canSweep(librdkafka, name, clients), name);
  }
  assert.ok(!canSweep(librdkafka, "client.id", clients));
});
