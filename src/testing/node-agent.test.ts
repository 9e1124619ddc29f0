/** The agent in real Node.js programs, and the launcher that puts it there. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { commandOf, type LaunchSession } from "../attach/launcher.ts";
import { runNode } from "../attach/run-node.ts";
import { pause } from "../attach/waiting.ts";
import { observeSeries } from "../evidence/observe-series.ts";
import { readEvidence } from "../evidence/read-evidence.ts";
import { growthOf, TargetPrograms, targetSource } from "./target-programs.ts";

const skip = process.platform === "win32" ? "signals are sent, which Windows has not" : false;

let programs: TargetPrograms;
before(() => {
  programs = new TargetPrograms();
});
after(() => programs.close());

function sessionIn(everyMs: number): LaunchSession {
  return { folder: mkdtempSync(path.join(programs.folder, "run-")), name: "consumer", everyMs };
}

const environment = { PATH: process.env["PATH"] };

/** Starts a program as the launcher says. */
async function launched(words: readonly string[], session: LaunchSession, more: Readonly<Record<string, string>> = {}) {
  const launch = await runNode.launch(commandOf(words, { ...environment, ...more }, programs.folder), session);
  const [program = "", ...rest] = launch.words;
  return programs.start(program, rest, { environment: { ...more, ...launch.environment } });
}

/** Runs a program to its end as the launcher says. */
async function run(words: readonly string[], session: LaunchSession, more: Readonly<Record<string, string>> = {}) {
  const launch = await runNode.launch(commandOf(words, environment, programs.folder), session);
  const [program = "", ...rest] = launch.words;
  return spawnSync(program, rest, { env: { ...environment, ...launch.environment, ...more }, encoding: "utf8" });
}

/** Until a process has so many profiles. */
async function profiles(session: LaunchSession, count: number): Promise<readonly string[]> {
  for (;;) {
    const files = await runNode.collect(session);
    if (files.length > count) return files;
    await pause(20);
  }
}

function ended(child: { readonly exitCode: number | null; once: (event: "exit", listener: () => void) => unknown }): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    if (child.exitCode !== null) resolve();
  });
}

test("a program under the agent leaves profiles of its whole run that show what it keeps", { skip }, async () => {
  const session = sessionIn(200);
  const { child } = await launched([process.execPath, targetSource("node-leaking.mjs")], session);
  await profiles(session, 4);
  child.kill("SIGKILL");
  const [observations = "", ...files] = await runNode.collect(session);
  const { instants, growth } = await growthOf(files);
  assert.ok(instants >= 4);
  assert.match(growth[0]?.name ?? "", /tick|leakRecord/);
  const [memory] = await readEvidence(observations, observeSeries);
  assert.ok(memory?.kind === "memory" && memory.length >= 4);
  const { heap, residentBytes } = JSON.parse(readFileSync(observations, "utf8").trim().split("\n").at(-1) ?? "");
  assert.equal(heap.remainderBytes, residentBytes - heap.committedBytes - heap.externalBytes);
});

test("a signal takes a profile at once", { skip }, async () => {
  const session = sessionIn(3_600_000);
  const { child } = await launched([process.execPath, targetSource("node-leaking.mjs")], session);
  assert.deepEqual(await runNode.collect(session), []);
  child.kill("SIGUSR2");
  assert.equal((await profiles(session, 1)).filter((file) => file.endsWith(".pb.gz")).length, 1);
});

test("the end of a program is its last profile, and its exit code is its own", { skip }, async () => {
  const session = sessionIn(3_600_000);
  const { status, stderr } = await run([process.execPath, "-e", "process.exit(7)"], session);
  assert.deepEqual([status, stderr], [7, ""]);
  assert.equal((await runNode.collect(session)).length, 2);
});

test("a program that runs out of memory leaves a profile from just before", { skip }, async () => {
  const session = sessionIn(3_600_000);
  const { child } = await launched([process.execPath, "--max-old-space-size=24", targetSource("node-exhausting.mjs")], session);
  await ended(child);
  const files = await runNode.collect(session);
  const { growth } = await growthOf(files.slice(1));
  assert.match(growth[0]?.name ?? "", /exhaust/);
});

test("behind npm start, the program is recorded and npm is not", { skip }, async () => {
  const session = sessionIn(200);
  const place = path.join(programs.folder, "app");
  mkdirSync(place);
  writeFileSync(
    path.join(place, "package.json"),
    JSON.stringify({ scripts: { start: `"${process.execPath}" "${targetSource("node-leaking.mjs")}"` } }),
  );
  const command = commandOf(["npm", "--prefix", place, "start"], environment, place);
  assert.equal(runNode.suits(command), "best");
  assert.equal(await runNode.refuses(command), null);
  const { output } = await launched(["npm", "--prefix", place, "start"], session, { HOME: programs.folder });
  await profiles(session, 1);
  const pids = [...new Set(readdirSync(session.folder).map((file) => Number(file.split(".")[1])))];
  for (const pid of pids) process.kill(pid, "SIGKILL"); // npm would leave it behind
  assert.equal(pids.length, 1, output());
});

for (const [what, broken, said] of [
  ["a folder that cannot be made", { LAGLEAK_FOLDER: "/dev/null/x" }, /not started, the program runs without it/],
  ["another profiler that is on", { DD_PROFILING_ENABLED: "true" }, /not started, because DD_PROFILING_ENABLED is set/],
] as const) {
  test(`${what} is one line on standard error, and the program runs`, { skip }, async () => {
    const { status, stdout, stderr } = await run([process.execPath, "-p", "6*7"], sessionIn(1000), broken);
    assert.deepEqual([status, stdout], [0, "42\n"]);
    assert.match(stderr, said);
    assert.equal(stderr.trim().split("\n").length, 1);
  });
}

test("a folder that vanishes ends the recording, not the program", { skip }, async () => {
  const session = sessionIn(200);
  const script = `require("node:fs").rmSync(${JSON.stringify(session.folder)}, { recursive: true }); setTimeout(() => console.log("worked"), 600)`;
  const { status, stdout, stderr } = await run([process.execPath, "-e", script], session);
  assert.deepEqual([status, stdout], [0, "worked\n"]);
  assert.match(stderr, /^lagleak agent: no more profiles are written: ENOENT/);
});

test("what is no Node.js program is none of this launcher", { skip }, () => {
  const suits = (...words: readonly string[]): string => runNode.suits(commandOf(words, environment, programs.folder));
  assert.deepEqual([suits("sh", "-c", "true"), suits("no-such-program"), suits("node", "app.js")], ["no", "no", "best"]);
});
