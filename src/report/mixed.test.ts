import assert from "node:assert/strict";
import { test } from "node:test";
import { clients } from "../clients/index.ts";
import { gatherFacts, NOTHING_TOLD } from "../judge/facts.ts";
import { judge } from "../judge/judge.ts";
import type { Judgement } from "../judge/judgement.ts";
import { sketch } from "../testing/sketch.ts";
import { summary } from "./words.ts";

const FETCH = "[rdk:broker1] > librdkafka.so.1!rd_kafka_recv > malloc";
const KEEP = "/app/service!main > /app/service!remember > malloc";
const MIB = 2 ** 20;

/** One value a minute of the queue and of the application, in MiB, each instant's change drawn. */
function judged(queueMib: readonly number[], appMib: readonly number[]): Judgement {
  const change = (levels: readonly number[], row: number): string => {
    const bytes = Math.round(((levels[row] ?? 0) - (row === 0 ? 0 : (levels[row - 1] ?? 0))) * MIB);
    return `${bytes < 0 ? "" : "+"}${bytes}`;
  };
  const text = queueMib
    .flatMap((_, row) => [`at ${row * 60 + 1}s ${FETCH} ${change(queueMib, row)}`, `at ${row * 60 + 1}s ${KEEP} ${change(appMib, row)}`])
    .join("\n");
  const settings = new Map([["queued.max.messages.kbytes", "65536"]]);
  return judge(gatherFacts(sketch(text), clients, [], { ...NOTHING_TOLD, settings, messageBytes: 1000 }));
}

const minutes = (value: (minute: number) => number): readonly number[] => Array.from({ length: 20 }, (_, minute) => value(minute));
const filling = minutes((minute) => Math.min(84, 21 * minute) + (minute % 3) * 0.2);

test("a queue that filled and an application that leaks behind it are both named, in the groups and in the sentence", () => {
  const judgement = judged(
    filling,
    minutes((minute) => 2 + 2 * minute),
  );
  assert.equal(judgement.class, "leak");
  assert.equal(judgement.party, "app");
  const classes = new Map(judgement.groups.map(({ party, class: name }) => [party, name]));
  assert.equal(classes.get("app"), "leak");
  assert.equal(classes.get("client"), "buffering");
  assert.match(summary(judgement.summary, null), /application leaks.*buffered in the client's queue, which is bounded and no leak/);
});

test("a leak that is small beside a full queue is said as well", () => {
  const judgement = judged(
    filling,
    minutes((minute) => 1 + 0.1 * minute),
  );
  assert.equal(judgement.class, "buffering");
  assert.match(
    summary(judgement.summary, null),
    /^Probably: most of this is no leak\. The prefetch queue.*But the application leaks as well: 1\.90 MiB/,
  );
  assert.ok(judgement.because.some(({ code }) => code === "besides-leak"));
});

test("a queue that was full from the start is named beside a leak", () => {
  const judgement = judged(
    minutes((minute) => 84 + (minute % 3) * 0.2),
    minutes((minute) => 2 + 2 * minute),
  );
  assert.equal(judgement.class, "leak");
  assert.match(summary(judgement.summary, null), /buffered in the client's queue/);
});
