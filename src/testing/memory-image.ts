/** The memory of a process that never was: written by a test at addresses of its choice, read as a target's is. */
import type { Mapping } from "../attach/proc.ts";
import type { TargetMemory } from "../attach/target-memory.ts";

export class MemoryImage {
  readonly start: number;
  readonly bytes: Buffer;

  constructor(start: number, length: number) {
    this.start = start;
    this.bytes = Buffer.alloc(length);
  }

  word(address: number, value: number): void {
    this.bytes.writeBigUInt64LE(BigInt(value), address - this.start);
  }

  int(address: number, value: number): void {
    this.bytes.writeInt32LE(value, address - this.start);
  }

  text(address: number, text: string): void {
    this.bytes.write(text, address - this.start, "latin1");
  }

  /** As a target's memory of one mapping that can be written. */
  memory(path = "[heap]"): TargetMemory {
    const end = this.start + this.bytes.length;
    const mapping: Mapping = {
      start: this.start,
      end,
      isReadable: true,
      isWritable: true,
      isExecutable: false,
      isShared: false,
      fileOffset: 0,
      inode: 0,
      path,
    };
    const readInto = (address: number, into: Uint8Array): number => {
      if (address < this.start || address >= end) return 0;
      const found = this.bytes.subarray(address - this.start, address - this.start + into.length);
      into.set(found);
      return found.length;
    };
    return {
      pid: 0,
      mappings: () => [mapping],
      readInto,
      read: (address, length) => {
        const bytes = new Uint8Array(length);
        return readInto(address, bytes) === length ? bytes : null;
      },
      close: () => {},
    };
  }
}
