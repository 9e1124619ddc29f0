import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import { framesOf, frameText, liveAt } from "../model/ledger.ts";
import type { Profile } from "../model/profile.ts";
import { retainerTree } from "../model/retainer-tree.ts";
import { heapSnapshot, SLICED_RESPONSE, type SnapshotNode } from "../testing/captures.ts";
import { readCapture } from "./recognize.ts";
import { v8HeapSnapshot } from "./v8-heap-snapshot.ts";

function read(text: string): Promise<Profile> {
  return inputFromBytes("a.heapsnapshot", Buffer.from(text)).then((input) => readCapture(input, { symbolize: false }));
}

function pathsOf(profile: Profile): ReadonlyMap<string, number> {
  const { bytes } = liveAt(profile, 1);
  return new Map(
    [...bytes].map((size, path): [string, number] => [
      framesOf(profile, path)
        .map((frame) => frameText(profile, frame))
        .join(" > "),
      size,
    ]),
  );
}

test("a backing store lies at the path of what holds it, and says that it is sliced", async () => {
  const profile = await read(heapSnapshot(SLICED_RESPONSE));
  const path = "(GC roots) > remember > (scope) > Map > sliced ArrayBuffer > system / JSArrayBufferData";
  assert.equal(pathsOf(profile).get(path), 10_485_760);
  assert.equal(profile.graph?.nodes, SLICED_RESPONSE.length);
  assert.deepEqual(Array.from(profile.graph?.slicedStores.slices ?? []), [2]);
});

test("where memory comes together is named with the variable that holds it", async () => {
  const entries = Array.from({ length: 20 }, (): SnapshotNode => ({ type: "string", name: "x", bytes: 100_000 }));
  const table: SnapshotNode = { type: "array", name: "", edges: entries.map((_, row) => ["internal", String(row), row + 8]) };
  const profile = await read(heapSnapshot([...SLICED_RESPONSE.slice(0, 7), table, ...entries]));
  const [first] = profile.graph?.accumulations ?? [];
  assert.deepEqual([first?.type, first?.heldAs, first?.parts], ["Map", "kept", 20]);
});

test("fields are found by their names, wherever they stand", async () => {
  const head = {
    meta: {
      node_fields: ["name", "self_size", "type", "edge_count", "id"],
      node_types: ["string", "number", ["object", "synthetic"], "number", "number"],
      edge_fields: ["to_node", "type", "name_or_index"],
      edge_types: ["node", ["property"], "string_or_number"],
    },
    node_count: 2,
    edge_count: 1,
  };
  const text = `{"snapshot":${JSON.stringify(head)},"nodes":[0,0,1,1,1, 1,64,0,0,3],"edges":[5,0,2],"strings":["","Order","first"]}`;
  const profile = await read(text);
  assert.deepEqual(
    [...pathsOf(profile)],
    [
      ["", 0],
      ["Order", 64],
    ],
  );
  assert.deepEqual(profile.losses, []);
});

test("a size of more than 32 bits is read exactly", async () => {
  const profile = await read(
    heapSnapshot([
      { type: "synthetic", name: "", edges: [["element", 1, 1]] },
      { type: "native", name: "store", bytes: 5_000_000_001 },
    ]),
  );
  assert.equal(profile.peakBytes, 5_000_000_001);
});

test("a count that lies is a loss and allocates nothing", async () => {
  const text = heapSnapshot(SLICED_RESPONSE)
    .replace(/"node_count":\d+/, '"node_count":4000000000')
    .replace(/"edge_count":\d+/, '"edge_count":9007199254740991');
  const before = process.memoryUsage().arrayBuffers;
  const profile = await read(text);
  assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 ** 2);
  assert.deepEqual(
    profile.losses.map(({ code }) => code),
    ["malformed-record", "malformed-record"],
  );
});

test("references that point nowhere are left out and counted", async () => {
  const nodes: readonly SnapshotNode[] = [
    {
      type: "synthetic",
      name: "",
      edges: [
        ["element", 1, 99],
        ["element", 2, 1],
      ],
    },
    { type: "object", name: "Order", bytes: 8 },
  ];
  const profile = await read(heapSnapshot(nodes));
  assert.equal(profile.losses[0]?.text, "references that point to no object were left out");
  assert.equal(profile.peakBytes, 8);
});

test("a snapshot that is cut before its strings is refused with the place and what was there", async () => {
  const text = heapSnapshot(SLICED_RESPONSE);
  await assert.rejects(read(text.slice(0, text.indexOf('"edges"') + 30)), (failure) => {
    assert.ok(failure instanceof Failure);
    assert.equal(failure.code, "truncated");
    assert.match(failure.message, /before the names of its objects.*13 objects/);
    return true;
  });
});

test("something that is no number is refused with its offset", async () => {
  const text = heapSnapshot(SLICED_RESPONSE);
  const place = text.indexOf('"nodes":[') + 9;
  await assert.rejects(read(`${text.slice(0, place)}-${text.slice(place)}`), (failure) => {
    assert.ok(failure instanceof Failure);
    assert.deepEqual([failure.code, failure.where?.offset], ["malformed", place]);
    return true;
  });
});

test("the holders of a type lead from it to the roots", async () => {
  const input = await inputFromBytes("a.heapsnapshot", Buffer.from(heapSnapshot(SLICED_RESPONSE)));
  const captured = await v8HeapSnapshot.readGraph?.(input);
  assert.ok(captured !== undefined);
  const tree = retainerTree(captured, /^Buffer$/);
  assert.deepEqual([tree.objects, tree.selfBytes], [2, 176]);
  const labels: string[] = [];
  for (let [branch] = tree.branches; branch !== undefined; [branch] = branch.holders) labels.push(`${branch.type} ${branch.field}`.trim());
  assert.deepEqual(labels, ["Buffer", "Map […]", "(scope) kept", "remember context", "(GC roots) […]"]);
});
