/**
 * An object graph as a profile: every object lies at the path of the types that hold it, along dominators, so that clients are
 * recognised by types as they are by functions. Chains of like objects (lists, trees) are one step, and the number of paths is
 * bounded: what goes beyond counts for the object that holds it.
 */
import { accumulationsOf } from "./accumulations.ts";
import { dominatorsOf, retainedBytes } from "./dominators.ts";
import { insideTypes, type NodeTypes, type TypeInit } from "./node-types.ts";
import { type GraphNodes, NodeKind, type ObjectGraph, retains } from "./object-graph.ts";
import { FrameKind, type GraphFacts, type Origin, type PathId, type Profile, type SlicedStores } from "./profile.ts";
import { type FrameInit, ProfileBuilder } from "./profile-builder.ts";

const MOST_PATHS = 50_000;
const DEEPEST = 40;

/** What every path held when it was looked at last, where one capture holds several graphs. */
export class GraphSeries {
  #bytes: ArrayLike<number> = [];
  #blocks: ArrayLike<number> = [];

  /** Adds to the instant that was opened last what changed since the one before. */
  change(bytes: ArrayLike<number>, blocks: ArrayLike<number>, builder: ProfileBuilder): void {
    for (let path = 0; path < Math.max(bytes.length, this.#bytes.length); path++) {
      const liveBytes = (bytes[path] ?? 0) - (this.#bytes[path] ?? 0);
      const liveBlocks = (blocks[path] ?? 0) - (this.#blocks[path] ?? 0);
      if (liveBytes !== 0 || liveBlocks !== 0) builder.change(path, { liveBytes, liveBlocks });
    }
    this.#bytes = bytes;
    this.#blocks = blocks;
  }
}

/** Objects of which nothing says who holds them: each lies at its type. `bytes` and `blocks` by row of the types. */
export function projectTypes(
  { bytes, blocks }: Readonly<{ bytes: ArrayLike<number>; blocks: ArrayLike<number> }>,
  types: readonly TypeInit[],
  builder: ProfileBuilder,
  series: GraphSeries,
): void {
  const paths = types.map((type, row) => (row === 0 ? 0 : builder.path(0, builder.frame(frameInit(type, builder)))));
  const liveBytes: number[] = [0];
  const liveBlocks: number[] = [0];
  for (const [type, path] of paths.entries()) {
    liveBytes[path] = (liveBytes[path] ?? 0) + (bytes[type] ?? 0);
    liveBlocks[path] = (liveBlocks[path] ?? 0) + (blocks[type] ?? 0);
  }
  series.change(liveBytes, liveBlocks, builder);
}

/** A profile in which types are the only paths and nothing is live: enough to ask whose the types are. */
export function profileOfTypes(types: readonly TypeInit[], format: string, runtime: Origin["runtime"]): Profile {
  const builder = new ProfileBuilder();
  builder.instant({ elapsedMs: 0 });
  for (const type of types.slice(1)) builder.path(0, builder.frame(frameInit(type, builder)));
  return builder.finish({ path: "", format, clock: "none", precision: { kind: "exact" }, observes: "live", origin: { runtime } });
}

/** Whether a node is an object of the heap: classes are not, nor are nodes that only group others. */
function isBlock({ kind, id }: GraphNodes, node: number): boolean {
  return kind[node] !== NodeKind.type && (id === null ? kind[node] !== NodeKind.synthetic : id[node] !== 0);
}

/** Adds to the instant that was opened last what every path holds, and says what only a graph shows. */
export function projectGraph(graph: ObjectGraph, nodeTypes: NodeTypes, builder: ProfileBuilder, series: GraphSeries): GraphFacts {
  const { nodes } = graph;
  const dominators = dominatorsOf(graph);
  const { of, order } = dominators;
  const frames = nodeTypes.types.map((type) => builder.frame(frameInit(type, builder)));
  const steps = new Steps(frames, builder);
  const path = new Uint32Array(nodes.length);
  const below = new Uint32Array(nodes.length); // where that which the node holds goes on
  const bytes = new Float64Array(MOST_PATHS + 1);
  const blocks = new Float64Array(MOST_PATHS + 1);
  const isInside = insideTypes(nodeTypes);
  // row 1 is the root of the snapshot, which has no name
  for (let row = 1; row < order.length; row++) {
    const node = order[row] as number;
    const above = below[of[node] as number] as number;
    const type = nodeTypes.of[node] as number;
    const own = node === 1 ? 0 : steps.step(above, type);
    path[node] = own;
    below[node] = isInside[type] === 1 ? above : own;
    bytes[own] = (bytes[own] as number) + (nodes.selfBytes[node] as number);
    if (isBlock(nodes, node)) blocks[own] = (blocks[own] as number) + 1;
  }
  const held = slicesByStore(graph, nodeTypes, below);
  if (nodeTypes.slices.holdTheStore) {
    const viewOf = new Map<number, number>();
    for (const [row, store] of nodeTypes.slices.store.entries()) viewOf.set(store, nodeTypes.slices.view[row] as number);
    for (const [store, slices] of held) {
      const [at] = [...slices].reduce((most, next) => (next[1] > most[1] ? next : most));
      const slice = steps.step(at, nodeTypes.of[viewOf.get(store) ?? 0] as number);
      const [from, to] = [path[store] as number, steps.step(slice, nodeTypes.of[store] as number)];
      const size = nodes.selfBytes[store] as number;
      bytes[from] = (bytes[from] ?? 0) - size;
      blocks[from] = (blocks[from] ?? 0) - 1;
      bytes[to] = (bytes[to] ?? 0) + size;
      blocks[to] = (blocks[to] ?? 0) + 1;
    }
  }
  series.change(bytes, blocks, builder);
  const retained = retainedBytes(nodes.selfBytes, dominators);
  return {
    nodes: nodes.length - 1,
    edges: graph.edges.length,
    slicedStores: slicedStores(graph, held),
    duplicateStrings: null,
    accumulations: accumulationsOf(graph, nodeTypes, dominators, retained, path),
    objects: nodes.id === null ? null : { length: nodes.length, id: nodes.id, path, bytes: nodes.selfBytes },
  };
}

/**
 * Slices by store and by the path of what refers to them. Not by the path of the slice itself: one that is in a Map and in a
 * queue has no single holder, and both count.
 */
function slicesByStore(
  { nodes, edges }: ObjectGraph,
  { slices }: NodeTypes,
  below: Uint32Array,
): ReadonlyMap<number, ReadonlyMap<PathId, number>> {
  const byStore = new Map<number, Map<PathId, number>>();
  if (slices.view.length === 0) return byStore;
  const storeOf = new Uint32Array(nodes.length); // by view
  for (const [row, view] of slices.view.entries()) storeOf[view] = slices.store[row] as number;
  for (let node = 1; node < nodes.length; node++) {
    const end = nodes.firstEdge[node + 1] as number;
    for (let edge = nodes.firstEdge[node] as number; edge < end; edge++) {
      const store = storeOf[edges.target[edge] as number] as number;
      if (store === 0 || !retains(edges.kind[edge] as number)) continue;
      const at = below[node] as number;
      const held = byStore.get(store) ?? new Map<PathId, number>();
      byStore.set(store, held.set(at, (held.get(at) ?? 0) + 1));
    }
  }
  return byStore;
}

function slicedStores({ nodes }: ObjectGraph, byStore: ReadonlyMap<number, ReadonlyMap<PathId, number>>): SlicedStores {
  const stores = [...byStore].sort(([a], [b]) => a - b);
  const rows = stores.flatMap(([, held]) => [...held]);
  const firstSlice = new Uint32Array(stores.length + 1);
  for (const [store, [, held]] of stores.entries()) firstSlice[store + 1] = (firstSlice[store] as number) + held.size;
  return {
    length: stores.length,
    bytes: Float64Array.from(stores, ([node]) => nodes.selfBytes[node] as number),
    firstSlice,
    path: Uint32Array.from(rows, ([at]) => at),
    slices: Uint32Array.from(rows, ([, count]) => count),
  };
}

function frameInit({ name, file, module, kind }: TypeInit, builder: ProfileBuilder): FrameInit {
  return {
    name,
    kind: kind ?? FrameKind.type,
    ...(file === undefined ? {} : { file }),
    ...(module === undefined ? {} : { module: builder.module(module) }),
  };
}

/** From a path and a type to the path of an object of that type; asked once for every object, so it is one probe of a table. */
class Steps {
  readonly #frames: readonly number[];
  readonly #builder: ProfileBuilder;
  readonly #parent: PathId[] = [0];
  readonly #type: number[] = [0];
  readonly #depth: number[] = [0];
  #paths = 1;
  #keys: Float64Array = new Float64Array(1 << 12);
  #results: Uint32Array = new Uint32Array(1 << 12);
  #used = 0;

  constructor(frames: readonly number[], builder: ProfileBuilder) {
    this.#frames = frames;
    this.#builder = builder;
  }

  step(above: PathId, type: number): PathId {
    const key = above * 2 ** 26 + type + 1;
    const mask = this.#keys.length - 1;
    let slot = (Math.imul(above, 0x9e3779b1) ^ Math.imul(type, 0x85ebca6b)) >>> 8;
    for (slot &= mask; this.#keys[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#keys[slot] === key) return this.#results[slot] as number;
    }
    const result = this.#resolve(above, type);
    this.#keys[slot] = key;
    this.#results[slot] = result;
    if (++this.#used * 2 > this.#keys.length) this.#grow();
    return result;
  }

  #resolve(above: PathId, type: number): PathId {
    for (let path = above; path !== 0; path = this.#parent[path] ?? 0) if (this.#type[path] === type) return path;
    const depth = (this.#depth[above] ?? 0) + 1;
    if (depth > DEEPEST || this.#paths >= MOST_PATHS) return above;
    const path = this.#builder.path(above, this.#frames[type] ?? 0);
    this.#parent[path] = above;
    this.#type[path] = type;
    this.#depth[path] = depth;
    this.#paths = Math.max(this.#paths, path + 1);
    return path;
  }

  #grow(): void {
    const [keys, results] = [this.#keys, this.#results];
    this.#keys = new Float64Array(keys.length * 2);
    this.#results = new Uint32Array(keys.length * 2);
    const mask = this.#keys.length - 1;
    for (const [row, key] of keys.entries()) {
      if (key === 0) continue;
      const above = Math.floor((key - 1) / 2 ** 26);
      const type = (key - 1) % 2 ** 26;
      let slot = ((Math.imul(above, 0x9e3779b1) ^ Math.imul(type, 0x85ebca6b)) >>> 8) & mask;
      while (this.#keys[slot] !== 0) slot = (slot + 1) & mask;
      this.#keys[slot] = key;
      this.#results[slot] = results[row] as number;
    }
  }
}
