import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import { framesOf, frameText, lastInstant, liveAt, totalLiveBytes } from "../model/ledger.ts";
import type { Profile } from "../model/profile.ts";
import { cpuMs } from "../testing/cpu-time.ts";
import { heaptrack } from "./heaptrack.ts";

function read(text: string, chunkBytes = 1 << 20): Promise<Profile> {
  return inputFromBytes("x.zst", Buffer.from(text), chunkBytes).then((input) => heaptrack.read(input, { symbolize: false }));
}

/** `leaf < caller < …: bytes` of everything that is live at the end. */
function live(profile: Profile): readonly string[] {
  const { bytes } = liveAt(profile, lastInstant(profile));
  const lines: string[] = [];
  for (let path = 1; path < bytes.length; path++) {
    if (bytes[path] === 0) continue;
    const stack = framesOf(profile, path).map((frame) => frameText(profile, frame));
    lines.push(`${stack.reverse().join(" < ")}: ${bytes[path]}`);
  }
  return lines.sort();
}

const text = (string: string): string => `s ${string.length.toString(16)} ${string}`;

/** Two allocations at one trace, of which one is freed; an inlined function between them and main. */
const INTERPRETED = [
  "v 10400 3",
  "X ./consumer --topic orders",
  "I 1000 5e2990",
  text("/usr/lib/librdkafka.so.1"),
  text("main"),
  text("rd_calloc"),
  text("rd_kafka_new"),
  text("rd.h"),
  "i 401000 1 2",
  "i 402000 1 3 5 64 4 0 0", // rd_calloc inlined into rd_kafka_new
  "i 403000 1",
  "t 1 0",
  "t 2 1",
  "t 3 2",
  "a 64 2",
  "a 1000 3",
  "+ 0",
  "+ 1",
  "+ 1",
  "c a",
  "R 10",
  "- 1",
  "c 1e",
  "# strings: 5",
  "# ips: 3",
  "",
].join("\n");

test("stacks run from main to the leaf, an inlined function is nearer to the leaf, and a bare address keeps its module", async () => {
  const profile = await read(INTERPRETED);
  assert.deepEqual(live(profile), [
    "librdkafka.so.1+0x403000 < rd_calloc < rd_kafka_new < main: 4096",
    "rd_calloc < rd_kafka_new < main: 100",
  ]);
  assert.equal(profile.peakBytes, 8292);
  assert.equal(profile.origin.command, "./consumer --topic orders");
  assert.deepEqual(profile.losses, []);
  assert.deepEqual(Array.from(profile.instants.residentBytes).slice(1), [65536, 65536, 65536]);
});

test("the size of the chunks makes no difference", async () => {
  assert.deepEqual(await read(INTERPRETED, 1), await read(INTERPRETED));
});

test("an event without a number takes none from the next line, wherever the file is cut into chunks", async () => {
  const damaged = INTERPRETED.replace("c a\n", "+ 1\n+\n1\n-\n1\n+\nc a\n");
  const whole = await read(damaged);
  assert.equal(whole.losses.find(({ code }) => code === "malformed-record")?.count, 5);
  for (const chunkBytes of [1, 2, 3, 7]) assert.deepEqual(await read(damaged, chunkBytes), whole);
});

test("formats 1 and 2 have strings without lengths, which may hold spaces", async () => {
  const old = ["v 10200", "s old lib", "s leak here", "i 400500 1 2", "t 1 0", "a 64 1", "+ 0", "c 14", "# strings: 2", "# ips: 1", ""];
  const profile = await read(old.join("\n"));
  assert.deepEqual(live(profile), ["leak here: 100"]);
  assert.equal(profile.captures[0]?.formatVersion, "10200, format 1");
});

const RAW = [
  "v 10550 3",
  "x 9 /bin/demo",
  "X ./demo",
  "I 1000 100",
  "m 1 -",
  "m 1 x 5000 0 1000",
  "m 9 /lib/b.so 90000 0 1000",
  "t 5100 0",
  "t 90200 1",
];

test("a raw file is read by its pointers: what survives was really born when it says", async () => {
  const events = ["+ 10 2 aa0", "c 14", "+ 20 2 bb0", "c 28", "- aa0", "c 3c", "+ 30 1 cc0", ""];
  const profile = await read([...RAW, ...events].join("\n"));
  assert.deepEqual(live(profile), ["b.so+0x200 < demo+0x100: 32", "demo+0x100: 48"]);
  assert.equal(profile.survivors?.matching, "exact");
  assert.deepEqual(Array.from(profile.survivors?.bytes ?? []).sort(), [32, 48]);
  assert.equal(profile.losses.find(({ code }) => code === "no-names")?.count, 2);
});

test("raw messages of ever different sizes cost memory by stacks, not by sizes", async () => {
  const events = Array.from(
    { length: 50_000 },
    (_, n) => `+ ${(n * 7 + 1).toString(16)} 2 ${(n * 16 + 4096).toString(16)}\nc ${(n >> 3).toString(16)}`,
  );
  const profile = await read(`${[...RAW, ...events].join("\n")}\n`);
  assert.equal(profile.paths.length, 3);
  assert.equal(totalLiveBytes(profile).at(-1), (50_000 * 49_999 * 7) / 2 + 50_000);
});

test("a free of a block that was never seen allocated is passed over", async () => {
  const profile = await read([...RAW, "- dead0", "+ 10 1 aa0", "- aa0", "- aa0", ""].join("\n"));
  assert.equal(totalLiveBytes(profile).at(-1), 0);
});

test("after a runtime attach only what was allocated since is counted, and the capture says that it came later", async () => {
  const profile = await read(INTERPRETED.replace("+ 0\n", "+ 0\nA\n"));
  assert.equal(profile.origin.attached, true);
  assert.deepEqual(live(profile), ["librdkafka.so.1+0x403000 < rd_calloc < rd_kafka_new < main: 4096"]);
});

test("a file without its last lines, or with half a line, was cut, and the place is said", async () => {
  const cut = await read(INTERPRETED.slice(0, INTERPRETED.indexOf("# strings")));
  assert.deepEqual(
    cut.losses.map(({ code, offset }) => [code, offset]),
    [["truncated", INTERPRETED.indexOf("# strings")]],
  );
  const half = await read(INTERPRETED.slice(0, INTERPRETED.indexOf("- 1") + 2));
  assert.equal(half.losses[0]?.code, "truncated");
  assert.equal(half.losses[0]?.offset, INTERPRETED.indexOf("- 1"));
});

test("a line that makes no sense is counted and does not shift the numbering of what follows", async () => {
  const profile = await read(INTERPRETED.replace("a 64 2\n", "a 64 ffff\n").replace("c a\n", "c a\n? what\n"));
  assert.equal(profile.losses.find(({ code }) => code === "malformed-record")?.count, 2);
  assert.ok(live(profile).some((line) => line.endsWith(": 4096")));
});

test("a clean exit is told from a queue that drains", async () => {
  const fill = "c 64\n".concat(..."123456789".split("").map((n) => `+ 1\nc ${n}00\n`));
  const freeAll = "- 1\n".repeat(10);
  const before = INTERPRETED.slice(0, INTERPRETED.indexOf("+ 0")).concat("+ 1\n", fill);
  const end = "# strings: 5\n# ips: 3\n";
  assert.equal((await read(`${before}${freeAll}c 901\n${end}`)).endsWithExit, true);
  const drained = "123456789"
    .split("")
    .map((n) => `- 1\nc a${n}0\n`)
    .join("");
  assert.equal((await read(`${before}${drained}- 1\nc 2000\n${end}`)).endsWithExit, false);
});

test("a format newer than 3 is refused, not guessed", async () => {
  await assert.rejects(read("v 20000 4\n"), (error) => error instanceof Failure && error.code === "format-unsupported");
});

test("a line that does not end is refused with its place, as soon as it is too long", async () => {
  const start = cpuMs();
  const zeros = new Uint8Array(80 << 20);
  zeros.set(Buffer.from("v 10400 3\n"));
  const input = await inputFromBytes("x", zeros, 1 << 16);
  await assert.rejects(
    heaptrack.read(input, { symbolize: false }),
    (error) => error instanceof Failure && error.code === "malformed" && error.where?.offset === 10,
  );
  assert.ok(cpuMs() - start < 5000);
});

test("strings or instruction pointers that are missing show in the counts at the end", async () => {
  for (const line of [text("main"), "i 402000 1 3 5 64 4 0 0"]) {
    const profile = await read(INTERPRETED.replace(`${line}\n`, ""));
    assert.deepEqual(
      profile.losses.map(({ code }) => code),
      ["malformed-record"],
    );
  }
  assert.deepEqual((await read(INTERPRETED)).losses, []);
});

test("a time of centuries and a number of more than 64 bits are damage, and leave everything else as it was", async () => {
  const profile = await read(INTERPRETED.replace("c a\n", `c a\nc ${"f".repeat(12)}\nc ${"f".repeat(300)}\nR ${"f".repeat(300)}\n`));
  assert.equal(profile.losses[0]?.count, 2);
  assert.deepEqual(totalLiveBytes(profile), totalLiveBytes(await read(INTERPRETED)));
});

test("a line of a raw file within an interpreted one is damage, and starts nothing anew", async () => {
  const profile = await read(INTERPRETED.replace("c a\n", "c a\n+ 10 0 2000\nx 4 /bin\nm 1 a 0\n"));
  assert.equal(profile.losses[0]?.code, "malformed-record");
  assert.equal(profile.losses[0]?.count, 2);
});
