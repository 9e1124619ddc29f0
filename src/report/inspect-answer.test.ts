import assert from "node:assert/strict";
import { test } from "node:test";
import { sketch } from "../testing/sketch.ts";
import { inspectAnswer } from "./inspect-answer.ts";
import { inspectText } from "./inspect-text.ts";

const profile = sketch(`
  at 0s   main > rd_kafka_recv > malloc       1000 / 2
  at 0s   main > handle > malloc              500
  at 10s  main > rd_kafka_recv > malloc       +64000
  at 10s  other > rd_kafka_recv               +36
  at 10s  main > handle > malloc              -500
  at 10s  main > librdkafka.so.1! > calloc    200000
  at 20s  main > librdkafka.so.1! > calloc    -200000
`);

test("inspect says what is live at the last instant, by whom it was asked for", () => {
  const answer = inspectAnswer(profile, 10);
  assert.equal(answer.liveBytes, 65_036);
  assert.equal(answer.blocks, 4);
  assert.equal(answer.peakBytes, 265_036);
  assert.equal(answer.allocatedBytes, 265_536);
  assert.equal(answer.instants, 3);
  assert.equal(answer.durationSeconds, 20);
  assert.deepEqual(answer.top, [{ name: "rd_kafka_recv", bytes: 65_036, blocks: 4 }]);
  assert.equal(answer.symbolised, 6 / 7);
});

test("the text of inspect fits the terminal and says the exact bytes", () => {
  const text = inspectText(
    { ...inspectAnswer(profile, 10), losses: [{ code: "truncated", text: "the file ends early", offset: 77, count: 1 }] },
    { columns: 60, color: false },
  );
  for (const line of text.split("\n")) assert.ok(line.length <= 60, line);
  assert.match(text, /^live\s+63\.5 KiB \(65,036 B\) in 4 blocks/m);
  assert.match(text, /^\s*63\.5 KiB\s+4\s+rd_kafka_recv$/m);
  assert.match(text, /the file ends early, at byte 77/);
  assert.ok(!text.includes("\u001b"));
});

test("names from a capture cannot command the terminal", () => {
  const evil = sketch("at 0s main > \u001b[31mevil 10");
  assert.ok(!inspectText(inspectAnswer(evil, 10), { columns: 80, color: false }).includes("\u001b"));
});
