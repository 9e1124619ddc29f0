/**
 * Counters that HotSpot keeps in a file which is mapped into the process, `/tmp/hsperfdata_USER/PID` (perfMemory.hpp: PerfDataPrologue
 * and PerfDataEntry, version 2.0). Reading it costs the process nothing. Big numbers are read as doubles: they count bytes and
 * collections, far below 2^53.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import type { Mapping } from "./proc.ts";
import { pathOf, type Target } from "./target.ts";

export type JvmCounters = ReadonlyMap<string, number | string>;

const MAGIC = 0xcafec0c0; // always big-endian
const LITTLE_ENDIAN = 1;
const PROLOGUE_BYTES = 32;
const ENTRY_BYTES = 20;
const TYPE = { byte: 0x42, long: 0x4a } as const; // 'B' of texts, 'J' of numbers

/** Null where the bytes are no counters, or not yet: the JVM writes its first entries while it starts. */
export function parseJvmCounters(bytes: Uint8Array): JvmCounters | null {
  if (bytes.length < PROLOGUE_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== MAGIC || view.getUint8(5) !== 2) return null;
  const little = view.getUint8(4) === LITTLE_ENDIAN;
  const isAccessible = view.getUint8(7) !== 0;
  if (!isAccessible) return null;
  const counters = new Map<string, number | string>();
  const count = view.getInt32(28, little);
  for (let index = 0, at = view.getInt32(24, little); index < count; index++) {
    if (at < PROLOGUE_BYTES || at + ENTRY_BYTES > bytes.length) return null;
    const length = view.getInt32(at, little);
    const nameAt = at + view.getInt32(at + 4, little);
    const vector = view.getInt32(at + 8, little);
    const type = view.getUint8(at + 12);
    const dataAt = at + view.getInt32(at + 16, little);
    if (length < ENTRY_BYTES || at + length > bytes.length || nameAt >= at + length) return null;
    const name = textAt(bytes, nameAt, at + length);
    if (type === TYPE.long && vector === 0 && dataAt + 8 <= at + length) counters.set(name, Number(view.getBigInt64(dataAt, little)));
    if (type === TYPE.byte && vector > 0) counters.set(name, textAt(bytes, dataAt, Math.min(dataAt + vector, at + length)));
    at += length;
  }
  return counters;
}

function textAt(bytes: Uint8Array, start: number, limit: number): string {
  const end = bytes.indexOf(0, start);
  return Buffer.from(bytes.subarray(start, end < 0 || end > limit ? limit : end)).toString("utf8");
}

/** Where the counters of a JVM lie for us: as it has mapped them, else by the pid that it knows itself. Null: it keeps none in a file. */
export function jvmCountersFile(target: Pick<Target, "pid" | "uid" | "namespacePid" | "mappings">): string | null {
  const mapped = target.mappings.find(isCounters)?.path;
  const candidates = mapped === undefined ? countersByName(target) : [pathOf(target, mapped)];
  return candidates.find((file) => isOwnedBy(file, target.uid)) ?? null;
}

function isCounters({ path }: Mapping): boolean {
  return /\/hsperfdata_[^/]+\/\d+$/.test(path);
}

function countersByName(target: Pick<Target, "pid" | "namespacePid">): readonly string[] {
  const folder = pathOf(target, "/tmp");
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith("hsperfdata_"))
      .map((name) => `${folder}/${name}/${target.namespacePid}`);
  } catch {
    return [];
  }
}

/** A file left behind by an earlier process of somebody else with this pid is not its own. */
function isOwnedBy(file: string, uid: number): boolean {
  return statSync(file, { throwIfNoEntry: false })?.uid === uid;
}

/** Null where there is no such file any more, it is not for us, or it makes no sense at this moment. */
export function readJvmCounters(file: string): JvmCounters | null {
  try {
    return parseJvmCounters(readFileSync(file));
  } catch {
    return null;
  }
}

/** Bytes in use in all spaces of the heap, and taken from the system for it. Null where the counters do not say. */
export function heapOfCounters(counters: JvmCounters): { readonly usedBytes: number; readonly committedBytes: number } | null {
  let usedBytes = 0;
  let committedBytes = 0;
  let spaces = 0;
  for (const [name, value] of counters) {
    if (typeof value !== "number" || value < 0) continue;
    if (/^sun\.gc\.generation\.\d+\.space\.\d+\.used$/.test(name)) {
      usedBytes += value;
      spaces++;
    } else if (/^sun\.gc\.generation\.\d+\.capacity$/.test(name)) committedBytes += value;
  }
  // G1 counts a few bytes more than there are, ZGC and Shenandoah have one generation: a sum holds for all of them
  return spaces === 0 || usedBytes > committedBytes ? null : { usedBytes, committedBytes };
}

/**
 * What survived the last collection: the old generation, which only collections fill (and objects too large for the young one), and
 * the survivors' space. Garbage in the old generation is in it until a major collection. Null for collectors without generations.
 */
export function survivorsOfCounters(counters: JvmCounters): number | null {
  const spaces = [...counters].flatMap(([name, value]) => {
    const [, generation, space] = /^sun\.gc\.generation\.(\d+)\.space\.(\d+)\.used$/.exec(name) ?? [];
    if (generation === undefined || typeof value !== "number") return [];
    return { generation: Number(generation), name: counters.get(`sun.gc.generation.${generation}.space.${space}.name`), bytes: value };
  });
  const hasYoung = spaces.some(({ generation, name }) => generation === 0 && name === "eden");
  if (!hasYoung || !spaces.some(({ generation }) => generation === 1)) return null;
  return spaces.filter(({ name }) => name !== "eden").reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Collections since the start, and how many of them looked at the old generation, too. */
export function collectionsOfCounters(counters: JvmCounters): { readonly all: number; readonly major: number } {
  let all = 0;
  let major = 0;
  for (const [name, value] of counters) {
    const [, collector] = /^sun\.gc\.collector\.(\d+)\.invocations$/.exec(name) ?? [];
    if (collector === undefined || typeof value !== "number") continue;
    all += value;
    if (collector !== "0") major += value;
  }
  return { all, major };
}

/** Bytes in use on the Java heap as the JVM counts them, garbage included; null where it keeps no counters that we can read. */
export function jvmUsedBytes(target: Target): number | null {
  const file = jvmCountersFile(target);
  const counters = file === null ? null : readJvmCounters(file);
  return counters === null ? null : (heapOfCounters(counters)?.usedBytes ?? null);
}
