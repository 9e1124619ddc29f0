import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { MemoryImage } from "../testing/memory-image.ts";
import { worstDifference } from "../testing/queue-statistics.ts";
import { missingProgram, outsideOf, TargetPrograms } from "../testing/target-programs.ts";
import { isRefusal, type OpenGauge } from "./gauge.ts";
import { librdkafkaGauge } from "./librdkafka-gauge.ts";
import { librdkafkaVersionIn, nameOffset, queueOffsets } from "./librdkafka-gauge-code.ts";
import { searchInstances } from "./librdkafka-gauge-find.ts";
import { describeInstance, type Instance } from "./librdkafka-gauge-instance.ts";
import { readInstance } from "./librdkafka-gauge-read.ts";
import { inspectTarget } from "./target.ts";
import { pointersInto } from "./target-words.ts";

const programs = new TargetPrograms();
const UNKNOWN = { name: null, group: null, groupQueue: null };

/** An instance as one version of librdkafka may lay it out; addresses are round, so that tests can say them. */
interface Drawn {
  readonly image: MemoryImage;
  readonly instance: number;
  readonly groupQueue: number;
  readonly partitionQueue: number;
  readonly lock: number;
}

const HEAP = 0x7f00_0000_0000;

function drawQueue(image: MemoryImage, address: number, instance: number, lock: number, messages = 0, bytes = 0, forwardedTo = 0): void {
  image.word(address + lock, forwardedTo);
  image.word(address + lock + 8, messages === 0 ? 0 : HEAP + 0xf000);
  image.word(address + lock + 16, messages === 0 ? address + lock + 8 : HEAP + 0xf100);
  image.int(address + lock + 24, messages);
  image.word(address + lock + 32, bytes);
  image.int(address + lock + 40, 1);
  image.word(address + lock + 48, instance);
}

/** A consumer with one topic of one partition, whose queue is forwarded to the queue of the group. */
function drawConsumer({ lock = 88, name = "rdkafka#consumer-1", nameAt = 0x920, groupAt = 0x130 } = {}): Drawn {
  const image = new MemoryImage(HEAP, 0x10000);
  const at = (offset: number): number => HEAP + offset;
  const [instance, group, topic, partition, unassigned] = [at(0x1000), at(0x4000), at(0x5000), at(0x6000), at(0x7000)];
  const queue = (index: number): number => at(0x8000 + index * 0x100);
  image.word(instance, queue(0));
  image.word(instance + 8, queue(1));
  image.word(instance + groupAt - 24, topic);
  image.word(instance + groupAt - 16, topic + 8);
  image.int(instance + groupAt - 8, 1);
  image.word(instance + groupAt, group);
  image.int(instance + groupAt + 0x200, 100_000);
  image.int(instance + groupAt + 0x204, 65_536);
  image.word(instance + groupAt + 0x208, 65_536_000);
  image.text(instance + nameAt, `${name}\0`);
  for (const index of [2, 3, 4]) image.word(group + 0x48 + (index - 2) * 8, queue(index));
  image.word(group + 0x200, instance);
  image.text(topic, "IRKT");
  image.word(topic + 0x60, unassigned);
  image.word(topic + 0x68, at(0x7800));
  image.int(topic + 0x70, 1);
  image.word(at(0x7800), partition);
  for (const [one, number, first] of [[partition, 0, 5] as const, [unassigned, -1, 7] as const]) {
    image.word(one + 0x60, topic);
    image.int(one + 0x68, number);
    image.word(one + 0x150, queue(first));
    image.word(one + 0x158, queue(first + 1));
  }
  for (let index = 0; index < 9; index++) drawQueue(image, queue(index), instance, lock);
  drawQueue(image, queue(2), instance, lock, 1234, 5_678_000);
  drawQueue(image, queue(5), instance, lock, 0, 0, queue(2));
  return { image, instance, groupQueue: queue(2), partitionQueue: queue(5), lock };
}

function describe({ image, instance, lock }: Drawn): ReturnType<typeof describeInstance> {
  const memory = image.memory();
  return describeInstance(memory, { address: instance, lockBytes: lock, thread: null }, pointersInto(memory.mappings()), UNKNOWN);
}

function described(drawn: Drawn): Instance {
  const answer = describe(drawn);
  assert.ok(!("because" in answer), "because" in answer ? answer.because : "");
  return answer;
}

for (const lock of [88, 96]) {
  test(`a consumer is found by its name and read by its structure, with locks of ${lock} bytes`, async () => {
    const drawn = drawConsumer({ lock });
    const memory = drawn.image.memory();
    const found = await searchInstances(memory, memory.mappings());
    assert.deepEqual(found, [{ address: drawn.instance, lockBytes: lock, thread: null }]);
    assert.deepEqual(readInstance(memory, { instance: described(drawn), partitions: null }), {
      name: "rdkafka#consumer-1",
      role: "consumer",
      messages: 1234,
      bytes: 5_678_000,
      limitMessages: 100_000,
      limitBytes: 65_536_000,
    });
  });
}

test("offsets are those of the instance, wherever this version has them, and a client.id may hold anything", () => {
  const drawn = drawConsumer({ nameAt: 0xaa8, groupAt: 0x1b0, name: "my app/ü #1#consumer-17" });
  const instance = described(drawn);
  assert.equal(instance.nameAt, drawn.instance + 0xaa8);
  assert.equal(Buffer.from(instance.name, "latin1").includes("#1#consumer-17"), true);
});

test("the queue of a partition that was split off counts beside that of the group", () => {
  const drawn = drawConsumer();
  drawQueue(drawn.image, drawn.partitionQueue, drawn.instance, drawn.lock, 100, 50_000);
  const queue = readInstance(drawn.image.memory(), { instance: described(drawn), partitions: null });
  assert.deepEqual([queue?.messages, queue?.bytes], [1334, 5_728_000]);
});

test("what lies before a partition on the heap is not taken for the partition", () => {
  const drawn = drawConsumer();
  drawQueue(drawn.image, drawn.partitionQueue, drawn.instance, drawn.lock, 100, 50_000);
  // the name of a topic is allocated just before its unassigned partition, and an id of zeros follows the pointer to the name
  drawn.image.word(HEAP + 0x5000 + 0x30, HEAP + 0x7000 - 0x40);
  const queue = readInstance(drawn.image.memory(), { instance: described(drawn), partitions: null });
  assert.equal(queue?.messages, 1334);
});

test("the queue of a group that is forwarded is followed", () => {
  const drawn = drawConsumer();
  const elsewhere = HEAP + 0x9f00;
  drawQueue(drawn.image, elsewhere, drawn.instance, drawn.lock, 7, 700);
  drawQueue(drawn.image, drawn.groupQueue, drawn.instance, drawn.lock, 0, 0, elsewhere);
  const queue = readInstance(drawn.image.memory(), { instance: described(drawn), partitions: null });
  assert.deepEqual([queue?.messages, queue?.bytes], [7, 700]);
});

test("a queue that contradicts itself, or belongs to somebody else, is no number", () => {
  const contradictions: readonly ((drawn: Drawn) => void)[] = [
    ({ image, groupQueue, lock }) => image.int(groupQueue + lock + 24, -1),
    ({ image, groupQueue, lock }) => image.int(groupQueue + lock + 24, 0),
    ({ image, groupQueue, lock }) => image.word(groupQueue + lock + 8, 0),
    ({ image, groupQueue, lock }) => image.word(groupQueue + lock + 48, HEAP + 0x2000),
    ({ image, groupQueue, lock }) => image.int(groupQueue + lock + 40, 0),
    ({ image, groupQueue, lock }) => image.word(groupQueue + lock, groupQueue + 0x20),
    ({ image, partitionQueue, lock }) => image.word(partitionQueue + lock + 48, 0),
    ({ image, instance }) => image.word(instance + 0x130, HEAP + 0x4100),
    ({ image }) => image.int(HEAP + 0x6068, 5),
    ({ image, instance }) => image.int(instance + 0x130 - 8, 2),
  ];
  for (const [index, contradict] of contradictions.entries()) {
    const drawn = drawConsumer();
    const instance = described(drawn);
    contradict(drawn);
    assert.equal(readInstance(drawn.image.memory(), { instance, partitions: null }), null, `contradiction ${index}`);
  }
});

test("an instance that does not prove itself is not described", () => {
  const drawn = drawConsumer();
  drawn.image.word(HEAP + 0x4200, 0); // the group does not point back
  assert.ok("because" in describe(drawn));
  const twice = drawConsumer();
  twice.image.word(twice.instance + 0x60 - 24, 0);
  twice.image.word(twice.instance + 0x60 - 16, twice.instance + 0x60 - 24);
  twice.image.word(twice.instance + 0x60, HEAP + 0x4000);
  assert.ok("because" in describe(twice));
});

test("a producer's counters are those that repeat its configured limits", () => {
  const image = new MemoryImage(HEAP, 0x10000);
  const instance = HEAP + 0x1000;
  const [replies, operations] = [HEAP + 0x8000, HEAP + 0x8100];
  image.word(instance, replies);
  image.word(instance + 8, operations);
  drawQueue(image, replies, instance, 88);
  drawQueue(image, operations, instance, 88);
  image.int(instance + 0x400, 100_000);
  image.int(instance + 0x404, 1_048_576);
  image.text(instance + 0x920, "rdkafka#producer-2\0");
  image.int(instance + 0x1038, 50_000);
  image.word(instance + 0x1040, 51_200_000);
  image.int(instance + 0x1048, 100_000);
  image.word(instance + 0x1050, 2 ** 30);
  const found = described({ image, instance, lock: 88, groupQueue: 0, partitionQueue: 0 });
  const expected = { name: "rdkafka#producer-2", role: "producer", messages: 50_000, bytes: 51_200_000 };
  const read = (): unknown => readInstance(image.memory(), { instance: found, partitions: null });
  assert.deepEqual(read(), { ...expected, limitMessages: 100_000, limitBytes: 2 ** 30 });
  image.int(instance + 0x1038, 100_001);
  assert.equal(read(), null);
});

test("offsets are read from the code of exported functions, and from no other code", () => {
  const name = Buffer.from("488d8720090000c3", "hex");
  assert.equal(nameOffset(name), 0x920);
  assert.equal(nameOffset(Buffer.from("488d8620090000c3", "hex")), null);
  const queue = Buffer.from("488b87300100004885c0740c488b7048e9cbfeffff", "hex");
  assert.deepEqual(queueOffsets(queue), { group: 0x130, groupQueue: 0x48 });
  assert.deepEqual(queueOffsets(queue.subarray(1)), { group: null, groupQueue: null });
});

/** A program of one segment that holds this code, without any table of symbols. */
function strippedProgram(machine: number, code: string): string {
  const bytes = Buffer.alloc(0x200);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(64n, 32); // program headers
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt32LE(1, 64); // loaded
  bytes.writeUInt32LE(5, 68); // readable and executable
  bytes.writeBigUInt64LE(0x100n, 72);
  bytes.writeBigUInt64LE(0x100n, 96); // bytes in the file
  bytes.write(code, 0x100, "hex");
  const file = path.join(programs.folder, `stripped-${machine}-${code.length}`);
  writeFileSync(file, bytes);
  return file;
}

test("the version of a stripped program is what a function of it returns", () => {
  const x86 = 62;
  const arm64 = 183;
  assert.equal(librdkafkaVersionIn(strippedProgram(x86, "90b8ff000c02c3")), "2.12.0");
  assert.equal(librdkafkaVersionIn(strippedProgram(x86, "f30f1efab8ff030901c390b8ff000100c3")), "1.9.3"); // and a function that returns 0x000100ff
  assert.equal(librdkafkaVersionIn(strippedProgram(x86, "b8ff000c02c3b8ff000b02c3")), null); // two answers are none
  assert.equal(librdkafkaVersionIn(strippedProgram(x86, "b8ff000c02")), null); // it does not return
  assert.equal(librdkafkaVersionIn(strippedProgram(arm64, `e01f8052${armHigh(0x0d0c)}c0035fd6`)), null); // no version has 13 in front
  assert.equal(librdkafkaVersionIn(strippedProgram(arm64, `e01f8052${armHigh(0x020c)}c0035fd6`)), "2.12.0");
});

/** `movk w0, #value, lsl #16` */
function armHigh(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE((0x72a00000 | (value << 5)) >>> 0);
  return bytes.toString("hex");
}

test("a file without librdkafka has no version of it", () => {
  assert.equal(librdkafkaVersionIn(process.execPath), null);
  assert.equal(librdkafkaVersionIn("/no/such/file"), null);
  assert.equal(librdkafkaVersionIn("/proc/self/environ"), null);
});

const hasHeaders = existsSync("/usr/include/librdkafka/rdkafka_mock.h");
const skip = missingProgram("gcc") || (hasHeaders ? false : "no librdkafka-dev here");
const LINK_STATIC = ["-Wl,-Bstatic", "-lrdkafka", "-Wl,-Bdynamic", "-lssl", "-lcrypto", "-lz", "-lm", "-ldl", "-l:libsasl2.so.2"];
const LIBRARIES = ["-l:libzstd.so.1", "-l:liblz4.so.1"];

let bootstrap: string;
let shared: string;
let stripped: string | null;

before(async () => {
  if (skip !== false) return;
  const broker = programs.compile("mock-broker.c", "broker", ["-lrdkafka"]);
  shared = programs.compile("kafka-clients.c", "clients", ["-lrdkafka"]);
  try {
    stripped = programs.compile("kafka-clients.c", "clients-stripped", ["-s", ...LINK_STATIC, ...LIBRARIES]);
  } catch {
    stripped = null; // a distribution without the static library
  }
  ({ said: bootstrap } = await programs.start(broker, ["events", "20", "2000", "1000"]));
});
after(() => programs.close());

/** Starts the clients and gives what the gauge needs to wait for: statistics of all of them with the queue full. */
async function openOn(
  program: string,
  args: readonly string[],
): Promise<{ readonly pid: number; readonly gauge: OpenGauge; readonly output: () => string }> {
  const { pid, output } = await programs.start(program, [bootstrap, "events", "--every-ms", "200", ...args]);
  await pause(1500);
  const gauge = await librdkafkaGauge.open(inspectTarget(pid), { brokers: [], group: null });
  assert.ok(gauge !== null && !isRefusal(gauge), JSON.stringify(gauge));
  return { pid, gauge, output };
}

const CLIENTS = ["--consumers", "2", "--producers", "2", "--assign", "20", "--delay-us", "100000"];

for (const linkage of ["shared", "stripped"] as const) {
  test(`queues are what the clients' own statistics say, within 1 %: librdkafka ${linkage}`, { skip }, async (context) => {
    const program = linkage === "shared" ? shared : stripped;
    if (program === null) return context.skip("no librdkafka.a here");
    const { pid, gauge, output } = await openOn(program, CLIENTS);
    const [client] = inspectTarget(pid).clients;
    assert.match(client?.version ?? "", /^[12]\.\d+\.\d+$/);
    assert.equal(client?.linkage, linkage === "shared" ? "shared" : "static");
    const reading = await gauge.read();
    await gauge.close();
    await pause(250); // the statistics of this moment
    assert.deepEqual(reading?.queues?.map(({ role }) => role).sort(), ["consumer", "consumer", "producer", "producer"]);
    assert.ok(
      (reading?.queues ?? []).every(({ messages }) => messages > 10_000),
      JSON.stringify(reading),
    );
    assert.ok(worstDifference(reading?.queues ?? [], output(), false) < 0.01, JSON.stringify(reading));
  });
}

test("queues of partitions that are read by themselves are summed, as their statistics are", { skip }, async () => {
  const { gauge, output } = await openOn(shared, ["--consumers", "1", "--assign", "20", "--split", "--delay-us", "5000"]);
  const reading = await gauge.read();
  await gauge.close();
  await pause(250);
  assert.equal(reading?.queues?.length, 1);
  assert.ok((reading?.queues?.[0]?.messages ?? 0) > 10_000);
  assert.ok(worstDifference(reading?.queues ?? [], output(), true) < 0.01, JSON.stringify(reading));
});

test("a gauge that was there before the first message counts all of them", { skip }, async () => {
  const args = ["--consumers", "2", "--assign", "20", "--split", "--delay-us", "5000", "--every-ms", "200"];
  const { pid, output } = await programs.start(shared, [bootstrap, "events", ...args]);
  const gauge = await librdkafkaGauge.open(inspectTarget(pid), { brokers: [], group: null });
  assert.ok(gauge !== null && !isRefusal(gauge), JSON.stringify(gauge));
  // the second may be born after the gauge, which looks for new ones every two seconds
  for (let tick = 0, seen = 0; tick < 60 && seen < 10; tick++) {
    if ((await gauge.read())?.queues?.length === 2) seen++;
    await pause(100);
  }
  const reading = await gauge.read();
  await gauge.close();
  await pause(250);
  assert.equal(reading?.queues?.length, 2);
  assert.ok(worstDifference(reading?.queues ?? [], output(), true) < 0.01, JSON.stringify(reading));
});

test("clients that come and go are followed, and the target is as before", { skip }, async () => {
  const { pid, gauge } = await openOn(shared, ["--consumers", "2", "--assign", "20", "--reopen", "1", "--delay-us", "1000"]);
  const names = new Set<string>();
  for (let tick = 0; tick < 25; tick++) {
    const reading = await gauge.read();
    for (const { name, messages, bytes } of reading?.queues ?? []) {
      names.add(name);
      assert.ok(messages <= 40_000 && bytes <= 40_000_000, `${name}: ${messages} messages, ${bytes} B`);
    }
    await pause(100);
  }
  await gauge.close();
  assert.ok(names.size >= 3, [...names].join());
  assert.ok(outsideOf(pid).threads > 1);
});

test("a process that ended has no queues, and no error", { skip }, async () => {
  const { pid, gauge } = await openOn(shared, ["--producers", "1"]);
  process.kill(pid, "SIGKILL");
  await pause(200);
  assert.equal(await gauge.read(), null);
  await gauge.close();
});

test("a process without librdkafka has nothing to read", async () => {
  assert.equal(await librdkafkaGauge.open(inspectTarget(process.pid), { brokers: [], group: null }), null);
});
