/** The observer of a process: its file is whole at every moment, whatever a gauge does. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { Failure } from "../base/failure.ts";
import type { Gauge } from "./gauge.ts";
import { openObserver } from "./observe.ts";
import { inspectTarget } from "./target.ts";

const folder = mkdtempSync(path.join(tmpdir(), "lagleak-observe-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = process.platform === "linux" ? false : "needs Linux";
const request = { brokers: [], group: null };

function gauge(id: string, read: () => Promise<object | null>, everyMs = 0): Gauge {
  return { id, title: id, open: async () => ({ read: read as never, everyMs, close: async () => {} }) };
}

const lines = (file: string): readonly Record<string, unknown>[] =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test("gauges are merged into one line a look, each no more often than it can bear", { skip }, async () => {
  const file = path.join(folder, "merged.jsonl");
  const queue = (name: string) => ({ queues: [{ name, role: "consumer", messages: 1, bytes: 2 }] });
  let now = 1_000_000;
  const gauges = [gauge("a", async () => queue("one")), gauge("b", async () => queue("two"), 2000)];
  const observer = await openObserver(inspectTarget(process.pid), gauges, { file, request, nowMs: () => now });
  for (let look = 0; look < 3; look++, now += 1000) await observer.observe();
  await observer.close();
  const [first, ...looks] = lines(file);
  assert.equal(first?.["lagleakObservation"], 1);
  assert.deepEqual(
    looks.map((look) => [look["elapsedMs"], (look["queues"] as { name: string }[]).map(({ name }) => name)]),
    [
      [0, ["one", "two"]],
      [1000, ["one"]],
      [2000, ["one", "two"]],
    ],
  );
});

test("a gauge that fails is named and left out, and the others go on; one that cannot be opened is in the first line", {
  skip,
}, async () => {
  const file = path.join(folder, "failing.jsonl");
  const fails = gauge("fails", async () => {
    throw new Failure({ code: "capture", message: "its heap has moved", hint: "Attach again." });
  });
  const refused: Gauge = { id: "refused", title: "", open: async () => ({ because: "no right", fix: "Use sudo." }) };
  const observer = await openObserver(inspectTarget(process.pid), [fails, refused, gauge("works", async () => ({ consumedMessages: 7 }))], {
    file,
    request,
  });
  const [one, two] = [await observer.observe(), await observer.observe()];
  await observer.close();
  assert.deepEqual([one?.consumedMessages, two?.consumedMessages], [7, 7]);
  assert.deepEqual(
    observer.unreadable.map((entry) => [entry.gauge, entry.because]),
    [
      ["refused", "no right"],
      ["fails", "its heap has moved"],
    ],
  );
  assert.deepEqual(lines(file)[0]?.["unreadable"], [{ gauge: "refused", because: "no right", fix: "Use sudo." }]);
  assert.equal(lines(file).length, 4);
});

test("a process that has ended is no observation, and a file that is there is not overwritten", { skip }, async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await once(child, "spawn");
  const file = path.join(folder, "ended.jsonl");
  const observer = await openObserver(inspectTarget(child.pid ?? 0), [], { file, request });
  assert.ok(((await observer.observe())?.residentBytes ?? 0) > 0);
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(await observer.observe(), null);
  await observer.close();
  await assert.rejects(
    openObserver(inspectTarget(process.pid), [], { file, request }),
    (error) => error instanceof Failure && error.code === "capture" && /exists already/.test(error.message),
  );
});
