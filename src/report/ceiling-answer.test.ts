import assert from "node:assert/strict";
import { test } from "node:test";
import { NOTHING_SAID, type Scope } from "../clients/client.ts";
import { clients } from "../clients/index.ts";
import { planCeilings, sweepCeilings } from "../judge/ceiling-plan.ts";
import { ceilingAnswer } from "./ceiling-answer.ts";
import { ceilingText } from "./ceiling-text.ts";
import { widthOf } from "./printable.ts";

const scope: Scope = {
  ...NOTHING_SAID,
  version: "2.10.0",
  settings: new Map([["queued.min.messages", "5000"]]),
  instances: 2,
  partitions: 12,
  brokers: 3,
  messageBytes: 1024,
};

const librdkafka = clients.find(({ id }) => id === "librdkafka");
assert.ok(librdkafka);
const limitBytes = 16 * 1024 ** 2;
const points = sweepCeilings(librdkafka, scope, "consumer", limitBytes, clients, {
  of: "partitions",
  values: Array.from({ length: 200 }, (_, row) => row + 1),
});
const answer = ceilingAnswer(planCeilings(librdkafka, scope, "consumer", limitBytes, clients), {
  sweep: { of: "partitions", points },
  warnings: [{ code: "unknown-setting", text: "queued.max.mesages is no setting of librdkafka" }],
});

test("the answer holds the figures, their terms, and where every default stands", () => {
  const [ceiling] = answer.ceilings;
  assert.ok(ceiling);
  assert.equal(answer.instances, 2);
  assert.equal(answer.total.bytes, ceiling.bytes);
  assert.deepEqual(
    ceiling.terms.map(({ what }) => what),
    ["messages in the queue", "fetches under way", "the client itself"],
  );
  assert.equal(ceiling.settings["queued.min.messages"], "5000");
  assert.equal(ceiling.defaults["queued.min.messages"], undefined, "it was set");
  assert.match(ceiling.defaults["queued.max.messages.kbytes"] ?? "", /CONFIGURATION\.md/);
  assert.match(ceiling.defaults["fetch.max.bytes"] ?? "", /^computed: /);
  assert.equal(answer.limit?.fits, false);
  assert.equal(answer.sweep?.rows.length, 200);
  assert.equal(answer.warnings[0]?.code, "unknown-setting");
});

test("the text fits the width, with and without colour, and shows at most a screen of the sweep", () => {
  for (const columns of [40, 80, 200]) {
    const text = ceilingText(answer, { columns, color: false, verbose: true });
    for (const line of text.split("\n")) assert.ok(widthOf(line) <= Math.max(columns, 62), `${columns}: ${line}`);
  }
  const text = ceilingText(answer, { columns: 80, color: false, verbose: false });
  assert.match(text, /^2 instances of librdkafka 2\.10\.0 may hold about \d/);
  assert.match(text, /It does not fit 16\.0 MiB\./);
  assert.match(text, /24 of 200 values; --json has them all/);
  assert.match(text, /What would fit\n {4}queued\.max\.messages\.kbytes=\d+/);
  assert.ok(ceilingText(answer, { columns: 80, color: true, verbose: false }).includes("\u001b["));
});
