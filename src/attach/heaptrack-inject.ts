/**
 * heaptrack in a process that runs: its library is loaded and started by gdb, writes every allocation into a regular file, and is
 * stopped at the end. heaptrack's own script gives it a pipe instead, whose reader's death ends the target by SIGPIPE; and it loads
 * the library into programs that this kills. Both are why the script is not used.
 */
import { existsSync } from "node:fs";
import { Failure } from "../base/failure.ts";
import { formatBytes } from "../base/units.ts";
import type { Attacher, Refusal } from "./attacher.ts";
import { freeDiskBytes, nothingCaptured } from "./capture-files.ts";
import { readElfLinkage } from "./elf-linkage.ts";
import { gdbCallRefusal, othersDone, placeTexts, releaseTexts, runGdb } from "./gdb.ts";
import { procLink, procNames, readMappings } from "./proc.ts";
import { isAlive, pathOf, type Target } from "./target.ts";
import { executableFile } from "./target-files.ts";
import { openTargetOutput, removeTargetFile, sizeOf } from "./target-output.ts";
import { pause } from "./waiting.ts";

const ID = "heaptrack";
const LIBRARIES = [
  "/usr/lib/heaptrack/libheaptrack_inject.so",
  "/usr/lib64/heaptrack/libheaptrack_inject.so",
  "/usr/lib/x86_64-linux-gnu/heaptrack/libheaptrack_inject.so",
  "/usr/lib/aarch64-linux-gnu/heaptrack/libheaptrack_inject.so",
  "/usr/local/lib/heaptrack/libheaptrack_inject.so",
];
const NAME = "libheaptrack_inject.so";
/** What the injection replaces. */
const REPLACED = ["malloc", "free", "calloc", "realloc", "posix_memalign", "aligned_alloc", "dlopen", "dlclose"];
const LOOK_MS = 200;
/** Measured: 24 MB/s at 680,000 allocations a second. Room for that until the next look, and as much again. */
const SPARE_BYTES = 64 << 20;
const RTLD_NOW = 2;

/** The injection library as the target can open it; null where it has none. */
function libraryFor(target: Target): string | null {
  return LIBRARIES.find((library) => existsSync(pathOf(target, library))) ?? null;
}

/** Why loading heaptrack would kill the process, or cannot be done in a program of this kind; null where neither holds. */
export function linkageRefusal(executable: string, file: string): Refusal | null {
  const linkage = readElfLinkage(file, REPLACED);
  const restart = "Start it with heaptrack instead: `lagleak run -- PROGRAM`, or look without code in it (level 0).";
  if (linkage === null) return { because: `${executable} is no 64-bit program that can be looked at`, fix: "Use level 0." };
  if (!linkage.hasLoader) {
    return {
      because: `${executable} is linked statically: no library can be loaded into it`,
      fix: "Use level 0, or build it with jemalloc and its profiling.",
    };
  }
  if (!linkage.isFixed || linkage.ownAddresses?.length === 0) return null;
  const what =
    linkage.ownAddresses === null
      ? "its symbol table was removed, so that it cannot be told whether heaptrack would kill it"
      : `takes the address of ${linkage.ownAddresses.slice(0, 3).join(", ")}, for which heaptrack's injection would call itself until it crashes`;
  return { because: `${executable} is linked to fixed addresses and ${what}`, fix: restart };
}

export const heaptrackInject: Attacher = {
  id: ID,
  title: "heaptrack, loaded into the process",
  level: 2,
  sees: "every allocation of C, C++ and Rust from now on, by its stack; nothing from before, and no heap of Java, Go or V8",
  isFor: (target) => ["native", "python", "go", "ruby", "php", "dotnet", "node"].includes(target.runtime.id),
  refuses: async (target) => {
    if (target.allocator.id === "none") return { because: "the process has no malloc to follow (pure Go)", fix: "Use go-pprof." };
    const file = executableFile(target.pid);
    if (file === null) return target.memoryRefusal ?? { because: "its executable cannot be read", fix: "Run lagleak with `sudo`." };
    const linkage = linkageRefusal(target.executable ?? "the program", file);
    if (linkage !== null) return linkage;
    if (target.allocator.id === "musl") {
      return {
        because: "heaptrack is built for glibc, and this process uses musl",
        fix: "Use level 0, or run the program in an image with glibc.",
      };
    }
    const debugger_ = gdbCallRefusal(target);
    if (debugger_ !== null) return debugger_;
    if (libraryFor(target) === null) {
      const where = target.inOtherNamespaces.includes("mnt") ? "in the container of the process" : "here";
      return {
        because: `there is no heaptrack ${where}`,
        fix: "Install it there: `apt-get install heaptrack` (Debian, Ubuntu), `dnf install heaptrack` (Fedora).",
      };
    }
    return isRecording(target)
      ? { because: "heaptrack is already in this process", fix: `Take it back first: \`lagleak detach ${target.pid}\`.` }
      : null;
  },
  plan: async (_target, windowMs) => ({
    what: `load libheaptrack_inject.so by gdb, write every allocation into a file for ${Math.round(windowMs / 1000)} s, stop it again`,
    stops: "about 0.2 s at the beginning and at the end",
    risk: "allocating is 5 to 10 % slower meanwhile; the file may grow by 24 MB/s; the library stays loaded (with a pipe of its unwinder), and does nothing, until the process ends",
  }),
  capture: async (target, session) => {
    const library = libraryFor(target);
    if (library === null) throw new Failure({ code: "capture", message: "there is no heaptrack for this process", hint: "Install it." });
    const output = await openTargetOutput(target, session, ID, "heaptrack", 1, "raw");
    const stop = await session.undo.open({ attacher: ID, what: "stop heaptrack in the process", data: { stop: 1 } });
    const note = session.note;
    try {
      await runGdb(target, [
        ...placeTexts([library, output.theirs]),
        `set $loaded = ((void *(*)(long, const char *, int)) dlmopen)(0, $text0, ${RTLD_NOW})`,
        "sharedlibrary libheaptrack_inject",
        "call ((void (*)(const char *)) heaptrack_inject)($text1)",
        ...releaseTexts,
      ]);
      note("heaptrack writes every allocation");
      await watch(target, output.ours, session);
    } catch (error) {
      await stop().catch(() => {});
      await output.collect().catch(() => null);
      throw nothingCaptured(target, error);
    }
    if (isAlive(target)) await stop();
    else await stop().catch(() => {});
    const file = await output.collect();
    if (file === null) throw nothingCaptured(target, new Failure({ code: "capture", message: "heaptrack wrote nothing" }));
    return [file];
  },
  undo: (target, step) => (step.data["stop"] === 1 ? stopHeaptrack(target) : Promise.resolve(removeTargetFile(target, step))),
};

/** Ends with the window, at the limit of the file, or when the disk has no room for what comes until the next look. */
async function watch(target: Target, file: string, session: Parameters<Attacher["capture"]>[1]): Promise<void> {
  const end = performance.now() + session.windowMs;
  while (performance.now() < end && !session.signal.aborted && isAlive(target)) {
    await pause(Math.min(LOOK_MS, Math.max(1, end - performance.now())), session.signal);
    const bytes = sizeOf(file);
    const free = freeDiskBytes(file) ?? Number.POSITIVE_INFINITY;
    if (bytes + SPARE_BYTES / 8 > session.diskBytes || free < SPARE_BYTES) {
      const why = free < SPARE_BYTES ? `only ${formatBytes(free)} of the disk are free` : "a capture may not be larger";
      session.note(`heaptrack is stopped early: its file has ${formatBytes(bytes)}, and ${why}`);
      return;
    }
  }
}

/** Its output is open. The library alone stays loaded after it was stopped. */
function isRecording(target: Target): boolean {
  return procNames(target.pid, "fd").some((fd) =>
    /heaptrack.*\.raw$|heaptrack_fifo|\/lagleak-\d+-\d+-\d+\.raw$/.test(procLink(target.pid, `fd/${fd}`) ?? ""),
  );
}

/** Harmless where it records nothing, and where the library was never loaded. */
async function stopHeaptrack(target: Target): Promise<void> {
  await othersDone(target);
  const isLoaded = (readMappings(target.pid) ?? []).some(({ path }) => path.endsWith(`/${NAME}`));
  if (!isAlive(target) || !isLoaded) return;
  await runGdb(target, ["call ((void (*)(void)) heaptrack_stop)()"], { libraries: ["libheaptrack_inject"] });
}
