/**
 * pprof `profile.proto` (github.com/google/pprof, proto/profile.proto): Go's /debug/pprof/heap, @datadog/pprof, jemalloc_pprof,
 * Pyroscope and Parca exports. gzip is optional; `base/source.ts` has undone it.
 *
 * Its surprise: the values are already scaled up from the samples, unlike in every older format; scaling them again doubles a heap.
 */
import { at } from "../base/columns.ts";
import { Failure } from "../base/failure.ts";
import { WireReader, WireType } from "../base/protobuf.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import { FrameKind, type Origin, type Profile } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";
import type { Format } from "./format.ts";
import { decodePprof, type PprofMessage } from "./pprof-message.ts";
import { scriptModule } from "./script-module.ts";

/** Go's runtime.MemProfileRate, and what most others took over. */
const USUAL_INTERVAL_BYTES = 512 * 1024;

/** Spellings of the writers, `-` written as `_`: Go and Node, tcmalloc (`space`), Datadog's native, .NET and Java profilers. */
const COLUMNS = {
  liveBytes: ["inuse_space", "space", "inuse_size", "heap_live_size"],
  liveBlocks: ["inuse_objects", "objects", "heap_live_samples"],
  allocatedBytes: ["alloc_space", "alloc_size"],
  allocatedBlocks: ["alloc_objects", "alloc_samples"],
} as const;

const THREAD_NAME_KEYS: ReadonlySet<string> = new Set(["thread", "thread_name", "thread name"]);
const THREAD_ID_KEYS: ReadonlySet<string> = new Set(["thread_id", "thread id"]);
const THREAD_KEYS: ReadonlySet<string> = new Set([...THREAD_NAME_KEYS, ...THREAD_ID_KEYS]);

export const pprof: Format = {
  id: "pprof",
  title: "pprof profile (profile.proto)",
  howToCapture: "curl -o heap.pb.gz 'http://HOST:PORT/debug/pprof/heap?gc=1'",
  recognize,
  read,
};

/**
 * There is no magic number: the first bytes have to be fields of a Profile. OTLP begins with the same byte, and so does a text
 * with an empty first line, but in neither is the first field a ValueType (two numbers).
 */
function recognize(head: Uint8Array): Recognition {
  const reader = new WireReader(head, "");
  let fields = 0;
  let types = 0;
  try {
    while (reader.hasMore) {
      const tag = reader.varint();
      const field = tag >>> 3;
      if (field > 15) return "no";
      const isMessage = (field >= 1 && field <= 6) || field === 11 || (field === 13 && (tag & 7) === WireType.bytes);
      if (field === 0 || (tag & 7) !== (isMessage ? WireType.bytes : WireType.varint)) return "no";
      if (!isMessage) reader.varint();
      else {
        const outer = reader.enter();
        if (field === 1 || field === 11) {
          while (reader.hasMore) {
            const inner = reader.varint();
            if (inner !== 0x08 && inner !== 0x10) return "no";
            reader.varint();
          }
          if (field === 1) types++;
        }
        reader.leave(outer);
      }
      fields++;
    }
  } catch (failure) {
    if (!(failure instanceof Failure) || failure.code !== "truncated") return "no";
  }
  if (types > 0) return "certain";
  return fields > 1 ? "likely" : "no";
}

async function read(input: Input): Promise<Profile> {
  const bytes = await input.readAll();
  const cut = input.losses.find((loss) => loss.code === "truncated");
  if (cut !== undefined) {
    throw new Failure({
      code: "truncated",
      message: cut.text,
      where: { file: input.name, offset: cut.offset ?? bytes.length },
      hint: "Names come last in a profile, so a cut one says nothing. Fetch it again.",
    });
  }
  const message = decodePprof(bytes, input.name);
  const columns = columnsOf(message);
  if (columns.liveBytes < 0 && columns.allocatedBytes < 0) {
    const names = message.sampleTypes.map(({ type }) => (type === "" ? "(no name)" : type)).join(", ");
    throw new Failure({
      code: "format-unsupported",
      message: `is a profile without memory (it holds ${names === "" ? "nothing" : names})`,
      where: { file: input.name },
      hint: "Fetch /debug/pprof/heap?gc=1 instead.",
    });
  }
  const builder = new ProfileBuilder();
  builder.instant({ elapsedMs: 0 });
  addSamples(message, columns, builder);
  const durationSeconds = message.durationNanos / 1e9;
  if (columns.liveBytes < 0) builder.loss("not-live", "the profile counts allocations only, it does not say what is live", null);
  else if (durationSeconds !== 0) {
    builder.loss(
      "not-live",
      `the profile covers ${durationSeconds.toFixed(1)} s: a sum over, or a difference between, several dumps and no live size`,
      null,
    );
  }
  const isSaid = message.period > 1 && message.periodUnit.startsWith("byte");
  if (!isSaid) {
    builder.loss("sampling", "the file does not say its sampling interval: 512 KiB, the default of Go and Node.js, is assumed", null);
  }
  return builder.finish({
    path: input.name,
    format: pprof.id,
    ...clockOf(message, input),
    origin: originOf(message),
    precision: { kind: "sampled", meanIntervalBytes: isSaid ? message.period : USUAL_INTERVAL_BYTES },
    observes: columns.liveBytes < 0 ? "allocated" : columns.allocatedBytes < 0 ? "live" : "both",
    sampleTypes: message.sampleTypes,
    losses: input.losses,
  });
}

function clockOf(message: PprofMessage, input: Input): Pick<Parameters<ProfileBuilder["finish"]>[0], "clock" | "takenAt"> {
  if (message.timeNanos > 0) return { clock: "in-file", takenAt: message.timeNanos / 1e6 };
  return { clock: input.modifiedAt === null ? "none" : "mtime", takenAt: input.modifiedAt };
}

type MemoryColumns = Readonly<Record<keyof typeof COLUMNS, number>>;

/** Which value of a sample is which; -1 where the profile has none. Sizes have to be bytes. */
function columnsOf(message: PprofMessage): MemoryColumns {
  const find = (names: readonly string[], isSize: boolean): number =>
    message.sampleTypes.findIndex(({ type, unit }) => {
      const isBytes = /^(bytes?|b)?$/i.test(unit);
      return names.includes(type.toLowerCase().replaceAll("-", "_")) && (!isSize || isBytes);
    });
  return {
    liveBytes: find(COLUMNS.liveBytes, true),
    liveBlocks: find(COLUMNS.liveBlocks, false),
    allocatedBytes: find(COLUMNS.allocatedBytes, true),
    allocatedBlocks: find(COLUMNS.allocatedBlocks, false),
  };
}

function addSamples(message: PprofMessage, columns: MemoryColumns, builder: ProfileBuilder): void {
  const { samples, sampleTypes } = message;
  const { firstFrame, frames } = framesOfLocations(message, builder);
  const hasThreads = message.hasString(THREAD_KEYS);
  const value = (sample: number, column: number): number => (column < 0 ? 0 : at(samples.values, sample * sampleTypes.length + column));
  let negative = 0;
  for (let sample = 0; sample < samples.length; sample++) {
    const liveBytes = value(sample, columns.liveBytes);
    const liveBlocks = columns.liveBytes < 0 ? 0 : value(sample, columns.liveBlocks);
    const allocatedBytes = value(sample, columns.allocatedBytes);
    const allocatedBlocks = value(sample, columns.allocatedBlocks);
    if (liveBytes === 0 && liveBlocks === 0 && allocatedBytes === 0 && allocatedBlocks === 0) continue;
    if (liveBytes < 0 || allocatedBytes < 0 || allocatedBlocks < 0) negative++;
    let path = hasThreads ? threadPath(message, sample, builder) : 0;
    const first = at(samples.firstLocation, sample);
    for (let step = at(samples.firstLocation, sample + 1) - 1; step >= first; step--) {
      const location = samples.locations[step] as number;
      const end = firstFrame[location + 1] as number;
      for (let frame = firstFrame[location] as number; frame < end; frame++) path = builder.path(path, frames[frame] as number);
    }
    builder.change(path, {
      liveBytes,
      liveBlocks,
      allocatedBytes: Math.max(0, allocatedBytes),
      allocatedBlocks: Math.max(0, allocatedBlocks),
    });
  }
  if (negative > 0) {
    builder.loss("not-live", "the profile has negative sizes: it is the difference between two dumps and no live size", null, negative);
  }
}

/** The frames of every location, from the outer function to the innermost inlined one. */
function framesOfLocations(
  message: PprofMessage,
  builder: ProfileBuilder,
): { readonly firstFrame: Uint32Array; readonly frames: Uint32Array } {
  const { locations, functions, mappings, string } = message;
  const modules = Array.from({ length: mappings.length }, (_, row) => builder.module(string(at(mappings.file, row))));
  const firstFrame = new Uint32Array(locations.length + 1);
  const frames = new Uint32Array(at(locations.firstLine, locations.length) + locations.length);
  let length = 0;
  for (let location = 0; location < locations.length; location++) {
    firstFrame[location] = length;
    const mapping = at(locations.mapping, location);
    const module = mapping === 0 ? 0 : (modules[mapping - 1] ?? 0);
    const firstLine = at(locations.firstLine, location);
    for (let line = at(locations.firstLine, location + 1) - 1; line >= firstLine; line--) {
      const row = at(locations.lineFunction, line) - 1;
      if (row < 0) continue;
      const name = string(at(functions.name, row)) || string(at(functions.systemName, row));
      const file = string(at(functions.file, row));
      frames[length++] = builder.frame({
        name,
        module: mapping === 0 && isScript(file) ? builder.module(scriptModule(file)) : module,
        file,
        line: at(locations.lineNumber, line),
        kind: /^:?\(external\)/.test(name) ? FrameKind.external : FrameKind.function,
      });
    }
    if (length === at(firstFrame, location)) {
      frames[length++] = builder.frame({ name: "", module, address: addressInModule(message, location) });
    }
  }
  firstFrame[locations.length] = length;
  return { firstFrame, frames };
}

/** jemalloc_pprof writes addresses of the module and says that every mapping starts at 0: then this changes nothing. */
function addressInModule(message: PprofMessage, location: number): number {
  const mapping = at(message.locations.mapping, location) - 1;
  const address = at(message.locations.address, location);
  if (mapping < 0) return address;
  const start = at(message.mappings.start, mapping);
  return address < start ? address : address - start + at(message.mappings.fileOffset, mapping);
}

function threadPath(message: PprofMessage, sample: number, builder: ProfileBuilder): number {
  const labels = message.labels(sample);
  const named = labels.find(({ key, text }) => THREAD_NAME_KEYS.has(key) && text !== "");
  const numbered = labels.find(({ key }) => THREAD_ID_KEYS.has(key));
  if (named === undefined && numbered === undefined) return 0;
  const name = named?.text ?? `thread ${numbered?.text || numbered?.number}`;
  return builder.path(0, builder.frame({ name, kind: FrameKind.thread }));
}

function isScript(file: string): boolean {
  return /^node:|\.[cm]?[jt]sx?$/.test(file);
}

/** By the files of the functions: a profile says nowhere what it was taken from. */
function originOf(message: PprofMessage): Partial<Origin> {
  const { functions, mappings, string } = message;
  const votes = { go: 0, node: 0, jvm: 0 };
  for (let row = 0; row < functions.length; row++) {
    const file = string(at(functions.file, row));
    if (file.endsWith(".go")) votes.go++;
    else if (isScript(file)) votes.node++;
    else if (/\.(java|kt|scala)$/.test(file)) votes.jvm++;
  }
  const most = Math.max(votes.go, votes.node, votes.jvm);
  const runtime =
    most === 0 ? (mappings.length > 0 ? "native" : "unknown") : most === votes.go ? "go" : most === votes.node ? "node" : "jvm";
  const executable = mappings.length === 0 ? "" : string(at(mappings.file, 0));
  return { runtime, executable: executable === "" ? null : executable };
}
