/** Words of 64 bits in the memory of a target, and which of them can be pointers: what everything that follows its structures needs. */
import type { Mapping } from "./proc.ts";
import type { TargetMemory } from "./target-memory.ts";

/** Below the lowest address that Linux gives out (vm.mmap_min_addr). */
const LOWEST_ADDRESS = 0x10000;

/** The word at an offset as a double: exact to 2^53, and no address and no size in user space is larger. */
export function wordAt(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 0x1_0000_0000;
}

/** Bytes from an address on, fewer where the mapping ends. */
export function imageAt(memory: TargetMemory, address: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, memory.readInto(address, bytes));
}

/** One word; 0 where it cannot be read. */
export function readWord(memory: TargetMemory, address: number): number {
  const bytes = imageAt(memory, address, 8);
  return bytes.length === 8 ? wordAt(bytes, 0) : 0;
}

/** Whether a word points, aligned, into memory that the process can write and that is its own. */
export type IsPointer = (word: number) => boolean;

export function pointersInto(mappings: readonly Mapping[]): IsPointer {
  const own = mappings.filter(({ isReadable, isWritable, isShared }) => isReadable && isWritable && !isShared);
  const starts = Float64Array.from(own, ({ start }) => start);
  const ends = Float64Array.from(own, ({ end }) => end);
  return (word) => {
    if (word < LOWEST_ADDRESS || word % 8 !== 0) return false;
    let [low, high] = [0, starts.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (word < (starts[middle] ?? 0)) high = middle - 1;
      else if (word >= (ends[middle] ?? 0)) low = middle + 1;
      else return true;
    }
    return false;
  };
}
