/**
 * One dump of a JVM heap while it is read: objects and references as columns, roots beside them. References keep the key of what
 * they point to until the dump is complete, so that one pass over the file is enough, also where it comes from a pipe.
 */
import { Float64Builder, Uint32Builder } from "../base/columns.ts";
import type { NodeTypes } from "../model/node-types.ts";
import { EdgeKind, NodeKind, type ObjectGraph } from "../model/object-graph.ts";
import { FrameKind } from "../model/profile.ts";
import type { HprofClasses, Layout } from "./hprof-classes.ts";
import { RowsByKey } from "./hprof-keys.ts";

/** Kinds of roots by their tag, named as Eclipse MAT does. */
export const ROOT_NAMES: ReadonlyMap<number, string> = new Map([
  [0xff, "(unknown root)"],
  [0x01, "(JNI global)"],
  [0x02, "(JNI local)"],
  [0x03, "(Java local)"],
  [0x04, "(native stack)"],
  [0x05, "(system class)"],
  [0x06, "(thread block)"],
  [0x07, "(busy monitor)"],
  [0x08, "(thread)"],
  [0x89, "(interned string)"],
  [0x8a, "(finalizing)"],
  [0x8b, "(debugger)"],
  [0x8c, "(reference cleanup)"],
  [0x8d, "(VM internal)"],
  [0x8e, "(JNI monitor)"],
  [0x90, "(unreachable)"],
]);
const ROOT_TAGS: readonly number[] = [...ROOT_NAMES.keys()];
const THREAD_TAG = 0x08;
const NO_FRAME = 0xffff_ffff;

/** Up to this size a ByteBuffer is nothing worth a look: records and their headers are smaller. */
const LARGEST_POOL_BYTES = 64 * 1024;

/** What the stack traces of the file say about a frame of a thread. */
export type FrameNames = (thread: number, frame: number) => string;

/** What the parser tells of a dump: objects, each followed by its references. */
export interface DumpSink {
  readonly startedAtMs: number;
  isCut: boolean;
  node: (kind: number, type: number, key: number, bytes: number) => void;
  edge: (kind: number, name: number, key: number) => void;
  root: (tag: number, key: number, thread: number, frame: number) => void;
  /** The object that was added last is a ByteBuffer on an array, of so many bytes. */
  view: (bytes: number) => void;
  /** The object that was added last was not all there. */
  dropLast: () => void;
}

export class HprofDump implements DumpSink {
  readonly startedAtMs: number;
  /** Rows, 0 (none) and 1 (the root of all roots) included. */
  length = 2;
  edges = 0;
  isCut = false;
  kind: Uint8Array;
  type: Uint32Array;
  key: Uint32Array;
  /** Doubles from the first object on that has 4 GiB. */
  selfBytes: Uint32Array | Float64Array;
  firstEdge: Uint32Array;
  edgeKind: Uint8Array;
  edgeName: Uint32Array;
  target: Uint32Array;
  readonly #roots: { readonly [column in "tag" | "key" | "thread" | "frame"]: Uint32Builder } = {
    tag: new Uint32Builder(),
    key: new Uint32Builder(),
    thread: new Uint32Builder(),
    frame: new Uint32Builder(),
  };
  readonly #views: { readonly row: Uint32Builder; readonly bytes: Float64Builder } = {
    row: new Uint32Builder(),
    bytes: new Float64Builder(),
  };

  /** `expectedBytes`: of the file, 0 = unknown. */
  constructor(startedAtMs: number, expectedBytes: number) {
    this.startedAtMs = startedAtMs;
    const rows = Math.max(FIRST_ROWS, Math.min(Math.ceil(expectedBytes / LEAST_OBJECT_BYTES), MOST_ROWS));
    const edges = Math.max(FIRST_ROWS, Math.min(Math.ceil(expectedBytes / LEAST_REFERENCE_BYTES), MOST_ROWS));
    this.kind = new Uint8Array(rows);
    this.type = new Uint32Array(rows);
    this.key = new Uint32Array(rows);
    this.selfBytes = new Uint32Array(rows);
    this.firstEdge = new Uint32Array(rows);
    this.edgeKind = new Uint8Array(edges);
    this.edgeName = new Uint32Array(edges);
    this.target = new Uint32Array(edges);
    this.kind[1] = NodeKind.synthetic;
    this.edges = ROOT_TAGS.length; // reserved: those of the root
  }

  /** References that follow are this object's. */
  node(kind: number, type: number, key: number, bytes: number): void {
    const row = this.length++;
    if (row >= this.kind.length - 1) this.#growNodes();
    this.kind[row] = kind;
    this.type[row] = type;
    this.key[row] = key;
    if (bytes >= 2 ** 32 && this.selfBytes instanceof Uint32Array)
      this.selfBytes = enlarge(this.selfBytes, new Float64Array(this.kind.length));
    this.selfBytes[row] = bytes;
    this.firstEdge[row] = this.edges;
  }

  dropLast(): void {
    this.length--;
    this.edges = this.firstEdge[this.length] as number;
  }

  edge(kind: number, name: number, key: number): void {
    const row = this.edges++;
    if (row >= this.target.length) this.#growEdges();
    this.edgeKind[row] = kind;
    this.edgeName[row] = name;
    this.target[row] = key;
  }

  root(tag: number, key: number, thread: number, frame: number): void {
    this.#roots.tag.push(tag);
    this.#roots.key.push(key);
    this.#roots.thread.push(thread);
    this.#roots.frame.push(frame);
  }

  view(bytes: number): void {
    this.#views.row.push(this.length - 1);
    this.#views.bytes.push(bytes);
  }

  /** Tells another sink of the objects and references that were read so far. */
  replay(sink: DumpSink): void {
    sink.isCut = this.isCut;
    for (let row = 2; row < this.length; row++) {
      sink.node(this.kind[row] as number, this.type[row] as number, this.key[row] as number, this.selfBytes[row] as number);
      const end = row + 1 === this.length ? this.edges : (this.firstEdge[row + 1] as number);
      for (let edge = this.firstEdge[row] as number; edge < end; edge++) {
        sink.edge(this.edgeKind[edge] as number, this.edgeName[edge] as number, this.target[edge] as number);
      }
    }
  }

  /** What the graph and its analysis take at their largest. */
  get graphBytes(): number {
    return this.length * BYTES_OF_OBJECT + this.edges * BYTES_OF_REFERENCE;
  }

  /** Completes the graph. To be called once. `nowhere`: references that point to no object. */
  finish(
    classes: HprofClasses,
    frameNames: FrameNames,
  ): { readonly graph: ObjectGraph; readonly types: NodeTypes; readonly nowhere: number } {
    const objects = this.length;
    const rows = new RowsByKey(this.key, objects);
    let nowhere = 0;
    const { target } = this;
    for (let edge = ROOT_TAGS.length; edge < this.edges; edge++) {
      const row = rows.rowOf(target[edge] as number);
      if (row === 0) nowhere++;
      target[edge] = row;
    }
    nowhere += this.#addRoots(classes, rows, frameNames);
    this.key = new Uint32Array(1); // addresses, which say nothing of another dump
    const length = this.length;
    this.firstEdge[1] = 0;
    this.firstEdge[0] = 0;
    this.firstEdge[length] = this.edges;
    // shorter views, so that whatever goes over a column sees the rows and no more
    const graph: ObjectGraph = {
      nodes: {
        length,
        kind: this.kind.subarray(0, length),
        name: this.type.subarray(0, length),
        id: null,
        selfBytes: this.selfBytes.subarray(0, length),
        firstEdge: this.firstEdge.subarray(0, length + 1),
      },
      edges: { length: this.edges, kind: this.edgeKind, name: this.edgeName, target },
      names: { length: 0, text: (name) => classes.nameText(name) },
    };
    return { graph, types: { of: graph.nodes.name, types: classes.types, slices: this.#slices(graph, classes) }, nowhere };
  }

  /** A node for every kind of root; below that of threads one for each thread, and below that one for each of its frames. */
  #addRoots(classes: HprofClasses, rows: RowsByKey, frameNames: FrameNames): number {
    const { tag, key, thread, frame } = this.#roots;
    const byTag = new Map<number, number[]>();
    const frames = new Map<number, Map<number, number[]>>(); // by thread and number of the frame
    const threadObject = new Map<number, number>();
    let nowhere = 0;
    for (let root = 0; root < tag.length; root++) {
      const row = rows.rowOf(key.get(root));
      if (row === 0) {
        if (key.get(root) !== 0) nowhere++;
        continue;
      }
      const [kind, serial] = [tag.get(root), thread.get(root)];
      if (kind === THREAD_TAG) {
        threadObject.set(serial, row);
        pushTo(frames, serial, () => new Map());
      } else if (kind === 0x02 || kind === 0x03) {
        const ofThread = pushTo(frames, serial, () => new Map<number, number[]>());
        pushTo(ofThread, frame.get(root), (): number[] => []).push(row);
      } else pushTo(byTag, kind, (): number[] => []).push(row);
    }
    const synthetic = (type: number, held: readonly (readonly [row: number, name: number])[]): number => {
      const row = this.length;
      this.node(NodeKind.synthetic, type, 0, 0);
      for (const [to, name] of held) this.edge(EdgeKind.property, name, to);
      return row;
    };
    const rooted = classes.ownName("");
    const local = classes.ownName("<local variable>");
    const threadName = classes.ownName("<thread>");
    const threads: (readonly [number, number])[] = [];
    for (const [serial, ofThread] of [...frames].sort(([a], [b]) => a - b)) {
      const object = threadObject.get(serial);
      const held: (readonly [number, number])[] = object === undefined ? [] : [[object, threadName]];
      for (const [number, locals] of [...ofThread].sort(([a], [b]) => a - b)) {
        const name = number === NO_FRAME ? "" : frameNames(serial, number);
        const type = name === "" ? classes.typeOf("(Java local)") : classes.typeOf(name, FrameKind.function);
        held.push([
          synthetic(
            type,
            locals.map((to) => [to, local] as const),
          ),
          rooted,
        ]);
      }
      const type = object === undefined ? classes.typeOf("(thread)") : (this.type[object] as number);
      threads.push([synthetic(type, held), rooted]);
    }
    for (const [place, kind] of ROOT_TAGS.entries()) {
      const held = kind === THREAD_TAG ? threads : (byTag.get(kind) ?? []).map((to) => [to, rooted] as const);
      this.edgeKind[place] = EdgeKind.property;
      this.edgeName[place] = rooted;
      this.target[place] = held.length === 0 ? 0 : synthetic(classes.typeOf(ROOT_NAMES.get(kind) ?? ""), held);
    }
    return nowhere;
  }

  /** ByteBuffers that are a part of a large byte[]: smaller than it, or one of several on it. */
  #slices({ nodes, edges }: ObjectGraph, classes: HprofClasses): NodeTypes["slices"] {
    const view: number[] = [];
    const store: number[] = [];
    const views = new Map<number, number>();
    const { row, bytes } = this.#views;
    const storeOf = new Uint32Array(row.length);
    for (let place = 0; place < row.length; place++) {
      const node = row.get(place);
      const end = nodes.firstEdge[node + 1] as number;
      for (let edge = nodes.firstEdge[node] as number; edge < end; edge++) {
        if (classes.nameText(edges.name[edge] as number) !== "hb") continue;
        const to = edges.target[edge] as number;
        if ((nodes.selfBytes[to] as number) <= LARGEST_POOL_BYTES) continue;
        storeOf[place] = to;
        views.set(to, (views.get(to) ?? 0) + 1);
      }
    }
    for (let place = 0; place < row.length; place++) {
      const to = storeOf[place] as number;
      if (to === 0 || ((views.get(to) ?? 0) < 2 && bytes.get(place) >= (nodes.selfBytes[to] as number))) continue;
      view.push(row.get(place));
      store.push(to);
    }
    return { view: Uint32Array.from(view), store: Uint32Array.from(store), holdTheStore: true };
  }

  #growNodes(): void {
    const length = this.kind.length * GROWTH;
    this.kind = enlarge(this.kind, new Uint8Array(length));
    this.type = enlarge(this.type, new Uint32Array(length));
    this.key = enlarge(this.key, new Uint32Array(length));
    const isNarrow = this.selfBytes instanceof Uint32Array;
    this.selfBytes = enlarge(this.selfBytes, isNarrow ? new Uint32Array(length) : new Float64Array(length));
    this.firstEdge = enlarge(this.firstEdge, new Uint32Array(length));
  }

  #growEdges(): void {
    const length = this.target.length * GROWTH;
    this.edgeKind = enlarge(this.edgeKind, new Uint8Array(length));
    this.edgeName = enlarge(this.edgeName, new Uint32Array(length));
    this.target = enlarge(this.target, new Uint32Array(length));
  }
}

/** Columns here, and those of dominators, retained sizes and paths beside them. */
const BYTES_OF_OBJECT = 64;
const BYTES_OF_REFERENCE = 14;

const FIRST_ROWS = 1 << 12;
/** Of most objects and references, at least: where the size of the file is known, the columns need not grow. */
const LEAST_OBJECT_BYTES = 32;
const LEAST_REFERENCE_BYTES = 16;
const MOST_ROWS = 2 ** 28;
/** Untouched pages of a column cost nothing, copies do: so columns grow in large steps. */
const GROWTH = 4;

function enlarge<Values extends Uint8Array | Uint32Array | Float64Array>(values: ArrayLike<number>, larger: Values): Values {
  larger.set(values);
  return larger;
}

function pushTo<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** An instance: its references by its layout, its values from `start` on. */
export function addInstance(
  dump: DumpSink,
  type: number,
  key: number,
  layout: Layout,
  bytes: number,
  view: DataView,
  start: number,
  keyAt: (offset: number) => number,
): void {
  dump.node(NodeKind.object, type, key, bytes);
  const { offsets, names, referent } = layout;
  for (let place = 0; place < offsets.length; place++) {
    const to = keyAt(start + (offsets[place] as number));
    if (to !== 0) dump.edge(place === referent ? EdgeKind.weak : EdgeKind.property, names[place] as number, to);
  }
  if (layout.capacityOffset >= 0) dump.view(view.getInt32(start + layout.capacityOffset));
}
