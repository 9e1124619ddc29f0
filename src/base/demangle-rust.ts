/**
 * Rust symbol names: v0 (`_R…`, RFC 2603 with the constants rustc added later) and legacy (`_ZN…17h<hash>E`). Hashes and
 * disambiguators are left out, as in `rustc-demangle`'s alternate form. Back references may double a name at every step, so
 * both the steps and the output are bounded; a name beyond the bounds stays mangled.
 */

const MAX_DEPTH = 128;
const MAX_STEPS = 4000;
const MAX_OUTPUT = 4096;

/** The readable name, or null when it is no Rust name (or a broken one). */
export function demangleRust(mangled: string): string | null {
  const symbol = mangled.startsWith("__") ? mangled.slice(1) : mangled; // Mach-O adds an underscore
  return symbol.startsWith("_R") ? demangleV0(symbol.slice(2)) : demangleLegacy(symbol);
}

const ESCAPES: Readonly<Record<string, string>> = { SP: "@", BP: "*", RF: "&", LT: "<", GT: ">", LP: "(", RP: ")", C: "," };

function demangleLegacy(symbol: string): string | null {
  if (!symbol.startsWith("_ZN") || !/17h[0-9a-f]{16}E$/.test(symbol)) return null;
  const parts: string[] = [];
  let at = 3;
  while (symbol[at] !== "E") {
    const digits = /^\d{1,4}/.exec(symbol.slice(at, at + 4))?.[0];
    if (digits === undefined) return null;
    at += digits.length;
    const part = symbol.slice(at, at + Number(digits));
    if (part.length !== Number(digits)) return null;
    parts.push(part);
    at += part.length;
  }
  if (at !== symbol.length - 1) return null;
  parts.pop(); // the hash
  return parts.map(unescapeLegacy).join("::");
}

export function unescapeLegacy(part: string): string {
  return (part.startsWith("_$") ? part.slice(1) : part)
    .replace(/\$(?:([A-Z]{1,2})|u([0-9a-f]{1,6}))\$/g, (whole, letters: string | undefined, code: string | undefined) => {
      if (code !== undefined) return Number.parseInt(code, 16) <= 0x10ffff ? String.fromCodePoint(Number.parseInt(code, 16)) : whole;
      return ESCAPES[letters ?? ""] ?? whole;
    })
    .replaceAll("..", "::");
}

const BASIC_TYPES: Readonly<Record<string, string>> = {
  a: "i8",
  b: "bool",
  c: "char",
  d: "f64",
  e: "str",
  f: "f32",
  h: "u8",
  i: "isize",
  j: "usize",
  l: "i32",
  m: "u32",
  n: "i128",
  o: "u128",
  p: "_",
  s: "i16",
  t: "u16",
  u: "()",
  v: "...",
  x: "i64",
  y: "u64",
  z: "!",
};

/** The name is broken or beyond the bounds. */
class Unreadable extends Error {}

function demangleV0(text: string): string | null {
  if (!/^[A-Z]/.test(text)) return null; // a digit would be an encoding version that does not exist yet
  try {
    return new V0(text).symbol();
  } catch (reason) {
    if (reason instanceof Unreadable) return null;
    throw reason;
  }
}

interface Identifier {
  readonly disambiguator: number;
  readonly name: string;
}

/** Recursive descent over RFC 2603's grammar; every method consumes its production and returns its text. */
class V0 {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #steps = 0;
  #boundLifetimes = 0;

  constructor(text: string) {
    this.#text = text;
  }

  symbol(): string {
    return this.#path(true); // an instantiating crate and a vendor suffix may follow; neither is part of the name
  }

  #path(inValue: boolean): string {
    return this.#nested(() => {
      const tag = this.#next();
      switch (tag) {
        case "C":
          return this.#identifier().name;
        case "N":
          return this.#nestedPath(inValue);
        case "M":
          this.#implPath();
          return `<${this.#type()}>`;
        case "X":
        case "Y": {
          if (tag === "X") this.#implPath();
          const self = this.#type();
          return `<${self} as ${this.#path(false)}>`;
        }
        case "I": {
          const base = this.#path(inValue);
          return `${base}${inValue ? "::" : ""}<${this.#until(() => this.#genericArgument()).join(", ")}>`;
        }
        case "B":
          return this.#backReference(() => this.#path(inValue));
        default:
          throw new Unreadable();
      }
    });
  }

  #nestedPath(inValue: boolean): string {
    const namespace = this.#next();
    const parent = this.#path(inValue);
    const { disambiguator, name } = this.#identifier();
    if (/[a-z]/.test(namespace)) return name === "" ? parent : `${parent}::${name}`;
    const kind = namespace === "C" ? "closure" : namespace === "S" ? "shim" : namespace;
    return `${parent}::{${kind}${name === "" ? "" : `:${name}`}#${disambiguator}}`;
  }

  /** Where an impl stands: not shown. */
  #implPath(): void {
    this.#disambiguator();
    this.#path(false);
  }

  #genericArgument(): string {
    if (this.#eat("L")) return this.#lifetime(this.#base62());
    if (this.#eat("K")) return this.#constant();
    return this.#type();
  }

  #type(): string {
    return this.#nested(() => {
      const tag = this.#next();
      const basic = BASIC_TYPES[tag];
      if (basic !== undefined) return basic;
      switch (tag) {
        case "R":
        case "Q": {
          const lifetime = this.#eat("L") ? this.#base62() : 0;
          const shown = lifetime === 0 ? "" : `${this.#lifetime(lifetime)} `;
          return `&${shown}${tag === "Q" ? "mut " : ""}${this.#type()}`;
        }
        case "P":
          return `*const ${this.#type()}`;
        case "O":
          return `*mut ${this.#type()}`;
        case "A": {
          const element = this.#type();
          return `[${element}; ${this.#constant()}]`;
        }
        case "S":
          return `[${this.#type()}]`;
        case "T": {
          const items = this.#until(() => this.#type());
          return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
        }
        case "F":
          return this.#binder(() => this.#functionType());
        case "D": {
          const bounds = this.#binder(() => this.#until(() => this.#dynTrait()).join(" + "));
          if (!this.#eat("L")) throw new Unreadable();
          const lifetime = this.#base62();
          return `dyn ${bounds}${lifetime === 0 ? "" : ` + ${this.#lifetime(lifetime)}`}`;
        }
        case "B":
          return this.#backReference(() => this.#type());
        default:
          this.#at--;
          return this.#path(false);
      }
    });
  }

  #functionType(): string {
    const isUnsafe = this.#eat("U");
    let abi = "";
    if (this.#eat("K")) abi = this.#eat("C") ? "C" : this.#undisambiguated().replaceAll("_", "-");
    const parameters = this.#until(() => this.#type()).join(", ");
    const result = this.#eat("u") ? "" : ` -> ${this.#type()}`;
    return `${isUnsafe ? "unsafe " : ""}${abi === "" ? "" : `extern "${abi}" `}fn(${parameters})${result}`;
  }

  /** `Iterator<Item = T>`: associated types join the trait's own arguments. */
  #dynTrait(): string {
    let trait = this.#path(false);
    while (this.#eat("p")) {
      const binding = `${this.#undisambiguated()} = ${this.#type()}`;
      trait = trait.endsWith(">") ? `${trait.slice(0, -1)}, ${binding}>` : `${trait}<${binding}>`;
    }
    return trait;
  }

  #constant(): string {
    return this.#nested(() => {
      const tag = this.#next();
      switch (tag) {
        case "p":
          return "_";
        case "b":
          return this.#hexDigits() === "1" ? "true" : "false";
        case "c": {
          const code = Number.parseInt(this.#hexDigits() || "0", 16);
          if (code > 0x10ffff) throw new Unreadable();
          return `'${String.fromCodePoint(code)}'`;
        }
        case "e":
          return JSON.stringify(Buffer.from(this.#hexDigits(), "hex").toString("utf8"));
        case "R":
        case "Q":
          return `&${tag === "Q" ? "mut " : ""}${this.#constant()}`;
        case "A":
          return `[${this.#until(() => this.#constant()).join(", ")}]`;
        case "T":
          return `(${this.#until(() => this.#constant()).join(", ")})`;
        case "V":
          return this.#constantValue();
        case "B":
          return this.#backReference(() => this.#constant());
        default: {
          if (!/[ahijlmnostxy]/.test(tag)) throw new Unreadable();
          const sign = this.#eat("n") ? "-" : "";
          return sign + BigInt(`0x${this.#hexDigits() || "0"}`).toString();
        }
      }
    });
  }

  /** A struct or enum value: unit, tuple or named fields. */
  #constantValue(): string {
    const path = this.#path(true);
    switch (this.#next()) {
      case "U":
        return path;
      case "T":
        return `${path}(${this.#until(() => this.#constant()).join(", ")})`;
      case "S":
        return `${path} { ${this.#until(() => `${this.#identifier().name}: ${this.#constant()}`).join(", ")} }`;
      default:
        throw new Unreadable();
    }
  }

  #hexDigits(): string {
    const end = this.#text.indexOf("_", this.#at);
    const digits = this.#text.slice(this.#at, end < 0 ? this.#at : end);
    if (end < 0 || !/^[0-9a-f]*$/.test(digits)) throw new Unreadable();
    this.#at = end + 1;
    return digits.replace(/^0+(?=.)/, "");
  }

  /** De Bruijn index to a name: 0 is erased, the innermost bound lifetime is 1. */
  #lifetime(index: number): string {
    if (index === 0) return "'_";
    const depth = this.#boundLifetimes - index;
    if (depth < 0) throw new Unreadable();
    return depth < 26 ? `'${String.fromCharCode(97 + depth)}` : `'_${depth}`;
  }

  #binder(production: () => string): string {
    const added = this.#eat("G") ? this.#base62() + 1 : 0;
    if (added > 64) throw new Unreadable();
    this.#boundLifetimes += added;
    const names = Array.from({ length: added }, (_, index) => this.#lifetime(added - index));
    const text = production();
    this.#boundLifetimes -= added;
    return added === 0 ? text : `for<${names.join(", ")}> ${text}`;
  }

  #identifier(): Identifier {
    const disambiguator = this.#disambiguator();
    return { disambiguator, name: this.#undisambiguated() };
  }

  #disambiguator(): number {
    return this.#eat("s") ? this.#base62() + 1 : 0;
  }

  #undisambiguated(): string {
    const isPunycode = this.#eat("u");
    const digits = /^(?:0|[1-9]\d{0,4})/.exec(this.#text.slice(this.#at, this.#at + 5))?.[0];
    if (digits === undefined) throw new Unreadable();
    this.#at += digits.length;
    this.#eat("_"); // separates the length from a name that starts with a digit or `_`
    const name = this.#text.slice(this.#at, this.#at + Number(digits));
    if (name.length !== Number(digits)) throw new Unreadable();
    this.#at += name.length;
    return isPunycode ? decodePunycode(name) : name;
  }

  /** `_` is 0, `0_` is 1, … */
  #base62(): number {
    if (this.#eat("_")) return 0;
    let value = 0;
    for (;;) {
      const char = this.#next();
      if (char === "_") return value + 1;
      const digit = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".indexOf(char);
      value = value * 62 + digit;
      if (digit < 0) throw new Unreadable(); // crate disambiguators are 64-bit hashes: not exact, not shown
    }
  }

  /** Offsets count from behind `_R` and always point backwards, so this ends; how often is bounded by the steps. */
  #backReference(production: () => string): string {
    const here = this.#at - 1;
    const target = this.#base62();
    if (target >= here) throw new Unreadable();
    const after = this.#at;
    this.#at = target;
    const text = production();
    this.#at = after;
    return text;
  }

  #until(production: () => string): string[] {
    const items: string[] = [];
    while (!this.#eat("E")) items.push(production());
    return items;
  }

  #nested(production: () => string): string {
    if (++this.#depth > MAX_DEPTH || ++this.#steps > MAX_STEPS) throw new Unreadable();
    const text = production();
    if (text.length > MAX_OUTPUT) throw new Unreadable();
    this.#depth--;
    return text;
  }

  #eat(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #next(): string {
    const char = this.#text[this.#at++];
    if (char === undefined) throw new Unreadable();
    return char;
  }
}

/** RFC 3492 with Rust's delimiter `_`. */
function decodePunycode(encoded: string): string {
  const delimiter = encoded.lastIndexOf("_");
  const output = Array.from(delimiter < 0 ? "" : encoded.slice(0, delimiter), (char) => char.charCodeAt(0));
  let code = 128;
  let index = 0;
  let bias = 72;
  for (let at = delimiter + 1; at < encoded.length; ) {
    const before = index;
    for (let weight = 1, k = 36; ; k += 36) {
      const char = encoded[at++] ?? "";
      const digit = "abcdefghijklmnopqrstuvwxyz0123456789".indexOf(char);
      if (char === "" || digit < 0) throw new Unreadable();
      index += digit * weight;
      const threshold = Math.min(26, Math.max(1, k - bias));
      if (digit < threshold) break;
      weight *= 36 - threshold;
      if (weight > 2 ** 32 || index > 2 ** 32) throw new Unreadable();
    }
    const length = output.length + 1;
    let delta = Math.floor((index - before) / (before === 0 ? 700 : 2));
    delta += Math.floor(delta / length);
    bias = 0;
    while (delta > 455) {
      delta = Math.floor(delta / 35);
      bias += 36;
    }
    bias += Math.floor((36 * delta) / (delta + 38));
    code += Math.floor(index / length);
    if (code > 0x10ffff) throw new Unreadable();
    index %= length;
    output.splice(index++, 0, code);
  }
  return String.fromCodePoint(...output);
}
