/**
 * The `heap profile:` family (github.com/google/pprof, profile/legacy_profile.go): gperftools (exact, `@ heapprofile`), tcmalloc
 * (sampled, `@ heap_v2/N`), Go's debug=1 (sampled, `@ heap/N`) and the Java text of old Google tools (`--- heapz 1 ---`).
 *
 * Its surprises: `heap/N` means one sample in N/2 bytes, and what pprof passes over as comments in Go's text is the best of it:
 * function names, and the live heap as the runtime itself states it.
 */
import { Failure } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import { LARGEST_TEXT_BYTES, textLines } from "../base/text-lines.ts";
import type { Precision, Profile } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";
import type { Format, ReadOptions } from "./format.ts";
import { readJavaHeapz } from "./java-heapz.ts";
import { clockOfFile, MAPS_HEADER, NativeStacks, parseAddresses } from "./native-stack.ts";
import { unsampleFactor } from "./unsample.ts";

export const heapProfileText: Format = {
  id: "heap-profile",
  title: "text heap profile (gperftools, tcmalloc, Go debug=1)",
  howToCapture: "HEAPPROFILE=/tmp/heap HEAP_PROFILE_TIME_INTERVAL=60 LD_PRELOAD=libtcmalloc.so.4 PROGRAM",
  recognize,
  read,
};

const HEADER = /^heap profile: *(-?\d+): *(-?\d+) *\[ *(-?\d+): *(-?\d+) *\] *@ *([a-z_0-9]*)\/?(\d*)/;
const RECORD = /^ *(-?\d+): *(-?\d+) *\[ *(\d+): *(\d+) *\] @(.*)$/;
/** `#	0x4b4164	main.fetchLoop+0x64	/src/main.go:7`; tabs align the columns, so there may be several. */
const GO_FRAME = /^#\t(0x[0-9a-f]+)\t([^\t]+)\+0x[0-9a-f]+\t+(.*):(\d+)$/;
/** Old tcmalloc writes the memory map without its header line. */
const MAPS_LINE = /^[0-9a-f]{6,16}-[0-9a-f]{6,16} [r-][w-][x-][ps-] /;
const MEM_STATS = "# runtime.MemStats";

function recognize(head: Uint8Array): Recognition {
  const text = Buffer.from(head.subarray(0, 256)).toString("latin1");
  return /^(?:heap profile: *-?\d+:|--- heapz \d+ ---)/.test(text) ? "certain" : "no";
}

async function read(input: Input, options: ReadOptions): Promise<Profile> {
  const bytes = await input.readAll(LARGEST_TEXT_BYTES);
  if (Buffer.from(bytes.subarray(0, 3)).toString("latin1") === "---") return readJavaHeapz(bytes, input, heapProfileText.id);
  const builder = new ProfileBuilder();
  const dump = parse(bytes, input, builder);
  const stacks = new NativeStacks(builder, dump.maps, options);
  builder.instant({ elapsedMs: 0, reportedHeapBytes: dump.heapAllocBytes });
  let liveBytes = 0;
  for (const record of dump.records) {
    const change = changeOf(record.counts, dump.sampling);
    builder.change(record.frames.length === 0 ? stacks.path(record.addresses, 0) : goPath(record.frames, builder), change);
    liveBytes += change.liveBytes;
  }
  stacks.reportUnnamed();
  reportStaleness(dump, liveBytes, builder);
  return builder.finish({
    path: input.name,
    format: heapProfileText.id,
    formatVersion: dump.sampling.kind,
    ...clockOfFile(input.modifiedAt),
    origin: { runtime: dump.sampling.kind === "heap" ? "go" : "native", executable: stacks.executable },
    precision: precisionOf(dump.sampling, builder),
    observes: dump.sampling.countsAllocations ? "both" : "live",
    sampleTypes: sampleTypesOf(dump.sampling),
    losses: input.losses,
  });
}

interface Sampling {
  readonly kind: string; // heapprofile, heap_v2, heapz_v2, heap
  readonly intervalBytes: number; // <= 1: every allocation is counted
  readonly countsAllocations: boolean;
}

interface Counts {
  liveBlocks: number;
  liveBytes: number;
  allocatedBlocks: number;
  allocatedBytes: number;
}

const COUNT_KEYS = ["liveBlocks", "liveBytes", "allocatedBlocks", "allocatedBytes"] as const;

interface GoFrame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

interface HeapRecord {
  readonly counts: Counts;
  readonly addresses: readonly number[]; // return addresses, leaf first
  readonly frames: GoFrame[]; // leaf first; empty where the file names none
}

interface Dump {
  readonly sampling: Sampling;
  readonly records: readonly HeapRecord[];
  readonly heapAllocBytes: number; // 0 = not said
  readonly maps: string;
}

function parse(bytes: Uint8Array, input: Input, builder: ProfileBuilder): Dump {
  let header: Counts | null = null;
  let sampling: Sampling = { kind: "", intervalBytes: 0, countsAllocations: false };
  const sum: Counts = { liveBlocks: 0, liveBytes: 0, allocatedBlocks: 0, allocatedBytes: 0 };
  const records: HeapRecord[] = [];
  let heapAllocBytes = 0;
  let isInStats = false;
  let mapsOffset = -1;
  let cutAt = -1;
  for (const { text, offset, isComplete } of textLines(bytes)) {
    if (header === null) {
      const match = HEADER.exec(text);
      if (match === null) throw refuse(input, "malformed", "its first line is no complete header");
      sampling = samplingOf(match, input);
      header = countsOf(match);
      continue;
    }
    if (!isComplete) cutAt = offset;
    const record = isComplete ? RECORD.exec(text) : null;
    if (record !== null) {
      const counts = countsOf(record);
      records.push({ counts, addresses: parseAddresses(record[5] ?? ""), frames: [] });
      for (const key of COUNT_KEYS) sum[key] += counts[key];
    } else if (text.startsWith(MAPS_HEADER) || MAPS_LINE.test(text)) {
      mapsOffset = offset;
      break;
    } else if (text.startsWith("#")) {
      isInStats ||= text.startsWith(MEM_STATS);
      const frame = isInStats ? null : GO_FRAME.exec(text);
      if (frame !== null) records.at(-1)?.frames.push({ name: frame[2] ?? "", file: frame[3] ?? "", line: Number(frame[4]) });
      else if (isInStats && isComplete && text.startsWith("# HeapAlloc = ")) heapAllocBytes = Number(text.slice(14)) || 0;
    } else if (text.trim() !== "" && isComplete) builder.loss("malformed-record", "lines that are no records were skipped", offset);
  }
  if (header === null) throw refuse(input, "truncated", "ends within its first line");
  const maps = mapsOffset < 0 ? "" : Buffer.from(bytes.buffer, bytes.byteOffset + mapsOffset, bytes.length - mapsOffset).toString("utf8");
  if (mapsOffset >= 0 && bytes[bytes.length - 1] !== 0x0a) cutAt = bytes.length;
  // The header counts everything, so records that are missing show even where the cut is between two lines, and damaged numbers, too.
  const announced = header;
  const isLong = COUNT_KEYS.some((key) => sum[key] > announced[key]);
  const isShort = COUNT_KEYS.some((key) => sum[key] < announced[key]);
  const figures = `${sum.liveBytes} of ${announced.liveBytes} B live, ${sum.allocatedBytes} of ${announced.allocatedBytes} B allocated`;
  if (isLong) {
    builder.loss("malformed-record", `the records add up to more than the header says (${figures}): one of them is damaged`, 0);
  } else if (isShort) {
    const text = `the records add up to less than the header says (${figures}): the file is cut, or its writer ran out of space`;
    builder.loss("truncated", text, cutAt >= 0 ? cutAt : mapsOffset >= 0 ? mapsOffset : bytes.length);
  } else if (cutAt >= 0) builder.loss("truncated", "the file ends within a line; all records are there", cutAt);
  else if (sampling.kind === "heapprofile" && mapsOffset < 0) {
    builder.loss("truncated", "the memory map at the end is missing; all records are there", bytes.length);
  }
  return { sampling, records, heapAllocBytes, maps };
}

function countsOf(match: RegExpExecArray): Counts {
  return {
    liveBlocks: Number(match[1]),
    liveBytes: Number(match[2]),
    allocatedBlocks: Number(match[3]),
    allocatedBytes: Number(match[4]),
  };
}

/** tcmalloc writes the live numbers a second time where it has no count of all allocations. */
function samplingOf(header: RegExpExecArray, input: Input): Sampling {
  const kind = header[5] ?? "";
  const rate = Number(header[6] ?? "0");
  if (kind === "heapprofile") return { kind, intervalBytes: 1, countsAllocations: true };
  const countsAllocations = header[1] !== header[3] || header[2] !== header[4];
  if (kind === "heap_v2" || kind === "heapz_v2") return { kind, intervalBytes: rate, countsAllocations };
  if (kind === "heap") return { kind, intervalBytes: rate / 2, countsAllocations: true };
  if (kind.startsWith("growth")) {
    throw refuse(input, "format-unsupported", "is a growth profile: what the heap took from the system, not what is live", GIVE_HEAP);
  }
  throw refuse(input, "format-unsupported", `is a heap profile of an unknown kind (${kind === "" ? "none" : kind})`, GIVE_HEAP);
}

const GIVE_HEAP = "Fetch /pprof/heap, or the file that HEAPPROFILE names.";

function refuse(input: Input, code: "malformed" | "truncated" | "format-unsupported", message: string, hint = "Take it again."): Failure {
  return new Failure({ code, message, where: { file: input.name, offset: 0 }, hint });
}

/** Unsampled per record and truncated to whole blocks and bytes, as `scaleHeapSample` does, so that totals equal those of pprof. */
function changeOf(counts: Counts, { intervalBytes, countsAllocations }: Sampling): Counts {
  const live = unsampleFactor(counts.liveBlocks, counts.liveBytes, intervalBytes);
  const allocated = countsAllocations ? unsampleFactor(counts.allocatedBlocks, counts.allocatedBytes, intervalBytes) : 0;
  return {
    liveBlocks: Math.trunc(counts.liveBlocks * live),
    liveBytes: Math.trunc(counts.liveBytes * live),
    allocatedBlocks: Math.trunc(counts.allocatedBlocks * allocated),
    allocatedBytes: Math.trunc(counts.allocatedBytes * allocated),
  };
}

function goPath(frames: readonly GoFrame[], builder: ProfileBuilder): number {
  let path = 0;
  for (const frame of frames.toReversed()) path = builder.path(path, builder.frame(frame));
  return path;
}

function precisionOf(sampling: Sampling, builder: ProfileBuilder): Precision {
  if (sampling.intervalBytes > 0) {
    return sampling.intervalBytes <= 1 ? { kind: "exact" } : { kind: "sampled", meanIntervalBytes: sampling.intervalBytes };
  }
  builder.loss("sampling", "the file does not say its sampling interval: its numbers are taken as they stand", null);
  return { kind: "exact" };
}

function sampleTypesOf(sampling: Sampling): Profile["sampleTypes"] {
  const live = [
    { type: "inuse_objects", unit: "count" },
    { type: "inuse_space", unit: "bytes" },
  ];
  if (!sampling.countsAllocations) return live;
  return [{ type: "alloc_objects", unit: "count" }, { type: "alloc_space", unit: "bytes" }, ...live];
}

/**
 * Go's profile shows the heap at the last finished collection. A difference to HeapAlloc above three standard deviations of
 * the sampling (variance = interval x bytes) and above a tenth is no noise: the heap has moved on since.
 */
function reportStaleness(dump: Dump, liveBytes: number, builder: ProfileBuilder): void {
  const gapBytes = dump.heapAllocBytes - liveBytes;
  const noiseBytes = 3 * Math.sqrt(dump.sampling.intervalBytes * dump.heapAllocBytes);
  if (gapBytes <= noiseBytes || gapBytes <= dump.heapAllocBytes / 10) return;
  const text = `the profile shows the last finished garbage collection (${liveBytes} B), the runtime says ${dump.heapAllocBytes} B by now: fetch with ?gc=1`;
  builder.loss("stale", text, null);
}
