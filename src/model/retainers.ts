/**
 * How a root reaches an object: for every node the reference by which it is reached first. Bookkeeping of the runtime (code,
 * hidden classes) is gone through only where there is no other way, because a path through it explains nothing.
 */
import { EdgeKind, edgeText, type NodeId, NodeKind, type ObjectGraph } from "./object-graph.ts";

export interface Reached {
  /** By node: the edge, plus 1, that leads to it; 0 = none does (the root, and what weak references alone hold). */
  readonly by: Uint32Array;
}

export interface ReachingStep {
  readonly node: NodeId;
  readonly field: string; // by which it holds the next step; "" for the last
}

/** Every graph begins with it, and it is nobody's object. */
export const ROOT: NodeId = 1;
const DETOURS: ReadonlySet<number> = new Set([NodeKind.code, NodeKind.shape, NodeKind.hidden]);

/** `wanted`: the nodes that are asked for; when all of them are reached, no more are. Left out: all. */
export function reachFromRoots({ nodes, edges }: ObjectGraph, wanted: readonly NodeId[] | null = null): Reached {
  const { length, firstEdge } = nodes;
  const by = new Uint32Array(length);
  const isSeen = new Uint8Array(length);
  const queue = new Uint32Array(length);
  let [head, tail] = [0, 0];
  const isDetour = Uint8Array.from({ length: 32 }, (_, kind) => (DETOURS.has(kind) ? 1 : 0));
  const deferred = new Uint32Array(length);
  let [deferredHead, deferredTail] = [0, 0];
  isSeen[ROOT] = 1;
  queue[tail++] = ROOT;
  const open = wanted?.filter((node) => node !== ROOT) ?? null;
  for (;;) {
    if (open !== null) {
      while (open.length > 0 && isSeen[open.at(-1) as number] === 1) open.pop();
      if (open.length === 0) break;
    }
    let node: number;
    if (head < tail) node = queue[head++] as number;
    else if (deferredHead < deferredTail) node = deferred[deferredHead++] as number;
    else break;
    const end = firstEdge[node + 1] as number;
    for (let edge = firstEdge[node] as number; edge < end; edge++) {
      const to = edges.target[edge] as number;
      const kind = edges.kind[edge] as number;
      // a foreign holder is a true one, and often the shortest way
      if (to === 0 || isSeen[to] === 1 || kind === EdgeKind.weak || kind === EdgeKind.shortcut) continue;
      isSeen[to] = 1;
      by[to] = edge + 1;
      if (isDetour[nodes.kind[to] as number] === 1) deferred[deferredTail++] = to;
      else queue[tail++] = to;
    }
  }
  return { by };
}

/** From the root to a node, the root itself left out. */
export function pathTo(graph: ObjectGraph, reached: Reached, node: NodeId): readonly ReachingStep[] {
  const steps: ReachingStep[] = [];
  let field = "";
  for (let step = node; step !== 0 && step !== ROOT; ) {
    steps.push({ node: step, field });
    const edge = (reached.by[step] as number) - 1;
    if (edge < 0) break;
    field = edgeText(graph, edge);
    step = ownerOfEdge(graph, edge);
  }
  return steps.reverse();
}

/** The node that an edge belongs to: the last one whose first edge is not behind it. */
export function ownerOfEdge({ nodes }: ObjectGraph, edge: number): NodeId {
  let [low, high] = [1, nodes.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((nodes.firstEdge[middle] as number) <= edge) low = middle;
    else high = middle - 1;
  }
  return low;
}
