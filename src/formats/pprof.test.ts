import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import { framesOf, frameText } from "../model/ledger.ts";
import { FrameKind, type Profile } from "../model/profile.ts";
import { sampleCaptures } from "../testing/captures.ts";
import { pprof } from "./pprof.ts";

async function read(bytes: Uint8Array): Promise<Profile> {
  return pprof.read(await inputFromBytes("heap.pb", bytes), { symbolize: false });
}

const [goHeap, allocations] = (sampleCaptures["pprof"] ?? []).map(({ bytes }) => bytes) as [Uint8Array, Uint8Array];

/** One field of a message: a number, or bytes. */
function field(number: number, value: number | readonly number[]): number[] {
  return typeof value === "number" ? [number << 3, ...varint(BigInt(value))] : [(number << 3) | 2, value.length, ...value];
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

const text = (value: string): number[] => [...Buffer.from(value)];
const STRINGS = ["", "inuse_space", "bytes", "main.run", "main.go"].flatMap((value) => field(6, text(value)));
const TYPE = field(1, [...field(1, 1), ...field(2, 2)]);
const PERIOD = [...field(11, [...field(1, 1), ...field(2, 2)]), ...field(12, 4096)];
const LOCATION = field(4, [...field(1, 1), ...field(4, [...field(1, 1), ...field(2, 7)])]);
const FUNCTION = field(5, [...field(1, 1), ...field(2, 3), ...field(4, 4)]);

function message(sample: readonly number[], ...more: readonly number[][]): Uint8Array {
  return Uint8Array.from([...TYPE, ...field(2, sample), ...LOCATION, ...FUNCTION, ...STRINGS, ...PERIOD, ...more.flat()]);
}

test("the leaf comes first in the file and last in a path, inlined functions in between", async () => {
  const profile = await read(goHeap);
  const paths = Array.from({ length: profile.changes.length }, (_, row) =>
    framesOf(profile, profile.changes.path[row] ?? 0).map((frame) => frameText(profile, frame)),
  );
  assert.deepEqual(paths, [
    ["main.main", "main.fetch", "main.decode", "runtime.mallocgc"],
    ["main.main", "consumer+0x1004"],
  ]);
});

test("a Go heap knows its time, its program and its sampling interval", async () => {
  const profile = await read(goHeap);
  assert.equal(profile.clock, "in-file");
  assert.equal(Math.floor(profile.captures[0]?.takenAt ?? 0), 1_795_334_334_385);
  assert.equal(profile.origin.runtime, "go");
  assert.equal(profile.origin.executable, "/opt/app/consumer");
  assert.deepEqual(profile.precision, { kind: "sampled", meanIntervalBytes: 524_288 });
  assert.deepEqual(profile.losses, []);
});

test("a profile of allocations says that it holds no live sizes, and threads are roots", async () => {
  const profile = await read(allocations);
  assert.equal(profile.observes, "allocated");
  assert.equal(profile.captures[0]?.liveBytes, null);
  assert.deepEqual(
    profile.losses.map(({ code }) => code),
    ["not-live", "sampling"],
  );
  const [root] = framesOf(profile, profile.changes.path[0] ?? 0);
  assert.equal(profile.frames.kind[root ?? 0], FrameKind.thread);
});

test("packed and unpacked numbers read the same", async () => {
  const packed = await read(message([...field(1, [1]), ...field(2, [100])]));
  const unpacked = await read(message([...field(1, 1), ...field(2, 100)]));
  assert.equal(packed.captures[0]?.liveBytes, 100);
  assert.deepEqual(unpacked, packed);
});

test("a negative size is signed and makes the profile a difference", async () => {
  const profile = await read(message([...field(1, [1]), ...field(2, varint(-4096n))]));
  assert.equal(profile.captures[0]?.liveBytes, -4096);
  assert.deepEqual(
    profile.losses.map(({ code }) => code),
    ["not-live"],
  );
});

test("a profile that covers a time is a sum and no live size", async () => {
  const profile = await read(message([...field(1, [1]), ...field(2, [100])], [10 << 3, ...varint(60_000_000_000n)]));
  assert.equal(profile.losses[0]?.code, "not-live");
});

test("sizes above 2^53 are rounded, not wrapped", async () => {
  const profile = await read(message([...field(1, [1]), ...field(2, varint(2n ** 62n + 1n))]));
  assert.equal(profile.captures[0]?.liveBytes, 2 ** 62);
});

async function failureOf(bytes: Uint8Array): Promise<Failure> {
  try {
    await read(bytes);
  } catch (failure) {
    assert.ok(failure instanceof Failure);
    return failure;
  }
  return assert.fail("was read");
}

test("two profiles one after the other are refused", async () => {
  const twice = new Uint8Array([...goHeap, ...goHeap]);
  assert.equal((await failureOf(twice)).code, "malformed");
});

test("a cut profile is refused with the place of the cut", async () => {
  const failure = await failureOf(goHeap.subarray(0, goHeap.length - 40));
  assert.equal(failure.code, "truncated");
  assert.ok((failure.where?.offset ?? Number.POSITIVE_INFINITY) <= goHeap.length - 40);
});

test("a profile without memory is refused with what it holds", async () => {
  const cpu = Uint8Array.from([
    ...field(1, [...field(1, 1), ...field(2, 2)]),
    ...["", "cpu", "nanoseconds"].flatMap((name) => field(6, text(name))),
  ]);
  const failure = await failureOf(cpu);
  assert.equal(failure.code, "format-unsupported");
  assert.match(failure.message, /cpu/);
});

test("a location that is not defined is a cut", async () => {
  assert.equal((await failureOf(message([...field(1, [9]), ...field(2, [1])]))).code, "truncated");
});

test("text that happens to begin like a message is none", () => {
  assert.equal(pprof.recognize(Buffer.from("\n# a comment\na;b 1\n"), ""), "no");
  assert.equal(pprof.recognize(Uint8Array.from([0x0a, 5, ...text("hello"), 0, 1, 2]), ""), "no");
});
