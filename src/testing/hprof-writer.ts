/** Writes small JVM heap dumps for tests (JDK's hprof b-spec), with ids of either length and damage where it is asked for. */

const PRIMITIVE = { char: [5, 2], byte: [8, 1], int: [10, 4], long: [11, 8] } as const;
export type HprofType = "object" | keyof typeof PRIMITIVE;

type Piece = string | Uint8Array | readonly Piece[];

/** A dump in the making; ids are multiples of 8 from 0x7_0000_0000 on (0x1000 with 4 bytes), in the order in which they are asked for. */
export class HprofWriter {
  readonly #idBytes: 4 | 8;
  readonly #records: Uint8Array[] = [];
  #parts: Uint8Array[] = [];
  readonly #stringIds: Map<string, number> = new Map();
  #objects = 0;
  #classes = 0;

  constructor(idBytes: 4 | 8 = 8, version: string = "1.0.2") {
    this.#idBytes = idBytes;
    this.#records.push(join(["JAVA PROFILE ", version, "\0", u4(idBytes), u4(0x18c), u4(0x1000_0000)]));
  }

  newId(): number {
    return (this.#idBytes === 8 ? 0x7_0000_0000 : 0x1000) + 8 * this.#objects++;
  }

  record(tag: number, body: Uint8Array, length: number = body.length): this {
    this.#records.push(join([byte(tag), u4(0), u4(length), body]));
    return this;
  }

  string(text: string): number {
    let id = this.#stringIds.get(text);
    if (id === undefined) {
      id = 0x100 + this.#stringIds.size;
      this.#stringIds.set(text, id);
      this.record(0x01, join([this.#id(id), text]));
    }
    return id;
  }

  /** A loaded class; its dump comes with {@link dumpClass}. */
  loadClass(name: string): number {
    const id = this.newId();
    this.record(0x02, join([u4(++this.#classes), this.#id(id), u4(1), this.#id(this.string(name))]));
    return id;
  }

  dumpClass(
    id: number,
    superId: number,
    fields: readonly (readonly [string, HprofType])[],
    statics: Readonly<Record<string, number>> = {},
  ): this {
    const code = (type: HprofType): number => (type === "object" ? 2 : PRIMITIVE[type][0]);
    return this.part(0x20, [
      [this.#id(id), u4(1), this.#id(superId), Array.from({ length: 5 }, () => this.#id(0)), u4(0), u2(0)],
      [u2(Object.keys(statics).length), Object.entries(statics).map(([name, to]) => [this.#id(this.string(name)), byte(2), this.#id(to)])],
      [u2(fields.length), fields.map(([name, type]) => [this.#id(this.string(name)), byte(code(type))])],
    ]);
  }

  /** Values: references as numbers, others as bytes. */
  instance(id: number, classId: number, values: readonly (number | Uint8Array)[]): this {
    const bytes = join(values.map((value) => (typeof value === "number" ? this.#id(value) : value)));
    return this.part(0x21, [this.#id(id), u4(1), this.#id(classId), u4(bytes.length), bytes]);
  }

  objects(id: number, classId: number, elements: readonly number[]): this {
    return this.part(0x22, [this.#id(id), u4(1), u4(elements.length), this.#id(classId), elements.map((to) => this.#id(to))]);
  }

  primitives(id: number, type: keyof typeof PRIMITIVE, count: number): this {
    const [code, size] = PRIMITIVE[type];
    return this.part(0x23, [this.#id(id), u4(1), u4(count), byte(code), new Uint8Array(count * size)]);
  }

  /** A root of a kind without a thread. */
  root(tag: number, id: number): this {
    return this.part(tag, [this.#id(id), tag === 0x01 ? this.#id(1) : []]);
  }

  /** A thread, and what its frames hold: names of methods are `Class.method`, the classes have been loaded. */
  thread(
    id: number,
    serial: number,
    frames: readonly { readonly method: string; readonly classSerial: number; readonly holds: readonly number[] }[],
  ): this {
    const frameIds = frames.map((_, frame) => 0x9000 + serial * 0x100 + frame);
    for (const [frame, { method, classSerial }] of frames.entries()) {
      const name = this.#id(this.string(method));
      this.record(0x04, join([this.#id(frameIds[frame] ?? 0), name, this.#id(0), this.#id(0), u4(classSerial), u4(1)]));
    }
    this.record(0x05, join([u4(serial), u4(serial), u4(frames.length), frameIds.map((frame) => this.#id(frame))]));
    this.part(0x08, [this.#id(id), u4(serial), u4(serial)]);
    for (const [frame, { holds }] of frames.entries()) for (const to of holds) this.part(0x03, [this.#id(to), u4(serial), u4(frame)]);
    return this;
  }

  part(tag: number, body: Piece): this {
    this.#parts.push(join([byte(tag), body]));
    return this;
  }

  /** Writes what has been dumped since the last time. `length`: other than it is. */
  heap(tag: 0x0c | 0x1c, length?: number): this {
    const body = join(this.#parts);
    this.#parts = [];
    return this.record(tag, body, length ?? body.length);
  }

  end(): this {
    return this.record(0x2c, new Uint8Array(0));
  }

  bytes(): Uint8Array {
    return join(this.#records);
  }

  #id(id: number): Uint8Array {
    return this.#idBytes === 4 ? u4(id) : join([u4(Math.floor(id / 2 ** 32)), u4(id % 2 ** 32)]);
  }
}

export function int(value: number): Uint8Array {
  return u4(value);
}

function byte(value: number): Uint8Array {
  return Uint8Array.of(value);
}

function u2(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}

function u4(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function join(piece: Piece): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  if (typeof piece === "string") return new TextEncoder().encode(piece);
  return new Uint8Array(Buffer.concat(piece.map((part) => join(part))));
}
