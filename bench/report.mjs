/**
 * The HTML report of a large capture: 200,000 call paths, 256 instants. Its size, the time to make it, and in Chromium the time
 * until it is drawn, of a zoom, of a search, and of a change of the range. `node bench/report.mjs [file to keep]`
 */
import { existsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { analyze, render, report } from "../dist/index.js";
import { ProfileBuilder } from "../dist/model/profile-builder.js";

const PATHS = 200_000;
const INSTANTS = 256;
const CHANGES_PER_PATH = 12;
const ROUNDS = 8;
const rounded = (times) => times.map((time) => Math.round(time)).join(", ");
const CHROMIUM = "/usr/bin/chromium";

/** A generator of the same numbers in every run (mulberry32). */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function profile() {
  const random = numbers(1);
  const builder = new ProfileBuilder();
  const names = Array.from({ length: 20_000 }, (_, index) =>
    index % 7 === 0 ? `rd_kafka_${index.toString(36)}` : `app::module_${index % 97}::Type${index}::function_${index.toString(36)}`,
  );
  const frames = names.map((name, index) => builder.frame({ name, module: builder.module(`/usr/lib/lib${index % 50}.so`) }));
  const paths = [builder.path(0, frames[0])];
  while (paths.length < PATHS) {
    // a parent among the last few thousand makes deep paths, any other wide ones
    const above =
      random() < 0.7 ? paths[Math.floor(paths.length * (1 - random() ** 3 * 0.05) - 1)] : paths[Math.floor(random() * paths.length)];
    paths.push(builder.path(above ?? 0, frames[Math.floor(random() ** 2 * frames.length)]));
  }
  const byInstant = Array.from({ length: INSTANTS }, () => []);
  for (const row of paths) {
    for (let change = 0; change < CHANGES_PER_PATH; change++) byInstant[Math.floor(random() * INSTANTS)].push(row);
  }
  for (const [instant, changed] of byInstant.entries()) {
    builder.instant({ elapsedMs: (instant + 1) * 1000 });
    for (const row of changed)
      builder.change(row, { liveBytes: Math.floor(random() ** 8 * 100_000), liveBlocks: 1, allocatedBytes: 0, allocatedBlocks: 0 });
  }
  return builder.finish({ path: "synthetic", format: "synthetic", clock: "in-file", precision: { kind: "exact" }, observes: "both" });
}

/** Processor time beside the time that passed, which other programs on the machine make longer. */
function timed(what, work) {
  const [started, used] = [performance.now(), process.cpuUsage()];
  const result = work();
  const { user, system } = process.cpuUsage(used);
  lines.push([what, `${Math.round(performance.now() - started)} ms, ${Math.round((user + system) / 1000)} ms of processor`]);
  return result;
}

const large = profile();
const lines = [
  ["paths", large.paths.length - 1],
  ["instants", large.instants.length - 1],
  ["changes", large.changes.length],
];
timed("judging alone", () => analyze(large));
const made = timed("judging again, and folding", () => report(large));
const html = timed("rendering", () => render(made, "html"));
lines.push(
  ["size", `${(Buffer.byteLength(html) / 2 ** 20).toFixed(2)} MiB`],
  ["rows in the page", made.tree.length],
  [
    "folded away",
    `${made.tree.hidden.nodes} paths, ${Math.round((100 * made.tree.hidden.bytes) / made.answer.totals.liveBytes)} % of the live bytes`,
  ],
);
const file = process.argv[2] ?? path.join(tmpdir(), `lagleak-bench-${process.pid}.html`);
writeFileSync(file, html);

if (existsSync(CHROMIUM)) {
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const system = await browser.newBrowserCDPSession();
  /** What the process of the page used so far, all of its threads. */
  const processorMs = async () => {
    const { processInfo } = await system.send("SystemInfo.getProcessInfo");
    return 1000 * processInfo.filter(({ type }) => type === "renderer").reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  };
  const opening = performance.now();
  const before = await processorMs();
  await page.goto(pathToFileURL(file).href);
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  const opened = performance.now() - opening;
  lines.push(["opened and drawn", `${Math.round(opened)} ms, ${Math.round((await processorMs()) - before)} ms of processor`]);
  for (const [what, act] of Object.entries(ACTS())) {
    const [times, used] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      const start = await processorMs();
      times.push(await page.evaluate(`(async () => { ${act} })()`));
      used.push((await processorMs()) - start);
    }
    lines.push([what, `${rounded(times)} ms; ${rounded(used)} ms of processor with drawing`]);
  }
  await browser.close();
}
for (const [what, value] of lines) console.log(`${String(what).padEnd(34)} ${value}`);

/** Scripts in the page; each returns what the page itself worked, without waiting for frames of the screen. */
function ACTS() {
  const worked = (act) => `
    let worked = 0;
    const ask = window.requestAnimationFrame;
    window.requestAnimationFrame = (work) => ask((now) => { const from = performance.now(); work(now); worked += performance.now() - from; });
    const from = performance.now();
    ${act}
    worked += performance.now() - from;
    await new Promise((done) => ask(() => ask(() => ask(done))));
    window.requestAnimationFrame = ask;
    return worked;`;
  const tell = (id, value, type) =>
    `const field = document.getElementById("${id}"); field.value = ${value}; field.dispatchEvent(new Event("${type}", { bubbles: true }));`;
  return {
    "zoom in by the graph": worked(`
      const bounds = document.getElementById("flame").getBoundingClientRect();
      document.getElementById("flame").dispatchEvent(new MouseEvent("click", { bubbles: true, clientX: bounds.left + 200 + Math.random() * 300, clientY: bounds.top + 30 + Math.random() * 60 }));`),
    "zoom out": worked(`document.querySelector("#crumbs button")?.click();`),
    search: worked(tell("search", '"module_" + Math.floor(Math.random() * 90)', "input")),
    "search by expression": worked(tell("search", '"/type[0-9]+7::/"', "input")),
    "another range": worked(tell("range-from", "String(1 + Math.floor(Math.random() * 20))", "input")),
    "callees first, on and off": worked(`document.getElementById("inverted").click();`),
  };
}
