/**
 * Level 2 for Node.js: heap snapshots by the inspector, written to disk as they come. V8 stops the program while it makes one, and
 * builds the whole graph in memory first, so nothing is begun before its cost was held against what the process may bear.
 *
 * Measured with objects of 260 bytes, Node.js 20: heaps of 20, 100 and 300 MB took 1.5, 9.2 and 28 s of CPU, 107, 650 and
 * 2,200 MB of memory beside the heap, and files of 34, 186 and 568 MB. (Node.js' own documentation speaks of twice the heap.)
 */
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { Failure } from "../base/failure.ts";
import { formatBytes, formatDuration } from "../base/units.ts";
import type { Attacher, CaptureSession, Plan, Refusal } from "./attacher.ts";
import { captureFile, demandRoom, nothingCaptured } from "./capture-files.ts";
import { createCaptureFile } from "./capture-writer.ts";
import { closeInspector, type Inspector, inspectorRefusal, isNode, openInspector, reasonOf } from "./node-inspector.ts";
import type { Target } from "./target.ts";
import { readCgroup } from "./target-cgroup.ts";
import { pause } from "./waiting.ts";

const ID = "node-heap-snapshot";
const STOP_MS_PER_MB = 100;
const MEMORY_PER_HEAP = 6.5;
const FILE_PER_HEAP = 2;
/** No Node.js holds less. */
const SMALLEST_HEAP_BYTES = 4e6;
/** An estimate that is wrong by this factor is no estimate: the process does something else. */
const PATIENCE = 20;
const LEAST_PATIENCE_MS = 120_000;

export const nodeHeapSnapshot: Attacher = {
  id: ID,
  title: "heap snapshots of Node.js by the inspector",
  level: 2,
  sees: "every object of the main thread's heap, the content of Buffers with its size, and what holds them; not what native addons hold, and no worker threads. It contains payloads and secrets",
  isFor: isNode,
  refuses: async (target) => (await inspectorRefusal(target)) ?? costRefusal(target, costOf(SMALLEST_HEAP_BYTES)),
  plan: async (target, windowMs) => plan(target, windowMs),
  capture,
  undo: (target) => closeInspector(target),
};

interface Cost {
  readonly heapBytes: number;
  readonly stopMs: number;
  readonly memoryBytes: number; // beside the heap, for a moment
  readonly fileBytes: number;
}

function costOf(heapBytes: number): Cost {
  const busy = Math.max(1, loadavg()[0] === undefined ? 1 : (loadavg()[0] ?? 0) / availableParallelism());
  return {
    heapBytes,
    stopMs: (heapBytes / 1e6) * STOP_MS_PER_MB * busy,
    memoryBytes: heapBytes * MEMORY_PER_HEAP,
    fileBytes: heapBytes * FILE_PER_HEAP,
  };
}

function plan(target: Target, windowMs: number): Plan {
  const most = costOf(target.residentBytes);
  const { ms, setting } = longestStop(target);
  return {
    what: `open the inspector by SIGUSR1 (unless it is open), ask for the size of the heap, take a snapshot only if it fits, another after ${formatDuration(windowMs)}, close it`,
    stops: `0.1 s for each MB of the heap, twice: ${formatDuration(most.stopMs)} each if all of its memory were heap; nothing is begun that would take more than ${formatDuration(ms)} (${setting})`,
    risk: `for a moment it needs 6.5 times its heap more (${formatBytes(most.memoryBytes)} at most), which is refused where it does not fit; the files hold payloads and secrets`,
  };
}

/** How long the event loop may stand still before the consumer group goes on without this member: defaults of the clients. */
function longestStop({ clients }: Target): { readonly ms: number; readonly setting: string } {
  const has = (id: string): boolean => clients.some((client) => client.id === id);
  if (has("kafkajs")) return { ms: 30_000, setting: "the default sessionTimeout of kafkajs" };
  // its heartbeats come from a thread of their own, which does not stop
  if (has("librdkafka")) return { ms: 300_000, setting: "the default max.poll.interval.ms" };
  return { ms: 45_000, setting: "the usual session.timeout.ms" };
}

/** Null: it fits. */
function costRefusal(target: Target, { heapBytes, stopMs, memoryBytes }: Cost): Refusal | null {
  const { ms, setting } = longestStop(target);
  const fix = "Use sampling (`--method node-sampling`), or take the snapshot from an instance that may fail.";
  const of = `a snapshot of a heap of ${formatBytes(heapBytes)}`;
  if (stopMs > ms)
    return { because: `${of} would stop the process for about ${formatDuration(stopMs)}, and ${setting} is ${formatDuration(ms)}`, fix };
  const free = freeMemory(target);
  if (free === null || memoryBytes <= free.bytes) return null;
  return {
    because: `${of} needs about ${formatBytes(memoryBytes)} more for a moment, and ${formatBytes(free.bytes)} are free ${free.where}`,
    fix,
  };
}

/** What the kernel counts as used includes the page cache, so the limit of a container may leave more than this. */
function freeMemory({ pid }: Target): { readonly bytes: number; readonly where: string } | null {
  const cgroup = readCgroup(pid);
  const rooms = [{ bytes: machineFreeBytes(), where: "on this machine" }];
  if (cgroup?.limitBytes != null && cgroup.usageBytes !== null) {
    rooms.push({
      bytes: Math.max(0, cgroup.limitBytes - cgroup.usageBytes),
      where: `below the limit of its container (${formatBytes(cgroup.limitBytes)})`,
    });
  }
  const known = rooms.filter(({ bytes }) => Number.isFinite(bytes)).sort((a, b) => a.bytes - b.bytes);
  return known[0] ?? null;
}

function machineFreeBytes(): number {
  try {
    return Number(/^MemAvailable:\s*(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1] ?? Number.NaN) * 1024;
  } catch {
    return Number.NaN;
  }
}

async function capture(target: Target, session: CaptureSession): Promise<readonly string[]> {
  const files: string[] = [];
  const inspector = await openInspector(target, session, ID);
  try {
    files.push(await takeSnapshot(target, inspector, session, 1));
    await pause(session.windowMs, session.signal);
    if (!session.signal.aborted) files.push(await takeSnapshot(target, inspector, session, 2));
  } catch (error) {
    if (files.length === 0) throw nothingCaptured(target, error);
    const why = await reasonOf(target, error);
    session.note(`${why.message}; the first snapshot is kept`);
  } finally {
    await inspector.close();
  }
  return files;
}

async function takeSnapshot(target: Target, inspector: Inspector, session: CaptureSession, number: number): Promise<string> {
  const usage = await inspector.call("Runtime.getHeapUsage");
  const cost = costOf(Number(usage["usedSize"]));
  const refusal = costRefusal(target, cost);
  if (refusal !== null) throw new Failure({ code: "capture", message: refusal.because, hint: refusal.fix });
  demandRoom(session.folder, cost.fileBytes, session);
  session.note(
    `snapshot ${number} of a heap of ${formatBytes(cost.heapBytes)}: the process stops for about ${formatDuration(cost.stopMs)}`,
  );
  const file = createCaptureFile(captureFile(session, "heap", number, "heapsnapshot"), session.diskBytes);
  let failure: unknown = null;
  const removeListener = inspector.on("HeapProfiler.addHeapSnapshotChunk", ({ chunk }) => {
    if (failure !== null) return; // V8 cannot be stopped any more, and goes on to the end
    try {
      file.write(String(chunk));
    } catch (error) {
      failure = error;
    }
  });
  const startMs = performance.now();
  try {
    await inspector.call("HeapProfiler.takeHeapSnapshot", {}, Math.max(LEAST_PATIENCE_MS, cost.stopMs * PATIENCE));
    if (failure !== null) throw failure;
    session.note(`snapshot ${number}: ${formatBytes(file.bytes())} after ${formatDuration(performance.now() - startMs)}`);
    return file.finish();
  } catch (error) {
    if (file.bytes() > 0) session.note(`${file.path}.part is not whole (${formatBytes(file.bytes())})`);
    throw error;
  } finally {
    removeListener();
    file.abandon();
  }
}
