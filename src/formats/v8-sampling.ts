/**
 * V8's sampling heap profile, `.heapprofile` (v8 src/profiler/sampling-heap-profiler.cc): `node --heap-prof`, the inspector's
 * HeapProfiler.stopSampling, DevTools. Sizes are live and already scaled up from the samples.
 *
 * Its surprise: every sample has the ordinal it was taken with, and V8 takes one per interval of allocated bytes. So the file
 * holds a clock of allocations, and the age of everything that is still live. Buffers of Node.js are not in it at all.
 *
 * The file says neither when it was taken nor its interval. What `lagleak attach` writes says it in a member of its own, `lagleak:
 * {takenAtMs, intervalBytes, attached}`, which other readers pass over.
 */
import { Failure } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import { LARGEST_TEXT_BYTES } from "../base/text-lines.ts";
import type { Profile, Survivors } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";
import type { Format } from "./format.ts";
import { clockOfFile } from "./native-stack.ts";
import { scriptModule } from "./script-module.ts";

export const v8Sampling: Format = {
  id: "v8-sampling",
  title: "V8 sampling heap profile (.heapprofile)",
  howToCapture: "node --heap-prof PROGRAM.js",
  recognize,
  read,
};

/** V8's own default; DevTools and the inspector's clients mostly take 32 KiB. */
const LARGEST_USUAL_INTERVAL_BYTES = 512 * 1024;
const MOST_SLICES = 60;

/** Module of functions that V8 brings along (`push`, `map`, `String`): they have no script. */
const BUILT_IN = "v8";

function recognize(head: Uint8Array): Recognition {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString("latin1");
  if (/^\s*\{\s*"head"\s*:\s*\{\s*"callFrame"/.test(text)) return "certain";
  return /^\s*\{/.test(text) && text.includes('"callFrame"') && text.includes('"selfSize"') ? "likely" : "no";
}

interface Sample {
  readonly size: number;
  readonly ordinal: number;
  readonly path: number;
}

async function read(input: Input): Promise<Profile> {
  const bytes = await input.readAll(LARGEST_TEXT_BYTES);
  const document = parseJson(bytes, input);
  const builder = new ProfileBuilder();
  builder.instant({ elapsedMs: 0 });
  const { pathOf, smallestBytes } = addTree(document["head"], builder, input);
  const samples = samplesOf(document["samples"], pathOf, builder);
  const own = isObject(document["lagleak"]) ? document["lagleak"] : {};
  const intervalBytes =
    positive(own["intervalBytes"]) ??
    intervalOf(samples.length === 0 ? smallestBytes : samples.reduce((least, { size }) => Math.min(least, size), Number.POSITIVE_INFINITY));
  const takenAt = positive(own["takenAtMs"]);
  return builder.finish({
    path: input.name,
    format: v8Sampling.id,
    ...(takenAt === null ? clockOfFile(input.modifiedAt) : { clock: "in-file", takenAt }),
    origin: { runtime: "node", attached: own["attached"] === true },
    precision: { kind: "sampled", meanIntervalBytes: intervalBytes },
    observes: "live",
    sampleTypes: [{ type: "selfSize", unit: "bytes" }],
    survivors: samples.length === 0 ? null : survivorsOf(samples, intervalBytes),
    losses: input.losses,
  });
}

function positive(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : null;
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** V8's parser keeps no call stack, so deep trees are no danger. An error at the end of the text is a cut file. */
function parseJson(bytes: Uint8Array, input: Input): JsonObject {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    const position = /position (\d+)/.exec(String(cause));
    const isCut = position === null || Number(position[1]) >= text.length - 1 || /Unterminated|end of JSON/.test(String(cause));
    throw new Failure({
      code: isCut ? "truncated" : "malformed",
      message: isCut ? `is cut at byte ${bytes.length}` : "is no valid JSON",
      where: { file: input.name, offset: isCut ? bytes.length : Number(position?.[1] ?? 0) },
      hint: "Node.js writes the file at its exit: end the process with process.exit() or SIGINT, not with SIGKILL.",
      cause,
    });
  }
  if (!isObject(document)) throw malformed(input, "is no object");
  return document;
}

function malformed(input: Input, message: string): Failure {
  return new Failure({ code: "malformed", message, where: { file: input.name, offset: 0 }, hint: "Take the capture again." });
}

interface Tree {
  readonly pathOf: ReadonlyMap<number, number>; // by node id; Node.js 10 writes none
  readonly smallestBytes: number; // least that a node with anything holds itself
}

/** Walks with a stack of its own: the tree is as deep as the deepest recursion of the program. */
function addTree(head: unknown, builder: ProfileBuilder, input: Input): Tree {
  const pathOf = new Map<number, number>();
  let smallestBytes = Number.POSITIVE_INFINITY;
  const open: { readonly node: unknown; readonly parent: number }[] = [{ node: head, parent: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node } = next;
    if (!isObject(node) || !isObject(node["callFrame"])) throw malformed(input, "has a node without a call frame");
    const ownBytes = Number(node["selfSize"] ?? 0);
    if (!Number.isFinite(ownBytes) || ownBytes < 0) throw malformed(input, "has a node whose size is no number");
    const isRoot = next.parent === 0 && node === head && ownBytes === 0;
    const path = isRoot ? 0 : builder.path(next.parent, frameOf(node["callFrame"], builder));
    if (typeof node["id"] === "number") pathOf.set(node["id"], path);
    if (ownBytes > 0) {
      builder.change(path, { liveBytes: ownBytes, liveBlocks: 0 }); // how many objects that is, the file does not say
      smallestBytes = Math.min(smallestBytes, ownBytes);
    }
    const children = node["children"] ?? [];
    if (!Array.isArray(children)) throw malformed(input, "has a node whose children are no list");
    for (let child = children.length - 1; child >= 0; child--) open.push({ node: children[child], parent: path });
  }
  return { pathOf, smallestBytes };
}

function frameOf(callFrame: JsonObject, builder: ProfileBuilder): number {
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const url = text(callFrame["url"]);
  const line = Number(callFrame["lineNumber"]) + 1; // written from 0; -1 = none
  return builder.frame({
    name: text(callFrame["functionName"]) || "(anonymous)",
    module: builder.module(url === "" ? BUILT_IN : scriptModule(url)),
    file: url,
    line: Number.isInteger(line) && line > 0 && line < 2 ** 32 ? line : 0,
  });
}

function samplesOf(list: unknown, pathOf: ReadonlyMap<number, number>, builder: ProfileBuilder): readonly Sample[] {
  if (!Array.isArray(list)) return [];
  const samples: Sample[] = [];
  for (const entry of list as readonly unknown[]) {
    const [size, ordinal, node] = isObject(entry) ? [entry["size"], entry["ordinal"], entry["nodeId"]] : [];
    const path = typeof node === "number" ? pathOf.get(node) : undefined;
    const isValid = typeof size === "number" && size > 0 && Number.isFinite(size) && typeof ordinal === "number" && ordinal >= 1;
    if (isValid && ordinal < 2 ** 40 && path !== undefined) samples.push({ size, ordinal, path });
    else builder.loss("malformed-record", "samples that cannot be read were skipped: the ages of survivors are incomplete", null);
  }
  return samples;
}

/**
 * The interval is not in the file, but bounded by it. V8 reports S·floor(1/p + ½) for an object of S bytes, p = 1 - e^(-S/R),
 * which is above R for every S and at most R + S while S is small. So R is just below the smallest sample (32784 for objects
 * of 24 bytes and R = 32768): the multiple of 1 KiB below it. Where only large objects were sampled this is too high, so it
 * is limited by V8's default.
 */
function intervalOf(smallestSampleBytes: number): number {
  const below = Math.floor((smallestSampleBytes - 1) / 1024) * 1024;
  return Math.min(LARGEST_USUAL_INTERVAL_BYTES, Math.max(1024, below));
}

/**
 * Ordinal times interval = bytes allocated so far (measured: 371 MiB for 370 MiB true). Slices are equal in allocated bytes, so
 * each has the same number born; what dies before the end is missing in the samples, which is the point.
 */
function survivorsOf(samples: readonly Sample[], intervalBytes: number): Survivors {
  const lastOrdinal = samples.reduce((most, { ordinal }) => Math.max(most, ordinal), 1);
  const slices = Math.min(MOST_SLICES, Math.ceil(lastOrdinal));
  const bytes = new Map<number, number>(); // by path and slice
  for (const { size, ordinal, path } of samples) {
    const slice = 1 + Math.min(slices - 1, Math.floor(((ordinal - 1) * slices) / lastOrdinal));
    const key = path * (slices + 1) + slice;
    bytes.set(key, (bytes.get(key) ?? 0) + size);
  }
  const bornBytes = new Float64Array(slices + 1).fill((lastOrdinal * intervalBytes) / slices);
  bornBytes[0] = 0;
  const rows = [...bytes];
  return {
    clock: "allocation",
    matching: "exact",
    slices: slices + 1,
    bornBytes,
    length: rows.length,
    path: Uint32Array.from(rows, ([key]) => Math.floor(key / (slices + 1))),
    bornAt: Uint32Array.from(rows, ([key]) => key % (slices + 1)),
    bytes: Float64Array.from(rows, ([, size]) => size),
    blocks: new Float64Array(rows.length),
    doubtfulBytes: new Float64Array(rows.length),
  };
}
