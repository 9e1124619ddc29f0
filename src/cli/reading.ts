/** What several commands read: captures with progress, suppressions. */
import { freemem } from "node:os";
import { Failure } from "../base/failure.ts";
import { openInput } from "../base/source.ts";
import { parseSuppressions, type Suppression } from "../base/suppressions.ts";
import type { Profile, read } from "../index.ts";
import { openOptions, type ReadingOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** A graph that took more would be swapped, or end with the process. */
const SHARE_OF_MEMORY = 0.9;

/** That of the machine or of the container, whichever is less. Node 20 knows only the former before 20.13. */
function availableBytes(): number {
  return typeof process.availableMemory === "function" ? process.availableMemory() : freemem();
}

const MAX_SUPPRESSIONS_BYTES = 1 << 22;

/** @throws Failure `configuration` */
export async function readSuppressions(file: string): Promise<readonly Suppression[]> {
  try {
    return parseSuppressions(new TextDecoder().decode(await (await openInput(file)).readAll(MAX_SUPPRESSIONS_BYTES)), file);
  } catch (cause) {
    if (!(cause instanceof Failure) || cause.code === "configuration") throw cause;
    throw new Failure({
      code: "configuration",
      message: cause.message,
      where: { file },
      hint: "This file was to be read as suppressions.",
      cause,
    });
  }
}

/** @throws Failure */
export async function readAll(
  readCaptures: typeof read,
  files: readonly string[],
  options: ReadingOptions,
  terminal: Terminal,
): Promise<Profile> {
  try {
    terminal.progress.phase(files.length === 1 ? `reading ${files[0]}` : `reading ${files.length} captures`);
    return await readCaptures(files, {
      symbolize: options.symbolize,
      memoryBytes: SHARE_OF_MEMORY * availableBytes(),
      onProgress: terminal.progress.advance,
      ...openOptions(options),
    });
  } finally {
    terminal.progress.end();
  }
}
