/**
 * Which edges of a V8 snapshot keep something alive, by the rules of Chrome DevTools (HeapSnapshot.ts, `computeIsEssentialEdge`).
 * Those that do not get a kind that does not retain.
 *
 * - Shortcuts of the root name the global objects and do retain; others repeat what internal edges say.
 * - An entry of a WeakMap is held by its key: the edge from the table to the value counts for nothing.
 * - What the program's globals reach is the program's: that V8 and Node.js hold it, too (handles, caches), is left out, or half of
 *   a program would be held by "(GC roots)".
 */
import { EdgeKind, NodeKind, type ObjectGraph } from "../model/object-graph.ts";
import type { StringStore } from "./v8-heap-snapshot-strings.ts";

const ROOT = 1;

export function correctEdges(graph: ObjectGraph, names: StringStore): void {
  const { nodes, edges } = graph;
  const kind = edges.kind;
  const isOwned = ownedByProgram(graph, names);
  for (let edge = nodes.firstEdge[ROOT] as number; edge < (nodes.firstEdge[ROOT + 1] as number); edge++) {
    if (kind[edge] === EdgeKind.shortcut) kind[edge] = EdgeKind.property;
  }
  for (let node = ROOT + 1; node < nodes.length; node++) {
    if (isOwned[node] === 1) continue;
    const end = nodes.firstEdge[node + 1] as number;
    for (let edge = nodes.firstEdge[node] as number; edge < end; edge++) {
      if (isOwned[edges.target[edge] as number] === 1) kind[edge] = EdgeKind.foreign;
    }
  }
  releaseEphemerons(graph, names);
}

/** By node: 1 where the global objects (or a document) reach it. */
function ownedByProgram({ nodes, edges }: ObjectGraph, names: StringStore): Uint8Array {
  const isOwned = new Uint8Array(nodes.length);
  const open = new Uint32Array(nodes.length);
  let depth = 0;
  const documents = names.find(["(Document DOM trees)"])["(Document DOM trees)"];
  for (let edge = nodes.firstEdge[ROOT] as number; edge < (nodes.firstEdge[ROOT + 1] as number); edge++) {
    const to = edges.target[edge] as number;
    const isEntry = edges.kind[edge] === EdgeKind.shortcut || (edges.kind[edge] === EdgeKind.element && nodes.name[to] === documents);
    if (to === 0 || !isEntry || isOwned[to] === 1) continue;
    isOwned[to] = 1;
    open[depth++] = to;
  }
  while (depth > 0) {
    const node = open[--depth] as number;
    const end = nodes.firstEdge[node + 1] as number;
    for (let edge = nodes.firstEdge[node] as number; edge < end; edge++) {
      const to = edges.target[edge] as number;
      if (to === 0 || isOwned[to] === 1 || edges.kind[edge] === EdgeKind.weak) continue;
      isOwned[to] = 1;
      open[depth++] = to;
    }
  }
  return isOwned;
}

/** "1 / part of key (a @1) -> value (b @3) pair in WeakMap (table @5)" */
const EPHEMERON = / \/ part of key \(.*? @\d+\) -> value \(.*? @\d+\) pair in WeakMap \(table @(\d+)\)$/;
const SHORTEST_EPHEMERON = 50;

function releaseEphemerons({ nodes, edges }: ObjectGraph, names: StringStore): void {
  const { kind } = edges;
  const tables = new Map<number, number>(); // by name: id of the table; 0 = no such name
  for (let node = 1; node < nodes.length; node++) {
    if (nodes.kind[node] !== NodeKind.array) continue;
    const end = nodes.firstEdge[node + 1] as number;
    for (let edge = nodes.firstEdge[node] as number; edge < end; edge++) {
      if (kind[edge] !== EdgeKind.internal) continue;
      const name = edges.name[edge] as number;
      if (!names.isLong(name, SHORTEST_EPHEMERON)) continue;
      let table = tables.get(name);
      if (table === undefined) {
        table = Number(EPHEMERON.exec(names.text(name))?.[1] ?? 0);
        tables.set(name, table);
      }
      if (table !== 0 && table === nodes.id?.[node]) kind[edge] = EdgeKind.weak;
    }
  }
}
