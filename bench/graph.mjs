/**
 * Heap snapshots of V8, against memlab and the loader of Chrome DevTools (whole processes, in pairs): parse, dominators, retained
 * sizes and a table of classes. Run after `npm run build`: `node bench/graph.mjs [50 300]`, sizes in MB.
 *
 * The peers are installed into a temporary folder for the run. DevTools is its own TypeScript, bundled, its two workers in one
 * thread; its dominators are compared with ours at every node.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { BIN, compare, head, measure, row } from "./measure.mjs";

const DIST = new URL("../dist/", import.meta.url);
const MEMLAB = ["@memlab/core@2.0.5", "@memlab/heap-analysis@2.0.5"];
const DEVTOOLS = "chrome-devtools-frontend@1.0.1705227";
const WORKER = "node_modules/chrome-devtools-frontend/front_end/entrypoints/heap_snapshot_worker";
const LARGE_HEAP = "--max-old-space-size=12000";

/** A consumer's heap: messages as slices of batches, objects of the application with Maps, Sets and closures, pending Promises. */
const GENERATOR = `
import v8 from "node:v8";
const [count, file] = [Number(process.argv[2]), process.argv[3]];
class OrderEvent { constructor(i, value) { this.id = i; this.key = "order-" + i; this.value = value; this.headers = {}; this.at = new Date(i); } }
class UserState { constructor(i) { this.seen = new Set([i, i + 1]); this.map = new Map([[i, { n: i }]]); this.total = () => i + this.seen.size; } }
const cache = new Map(), pending = [];
globalThis.kept = { cache, pending };
let batch;
for (let i = 0; i < count; i++) {
  if (i % 1000 === 0) batch = Buffer.alloc(100 * 1024);
  cache.set("user-" + i, new UserState(i));
  pending.push(new OrderEvent(i, batch.subarray((i % 1000) * 100, (i % 1000) * 100 + 100)));
  if (i % 3 === 0) pending.push(new Promise(() => {}));
}
v8.writeHeapSnapshot(file);
`;
const OBJECTS_PER_MB = 830;

const DEVTOOLS_RUNNER = `
import * as fs from "node:fs";
import { HeapSnapshotLoader } from "./${WORKER}/HeapSnapshotLoader.ts";
import { SecondaryInitManager } from "./${WORKER}/HeapSnapshot.ts";
const loader = new HeapSnapshotLoader({ sendEvent() {} });
const channel = new MessageChannel();
new SecondaryInitManager(channel.port2);
const file = fs.openSync(process.argv[2], "r");
const buffer = Buffer.allocUnsafe(1 << 22);
for (let bytes; (bytes = fs.readSync(file, buffer, 0, buffer.length, null)) > 0; ) {
  loader.write(buffer.toString("latin1", 0, bytes));
  await new Promise((resolve) => setImmediate(resolve));
}
loader.close();
const snapshot = await loader.buildSnapshot(channel.port1);
if (process.argv[3]) fs.writeFileSync(process.argv[3], Buffer.from(snapshot.dominatorsTree.buffer));
console.log(snapshot.nodeCount, snapshot.totalSize);
process.exit(0);
`;

const MEMLAB_RUNNER = `
const { getFullHeapFromFile } = require("@memlab/heap-analysis");
getFullHeapFromFile(process.argv[2]).then((heap) => {
  const classes = new Map();
  heap.nodes.forEach((node) => { const known = classes.get(node.name) ?? { size: 0, retained: 0 }; known.size += node.self_size; known.retained += node.retainedSize; classes.set(node.name, known); });
  console.log(classes.size);
  process.exit(0);
});
`;

/** Our dominators, one number a node as in DevTools: ordinals from 0. */
const OWN_RUNNER = `
import fs from "node:fs";
const { openInput } = await import(${JSON.stringify(new URL("base/source.js", DIST).href)});
const { v8HeapSnapshot } = await import(${JSON.stringify(new URL("formats/v8-heap-snapshot.js", DIST).href)});
const { dominatorsOf } = await import(${JSON.stringify(new URL("model/dominators.js", DIST).href)});
const { graph } = await v8HeapSnapshot.readGraph(await openInput(process.argv[2]));
const { of } = dominatorsOf(graph);
fs.writeFileSync(process.argv[3], Buffer.from(Uint32Array.from(of.subarray(1), (node) => Math.max(0, node - 1)).buffer));
`;

function install(folder, packages) {
  const npm = spawnSync("npm", ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", ...packages], {
    stdio: "ignore",
  });
  return npm.status === 0;
}

/** Resolves DevTools' imports of compiled files to their sources, and what its build would generate to nothing. */
const sources = {
  name: "devtools-sources",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /\.js$/ }, ({ kind, path: name, resolveDir }) => {
      if (kind === "entry-point") return undefined;
      const compiled = path.resolve(resolveDir, name);
      const found = [compiled, compiled.replace(/\.js$/, ".ts")].find((file) => existsSync(file));
      return found === undefined ? { path: compiled, namespace: "generated" } : { path: found };
    });
    onLoad({ filter: /.*/, namespace: "generated" }, () => ({
      contents: ["LOCALES=[]", "BUNDLED_LOCALES=[]", "DEFAULT_LOCALE=''", "REMOTE_FETCH_PATTERN=''", "LOCAL_FETCH_PATTERN=''"]
        .map((constant) => `export const ${constant};`)
        .join(""),
    }));
  },
};

async function devtools(folder) {
  if (!install(folder, [DEVTOOLS])) return null;
  const runner = path.join(folder, "devtools.mjs");
  writeFileSync(path.join(folder, "devtools.ts"), DEVTOOLS_RUNNER);
  await build({
    entryPoints: [path.join(folder, "devtools.ts")],
    outfile: runner,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
    plugins: [sources],
    banner: {
      js: "Promise.withResolvers??=()=>{let resolve,reject;const promise=new Promise((a,b)=>{resolve=a;reject=b});return{promise,resolve,reject}};",
    },
  });
  return (file, ...more) => [process.execPath, LARGE_HEAP, runner, file, ...more];
}

function memlab(folder) {
  if (!install(folder, MEMLAB)) return null;
  const runner = path.join(folder, "memlab.cjs");
  writeFileSync(runner, MEMLAB_RUNNER);
  return (file) => [process.execPath, LARGE_HEAP, runner, file];
}

async function sameDominators(folder, file, peer) {
  const [ours, theirs] = ["ours.dominators", "theirs.dominators"].map((name) => path.join(folder, name));
  writeFileSync(path.join(folder, "own.mjs"), OWN_RUNNER);
  await measure([process.execPath, path.join(folder, "own.mjs"), file, ours]);
  await measure(peer(file, theirs));
  const [left, right] = [readFileSync(ours), readFileSync(theirs)];
  let different = Math.abs(left.length - right.length) / 4;
  for (let at = 0; at < Math.min(left.length, right.length); at += 4) if (left.readUInt32LE(at) !== right.readUInt32LE(at)) different++;
  console.log(`dominators of ${left.length / 4} nodes: ${different} differ from those of Chrome DevTools`);
}

export async function benchGraph(megabytes = [50, 300], runs = 3) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "lagleak-graph-"));
  try {
    const peers = [
      ["Chrome DevTools, one thread", await devtools(folder), 7],
      ["memlab", memlab(folder), 6],
    ];
    head("V8 heap snapshots: graph, dominators, retained sizes", "lagleak", "peer");
    writeFileSync(path.join(folder, "generate.mjs"), GENERATOR);
    for (const size of megabytes) {
      const file = path.join(folder, `${size}.heapsnapshot`);
      await measure([process.execPath, LARGE_HEAP, path.join(folder, "generate.mjs"), String(size * OBJECTS_PER_MB), file]);
      const fileBytes = statSync(file).size;
      for (const [name, peer, goal] of peers) {
        if (peer === null) console.log(`${name}: cannot be installed here`);
        else {
          const result = await compare([process.execPath, BIN, "inspect", file, "--json"], peer(file), { runs });
          row(`${name}, ${(fileBytes / 1e6).toFixed(0)} MB`, result, `>= ${goal}x`);
          console.log(`  memory / (1.5 x file + 80 MB) = ${(result.ours.peakBytes / (1.5 * fileBytes + 80e6)).toFixed(2)}, goal <= 1`);
        }
      }
      const [, peer] = peers[0];
      if (peer !== null) await sameDominators(folder, file, peer);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sizes = process.argv
    .slice(2)
    .map(Number)
    .filter((size) => size > 0);
  await benchGraph(sizes.length === 0 ? [50, 300] : sizes);
}
