import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { growthOf, missingProgram, outsideOf, sessionFor, TargetPrograms, targetSource } from "../testing/target-programs.ts";
import { isRefusal } from "./gauge.ts";
import { jvmClassHistogram } from "./jvm-class-histogram.ts";
import { collectionsOfCounters, heapOfCounters, parseJvmCounters, survivorsOfCounters } from "./jvm-counters.ts";
import { jvmCountersGauge } from "./jvm-counters-gauge.ts";
import { jvmHeapDump } from "./jvm-heap-dump.ts";
import { jvmRefusal } from "./jvm-socket.ts";
import { inspectTarget } from "./target.ts";

const skip = missingProgram("java");
const FLAGS = ["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

let programs: TargetPrograms;
let leaking: number;

before(async () => {
  if (skip !== false) return;
  programs = new TargetPrograms();
  leaking = await startJvm();
});
after(() => {
  if (skip === false) programs.close();
});

async function startJvm(...flags: readonly string[]): Promise<number> {
  const { pid } = await programs.start("java", [...FLAGS, ...flags, targetSource("LeakingConsumer.java")]);
  return pid;
}

/** A session folder of its own. */
function newFolder(): string {
  return mkdtempSync(path.join(programs.folder, "session-"));
}

/** Counters as HotSpot writes them: prologue, then entries of a text or a number. */
function counterFile(entries: readonly (readonly [string, number | string])[]): Uint8Array {
  const bytes = Buffer.alloc(32768);
  bytes.writeUInt32BE(0xcafec0c0, 0);
  bytes.set([1, 2, 0, 1], 4);
  bytes.writeInt32LE(32, 24);
  bytes.writeInt32LE(entries.length, 28);
  let at = 32;
  for (const [name, value] of entries) {
    const nameBytes = Math.ceil((name.length + 1) / 8) * 8;
    const dataAt = Math.ceil((20 + nameBytes) / 8) * 8;
    const length = dataAt + (typeof value === "number" ? 8 : Math.ceil((value.length + 1) / 8) * 8);
    bytes.writeInt32LE(length, at);
    bytes.writeInt32LE(20, at + 4);
    bytes.writeInt32LE(typeof value === "number" ? 0 : value.length + 1, at + 8);
    bytes.writeUInt8((typeof value === "number" ? "J" : "B").charCodeAt(0), at + 12);
    bytes.writeInt32LE(dataAt, at + 16);
    bytes.write(name, at + 20);
    if (typeof value === "number") bytes.writeBigInt64LE(BigInt(value), at + dataAt);
    else bytes.write(value, at + dataAt);
    at += length;
  }
  return bytes;
}

const SERIAL: readonly (readonly [string, number | string])[] = [
  ["java.rt.vmArgs", "-Xmx128m"],
  ["sun.gc.collector.0.invocations", 7],
  ["sun.gc.collector.1.invocations", 2],
  ["sun.gc.generation.0.capacity", 40_000_000],
  ["sun.gc.generation.0.space.0.name", "eden"],
  ["sun.gc.generation.0.space.0.used", 9_000_000],
  ["sun.gc.generation.0.space.1.name", "s0"],
  ["sun.gc.generation.0.space.1.used", 3_000_000],
  ["sun.gc.generation.1.capacity", 80_000_000],
  ["sun.gc.generation.1.space.0.name", "old"],
  ["sun.gc.generation.1.space.0.used", 50_000_000],
];

test("the counters of a JVM say what is in use, what survived, and how often it collected", () => {
  const counters = parseJvmCounters(counterFile(SERIAL));
  assert.ok(counters !== null);
  assert.equal(counters.get("java.rt.vmArgs"), "-Xmx128m");
  assert.deepEqual(heapOfCounters(counters), { usedBytes: 62_000_000, committedBytes: 120_000_000 });
  assert.equal(survivorsOfCounters(counters), 53_000_000);
  assert.deepEqual(collectionsOfCounters(counters), { all: 9, major: 2 });
});

test("a JVM without generations does not say what survived", () => {
  const single = parseJvmCounters(
    counterFile([
      ["sun.gc.generation.1.capacity", 128],
      ["sun.gc.generation.1.space.0.name", "space"],
      ["sun.gc.generation.1.space.0.used", 64],
    ]),
  );
  assert.ok(single !== null);
  assert.equal(survivorsOfCounters(single), null);
  assert.deepEqual(heapOfCounters(single), { usedBytes: 64, committedBytes: 128 });
});

test("counters that are cut, of another version or not yet accessible say nothing", () => {
  const whole = counterFile(SERIAL);
  for (const cut of [0, 31, 40, 200]) assert.equal(parseJvmCounters(whole.subarray(0, cut)), null);
  assert.equal(parseJvmCounters(Uint8Array.from(whole, (byte, at) => (at === 7 ? 0 : byte))), null);
  assert.equal(parseJvmCounters(Uint8Array.from(whole, (byte, at) => (at === 5 ? 9 : byte))), null);
});

test("the gauge of a JVM reads its heap without touching it", { skip }, async () => {
  const gauge = await jvmCountersGauge.open(inspectTarget(leaking), { brokers: [], group: null });
  assert.ok(gauge !== null && !isRefusal(gauge));
  const heap = (await gauge.read())?.heap;
  await gauge.close();
  assert.equal(heap?.runtime, "jvm");
  assert.ok(heap.usedBytes > 1e6 && heap.usedBytes < heap.committedBytes && heap.committedBytes <= 129 << 20, JSON.stringify(heap));
});

test("a JVM without counters in a file is a refusal that names the flag", { skip }, async () => {
  const pid = await startJvm("-XX:+PerfDisableSharedMem");
  const gauge = await jvmCountersGauge.open(inspectTarget(pid), { brokers: [], group: null });
  assert.ok(gauge !== null && isRefusal(gauge));
  assert.match(gauge.because, /PerfDisableSharedMem/);
});

test("class histograms of a JVM show the class that grows, and leave nothing but its own socket", { skip }, async () => {
  const target = inspectTarget(leaking);
  assert.equal(await jvmClassHistogram.refuses(target), null);
  const earlier = outsideOf(leaking);
  const session = sessionFor(target, newFolder(), jvmClassHistogram.undo);
  const files = await jvmClassHistogram.capture(target, session);
  const { instants, growth } = await growthOf(files);
  assert.equal(instants, 2);
  assert.equal(growth[0]?.name, "byte[]");
  assert.ok(growth.some(({ name, bytes }) => name === "LeakingConsumer$Message" && bytes > 0));
  assert.deepEqual(session.undo.steps(), []);
  const left = outsideOf(leaking);
  assert.deepEqual(left.temporary, [`.java_pid${leaking}`, ...earlier.temporary.filter((name) => !name.startsWith(".java_pid"))]);
  // the Attach Listener thread, its socket and what the first command loads
  assert.ok(left.threads <= earlier.threads + 2 && left.files <= earlier.files + 4, `${JSON.stringify(earlier)} ${JSON.stringify(left)}`);
});

test("a heap dump of a JVM is fetched and removed from its folder", { skip }, async () => {
  const target = inspectTarget(leaking);
  const session = sessionFor(target, newFolder(), jvmHeapDump.undo);
  const [file = ""] = await jvmHeapDump.capture(target, session);
  assert.ok((await growthOf([file])).growth.some(({ name }) => name.includes("LeakingConsumer$Message")));
  assert.deepEqual(session.undo.steps(), []);
  assert.deepEqual(
    readdirSync("/tmp").filter((name) => name.startsWith(`lagleak-${leaking}-`)),
    [],
  );
});

test("a heap dump larger than allowed is refused before the JVM is asked", { skip }, async () => {
  const target = inspectTarget(leaking);
  const session = sessionFor(target, newFolder(), jvmHeapDump.undo, { diskBytes: 1000 });
  await assert.rejects(jvmHeapDump.capture(target, session), { code: "capture", message: /more than the 0.98 KiB/ });
});

test("a JVM with -XX:+DisableAttachMechanism is refused, and no signal is sent to it", { skip }, async () => {
  const { pid, output } = await programs.start("java", [...FLAGS, "-XX:+DisableAttachMechanism", targetSource("LeakingConsumer.java")]);
  const target = inspectTarget(pid);
  assert.match((await jvmClassHistogram.refuses(target))?.because ?? "", /DisableAttachMechanism/);
  const session = sessionFor(target, newFolder(), jvmClassHistogram.undo);
  await assert.rejects(jvmClassHistogram.capture(target, session), { code: "capture", message: /DisableAttachMechanism/ });
  assert.doesNotMatch(output(), /Full thread dump/);
  assert.equal(existsSync(`/tmp/.attach_pid${pid}`), false);
});

test("an OpenJ9 JVM is recognised by its library before anything is sent", { skip }, () => {
  const target = inspectTarget(leaking);
  const library = { ...target.mappings[0], path: "/opt/java/openjdk/lib/default/libj9vm29.so" } as (typeof target.mappings)[number];
  assert.match(jvmRefusal({ ...target, mappings: [library] })?.because ?? "", /OpenJ9/);
});

test("a JVM that ends between two histograms keeps the first", { skip }, async () => {
  const { pid, child } = await programs.start("java", [...FLAGS, targetSource("LeakingConsumer.java")]);
  const target = inspectTarget(pid);
  const notes: string[] = [];
  const session = sessionFor(target, newFolder(), jvmClassHistogram.undo, {
    windowMs: 200,
    note: (text) => {
      notes.push(text);
      child.kill("SIGKILL");
    },
  });
  const files = await jvmClassHistogram.capture(target, session);
  assert.equal(files.length, 1);
  assert.match(notes[1] ?? "", /is missing/);
});

test("a JVM of another user answers when root asks", { skip: skip || (process.getuid?.() === 0 ? false : "not root") }, async () => {
  const { pid } = await programs.start("java", [...FLAGS, "LeakingConsumer.java"], {
    uid: 65534,
    cwd: path.dirname(targetSource("LeakingConsumer.java")),
  });
  const target = inspectTarget(pid);
  const session = sessionFor(target, newFolder(), jvmClassHistogram.undo);
  const files = await jvmClassHistogram.capture(target, session);
  assert.match(readFileSync(files[0] ?? "", "utf8"), /LeakingConsumer\$Message/);
  assert.equal(process.geteuid?.(), 0);
  assert.equal(existsSync(`/tmp/.attach_pid${pid}`), false);
});
