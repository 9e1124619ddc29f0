/**
 * Opens what the user named (a file or standard input), undoes gzip and zstd by magic number, and hands out chunks of the
 * decompressed content with a limit on its size. A stream that is cut becomes a Loss, never a silent end.
 */
import { open, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { isDecoderError } from "./decoder-error.ts";
import { decoderAtHand, gunzip, unzstd, wantsCommand, type ZstdDecoder } from "./decompress.ts";
import { Failure, type Loss } from "./failure.ts";
import { fileChunks } from "./file-chunks.ts";
import { HEAD_BYTES } from "./recognition.ts";
import { type CommandOnFile, startOnFile } from "./zstd-command.ts";

export type Compression = "none" | "gzip" | "zstd";

export interface OpenOptions {
  /** Most bytes that may come out of a decompressor; default: the larger of 4 GiB and 100 times the compressed size. */
  readonly maxDecompressedBytes?: number;
  /** Use this zstd decoder and no other, for tests and measurements; default: the first of them that is there. */
  readonly zstd?: ZstdDecoder;
  /** Told how many bytes of the file have been read so far. */
  readonly onProgress?: (readBytes: number, totalBytes: number | null) => void;
}

/** One capture or evidence file, decompressed. Its content can be taken once, by `chunks` or `readAll`. */
export interface Input {
  readonly name: string; // as the user named it; "-" is standard input
  readonly compression: Compression;
  readonly modifiedAt: number | null; // Unix ms
  readonly sizeBytes: number | null; // as it is stored; null where it comes from a pipe
  readonly head: Uint8Array; // the first bytes, at most 4096, decompressed
  /** Chunks in order; each is valid only until the next is asked for. */
  readonly chunks: () => AsyncIterable<Uint8Array>;
  /** Everything at once. @throws Failure `too-large` above `maxBytes` (default 2 GiB - 64 KiB, the largest portable buffer) */
  readonly readAll: (maxBytes?: number) => Promise<Uint8Array>;
  /** Damage of the file or its compression; complete when the content has been taken. */
  readonly losses: readonly Loss[];
  /** For an input whose content is not taken. */
  readonly close: () => void;
}

const CHUNK_BYTES = 1 << 18;
const MAGIC_BYTES = 4;
/** Compressed data without any content for so long is none. */
const LARGEST_LOOK_BYTES = 1 << 25;
const LARGEST_BUFFER_BYTES = 2 ** 31 - 65536;
const MIN_DECOMPRESSED_LIMIT = 4 * 1024 ** 3;

/** @throws Failure `not-found`, `not-readable`, `empty` */
export async function openInput(path: string, options: OpenOptions = {}): Promise<Input> {
  if (path === "-") return makeInput("-", iterate(process.stdin), null, null, options);
  let sizeBytes: number;
  let modifiedAt: number;
  let isFile: boolean;
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) throw new Failure({ code: "not-readable", message: "is a folder", where: { file: path } });
    sizeBytes = facts.size;
    modifiedAt = facts.mtimeMs;
    isFile = facts.isFile();
    await (await open(path, "r")).close();
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new Failure({ code: "not-found", message: "there is no such file", where: { file: path }, cause });
    }
    throw new Failure({
      code: "not-readable",
      message: code === "EACCES" || code === "EPERM" ? "may not be read by this user" : `cannot be opened (${code ?? String(cause)})`,
      where: { file: path },
      hint: "Check the permissions, or run as the user who owns the file.",
      cause,
    });
  }
  return makeInput(path, fileChunks(path), sizeBytes, modifiedAt, options, isFile);
}

/** The same from memory, handed out in chunks of any size: for tests and for the library. */
export function inputFromBytes(
  name: string,
  bytes: Uint8Array,
  chunkBytes: number = CHUNK_BYTES,
  options: OpenOptions = {},
): Promise<Input> {
  function* slices(): Iterable<Uint8Array> {
    for (let offset = 0; offset < bytes.length; offset += chunkBytes) yield bytes.subarray(offset, offset + chunkBytes);
  }
  return makeInput(name, iterate(Readable.from(slices(), { objectMode: true })), bytes.length, null, options);
}

function iterate(stream: Readable): AsyncIterator<Uint8Array> {
  return stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
}

/** `raw`: each chunk is valid until the next is asked for; `return` closes what it comes from. */
async function makeInput(
  name: string,
  raw: AsyncIterator<Uint8Array>,
  sizeBytes: number | null,
  modifiedAt: number | null,
  options: OpenOptions,
  isFile = false,
): Promise<Input> {
  const losses: Loss[] = [];
  /** What was read to look at it, to be read again by whoever takes the content. */
  const looked: Uint8Array[] = [];
  let readBytes = 0;
  const readMore = async (): Promise<Uint8Array | null> => {
    const chunk = await readFailing(name, raw);
    readBytes += chunk?.length ?? 0;
    if (chunk !== null) options.onProgress?.(readBytes, sizeBytes);
    return chunk;
  };

  let start: Uint8Array = new Uint8Array(0);
  while (start.length < MAGIC_BYTES) {
    const more = (await readMore())?.slice() ?? null;
    if (more === null) break;
    looked.push(more);
    start = concat([start, more]);
  }
  if (start.length === 0) {
    throw new Failure({
      code: "empty",
      message: "is empty (0 bytes)",
      where: { file: name, offset: 0 },
      hint: "The profiler was probably killed with the process before it wrote anything. Write to a file outside of the container, or take a capture earlier.",
    });
  }
  const compression = compressionOf(start);
  const limit = options.maxDecompressedBytes ?? Math.max(MIN_DECOMPRESSED_LIMIT, sizeBytes === null ? 64 * 1024 ** 3 : 100 * sizeBytes);

  async function* look(): AsyncGenerator<Uint8Array> {
    for (let row = 0; ; row++) {
      const known = looked[row];
      if (known !== undefined) {
        yield known;
        continue;
      }
      const more = readBytes < LARGEST_LOOK_BYTES ? ((await readMore())?.slice() ?? null) : null;
      if (more === null) return;
      looked.push(more);
      yield more;
    }
  }
  const command =
    isFile && compression === "zstd" && wantsCommand(options.zstd)
      ? await startOnFile(name, (offset) => options.onProgress?.(Math.max(offset, readBytes), sizeBytes))
      : null;
  const close = (): void => {
    command?.close();
    void raw.return?.();
  };

  async function* stored(): AsyncGenerator<Uint8Array> {
    try {
      for (let chunk = looked.shift() ?? null; chunk !== null; chunk = looked.shift() ?? (await readMore())) yield chunk;
    } finally {
      close();
    }
  }

  const begun = command === null ? null : await begin(command, stored, losses, options.zstd, close);
  const damage: Loss[] = begun === null ? [] : losses;
  const head = begun?.head ?? (await headOf(compression, look(), damage));
  if (head.length === 0) {
    close();
    throw new Failure({
      code: "empty",
      message: damage[0]?.text ?? `holds a ${compression} stream without content`,
      where: { file: name, offset: 0 },
      hint: "The writer was probably killed before its first block. Take a capture earlier.",
    });
  }

  let taken = false;
  function chunks(): AsyncIterable<Uint8Array> {
    if (taken) throw new Error("the content of an input can be taken once");
    taken = true;
    if (compression === "none") return stored();
    if (compression === "gzip") return limited(name, gunzip(kept(stored()), losses), limit);
    return limited(name, begun?.content() ?? unzstd(kept(stored()), losses, { decoder: options.zstd }), limit);
  }

  async function readAll(maxBytes = LARGEST_BUFFER_BYTES): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let total = 0;
    for await (const chunk of chunks()) {
      total += chunk.length;
      if (total > maxBytes) {
        throw new Failure({
          code: "too-large",
          message: `holds more than ${maxBytes} bytes, more than this format can be read with`,
          where: { file: name, offset: total },
          hint: "Captures of this format are read at once and are megabytes. Look at what is in the file.",
        });
      }
      parts.push(chunk.slice());
    }
    return concat(parts);
  }

  return { name, compression, modifiedAt, sizeBytes, head, chunks, readAll, losses, close };
}

/** The first decompressed bytes. Decoded apart from the content: what was only looked at leaves nothing that has to be closed. */
async function headOf(compression: Compression, stored: AsyncGenerator<Uint8Array>, damage: Loss[]): Promise<Uint8Array> {
  const content =
    compression === "none"
      ? stored
      : compression === "gzip"
        ? gunzip(stored, damage)
        : unzstd(stored, damage, { decoder: decoderAtHand, blocksInPiece: 1 });
  try {
    return concat(await firstOf(content)).slice(0, HEAD_BYTES);
  } finally {
    await content.return(undefined);
  }
}

/** As many chunks as hold the first bytes. */
async function firstOf(content: AsyncGenerator<Uint8Array>): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for (let madeBytes = 0; madeBytes < HEAD_BYTES; ) {
    const next = await content.next();
    if (next.done === true) break;
    parts.push(next.value);
    madeBytes += next.value.length;
  }
  return parts;
}

/** A content that has been begun: its first bytes are known. */
interface Begun {
  readonly head: Uint8Array;
  readonly content: () => AsyncGenerator<Uint8Array>;
}

/** Takes the head from the command that goes on to decode the rest, and does not keep the process alive until the rest is asked for. */
async function begin(
  command: CommandOnFile,
  stored: () => AsyncGenerator<Uint8Array>,
  losses: Loss[],
  decoder: ZstdDecoder | undefined,
  close: () => void,
): Promise<Begun> {
  async function* whole(): AsyncGenerator<Uint8Array> {
    let handedOutBytes = 0;
    try {
      for await (const chunk of command.content) {
        handedOutBytes += chunk.length;
        yield chunk;
      }
    } catch (cause) {
      if (!isDecoderError(cause)) throw cause;
      yield* unzstd(kept(stored()), losses, { decoder, handedOutBytes });
    }
  }
  const content = whole();
  const first = await firstOf(content);
  command.hold(false);
  async function* rest(): AsyncGenerator<Uint8Array> {
    command.hold(true);
    try {
      yield* first;
      yield* content;
    } finally {
      close();
    }
  }
  return { head: concat(first).slice(0, HEAD_BYTES), content: rest };
}

async function readFailing(name: string, raw: AsyncIterator<Uint8Array>): Promise<Uint8Array | null> {
  try {
    for (;;) {
      const next = await raw.next();
      if (next.done === true) return null;
      if (next.value.length > 0) return next.value;
    }
  } catch (cause) {
    throw new Failure({ code: "not-readable", message: `cannot be read (${String(cause)})`, where: { file: name }, cause });
  }
}

/** For decoders, which ask for more before they are done with what they have. */
async function* kept(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk.slice();
}

function compressionOf(start: Uint8Array): Compression {
  if (start[0] === 0x1f && start[1] === 0x8b) return "gzip";
  if (start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd) return "zstd";
  return "none";
}

async function* limited(name: string, content: AsyncGenerator<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of content) {
    total += chunk.length;
    if (total > limit) {
      throw new Failure({
        code: "too-large",
        message: `decompresses to more than ${limit} bytes`,
        where: { file: name, offset: total },
        hint: "If this is a real capture and no compression bomb, raise the limit with --max-decompressed.",
      });
    }
    yield chunk;
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const joined = new Uint8Array(total);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
