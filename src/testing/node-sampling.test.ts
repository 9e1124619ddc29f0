/** Sampling by the inspector of real Node.js processes: what it finds, when it refuses, and that it leaves nothing behind. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import type { CaptureSession } from "../attach/attacher.ts";
import { nodeSampling } from "../attach/node-sampling.ts";
import { inspectTarget, isAlive, type Target } from "../attach/target.ts";
import { openUndoLog } from "../attach/undo.ts";
import { pause } from "../attach/waiting.ts";
import { observeSeries } from "../evidence/observe-series.ts";
import { readEvidence } from "../evidence/read-evidence.ts";
import { inspect, read } from "../index.ts";
import { startNode } from "./node-target.ts";
import { outsideOf, sessionFor, TargetPrograms } from "./target-programs.ts";

const skip = process.platform === "linux" ? false : "processes are looked at in /proc, which only Linux has";
const canUnshare = skip === false && spawnSync("unshare", ["--net", "ip", "link", "set", "lo", "up"]).status === 0;
const skipNamespaces = canUnshare ? skip : "no right to make a network namespace, or no `unshare` and `ip` here";

let programs: TargetPrograms;
before(() => {
  programs = new TargetPrograms();
});
after(() => programs.close());

function sessionOf(target: Target, windowMs: number, more: Partial<CaptureSession> = {}): CaptureSession {
  const folder = mkdtempSync(path.join(programs.folder, "session-"));
  return sessionFor(target, folder, nodeSampling.undo, { windowMs, ...more });
}

test("the series of readings shows what a program keeps, and the process is left as it was", { skip }, async () => {
  const { target } = await startNode(programs, "node-leaking.mjs");
  const before = outsideOf(target.pid);
  assert.equal(await nodeSampling.refuses(target), null);
  const session = sessionOf(target, 1500);
  const files = await nodeSampling.capture(target, session);
  assert.equal(files.length, 3);
  const profile = await read(files);
  const answer = inspect(profile);
  assert.equal(answer.instants, 3);
  assert.deepEqual(
    [profile.clock, profile.origin.attached, profile.precision],
    ["in-file", true, { kind: "sampled", meanIntervalBytes: 32768 }],
  );
  assert.match(answer.top[0]?.name ?? "", /tick|leakRecord/);
  assert.deepEqual(outsideOf(target.pid), before);
  assert.deepEqual(session.undo.steps(), []);
});

test("process.memoryUsage() is written beside, as observations of the process", { skip }, async () => {
  const { target } = await startNode(programs, "node-leaking.mjs");
  const session = sessionOf(target, 600);
  await nodeSampling.capture(target, session);
  const [memory] = await readEvidence(path.join(session.folder, "test.node-memory.lagleak.jsonl"), observeSeries);
  assert.ok(memory?.kind === "memory" && memory.length >= 3 && memory.residentBytes.every((bytes) => bytes > 10e6));
});

test("the heap of a worker thread is in the reading, below a frame with its name", { skip }, async () => {
  const { target } = await startNode(programs, "node-leaking.mjs", { args: ["--worker"] });
  const files = await nodeSampling.capture(target, sessionOf(target, 900));
  const { head } = JSON.parse(readFileSync(files.at(-1) ?? "", "utf8"));
  const worker = head.children.find((child: { callFrame: { functionName: string } }) => child.callFrame.functionName === "(worker 1)");
  assert.match(JSON.stringify(worker), /leakRecord|tick/);
});

test("a program with a handler of its own for SIGUSR1 gets no signal", { skip }, async () => {
  const { target, output } = await startNode(programs, "node-leaking.mjs", { args: ["--own-signal"] });
  assert.match((await nodeSampling.refuses(target))?.because ?? "", /handles SIGUSR1 itself/);
  await assert.rejects(nodeSampling.capture(target, sessionOf(target, 300)), { code: "capture", message: /SIGUSR1/ });
  assert.doesNotMatch(output(), /handled/);
  assert.ok(isAlive(target));
});

test("under the permission model, where the signal would end the process, it is not sent", { skip }, async () => {
  const permission = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";
  const options = [permission, "--allow-fs-read=*", "--no-warnings"];
  const { target } = await startNode(programs, "node-leaking.mjs", { options });
  assert.match((await nodeSampling.refuses(target))?.because ?? "", /permission model/);
});

test("an inspector that is open is used and stays open", { skip }, async () => {
  const { target } = await startNode(programs, "node-leaking.mjs", { options: ["--inspect=127.0.0.1:0"], args: ["--own-signal"] });
  const { ports } = outsideOf(target.pid);
  assert.equal(await nodeSampling.refuses(target), null);
  const files = await nodeSampling.capture(target, sessionOf(target, 300));
  assert.equal(files.length, 3);
  assert.deepEqual(outsideOf(target.pid).ports, ports);
});

test("whoever holds the port of the inspector is named", { skip }, async (t) => {
  const holder = net.createServer().listen(0, "127.0.0.1");
  t.after(() => holder.close());
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  const { target, output } = await startNode(programs, "node-leaking.mjs", { options: [`--inspect-port=${port}`] });
  const refusal = await nodeSampling.refuses(target);
  assert.equal(refusal?.because, `its inspector listens on port ${port}, which process ${process.pid} holds`);
  assert.doesNotMatch(output(), /failed/);
});

test("the heap of a process that is sampled already is left to whoever samples it", { skip }, async () => {
  const { target } = await startNode(programs, "node-leaking.mjs", { args: ["--samples-itself"] });
  await assert.rejects(nodeSampling.capture(target, sessionOf(target, 300)), {
    code: "capture",
    message: /somebody else samples/,
  });
  assert.deepEqual(outsideOf(target.pid).ports, []);
});

test("what was read stays when the process ends meanwhile", { skip }, async () => {
  const { target, end } = await startNode(programs, "node-leaking.mjs");
  const notes: string[] = [];
  const note = (text: string): void => {
    notes.push(text);
    if (text.startsWith("reading 1")) void end();
  };
  const files = await nodeSampling.capture(target, sessionOf(target, 900, { note }));
  assert.equal(files.length, 1);
  assert.match(notes.at(-1) ?? "", /process \d+ has ended; one reading is kept/);
  assert.equal(inspect(await read(files)).instants, 1);
});

test("a process that ended before anything was read is a failure", { skip }, async () => {
  const { target, end } = await startNode(programs, "node-leaking.mjs");
  await end();
  await assert.rejects(nodeSampling.capture(target, sessionOf(target, 300)), { code: "capture" });
});

test("an interrupted sampling is read once more, and closes what it opened", { skip }, async () => {
  const { target } = await startNode(programs, "node-leaking.mjs");
  const abort = new AbortController();
  const session = sessionOf(target, 600_000, { signal: abort.signal });
  const running = nodeSampling.capture(target, session);
  await written(session.folder, "test.node-memory.lagleak.jsonl.part", () => false);
  abort.abort();
  assert.equal((await running).length, 1);
  assert.deepEqual(outsideOf(target.pid).ports, []);
});

test("a capture that would be larger than it may be is not written", { skip }, async () => {
  const { target } = await startNode(programs, "node-leaking.mjs");
  const session = sessionOf(target, 300, { diskBytes: 100 });
  await assert.rejects(nodeSampling.capture(target, session), { code: "capture", message: /larger than 100 bytes/ });
  assert.deepEqual(outsideOf(target.pid).ports, []);
});

test("a process in another network namespace is reached from inside of it", { skip: skipNamespaces }, async () => {
  const wrapper = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
  const { target } = await startNode(programs, "node-leaking.mjs", { wrapper });
  assert.deepEqual(target.inOtherNamespaces, ["net"]);
  assert.equal(await nodeSampling.refuses(target), null);
  const files = await nodeSampling.capture(target, sessionOf(target, 300));
  assert.equal(files.length, 3);
  assert.deepEqual(outsideOf(target.pid).ports, []);
});

test("after ten times the process is as it was after the first", { skip }, async () => {
  const { target } = await startNode(programs, "node-leaking.mjs");
  const session = sessionOf(target, 60);
  await nodeSampling.capture(target, session);
  const before = outsideOf(target.pid);
  for (let time = 0; time < 10; time++) await nodeSampling.capture(target, session);
  assert.deepEqual(outsideOf(target.pid), before);
});

test("what a killed lagleak left open is closed by its undo log", { skip }, async (t) => {
  const { target } = await startNode(programs, "node-leaking.mjs");
  const session = sessionOf(target, 600_000);
  const here = (file: string): string => JSON.stringify(new URL(`../attach/${file}`, import.meta.url).href);
  const script = `import { nodeSampling } from ${here("node-sampling.js")};
    import { inspectTarget } from ${here("target.js")};
    import { openUndoLog } from ${here("undo.js")};
    const target = inspectTarget(${target.pid});
    const undo = openUndoLog(${JSON.stringify(path.join(session.folder, "undo"))}, target, (step) => nodeSampling.undo(target, step));
    const { signal } = new AbortController();
    const note = () => {};
    await nodeSampling.capture(target, { folder: ${JSON.stringify(session.folder)}, name: "x", windowMs: 600000, diskBytes: 1e9, undo, signal, note });`;
  const lagleak = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "inherit" });
  t.after(() => lagleak.kill("SIGKILL"));
  await written(session.folder, "x.node-memory.lagleak.jsonl.part", () => lagleak.exitCode !== null);
  lagleak.kill("SIGKILL");
  await once(lagleak, "exit");
  assert.equal(outsideOf(target.pid).ports.length, 1);
  const undo = openUndoLog(path.join(session.folder, "undo"), target, (step) => nodeSampling.undo(inspectTarget(target.pid), step));
  assert.deepEqual(
    undo.steps().map(({ what }) => what),
    [`close the inspector of process ${target.pid}`],
  );
  assert.deepEqual(await undo.closeAll(), []);
  assert.deepEqual(outsideOf(target.pid).ports, []);
  assert.deepEqual(undo.steps(), []);
});

/** Resolves when a file is there. */
async function written(folder: string, file: string, isOver: () => boolean): Promise<void> {
  while (!readdirSync(folder).includes(file)) {
    assert.ok(!isOver(), `ended without ${file}`);
    await pause(20);
  }
}
