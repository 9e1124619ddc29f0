/** What is particular to each text format; what all have in common is in `conformance.test.ts`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import { LARGEST_TEXT_BYTES } from "../base/text-lines.ts";
import { framesOf, frameText, totalLiveBytes } from "../model/ledger.ts";
import { FrameKind, type Profile } from "../model/profile.ts";
import { sampleCaptures } from "../testing/captures.ts";
import { cpuMs } from "../testing/cpu-time.ts";
import { readCapture, recognizeFormat } from "./recognize.ts";

async function read(text: string | Uint8Array, name = "capture"): Promise<Profile> {
  return readCapture(await inputFromBytes(name, Buffer.from(text)), { symbolize: false });
}

function sample(format: string, row = 0): string {
  return Buffer.from(sampleCaptures[format]?.[row]?.bytes ?? []).toString("utf8");
}

/** `root > … > leaf = bytes` of every change. */
function stacksOf(profile: Profile): readonly string[] {
  return Array.from({ length: profile.changes.length }, (_, row) => {
    const frames = framesOf(profile, profile.changes.path[row] ?? 0).map((frame) => frameText(profile, frame));
    return `${frames.join(" > ")} = ${Math.round(profile.changes.liveBytes[row] ?? 0)}`;
  });
}

const codesOf = (profile: Profile): readonly string[] => profile.losses.map(({ code }) => code);

test("jemalloc: each stack is scaled by its own mean size, and a named thread is its root", async () => {
  // 1024 B in 11 objects of 93 B, one sample in 65536 B: 11 / (1 - exp(-93.09 / 65536)) = 7749.8 objects
  assert.deepEqual(stacksOf(await read(sample("jemalloc"))), [
    "rdk:broker1 > consumer+0x11ff > librdkafka.so.1+0x123 = 1048576",
    "consumer+0x11ff > consumer+0x12ff = 721408",
  ]);
});

test("jemalloc: the name of a dump tells its process, and whether it was written at the exit", async () => {
  const running = await read(sample("jemalloc"), "/tmp/je.slow.17371.2.i2.heap");
  const ended = await read(sample("jemalloc"), "jeprof.1.7493.2.f.heap");
  assert.deepEqual([running.origin.pid, running.endsWithExit], [17371, false]);
  assert.deepEqual([ended.origin.pid, ended.endsWithExit], [7493, true]);
  assert.equal(ended.origin.executable, "/opt/app/consumer");
});

test("jemalloc: a dump without its memory map is cut, with the place", async () => {
  const text = sample("jemalloc");
  const profile = await read(text.slice(0, text.indexOf("@ 0x401300") + 6));
  const loss = profile.losses.find(({ code }) => code === "truncated");
  assert.equal(loss?.offset, text.indexOf("@ 0x401300"));
  assert.equal(Math.round(profile.captures[0]?.liveBytes ?? 0), 1_048_576);
});

test("gperftools: sizes are exact, and a missing record shows in the header's count", async () => {
  const text = sample("heap-profile");
  const profile = await read(text);
  assert.deepEqual(profile.precision, { kind: "exact" });
  assert.deepEqual(codesOf(profile), ["no-names"]);
  const shorter = await read(text.replace(/ +10: .*\n/, ""));
  assert.ok(codesOf(shorter).includes("truncated"));
});

test("Go debug=1: the number in the header is twice the interval, names and HeapAlloc are in the comments", async () => {
  const profile = await read(sample("heap-profile", 1));
  assert.deepEqual(profile.precision, { kind: "sampled", meanIntervalBytes: 524_288 });
  assert.equal(profile.instants.reportedHeapBytes[1], 2_400_000);
  assert.equal(stacksOf(profile)[0], "main.main > main.fetchLoop = 1658822");
  assert.equal(profile.origin.runtime, "go");
});

test("Go debug=1: a heap far below HeapAlloc is that of an earlier collection", async () => {
  const profile = await read(sample("heap-profile", 1).replace("HeapAlloc = 2400000", "HeapAlloc = 67378152"));
  assert.deepEqual(codesOf(profile), ["stale"]);
});

test("a growth profile is refused: it does not say what is live", async () => {
  await assert.rejects(read("heap profile: 1: 4096 [1: 4096] @ growthz\n1: 4096 [1: 4096] @ 0x1 0x2\n"), (failure) => {
    return failure instanceof Failure && failure.code === "format-unsupported";
  });
});

test("class histograms in one file are instants, and array descriptors are written as in Java", async () => {
  const profile = await read(sample("class-histogram"));
  assert.deepEqual([...totalLiveBytes(profile)], [0, 3240, 5016]);
  assert.deepEqual(stacksOf(profile), ["byte[] = 3000", "App$Record = 240", "App$Record = 1776"]);
  assert.equal(profile.origin.pid, 4711);
  assert.equal(profile.frames.kind[1], FrameKind.type);
});

test("a class histogram without its Total line is cut", async () => {
  const text = sample("class-histogram");
  assert.deepEqual(codesOf(await read(text.slice(0, text.indexOf("Total")))), ["truncated"]);
});

test("collapsed stacks come in UTF-8 and UTF-16, with any line end", async () => {
  const text = "a;b;c 1\r\na;b;d 4\r\n";
  const wide = Buffer.from(`\uFEFF${text}`, "utf16le");
  const expected = ["a > b > c = 1", "a > b > d = 4"];
  for (const bytes of [Buffer.from(text), Buffer.from(`\uFEFF${text}`), wide, Buffer.from(wide).swap16()]) {
    const profile = await read(bytes);
    assert.deepEqual(stacksOf(profile), expected);
    assert.deepEqual(codesOf(profile), ["unit"]);
  }
});

test("lines that are no stacks are counted, with the place of the first", async () => {
  const profile = await read("a;b 1\nno stack\na;c 2\nneither\n");
  assert.deepEqual(profile.losses[0], { code: "malformed-record", text: "lines that are no stacks were skipped", offset: 6, count: 2 });
});

test("collapsed: interpreters' places behind a name become the frame's file and line", async () => {
  const profile = await read(
    "<module> (app.py:3);poll (/x/site-packages/kafka/consumer/group.py:827);f(int) (a.cpp:5:9);g (kafka);h (<frozen x>:2) 7\n",
  );
  const place = (row: number): readonly [string | undefined, string | undefined, number | undefined] => [
    profile.strings[profile.frames.name[row] ?? 0],
    profile.strings[profile.frames.file[row] ?? 0],
    profile.frames.line[row],
  ];
  assert.deepEqual([1, 2, 3, 4, 5].map(place), [
    ["<module>", "app.py", 3],
    ["poll", "/x/site-packages/kafka/consumer/group.py", 827],
    ["f(int)", "a.cpp", 5],
    ["g (kafka)", "", 0],
    ["h", "<frozen x>", 2],
  ]);
});

test("collapsed: the place of a damaged line is that in the file, in any encoding", async () => {
  const text = "\uFEFFä;b 1\nno stack\n";
  const wide = Buffer.from(text, "utf16le");
  const places: readonly (readonly [Uint8Array, number])[] = [
    [Buffer.from(text), 10],
    [wide, 14],
    [Buffer.from(wide).swap16(), 14],
  ];
  for (const [bytes, place] of places) assert.equal((await read(bytes)).losses[0]?.offset, place);
});

test("V8: the ordinals of samples are a clock of allocated bytes, the interval lies just below the smallest sample", async () => {
  const profile = await read(sample("v8-sampling"));
  assert.deepEqual(profile.precision, { kind: "sampled", meanIntervalBytes: 32_768 });
  const { survivors } = profile;
  assert.ok(survivors !== null);
  assert.equal(survivors.clock, "allocation");
  assert.deepEqual(
    Array.from(survivors.bornAt).sort((a, b) => a - b),
    [1, 30, 60],
  );
  assert.equal(Math.round(Array.from(survivors.bornBytes).reduce((sum, bytes) => sum + bytes, 0)), 100 * 32_768);
});

test("V8: a frame of a package belongs to the package", async () => {
  const profile = await read(sample("v8-sampling"));
  const modules = Array.from(profile.modules.name, (name) => profile.strings[name]);
  assert.deepEqual(modules, ["", "node:internal/timers", "kafkajs", "/srv/app/index.js"]);
});

test("V8: a tree as deep as any recursion is read", async () => {
  const depth = 50_000;
  const node = '{"callFrame":{"functionName":"f","url":"","lineNumber":-1},"selfSize":1,"children":[';
  const profile = await read(`{"head":${node.repeat(depth)}${"]}".repeat(depth)}}`);
  assert.equal(profile.captures[0]?.liveBytes, depth);
});

test("what is known and not read is refused with what to give instead", () => {
  const refusal = (head: string): string => {
    try {
      return recognizeFormat(Buffer.from(head, "latin1"), "x").id;
    } catch (failure) {
      assert.ok(failure instanceof Failure && failure.hint !== null);
      return `${failure.code}: ${failure.message}`;
    }
  };
  assert.match(refusal("FLR\0\0\x02\0\0"), /format-unsupported: is a JFR recording/);
  assert.match(refusal("--- contentionz 1 ---\n"), /lock or thread profile, which holds no memory/);
  assert.match(refusal('{"name":"x","version":"1"}'), /format-unknown: is JSON/);
  assert.match(refusal("2026-01-01T00:00:00Z INFO consumer started\n"), /format-unknown: is a log/);
  assert.match(refusal("\x01\x02\x03\x04"), /format-unknown: is in no format/);
});

test("a heap profile whose records add up to more than its header says is damaged", async () => {
  const profile = await read(sample("heap-profile").replace("2:    70000 [", "2:    90000 ["));
  const loss = profile.losses.find(({ code }) => code === "malformed-record");
  assert.match(loss?.text ?? "", /90200 of 70200 B live/);
});

test("a histogram whose header is damaged is missed, not passed over", async () => {
  const text = sample("class-histogram");
  const second = text.lastIndexOf("#instances");
  const profile = await read(`${text.slice(0, second)}#inst@nces${text.slice(second + 10)}`);
  const loss = profile.losses.find(({ code }) => code === "malformed-record");
  assert.deepEqual([loss?.count, loss?.offset], [3, text.lastIndexOf("   1: ")]);
});

test("a line is read in one pass, whatever is in it", async () => {
  const blanks = " ".repeat(200_000);
  const start = cpuMs();
  await read(sample("class-histogram").replace("App$Record", `App${blanks}Record`).replace("\nTotal", `\n${blanks}-${blanks}x\nTotal`));
  await read(sample("heap-profile", 1).replace("main.fetchLoop+0x64", `main.fetchLoop${"+0x1\t".repeat(40_000)}+0x64`));
  assert.ok(cpuMs() - start < 5000);
});

test("text is read up to what fits into a string", async () => {
  for (const format of ["class-histogram", "collapsed", "heap-profile", "jemalloc", "v8-sampling"]) {
    for (const { name, bytes } of sampleCaptures[format] ?? []) {
      const input = await inputFromBytes(name, bytes);
      const limits: (number | undefined)[] = [];
      const readAll = (maxBytes?: number): Promise<Uint8Array> => {
        limits.push(maxBytes);
        return input.readAll(maxBytes);
      };
      await readCapture({ ...input, readAll }, { symbolize: false });
      assert.deepEqual(limits, [LARGEST_TEXT_BYTES], name);
    }
  }
});
