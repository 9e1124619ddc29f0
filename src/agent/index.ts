/**
 * The agent that is loaded before a program, `node --import lagleak/agent app.js`: heap profiles of the whole run at intervals, on a
 * signal, at the end, and before V8 runs out of memory. Whatever goes wrong with it is one line on standard error, and the program
 * runs as without it.
 */
import { isMainThread } from "node:worker_threads";
import { type HeapRecorder, type Pprof, startRecorder } from "./heap-recorder.ts";
import { openSeriesFiles, type SeriesFiles } from "./series-files.ts";
import { readSettings } from "./settings.ts";

/** Observations come so many times as often as profiles: they cost nothing. */
const OBSERVATIONS_PER_PROFILE = 4;
/** Programs that only start the one that is meant. */
const STARTERS = /[\\/](?:npm|npx|yarn|pnpm|pnpx|corepack)(?:-cli)?(?:\.[cm]?js)?$/;

function complain(text: string): void {
  try {
    process.stderr.write(`lagleak agent: ${text}\n`);
  } catch {
    // nobody listens
  }
}

function guarded(action: () => void): () => void {
  let isBroken = false;
  return () => {
    if (isBroken) return;
    try {
      action();
    } catch (error) {
      isBroken = true;
      complain(`no more profiles are written: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
}

async function start(): Promise<void> {
  const { DD_PROFILING_ENABLED: datadog } = process.env;
  if (datadog !== undefined && datadog !== "" && datadog !== "0" && datadog !== "false") {
    complain("not started, because DD_PROFILING_ENABLED is set, and V8 samples for one profiler only");
    return;
  }
  const settings = readSettings(process.env, complain);
  const pprof: Pprof = await import("@datadog/pprof");
  const files = openSeriesFiles(settings.folder, settings.name, process.pid, settings.mostFiles);
  const recorder = startRecorder(pprof, files, settings, process.title);
  const take = guarded(recorder.take);
  schedule(recorder, files, settings.everyMs);
  if (settings.signal !== null) process.on(settings.signal as NodeJS.Signals, take);
  process.on("exit", take);
}

/** The first profile follows after a quarter of the interval. No timer keeps the program alive. */
function schedule(recorder: HeapRecorder, files: SeriesFiles, everyMs: number): void {
  let ticks = 0;
  const tick = guarded(() => {
    if (ticks++ % (OBSERVATIONS_PER_PROFILE * files.slowedBy()) === 0) recorder.take();
    else recorder.observe();
  });
  setInterval(tick, everyMs / OBSERVATIONS_PER_PROFILE).unref();
}

if (isMainThread && !STARTERS.test(process.argv[1] ?? "")) {
  try {
    await start();
  } catch (error) {
    complain(`not started, the program runs without it: ${error instanceof Error ? error.message : String(error)}`);
  }
}
