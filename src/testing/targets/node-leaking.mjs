// Keeps 200 small objects every 20 ms (about 1 MB a second), beside a cache that stays as large as it is.
// `--own-signal` handles SIGUSR1 itself, `--samples-itself` samples its own heap, `--worker` leaks in a worker thread instead,
// `--hold=<MB>` begins with a heap of that size.
import { Session } from "node:inspector";
import { isMainThread, Worker } from "node:worker_threads";

const kept = [];
const cache = [];

function leakRecord(number) {
  return { number, text: `record ${number}`, parts: [number, number + 1, number + 2] };
}

function tick() {
  for (let count = 0; count < 200; count++) kept.push(leakRecord(kept.length));
  for (let count = 0; count < 200; count++) cache.push({ number: count, parts: [count] });
  cache.splice(0, Math.max(0, cache.length - 2000));
}

const [held = 0] = process.argv.flatMap((argument) => (argument.startsWith("--hold=") ? Number(argument.slice(7)) : []));
for (let objects = 0; objects < held * 10_000; objects++) kept.push({ number: objects, parts: [objects, objects] });

const leaksInWorker = process.argv.includes("--worker");
if (leaksInWorker && isMainThread) new Worker(new URL(import.meta.url), { argv: ["--worker"] });
if (!leaksInWorker || !isMainThread) setInterval(tick, 20);
else setInterval(() => {}, 1000);
if (process.argv.includes("--own-signal")) process.on("SIGUSR1", () => console.log("handled"));
if (process.argv.includes("--samples-itself")) {
  const session = new Session();
  session.connect();
  session.post("HeapProfiler.startSampling");
}
if (isMainThread) console.log("ready");
