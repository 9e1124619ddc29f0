/**
 * Every measurement against the peers in one run: `npm run bench [-- --quick]`. Prints ratios, quotes the peers that are
 * missing by name. `bench/verdict.mjs` scores the judge and is a command of its own.
 */
import os from "node:os";
import { benchGraph } from "./graph.mjs";
import { benchHeaptrack } from "./heaptrack.mjs";
import { benchHprof } from "./hprof.mjs";
import { benchPprof } from "./pprof.mjs";
import { benchStart } from "./start.mjs";

console.log(`${os.cpus().length} x ${os.cpus()[0]?.model}, Node ${process.version}, load ${os.loadavg()[0]?.toFixed(1)}`);
await benchHeaptrack(process.argv.includes("--quick") ? [100] : [100, 500]);
await benchHprof(process.argv.includes("--quick") ? [100] : [300]);
await benchPprof();
await benchGraph(process.argv.includes("--quick") ? [50] : [50, 300]);
await benchStart();
