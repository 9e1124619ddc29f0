/**
 * Configuration in nested files: JSON, YAML and TOML of clients and frameworks, Spring Boot's documents with profiles, Kafka
 * Connect's connectors, and the environments that Docker, Compose and Kubernetes give to containers.
 *
 * The surprise: of files that describe containers only environments and ConfigMaps are read, since nothing else in them
 * reaches the client, and containers that run a broker are left out: their `KAFKA_MESSAGE_MAX_BYTES` is the broker's.
 */
import { Failure, type Loss } from "../base/failure.ts";
import { type Entry, listed, lossOf, placed, type Reading, type Refuse } from "./client-config-entry.ts";
import { blankComments } from "./client-config-literals.ts";
import { isBrokerVariable, nameOfVariable } from "./client-config-names.ts";

/** A value of any of the languages, with its line (0 = unknown). */
export type Tree =
  | { readonly kind: "scalar"; readonly value: string; readonly line: number }
  | { readonly kind: "map"; readonly entries: readonly (readonly [key: string, value: Tree, line: number])[]; readonly line: number }
  | { readonly kind: "list"; readonly items: readonly Tree[]; readonly line: number }
  | { readonly kind: "nothing"; readonly line: number };

/** Deeper than any configuration. */
const MAX_DEPTH = 100;

/** Above this the parser that knows lines takes seconds. */
const MAX_BYTES_WITH_LINES = 512 << 10;

export async function treesOfJson(text: string, refuse: Refuse): Promise<readonly Tree[]> {
  let value: unknown;
  let isJson = true;
  try {
    value = JSON.parse(text);
  } catch {
    isJson = false;
  }
  if (isJson && text.length > MAX_BYTES_WITH_LINES) return [treeOf(value, refuse)];
  try {
    // JSON is YAML, whose parser says lines, and forgives a trailing comma
    const { parseTrees } = await import("./client-config-yaml.ts");
    return parseTrees(isJson ? text : blankComments(text, false), refuse, "JSON");
  } catch (cause) {
    if (isJson && cause instanceof Failure) return [treeOf(value, refuse)];
    throw cause;
  }
}

/** The parser is loaded only where it is needed. */
export async function treesOfYaml(text: string, refuse: Refuse): Promise<readonly Tree[]> {
  return (await import("./client-config-yaml.ts")).parseTrees(text, refuse, "YAML");
}

export async function treesOfToml(text: string, refuse: Refuse): Promise<readonly Tree[]> {
  const { parse, TomlError } = await import("smol-toml");
  try {
    return [treeOf(parse(text), refuse)];
  } catch (cause) {
    if (cause instanceof TomlError) throw refuse(cause.line, "is no valid TOML");
    throw cause;
  }
}

function treeOf(root: unknown, refuse: Refuse): Tree {
  const walk = (value: unknown, depth: number): Tree => {
    if (depth > MAX_DEPTH) throw refuse(1, "is nested too deeply for a client configuration");
    if (value === null || value === undefined) return { kind: "nothing", line: 0 };
    if (Array.isArray(value)) return { kind: "list", items: value.map((item) => walk(item, depth + 1)), line: 0 };
    if (typeof value !== "object" || value instanceof Date) return { kind: "scalar", value: String(value), line: 0 };
    const entries = Object.entries(value).map(([key, inner]): [string, Tree, number] => [key, walk(inner, depth + 1), 0]);
    return { kind: "map", entries, line: 0 };
  };
  return walk(root, 0);
}

/** Reads a whole file that stands as text in another one. */
export type ReadNested = (text: string) => Promise<Reading | null>;

/** What the documents of one file configure. */
export async function readTrees(trees: readonly Tree[], readNested: ReadNested): Promise<Reading> {
  const collector = new Collector();
  for (const [layer, tree] of trees.entries()) {
    collector.begin(isSpring(trees) ? layer : 0);
    collector.document(tree);
  }
  for (const { text, line } of collector.texts) {
    const nested = await readNested(text);
    // the text of a block begins on the line below its key
    for (const entry of nested?.entries ?? [])
      collector.entries.push({ ...entry, line: line === 0 || entry.line === 0 ? 0 : line + entry.line });
    collector.losses.push(...(nested?.losses ?? []));
  }
  return { entries: collector.entries, losses: [...collector.losses, ...collector.summary()] };
}

class Collector {
  readonly entries: Entry[] = [];
  readonly losses: Loss[] = [];
  readonly texts: { readonly text: string; readonly line: number }[] = [];
  readonly #fromElsewhere: string[] = [];
  #secrets = 0;
  #brokers = 0;
  #layer = 0;

  begin(layer: number): void {
    this.#layer = layer;
  }

  document(tree: Tree): void {
    if (tree.kind === "list") for (const item of tree.items) this.document(item);
    if (tree.kind !== "map") return;
    if (textAt(tree, "apiVersion") !== null && textAt(tree, "kind") !== null) this.#resource(tree);
    else if (isCompose(tree)) this.#environments(tree);
    else this.#settings(tree, []);
  }

  /** What was left out, once for the whole file. */
  summary(): readonly Loss[] {
    const losses: Loss[] = [];
    if (this.#fromElsewhere.length > 0) {
      const names = listed(this.#fromElsewhere);
      losses.push(lossOf(`the value stands elsewhere (valueFrom) and was left out: ${names}`, this.#fromElsewhere.length));
    }
    if (this.#secrets > 0) losses.push(lossOf("Kubernetes Secrets were left out", this.#secrets));
    if (this.#brokers > 0) losses.push(lossOf("the environment of a broker was left out", this.#brokers));
    return losses;
  }

  #resource(tree: Tree & { readonly kind: "map" }): void {
    const kind = textAt(tree, "kind");
    if (kind === "Secret" || kind === "SealedSecret") this.#secrets++;
    else if (kind === "ConfigMap") this.#configMap(valueAt(tree, "data"));
    else {
      const items = valueAt(tree, "items");
      if (items?.kind === "list") for (const item of items.items) this.document(item);
      this.#environments(tree);
      // Strimzi: KafkaConnect, KafkaConnector, KafkaMirrorMaker2; a Kafka resource configures brokers
      const spec = valueAt(tree, "spec");
      const config = spec?.kind === "map" && kind !== "Kafka" ? valueAt(spec, "config") : undefined;
      if (config?.kind === "map") {
        const type = spec?.kind === "map" ? textAt(spec, "class") : null;
        if (type !== null) this.#add(["connector.class"], type, config.line, "setting");
        this.#settings(config, []);
      }
    }
  }

  #configMap(data: Tree | undefined): void {
    if (data?.kind !== "map") return;
    for (const [key, value, line] of data.entries) {
      if (value.kind !== "scalar") continue;
      if (value.value.includes("\n")) this.texts.push({ text: value.value, line });
      else this.#add([key], value.value, line, isVariable(key) ? "variable" : "setting");
    }
  }

  /** Every environment below, and nothing else. */
  #environments(tree: Tree): void {
    if (tree.kind === "list") for (const item of tree.items) this.#environments(item);
    if (tree.kind !== "map") return;
    for (const [key, value] of tree.entries) if (!this.#environment(key, value)) this.#environments(value);
  }

  #settings(tree: Tree & { readonly kind: "map" }, path: readonly string[]): void {
    if (path.length === 0 && this.#environment("env", tree)) return;
    for (const [key, value, line] of tree.entries) {
      const inner = [...path, key];
      if (value.kind === "scalar") this.#add(inner, value.value, line, path.length === 0 && isVariable(key) ? "variable" : "setting");
      else if (value.kind === "nothing" || this.#environment(key, value)) continue;
      else if (value.kind === "map") this.#settings(value, inner);
      else {
        const texts = value.items.flatMap((item) => (item.kind === "scalar" ? [item.value] : []));
        if (texts.length > 0) this.#add(inner, texts.join(","), line, "setting");
        for (const item of value.items) if (item.kind === "map") this.#settings(item, inner);
      }
    }
  }

  /** `env: [{name, value}]`, `environment: [NAME=value]`, `environment: {NAME: value}`. Takes it and says so. */
  #environment(key: string, tree: Tree): boolean {
    const variables = variablesIn(key, tree);
    if (variables === null) return false;
    if (variables.some(({ name }) => isBrokerVariable(name))) {
      this.#brokers++;
      return true;
    }
    for (const { name, value, line } of variables) {
      if (value !== null) this.#add([name], value, line, isVariable(name) ? "variable" : "setting");
      else if (isVariable(name) && nameOfVariable(name) !== null) this.#fromElsewhere.push(placed(name, line));
    }
    return true;
  }

  #add(path: readonly string[], value: string, line: number, kind: Entry["kind"]): void {
    this.entries.push({ path, value, line, kind, role: null, layer: this.#layer });
  }
}

interface Variable {
  readonly name: string;
  readonly value: string | null; // null: it stands elsewhere
  readonly line: number;
}

function variablesIn(key: string, tree: Tree): readonly Variable[] | null {
  if (tree.kind === "map") {
    const isEnvironment = tree.entries.length > 0 && (tree.entries.every(([name]) => isVariable(name)) || key === "environment");
    if (!isEnvironment) return null;
    return tree.entries.map(([name, value, line]) => ({ name, value: value.kind === "scalar" ? value.value : null, line }));
  }
  if (tree.kind !== "list" || tree.items.length === 0) return null;
  const variables: Variable[] = [];
  for (const item of tree.items) {
    if (item.kind === "scalar") {
      const match = /^([A-Za-z_][\w.-]*)=(.*)$/s.exec(item.value);
      if (match !== null) variables.push({ name: match[1] ?? "", value: match[2] ?? "", line: item.line });
      else if (isVariable(item.value)) variables.push({ name: item.value, value: null, line: item.line });
      else return null;
    } else if (item.kind === "map") {
      const name = textAt(item, "name");
      if (name === null || !/^[A-Za-z_][\w.-]*$/.test(name)) return null;
      const value = valueAt(item, "value");
      if (value === undefined && valueAt(item, "valueFrom") === undefined) return null;
      variables.push({
        name,
        value: value?.kind === "scalar" ? value.value : value === undefined ? null : "",
        line: value?.line ?? item.line,
      });
    } else return null;
  }
  return variables;
}

function isVariable(name: string): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(name);
}

function valueAt(tree: Tree & { readonly kind: "map" }, key: string): Tree | undefined {
  return tree.entries.findLast(([name]) => name === key)?.[1];
}

function textAt(tree: Tree & { readonly kind: "map" }, key: string): string | null {
  const value = valueAt(tree, key);
  return value?.kind === "scalar" ? value.value : null;
}

function isCompose(tree: Tree & { readonly kind: "map" }): boolean {
  const services = valueAt(tree, "services");
  if (services?.kind !== "map") return false;
  return services.entries.some(
    ([, service]) =>
      service.kind === "map" && ["image", "build", "environment", "extends"].some((key) => valueAt(service, key) !== undefined),
  );
}

function isSpring(trees: readonly Tree[]): boolean {
  return trees.some((tree) => tree.kind === "map" && tree.entries.some(([key]) => /^spring(?:\.|$)/.test(key)));
}
