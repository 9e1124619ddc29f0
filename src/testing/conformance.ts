/** What every format has to hold on every capture, whatever is in it. Run by `formats/conformance.test.ts`. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Failure } from "../base/failure.ts";
import { WireReader } from "../base/protobuf.ts";
import { inputFromBytes } from "../base/source.ts";
import { checkProfile } from "../model/check-profile.ts";
import type { Profile } from "../model/profile.ts";
import { type SampleCapture, sampleCaptures } from "./captures.ts";

/** Captures made in code, and the files of `samples/formats/<id>/`, if there are. */
export function capturesOf(format: string): readonly SampleCapture[] {
  const folder = fileURLToPath(new URL(`../../samples/formats/${format}`, import.meta.url));
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name !== "README.md" && !name.endsWith(".json")) : [];
  return [
    ...(sampleCaptures[format] ?? []),
    ...files.map((name) => ({ name, bytes: new Uint8Array(readFileSync(path.join(folder, name))) })),
  ];
}

/**
 * Where a cut cannot be noticed, because what is left is a complete capture of its format. Everything else has to be: a format
 * without an entry notices every cut.
 */
export const UNNOTICEABLE_CUTS: Readonly<Record<string, (whole: Uint8Array, cut: number) => boolean>> = {
  // After a Total line: histograms that follow are missing as if they had never been written.
  "class-histogram": (whole, cut) => /\nTotal +\d+ +\d+\n(?:(?!class name)[\s\S])*$/.test(textBefore(whole, cut)),
  // Between two lines: there is no end mark. (In UTF-16 the line end is followed by a zero.)
  collapsed: (whole, cut) => /\n\0?$/.test(textBefore(whole, cut)),
  // Between two lines behind the last record: the header counts the records, but not the memory map or MemStats. In the Java
  // text, which has no totals, behind the last name that a sample needs.
  "heap-profile": (whole, cut) => whole[cut - 1] === 0x0a && !/^ *(?:\d+: +\d+ \[|\d+ +\d+ @|0x)/m.test(textAfter(whole, cut)),
  // Within the last lines, which are comments that count what came before.
  heaptrack: (whole, cut) => textBefore(whole, cut).includes("\n# strings:"),
  // Between two lines of the memory map.
  jemalloc: (whole, cut) => whole[cut - 1] === 0x0a && textBefore(whole, cut).includes("MAPPED_LIBRARIES:\n"),
  // Between two fields behind the string table: time and period are missing as if they had never been written.
  pprof: (whole, cut) => {
    const reader = new WireReader(whole, "");
    while (reader.position < cut) reader.skip(reader.varint());
    return reader.position === cut && (whole[cut] ?? 0) >>> 3 > 6;
  },
};

function textBefore(whole: Uint8Array, cut: number): string {
  return Buffer.from(whole.subarray(0, cut)).toString("latin1");
}

function textAfter(whole: Uint8Array, cut: number): string {
  return Buffer.from(whole.subarray(cut)).toString("latin1");
}

export type Read = (input: Awaited<ReturnType<typeof inputFromBytes>>) => Promise<Profile>;

/** The same in spite of how it came in: everything but the name of the file. */
export function assertSameProfile(actual: Profile, expected: Profile): void {
  const nameless = (profile: Profile): unknown => ({
    ...profile,
    captures: profile.captures.map((capture) => ({ ...capture, path: "" })),
  });
  assert.deepEqual(nameless(actual), nameless(expected));
}

export async function assertSameHoweverItComes(capture: SampleCapture, read: Read): Promise<void> {
  const plain = await read(await inputFromBytes(capture.name, capture.bytes));
  assertSameProfile(await read(await inputFromBytes(capture.name, capture.bytes)), plain);
  assertSameProfile(await read(await inputFromBytes(capture.name, gzipSync(capture.bytes))), plain);
  assertSameProfile(await read(await inputFromBytes(capture.name, capture.bytes, 1)), plain);
}

/** A cut capture gives a Failure, or a profile that says it is damaged. Never anything else. */
export async function assertNoticesCuts(capture: SampleCapture, format: string, read: Read): Promise<void> {
  const places = Math.min(64, capture.bytes.length - 1);
  for (let place = 1; place <= places; place++) {
    const cut = Math.floor((capture.bytes.length * place) / (places + 1));
    const profile = await readOrFail(capture.name, capture.bytes.subarray(0, cut), read);
    if (profile === null || UNNOTICEABLE_CUTS[format]?.(capture.bytes, cut) === true) continue;
    const damage = profile.losses.filter(({ code }) => code === "truncated" || code === "malformed-record");
    assert.ok(damage.length > 0, `${capture.name} cut at ${cut} of ${capture.bytes.length} bytes looks complete`);
    for (const { offset } of damage) assert.ok(offset === null || offset <= cut, "the damage lies within the file");
  }
  const compressed = gzipSync(capture.bytes);
  for (let cut = 30; cut < compressed.length; cut += Math.max(1, Math.floor(compressed.length / 16))) {
    const profile = await readOrFail(capture.name, compressed.subarray(0, cut), read);
    assert.ok(profile?.losses.some(({ code }) => code === "truncated") ?? true, `gzip cut at ${cut} looks complete`);
  }
}

/** Null where it was refused with a Failure. Anything else that is thrown is a bug and passes through. */
export async function readOrFail(name: string, bytes: Uint8Array, read: Read): Promise<Profile | null> {
  try {
    const profile = await read(await inputFromBytes(name, bytes));
    checkProfile(profile);
    return profile;
  } catch (failure) {
    if (failure instanceof Failure) return null;
    throw failure;
  }
}

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

/** One to four changes such as a bad disk, a cut or a careless editor makes. */
export function mutate(bytes: Uint8Array, random: () => number): Uint8Array {
  let result = Uint8Array.from(bytes);
  const below = (limit: number): number => Math.floor(random() * limit);
  for (let change = 1 + below(4); change > 0 && result.length > 0; change--) {
    const start = below(result.length);
    const end = Math.min(result.length, start + 1 + below(24));
    const kind = below(5);
    if (kind === 0) result[start] = below(256);
    else if (kind === 1) result = join(result.subarray(0, start), result.subarray(end));
    else if (kind === 2) result = join(result.subarray(0, end), result.subarray(start));
    else if (kind === 3)
      result = join(result.subarray(0, start), new TextEncoder().encode(NASTY[below(NASTY.length)]), result.subarray(start));
    else result = join(result.subarray(0, start), new Uint8Array(4).fill(below(2) * 255), result.subarray(start));
  }
  return result;
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}
