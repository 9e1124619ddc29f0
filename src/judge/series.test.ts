import assert from "node:assert/strict";
import { test } from "node:test";
import { overWork, prepare, type Series, sawtoothFloors } from "./series.ts";

function series(liveBytes: readonly number[], elapsedMs: readonly number[] = [...liveBytes.keys()]): Series {
  return {
    elapsedMs: Float64Array.from(elapsedMs),
    liveBytes: Float64Array.from(liveBytes),
    varianceBytes2: new Float64Array(liveBytes.length),
    sampled: false,
  };
}

test("the floor of a garbage collected heap is what is left after each collection", () => {
  const bytes = Float64Array.of(10, 20, 30, 11, 21, 31, 12, 22, 32, 13, 23, 33, 14);
  assert.deepEqual([...(sawtoothFloors(bytes) ?? [])], [3, 6, 9, 12]);
  assert.deepEqual([...prepare(series([...bytes]), 20).share], [11 / 14, 12 / 14, 13 / 14, 1]);
});

test("a queue that wobbles, or a short series, is no sawtooth", () => {
  assert.equal(sawtoothFloors(Float64Array.of(10, 9, 10, 9, 10, 9, 10, 9, 10, 9, 10, 9, 10)), null);
  assert.equal(sawtoothFloors(Float64Array.of(10, 30, 10, 30, 10, 30)), null);
});

test("many instants are averaged into few blocks, with sizes as shares and times from 0 to 1", () => {
  const prepared = prepare(series(Array.from({ length: 200 }, (_, row) => row + 1)), 20);
  assert.equal(prepared.share.length, 20);
  assert.equal(prepared.largestBytes, 195.5);
  assert.deepEqual([prepared.clock[0], prepared.clock[19]], [0, 1]);
});

test("a clock that stands still is replaced by the order of the instants", () => {
  assert.deepEqual([...prepare(series([1, 2, 3], [5, 5, 5]), 20).clock], [0, 0.5, 1]);
});

test("memory that follows the load is flat over the work done", () => {
  const byWork = overWork(series([10, 20, 40]), Float64Array.of(100, 200, 400));
  assert.deepEqual([...(byWork?.elapsedMs ?? [])], [100, 250, 400]);
  assert.deepEqual([...(byWork?.liveBytes ?? [])], [10, 25, 40]);
  assert.equal(overWork(series([10, 20]), Float64Array.of(7, 7)), null, "no work done");
});
