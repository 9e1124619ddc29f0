/** A program under heaptrack from its start: its library is preloaded and writes every allocation into a regular file. */

import { existsSync } from "node:fs";
import path from "node:path";
import { readElfLinkage } from "./elf-linkage.ts";
import { type Launcher, preload, preloadRefusal } from "./launcher.ts";
import { sizeOf } from "./target-output.ts";

const LIBRARY = "libheaptrack_preload.so";
const FOLDERS = ["/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/local/lib"];

function library(): string | null {
  return FOLDERS.map((folder) => `${folder}/heaptrack/${LIBRARY}`).find((file) => existsSync(file)) ?? null;
}

function fileOf({ folder, name }: { readonly folder: string; readonly name: string }): string {
  return path.join(folder, `${name}-heaptrack-1.raw`);
}

export const runHeaptrack: Launcher = {
  id: "heaptrack",
  title: "under heaptrack",
  sees: "every allocation of C, C++ and Rust by its stack, over the whole run; no heap of Java, Go or V8",
  suits: ({ kind, program }) => {
    if (kind !== "elf") return "no";
    return /^(?:node|nodejs|java|python3?(?:\.\d+)?|ruby|php|dotnet)$/.test(path.basename(program ?? "")) ? "possible" : "best";
  },
  refuses: async (command) => {
    const refusal = preloadRefusal(command, hasLoader);
    if (refusal !== null) return refusal;
    if (library() !== null) return null;
    return {
      because: "there is no heaptrack here",
      fix: "Install it: `apt-get install heaptrack` (Debian, Ubuntu), `dnf install heaptrack` (Fedora).",
    };
  },
  plan: async (_command, session) => ({
    what: `preload ${LIBRARY}, which writes every allocation into ${fileOf(session)}`,
    stops: "nothing",
    risk: "allocating is 5 to 10 % slower; the file may grow by 24 MB/s",
  }),
  launch: async (command, session) => ({
    words: command.words,
    // heaptrack takes both out of the environment again, so that programs which this one starts are not watched
    environment: { LD_PRELOAD: preload(command, library() ?? LIBRARY), DUMP_HEAPTRACK_OUTPUT: fileOf(session) },
  }),
  collect: async (session) => (sizeOf(fileOf(session)) > 0 ? [fileOf(session)] : []),
};

export function hasLoader(program: string): boolean {
  return readElfLinkage(program, [])?.hasLoader === true;
}
