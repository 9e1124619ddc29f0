/**
 * Heap profiles of jemalloc (`prof.dump`), written by the process itself when gdb asks for them. Profiling can only be built in and
 * switched on at the start (`prof:true`); with `prof_active:false` it sleeps until it is needed, and is woken for the window.
 */
import { Failure } from "../base/failure.ts";
import type { Attacher, Refusal } from "./attacher.ts";
import { nothingCaptured } from "./capture-files.ts";
import { openElfFile } from "./elf-file.ts";
import { gdbCallRefusal, placeTexts, releaseTexts, runGdb } from "./gdb.ts";
import { environmentVariable } from "./proc.ts";
import { isAlive, type Target } from "./target.ts";
import { executableFile, fileHas, mappedFile } from "./target-files.ts";
import { openTargetOutput, removeTargetFile } from "./target-output.ts";
import { pause } from "./waiting.ts";

const ID = "jemalloc-dump";
/** jemalloc itself, and as tikv-jemallocator and jemallocator build it. */
const NAMES = ["mallctl", "_rjem_mallctl", "je_mallctl"] as const;
/** `int mallctl(const char *name, void *old, size_t *oldLength, void *new, size_t newLength)` */
const TYPE = "int (*)(const char *, void *, unsigned long *, void *, unsigned long)";
const LIBRARIES = { libraries: ["libjemalloc"] } as const;
const VARIABLES = ["MALLOC_CONF", "_RJEM_MALLOC_CONF", "JE_MALLOC_CONF"] as const;

const NO_NAME: Refusal = {
  because: "the control function of jemalloc (mallctl) has no name in the program",
  fix: "Do not strip its symbols, or preload libjemalloc.so.2 instead of linking it in.",
};

function isStartedWithProfiling(target: Target): boolean {
  if (VARIABLES.some((name) => /(?:^|,)prof:true(?:,|$)/.test(environmentVariable(target.pid, name) ?? ""))) return true;
  const file = executableFile(target.pid);
  return file !== null && (fileHas(file, "prof:true,") || fileHas(file, ",prof:true"));
}

export const jemallocDump: Attacher = {
  id: ID,
  title: "heap profiles of jemalloc",
  level: 1,
  sees: "live memory of C, C++ and Rust by the stack that allocated it (sampled), since profiling was active; nothing that is mapped beside malloc",
  isFor: (target) => target.allocator.id === "jemalloc",
  refuses: async (target) => {
    if (isStartedWithProfiling(target)) return findMallctl(target) === null ? NO_NAME : gdbCallRefusal(target);
    const isShared = target.allocator.module !== target.executable;
    return {
      because: "jemalloc was started without profiling, and it cannot be switched on later",
      fix: isShared
        ? `Restart it: MALLOC_CONF=prof:true,prof_active:false LD_PRELOAD=${target.allocator.module ?? "libjemalloc.so.2"} PROGRAM; asleep it costs nothing.`
        : "Restart it with MALLOC_CONF=prof:true,prof_active:false (tikv-jemallocator: feature `profiling` and _RJEM_MALLOC_CONF).",
    };
  },
  plan: async (_target, windowMs) => ({
    what: `by gdb let jemalloc write a heap profile, wait ${Math.round(windowMs / 1000)} s, and let it write another`,
    stops: "about 0.1 s, three times; five times where profiling was asleep",
    risk: "none known; where profiling was asleep it is awake for the window, which slows allocating by some percent",
  }),
  capture: async (target, session) => {
    const call = findMallctl(target);
    if (call === null) throw new Failure({ code: "capture", message: NO_NAME.because, hint: NO_NAME.fix });
    const isAsleep = !(await isActive(target, call));
    const sleep = isAsleep
      ? await session.undo.open({ attacher: ID, what: "put jemalloc's profiling back to sleep", data: { active: call } })
      : async () => {};
    const files: string[] = [];
    try {
      if (isAsleep) await setActive(target, call, true);
      for (const look of [1, 2]) {
        // a profile that has just been woken is empty
        if (look > 1 || isAsleep) await pause(isAsleep ? session.windowMs / 2 : session.windowMs, session.signal);
        const output = await openTargetOutput(target, session, ID, "jemalloc", look, "heap");
        try {
          await dump(target, call, output.theirs);
        } catch (error) {
          await output.collect().catch(() => null);
          if (files.length === 0) throw nothingCaptured(target, error);
          session.note(`heap profile ${look} of 2 is missing: ${error instanceof Error ? error.message : error}`);
          break;
        }
        const file = await output.collect();
        if (file !== null) files.push(file);
        session.note(`heap profile ${look} of 2`);
      }
    } finally {
      await sleep();
    }
    if (files.length === 0) throw nothingCaptured(target, new Failure({ code: "capture", message: "jemalloc wrote no heap profile" }));
    return files;
  },
  undo: async (target, step) => {
    const call = step.data["active"];
    if (typeof call !== "string") return removeTargetFile(target, step);
    if (isAlive(target)) await setActive(target, call, false);
  },
};

/** Its name in the module that jemalloc is in; null where its symbols were removed. */
function findMallctl(target: Target): string | null {
  const module = target.allocator.module;
  const path = module === null || module === target.executable ? executableFile(target.pid) : mappedFile(target.pid, module);
  const file = path === null ? null : openElfFile(path);
  if (file === null) return null;
  const found = file.offsetsOf(NAMES);
  file.close();
  return NAMES.find((name) => found.has(name)) ?? null;
}

/** @throws Failure `capture` where jemalloc was not started with profiling */
async function isActive(target: Target, call: string): Promise<boolean> {
  const text = await runGdb(
    target,
    [
      ...placeTexts(["opt.prof", "prof.active"]),
      "set var *(unsigned long *)($spare + 16) = 1",
      `set $first = ((${TYPE}) ${call})($text0, $spare, (unsigned long *)($spare + 16), 0, 0)`,
      `set $second = ((${TYPE}) ${call})($text1, $spare + 8, (unsigned long *)($spare + 16), 0, 0)`,
      'printf "prof %d %d active %d %d\\n", $first, *(char *)$spare, $second, *(char *)($spare + 8)',
      ...releaseTexts,
    ],
    LIBRARIES,
  );
  const [, first, prof, second, active] = /prof (\d+) (\d+) active (\d+) (\d+)/.exec(text) ?? [];
  if (first === "0" && prof === "1" && second === "0") return active === "1";
  throw new Failure({
    code: "capture",
    message: first === "0" ? "jemalloc was started without profiling (opt.prof is false)" : "this jemalloc was built without profiling",
    hint: "Restart it with MALLOC_CONF=prof:true,prof_active:false and a jemalloc that was built with --enable-prof.",
  });
}

async function setActive(target: Target, call: string, active: boolean): Promise<void> {
  await runGdb(
    target,
    [
      ...placeTexts(["prof.active"]),
      `set var *(char *)$spare = ${active ? 1 : 0}`,
      `call ((${TYPE}) ${call})($text0, 0, 0, $spare, 1)`,
      ...releaseTexts,
    ],
    LIBRARIES,
  );
}

/** @throws Failure `capture` with the error of jemalloc */
async function dump(target: Target, call: string, file: string): Promise<void> {
  const text = await runGdb(
    target,
    [
      ...placeTexts(["prof.dump", file]),
      "set var *(char **)$spare = $text1",
      `set $code = ((${TYPE}) ${call})($text0, 0, 0, $spare, 8)`,
      'printf "dump %d\\n", $code',
      ...releaseTexts,
    ],
    LIBRARIES,
  );
  const code = /dump (\d+)/.exec(text)?.[1];
  if (code === "0") return;
  throw new Failure({
    code: "capture",
    message: `jemalloc could not write a heap profile (error ${code})`,
    hint: "Error 2 is profiling that was not switched on at the start, error 14 a file that cannot be written.",
  });
}
