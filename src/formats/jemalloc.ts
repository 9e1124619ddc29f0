/**
 * jemalloc `heap_v2` dumps (jemalloc src/prof_data.c, src/prof_sys.c; read as bin/jeprof.in reads them): stacks of sampled
 * allocations and the memory map of the process.
 *
 * Its surprise: the numbers are samples, and their plain total can fall while the heap grows. Each stack has to be scaled by
 * its own mean size, from its `t*` line; since jemalloc 5.3 the numbers are written so that exactly this gives the true ones.
 */
import { Failure } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import { LARGEST_TEXT_BYTES, type TextLine, textLines } from "../base/text-lines.ts";
import { FrameKind, type Profile } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";
import type { Format, ReadOptions } from "./format.ts";
import { clockOfFile, MAPS_HEADER, NativeStacks, parseAddresses } from "./native-stack.ts";
import { unsampleFactor } from "./unsample.ts";

export const jemalloc: Format = {
  id: "jemalloc",
  title: "jemalloc heap dump (heap_v2)",
  howToCapture: "MALLOC_CONF=prof:true,prof_prefix:/tmp/jeprof,lg_prof_interval:26 LD_PRELOAD=libjemalloc.so.2 PROGRAM",
  recognize,
  read,
};

const FIRST_LINE = /^heap_v2\/(\d+)\s*$/;
/** `<prefix>[.<pid namespace>].<pid>.<seq>.<i|m|u><n>.heap`, or `.f.heap` for the dump at exit. */
const DUMP_NAME = /\.(\d+)\.\d+\.(f|[imu]\d+)\.heap(?:\.gz|\.zst)?$/;
const COUNTS = /^\s*t(\*|\d+): (\d+): (\d+) \[(\d+): (\d+)\](?: (.+))?$/;

function recognize(head: Uint8Array): Recognition {
  return /^heap_v2\/\d+\r?\n/.test(Buffer.from(head.subarray(0, 40)).toString("latin1")) ? "certain" : "no";
}

interface Counts {
  readonly blocks: number;
  readonly bytes: number;
  readonly allocatedBlocks: number;
  readonly allocatedBytes: number;
}

interface Stack {
  readonly addresses: readonly number[];
  readonly threads: Map<string, Counts>; // `*` = all threads
}

async function read(input: Input, options: ReadOptions): Promise<Profile> {
  const bytes = await input.readAll(LARGEST_TEXT_BYTES);
  const builder = new ProfileBuilder();
  const dump = parse(bytes, input, builder);
  const stacks = new NativeStacks(builder, dump.maps, options);
  builder.instant({ elapsedMs: 0 });
  let allocatedBytes = 0;
  for (const stack of dump.stacks) allocatedBytes += addStack(stack, dump, stacks, builder);
  stacks.reportUnnamed();
  const name = DUMP_NAME.exec(input.name);
  return builder.finish({
    path: input.name,
    format: jemalloc.id,
    formatVersion: "heap_v2",
    ...clockOfFile(input.modifiedAt),
    origin: { runtime: "native", executable: stacks.executable, pid: name === null ? null : Number(name[1]) },
    precision: dump.intervalBytes <= 1 ? { kind: "exact" } : { kind: "sampled", meanIntervalBytes: dump.intervalBytes },
    // without prof_accum:true the counters of all allocations stay 0
    observes: allocatedBytes > 0 ? "both" : "live",
    sampleTypes: [
      { type: "objects", unit: "count" },
      { type: "space", unit: "bytes" },
    ],
    endsWithExit: name?.[2] === "f",
    losses: input.losses,
  });
}

interface Dump {
  readonly intervalBytes: number;
  readonly threadNames: ReadonlyMap<string, string>;
  readonly stacks: readonly Stack[];
  readonly maps: string;
}

function parse(bytes: Uint8Array, input: Input, builder: ProfileBuilder): Dump {
  let intervalBytes = -1;
  const threadNames = new Map<string, string>();
  const stacks: Stack[] = [];
  let stack: Stack | null = null;
  let mapsOffset = -1;
  let last: TextLine | null = null;
  for (const line of textLines(bytes)) {
    last = line;
    const { text, offset } = line;
    if (intervalBytes < 0) {
      const first = FIRST_LINE.exec(text);
      if (first === null)
        throw new Failure({ code: "malformed", message: "does not begin with heap_v2/", where: { file: input.name, line: 1 } });
      intervalBytes = Number(first[1]);
    } else if (text.trim() === MAPS_HEADER) {
      mapsOffset = offset;
      break;
    } else if (!line.isComplete) break;
    else if (text.startsWith("@")) {
      stack = { addresses: parseAddresses(text), threads: new Map() };
      stacks.push(stack);
    } else if (text.trim() !== "") {
      const match = COUNTS.exec(text);
      if (match === null) {
        builder.loss("malformed-record", "lines that are no counts were skipped", offset);
        continue;
      }
      const [, thread = "", blocks, liveBytes, allocatedBlocks, allocatedBytes, name] = match;
      if (stack === null) {
        if (name !== undefined) threadNames.set(thread, name);
      } else {
        stack.threads.set(thread, {
          blocks: Number(blocks),
          bytes: Number(liveBytes),
          allocatedBlocks: Number(allocatedBlocks),
          allocatedBytes: Number(allocatedBytes),
        });
      }
    }
  }
  const maps = mapsOffset < 0 ? "" : Buffer.from(bytes.buffer, bytes.byteOffset + mapsOffset, bytes.length - mapsOffset).toString("utf8");
  if (mapsOffset < 0) {
    builder.loss("truncated", "the dump is cut: its memory map is missing, and stacks before it may be", last?.offset ?? bytes.length);
  } else if (bytes[bytes.length - 1] !== 0x0a) {
    builder.loss("truncated", "the dump is cut within its memory map: some modules are unknown", bytes.length);
  }
  return { intervalBytes, threadNames, stacks, maps };
}

/**
 * Threads that have names get what they hold as paths of their own. All of a stack is scaled by the factor of its `t*` line,
 * so that the parts add up to what jeprof says of it. Nothing is rounded: the error of many stacks would add up.
 * Returns the bytes the stack ever allocated.
 */
function addStack({ addresses, threads }: Stack, dump: Dump, stacks: NativeStacks, builder: ProfileBuilder): number {
  const all = threads.get("*");
  if (all === undefined) return 0; // cut after the addresses
  const liveFactor = unsampleFactor(all.blocks, all.bytes, dump.intervalBytes);
  const allocatedFactor = unsampleFactor(all.allocatedBlocks, all.allocatedBytes, dump.intervalBytes);
  const rest = {
    liveBytes: all.bytes * liveFactor,
    liveBlocks: all.blocks * liveFactor,
    allocatedBytes: all.allocatedBytes * allocatedFactor,
    allocatedBlocks: all.allocatedBlocks * allocatedFactor,
  };
  const total = rest.allocatedBytes;
  for (const [thread, counts] of threads) {
    const name = dump.threadNames.get(thread);
    if (name === undefined || thread === "*") continue;
    const part = {
      liveBytes: Math.min(rest.liveBytes, counts.bytes * liveFactor),
      liveBlocks: Math.min(rest.liveBlocks, counts.blocks * liveFactor),
      allocatedBytes: Math.min(rest.allocatedBytes, counts.allocatedBytes * allocatedFactor),
      allocatedBlocks: Math.min(rest.allocatedBlocks, counts.allocatedBlocks * allocatedFactor),
    };
    builder.change(stacks.path(addresses, builder.path(0, builder.frame({ name, kind: FrameKind.thread }))), part);
    rest.liveBytes -= part.liveBytes;
    rest.liveBlocks -= part.liveBlocks;
    rest.allocatedBytes -= part.allocatedBytes;
    rest.allocatedBlocks -= part.allocatedBlocks;
  }
  if (rest.liveBytes > 0 || rest.liveBlocks > 0 || rest.allocatedBytes > 0) builder.change(stacks.path(addresses, 0), rest);
  return total;
}
