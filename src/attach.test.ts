/** Attaching as its users meet it: the real bin on real processes. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { listeners } from "./attach/proc.ts";
import type { Answer } from "./report/answer.ts";
import { missingProgram, TargetPrograms, targetSource } from "./testing/target-programs.ts";

const bin = fileURLToPath(new URL("./bin/lagleak.js", import.meta.url));
const programs = new TargetPrograms();
const folder = mkdtempSync(path.join(tmpdir(), "lagleak-attach-"));
after(() => {
  programs.close();
  rmSync(folder, { recursive: true, force: true });
});

const isLinux = process.platform === "linux" ? false : "needs Linux";
const noBroker = missingProgram("gcc") || (existsSync("/usr/include/librdkafka/rdkafka_mock.h") ? false : "no librdkafka-dev here");

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Its state and captures lie in the folder of the test. */
function start(...args: readonly string[]): {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  readonly looked: (times: number) => Promise<void>;
} {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: folder,
    env: { ...process.env, XDG_STATE_HOME: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (part) => (stdout += part));
  child.stderr.on("data", (part) => (stderr += part));
  return {
    child,
    outcome: new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr }))),
    looked: async (times) => {
      while ([...stderr.matchAll(/^lagleak: \+\d+ s/gm)].length < times && child.exitCode === null) await pause(20);
    },
  };
}

function lagleak(...args: readonly string[]): Promise<Outcome> {
  return start(...args).outcome;
}

/** A program that allocates a MiB every 100 ms, and says when it runs. */
const GROWING = "const kept=[];setInterval(()=>kept.push(Buffer.alloc(1<<20,1)),100);console.log('ready')";

test("a process that is not there is a sentence with a fix, and exit code 4", async () => {
  for (const command of ["attach", "doctor"]) {
    const { code, stdout, stderr } = await lagleak(command, "4194303");
    assert.equal(code, 4);
    assert.equal(stdout, "");
    assert.match(stderr, /^lagleak: there is no process 4194303\n {2}See `ps -ef`/);
  }
});

test("what is observed is one line a look, an answer at the end, and a file that gives the same answer again", {
  skip: isLinux,
}, async () => {
  const { pid } = await programs.start(process.execPath, ["-e", GROWING]);
  const { code, stdout, stderr } = await lagleak("attach", String(pid), "--for", "3s", "--every", "200ms", "--captures", "grows", "--json");
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`node, process ${pid}: Node.js`));
  assert.ok([...stderr.matchAll(/^lagleak: \+\d+ s, resident .*MiB/gm)].length >= 8, stderr);
  const [file = ""] = readdirSync(path.join(folder, "grows"));
  assert.match(file, new RegExp(`^node-${pid}\\.[\\dT]+\\.lagleak\\.jsonl$`));
  const again = await lagleak(path.join("grows", file), "--json");
  const [first, second] = [stdout, again.stdout].map((text) => JSON.parse(text) as Answer);
  assert.deepEqual(second?.verdict, first?.verdict);
  assert.ok((first?.series.length ?? 0) >= 8);
});

test("a process that ends meanwhile is answered from what was seen", { skip: isLinux }, async () => {
  const { pid, child } = await programs.start(process.execPath, ["-e", GROWING]);
  const { outcome, looked } = start("attach", String(pid), "--for", "30s", "--every", "200ms", "--captures", "ends", "--json");
  await looked(8);
  child.kill("SIGKILL");
  const { code, stdout, stderr } = await outcome;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the process has ended; captured: ends/);
  assert.ok((JSON.parse(stdout) as Answer).series.length >= 5);
});

test("nothing of a command line or an environment is written anywhere", { skip: isLinux }, async () => {
  const { pid } = await programs.start(process.execPath, ["-e", GROWING, "--", "--sasl.password=hunter2"], {
    environment: { KAFKA_SECRET: "hunter2" },
  });
  const outcomes = [
    await lagleak("doctor", String(pid)),
    await lagleak("doctor", String(pid), "--json"),
    await lagleak("attach", String(pid), "--for", "1s", "--every", "200ms", "--captures", "secret", "-v"),
  ];
  const files = readdirSync(path.join(folder, "secret")).map((file) => readFileSync(path.join(folder, "secret", file), "utf8"));
  for (const text of [...outcomes.flatMap(({ stdout, stderr }) => [stdout, stderr]), ...files]) assert.doesNotMatch(text, /hunter2/);
});

test("killed while an inspector is open: the target lives, what was seen is whole, and detach closes it", { skip: isLinux }, async () => {
  const { pid, child } = await programs.start(process.execPath, ["-e", GROWING]);
  const before = listeners(pid).length;
  const attached = start("attach", String(pid), "--method", "node-sampling", "--window", "20s", "--captures", "killed");
  while (listeners(pid).length === before && attached.child.exitCode === null) await pause(50);
  await pause(500);
  attached.child.kill("SIGKILL");
  await attached.outcome;
  assert.equal(child.exitCode, null);
  const { code, stdout } = await lagleak("detach", String(pid));
  assert.equal(code, 0);
  assert.match(stdout, /undone: /);
  for (let tries = 0; tries < 40 && listeners(pid).length > before; tries++) await pause(50);
  assert.equal(listeners(pid).length, before);
  assert.equal(child.exitCode, null);
  assert.equal((await lagleak("detach", String(pid))).stdout, `Nothing is open in process ${pid}.\n`);
  const [file = ""] = readdirSync(path.join(folder, "killed")).filter((name) => name.endsWith(".jsonl"));
  assert.equal((await lagleak("inspect", path.join("killed", file))).code, 3); // evidence is no capture
  assert.equal((await lagleak(path.join("killed", file), "--json")).code, 0);
});

test("Ctrl-C ends the observation and answers", { skip: isLinux }, async () => {
  const { pid } = await programs.start(process.execPath, ["-e", GROWING]);
  const { child, outcome, looked } = start("attach", String(pid), "--for", "60s", "--every", "200ms", "--captures", "stopped", "--json");
  await looked(8);
  child.kill("SIGINT");
  const { code, stdout, stderr } = await outcome;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /interrupted; captured/);
  assert.ok(JSON.parse(stdout));
});

test("a consumer that is slow buffers and one that keeps what it reads leaks, from outside alone", {
  skip: isLinux || noBroker,
}, async () => {
  const { said: broker } = await programs.start(programs.compile("mock-broker.c", "mock-broker", ["-lrdkafka"]), [
    "events",
    "40",
    "5000",
    "1000",
  ]);
  const consumer = programs.compile("kafka-clients.c", "kafka-clients", ["-lrdkafka"]);
  const consume = async (...more: readonly string[]) =>
    programs.start(consumer, [broker, "events", "--consumers", "1", "--set", "queued.max.messages.kbytes=16384", ...more]);
  const [slow, leaking] = await Promise.all([
    consume("--delay-us", "100000", "--set", "group.id=slow"),
    consume("--delay-us", "2000", "--leak", "30000", "--set", "group.id=leaking"),
  ]);
  const attach = async (pid: number, captures: string): Promise<Answer> => {
    const limits = ["--set", "queued.max.messages.kbytes=16384", "--message-size", "1000"];
    const { code, stdout, stderr } = await lagleak("attach", String(pid), "--for", "24s", "--captures", captures, "--json", ...limits);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Answer;
  };
  const [buffers, leaks] = await Promise.all([attach(slow.pid, "slow"), attach(leaking.pid, "leaking")]);
  assert.equal(buffers.verdict.class, "buffering", buffers.verdict.summary);
  assert.equal(leaks.verdict.class, "leak", leaks.verdict.summary);
  assert.match(leaks.verdict.because.map(({ text }) => text).join(" "), /chunks of 30,016 bytes grew/);
});

test("run passes on the exit code of the program", { skip: isLinux || missingProgram("gcc", "heaptrack") }, async () => {
  const source = targetSource("kafka-clients.c");
  assert.ok(existsSync(source));
  const { code, stderr } = await lagleak("run", "--captures", "run", "--method", "heaptrack", "--", "/bin/sh", "-c", "exit 3");
  assert.equal(code, 3, stderr);
  assert.match(stderr, /the program ended with 3/);
});
