/** SARIF of `analyze` and `diff` against the official schema, and what code scanning makes of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inputFromBytes } from "./base/source.ts";
import { librdkafkaStats } from "./evidence/librdkafka-stats.ts";
import { analyze, compare, render, renderComparison } from "./index.ts";
import { sarifProblems } from "./testing/sarif.ts";
import { sketch } from "./testing/sketch.ts";

interface Result {
  readonly ruleId: string;
  readonly level: string;
  readonly baselineState?: string;
  readonly message: { readonly text: string };
  readonly locations: readonly {
    readonly physicalLocation: { readonly artifactLocation: { readonly uri: string }; readonly region?: { readonly startLine: number } };
    readonly logicalLocations?: readonly { readonly fullyQualifiedName: string }[];
  }[];
}

function resultsOf(text: string): readonly Result[] {
  assert.deepEqual(sarifProblems(text), []);
  return (JSON.parse(text) as { runs: [{ results: Result[] }] }).runs[0].results;
}

const growing = sketch(
  Array.from(
    { length: 20 },
    (_, row) => `at ${row * 10}s main > acme::keep @ src/my keep.rs > malloc 4000000 / 40\nat ${row * 10}s main > plain > malloc 10 / 1`,
  ).join("\n"),
);

test("sites of analyze are results at their files, sites without a file point to the capture", () => {
  const results = resultsOf(render(analyze(growing), "sarif"));
  assert.deepEqual(
    results.map(({ ruleId, level, locations }) => [ruleId, level, locations[0]?.physicalLocation.artifactLocation.uri]),
    [
      ["leak", "error", "sketch"],
      ["leak", "error", "src/my%20keep.rs"],
    ],
  );
  assert.equal(results[1]?.locations[0]?.logicalLocations?.[0]?.fullyQualifiedName, "acme::keep");
});

test("evidence without a capture has no file to point to, and says so by no location", async () => {
  const stats = JSON.stringify({
    name: "a#consumer-1",
    type: "consumer",
    ts: 1,
    time: 1_700_000_000,
    replyq: 0,
    brokers: {},
    topics: { t: { partitions: { 0: { partition: 0, fetchq_cnt: 1, fetchq_size: 1024 } } } },
  });
  const evidence = [await librdkafkaStats.read(await inputFromBytes("stats.json", new TextEncoder().encode(stats)))];
  assert.deepEqual(
    resultsOf(render(analyze(null, { evidence }), "sarif")).map(({ locations }) => locations),
    [[]],
  );
});

test("what grew between two captures is notes with files and lines by function, and what shrank is none", () => {
  const before = sketch(
    "at 0s main > grow @ src/grow.rs > malloc 1000\nat 0s main > shrink @ src/shrink.rs > malloc 5000\nat 0s main > same > malloc 7",
  );
  const after = sketch(
    "at 0s main > grow @ src/grow.rs > malloc 3000\nat 0s main > shrink @ src/shrink.rs > malloc 1000\nat 0s main > same > malloc 7\nat 0s main > fresh > malloc 9",
  );
  const results = resultsOf(renderComparison(compare(before, after, { groupBy: "function" }), "sarif"));
  assert.deepEqual(
    results.map(({ ruleId, level, baselineState, locations }) => [
      ruleId,
      level,
      baselineState,
      locations[0]?.physicalLocation.artifactLocation.uri,
    ]),
    [
      ["difference", "note", undefined, "sketch"],
      ["grown", "note", "updated", "src/grow.rs"],
      ["new", "note", "new", "sketch"],
    ],
  );
  assert.match(results[0]?.message.text ?? "", /^Live memory shrank by /);
  assert.equal(results[1]?.message.text, "+1.95 KiB, from 0.98 KiB to 2.93 KiB: grow (app)");
  for (const groupBy of ["party", "component", "package"] as const)
    assert.ok(resultsOf(renderComparison(compare(before, after, { groupBy }), "sarif")).length > 0);
});

test("the schema check itself finds what is wrong", () => {
  const log = JSON.parse(render(analyze(growing), "sarif")) as { version: string; runs: [{ results: { locations: unknown }[] }] };
  assert.notDeepEqual(sarifProblems(JSON.stringify({ ...log, version: "2.0.0" })), []);
  const result = log.runs[0].results[1];
  assert.ok(result !== undefined);
  result.locations = [{ physicalLocation: { artifactLocation: { uri: "a b" } } }];
  assert.notDeepEqual(sarifProblems(JSON.stringify(log)), []);
  result.locations = [{ logicalLocations: [{ fullyQualifiedName: "x" }] }];
  assert.deepEqual(sarifProblems(JSON.stringify(log)), ["a result of leak has a location without a file"]);
});
