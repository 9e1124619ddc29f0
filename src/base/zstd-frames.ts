/**
 * Walks over the frames and blocks of zstd data without decompressing it (RFC 8878, section 3.1): the decoders end silently
 * on a cut frame (zlib in Node), or stop at the first frame, or unpack a whole megabyte of tiny blocks at once.
 */

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50; // and the 15 numbers after it
const LARGEST_BLOCK_BYTES = 1 << 17;
const REPEATED_BYTE = 1;
const RESERVED_KIND = 3;
/** What the zstd command accepts, too: the window is memory that a decoder allocates because a header says so. */
const LARGEST_WINDOW_BYTES = 2 ** 27;

/** A part of the compressed data that contains at most one end of a frame: its own. */
export interface ZstdPiece {
  readonly bytes: Uint8Array;
  readonly endsFrame: boolean;
}

/** Where the frames stop making sense. Offsets count compressed bytes. */
export interface ZstdEnd {
  readonly kind: "complete" | "cut" | "damaged" | "trailing";
  readonly offset: number;
}

/** What the next bytes are. A frame: magic, descriptor, rest of the header, blocks (header, content), checksum. */
type Part = "magic" | "skippable-size" | "descriptor" | "header" | "block-header" | "content" | "checksum" | "end";

export class ZstdFrames {
  #part: Part = "magic";
  /** Bytes of the current part that are still missing. */
  #missing = 4;
  /** The current part, little-endian, where it is a number. */
  #value = 0;
  #place = 1;
  #descriptor = 0;
  #isLastBlock = false;
  #isSkippable = false;
  #offset = 0;
  #blocksInPiece = 0;
  #frames = 0;
  /** Blocks that are complete. */
  blocks = 0;
  #end: ZstdEnd | null = null;

  /**
   * The pieces of a chunk, in order; none ends more blocks than that. Nothing more comes once the data is damaged or its frames
   * are followed by something else.
   */
  *split(chunk: Uint8Array, blocksInPiece: number): Generator<ZstdPiece> {
    const chunkOffset = this.#offset;
    let start = 0;
    let position = 0;
    let whole = 0; // as far as complete blocks go
    while (position < chunk.length && this.#end === null) {
      if (this.#part === "content" || this.#part === "checksum") {
        const taken = Math.min(this.#missing, chunk.length - position);
        position += taken;
        this.#missing -= taken;
      } else {
        this.#value += (chunk[position++] ?? 0) * this.#place;
        this.#place *= 256;
        this.#missing--;
      }
      if (this.#missing > 0) continue;
      const framesBefore = this.#frames;
      this.#next(chunkOffset + position);
      const endsFrame = this.#frames !== framesBefore;
      if (this.#part === "block-header") whole = position;
      if (endsFrame || this.#blocksInPiece === blocksInPiece) {
        this.#offset = chunkOffset + position;
        yield { bytes: chunk.subarray(start, position), endsFrame };
        start = position;
        this.#blocksInPiece = 0;
      }
    }
    this.#offset = chunkOffset + position;
    const end = this.#end === null ? position : whole;
    if (start < end) yield { bytes: chunk.subarray(start, end), endsFrame: false };
  }

  /** Walks over a chunk that is not needed in pieces. */
  pass(chunk: Uint8Array): void {
    for (const _ of this.split(chunk, Number.POSITIVE_INFINITY));
  }

  /** Bytes of the block or skippable frame that comes next: nothing depends on them. */
  get missingContent(): number {
    return this.#part === "content" ? this.#missing : 0;
  }

  /** Passes over content without looking at it, at most so many bytes. Returns how many. */
  skip(mostBytes: number): number {
    const skipped = Math.min(this.missingContent, mostBytes);
    if (skipped === 0) return 0;
    this.#offset += skipped;
    this.#missing -= skipped;
    if (this.#missing === 0) this.#next(this.#offset);
    return skipped;
  }

  /** To be asked when all chunks have been split. */
  finish(): ZstdEnd {
    if (this.#end !== null) return this.#end;
    const isBetweenFrames = this.#part === "magic" && this.#missing === 4;
    return { kind: isBetweenFrames ? "complete" : "cut", offset: this.#offset };
  }

  /** A part is complete: what follows it? */
  #next(offset: number): void {
    const value = this.#value;
    switch (this.#part) {
      case "magic":
        this.#isSkippable = value - (value % 16) === SKIPPABLE_MAGIC;
        if (this.#isSkippable) this.#expect("skippable-size", 4);
        else if (value === MAGIC) this.#expect("descriptor", 1);
        else this.#stop(this.#frames === 0 ? "damaged" : "trailing", offset - 4);
        break;
      case "skippable-size":
        if (value === 0) this.#endFrame();
        else this.#expect("content", value);
        break;
      case "descriptor": {
        this.#descriptor = value;
        const isReservedBitSet = (value & 8) !== 0;
        if (isReservedBitSet) this.#stop("damaged", offset - 1);
        else this.#expect("header", headerBytesOf(value));
        break;
      }
      case "header":
        if (windowBytesOf(this.#descriptor, value) > LARGEST_WINDOW_BYTES) this.#stop("damaged", offset);
        else this.#expect("block-header", 3);
        break;
      case "block-header": {
        this.#isLastBlock = value % 2 === 1;
        const kind = (value >> 1) & 3;
        const size = value >> 3;
        const contentBytes = kind === REPEATED_BYTE ? 1 : size;
        if (kind === RESERVED_KIND || size > LARGEST_BLOCK_BYTES) this.#stop("damaged", offset - 3);
        else if (contentBytes === 0) this.#endBlock();
        else this.#expect("content", contentBytes);
        break;
      }
      case "content":
        if (this.#isSkippable) this.#endFrame();
        else this.#endBlock();
        break;
      case "checksum":
        this.#endFrame();
        break;
    }
  }

  #endBlock(): void {
    this.#blocksInPiece++;
    this.blocks++;
    if (!this.#isLastBlock) this.#expect("block-header", 3);
    else if (this.#descriptor & 4) this.#expect("checksum", 4);
    else this.#endFrame();
  }

  #endFrame(): void {
    this.#frames++;
    this.#expect("magic", 4);
  }

  #stop(kind: ZstdEnd["kind"], offset: number): void {
    this.#end = { kind, offset };
    this.#part = "end";
  }

  #expect(part: Part, bytes: number): void {
    this.#part = part;
    this.#missing = bytes;
    this.#value = 0;
    this.#place = 1;
  }
}

function dictionaryBytesOf(descriptor: number): number {
  return [0, 1, 2, 4][descriptor & 3] ?? 0;
}

function isSingleSegment(descriptor: number): boolean {
  return (descriptor & 32) !== 0;
}

/** The header after the descriptor: window (unless all is one segment), dictionary, size of the content. */
function headerBytesOf(descriptor: number): number {
  const sizeBytes = [isSingleSegment(descriptor) ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  return (isSingleSegment(descriptor) ? 0 : 1) + dictionaryBytesOf(descriptor) + sizeBytes;
}

/** The header as one little-endian number (inexact above 2^53: then the size is too large anyway). */
function windowBytesOf(descriptor: number, header: number): number {
  if (isSingleSegment(descriptor)) {
    const isOfTwoBytes = descriptor >> 6 === 1; // which count from 256
    return Math.floor(header / 256 ** dictionaryBytesOf(descriptor)) + (isOfTwoBytes ? 256 : 0);
  }
  const window = header % 256;
  const base = 2 ** (10 + (window >> 3));
  return base + (base / 8) * (window & 7);
}
