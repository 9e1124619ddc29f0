/**
 * What a way to start a program under capture is, for programs that may be started anew: it says whether it can, what it will do, what to
 * start instead, and which files came of it. One file a launcher in this folder (`run-….ts`). Whoever starts the program passes its exit code and signals on.
 */
import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import type { Plan, Refusal } from "./attacher.ts";
import { firstBytes } from "./target-files.ts";

/** A command as the user gave it, and what it starts. */
export interface Command {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>; // that it would be started with
  readonly folder: string; // working directory
  readonly program: string | null; // the file that is executed, links followed; null where there is none
  readonly kind: "elf" | "script" | "other"; // a script is one with an interpreter in its first line
}

export interface LaunchSession {
  readonly folder: string; // exists, absolute; capture files are written here
  readonly name: string; // beginning of their names
  readonly everyMs: number; // between two captures, where they come by time
}

/** What to start instead. */
export interface Launch {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>; // added to the command's, or replacing what is there
}

export interface Launcher {
  readonly id: string; // "heaptrack": the name in `--method` and `list methods`
  readonly title: string;
  /** What it sees, and what it cannot see. */
  readonly sees: string;
  /** `best`: what is taken when the user names none. */
  readonly suits: (command: Command) => "best" | "possible" | "no";
  /** Looks, and changes nothing. Null: it can. */
  readonly refuses: (command: Command) => Promise<Refusal | null>;
  readonly plan: (command: Command, session: LaunchSession) => Promise<Plan>;
  /** Writes what the program needs into the folder of the session. */
  readonly launch: (command: Command, session: LaunchSession) => Promise<Launch>;
  /** Attachers that capture the program while it runs, since what it writes itself is not enough. */
  readonly meanwhile?: readonly string[];
  /** Capture files in order of time, once the program ended; none where it wrote none. */
  readonly collect: (session: LaunchSession) => Promise<readonly string[]>;
}

/** Looks a command up as a shell does. */
export function commandOf(words: readonly string[], environment: Command["environment"], folder: string): Command {
  const program = programOf(words[0] ?? "", environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", folder);
  const head = program === null ? "" : firstBytes(program, 4).toString("latin1");
  return { words, environment, folder, program, kind: head === "\x7fELF" ? "elf" : head.startsWith("#!") ? "script" : "other" };
}

function programOf(name: string, searched: string, folder: string): string | null {
  if (name === "") return null;
  const candidates = name.includes("/") ? [path.resolve(folder, name)] : searched.split(":").map((one) => path.resolve(folder, one, name));
  const found = candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
  return found === undefined ? null : realpathSync(found);
}

/** Why a library cannot be preloaded into what a command starts; null where it can. */
export function preloadRefusal(command: Command, hasLoader: (program: string) => boolean): Refusal | null {
  const [name = ""] = command.words;
  if (command.program === null) return { because: `there is no program ${name}`, fix: "Give the command as in a shell, with its path." };
  if (command.kind === "script") {
    return {
      because: `${name} is a script: its interpreter would be watched, not what it starts`,
      fix: "Give the program that the script starts, or put the `lagleak run --` into the script.",
    };
  }
  if (command.kind === "other") return { because: `${name} is no program of Linux`, fix: "Give the program itself." };
  if (!hasLoader(command.program)) {
    return { because: `${name} is linked statically: no library can be preloaded`, fix: "Link it dynamically, or attach to it (level 0)." };
  }
  return null;
}

const LIBRARY_FOLDERS = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"];

/** Where a library lies on this machine; null where it is not installed. */
export function installedLibrary(name: string): string | null {
  return LIBRARY_FOLDERS.map((folder) => path.join(folder, name)).find((file) => existsSync(file)) ?? null;
}

/** `LD_PRELOAD` with a library in front of what is there. */
export function preload(command: Command, library: string): string {
  const there = command.environment["LD_PRELOAD"] ?? "";
  return there === "" ? library : `${library}:${there}`;
}
