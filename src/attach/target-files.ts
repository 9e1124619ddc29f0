/** Texts in files that a process has mapped, found without loading the files whole. */
import { closeSync, openSync, readSync } from "node:fs";
import { fileExists } from "./proc.ts";

/** Larger executables are searched to here; texts that name versions stand in read-only data, which comes early. */
const LARGEST_SEARCH_BYTES = 256 << 20;
/** Texts of such blocks are collected as they come; of larger ones a hundred megabytes pile up first. */
const BLOCK_BYTES = 64 << 10;
/** No text that is looked for is longer. */
const OVERLAP_BYTES = 256;

/** The executable of a process, readable also when it was deleted or lies in another mount namespace; null where it is not for us. */
export function executableFile(pid: number): string | null {
  const file = `/proc/${pid}/exe`;
  try {
    closeSync(openSync(file, "r"));
    return file;
  } catch {
    return null;
  }
}

/** A mapped file as we can open it: below the root of the process, or where it lies for us. */
export function mappedFile(pid: number, file: string): string | null {
  const below = `/proc/${pid}/root${file}`;
  return fileExists(below) ? below : null;
}

/** The beginning of a file; empty where it cannot be read. */
export function firstBytes(file: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  try {
    const open = openSync(file, "r");
    try {
      return bytes.subarray(0, readSync(open, bytes, 0, length, 0));
    } finally {
      closeSync(open);
    }
  } catch {
    return bytes.subarray(0, 0);
  }
}

/** Whether a file holds a text (bytes as latin-1). */
export function fileHas(file: string, text: string): boolean {
  for (const { block, length } of blocksOf(file)) if (block.subarray(0, length).includes(text, 0, "latin1")) return true;
  return false;
}

/** The first group of the first match in a file; null where there is none. The match must be shorter than 256 bytes. */
export function firstMatch(file: string, pattern: RegExp): string | null {
  for (const { block, length } of blocksOf(file)) {
    const match = pattern.exec(block.toString("latin1", 0, length));
    if (match !== null) return match[1] ?? match[0];
  }
  return null;
}

/** Distinct first groups of all matches, in their order. */
export function allMatches(file: string, pattern: RegExp): readonly string[] {
  const found = new Set<string>();
  for (const { block, length } of blocksOf(file)) {
    for (const match of block.toString("latin1", 0, length).matchAll(pattern)) found.add(match[1] ?? match[0]);
  }
  return [...found];
}

/** Blocks that overlap, so that no text is cut in all of them. A file that cannot be read has none. */
function* blocksOf(file: string): Generator<{ readonly block: Buffer; readonly length: number }> {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch {
    return;
  }
  try {
    const block = Buffer.alloc(BLOCK_BYTES);
    for (let offset = 0; offset < LARGEST_SEARCH_BYTES; offset += BLOCK_BYTES - OVERLAP_BYTES) {
      const length = readSync(handle, block, 0, BLOCK_BYTES, offset);
      if (length > 0) yield { block, length };
      if (length < BLOCK_BYTES) return;
    }
  } catch {
    return; // a folder, or a file that vanished
  } finally {
    closeSync(handle);
  }
}
