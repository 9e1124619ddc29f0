/** What is written for other tools: read back, and as their own readers see it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Profile as Pprof } from "pprof-format";
import { inputFromBytes } from "./base/source.ts";
import { readCapture } from "./formats/recognize.ts";
import { compare, inspect } from "./index.ts";
import { collapsedOf } from "./report/convert-collapsed.ts";
import { pprofOf } from "./report/convert-pprof.ts";
import { speedscopeOf } from "./report/convert-speedscope.ts";
import { sketch } from "./testing/sketch.ts";

const HOSTILE = "注文;\u001b[31m🦀\u202e";
const profile = sketch(`
  at 0s [rdk:broker1] > librdkafka.so.1!rd_kafka_recv @ rdkafka_broker.c > malloc 3000000 / 3
  at 5s main > ${HOSTILE} > malloc 500000 / 5
  at 5s main > ${HOSTILE} > malloc -100000 / -1
  at 9s main > freed > malloc 7000 / 1
  at 9s main > freed > malloc -7000 / -1
`);

test("pprof holds the live and the allocated sizes of every stack, and is read back with the same totals", async () => {
  const bytes = pprofOf(profile);
  const decoded = Pprof.decode(bytes);
  const text = (id: number | bigint): string => decoded.stringTable.strings[Number(id)] ?? "";
  assert.deepEqual(
    decoded.sampleType.map(({ type, unit }) => [text(type), text(unit)]),
    [
      ["alloc_objects", "count"],
      ["alloc_space", "bytes"],
      ["inuse_objects", "count"],
      ["inuse_space", "bytes"],
    ],
  );
  assert.equal(text(decoded.defaultSampleType), "inuse_space");
  const read = await readCapture(await inputFromBytes("heap.pb", bytes), { symbolize: false });
  const [before, after] = [profile, read].map((given) => inspect(given, { top: 10 }));
  assert.equal(after?.format, "pprof");
  assert.equal(after?.liveBytes, before?.liveBytes);
  assert.equal(after?.blocks, before?.blocks);
  assert.equal(after?.allocatedBytes, before?.allocatedBytes);
  const groups = compare(profile, { ...read, captures: profile.captures, origin: profile.origin }, { groupBy: "component" }).groups;
  assert.ok(
    groups.every(({ growthBytes }) => growthBytes === 0),
    "the same memory is attributed the same",
  );
});

test("collapsed stacks are one line each, and no name breaks a line or a frame", async () => {
  const text = collapsedOf(profile);
  assert.deepEqual(text.split("\n"), ["[rdk:broker1];rd_kafka_recv;malloc 3000000", "main;注文:\\x1b[31m🦀\\u202e;malloc 400000", ""]);
  const read = await readCapture(await inputFromBytes("heap.collapsed", new TextEncoder().encode(text)), { symbolize: false });
  assert.equal(inspect(read).liveBytes, 3_400_000);
  assert.deepEqual(
    compare(read, read, { groupBy: "component" }).groups.map(({ client, afterBytes }) => [client, afterBytes]),
    [
      ["librdkafka", 3_000_000],
      [null, 400_000],
    ],
    "threads stay threads",
  );
});

test("speedscope gets what is live and what was allocated, with weights that sum up to its end", () => {
  const file = JSON.parse(speedscopeOf(profile, "1.2.3")) as {
    readonly shared: { readonly frames: readonly { readonly name: string; readonly file?: string }[] };
    readonly profiles: readonly {
      readonly name: string;
      readonly endValue: number;
      readonly samples: readonly (readonly number[])[];
      readonly weights: readonly number[];
    }[];
  };
  assert.deepEqual(
    file.profiles.map(({ name, endValue }) => [name, endValue]),
    [
      ["live", 3_400_000],
      ["allocated", 3_507_000],
    ],
  );
  for (const { samples, weights, endValue } of file.profiles) {
    assert.equal(samples.length, weights.length);
    assert.equal(
      weights.reduce((sum, weight) => sum + weight, 0),
      endValue,
    );
    assert.ok(samples.flat().every((frame) => frame < file.shared.frames.length));
  }
  assert.deepEqual(file.shared.frames[1], { name: "rd_kafka_recv", file: "rdkafka_broker.c" });
});
