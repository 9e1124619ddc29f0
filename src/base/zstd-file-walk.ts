/**
 * Walks over the frames of a file that somebody else decodes: only the headers of the blocks are read. The walk stays behind the
 * decoder, whose pages the system still holds; ahead of it, every header of a cold file would be a wait for the disk.
 */
import { fstatSync, readSync } from "node:fs";
import { ZstdFrames } from "./zstd-frames.ts";

/** Holds the headers of a frame and of its first block. */
const LOOK_BYTES = 32;
/** A block decompresses to no more than this. */
const LARGEST_BLOCK_BYTES = 1 << 17;

export class ZstdFileWalk {
  readonly #file: number;
  readonly #frames: ZstdFrames = new ZstdFrames();
  readonly #look: Uint8Array = new Uint8Array(LOOK_BYTES);
  #sizeBytes = 0;
  #isAtEnd = false;

  /** Starts at the first byte of an open file. */
  constructor(file: number) {
    this.#file = file;
  }

  /** How many bytes of the file make sense so far. */
  get offset(): number {
    return this.#frames.finish().offset;
  }

  /** The decoder has made so many bytes, and read the blocks for it. */
  follow(madeBytes: number): void {
    this.#walk(Math.floor(madeBytes / LARGEST_BLOCK_BYTES));
  }

  /** Walks to the end. Whether the file is whole frames and nothing else. */
  isComplete(): boolean {
    this.#walk(Number.POSITIVE_INFINITY);
    return this.#frames.finish().kind === "complete";
  }

  #walk(blocks: number): void {
    while (this.#frames.blocks < blocks && !this.#isAtEnd) {
      const { kind, offset } = this.#frames.finish();
      if (kind === "damaged" || kind === "trailing") return;
      // the file may be longer than it was, and is never walked over beyond its end
      if (this.#sizeBytes - offset <= this.#frames.missingContent) this.#sizeBytes = fstatSync(this.#file).size;
      const position = offset + this.#frames.skip(Math.max(0, this.#sizeBytes - offset));
      const length = readSync(this.#file, this.#look, 0, LOOK_BYTES, position);
      this.#isAtEnd = length === 0;
      this.#frames.pass(this.#look.subarray(0, length));
    }
  }
}
