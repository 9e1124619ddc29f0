/**
 * Reads the records of a JVM heap dump one after the other (JDK's hprof b-spec; HotSpot's heapDumper.cpp; Android's hprof.cc for
 * the tags from 0x89 on), from chunks of any size. Whatever is read of a dump goes into an {@link HprofDump}.
 *
 * Its surprise: lengths cannot be trusted. That of a dump which was being written when its writer was killed is 0, that of one
 * above 4 GiB is what is left of it in 32 bits; then only the parts tell where it ends.
 */
import { EdgeKind, NodeKind } from "../model/object-graph.ts";
import { type Field, HprofClasses, sizeOfType, UNNAMED } from "./hprof-classes.ts";
import { TypeCounts } from "./hprof-counts.ts";
import { addInstance, type DumpSink, ROOT_NAMES } from "./hprof-dump.ts";
import { ObjectKeys } from "./hprof-keys.ts";

const Tag = { string: 0x01, loadClass: 0x02, frame: 0x04, trace: 0x05, dump: 0x0c, segment: 0x1c, end: 0x2c } as const;
/** Records that cannot be taken for a part of a dump. */
const ONLY_RECORDS: ReadonlySet<number> = new Set([0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x1c, 0x2c]);
const RECORDS: ReadonlySet<number> = new Set([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, ...ONLY_RECORDS]);
const Part = { class: 0x20, instance: 0x21, objects: 0x22, primitives: 0x23, withoutData: 0xc3, heap: 0xfe } as const;

const LARGEST_RECORD_BYTES = 16 * 1024 * 1024; // of those that are read at once: names, stack traces
const LARGEST_INSTANCE_BYTES = 1024 * 1024; // 65,535 fields of 8 bytes are half of that
/** Instances whose class comes later are kept as they are, up to this. */
const MOST_WAITING_BYTES = 256 * 1024 * 1024;
const WRAP = 2 ** 32;
const FIRST_BUFFER_BYTES = 1 << 17;
const LOOK_AHEAD_BYTES = 1 << 16;

export type OnDamage = (code: "truncated" | "malformed-record", text: string, offset: number) => void;

interface Waiting {
  readonly key: number;
  readonly classKey: number;
  readonly bytes: number;
  readonly values: Uint8Array;
}

interface StackFrame {
  readonly method: number;
  readonly classSerial: number;
}

export class HprofParser {
  readonly classes: HprofClasses = new HprofClasses();
  readonly keys: ObjectKeys = new ObjectKeys();
  version = "";
  takenAt = 0; // Unix ms; 0 = the file has no head
  /** Of what is being read; another one may take its place between two chunks. */
  dump: DumpSink | null = null;
  readonly #newDump: (startedAtMs: number) => DumpSink;
  /** Dumps that have been read to their end. */
  readonly #onDump: (dump: DumpSink) => void;
  readonly #onDamage: OnDamage;
  #idBytes: number;
  /** The chunk that came last, or, where a record goes over the end of one, what is left of it with what follows. */
  #buffer: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#buffer.buffer);
  #own: Uint8Array = new Uint8Array(FIRST_BUFFER_BYTES);
  #base = 0; // offset in the file of the buffer's first byte
  #pos = 0;
  #end = 0;
  #skip = 0;
  #state: "head" | "records" | "heap" | "lost" = "head";
  #heapTag = 0;
  #heapEnd = 0;
  #isBounded = true;
  #heapStart = 0;
  #hasSegments = false; // of the dump, which no end record followed yet
  #arrayLeft = 0;
  #arrayIndex = 0;
  #isInArray = false; // the values of the object that was added last are not all there yet
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  readonly #isPart: boolean;
  readonly #frames: Map<number, StackFrame> = new Map();
  readonly #traces: Map<number, readonly number[]> = new Map();
  readonly #traceOfThread: Map<number, number> = new Map();
  readonly #ownNames: { readonly loader: number; readonly superclass: number };

  /** `partIdBytes`: the file is a part of a parallel dump, which has no head; null = it is a whole one. */
  constructor(
    partIdBytes: number | null,
    newDump: (startedAtMs: number) => DumpSink,
    onDump: (dump: DumpSink) => void,
    onDamage: OnDamage,
  ) {
    this.#newDump = newDump;
    this.#onDump = onDump;
    this.#onDamage = onDamage;
    this.#isPart = partIdBytes !== null;
    this.#idBytes = partIdBytes ?? 0;
    if (partIdBytes !== null) this.#state = "records";
    this.#ownNames = { loader: this.classes.ownName("<class loader>"), superclass: this.classes.ownName("<superclass>") };
  }

  get offset(): number {
    return this.#base + this.#pos;
  }

  /** The chunk is not kept. */
  push(chunk: Uint8Array): void {
    const rest = this.#end - this.#pos;
    let taken = 0;
    if (rest > 0) {
      // most records that go over the end of a chunk are short
      taken = Math.min(chunk.length, LOOK_AHEAD_BYTES);
      this.#append(chunk.subarray(0, taken));
      while (this.#step());
      if (this.#pos < rest && taken < chunk.length) {
        this.#append(chunk.subarray(taken));
        taken = chunk.length;
        while (this.#step());
      }
    }
    if (taken < chunk.length) {
      const start = rest === 0 ? 0 : this.#pos - rest;
      this.#base += this.#pos - start;
      this.#look(chunk, start, chunk.length);
      while (this.#step());
    }
    if (this.#buffer !== this.#own) this.#append(new Uint8Array(0));
  }

  #look(buffer: Uint8Array, position: number, end: number): void {
    const view = this.#view;
    if (buffer.buffer !== view.buffer || buffer.byteOffset !== view.byteOffset || buffer.byteLength !== view.byteLength) {
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    }
    this.#buffer = buffer;
    this.#pos = position;
    this.#end = end;
  }

  /** What is left, and the chunk behind it, at the start of the own buffer. */
  #append(chunk: Uint8Array): void {
    const rest = this.#end - this.#pos;
    const bytes = rest + chunk.length;
    const own = bytes <= this.#own.length ? this.#own : new Uint8Array(Math.max(this.#own.length * 2, bytes));
    if (own !== this.#buffer || this.#pos > 0) own.set(this.#buffer.subarray(this.#pos, this.#end));
    own.set(chunk, rest);
    this.#own = own;
    this.#base += this.#pos;
    this.#look(own, 0, bytes);
  }

  /** To be called once, after the last chunk. */
  finish(): void {
    const rest = this.#end - this.#pos;
    const { offset } = this;
    let isCut = rest > 0 || this.#skip > 0 || this.#arrayLeft > 0 || this.#state === "head";
    if (this.#isInArray && isCut) this.dump?.dropLast();
    if (this.#state === "heap") {
      if (this.#isBounded) isCut ||= offset < this.#heapEnd;
      else if (this.#heapEnd > this.#heapStart) isCut ||= (offset - this.#heapEnd) % WRAP !== 0;
    }
    if (this.#state === "lost") isCut = true;
    else if (isCut) this.#onDamage("truncated", "the dump is cut in the middle of a record", offset);
    else if (this.#hasSegments) {
      isCut = true;
      this.#onDamage("truncated", "the dump has no end: its writer was killed, or its parts (.p0, .p1 …) were not joined", offset);
    }
    this.#endDump(isCut);
  }

  frameName(thread: number, frame: number): string {
    const trace = this.#traces.get(this.#traceOfThread.get(thread) ?? 0);
    const found = this.#frames.get(trace?.[frame] ?? -1);
    if (found === undefined) return "";
    const name = this.classes.text(found.method);
    const owner = this.classes.classNameOfSerial(found.classSerial);
    return owner === "" ? name : `${owner}.${name}`;
  }

  /** False = there is not enough yet. */
  #step(): boolean {
    if (this.#skip > 0) {
      const bytes = Math.min(this.#skip, this.#end - this.#pos);
      this.#pos += bytes;
      this.#skip -= bytes;
      if (this.#skip > 0) return false;
    }
    if (this.#arrayLeft > 0 && !this.#elements()) return false;
    this.#isInArray = false;
    switch (this.#state) {
      case "head":
        return this.#head();
      case "records":
        return this.#record();
      case "heap":
        return this.#heap();
      default:
        this.#pos = this.#end;
        return false;
    }
  }

  #has(bytes: number): boolean {
    return this.#end - this.#pos >= bytes;
  }

  #u4(offset: number): number {
    return this.#view.getUint32(offset);
  }

  /** An id that is no object's. */
  #id(offset: number): number {
    return this.#idBytes === 4 ? this.#u4(offset) : this.#u4(offset) * WRAP + this.#u4(offset + 4);
  }

  readonly #key = (offset: number): number =>
    this.#idBytes === 4
      ? this.keys.keyOf(0, this.#view.getUint32(offset))
      : this.keys.keyOf(this.#view.getUint32(offset), this.#view.getUint32(offset + 4));

  #head(): boolean {
    const zero = this.#buffer.subarray(this.#pos, this.#end).indexOf(0);
    if (zero < 0 || !this.#has(zero + 13)) return false;
    this.version = Buffer.from(this.#buffer.subarray(this.#pos, this.#pos + zero)).toString("latin1");
    this.#pos += zero + 1;
    this.#idBytes = this.#u4(this.#pos);
    this.takenAt = this.#u4(this.#pos + 4) * WRAP + this.#u4(this.#pos + 8);
    if (this.#idBytes !== 4 && this.#idBytes !== 8) {
      this.#onDamage("malformed-record", `ids of ${this.#idBytes} bytes cannot be read`, this.offset);
      this.#state = "lost";
      return true;
    }
    this.#pos += 12;
    this.#state = "records";
    return true;
  }

  #record(): boolean {
    if (!this.#has(9)) return false;
    const tag = this.#buffer[this.#pos] as number;
    const micros = this.#u4(this.#pos + 1);
    const length = this.#u4(this.#pos + 5);
    if (!RECORDS.has(tag)) {
      this.#onDamage("malformed-record", `there is no record ${hex(tag)}: what follows cannot be read`, this.offset);
      this.#state = "lost";
      return true;
    }
    if (tag === Tag.dump || tag === Tag.segment) {
      this.#beginHeap(tag, micros, length);
      return true;
    }
    if (tag === Tag.end) {
      this.#hasSegments = false;
      this.#endDump(false);
    }
    const isRead =
      (tag === Tag.string || tag === Tag.loadClass || tag === Tag.frame || tag === Tag.trace) && length <= LARGEST_RECORD_BYTES;
    if (!isRead) {
      this.#pos += 9;
      this.#skip = length;
      return true;
    }
    if (!this.#has(9 + length)) return false;
    const start = this.#pos + 9;
    const id = this.#idBytes;
    if (tag === Tag.string && length >= id) {
      const text = Buffer.from(this.#view.buffer, this.#view.byteOffset + start + id, length - id).toString("utf8");
      this.classes.addString(this.#id(start), text);
    } else if (tag === Tag.loadClass && length >= 8 + 2 * id) {
      this.classes.loadClass(this.#key(start + 4), this.#u4(start), this.#id(start + 8 + id));
    } else if (tag === Tag.frame && length >= 8 + 4 * id) {
      this.#frames.set(this.#id(start), { method: this.#id(start + id), classSerial: this.#u4(start + 4 * id) });
    } else if (tag === Tag.trace && length >= 12) {
      const count = Math.min(this.#u4(start + 8), Math.floor((length - 12) / id));
      this.#traces.set(
        this.#u4(start),
        Array.from({ length: count }, (_, frame) => this.#id(start + 12 + frame * id)),
      );
    } else this.#onDamage("malformed-record", `a record ${hex(tag)} is too short`, this.offset);
    this.#pos = start + length;
    return true;
  }

  #beginHeap(tag: number, micros: number, length: number): void {
    if (tag === Tag.dump)
      this.#endDump(false); // each is a dump of its own, segments belong together
    else this.#hasSegments = true;
    this.dump ??= this.#newDump(micros / 1000);
    if (length === 0) this.#onDamage("truncated", "a dump of length 0: its writer was killed before it wrote the length", this.offset);
    if (length === 0) this.dump.isCut = true;
    this.#pos += 9;
    this.#heapTag = tag;
    this.#heapStart = this.offset;
    this.#heapEnd = this.offset + length;
    this.#isBounded = length > 0;
    this.#state = "heap";
  }

  #endDump(isCut: boolean): void {
    const { dump } = this;
    if (dump === null) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const { key, classKey, bytes, values } of waiting) this.#addWaiting(dump, key, classKey, bytes, values);
    dump.isCut ||= isCut;
    this.dump = null;
    this.#onDump(dump);
  }

  /** Its class came later, or never. */
  #addWaiting(dump: DumpSink, key: number, classKey: number, bytes: number, values: Uint8Array): void {
    const info = this.classes.byKey(classKey);
    const layout = info === null ? null : this.classes.layoutOf(info, this.#idBytes);
    if (info === null || layout === null || layout.bytes > bytes) {
      dump.node(NodeKind.object, info?.type ?? this.classes.typeOf(UNNAMED), key, bytes);
      return;
    }
    const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
    const keyAt = (offset: number): number =>
      this.#idBytes === 4
        ? this.keys.keyOf(0, view.getUint32(offset))
        : this.keys.keyOf(view.getUint32(offset), view.getUint32(offset + 4));
    addInstance(dump, info.type, key, layout, bytes, view, 0, keyAt);
  }

  #heap(): boolean {
    const { offset } = this;
    if (this.#isBounded ? offset >= this.#heapEnd : this.#isPastWrappedEnd(offset)) {
      this.#state = "records";
      return true;
    }
    if (!this.#has(1)) return false;
    if (this.dump instanceof TypeCounts && this.#isBounded && this.#counted(this.dump)) return true;
    const tag = this.#buffer[this.#pos] as number;
    const id = this.#idBytes;
    switch (tag) {
      case Part.instance:
        return this.#instance();
      case Part.primitives:
      case Part.withoutData:
        return this.#primitives(tag === Part.withoutData);
      case Part.objects:
        return this.#objects();
      case Part.class:
        return this.#class();
      case Part.heap:
        return this.#take(1 + 4 + id);
      case 0x01:
        return this.#root(tag, 2 * id, -1);
      case 0x02:
      case 0x03:
      case 0x08:
      case 0x8e:
        return this.#root(tag, id + 8, id);
      case 0x04:
      case 0x06:
        return this.#root(tag, id + 4, -1);
      default:
        if (ROOT_NAMES.has(tag)) return this.#root(tag, id, -1);
        return this.#unknownPart(tag);
    }
  }

  /** Whether the counts took something. */
  #counted(counts: TypeCounts): boolean {
    const start = this.#pos;
    const end = Math.min(this.#end, this.#heapEnd - this.#base);
    this.#pos = counts.take({ buffer: this.#buffer, view: this.#view, idBytes: this.#idBytes, end }, start);
    return this.#pos > start;
  }

  #isPastWrappedEnd(offset: number): boolean {
    if (this.#heapEnd > this.#heapStart && offset >= this.#heapEnd) {
      if ((offset - this.#heapEnd) % WRAP === 0) return true;
    }
    return this.#pos < this.#end && ONLY_RECORDS.has(this.#buffer[this.#pos] as number);
  }

  #unknownPart(tag: number): boolean {
    this.#onDamage("malformed-record", `there is no part ${hex(tag)} of a dump: the rest of it is left out`, this.offset);
    return this.#leaveHeap();
  }

  /** What cannot be understood up to the end of the segment; where that is unknown, up to the end of the file. */
  #leaveHeap(): boolean {
    if (this.dump !== null) this.dump.isCut = true;
    if (this.#isBounded) {
      this.#skip = this.#heapEnd - this.offset;
      this.#state = "records";
    } else this.#state = "lost";
    return true;
  }

  /** Whether a part of so many bytes may be there. A single dump that it leaves has more than 4 GiB; a segment is damaged. */
  #fits(bytes: number): boolean {
    if (!this.#isBounded || this.offset + bytes <= this.#heapEnd) return true;
    if (this.#heapTag !== Tag.dump) return false;
    this.#isBounded = false;
    return true;
  }

  #misfit(): boolean {
    this.#onDamage("malformed-record", "a part of a segment does not end within it: the rest of the segment is left out", this.offset);
    return this.#leaveHeap();
  }

  #take(bytes: number): boolean {
    if (!this.#fits(bytes)) return this.#misfit();
    if (!this.#has(bytes)) return false;
    this.#pos += bytes;
    return true;
  }

  /** `threadAt`: where after the tag its thread and frame are; -1 = it has none. */
  #root(tag: number, bytes: number, threadAt: number): boolean {
    if (!this.#fits(1 + bytes)) return this.#misfit();
    if (!this.#has(1 + bytes)) return false;
    const start = this.#pos + 1;
    const thread = threadAt < 0 ? 0 : this.#u4(start + threadAt);
    const frame = threadAt < 0 ? 0 : this.#u4(start + threadAt + 4);
    if (tag === 0x08) this.#traceOfThread.set(thread, frame);
    this.dump?.root(tag, this.#key(start), thread, frame);
    this.#pos = start + bytes;
    return true;
  }

  #instance(): boolean {
    const id = this.#idBytes;
    const headBytes = 9 + 2 * id;
    if (!this.#has(headBytes)) return this.#fits(headBytes) ? false : this.#misfit();
    const { dump } = this;
    const bytes = this.#u4(this.#pos + 5 + 2 * id);
    if (!this.#fits(headBytes + bytes) || bytes > LARGEST_INSTANCE_BYTES) return this.#misfit();
    if (!this.#has(headBytes + bytes) || dump === null) return false;
    const key = this.#key(this.#pos + 1);
    const classKey = this.#key(this.#pos + 5 + id);
    const start = this.#pos + headBytes;
    const info = this.classes.byKey(classKey);
    const layout = info === null ? null : (info.layout ?? this.classes.layoutOf(info, id));
    this.#pos = start + bytes;
    if (info !== null && layout !== null && layout.bytes <= bytes) {
      addInstance(dump, info.type, key, layout, bytes, this.#view, start, this.#key);
    } else if (layout !== null || this.#isPart || this.#waitingBytes + bytes > MOST_WAITING_BYTES) {
      if (layout !== null)
        this.#onDamage("malformed-record", "an instance is shorter than its class says: its references are left out", this.offset);
      dump.node(NodeKind.object, info?.type ?? this.classes.typeOf(UNNAMED), key, bytes);
    } else {
      this.#waiting.push({ key, classKey, bytes, values: new Uint8Array(this.#buffer.subarray(start, start + bytes)) });
      this.#waitingBytes += bytes;
    }
    return true;
  }

  #primitives(isWithoutData: boolean): boolean {
    const id = this.#idBytes;
    const headBytes = 10 + id;
    if (!this.#has(headBytes)) return this.#fits(headBytes) ? false : this.#misfit();
    const count = this.#u4(this.#pos + 5 + id);
    const type = this.#buffer[this.#pos + 9 + id] as number;
    const size = type === 2 ? 0 : sizeOfType(type, id);
    const bytes = count * size;
    if (size === 0 || !this.#fits(headBytes + (isWithoutData ? 0 : bytes))) return this.#misfit();
    this.dump?.node(NodeKind.array, this.classes.primitiveArray(type), this.#key(this.#pos + 1), bytes);
    this.#pos += headBytes;
    this.#skip = isWithoutData ? 0 : bytes;
    this.#isInArray = true;
    return true;
  }

  #objects(): boolean {
    const id = this.#idBytes;
    const headBytes = 9 + 2 * id;
    if (!this.#has(headBytes)) return this.#fits(headBytes) ? false : this.#misfit();
    const count = this.#u4(this.#pos + 5 + id);
    if (!this.#fits(headBytes + count * id)) return this.#misfit();
    const info = this.classes.byKey(this.#key(this.#pos + 9 + id));
    const type = info?.type ?? this.classes.typeOf("(array)");
    this.dump?.node(NodeKind.array, type, this.#key(this.#pos + 1), count * id);
    this.#pos += headBytes;
    this.#arrayLeft = count;
    this.#arrayIndex = 0;
    this.#isInArray = true;
    return true;
  }

  /** As many elements as are there; true = that was the last one. */
  #elements(): boolean {
    const { dump } = this;
    const id = this.#idBytes;
    const count = Math.min(this.#arrayLeft, Math.floor((this.#end - this.#pos) / id));
    for (let element = 0; element < count; element++) {
      const key = this.#key(this.#pos + element * id);
      if (key !== 0) dump?.edge(EdgeKind.element, this.#arrayIndex + element, key);
    }
    this.#pos += count * id;
    this.#arrayIndex += count;
    this.#arrayLeft -= count;
    return this.#arrayLeft === 0;
  }

  /** Id, trace, superclass, loader, signers, domain, 2 reserved; size; constants; static fields with values; fields of instances. */
  #class(): boolean {
    const id = this.#idBytes;
    const start = this.#pos + 1;
    const available = (offset: number): boolean => offset <= this.#end;
    const wait = (): boolean => (this.#fits(this.#end - this.#pos + 1) ? false : this.#misfit());
    let at = start + 7 * id + 8;
    if (!available(at + 2)) return wait();
    const statics: (readonly [name: number, key: number])[] = [];
    const constants = this.#view.getUint16(at);
    at += 2;
    for (let row = 0; row < constants; row++) {
      if (!available(at + 3)) return wait();
      const bytes = sizeOfType(this.#buffer[at + 2] as number, id);
      if (bytes === 0) return this.#misfit();
      at += 3 + bytes;
    }
    if (!available(at + 2)) return wait();
    const staticCount = this.#view.getUint16(at);
    at += 2;
    for (let row = 0; row < staticCount; row++) {
      if (!available(at + id + 1)) return wait();
      const type = this.#buffer[at + id] as number;
      const bytes = sizeOfType(type, id);
      if (bytes === 0) return this.#misfit();
      if (!available(at + id + 1 + bytes)) return wait();
      if (type === 2) statics.push([at, at + id + 1]);
      at += id + 1 + bytes;
    }
    if (!available(at + 2)) return wait();
    const fieldCount = this.#view.getUint16(at);
    at += 2;
    const fieldsAt = at;
    at += fieldCount * (id + 1);
    if (!available(at)) return wait();
    if (!this.#fits(at - this.#pos)) return this.#misfit();
    const fields: Field[] = [];
    for (let row = 0; row < fieldCount; row++) {
      const place = fieldsAt + row * (id + 1);
      const type = this.#buffer[place + id] as number;
      if (sizeOfType(type, id) === 0) return this.#misfit();
      fields.push({ name: this.classes.fieldName(this.#id(place)), type });
    }
    const key = this.#key(start);
    const superKey = this.#key(start + id + 4);
    const loaderKey = this.#key(start + 2 * id + 4);
    const info = this.classes.define(key, superKey, fields);
    this.dump?.node(NodeKind.type, info.type, key, 0);
    if (superKey !== 0) this.dump?.edge(EdgeKind.internal, this.#ownNames.superclass, superKey);
    if (loaderKey !== 0) this.dump?.edge(EdgeKind.internal, this.#ownNames.loader, loaderKey);
    for (const [name, value] of statics) {
      const to = this.#key(value);
      if (to !== 0) this.dump?.edge(EdgeKind.property, this.classes.fieldName(this.#id(name)), to);
    }
    this.#pos = at;
    return true;
  }
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, "0")}`;
}
