/** Series of lag and memory as people export them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import type { Evidence, LagEvidence, MemoryEvidence, WantedEvidence } from "./evidence.ts";
import { seriesCsv } from "./series-csv.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function evidenceOf(text: string, wanted?: WantedEvidence): Promise<readonly Evidence[]> {
  return seriesCsv.read(await inputFromBytes("series.csv", encode(text)), wanted);
}

async function memoryOf(text: string, wanted?: WantedEvidence): Promise<MemoryEvidence> {
  const found = (await evidenceOf(text, wanted)).find(({ kind }) => kind === "memory");
  return found as MemoryEvidence;
}

async function lagOf(text: string, wanted?: WantedEvidence): Promise<LagEvidence> {
  return (await evidenceOf(text, wanted)).find(({ kind }) => kind === "lag") as LagEvidence;
}

const headers: Readonly<Record<string, readonly [cell: string, bytes: number]>> = {
  "time,rss_bytes": ["1000", 1000],
  "timestamp,rss_kb": ["1000", 1024000],
  "Time,Memory (MiB)": ["100", 100 * 2 ** 20],
  "time;container_memory_rss": ["1000", 1000],
  "ts\tmemory": ["512Mi", 2 ** 29],
  "@timestamp,VmRSS": ["98 MiB", 98 * 2 ** 20],
  "date,process_resident_memory_bytes": ["1.5e3", 1500],
};

for (const [header, [cell, bytes]] of Object.entries(headers)) {
  test(`memory under "${header.replace("\t", " ")}"`, async () => {
    const delimiter = /[,;\t]/.exec(header)?.[0] ?? "";
    const text = `${header}\n2026-11-24T12:00:00Z${delimiter}${cell}\n`;
    assert.equal(seriesCsv.recognize(encode(text), "x"), "certain");
    const { residentBytes, atMs, clock } = await memoryOf(text);
    assert.deepEqual([[...residentBytes], [...atMs], clock], [[bytes], [Date.UTC(2026, 10, 24, 12)], "zone"]);
  });
}

test("without a unit the numbers are bytes, and that is said", async () => {
  const { losses } = await memoryOf("time,rss\n1795521600,1000\n");
  assert.deepEqual(
    losses.map(({ code }) => code),
    ["unit"],
  );
});

test("elapsed seconds are no wall clock", async () => {
  const { atMs, clock } = await memoryOf("elapsed_s,rss_bytes\n0,1\n5.5,2\n");
  assert.deepEqual([[...atMs], clock], [[0, 5500], "elapsed"]);
});

test("partitions of one moment are one lag, groups are kept apart, and quoted cells are read", async () => {
  const { groups, lag, committed } = await lagOf(
    'time,group,topic,partition,current_offset,lag\n1795521600,"a, b",t,0,5,10\n1795521600,"a, b",t,1,6,20\n1795521660,"a, b",t,0,9,1\n1795521660,c,t,0,1,7\n',
  );
  assert.deepEqual(groups, ["a, b", "c"]);
  assert.deepEqual([...lag], [30, 1, 7]);
  assert.deepEqual([...committed], [11, 9, 1]);
});

test("lag and memory may stand in one file", async () => {
  const found = await evidenceOf("time,lag,rss_bytes\n2026-11-24 12:00:00Z,5,100\n");
  assert.deepEqual(
    found.map(({ kind }) => kind),
    ["lag", "memory"],
  );
});

test("a column with any name is what was asked for, if it is the only one", async () => {
  const { residentBytes } = await memoryOf('"Time","{pod=""billing""}"\n2026-11-24 12:00:00,100\n', "memory");
  assert.deepEqual([...residentBytes], [100]);
  await assert.rejects(evidenceOf("time,foo\n2026-11-24 12:00:00,100\n"), (error) => error instanceof Failure && error.where?.line === 1);
});

test("broken rows are counted with their lines, and none that is whole is wrong configuration", async () => {
  const { losses } = await lagOf("time,lag\n1795521600,5\nnever,6\n1795521601,many\n");
  assert.match(losses[0]?.text ?? "", /line 3, 4/);
  await assert.rejects(evidenceOf("time,lag\nnever,6\n"), (error) => error instanceof Failure && error.where?.line === 2);
});

test("a table of other things is none", () => {
  assert.equal(seriesCsv.recognize(encode("time,temperature\n1,2\n"), "x"), "no");
  assert.equal(seriesCsv.recognize(encode("main;app 5\n"), "x"), "no");
});

test("columns may be parted by spaces, as `echo $(date +%s) $(ps -o rss= -p …)` writes them below a header", async () => {
  const { residentBytes, atMs } = await memoryOf("time rss_kb\n1795524257 111464\n1795524258 117332\n", "memory");
  assert.deepEqual(
    [[...residentBytes], [...atMs]],
    [
      [111464 * 1024, 117332 * 1024],
      [1795524257000, 1795524258000],
    ],
  );
});
