/**
 * Walks chunks of glibc's malloc from one to the next, in blocks and without a stop of the process: memory is bounded, and a chunk
 * that changes under the walk is met again where it stands then. A chunk has its size in its second word, with flags in the lowest
 * bits; whether it is in use says the chunk that follows it.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { endOfTop, fastBinsOf, type GlibcHeap, type Stretch, sizeOf } from "./glibc-heap.ts";
import type { Mapping } from "./proc.ts";
import type { TargetMemory } from "./target-memory.ts";
import { imageAt, readWord, wordAt } from "./target-words.ts";

export const BLOCK_BYTES: number = 1 << 20;
const HEADER_BYTES = 16;
const SMALLEST_CHUNK_BYTES = 32;
const PREVIOUS_IN_USE = 1;
const MAPPED = 2;
const PAGE_BYTES = 4096;
/** Behind a heap that is full stands a chunk of 16 bytes and one of none. */
const FENCE_BYTES = 64;
const TRIES = 3;
/** Pages that are looked at for mapped chunks that do not stand at the beginning of a mapping. */
const MOST_PROBES = 100_000;
/** Freed chunks in fast bins that are followed one by one. */
const MOST_FAST = 20_000;

/** Chunks by size. */
export class ChunkSizes {
  readonly #counts = new Map<number, number>();
  inUseBytes = 0;
  freeBytes = 0;

  add(size: number, isInUse: boolean, count = 1): void {
    if (!isInUse) {
      this.freeBytes += size * count;
      return;
    }
    this.inUseBytes += size * count;
    this.#counts.set(size, (this.#counts.get(size) ?? 0) + count);
  }

  addAll(other: ChunkSizes): void {
    for (const [size, count] of other.#counts) this.add(size, true, count);
    this.freeBytes += other.freeBytes;
  }

  /** A chunk that looked as if it were in use. */
  release(size: number): void {
    const count = this.#counts.get(size) ?? 0;
    if (count === 0) return;
    this.#counts.set(size, count - 1);
    this.inUseBytes -= size;
    this.freeBytes += size;
  }

  /** By bytes, the largest first. */
  largest(count: number): readonly { readonly size: number; readonly count: number }[] {
    return [...this.#counts]
      .map(([size, chunks]) => ({ size, count: chunks }))
      .filter((one) => one.count > 0)
      .sort((a, b) => b.size * b.count - a.size * a.count || b.size - a.size)
      .slice(0, count);
  }
}

/** Time that walks took in this process, other work between their blocks left out. */
export class Spent {
  ms = 0;
  #sinceMs = performance.now();

  /** Lets other work have its turn. */
  async pause(): Promise<void> {
    this.ms += performance.now() - this.#sinceMs;
    await nextTurn();
    this.#sinceMs = performance.now();
  }

  stop(): void {
    this.ms += performance.now() - this.#sinceMs;
  }
}

/** Null where the chunks do not lead to the end, three times. */
export async function walkStretch(
  memory: TargetMemory,
  stretch: Stretch,
  spent: Spent,
  block: Buffer = Buffer.allocUnsafe(BLOCK_BYTES),
): Promise<ChunkSizes | null> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const sizes = new ChunkSizes();
    if (await walkOnce(memory, stretch, sizes, spent, block)) return sizes;
  }
  return null;
}

async function walkOnce(memory: TargetMemory, stretch: Stretch, sizes: ChunkSizes, spent: Spent, block: Buffer): Promise<boolean> {
  let chunk = stretch.start;
  let before = 0; // size of the chunk before, whose use shows in this one
  for (;;) {
    // memory may be taken and given back meanwhile, so the end is looked up anew for every block
    const top = stretch.topPointerAt === null ? stretch.end : readWord(memory, stretch.topPointerAt);
    const end = stretch.topPointerAt === null ? stretch.end : endOfTop(memory, stretch.topPointerAt);
    if (end <= top && stretch.topPointerAt !== null) return false;
    const length = memory.readInto(chunk, block.subarray(0, Math.max(HEADER_BYTES, Math.min(block.length, end - chunk))));
    if (length < HEADER_BYTES) return false;
    const blockStart = chunk;
    while (chunk + HEADER_BYTES <= blockStart + length) {
      const head = wordAt(block, chunk - blockStart + 8);
      const size = sizeOf(head);
      if (before > 0) sizes.add(before, head % 2 === PREVIOUS_IN_USE);
      before = 0;
      if (stretch.topPointerAt !== null && chunk >= top) {
        sizes.add(Math.max(0, end - chunk), false);
        return true;
      }
      if (stretch.topPointerAt === null && size < SMALLEST_CHUNK_BYTES) return chunk + FENCE_BYTES >= end; // the fence
      if (size < SMALLEST_CHUNK_BYTES || size % 16 !== 0 || chunk + size > end || (head & MAPPED) !== 0) return false;
      before = size;
      chunk += size;
    }
    await spent.pause();
  }
}

export interface MappedChunks {
  readonly sizes: readonly number[];
  readonly bytes: number;
}

/**
 * Chunks with a mapping of their own. Nothing lists them, but their sum is known (`mp_.mmapped_mem`): they begin mappings, one
 * behind the other where the kernel joined them, and where some are missing, pages inside of mappings are looked at.
 */
export async function mappedChunks(
  memory: TargetMemory,
  mappings: readonly Mapping[],
  stretches: readonly Stretch[],
  expectedBytes: number,
  spent: Spent,
): Promise<MappedChunks> {
  const sizes: number[] = [];
  const rest: { readonly at: number; readonly end: number }[] = [];
  let bytes = 0;
  const take = (size: number): void => {
    sizes.push(size);
    bytes += size;
  };
  for (const { start, end, path, inode, isReadable, isWritable, isShared } of mappings) {
    const isOwn = isReadable && isWritable && !isShared && inode === 0 && path === "";
    if (!isOwn || expectedBytes === 0 || stretches.some((one) => one.start >= start && one.start < end)) continue;
    let at = start;
    for (let size = mappedSize(memory, at, end); size > 0; size = mappedSize(memory, at, end)) {
      take(size);
      at += size;
    }
    if (at < end) rest.push({ at, end });
    if (sizes.length % 64 === 63) await spent.pause();
  }
  let probes = 0;
  for (const { at: from, end } of rest) {
    for (let at = from + PAGE_BYTES; at < end && bytes < expectedBytes && probes < MOST_PROBES; ) {
      const size = mappedSize(memory, at, end);
      const isMissing = size > 0 && bytes + size <= expectedBytes;
      if (isMissing) take(size);
      at += isMissing ? size : PAGE_BYTES;
      if (++probes % 4096 === 0) await spent.pause();
    }
  }
  return { sizes, bytes };
}

/** Bytes of the mapped chunk here; 0 = there is none. Nothing is before it, and it has whole pages. */
function mappedSize(memory: TargetMemory, at: number, end: number): number {
  if (at + HEADER_BYTES > end) return 0;
  const header = imageAt(memory, at, HEADER_BYTES);
  if (header.length < HEADER_BYTES || wordAt(header, 0) !== 0) return 0;
  const head = wordAt(header, 8);
  const size = sizeOf(head);
  return head % 8 === MAPPED && size > 0 && size % PAGE_BYTES === 0 && at + size <= end ? size : 0;
}

/** Chunks in fast bins are freed and do not look so. Their links are mangled from 2.32 on: the address of the link, shifted, is in them. */
export async function releaseFastChunks(memory: TargetMemory, heap: GlibcHeap, sizes: ChunkSizes, spent: Spent): Promise<void> {
  let followed = 0;
  for (const head of fastBinsOf(memory, heap)) {
    let isMangled: boolean | null = null;
    const size = sizeOf(readWord(memory, head + 8));
    for (let chunk = head; chunk !== 0 && followed < MOST_FAST; followed++) {
      const bytes = imageAt(memory, chunk + 8, HEADER_BYTES);
      if (bytes.length < HEADER_BYTES || sizeOf(wordAt(bytes, 0)) !== size || size > 256) break;
      sizes.release(size);
      const link = wordAt(bytes, 8);
      const plain = demangle(link, chunk + 16);
      if (isMangled === null && link !== 0) isMangled = plain === 0 || sizeOf(readWord(memory, plain + 8)) === size;
      chunk = isMangled === true ? plain : link;
      if (followed % 1024 === 1023) await spent.pause();
    }
  }
}

function demangle(link: number, position: number): number {
  return Number(BigInt(link) ^ (BigInt(position) >> 12n));
}
