/**
 * Columns of whole numbers as text, for data that travels inside a page: zigzag varints (LEB128, as in protobuf) in base64.
 * A run of zeros is one 0 and its length: most of what a capture says is that nothing changed. Works in Node and in a browser.
 */
import type { Column } from "../base/columns.ts";

const CHUNK = 0x8000; // arguments of one String.fromCharCode

/** Values are whole and below 2^52 in size; fractions are rounded. */
export function encodeColumn(values: Column): string {
  const bytes: number[] = [];
  for (let row = 0; row < values.length; row++) {
    const value = Math.round(values[row] ?? 0);
    if (value !== 0) {
      pushVarint(bytes, value > 0 ? value * 2 : -value * 2 - 1);
      continue;
    }
    let run = 1;
    while (row + run < values.length && Math.round(values[row + run] ?? 0) === 0) run++;
    bytes.push(0);
    pushVarint(bytes, run);
    row += run - 1;
  }
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.slice(at, at + CHUNK));
  return btoa(binary);
}

// arithmetic and not shifts: sizes are larger than 32 bits
function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
}

export function decodeColumn(text: string, length: number): Float64Array {
  const binary = atob(text);
  const values = new Float64Array(length);
  let position = 0;
  const next = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = binary.charCodeAt(position++);
      value += (byte & 0x7f) * scale;
      if (!(byte >= 0x80)) return value; // NaN behind the end, too
      scale *= 0x80;
    }
  };
  for (let row = 0; row < length && position < binary.length; ) {
    const coded = next();
    if (coded === 0) row += Math.max(1, next());
    else values[row++] = coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2;
  }
  return values;
}
