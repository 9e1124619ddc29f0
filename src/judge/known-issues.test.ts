import assert from "node:assert/strict";
import { test } from "node:test";
import { clients } from "../clients/index.ts";
import { sketch } from "../testing/sketch.ts";
import { type Circumstances, gatherFacts, NOTHING_TOLD } from "./facts.ts";
import { judge } from "./judge.ts";

/** A leak of 40 MB along a straight line at this path, beside a busy queue of a client. */
function leakAt(path: string, told: Partial<Circumstances> = {}): ReturnType<typeof judge> {
  const lines = Array.from({ length: 40 }, (_, row) => `at ${row * 30}s ${path} +1000000 / 100`);
  return judge(gatherFacts(sketch(lines.join("\n")), clients, [], { ...NOTHING_TOLD, ...told }));
}

function reportsOf(judgement: ReturnType<typeof judge>): readonly (readonly [code: string, report: string])[] {
  return judgement.because
    .filter(({ code }) => code.endsWith("-issue"))
    .map(({ code, names }) => [code, names["url"]?.replace(/.*\//, "") ?? ""]);
}

const TOPPAR = "start_thread > rd_kafka_thread_main > rd_kafka_cgrp_serve > rd_kafka_toppar_new0 > rd_calloc > calloc";

test("a version that is known for a leak is told so, with the version that fixes it", () => {
  const judgement = leakAt(TOPPAR, { client: "librdkafka", clientVersion: "2.3.0" });
  assert.equal(judgement.class, "leak");
  assert.deepEqual(reportsOf(judgement)[0], ["known-issue", "4724"]);
  assert.ok(judgement.advice.some(({ text }) => /2\.6\.1/.test(text ?? "")));
});

test("without a version a report only fits, and a version without the leak is not accused", () => {
  assert.deepEqual(reportsOf(leakAt(TOPPAR, { client: "librdkafka" }))[0]?.[0], "similar-issue");
  assert.deepEqual(reportsOf(leakAt(TOPPAR, { client: "librdkafka", clientVersion: "2.10.0" })), []);
});

test("a report that names its frames is told by them alone", () => {
  const meter =
    "main.main > github.com/IBM/sarama.NewClient > github.com/rcrowley/go-metrics.NewMeter > github.com/rcrowley/go-metrics.newStandardMeter";
  const named = reportsOf(leakAt(meter, { client: "sarama", clientVersion: "1.20.1" }));
  assert.ok(named.length > 0);
  const other = reportsOf(
    leakAt("main.main > github.com/IBM/sarama.(*client).updateMetadata", { client: "sarama", clientVersion: "1.20.1" }),
  );
  assert.ok(!other.some(([, report]) => named.some(([, same]) => same === report)));
});

test("a full queue is compared with reports that were configuration", () => {
  const lines = Array.from({ length: 60 }, (_, row) => {
    const grown = row < 20 ? "+4500000 / 9000" : "+0 / 0";
    return `at ${row * 10}s start_thread > rd_kafka_broker_thread_main > rd_kafka_recv > rd_buf_write_ensure_contig > malloc ${grown}`;
  });
  const told = { ...NOTHING_TOLD, client: "rust-rdkafka", clientVersion: "0.36.2", messageBytes: 1000 };
  const judgement = judge(gatherFacts(sketch(lines.join("\n")), clients, [], told));
  assert.equal(judgement.class, "buffering");
  assert.deepEqual(reportsOf(judgement)[0], ["similar-issue", "650"]);
});
