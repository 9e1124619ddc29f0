/** Reports of allocators and runtimes: written by glibc 2.36, Go 1.24 and OpenJDK 17 for programs whose memory is known. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import type { AllocatorEvidence, EvidenceSource } from "./evidence.ts";
import { goMemstats } from "./go-memstats.ts";
import { jvmNativeMemory } from "./jvm-native-memory.ts";
import { mallocInfo } from "./malloc-info.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function evidenceOf(source: EvidenceSource<AllocatorEvidence>, text: string): Promise<AllocatorEvidence> {
  assert.equal(source.recognize(encode(text), "x"), "certain");
  return source.read(await inputFromBytes("report.txt", encode(text)));
}

/** 2000 blocks of 20,000 B, of which 1900 were freed, and one of 8 MiB; mallinfo2 says 10,394,992 B in use and 29,672,080 B free. */
const MALLOC_INFO = `<malloc version="1">
<heap nr="0">
<sizes>
  <unsorted from="29672081" to="29672081" total="29672081" count="1"/>
</sizes>
<total type="fast" count="0" size="0"/>
<total type="rest" count="2" size="29672081"/>
<system type="current" size="40067072"/>
<system type="max" size="40067072"/>
<aspace type="total" size="40067072"/>
<aspace type="mprotect" size="40067072"/>
</heap>
<total type="fast" count="0" size="0"/>
<total type="rest" count="2" size="29672081"/>
<total type="mmap" count="0" size="0"/>
<system type="current" size="40067072"/>
<system type="max" size="40067072"/>
<aspace type="total" size="40067072"/>
<aspace type="mprotect" size="40067072"/>
</malloc>
`;

test("glibc: in use, kept and mapped, as mallinfo2 counts them", async () => {
  const { totalBytes, inUseBytes, keptBytes } = await evidenceOf(mallocInfo, MALLOC_INFO);
  assert.deepEqual([totalBytes, inUseBytes, keptBytes], [40067072, 10394991, 29672081]);
  const mapped = await evidenceOf(
    mallocInfo,
    MALLOC_INFO.replace('type="mmap" count="0" size="0"', 'type="mmap" count="2" size="75120640"'),
  );
  assert.equal(mapped.totalBytes, 40067072 + 75120640);
  assert.equal(mapped.parts[0]?.name, "blocks with mappings of their own");
});

const MEMSTATS = `# runtime.MemStats
# Alloc = 52717728
# Sys = 63088920
# HeapAlloc = 52717728
# HeapSys = 58359808
# HeapIdle = 4972544
# HeapInuse = 53387264
# HeapReleased = 4923392
# Stack = 360448 / 360448
# GCSys = 2350848
`;

test("Go: the same of debug=1 and of expvar", async () => {
  const json = JSON.stringify({
    cmdline: ["/app", "--password=hunter2"],
    memstats: {
      Sys: 63088920,
      HeapAlloc: 52717728,
      HeapIdle: 4972544,
      HeapInuse: 53387264,
      HeapReleased: 4923392,
      StackSys: 360448,
      PauseNs: [1, 2],
    },
  });
  for (const text of [MEMSTATS, json]) {
    const evidence = await evidenceOf(goMemstats, text);
    assert.deepEqual([evidence.totalBytes, evidence.keptBytes], [63088920 - 4923392, 4972544 - 4923392 + 53387264 - 52717728]);
    assert.deepEqual(evidence.parts[0], { name: "heap objects", bytes: 52717728, growthBytes: null });
    assert.equal(
      evidence.parts.reduce((sum, { bytes }) => sum + bytes, 0),
      evidence.totalBytes,
    );
    assert.doesNotMatch(JSON.stringify(evidence), /hunter2/);
  }
});

const NMT = `31223:

Native Memory Tracking:

(Omitting categories weighting less than 1KB)

Total: reserved=1597620KB +11266KB, committed=227760KB +11270KB

-                 Java Heap (reserved=131072KB, committed=131072KB)
                            (mmap: reserved=131072KB, committed=131072KB)
 
-                     Other (reserved=19466KB +11264KB, committed=19466KB +11264KB)
                            (malloc=19466KB +11264KB #20 +11)
 
`;

test("JVM: a diff says what grew", async () => {
  const { totalBytes, parts } = await evidenceOf(jvmNativeMemory, NMT);
  assert.equal(totalBytes, 227760 * 1024);
  assert.deepEqual(parts, [
    { name: "Java Heap", bytes: 131072 * 1024, growthBytes: 0 },
    { name: "Other", bytes: 19466 * 1024, growthBytes: 11264 * 1024 },
  ]);
});

test("JVM: a summary in MB says no growth", async () => {
  const { totalBytes, parts } = await evidenceOf(
    jvmNativeMemory,
    "31223:\n\nNative Memory Tracking:\n\nTotal: reserved=1562MB, committed=224MB\n       malloc: 30MB #63168\n\n-                     Other (reserved=21MB, committed=21MB)\n",
  );
  assert.equal(totalBytes, 224 * 2 ** 20);
  assert.deepEqual(parts, [{ name: "Other", bytes: 21 * 2 ** 20, growthBytes: null }]);
});

const broken: readonly (readonly [EvidenceSource<AllocatorEvidence>, string])[] = [
  [mallocInfo, MALLOC_INFO.slice(0, 300)],
  [goMemstats, "# runtime.MemStats\n# Alloc = 5\n"],
  [jvmNativeMemory, "1:\nNative Memory Tracking:\n\nNative memory tracking is not enabled\n"],
];

for (const [source, text] of broken) {
  test(`${source.id} that is cut or empty is wrong configuration with its line`, async () => {
    await assert.rejects(
      source.read(await inputFromBytes("x", encode(text))),
      (error) => error instanceof Failure && error.code === "configuration" && (error.where?.line ?? 0) > 0,
    );
  });
}
