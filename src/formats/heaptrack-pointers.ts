/**
 * The live blocks of a raw heaptrack file by address: an open-addressing table in typed arrays, 25 bytes a slot, no objects.
 * Removal shifts the entries behind it back (no tombstones), so that the table stays fast through millions of frees.
 */
import type { Survivor } from "../model/fold-events.ts";

export interface Block {
  readonly unit: number;
  readonly bytes: number;
}

export class PointerTable {
  #mask = (1 << 16) - 1;
  #pointer: Float64Array = new Float64Array(this.#mask + 1); // 0 = empty slot
  #bytes: Float64Array = new Float64Array(this.#mask + 1);
  #unit: Uint32Array = new Uint32Array(this.#mask + 1);
  #slice: Uint32Array = new Uint32Array(this.#mask + 1);
  #count = 0;

  put(pointer: number, unit: number, bytes: number, slice: number): void {
    if (pointer === 0) return;
    if (this.#count * 2 > this.#mask) this.#grow();
    let slot = this.#slotOf(pointer);
    while (this.#pointer[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#pointer[slot] = pointer;
    this.#bytes[slot] = bytes;
    this.#unit[slot] = unit;
    this.#slice[slot] = slice;
    this.#count++;
  }

  /** Removes a block; null when there is none at the address. */
  take(pointer: number): Block | null {
    if (pointer === 0) return null;
    let slot = this.#slotOf(pointer);
    while (this.#pointer[slot] !== pointer) {
      if (this.#pointer[slot] === 0) return null;
      slot = (slot + 1) & this.#mask;
    }
    const block = { unit: this.#unit[slot] as number, bytes: this.#bytes[slot] as number };
    this.#remove(slot);
    return block;
  }

  clear(): void {
    this.#pointer.fill(0);
    this.#count = 0;
  }

  /** Slices 2k-1 and 2k are now slice k. */
  mergeSlices(): void {
    for (let slot = 0; slot <= this.#mask; slot++) this.#slice[slot] = ((this.#slice[slot] as number) + 1) >> 1;
  }

  *survivors(pathOf: (unit: number) => number): Iterable<Survivor> {
    for (let slot = 0; slot <= this.#mask; slot++) {
      if (this.#pointer[slot] === 0) continue;
      yield {
        path: pathOf(this.#unit[slot] as number),
        bornAt: this.#slice[slot] as number,
        bytes: this.#bytes[slot] as number,
        blocks: 1,
        isDoubtful: false,
      };
    }
  }

  /** Addresses are multiples of 16 and close to each other: their middle bits have to reach all slots. */
  #slotOf(pointer: number): number {
    const low = (pointer / 16) | 0;
    const high = (pointer / 0x1000000000) | 0;
    let hash = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
    hash ^= hash >>> 15;
    return hash & this.#mask;
  }

  #remove(removed: number): void {
    let hole = removed;
    let slot = (hole + 1) & this.#mask;
    while (this.#pointer[slot] !== 0) {
      const home = this.#slotOf(this.#pointer[slot] as number);
      // the entry may fill the hole unless its home lies between the hole and itself
      if (((slot - home) & this.#mask) >= ((slot - hole) & this.#mask)) {
        this.#pointer[hole] = this.#pointer[slot] as number;
        this.#bytes[hole] = this.#bytes[slot] as number;
        this.#unit[hole] = this.#unit[slot] as number;
        this.#slice[hole] = this.#slice[slot] as number;
        hole = slot;
      }
      slot = (slot + 1) & this.#mask;
    }
    this.#pointer[hole] = 0;
    this.#count--;
  }

  #grow(): void {
    const [pointers, bytes, units, slices] = [this.#pointer, this.#bytes, this.#unit, this.#slice];
    this.#mask = this.#mask * 2 + 1;
    this.#pointer = new Float64Array(this.#mask + 1);
    this.#bytes = new Float64Array(this.#mask + 1);
    this.#unit = new Uint32Array(this.#mask + 1);
    this.#slice = new Uint32Array(this.#mask + 1);
    this.#count = 0;
    for (let slot = 0; slot < pointers.length; slot++) {
      if (pointers[slot] !== 0) this.put(pointers[slot] as number, units[slot] as number, bytes[slot] as number, slices[slot] as number);
    }
  }
}
