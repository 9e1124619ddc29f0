/** Tables of memory as sysstat 12.6.1 and procps 4.0 printed them; kubectl and docker after their manuals. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import type { MemoryEvidence } from "./evidence.ts";
import { memoryTables } from "./memory-tables.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function evidenceOf(text: string): Promise<MemoryEvidence> {
  assert.equal(memoryTables.recognize(encode(text), "memory.txt"), "certain");
  return memoryTables.read(await inputFromBytes("memory.txt", encode(text)));
}

const PIDSTAT = `Linux 6.18.44 (vm) \t11/24/26 \t_x86_64_\t(2 CPU)

12:44:05      UID       PID  minflt/s  majflt/s     VSZ     RSS   %MEM  Command
12:44:06        0     30566   2416.00      0.00  731168   43208   0.18  node
12:44:07        0     30566   1451.49      0.00  737032   49096   0.20  node
Average:        0     30566   1700.50      0.00  739964   52072   0.21  node
`;

test("pidstat -r: KiB, and the date of its first line", async () => {
  const { names, residentBytes, atMs, clock, losses } = await evidenceOf(PIDSTAT);
  assert.deepEqual(names, ["30566"]);
  assert.deepEqual([...residentBytes], [43208 * 1024, 49096 * 1024]);
  assert.deepEqual(
    [...atMs],
    [6, 7].map((second) => new Date(2026, 10, 24, 12, 44, second).getTime()),
  );
  assert.equal(clock, "local");
  assert.match(losses[0]?.text ?? "", /time zone/);
});

test("pidstat -r over midnight, with halves of the day", async () => {
  const { atMs } = await evidenceOf(PIDSTAT.replaceAll(/12:44:0([57]) /g, "12:00:0$1 AM ").replaceAll("12:44:06 ", "11:59:59 PM "));
  assert.deepEqual([...atMs], [new Date(2026, 10, 24, 23, 59, 59).getTime(), new Date(2026, 10, 25, 0, 0, 7).getTime()]);
});

test("pidstat -r -h with ISO dates, and -H with Unix seconds", async () => {
  const head = "# Time        UID       PID  minflt/s  majflt/s     VSZ     RSS   %MEM  Command\n";
  const iso = await evidenceOf(
    `Linux 6.18.44 (vm) \t2026-11-24 \t_x86_64_\t(2 CPU)\n\n${head}12:44:10        0     30566   1471.00      0.00  754624   66888   0.27  node\n`,
  );
  assert.deepEqual([[...iso.residentBytes], [...iso.atMs]], [[66888 * 1024], [new Date(2026, 10, 24, 12, 44, 10).getTime()]]);
  const unix = await evidenceOf(
    `Linux 6.18.44 (vm) \t11/24/26 \t_x86_64_\t(2 CPU)\n\n${head}1795524253      0     30566   1494.00      0.00  904568   84680   0.34  node\n`,
  );
  assert.deepEqual([[...unix.residentBytes], [...unix.atMs], unix.clock], [[84680 * 1024], [1795524253000], "zone"]);
});

test("pidstat without its first line has no date, and then no time", async () => {
  const { clock, losses } = await evidenceOf(PIDSTAT.split("\n").slice(2).join("\n"));
  assert.equal(clock, "none");
  assert.match(losses[0]?.text ?? "", /holds no times/);
});

test("ps -o pid,rss in a loop with date -Is", async () => {
  const { names, residentBytes, atMs, clock } = await evidenceOf(`2026-11-24T12:44:14+00:00
  PID   RSS    VSZ COMMAND
30566 93772 913364 node
2026-11-24T12:44:15+00:00
  PID   RSS    VSZ COMMAND
30566 99636 919228 node
`);
  assert.deepEqual([names, [...residentBytes]], [["30566"], [93772 * 1024, 99636 * 1024]]);
  assert.deepEqual([...atMs], [Date.UTC(2026, 10, 24, 12, 44, 14), Date.UTC(2026, 10, 24, 12, 44, 15)]);
  assert.equal(clock, "zone");
});

test("kubectl top pod in a loop, several pods and containers", async () => {
  const { names, residentBytes, measures } = await evidenceOf(`2026-11-24T12:00:00Z
NAME                       CPU(cores)   MEMORY(bytes)
billing-6d5f7c9b8-abcde    3m           120Mi
audit-55b8-fghij           1m           80Mi
2026-11-24T12:01:00Z
NAME                       CPU(cores)   MEMORY(bytes)
billing-6d5f7c9b8-abcde    3m           1Gi
`);
  assert.deepEqual(names, ["billing-6d5f7c9b8-abcde", "audit-55b8-fghij"]);
  assert.deepEqual([...residentBytes], [120 * 2 ** 20, 80 * 2 ** 20, 2 ** 30]);
  assert.equal(measures, "container");
  const containers = await evidenceOf(
    "POD       NAME     CPU(cores)   MEMORY(bytes)\nbilling   app      3m           120Mi\nbilling   proxy    1m           20Mi\n",
  );
  assert.deepEqual(containers.names, ["billing/app", "billing/proxy"]);
});

test("docker stats as a table that clears the screen, and as JSON; its limit is the container's", async () => {
  const table =
    await evidenceOf(`\x1b[2J\x1b[HCONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O         BLOCK I/O   PIDS
f00dcafe1234   billing   1.52%     210.4MiB / 512MiB   41.09%    1.2MB / 900kB   0B / 0B     12
`);
  assert.deepEqual([[...table.residentBytes], table.limitBytes, table.names], [[Math.round(210.4 * 2 ** 20)], 2 ** 29, ["f00dcafe1234"]]);
  const json = await evidenceOf(
    '2026-11-24T12:00:00Z {"CPUPerc":"1.52%","ID":"f00dcafe1234","MemUsage":"210.4MiB / 512MiB","Name":"billing"}\n',
  );
  assert.deepEqual([[...json.residentBytes], json.limitBytes, json.clock], [[...table.residentBytes], 2 ** 29, "zone"]);
});

test("rows that hold no size are counted, and none at all is wrong configuration with its line", async () => {
  const { losses } = await evidenceOf("  PID   RSS\n30566 93772\n30566 lost\n");
  assert.match(losses[0]?.text ?? "", /at line 3/);
  await assert.rejects(
    memoryTables.read(await inputFromBytes("memory.txt", encode("  PID   RSS\n30566 lost\n"))),
    (error) => error instanceof Failure && error.code === "configuration" && error.where?.line === 2,
  );
});
