/** The `zstd` command as a decoder: fed piece by piece, or reading a file by itself. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { DecoderError } from "./decoder-error.ts";
import { ZstdFileWalk } from "./zstd-file-walk.ts";
import type { ZstdPiece } from "./zstd-frames.ts";

type Chunks = AsyncGenerator<Uint8Array>;

/** Room between the command's output and its reader: at 64 KiB, the size of a pipe, both wait for each other. */
const QUEUE_BYTES = 1 << 20;

/** Null where there is no such command. @param input a file descriptor that it reads by itself, or "pipe" */
export async function startCommand(input: number | "pipe" = "pipe"): Promise<ChildProcess | null> {
  const child = spawn("zstd", ["-dcq"], { stdio: [input, "pipe", "pipe"] });
  try {
    await once(child, "spawn");
    return child;
  } catch {
    return null;
  }
}

/** @throws DecoderError at the end, when the command complains */
export async function* throughCommand(child: ChildProcess, pieces: AsyncGenerator<ZstdPiece>): Chunks {
  let inputError: unknown = null;
  async function* bytes(): Chunks {
    try {
      for await (const piece of pieces) yield piece.bytes;
    } catch (cause) {
      inputError = cause;
    }
  }
  // An error here is the child's: it has ended and does not read any more. Its exit code says so, too.
  if (child.stdin !== null) pipeline(Readable.from(bytes(), { highWaterMark: 4 }), child.stdin, () => {});
  try {
    yield* outputOf(child);
  } catch (cause) {
    throw inputError ?? cause;
  }
  if (inputError !== null) throw inputError;
}

/** What a started command hands out; it is killed where its reader stops. @throws DecoderError at the end, when it complains */
async function* outputOf(child: ChildProcess): Chunks {
  let complaint = "";
  const exited = new Promise<number | null>((resolve) => child.on("close", resolve));
  child.stderr?.on("data", (text: Buffer) => {
    if (complaint.length < 1000) complaint += text.toString("latin1");
  });
  try {
    if (child.stdout !== null) yield* queued(child.stdout);
    const exitCode = await exited;
    if (exitCode !== 0) throw new DecoderError(complaint.trim().split("\n")[0] || `zstd ended with ${exitCode}`);
  } finally {
    child.kill("SIGKILL");
  }
}

/** A file that the command reads by itself, from its first byte on, while nobody else has to move its bytes. */
export interface CommandOnFile {
  /** To be taken once. @throws DecoderError at the end, when the file is not sound: the pieces of it have to say how */
  readonly content: Chunks;
  /** Whether its content is waited for. If not, the command does not keep this process alive. */
  readonly hold: (isWaitedFor: boolean) => void;
  readonly close: () => void;
}

/** Null where there is no such command. @param onRead is told how far the command has read, at least */
export async function startOnFile(path: string, onRead: (readBytes: number) => void): Promise<CommandOnFile | null> {
  const file = openSync(path, "r");
  const child = await startCommand(file);
  if (child === null) {
    closeSync(file);
    return null;
  }
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    child.kill("SIGKILL");
    child.stdout?.destroy();
    child.stderr?.destroy();
    closeSync(file);
  };
  async function* content(): Chunks {
    const walk = new ZstdFileWalk(file);
    let madeBytes = 0;
    try {
      for await (const chunk of outputOf(child as ChildProcess)) {
        madeBytes += chunk.length;
        walk.follow(madeBytes);
        onRead(walk.offset);
        yield chunk;
      }
      if (!walk.isComplete()) throw new DecoderError("zstd has not noticed the end");
      onRead(walk.offset);
    } finally {
      close();
    }
  }
  return { content: content(), hold: (isWaitedFor) => hold(child, isWaitedFor), close };
}

/** The pipes of a child keep a process alive as the child itself does. */
function hold(child: ChildProcess, isWaitedFor: boolean): void {
  for (const handle of [child, child.stdout, child.stderr] as readonly (Partial<Pick<ChildProcess, "ref" | "unref">> | null)[]) {
    if (isWaitedFor) handle?.ref?.();
    else handle?.unref?.();
  }
}

/** A pipe's content with a long queue: the iterator of a stream stops and starts the reading at every 64 KiB. */
async function* queued(stream: Readable): Chunks {
  let queue: Uint8Array[] = [];
  let queuedBytes = 0;
  let isOver = false;
  let error: Error | null = null;
  let wake = (): void => {};
  stream.on("data", (chunk: Uint8Array) => {
    queue.push(chunk);
    queuedBytes += chunk.length;
    if (queuedBytes >= QUEUE_BYTES) stream.pause();
    wake();
  });
  stream.on("error", (cause) => {
    error = cause;
  });
  stream.on("close", () => {
    isOver = true;
    wake();
  });
  while (!isOver || queue.length > 0) {
    if (queue.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      continue;
    }
    const taken = queue;
    queue = [];
    queuedBytes = 0;
    stream.resume();
    yield* taken;
    // Lets the pipe be read, and the command be fed, while there is still something to do.
    await new Promise(setImmediate);
  }
  if (error !== null) throw error;
}
