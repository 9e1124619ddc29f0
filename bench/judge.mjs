/**
 * CPU time of a verdict on top of reading, over 200 instants and 2,000 sites, and how many of the sites it accuses falsely:
 * `node bench/judge.mjs [seed=1] [processes=10]`. Needs a build (`npm run build`).
 */

import { clients } from "../dist/clients/index.js";
import { gatherFacts, NOTHING_TOLD } from "../dist/judge/facts.js";
import { judge } from "../dist/judge/judge.js";
import { frameText } from "../dist/model/ledger.js";
import { processOfSites } from "../dist/testing/process-of-sites.js";

const [seed = 1, processes = 10] = process.argv.slice(2).map(Number);
const milliseconds = (usage) => (usage.user + usage.system) / 1000;

for (const instants of [3, 10, 50, 200]) {
  const times = [];
  let falseSites = 0;
  let found = 0;
  // made before, so that what making them leaves to the garbage collector is not counted
  const made = Array.from({ length: processes }, (_, row) => processOfSites({ sites: 2000, instants, leaks: 3, seed: seed * 1000 + row }));
  for (const { profile, leaking } of made) {
    const before = process.cpuUsage();
    const { sites } = judge(gatherFacts(profile, clients, [], NOTHING_TOLD));
    times.push(milliseconds(process.cpuUsage(before)));
    for (const site of sites.filter((one) => one.class === "leak")) {
      if (leaking.has(frameText(profile, site.frame))) found++;
      else falseSites++;
    }
  }
  times.sort((a, b) => a - b);
  const each = (count) => (count / processes).toFixed(1);
  console.log(
    `${String(instants).padStart(3)} instants, 2000 sites: ${times[times.length >> 1].toFixed(0)} ms of CPU (median), ` +
      `${times.at(-1).toFixed(0)} ms at most; false sites ${each(falseSites)} a process, found ${each(found)} of 3`,
  );
}
