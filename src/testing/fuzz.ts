/**
 * Takes captures, whole and damaged, through everything: read, check, join, judge, validate against the schema, render. What
 * comes of it has to be an answer, an answer that says what is missing, or a Failure. Run by `fuzz.test.ts` on the samples and
 * by `scripts/fuzz.mjs` on any folders.
 */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { Failure, type LossCode } from "../base/failure.ts";
import { type Compression, inputFromBytes } from "../base/source.ts";
import { readCapture } from "../formats/recognize.ts";
import { analyze, render } from "../index.ts";
import { checkProfile } from "../model/check-profile.ts";
import { joinSeries } from "../model/join-series.ts";
import type { Profile } from "../model/profile.ts";
import { inspectAnswer } from "../report/inspect-answer.ts";
import { inspectText } from "../report/inspect-text.ts";
import { cutPlaces, mutate, SUMS, seededRandom, whyUnnoticeable } from "./damage.ts";

/** What may come of damage, and what is a bug. */
export const FINE = ["answered", "loss", "failure", "unnoticeable"] as const;
export const BUGS = ["unnoticed cut", "wrong total", "schema", "crash", "slow"] as const;
export type Outcome = (typeof FINE)[number] | (typeof BUGS)[number];

/** One damaged capture and what came of it. */
export interface Run {
  readonly capture: string;
  readonly format: string;
  readonly damage: "cut" | "mutation";
  readonly what: string; // enough to do it again
  readonly outcome: Outcome;
  readonly detail: string;
}

/** A capture that can be read when it is whole. */
export interface SoundCapture {
  readonly name: string;
  readonly format: string;
  readonly compression: Compression;
  readonly file: Uint8Array;
  readonly content: Uint8Array; // decompressed
  readonly profile: Profile;
}

/** More than this for a file of a few megabytes is a hang. */
const SLOW_MS = 10_000;
const CUTS = 64;
/** Losses that say that something of the file was not read. */
const DAMAGE: ReadonlySet<LossCode> = new Set(["truncated", "malformed-record", "trailing-data"]);

const followsSchema = new Ajv2020().compile(JSON.parse(readFileSync(new URL("../report/schema.json", import.meta.url), "utf8")) as object);

/** Null for files that are no captures, or none that can be read. @throws whatever is no Failure */
export async function soundCapture(name: string, file: Uint8Array): Promise<SoundCapture | null> {
  try {
    const { compression } = await inputFromBytes(name, file);
    const content = compression === "none" ? file : await (await inputFromBytes(name, file)).readAll();
    const profile = await readCapture(await inputFromBytes(name, file), { symbolize: false });
    answerAll(profile);
    return { name, format: profile.captures[0]?.format ?? "", compression, file, content, profile };
  } catch (failure) {
    if (failure instanceof Failure) return null;
    throw failure;
  }
}

class SchemaViolation extends Error {}

/** Everything that is done with a profile. */
function answerAll(profile: Profile): void {
  checkProfile(profile);
  const answer = analyze(profile, { told: { messageBytes: 1000, memoryLimitBytes: 1e8 } });
  if (!followsSchema(JSON.parse(render(answer, "json")))) throw new SchemaViolation(JSON.stringify(followsSchema.errors?.[0]));
  render(answer, "text", { columns: 80, color: true, verbose: true });
  inspectText(inspectAnswer(profile, 10), { columns: 80, color: false });
}

/** A profile, a Failure, or an error that is a bug. */
async function passThrough(sound: SoundCapture, bytes: Uint8Array, joins: boolean): Promise<Profile | Failure> {
  try {
    const profile = await readCapture(await inputFromBytes(sound.name, bytes), { symbolize: false });
    answerAll(profile);
    if (joins) answerAll(joinSeries([sound.profile, profile].map((member) => ({ profile: member, modifiedAt: null }))));
    return profile;
  } catch (failure) {
    if (failure instanceof Failure) return failure;
    throw failure;
  }
}

/** Every cut of the file, and of what is in it. */
export async function* cutAll(sound: SoundCapture, cuts: number = CUTS): AsyncGenerator<Run> {
  for (const cut of cutPlaces(sound.file.length, cuts)) {
    yield await outcomeOf(sound, "cut", `file at ${cut}`, false, sound.file.subarray(0, cut), (profile) =>
      judgeCut(sound, profile, cut, sound.compression === "none"),
    );
  }
  if (sound.compression === "none") return;
  for (const cut of cutPlaces(sound.content.length, cuts)) {
    yield await outcomeOf(sound, "cut", `content at ${cut}`, false, sound.content.subarray(0, cut), (profile) =>
      judgeCut(sound, profile, cut, true),
    );
  }
}

/** Mutations `first` to `last` of a capture under a seed: each depends on its own number only. */
export async function* mutateMany(sound: SoundCapture, seed: number, first: number, last: number): AsyncGenerator<Run> {
  for (let number = first; number < last; number++) {
    const random = seededRandom(hash(`${seed}/${number}/${sound.format}/${sound.content.length}`));
    const hitsFile = sound.compression !== "none" && random() < 0.25;
    const joins = random() < 0.25;
    const bytes = mutate(hitsFile ? sound.file : sound.content, random);
    yield await outcomeOf(sound, "mutation", `${hitsFile ? "file" : "content"}, seed ${seed}, number ${number}`, joins, bytes, (profile) =>
      judgeMutation(sound, profile, bytes, hitsFile),
    );
  }
}

type Judged = Pick<Run, "outcome" | "detail">;

async function outcomeOf(
  sound: SoundCapture,
  damage: Run["damage"],
  what: string,
  joins: boolean,
  bytes: Uint8Array,
  judge: (profile: Profile) => Judged,
): Promise<Run> {
  const run = { capture: sound.name, format: sound.format, damage, what };
  const start = performance.now();
  try {
    const result = await passThrough(sound, bytes, joins);
    const ms = performance.now() - start;
    if (ms > SLOW_MS) return { ...run, outcome: "slow", detail: `${Math.round(ms)} ms` };
    if (result instanceof Failure) return { ...run, outcome: "failure", detail: result.code };
    return { ...run, ...judge(result) };
  } catch (bug) {
    const detail = bug instanceof Error ? (bug.stack ?? bug.message).split("\n").slice(0, 4).join(" | ") : String(bug);
    return { ...run, outcome: bug instanceof SchemaViolation ? "schema" : "crash", detail };
  }
}

function judgeCut(sound: SoundCapture, profile: Profile, cut: number, isContent: boolean): Judged {
  const losses = profile.losses.filter(({ code, offset }) => DAMAGE.has(code) && offset !== null);
  const [first] = losses;
  if (first !== undefined) {
    const end = isContent ? cut : sound.content.length;
    const beyond = losses.find(({ offset }) => (offset ?? 0) > end);
    if (beyond !== undefined) return { outcome: "unnoticed cut", detail: `a loss at ${beyond.offset}, which is not in the file` };
    return { outcome: "loss", detail: first.code };
  }
  const reason = isContent ? whyUnnoticeable(sound.format, sound.content, cut) : null;
  if (reason !== null) return { outcome: "unnoticeable", detail: reason };
  return { outcome: "unnoticed cut", detail: `looks complete (${liveBytesOf(profile)} of ${liveBytesOf(sound.profile)} B)` };
}

function judgeMutation(sound: SoundCapture, profile: Profile, bytes: Uint8Array, hitsFile: boolean): Judged {
  const known = damageOf(sound.profile);
  if ([...damageOf(profile)].some(([code, count]) => count > (known.get(code) ?? 0))) return { outcome: "loss", detail: "" };
  const [before, after] = [liveBytesOf(sound.profile), liveBytesOf(profile)];
  if (before === after || profile.captures[0]?.format !== sound.format || !isSummed(sound, bytes, hitsFile))
    return { outcome: "answered", detail: "" };
  return { outcome: "wrong total", detail: `${after} instead of ${before} B, and no word about it` };
}

/** Whether the file, or its compression, states a sum that the damage must not have passed. */
function isSummed(sound: SoundCapture, bytes: Uint8Array, hitsFile: boolean): boolean {
  if (damageOf(sound.profile).size > 0) return false; // its sums were wrong before
  if (hitsFile) return sound.compression === "gzip" || hasChecksum(sound.file);
  const frame = SUMS[sound.format]?.frame(latin1(sound.content)) ?? null;
  return frame !== null && SUMS[sound.format]?.frame(latin1(bytes)) === frame;
}

/** Bit 2 of a zstd frame's descriptor; the writer may leave the checksum out. */
function hasChecksum(file: Uint8Array): boolean {
  return ((file[4] ?? 0) & 4) !== 0;
}

function damageOf(profile: Profile): ReadonlyMap<LossCode, number> {
  return new Map(profile.losses.filter(({ code }) => DAMAGE.has(code)).map(({ code, count }) => [code, count]));
}

/** Rounded, as sums in another order differ in their last bits. */
function liveBytesOf(profile: Profile): number {
  return Math.round(profile.captures.at(-1)?.liveBytes ?? 0);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) value = Math.imul(value ^ text.charCodeAt(place), 0x01000193);
  return value >>> 0;
}
