/**
 * Who allocates the size of blocks that grows: two censuses of the heap name the size, and bpftrace follows only the calls of malloc,
 * calloc and realloc that ask for it, until they are freed. The kernel counts; nothing is loaded into the process, and it never stops.
 *
 * The surprise: at the entry of a function its caller is not in the chain of frame pointers yet, so it is read from the stack; what
 * called that shows only where code was built with frame pointers.
 */
import { execFileSync, spawn } from "node:child_process";
import { utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Failure } from "../base/failure.ts";
import { formatBytes } from "../base/units.ts";
import type { Attacher } from "./attacher.ts";
import { captureFile, nothingCaptured } from "./capture-files.ts";
import { type HeapCensus, isRefusal, type OpenGauge } from "./gauge.ts";
import { mallocCensusGauge } from "./malloc-census-gauge.ts";
import type { Mapping } from "./proc.ts";
import type { Target } from "./target.ts";
import { mappedFile } from "./target-files.ts";
import { mayTraceKernel } from "./target-rights.ts";
import { pause, waitFor } from "./waiting.ts";

const ID = "bpftrace-sites";
const CENSUS_TIMEOUT_MS = 20_000;
const SHORTEST_GROWTH_MS = 2000;
/** Of the window; the rest is for following. */
const GROWTH_SHARE = 1 / 3;
const MOST_BLOCKS = 200_000;
const SMALLEST_CHUNK_BYTES = 32;
const PAGE_BYTES = 4096;
/** Blocks from this size on may have a mapping of their own (M_MMAP_THRESHOLD). */
const MAPPED_BYTES = 128 << 10;

export const bpftraceSites: Attacher = {
  id: ID,
  title: "who allocates the size that grows, by bpftrace",
  level: 1,
  sees: "allocations of the one size of blocks that grows, by their caller, until they are freed; longer stacks only with frame pointers",
  isFor: (target) => target.allocator.id === "glibc" && target.runtime.id !== "jvm",
  refuses: async (target) => {
    if (!hasBpftrace()) {
      return {
        because: "there is no bpftrace here",
        fix: "Install it: `apt-get install bpftrace` (Debian, Ubuntu), `dnf install bpftrace` (Fedora).",
      };
    }
    if (!mayTraceKernel()) {
      return {
        because: "this user may not load programs into the kernel",
        fix: "Run lagleak with `sudo`; in a container it needs `--privileged` and the pid namespace of the machine.",
      };
    }
    if (target.memoryRefusal !== null) return target.memoryRefusal;
    const gauge = await mallocCensusGauge.open(target, { brokers: [], group: null });
    if (gauge !== null && !isRefusal(gauge)) await gauge.close();
    return gauge !== null && isRefusal(gauge) ? gauge : null;
  },
  plan: async (_target, windowMs) => ({
    what: `take two censuses of the heap, and follow by bpftrace for ${Math.round(followMs(windowMs) / 1000)} s who allocates the size that grows most`,
    stops: "nothing",
    risk: "every call of malloc and free takes about a microsecond more meanwhile: felt by programs that allocate 100,000 times a second",
  }),
  capture: async (target, session) => {
    try {
      const growing = await growingClass(target, session.windowMs, session.signal);
      if (growing === null) {
        throw new Failure({
          code: "capture",
          message: "no size of blocks grew between two censuses",
          hint: "Try again with a longer `--window`.",
        });
      }
      session.note(`blocks of ${formatBytes(growing.size)} grow most: ${growing.count} more; following who allocates them`);
      const prints = await follow(target, requestsOf(growing.size), followMs(session.windowMs), session.signal);
      const captures = prints
        .map(({ text, at }) => ({ stacks: collapseSites(text, target.name, target.mappings), at }))
        .filter(({ stacks }) => stacks !== "");
      if (captures.length === 0) {
        throw new Failure({ code: "capture", message: `nothing of ${formatBytes(growing.size)} was allocated and kept meanwhile` });
      }
      return captures.map(({ stacks, at }, index) => {
        const file = captureFile(session, "sites", index + 1, "collapsed");
        writeFileSync(file, stacks, { mode: 0o600 });
        utimesSync(file, at / 1000, at / 1000); // stacks in text hold no time: that of the file is theirs
        return file;
      });
    } catch (error) {
      throw nothingCaptured(target, error);
    }
  },
  undo: async () => {}, // the kernel takes the probes away with the process that set them, which ends by itself
};

function hasBpftrace(): boolean {
  try {
    execFileSync("bpftrace", ["--version"], { stdio: "ignore", timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

function growthMs(windowMs: number): number {
  return Math.max(SHORTEST_GROWTH_MS, windowMs * GROWTH_SHARE);
}

function followMs(windowMs: number): number {
  return Math.max(1000, windowMs - growthMs(windowMs));
}

interface SizeClass {
  readonly size: number; // of the chunk
  readonly count: number; // more than before
}

async function growingClass(target: Target, windowMs: number, signal: AbortSignal): Promise<SizeClass | null> {
  const gauge = await mallocCensusGauge.open(target, { brokers: [], group: null });
  if (gauge === null || isRefusal(gauge)) {
    throw new Failure({
      code: "capture",
      message: gauge?.because ?? "its heap cannot be counted",
      ...(gauge === null ? {} : { hint: gauge.fix }),
    });
  }
  try {
    const before = await censusOf(gauge, signal);
    await pause(growthMs(windowMs), signal);
    const after = await censusOf(gauge, signal);
    return before === null || after === null ? null : largestGrowth(before, after);
  } finally {
    await gauge.close();
  }
}

async function censusOf(gauge: OpenGauge, signal: AbortSignal): Promise<HeapCensus | null> {
  return waitFor(async () => (await gauge.read())?.census ?? null, { timeoutMs: CENSUS_TIMEOUT_MS, everyMs: 100, signal });
}

/** Only classes that both censuses name: the smallest of them are not listed. */
export function largestGrowth(before: HeapCensus, after: HeapCensus): SizeClass | null {
  const counts = new Map(before.classes.map(({ size, count }) => [size, count]));
  const grown = after.classes
    .map(({ size, count }) => ({ size, count: count - (counts.get(size) ?? 0) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.size * b.count - a.size * a.count);
  return grown[0] ?? null;
}

/** What is asked for when a chunk of this size is given out: 8 bytes of header, in steps of 16; mapped: 16 bytes, in pages. */
export function requestsOf(chunkBytes: number): { readonly from: number; readonly to: number } {
  if (chunkBytes >= MAPPED_BYTES && chunkBytes % PAGE_BYTES === 0) return { from: chunkBytes - 16 - PAGE_BYTES + 1, to: chunkBytes - 16 };
  return { from: chunkBytes <= SMALLEST_CHUNK_BYTES ? 1 : chunkBytes - 23, to: chunkBytes - 8 };
}

/** So often it says what is live, at least: two show whether it grows. Naming the functions takes seconds each time. */
const PRINTS = 2;
/** It names functions for so long at most before it is told to stop, and is then ended. */
const LATE_MS = 20_000;

/** What was live at a moment, as bpftrace prints it. */
interface Print {
  readonly text: string;
  readonly at: number; // Unix ms
}

/** Prints JSON objects whose `@live` are bytes by caller and stack. */
function program(pid: number, library: string, { from, to }: { readonly from: number; readonly to: number }, seconds: number): string {
  const enter = (name: string, size: string, first = ""): string =>
    `uprobe:${library}:${name} /pid == ${pid}/ { ${first} if (${size} >= ${from} && ${size} <= ${to}) { @size[tid] = ${size}; @at[tid] = ustack(perf, 32); @from[tid] = usym(*(uint64 *)reg("sp")); } }
uretprobe:${library}:${name} /@size[tid]/ { @bytes[retval] = @size[tid]; @stack[retval] = @at[tid]; @caller[retval] = @from[tid]; @live[@from[tid], @at[tid]] += @size[tid]; delete(@size[tid]); delete(@at[tid]); delete(@from[tid]); }
`;
  const forget =
    "if (@bytes[arg0]) { @live[@caller[arg0], @stack[arg0]] -= @bytes[arg0]; delete(@bytes[arg0]); delete(@stack[arg0]); delete(@caller[arg0]); }";
  return `${enter("malloc", "arg0")}${enter("calloc", "arg0 * arg1")}${enter("realloc", "arg1", forget)}
uprobe:${library}:free /pid == ${pid}/ { ${forget} }
interval:s:${Math.max(1, Math.floor(seconds / PRINTS))} { print(@live); }
interval:s:${seconds} { exit(); }
END { clear(@size); clear(@at); clear(@from); clear(@bytes); clear(@stack); clear(@caller); }
`;
}

async function follow(
  target: Target,
  requests: { readonly from: number; readonly to: number },
  forMs: number,
  signal: AbortSignal,
): Promise<readonly Print[]> {
  const module = target.allocator.module;
  const library = module === null || module === target.executable ? `/proc/${target.pid}/exe` : mappedFile(target.pid, module);
  if (library === null) throw new Failure({ code: "capture", message: "the library of its malloc cannot be opened" });
  const code = program(target.pid, library, requests, Math.max(1, Math.round(forMs / 1000)));
  const child = spawn("bpftrace", ["-f", "json", "-e", code], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", BPFTRACE_MAP_KEYS_MAX: String(MOST_BLOCKS), LC_ALL: "C" },
  });
  // it prints what it has when it is interrupted
  const stop = (): void => void child.kill("SIGINT");
  signal.addEventListener("abort", stop, { once: true });
  const late = setTimeout(stop, forMs + LATE_MS);
  const end = setTimeout(() => void child.kill("SIGKILL"), forMs + 2 * LATE_MS);
  let rest = "";
  let errors = "";
  const prints: Print[] = [];
  child.stdout.on("data", (part: Buffer) => {
    const lines = (rest + part.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) if (text.includes('"@live"')) prints.push({ text, at: Date.now() });
  });
  child.stderr.on("data", (part: Buffer) => {
    errors += part.toString();
  });
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    if (rest.includes('"@live"')) prints.push({ text: rest, at: Date.now() });
    if (status === 0 || prints.length > 0) return prints;
    const reason = errors.split("\n").find((line) => /ERROR/.test(line) && !/RLIMIT|detach/.test(line)) ?? errors.trim().split("\n").at(-1);
    throw new Failure({
      code: "capture",
      message: `bpftrace could not follow malloc: ${(reason ?? "").slice(0, 200)}`,
      hint: "It needs a kernel with BPF, uprobes and BTF, and root: try `bpftrace -e 'BEGIN { exit(); }'`.",
    });
  } finally {
    signal.removeEventListener("abort", stop);
    clearTimeout(late);
    clearTimeout(end);
  }
}

/** The last `@live` of what bpftrace printed, as collapsed stacks with bytes, the program as their root: often only the caller is known. */
export function collapseSites(text: string, program: string, mappings: readonly Mapping[]): string {
  const live = text
    .split("\n")
    .filter((line) => line.includes('"@live"'))
    .map((line): unknown => JSON.parse(line))
    .at(-1) as { readonly data?: { readonly "@live"?: Readonly<Record<string, number>> } } | undefined;
  return Object.entries(live?.data?.["@live"] ?? {})
    .filter(([, bytes]) => bytes > 0)
    .map(([key, bytes]) => `${[program.replaceAll(/[;\s]/g, "_"), ...stackOf(key, mappings)].join(";")} ${bytes}\n`)
    .join("");
}

/** `CALLER,\n\tADDRESS NAME+OFFSET (MODULE)\n…`, leaf first; the leaf is the allocator itself. */
function stackOf(key: string, mappings: readonly Mapping[]): readonly string[] {
  const comma = key.indexOf(",\n");
  const caller = comma < 0 ? key : key.slice(0, comma);
  const frames = [...key.slice(comma).matchAll(/^\t([0-9a-f]+) (.+?)(?:\+\d+)? \((.*)\)$/gm)]
    .slice(1)
    .map(([, address = "", name = "", module = ""]) => {
      return /^(?:0x)?[0-9a-f]+$|^\[unknown\]$/.test(name) ? placeOf(Number.parseInt(address, 16), module, mappings) : name;
    });
  const leaf = /^0x[0-9a-f]+$/.test(caller) ? placeOf(Number.parseInt(caller, 16), "", mappings) : caller;
  return (frames[0] === leaf ? frames : [leaf, ...frames]).map((frame) => frame.replaceAll(/[;\n]/g, ",")).reverse();
}

/** A function without a name: its place in the file, which does not change from run to run. */
function placeOf(address: number, module: string, mappings: readonly Mapping[]): string {
  const mapping = mappings.find(({ start, end }) => address >= start && address < end);
  const file = path.basename(mapping?.path || module || "[unknown]");
  return mapping === undefined ? file : `${file}+0x${(address - mapping.start + mapping.fileOffset).toString(16)}`;
}
