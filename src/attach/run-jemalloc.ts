/** A program with jemalloc as its allocator, which writes a heap profile again and again; for programs that heaptrack slows down too much. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { installedLibrary, type Launcher, preload, preloadRefusal } from "./launcher.ts";
import { hasLoader } from "./run-heaptrack.ts";
import { fileHas } from "./target-files.ts";

const LIBRARY = "libjemalloc.so.2";
/** One allocation in 512 KiB, as jemalloc does by itself. */
const SAMPLE_LOG2 = 19;
/** A profile for every 128 MiB that were allocated. */
const INTERVAL_LOG2 = 27;

export const runJemalloc: Launcher = {
  id: "jemalloc",
  title: "with jemalloc and its heap profiles",
  sees: "live memory of C, C++ and Rust by the stack that allocated it (sampled); no heap of Java, Go or V8",
  suits: ({ kind }) => (kind === "elf" ? "possible" : "no"),
  refuses: async (command) => {
    const refusal = preloadRefusal(command, hasLoader);
    if (refusal !== null) return refusal;
    const file = installedLibrary(LIBRARY);
    if (file === null) {
      return {
        because: "there is no jemalloc here",
        fix: "Install it: `apt-get install libjemalloc2` (Debian, Ubuntu), `dnf install jemalloc` (Fedora).",
      };
    }
    // what it would read the name of this setting with
    if (fileHas(file, "prof_prefix")) return null;
    return { because: `${file} was built without profiling`, fix: "Use the one of Debian or Ubuntu, or build it with --enable-prof." };
  },
  plan: async (_command, session) => ({
    what: `preload ${LIBRARY}, which writes a heap profile into ${session.folder} for every ${2 ** (INTERVAL_LOG2 - 20)} MiB allocated`,
    stops: "nothing",
    risk: "another allocator than usual: memory may look different in size; a few percent slower",
  }),
  launch: async (command, session) => ({
    words: command.words,
    environment: {
      LD_PRELOAD: preload(command, installedLibrary(LIBRARY) ?? LIBRARY),
      MALLOC_CONF: [
        ...(command.environment["MALLOC_CONF"] ?? "").split(",").filter((setting) => setting !== ""),
        ...["prof:true", "prof_active:true", "prof_final:true", `lg_prof_sample:${SAMPLE_LOG2}`, `lg_prof_interval:${INTERVAL_LOG2}`],
        `prof_prefix:${path.join(session.folder, `${session.name}-jemalloc`)}`,
      ].join(","),
    },
  }),
  collect: async (session) => ofMainProcess(session.folder, `${session.name}-jemalloc`),
};

/** `PREFIX.PID.NUMBER.iNUMBER.heap`, and `.f.heap` at the end. Programs that it started write their own, of which none is wanted. */
export function ofMainProcess(folder: string, prefix: string): readonly string[] {
  const dumps = readdirSync(folder).flatMap((file) => {
    const match = file.startsWith(`${prefix}.`) ? /^\.(\d+)\.(\d+)\.\w+\.heap$/.exec(file.slice(prefix.length)) : null;
    return match === null ? [] : { file, pid: Number(match[1]), number: Number(match[2]) };
  });
  const first = Math.min(...dumps.map(({ pid }) => pid));
  return dumps
    .filter(({ pid }) => pid === first)
    .sort((a, b) => a.number - b.number)
    .map(({ file }) => path.join(folder, file));
}
