/** What runs a process, and which allocator serves its `malloc`: from its executable and the libraries that it has mapped. */
import path from "node:path";
import type { Mapping } from "./proc.ts";
import { executableFile, fileHas, firstMatch } from "./target-files.ts";

export type RuntimeId = "native" | "node" | "go" | "jvm" | "python" | "dotnet" | "ruby" | "php";

export interface TargetRuntime {
  readonly id: RuntimeId;
  readonly version: string | null;
  readonly language: string | null; // of a native program: "rust", "c", where it shows
}

export interface TargetAllocator {
  readonly id: "glibc" | "musl" | "jemalloc" | "tcmalloc" | "mimalloc" | "none" | "unknown"; // none: no libc at all (pure Go)
  readonly module: string | null; // mapped file, or the executable that it is linked into
}

export function findRuntime(pid: number, executable: string | null, mappings: readonly Mapping[]): TargetRuntime {
  const library = (name: RegExp): string | null => mappings.find(({ path: file }) => name.test(path.basename(file)))?.path ?? null;
  const runtime = (id: RuntimeId, version: string | null = null): TargetRuntime => ({ id, version, language: null });
  const name = path.basename(executable ?? "");
  const file = executableFile(pid);
  if (library(/^libjvm\.so/) !== null) return runtime("jvm", jvmVersion(library(/^libjvm\.so/) ?? ""));
  if (library(/^libcoreclr\.so/) !== null)
    return runtime("dotnet", /\/(\d+\.\d+\.\d+[^/]*)\/libcoreclr/.exec(library(/^libcoreclr\.so/) ?? "")?.[1] ?? null);
  if (/^(node|nodejs|bun|deno|electron)/.test(name) || library(/^libnode\.so/) !== null) {
    return runtime("node", file === null ? null : firstMatch(library(/^libnode\.so/) ?? file, /node(?:js)?[ -/]v?(\d{2}\.\d+\.\d+)/));
  }
  const python = library(/^libpython3/) ?? (/^python3?(\.\d+)?$/.test(name) ? executable : null);
  if (python !== null) return runtime("python", /python(3\.\d+)/.exec(`${python} ${executable}`)?.[1] ?? null);
  if (/^(ruby|php)/.test(name) || library(/^libruby/) !== null) return runtime(/^php/.test(name) ? "php" : "ruby");
  if (file !== null && fileHas(file, "\xff Go buildinf:")) return runtime("go", firstMatch(file, /go(1\.\d+(?:\.\d+)?)(?:\b|X)/));
  const rust = file === null ? null : firstMatch(file, /rustc version (\d+\.\d+\.\d+)/);
  const isRust = rust !== null || (file !== null && fileHas(file, "/rustc/"));
  return { id: "native", version: isRust ? rust : null, language: isRust ? "rust" : null };
}

/** A library wins over what is linked in: it was preloaded, or the program asks for it. */
export function findAllocator(
  pid: number,
  executable: string | null,
  mappings: readonly Mapping[],
  runtime: TargetRuntime,
): TargetAllocator {
  const modules = [...new Set(mappings.filter(({ inode }) => inode !== 0).map((mapping) => mapping.path))];
  const named = (id: TargetAllocator["id"], name: RegExp): TargetAllocator | null => {
    const module = modules.find((one) => name.test(path.basename(one)));
    return module === undefined ? null : { id, module };
  };
  const preloaded = named("jemalloc", /^libjemalloc/) ?? named("tcmalloc", /^libtcmalloc/) ?? named("mimalloc", /^libmimalloc/);
  if (preloaded !== null) return preloaded;
  const file = executableFile(pid);
  if (file !== null && runtime.id !== "node") {
    // texts that these allocators cannot do without: the names of their settings
    if (fileHas(file, "MALLOC_CONF") && fileHas(file, "narenas")) return { id: "jemalloc", module: executable };
    if (fileHas(file, "TCMALLOC_SAMPLE_PARAMETER") || fileHas(file, "tcmalloc::")) return { id: "tcmalloc", module: executable };
    if (fileHas(file, "mimalloc: ")) return { id: "mimalloc", module: executable };
  }
  const libc = named("musl", /^(ld-musl-|libc\.musl-)/) ?? named("glibc", /^libc(-2\.\d+)?\.so/);
  if (libc !== null) return libc;
  if (mappings.length === 0) return { id: "unknown", module: null };
  if (file !== null && (fileHas(file, "GNU C Library") || fileHas(file, "glibc.malloc.mmap_threshold")))
    return { id: "glibc", module: executable };
  if (runtime.id === "go") return { id: "none", module: null };
  // linked statically nothing has its name; its text for errno 0 is its own
  const isMusl = file !== null && (fileHas(file, "/etc/ld-musl-") || fileHas(file, "\0No error information\0"));
  return isMusl ? { id: "musl", module: executable } : { id: "unknown", module: null };
}

function jvmVersion(libjvm: string): string | null {
  return /(?:jdk|java|jre)-?(\d+(?:\.\d+)*)/i.exec(libjvm)?.[1] ?? null;
}
