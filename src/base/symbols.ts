/**
 * Symbol names: cleaned of what compilers, linkers and profilers add, demangled for people, and reduced to a plain qualified
 * name for rules. Mangled forms are in `demangle-rust.ts` and `demangle-cpp.ts`. Names come from captures, so from anybody:
 * everything here is linear in a bounded length and never throws.
 */
import { demangleCpp } from "./demangle-cpp.ts";
import { demangleRust, unescapeLegacy } from "./demangle-rust.ts";

/** Longer names are cut before anything else looks at them. */
const LONGEST_NAME = 4096;

/** What is added behind a name: `.constprop.0`, `@@GLIBC_2.34`, `+0x1f`, ` (file.c)`, `<5581f0>`, ` (inline)`, ` [librdkafka.so.1]`. */
const TAILS: readonly RegExp[] = [
  /(?:\.(?:constprop|isra|part|cold|localalias|lto_priv|llvm|clone|warm|hot|unlikely|exit)(?:\.[0-9A-Za-z]+)?)+$/,
  / \[clone [^[\]]*\]$/,
  /@{1,2}[A-Za-z_][\w.]*$/,
  /\+0x[0-9a-f]+(?:\/0x[0-9a-f]+)?$/i,
  / \((?:inline|inlined)\)$/,
  / \((?:in )?[^()]*\.\w+(?:[.:]\d+)*\)$/,
  /<(?:0x)?[0-9a-f]{4,}>$/i,
  / \[[^[\]]*\.(?:so|dll|dylib|node)[^[\]]*\]$/,
  /_\[[jik01]\]$/, // async-profiler marks JIT, interpreted, inlined, C1 and kernel frames, and allocations outside of buffers
  /::h[0-9a-f]{16}$/, // Rust legacy hash in names that were demangled elsewhere
];

/** Rust's legacy names as C++ demanglers leave them, in heaptrack and perf: `_$LT$app..Cache$u20$as$u20$Drop$GT$::drop`. */
const RUST_ESCAPE = /\$(?:LT|GT|LP|RP|RF|BP|C|u[0-9a-f]{1,6})\$/;

/** Takes off what toolchains and profilers put behind a name, however many layers there are. */
function withoutTails(raw: string): string {
  let name = raw.length > LONGEST_NAME ? raw.slice(0, LONGEST_NAME) : raw;
  for (let before = ""; before !== name; ) {
    before = name;
    for (const tail of TAILS) name = name.replace(tail, "") || name;
  }
  return name;
}

/**
 * Go's type arguments as its own tools write them: `[...]`. The runtime's profiles spell them out instead, with all fields
 * of a struct: `kgo.ensureLen[go.shape.[]kgo.Record,go.shape.struct { Key []uint8; … }]`.
 */
function withoutShapes(name: string): string {
  let out = "";
  let at = 0;
  for (let open = name.indexOf("[go.shape."); open >= 0; open = name.indexOf("[go.shape.", at)) {
    let depth = 0;
    let end = open;
    do {
      if (name[end] === "[") depth++;
      else if (name[end] === "]") depth--;
      end++;
    } while (depth > 0 && end < name.length);
    out += `${name.slice(at, open)}[...]`;
    at = end;
  }
  return out + name.slice(at);
}

/** A name for people: demangled, without tails. A name that cannot be demangled stays as it is. */
export function displayName(raw: string): string {
  const name = withoutShapes(withoutTails(raw));
  if (name.startsWith("_R") || name.startsWith("__R")) return demangleRust(name) ?? name;
  if (name.startsWith("_ZN") || name.startsWith("__ZN")) return demangleRust(name) ?? demangleCpp(name) ?? name;
  if (name.startsWith("_Z") || name.startsWith("__Z")) return demangleCpp(name) ?? name;
  return RUST_ESCAPE.test(name) ? name.split("::").map(unescapeLegacy).join("::") : name;
}

/**
 * A name for rules: qualified, without generic arguments, parameters, return type and trait.
 *
 *     <rdkafka::message::BorrowedMessage as rdkafka::Message>::detach   rdkafka::message::BorrowedMessage::detach
 *     void app::Cache<int>::add(int const&)                             app::Cache::add
 *     main.(*Cache[...]).add                                            main.(*Cache).add
 */
export function matchName(raw: string): string {
  const shown = displayName(raw);
  if (!/[<([ ]/.test(shown)) return shown;
  const unparameterised = withoutParameters(shown);
  const name = withoutGenerics(unparameterised).replaceAll("[...]", "").trimEnd();
  // Only a name that had parameters can have a return type before it.
  return unparameterised === shown || name.includes("operator") || name.includes("(") ? name : name.slice(name.lastIndexOf(" ") + 1);
}

/** `f(int, char const*) const` → `f`; `main.(*T).m`, `(root)` and `operator()` keep their parentheses. */
function withoutParameters(name: string): string {
  const end = name.replace(/(?: (?:const|volatile|noexcept)|&{1,2})+$/, "").replace(/\)\[*(?:[VZBCSIJFD]|L[\w/$]+;)$/, ")"); // JVM result type
  if (!end.endsWith(")")) return name;
  let depth = 0;
  for (let at = end.length - 1; at > 0; at--) {
    const code = end[at];
    if (code === ")") depth++;
    else if (code === "(" && --depth === 0) {
      if (end.endsWith("operator", at) || /[.:]$/.test(end.slice(0, at))) return name;
      return end.slice(0, at);
    }
  }
  return name;
}

/** Drops balanced `<…>`; of a leading or nested `<Type as Trait>::` the type stays. Comparison operators and arrows stay. */
function withoutGenerics(name: string): string {
  let out = "";
  let at = 0;
  while (at < name.length) {
    const char = name[at] ?? "";
    if (char !== "<" || name.endsWith("operator", at) || (name[at - 1] === "<" && out.endsWith("operator<"))) {
      out += char;
      at++;
      continue;
    }
    const close = closingAngle(name, at);
    if (close < 0) return out + name.slice(at);
    const qualifiesSelf = name.startsWith("::", close + 1) && (out === "" || /[<(, ]$/.test(out));
    if (qualifiesSelf) {
      const inner = name.slice(at + 1, close);
      const as = topLevelAs(inner);
      out += withoutGenerics(as < 0 ? inner : inner.slice(0, as)).replace(/^(?:&(?:'\w+ )?(?:mut )?)+/, "");
    } else if (out.endsWith("::")) {
      out = out.slice(0, -2); // turbofish: `f::<T>`
    }
    at = close + 1;
  }
  return out;
}

function closingAngle(name: string, open: number): number {
  let depth = 0;
  for (let at = open; at < name.length; at++) {
    const char = name[at];
    if (char === "<") depth++;
    else if (char === ">" && name[at - 1] !== "-" && --depth === 0) return at;
  }
  return -1;
}

/** Where ` as ` stands outside of angle brackets; -1 = nowhere. */
function topLevelAs(inner: string): number {
  let depth = 0;
  for (let at = 0; at < inner.length; at++) {
    const char = inner[at];
    if (char === "<") depth++;
    else if (char === ">" && inner[at - 1] !== "-") depth--;
    else if (char === " " && depth === 0 && inner.startsWith(" as ", at)) return at;
  }
  return -1;
}

export interface NamedPlace {
  readonly name: string; // as the capture gives it
  readonly file: string; // "" = unknown
  readonly module: string; // "" = unknown
}

/**
 * The package that code belongs to, as its users would name it: npm package, crate, Go module, JVM package, C++ namespace, or
 * the file of a plain C module. "" = unknown. Files say it surest, then names, then modules.
 */
export function ownerOf(place: NamedPlace): string {
  return packageOfFile(place.file) || packageOfName(matchName(place.name)) || place.module.slice(place.module.lastIndexOf("/") + 1);
}

/** Package of a source file inside of a package manager's folder; "" = in none. */
function packageOfFile(file: string): string {
  const npm = /^.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/.exec(file);
  if (npm !== null) return (npm[1] ?? "").replace("\\", "/");
  const crate = /\/(?:registry\/src|vendor)\/(?:[^/]+\/)??([A-Za-z][\w-]*?)-\d+\.\d+\.\d+[^/]*\//.exec(file);
  if (crate !== null) return crate[1] ?? "";
  const go = /\/pkg\/mod\/(.+?)@v/.exec(file);
  if (go !== null) return (go[1] ?? "").replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const python = /\/(?:site|dist)-packages\/([^/]+?)(?:\.py)?(?:\/|$)/.exec(file);
  return python?.[1] ?? "";
}

/** Package of a name that {@link matchName} made; "" where its form says none (plain C). */
function packageOfName(name: string): string {
  const scope = name.indexOf("::");
  if (scope > 0) return /^[\w$]+$/.test(name.slice(0, scope)) ? name.slice(0, scope) : "";
  const slash = name.lastIndexOf("/");
  const dot = name.indexOf(".", slash + 1);
  if (dot < 0) return /^[A-Z]\w*\$/.exec(name)?.[0].slice(0, -1) ?? ""; // nested class of a class without package
  if (slash >= 0 && name.indexOf(".") < slash) return goModule(name.slice(0, dot).replaceAll("%2e", "."));
  const parts = name.replaceAll("/", ".").split(/[.$]/);
  const classAt = parts.findIndex((part) => /^[A-Z]/.test(part));
  const isJvm =
    slash < 0 ? classAt >= 0 && !(classAt === 1 && parts.length === 2) && !name.includes(".(") : /^[A-Z]/.test(name.slice(slash + 1));
  if (!isJvm) return name.slice(0, dot); // Go: main, net/http
  return classAt === 0 ? (parts[0] ?? "") : parts.slice(0, classAt).join(".");
}

/** Module of a Go package path. go.mod is not at hand: hosting sites have owner/name, `/vN` belongs to the module. */
function goModule(packagePath: string): string {
  const parts = packagePath.split("/");
  const host = parts[0] ?? "";
  const isHosting = /^(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)$/.test(host) || packagePath.startsWith("golang.org/x/");
  const isOwnedGopkg = host === "gopkg.in" && !/\.v\d+$/.test(parts[1] ?? "");
  let length = isHosting || isOwnedGopkg ? 3 : 2;
  if (/^v\d+$/.test(parts[length] ?? "")) length++;
  return parts.slice(0, length).join("/");
}
