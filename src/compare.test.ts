import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { inputFromBytes } from "./base/source.ts";
import { readCapture } from "./formats/recognize.ts";
import { compare, type DiffAnswer, Failure, type Profile, renderComparison } from "./index.ts";
import { widthOf } from "./report/printable.ts";
import { heapSnapshot, type SnapshotNode } from "./testing/captures.ts";
import { sketch } from "./testing/sketch.ts";

const isDiff = new Ajv2020({ allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(new URL("./report/diff-schema.json", import.meta.url), "utf8")) as object,
);

const FETCH = "[rdk:broker1] > rd_kafka_broker_thread_main > rd_kafka_recv > rd_buf_alloc_segment0 > malloc";
const before = sketch(`
  at 0s ${FETCH} 1000000 / 1
  at 0s main > orders::cache > malloc 500000 / 5
  at 0s main > orders::warm > malloc 70000 / 7
`);
const after = sketch(`
  at 9s ${FETCH} 3000000 / 3
  at 9s main > orders::cache > malloc 200000 / 2
  at 9s main > invoices::render > calloc 40000 / 4
`);

function diffBy(groupBy: DiffAnswer["groupBy"], options: Parameters<typeof compare>[2] = {}): DiffAnswer {
  const answer = compare(before, after, { groupBy, ...options });
  assert.ok(isDiff(JSON.parse(renderComparison(answer, "json"))), JSON.stringify(isDiff.errors));
  return answer;
}

const rowsOf = ({ groups }: DiffAnswer): unknown => groups.map(({ name, change, growthBytes }) => [name, change, growthBytes]);

test("what grew and what shrank is said by party, component, package and function", () => {
  assert.deepEqual(rowsOf(diffBy("party")), [
    ["client", "grown", 2_000_000],
    ["app", "shrunk", -330_000],
  ]);
  assert.deepEqual(rowsOf(diffBy("component")), [
    ["fetch-response-buffer", "grown", 2_000_000],
    ["app", "shrunk", -330_000],
  ]);
  assert.deepEqual(rowsOf(diffBy("package")), [
    ["librdkafka", "grown", 2_000_000],
    ["orders", "shrunk", -370_000],
    ["invoices", "new", 40_000],
  ]);
  assert.deepEqual(rowsOf(diffBy("function")), [
    ["rd_buf_alloc_segment0", "grown", 2_000_000],
    ["orders::cache", "shrunk", -300_000],
    ["orders::warm", "gone", -70_000],
    ["invoices::render", "new", 40_000],
  ]);
});

test("the sum hides what went both ways, so both are said, and nothing is lost beyond the rows shown", () => {
  const answer = diffBy("function", { top: 1 });
  assert.deepEqual(answer.totals, { growthBytes: 1_670_000, grownBytes: 2_040_000, shrunkBytes: -370_000 });
  assert.deepEqual(answer.others, { groups: 3, growthBytes: -330_000 });
  assert.equal(answer.after.bytes - answer.before.bytes, answer.totals.growthBytes);
});

test("types cannot be told where a capture knows only who allocated", () => {
  assert.throws(
    () => diffBy("type"),
    (failure: unknown) => failure instanceof Failure && failure.code === "usage" && /know no types/.test(failure.message),
  );
  const types = (bytes: number) => sketch(`at 0s <java.lang.String> ${bytes}`);
  assert.deepEqual(rowsOf(compare(types(100), types(300), { groupBy: "type" })), [["java.lang.String", "grown", 200]]);
});

test("two kinds of capture are refused by their names", () => {
  const other = { ...after, captures: after.captures.map((capture) => ({ ...capture, format: "pprof", path: "b.pb" })) };
  assert.throws(
    () => compare(before, other),
    (failure: unknown) =>
      failure instanceof Failure && failure.message === "two kinds of capture cannot be compared: sketch is sketch, b.pb is pprof",
  );
});

test("a difference within the error of sampling is none", () => {
  const precision = { kind: "sampled", meanIntervalBytes: 524_288 } as const;
  const [old, now] = [1_000_000, 1_300_000].map((bytes) => sketch(`at 0s main > work > malloc ${bytes} / 1000`, { precision }));
  assert.ok(old && now);
  const [group] = compare(old, now).groups;
  assert.equal(group?.change, "same");
  assert.ok((group?.samplingErrorBytes ?? 0) > 300_000);
});

test("the text fits 40, 80 and 200 columns, whatever the names hold", () => {
  const name = `注文キャッシュ🦀\u001b[31m${"x".repeat(1 << 20)}`;
  const hostile = sketch(`at 0s main > ${name} > malloc 5000000`);
  const answer = compare(before, { ...hostile, captures: before.captures }, { groupBy: "function" });
  for (const columns of [40, 80, 200]) {
    const text = renderComparison(answer, "text", { columns });
    for (const line of text.split("\n")) assert.ok(widthOf(line) <= Math.max(40, columns), `${columns}: ${line}`);
    assert.ok(!text.includes("\u001b"));
    assert.ok(text.includes("注文"));
  }
  assert.ok(renderComparison(answer, "markdown").length < 5000);
});

/** Orders of 100 kB in a Map, which a variable of the program holds. */
async function ordersInMap(orders: number): Promise<Profile> {
  const parts = Array.from({ length: orders }, (): SnapshotNode => ({ type: "object", name: "Order", bytes: 100_000 }));
  const heap = heapSnapshot([
    { type: "synthetic", name: "", edges: [["shortcut", "global", 1]] },
    { type: "object", name: "Registry", bytes: 32, edges: [["property", "orders", 2]] },
    { type: "object", name: "Map", bytes: 32, edges: parts.map((_, row) => ["element", row, row + 3] as const) },
    ...parts,
  ]);
  return readCapture(await inputFromBytes(`${orders}.heapsnapshot`, Buffer.from(heap)), { symbolize: false });
}

test("between two object graphs the object is named that holds more", async () => {
  const answer = compare(await ordersInMap(10), await ordersInMap(30), { groupBy: "type" });
  assert.ok(isDiff(JSON.parse(renderComparison(answer, "json"))), JSON.stringify(isDiff.errors));
  assert.deepEqual(
    answer.holders.map(({ holder, growthBytes, beforeParts, afterParts }) => [holder, growthBytes, beforeParts, afterParts]),
    [["orders (Map)", 2_000_000, 10, 30]],
  );
  for (const format of ["text", "markdown"] as const) {
    assert.match(renderComparison(answer, format, { columns: 200 }), /orders \(Map\) keeps 2\.86 MiB alive instead of 977 KiB/);
  }
  assert.deepEqual(diffBy("party").holders, []);
});
