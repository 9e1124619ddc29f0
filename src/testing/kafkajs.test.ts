/** A real kafkajs consumer on librdkafka's mock cluster: its lag, and what sampling it says. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { isRefusal, type OpenGauge, type Reading } from "../attach/gauge.ts";
import { kafkajsLagGauge, openLag } from "../attach/kafkajs-lag-gauge.ts";
import { nodeSampling } from "../attach/node-sampling.ts";
import { pause } from "../attach/waiting.ts";
import { type NodeTarget, startNode } from "./node-target.ts";
import { missingProgram, sessionFor, TargetPrograms } from "./target-programs.ts";

const skip =
  process.platform !== "linux"
    ? "processes are looked at in /proc, which only Linux has"
    : existsSync("/usr/include/librdkafka/rdkafka_mock.h")
      ? missingProgram("gcc")
      : "no librdkafka with its mock cluster here (apt-get install librdkafka-dev)";
const PARTITIONS = 4;
const MESSAGES = PARTITIONS * 500;

let programs: TargetPrograms;
let broker: string;
let consumer: NodeTarget;

before(async () => {
  programs = new TargetPrograms();
  if (skip !== false) return;
  const mock = await programs.start(
    programs.compile("mock-broker.c", "mock-broker", ["-lrdkafka"]),
    ["orders", String(PARTITIONS), "500", "1024"],
    {},
  );
  broker = mock.said;
  consumer = await startNode(programs, "node-kafkajs.mjs", { args: [broker, "orders", "billing"] });
});
after(() => programs.close());

async function nextOf(gauge: OpenGauge): Promise<Reading> {
  for (let tries = 0; tries < 100; tries++, await pause(100)) {
    const reading = await gauge.read();
    if (reading !== null) return reading;
  }
  throw new Error("the gauge says nothing");
}

test("the lag and what is committed are all messages of the topic", { skip }, async () => {
  const gauge = await kafkajsLagGauge.open(consumer.target, { brokers: [broker], group: "billing" });
  assert.ok(gauge !== null && !isRefusal(gauge), JSON.stringify(gauge));
  try {
    const [lag] = (await nextOf(gauge)).lag ?? [];
    assert.equal(lag?.group, "billing");
    assert.ok((lag?.committed ?? 0) >= 1);
    // partitions of which nothing is committed are in neither
    const whole = ((lag?.messages ?? 0) + (lag?.committed ?? 0)) % 500;
    assert.equal(whole, 0);
    assert.ok((lag?.messages ?? 0) <= MESSAGES);
  } finally {
    await gauge.close();
  }
});

test("without brokers there is no lag to ask for, and without a group it is asked for", { skip }, async () => {
  assert.equal(await kafkajsLagGauge.open(consumer.target, { brokers: [], group: "billing" }), null);
  const answer = await kafkajsLagGauge.open(consumer.target, { brokers: [broker], group: null });
  assert.match(answer !== null && isRefusal(answer) ? answer.fix : "", /--group/);
});

test("brokers that do not answer are refused with what to do instead", { skip }, async () => {
  const answer = await kafkajsLagGauge.open(consumer.target, { brokers: ["127.0.0.1:1"], group: "billing" });
  assert.ok(answer !== null && isRefusal(answer));
  assert.match(answer.because, /do not say the offsets of group billing/);
  assert.match(answer.fix, /--lag/);
});

test("the responses that a slow kafkajs consumer holds are in the total of ArrayBuffers beside the sampling", { skip }, async () => {
  const folder = mkdtempSync(path.join(programs.folder, "session-"));
  const session = sessionFor(consumer.target, folder, nodeSampling.undo, { windowMs: 900 });
  const files = await nodeSampling.capture(consumer.target, session);
  const lines = readFileSync(path.join(folder, "test.node-memory.lagleak.jsonl"), "utf8").trim().split("\n");
  const { heap } = JSON.parse(lines.at(-1) ?? "");
  assert.equal(files.length, 3);
  // a Node.js without a client holds 10 KiB; how much the first responses bring is the broker's choice
  assert.ok(heap.arrayBufferBytes > 100 * 1024, JSON.stringify(heap));
});

const nothing = { connect: async () => {}, disconnect: async () => {}, listTopics: async () => [] };

test("a group that has committed nothing has no lag that could be said", async () => {
  const gauge = await openLag({ ...nothing, fetchOffsets: async () => [], fetchTopicOffsets: async () => [] }, "new");
  assert.ok(!isRefusal(gauge));
  assert.equal(await gauge.read(), null);
});

test("partitions without a committed offset are no lag", async () => {
  const partitions = [
    { partition: 0, offset: "90" },
    { partition: 1, offset: "-1" },
  ];
  const ends = [
    { partition: 0, high: "100" },
    { partition: 1, high: "5000" },
  ];
  const admin = { ...nothing, fetchOffsets: async () => [{ topic: "t", partitions }], fetchTopicOffsets: async () => ends };
  const gauge = await openLag(admin, "g");
  assert.ok(!isRefusal(gauge));
  assert.deepEqual(await gauge.read(), { lag: [{ group: "g", messages: 10, committed: 90 }] });
  assert.equal(await gauge.read(), null);
});
