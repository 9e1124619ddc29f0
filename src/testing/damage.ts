/**
 * What happens to captures on their way to us (a full disk, an interrupted download, a careless editor), done on purpose and
 * repeatably, and what of it a format cannot notice, with the reason.
 */
import { WireReader } from "../base/protobuf.ts";

/** Deterministic numbers in [0, 1): mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lengths to cut a file to, evenly spread; never nothing and never all of it. */
export function cutPlaces(length: number, places: number): readonly number[] {
  const count = Math.max(0, Math.min(places, length - 1));
  return Array.from({ length: count }, (_, place) => Math.floor((length * (place + 1)) / (count + 1)));
}

const NASTY = [
  "-1",
  "99999999999999999999999",
  "1e999",
  "NaN",
  "0",
  ";",
  "@",
  "\n",
  "\0",
  "[0: 0]",
  "0xffffffffffffffffff",
  "{",
  "]",
  "Total 1 1\n",
];

const ZERO = 0x30;
const NEWLINE = 0x0a;

/** Changes one thing. `below(n)` is a whole number under n. */
type Change = (bytes: Uint8Array, below: (limit: number) => number) => Uint8Array;

const changes: readonly Change[] = [
  // a byte
  (bytes, below) => bytes.with(below(bytes.length), below(256)),
  // a digit for a digit: the text stays well-formed, and a number is wrong
  (bytes, below) => {
    const start = below(bytes.length);
    const digit = bytes.subarray(start).findIndex((byte) => byte >= ZERO && byte < ZERO + 10);
    return digit < 0 ? bytes : bytes.with(start + digit, ZERO + below(10));
  },
  // a few bytes less
  (bytes, below) => {
    const start = below(bytes.length);
    return join(bytes.subarray(0, start), bytes.subarray(start + 1 + below(24)));
  },
  // a few bytes twice
  (bytes, below) => {
    const start = below(bytes.length);
    return join(bytes.subarray(0, start + 1 + below(24)), bytes.subarray(start));
  },
  // a line less, or everything from one place to a later one
  (bytes, below) => {
    const start = bytes.indexOf(NEWLINE, below(bytes.length)) + 1;
    const end = bytes.indexOf(NEWLINE, start + below(4) * 64) + 1;
    return end === 0 ? bytes : join(bytes.subarray(0, start), bytes.subarray(end));
  },
  // what readers trip over
  (bytes, below) => {
    const start = below(bytes.length);
    return join(bytes.subarray(0, start), new TextEncoder().encode(NASTY[below(NASTY.length)]), bytes.subarray(start));
  },
  // a gap: what a file system leaves of a page that was never written
  (bytes, below) => {
    const start = below(bytes.length);
    const length = 4 + below(2) * below(4096);
    return join(bytes.subarray(0, start), new Uint8Array(length).fill(below(2) * 255), bytes.subarray(start + below(2) * length));
  },
  // one part of the file over another one
  (bytes, below) => {
    const copy = Uint8Array.from(bytes);
    const start = below(bytes.length);
    return copy.copyWithin(below(bytes.length), start, start + 1 + below(8192));
  },
];

/** One to four changes to a capture. */
export function mutate(bytes: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number): number => Math.floor(random() * limit);
  let result = bytes;
  for (let change = 1 + below(4); change > 0 && result.length > 0; change--) {
    result = changes[below(changes.length)]?.(result, below) ?? result;
  }
  return result;
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

/** Damage that leaves a complete capture of its format, so that nobody can notice it. */
interface Unnoticeable {
  readonly reason: string;
  readonly holds: (whole: Uint8Array, cut: number) => boolean;
}

/**
 * Cuts of the decompressed content that cannot be noticed, by format. Everything else has to be: a format without an entry
 * notices every cut. (A cut of the compressed file always shows.)
 */
export const UNNOTICEABLE_CUTS: Readonly<Record<string, readonly Unnoticeable[]>> = {
  "class-histogram": [
    {
      reason: "behind a Total line: histograms that follow are missing as if they had never been written",
      holds: (whole, cut) => /\nTotal +\d+ +\d+\n(?:(?!class name)[\s\S])*$/.test(textBefore(whole, cut)),
    },
  ],
  collapsed: [
    {
      reason: "between two lines: there is no end mark", // in UTF-16 the line end is followed by a zero
      holds: (whole, cut) => /\n\0?$/.test(textBefore(whole, cut)),
    },
  ],
  "heap-profile": [
    {
      reason:
        "between two lines behind the last record: the header counts the records, but neither the memory map nor MemStats (in the Java text, which counts nothing, behind the last name that a sample needs)",
      holds: (whole, cut) => whole[cut - 1] === NEWLINE && !/^ *(?:\d+: +\d+ \[|\d+ +\d+ @|0x)/m.test(textAfter(whole, cut)),
    },
  ],
  heaptrack: [
    {
      reason: "within the last lines, which are comments that count what came before",
      holds: (whole, cut) => textBefore(whole, cut).includes("\n# strings:"),
    },
    {
      reason: "between two lines of a raw file, which has no end mark",
      holds: (whole, cut) => whole[cut - 1] === NEWLINE && /^v .*\n(?:[^+]*\n)?x /.test(textBefore(whole, Math.min(cut, 4096))),
    },
  ],
  jemalloc: [
    {
      reason: "between two lines of the memory map: it has no end mark",
      holds: (whole, cut) => whole[cut - 1] === NEWLINE && textBefore(whole, cut).includes("MAPPED_LIBRARIES:\n"),
    },
  ],
  pprof: [
    {
      reason: "between two fields behind the string table: time and period are missing as if they had never been written",
      holds: (whole, cut) => {
        const reader = new WireReader(whole, "");
        while (reader.position < cut) reader.skip(reader.varint());
        return reader.position === cut && (whole[cut] ?? 0) >>> 3 > 6;
      },
    },
  ],
};

/** Why the cut cannot be noticed; null where it has to be. */
export function whyUnnoticeable(format: string, whole: Uint8Array, cut: number): string | null {
  return UNNOTICEABLE_CUTS[format]?.find(({ holds }) => holds(whole, cut))?.reason ?? null;
}

function textBefore(whole: Uint8Array, cut: number): string {
  return Buffer.from(whole.subarray(0, cut)).toString("latin1");
}

function textAfter(whole: Uint8Array, cut: number): string {
  return Buffer.from(whole.subarray(cut)).toString("latin1");
}

/**
 * Formats that state the sum of what they list, and what must not have been touched for the sum to hold the total (null: this
 * variant states none). In all other formats a wrong number is a number like any other: heaptrack,
 * pprof, collapsed and V8 have no sums, and jemalloc's is no sum of its stacks (since 5.3 each is corrected by itself).
 */
export const SUMS: Readonly<Record<string, { readonly states: string; readonly frame: (text: string) => string | null }>> = {
  "class-histogram": {
    states: "every histogram ends with its Total",
    // a histogram more or less is a series that is longer or shorter
    frame: (text) => String(text.match(/class name/g)?.length),
  },
  "heap-profile": {
    states: "the header counts all records",
    // the kind and the interval, by which the records are scaled
    frame: (text) => /^heap profile:.*(@ *[a-z_0-9]*(?:\/\d*)?)/.exec(text)?.[1] ?? null,
  },
};
