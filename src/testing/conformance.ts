/** What every format has to hold on every capture, whatever is in it. Run by `formats/conformance.test.ts`. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import { checkProfile } from "../model/check-profile.ts";
import type { Profile } from "../model/profile.ts";
import { type SampleCapture, sampleCaptures } from "./captures.ts";
import { cutPlaces, whyUnnoticeable } from "./damage.ts";

/** Captures made in code, and the files of `samples/formats/<id>/`, if there are. */
export function capturesOf(format: string): readonly SampleCapture[] {
  const folder = fileURLToPath(new URL(`../../samples/formats/${format}`, import.meta.url));
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name !== "README.md" && !name.endsWith(".json")) : [];
  return [
    ...(sampleCaptures[format] ?? []),
    ...files.map((name) => ({ name, bytes: new Uint8Array(readFileSync(path.join(folder, name))) })),
  ];
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
  for (const cut of cutPlaces(capture.bytes.length, 64)) {
    const profile = await readOrFail(capture.name, capture.bytes.subarray(0, cut), read);
    if (profile === null || whyUnnoticeable(format, capture.bytes, cut) !== null) continue;
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
