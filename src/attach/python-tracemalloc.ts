/**
 * `tracemalloc` in a Python process that runs: switched on by gdb, asked twice, switched off. What it knows is written as one line a stack
 * and becomes collapsed stacks with bytes, since its own files (pickles) are for Python only.
 *
 * The surprise: it names files and lines and no functions. Functions are looked up in the sources, where these can be read.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { Failure } from "../base/failure.ts";
import type { Attacher, CaptureSession } from "./attacher.ts";
import { captureFile, nothingCaptured } from "./capture-files.ts";
import { gdbRefusal, placeTexts, releaseTexts, runGdb } from "./gdb.ts";
import { isAlive, pathOf, type Target } from "./target.ts";
import { openTargetOutput, removeTargetFile } from "./target-output.ts";
import { pause } from "./waiting.ts";

const ID = "python-tracemalloc";
const FRAMES = 16;

/** A Python function, indented by four, that writes the traces into a file: `size count file:line …` a stack, root first, then `end`. */
export const TRACES = `    def _lagleak(file):
        import tracemalloc
        own = tracemalloc.Filter(False, tracemalloc.__file__)
        statistics = tracemalloc.take_snapshot().filter_traces([own]).statistics("traceback")
        with open(file, "w", encoding="utf-8", errors="replace") as out:
            for one in statistics:
                print(one.size, one.count, *("%s:%d" % (frame.filename, frame.lineno) for frame in one.traceback), sep="\\t", file=out)
            print("end", file=out)`;

export const pythonTracemalloc: Attacher = {
  id: ID,
  title: "tracemalloc in a Python process",
  level: 2,
  sees: "Python objects allocated from now on and alive, by the lines that allocated them; nothing from before, and no memory of C libraries such as librdkafka",
  isFor: (target) => target.runtime.id === "python",
  refuses: async (target) => gdbRefusal(target),
  plan: async (_target, windowMs) => ({
    what: `by gdb run \`tracemalloc.start(${FRAMES})\` in the process, write its traces twice within ${Math.round(windowMs / 1000)} s, stop it`,
    stops: "0.1 to 0.8 s, four times (longer where Python has its debug information in it); Python cannot run while its traces are written",
    risk: "Python allocates up to four times slower meanwhile, and needs memory for the traces",
  }),
  capture: async (target, session) => {
    const stop = await session.undo.open({ attacher: ID, what: "stop tracemalloc in the process", data: { stop: 1 } });
    const files: string[] = [];
    try {
      await runPython(target, `import tracemalloc; tracemalloc.start(${FRAMES})`);
      for (const look of [1, 2]) {
        await pause(session.windowMs / 2, session.signal);
        try {
          files.push(await writeTraces(target, session, look));
          session.note(`traces ${look} of 2`);
        } catch (error) {
          if (files.length === 0) throw error;
          session.note(`traces ${look} of 2 are missing: ${error instanceof Error ? error.message : error}`);
          break;
        }
      }
    } catch (error) {
      throw nothingCaptured(target, error);
    } finally {
      if (isAlive(target)) await stop();
      else await stop().catch(() => {});
    }
    return files;
  },
  undo: async (target, step) => {
    if (step.data["stop"] !== 1) return removeTargetFile(target, step);
    if (isAlive(target)) await runPython(target, "import tracemalloc; tracemalloc.stop()");
  },
};

/** @throws Failure `capture` where Python could not run it */
async function runPython(target: Target, code: string): Promise<void> {
  const text = await runGdb(
    target,
    [
      ...placeTexts([code]),
      "set $state = ((int (*)(void)) PyGILState_Ensure)()",
      "set $code = ((int (*)(const char *, void *)) PyRun_SimpleStringFlags)($text0, 0)",
      "call ((void (*)(int)) PyGILState_Release)($state)",
      'printf "python %d\\n", $code',
      ...releaseTexts,
    ],
    { libraries: ["libpython"] },
  );
  if (/python 0/.test(text)) return;
  throw new Failure({
    code: "capture",
    message: "Python could not run what it was given; the reason is in the process's own log",
    hint: "Start it with PYTHONTRACEMALLOC=16, or use level 0.",
  });
}

async function writeTraces(target: Target, session: CaptureSession, look: number): Promise<string> {
  const output = await openTargetOutput(target, session, ID, "tracemalloc", look, "traces");
  // no name is left in the module that it runs in
  const code = `if True:\n${TRACES}\ntry:\n    _lagleak(${JSON.stringify(output.theirs)})\nfinally:\n    del _lagleak\n`;
  try {
    await runPython(target, code);
  } catch (error) {
    await output.collect().catch(() => null);
    throw error;
  }
  const traces = await output.collect();
  const text = traces === null ? "" : readFileSync(traces, "utf8");
  if (traces !== null) rmSync(traces, { force: true });
  if (!text.endsWith("end\n")) throw new Failure({ code: "capture", message: "Python wrote no traces" });
  const file = captureFile(session, "tracemalloc", look, "collapsed");
  writeFileSync(
    file,
    collapse(text, (source) => sourceOf(target, source)),
    { mode: 0o600 },
  );
  return file;
}

function sourceOf(target: Target, file: string): string | null {
  try {
    return readFileSync(pathOf(target, file), "utf8");
  } catch {
    return null;
  }
}

/** Lines `size count file:line …`, root first, as collapsed stacks `function (file:line);… size`. */
export function collapse(traces: string, sourceFor: (file: string) => string | null): string {
  const sources = new Map<string, readonly string[]>();
  const linesOf = (file: string): readonly string[] => {
    const known = sources.get(file);
    if (known !== undefined) return known;
    const lines = file.startsWith("/") ? (sourceFor(file) ?? "").split("\n") : [];
    sources.set(file, lines);
    return lines;
  };
  const frame = (place: string): string => {
    const [, file = place, line = "0"] = /^(.*):(\d+)$/.exec(place) ?? [];
    // a semicolon would be two frames
    const name = file.replaceAll(/[;\s]/g, "_");
    return `${functionAt(linesOf(file), Number(line))} (${name}:${line})`;
  };
  return traces
    .split("\n")
    .filter((line) => line.includes("\t"))
    .map((line) => {
      const [bytes, , ...places] = line.split("\t");
      return `${places.map(frame).join(";")} ${bytes}\n`;
    })
    .join("");
}

/** The nearest `def` above a line that is indented less than the line and everything between; `<module>` where there is none. */
function functionAt(lines: readonly string[], line: number): string {
  const indentOf = (text: string): number => text.length - text.trimStart().length;
  const start = lines[line - 1];
  if (start === undefined) return "<unknown>";
  let indent = indentOf(start);
  for (let at = line - 2; at >= 0 && indent > 0; at--) {
    const text = lines[at] ?? "";
    if (text.trim() === "" || text.trimStart().startsWith("#") || indentOf(text) >= indent) continue;
    indent = indentOf(text);
    const name = /^\s*(?:async\s+)?def\s+(\w+)/.exec(text)?.[1];
    if (name !== undefined) return name;
  }
  return "<module>";
}
