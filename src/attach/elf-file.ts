/**
 * What stands where in an ELF file (gABI; 64 bits, little-endian): its segments, and where the code of a symbol is. Read in blocks:
 * executables with debug information have hundreds of megabytes, and only a few names are looked for.
 */
import { closeSync, openSync, readSync } from "node:fs";

export interface Segment {
  readonly fileOffset: number;
  readonly address: number; // as linked; a position-independent file is loaded at any base
  readonly fileBytes: number;
  readonly isExecutable: boolean;
}

export interface ElfFile {
  readonly machine: "x86-64" | "arm64" | "other";
  readonly segments: readonly Segment[]; // those that are loaded
  /** Offsets in the file of functions and objects by their names, from the table of symbols, else from that of exported ones. */
  readonly offsetsOf: (names: readonly string[]) => ReadonlyMap<string, number>;
  /** Bytes of the file; less at its end. */
  readonly read: (offset: number, length: number) => Buffer;
  readonly close: () => void;
}

const BLOCK_BYTES = 256 << 10;
const SYMBOL_BYTES = 24;
const SECTION_BYTES = 64;
const SEGMENT_BYTES = 56;
const LOADED = 1;
const SYMBOLS = 2;
const EXPORTED_SYMBOLS = 11;

/** Null where it is not such a file, or not for us. */
export function openElfFile(path: string): ElfFile | null {
  let handle: number;
  try {
    handle = openSync(path, "r");
  } catch {
    return null;
  }
  const read = (offset: number, length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    try {
      return bytes.subarray(0, readSync(handle, bytes, 0, length, offset));
    } catch {
      return bytes.subarray(0, 0);
    }
  };
  const header = read(0, 64);
  const isElf = header.length === 64 && header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2 && header[5] === 1;
  if (!isElf) {
    closeSync(handle);
    return null;
  }
  const machine = header.readUInt16LE(18);
  const segments = segmentsOf(read(Number(header.readBigUInt64LE(32)), header.readUInt16LE(56) * SEGMENT_BYTES));
  return {
    machine: machine === 62 ? "x86-64" : machine === 183 ? "arm64" : "other",
    segments,
    offsetsOf: (names) => symbolOffsets(read, header, segments, names),
    read,
    close: () => closeSync(handle),
  };
}

function segmentsOf(table: Buffer): readonly Segment[] {
  const found: Segment[] = [];
  for (let at = 0; at + SEGMENT_BYTES <= table.length; at += SEGMENT_BYTES) {
    if (table.readUInt32LE(at) !== LOADED) continue;
    found.push({
      fileOffset: Number(table.readBigUInt64LE(at + 8)),
      address: Number(table.readBigUInt64LE(at + 16)),
      fileBytes: Number(table.readBigUInt64LE(at + 32)),
      isExecutable: (table.readUInt32LE(at + 4) & 1) !== 0,
    });
  }
  return found;
}

function symbolOffsets(
  read: ElfFile["read"],
  header: Buffer,
  segments: readonly Segment[],
  names: readonly string[],
): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const sections = read(Number(header.readBigUInt64LE(40)), header.readUInt16LE(60) * SECTION_BYTES);
  const section = (index: number): { type: number; offset: number; size: number; link: number } | null => {
    const at = index * SECTION_BYTES;
    if (at + SECTION_BYTES > sections.length) return null;
    return {
      type: sections.readUInt32LE(at + 4),
      offset: Number(sections.readBigUInt64LE(at + 24)),
      size: Number(sections.readBigUInt64LE(at + 32)),
      link: sections.readUInt32LE(at + 40),
    };
  };
  for (const type of [SYMBOLS, EXPORTED_SYMBOLS]) {
    for (let index = 0; index * SECTION_BYTES < sections.length; index++) {
      const table = section(index);
      const strings = table?.type === type ? section(table.link) : null;
      if (table === null || strings === null) continue;
      const wanted = stringOffsets(read, strings, names);
      for (let done = 0; done < table.size && wanted.size > 0; done += BLOCK_BYTES - (BLOCK_BYTES % SYMBOL_BYTES)) {
        const block = read(table.offset + done, Math.min(table.size - done, BLOCK_BYTES - (BLOCK_BYTES % SYMBOL_BYTES)));
        for (let at = 0; at + SYMBOL_BYTES <= block.length; at += SYMBOL_BYTES) {
          const name = wanted.get(block.readUInt32LE(at));
          const isDefined = block.readUInt16LE(at + 6) !== 0;
          if (name === undefined || !isDefined || found.has(name)) continue;
          const address = Number(block.readBigUInt64LE(at + 8));
          const segment = segments.find((one) => address >= one.address && address < one.address + one.fileBytes);
          if (segment !== undefined) found.set(name, address - segment.address + segment.fileOffset);
        }
      }
    }
  }
  return found;
}

/** Where names stand in a table of strings; also as ends of longer ones, which linkers share. */
function stringOffsets(
  read: ElfFile["read"],
  table: { readonly offset: number; readonly size: number },
  names: readonly string[],
): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const texts = names.map((name) => ({ name, text: Buffer.from(`${name}\0`, "latin1") }));
  const overlap = Math.max(0, ...texts.map(({ text }) => text.length));
  for (let done = 0; done < table.size; done += BLOCK_BYTES - overlap) {
    const block = read(table.offset + done, Math.min(table.size - done, BLOCK_BYTES));
    for (const { name, text } of texts) {
      for (let at = block.indexOf(text); at >= 0; at = block.indexOf(text, at + 1)) found.set(done + at, name);
    }
  }
  return found;
}
