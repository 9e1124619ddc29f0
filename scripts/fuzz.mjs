/**
 * Damages the captures of any folders and reads them: `npm run fuzz -- <folder>... [--runs N] [--seed S]`. Every capture is cut
 * at 64 places, its file and what is in it; N mutations (10,000) are spread over all, smaller captures get more. Prints what
 * came of it by format and fails on every crash, hang, broken answer, wrong total or cut that nobody noticed.
 *
 * The work is done in a thread, so that one that hangs can be told from one that works.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { BUGS, cutAll, FINE, mutateMany, soundCapture } from "../dist/testing/fuzz.js";

const HANG_MS = 30_000;
const LARGEST_FILE_BYTES = 16 << 20;

if (isMainThread) watch();
else await work(workerData);

/** Starts the work, counts, and prints. */
function watch() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { runs: { type: "string", default: "10000" }, seed: { type: "string", default: "1" } },
  });
  const [runs, seed] = [Number(values.runs), Number(values.seed)];
  if (positionals.length === 0 || !Number.isInteger(runs) || !Number.isInteger(seed)) {
    console.error("usage: node scripts/fuzz.mjs <folder>... [--runs N] [--seed S]");
    process.exit(2);
  }
  const start = performance.now();
  const counts = new Map(); // by format and damage, then by outcome
  const reasons = new Map();
  let bugs = 0;
  let doing = "";
  let lastSign = performance.now();
  const worker = new Worker(new URL(import.meta.url), { workerData: { folders: positionals, runs, seed } });
  const count = ({ format, damage, outcome, capture, what, detail }) => {
    const row = `${format} ${damage}`;
    if (!counts.has(row)) counts.set(row, new Map());
    counts.get(row).set(outcome, (counts.get(row).get(outcome) ?? 0) + 1);
    if (outcome === "unnoticeable") reasons.set(`${format}: ${detail}`, (reasons.get(`${format}: ${detail}`) ?? 0) + 1);
    if (BUGS.includes(outcome)) {
      bugs++;
      console.log(`${outcome}: ${capture} (${damage}: ${what}): ${detail}`);
    }
  };
  worker.on("message", (message) => {
    lastSign = performance.now();
    if (message.doing !== undefined) doing = message.doing;
    else if (message.done !== undefined) {
      printTable(counts, reasons);
      const seconds = ((performance.now() - start) / 1000).toFixed(0);
      console.log(`${message.done}; ${bugs} bugs; seed ${seed}; ${seconds} s`);
      process.exit(bugs > 0 ? 1 : 0);
    } else count(message);
  });
  worker.on("error", (error) => {
    console.log(`crash: ${doing}: ${error.stack}`);
    process.exit(1);
  });
  setInterval(() => {
    if (performance.now() - lastSign < HANG_MS) return;
    console.log(`hang: more than ${HANG_MS / 1000} s without an answer, behind the last answer on ${doing}`);
    process.exit(1);
  }, 1000);
}

async function work({ folders, runs, seed }) {
  const captures = [];
  let others = 0;
  for (const file of folders.flatMap(filesIn)) {
    parentPort.postMessage({ doing: file });
    const capture = await soundCapture(file, new Uint8Array(readFileSync(file)));
    if (capture === null) others++;
    else captures.push(capture);
  }
  let cuts = 0;
  let mutations = 0;
  const shares = sharesOf(captures, runs);
  for (const [row, capture] of captures.entries()) {
    parentPort.postMessage({ doing: capture.name });
    for await (const run of cutAll(capture)) {
      cuts++;
      parentPort.postMessage(run);
    }
    for await (const run of mutateMany(capture, seed, 0, shares[row])) {
      mutations++;
      parentPort.postMessage(run);
    }
  }
  parentPort.postMessage({
    done: `${captures.length} captures (and ${others} files that are none), ${cuts} cuts, ${mutations} mutations`,
  });
}

/** Every file below a folder that is small enough to be read a hundred times; a file for itself. */
function filesIn(folder) {
  if (statSync(folder).isFile()) return [folder];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => path.join(folder, file))
    .filter((file) => !/(^|\/)(program|node_modules)\//.test(file) && !/\.(md|rs|toml|lock)$/.test(file))
    .filter((file) => statSync(file).isFile() && statSync(file).size <= LARGEST_FILE_BYTES && statSync(file).size > 0)
    .sort();
}

/** In inverse proportion to their sizes, above 256 KiB; at least one each, `runs` or a few more in all. */
function sharesOf(captures, runs) {
  const weights = captures.map(({ content }) => 1 / (1 + content.length / 262144));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => Math.ceil((runs * weight) / total));
}

function printTable(counts, reasons) {
  const outcomes = [...FINE, ...BUGS];
  console.log(["".padEnd(24), ...outcomes.map((outcome) => outcome.padStart(13))].join(""));
  for (const [row, byOutcome] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log([row.padEnd(24), ...outcomes.map((outcome) => String(byOutcome.get(outcome) ?? 0).padStart(13))].join(""));
  for (const [reason, times] of [...reasons].sort()) console.log(`unnoticeable ${times} times: ${reason}`);
}
