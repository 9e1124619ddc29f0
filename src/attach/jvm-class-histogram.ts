/** Class histograms of a JVM, two or more: which types grow. Each is a full collection, since only what is reachable is counted. */
import { writeFileSync } from "node:fs";
import { formatBytes } from "../base/units.ts";
import type { Attacher } from "./attacher.ts";
import { captureFile, nothingCaptured } from "./capture-files.ts";
import { jvmUsedBytes } from "./jvm-counters.ts";
import { jvmCommand, jvmRefusal } from "./jvm-socket.ts";
import { removeTargetFile } from "./target-output.ts";
import { pause } from "./waiting.ts";

const ID = "jvm-class-histogram";
/** Measured on JDK 17: 92 ms for a heap of 115 MB. */
const PAUSE_MS_PER_MB = 0.8;
/** Looks between the first and the last tell growth that goes on from growth that ended; shorter windows are not worth their pauses. */
const MORE_LOOKS_MS = 20_000;
/** As many as tell a line from a step, where all of them together stop the process for less than this. */
const MOST_LOOKS = 6;
const MOST_PAUSE_MS = 1000;

export const jvmClassHistogram: Attacher = {
  id: ID,
  title: "class histograms of a JVM",
  level: 1,
  sees: "how many objects of each class are reachable, and their bytes; not who holds them, and no memory outside of the Java heap",
  isFor: (target) => target.runtime.id === "jvm",
  refuses: async (target) => jvmRefusal(target),
  plan: async (target, windowMs) => {
    const used = jvmUsedBytes(target);
    const heap = used === null ? "" : ` for the ${formatBytes(used)} in use`;
    const times = `${looksFor(used, windowMs)} times`;
    return {
      what: `ask the JVM ${times} for a class histogram (GC.class_histogram, a full collection each)`,
      stops: `about ${used === null ? "1 ms a MB of live objects" : `${pauseMs(used)} ms`}${heap}, ${times}`,
      risk: "the JVM keeps its attach socket, a file in /tmp and one thread, until it ends",
    };
  },
  capture: async (target, session) => {
    const looks = looksFor(jvmUsedBytes(target), session.windowMs);
    const files: string[] = [];
    for (let look = 1; look <= looks; look++) {
      if (look > 1) await pause(session.windowMs / (looks - 1), session.signal);
      if (files.length > 0 && session.signal.aborted) break;
      try {
        const text = await jvmCommand(target, session, ID, "GC.class_histogram");
        const file = captureFile(session, "histogram", look, "txt");
        // `jcmd` writes the pid above the answer
        writeFileSync(file, `${target.pid}:\n${text}`);
        files.push(file);
        session.note(`class histogram ${look} of ${looks}`);
      } catch (error) {
        if (files.length === 0) throw nothingCaptured(target, error);
        session.note(`class histogram ${look} of ${looks} is missing: ${error instanceof Error ? error.message : error}`);
        break;
      }
    }
    return files;
  },
  undo: async (target, step) => removeTargetFile(target, step),
};

function looksFor(usedBytes: number | null, windowMs: number): number {
  if (windowMs < MORE_LOOKS_MS) return 2;
  return usedBytes !== null && MOST_LOOKS * pauseMs(usedBytes) <= MOST_PAUSE_MS ? MOST_LOOKS : 3;
}

function pauseMs(usedBytes: number): number {
  return Math.max(10, Math.ceil((PAUSE_MS_PER_MB * usedBytes) / 1e7) * 10);
}
