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
  // the number behind a word (LLVM's is hexadecimal) never begins like a word: otherwise this would try every division
  /(?:\.(?:constprop|isra|part|cold|localalias|lto_priv|llvm|clone|warm|hot|unlikely|exit)(?:\.[0-9A-Z][0-9A-Za-z]*)?)+$/,
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
  readonly isType?: boolean; // the name is a type's, not a function's
}

/**
 * The package that code belongs to, as its users would name it: npm package, crate, Go module, JVM package, Python
 * distribution, .NET namespace, gem, PHP namespace, C++ namespace, or the file of a plain C module. "" = unknown. Folders of
 * package managers say it surest, then names, then modules. Scripts of the application itself are told by their folder.
 */
export function ownerOf(place: NamedPlace): string {
  const { module, isType = false } = place;
  const file = place.file.length > LONGEST_NAME ? place.file.slice(-LONGEST_NAME) : place.file;
  const ofManager = packageOfFile(file);
  if (ofManager !== "") return ofManager;
  const name = matchName(place.name);
  if (/\.php$/.test(file)) return phpNamespace(name) || folderOfScript(file);
  if (SCRIPT.test(file)) return folderOfScript(file);
  if (/\.(?:java|kt|scala|groovy|clj)$/.test(file)) return jvmPackage(name) || lastPart(module);
  return packageOfName(name, isType) || lastPart(module);
}

function lastPart(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** Package of a source file inside of a package manager's folder; "" = in none. */
function packageOfFile(file: string): string {
  const npm = /^.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/.exec(file.startsWith("node_modules") ? `/${file}` : file);
  if (npm !== null) return npmPackage((npm[1] ?? "").replace("\\", "/"));
  const yarn = /[/\\]\.yarn[/\\]cache[/\\]((?:@[^/\\]+?-)?[^/\\]+?)-npm-/.exec(file); // a zip file without node_modules in it
  if (yarn !== null) return yarn[1] ?? "";
  const crate = /[/\\](?:registry[/\\]src|vendor)[/\\](?:[^/\\]+[/\\])??([A-Za-z][\w-]*?)-\d+\.\d+\.\d+[^/\\]*[/\\]/.exec(file);
  if (crate !== null) return crate[1] ?? "";
  const gitCrate = /[/\\]git[/\\]checkouts[/\\]([^/\\]+?)-[0-9a-f]{16}[/\\]/.exec(file);
  if (gitCrate !== null) return gitCrate[1] ?? "";
  const go = goModuleOfFile(file);
  if (go !== null) return go.replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const gem = /[/\\]gems[/\\]([A-Za-z][\w.-]*?)-(?:\d[\w.]*(?:-[\w-]+)?|[0-9a-f]{7,})[/\\]/.exec(file);
  if (gem !== null) return gem[1] ?? "";
  const python = /[/\\](?:site|dist)-packages[/\\]([^/\\]+?)(?:\.py)?(?:[/\\]|$)/.exec(file);
  if (python !== null) return python[1] ?? "";
  const vendored = /[/\\]vendor[/\\](([^/\\]+)[/\\][^/\\]+)[/\\](?:[^/\\]+[/\\])*[^/\\]+\.(php|rs)$/.exec(file); // of Composer, of Cargo
  if (vendored !== null) return (vendored[3] === "rs" ? vendored[2] : vendored[1]?.replace("\\", "/")) ?? "";
  return "";
}

/** The module in a path of Go's module cache, or in one that was built with -trimpath. */
function goModuleOfFile(file: string): string | null {
  const cache = file.indexOf("/pkg/mod/");
  if (cache < 0) return /^([\w-]+(?:\.[\w-]+)+\/[^@\s]+?)@v\d/.exec(file)?.[1] ?? null;
  const start = cache + "/pkg/mod/".length;
  const version = file.indexOf("@v", start);
  return version < 0 ? null : file.slice(start, version);
}

/** `.pnpm/name@1.2.3(peer@4)` and `.store/name-npm-1.2.3-hash` are folders of one package; an inner `node_modules` usually follows. */
function npmPackage(folder: string): string {
  const store = /^\.pnpm\/((?:@[^+@]+\+)?[^@]+)@/.exec(folder);
  return store === null ? folder : (store[1] ?? "").replace("+", "/");
}

const SCRIPT = /\.(?:[cm]?[jt]sx?|pyx?|rb)(?:\?[\w-]*)?$/;

/** Folders that lie inside of a package and do not name it. */
const INNER_FOLDERS: ReadonlySet<string> = new Set(["src", "dist", "lib", "build", "out", "esm", "cjs"]);

/**
 * What names the application that a script belongs to, as long as no package file is at hand: the folder that holds `src`,
 * `dist` and the like, else the script's own folder, else the script. `webpack://orders/./src/cache.ts` says it itself.
 */
function folderOfScript(file: string): string {
  const bundled = /^webpack(?:-internal)?:\/\/(?:\/)?([^/]*)\//.exec(file);
  const named = bundled?.[1] ?? "";
  if (named !== "" && named !== "." && named !== "_N_E") return named.replace(/^\(.*\)$/, "") || named;
  const parts = file
    .replace(/^[a-z][\w+.-]*:\/\//i, "")
    .split(/[/\\]/)
    .filter((part) => part !== "" && part !== "." && part !== ".." && !/^[A-Za-z]:$/.test(part));
  const script = parts.pop() ?? "";
  const inner = parts.findIndex(
    (part, row) => row > 0 && INNER_FOLDERS.has(part) && parts[row - 1] !== "usr" && parts[row - 1] !== "local",
  );
  return (inner > 0 ? parts[inner - 1] : parts.at(-1)) ?? script;
}

/** `Acme\Orders\Cache::put` is in `Acme\Orders`. */
function phpNamespace(name: string): string {
  return /^((?:\w+\\)*\w+)\\\w+/.exec(name)?.[1] ?? "";
}

/** JVM package of a name that is known to be one: also of packages and classes that break the rules of capitals. */
function jvmPackage(name: string): string {
  const parts = jvmParts(name);
  const classAt = parts.findIndex((part) => /^[A-Z]/.test(part));
  if (classAt === 0) return parts[0] ?? "";
  return parts.slice(0, classAt < 0 ? -1 : classAt).join(".");
}

/** Without array marks, and without the suffix of hidden classes: `com.acme.Main$$Lambda$14/0x0000000800c1000.run`. */
function jvmParts(name: string): readonly string[] {
  const plain = name.replace(/^\[+L?/, "").replace(/\$\$Lambda.*$/, "");
  return plain.replaceAll("/", ".").split(/[.$]/);
}

/** Package of a name that {@link matchName} made; "" where its form says none (plain C). */
function packageOfName(name: string, isType: boolean): string {
  const scope = name.indexOf("::");
  if (scope > 0) return /^[\w$]+$/.test(name.slice(0, scope)) ? name.slice(0, scope) : phpNamespace(name);
  const dotNet = dotNetNamespace(name, isType);
  if (dotNet !== "") return dotNet;
  if (/\$\$Lambda|^\[+L/.test(name)) return jvmPackage(name);
  if (name.startsWith("_GLOBAL__")) return ""; // constructors of a C++ file: `_GLOBAL__sub_I_main.cpp`
  const slash = name.lastIndexOf("/");
  const dot = name.indexOf(".", slash + 1);
  if (dot < 0) return /^[A-Z]\w*\$/.exec(name)?.[0].slice(0, -1) ?? ""; // nested class of a class without package
  if (slash >= 0 && (name.indexOf(".") < slash || name.includes("/vendor/"))) return goModule(name.slice(0, dot).replaceAll("%2e", "."));
  const parts = jvmParts(name);
  const classAt = parts.findIndex((part) => /^[A-Z]/.test(part));
  const isJvm =
    slash < 0 ? classAt >= 0 && !(classAt === 1 && parts.length === 2) && !name.includes(".(") : /^[A-Z]/.test(name.slice(slash + 1));
  if (!isJvm) return name.slice(0, dot); // Go: main, net/http
  return classAt === 0 ? (parts[0] ?? "") : parts.slice(0, classAt).join(".");
}

/**
 * Namespace of a .NET name, which differs from a JVM name in that everything is capitalised. Forms: `Acme.Orders.Cache.Put`,
 * `Acme.Orders.Cache+Entry`, ``Acme.Orders.Cache`1``, `Acme.Orders!Cache.Put` (dotnet-trace and Pyroscope write the namespace or
 * the assembly before the mark). "" where it is none, or has no namespace.
 */
function dotNetNamespace(name: string, isType: boolean): string {
  const bang = name.indexOf("!");
  if (bang > 0) {
    const inner = dotNetNamespace(name.slice(bang + 1), isType);
    const outer = name.slice(0, bang);
    return inner || (/^[A-Za-z_][\w.]*$/.test(outer) ? outer.replace(/\.(?:dll|exe)$/i, "") : "");
  }
  const nested = name.search(/[+`]/);
  const isMarked = nested > 0 || /\.\.c?ctor$/.test(name);
  const type = /^[A-Z]\w*(?:\.[A-Z]\w*)+/.exec(nested > 0 ? name.slice(0, nested) : name)?.[0] ?? "";
  const parts = type.split(".");
  if (parts.length < 2) return "";
  if (nested > 0 || isType) return parts.slice(0, -1).join(".");
  // what follows the capitalised parts is a method in small letters or a compiler's name, so the last part is the type
  const rest = name.slice(type.length);
  if (rest !== "") return isMarked || parts.length > 2 || /^\.(?:[a-z]?__|\.?c?ctor$)/.test(rest) ? parts.slice(0, -1).join(".") : "";
  return parts.length < 3 ? "" : parts.slice(0, -2).join(".");
}

/** Module of a Go package path. go.mod is not at hand: hosting sites have owner/name, `/vN` belongs to the module. */
function goModule(path: string): string {
  const vendored = path.lastIndexOf("/vendor/");
  const packagePath = vendored < 0 ? path : path.slice(vendored + "/vendor/".length);
  const parts = packagePath.split("/");
  const host = parts[0] ?? "";
  const isHosting = /^(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)$/.test(host) || packagePath.startsWith("golang.org/x/");
  const isOwnedGopkg = host === "gopkg.in" && !/\.v\d+$/.test(parts[1] ?? "");
  let length = isHosting || isOwnedGopkg ? 3 : 2;
  if (/^v\d+$/.test(parts[length] ?? "")) length++;
  return parts.slice(0, length).join("/");
}
