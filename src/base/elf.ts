/**
 * Names of functions from the symbol tables of ELF files (System V gABI, chapters 4 and 5), 32 and 64 bit, both byte orders.
 * A name is given only where a function *contains* the address: in a stripped library the nearest exported symbol below an
 * address is some unrelated function.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { at } from "./columns.ts";

const SECTION = { symtab: 2, note: 7, dynsym: 11 } as const;
const SEGMENT_LOAD = 1;
const FILE_EXECUTABLE = 2; // ET_EXEC: linked to fixed addresses
const MACHINE_ARM = 40;
const FUNCTION_TYPES: ReadonlySet<number> = new Set([2, 10]); // STT_FUNC, STT_GNU_IFUNC
const NOTE_BUILD_ID = 3;
/** Larger tables are no symbol tables of real programs (Chromium with everything: 60 MB). */
const LARGEST_TABLE_BYTES = 1 << 30;

/** A part of the file that is mapped into memory. */
interface Segment {
  readonly fileOffset: number;
  readonly fileBytes: number;
  readonly address: number;
}

/** Functions ordered by start; `highestEnd` is the highest end of this row and all before it. */
interface Functions {
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly highestEnd: Float64Array;
  readonly name: Uint32Array; // offset into `names`
  readonly names: Uint8Array;
}

export interface ElfFile {
  /** Hex, "" where there is none. */
  readonly buildId: string;
  /** There is no .symtab: only exported functions have names. */
  readonly isStripped: boolean;
  /** Linked to fixed addresses, so that addresses in memory are addresses of the file. */
  readonly isFixed: boolean;
  /** The address in the file's own address space of a byte of the file; null where that byte is not mapped. */
  readonly addressOf: (fileOffset: number) => number | null;
  /** Raw name of the function that contains an address of the file's own address space; "" = unknown. */
  readonly nameOf: (address: number) => string;
}

/** Null where there is no such file, or it is no ELF file, or it is damaged: names are a courtesy, never a condition. */
export function readElf(path: string): ElfFile | null {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return null;
  }
  try {
    return parseElf((offset, length) => readAt(file, offset, length));
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}

/** Reads part of a file; shorter than asked for at its end. */
export type ReadPart = (offset: number, length: number) => Uint8Array;

/** @throws RangeError when offsets lead out of the file */
export function parseElf(read: ReadPart): ElfFile | null {
  const ident = read(0, 64);
  if (ident[0] !== 0x7f || ident[1] !== 0x45 || ident[2] !== 0x4c || ident[3] !== 0x46) return null;
  const wide = ident[4] === 2;
  const little = ident[5] === 1;
  const view = (offset: number, length: number): Fields => new Fields(wholePart(read, offset, length), wide, little);

  const header = view(0, wide ? 64 : 52);
  const type = header.half(16);
  const machine = header.half(18);
  const segmentTable = header.word(wide ? 32 : 28);
  const sectionTable = header.word(wide ? 40 : 32);
  const segmentBytes = header.half(wide ? 54 : 42);
  const segmentCount = header.half(wide ? 56 : 44);
  const sectionBytes = header.half(wide ? 58 : 46);
  const sectionCount = header.half(wide ? 60 : 48);

  const segments: Segment[] = [];
  const programs = view(segmentTable, segmentBytes * segmentCount);
  for (let entry = 0; entry < segmentCount; entry++) {
    const offset = entry * segmentBytes;
    if (programs.int(offset) !== SEGMENT_LOAD) continue;
    segments.push(
      wide
        ? { fileOffset: programs.word(offset + 8), address: programs.word(offset + 16), fileBytes: programs.word(offset + 32) }
        : { fileOffset: programs.word(offset + 4), address: programs.word(offset + 8), fileBytes: programs.word(offset + 16) },
    );
  }

  const sections = view(sectionTable, sectionBytes * sectionCount);
  const sectionAt = (index: number) => {
    const offset = index * sectionBytes;
    return {
      type: sections.int(offset + 4),
      fileOffset: sections.word(offset + (wide ? 24 : 16)),
      bytes: sections.word(offset + (wide ? 32 : 20)),
      link: sections.int(offset + (wide ? 40 : 24)),
    };
  };
  let table: ReturnType<typeof sectionAt> | null = null;
  let buildId = "";
  for (let index = 0; index < sectionCount; index++) {
    const section = sectionAt(index);
    if (section.type === SECTION.symtab || (section.type === SECTION.dynsym && table === null)) table = section;
    if (section.type === SECTION.note && buildId === "" && section.bytes < 65536) {
      buildId = buildIdOf(view(section.fileOffset, section.bytes), section.bytes);
    }
  }
  let functions: Functions | null = null;
  if (table !== null) {
    const strings = sectionAt(table.link);
    functions = readFunctions(view(table.fileOffset, table.bytes), table.bytes, wholePart(read, strings.fileOffset, strings.bytes), {
      wide,
      thumb: machine === MACHINE_ARM,
    });
  }
  return {
    buildId,
    isStripped: table?.type !== SECTION.symtab,
    isFixed: type === FILE_EXECUTABLE,
    addressOf: (fileOffset) => {
      const segment = segments.find((one) => fileOffset >= one.fileOffset && fileOffset < one.fileOffset + one.fileBytes);
      return segment === undefined ? null : fileOffset - segment.fileOffset + segment.address;
    },
    nameOf: (address) => (functions === null ? "" : nameOf(functions, address)),
  };
}

/** Numbers of the file's own width and byte order. Addresses above 2^53 lose their last bits; user space ends at 2^47. */
class Fields {
  readonly #view: DataView;
  readonly #wide: boolean;
  readonly #little: boolean;

  constructor(bytes: Uint8Array, wide: boolean, little: boolean) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#wide = wide;
    this.#little = little;
  }

  byte(offset: number): number {
    return this.#view.getUint8(offset);
  }

  half(offset: number): number {
    return this.#view.getUint16(offset, this.#little);
  }

  int(offset: number): number {
    return this.#view.getUint32(offset, this.#little);
  }

  word(offset: number): number {
    if (!this.#wide) return this.int(offset);
    const [high, low] = this.#little ? [offset + 4, offset] : [offset, offset + 4];
    return this.int(high) * 2 ** 32 + this.int(low);
  }
}

function readFunctions(
  symbols: Fields,
  bytes: number,
  names: Uint8Array,
  { wide, thumb }: { readonly wide: boolean; readonly thumb: boolean },
): Functions {
  const entryBytes = wide ? 24 : 16;
  const found: { start: number; end: number; name: number; rank: number }[] = [];
  for (let offset = entryBytes; offset + entryBytes <= bytes; offset += entryBytes) {
    const info = symbols.byte(offset + (wide ? 4 : 12));
    const section = symbols.half(offset + (wide ? 6 : 14));
    const value = symbols.word(offset + (wide ? 8 : 4));
    const size = symbols.word(offset + (wide ? 16 : 8));
    if (!FUNCTION_TYPES.has(info & 15) || section === 0 || size === 0) continue;
    const start = thumb ? value - (value % 2) : value; // the lowest bit says "Thumb code"
    const name = symbols.int(offset);
    found.push({ start, end: start + size, name, rank: rankOf(info >> 4, names, name) });
  }
  // Of names for one place the best comes last, and the search takes the last.
  found.sort((a, b) => a.start - b.start || a.rank - b.rank || b.name - a.name);
  const highestEnd = Float64Array.from(found, (one) => one.end);
  for (let row = 1; row < highestEnd.length; row++) highestEnd[row] = Math.max(at(highestEnd, row), at(highestEnd, row - 1));
  return {
    start: Float64Array.from(found, (one) => one.start),
    end: Float64Array.from(found, (one) => one.end),
    highestEnd,
    name: Uint32Array.from(found, (one) => one.name),
    names,
  };
}

/** Of several names for one function people know the exported one without leading underscores: strdup, not __GI___strdup. */
function rankOf(binding: number, names: Uint8Array, name: number): number {
  let underscores = 0;
  while (names[name + underscores] === 0x5f) underscores++;
  return (binding === 0 ? 0 : 10) - Math.min(underscores, 9);
}

function nameOf(functions: Functions, address: number): string {
  const { start, end, highestEnd, name, names } = functions;
  let low = 0;
  let high = start.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(start, middle) <= address) low = middle + 1;
    else high = middle;
  }
  // Functions may contain others; the one that starts last is the innermost.
  for (let row = low - 1; row >= 0 && at(highestEnd, row) > address; row--) {
    if (at(end, row) > address) return stringAt(names, at(name, row));
  }
  return "";
}

function stringAt(names: Uint8Array, offset: number): string {
  const end = names.indexOf(0, offset);
  return Buffer.from(names.buffer, names.byteOffset + offset, Math.max(0, (end < 0 ? names.length : end) - offset)).toString("utf8");
}

function buildIdOf(note: Fields, bytes: number): string {
  for (let offset = 0; offset + 12 <= bytes; ) {
    const nameBytes = align4(note.int(offset));
    const contentBytes = note.int(offset + 4);
    const content = offset + 12 + nameBytes;
    if (note.int(offset + 8) === NOTE_BUILD_ID && content + contentBytes <= bytes) {
      let hex = "";
      for (let byte = 0; byte < contentBytes; byte++)
        hex += note
          .byte(content + byte)
          .toString(16)
          .padStart(2, "0");
      return hex;
    }
    offset = content + align4(contentBytes);
  }
  return "";
}

function align4(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

function wholePart(read: ReadPart, offset: number, length: number): Uint8Array {
  if (length > LARGEST_TABLE_BYTES) throw new RangeError(`a table of ${length} bytes`);
  const part = read(offset, length);
  if (part.length < length) throw new RangeError(`bytes ${offset}+${length} lie behind the end`);
  return part;
}

function readAt(file: number, offset: number, length: number): Uint8Array {
  const part = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const got = readSync(file, part, filled, length - filled, offset + filled);
    if (got === 0) break;
    filled += got;
  }
  return part.subarray(0, filled);
}
