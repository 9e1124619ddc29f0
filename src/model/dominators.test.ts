import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { dominatorsOf, type GraphShape, retainedBytes } from "./dominators.ts";
import { EdgeKind } from "./object-graph.ts";

type Edge = readonly [from: number, to: number, kind?: number];

/** Nodes 1 … count with the given edges. */
function graphOf(count: number, edges: readonly Edge[]): GraphShape {
  const sorted = [...edges].sort(([a], [b]) => a - b);
  const firstEdge = new Uint32Array(count + 2);
  for (const [from] of sorted) for (let node = from + 1; node < firstEdge.length; node++) firstEdge[node] = (firstEdge[node] ?? 0) + 1;
  return {
    nodes: { length: count + 1, firstEdge },
    edges: {
      kind: Uint8Array.from(sorted, ([, , kind]) => kind ?? EdgeKind.property),
      target: Uint32Array.from(sorted, ([, to]) => to),
    },
  };
}

/** What a node reaches when another one is taken away: the definition, word for word. */
function reachable({ nodes, edges }: GraphShape, without: number): ReadonlySet<number> {
  const seen = new Set<number>();
  const open = without === 1 ? [] : [1];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    for (let edge = nodes.firstEdge[node] ?? 0; edge < (nodes.firstEdge[node + 1] ?? 0); edge++) {
      const to = edges.target[edge] ?? 0;
      if (to !== without && (edges.kind[edge] ?? 0) < EdgeKind.weak) open.push(to);
    }
  }
  return seen;
}

test("the dominator of a node is the last one without which the root does not reach it", () => {
  const count = 24;
  const holders = fc.tuple(...Array.from({ length: count - 1 }, (_, row) => fc.integer({ min: 1, max: row + 1 })));
  const edge = fc.tuple(fc.integer({ min: 1, max: count }), fc.integer({ min: 1, max: count }), fc.constantFrom(3, 3, EdgeKind.weak));
  fc.assert(
    fc.property(holders, fc.array(edge, { maxLength: 50 }), (first, more) => {
      const graph = graphOf(count, [...first.map((from, row): Edge => [from, row + 2]), ...more]);
      const { of } = dominatorsOf(graph);
      const reachedWithout = Array.from({ length: count + 1 }, (_, node) => reachable(graph, node));
      const dominates = (one: number, other: number): boolean => !(reachedWithout[one]?.has(other) ?? false);
      for (let node = 2; node <= count; node++) {
        const dominators = [...Array(count).keys()].map((row) => row + 1).filter((other) => other !== node && dominates(other, node));
        assert.equal(
          of[node],
          dominators.find((one) => dominators.every((other) => other === one || dominates(other, one))),
        );
      }
    }),
    { numRuns: 300 },
  );
});

test("every node is below the virtual root once, whatever holds it, and the sizes of all add up", () => {
  const edge = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 12 }), fc.constantFrom(3, EdgeKind.weak));
  fc.assert(
    fc.property(fc.array(edge, { maxLength: 30 }), (edges) => {
      const dominators = dominatorsOf(graphOf(12, edges));
      assert.deepEqual(
        [...dominators.order].sort((a, b) => a - b),
        [...Array(13).keys()],
      );
      assert.equal(retainedBytes(new Float64Array(13).fill(1, 1), dominators)[0], 12);
    }),
  );
});

test("a chain of a million objects is no deeper for the stack than one", () => {
  const count = 1_000_000;
  const firstEdge = Uint32Array.from({ length: count + 2 }, (_, node) => Math.min(Math.max(0, node - 1), count - 1));
  const edges = {
    kind: new Uint8Array(count - 1).fill(EdgeKind.property),
    target: Uint32Array.from({ length: count - 1 }, (_, row) => row + 2),
  };
  const dominators = dominatorsOf({ nodes: { length: count + 1, firstEdge }, edges });
  assert.equal(dominators.of[count], count - 1);
  assert.equal(retainedBytes(new Float64Array(count + 1).fill(8, 1), dominators)[1], 8 * count);
});

test("weak references and shortcuts hold nothing", () => {
  const { of } = dominatorsOf(
    graphOf(4, [
      [1, 2],
      [2, 4],
      [1, 3],
      [3, 4, EdgeKind.weak],
      [1, 4, EdgeKind.shortcut],
    ]),
  );
  assert.equal(of[4], 2);
});
