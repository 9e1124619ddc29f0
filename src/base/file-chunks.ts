/**
 * The content of a file in chunks, read ahead: while one chunk is worked on, the system fills the next. Two buffers take turns,
 * so that a file of any size costs the memory of two chunks, and nothing has to be collected.
 */
import { open } from "node:fs/promises";

/** Larger ones were not faster, and smaller ones cost more turns of the event loop. */
const CHUNK_BYTES = 1 << 20;

/** Each chunk is valid until the next is asked for. @throws the system's error */
export async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  const handle = await open(path, "r");
  let next: Promise<{ readonly bytesRead: number; readonly buffer: Uint8Array }> | null = null;
  try {
    let spare: Uint8Array = new Uint8Array(CHUNK_BYTES);
    next = handle.read(new Uint8Array(CHUNK_BYTES), 0, CHUNK_BYTES, null);
    for (;;) {
      const { bytesRead, buffer } = await next;
      if (bytesRead === 0) return;
      next = handle.read(spare, 0, CHUNK_BYTES, null);
      spare = buffer;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    // what is still being read ahead goes nowhere, and neither does its error
    await next?.catch(() => {});
    await handle.close();
  }
}
