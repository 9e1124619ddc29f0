/**
 * Times whole commands side by side: A B A B …, medians, and the ratio pair by pair, so that a comparison holds when the
 * machine's speed drifts. Peak memory comes from /proc.
 */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The built command. */
export const BIN = fileURLToPath(new URL("../dist/bin/lagleak.js", import.meta.url));

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Runs a command once. Its output is read and thrown away. @returns seconds and bytes; `cpuSeconds` in steps of 10 ms */
export async function measure([command, ...args]) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
  child.stdout.resume();
  let peakBytes = 0;
  const cpuBefore = cpuOfChildren();
  const started = process.hrtime.bigint();
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOf(child.pid));
  }, 10);
  const status = await new Promise((resolve) => child.on("close", resolve));
  clearInterval(watch);
  const wallSeconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
  return { wallSeconds, peakBytes, cpuSeconds: cpuOfChildren() - cpuBefore };
}

const TICKS_PER_SECOND = 100;

/** User and system time of all children that have ended, theirs included; 0 where there is no /proc. */
function cpuOfChildren() {
  try {
    const fields = readFileSync("/proc/self/stat", "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}

/** VmHWM of a process; 0 when it has ended. */
function peakOf(pid) {
  try {
    const own = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(own?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/**
 * The two in turns after one warm-up each. `ratio` = theirs / ours, median over the pairs: above 1 we are faster. `cpuRatio`: the
 * same of the time on processors, which says more where the machine has other things to do.
 */
export async function compare(ours, theirs, { runs = 5 } = {}) {
  await measure(ours);
  await measure(theirs);
  const pairs = [];
  for (let run = 0; run < runs; run++) pairs.push([await measure(ours), await measure(theirs)]);
  return {
    ratio: median(pairs.map(([a, b]) => b.wallSeconds / a.wallSeconds)),
    cpuRatio: median(pairs.map(([a, b]) => b.cpuSeconds / a.cpuSeconds)),
    ours: { seconds: median(pairs.map(([a]) => a.wallSeconds)), peakBytes: Math.max(...pairs.map(([a]) => a.peakBytes)) },
    theirs: { seconds: median(pairs.map(([, b]) => b.wallSeconds)), peakBytes: Math.max(...pairs.map(([, b]) => b.peakBytes)) },
  };
}

/** The same for two functions of this process. */
export function compareInProcess(ours, theirs, runs = 5) {
  const time = (work) => {
    const started = process.hrtime.bigint();
    work();
    return Number(process.hrtime.bigint() - started) / 1e9;
  };
  time(ours);
  time(theirs);
  const pairs = Array.from({ length: runs }, () => [time(ours), time(theirs)]);
  return {
    ratio: median(pairs.map(([a, b]) => b / a)),
    ours: { seconds: median(pairs.map(([a]) => a)), peakBytes: 0 },
    theirs: { seconds: median(pairs.map(([, b]) => b)), peakBytes: 0 },
  };
}

export function has(command, ...args) {
  return spawnSync(command, args.length > 0 ? args : ["--version"], { stdio: "ignore" }).error === undefined;
}

const mebibytes = (bytes) => (bytes === 0 ? "" : `${Math.round(bytes / 2 ** 20)} MiB`);

/** One line of the table; `goal` is the least ratio (or, with `atMost`, the largest time of ours in units of theirs). */
export function row(what, { ratio, cpuRatio, ours, theirs }, goal = "") {
  const cells = [
    what.padEnd(46),
    `${ratio.toFixed(2)}x`.padStart(8),
    `${ours.seconds.toFixed(3)} s`.padStart(9),
    `${theirs.seconds.toFixed(3)} s`.padStart(9),
    mebibytes(ours.peakBytes).padStart(9),
    mebibytes(theirs.peakBytes).padStart(9),
    Number.isFinite(cpuRatio) ? `  cpu ${cpuRatio.toFixed(2)}x` : "",
    goal === "" ? "" : `  goal ${goal}`,
  ];
  console.log(cells.join(" "));
}

export function head(title, ours, theirs) {
  console.log(
    `\n${title}\n${"".padEnd(46)} ${"ratio".padStart(8)} ${ours.padStart(9)} ${theirs.padStart(9)} ${"memory".padStart(9)} ${"memory".padStart(9)}`,
  );
}

/** A small seeded generator (mulberry32): the same input on every machine. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}
