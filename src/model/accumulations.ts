/**
 * Where memory comes together: the objects that hold much in many parts, none of which holds most of it (a Map with ten
 * thousand entries, not the chain of objects that leads to it). Eclipse MAT calls them accumulation points.
 */
import type { Dominators } from "./dominators.ts";
import { insideTypes, type NodeTypes } from "./node-types.ts";
import { NodeKind, type ObjectGraph } from "./object-graph.ts";
import type { Accumulation } from "./profile.ts";
import { pathTo, reachFromRoots } from "./retainers.ts";

/** A part that holds more than this share is where to look further. */
const MOST_OF_IT = 0.5;
const LEAST_SHARE = 0.02; // of the whole heap
const LEAST_BYTES = 64 * 1024;
const FEWEST_PARTS = 8;
const MOST_SHOWN = 8;

export function accumulationsOf(
  graph: ObjectGraph,
  nodeTypes: NodeTypes,
  { of, order }: Dominators,
  retained: Float64Array,
  path: Uint32Array,
): readonly Accumulation[] {
  const { nodes } = graph;
  const isInside = insideTypes(nodeTypes);
  // the object that a node is a part of: tables of elements and the like belong to the object that has them
  const owner = new Uint32Array(nodes.length);
  const largest = new Uint32Array(nodes.length); // the part that holds most
  const parts = new Uint32Array(nodes.length);
  for (let row = 1; row < order.length; row++) {
    const node = order[row] as number;
    const holder = of[node] as number;
    const own = isInside[nodeTypes.of[holder] as number] === 1 ? (owner[holder] as number) : holder;
    owner[node] = own;
    if (isInside[nodeTypes.of[node] as number] === 1) continue;
    parts[own] = (parts[own] as number) + 1;
    const known = largest[own] as number;
    if (known === 0 || (retained[node] as number) > (retained[known] as number)) largest[own] = node;
  }
  const least = Math.max(LEAST_BYTES, LEAST_SHARE * (retained[0] as number));
  const found: number[] = [];
  for (let node = 2; node < nodes.length; node++) {
    const bytes = retained[node] as number;
    if (bytes < least || (parts[node] as number) < FEWEST_PARTS || nodes.kind[node] === NodeKind.synthetic) continue;
    if (isInside[nodeTypes.of[node] as number] === 1 || (retained[largest[node] as number] as number) > MOST_OF_IT * bytes) continue;
    found.push(node);
  }
  found.sort((a, b) => (retained[b] as number) - (retained[a] as number));
  if (found.length === 0) return [];
  const shown = found.slice(0, MOST_SHOWN);
  const reached = reachFromRoots(graph, shown);
  return shown.map((node): Accumulation => {
    const steps = pathTo(graph, reached, node);
    const own = steps.filter((step) => step.node === node || isInside[nodeTypes.of[step.node] as number] !== 1);
    const retainers = own.map(({ node: holder, field }) => {
      const type = nodeTypes.types[nodeTypes.of[holder] as number];
      return { type: type?.name ?? "", file: type?.file ?? "", field };
    });
    return {
      path: path[node] as number,
      type: nodeTypes.types[nodeTypes.of[node] as number]?.name ?? "",
      heldAs: steps.at(-2)?.field ?? "",
      retainedBytes: retained[node] as number,
      parts: parts[node] as number,
      retainers,
    };
  });
}
