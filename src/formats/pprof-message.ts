/**
 * Decodes a pprof message (github.com/google/pprof, proto/profile.proto) into columns: all stacks in one array of location rows,
 * all values in one array. What the numbers mean is decided in `pprof.ts`. References that lead nowhere are refused here.
 *
 * Its surprise: strings usually come last, so nothing has a name before the end of the message; a cut file therefore never
 * gets past the check of its references.
 */
import { at, type Column, Float64Builder, Uint32Builder } from "../base/columns.ts";
import { WireReader, WireType } from "../base/protobuf.ts";

/** Rows start at 0 and replace the ids of the file. A `first…` column has one entry more than rows: the end of the last row. */
export interface PprofMessage {
  readonly sampleTypes: readonly PprofType[];
  readonly periodUnit: string;
  readonly period: number;
  readonly timeNanos: number;
  readonly durationNanos: number;
  readonly samples: {
    readonly length: number;
    readonly firstLocation: Column; // offsets into `locations`; the leaf comes first
    readonly locations: Column;
    readonly values: Column; // `sampleTypes.length` values a sample
  };
  readonly locations: {
    readonly length: number;
    readonly mapping: Column; // row + 1, 0 = none
    readonly address: Column;
    readonly firstLine: Column; // offsets into the two columns below; the innermost inlined function comes first
    readonly lineFunction: Column; // row + 1, 0 = none
    readonly lineNumber: Column;
  };
  readonly functions: { readonly length: number; readonly name: Column; readonly systemName: Column; readonly file: Column };
  readonly mappings: { readonly length: number; readonly start: Column; readonly fileOffset: Column; readonly file: Column };
  /** Text of a row of the string table, decoded once, when asked for. */
  readonly string: (row: number) => string;
  /** Labels of a sample; empty without work when no string of the file is one of `keys`. */
  readonly labels: (sample: number) => readonly PprofLabel[];
  readonly hasString: (texts: ReadonlySet<string>) => boolean;
}

export interface PprofType {
  readonly type: string;
  readonly unit: string;
}

export interface PprofLabel {
  readonly key: string;
  readonly text: string; // "" where the label is a number
  readonly number: number;
}

/** @throws Failure `truncated`, `malformed` */
export function decodePprof(bytes: Uint8Array, file: string): PprofMessage {
  return new Decoder(bytes, file).decode();
}

const FIRST_STAND_IN = 0xffff_ffff;

class Decoder {
  readonly #reader: WireReader;
  readonly #text: Buffer;
  readonly #stringStart: Uint32Builder = new Uint32Builder();
  readonly #stringEnd: Uint32Builder = new Uint32Builder();
  readonly #sampleTypes: { readonly type: number; readonly unit: number }[] = [];
  #periodUnit = 0;
  readonly #sampleStart: Uint32Builder = new Uint32Builder();
  readonly #sampleEnd: Uint32Builder = new Uint32Builder();
  readonly #firstLocation: Uint32Builder = new Uint32Builder();
  readonly #locationIds: Uint32Builder = new Uint32Builder();
  readonly #firstValue: Uint32Builder = new Uint32Builder();
  readonly #values: Float64Builder = new Float64Builder();
  readonly #locations = {
    id: new Uint32Builder(),
    mapping: new Uint32Builder(),
    address: new Float64Builder(),
    firstLine: new Uint32Builder(),
    lineFunction: new Uint32Builder(),
    lineNumber: new Uint32Builder(),
  };
  readonly #functions = { id: new Uint32Builder(), name: new Uint32Builder(), systemName: new Uint32Builder(), file: new Uint32Builder() };
  readonly #mappings = {
    id: new Uint32Builder(),
    start: new Float64Builder(),
    fileOffset: new Float64Builder(),
    file: new Uint32Builder(),
  };
  /** Ids that need more than 32 bits (some writers use hashes) and what stands for them, counted down from the largest. */
  readonly #standIns: Map<number, number> = new Map();

  constructor(bytes: Uint8Array, file: string) {
    this.#reader = new WireReader(bytes, file);
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  decode(): PprofMessage {
    const reader = this.#reader;
    const singular = { timeNanos: 0, durationNanos: 0, period: 0 };
    while (reader.hasMore) {
      const start = reader.position;
      const tag = reader.varint();
      const field = tag >>> 3;
      if ((field >= 1 && field <= 6) || field === 11) {
        reader.expect(tag, WireType.bytes);
        const outer = reader.enter();
        this.#table(field);
        reader.leave(outer);
      } else if (field === 9) singular.timeNanos = this.#once(tag, start, singular.timeNanos);
      else if (field === 10) singular.durationNanos = this.#once(tag, start, singular.durationNanos);
      else if (field === 12) singular.period = this.#once(tag, start, singular.period);
      else reader.skip(tag);
    }
    return this.#finish(singular);
  }

  /** In proto3 the last value of a field wins; in a profile a second one is a second profile (Go refuses it as well). */
  #once(tag: number, start: number, before: number): number {
    if (before !== 0) this.#reader.fail("malformed", start, "a second profile begins here; take them as two files");
    this.#reader.expect(tag, WireType.varint);
    return this.#reader.int64();
  }

  #table(field: number): void {
    const reader = this.#reader;
    if (field === 2) this.#sample();
    else if (field === 4) this.#location();
    else if (field === 6) {
      this.#stringStart.push(reader.position);
      this.#stringEnd.push(reader.end);
    } else {
      const [, first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = this.#numbers();
      if (field === 1) this.#sampleTypes.push({ type: first, unit: second });
      else if (field === 11) this.#periodUnit = second;
      else if (field === 3) {
        this.#mappings.id.push(this.#id(first));
        this.#mappings.start.push(second);
        this.#mappings.fileOffset.push(fourth);
        this.#mappings.file.push(fifth);
      } else {
        this.#functions.id.push(this.#id(first));
        this.#functions.name.push(second);
        this.#functions.systemName.push(third);
        this.#functions.file.push(fourth);
      }
    }
  }

  /** The fields of a message that holds only numbers, by field number. */
  #numbers(): readonly number[] {
    const reader = this.#reader;
    const numbers = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    while (reader.hasMore) {
      const tag = reader.varint();
      const field = tag >>> 3;
      if (field > 0 && field < numbers.length) {
        reader.expect(tag, WireType.varint);
        numbers[field] = reader.varint();
      } else reader.skip(tag);
    }
    return numbers;
  }

  #sample(): void {
    const reader = this.#reader;
    this.#sampleStart.push(reader.position);
    this.#sampleEnd.push(reader.end);
    this.#firstLocation.push(this.#locationIds.length);
    this.#firstValue.push(this.#values.length);
    while (reader.hasMore) {
      const tag = reader.varint();
      if (tag === 0x0a) {
        const outer = reader.enter();
        while (reader.hasMore) this.#locationIds.push(this.#id(reader.varint()));
        reader.leave(outer);
      } else if (tag === 0x12) {
        const outer = reader.enter();
        while (reader.hasMore) this.#values.push(reader.int64());
        reader.leave(outer);
      } else if (tag === 0x08) this.#locationIds.push(this.#id(reader.varint()));
      else if (tag === 0x10) this.#values.push(reader.int64());
      else {
        if (tag >>> 3 <= 3) reader.expect(tag, WireType.bytes);
        reader.skip(tag);
      }
    }
  }

  #location(): void {
    const reader = this.#reader;
    const locations = this.#locations;
    locations.firstLine.push(locations.lineFunction.length);
    let id = 0;
    let mapping = 0;
    let address = 0;
    while (reader.hasMore) {
      const tag = reader.varint();
      if (tag === 0x08) id = reader.varint();
      else if (tag === 0x10) mapping = reader.varint();
      else if (tag === 0x18) address = reader.varint();
      else if (tag === 0x22) {
        const outer = reader.enter();
        const [, functionId = 0, line = 0] = this.#numbers();
        reader.leave(outer);
        locations.lineFunction.push(this.#id(functionId));
        locations.lineNumber.push(line <= FIRST_STAND_IN ? line : 0); // negative lines exist, and mean unknown
      } else {
        if (tag >>> 3 <= 4) reader.fail("malformed", reader.position, `a location has no field with tag ${tag}`);
        reader.skip(tag);
      }
    }
    locations.id.push(this.#id(id));
    locations.mapping.push(this.#id(mapping));
    locations.address.push(address);
  }

  /** Ids above 2^53 may be rounded onto each other; as definitions that is refused as an id given twice. */
  #id(id: number): number {
    if (id < 0x8000_0000) return id;
    let standIn = this.#standIns.get(id);
    if (standIn === undefined) {
      standIn = FIRST_STAND_IN - this.#standIns.size;
      this.#standIns.set(id, standIn);
    }
    return standIn;
  }

  #finish(singular: { readonly timeNanos: number; readonly durationNanos: number; readonly period: number }): PprofMessage {
    const reader = this.#reader;
    const locations = this.#locations;
    const functions = this.#functions;
    const strings = this.#stringStart.length;
    const types = this.#sampleTypes.length;
    const samples = this.#sampleStart.length;
    const cut = (what: string): never => reader.fail("truncated", reader.bytes.length, what);
    if (strings === 0) cut("it has no strings");
    if (this.#stringStart.get(0) !== this.#stringEnd.get(0))
      reader.fail("malformed", this.#stringStart.get(0), "the first string is not empty");
    const demandStrings = (rows: Column): void => {
      for (let row = 0; row < rows.length; row++) if (at(rows, row) >= strings) cut(`string ${at(rows, row)} of ${strings} is missing`);
    };
    demandStrings([this.#periodUnit, ...this.#sampleTypes.flatMap(({ type, unit }) => [type, unit])]);
    const columns = {
      name: functions.name.finish(),
      systemName: functions.systemName.finish(),
      functionFile: functions.file.finish(),
      mappingFile: this.#mappings.file.finish(),
    };
    for (const column of Object.values(columns)) demandStrings(column);

    this.#firstValue.push(this.#values.length);
    for (let sample = 0; sample < samples; sample++) {
      const values = this.#firstValue.get(sample + 1) - this.#firstValue.get(sample);
      if (values !== types) reader.fail("malformed", this.#sampleStart.get(sample), `a sample has ${values} values for ${types} types`);
    }
    this.#firstLocation.push(this.#locationIds.length);
    locations.firstLine.push(locations.lineFunction.length);
    const locationOf = this.#rowsOf(locations.id, "location");
    const functionOf = this.#rowsOf(functions.id, "function");
    const mappingOf = this.#rowsOf(this.#mappings.id, "mapping");
    const stack = this.#locationIds.finish();
    for (let step = 0; step < stack.length; step++) {
      const row = locationOf(at(stack, step));
      if (row === 0) cut(`location ${at(stack, step)} is missing`);
      stack[step] = row - 1;
    }
    const texts: string[] = [];
    const string = (row: number): string => {
      texts[row] ??= this.#text.toString("utf8", this.#stringStart.get(row), this.#stringEnd.get(row));
      return texts[row];
    };
    // Id 0 means none. An id that is not defined is a cut only for functions: mappings are left out by some writers.
    const lineFunction = locations.lineFunction.finish().map((id) => {
      const row = functionOf(id);
      return row === 0 && id !== 0 ? cut(`function ${id} is missing`) : row;
    });
    return {
      sampleTypes: this.#sampleTypes.map(({ type, unit }) => ({ type: string(type), unit: string(unit) })),
      periodUnit: string(this.#periodUnit),
      ...singular,
      samples: { length: samples, firstLocation: this.#firstLocation.finish(), locations: stack, values: this.#values.finish() },
      locations: {
        length: locations.id.length,
        mapping: locations.mapping.finish().map(mappingOf),
        address: locations.address.finish(),
        firstLine: locations.firstLine.finish(),
        lineFunction,
        lineNumber: locations.lineNumber.finish(),
      },
      functions: { length: functions.id.length, name: columns.name, systemName: columns.systemName, file: columns.functionFile },
      mappings: {
        length: this.#mappings.id.length,
        start: this.#mappings.start.finish(),
        fileOffset: this.#mappings.fileOffset.finish(),
        file: columns.mappingFile,
      },
      string,
      labels: (sample) => this.#labels(sample, string),
      hasString: (wanted) => {
        for (let row = 1; row < strings; row++) if (wanted.has(string(row))) return true;
        return false;
      },
    };
  }

  /** Row + 1 by id; 0 where there is none. Small ids (all usual writers) are looked up in an array. */
  #rowsOf(ids: Uint32Builder, what: string): (id: number) => number {
    const dense = new Uint32Array(2 * ids.length + 1024);
    const sparse = new Map<number, number>();
    const rowOf = (id: number): number => (id < dense.length ? at(dense, id) : (sparse.get(id) ?? 0));
    for (let row = 0; row < ids.length; row++) {
      const id = ids.get(row);
      if (rowOf(id) !== 0) this.#reader.fail("malformed", 0, `${what} ${id} is defined twice`);
      if (id < dense.length) dense[id] = row + 1;
      else sparse.set(id, row + 1);
    }
    dense[0] = 0; // id 0 is reserved: .NET profilers define it all the same, and mean "unknown"
    return rowOf;
  }

  /** Labels are rarely needed, so they are read again from the bytes of their sample, which have been checked already. */
  #labels(sample: number, string: (row: number) => string): readonly PprofLabel[] {
    const reader = this.#reader;
    const labels: PprofLabel[] = [];
    reader.position = this.#sampleStart.get(sample);
    reader.end = this.#sampleEnd.get(sample);
    while (reader.hasMore) {
      const tag = reader.varint();
      if (tag !== 0x1a) {
        reader.skip(tag);
        continue;
      }
      const outer = reader.enter();
      const [, key = 0, text = 0, number = 0] = this.#numbers();
      reader.leave(outer);
      if (key >= this.#stringStart.length || text >= this.#stringStart.length) continue;
      labels.push({ key: string(key), text: string(text), number });
    }
    return labels;
  }
}
