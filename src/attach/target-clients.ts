/**
 * Which Kafka clients a process holds, and their versions: from libraries that it has mapped, packages beside its program, what is
 * linked into its executable. Names only; whether a client is used shows in its queues and threads.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { librdkafkaVersionIn } from "./librdkafka-gauge-code.ts";
import { commandLine, type Mapping, procLink, procNames, threadNames } from "./proc.ts";
import { allMatches, executableFile, fileHas, mappedFile } from "./target-files.ts";
import type { TargetRuntime } from "./target-runtime.ts";

export interface TargetClient {
  readonly id: string; // of the clients this tool knows (`lagleak list clients`)
  readonly version: string | null;
  readonly linkage: "shared" | "static" | "package";
  readonly module: string | null; // file that it was found in, as the process sees it
}

export function findClients(
  pid: number,
  executable: string | null,
  mappings: readonly Mapping[],
  runtime: TargetRuntime,
): readonly TargetClient[] {
  const found = [
    ...librdkafkaOf(pid, executable, mappings),
    ...(runtime.id === "node" ? npmPackages(pid, mappings) : []),
    ...(runtime.id === "jvm" ? jars(pid) : []),
    ...(runtime.id === "python" ? pythonPackages(pid, mappings) : []),
    ...(runtime.id === "go" ? goModules(pid, executable) : []),
    ...(runtime.id === "dotnet" ? assemblies(mappings) : []),
    ...(runtime.id === "native" ? crates(pid, executable) : []),
  ];
  return found.filter((client, index) => found.findIndex(({ id }) => id === client.id) === index);
}

/** The library, or the name of its best-known setting in the executable or in an add-on that it is linked into, or its threads. */
function librdkafkaOf(pid: number, executable: string | null, mappings: readonly Mapping[]): readonly TargetClient[] {
  const files = [...new Set(mappings.filter(({ inode, isExecutable }) => inode !== 0 && isExecutable).map((mapping) => mapping.path))];
  const versionOf = (module: string): string | null => librdkafkaVersionIn(mappedFile(pid, module) ?? "");
  const libraries = files.filter((file) => /librdkafka|confluent_kafka\.libs/.test(file));
  // a binding's own add-on may have the name too, and the C++ library: the one with a version is meant
  for (const module of libraries) {
    const version = versionOf(module);
    if (version !== null) return [{ id: "librdkafka", version, linkage: "shared", module }];
  }
  const [library] = libraries;
  if (library !== undefined) return [{ id: "librdkafka", version: null, linkage: "shared", module: library }];
  const file = executableFile(pid);
  const hasThreads = threadNames(pid).some((name) => name.startsWith("rdk:"));
  if (file !== null && fileHas(file, SETTING)) {
    return [{ id: "librdkafka", version: librdkafkaVersionIn(file), linkage: "static", module: executable }];
  }
  if (!hasThreads) return [];
  const addon = files.find((module) => fileHas(mappedFile(pid, module) ?? "", SETTING));
  const version = addon === undefined ? null : versionOf(addon);
  return [{ id: "librdkafka", version, linkage: "static", module: addon ?? executable }];
}

/** No librdkafka is without it. */
const SETTING = "queued.max.messages.kbytes\0";

const NPM: ReadonlyMap<string, string> = new Map([
  ["kafkajs", "kafkajs"],
  ["node-rdkafka", "node-rdkafka"],
  ["@confluentinc/kafka-javascript", "confluent-kafka-javascript"],
  ["@platformatic/kafka", "platformatic-kafka"],
]);

/** Packages in the folders from the program and the working directory upwards, as Node looks for them. */
function npmPackages(pid: number, mappings: readonly Mapping[]): readonly TargetClient[] {
  const cwd = procLink(pid, "cwd");
  const program = commandLine(pid)
    .slice(1)
    .find((one) => /\.[cm]?[jt]s$|^\.{0,2}\//.test(one));
  const starts = [program === undefined || cwd === null ? null : path.dirname(path.resolve(cwd, program)), cwd].filter(
    (one) => one !== null,
  );
  const addons = mappings.filter(({ path: file }) => file.endsWith(".node")).map(({ path: file }) => file);
  return [...NPM].flatMap(([name, id]): TargetClient | readonly TargetClient[] => {
    const addon = addons.find((file) => file.includes(`/node_modules/${name}/`));
    const folders = [
      ...(addon === undefined ? [] : [addon.slice(0, addon.indexOf(`/node_modules/${name}/`))]),
      ...starts.flatMap((start) => upwards(start)),
    ];
    for (const folder of folders) {
      const file = path.join(folder, "node_modules", name, "package.json");
      const version = jsonVersion(mappedFile(pid, file));
      if (version !== null) return { id, version, linkage: "package", module: path.dirname(file) };
    }
    return [];
  });
}

function upwards(folder: string): readonly string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...upwards(parent)];
}

function jsonVersion(file: string | null): string | null {
  if (file === null) return null;
  try {
    const version: unknown = JSON.parse(readFileSync(file, "utf8")).version;
    return typeof version === "string" ? version : "";
  } catch {
    return null;
  }
}

const JARS: readonly { readonly pattern: RegExp; readonly id: string }[] = [
  { pattern: /^kafka-clients-(\d[\w.-]*)\.jar$/, id: "java-kafka-clients" },
  { pattern: /^kafka-streams-(\d[\w.-]*)\.jar$/, id: "kafka-streams" },
  { pattern: /^spring-kafka-(\d[\w.-]*)\.jar$/, id: "spring-kafka" },
  { pattern: /^reactor-kafka-(\d[\w.-]*)\.jar$/, id: "reactor-kafka" },
  { pattern: /^(?:akka-stream|pekko-connectors)-kafka_[\d.]+-(\d[\w.-]*)\.jar$/, id: "alpakka-kafka" },
  { pattern: /^connect-runtime-(\d[\w.-]*)\.jar$/, id: "kafka-connect" },
  { pattern: /^flink-(?:sql-)?connector-kafka-(\d[\w.-]*)\.jar$/, id: "flink-kafka" },
  { pattern: /^spark-sql-kafka-[\d-]+_[\d.]+-(\d[\w.-]*)\.jar$/, id: "spark-kafka" },
  { pattern: /^zio-kafka_[\d.]+-(\d[\w.-]*)\.jar$/, id: "zio-kafka" },
  { pattern: /^fs2-kafka_[\d.]+-(\d[\w.-]*)\.jar$/, id: "fs2-kafka" },
];

/** Jars that the JVM has open. A fat jar hides its parts: then its directory is searched for their names. */
function jars(pid: number): readonly TargetClient[] {
  const open = [...new Set(procNames(pid, "fd").map((fd) => procLink(pid, `fd/${fd}`) ?? ""))].filter((file) => file.endsWith(".jar"));
  return JARS.flatMap(({ pattern, id }): TargetClient | readonly TargetClient[] => {
    for (const module of open) {
      const version = pattern.exec(path.basename(module))?.[1];
      if (version !== undefined) return { id, version, linkage: "package", module };
    }
    for (const module of open) {
      const file = mappedFile(pid, module);
      const nested = new RegExp(pattern.source.replace(/^\^/, "/").replace(/\$$/, ""), "g");
      const [version] = file === null ? [] : allMatches(file, nested);
      if (version !== undefined) return { id, version, linkage: "package", module };
    }
    return [];
  });
}

const PYTHON: readonly { readonly pattern: RegExp; readonly id: string }[] = [
  { pattern: /^confluent_kafka-(\d[\w.]*)\.(?:dist|egg)-info$/, id: "confluent-kafka-python" },
  { pattern: /^kafka_python(?:_ng)?-(\d[\w.]*)\.(?:dist|egg)-info$/, id: "kafka-python" },
  { pattern: /^aiokafka-(\d[\w.]*)\.(?:dist|egg)-info$/, id: "aiokafka" },
];

/** Packages in the site folders that show in the maps or belong to the executable, and in the virtual environment of the command. */
function pythonPackages(pid: number, mappings: readonly Mapping[]): readonly TargetClient[] {
  const sites = new Set<string>();
  for (const { path: file } of mappings) {
    const site = /^(.*\/(?:site|dist)-packages)\//.exec(file)?.[1];
    if (site !== undefined) sites.add(site);
    const lib = /^(.*\/lib\/python3(?:\.\d+)?)\/lib-dynload\//.exec(file)?.[1];
    if (lib !== undefined) for (const folder of ["site-packages", "dist-packages"]) sites.add(path.join(lib, folder));
  }
  const [python = ""] = commandLine(pid);
  const cwd = procLink(pid, "cwd") ?? "/";
  if (python.includes("/")) {
    const lib = path.join(path.dirname(path.dirname(path.resolve(cwd, python))), "lib");
    for (const name of namesIn(mappedFile(pid, lib))) if (/^python3/.test(name)) sites.add(path.join(lib, name, "site-packages"));
  }
  return PYTHON.flatMap(({ pattern, id }): TargetClient | readonly TargetClient[] => {
    for (const site of sites) {
      for (const name of namesIn(mappedFile(pid, site))) {
        const version = pattern.exec(name)?.[1];
        if (version !== undefined) return { id, version, linkage: "package", module: path.join(site, name) };
      }
    }
    return [];
  });
}

function namesIn(folder: string | null): readonly string[] {
  try {
    return folder === null ? [] : readdirSync(folder);
  } catch {
    return [];
  }
}

const GO: readonly { readonly module: string; readonly id: string }[] = [
  { module: "github.com/IBM/sarama", id: "sarama" },
  { module: "github.com/Shopify/sarama", id: "sarama" },
  { module: "github.com/twmb/franz-go", id: "franz-go" },
  { module: "github.com/segmentio/kafka-go", id: "segmentio-kafka-go" },
  { module: "github.com/confluentinc/confluent-kafka-go", id: "confluent-kafka-go" },
];

/** The module list of `go version -m`, which stands in the executable as text; without it, the paths of packages. */
function goModules(pid: number, executable: string | null): readonly TargetClient[] {
  const file = executableFile(pid);
  if (file === null) return [];
  return GO.flatMap(({ module, id }): TargetClient | readonly TargetClient[] => {
    const name = module.replaceAll(".", "\\.");
    const [version] = allMatches(file, new RegExp(`dep\t${name}(?:/v\\d+)?\tv(\\d[\\w.+-]*)`, "g"));
    if (version !== undefined) return { id, version, linkage: "static", module: executable };
    return fileHas(file, `${module}.`) || fileHas(file, `${module}/`) ? { id, version: null, linkage: "static", module: executable } : [];
  });
}

function assemblies(mappings: readonly Mapping[]): readonly TargetClient[] {
  const module = mappings.find(({ path: file }) => /\/Confluent\.Kafka\.dll$/i.test(file))?.path;
  return module === undefined ? [] : [{ id: "confluent-kafka-dotnet", version: null, linkage: "package", module }];
}

const CRATES: readonly { readonly crate: string; readonly id: string }[] = [
  { crate: "rdkafka", id: "rust-rdkafka" },
  { crate: "rskafka", id: "rskafka" },
  { crate: "kafka", id: "kafka-rust" },
];

/** The paths of sources that panics name: `…/registry/src/index.crates.io-…/rdkafka-0.36.2/src/…`. */
function crates(pid: number, executable: string | null): readonly TargetClient[] {
  const file = executableFile(pid);
  if (file === null) return [];
  const seen = allMatches(file, /\/((?:rdkafka|rskafka|kafka)-\d+\.\d+\.\d+[\w.+-]*)\/src\//g);
  return CRATES.flatMap(({ crate, id }): TargetClient | readonly TargetClient[] => {
    const version = seen.find((one) => one.startsWith(`${crate}-`))?.slice(crate.length + 1);
    return version === undefined ? [] : { id, version, linkage: "static", module: executable };
  });
}
