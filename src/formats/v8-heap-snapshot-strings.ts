/**
 * The strings of a snapshot: every text of the program, of which a few thousand are names. The first bytes of each are kept as
 * they stand in the file, and decoded when somebody asks.
 */
import { Uint32Builder } from "../base/columns.ts";
import type { GraphNames } from "../model/object-graph.ts";

/** No class or property name is longer; source files are. */
const MOST_KEPT_BYTES = 255;
/** A kept string lies in one block; an address is the block and the place in it. */
const BLOCK_BITS = 22;
const BLOCK_BYTES = 1 << BLOCK_BITS;
const MOST_BLOCKS = 2 ** (32 - BLOCK_BITS) - 1;

export class StringStore implements GraphNames {
  readonly #blocks: Uint8Array[] = [];
  readonly #address: Uint32Builder = new Uint32Builder();
  #keptBytes: Uint8Array = new Uint8Array(1024);
  #block: Uint8Array = new Uint8Array(0);
  #used = BLOCK_BYTES;
  #open = 0; // bytes of the string that is being read

  get length(): number {
    return this.#address.length;
  }

  /** Adds bytes to the string that is being read, escapes as they stand. */
  append(bytes: Uint8Array, from: number, to: number): void {
    if (this.#open === 0) this.#makeRoom();
    const end = Math.min(to, from + MOST_KEPT_BYTES - this.#open);
    const block = this.#block;
    let place = this.#used + this.#open;
    if (end > from) this.#open += end - from;
    for (let offset = from; offset < end; offset++) block[place++] = bytes[offset] as number;
  }

  /** Ends the string that is being read. */
  close(): void {
    if (this.#open === 0) this.#makeRoom();
    const row = this.#address.length;
    if (row === this.#keptBytes.length) {
      const larger = new Uint8Array(row * 2);
      larger.set(this.#keptBytes);
      this.#keptBytes = larger;
    }
    this.#keptBytes[row] = this.#open;
    this.#address.push((this.#blocks.length - 1) * BLOCK_BYTES + this.#used);
    this.#used += this.#open;
    this.#open = 0;
  }

  /** Whether a name has at least so many bytes, without decoding it. */
  isLong(name: number, bytes: number): boolean {
    return name < this.length && (this.#keptBytes[name] as number) >= bytes;
  }

  text(name: number): string {
    if (name >= this.length) return "";
    const address = this.#address.get(name);
    const kept = this.#keptBytes[name] ?? 0;
    const start = address % BLOCK_BYTES;
    const block = this.#blocks[Math.floor(address / BLOCK_BYTES)] ?? new Uint8Array(0);
    const raw = Buffer.from(block.buffer, block.byteOffset + start, kept).toString("utf8");
    if (!raw.includes("\\") && kept < MOST_KEPT_BYTES) return raw;
    // a cut may fall into an escape or into a character
    const whole = kept < MOST_KEPT_BYTES ? raw : `${raw.replace(/\uFFFD+$|\\(?:u[0-9a-fA-F]{0,3})?$/, "")}…`;
    try {
      return String(JSON.parse(`"${whole}"`));
    } catch {
      return raw;
    }
  }

  /** The ids of names that are asked for by their text, which is ASCII without escapes; 2^32 - 1 for those that do not occur. */
  find<Name extends string>(wanted: readonly Name[]): Readonly<Record<Name, number>> {
    const found = Object.fromEntries(wanted.map((text) => [text, NOWHERE])) as Record<Name, number>;
    const byLength: (readonly Wanted<Name>[] | undefined)[] = [];
    for (const text of wanted) byLength[text.length] = [...(byLength[text.length] ?? []), { text, bytes: Buffer.from(text, "latin1") }];
    for (let name = 0; name < this.length; name++) {
      const candidates = byLength[this.#keptBytes[name] as number];
      if (candidates === undefined) continue;
      const address = this.#address.get(name);
      const block = this.#blocks[Math.floor(address / BLOCK_BYTES)] as Uint8Array;
      for (const { text, bytes } of candidates) if (isAt(block, address % BLOCK_BYTES, bytes)) found[text] = name;
    }
    return found;
  }

  #makeRoom(): void {
    if (this.#used + MOST_KEPT_BYTES <= BLOCK_BYTES) return;
    this.#used = 0;
    // beyond 4 GiB of names the last block is written again: names are lost, nothing else
    if (this.#blocks.length >= MOST_BLOCKS) return;
    this.#block = new Uint8Array(BLOCK_BYTES);
    this.#blocks.push(this.#block);
  }
}

interface Wanted<Name extends string> {
  readonly text: Name;
  readonly bytes: Uint8Array;
}

function isAt(block: Uint8Array, start: number, bytes: Uint8Array): boolean {
  for (let place = 0; place < bytes.length; place++) if (block[start + place] !== bytes[place]) return false;
  return true;
}

const NOWHERE = 2 ** 32 - 1;
