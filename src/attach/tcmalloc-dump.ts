/**
 * Heap profiles of gperftools' tcmalloc, written by the process itself when gdb asks for them (heap-profiler.h). Its profiler can be
 * started late, and then knows what was allocated since; one that HEAPPROFILE started knows everything, and is left running.
 */
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { Failure } from "../base/failure.ts";
import type { Attacher, CaptureSession } from "./attacher.ts";
import { nothingCaptured } from "./capture-files.ts";
import { gdbCallRefusal, placeTexts, releaseTexts, runGdb } from "./gdb.ts";
import { isAlive, pathOf, type Target } from "./target.ts";
import { openTargetOutput, removeTargetFile } from "./target-output.ts";
import { pause } from "./waiting.ts";

const ID = "tcmalloc-dump";
const LIBRARIES = { libraries: ["libtcmalloc"] } as const;

export const tcmallocDump: Attacher = {
  id: ID,
  title: "heap profiles of tcmalloc (gperftools)",
  level: 1,
  sees: "live memory of C, C++ and Rust by the stack that allocated it, since the profiler was started",
  isFor: (target) => target.allocator.id === "tcmalloc",
  refuses: async (target) => {
    if (!/libtcmalloc_minimal/.test(target.allocator.module ?? "")) return gdbCallRefusal(target);
    return {
      because: "libtcmalloc_minimal has no heap profiler",
      fix: "Restart it: LD_PRELOAD=libtcmalloc.so.4 HEAPPROFILE=/tmp/PROGRAM PROGRAM",
    };
  },
  plan: async (_target, windowMs) => ({
    what: `by gdb start tcmalloc's heap profiler where it does not run, let it write two profiles within ${Math.round(windowMs / 1000)} s, stop it`,
    stops: "about 0.2 s, five times",
    risk: "allocating is slower while it runs (it unwinds the stack of every allocation)",
  }),
  capture: async (target, session) => {
    const isRunning = /running 1/.test(
      await runGdb(target, ['printf "running %d\\n", ((int (*)(void)) IsHeapProfilerRunning)()'], LIBRARIES),
    );
    const prefix = `/tmp/lagleak-${target.namespacePid}-${Date.now()}`;
    const stop = isRunning
      ? async () => {}
      : await session.undo.open({ attacher: ID, what: "stop the heap profiler of tcmalloc", data: { prefix } });
    const files: string[] = [];
    try {
      if (!isRunning) {
        await runGdb(
          target,
          [...placeTexts([prefix]), "call ((void (*)(const char *)) HeapProfilerStart)($text0)", ...releaseTexts],
          LIBRARIES,
        );
      }
      for (const look of [1, 2]) {
        // a profiler that has just been started has seen nothing
        if (look > 1 || !isRunning) await pause(isRunning ? session.windowMs : session.windowMs / 2, session.signal);
        try {
          const file = await dump(target, session, look);
          if (file !== null) files.push(file);
          session.note(`heap profile ${look} of 2`);
        } catch (error) {
          if (files.length === 0) throw nothingCaptured(target, error);
          session.note(`heap profile ${look} of 2 is missing: ${error instanceof Error ? error.message : error}`);
          break;
        }
      }
    } finally {
      await stop();
    }
    if (files.length === 0) throw nothingCaptured(target, new Failure({ code: "capture", message: "tcmalloc gave no heap profile" }));
    return files;
  },
  undo: async (target, step) => {
    const prefix = step.data["prefix"];
    if (typeof prefix !== "string") return removeTargetFile(target, step);
    if (isAlive(target)) await runGdb(target, ["call ((void (*)(void)) HeapProfilerStop)()"], LIBRARIES);
    removeOwnFiles(target, prefix);
  },
};

/**
 * As a text that the profiler allocates itself (GetHeapProfile), written into a file of ours: its own files go where HEAPPROFILE says.
 * Null where it wrote nothing.
 */
async function dump(target: Target, session: CaptureSession, look: number): Promise<string | null> {
  const output = await openTargetOutput(target, session, ID, "tcmalloc", look, "heap");
  try {
    await runGdb(
      target,
      [
        ...placeTexts([output.theirs, "w"]),
        "set $profile = ((char *(*)(void)) GetHeapProfile)()",
        "set $file = ((void *(*)(const char *, const char *)) fopen)($text0, $text1)",
        "if $file != 0",
        "call ((int (*)(const char *, void *)) fputs)($profile, $file)",
        "call ((int (*)(void *)) fclose)($file)",
        "end",
        "call ((void (*)(void *)) tc_free)($profile)", // `free` here is that of libc
        ...releaseTexts,
      ],
      LIBRARIES,
    );
  } catch (error) {
    await output.collect().catch(() => null);
    throw error;
  }
  return output.collect();
}

/** A profiler that we started writes files of its own when the heap has grown by 100 MiB. */
function removeOwnFiles(target: Target, prefix: string): void {
  const folder = target.inOtherNamespaces.includes("mnt") ? pathOf(target, "/tmp") : "/tmp";
  if (!prefix.startsWith("/tmp/lagleak-")) return;
  for (const name of namesIn(folder)) {
    if (name.startsWith(`${path.basename(prefix)}.`)) rmSync(path.join(folder, name), { force: true });
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
