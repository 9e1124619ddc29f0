/**
 * Decompressors as generators that hand out everything that was decoded before they throw: a stream that Node destroys
 * with an error drops what it has buffered, and the end of a cut capture is where the interesting part lies.
 *
 * zstd: zlib's own decoder (Node >= 22.15), else the `zstd` command, else zstddec, which is zstd compiled to WebAssembly.
 */
import type { Transform } from "node:stream";
import zlib from "node:zlib";
import { DecoderError, isDecoderError } from "./decoder-error.ts";
import type { Loss } from "./failure.ts";
import { startCommand, throughCommand } from "./zstd-command.ts";
import { ZstdFrames, type ZstdPiece } from "./zstd-frames.ts";

export type ZstdDecoder = "builtin" | "command" | "wasm";

type Chunks = AsyncGenerator<Uint8Array>;

/** Zlib's default of 16 KiB costs a quarter to a half of the speed. */
const CHUNK_BYTES = 1 << 20;
/** zlib drops what it was about to hand out when it meets damage: smaller chunks lose less. */
const GZIP_CHUNK_BYTES = 1 << 16;
/** zstd blocks decompress to at most 128 KiB: a piece of 16 becomes at most 2 MiB, whatever a hostile file says. */
const BLOCKS_IN_PIECE = 16;
/** What one step of zstddec hands out at most: the size of the largest block, so that a step can finish any block. */
const STEP_BYTES = 1 << 17;
/** Deflate expands at most 1032 times: 64 KiB become at most 66 MB between two looks at the limit. */
const GZIP_PIECE_BYTES = 1 << 16;

/** All members of a gzip file. Damage becomes a Loss after everything that could be decoded. */
export async function* gunzip(compressed: AsyncIterable<Uint8Array>, losses: Loss[]): Chunks {
  let readBytes = 0;
  let madeBytes = 0;
  async function* pieces(): AsyncGenerator<ZstdPiece> {
    for await (const chunk of compressed) {
      for (let start = 0; start < chunk.length; start += GZIP_PIECE_BYTES) {
        const bytes = chunk.subarray(start, start + GZIP_PIECE_BYTES);
        readBytes += bytes.length;
        yield { bytes, endsFrame: false };
      }
    }
  }
  try {
    for await (const chunk of throughZlib(() => zlib.createGunzip({ chunkSize: GZIP_CHUNK_BYTES }), pieces())) {
      madeBytes += chunk.length;
      yield chunk;
    }
  } catch (cause) {
    if (!isDecoderError(cause)) throw cause;
    if (cause.message === "incorrect header check" && madeBytes > 0) {
      losses.push({
        code: "trailing-data",
        text: "something that is no gzip data follows the gzip stream; it was not read, and up to 64 KiB before it neither",
        offset: madeBytes,
        count: 1,
      });
      return;
    }
    const state = cause.code === "Z_BUF_ERROR" ? "is cut" : "is damaged";
    losses.push({
      code: "truncated",
      text: `the gzip stream ${state} after ${readBytes} compressed bytes (${cause.message})`,
      offset: madeBytes,
      count: 1,
    });
  }
}

export interface UnzstdOptions {
  /** This one and no other; default: the first that is there. */
  readonly decoder?: ZstdDecoder | undefined;
  /** How many blocks a decoder is given at once. */
  readonly blocksInPiece?: number;
  /** So many bytes of the content have been handed out before, by a decoder that failed: they are passed over. */
  readonly handedOutBytes?: number;
}

/** All frames of a zstd file. Cuts are found by walking over the frames, as no decoder can be trusted to report them. */
export async function* unzstd(compressed: AsyncIterable<Uint8Array>, losses: Loss[], options: UnzstdOptions = {}): Chunks {
  const frames = new ZstdFrames();
  let isReadToEnd = false;
  async function* pieces(blocksInPiece: number): AsyncGenerator<ZstdPiece> {
    for await (const chunk of compressed) {
      yield* frames.split(chunk, blocksInPiece);
      if (frames.finish().kind === "trailing" || frames.finish().kind === "damaged") return;
    }
    isReadToEnd = true;
  }
  const { handedOutBytes = 0 } = options;
  let madeBytes = 0;
  let error: Error | null = null;
  try {
    for await (const chunk of decode(pieces, options)) {
      const known = Math.min(chunk.length, Math.max(0, handedOutBytes - madeBytes));
      madeBytes += chunk.length;
      if (known < chunk.length) yield chunk.subarray(known);
    }
  } catch (cause) {
    if (!isDecoderError(cause)) throw cause;
    error = cause;
  }
  madeBytes = Math.max(madeBytes, handedOutBytes);
  const end = frames.finish();
  if (end.kind === "complete" && error === null) return;
  if (end.kind === "trailing" && error === null) {
    losses.push({
      code: "trailing-data",
      text: "something that is no zstd data follows the zstd stream; it was not read",
      offset: madeBytes,
      count: 1,
    });
    return;
  }
  const isCut = end.kind === "cut" && isReadToEnd; // a decoder that gives up earlier has met damage
  const state = isCut ? "is cut" : "is damaged";
  const reason = !isCut && error !== null ? ` (${error.message})` : "";
  losses.push({
    code: "truncated",
    text: `the zstd stream ${state} after ${end.offset} compressed bytes${reason}`,
    offset: madeBytes,
    count: 1,
  });
}

const createBuiltin = (zlib as unknown as { readonly createZstdDecompress?: (options: zlib.ZlibOptions) => Transform })
  .createZstdDecompress;

/** The decoder that needs nothing but Node, to look at the first bytes. */
export const decoderAtHand: ZstdDecoder = createBuiltin === undefined ? "wasm" : "builtin";

/** Whether the `zstd` command is what is to decode. */
export function wantsCommand(wanted: ZstdDecoder | undefined): boolean {
  return wanted === "command" || (wanted === undefined && createBuiltin === undefined);
}

async function* decode(
  pieces: (blocksInPiece: number) => AsyncGenerator<ZstdPiece>,
  { decoder: wanted, blocksInPiece = BLOCKS_IN_PIECE }: UnzstdOptions,
): Chunks {
  if (createBuiltin !== undefined && (wanted === undefined || wanted === "builtin")) {
    yield* throughZlib(() => createBuiltin({ chunkSize: CHUNK_BYTES }), pieces(blocksInPiece));
    return;
  }
  if (wanted === "builtin") throw new Error("this Node.js has no zstd decoder");
  const command = wanted === "wasm" ? null : await startCommand();
  if (command !== null) yield* throughCommand(command, pieces(blocksInPiece));
  else if (wanted === "command") throw new Error("there is no zstd command in the PATH");
  else yield* throughWasm(pieces(1)); // a failing step hands out nothing, not even its good blocks
}

/** A zlib decoder that is fed piece by piece; everything that came out of a piece is there when `write` resolves. */
class ZlibSession {
  readonly #decoder: Transform;
  #made: Uint8Array[] = [];
  #wake: () => void = () => {};
  #ended = false;
  error: DecoderError | null = null;

  constructor(decoder: Transform) {
    this.#decoder = decoder;
    decoder.on("data", (chunk: Uint8Array) => this.#made.push(chunk));
    decoder.on("end", () => {
      this.#ended = true;
      this.#wake();
    });
    decoder.on("error", (cause: NodeJS.ErrnoException) => {
      this.error = new DecoderError(cause.message, cause.code);
      this.#wake();
    });
  }

  get isOver(): boolean {
    return this.#ended || this.error !== null;
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.isOver) return resolve();
      this.#wake = resolve;
      this.#decoder.write(bytes, () => resolve());
    });
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      if (this.isOver) return resolve();
      this.#wake = resolve;
      this.#decoder.end();
    });
  }

  take(): Uint8Array[] {
    const made = this.#made;
    this.#made = [];
    return made;
  }

  close(): void {
    this.#decoder.destroy();
  }
}

/** One session a frame: zlib in Node takes what follows the first zstd frame for garbage. */
async function* throughZlib(create: () => Transform, pieces: AsyncGenerator<ZstdPiece>): Chunks {
  let session: ZlibSession | null = null;
  let made: Uint8Array[] = [];
  try {
    for await (const piece of pieces) {
      session ??= new ZlibSession(create());
      const written = session.write(piece.bytes);
      yield* made; // is read while the thread pool works on this piece
      await written;
      if (piece.endsFrame) await session.end();
      made = session.take();
      if (session.isOver && !piece.endsFrame) break;
      if (session.error !== null) break;
      if (piece.endsFrame) {
        session.close();
        session = null;
      }
    }
    yield* made;
    if (session === null) return;
    await session.end();
    yield* session.take();
    if (session.error !== null) throw session.error;
  } finally {
    session?.close();
  }
}

/**
 * zstddec takes its input from a synchronous iterator, and ours cannot be one. But it yields after each step of decoding, even
 * without any output, so that one `next()` takes at most one piece: whenever it is called, that piece is waiting.
 *
 * It does not look at zstd's error codes: it repeats the step that fails, for ever. A step that leaves room in its buffer has
 * consumed its piece, unless it failed; so if the one after it does not take another piece, it has.
 */
async function* throughWasm(pieces: AsyncGenerator<ZstdPiece>): Chunks {
  const { ZSTDDecoder } = await import("zstddec/stream");
  const decoder = new ZSTDDecoder();
  await decoder.init();
  let waiting: Uint8Array | null = null;
  function* taken(): Generator<Uint8Array> {
    while (waiting !== null) {
      const bytes = waiting;
      waiting = null;
      yield bytes;
    }
  }
  const steps = decoder.decodeStreaming(taken());
  let isConsumed = true;
  /** What came out of the next step; null at the end of the input. */
  const step = (): readonly Uint8Array[] | null => {
    const offered = waiting;
    let next: IteratorResult<Uint8Array>;
    try {
      next = steps.next();
    } catch (cause) {
      throw new DecoderError((cause as Error).message);
    }
    if (next.done === true) return null;
    if (isConsumed && waiting === offered) throw new DecoderError("a block or a checksum is wrong");
    isConsumed = next.value.length < STEP_BYTES;
    return next.value.length === 0 ? [] : [next.value];
  };
  try {
    for await (const piece of pieces) {
      waiting = piece.bytes;
      while (waiting !== null) yield* step() ?? [];
    }
    for (let made = step(); made !== null; made = step()) yield* made;
  } finally {
    waiting = null;
    try {
      while (step() !== null);
    } catch {
      // zstddec frees a decoder only at the end of its input. In front of damage there is none: the window of every damaged file
      // stays allocated as long as the process lives, and after 2 GiB of them nothing more can be read.
    }
  }
}
