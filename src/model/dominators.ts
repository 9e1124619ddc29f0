/**
 * Immediate dominators of an object graph: the one node through which every chain of references to an object goes, so that it
 * would be freed with it. Semi-NCA (Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", 2005, 2.3), all of
 * it iterative and in the space of preorder numbers, where it needs one indirection less.
 *
 * Its surprise: a part of every heap is held by weak references only. What no strong edge enters counts as held by the root, as
 * in Chrome DevTools, and after that whatever is still unreached (rings without an entrance).
 */
import { EdgeKind, type NodeId, type ObjectGraph } from "./object-graph.ts";

/** The shape alone, so that tests need no names. */
export type GraphShape = Readonly<{
  nodes: Pick<ObjectGraph["nodes"], "length" | "firstEdge">;
  edges: Pick<ObjectGraph["edges"], "kind" | "target">;
}>;

export interface Dominators {
  /** By node: its immediate dominator; the root's is 0, the virtual root above it. */
  readonly of: Uint32Array;
  /** All nodes with dominators before what they dominate; row 0 is the virtual root. */
  readonly order: Uint32Array;
}

export function dominatorsOf(graph: GraphShape): Dominators {
  const { numberOf, order, parent, first } = numberDepthFirst(graph);
  const count = order.length;
  const predecessors = predecessorsOf(graph, numberOf, order, first);
  // columns take turns: a heap has so many objects that each column counts
  const semi = first; // of a vertex at the row behind it, when the predecessors there have been used
  const label = new Uint32Array(count);
  const ancestor = numberOf;
  ancestor.set(parent);
  const stack = new Uint32Array(count);
  for (let vertex = count - 1; vertex > 0; vertex--) {
    let least = parent[vertex] as number;
    const end = first[vertex + 1] as number;
    for (let row = first[vertex] as number; row < end; row++) {
      const before = predecessors[row] as number;
      let candidate = before;
      if (before > vertex) {
        // linked already: the least label on its way up to the tree's root, with path compression
        let depth = 0;
        let step = before;
        for (let above = ancestor[step] as number; above > vertex; above = ancestor[step] as number) {
          stack[depth++] = step;
          step = above;
        }
        const top = ancestor[step] as number;
        candidate = label[step] as number;
        while (depth > 0) {
          step = stack[--depth] as number;
          if ((label[step] as number) > candidate) label[step] = candidate;
          else candidate = label[step] as number;
          ancestor[step] = top;
        }
      }
      if (candidate < least) least = candidate;
    }
    semi[vertex + 1] = least;
    label[vertex] = least;
  }
  // parents come first, so a parent's row is its dominator already
  const dominator = parent;
  for (let vertex = 1; vertex < count; vertex++) {
    let candidate = dominator[vertex] as number;
    const least = semi[vertex + 1] as number;
    while (candidate > least) candidate = dominator[candidate] as number;
    dominator[vertex] = candidate;
  }
  const of = ancestor; // every node has a number, so every row is written
  for (let vertex = 1; vertex < count; vertex++) of[order[vertex] as number] = order[dominator[vertex] as number] as number;
  return { of, order };
}

/** Bytes that would be freed with each node: its own and those of all it dominates. Row 0 has the whole heap. */
export function retainedBytes(selfBytes: Float64Array | Uint32Array, { of, order }: Dominators): Float64Array {
  const retained = new Float64Array(selfBytes.length);
  retained.set(selfBytes);
  for (let row = order.length - 1; row > 0; row--) {
    const node = order[row] as number;
    const holder = of[node] as number;
    retained[holder] = (retained[holder] as number) + (retained[node] as number);
  }
  return retained;
}

/** The first node of the file holds all others. */
const ROOT: NodeId = 1;

interface Numbering {
  readonly numberOf: Uint32Array; // by node: its preorder number
  readonly order: Uint32Array; // by number: the node
  readonly parent: Uint32Array; // by number: the number of its parent in the tree
  readonly first: Uint32Array; // by number: strong edges to the node; one row more
}

function numberDepthFirst({ nodes, edges }: GraphShape): Numbering {
  const { length, firstEdge } = nodes;
  const { kind, target } = edges;
  const numberOf = new Uint32Array(length);
  const order = new Uint32Array(length);
  const parent = new Uint32Array(length);
  const entries = new Uint32Array(length + 1); // by number
  const stackNode = new Uint32Array(length);
  const stackEdge = new Uint32Array(length);
  let count = 1;
  const visit = (root: NodeId): void => {
    numberOf[root] = count;
    parent[count] = root === ROOT ? 0 : 1;
    order[count++] = root;
    let depth = 0;
    let node = root;
    let edge = firstEdge[root] as number;
    for (;;) {
      const end = firstEdge[node + 1] as number;
      let next = 0;
      while (edge < end) {
        const to = target[edge] as number;
        if ((kind[edge++] as number) >= EdgeKind.weak || to === 0) continue;
        const number = numberOf[to] as number;
        if (number === 0) {
          entries[count] = 1;
          next = to;
          break;
        }
        entries[number] = (entries[number] as number) + 1;
      }
      if (next === 0) {
        if (depth === 0) return;
        node = stackNode[--depth] as number;
        edge = stackEdge[depth] as number;
        continue;
      }
      numberOf[next] = count;
      parent[count] = numberOf[node] as number;
      order[count++] = next;
      if (edge < end) {
        stackNode[depth] = node;
        stackEdge[depth++] = edge;
      }
      node = next;
      edge = firstEdge[next] as number;
    }
  };
  if (length > 1) visit(ROOT);
  if (count < length) {
    const isEntered = new Uint8Array(length);
    for (let node = 1; node < length; node++) {
      const end = firstEdge[node + 1] as number;
      for (let edge = firstEdge[node] as number; edge < end; edge++) {
        if ((kind[edge] as number) < EdgeKind.weak && target[edge] !== node) isEntered[target[edge] as number] = 1;
      }
    }
    for (let node = 1; node < length; node++) if (numberOf[node] === 0 && isEntered[node] === 0) visit(node);
    for (let node = 1; node < length; node++) if (numberOf[node] === 0) visit(node);
  }
  return { numberOf, order, parent, first: entries };
}

/** Strong edges backwards, by preorder number. `first`: how many each has; afterwards where they begin. */
function predecessorsOf({ nodes, edges }: GraphShape, numberOf: Uint32Array, order: Uint32Array, first: Uint32Array): Uint32Array {
  const { firstEdge } = nodes;
  const { kind, target } = edges;
  const count = order.length;
  let sum = 0;
  for (let number = 0; number < count; number++) {
    sum += first[number] as number;
    first[number] = sum;
  }
  first[count] = sum;
  const predecessors = new Uint32Array(sum);
  // filled from the back: afterwards first[number] is the first row
  for (let from = 1; from < count; from++) {
    const node = order[from] as number;
    const end = firstEdge[node + 1] as number;
    for (let edge = firstEdge[node] as number; edge < end; edge++) {
      const to = target[edge] as number;
      if (to === 0 || (kind[edge] as number) >= EdgeKind.weak) continue;
      const number = numberOf[to] as number;
      const row = (first[number] as number) - 1;
      first[number] = row;
      predecessors[row] = from;
    }
  }
  return predecessors;
}
