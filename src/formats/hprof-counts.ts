/**
 * One dump of a JVM heap as counts: objects and bytes by type, references in all. No object is kept, so the memory is the same
 * for a file of any size. Who holds what is not in it.
 *
 * Its surprise: what is common (instances, arrays that are wholly there) goes past the parser in a loop of its own, four times as
 * fast; whatever that loop does not like it leaves to the parser.
 */
import { NodeKind } from "../model/object-graph.ts";
import type { ClassInfo, HprofClasses } from "./hprof-classes.ts";
import type { DumpSink } from "./hprof-dump.ts";
import type { ObjectKeys } from "./hprof-keys.ts";

/** Bytes of a dump as they lie in memory, whole ids, from `position` to `end`. */
export interface PartsWindow {
  readonly buffer: Uint8Array;
  readonly view: DataView;
  readonly idBytes: number;
  readonly end: number;
}

const INSTANCE = 0x21;
const OBJECTS = 0x22;
const PRIMITIVES = 0x23;
const CACHE_SLOTS = 1 << 12;

export class TypeCounts implements DumpSink {
  readonly startedAtMs: number;
  isCut = false;
  /** Objects, arrays and classes. */
  nodes = 0;
  /** References that are not null. */
  edges = 0;
  #bytes: Float64Array = new Float64Array(1024); // by type
  #blocks: Float64Array = new Float64Array(1024);
  #last = { kind: 0, type: 0, bytes: 0, edges: 0 };
  readonly #classCache: ClassCache;

  constructor(startedAtMs: number, classes: HprofClasses, keys: ObjectKeys) {
    this.startedAtMs = startedAtMs;
    this.#classCache = new ClassCache(classes, keys);
  }

  /** By row of the types; shorter where the last types have no objects. */
  get bytes(): Float64Array {
    return this.#bytes;
  }

  get blocks(): Float64Array {
    return this.#blocks;
  }

  node(kind: number, type: number, _key: number, bytes: number): void {
    this.#last = { kind, type, bytes, edges: this.edges };
    this.nodes++;
    this.#count(kind, type, bytes, 1);
  }

  dropLast(): void {
    const { kind, type, bytes, edges } = this.#last;
    this.nodes--;
    this.edges = edges;
    this.#count(kind, type, -bytes, -1);
  }

  edge(): void {
    this.edges++;
  }

  // what roots and views say is who holds what
  root(): void {}
  view(): void {}

  #count(kind: number, type: number, bytes: number, blocks: number): void {
    if (kind === NodeKind.type) return;
    const room = this.#room(type);
    room.bytes[type] = (room.bytes[type] as number) + bytes;
    room.blocks[type] = (room.blocks[type] as number) + blocks;
  }

  #room(type: number): { readonly bytes: Float64Array; readonly blocks: Float64Array } {
    while (type >= this.#bytes.length) {
      this.#bytes = doubled(this.#bytes);
      this.#blocks = doubled(this.#blocks);
    }
    return { bytes: this.#bytes, blocks: this.#blocks };
  }

  /** Counts the parts from `start` on, as many as are of the common kinds and wholly there. @returns where the next one begins */
  take({ buffer, view, idBytes, end }: PartsWindow, start: number): number {
    const cache = this.#classCache;
    cache.refresh(idBytes);
    const { high, low, type: types, bytes: least, firstOffset, offsets } = cache;
    const isWide = idBytes === 8;
    let { bytes, blocks } = this.#room(0);
    const primitives = new Float64Array(32); // bytes, and from 16 on blocks, by type of the elements
    let edges = 0;
    let nodes = 0;
    let position = start;
    // the head of no part is longer than 25 bytes
    const lastHead = end - 25;
    while (position <= lastHead) {
      const tag = buffer[position];
      if (tag === INSTANCE) {
        const classAt = position + 5 + idBytes;
        const classHigh = isWide ? view.getUint32(classAt) : 0;
        const classLow = view.getUint32(isWide ? classAt + 4 : classAt);
        const slot = slotOf(classLow);
        if ((low[slot] !== classLow || high[slot] !== classHigh) && !cache.fill(slot, classHigh, classLow)) break;
        const size = view.getUint32(classAt + idBytes);
        const values = classAt + idBytes + 4;
        const next = values + size;
        if (size < (least[slot] as number) || next > end) break;
        const last = firstOffset[2 * slot + 1] as number;
        for (let row = firstOffset[2 * slot] as number; row < last; row++) {
          const at = values + (offsets[row] as number);
          if ((view.getInt32(at) | (isWide ? view.getInt32(at + 4) : 0)) !== 0) edges++;
        }
        const type = types[slot] as number;
        if (type >= blocks.length) ({ bytes, blocks } = this.#room(type));
        bytes[type] = (bytes[type] as number) + size;
        blocks[type] = (blocks[type] as number) + 1;
        position = next;
      } else if (tag === PRIMITIVES) {
        const countAt = position + 5 + idBytes;
        const element = buffer[countAt + 4] as number;
        if (element > 11 || element < 4) break;
        const size = view.getUint32(countAt) * (1 << (element & 3));
        const next = countAt + 5 + size;
        if (next > end) break;
        primitives[element] = (primitives[element] as number) + size;
        primitives[16 + element] = (primitives[16 + element] as number) + 1;
        position = next;
      } else if (tag === OBJECTS) {
        const classAt = position + 9 + idBytes;
        const classHigh = isWide ? view.getUint32(classAt) : 0;
        const classLow = view.getUint32(isWide ? classAt + 4 : classAt);
        const slot = slotOf(classLow);
        if ((low[slot] !== classLow || high[slot] !== classHigh) && !cache.fill(slot, classHigh, classLow)) break;
        const values = classAt + idBytes;
        const size = view.getUint32(classAt - 4) * idBytes;
        const next = values + size;
        if (next > end) break;
        for (let at = values; at < next; at += idBytes) {
          if ((view.getInt32(at) | (isWide ? view.getInt32(at + 4) : 0)) !== 0) edges++;
        }
        const type = types[slot] as number;
        if (type >= blocks.length) ({ bytes, blocks } = this.#room(type));
        bytes[type] = (bytes[type] as number) + size;
        blocks[type] = (blocks[type] as number) + 1;
        position = next;
      } else break;
      nodes++;
    }
    this.nodes += nodes;
    this.edges += edges;
    for (let element = 4; element <= 11; element++) {
      const count = primitives[16 + element] as number;
      if (count > 0) this.#count(NodeKind.array, cache.primitiveArray(element), primitives[element] as number, count);
    }
    return position;
  }
}

function slotOf(low: number): number {
  return ((low >>> 3) ^ (low >>> 15)) & (CACHE_SLOTS - 1);
}

/** Classes by the last bits of their ids: what counting has to know of them. Emptied when a class is defined. */
class ClassCache {
  readonly high: Uint32Array = new Uint32Array(CACHE_SLOTS);
  readonly low: Uint32Array = new Uint32Array(CACHE_SLOTS);
  readonly type: Uint32Array = new Uint32Array(CACHE_SLOTS);
  /** Of an instance, at least. */
  readonly bytes: Uint32Array = new Uint32Array(CACHE_SLOTS);
  /** Two a slot: first row of the offsets, and the row behind the last one. */
  readonly firstOffset: Uint32Array = new Uint32Array(2 * CACHE_SLOTS);
  readonly offsets: Uint32Array = new Uint32Array(MOST_OFFSETS);
  readonly #rows: Map<ClassInfo, readonly [first: number, last: number]> = new Map();
  #offsetCount = 0;
  #version = -1;
  #idBytes = 0;
  readonly #classes: HprofClasses;
  readonly #keys: ObjectKeys;

  constructor(classes: HprofClasses, keys: ObjectKeys) {
    this.#classes = classes;
    this.#keys = keys;
  }

  refresh(idBytes: number): void {
    if (this.#version === this.#classes.version) return;
    this.#version = this.#classes.version;
    this.#idBytes = idBytes;
    this.high.fill(0);
    this.low.fill(0);
    this.#rows.clear();
    this.#offsetCount = 0;
  }

  /** False = the class is not known, or not well enough. */
  fill(slot: number, high: number, low: number): boolean {
    const info = high === 0 && low === 0 ? null : this.#classes.byKey(this.#keys.keyOf(high, low));
    const layout = info === null ? null : this.#classes.layoutOf(info, this.#idBytes);
    if (info === null || layout === null) return false;
    let rows = this.#rows.get(info);
    if (rows === undefined) {
      const { offsets } = layout;
      if (this.#offsetCount + offsets.length > MOST_OFFSETS) return false;
      this.offsets.set(offsets, this.#offsetCount);
      rows = [this.#offsetCount, this.#offsetCount + offsets.length];
      this.#offsetCount += offsets.length;
      this.#rows.set(info, rows);
    }
    this.high[slot] = high;
    this.low[slot] = low;
    this.type[slot] = info.type;
    this.bytes[slot] = layout.bytes;
    [this.firstOffset[2 * slot], this.firstOffset[2 * slot + 1]] = rows;
    return true;
  }

  primitiveArray(element: number): number {
    return this.#classes.primitiveArray(element);
  }
}

/** References of all classes together; the classes of a large program have 100,000. */
const MOST_OFFSETS = 1 << 20;

function doubled(values: Float64Array): Float64Array {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}
