/**
 * Ids of a JVM heap dump as numbers of 32 bits, and from those to rows. Ids are addresses, sparse in 2^64 but aligned to 8 and
 * dense within a heap: pages of 16 MiB of them are numbered as they appear, so that 32 GiB of heap fit, wherever it lies.
 *
 * Ids that are not aligned (other writers count 1, 2, 3) have pages of their own, so that no two ids share a key. 0 is null.
 */

const PAGE_BITS = 21; // of a key: 2^21 ids
const MOST_PAGES = 2 ** (32 - PAGE_BITS);
const NEAR_PAGES = 1 << 16; // found without hashing: 1 TiB around the first id

export class ObjectKeys {
  readonly #near: Uint32Array = new Uint32Array(NEAR_PAGES);
  readonly #far: Map<number, number> = new Map();
  #nearBase = -1;
  #pages = 1; // page 0 holds null alone
  /** Ids that got no key, because they lie in too many places. */
  homeless = 0;

  get pages(): number {
    return this.#pages;
  }

  keyOf(high: number, low: number): number {
    if (high === 0 && low === 0) return 0;
    const page = high * 256 + (low >>> 24);
    const odd = low & 7;
    let dense = 0;
    const near = page - this.#nearBase;
    if (odd === 0 && near >= 0 && near < NEAR_PAGES && this.#nearBase >= 0) {
      dense = this.#near[near] as number;
      if (dense === 0) {
        dense = this.#add();
        this.#near[near] = dense;
      }
    } else dense = this.#farPage(page, odd);
    if (dense === 0) {
      this.homeless++;
      return 0;
    }
    return ((dense << PAGE_BITS) | ((low >>> 3) & 0x1fffff)) >>> 0;
  }

  #farPage(page: number, odd: number): number {
    if (odd === 0 && this.#nearBase < 0) {
      this.#nearBase = Math.max(0, page - NEAR_PAGES / 2);
      const dense = this.#add();
      this.#near[page - this.#nearBase] = dense;
      return dense;
    }
    let dense = this.#far.get(page * 8 + odd);
    if (dense === undefined) {
      dense = this.#add();
      if (dense !== 0) this.#far.set(page * 8 + odd, dense);
    }
    return dense;
  }

  #add(): number {
    return this.#pages < MOST_PAGES ? this.#pages++ : 0;
  }
}

/** From the keys of all objects to their rows: a bit a key, counts before every word, and the rows in the order of keys. */
export class RowsByKey {
  readonly #bits: (Uint32Array | undefined)[] = [];
  readonly #ranks: (Uint32Array | undefined)[] = [];
  readonly #rows: Uint32Array;

  /** `keys[row]` for the rows from 1 on; 0 = no object. Of rows with the same key, the last one counts. */
  constructor(keys: Uint32Array, length: number) {
    for (let row = 1; row < length; row++) {
      const key = keys[row] as number;
      if (key === 0) continue;
      const page = key >>> PAGE_BITS;
      let bits = this.#bits[page];
      if (bits === undefined) {
        bits = new Uint32Array(1 << (PAGE_BITS - 5));
        this.#bits[page] = bits;
      }
      const word = (key & 0x1fffff) >>> 5;
      bits[word] = (bits[word] as number) | (1 << (key & 31));
    }
    let rank = 0;
    for (let page = 0; page < this.#bits.length; page++) {
      const bits = this.#bits[page];
      if (bits === undefined) continue;
      const ranks = new Uint32Array(bits.length);
      for (let word = 0; word < bits.length; word++) {
        ranks[word] = rank;
        rank += countOnes(bits[word] as number);
      }
      this.#ranks[page] = ranks;
    }
    this.#rows = new Uint32Array(rank);
    for (let row = 1; row < length; row++) {
      const key = keys[row] as number;
      if (key !== 0) this.#rows[this.#rankOf(key)] = row;
    }
  }

  /** 0 = there is no such object. */
  rowOf(key: number): number {
    const bits = this.#bits[key >>> PAGE_BITS];
    if (bits === undefined) return 0;
    const word = bits[(key & 0x1fffff) >>> 5] as number;
    return (word & (1 << (key & 31))) === 0 ? 0 : (this.#rows[this.#rankOf(key)] as number);
  }

  #rankOf(key: number): number {
    const page = key >>> PAGE_BITS;
    const word = (key & 0x1fffff) >>> 5;
    const bits = (this.#bits[page] as Uint32Array)[word] as number;
    const before = (1 << (key & 31)) - 1;
    return ((this.#ranks[page] as Uint32Array)[word] as number) + countOnes(bits & before);
  }
}

function countOnes(word: number): number {
  let ones = word - ((word >>> 1) & 0x55555555);
  ones = (ones & 0x33333333) + ((ones >>> 2) & 0x33333333);
  return Math.imul((ones + (ones >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** A small hash table from keys to numbers above 0. */
export class KeyMap {
  #keys: Uint32Array = new Uint32Array(1 << 10);
  #values: Uint32Array = new Uint32Array(1 << 10);
  #used = 0;

  /** 0 = not there. */
  get(key: number): number {
    const mask = this.#keys.length - 1;
    for (let slot = Math.imul(key, 0x9e3779b1) >>> 7; ; slot++) {
      const found = this.#keys[slot & mask] as number;
      if (found === key) return this.#values[slot & mask] as number;
      if (found === 0) return 0;
    }
  }

  set(key: number, value: number): void {
    if (key === 0) return;
    if (this.#used * 2 >= this.#keys.length) this.#grow();
    const mask = this.#keys.length - 1;
    let slot = Math.imul(key, 0x9e3779b1) >>> 7;
    while (this.#keys[slot & mask] !== 0 && this.#keys[slot & mask] !== key) slot++;
    if (this.#keys[slot & mask] === 0) this.#used++;
    this.#keys[slot & mask] = key;
    this.#values[slot & mask] = value;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#keys = new Uint32Array(keys.length * 2);
    this.#values = new Uint32Array(keys.length * 2);
    this.#used = 0;
    for (const [slot, key] of keys.entries()) this.set(key, values[slot] as number);
  }
}
