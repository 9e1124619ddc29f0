/**
 * Counts of what was born and freed, slice by slice and unit by unit: cell `2 * unit` counts the births, the one after it the
 * frees, so that an event is one addition to a cell that its own code names. A slice is a row of its own and only as wide as the
 * units that were known when it was open: nothing is copied when units are added, and a slice that is not there costs nothing.
 */
const NO_COUNTS: Uint32Array = new Uint32Array(0);
const NO_BYTES: Float64Array = new Float64Array(0);

export class EventGrid {
  readonly #hasBytes: boolean;
  readonly #counts: Uint32Array[] = [];
  readonly #bytes: Float64Array[] = []; // the same cells in bytes, where the blocks of a unit differ in size
  #spare: Uint32Array[] = []; // cleared rows that a merge has left over
  #units = 0; // a row that is opened has room for so many

  constructor(hasBytes: boolean) {
    this.#hasBytes = hasBytes;
  }

  /** Rows that are opened from now on have room for so many units; what is open is widened now. */
  widen(units: number, open: number): void {
    this.#units = units;
    this.#spare = [];
    this.counts(open);
    this.bytes(open);
  }

  /** To be counted in: as wide as the units. */
  counts(slice: number): Uint32Array {
    const known = this.#counts[slice] ?? NO_COUNTS;
    if (known.length >= 2 * this.#units) return known;
    const row = this.#spare.pop() ?? new Uint32Array(2 * this.#units);
    row.set(known);
    this.#counts[slice] = row;
    return row;
  }

  /** To be counted in: as wide as the units, or empty where sizes are not counted. */
  bytes(slice: number): Float64Array {
    const known = this.#bytes[slice] ?? NO_BYTES;
    if (!this.#hasBytes || known.length >= 2 * this.#units) return known;
    const row = new Float64Array(2 * this.#units);
    row.set(known);
    this.#bytes[slice] = row;
    return row;
  }

  /** To be read: as wide as anything was counted in it, and empty where nothing was. */
  countsOf(slice: number): Uint32Array {
    return this.#counts[slice] ?? NO_COUNTS;
  }

  bytesOf(slice: number): Float64Array {
    return this.#bytes[slice] ?? NO_BYTES;
  }

  clear(): void {
    for (const row of this.#counts) row?.fill(0);
    for (const row of this.#bytes) row?.fill(0);
  }

  /** Slices 2k-1 and 2k become slice k. `last` is the last one that is there; units from `units` on were never counted. */
  merge(last: number, units: number): void {
    for (let merged = 1; merged <= (last + 1) >> 1; merged++) {
      const [first, second] = [this.countsOf(2 * merged - 1), this.countsOf(2 * merged)];
      // the later one is the wider one, unless it was never counted in
      const [narrow, wide] = first.length > second.length ? [second, first] : [first, second];
      const cells = Math.min(narrow.length, 2 * units);
      for (let cell = 0; cell < cells; cell++) wide[cell] = (wide[cell] as number) + (narrow[cell] as number);
      this.#counts[merged] = wide;
      if (narrow.length > 0 && narrow.length === 2 * this.#units) this.#spare.push(narrow.fill(0, 0, cells));
      if (!this.#hasBytes) continue;
      const [firstBytes, secondBytes] = [this.bytesOf(2 * merged - 1), this.bytesOf(2 * merged)];
      const [narrowBytes, wideBytes] = firstBytes.length > secondBytes.length ? [secondBytes, firstBytes] : [firstBytes, secondBytes];
      for (let cell = 0; cell < Math.min(cells, narrowBytes.length); cell++) {
        wideBytes[cell] = (wideBytes[cell] as number) + (narrowBytes[cell] as number);
      }
      this.#bytes[merged] = wideBytes;
    }
    this.#counts.length = Math.min(this.#counts.length, ((last + 1) >> 1) + 1);
    this.#bytes.length = Math.min(this.#bytes.length, ((last + 1) >> 1) + 1);
  }
}
