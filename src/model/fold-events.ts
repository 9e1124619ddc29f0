/**
 * Folds a log of allocations and frees, while it is read, into at most 256 instants: memory is bounded by sites and instants,
 * never by events. Time is cut into slices of the writer's clock; when there are too many, neighbours are merged and the
 * slices become twice as wide. Every slice is an instant, also the quiet ones: a plateau has to be seen as one.
 *
 * A *unit* is what the log counts by: a path, or a path with one block size (heaptrack's allocation info). Where the log has
 * no addresses, frees are matched first in, first out within a unit: runs of blocks born in one slice keep that exact, in
 * memory bounded by what is live.
 */
import { at, Float64Builder, Uint32Builder } from "../base/columns.ts";
import type { Survivors } from "./profile.ts";
import type { ProfileBuilder } from "./profile-builder.ts";

export const MAX_INSTANTS = 256;

export interface FoldOptions {
  /** Width of the first slices: the clock of the writer. */
  readonly sliceMs: number;
  /** `fifo`: the log frees any block of a unit. `exact`: the reader knows which one, and says at the end what survived. */
  readonly matching: Survivors["matching"];
  /** Slices 2k-1 and 2k are now slice k: the reader's own notes of slices have to follow. */
  readonly onMerge?: () => void;
}

/** A block, or several of one path and slice, that lives at the end. */
export interface Survivor {
  readonly path: number;
  readonly bornAt: number; // slice
  readonly bytes: number;
  readonly blocks: number;
  readonly isDoubtful: boolean; // one of several alike, of which some were freed: which ones is a guess
}

export interface Folded {
  readonly survivors: Survivors;
  readonly peakBytes: number;
  readonly peakAtMs: number;
}

export class EventFold {
  readonly #options: FoldOptions;
  #sliceMs: number;
  #slice = 1; // the open one; slice 0 = before the capture
  #elapsedMs = 0;
  #liveBytes = 0;
  #peakBytes = 0;
  #peakAtMs = 0;
  #bornBytes: Float64Array = new Float64Array(MAX_INSTANTS + 2); // by slice
  #residentBytes: Float64Array = new Float64Array(MAX_INSTANTS + 2); // by slice, the last one said

  // by unit: its path, and what happened in the open slice
  readonly #pathOf: Uint32Builder = new Uint32Builder();
  #units: UnitCounters = new UnitCounters(1024);
  #touched: Uint32Array = new Uint32Array(1024);
  #touchedCount = 0;

  readonly #rows: ChangeRows = new ChangeRows();
  readonly #runs: Runs = new Runs();

  constructor(options: FoldOptions) {
    this.#options = options;
    this.#sliceMs = options.sliceMs;
  }

  /** A new unit of a path. Units are numbered from 0 in the order of the calls. */
  unit(path: number): number {
    const unit = this.#pathOf.length;
    this.#pathOf.push(path);
    if (unit >= this.#units.length) this.#units = this.#units.grow();
    this.#runs.addUnit();
    return unit;
  }

  pathOf(unit: number): number {
    return this.#pathOf.get(unit);
  }

  get liveBytes(): number {
    return this.#liveBytes;
  }

  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  /** The slice in which a block that is allocated now is born. */
  get slice(): number {
    return this.#slice;
  }

  allocate(unit: number, bytes: number): void {
    const units = this.#units;
    if (units.isTouched[unit] === 0) this.#touch(unit);
    units.bornBytes[unit] = (units.bornBytes[unit] as number) + bytes;
    units.bornBlocks[unit] = (units.bornBlocks[unit] as number) + 1;
    this.#liveBytes += bytes;
    if (this.#liveBytes > this.#peakBytes) {
      this.#peakBytes = this.#liveBytes;
      this.#peakAtMs = this.#elapsedMs;
    }
  }

  free(unit: number, bytes: number): void {
    const units = this.#units;
    if (units.isTouched[unit] === 0) this.#touch(unit);
    units.freedBytes[unit] = (units.freedBytes[unit] as number) + bytes;
    units.freedBlocks[unit] = (units.freedBlocks[unit] as number) + 1;
    this.#liveBytes -= bytes;
  }

  #touch(unit: number): void {
    this.#units.isTouched[unit] = 1;
    if (this.#touchedCount === this.#touched.length) {
      const larger = new Uint32Array(this.#touchedCount * 2);
      larger.set(this.#touched);
      this.#touched = larger;
    }
    this.#touched[this.#touchedCount++] = unit;
  }

  /** The clock goes on; a clock that goes back is taken to stand still. */
  advance(elapsedMs: number): void {
    if (elapsedMs <= this.#elapsedMs) return;
    // jumps of any length are merges, not millions of empty slices
    while (Math.ceil(elapsedMs / this.#sliceMs) > MAX_INSTANTS) this.#merge();
    const slice = Math.max(this.#slice, Math.ceil(elapsedMs / this.#sliceMs));
    if (slice > this.#slice) {
      this.#close();
      // quiet slices keep what the process was said to hold before them
      const resident = at(this.#residentBytes, this.#slice);
      for (let quiet = this.#slice + 1; quiet <= slice; quiet++) this.#residentBytes[quiet] = resident;
      this.#slice = slice;
    }
    this.#elapsedMs = elapsedMs;
  }

  /** The resident set as the log states it for the current time. */
  resident(bytes: number): void {
    this.#residentBytes[this.#slice] = bytes;
  }

  /** Everything so far was before the capture (a runtime attach): totals start anew. */
  reset(): void {
    this.#close();
    this.#rows.clear();
    this.#runs.clear();
    this.#bornBytes.fill(0);
    this.#liveBytes = 0;
    this.#peakBytes = 0;
    this.#peakAtMs = 0;
  }

  /** Writes what happened in the open slice into the rows. */
  #close(): void {
    const units = this.#units;
    this.#rows.openSlice(this.#slice);
    for (let row = 0; row < this.#touchedCount; row++) {
      const unit = at(this.#touched, row);
      const [bornBytes, bornBlocks] = [at(units.bornBytes, unit), at(units.bornBlocks, unit)];
      const [freedBytes, freedBlocks] = [at(units.freedBytes, unit), at(units.freedBlocks, unit)];
      this.#rows.add(this.#pathOf.get(unit), bornBytes - freedBytes, bornBlocks - freedBlocks, bornBytes, bornBlocks);
      this.#bornBytes[this.#slice] = at(this.#bornBytes, this.#slice) + bornBytes;
      if (this.#options.matching === "fifo") {
        if (bornBlocks > 0) this.#runs.born(unit, this.#slice, bornBlocks, bornBytes / bornBlocks);
        if (freedBlocks > 0) this.#runs.freed(unit, freedBlocks);
      }
      units.clear(unit);
    }
    this.#touchedCount = 0;
  }

  /** Slices 2k-1 and 2k become slice k. */
  #merge(): void {
    this.#close();
    this.#sliceMs *= 2;
    this.#slice = (this.#slice + 1) >> 1;
    this.#rows.merge();
    this.#runs.merge();
    const [born, resident] = [new Float64Array(MAX_INSTANTS + 2), new Float64Array(MAX_INSTANTS + 2)];
    for (let slice = 1; slice <= MAX_INSTANTS; slice++) {
      const merged = (slice + 1) >> 1;
      born[merged] = at(born, merged) + at(this.#bornBytes, slice);
      if (merged <= this.#slice && at(this.#residentBytes, slice) > 0) resident[merged] = at(this.#residentBytes, slice);
    }
    this.#bornBytes = born;
    this.#residentBytes = resident;
    this.#options.onMerge?.();
  }

  /** Writes instants and changes into the builder. Where matching is exact, the reader says what survived. */
  finish(builder: ProfileBuilder, exactSurvivors: Iterable<Survivor> = []): Folded {
    this.#close();
    for (let slice = 1; slice <= this.#slice; slice++) {
      builder.instant({
        elapsedMs: Math.min(slice * this.#sliceMs, Math.max(this.#elapsedMs, (slice - 1) * this.#sliceMs)),
        residentBytes: at(this.#residentBytes, slice),
      });
    }
    this.#rows.write(builder);
    const survivors = this.#options.matching === "fifo" ? this.#runs.survivors((unit) => this.#pathOf.get(unit)) : exactSurvivors;
    return {
      survivors: {
        ...survivorsTable(survivors),
        clock: "instants",
        matching: this.#options.matching,
        slices: this.#slice + 1,
        bornBytes: this.#bornBytes.slice(0, this.#slice + 1),
      },
      peakBytes: this.#peakBytes,
      peakAtMs: this.#peakAtMs,
    };
  }
}

/** What happened to each unit in the open slice. */
class UnitCounters {
  readonly length: number;
  readonly bornBytes: Float64Array;
  readonly bornBlocks: Float64Array;
  readonly freedBytes: Float64Array;
  readonly freedBlocks: Float64Array;
  readonly isTouched: Uint8Array;

  constructor(length: number) {
    this.length = length;
    this.bornBytes = new Float64Array(length);
    this.bornBlocks = new Float64Array(length);
    this.freedBytes = new Float64Array(length);
    this.freedBlocks = new Float64Array(length);
    this.isTouched = new Uint8Array(length);
  }

  grow(): UnitCounters {
    const larger = new UnitCounters(this.length * 2);
    larger.bornBytes.set(this.bornBytes);
    larger.bornBlocks.set(this.bornBlocks);
    larger.freedBytes.set(this.freedBytes);
    larger.freedBlocks.set(this.freedBlocks);
    larger.isTouched.set(this.isTouched);
    return larger;
  }

  clear(unit: number): void {
    this.bornBytes[unit] = 0;
    this.bornBlocks[unit] = 0;
    this.freedBytes[unit] = 0;
    this.freedBlocks[unit] = 0;
    this.isTouched[unit] = 0;
  }
}

/** One row for each slice and path in which something happened, in the order of the slices. */
class ChangeRows {
  #slice: Uint32Builder = new Uint32Builder();
  #path: Uint32Builder = new Uint32Builder();
  #liveBytes: Float64Builder = new Float64Builder();
  #liveBlocks: Float64Builder = new Float64Builder();
  #allocatedBytes: Float64Builder = new Float64Builder();
  #allocatedBlocks: Float64Builder = new Float64Builder();
  /** The latest row of each path; counts only when it belongs to the open slice. */
  #rowOfPath: Uint32Array = new Uint32Array(1024);
  #open = 0;
  #firstOfOpen = 0;

  openSlice(slice: number): void {
    // a slice may be closed, and opened again after a merge
    if (slice === this.#open) return;
    this.#open = slice;
    this.#firstOfOpen = this.#slice.length;
  }

  add(path: number, liveBytes: number, liveBlocks: number, allocatedBytes: number, allocatedBlocks: number): void {
    if (path >= this.#rowOfPath.length) {
      const larger = new Uint32Array(Math.max(path + 1, this.#rowOfPath.length * 2));
      larger.set(this.#rowOfPath);
      this.#rowOfPath = larger;
    }
    let row = at(this.#rowOfPath, path);
    if (row < this.#firstOfOpen || row >= this.#slice.length || this.#path.get(row) !== path) {
      row = this.#slice.length;
      this.#slice.push(this.#open);
      this.#path.push(path);
      this.#liveBytes.push(0);
      this.#liveBlocks.push(0);
      this.#allocatedBytes.push(0);
      this.#allocatedBlocks.push(0);
      this.#rowOfPath[path] = row;
    }
    this.#liveBytes.add(row, liveBytes);
    this.#liveBlocks.add(row, liveBlocks);
    this.#allocatedBytes.add(row, allocatedBytes);
    this.#allocatedBlocks.add(row, allocatedBlocks);
  }

  merge(): void {
    const before = {
      slice: this.#slice,
      path: this.#path,
      liveBytes: this.#liveBytes,
      liveBlocks: this.#liveBlocks,
      allocatedBytes: this.#allocatedBytes,
      allocatedBlocks: this.#allocatedBlocks,
    };
    this.clear();
    for (let row = 0; row < before.slice.length; row++) {
      this.openSlice((before.slice.get(row) + 1) >> 1);
      this.add(
        before.path.get(row),
        before.liveBytes.get(row),
        before.liveBlocks.get(row),
        before.allocatedBytes.get(row),
        before.allocatedBlocks.get(row),
      );
    }
  }

  clear(): void {
    this.#slice = new Uint32Builder();
    this.#path = new Uint32Builder();
    this.#liveBytes = new Float64Builder();
    this.#liveBlocks = new Float64Builder();
    this.#allocatedBytes = new Float64Builder();
    this.#allocatedBlocks = new Float64Builder();
    this.#open = 0;
    this.#firstOfOpen = 0;
  }

  write(builder: ProfileBuilder): void {
    for (let row = 0; row < this.#slice.length; row++) {
      builder.changeAt(this.#slice.get(row), this.#path.get(row), {
        liveBytes: this.#liveBytes.get(row),
        liveBlocks: this.#liveBlocks.get(row),
        allocatedBytes: this.#allocatedBytes.get(row),
        allocatedBlocks: this.#allocatedBlocks.get(row),
      });
    }
  }
}

/** First in, first out: for each unit the live blocks as runs of those born in one slice, oldest first. Run 0 = none. */
class Runs {
  #slice: Uint32Builder = new Uint32Builder();
  #blocks: Float64Builder = new Float64Builder();
  #next: Uint32Builder = new Uint32Builder();
  readonly #first: Uint32Builder = new Uint32Builder(); // by unit
  readonly #last: Uint32Builder = new Uint32Builder();
  readonly #blockBytes: Float64Builder = new Float64Builder();
  readonly #hasFreed: Uint32Builder = new Uint32Builder(); // 1 when a block of the unit was freed
  #unused = 0; // head of the list of runs that can be used again

  constructor() {
    this.clear();
  }

  addUnit(): void {
    this.#first.push(0);
    this.#last.push(0);
    this.#blockBytes.push(0);
    this.#hasFreed.push(0);
  }

  clear(): void {
    this.#slice = new Uint32Builder();
    this.#blocks = new Float64Builder();
    this.#next = new Uint32Builder();
    this.#slice.push(0);
    this.#blocks.push(0);
    this.#next.push(0);
    this.#unused = 0;
    for (let unit = 0; unit < this.#first.length; unit++) {
      this.#first.set(unit, 0);
      this.#last.set(unit, 0);
    }
  }

  born(unit: number, slice: number, blocks: number, blockBytes: number): void {
    this.#blockBytes.set(unit, blockBytes);
    const last = this.#last.get(unit);
    if (last !== 0 && this.#slice.get(last) === slice) {
      this.#blocks.add(last, blocks);
      return;
    }
    let run = this.#unused;
    if (run === 0) {
      run = this.#slice.length;
      this.#slice.push(slice);
      this.#blocks.push(blocks);
      this.#next.push(0);
    } else {
      this.#unused = this.#next.get(run);
      this.#slice.set(run, slice);
      this.#blocks.set(run, blocks);
      this.#next.set(run, 0);
    }
    if (last === 0) this.#first.set(unit, run);
    else this.#next.set(last, run);
    this.#last.set(unit, run);
  }

  freed(unit: number, blocks: number): void {
    this.#hasFreed.set(unit, 1);
    let left = blocks;
    for (let run = this.#first.get(unit); run !== 0 && left > 0; run = this.#first.get(unit)) {
      const here = this.#blocks.get(run);
      if (here > left) {
        this.#blocks.set(run, here - left);
        return;
      }
      left -= here;
      const next = this.#next.get(run);
      this.#first.set(unit, next);
      if (next === 0) this.#last.set(unit, 0);
      this.#next.set(run, this.#unused);
      this.#unused = run;
    }
  }

  merge(): void {
    for (let run = 1; run < this.#slice.length; run++) this.#slice.set(run, (this.#slice.get(run) + 1) >> 1);
  }

  *survivors(pathOf: (unit: number) => number): Iterable<Survivor> {
    for (let unit = 0; unit < this.#first.length; unit++) {
      for (let run = this.#first.get(unit); run !== 0; run = this.#next.get(run)) {
        const blocks = this.#blocks.get(run);
        const isDoubtful = this.#hasFreed.get(unit) === 1;
        yield { path: pathOf(unit), bornAt: this.#slice.get(run), bytes: blocks * this.#blockBytes.get(unit), blocks, isDoubtful };
      }
    }
  }
}

/** Sums survivors by path and slice. */
function survivorsTable(
  survivors: Iterable<Survivor>,
): Pick<Survivors, "length" | "path" | "bornAt" | "bytes" | "blocks" | "doubtfulBytes"> {
  const path = new Uint32Builder();
  const bornAt = new Uint32Builder();
  const bytes = new Float64Builder();
  const blocks = new Float64Builder();
  const doubtfulBytes = new Float64Builder();
  const rows = new Map<number, number>();
  for (const survivor of survivors) {
    const key = survivor.path * (MAX_INSTANTS + 2) + survivor.bornAt;
    let row = rows.get(key);
    if (row === undefined) {
      row = path.length;
      rows.set(key, row);
      path.push(survivor.path);
      bornAt.push(survivor.bornAt);
      bytes.push(0);
      blocks.push(0);
      doubtfulBytes.push(0);
    }
    bytes.add(row, survivor.bytes);
    if (survivor.isDoubtful) doubtfulBytes.add(row, survivor.bytes);
    blocks.add(row, survivor.blocks);
  }
  return {
    length: path.length,
    path: path.finish(),
    bornAt: bornAt.finish(),
    bytes: bytes.finish(),
    blocks: blocks.finish(),
    doubtfulBytes: doubtfulBytes.finish(),
  };
}
