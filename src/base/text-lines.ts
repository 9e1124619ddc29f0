/** Lines of a text capture with their byte offsets. Text captures are small (megabytes), so they are read at once. */
import { constants } from "node:buffer";

/** Any part of a text of so many bytes fits into a string: a line, the memory map at its end, all of it. */
export const LARGEST_TEXT_BYTES: number = constants.MAX_STRING_LENGTH;

export interface TextLine {
  readonly text: string; // without its line end
  readonly offset: number;
  /** False for a last line without a line end: it may have been cut. */
  readonly isComplete: boolean;
}

export function* textLines(bytes: Uint8Array): Generator<TextLine> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = 0; offset < buffer.length; ) {
    const newline = buffer.indexOf(0x0a, offset);
    const end = newline < 0 ? buffer.length : newline;
    const textEnd = end > offset && buffer[end - 1] === 0x0d ? end - 1 : end;
    yield { text: buffer.toString("utf8", offset, textEnd), offset, isComplete: newline >= 0 };
    offset = end + 1;
  }
}
