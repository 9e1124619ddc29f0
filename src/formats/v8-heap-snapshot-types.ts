/**
 * What the nodes of a V8 snapshot are for a reader: the class of an object and the script that its constructor is from, the
 * function of a closure, the scope of a script (V8's Context) in which its variables live.
 *
 * Two facts are not in any field and have to be put together from edges: the name of a script (closure, shared function info,
 * script), and that of an ArrayBuffer only slices are in use (several views of one large backing store).
 */

import type { NodeTypes, TypeInit } from "../model/node-types.ts";
import { EdgeKind, NodeKind, type ObjectGraph } from "../model/object-graph.ts";
import { FrameKind } from "../model/profile.ts";
import { scriptModule } from "./script-module.ts";
import type { StringStore } from "./v8-heap-snapshot-strings.ts";

/** Names of kinds whose nodes have none of their own; those of Chrome DevTools. */
const KIND_NAMES: readonly string[] = [
  "(none)",
  "(system)",
  "(array)",
  "(string)",
  "",
  "(compiled code)",
  "(closure)",
  "RegExp",
  "(number)",
  "",
  "",
  "(concatenated string)",
  "(sliced string)",
  "(symbol)",
  "(bigint)",
  "(object shape)",
  "",
  "",
];

/** What hangs below these belongs to the object that has them. */
const INSIDE: ReadonlySet<number> = new Set([NodeKind.hidden, NodeKind.array, NodeKind.code, NodeKind.shape]);

/**
 * Node.js hands out small Buffers as views of a pool of 8 KiB (64 KiB since 24): only above that several views of one
 * backing store mean that somebody cut it.
 */
const LARGEST_POOL_BYTES = 64 * 1024;

/** The type of an ArrayBuffer of which only slices are in use. */
const SLICED = "sliced ArrayBuffer";

const EDGE_NAMES = ["shared", "context", "script_or_debug_info", "script", "buffer", "backing_store", "code"] as const;
const NODE_NAMES = [
  "system / Context",
  "system / JSArrayBufferData",
  "ArrayBuffer",
  "SharedArrayBuffer",
  "system / SourceTextModule",
  "Generator",
  "AsyncGenerator",
] as const;

export function typesOf(graph: ObjectGraph, strings: StringStore, scriptIds: Uint32Array | null): NodeTypes {
  const { nodes } = graph;
  const names = strings.find([...EDGE_NAMES, ...NODE_NAMES]);
  const script = scriptsOf(graph, names, scriptIds);
  const views = viewsOf(graph, names);
  const types: TypeInit[] = [{ name: "", isInside: false }];
  const rows = new Map<string, number>();
  const row = (key: string, make: () => TypeInit): number => {
    let known = rows.get(key);
    if (known === undefined) {
      known = types.push(make()) - 1;
      rows.set(key, known);
    }
    return known;
  };
  const ofKind = KIND_NAMES.map((name, kind) => (name === "" ? 0 : row(`kind ${kind}`, () => ({ name, isInside: INSIDE.has(kind) }))));
  // most objects of a name come from one script
  const lastScript = new Uint32Array(strings.length + 1);
  const lastType = new Uint32Array(strings.length + 1);
  const lastClosureScript = new Uint32Array(strings.length + 1);
  const lastClosure = new Uint32Array(strings.length + 1);
  const scopeOf = new Uint32Array(strings.length + 1);
  const of = new Uint32Array(nodes.length);
  for (let node = 1; node < nodes.length; node++) {
    const kind = nodes.kind[node] as number;
    const name = nodes.name[node] as number;
    const file = script[node] as number;
    if (name === names["system / Context"]) {
      if (file !== 0 && scopeOf[file] === 0)
        scopeOf[file] = row(`scope ${file}`, () => inScript("(scope)", strings.text(file), FrameKind.type));
      of[node] = file === 0 ? (ofKind[NodeKind.hidden] as number) : (scopeOf[file] as number);
      continue;
    }
    const slot = name < strings.length ? name : strings.length;
    if (kind === NodeKind.closure && file !== 0) {
      if (lastClosure[slot] === 0 || lastClosureScript[slot] !== file) {
        lastClosureScript[slot] = file;
        lastClosure[slot] = row(`closure ${slot} ${file}`, () =>
          inScript(strings.text(name) || "(anonymous)", strings.text(file), FrameKind.function),
        );
      }
      of[node] = lastClosure[slot] as number;
      continue;
    }
    const plain = ofKind[kind] as number;
    if (plain !== 0) {
      of[node] = plain;
      continue;
    }
    if ((views[node] as number) > 1 && name === names["ArrayBuffer"]) {
      of[node] = row("sliced", () => ({ name: SLICED, isInside: false }));
      continue;
    }
    if (lastType[slot] !== 0 && lastScript[slot] === file) {
      of[node] = lastType[slot] as number;
      continue;
    }
    const type = row(`${kind} ${slot} ${file}`, () => {
      const text = strings.text(name) || (name >= strings.length ? "(name cut off)" : "(anonymous)");
      return file === 0 ? { name: text, isInside: isInternal(kind, text) } : inScript(text, strings.text(file), FrameKind.type);
    });
    lastScript[slot] = file;
    lastType[slot] = type;
    of[node] = type;
  }
  return { of, types, slices: slicesOf(graph, names, views) };
}

function isInternal(kind: number, name: string): boolean {
  return kind === NodeKind.object && name.startsWith("system / ");
}

function inScript(name: string, file: string, kind: TypeInit["kind"]): TypeInit {
  return { name, file, module: scriptModule(file), ...(kind === undefined ? {} : { kind }), isInside: false };
}

type Names = Readonly<Record<(typeof EDGE_NAMES)[number] | (typeof NODE_NAMES)[number], number>>;

/** By node: the name of the script that its function, its constructor or its variables are from. */
function scriptsOf({ nodes, edges }: ObjectGraph, names: Names, scriptIds: Uint32Array | null): Uint32Array {
  const script = new Uint32Array(nodes.length);
  const nameOfScript = new Map<number, number>();
  const generators = new Set([names["Generator"], names["AsyncGenerator"]]); // functions that are suspended
  const follow = (node: number, wanted: number, otherwise: number): number => {
    const end = nodes.firstEdge[node + 1] as number;
    for (let edge = nodes.firstEdge[node] as number; edge < end; edge++) {
      const name = edges.name[edge] as number;
      if ((name === wanted || name === otherwise) && edges.kind[edge] === EdgeKind.internal) return edges.target[edge] as number;
    }
    return 0;
  };
  const nameFrom = (shared: number): number => {
    const file = shared === 0 ? 0 : follow(shared, names["script_or_debug_info"], names["script"]);
    return file === 0 || nodes.kind[file] !== NodeKind.code ? 0 : (nodes.name[file] as number);
  };
  for (let node = 1; node < nodes.length; node++) {
    if (nodes.kind[node] !== NodeKind.closure) continue;
    const id = scriptIds?.[node] ?? 0;
    let name = id === 0 ? undefined : nameOfScript.get(id);
    if (name === undefined) {
      name = nameFrom(follow(node, names["shared"], names["shared"]));
      if (id !== 0 && name !== 0) nameOfScript.set(id, name);
    }
    script[node] = name;
  }
  for (let node = 1; node < nodes.length; node++) {
    const id = scriptIds?.[node] ?? 0;
    if (id !== 0 && script[node] === 0) script[node] = nameOfScript.get(id) ?? 0;
    if (nodes.name[node] === names["system / SourceTextModule"]) script[node] = nameFrom(follow(node, names["code"], names["code"]));
    const own = script[node] as number;
    if (own === 0 || (nodes.kind[node] !== NodeKind.closure && !generators.has(nodes.name[node] as number))) continue;
    const context = follow(node, names["context"], names["context"]);
    if (context !== 0 && nodes.name[context] === names["system / Context"] && script[context] === 0) script[context] = own;
  }
  return script;
}

/** By ArrayBuffer: how many views there are, where its backing store is too large for a pool. */
function viewsOf(graph: ObjectGraph, names: Names): Uint32Array {
  const { nodes, edges } = graph;
  const views = new Uint32Array(nodes.length);
  const edgeEnd = nodes.firstEdge[nodes.length] as number;
  for (let edge = 0; edge < edgeEnd; edge++) {
    if (edges.kind[edge] !== EdgeKind.internal || edges.name[edge] !== names["buffer"]) continue;
    const target = edges.target[edge] as number;
    if (nodes.name[target] === names["ArrayBuffer"]) views[target] = (views[target] as number) + 1;
  }
  for (let node = 1; node < nodes.length; node++) {
    const count = views[node] as number;
    if (count === 0 || nodes.name[node] !== names["ArrayBuffer"]) continue;
    const store = storeOf(graph, names, node);
    if (count < 2 || store === 0 || (nodes.selfBytes[store] as number) <= LARGEST_POOL_BYTES) views[node] = 0;
  }
  return views;
}

function storeOf({ nodes, edges }: ObjectGraph, names: Names, arrayBuffer: number): number {
  const end = nodes.firstEdge[arrayBuffer + 1] as number;
  for (let edge = nodes.firstEdge[arrayBuffer] as number; edge < end; edge++) {
    if (edges.kind[edge] === EdgeKind.internal && edges.name[edge] === names["backing_store"]) return edges.target[edge] as number;
  }
  return 0;
}

/** Views of sliced ArrayBuffers and their backing stores. */
function slicesOf(graph: ObjectGraph, names: Names, views: Uint32Array): NodeTypes["slices"] {
  const { nodes, edges } = graph;
  const view: number[] = [];
  const store: number[] = [];
  const storeOfBuffer = new Map<number, number>();
  for (let node = 1; node < nodes.length; node++) {
    const end = nodes.firstEdge[node + 1] as number;
    for (let edge = nodes.firstEdge[node] as number; edge < end; edge++) {
      const target = edges.target[edge] as number;
      if (views[target] === 0 || edges.kind[edge] !== EdgeKind.internal || edges.name[edge] !== names["buffer"]) continue;
      const known = storeOfBuffer.get(target) ?? storeOf(graph, names, target);
      storeOfBuffer.set(target, known);
      view.push(node);
      store.push(known);
    }
  }
  return { view: Uint32Array.from(view), store: Uint32Array.from(store), holdTheStore: false };
}
