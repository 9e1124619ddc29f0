/** CPU time of saying whose memory 200,000 paths of 20,000 functions are. `node bench/attribution.mjs`; needs a build. */
import { clients } from "../dist/clients/index.js";
import { attribute } from "../dist/judge/attribution.js";
import { ProfileBuilder } from "../dist/model/profile-builder.js";

const PATHS = 200_000;
const FUNCTIONS = 20_000;
const NAMES = [
  "rd_kafka_recv",
  "rd_buf_alloc_segment0",
  "main",
  "app_keep",
  "malloc",
  "ZSTD_decompress",
  "",
  "std::vector<int>::push_back",
];

const builder = new ProfileBuilder();
builder.instant({ elapsedMs: 1 });
const frames = Array.from({ length: FUNCTIONS }, (_, row) => {
  const name = NAMES[row % NAMES.length];
  const numbered = name === "" || row < NAMES.length ? name : `${name}${row}`;
  return builder.frame({ name: numbered, address: row, module: builder.module(`/app/m${row % 5}`) });
});
let seed = 1;
const random = (below) => {
  seed = (seed * 1103515245 + 12345) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const paths = [0];
for (let path = 0; path < PATHS; path++) {
  paths.push(builder.path(paths[random(paths.length)], frames[random(FUNCTIONS)]));
  builder.change(paths.at(-1), { liveBytes: 100, liveBlocks: 1, allocatedBytes: 100, allocatedBlocks: 1 });
}
const profile = builder.finish({ path: "", format: "", clock: "in-file", precision: { kind: "exact" }, observes: "both" });
for (let run = 1; run <= 3; run++) {
  const before = process.cpuUsage();
  attribute(profile, clients);
  const { user, system } = process.cpuUsage(before);
  console.log(`run ${run}: ${PATHS} paths, ${clients.length} clients: ${Math.round((user + system) / 1000)} ms of CPU`);
}
