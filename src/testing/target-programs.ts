/**
 * Real processes for the tests of attaching: programs of `targets/`, compiled or run by the toolchains of the machine, each ended after
 * its test. A missing toolchain is named, so that a test can be skipped by name.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { CaptureSession } from "../attach/attacher.ts";
import { listeners, procNames } from "../attach/proc.ts";
import { inspectTarget, type Target } from "../attach/target.ts";
import { openUndoLog, type UndoLog, type UndoStep } from "../attach/undo.ts";
import { inspect, read } from "../index.ts";

const TARGETS = path.join(path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url)))), "src", "testing", "targets");

/** The source of a target program. */
export function targetSource(name: string): string {
  return path.join(TARGETS, name);
}

/** Why a test cannot run here: the first of the programs that is missing; false where all are there. */
export function missingProgram(...programs: readonly string[]): string | false {
  for (const program of programs) {
    try {
      execFileSync("/bin/sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    } catch {
      return `no ${program} here`;
    }
  }
  return false;
}

/** Targets of a test file and their files; `close` ends and removes all of them. */
export class TargetPrograms {
  readonly folder: string = mkdtempSync(path.join(tmpdir(), "lagleak-targets-"));
  readonly #children: ChildProcess[] = [];

  /**
   * Starts a program and resolves when it prints a line that begins with `ready`; what follows that word is given back. Its standard
   * input stays open until it is ended.
   */
  async start(
    command: string,
    args: readonly string[],
    options: {
      readonly environment?: Readonly<Record<string, string>>;
      readonly uid?: number;
      readonly cwd?: string;
      readonly isReady?: RegExp; // with what follows as its first group
    } = {},
  ): Promise<{ readonly pid: number; readonly said: string; readonly child: ChildProcess; readonly output: () => string }> {
    const child = spawn(command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      cwd: options.cwd ?? this.folder,
      env: { PATH: process.env["PATH"] ?? "", ...options.environment },
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    this.#children.push(child);
    let output = "";
    const said = await new Promise<string>((resolve, reject) => {
      const look = (part: Buffer): void => {
        output += part.toString();
        const line = (options.isReady ?? /^ready\b ?(.*)\n/m).exec(output)?.[1];
        if (line !== undefined) resolve(line);
      };
      child.stdout?.on("data", look);
      child.stderr?.on("data", look);
      child.on("error", reject);
      child.on("exit", (code, signal) => reject(new Error(`${command} ended with ${code ?? signal} before it was ready: ${output}`)));
    });
    if (child.pid === undefined) throw new Error(`${command} has no pid`);
    return { pid: child.pid, said, child, output: () => output };
  }

  /** Compiles a C program of `targets/`; its path. */
  compile(name: string, binary: string, flags: readonly string[] = []): string {
    const file = path.join(this.folder, binary);
    execFileSync("gcc", ["-O1", "-g", "-o", file, targetSource(name), "-pthread", ...flags]);
    return file;
  }

  close(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A session as the observer opens it: an undo log that asks `revert`, captures into `folder`. */
export function sessionFor(
  target: Target,
  folder: string,
  revert: (target: Target, step: UndoStep) => Promise<void>,
  more: Partial<CaptureSession> = {},
): CaptureSession & { readonly undo: UndoLog } {
  return {
    folder,
    name: "test",
    windowMs: 500,
    diskBytes: 1 << 30,
    undo: openUndoLog(path.join(folder, "undo"), target, (step) => revert(target, step)),
    signal: new AbortController().signal,
    note: () => {},
    ...more,
  };
}

/** What must be as before when everything was taken back. */
export interface Outside {
  readonly ports: readonly number[];
  readonly files: number;
  readonly threads: number;
  readonly temporary: readonly string[]; // files in its /tmp that are named by its pid
}

export function outsideOf(pid: number): Outside {
  const { threads } = inspectTarget(pid);
  return {
    ports: listeners(pid).map(({ port }) => port),
    files: procNames(pid, "fd").length,
    threads,
    temporary: [...procNames(pid, "root/tmp"), ...procNames(pid, "cwd")].filter((name) => name.includes(String(pid))).sort(),
  };
}

/** The captures as one profile: its instants, and what each of its frames gained and holds at the end, the largest growth first. */
export async function growthOf(
  files: readonly string[],
): Promise<{ readonly instants: number; readonly growth: readonly { readonly name: string; readonly bytes: number }[] }> {
  const answer = inspect(await read(files), { top: 1000 });
  const first = files[0] === undefined || files.length < 2 ? null : inspect(await read([files[0]]), { top: 1000 });
  const before = new Map((first?.top ?? []).map(({ name, bytes }) => [name, bytes]));
  const growth = answer.top.map(({ name, bytes }) => ({ name, bytes: bytes - (before.get(name) ?? 0) }));
  return { instants: answer.instants, growth: growth.sort((a, b) => b.bytes - a.bytes) };
}

/** Why a test cannot run here: a file that is missing. */
export function missingFile(file: string): string | false {
  return existsSync(file) ? false : `no ${file} here`;
}
