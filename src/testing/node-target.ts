/** Real Node.js processes to attach to: the programs in src/testing/targets/, each ended with the test that started it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Attacher, CaptureSession } from "../attach/attacher.ts";
import { listeners, procNames } from "../attach/proc.ts";
import { inspectTarget, type Target } from "../attach/target.ts";
import { openUndoLog } from "../attach/undo.ts";

export interface Started {
  readonly target: Target;
  readonly child: ChildProcess;
  /** All that it wrote to its standard output and error. */
  readonly output: () => string;
}

export function targetProgram(name: string): string {
  return fileURLToPath(new URL(`../../src/testing/targets/${name}`, import.meta.url));
}

/** Any free port for its inspector, so that tests do not meet. */
const OPTIONS = ["--inspect-port=0"];

/** `wrapper`: what starts it, such as `unshare --net`. Resolves when the program says that it is ready. */
export async function startNode(
  t: TestContext,
  program: string,
  {
    options = OPTIONS,
    args = [],
    wrapper = [],
  }: { options?: readonly string[]; args?: readonly string[]; wrapper?: readonly string[] } = {},
): Promise<Started> {
  const [command = process.execPath, ...rest] = [...wrapper, process.execPath, ...options, targetProgram(program), ...args];
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env["PATH"] } });
  t.after(() => child.kill("SIGKILL"));
  let output = "";
  await new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the target ended with ${code}: ${output}`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (/^ready/m.test(output)) resolve();
      });
    }
  });
  return { target: inspectTarget(child.pid ?? 0), child, output: () => output };
}

/** What an attacher must leave as it was. */
export function tracesIn({ pid }: Target): Readonly<Record<string, unknown>> {
  return { files: procNames(pid, "fd").length, threads: procNames(pid, "task").length, ports: listeners(pid).map(({ port }) => port) };
}

export interface TestSession extends CaptureSession {
  readonly notes: readonly string[];
  readonly abort: () => void;
}

/** In a folder that is removed after the test. */
export function sessionFor(
  t: TestContext,
  target: Target,
  attacher: Attacher,
  windowMs: number,
  more: Partial<CaptureSession> = {},
): TestSession {
  const folder = mkdtempSync(path.join(tmpdir(), "lagleak-attach-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const abort = new AbortController();
  const notes: string[] = [];
  return {
    folder,
    name: "consumer",
    windowMs,
    diskBytes: 64 << 20,
    undo: openUndoLog(path.join(folder, "undo"), target, (step) => attacher.undo(target, step)),
    signal: abort.signal,
    note: (text) => notes.push(text),
    notes,
    abort: () => abort.abort(),
    ...more,
  };
}
