/**
 * Itanium C++ names (`_Z…`), as far as the qualified function name with its template arguments; parameters are not shown.
 * Follows the Itanium C++ ABI, chapter 5.1. Not read: expressions and decltype inside of types; such a name stays mangled.
 */

const MAX_DEPTH = 128;
const MAX_STEPS = 4000;
const MAX_OUTPUT = 4096;

/** The readable name, or null when it cannot be read. */
export function demangleCpp(mangled: string): string | null {
  const text = mangled.startsWith("__Z") ? mangled.slice(1) : mangled; // Mach-O adds an underscore
  if (!text.startsWith("_Z")) return null;
  try {
    return new Itanium(text.slice(2)).symbol();
  } catch (reason) {
    if (reason instanceof Unreadable) return null;
    throw reason;
  }
}

/** The name is broken, beyond the bounds, or uses what is not read here. */
class Unreadable extends Error {}

const BUILTIN: Readonly<Record<string, string>> = {
  v: "void",
  w: "wchar_t",
  b: "bool",
  c: "char",
  a: "signed char",
  h: "unsigned char",
  s: "short",
  t: "unsigned short",
  i: "int",
  j: "unsigned int",
  l: "long",
  m: "unsigned long",
  x: "long long",
  y: "unsigned long long",
  n: "__int128",
  o: "unsigned __int128",
  f: "float",
  d: "double",
  e: "long double",
  g: "__float128",
  z: "...",
};

const BUILTIN_D: Readonly<Record<string, string>> = {
  a: "auto",
  c: "decltype(auto)",
  i: "char32_t",
  s: "char16_t",
  u: "char8_t",
  n: "std::nullptr_t",
  h: "half",
};

const STANDARD: Readonly<Record<string, string>> = {
  t: "std",
  a: "std::allocator",
  b: "std::basic_string",
  s: "std::string",
  i: "std::istream",
  o: "std::ostream",
  d: "std::iostream",
};

const OPERATORS: Readonly<Record<string, string>> = {
  nw: " new",
  na: " new[]",
  dl: " delete",
  da: " delete[]",
  aw: " co_await",
  ps: "+",
  ng: "-",
  ad: "&",
  de: "*",
  co: "~",
  pl: "+",
  mi: "-",
  ml: "*",
  dv: "/",
  rm: "%",
  an: "&",
  or: "|",
  eo: "^",
  aS: "=",
  pL: "+=",
  mI: "-=",
  mL: "*=",
  dV: "/=",
  rM: "%=",
  aN: "&=",
  oR: "|=",
  eO: "^=",
  ls: "<<",
  rs: ">>",
  lS: "<<=",
  rS: ">>=",
  eq: "==",
  ne: "!=",
  lt: "<",
  gt: ">",
  le: "<=",
  ge: ">=",
  ss: "<=>",
  nt: "!",
  aa: "&&",
  oo: "||",
  pp: "++",
  mm: "--",
  cm: ",",
  pm: "->*",
  pt: "->",
  cl: "()",
  ix: "[]",
  qu: "?",
};

const SPECIAL: Readonly<Record<string, string>> = {
  V: "vtable for ",
  T: "VTT for ",
  I: "typeinfo for ",
  S: "typeinfo name for ",
};

/** Recursive descent; every method consumes its production and returns its text. */
class Itanium {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #steps = 0;
  /** Candidates for `S_`, `S0_`, … in the order in which they were completed. */
  readonly #substitutions: string[] = [];
  #templateArguments: readonly string[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  symbol(): string {
    if (this.#eat("T")) {
      const kind = this.#next();
      const special = SPECIAL[kind];
      if (special !== undefined) return special + this.#type();
      if (kind === "h" || kind === "v") {
        this.#callOffset(kind);
        return `${kind === "h" ? "non-virtual" : "virtual"} thunk to ${this.#name()}`;
      }
      throw new Unreadable();
    }
    if (this.#eat("GV")) return `guard variable for ${this.#name()}`;
    return this.#name(); // what follows are parameters
  }

  #callOffset(kind: string): void {
    const offset = (kind === "h" ? /^n?\d+_/ : /^n?\d+_n?\d+_/).exec(this.#text.slice(this.#at, this.#at + 40))?.[0];
    if (offset === undefined) throw new Unreadable();
    this.#at += offset.length;
  }

  #name(): string {
    return this.#nested(() => {
      if (this.#eat("N")) return this.#nestedName();
      if (this.#eat("Z")) return this.#localName();
      let name: string;
      let isCandidate = true;
      if (this.#peek("S") && !this.#peek("St")) {
        name = this.#substitution();
        isCandidate = false;
      } else {
        name = this.#eat("St") ? `std::${this.#unqualified("")}` : this.#unqualified("");
      }
      if (!this.#peek("I")) return name;
      if (isCandidate) this.#substitutions.push(name);
      return name + this.#arguments();
    });
  }

  #nestedName(): string {
    this.#qualifiers();
    if (this.#eat("R") || this.#eat("O")) {
      // a reference qualifier of the member function: not shown
    }
    let name = "";
    let last = ""; // what a constructor is called after
    while (!this.#eat("E")) {
      if (this.#peek("I")) {
        name += this.#arguments();
      } else if (this.#peek("S") && !this.#peek("St")) {
        name = this.#substitution();
        last = lastComponent(name);
        continue; // no new candidate
      } else if (this.#peek("T")) {
        name = this.#templateParameter();
        last = name;
      } else {
        if (this.#eat("St")) name = "std";
        const part = this.#unqualified(last);
        name = name === "" ? part : `${name}::${part}`;
        last = part;
      }
      // The whole name is no candidate as a function; if it is a type, #type adds it.
      if (!this.#peek("E")) this.#substitutions.push(name);
    }
    return name;
  }

  /** Something inside of a function: the function's parameters are passed over. */
  #localName(): string {
    const scope = this.#name();
    while (!this.#eat("E")) this.#type();
    if (this.#eat("s")) {
      this.#discriminator();
      return scope;
    }
    if (this.#eat("d")) this.#integer();
    const name = `${scope}::${this.#name()}`;
    this.#discriminator();
    return name;
  }

  #discriminator(): void {
    const found = /^_(?:_\d+_|\d)/.exec(this.#text.slice(this.#at, this.#at + 12))?.[0];
    if (found !== undefined) this.#at += found.length;
  }

  #unqualified(enclosing: string): string {
    return this.#nested(() => {
      this.#eat("L"); // internal linkage
      const name = this.#unqualifiedCore(enclosing);
      let tags = "";
      while (this.#eat("B")) tags += `[abi:${this.#sourceName()}]`;
      return name + tags;
    });
  }

  #unqualifiedCore(enclosing: string): string {
    if (/\d/.test(this.#text[this.#at] ?? "")) return this.#sourceName();
    if (this.#eat("Ut")) {
      this.#upToUnderscore();
      return "{unnamed type}";
    }
    if (this.#eat("Ul")) {
      while (!this.#eat("E")) this.#type();
      return `{lambda#${this.#upToUnderscore() + 1}}`;
    }
    if (this.#eat("DC")) return `[${this.#until(() => this.#sourceName()).join(", ")}]`;
    const two = this.#text.slice(this.#at, this.#at + 2);
    if (/^(?:C[1-5]|D[0-5]|CI[12])/.test(this.#text.slice(this.#at, this.#at + 3))) {
      this.#at += 2;
      if (two === "CI") {
        this.#at++;
        this.#type(); // inherited from
      }
      const of = enclosing.replace(/<.*$/s, "").replace(/\[abi:.*$/s, "");
      if (of === "") throw new Unreadable();
      return two.startsWith("C") ? of : `~${of}`;
    }
    this.#at += 2;
    if (two === "cv") return `operator ${this.#type()}`;
    if (two === "li") return `operator""${this.#sourceName()}`;
    const operator = OPERATORS[two];
    if (operator === undefined) throw new Unreadable();
    return `operator${operator}`;
  }

  #sourceName(): string {
    const length = this.#integer();
    const name = this.#text.slice(this.#at, this.#at + length);
    if (length === 0 || name.length !== length) throw new Unreadable();
    this.#at += length;
    return name.startsWith("_GLOBAL__N") ? "(anonymous namespace)" : name;
  }

  #arguments(): string {
    if (!this.#eat("I")) throw new Unreadable();
    const items = this.#until(() => this.#argument()).filter((item) => item !== "");
    this.#templateArguments = items;
    return `<${items.join(", ")}>`;
  }

  #argument(): string {
    return this.#nested(() => {
      if (this.#eat("L")) return this.#literal();
      if (this.#eat("J")) return this.#until(() => this.#argument()).join(", ");
      if (this.#peek("X")) throw new Unreadable();
      return this.#type();
    });
  }

  #literal(): string {
    if (this.#eat("_Z")) {
      const name = this.#name();
      while (!this.#eat("E")) this.#type();
      return name;
    }
    const type = this.#type();
    const end = this.#text.indexOf("E", this.#at);
    if (end < 0) throw new Unreadable();
    const value = this.#text.slice(this.#at, end).replace(/^n/, "-");
    this.#at = end + 1;
    if (type === "bool") return value === "0" ? "false" : "true";
    return /^(?:int|long|unsigned|short)/.test(type) ? value : `(${type})${value}`;
  }

  #type(): string {
    return this.#nested(() => {
      const char = this.#text[this.#at] ?? "";
      const builtin = BUILTIN[char];
      if (builtin !== undefined) {
        this.#at++;
        return builtin;
      }
      if (char === "D") {
        const builtinD = BUILTIN_D[this.#text[this.#at + 1] ?? ""];
        if (builtinD !== undefined) {
          this.#at += 2;
          return builtinD;
        }
      }
      if (char === "S" && !this.#peek("St")) {
        const known = this.#substitution();
        if (!this.#peek("I")) return known;
        return this.#candidate(known + this.#arguments());
      }
      return this.#candidate(this.#compoundType(char));
    });
  }

  #compoundType(char: string): string {
    const qualifiers = this.#qualifiers();
    if (qualifiers !== "") return `${this.#type()}${qualifiers}`;
    switch (char) {
      case "P":
        this.#at++;
        return `${this.#type()}*`;
      case "R":
        this.#at++;
        return `${this.#type()}&`;
      case "O":
        this.#at++;
        return `${this.#type()}&&`;
      case "C":
      case "G":
        this.#at++;
        return this.#type();
      case "U":
        this.#at++;
        this.#sourceName();
        if (this.#peek("I")) this.#arguments();
        return this.#type();
      case "u":
        this.#at++;
        return this.#sourceName();
      case "F":
        return this.#functionType();
      case "A": {
        this.#at++;
        const size = this.#peek("_") ? "" : String(this.#integer());
        if (!this.#eat("_")) throw new Unreadable();
        return `${this.#type()}[${size}]`;
      }
      case "M": {
        this.#at++;
        const of = this.#type();
        return `${this.#type()} ${of}::*`;
      }
      case "T": {
        const parameter = this.#templateParameter();
        if (!this.#peek("I")) return parameter;
        this.#substitutions.push(parameter);
        return parameter + this.#arguments();
      }
      case "D":
        if (this.#eat("Dp")) return this.#type();
        if (this.#eat("Do")) return this.#functionType();
        throw new Unreadable(); // decltype, vectors
      default:
        return this.#name();
    }
  }

  #functionType(): string {
    this.#qualifiers();
    if (!this.#eat("F")) throw new Unreadable();
    this.#eat("Y");
    const result = this.#type();
    const parameters: string[] = [];
    while (!this.#eat("E")) {
      if (this.#eat("RE") || this.#eat("OE")) break;
      parameters.push(this.#type());
    }
    return `${result} (${parameters.filter((type) => type !== "void").join(", ")})`;
  }

  /** `r V K` in this order. */
  #qualifiers(): string {
    let text = "";
    if (this.#eat("r")) text += " restrict";
    if (this.#eat("V")) text += " volatile";
    if (this.#eat("K")) text += " const";
    return text;
  }

  #candidate(type: string): string {
    this.#substitutions.push(type);
    return type;
  }

  #substitution(): string {
    if (!this.#eat("S")) throw new Unreadable();
    const standard = STANDARD[this.#text[this.#at] ?? ""];
    if (standard !== undefined) {
      this.#at++;
      return standard;
    }
    const known = this.#substitutions[this.#sequence(36)];
    if (known === undefined) throw new Unreadable();
    return known;
  }

  #templateParameter(): string {
    if (!this.#eat("T")) throw new Unreadable();
    const index = this.#sequence(10);
    return this.#templateArguments[index] ?? `T${index}`; // of an enclosing template that has not been read yet
  }

  /** `_` is 0, `0_` is 1, …; in base 36 (substitutions) or 10. */
  #sequence(base: 10 | 36): number {
    const digits = /^[0-9A-Z]{0,6}_/.exec(this.#text.slice(this.#at, this.#at + 7))?.[0];
    if (digits === undefined) throw new Unreadable();
    this.#at += digits.length;
    return digits === "_" ? 0 : Number.parseInt(digits.slice(0, -1), base) + 1;
  }

  #upToUnderscore(): number {
    return this.#sequence(10);
  }

  #integer(): number {
    const digits = /^\d{1,5}/.exec(this.#text.slice(this.#at, this.#at + 5))?.[0];
    if (digits === undefined) throw new Unreadable();
    this.#at += digits.length;
    return Number(digits);
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

  #peek(expected: string): boolean {
    return this.#text.startsWith(expected, this.#at);
  }

  #eat(expected: string): boolean {
    if (!this.#peek(expected)) return false;
    this.#at += expected.length;
    return true;
  }

  #next(): string {
    const char = this.#text[this.#at++];
    if (char === undefined) throw new Unreadable();
    return char;
  }
}

/** `std::basic_string<char>` → `basic_string`. */
function lastComponent(name: string): string {
  const plain = name.replace(/<.*$/s, "");
  return plain.slice(plain.lastIndexOf("::") + (plain.includes("::") ? 2 : 0));
}
