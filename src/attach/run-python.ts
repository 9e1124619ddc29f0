/**
 * A Python program with `tracemalloc` from its start: a `sitecustomize` module in the folder of the session switches it on, writes its traces
 * every few seconds and at the end, and then loads the `sitecustomize` that it hides.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Launcher, LaunchSession } from "./launcher.ts";
import { collapse, TRACES } from "./python-tracemalloc.ts";

const FRAMES = 16;
/** Python's own switches that keep PYTHONPATH or `sitecustomize` away. */
const ISOLATING = /^-[A-Za-z]*[EIS]/;

function moduleFolder({ folder, name }: LaunchSession): string {
  return path.join(folder, `.${name}-python`);
}

export const runPython: Launcher = {
  id: "python",
  title: "Python with tracemalloc",
  sees: "live Python objects by the lines that allocated them, over the run; no memory of C libraries such as librdkafka",
  suits: ({ program }) => (/^python3?(?:\.\d+)?$/.test(path.basename(program ?? "")) ? "best" : "no"),
  refuses: async ({ words }) => {
    const end = words.findIndex((word, index) => index > 0 && !word.startsWith("-"));
    const flag = words.slice(1, end < 0 ? undefined : end).find((word) => ISOLATING.test(word));
    if (flag === undefined) return null;
    return { because: `${flag} keeps Python from loading anything else`, fix: `Leave ${flag} out for this run.` };
  },
  plan: async (_command, session) => ({
    what: `start Python with tracemalloc (${FRAMES} frames), which writes its traces every ${Math.round(session.everyMs / 1000)} s`,
    stops: "Python while traces are written: about 50 ms for 100,000 objects",
    risk: "Python allocates up to four times slower, and needs memory for the traces",
  }),
  launch: async ({ words, environment }, session) => {
    const folder = moduleFolder(session);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "sitecustomize.py"), sitecustomize(session));
    const there = environment["PYTHONPATH"] ?? "";
    return { words, environment: { PYTHONPATH: there === "" ? folder : `${folder}:${there}` } };
  },
  collect: async (session) => {
    const folder = moduleFolder(session);
    const numbers = existsSync(folder)
      ? readdirSync(folder).flatMap((name) => {
          const number = /^traces-(\d+)$/.exec(name)?.[1];
          return number === undefined ? [] : Number(number);
        })
      : [];
    const files = numbers
      .sort((a, b) => a - b)
      .map((number) => {
        const traces = readFileSync(path.join(folder, `traces-${number}`), "utf8");
        const file = path.join(session.folder, `${session.name}-tracemalloc-${number}.collapsed`);
        writeFileSync(file, collapse(traces, sourceOf), { mode: 0o600 });
        return file;
      });
    rmSync(folder, { recursive: true, force: true });
    return files;
  },
};

function sourceOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

/** Whatever fails in it must not keep the program from running. Programs that it starts are not watched. */
function sitecustomize(session: LaunchSession): string {
  const folder = JSON.stringify(moduleFolder(session));
  return `import os, sys
_folder = ${folder}
sys.path[:] = [one for one in sys.path if one != _folder]
_rest = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one and one != _folder]
if _rest:
    os.environ["PYTHONPATH"] = os.pathsep.join(_rest)
else:
    os.environ.pop("PYTHONPATH", None)

def _watch():
    import atexit, threading, tracemalloc
    tracemalloc.start(${FRAMES})
    lock = threading.Lock()
    count = [0]
${TRACES}
    def write():
        with lock:
            count[0] += 1
            file = os.path.join(_folder, "traces-%d" % count[0])
            _lagleak(file + ".part")
            os.rename(file + ".part", file)
    def loop():
        import time
        while True:
            time.sleep(${session.everyMs / 1000})
            try:
                write()
            except Exception:
                return
    threading.Thread(target=loop, name="lagleak", daemon=True).start()
    def last():
        try:
            write()
        except Exception:
            pass
    atexit.register(last)

try:
    _watch()
except Exception:
    pass
del _watch, _rest
sys.modules.pop("sitecustomize", None)
try:
    import sitecustomize
except ImportError:
    pass
`;
}
