/** A program with gperftools' tcmalloc as its allocator, which writes a heap profile every few seconds and when the heap has grown. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { installedLibrary, type Launcher, preload, preloadRefusal } from "./launcher.ts";
import { hasLoader } from "./run-heaptrack.ts";

const LIBRARY = "libtcmalloc.so.4";
const GROWN_BYTES = 64 << 20;

export const runTcmalloc: Launcher = {
  id: "tcmalloc",
  title: "with tcmalloc and its heap profiles",
  sees: "live memory of C, C++ and Rust by the stack that allocated it; no heap of Java, Go or V8",
  suits: ({ kind }) => (kind === "elf" ? "possible" : "no"),
  refuses: async (command) => {
    const refusal = preloadRefusal(command, hasLoader);
    if (refusal !== null || installedLibrary(LIBRARY) !== null) return refusal;
    return {
      because: "there is no tcmalloc with a heap profiler here",
      fix: "Install it: `apt-get install libgoogle-perftools4` (Debian, Ubuntu), `dnf install gperftools-libs` (Fedora).",
    };
  },
  plan: async (_command, session) => ({
    what: `preload ${LIBRARY}, which writes a heap profile into ${session.folder} every ${Math.round(session.everyMs / 1000)} s`,
    stops: "nothing",
    risk: "another allocator than usual, which unwinds the stack of every allocation: programs that allocate much are much slower",
  }),
  launch: async (command, session) => ({
    words: command.words,
    environment: {
      LD_PRELOAD: preload(command, installedLibrary(LIBRARY) ?? LIBRARY),
      HEAPPROFILE: path.join(session.folder, `${session.name}-tcmalloc`),
      HEAP_PROFILE_TIME_INTERVAL: String(Math.max(1, Math.round(session.everyMs / 1000))),
      HEAP_PROFILE_INUSE_INTERVAL: String(GROWN_BYTES),
    },
  }),
  collect: async (session) => {
    const prefix = `${session.name}-tcmalloc`;
    // programs that it starts put their pid behind the prefix
    return readdirSync(session.folder)
      .filter((file) => file.startsWith(prefix) && /^\.\d{4,}\.heap$/.test(file.slice(prefix.length)))
      .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
      .map((file) => path.join(session.folder, file));
  },
};
