/**
 * Where glibc's malloc keeps its heaps (malloc/malloc.c, malloc/arena.c; 2.26 to 2.41): `main_arena` and `mp_` stand in the data of
 * the library, every further arena at the beginning of its own heap of 64 MiB. Found by what only they look like: lists that point
 * at themselves while they are empty, a ring of arenas that comes back, heaps that point at their arena.
 */
import type { Mapping } from "./proc.ts";
import type { TargetMemory } from "./target-memory.ts";
import { type IsPointer, imageAt, readWord, wordAt } from "./target-words.ts";

/** Offsets in `struct malloc_state`. */
interface ArenaLayout {
  readonly flags: number;
  readonly fastBins: number;
  readonly top: number;
  readonly bins: number;
  readonly next: number;
  readonly bytes: number;
}

/** A stretch of memory that is chunk behind chunk. */
export interface Stretch {
  readonly start: number; // of its first chunk
  readonly end: number; // behind its last
  readonly topPointerAt: number | null; // address of the pointer to its last, unused chunk; null where it is full
}

export interface GlibcHeap {
  readonly mainArena: number;
  readonly layout: ArenaLayout;
  readonly parameters: number; // address of `mp_.mmapped_mem`
  readonly heapStart: number; // `mp_.sbrk_base`, aligned
}

const BIN_COUNT = 127;
/** From 2.27, which counts fast chunks in a field of its own, and before. */
const LAYOUTS: readonly ArenaLayout[] = [arenaLayout(0x10), arenaLayout(0x08)];
/** From 2.35, where a heap knows its page size, and before. */
const HEAP_HEADERS: readonly number[] = [0x30, 0x20];
const HEAP_BYTES = 64 << 20;
const PAGE_BYTES = 4096;
const PARAMETERS_BYTES = 48;
const LATEST_HEAP_START_BYTES = 1 << 20;
const NOT_CONTIGUOUS = 2;
const MOST_ARENAS = 4096;
const MOST_HEAPS = 1 << 16;
/** Data of a library has a few pages; that of a program that glibc is linked into may have more. */
const LARGEST_DATA_BYTES = 64 << 20;
/** Bins that hold something do not point at themselves; some are always empty. */
const FEWEST_EMPTY_BINS = 16;

function arenaLayout(fastBins: number): ArenaLayout {
  const top = fastBins + 10 * 8;
  const bins = top + 16;
  const next = bins + BIN_COUNT * 16 + 16;
  return { flags: 4, fastBins, top, bins, next, bytes: next + 40 };
}

/** Null where the heap of this process is not laid out so. `module`: the library, or the program that it is linked into. */
export function findGlibcHeap(
  memory: TargetMemory,
  mappings: readonly Mapping[],
  module: string | null,
  isPointer: IsPointer,
): GlibcHeap | null {
  const grown = mappings.find(({ path }) => path === "[heap]");
  if (grown === undefined) return null;
  const areas = dataOf(mappings, module).map(({ start, end }) => ({ start, bytes: imageAt(memory, start, end - start) }));
  const arenas: { readonly mainArena: number; readonly layout: ArenaLayout }[] = [];
  const parameters: { readonly parameters: number; readonly heapStart: number }[] = [];
  for (const { start, bytes } of areas) {
    for (let at = 0; at + PARAMETERS_BYTES <= bytes.length; at += 8) {
      if (isParameters(bytes, at, grown.start)) {
        parameters.push({ parameters: start + at, heapStart: Math.ceil(wordAt(bytes, at + 16) / 16) * 16 });
      }
      const layout = LAYOUTS.find((one) => isArena(bytes, at, start + at, one, isPointer));
      if (layout !== undefined && ringOf(memory, start + at, layout) !== null) arenas.push({ mainArena: start + at, layout });
    }
  }
  const [arena] = arenas;
  const [own] = parameters;
  if (arena === undefined || own === undefined || arenas.length > 1 || parameters.length > 1) return null;
  const top = readWord(memory, arena.mainArena + arena.layout.top);
  const isContiguous = (imageAt(memory, arena.mainArena + arena.layout.flags, 4).readUInt32LE(0) & NOT_CONTIGUOUS) === 0;
  return top > own.heapStart && isContiguous ? { ...arena, ...own } : null;
}

/** What can be written of the module, and the memory without a file that follows it (.bss). */
function dataOf(mappings: readonly Mapping[], module: string | null): readonly { readonly start: number; readonly end: number }[] {
  const found: { readonly start: number; readonly end: number }[] = [];
  for (const [index, { path, start, end, isWritable, isReadable }] of mappings.entries()) {
    if (path !== module || !isWritable || !isReadable) continue;
    const next = mappings[index + 1];
    const isData = next !== undefined && next.path === "" && next.start === end && next.isWritable;
    const last = isData ? next.end : end;
    if (last - start <= LARGEST_DATA_BYTES) found.push({ start, end: last });
  }
  return found;
}

/**
 * `mmapped_mem`, `max_mmapped_mem`, `sbrk_base`, `tcache_bins`, `tcache_max_bytes`, `tcache_count`: the heap begins near the beginning
 * of its mapping (in a static program behind what its start took), and the cache of a thread has at most 64 bins of 7 chunks or so.
 */
function isParameters(bytes: Buffer, at: number, mappingStart: number): boolean {
  const heapStart = wordAt(bytes, at + 16);
  if (heapStart < mappingStart || heapStart >= mappingStart + LATEST_HEAP_START_BYTES) return false;
  const [mapped, most] = [wordAt(bytes, at), wordAt(bytes, at + 8)];
  if (mapped % PAGE_BYTES !== 0 || most % PAGE_BYTES !== 0 || mapped > most) return false;
  const [bins, largest, count] = [wordAt(bytes, at + 24), wordAt(bytes, at + 32), wordAt(bytes, at + 40)];
  return bins >= 1 && bins <= 64 && largest > 0 && largest <= 64 * 16 + 8 && count < 1 << 16;
}

/** Every bin is a list of two words that point at the bin itself, as if it were a chunk, or at chunks. */
function isArena(bytes: Buffer, at: number, address: number, layout: ArenaLayout, isPointer: IsPointer): boolean {
  if (at + layout.bytes > bytes.length) return false;
  let empty = 0;
  for (let bin = 0; bin < BIN_COUNT; bin++) {
    const offset = at + layout.bins + bin * 16;
    const self = address + layout.bins + bin * 16 - 16;
    const [forward, backward] = [wordAt(bytes, offset), wordAt(bytes, offset + 8)];
    if (forward === self && backward === self) empty++;
    else if (!isPointer(forward) || !isPointer(backward)) return false;
  }
  const [taken, most] = [wordAt(bytes, at + layout.bytes - 16), wordAt(bytes, at + layout.bytes - 8)];
  return empty >= FEWEST_EMPTY_BINS && taken > 0 && taken <= most && isPointer(wordAt(bytes, at + layout.top));
}

/** Addresses of all arenas, the main one first; null where the ring does not come back. */
function ringOf(memory: TargetMemory, mainArena: number, layout: ArenaLayout): readonly number[] | null {
  const arenas = [mainArena];
  for (let next = readWord(memory, mainArena + layout.next); next !== mainArena; next = readWord(memory, next + layout.next)) {
    if (next === 0 || arenas.length >= MOST_ARENAS || !HEAP_HEADERS.includes(next % HEAP_BYTES)) return null;
    arenas.push(next);
  }
  return arenas;
}

/** All stretches of chunks as they are now. Null where an arena or a heap contradicts itself. */
export function stretchesOf(memory: TargetMemory, { mainArena, layout, heapStart }: GlibcHeap): readonly Stretch[] | null {
  const arenas = ringOf(memory, mainArena, layout);
  if (arenas === null) return null;
  const mainTop = mainArena + layout.top;
  const stretches: Stretch[] = [{ start: heapStart, end: endOfTop(memory, mainTop), topPointerAt: mainTop }];
  for (const arena of arenas.slice(1)) {
    const heaps = heapsOf(memory, arena, layout);
    if (heaps === null) return null;
    stretches.push(...heaps);
  }
  return stretches;
}

export function endOfTop(memory: TargetMemory, topPointerAt: number): number {
  const top = readWord(memory, topPointerAt);
  return top + sizeOf(readWord(memory, top + 8));
}

/** Without the flags in its lowest bits. */
export function sizeOf(head: number): number {
  return head - (head % 8);
}

/** `struct _heap_info`: { arena, previous heap of it, bytes in use }, from the heap that holds the top chunk back to the first. */
function heapsOf(memory: TargetMemory, arena: number, layout: ArenaLayout): readonly Stretch[] | null {
  const header = arena % HEAP_BYTES;
  const topPointerAt = arena + layout.top;
  const newest = Math.floor(readWord(memory, topPointerAt) / HEAP_BYTES) * HEAP_BYTES;
  const stretches: Stretch[] = [];
  for (let heap = newest; heap !== 0; heap = readWord(memory, heap + 8)) {
    const size = readWord(memory, heap + 16);
    if (stretches.length >= MOST_HEAPS || readWord(memory, heap) !== arena || size === 0 || size > HEAP_BYTES) return null;
    const before = header + (heap === arena - header ? layout.bytes : 0);
    stretches.push({ start: heap + Math.ceil(before / 16) * 16, end: heap + size, topPointerAt: heap === newest ? topPointerAt : null });
  }
  return stretches.at(-1)?.start === Math.ceil((arena + layout.bytes) / 16) * 16 ? stretches : null;
}

/** The chains of freed chunks that look as if they were in use: the smallest, kept for fast reuse. Heads of the lists. */
export function fastBinsOf(memory: TargetMemory, { mainArena, layout }: GlibcHeap): readonly number[] {
  return (ringOf(memory, mainArena, layout) ?? []).flatMap((arena) => {
    const heads = imageAt(memory, arena + layout.fastBins, 80);
    return heads.length < 80 ? [] : Array.from({ length: 10 }, (_, bin) => wordAt(heads, bin * 8)).filter((head) => head !== 0);
  });
}
