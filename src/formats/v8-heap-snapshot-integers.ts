/**
 * The long arrays of integers of a snapshot, read record by record from bytes. Nothing of them ever becomes a JavaScript string
 * or object. Tables grow as rows come, so that a count that lies in the head allocates nothing.
 */
import { NodeKind } from "../model/object-graph.ts";
import { type EdgeLayout, type LocationLayout, MOST_FIELDS, type NodeLayout } from "./v8-heap-snapshot-meta.ts";

/** Where the parser is: bytes `position` … `length - 1` are there, then come quotation marks, which end every loop. */
export interface Window {
  bytes: Uint8Array;
  position: number;
  length: number;
}

/** Takes what it can of an array. `ended`: behind its bracket; `more`: wants more bytes; `damaged`: at `position` is no integer. */
export type Taken = "ended" | "more" | "damaged";

const COMMA = 0x2c;
const SPACE = 0x20;
const CLOSING_BRACKET = 0x5d;
/** This many digits fit into an int32. */
const SAFE_DIGITS = 9;
const FIRST_ROWS = 1 << 16;

/** Reads arrays of records of so many integers; `put` takes each from `values`, and from `long` those with a bit in `longFields`. */
export abstract class RecordReader {
  readonly values: Uint32Array = new Uint32Array(MOST_FIELDS);
  /** Exact where an integer has more digits than an int32 is sure to hold. */
  readonly long: Float64Array = new Float64Array(MOST_FIELDS);
  readonly #fields: number;

  constructor(fields: number) {
    this.#fields = fields;
  }

  abstract put(values: Uint32Array, longFields: number): void;

  take(window: Window): Taken {
    const { bytes, length } = window;
    const { values } = this;
    const fields = this.#fields;
    let position = window.position;
    for (;;) {
      window.position = position;
      let longFields = 0;
      for (let field = 0; field < fields; field++) {
        let character = bytes[position] as number;
        while (character === COMMA || character <= SPACE) character = bytes[++position] as number;
        let digit = character ^ 0x30; // 0 … 9 for digits, more for everything else
        if (digit > 9) {
          if (position >= length) return "more";
          if (character !== CLOSING_BRACKET || field > 0) {
            window.position = position;
            return "damaged";
          }
          window.position = position + 1;
          return "ended";
        }
        const start = position;
        let value = 0;
        do {
          value = (Math.imul(value, 10) + digit) | 0;
          digit = (bytes[++position] as number) ^ 0x30;
        } while (digit <= 9);
        if (position - start > SAFE_DIGITS) {
          this.long[field] = longInteger(bytes, start, position);
          values[field] = this.long[field] as number;
          longFields |= 1 << field;
        } else values[field] = value;
      }
      // a number that ends with the bytes may go on in the next ones
      if (position >= length) return "more";
      this.put(values, longFields);
    }
  }
}

/** Exact up to 2^53; what is larger is no size and no id, but damage that shows in the totals. */
function longInteger(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let position = from; position < to; position++) value = value * 10 + ((bytes[position] as number) ^ 0x30);
  return value;
}

/** The next capacity of a table: four times as much, but what the head declares where that is near. */
function nextRows(rows: number, declared: number): number {
  return declared > rows && declared <= rows * 8 ? declared : rows * 4;
}

function grown<Table extends Uint8Array | Uint32Array | Float64Array>(table: Table, rows: number): Table {
  const larger = new (table.constructor as new (rows: number) => Table)(rows);
  larger.set(table as never);
  return larger;
}

export class NodeReader extends RecordReader {
  /** Row 0 is none. `edgeCount` of a node stands at its row until the edges are known. */
  kind: Uint8Array = new Uint8Array(FIRST_ROWS);
  name: Uint32Array = new Uint32Array(FIRST_ROWS);
  id: Uint32Array = new Uint32Array(FIRST_ROWS);
  selfBytes: Float64Array = new Float64Array(FIRST_ROWS);
  edgeCount: Uint32Array = new Uint32Array(FIRST_ROWS);
  length = 1;
  impossible = 0; // sizes that no process can have
  readonly #layout: NodeLayout;
  readonly #declared: number;

  constructor(layout: NodeLayout, declared: number) {
    super(layout.fields);
    this.#layout = layout;
    this.#declared = declared + 2;
  }

  override put(values: Uint32Array, longFields: number): void {
    const layout = this.#layout;
    const row = this.length++;
    if (row + 1 >= this.kind.length) this.#grow();
    const isLong = (longFields >>> layout.selfSize) & 1;
    const size = (isLong === 1 ? this.long[layout.selfSize] : values[layout.selfSize]) as number;
    this.kind[row] = layout.kinds[values[layout.type] as number] ?? NodeKind.other;
    this.name[row] = values[layout.name] as number;
    this.id[row] = values[layout.id] as number;
    this.edgeCount[row] = values[layout.edgeCount] as number;
    if (size > LARGEST_SIZE) this.impossible++;
    else this.selfBytes[row] = size;
  }

  #grow(): void {
    const rows = nextRows(this.kind.length, this.#declared);
    this.kind = grown(this.kind, rows);
    this.name = grown(this.name, rows);
    this.id = grown(this.id, rows);
    this.selfBytes = grown(this.selfBytes, rows);
    this.edgeCount = grown(this.edgeCount, rows);
  }
}

/** 2^47 bytes, what a process can address. */
const LARGEST_SIZE = 2 ** 47;

export class EdgeReader extends RecordReader {
  kind: Uint8Array = new Uint8Array(FIRST_ROWS);
  name: Uint32Array = new Uint32Array(FIRST_ROWS);
  /** Rows of nodes, 0 where an edge points nowhere. */
  target: Uint32Array = new Uint32Array(FIRST_ROWS);
  length = 0;
  nowhere = 0;
  readonly #layout: EdgeLayout;
  readonly #declared: number;
  readonly #nodeFields: number;
  readonly #nodes: number;

  constructor(layout: EdgeLayout, declared: number, nodeFields: number, nodes: number) {
    super(layout.fields);
    this.#layout = layout;
    this.#declared = declared + 1;
    this.#nodeFields = nodeFields;
    this.#nodes = nodes;
  }

  override put(values: Uint32Array, longFields: number): void {
    const layout = this.#layout;
    const row = this.length++;
    if (row >= this.kind.length) this.#grow();
    this.kind[row] = layout.kinds[values[layout.type] as number] ?? 0;
    this.name[row] = values[layout.name] as number;
    const isLong = (longFields >>> layout.target) & 1;
    const ordinal = ((isLong === 1 ? this.long[layout.target] : values[layout.target]) as number) / this.#nodeFields;
    const node = ordinal + 1;
    if (node < this.#nodes && Number.isInteger(ordinal)) this.target[row] = node;
    else this.nowhere++;
  }

  #grow(): void {
    const rows = nextRows(this.kind.length, this.#declared);
    this.kind = grown(this.kind, rows);
    this.name = grown(this.name, rows);
    this.target = grown(this.target, rows);
  }
}

/** Which script the function, or the constructor of the object, is from. */
export class LocationReader extends RecordReader {
  readonly script: Uint32Array; // by node; 0 = unknown
  readonly #layout: LocationLayout;
  readonly #nodeFields: number;

  constructor(layout: LocationLayout, nodeFields: number, nodes: number) {
    super(layout.fields);
    this.#layout = layout;
    this.#nodeFields = nodeFields;
    this.script = new Uint32Array(nodes);
  }

  override put(values: Uint32Array): void {
    const node = (values[this.#layout.object] as number) / this.#nodeFields + 1;
    if (node < this.script.length && Number.isInteger(node)) this.script[node] = values[this.#layout.script] as number;
  }
}
