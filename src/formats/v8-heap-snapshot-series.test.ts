import assert from "node:assert/strict";
import { test } from "node:test";
import { inputFromBytes } from "../base/source.ts";
import { joinSeries, type Member } from "../model/join-series.ts";
import { heapSnapshot, type SnapshotNode } from "../testing/captures.ts";
import { readCapture } from "./recognize.ts";

async function snapshot(name: string, ids: readonly number[]): Promise<Member> {
  const orders = ids.map((id): SnapshotNode => ({ type: "object", name: "Order", id, bytes: 100 }));
  const root: SnapshotNode = { type: "synthetic", name: "", id: 1, edges: orders.map((_, row) => ["element", row, row + 1]) };
  const input = await inputFromBytes(name, Buffer.from(heapSnapshot([root, ...orders])));
  return { profile: await readCapture(input, { symbolize: false }), modifiedAt: null };
}

test("an object that is new in the second of three snapshots and in the third, too, has survived", async () => {
  const { survivors, changes } = joinSeries([
    await snapshot("1.heapsnapshot", [3, 5]),
    await snapshot("2.heapsnapshot", [3, 5, 7, 9, 11]),
    await snapshot("3.heapsnapshot", [3, 7, 9, 13]),
  ]);
  assert.deepEqual(Array.from(changes.allocatedBytes), [0, 0, 300, 100].slice(0, changes.length));
  const born = Array.from({ length: survivors?.length ?? 0 }, (_, row) => [survivors?.bornAt[row], survivors?.bytes[row]]);
  assert.deepEqual(
    born.filter(([, bytes]) => bytes !== 0),
    [
      [0, 100],
      [2, 200],
      [3, 100],
    ],
  );
});

test("ids that begin again are those of another process and say nothing", async () => {
  const joined = joinSeries([await snapshot("1.heapsnapshot", [3, 5, 7]), await snapshot("2.heapsnapshot", [3, 5])]);
  assert.equal(joined.survivors, null);
});
