/**
 * Folds a log of allocations and frees, while it is read, into at most 256 instants: memory is bounded by sites and instants,
 * never by events. Time is cut into slices of the writer's clock; when there are too many, neighbours are merged and the
 * slices become twice as wide. Every slice is an instant, also the quiet ones: a plateau has to be seen as one.
 *
 * A *unit* is what the log counts by: a path, or a path with one block size (heaptrack's allocation info). The counts lie in a
 * grid, slice by slice. Where the log has no addresses, frees are matched first in, first out within a unit; then what survives
 * are the youngest births of the unit, and the grid already knows how many were born in which slice.
 */
import { at, Float64Builder, Uint32Builder } from "../base/columns.ts";
import { EventGrid } from "./event-grid.ts";
import type { Changes, Survivors } from "./profile.ts";
import type { ProfileBuilder } from "./profile-builder.ts";

export const MAX_INSTANTS = 256;

/**
 * Slices are merged, too, when the grid has more cells than this (8 bytes each, 24 with sizes), and when more rows than this
 * come out of it (40 bytes each), but not to fewer than 24 slices: with tens of thousands of busy sites 256 instants would
 * take a gigabyte, and no judgement looks at more than 20 blocks of them.
 */
const MAX_CELLS = 4_000_000;
const MAX_CELLS_WITH_SIZES = 1_500_000;
const MAX_ROWS = 600_000;
const FEWEST_SLICES = 24;
const FIRST_UNITS = 1024;

export interface FoldOptions {
  /** Width of the first slices: the clock of the writer. */
  readonly sliceMs: number;
  /**
   * `fifo`: the log frees any block of a unit, and all blocks of a unit have one size. `exact`: the reader knows which block
   * is freed, and says at the end what survived.
   */
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
  /** Frees of a unit of which nothing was live: passed over, since nothing holds less than nothing. */
  readonly impossibleFrees: number;
  readonly peakBytes: number;
  readonly peakAtMs: number;
}

export class EventFold {
  readonly #options: FoldOptions;
  readonly #hasSizes: boolean;
  #sliceMs: number;
  #slice = 1; // the open one; slice 0 = before the capture
  #elapsedMs = 0;
  #liveBytes = 0;
  #peakBytes = 0;
  #peakAtMs = 0;
  #resident = 0; // the last one said
  #residentBytes: Float64Array = new Float64Array(MAX_INSTANTS + 1); // by slice, the highest

  readonly #pathOf: Uint32Builder = new Uint32Builder(); // by unit
  #signedBytes: Float64Array = new Float64Array(2 * FIRST_UNITS); // by event code: the size of a unit's blocks, then less of it

  readonly #grid: EventGrid;
  #columns = FIRST_UNITS; // units there is room for
  #slices = MAX_INSTANTS; // slices there may be, slice 0 not counted
  #counts: Uint32Array; // of the open slice
  #bytes: Float64Array;

  constructor(options: FoldOptions) {
    this.#options = options;
    this.#sliceMs = options.sliceMs;
    this.#hasSizes = options.matching === "exact";
    this.#grid = new EventGrid(this.#hasSizes);
    this.#grid.widen(this.#columns, this.#slice);
    this.#counts = this.#grid.counts(this.#slice);
    this.#bytes = this.#grid.bytes(this.#slice);
  }

  /** A new unit of a path, with the size of its blocks where they have one. Units are numbered from 0 in the order of the calls. */
  unit(path: number, blockBytes = 0): number {
    const unit = this.#pathOf.length;
    this.#pathOf.push(path);
    if (unit >= this.#columns) this.#widen();
    this.#signedBytes[2 * unit] = blockBytes;
    this.#signedBytes[2 * unit + 1] = -blockBytes;
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
    this.#count(2 * unit, bytes);
    this.#liveBytes += bytes;
    if (this.#liveBytes > this.#peakBytes) {
      this.#peakBytes = this.#liveBytes;
      this.#peakAtMs = this.#elapsedMs;
    }
  }

  free(unit: number, bytes: number): void {
    this.#count(2 * unit + 1, bytes);
    this.#liveBytes -= bytes;
  }

  #count(cell: number, bytes: number): void {
    this.#counts[cell] = (this.#counts[cell] as number) + 1;
    if (this.#hasSizes) this.#bytes[cell] = (this.#bytes[cell] as number) + bytes;
  }

  /**
   * Many events of one moment, in order, of units with one block size each: the first `length` codes, `2 * unit` for an
   * allocation and `2 * unit + 1` for a free. What logs of hundreds of millions of events are counted with.
   */
  record(codes: Uint32Array, length: number): void {
    const counts = this.#counts;
    const signedBytes = this.#signedBytes;
    let live = this.#liveBytes;
    let peak = this.#peakBytes;
    for (let event = 0; event < length; event++) {
      const code = codes[event] as number;
      counts[code] = (counts[code] as number) + 1;
      live += signedBytes[code] as number;
      if (live > peak) peak = live;
    }
    this.#liveBytes = live;
    if (peak === this.#peakBytes) return;
    this.#peakBytes = peak;
    this.#peakAtMs = this.#elapsedMs;
  }

  /** The clock goes on; a clock that goes back is taken to stand still. */
  advance(elapsedMs: number): void {
    if (elapsedMs <= this.#elapsedMs) return;
    this.#elapsedMs = elapsedMs;
    // jumps of any length are merges, not millions of empty slices
    while (Math.ceil(elapsedMs / this.#sliceMs) > this.#slices) this.#merge();
    const slice = Math.max(this.#slice, Math.ceil(elapsedMs / this.#sliceMs));
    if (slice === this.#slice) return;
    // a slice begins with what the process was said to hold before it
    this.#residentBytes.fill(this.#resident, this.#slice + 1, slice + 1);
    this.#open(slice);
  }

  #open(slice: number): void {
    this.#slice = slice;
    this.#counts = this.#grid.counts(slice);
    this.#bytes = this.#grid.bytes(slice);
  }

  /** The resident set as the log states it for the current time. */
  resident(bytes: number): void {
    this.#resident = bytes;
    this.#residentBytes[this.#slice] = Math.max(at(this.#residentBytes, this.#slice), bytes);
  }

  /** Everything so far was before the capture (a runtime attach): totals start anew. */
  reset(): void {
    this.#grid.clear();
    this.#liveBytes = 0;
    this.#peakBytes = 0;
    this.#peakAtMs = 0;
  }

  /** Room for twice as many units, in fewer slices where the grid would become too large. */
  #widen(): void {
    const maxCells = this.#hasSizes ? MAX_CELLS_WITH_SIZES : MAX_CELLS;
    while (this.#columns * 2 * this.#slices > maxCells && this.#slices >= 2 * FEWEST_SLICES) {
      this.#merge();
      while (this.#slice > this.#slices / 2) this.#merge();
      this.#slices >>= 1;
    }
    this.#columns *= 2;
    const signedBytes = new Float64Array(2 * this.#columns);
    signedBytes.set(this.#signedBytes);
    this.#signedBytes = signedBytes;
    this.#grid.widen(this.#columns, this.#slice);
    this.#open(this.#slice);
  }

  /** Slices 2k-1 and 2k become slice k. */
  #merge(): void {
    const last = this.#slice;
    this.#grid.merge(last, this.#pathOf.length);
    const resident = new Float64Array(MAX_INSTANTS + 1);
    for (let slice = 1; slice <= last; slice++) {
      const merged = (slice + 1) >> 1;
      resident[merged] = Math.max(at(resident, merged), at(this.#residentBytes, slice));
    }
    this.#residentBytes = resident;
    this.#sliceMs *= 2;
    this.#open((last + 1) >> 1);
    this.#options.onMerge?.();
  }

  /** Writes instants and changes into the builder. Where matching is exact, `survivors` says what lives, after the last merge. */
  finish(builder: ProfileBuilder, survivors: () => Iterable<Survivor> = () => []): Folded {
    let mostRows = this.#countRows();
    while (this.#slice >= 2 * FEWEST_SLICES && mostRows > MAX_ROWS) {
      this.#merge();
      mostRows = this.#countRows();
    }
    const { matching } = this.#options;
    // where matching is exact, the reader knows the block of every free
    const outcome = matching === "fifo" ? this.#dropImpossibleFrees() : null;
    for (let slice = 1; slice <= this.#slice; slice++) {
      builder.instant({
        elapsedMs: Math.min(slice * this.#sliceMs, Math.max(this.#elapsedMs, (slice - 1) * this.#sliceMs)),
        residentBytes: at(this.#residentBytes, slice),
      });
    }
    const bornBytes = new Float64Array(this.#slice + 1);
    builder.adoptChanges(this.#changes(mostRows, bornBytes));
    return {
      survivors: {
        ...survivorsTable(outcome === null ? survivors() : this.#youngest(outcome)),
        clock: "instants",
        matching,
        slices: this.#slice + 1,
        bornBytes,
      },
      impossibleFrees: outcome?.dropped ?? 0,
      peakBytes: this.#peakBytes,
      peakAtMs: this.#peakAtMs,
    };
  }

  #countRows(): number {
    let rows = 0;
    for (let slice = 1; slice <= this.#slice; slice++) {
      const counts = this.#grid.countsOf(slice);
      for (let cell = 0; cell < counts.length; cell += 2) {
        if (((counts[cell] as number) | (counts[cell + 1] as number)) !== 0) rows++;
      }
    }
    return rows;
  }

  /** Done at the end and not with every free, of which there are hundreds of millions. */
  #dropImpossibleFrees(): Outcome {
    const units = this.#pathOf.length;
    const live = new Float64Array(units);
    const isDoubtful = new Uint8Array(units);
    let dropped = 0;
    for (let slice = 1; slice <= this.#slice; slice++) {
      const counts = this.#grid.countsOf(slice);
      const known = Math.min(units, counts.length / 2);
      for (let unit = 0, cell = 0; unit < known; unit++, cell += 2) {
        let freed = counts[cell + 1] as number;
        let left = (live[unit] as number) + (counts[cell] as number) - freed;
        if (left < 0) {
          dropped -= left;
          freed += left;
          counts[cell + 1] = freed;
          left = 0;
        }
        live[unit] = left;
        if (freed !== 0) isDoubtful[unit] = 1;
      }
    }
    return { dropped, live, isDoubtful };
  }

  /** One row for each slice and path in which something happened; at most so many. Adds up what was born in each slice. */
  #changes(mostRows: number, bornBytesOf: Float64Array): Changes {
    const rows = new ChangeRows(Math.max(1, mostRows));
    const units = this.#pathOf.length;
    for (let slice = 1; slice <= this.#slice; slice++) {
      rows.openSlice(slice);
      const counts = this.#grid.countsOf(slice);
      const bytes = this.#grid.bytesOf(slice);
      const known = Math.min(units, counts.length / 2);
      let sum = 0;
      for (let unit = 0, cell = 0; unit < known; unit++, cell += 2) {
        const born = counts[cell] as number;
        const freed = counts[cell + 1] as number;
        if ((born | freed) === 0) continue;
        const blockBytes = this.#signedBytes[cell] as number;
        const bornBytes = this.#hasSizes ? (bytes[cell] as number) : born * blockBytes;
        const freedBytes = this.#hasSizes ? (bytes[cell + 1] as number) : freed * blockBytes;
        rows.add(this.#pathOf.get(unit), bornBytes - freedBytes, born - freed, bornBytes, born);
        sum += bornBytes;
      }
      bornBytesOf[slice] = sum;
    }
    return rows.finish();
  }

  /** First in, first out: what lives of a unit are its youngest births. */
  *#youngest({ live, isDoubtful }: Outcome): Iterable<Survivor> {
    for (let unit = 0; unit < live.length; unit++) {
      let left = at(live, unit);
      if (left === 0) continue;
      const path = this.#pathOf.get(unit);
      const blockBytes = this.#signedBytes[2 * unit] as number;
      for (let bornAt = this.#slice; bornAt >= 1 && left > 0; bornAt--) {
        const blocks = Math.min(left, this.#grid.countsOf(bornAt)[2 * unit] ?? 0);
        if (blocks > 0) yield { path, bornAt, bytes: blocks * blockBytes, blocks, isDoubtful: isDoubtful[unit] === 1 };
        left -= blocks;
      }
    }
  }
}

/** What the log came to, by unit. */
interface Outcome {
  readonly dropped: number; // frees of what was not live
  readonly live: Float64Array; // blocks
  readonly isDoubtful: Uint8Array; // 1 where some were freed
}

/** Rows of changes, slice by slice; several units of one path are summed. */
class ChangeRows {
  #length = 0;
  readonly #changes: { [K in Exclude<keyof Changes, "length">]: K extends "instant" | "path" ? Uint32Array : Float64Array };
  #rowOfPath: Uint32Array = new Uint32Array(1024); // counts only when the row belongs to the open slice
  #open = 0;
  #firstOfOpen = 0;

  constructor(mostRows: number) {
    this.#changes = {
      instant: new Uint32Array(mostRows),
      path: new Uint32Array(mostRows),
      liveBytes: new Float64Array(mostRows),
      liveBlocks: new Float64Array(mostRows),
      allocatedBytes: new Float64Array(mostRows),
      allocatedBlocks: new Float64Array(mostRows),
    };
  }

  openSlice(slice: number): void {
    this.#open = slice;
    this.#firstOfOpen = this.#length;
  }

  add(path: number, liveBytes: number, liveBlocks: number, allocatedBytes: number, allocatedBlocks: number): void {
    if (path >= this.#rowOfPath.length) {
      const larger = new Uint32Array(Math.max(path + 1, this.#rowOfPath.length * 2));
      larger.set(this.#rowOfPath);
      this.#rowOfPath = larger;
    }
    const changes = this.#changes;
    let row = this.#rowOfPath[path] as number;
    if (row < this.#firstOfOpen || row >= this.#length || changes.path[row] !== path) {
      row = this.#length++;
      changes.instant[row] = this.#open;
      changes.path[row] = path;
      this.#rowOfPath[path] = row;
    }
    changes.liveBytes[row] = (changes.liveBytes[row] as number) + liveBytes;
    changes.liveBlocks[row] = (changes.liveBlocks[row] as number) + liveBlocks;
    changes.allocatedBytes[row] = (changes.allocatedBytes[row] as number) + allocatedBytes;
    changes.allocatedBlocks[row] = (changes.allocatedBlocks[row] as number) + allocatedBlocks;
  }

  finish(): Changes {
    const length = this.#length;
    const { instant, path, liveBytes, liveBlocks, allocatedBytes, allocatedBlocks } = this.#changes;
    return {
      length,
      instant: instant.subarray(0, length),
      path: path.subarray(0, length),
      liveBytes: liveBytes.subarray(0, length),
      liveBlocks: liveBlocks.subarray(0, length),
      allocatedBytes: allocatedBytes.subarray(0, length),
      allocatedBlocks: allocatedBlocks.subarray(0, length),
    };
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
    const key = survivor.path * (MAX_INSTANTS + 1) + survivor.bornAt;
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
    blocks.add(row, survivor.blocks);
    if (survivor.isDoubtful) doubtfulBytes.add(row, survivor.bytes);
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
