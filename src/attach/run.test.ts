/** Programs that are started under capture: what is started instead, what it writes, and which commands it cannot be done with. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { growthOf, missingFile, missingProgram, TargetPrograms, targetSource } from "../testing/target-programs.ts";
import { launchers } from "./index.ts";
import { type Command, commandOf, type Launcher, type LaunchSession } from "./launcher.ts";
import { runHeaptrack } from "./run-heaptrack.ts";
import { ofMainProcess, runJemalloc } from "./run-jemalloc.ts";
import { runJvm } from "./run-jvm.ts";
import { runPython } from "./run-python.ts";
import { runTcmalloc } from "./run-tcmalloc.ts";

const SYSTEM = "/usr/lib/x86_64-linux-gnu";
const PATH = "/usr/local/bin:/usr/bin:/bin";
const skip = missingProgram("gcc");
const noHeaptrack = skip || missingFile("/usr/lib/heaptrack/libheaptrack_preload.so");
const noJemalloc = skip || missingFile(`${SYSTEM}/libjemalloc.so.2`);
const noTcmalloc = skip || missingFile(`${SYSTEM}/libtcmalloc.so.4`);
const noJava = missingFile("/usr/bin/java");
const noPython = missingFile("/usr/bin/python3");

let programs: TargetPrograms;

before(() => {
  programs = new TargetPrograms();
});
after(() => programs.close());

function newSession(everyMs = 500): LaunchSession {
  return { folder: mkdtempSync(path.join(programs.folder, "session-")), name: "test", everyMs };
}

function command(...words: readonly string[]): Command {
  return commandOf(words, { PATH }, programs.folder);
}

/** Runs a command under a launcher until it has run for a while, ends it as a user would, and collects. */
async function run(launcher: Launcher, given: Command, session: LaunchSession, forMs: number): Promise<readonly string[]> {
  assert.equal(await launcher.refuses(given), null);
  const { words, environment } = await launcher.launch(given, session);
  const [program = "", ...args] = words;
  await new Promise<void>((resolve, reject) => {
    const child = spawn(program, args, { cwd: given.folder, env: { ...given.environment, ...environment }, stdio: "ignore" });
    const timer = setTimeout(() => child.kill("SIGINT"), forMs);
    child.on("error", reject);
    child.on("exit", () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return launcher.collect(session);
}

test("a command is looked up as a shell does, and its kind is known", () => {
  const script = path.join(programs.folder, "script");
  writeFileSync(script, "#!/bin/sh\n");
  chmodSync(script, 0o755);
  assert.equal(command("sh", "-c", "x").kind, "elf");
  assert.equal(command("./script").program, script);
  assert.equal(command("no-such-program").program, null);
  assert.equal(command("./script").kind, "script");
});

test("each kind of program has one launcher that suits it best", { skip: skip || noJava || noPython }, () => {
  const best = (...words: readonly string[]) => launchers.filter((one) => one.suits(command(...words)) === "best").map(({ id }) => id);
  assert.deepEqual(best(programs.compile("leaking-consumer.c", "best")), ["heaptrack"]);
  assert.deepEqual(best("/usr/bin/java", "-jar", "x.jar"), ["jvm"]);
  assert.deepEqual(best("/usr/bin/python3", "x.py"), ["python"]);
});

test("a script, a static program and a missing one are refused with what to give instead", { skip }, async () => {
  const script = path.join(programs.folder, "script2");
  writeFileSync(script, "#!/bin/sh\n");
  chmodSync(script, 0o755);
  const fixed = programs.compile("leaking-consumer.c", "constant", ["-static"]);
  assert.match((await runHeaptrack.refuses(command("./script2")))?.because ?? "", /is a script/);
  assert.match((await runHeaptrack.refuses(command(fixed)))?.because ?? "", /linked statically/);
  assert.match((await runJemalloc.refuses(command("nowhere")))?.because ?? "", /there is no program nowhere/);
});

test("what is preloaded already stays", { skip: noHeaptrack }, async () => {
  const given = commandOf(["sh"], { PATH, LD_PRELOAD: "/lib/own.so" }, "/");
  assert.match(
    (await runHeaptrack.launch(given, newSession())).environment["LD_PRELOAD"] ?? "",
    /libheaptrack_preload\.so:\/lib\/own\.so$/,
  );
});

test("a program under heaptrack writes what it keeps, also when it is interrupted", { skip: noHeaptrack }, async () => {
  const [file = ""] = await run(runHeaptrack, command(programs.compile("leaking-consumer.c", "c1")), newSession(), 1000);
  assert.equal((await growthOf([file])).growth[0]?.name, "keep_record");
});

test("dumps of jemalloc are those of the program itself, in order", () => {
  const { folder } = newSession();
  for (const name of ["x.20.2.i2.heap", "x.20.10.f.heap", "x.20.1.i1.heap", "x.31.0.i0.heap", "xy.20.0.i0.heap"]) {
    writeFileSync(path.join(folder, name), "");
  }
  assert.deepEqual(
    ofMainProcess(folder, "x").map((file) => path.basename(file)),
    ["x.20.1.i1.heap", "x.20.2.i2.heap", "x.20.10.f.heap"],
  );
});

test("a program with jemalloc writes its profile", { skip: noJemalloc }, async () => {
  const session = newSession();
  const given = commandOf([programs.compile("leaking-consumer.c", "c2"), "800"], { PATH, MALLOC_CONF: "narenas:1" }, programs.folder);
  const files = await run(runJemalloc, given, session, 5000);
  assert.ok(files.length >= 1, readdirSync(session.folder).join(" "));
  assert.match(readFileSync(files[0] ?? "", "utf8"), /^heap_v2\//);
});

test("a program with tcmalloc writes profiles by time", { skip: noTcmalloc }, async () => {
  const files = await run(runTcmalloc, command(programs.compile("leaking-consumer.c", "c3")), newSession(1000), 2500);
  assert.ok(files.length >= 1);
  assert.ok((await growthOf(files)).growth.some(({ name }) => name === "keep_record"));
});

test("Java starts with its attach socket and dumps its heap when memory ends", { skip: noJava }, async () => {
  const given = command("/usr/bin/java", "-Xmx20m", "-XX:TieredStopAtLevel=1", targetSource("LeakingConsumer.java"), "0");
  const files = await run(runJvm, given, newSession(), 20_000);
  assert.ok((await growthOf(files)).growth.some(({ name }) => name.includes("LeakingConsumer$Message")));
});

test("Python starts with tracemalloc, and keeps the sitecustomize that is hidden by ours", { skip: noPython }, async () => {
  const own = mkdtempSync(path.join(programs.folder, "own-"));
  writeFileSync(path.join(own, "sitecustomize.py"), `open(${JSON.stringify(path.join(own, "loaded"))}, "w").close()\n`);
  const given = commandOf(["/usr/bin/python3", targetSource("leaking_consumer.py")], { PATH, PYTHONPATH: own }, programs.folder);
  const session = newSession(400);
  const files = await run(runPython, given, session, 1500);
  const { growth } = await growthOf(files);
  assert.ok(files.length >= 2);
  assert.equal(growth[0]?.name, "keep_record");
  assert.ok(readdirSync(own).includes("loaded"));
  assert.match((await runPython.refuses(command("/usr/bin/python3", "-I", "x.py")))?.because ?? "", /-I/);
});
