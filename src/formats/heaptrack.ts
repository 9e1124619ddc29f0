/**
 * heaptrack: a log of every allocation and free, line by line, numbers in hexadecimal (KDE/heaptrack
 * `src/interpret/heaptrack_interpret.cpp`, `src/track/libheaptrack.cpp`, `src/util/linewriter.h`; formats.md A.1).
 *
 * Interpreted files (formats 1 to 3) hold names and count by allocation info (a size at a trace), raw files hold addresses and
 * pointers. The surprise: every table starts at 1 except the allocation infos, which start at 0. Raw files are read directly and
 * keyed by stack, since the stock interpreter runs out of memory on messages of varying size (performance.md 2.3).
 */
import { Uint32Builder } from "../base/columns.ts";
import { type ElfFile, readElf } from "../base/elf.ts";
import { Failure } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import { EventFold } from "../model/fold-events.ts";
import { totalLiveBytes } from "../model/ledger.ts";
import type { Profile } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";
import type { Format, ReadOptions } from "./format.ts";
import { PointerTable } from "./heaptrack-pointers.ts";

/** The writer's clock: a timer thread writes a `c` line every 10 ms. */
const SLICE_MS = 10;

/** No process was watched for longer than a hundred years: one damaged digit would merge everything else into one instant. */
const LONGEST_MS = 100 * 366 * 24 * 3600 * 1000;

/** Numbers are of 64 bits; what is longer is damaged, and would become infinite. */
const MOST_DIGITS = 16;

/** A line longer than this is no heaptrack line. Symbols of megabytes exist, strings of 64 MiB do not. */
const LONGEST_LINE_BYTES = 64 << 20;

export const heaptrack: Format = {
  id: "heaptrack",
  title: "heaptrack (interpreted and raw)",
  howToCapture: "heaptrack -o consumer ./consumer",
  recognize,
  read: (input, options) => new HeaptrackReader(input, options).read(),
};

/** `v 10400 3`, or `v 10200` of the oldest files. */
function recognize(head: Uint8Array): Recognition {
  const firstLine = new TextDecoder("latin1").decode(head.subarray(0, 40)).split("\n")[0] ?? "";
  return /^v [0-9a-f]{4,6}( [0-9a-f]{1,2})?\r?$/.test(firstLine) ? "certain" : "no";
}

/** What is no digit: above every number of four digits, wherever it stands among them. */
const NO_DIGIT = 0x10000;

/** Value of a hexadecimal digit by character code. */
const HEX: Uint32Array = hexTable();

function hexTable(): Uint32Array {
  const table = new Uint32Array(256).fill(NO_DIGIT);
  for (let value = 0; value < 16; value++) {
    table[value.toString(16).charCodeAt(0)] = value;
    table[value.toString(16).toUpperCase().charCodeAt(0)] = value;
  }
  return table;
}

const NEWLINE = 10;
const SPACE = 32;
const PLUS = 43;
const MINUS = 45;
const ZERO = 48;

/** The four digits of an event and the newline behind them are read at once. */
const SHORT_EVENT_BYTES = 7;

/** Events that are counted together: small enough for the fastest cache. */
const MOST_EVENTS = 2048;

/** A module of a raw file, for naming addresses. */
interface RawModule {
  readonly id: number;
  readonly path: string;
  readonly bias: number;
  readonly ranges: readonly (readonly [number, number])[];
}

class HeaptrackReader {
  readonly #input: Input;
  readonly #options: ReadOptions;
  readonly #builder: ProfileBuilder = new ProfileBuilder();
  #fold: EventFold;
  readonly #pointers: PointerTable = new PointerTable();
  #buffer: Uint8Array = new Uint8Array(0); // what is being parsed
  #offset = 0; // of the buffer's start in the content
  #carried: Uint8Array = new Uint8Array(4096); // the line that began in one chunk and ends in another
  readonly #events: Uint32Array = new Uint32Array(MOST_EVENTS); // of this moment, as the fold counts them

  #formatVersion = 1;
  #version = "";
  #isRaw = false;
  #endsWell = false; // the interpreter's last lines were there
  #attached = false;
  #command = "";
  #executable = "";
  #pageBytes = 4096;
  #lines = 0;

  readonly #strings: string[] = [""];
  readonly #modules: number[] = [0]; // module id of a string, when it was used as one
  readonly #frames: (readonly number[])[] = [[]]; // by instruction pointer: frame ids, root first
  readonly #paths: Uint32Builder = new Uint32Builder(); // by trace
  readonly #unitOfTrace: Uint32Builder = new Uint32Builder(); // raw: unit + 1
  readonly #sizes: number[] = []; // by allocation info
  #rawModules: RawModule[] = [];
  readonly #rawFrames: Map<number, number> = new Map(); // frame id of an address
  readonly #elves: Map<string, ElfFile | null> = new Map();
  #unnamed = 0;

  constructor(input: Input, options: ReadOptions) {
    this.#input = input;
    this.#options = options;
    this.#fold = new EventFold({ sliceMs: SLICE_MS, matching: "fifo" });
    this.#paths.push(0);
    this.#unitOfTrace.push(0);
  }

  async read(): Promise<Profile> {
    let readBytes = 0;
    let carried = 0;
    for await (const { buffer, byteOffset, length } of this.#input.chunks()) {
      const chunk = new Uint8Array(buffer, byteOffset, length); // a Buffer is another kind of array, and slower beside one
      const chunkOffset = readBytes;
      readBytes += length;
      // only in what is new: a line over many chunks would be searched again with each of them
      const last = chunk.lastIndexOf(NEWLINE);
      if (carried > 0 || last < 0) {
        const end = last < 0 ? length : chunk.indexOf(NEWLINE) + 1;
        this.#carry(chunk.subarray(0, end), carried);
        carried += end;
        if (last < 0) {
          if (carried > LONGEST_LINE_BYTES) {
            this.#fail("malformed", `has a line of more than ${LONGEST_LINE_BYTES} bytes`, readBytes - carried);
          }
          continue;
        }
        this.#parse(this.#carried, 0, carried, chunkOffset + end - carried);
        this.#parse(chunk, end, last + 1, chunkOffset);
      } else this.#parse(chunk, 0, last + 1, chunkOffset);
      this.#carry(chunk.subarray(last + 1), 0);
      carried = length - last - 1;
    }
    this.#buffer = this.#carried;
    this.#offset = readBytes - carried;
    if (carried > 0) this.#lastLine(carried);
    return this.#finish();
  }

  /** Keeps the start of a line behind what is already kept of it. */
  #carry(bytes: Uint8Array, carried: number): void {
    if (carried + bytes.length > this.#carried.length) {
      const larger = new Uint8Array(Math.max(this.#carried.length * 2, carried + bytes.length));
      larger.set(this.#carried.subarray(0, carried));
      this.#carried = larger;
    }
    this.#carried.set(bytes, carried);
  }

  /** Text after the last newline: a cut line, unless it is a complete comment (some writers leave the newline out). */
  #lastLine(filled: number): void {
    const text = new TextDecoder().decode(this.#buffer.subarray(0, Math.min(filled, 100)));
    if (this.#lastCount(text, this.#offset)) return;
    this.#builder.loss("truncated", `the last line is cut at ${this.#fold.elapsedMs / 1000} s`, this.#offset);
    this.#endsWell = false;
  }

  /** `# strings: N` and `# ips: N`, the last lines. Whatever is missing has shifted the numbers of all that follow. */
  #lastCount(text: string, offset: number): boolean {
    const [, what, count] = /^# (ips|strings): (\d+)$/.exec(text) ?? [];
    if (what === undefined) return false;
    this.#endsWell = true;
    const read = (what === "ips" ? this.#frames : this.#strings).length - 1;
    if (read !== Number(count)) {
      const names = what === "ips" ? "instruction pointers" : "strings";
      this.#builder.loss("malformed-record", `the file counts ${count} ${names}, ${read} are there: names may be wrong`, offset);
    }
    return true;
  }

  /**
   * Parses the complete lines from `start` to `end` of a buffer that starts at `offset` of the content. `+` and `-` are nearly all
   * of them, and most have numbers of one to four digits: these are taken without a branch for each digit, which a processor
   * could only guess.
   */
  #parse(buffer: Uint8Array, start: number, end: number, offset: number): void {
    this.#buffer = buffer;
    this.#offset = offset;
    const hex = HEX;
    const events = this.#events;
    let known = this.#isRaw ? 0 : this.#sizes.length; // events of a raw file are longer
    let length = 0;
    let pos = start;
    while (pos < end) {
      const mode = buffer[pos];
      if (mode !== PLUS && mode !== MINUS) {
        this.#fold.record(events, length);
        length = 0;
        const lineEnd = buffer.indexOf(NEWLINE, pos);
        this.#line(pos, lineEnd);
        pos = lineEnd + 1;
        this.#lines++;
        known = this.#isRaw ? 0 : this.#sizes.length;
        continue;
      }
      if (length === MOST_EVENTS) {
        this.#fold.record(events, length);
        length = 0;
      }
      if (pos + SHORT_EVENT_BYTES <= end) {
        const second = buffer[pos + 3] as number;
        const third = buffer[pos + 4] as number;
        const fourth = buffer[pos + 5] as number;
        // 1 from the first character below "0" on, such as the newline
        const endsAtSecond = (second - ZERO) >>> 31;
        const endsAtThird = endsAtSecond | ((third - ZERO) >>> 31);
        const endsAtFourth = endsAtThird | ((fourth - ZERO) >>> 31);
        const missing = endsAtSecond + endsAtThird + endsAtFourth;
        const next = pos + SHORT_EVENT_BYTES - missing;
        const digits =
          (((hex[buffer[pos + 2] as number] as number) << 12) +
            ((hex[second] as number) << 8) +
            ((hex[third] as number) << 4) +
            (hex[fourth] as number)) >>>
          (4 * missing);
        // the newline's own mark stands right above the digits
        const value = digits & (0xffff >>> (4 * missing));
        if (digits < NO_DIGIT && buffer[next - 1] === NEWLINE && value < known && buffer[pos + 1] === SPACE) {
          events[length++] = 2 * value + ((mode >> 2) & 1);
          this.#lines++;
          pos = next;
          continue;
        }
      }
      this.#fold.record(events, length);
      length = 0;
      pos = this.#event(pos, end, mode === PLUS);
    }
    this.#fold.record(events, length);
  }

  /** A `+` or `-` line of any kind. Returns the start of the next line. */
  #event(start: number, end: number, isAllocation: boolean): number {
    const buffer = this.#buffer;
    if (buffer[start + 1] !== SPACE) {
      // the line may be over, and what is read behind it is another
      this.#skip(start, "is no allocation event");
      this.#lines++;
      return buffer.indexOf(NEWLINE, start) + 1;
    }
    let pos = start + 2;
    let value = 0;
    let digit = HEX[buffer[pos++] as number] as number;
    while (digit !== NO_DIGIT) {
      value = value * 16 + digit;
      digit = HEX[buffer[pos++] as number] as number;
    }
    if (this.#isRaw || buffer[pos - 1] !== NEWLINE) return this.#rawEvent(start, end, isAllocation);
    const size = this.#sizes[value];
    if (size === undefined) this.#skip(start, "names an allocation that is not in the file");
    else if (isAllocation) this.#fold.allocate(value, size);
    else this.#fold.free(value, size);
    this.#lines++;
    return pos;
  }

  /** `+ SIZE TRACE PTR`, `- PTR`: raw files, and interpreted files of format 0. Returns the start of the next line. */
  #rawEvent(start: number, end: number, isAllocation: boolean): number {
    const lineEnd = this.#buffer.indexOf(NEWLINE, start);
    const next = (lineEnd < 0 ? end : lineEnd) + 1;
    const numbers = this.#numbers(start + 2, next - 1);
    this.#lines++;
    if (numbers === null || numbers.length !== (isAllocation ? 3 : 1)) {
      this.#skip(start, "is no allocation event");
      return next;
    }
    const [first = 0, trace = 0, pointer = 0] = numbers;
    if (!isAllocation) {
      const block = this.#pointers.take(first);
      // a free of a block from before the capture, or one that the tracker did not see
      if (block !== null) this.#fold.free(block.unit, block.bytes);
      return next;
    }
    if (trace >= this.#paths.length) {
      this.#skip(start, "names a trace that is not in the file");
      return next;
    }
    let unit = this.#unitOfTrace.get(trace);
    if (unit === 0) {
      unit = this.#fold.unit(this.#paths.get(trace)) + 1;
      this.#unitOfTrace.set(trace, unit);
    }
    // a pointer that is allocated twice was freed unseen (the tracker drops events while it starts)
    const lost = this.#pointers.take(pointer);
    if (lost !== null) this.#fold.free(lost.unit, lost.bytes);
    this.#pointers.put(pointer, unit - 1, first, this.#fold.slice);
    this.#fold.allocate(unit - 1, first);
    return next;
  }

  #line(start: number, end: number): void {
    const buffer = this.#buffer;
    const stop = end > start && buffer[end - 1] === 13 ? end - 1 : end;
    const content = start + 2;
    switch (String.fromCharCode(buffer[start] ?? NEWLINE)) {
      case "v":
        this.#versionLine(content, stop);
        return;
      case "s":
        this.#strings.push(this.#text(content, stop));
        this.#modules.push(0);
        return;
      case "i":
        this.#instructionPointer(start, content, stop);
        return;
      case "t":
        this.#trace(start, content, stop);
        return;
      case "a": {
        const [size, trace] = this.#numbers(content, stop) ?? [];
        if (size === undefined || trace === undefined || trace >= this.#paths.length) {
          this.#skip(start, "is no allocation of a known trace");
          // keeps the numbering of the infos that follow
          this.#sizes.push(size ?? 0);
          this.#fold.unit(0, size ?? 0);
          return;
        }
        this.#sizes.push(size);
        this.#fold.unit(this.#paths.get(trace), size);
        return;
      }
      case "c": {
        const [elapsedMs] = this.#numbers(content, stop) ?? [];
        if (elapsedMs === undefined || elapsedMs > LONGEST_MS) this.#skip(start, "is no time");
        else this.#fold.advance(elapsedMs);
        return;
      }
      case "R": {
        const [pages] = this.#numbers(content, stop) ?? [];
        if (pages !== undefined) this.#fold.resident(pages * this.#pageBytes);
        return;
      }
      case "I": {
        const [pageBytes] = this.#numbers(content, stop) ?? [];
        if (pageBytes !== undefined && pageBytes >= 1024) this.#pageBytes = pageBytes;
        return;
      }
      case "X":
        this.#command = this.#decode(content, stop);
        return;
      case "x":
        if (!this.#startRaw()) this.#skip(start, "of a raw file is in an interpreted one");
        else this.#executable = this.#text(content, stop);
        return;
      case "m":
        if (!this.#startRaw()) this.#skip(start, "of a raw file is in an interpreted one");
        else this.#module(start, content, stop);
        return;
      case "A":
        // everything so far belongs to the time before the attach (accumulatedtracedata.cpp clears its totals here)
        this.#attached = true;
        this.#fold.reset();
        this.#pointers.clear();
        return;
      case "#":
        this.#lastCount(this.#decode(start, stop), this.#offset + start);
        return;
      case "S": // embedded suppressions: what they match is live all the same
      case "\n":
        return;
      default:
        if (this.#lines === 0) this.#fail("malformed", "does not start with a version", this.#offset + start);
        this.#skip(start, "is of no known kind");
    }
  }

  #versionLine(content: number, stop: number): void {
    const [version = 0, format] = this.#numbers(content, stop) ?? [];
    this.#version = version.toString(16);
    // the oldest files say only the version of heaptrack
    this.#formatVersion = format ?? 1;
    if (this.#formatVersion > 3) {
      this.#fail("format-unsupported", `is of heaptrack's file format ${this.#formatVersion}, which is newer than 3`, this.#offset);
    }
  }

  /** Before anything is counted, or not at all: the fold starts anew. False where it is too late, and the line is damaged. */
  #startRaw(): boolean {
    if (this.#isRaw) return true;
    if (this.#strings.length > 1 || this.#sizes.length > 0 || this.#paths.length > 1) return false;
    this.#isRaw = true;
    this.#pointers.clear();
    this.#unitOfTrace.set(0, 0);
    this.#fold = new EventFold({ sliceMs: SLICE_MS, matching: "exact", onMerge: () => this.#pointers.mergeSlices() });
    return true;
  }

  /** `i IP MODULE [FUNCTION [FILE LINE (FUNCTION FILE LINE)*]]`: the innermost inlined function first. */
  #instructionPointer(start: number, content: number, stop: number): void {
    const numbers = this.#numbers(content, stop);
    if (numbers === null || numbers.length < 1) {
      this.#skip(start, "is no instruction pointer");
      this.#frames.push([]);
      return;
    }
    const [address = 0, moduleString = 0] = numbers;
    const module = this.#moduleOf(moduleString);
    const frames: number[] = [];
    for (let field = 2; field < numbers.length; field += 3) {
      frames.push(
        this.#builder.frame({
          name: this.#strings[numbers[field] ?? 0] ?? "",
          module,
          file: this.#strings[numbers[field + 1] ?? 0] ?? "",
          line: numbers[field + 2] ?? 0,
          // a function has many call sites: the address only tells frames without names apart
          address: (numbers[field] ?? 0) === 0 ? address : 0,
        }),
      );
    }
    if (frames.length === 0) frames.push(this.#builder.frame({ name: "", module, address }));
    this.#frames.push(frames.reverse());
  }

  #moduleOf(string: number): number {
    const known = this.#modules[string] ?? 0;
    if (known !== 0 || string === 0) return known;
    const module = this.#builder.module(this.#strings[string] ?? "");
    this.#modules[string] = module;
    return module;
  }

  /** `t IP PARENT`: in interpreted files the number of an instruction pointer, in raw files an address. */
  #trace(start: number, content: number, stop: number): void {
    const [ip, parent] = this.#numbers(content, stop) ?? [];
    if (ip === undefined || parent === undefined || parent >= this.#paths.length) {
      this.#skip(start, "is no trace with a known parent");
      this.#paths.push(0);
      this.#unitOfTrace.push(0);
      return;
    }
    let path = this.#paths.get(parent);
    if (this.#isRaw) path = this.#builder.path(path, this.#rawFrame(ip));
    else for (const frame of this.#frames[ip] ?? []) path = this.#builder.path(path, frame);
    this.#paths.push(path);
    this.#unitOfTrace.push(0);
  }

  /** `m LEN NAME BIAS (VADDR SIZE)*`; `m 1 -` forgets all modules; the name `x` is the executable. */
  #module(start: number, content: number, stop: number): void {
    const text = this.#decode(content, stop);
    const match = /^([0-9a-f]+) (.*)$/.exec(text);
    const length = Number.parseInt(match?.[1] ?? "", 16);
    const rest = match?.[2] ?? "";
    if (match === null || !(length <= rest.length)) {
      this.#skip(start, "is no module");
      return;
    }
    const name = rest.slice(0, length);
    if (name === "-") {
      this.#rawModules = [];
      this.#rawFrames.clear();
      return;
    }
    const [bias = 0, ...segments] = rest
      .slice(length)
      .trim()
      .split(" ")
      .map((field) => Number.parseInt(field, 16));
    const path = name === "x" ? this.#executable : name;
    const ranges: (readonly [number, number])[] = [];
    for (let field = 0; field + 1 < segments.length; field += 2) {
      const from = bias + (segments[field] ?? 0);
      ranges.push([from, from + (segments[field + 1] ?? 0)]);
    }
    this.#rawModules.push({ id: this.#builder.module(path), path, bias, ranges });
  }

  #rawFrame(address: number): number {
    const known = this.#rawFrames.get(address);
    if (known !== undefined) return known;
    const module = this.#rawModules.find(({ ranges }) => ranges.some(([from, to]) => address >= from && address < to));
    const offset = address - (module?.bias ?? 0);
    const name = module === undefined ? "" : (this.#elfOf(module.path)?.nameOf(offset) ?? "");
    if (name === "") this.#unnamed++;
    const frame = this.#builder.frame({ name, module: module?.id ?? 0, address: name === "" ? offset : 0 });
    this.#rawFrames.set(address, frame);
    return frame;
  }

  #elfOf(path: string): ElfFile | null {
    if (!this.#options.symbolize || !path.startsWith("/")) return null;
    const known = this.#elves.get(path);
    if (known !== undefined) return known;
    const file = readElf(path);
    this.#elves.set(path, file);
    return file;
  }

  /** A string of the table: with its length from format 3 on, the rest of the line before. */
  #text(content: number, stop: number): string {
    if (this.#formatVersion < 3) return this.#decode(content, stop);
    const space = this.#buffer.indexOf(SPACE, content);
    if (space < 0 || space > stop) return "";
    return this.#decode(space + 1, stop);
  }

  #decode(start: number, stop: number): string {
    return new TextDecoder().decode(this.#buffer.subarray(start, Math.max(start, stop)));
  }

  /** Hexadecimal numbers separated by single spaces; null when something else stands there, or more than 64 bits. */
  #numbers(start: number, stop: number): readonly number[] | null {
    const numbers: number[] = [];
    let value = 0;
    let digits = 0;
    for (let pos = start; pos < stop; pos++) {
      const code = this.#buffer[pos] as number;
      const digit = HEX[code] as number;
      if (digit !== NO_DIGIT) {
        value = value * 16 + digit;
        if (++digits > MOST_DIGITS) return null;
      } else if (code === SPACE && digits > 0) {
        numbers.push(value);
        value = 0;
        digits = 0;
      } else if (code !== SPACE && code !== 13) return null;
    }
    if (digits > 0) numbers.push(value);
    return numbers;
  }

  #skip(start: number, what: string): void {
    this.#builder.loss("malformed-record", `a line ${what}`, this.#offset + start);
  }

  #fail(code: "malformed" | "format-unsupported", message: string, offset: number): never {
    throw new Failure({ code, message, where: { file: this.#input.name, offset } });
  }

  #finish(): Profile {
    const isCut = this.#input.losses.some(({ code }) => code === "truncated");
    if (!this.#endsWell && !this.#isRaw && !isCut) {
      this.#builder.loss("truncated", `the file ends without its last lines, at ${this.#fold.elapsedMs / 1000} s`, this.#offset);
    }
    if (this.#unnamed > 0) {
      this.#builder.loss("no-names", "addresses of a raw file whose modules have no symbols here", null, this.#unnamed);
    }
    const { survivors, impossibleFrees, peakBytes, peakAtMs } = this.#fold.finish(this.#builder, () =>
      this.#pointers.survivors((unit) => this.#fold.pathOf(unit)),
    );
    // after an attach these are frees of what is older than the capture
    if (impossibleFrees > 0 && !this.#attached) {
      this.#builder.loss("malformed-record", "frees of what was not live were passed over", null, impossibleFrees);
    }
    const profile = this.#builder.finish({
      path: this.#input.name,
      format: "heaptrack",
      formatVersion: `${this.#version === "" ? "unknown" : this.#version}, format ${this.#formatVersion}${this.#isRaw ? " raw" : ""}`,
      clock: "in-file",
      origin: {
        runtime: "native",
        command: this.#command === "" ? null : this.#command,
        executable: this.#executable === "" ? null : this.#executable,
        attached: this.#attached,
      },
      precision: { kind: "exact" },
      observes: "both",
      sampleTypes: [
        { type: "live_space", unit: "bytes" },
        { type: "alloc_space", unit: "bytes" },
      ],
      survivors,
      peakBytes,
      peakAtMs,
      losses: this.#input.losses,
    });
    return { ...profile, endsWithExit: this.#endsWell && endsWithExit(profile) };
  }
}

/** A clean exit frees nearly everything within the last instants; a queue that drains does not free the client itself. */
function endsWithExit(profile: Profile): boolean {
  const total = totalLiveBytes(profile);
  const last = total.length - 1;
  const end = total[last] ?? 0;
  const before = Math.max(...total.subarray(Math.max(1, last - 5), last));
  return last >= 4 && end < 0.05 * before && end < 0.05 * profile.peakBytes;
}
