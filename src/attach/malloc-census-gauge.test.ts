import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { MemoryImage } from "../testing/memory-image.ts";
import { missingProgram, outsideOf, TargetPrograms } from "../testing/target-programs.ts";
import { type HeapCensus, isRefusal, type OpenGauge } from "./gauge.ts";
import { findGlibcHeap, stretchesOf } from "./glibc-heap.ts";
import { ChunkSizes, Spent, walkStretch } from "./glibc-walk.ts";
import { mallocCensusGauge } from "./malloc-census-gauge.ts";
import { inspectTarget } from "./target.ts";
import type { TargetAllocator } from "./target-runtime.ts";
import { pointersInto } from "./target-words.ts";

const REQUEST = { brokers: [], group: null };
const HEAP = 0x5500_0000_0000;
const LIBC = HEAP + 0x4_0000;

/** A heap of chunks with the data of a library behind it: arenas as glibc lays them out, in a version with or without a counter of fast chunks. */
function drawHeap({ fastBins = 0x10, chunks = [0x290, 0x130, 0x130, 0x4e30], top = 0x8000 } = {}): MemoryImage {
  const image = new MemoryImage(HEAP, 0x8_0000);
  let at = HEAP;
  for (const size of chunks) {
    image.word(at + 8, size + 1);
    at += size;
  }
  image.word(at + 8, top + 1);
  const arena = LIBC + 0x100;
  const bins = fastBins + 96;
  const next = bins + 127 * 16 + 16;
  image.word(arena + fastBins + 80, at);
  for (let bin = 0; bin < 127; bin++) {
    for (const word of [0, 8]) image.word(arena + bins + bin * 16 + word, arena + bins + bin * 16 - 16);
  }
  image.word(arena + next, arena);
  image.word(arena + next + 24, 0x21000);
  image.word(arena + next + 32, 0x21000);
  const parameters = [0x3000, 0x5000, HEAP, 64, 1032, 7];
  for (const [index, word] of parameters.entries()) image.word(LIBC + 0x1000 + index * 8, word);
  return image;
}

const { mappings: baseMappings } = new MemoryImage(HEAP, 8).memory();
function mappingsOf(image: MemoryImage): ReturnType<typeof baseMappings> {
  const [whole] = image.memory().mappings();
  if (whole === undefined) return [];
  return [
    { ...whole, end: LIBC, path: "[heap]" },
    { ...whole, start: LIBC, path: "/lib/libc.so.6", inode: 1 },
  ];
}

function find(image: MemoryImage): ReturnType<typeof findGlibcHeap> {
  const mappings = mappingsOf(image);
  return findGlibcHeap(image.memory(), mappings, "/lib/libc.so.6", pointersInto(mappings));
}

for (const [version, fastBins] of [
  ["2.27 and later", 0x10],
  ["2.26", 0x08],
] as const) {
  test(`the heap of glibc ${version} is walked to its last chunk`, async () => {
    const image = drawHeap({ fastBins });
    const heap = find(image);
    assert.equal(heap?.mainArena, LIBC + 0x100);
    const stretches = heap === null ? null : stretchesOf(image.memory(), heap);
    const [stretch] = stretches ?? [];
    assert.ok(stretch !== undefined);
    const sizes = await walkStretch(image.memory(), stretch, new Spent());
    assert.deepEqual(sizes?.largest(2), [
      { size: 0x4e30, count: 1 },
      { size: 0x290, count: 1 },
    ]);
    assert.deepEqual([sizes?.inUseBytes, sizes?.freeBytes], [0x290 + 2 * 0x130 + 0x4e30, 0x8000]);
  });
}

test("a chunk is free when the next one says so", async () => {
  const image = drawHeap();
  image.word(HEAP + 0x290 + 0x130 + 8, 0x130); // without the flag: the one before is not in use
  const heap = find(image);
  const [stretch] = (heap === null ? null : stretchesOf(image.memory(), heap)) ?? [];
  assert.ok(stretch !== undefined);
  const sizes = await walkStretch(image.memory(), stretch, new Spent());
  assert.deepEqual([sizes?.inUseBytes, sizes?.freeBytes], [0x290 + 0x130 + 0x4e30, 0x8000 + 0x130]);
});

test("chunks that do not lead to the end are no census", async () => {
  for (const head of [0, 0x11, 0x133, 0x7fff_fff1, 0x128 + 1]) {
    const image = drawHeap();
    const heap = find(image);
    image.word(HEAP + 0x290 + 8, head);
    const [stretch] = (heap === null ? null : stretchesOf(image.memory(), heap)) ?? [];
    assert.ok(stretch !== undefined);
    assert.equal(await walkStretch(image.memory(), stretch, new Spent()), null, head.toString(16));
  }
});

test("what is not laid out as glibc's heap is not taken for one", () => {
  const broken: readonly ((image: MemoryImage) => void)[] = [
    (image) => image.word(LIBC + 0x100 + 0x70 + 40 * 16, 8), // a bin that points nowhere
    (image) => image.word(LIBC + 0x100 + 0x870, 0), // a ring of arenas that does not come back
    (image) => image.word(LIBC + 0x1000, 0x3001), // mapped bytes that are no pages
    (image) => image.word(LIBC + 0x1018, 1 << 20), // no cache has so many bins
    (image) => image.int(LIBC + 0x104, 2), // a heap with holes
  ];
  assert.notEqual(find(drawHeap()), null);
  for (const [index, change] of broken.entries()) {
    const image = drawHeap();
    change(image);
    assert.equal(find(image), null, `change ${index}`);
  }
});

test("sizes are ordered by the bytes they hold", () => {
  const sizes = new ChunkSizes();
  sizes.add(32, true, 100);
  sizes.add(4096, true);
  sizes.add(64, true, 10);
  sizes.release(64);
  assert.deepEqual(sizes.largest(2), [
    { size: 4096, count: 1 },
    { size: 32, count: 100 },
  ]);
  assert.deepEqual([sizes.inUseBytes, sizes.freeBytes], [3200 + 4096 + 9 * 64, 64]);
});

test("other allocators are named, with what can be done instead", async () => {
  const own = inspectTarget(process.pid);
  for (const id of ["jemalloc", "tcmalloc", "mimalloc", "musl"] as const) {
    const allocator: TargetAllocator = { id, module: `/usr/lib/lib${id}.so.2` };
    const answer = await mallocCensusGauge.open({ ...own, allocator }, REQUEST);
    assert.ok(answer !== null && isRefusal(answer));
    assert.match(answer.because, new RegExp(id));
    assert.notEqual(answer.fix, "");
  }
  assert.equal(await mallocCensusGauge.open({ ...own, allocator: { id: "none", module: null } }, REQUEST), null);
});

const skip = missingProgram("gcc");
const programs = new TargetPrograms();
after(() => programs.close());

async function openOn(pid: number): Promise<OpenGauge> {
  const gauge = await mallocCensusGauge.open(inspectTarget(pid), REQUEST);
  assert.ok(gauge !== null && !isRefusal(gauge), JSON.stringify(gauge));
  return gauge;
}

async function censusOf(gauge: OpenGauge): Promise<HeapCensus | null> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const reading = await gauge.read();
    if (reading?.census !== undefined) return reading.census;
    await pause(20);
  }
  return null;
}

const COUNTS = new Map([
  [48, 4 * 1250],
  [304, 4 * 1250],
  [2016, 4 * 1250],
  [20016, 4 * 1250],
]);

for (const linkage of ["shared", "static"] as const) {
  test(`the census is what glibc says of itself: glibc ${linkage}`, { skip }, async (context) => {
    let program: string;
    try {
      program = programs.compile("malloc-truth.c", `truth-${linkage}`, linkage === "static" ? ["-static"] : []);
    } catch {
      return context.skip("no static glibc here");
    }
    const { pid, said } = await programs.start(program, []);
    const [inUse = 0, free = 0, mapped = 0] = said.split(" ").map(Number);
    const before = outsideOf(pid);
    const gauge = await openOn(pid);
    const census = await censusOf(gauge);
    await gauge.close();
    assert.deepEqual(outsideOf(pid), before);
    assert.ok(census !== null);
    assert.equal(census.mappedBytes, mapped);
    const heapBytes = census.inUseBytes - census.mappedBytes;
    assert.ok(Math.abs(heapBytes - inUse) < 0.001 * inUse, `${heapBytes} B where glibc says ${inUse} B`);
    assert.ok(Math.abs(census.freeBytes - free) < 0.01 * free, `${census.freeBytes} B where glibc says ${free} B`);
    for (const [size, count] of COUNTS) {
      const found = census.classes.find((one) => one.size === size)?.count ?? 0;
      assert.ok(found >= count && found <= count + 20, `${found} chunks of ${size} B where ${count} are kept`);
    }
    assert.equal(census.classes.filter(({ size }) => size > 900_000).length, 7);
  });
}

test("a heap that changes all the time is counted right or not at all, and its process goes on", { skip }, async () => {
  const { pid } = await programs.start(programs.compile("malloc-truth.c", "truth-churn"), ["1"]);
  const gauge = await openOn(pid);
  let taken = 0;
  for (let round = 0; round < 6; round++) {
    const census = await censusOf(gauge);
    if (census === null) continue;
    taken++;
    assert.equal(census.classes.find(({ size }) => size === 20016)?.count, 5000);
    assert.ok(census.inUseBytes > 118_000_000 && census.inUseBytes < 138_000_000, String(census.inUseBytes));
  }
  await gauge.close();
  assert.ok(taken > 1, String(taken));
  assert.ok(inspectTarget(pid).threads >= 5);
});
