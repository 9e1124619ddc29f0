/** The screen of an attached process, as lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Observation } from "../attach/observe.ts";
import type { Target } from "../attach/target.ts";
import { widthOf } from "../report/printable.ts";
import { type LiveState, liveFrame } from "./live-view.ts";

const MIB = 1024 ** 2;

const target: Target = {
  pid: 4711,
  startTicks: 1,
  name: "consumer",
  executable: "/srv/consumer",
  uid: 1000,
  gid: 1000,
  namespacePid: 1,
  inOtherNamespaces: ["pid", "mnt"],
  container: "0123456789ab",
  runtime: { id: "native", version: "1.95.0", language: "rust" },
  allocator: { id: "glibc", module: "/lib/libc.so.6" },
  clients: [{ id: "librdkafka", version: "2.3.0", linkage: "static", module: "/srv/consumer" }],
  cgroup: { version: 2, path: "/kubepods", usageBytes: 300 * MIB, limitBytes: 512 * MIB },
  residentBytes: 104 * MIB,
  threads: 5,
  tracerPid: 0,
  status: new Map(),
  mappings: [],
  memoryRefusal: null,
};

function observation(second: number): Observation {
  return {
    elapsedMs: second * 1000,
    residentBytes: (20 + second) * MIB,
    anonymousBytes: 0,
    swappedBytes: 0,
    cgroupBytes: 256 * MIB,
    threads: 5,
    queues: [{ name: "rdkafka#consumer-1", role: "consumer", messages: 1000 * second, bytes: second * MIB }],
  };
}

const state: LiveState = {
  target,
  observations: Array.from({ length: 60 }, (_, second) => observation(second)),
  answer: null,
  notes: ["librdkafka-queues \u001b[31m cannot be read"],
  keys: ["q end and answer"],
  asked: null,
  running: ["heaptrack"],
  limitBytes: 512 * MIB,
};

const plain = (style: string, text: string): string => (style === "" ? "" : text);

test("the screen fits every width, and nothing that a process says moves the cursor", () => {
  for (const columns of [40, 80, 200]) {
    const lines = liveFrame(state, columns, plain);
    for (const line of lines) {
      assert.ok(widthOf(line) <= columns, `${columns}: ${line}`);
      assert.ok(!line.includes("\u001b"), line);
    }
    assert.ok(lines.length <= 23, `${lines.length} lines at ${columns}`);
  }
});

test("it says what it is, what it holds against its limit, what is queued, and what is going on", () => {
  const screen = liveFrame(state, 120, plain).join("\n");
  assert.match(screen, /consumer, process 4711: native program \(rust\), librdkafka 2\.3\.0 \(static\)/);
  assert.match(screen, /resident +[▁-█]+ +79\.0 MiB, \+60\.0 MiB a minute, 50 % of 512 MiB/);
  assert.match(screen, /queue +[▁-█]+ +59,000 messages, 59\.0 MiB/);
  assert.match(screen, /59 s observed, capturing: heaptrack/);
  assert.match(screen, /verdict so far: too early to say/);
});

test("a limit that the user told is of the process, not of its container", () => {
  const screen = liveFrame({ ...state, limitBytes: 158 * MIB }, 120, plain).join("\n");
  assert.match(screen, /79\.0 MiB, \+60\.0 MiB a minute, 50 % of 158 MiB/);
});

test("a question takes the place of the keys", () => {
  const screen = liveFrame({ ...state, asked: "Do it? y or n" }, 80, plain).join("\n");
  assert.match(screen, /Do it\? y or n$/);
  assert.doesNotMatch(screen, /q end/);
});
