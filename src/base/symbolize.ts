/**
 * From an address in memory to a module and a function: `/proc/PID/maps` (proc_pid_maps(5), as it stands at the end of
 * jemalloc and gperftools dumps) and the symbol tables of the files named there, where they exist on this machine.
 */
import { type ElfFile, readElf } from "./elf.ts";

/** A range of addresses and the file that is seen there. */
export interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly fileOffset: number;
  readonly path: string; // "" for anonymous memory; `[heap]`, `[vdso]` as they are
  readonly executable: boolean;
}

/** Blanks and no line ends between the fields: anonymous mappings have nothing behind their last number but a blank. */
const MAPS_LINE = /^([0-9a-f]+)-([0-9a-f]+)[ \t]+([r-][w-][x-][ps-])[ \t]+([0-9a-f]+)[ \t]+\S+[ \t]+\d+(?:[ \t]+(\S.*))?[ \t]*$/gim;
const DELETED = " (deleted)";

/** Lines that are no mappings are passed over, so a whole dump may be given. */
export function parseProcMaps(text: string): readonly Mapping[] {
  const mappings: Mapping[] = [];
  for (const [, start = "", end = "", permissions = "", fileOffset = "", path = ""] of text.matchAll(MAPS_LINE)) {
    mappings.push({
      start: Number.parseInt(start, 16),
      end: Number.parseInt(end, 16),
      fileOffset: Number.parseInt(fileOffset, 16),
      path: path.trimEnd(),
      executable: permissions[2] === "x",
    });
  }
  return mappings;
}

/** Where an address lies. */
export interface Place {
  readonly module: string; // path, "" unknown
  readonly offset: number; // address in the module's own address space; the address itself where the module is unknown
  readonly name: string; // raw symbol, "" unknown
}

interface Module {
  readonly path: string;
  readonly file: ElfFile | null;
  readonly bias: number; // address in memory - address in the module's own address space
}

export interface SymbolizerOptions {
  /** Look into the files on this machine. */
  readonly readFiles: boolean;
}

export class Symbolizer {
  readonly #mappings: readonly Mapping[]; // by start
  readonly #readFiles: boolean;
  readonly #modules: Map<string, Module> = new Map();

  constructor(mappings: readonly Mapping[], options: SymbolizerOptions) {
    this.#mappings = [...mappings].sort((a, b) => a.start - b.start);
    this.#readFiles = options.readFiles;
  }

  locate(address: number): Place {
    const mapping = this.#mappingOf(address);
    if (mapping === null || mapping.path === "") return { module: "", offset: address, name: "" };
    const module = this.#moduleOf(mapping, address);
    const offset = address - module.bias;
    return { module: module.path, offset, name: module.file?.nameOf(offset) ?? "" };
  }

  #mappingOf(address: number): Mapping | null {
    let low = 0;
    let high = this.#mappings.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#mappings[middle]?.start ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const mapping = this.#mappings[low - 1];
    return mapping !== undefined && address < mapping.end ? mapping : null;
  }

  #moduleOf(mapping: Mapping, address: number): Module {
    const known = this.#modules.get(mapping.path);
    if (known !== undefined) return known;
    const deleted = mapping.path.endsWith(DELETED);
    const path = deleted ? mapping.path.slice(0, -DELETED.length) : mapping.path;
    // A file that was deleted under the process has been replaced: what lies there now is another version.
    const file = this.#readFiles && !deleted && path.startsWith("/") ? readElf(path) : null;
    const module: Module = { path, file, bias: this.#biasOf(mapping, address, file) };
    this.#modules.set(mapping.path, module);
    return module;
  }

  #biasOf(mapping: Mapping, address: number, file: ElfFile | null): number {
    if (file?.isFixed === true) return 0;
    // By the address, not by the start of the mapping: that is rounded down to a page and may belong to the segment before.
    const linked = file?.addressOf(address - mapping.start + mapping.fileOffset);
    if (linked !== undefined && linked !== null) return address - linked;
    // Without the file: position-independent modules are linked to 0, and their first mapping is their first page.
    const first = this.#mappings.find((one) => one.path === mapping.path);
    return first === undefined ? 0 : first.start - first.fileOffset;
  }
}
