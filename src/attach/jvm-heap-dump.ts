/**
 * A heap dump of a JVM (HPROF). The JVM writes it itself, as its own user, where it can: into its own /tmp. From there it is fetched
 * and removed.
 */
import { formatBytes, formatDuration } from "../base/units.ts";
import type { Attacher } from "./attacher.ts";
import { captureFile, demandRoom, fetchTargetFile, freeDiskBytes } from "./capture-files.ts";
import { jvmUsedBytes } from "./jvm-counters.ts";
import { jvmCommand, jvmRefusal } from "./jvm-socket.ts";
import { pathOf, type Target } from "./target.ts";
import { removeTargetFile } from "./target-output.ts";

const ID = "jvm-heap-dump";
/** A dump has the live objects, and names and threads beside them; what is in use counts garbage, too. */
const BYTES_PER_USED_BYTE = 1.1;
const NAMES_BYTES = 16 << 20;
/** Measured on JDK 17: 165 ms for 120 MB; a slow disk writes 100 MB/s. */
const FAST_MS_PER_MB = 1.4;
const SLOW_MS_PER_MB = 10;
/** Without counters there is no estimate but the memory of the process. */
function dumpBytes(target: Target): number {
  return Math.ceil((jvmUsedBytes(target) ?? target.residentBytes) * BYTES_PER_USED_BYTE) + NAMES_BYTES;
}

export const jvmHeapDump: Attacher = {
  id: ID,
  title: "heap dump of a JVM",
  level: 2,
  sees: "every reachable Java object and what holds it; no memory outside of the Java heap. It contains payloads and secrets",
  isFor: (target) => target.runtime.id === "jvm",
  refuses: async (target) => {
    const refusal = jvmRefusal(target);
    if (refusal !== null) return refusal;
    const bytes = dumpBytes(target);
    const free = freeDiskBytes(pathOf(target, "/tmp"));
    if (free === null)
      return { because: "the /tmp of the JVM, where it would write, cannot be looked at", fix: "Run lagleak with `sudo`." };
    if (free < bytes) {
      return {
        because: `a heap dump takes about ${formatBytes(bytes)}, and ${formatBytes(free)} are free in the /tmp of the JVM`,
        fix: "Free disk space there, or use class histograms (`--method jvm-class-histogram`).",
      };
    }
    return null;
  },
  plan: async (target) => {
    const bytes = dumpBytes(target);
    const [fast, slow] = [FAST_MS_PER_MB, SLOW_MS_PER_MB].map((perMb) => formatDuration(Math.max(100, (bytes / 1e6) * perMb)));
    return {
      what: `let the JVM write a heap dump into its /tmp (GC.heap_dump, at most about ${formatBytes(bytes)}), fetch it, remove it there`,
      stops: `all of the JVM while it writes: ${fast} (fast disk) to ${slow} (slow disk)`,
      risk: "a pause beyond max.poll.interval.ms or session.timeout.ms makes the consumer group rebalance; the dump holds payloads and secrets",
    };
  },
  capture: async (target, session) => {
    const bytes = dumpBytes(target);
    demandRoom(session.folder, bytes, session);
    const theirs = `/tmp/lagleak-${target.namespacePid}-${Date.now()}.hprof`;
    const remove = await session.undo.open({ attacher: ID, what: `remove the heap dump ${theirs}`, data: { file: theirs } });
    try {
      session.note("the JVM writes its heap dump");
      await jvmCommand(target, session, ID, `GC.heap_dump ${theirs}`);
      const file = captureFile(session, "heap", 1, "hprof");
      await fetchTargetFile(target, theirs, file, session);
      return [file];
    } finally {
      await remove();
    }
  },
  undo: async (target, step) => removeTargetFile(target, step),
};
