/** The tables of kafka-consumer-groups; those of 3.9.1 were printed by Apache Kafka 3.9.1. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import { consumerGroups } from "./consumer-groups.ts";
import type { LagEvidence } from "./evidence.ts";

async function evidenceOf(text: string): Promise<LagEvidence> {
  return consumerGroups.read(await inputFromBytes("lag.txt", new TextEncoder().encode(text)));
}

const MEMBER = "billing-1-ba5506d1-e8e0-4e23-893e-3fe6ea41dc29 /127.0.0.1      billing-1";
const HEADER =
  "GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID                                    HOST            CLIENT-ID";

/** As `for …; do date -u; kafka-consumer-groups.sh …; done` of 3.9.1 wrote it: the command ends without a line end. */
const LOOP = `Tue Nov 24 12:44:33 UTC 2026

${HEADER}
billing         orders          0          10064           10792           728             ${MEMBER}
billing         orders          1          9920            10563           643             ${MEMBER}
billing         orders          2          10016           10682           666             ${MEMBER}Tue Nov 24 12:44:36 UTC 2026

${HEADER}
billing         orders          0          10064           11877           1813            ${MEMBER}
billing         orders          1          9920            11686           1766            ${MEMBER}
billing         orders          2          10016           11594           1578            ${MEMBER}`;

test("a loop of 3.9.1 is a series, although each date is glued to the row before it", async () => {
  const { groups, lag, committed, atMs, clock, losses } = await evidenceOf(LOOP);
  assert.deepEqual(groups, ["billing"]);
  assert.deepEqual([...lag], [728 + 643 + 666, 1813 + 1766 + 1578]);
  assert.deepEqual([...committed], [30000, 30000]);
  assert.deepEqual([...atMs], [Date.UTC(2026, 10, 24, 12, 44, 33), Date.UTC(2026, 10, 24, 12, 44, 36)]);
  assert.equal(clock, "zone");
  assert.deepEqual(losses, []);
});

test("the time may stand behind each round", async () => {
  const rounds = LOOP.split("\n")
    .slice(1)
    .join("\n")
    .replace(/Tue.*2026\n/, "\nTue Nov 24 12:44:36 UTC 2026\n");
  const { lag, atMs } = await evidenceOf(`${rounds}\nTue Nov 24 12:44:39 UTC 2026\n`);
  assert.deepEqual([...lag], [2037, 5157]);
  assert.deepEqual([...atMs], [Date.UTC(2026, 10, 24, 12, 44, 36), Date.UTC(2026, 10, 24, 12, 44, 39)]);
});

test("every line may carry a time", async () => {
  const lines = LOOP.split("\n").filter((line) => line !== "" && !line.startsWith("Tue"));
  const stamped = lines
    .map((line) => line.replace(/Tue .*/, ""))
    .map((line, index) => `2026-11-24T12:44:${index < 4 ? "33" : "36"}Z ${line}`);
  const { lag, atMs } = await evidenceOf(stamped.join("\n"));
  assert.deepEqual([...lag], [2037, 5157]);
  assert.equal(atMs[1], Date.UTC(2026, 10, 24, 12, 44, 36));
});

test("a loop without times has an order and no clock, and says so", async () => {
  const { lag, clock, losses } = await evidenceOf(LOOP.replaceAll(/Tue Nov.*2026/g, ""));
  assert.deepEqual([...lag], [2037, 5157]);
  assert.equal(clock, "none");
  assert.match(losses[0]?.text ?? "", /date -Is/);
});

test("several groups are kept apart, and a group without members counts", async () => {
  const { groups, lag, clock, losses } = await evidenceOf(`
Consumer group 'audit' has no active members.

GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID
audit           payments        0          0               0               0               -               -               -
${HEADER}
billing         orders          0          13243           14521           1278            ${MEMBER}
billing         orders          1          12508           13787           1279            ${MEMBER}
`);
  assert.deepEqual(groups, ["audit", "billing"]);
  assert.deepEqual([...lag], [0, 2557]);
  assert.equal(clock, "none");
  assert.deepEqual(losses, []); // one moment: there is no order to lose
});

test("a partition without a committed offset has no lag", async () => {
  const { lag, losses } = await evidenceOf(
    `${HEADER}\ng  t  0  -  10  -  ${MEMBER}\ng  t  1  5  10  5  ${MEMBER}\ng  t  2  unknown  10  unknown  ${MEMBER}\n`,
  );
  assert.deepEqual([...lag], [5]);
  assert.equal(losses[0]?.count, 2);
});

test("names of groups may hold spaces", async () => {
  const { groups, lag } = await evidenceOf(
    "GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG\nmy old group    orders          0          1               10              9\n",
  );
  assert.deepEqual([groups, [...lag]], [["my old group"], [9]]);
});

const versions: Readonly<Record<string, string>> = {
  "0.8.2 to 0.10.0, with commas":
    "GROUP, TOPIC, PARTITION, CURRENT OFFSET, LOG END OFFSET, LAG, OWNER\nbilling, orders, 0, 80, 90, 10, none\n",
  "0.10.1, with an owner":
    "GROUP                          TOPIC                          PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             OWNER\nbilling                        orders                         0          80              90              10              consumer-1_/127.0.0.1\n",
  "0.11 to 1.x, without a group":
    "Note: This will not show information about old Zookeeper-based consumers.\n\nConsumer group 'billing' has no active members.\n\nTOPIC                          PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG        CONSUMER-ID                                       HOST                           CLIENT-ID\norders                         0          80              90              10         -                                                 -                              -\n",
  "4.0 --verbose, with leader epochs":
    "GROUP    TOPIC   PARTITION  LEADER-EPOCH  CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID  HOST  CLIENT-ID\nbilling  orders  0          4             80              90              10   -            -     -\n",
};

for (const [version, text] of Object.entries(versions)) {
  test(`the table of ${version}`, async () => {
    const { groups, lag, committed } = await evidenceOf(text);
    assert.deepEqual([groups, [...lag], [...committed]], [["billing"], [10], [80]]);
  });
}

test("a table without a group that is named is a series of one nameless group", async () => {
  const { groups, lag } = await evidenceOf(
    "TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID\norders 0 80 90 10 c /h c\n",
  );
  assert.deepEqual([groups, [...lag]], [[""], [10]]);
});

test("no group in it is wrong configuration, with the line", async () => {
  await assert.rejects(
    evidenceOf(`${HEADER}\nError: Consumer group 'nobody' does not exist.\n`),
    (error) => error instanceof Failure && error.code === "configuration" && error.where?.line === 2,
  );
});

test("members and hosts are not kept", async () => {
  assert.doesNotMatch(JSON.stringify(await evidenceOf(LOOP)), /127\.0\.0\.1|ba5506d1/);
});
