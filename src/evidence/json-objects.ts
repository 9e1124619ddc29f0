/**
 * Finds the JSON objects in a text that need not be JSON as a whole: JSON lines, an array, pretty-printed objects one after
 * another, log lines with an object behind a prefix. Whatever stands between objects is skipped.
 *
 * The surprise: a line that was cut must not swallow its successors. A raw line break inside of a string and a `{` where
 * JSON allows none both end the broken object, and the search goes on right there.
 */

export interface FoundObject {
  readonly line: number; // of its first character, from 1
  readonly offset: number; // in bytes
  /** The parsed object; null when it is broken. */
  readonly value: Readonly<Record<string, unknown>> | null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;

/** Objects that are written into logs are not nested deeper; a cut line that swallows others soon is. */
const MAX_DEPTH = 32;

/** Every outermost object, in order. What begins otherwise than `{"` is prose (`{worker=1}`) and not reported. */
export function* jsonObjects(bytes: Uint8Array): Generator<FoundObject> {
  const decoder = new TextDecoder();
  let line = 1;
  let offset = 0;
  while (offset < bytes.length) {
    let resumeAt = offset + 1;
    if (bytes[offset] === OPEN && beginsLikeJson(bytes, offset)) {
      const end = endOfObject(bytes, offset);
      const value = end.complete ? parsed(decoder.decode(bytes.subarray(offset, end.offset))) : null;
      yield { line, offset, value };
      resumeAt = value !== null || end.offset < bytes.length ? end.offset : nextOutermostLine(bytes, offset);
    }
    for (; offset < resumeAt; offset++) if (bytes[offset] === LINE_FEED) line++;
  }
}

/** `{`, white space, `"`. */
function beginsLikeJson(bytes: Uint8Array, offset: number): boolean {
  let at = offset + 1;
  while (isSpace(bytes[at])) at++;
  return bytes[at] === QUOTE;
}

/** Where the object that begins at `start` ends: behind its last brace, or where it is seen to be broken. */
function endOfObject(bytes: Uint8Array, start: number): { readonly offset: number; readonly complete: boolean } {
  const inArray: boolean[] = [];
  let last = 0; // the last significant byte outside of strings
  for (let offset = start; offset < bytes.length; offset++) {
    const byte = bytes[offset] ?? 0;
    if (isSpace(byte)) continue;
    if (byte === QUOTE) {
      for (offset++; bytes[offset] !== QUOTE; offset++) {
        if (bytes[offset] === BACKSLASH) offset++;
        if (offset >= bytes.length || bytes[offset] === LINE_FEED) return { offset: Math.min(offset, bytes.length), complete: false };
      }
    } else if (byte === OPEN || byte === OPEN_ARRAY) {
      const allowed = inArray.length === 0 || last === COLON || last === OPEN_ARRAY || (last === COMMA && inArray.at(-1) === true);
      if (!allowed || inArray.length === MAX_DEPTH) return { offset, complete: false };
      inArray.push(byte === OPEN_ARRAY);
    } else if (byte === CLOSE || byte === CLOSE_ARRAY) {
      inArray.pop();
      if (inArray.length === 0) return { offset: offset + 1, complete: true };
    }
    last = byte;
  }
  return { offset: bytes.length, complete: false };
}

/** Behind an object that never ends: the next line that does not look like a line inside of a pretty-printed object. */
function nextOutermostLine(bytes: Uint8Array, offset: number): number {
  let at = offset;
  for (;;) {
    const lineFeed = bytes.indexOf(LINE_FEED, at);
    if (lineFeed < 0) return bytes.length;
    at = lineFeed + 1;
    const first = bytes[at];
    if (!isSpace(first) && first !== QUOTE && first !== CLOSE && first !== CLOSE_ARRAY) return at;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === LINE_FEED || byte === 0x0d;
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
}
