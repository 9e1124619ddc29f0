/**
 * Columns: typed arrays that are written once and then only read. Every table of the model is a set of columns of equal length.
 *
 * Only three array kinds exist in this program (`Uint32Array`, `Float64Array`, `Uint8Array`): a reader such as {@link at}
 * that sees seven kinds becomes megamorphic and eleven times slower.
 */

/** Numbers by row. Readonly by type: a typed array cannot be frozen, but writing through this interface does not compile. */
export interface Column {
  readonly length: number;
  readonly [row: number]: number;
}

/** The value of a row; a row outside of the column is our bug. */
export function at(column: Column, row: number): number {
  const value = column[row];
  if (value === undefined) throw new RangeError(`row ${row} of a column of ${column.length}`);
  return value;
}

/** Adds to a row of a table that is still being computed. */
export function add(column: Float64Array, row: number, amount: number): void {
  column[row] = (column[row] ?? 0) + amount;
}

/** A growing column of unsigned 32-bit integers: ids, counts below 2^32. */
export class Uint32Builder {
  #values: Uint32Array = new Uint32Array(16);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Uint32Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  get(row: number): number {
    return this.#values[row] ?? 0;
  }

  set(row: number, value: number): void {
    this.#values[row] = value;
  }

  /** The column as it is now, in memory of its own. */
  finish(): Uint32Array {
    return this.#values.slice(0, this.length);
  }
}

/** A growing column of doubles: sizes, times, addresses (all exact up to 2^53). */
export class Float64Builder {
  #values: Float64Array = new Float64Array(16);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  get(row: number): number {
    return this.#values[row] ?? 0;
  }

  set(row: number, value: number): void {
    this.#values[row] = value;
  }

  add(row: number, amount: number): void {
    this.#values[row] = (this.#values[row] ?? 0) + amount;
  }

  /** The column as it is now, in memory of its own. */
  finish(): Float64Array {
    return this.#values.slice(0, this.length);
  }
}
