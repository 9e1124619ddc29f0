/**
 * Level 1 for Node.js: the inspector's sampling heap profiler, read several times while it runs, with process.memoryUsage() beside.
 * All readings are of one sampling, so that each holds what was allocated since its start and is still alive: together they are a
 * series. V8 collects garbage for each reading by itself (kSamplingForceGC in its v8-heap-profiler-agent-impl.cc); nothing else is
 * asked to.
 */
import path from "node:path";
import { Failure } from "../base/failure.ts";
import type { Attacher, CaptureSession, Plan } from "./attacher.ts";
import { createCaptureFile } from "./capture-writer.ts";
import { closeInspector, type Inspector, inspectorRefusal, isNode, openInspector, reasonOf } from "./node-inspector.ts";
import { type Isolate, type Isolates, isolatesOf } from "./node-inspector-workers.ts";
import { type HeapProfile, mergeIsolates } from "./node-sampling-isolates.ts";
import type { Target } from "./target.ts";
import { pause } from "./waiting.ts";

/** Bytes between samples, on average: a leak of 1 MiB shows in 32. */
const INTERVAL_BYTES = 32 * 1024;
const MOST_READINGS = 12;
const FEWEST_READINGS = 3;
const READING_EVERY_MS = 5_000;
const MEMORY_EVERY_MS = 1_000;
/**
 * A full collection, and the walk over the samples. Measured at 277 MiB resident on 2 CPUs with eight programs waiting for each: 340 to
 * 835 ms, of which the main thread ran 34 ms; at 141 MiB 200 to 261 ms, of which it ran 19 ms.
 */
const STOP_MS_PER_MIB = 2;
const READING_MS = 120_000;

export const nodeSampling: Attacher = {
  id: "node-sampling",
  title: "sampled allocations of Node.js by the inspector",
  level: 1,
  sees: "JavaScript objects that are allocated while it samples and stay alive, by call stack, of worker threads too; heap, external memory and ArrayBuffers as totals. Not the content of Buffers, what native addons hold, or what was there before.",
  isFor: isNode,
  refuses: inspectorRefusal,
  plan: async (target, windowMs) => plan(target, windowMs),
  capture,
  undo: (target) => closeInspector(target),
};

function plan(target: Target, windowMs: number): Plan {
  const readings = readingsIn(windowMs);
  const stopMs = Math.max(50, Math.ceil((target.residentBytes / 2 ** 20) * STOP_MS_PER_MIB));
  return {
    what: `open the inspector by SIGUSR1 (unless it is open), sample allocations for ${Math.round(windowMs / 1000)} s and read them ${readings} times, close it`,
    stops: `for a garbage collection at each of ${readings} readings, about ${stopMs} ms each`,
    risk: 'the process writes "Debugger listening on …" to its standard error, and meanwhile every user of this machine can run code in it through its loopback port',
  };
}

function readingsIn(windowMs: number): number {
  return Math.min(MOST_READINGS, Math.max(FEWEST_READINGS, Math.round(windowMs / READING_EVERY_MS)));
}

async function capture(target: Target, session: CaptureSession): Promise<readonly string[]> {
  const files: string[] = [];
  const inspector = await openInspector(target, session, nodeSampling.id);
  try {
    await sample(target, inspector, session, files);
  } catch (error) {
    const why = await reasonOf(target, error);
    if (files.length === 0) throw why;
    session.note(`${why.message}; ${files.length === 1 ? "one reading is" : `${files.length} readings are`} kept`);
  } finally {
    await inspector.close();
  }
  return files;
}

async function sample(target: Target, inspector: Inspector, session: CaptureSession, files: string[]): Promise<void> {
  if (await isSampling(inspector)) {
    throw new Failure({
      code: "capture",
      message: `somebody else samples the heap of process ${target.pid}, and V8 keeps one sampling only`,
      hint: "Stop that profiler (DevTools, @datadog/pprof, …), or use its profiles: `lagleak analyze <profiles>`.",
    });
  }
  const isolates = await isolatesOf(inspector, (worker) => {
    startSampling(worker).catch(() => {}); // a worker that ends at once, or whose heap is sampled already
  });
  await startSampling({ name: "", protocol: inspector });
  const startedAtMs = Date.now();
  const memory = createCaptureFile(path.join(session.folder, `${session.name}.node-memory.lagleak.jsonl`), session.diskBytes);
  try {
    memory.write(`${JSON.stringify({ startedAtMs, what: "process.memoryUsage()" })}\n`);
    const readings = readingsIn(session.windowMs);
    const everyMs = session.windowMs / readings;
    for (let reading = 1; reading <= readings; reading++) {
      await watchMemory(inspector, memory.write, startedAtMs, startedAtMs + reading * everyMs, session.signal);
      const isLast = reading === readings || session.signal.aborted;
      files.push(await read(isolates, isLast, session));
      session.note(`reading ${reading} of ${isLast ? reading : readings}`);
      if (isLast) break;
    }
  } finally {
    memory.finish();
  }
}

/** V8 answers with the profile of a sampling that runs, whoever started it. */
async function isSampling(inspector: Inspector): Promise<boolean> {
  try {
    await inspector.call("HeapProfiler.getSamplingProfile", {}, READING_MS);
    return true;
  } catch {
    return false;
  }
}

async function startSampling({ protocol }: Isolate): Promise<void> {
  await protocol.call("HeapProfiler.startSampling", { samplingInterval: INTERVAL_BYTES });
}

/** One line a second until the next reading, or until the user has enough. */
async function watchMemory(
  inspector: Inspector,
  write: (line: string) => void,
  startedAtMs: number,
  untilMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const usage = (await inspector.evaluate("process.memoryUsage()")) as Readonly<Record<string, number>>;
    const heap = {
      runtime: "node",
      usedBytes: usage["heapUsed"],
      committedBytes: usage["heapTotal"],
      externalBytes: usage["external"],
      arrayBufferBytes: usage["arrayBuffers"],
    };
    write(`${JSON.stringify({ tMs: Date.now() - startedAtMs, rss: usage["rss"], heap })}\n`);
    const leftMs = untilMs - Date.now();
    if (leftMs <= 0) return;
    await pause(Math.min(MEMORY_EVERY_MS, leftMs), signal);
  }
}

/** Of all isolates at one moment, in one file, with what the format has no place for (`src/formats/v8-sampling.ts` reads it). */
async function read(isolates: Isolates, isLast: boolean, { folder, name, diskBytes }: CaptureSession): Promise<string> {
  const method = isLast ? "HeapProfiler.stopSampling" : "HeapProfiler.getSamplingProfile";
  const atMs = Date.now();
  const profiles: { readonly name: string; readonly profile: HeapProfile }[] = [];
  for (const { name: isolate, protocol } of isolates.list()) {
    const answer = await protocol.call(method, {}, READING_MS).catch((error: unknown) => {
      if (isolate === "") throw error;
      return null; // a worker that has ended, and holds nothing any more
    });
    if (answer !== null) profiles.push({ name: isolate, profile: answer["profile"] as unknown as HeapProfile });
  }
  const file = createCaptureFile(path.join(folder, `${name}.${atMs}.heapprofile`), diskBytes);
  try {
    file.write(JSON.stringify({ ...mergeIsolates(profiles), lagleak: { takenAtMs: atMs, intervalBytes: INTERVAL_BYTES, attached: true } }));
    return file.finish();
  } finally {
    file.abandon();
  }
}
