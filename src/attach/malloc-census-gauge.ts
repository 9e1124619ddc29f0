/**
 * Level 0: what malloc gave out and was not freed, by size, read from the memory of the process without a stop. It sees what was
 * there before we came, which no tracer does: two censuses say which size grows. Only glibc's malloc is walked.
 */
import { Failure } from "../base/failure.ts";
import type { Refusal } from "./attacher.ts";
import type { Gauge, HeapCensus, OpenGauge, Reading } from "./gauge.ts";
import { findGlibcHeap, type GlibcHeap, stretchesOf } from "./glibc-heap.ts";
import { BLOCK_BYTES, ChunkSizes, mappedChunks, releaseFastChunks, Spent, walkStretch } from "./glibc-walk.ts";
import type { Target } from "./target.ts";
import { openTargetMemory, type TargetMemory } from "./target-memory.ts";
import type { TargetAllocator } from "./target-runtime.ts";
import { pointersInto, readWord } from "./target-words.ts";

const MOST_CLASSES = 32;
/** Of one core, on average. */
const MOST_CPU_SHARE = 0.02;
const SHORTEST_EVERY_MS = 5000;
/** A larger heap is counted while the observer goes on, and said at a later tick. */
const PATIENCE_MS = 250;
const MOST_FAILURES = 5;
const INSTEAD = "Take a heap profile of it instead: `lagleak doctor PID` says which ways there are.";

export const mallocCensusGauge: Gauge = {
  id: "malloc-census",
  title: "census of the heap by size, read from the memory of the process",
  open: async (target) => {
    if (target.memoryRefusal !== null) return target.memoryRefusal;
    const other = otherAllocator(target.allocator);
    if (other !== null || target.allocator.id === "none") return other;
    const memory = openTargetMemory(target.pid);
    if (memory === null)
      return { because: `the memory of process ${target.pid} cannot be opened`, fix: "Run the same command with `sudo`." };
    const mappings = memory.mappings();
    const heap = findGlibcHeap(memory, mappings, target.allocator.module, pointersInto(mappings));
    if (heap !== null && stretchesOf(memory, heap) !== null) return openCensus(target, memory, heap);
    memory.close();
    return { because: "the heap of its malloc is not laid out as that of glibc 2.26 to 2.41", fix: INSTEAD };
  },
};

function otherAllocator({ id, module }: TargetAllocator): Refusal | null {
  const because = `its memory is given out by ${id}${module === null ? "" : ` (${module})`}, and only glibc's heap is walked`;
  switch (id) {
    case "jemalloc":
      return {
        because,
        fix: "Start it with MALLOC_CONF=prof:true,prof_active:false (_RJEM_MALLOC_CONF for tikv-jemallocator), then `lagleak attach --profile` dumps its heap.",
      };
    case "tcmalloc":
      return { because, fix: "`lagleak attach --profile` has gperftools dump its heap; or start it with HEAPPROFILE=/tmp/heap." };
    case "mimalloc":
    case "musl":
      return {
        because,
        fix: "Start it with LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=prof:true, or under heaptrack where it can be restarted.",
      };
    case "unknown":
      return { because: "its malloc is of no kind that is known", fix: INSTEAD };
    default:
      return null;
  }
}

function openCensus(target: Target, memory: TargetMemory, heap: GlibcHeap): OpenGauge {
  let running: Promise<void> | null = null;
  let done: HeapCensus | null = null;
  let everyMs = 0;
  let failures = 0;
  let isClosed = false;
  const block = Buffer.allocUnsafe(BLOCK_BYTES);

  const start = (): Promise<void> => {
    const spent = new Spent();
    return takeCensus(memory, heap, spent, block).then((census) => {
      spent.stop();
      done = census;
      failures = census === null ? failures + 1 : 0;
      everyMs = Math.max(SHORTEST_EVERY_MS, spent.ms / MOST_CPU_SHARE);
      running = null;
      if (isClosed) memory.close();
    });
  };

  const read = async (): Promise<Reading | null> => {
    running ??= start();
    await Promise.race([running, pause(PATIENCE_MS)]);
    if (failures >= MOST_FAILURES) {
      const message = `the heap of process ${target.pid} contradicts itself ${failures} times in a row`;
      throw new Failure({ code: "capture", message, hint: INSTEAD });
    }
    const census = done;
    done = null;
    return census === null ? null : { census };
  };

  return {
    read,
    get everyMs() {
      return running === null ? everyMs : 0;
    },
    close: async () => {
      isClosed = true;
      if (running === null) memory.close();
      else await running;
    },
  };
}

/** Null where the heap changed too much while it was read. */
async function takeCensus(memory: TargetMemory, heap: GlibcHeap, spent: Spent, block: Buffer): Promise<HeapCensus | null> {
  const stretches = stretchesOf(memory, heap);
  if (stretches === null) return null;
  const sizes = new ChunkSizes();
  for (const stretch of stretches) {
    const found = await walkStretch(memory, stretch, spent, block);
    if (found === null) return null;
    sizes.addAll(found);
  }
  await releaseFastChunks(memory, heap, sizes, spent);
  const mappedBefore = readWord(memory, heap.parameters);
  const mapped = await mappedChunks(memory, memory.mappings(), stretches, mappedBefore, spent);
  const mappedBytes = readWord(memory, heap.parameters);
  if (mapped.bytes > Math.max(mappedBefore, mappedBytes)) return null; // something that only looked like a chunk
  for (const size of mapped.sizes) sizes.add(size, true);
  return {
    allocator: "glibc",
    inUseBytes: sizes.inUseBytes - mapped.bytes + mappedBytes,
    freeBytes: sizes.freeBytes,
    mappedBytes,
    classes: sizes.largest(MOST_CLASSES),
  };
}

/** Without keeping the process alive. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
