/** Ways into native processes and Python by gdb: what they capture, what they leave, and which programs they stay out of. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { growthOf, missingFile, missingProgram, outsideOf, sessionFor, TargetPrograms, targetSource } from "../testing/target-programs.ts";
import type { Attacher } from "./attacher.ts";
import { bpftraceSites, collapseSites, largestGrowth, requestsOf } from "./bpftrace-sites.ts";
import { coreDump } from "./core-dump.ts";
import { readElfLinkage } from "./elf-linkage.ts";
import { gdbText, placeTexts, releaseTexts, runGdb } from "./gdb.ts";
import { heaptrackInject, linkageRefusal } from "./heaptrack-inject.ts";
import { jemallocDump } from "./jemalloc-dump.ts";
import { librdkafkaConfig } from "./librdkafka-config.ts";
import { mallocInfo } from "./malloc-info.ts";
import { collapse, pythonTracemalloc } from "./python-tracemalloc.ts";
import { inspectTarget } from "./target.ts";
import { tcmallocDump } from "./tcmalloc-dump.ts";

const SYSTEM = "/usr/lib/x86_64-linux-gnu";
const noGcc = missingProgram("gcc");
const skip = missingProgram("gcc", "gdb", "timeout");
const noJemalloc = skip || missingFile(`${SYSTEM}/libjemalloc.so.2`);
const noTcmalloc = skip || missingFile(`${SYSTEM}/libtcmalloc.so.4`);
const noHeaptrack = skip || missingFile("/usr/lib/heaptrack/libheaptrack_inject.so");
const noLibrdkafka = skip || missingFile("/usr/include/librdkafka/rdkafka.h");
const noBpftrace = skip || missingProgram("bpftrace") || (process.getuid?.() === 0 ? false : "not root");
const noPython = skip || missingProgram("python3");

/** Opened once by the library with which heaptrack unwinds, and kept. */
const PIPE_OF_LIBUNWIND = 2;

let programs: TargetPrograms;
let leaking: string;

before(() => {
  if (noGcc !== false) return;
  programs = new TargetPrograms();
  leaking = programs.compile("leaking-consumer.c", "leaking");
});
after(() => {
  if (noGcc === false) programs.close();
});

function newFolder(): string {
  return mkdtempSync(path.join(programs.folder, "session-"));
}

/** Captures of a process that must live on with the same ports, files and threads, and nothing left to take back. */
async function captureOf(attacher: Attacher, pid: number, windowMs: number, keptFiles = 0): Promise<readonly string[]> {
  const target = inspectTarget(pid);
  assert.equal(await attacher.refuses(target), null);
  const earlier = outsideOf(pid);
  const session = sessionFor(target, newFolder(), attacher.undo, { windowMs });
  const files = await attacher.capture(target, session);
  assert.deepEqual(session.undo.steps(), []);
  assert.deepEqual(outsideOf(pid), { ...earlier, files: earlier.files + keptFiles });
  return files;
}

test("a text for gdb cannot end itself", () => {
  assert.equal(gdbText('a"b\\$(x)\n'), '"a\\042b\\134$(x)\\012"');
});

test("stacks of tracemalloc become functions at their lines", () => {
  const source =
    "import x\n\ndef outer():\n    def inner():\n        # comment\n        return x.y(\n            1)\n    return inner()\n\nouter()\n";
  const traces = "1024\t2\t/a/app.py:10\t/a/app.py:8\t/a/app.py:7\n64\t1\t<frozen os>:3\nend\n";
  assert.equal(
    collapse(traces, () => source),
    "<module> (/a/app.py:10);outer (/a/app.py:8);inner (/a/app.py:7) 1024\n<unknown> (<frozen_os>:3) 64\n",
  );
});

test("programs that heaptrack's injection would kill are known by their linkage", { skip: noGcc }, () => {
  const functions = ["malloc", "free"];
  const canonical = programs.compile("leaking-consumer.c", "canonical", ["-no-pie", "-fno-pic", "-DCANONICAL"]);
  const fixed = programs.compile("leaking-consumer.c", "fixed", ["-no-pie"]);
  const constant = programs.compile("leaking-consumer.c", "static", ["-static"]);
  assert.deepEqual(readElfLinkage(canonical, functions), { isFixed: true, hasLoader: true, ownAddresses: ["malloc"] });
  assert.deepEqual(readElfLinkage(fixed, functions), { isFixed: true, hasLoader: true, ownAddresses: [] });
  assert.deepEqual(readElfLinkage(leaking, functions), { isFixed: false, hasLoader: true, ownAddresses: [] });
  assert.equal(readElfLinkage(constant, functions)?.hasLoader, false);
  assert.match(linkageRefusal("canonical", canonical)?.because ?? "", /takes the address of malloc/);
  assert.match(linkageRefusal("static", constant)?.because ?? "", /linked statically/);
  assert.equal(linkageRefusal("fixed", fixed), null);
  assert.equal(linkageRefusal("leaking", leaking), null);
  execFileSync("strip", ["-s", canonical]);
  assert.match(linkageRefusal("stripped", canonical)?.because ?? "", /takes the address of malloc/);
});

test("Node.js of Debian and of nodejs.org is linked to fixed addresses and takes the address of malloc", {
  skip: /^\/usr\/bin\/node$/.test(process.execPath) ? false : "no /usr/bin/node here",
}, () => {
  assert.match(linkageRefusal("node", process.execPath)?.because ?? "", /takes the address of/);
});

test("a file that is no program, or is cut, is not taken for one", { skip: noGcc }, () => {
  assert.equal(readElfLinkage(targetSource("leaking-consumer.c"), ["malloc"]), null);
  assert.equal(readElfLinkage("/nowhere", ["malloc"]), null);
});

test("heaptrack is loaded into a running program, shows what grows, and is gone again", { skip: noHeaptrack }, async () => {
  const { pid } = await programs.start(leaking, []);
  const [file = ""] = await captureOf(heaptrackInject, pid, 1500, PIPE_OF_LIBUNWIND);
  const { growth } = await growthOf([file]);
  assert.equal(growth[0]?.name, "keep_record");
  assert.ok((growth[0]?.bytes ?? 0) > 300_000, JSON.stringify(growth[0]));
});

test("heaptrack stops at the limit of its file, and the file stays", { skip: noHeaptrack }, async () => {
  const { pid } = await programs.start(leaking, []);
  const target = inspectTarget(pid);
  const notes: string[] = [];
  const session = sessionFor(target, newFolder(), heaptrackInject.undo, {
    windowMs: 30_000,
    diskBytes: (8 << 20) + 4096,
    note: (text) => notes.push(text),
  });
  const files = await heaptrackInject.capture(target, session);
  assert.equal(files.length, 1);
  assert.match(notes.at(-1) ?? "", /stopped early/);
});

test("jemalloc writes two profiles, its sleeping profiler is put back to sleep", { skip: noJemalloc }, async () => {
  const environment = { LD_PRELOAD: `${SYSTEM}/libjemalloc.so.2`, MALLOC_CONF: "prof:true,prof_active:false,lg_prof_sample:12" };
  const { pid } = await programs.start(leaking, [], { environment });
  const files = await captureOf(jemallocDump, pid, 1000);
  assert.equal(files.length, 2);
  assert.ok((await growthOf(files)).growth.some(({ bytes }) => bytes > 100_000)); // at the leaf, a function of jemalloc itself
  const state = await runGdb(
    inspectTarget(pid),
    [
      ...placeTexts(["prof.active"]),
      "set var *(long *)($spare + 16) = 1",
      "call ((int (*)(const char *, void *, void *, void *, long)) mallctl)($text0, $spare, $spare + 16, 0, 0)",
      'printf "active %d\\n", *(char *)$spare',
      ...releaseTexts,
    ],
    { libraries: ["libjemalloc"] },
  );
  assert.match(state, /active 0/);
});

test("jemalloc without profiling is a refusal with the line that restarts it", { skip: noJemalloc }, async () => {
  const { pid } = await programs.start(leaking, [], { environment: { LD_PRELOAD: `${SYSTEM}/libjemalloc.so.2` } });
  const refusal = await jemallocDump.refuses(inspectTarget(pid));
  assert.match(refusal?.fix ?? "", /MALLOC_CONF=prof:true,prof_active:false LD_PRELOAD=/);
});

test("tcmalloc's profiler is started late, asked twice and stopped", { skip: noTcmalloc }, async () => {
  const { pid } = await programs.start(leaking, [], { environment: { LD_PRELOAD: `${SYSTEM}/libtcmalloc.so.4` } });
  const files = await captureOf(tcmallocDump, pid, 1000);
  assert.equal(files.length, 2);
  assert.ok((await growthOf(files)).growth.some(({ name, bytes }) => name === "keep_record" && bytes > 100_000));
});

test("malloc_info of a running program is written as it stands", { skip }, async () => {
  const { pid } = await programs.start(leaking, []);
  const [file = ""] = await captureOf(mallocInfo, pid, 0);
  assert.match(readFileSync(file, "utf8"), /^<malloc version="1">[\s\S]*<\/malloc>\s*$/);
});

test("a core file is for its user only", { skip }, async () => {
  const { pid } = await programs.start(leaking, []);
  const target = inspectTarget(pid);
  const folder = newFolder();
  assert.deepEqual(await coreDump.capture(target, sessionFor(target, folder, coreDump.undo)), []);
  const { mode, size } = statSync(path.join(folder, "test-core-1.core"));
  assert.equal(mode & 0o777, 0o600);
  assert.ok(size > 100_000);
});

test("tracemalloc shows the function that keeps what it allocates, and is switched off again", { skip: noPython }, async () => {
  const { pid } = await programs.start("python3", [targetSource("leaking_consumer.py")]);
  const files = await captureOf(pythonTracemalloc, pid, 1000);
  const { growth } = await growthOf(files);
  assert.equal(files.length, 2);
  assert.equal(growth[0]?.name, "keep_record");
  assert.ok((growth[0]?.bytes ?? 0) > 100_000, JSON.stringify(growth[0]));
});

test("a call that never returns is taken back, and the process goes on", { skip }, async () => {
  const { pid } = await programs.start(leaking, []);
  const target = inspectTarget(pid);
  await assert.rejects(runGdb(target, ["call ((int (*)(void)) pause)()"], { timeoutSeconds: 1 }), {
    code: "capture",
    message: /taken back/,
  });
  assert.equal((await captureOf(mallocInfo, pid, 0)).length, 1);
});

test("librdkafka is asked for the settings that decide its memory, and for no secret", { skip: noLibrdkafka }, async () => {
  const clients = programs.compile("kafka-clients.c", "clients", ["-lrdkafka"]);
  const settings = ["--set", "queued.max.messages.kbytes=12345", "--set", "sasl.password=hunter2"];
  const args = ["127.0.0.1:9", "topic", "--consumers", "2", "--every-ms", "100", ...settings];
  const { pid } = await programs.start(clients, args, { isReady: /^stats (\S+) /m });
  const files = await captureOf(librdkafkaConfig, pid, 0);
  assert.equal(files.length, 2);
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    assert.match(text, /^# rdkafka#consumer-\d, as librdkafka uses it\n/);
    assert.match(text, /^queued.max.messages.kbytes=12345$/m);
    // librdkafka lowers it to what may be queued: what it uses is not what its documentation says
    assert.match(text, /^fetch.max.bytes=12641280$/m);
    assert.doesNotMatch(text, /hunter2|sasl/);
  }
});

test("of two censuses the size is followed whose bytes grow most", () => {
  const census = (...classes: readonly (readonly [number, number])[]) => {
    return { allocator: "glibc", inUseBytes: 0, freeBytes: 0, mappedBytes: 0, classes: classes.map(([size, count]) => ({ size, count })) };
  };
  assert.deepEqual(largestGrowth(census([1024, 10], [64, 900], [4096, 9]), census([1024, 40], [64, 950], [4096, 8])), {
    size: 1024,
    count: 30,
  });
  assert.equal(largestGrowth(census([64, 5]), census([64, 5])), null);
});

test("a chunk is given out for requests of sixteen sizes, a mapped one for those of a page", () => {
  assert.deepEqual(requestsOf(32), { from: 1, to: 24 });
  assert.deepEqual(requestsOf(1024), { from: 1001, to: 1016 });
  assert.deepEqual(requestsOf(10_002_432), { from: 9_998_321, to: 10_002_416 });
});

test("what bpftrace counted becomes stacks, nameless functions places in their files", () => {
  const frames = ["\t7f00 __GI___libc_malloc+0 (/lib/libc.so.6)", "\t5618 consume+9 (/app)", "\t9010 0x9010 (/lib/librdkafka.so.1)"].join(
    "\n",
  );
  const live = { type: "map", data: { "@live": { [`keep_record,\n${frames}\n`]: 2048, [`freed,\n${frames}\n`]: 0 } } };
  const mapping = {
    start: 0x9000,
    end: 0xa000,
    isReadable: true,
    isWritable: false,
    isExecutable: true,
    isShared: false,
    fileOffset: 0x3000,
    inode: 1,
  };
  assert.equal(
    collapseSites(`{"type": "attached_probes"}\n${JSON.stringify(live)}\n`, "my app", [{ ...mapping, path: "/lib/librdkafka.so.1" }]),
    "my_app;librdkafka.so.1+0x3010;consume;keep_record 2048\n",
  );
});

test("bpftrace follows who allocates the size that grows, and leaves nothing in the process", { skip: noBpftrace }, async () => {
  const { pid } = await programs.start(leaking, []);
  const target = inspectTarget(pid);
  if ((await bpftraceSites.refuses(target)) !== null) return;
  const [file = ""] = await captureOf(bpftraceSites, pid, 4000);
  assert.equal((await growthOf([file])).growth[0]?.name, "keep_record");
});
