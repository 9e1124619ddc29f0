/** Burrow's answers, after its HTTP API of version 3. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import { burrow } from "./burrow.ts";
import type { LagEvidence } from "./evidence.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function evidenceOf(text: string): Promise<LagEvidence> {
  assert.equal(burrow.recognize(encode(text), "lag.json"), "certain");
  return burrow.read(await inputFromBytes("lag.json", encode(text)));
}

const answer = (
  lag: number,
  timestamp: number,
): string => `{"error":false,"message":"consumer status returned","status":{"cluster":"c","group":"billing","status":"OK","complete":1,
"partitions":[{"topic":"t","partition":0,"owner":"10.0.0.1","client_id":"x","status":"OK","start":{"offset":1,"timestamp":1,"lag":0},"end":{"offset":500,"timestamp":${timestamp},"lag":${lag}},"current_lag":${lag},"complete":1}],
"partition_count":1,"maxlag":null,"totallag":${lag}},"request":{"url":"/v3/kafka/c/consumer/billing/lag","host":"h"}}`;

test("answers one after another are a series, at the times of the commits", async () => {
  const { groups, lag, committed, atMs, clock } = await evidenceOf(`${answer(7, 1795521600000)}\n${answer(9, 1795521660000)}\n`);
  assert.deepEqual([groups, [...lag], [...committed]], [["billing"], [7, 9], [500, 500]]);
  assert.deepEqual([[...atMs], clock], [[1795521600000, 1795521660000], "zone"]);
});

test("the total counts where only bad partitions are listed", async () => {
  const { lag, committed } = await evidenceOf(
    answer(7, 1).replace('"totallag":7', '"totallag":70').replace('"partition_count":1', '"partition_count":12'),
  );
  assert.deepEqual([[...lag], [...committed]], [[70], [Number.NaN]]);
});

test("owners are not kept, and an answer without a lag is wrong configuration with its line", async () => {
  assert.doesNotMatch(JSON.stringify(await evidenceOf(answer(7, 1))), /10\.0\.0\.1/);
  const text = '\n{"error":true,"message":"not found"}';
  await assert.rejects(
    burrow.read(await inputFromBytes("lag.json", encode(text))),
    (error) => error instanceof Failure && error.code === "configuration" && error.where?.line === 2,
  );
});
