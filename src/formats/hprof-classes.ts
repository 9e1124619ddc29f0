/**
 * The classes of a JVM heap dump: their names, where in an instance its references are (those of the class first, then those of
 * its superclass, and so on), and what they are as types of a profile.
 *
 * Writers do not agree on names: `java/util/HashMap` and `[Ljava/lang/Object;` (HotSpot), `java.util.HashMap` (the old agent),
 * `byte[]` (Android). Here they are as in Java's source.
 */

import type { TypeInit } from "../model/node-types.ts";
import { FrameKind } from "../model/profile.ts";
import { KeyMap } from "./hprof-keys.ts";

/** Types of fields and elements (hprof b-spec). */
const OBJECT = 2;
const PRIMITIVES: readonly string[] = ["", "", "", "", "boolean", "char", "float", "double", "byte", "short", "int", "long"];
const SIZES: readonly number[] = [0, 0, 0, 0, 1, 2, 4, 8, 1, 2, 4, 8];

/** Bytes of a value; 0 = there is no such type. */
export function sizeOfType(type: number, idBytes: number): number {
  return type === OBJECT ? idBytes : (SIZES[type] ?? 0);
}

/** Names of fields have ids from here on, below are those of types. */
export const FIELD_NAMES: number = 2 ** 24;

export interface Field {
  readonly name: number; // NameId
  readonly type: number;
}

/** What the references of an instance are; null where a superclass is not known yet. */
export interface Layout {
  readonly offsets: Uint32Array; // of the references, from the start of the instance's values
  readonly names: Uint32Array; // NameId of their fields
  readonly referent: number; // row of the reference that does not keep its target alive; -1 = none
  readonly bytes: number; // of all values
  readonly capacityOffset: number; // of a ByteBuffer on a byte[]; -1 = it is none
}

export interface ClassInfo {
  name: string;
  type: number; // row of the types
  superKey: number;
  fields: readonly Field[] | null; // null = the class was loaded, but not dumped
  layout: Layout | null;
}

const REFERENCES: ReadonlySet<string> = new Set([
  "java.lang.ref.WeakReference",
  "java.lang.ref.SoftReference",
  "java.lang.ref.PhantomReference",
  "java.lang.ref.FinalReference",
]);
const DEEPEST_CHAIN = 1000; // superclasses; a ring of them is damage

/** Tables behind collections: what they hold, the collection holds. */
const INSIDE =
  /^(?:java\.lang\.Object(?:\[\])+|java\.util\.[\w.]*(?:\$(?:\w*Node|\w*Entry|Segment|HashEntry|Item))(?:\[\])*|java\.util\.(?:HashMap|Hashtable|LinkedList|concurrent\.ConcurrentHashMap)\$\w+\[\]|scala\.collection\.[\w.]*(?:\$\w*Node|\$colon\$colon)(?:\[\])*)$/;

/** Names and classes of the file, and the types that the profile has of them. */
export class HprofClasses {
  /** Another one whenever a class is defined or named: then whatever was derived from classes is out of date. */
  version = 0;
  readonly #fieldNames: string[] = [""];
  readonly types: TypeInit[] = [{ name: "", isInside: false }];
  readonly #strings: Map<number, string> = new Map();
  readonly #fieldRows: Map<number, number> = new Map();
  readonly #typeRows: Map<string, number> = new Map();
  readonly #byKey: KeyMap = new KeyMap();
  readonly #classes: ClassInfo[] = [];
  readonly #classNameBySerial: Map<number, string> = new Map();
  readonly #primitiveArrays: number[] = [];

  addString(id: number, text: string): void {
    this.#strings.set(id, text);
  }

  text(id: number): string {
    return this.#strings.get(id) ?? "";
  }

  /** NameId of a field by the id of its string. */
  fieldName(id: number): number {
    let name = this.#fieldRows.get(id);
    if (name === undefined) {
      name = this.ownName(this.text(id) || "(unknown field)");
      this.#fieldRows.set(id, name);
    }
    return name;
  }

  /** NameId of a reference that is no field. */
  ownName(text: string): number {
    return FIELD_NAMES + this.#fieldNames.push(text) - 1;
  }

  nameText(name: number): string {
    return (name < FIELD_NAMES ? this.types[name]?.name : this.#fieldNames[name - FIELD_NAMES]) ?? "";
  }

  loadClass(key: number, serial: number, nameId: number): void {
    const name = javaName(this.text(nameId));
    this.version++;
    this.#classNameBySerial.set(serial, name);
    const known = this.byKey(key);
    if (known === null) this.#add(key, name);
    else if (known.name === UNNAMED || known.name !== name) {
      known.name = name;
      known.type = this.typeOf(name);
    }
  }

  classNameOfSerial(serial: number): string {
    return this.#classNameBySerial.get(serial) ?? "";
  }

  byKey(key: number): ClassInfo | null {
    const row = this.#byKey.get(key);
    return row === 0 ? null : (this.#classes[row - 1] as ClassInfo);
  }

  define(key: number, superKey: number, fields: readonly Field[]): ClassInfo {
    const known = this.byKey(key) ?? this.#add(key, UNNAMED);
    this.version++;
    known.superKey = superKey;
    known.fields = fields;
    known.layout = null;
    return known;
  }

  /** Layouts depend on superclasses, which may come later or be corrected by a later dump. */
  layoutOf(info: ClassInfo, idBytes: number): Layout | null {
    if (info.layout !== null) return info.layout;
    const offsets: number[] = [];
    const names: number[] = [];
    let [bytes, referent, capacity, isBuffer, isReference] = [0, -1, -1, false, false];
    let depth = 0;
    for (let step: ClassInfo | null = info; step !== null; ) {
      if (step.fields === null || ++depth > DEEPEST_CHAIN) return null;
      if (REFERENCES.has(step.name)) isReference = true;
      for (const { name, type } of step.fields) {
        if (type === OBJECT) {
          if (step.name === "java.lang.ref.Reference" && this.nameText(name) === "referent") referent = offsets.length;
          if (step.name === "java.nio.ByteBuffer" && this.nameText(name) === "hb") isBuffer = true;
          offsets.push(bytes);
          names.push(name);
        } else if (step.name === "java.nio.Buffer" && this.nameText(name) === "capacity") capacity = bytes;
        bytes += sizeOfType(type, idBytes);
      }
      if (step.superKey === 0) break;
      step = this.byKey(step.superKey);
      if (step === null) return null;
    }
    info.layout = {
      offsets: Uint32Array.from(offsets),
      names: Uint32Array.from(names),
      referent: isReference ? referent : -1,
      bytes,
      capacityOffset: isBuffer ? capacity : -1,
    };
    return info.layout;
  }

  /** Row of a type by its name; functions are types of their own kind. */
  typeOf(name: string, kind: FrameKind = FrameKind.type): number {
    const key = kind === FrameKind.type ? name : `${kind} ${name}`;
    let row = this.#typeRows.get(key);
    if (row === undefined) {
      row = this.types.push({ name, isInside: INSIDE.test(name), ...(kind === FrameKind.type ? {} : { kind }) }) - 1;
      this.#typeRows.set(key, row);
    }
    return row;
  }

  primitiveArray(type: number): number {
    let row = this.#primitiveArrays[type];
    if (row === undefined) {
      row = this.typeOf(`${PRIMITIVES[type] ?? ""}[]`);
      this.#primitiveArrays[type] = row;
    }
    return row;
  }

  #add(key: number, name: string): ClassInfo {
    const info: ClassInfo = { name, type: this.typeOf(name), superKey: 0, fields: null, layout: null };
    this.#byKey.set(key, this.#classes.push(info));
    return info;
  }
}

export const UNNAMED = "(class without a name)";

const ELEMENTS: Readonly<Record<string, string>> = {
  Z: "boolean",
  C: "char",
  F: "float",
  D: "double",
  B: "byte",
  S: "short",
  I: "int",
  J: "long",
};

/** `[Ljava/lang/Object;` → `java.lang.Object[]`. Hidden classes lose their address, which is another one in every process. */
function javaName(text: string): string {
  const dimensions = /^\[*/.exec(text)?.[0].length ?? 0;
  let name = text.slice(dimensions);
  if (dimensions > 0) name = ELEMENTS[name] ?? name.replace(/^L(.*);$/, "$1");
  name = name
    .replace(/[/+]0x[0-9a-f]+$/, "")
    .replace(/(\$\$Lambda)(?:\$\d+)?\/(?:\d+)$/, "$1")
    .replaceAll("/", ".");
  return (name || UNNAMED) + "[]".repeat(dimensions);
}
