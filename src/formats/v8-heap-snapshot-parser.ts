/**
 * The document around the arrays: keys and values of one JSON object, read from chunks as they come. The order of the keys is
 * the writer's, except that the head comes first and the nodes before the edges, as every writer has it.
 */
import { Failure } from "../base/failure.ts";
import { EdgeReader, LocationReader, NodeReader, type Taken, type Window } from "./v8-heap-snapshot-integers.ts";
import { type SnapshotMeta, snapshotMeta } from "./v8-heap-snapshot-meta.ts";
import { StringStore } from "./v8-heap-snapshot-strings.ts";

/** Takes a part of the document; the window moves on. */
interface Section {
  take: (window: Window) => Taken;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const SPACE = 0x20;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** Behind the bytes: enough for an escape at their end. */
const PADDING = 8;
const LARGEST_HEAD_BYTES = 1 << 20;
const LONGEST_KEY_BYTES = 256;

export class SnapshotParser {
  readonly strings: StringStore = new StringStore();
  meta: SnapshotMeta | null = null;
  nodes: NodeReader | null = null;
  edges: EdgeReader | null = null;
  locations: LocationReader | null = null;
  /** The key whose value is being read; "" between two, and at the end. */
  key = "";
  hasEnded = false;
  /** Bytes behind the end of the document, besides spaces. */
  trailingBytes = 0;
  readonly #file: string;
  readonly #window: Window = { bytes: new Uint8Array(1 << 19), position: 0, length: 0 };
  #section: Section | null = null;
  #before = 0; // bytes that came before the window

  constructor(file: string) {
    this.#file = file;
  }

  /** Offset of the next byte in the decompressed content. */
  get offset(): number {
    return this.#before + this.#window.position;
  }

  /** @throws Failure `malformed` with the offset */
  push(chunk: Uint8Array): void {
    const window = this.#window;
    const rest = window.length - window.position;
    if (rest + chunk.length + PADDING > window.bytes.length) {
      const larger = new Uint8Array(2 * (rest + chunk.length) + PADDING);
      larger.set(window.bytes.subarray(window.position, window.length));
      window.bytes = larger;
    } else window.bytes.copyWithin(0, window.position, window.length);
    this.#before += window.position;
    window.bytes.set(chunk, rest);
    window.position = 0;
    window.length = rest + chunk.length;
    window.bytes.fill(QUOTE, window.length, window.length + PADDING);
    this.#run(window);
  }

  #run(window: Window): void {
    while (!this.hasEnded) {
      if (this.#section === null && !this.#nextKey(window)) return;
      const taken = this.#section?.take(window) ?? "ended";
      if (taken === "more") return;
      if (taken === "damaged") this.#refuse(`holds something that does not belong into its ${this.key}`);
      this.#section = null;
      this.key = "";
    }
    for (; window.position < window.length; window.position++) {
      if ((window.bytes[window.position] as number) > SPACE) this.trailingBytes++;
    }
  }

  /** Reads `"key":` and what opens its value; false where more bytes are needed, or where the document has ended. */
  #nextKey(window: Window): boolean {
    const { bytes, length } = window;
    let position = window.position;
    const skip = (): number => {
      while ((bytes[position] as number) <= SPACE || bytes[position] === COMMA) position++;
      return bytes[position] as number;
    };
    if (this.meta === null && this.#before + position === 0 && skip() === OPENING_BRACE) window.position = ++position;
    const first = skip();
    if (position >= length) return false;
    if (first === CLOSING_BRACE) {
      window.position = position + 1;
      this.hasEnded = true;
      return false;
    }
    if (first !== QUOTE) this.#refuse("holds something that is no key");
    const end = bytes.indexOf(QUOTE, position + 1);
    if (end < 0 || end >= length) {
      if (length - position > LONGEST_KEY_BYTES) this.#refuse("holds something that is no key");
      return false;
    }
    const key = Buffer.from(bytes.buffer, bytes.byteOffset + position + 1, end - position - 1).toString("utf8");
    position = end + 1;
    if (skip() !== COLON || position >= length) {
      if (position < length) this.#refuse("holds a key without a value");
      return false;
    }
    position++;
    const opening = skip();
    if (position >= length) return false;
    window.position = position;
    this.key = key;
    this.#section = this.#sectionOf(key, opening);
    if (!(this.#section instanceof Skipped || this.#section instanceof Head)) window.position++;
    return true;
  }

  #sectionOf(key: string, opening: number): Section {
    if (key === "snapshot" && opening === OPENING_BRACE && this.meta === null) {
      return new Head((text) => {
        this.meta = snapshotMeta(text, this.#file);
      });
    }
    if (opening !== OPENING_BRACKET) return new Skipped();
    const { meta } = this;
    if (key === "strings") return new Strings(this.strings);
    if (meta === null && (key === "nodes" || key === "edges")) return this.#refuse(`has its ${key} before its head`);
    if (meta === null) return new Skipped();
    if (key === "nodes" && this.nodes === null) {
      this.nodes = new NodeReader(meta.nodes, meta.nodeCount);
      return this.nodes;
    }
    if (key === "edges" && this.edges === null) {
      if (this.nodes === null) return this.#refuse("has its edges before its nodes");
      this.edges = new EdgeReader(meta.edges, meta.edgeCount, meta.nodes.fields, this.nodes.length);
      return this.edges;
    }
    if (key === "locations" && meta.locations !== null && this.nodes !== null && this.locations === null) {
      this.locations = new LocationReader(meta.locations, meta.nodes.fields, this.nodes.length);
      return this.locations;
    }
    return new Skipped();
  }

  #refuse(message: string): never {
    throw new Failure({
      code: "malformed",
      message,
      where: { file: this.#file, offset: this.offset },
      hint: "The file was changed or written by a program that failed. Take the snapshot again.",
    });
  }
}

/** The head, an object as a whole: it is small. */
class Head implements Section {
  readonly #done: (text: string) => void;

  constructor(done: (text: string) => void) {
    this.#done = done;
  }

  take(window: Window): Taken {
    const probe = { ...window };
    const taken = new Skipped().take(probe);
    if (taken === "more" && window.length - window.position <= LARGEST_HEAD_BYTES) return "more";
    if (taken !== "ended") return "damaged";
    const { bytes, position } = window;
    this.#done(Buffer.from(bytes.buffer, bytes.byteOffset + position, probe.position - position).toString("utf8"));
    window.position = probe.position;
    return "ended";
  }
}

/** A value that nobody asks for, however deep. */
class Skipped implements Section {
  #depth = 0;
  #isInText = false;

  take(window: Window): Taken {
    const { bytes, length } = window;
    let { position } = window;
    for (; position < length; position++) {
      const character = bytes[position] as number;
      if (this.#isInText) {
        if (character === BACKSLASH) {
          if (position + 1 >= length) break;
          position++;
        } else if (character === QUOTE) this.#isInText = false;
      } else if (character === QUOTE) this.#isInText = true;
      else if (character === OPENING_BRACE || character === OPENING_BRACKET) this.#depth++;
      else if (character === CLOSING_BRACE || character === CLOSING_BRACKET) {
        this.#depth--;
        if (this.#depth <= 0) {
          // the brace of the document itself ends a plain value, and is not its own
          window.position = this.#depth < 0 ? position : position + 1;
          return "ended";
        }
      } else if (character === COMMA && this.#depth === 0) {
        window.position = position;
        return "ended";
      }
    }
    window.position = position;
    return "more";
  }
}

class Strings implements Section {
  readonly #store: StringStore;
  #isOpen = false;

  constructor(store: StringStore) {
    this.#store = store;
  }

  take(window: Window): Taken {
    const { bytes, length } = window;
    const store = this.#store;
    let { position } = window;
    for (;;) {
      if (!this.#isOpen) {
        let character = bytes[position] as number;
        while (character === COMMA || character <= SPACE) character = bytes[++position] as number;
        window.position = position;
        if (position >= length) return "more";
        if (character === CLOSING_BRACKET) {
          window.position = position + 1;
          return "ended";
        }
        if (character !== QUOTE) return "damaged";
        position++;
        this.#isOpen = true;
      }
      const start = position;
      for (let character = bytes[position] as number; character !== QUOTE; character = bytes[position] as number) {
        position += character === BACKSLASH ? 2 : 1;
      }
      if (position >= length) {
        // an escape that is cut in two is read again with what follows it
        const end = position > length ? length - 1 : length;
        store.append(bytes, start, end);
        window.position = end;
        return "more";
      }
      store.append(bytes, start, position);
      store.close();
      position++;
      this.#isOpen = false;
    }
  }
}
