/**
 * What of a program's linkage decides whether its allocator can be replaced while it runs (System V gABI, chapters 4 and 5; 64 bit,
 * little-endian).
 *
 * The surprise: a program of fixed addresses (ET_EXEC) that takes the address of `malloc` has the address of its own stub as the
 * address of the function, for every library. heaptrack's injection asks for "the original malloc" and gets that stub, which it has
 * just turned to itself: it calls itself until the stack ends. Seen with Debian's and nodejs.org's node, and Debian's python3.
 */
import { closeSync, openSync, readSync } from "node:fs";

export interface ElfLinkage {
  readonly isFixed: boolean; // ET_EXEC
  readonly hasLoader: boolean; // PT_INTERP: a dynamic loader that can load a library into it
  /** Of the functions asked for, those whose address in all of the process is a stub of the program. Null: its tables were removed. */
  readonly ownAddresses: readonly string[] | null;
}

const TYPE_EXECUTABLE = 2;
const SEGMENT_INTERPRETER = 3;
const SECTION_DYNSYM = 11;
const SYMBOL_BYTES = 24;
const FUNCTION = 2;
const LARGEST_TABLE_BYTES = 64 << 20;

/** Null where the file cannot be read, or is no 64-bit little-endian ELF file. */
export function readElfLinkage(file: string, functions: readonly string[]): ElfLinkage | null {
  let open: number;
  try {
    open = openSync(file, "r");
  } catch {
    return null;
  }
  try {
    return linkageOf((offset, length) => {
      const bytes = Buffer.alloc(length);
      if (length > LARGEST_TABLE_BYTES || readSync(open, bytes, 0, length, offset) < length) throw new RangeError("outside of the file");
      return bytes;
    }, functions);
  } catch {
    return null;
  } finally {
    closeSync(open);
  }
}

/** @throws RangeError where offsets lead out of the file */
export function linkageOf(read: (offset: number, length: number) => Buffer, functions: readonly string[]): ElfLinkage | null {
  const header = read(0, 64);
  if (header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return null;
  const programs = tableOf(read, Number(header.readBigUInt64LE(32)), header.readUInt16LE(54), header.readUInt16LE(56));
  const sections = tableOf(read, Number(header.readBigUInt64LE(40)), header.readUInt16LE(58), header.readUInt16LE(60));
  const symbols = sections.find((section) => section.readUInt32LE(4) === SECTION_DYNSYM);
  return {
    isFixed: header.readUInt16LE(16) === TYPE_EXECUTABLE,
    hasLoader: programs.some((program) => program.readUInt32LE(0) === SEGMENT_INTERPRETER),
    ownAddresses: symbols === undefined ? null : ownAddressesOf(read, symbols, sections, functions),
  };
}

function tableOf(read: (offset: number, length: number) => Buffer, offset: number, entryBytes: number, count: number): readonly Buffer[] {
  if (offset === 0 || count === 0) return [];
  const table = read(offset, entryBytes * count);
  return Array.from({ length: count }, (_, index) => table.subarray(index * entryBytes, (index + 1) * entryBytes));
}

function ownAddressesOf(
  read: (offset: number, length: number) => Buffer,
  section: Buffer,
  sections: readonly Buffer[],
  functions: readonly string[],
): readonly string[] {
  const strings = sections[section.readUInt32LE(40)];
  if (strings === undefined) throw new RangeError("no names");
  const content = (one: Buffer): Buffer => read(Number(one.readBigUInt64LE(24)), Number(one.readBigUInt64LE(32)));
  const table = content(section);
  const names = content(strings);
  const found: string[] = [];
  for (let at = 0; at + SYMBOL_BYTES <= table.length; at += SYMBOL_BYTES) {
    const isUndefined = table.readUInt16LE(at + 6) === 0;
    if (!isUndefined || ((table[at + 4] ?? 0) & 15) !== FUNCTION || table.readBigUInt64LE(at + 8) === 0n) continue;
    const start = table.readUInt32LE(at);
    const name = names.toString("latin1", start, names.indexOf(0, start));
    if (functions.includes(name)) found.push(name);
  }
  return found;
}
