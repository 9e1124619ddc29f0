/**
 * An object graph as a heap snapshot shows it: nodes (objects), edges (references) and their names, as compressed rows. Formats
 * that hold graphs produce it; `dominators.ts` says what holds what, `project-graph.ts` makes a profile of it.
 *
 * Row 0 of the nodes is none, and the virtual root above all roots; row 1 is the first node of the file. Edges have no ids:
 * those of node `v` are the rows `firstEdge[v]` … `firstEdge[v + 1] - 1`.
 */

export type NodeId = number;
export type NameId = number;

/** What a node is, as far as the analysis cares. Writers add kinds; whatever is not known is `other`. */
export const NodeKind = {
  none: 0,
  hidden: 1, // bookkeeping of the runtime
  array: 2, // elements and tables behind objects
  string: 3,
  object: 4, // its name is its class
  code: 5,
  closure: 6, // a function of the program
  regexp: 7,
  number: 8,
  native: 9, // memory outside of the managed heap
  synthetic: 10, // roots and groups of roots
  consString: 11, // concatenated
  slicedString: 12,
  symbol: 13,
  bigint: 14,
  shape: 15, // hidden classes
  wasm: 16,
  other: 17,
  type: 18, // a class as an object: it holds its static fields, and its own bytes are not the heap's
} as const;

/**
 * How a node refers to another. From `weak` on they keep nothing alive, or nothing that counts: `foreign` is what the runtime
 * holds beside the program that holds it, too.
 */
export const EdgeKind = { none: 0, context: 1, element: 2, property: 3, internal: 4, hidden: 5, weak: 6, shortcut: 7, foreign: 8 } as const;

export interface GraphNodes {
  readonly length: number; // row 0 included
  readonly kind: Uint8Array; // NodeKind
  readonly name: Uint32Array; // NameId
  /** As the writer numbers objects: the same object has the same id in later snapshots, 0 = it is none. Null where there are no such ids. */
  readonly id: Uint32Array | null;
  readonly selfBytes: Float64Array | Uint32Array;
  readonly firstEdge: Uint32Array; // length + 1 rows
}

export interface GraphEdges {
  readonly length: number;
  readonly kind: Uint8Array; // EdgeKind
  readonly name: Uint32Array; // NameId, or a number for `element` and `hidden`
  readonly target: Uint32Array; // NodeId; 0 = pointed nowhere
}

/** Names by id; decoded when they are asked for, because a snapshot holds every string of the program. */
export interface GraphNames {
  readonly length: number;
  readonly text: (name: NameId) => string;
}

export interface ObjectGraph {
  readonly nodes: GraphNodes;
  readonly edges: GraphEdges;
  readonly names: GraphNames;
}

/** Whether an edge of this kind keeps its target alive. */
export function retains(edgeKind: number): boolean {
  return edgeKind < EdgeKind.weak;
}

/** An edge's name for people: `[3]` for elements. */
export function edgeText(graph: ObjectGraph, edge: number): string {
  const kind = graph.edges.kind[edge];
  const name = graph.edges.name[edge] ?? 0;
  return kind === EdgeKind.element || kind === EdgeKind.hidden ? `[${name}]` : graph.names.text(name);
}
