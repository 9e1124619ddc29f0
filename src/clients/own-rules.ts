/**
 * The user's own frame rules (`--rules`): in-house clients and wrappers that are in no list, and what is the application or a
 * library. YAML (so JSON, too); docs/rules.md describes it by an example. Every mistake is said with its line, and what was
 * probably meant.
 *
 * Own clients come out as members of the registry do, so the judge does not know the difference. What a client is built on
 * lends it everything that the file does not say: ceilings, known leaks, advice.
 */
import type { Document, LineCounter, ParsedNode, YAMLMap } from "yaml";
import { Failure } from "../base/failure.ts";
import { nearestNames } from "../base/nearest.ts";
import { openInput } from "../base/source.ts";
import { parseBytes } from "../base/units.ts";
import { COMPONENTS, type Component, type FrameRule, type KafkaClient, type OwnFrames } from "./client.ts";

/** Frames by any of these; none that is left out matches. */
export type FramePatterns = Partial<Pick<OwnFrames, "names" | "modules" | "files" | "threads">>;

/** Frames of the application. */
export interface OwnPackage {
  readonly package: string | null; // null: as the frame itself says
  readonly frames: FramePatterns;
}

/** Asked in this order, and all of them before anything else. */
export interface OwnRules {
  readonly application: readonly OwnPackage[];
  readonly clients: readonly KafkaClient[];
  readonly libraries: readonly FramePatterns[]; // pass memory on to their caller
}

const MAX_BYTES = 1 << 20;

/** @throws Failure `configuration` */
export async function readRules(path: string, known: readonly KafkaClient[]): Promise<OwnRules> {
  let text: string;
  try {
    text = new TextDecoder().decode(await (await openInput(path)).readAll(MAX_BYTES));
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    const message = cause.code === "too-large" ? "is too large for a file of rules" : cause.message;
    throw new Failure({ code: "configuration", message, where: cause.where ?? { file: path }, hint: WHERE_TO_READ, cause });
  }
  return parseRules(text, path, known);
}

const WHERE_TO_READ = "A file of rules is YAML or JSON, as docs/rules.md shows.";

/** @throws Failure `configuration` with the line */
export async function parseRules(text: string, file: string, known: readonly KafkaClient[]): Promise<OwnRules> {
  const { default: yaml } = await import("yaml"); // CommonJS: esbuild knows no named exports of it
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: lines, logLevel: "silent", prettyErrors: false });
  const error = document.errors[0];
  if (error !== undefined) {
    throw new Failure({
      code: "configuration",
      message: `is no valid YAML: ${error.message.split("\n")[0] ?? ""}`,
      where: { file, line: lines.linePos(error.pos[0]).line },
      hint: "Put expressions in single quotes: in double quotes YAML takes a backslash for its own.",
    });
  }
  return new RulesReader(yaml, document as Document.Parsed, lines, file, known).read();
}

type Yaml = typeof import("yaml");
type Node = ParsedNode | null;

const TOP_KEYS = ["clients", "application", "libraries"];
const FRAME_KEYS = ["names", "modules", "files", "threads"];
const CLIENT_KEYS = ["id", "title", "language", "builtOn", "queueMemory", "frames", "components"];
const RULE_KEYS = ["component", "name", "kind", "module", "file", "unnamed", "below", "notThrough", "blockBytes"];
const KINDS = ["function", "type", "thread"] as const;
const NO_NAME = /(?!)/;

class RulesReader {
  readonly #yaml: Yaml;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #file: string;
  readonly #known: readonly KafkaClient[];

  constructor(yaml: Yaml, document: Document.Parsed, lines: LineCounter, file: string, known: readonly KafkaClient[]) {
    this.#yaml = yaml;
    this.#document = document;
    this.#lines = lines;
    this.#file = file;
    this.#known = known;
  }

  read(): OwnRules {
    const root = this.#document.contents as Node;
    if (root === null) throw this.#failure("holds no rules", null, WHERE_TO_READ);
    const top = this.#map(root, TOP_KEYS, "a file of rules");
    const clients = this.#clients(top.get("clients") ?? null);
    const application = this.#list(top.get("application") ?? null, "application").map((node): OwnPackage => {
      const map = this.#map(node, ["package", ...FRAME_KEYS], "an entry of application");
      return { package: this.#optionalText(map.get("package")), frames: this.#frames(map, node) };
    });
    const libraries = this.#list(top.get("libraries") ?? null, "libraries").map((node) =>
      this.#frames(this.#map(node, FRAME_KEYS, "an entry of libraries"), node),
    );
    if (clients.length + application.length + libraries.length === 0) throw this.#failure("holds no rules", root, WHERE_TO_READ);
    return { application, clients, libraries };
  }

  #clients(node: Node): readonly KafkaClient[] {
    const clients: KafkaClient[] = [];
    const entries = this.#list(node, "clients").map((entry) => ({ entry, map: this.#map(entry, CLIENT_KEYS, "a client") }));
    const ids = entries.map(({ entry, map }) => this.#id(map, entry));
    for (const [row, { entry, map }] of entries.entries()) {
      const id = ids[row] ?? "";
      const idNode = map.get("id") ?? entry;
      if (ids.indexOf(id) !== row) throw this.#failure(`the client "${id}" is there twice`, idNode, "Give each client an id of its own.");
      if (this.#known.some((client) => client.id === id)) {
        throw this.#failure(
          `"${id}" is a client that lagleak knows already`,
          idNode,
          "Take another id, and say builtOn where it wraps that one.",
        );
      }
      clients.push(this.#client(id, map, entry, ids));
    }
    for (const [row, client] of clients.entries()) {
      const entry = entries[row];
      for (let base = client.builtOn, steps = 0; base !== undefined; steps++) {
        if (base === client.id || steps > clients.length)
          throw this.#failure(
            `"${client.id}" is built on itself`,
            entry?.map.get("builtOn") ?? null,
            "Take the builtOn of one of them out.",
          );
        base = clients.find(({ id }) => id === base)?.builtOn;
      }
    }
    return clients;
  }

  #id(map: ReadonlyMap<string, Node>, entry: Node): string {
    const id = this.#optionalText(map.get("id"));
    const hint = "Give it an id such as acme-streams; the answer will use it.";
    if (id === null) throw this.#failure("a client has no id", entry, hint);
    if (!/^[a-z\d][\w.-]{0,63}$/i.test(id)) throw this.#failure(`"${id}" cannot be the id of a client`, map.get("id") ?? entry, hint);
    return id;
  }

  #client(id: string, map: ReadonlyMap<string, Node>, entry: Node, ownIds: readonly string[]): KafkaClient {
    const builtOn = this.#optionalText(map.get("builtOn"));
    if (builtOn !== null) {
      const ids = [...this.#known.map((client) => client.id), ...ownIds];
      if (!ids.includes(builtOn)) throw this.#unknown(`no client "${builtOn}" to be built on`, builtOn, ids, map.get("builtOn") ?? entry);
    }
    const base = this.#known.find((client) => client.id === builtOn);
    const framesNode = map.get("frames") ?? null;
    if (framesNode === null) {
      throw this.#failure(`the client "${id}" has no frames`, entry, "Say by frames: names, modules, files or threads what is its own.");
    }
    const own = this.#frames(this.#map(framesNode, FRAME_KEYS, "frames"), framesNode);
    const queueMemory = this.#choice(map.get("queueMemory"), ["native", "runtime"] as const);
    return {
      id,
      title: this.#optionalText(map.get("title")) ?? id,
      language: this.#optionalText(map.get("language")) ?? base?.language ?? "",
      ...(builtOn === null ? {} : { builtOn }),
      queueMemory: queueMemory ?? base?.queueMemory ?? "native",
      own: { names: NO_NAME, ...own },
      rules: this.#list(map.get("components") ?? null, "components").map((node) => this.#rule(node)),
      examples: [],
      retention: base?.retention ?? { text: "", source: this.#file, grade: "documented" },
      issues: [],
      remedies: {
        appRetained: base?.remedies.appRetained ?? [],
        backPressure: base?.remedies.backPressure ?? "",
        howToGetStatistics: base?.remedies.howToGetStatistics ?? "",
      },
    };
  }

  #rule(node: Node): FrameRule {
    const map = this.#map(node, RULE_KEYS, "an entry of components");
    const component = this.#optionalText(map.get("component"));
    if (component === null) throw this.#failure("this entry names no component", node, `Components are ${COMPONENTS.join(", ")}.`);
    if (!(COMPONENTS as readonly string[]).includes(component)) {
      throw this.#unknown(`there is no component "${component}"`, component, COMPONENTS, map.get("component") ?? node);
    }
    const patterns = (["name", "module", "file", "below", "notThrough"] as const).flatMap((key) => {
      const pattern = this.#pattern(map.get(key) ?? null);
      return pattern === null ? [] : [[key, pattern] as const];
    });
    if (map.has("notThrough") && !map.has("below")) {
      throw this.#failure("notThrough means nothing without below", map.get("notThrough") ?? node, "Say below which frame it holds.");
    }
    const kind = this.#choice(map.get("kind"), KINDS);
    const unnamed = this.#choice(map.get("unnamed"), ["true", "false"] as const);
    const blockBytes = this.#blockBytes(map.get("blockBytes") ?? null);
    return {
      component: component as Component,
      ...Object.fromEntries(patterns),
      ...(kind === null ? {} : { kind }),
      ...(unnamed === "true" ? { unnamed: true as const } : {}),
      ...(blockBytes === null ? {} : { blockBytes }),
      source: `${this.#file}:${this.#lineOf(node)}`,
      grade: "documented",
    };
  }

  #blockBytes(node: Node): readonly [number, number] | null {
    if (node === null) return null;
    const hint = "Write the least and the most mean size of a block, for example [280, 320] or [64KiB, .inf].";
    const items = this.#yaml.isSeq(node) ? node.items : [];
    if (items.length !== 2) throw this.#failure("blockBytes takes two sizes", node, hint);
    const sizes = (items as readonly Node[]).map((item) => {
      const value: unknown = this.#yaml.isScalar(item) ? item.value : null;
      if (typeof value === "number" && value >= 0) return value;
      try {
        if (typeof value === "string") return parseBytes(value);
      } catch (cause) {
        if (!(cause instanceof Failure)) throw cause;
      }
      throw this.#failure("blockBytes holds something that is no size", item, hint);
    });
    const [low = 0, high = 0] = sizes;
    if (low > high) throw this.#failure("the first size of blockBytes is above the second", node, hint);
    return [low, high];
  }

  /** The patterns of a map that may hold other keys, too. */
  #frames(map: ReadonlyMap<string, Node>, node: Node): FramePatterns {
    const found = FRAME_KEYS.flatMap((key) => {
      const pattern = this.#pattern(map.get(key) ?? null);
      return pattern === null ? [] : [[key, pattern] as const];
    });
    if (found.length === 0) throw this.#failure("this matches no frame", node, `Give at least one of ${FRAME_KEYS.join(", ")}.`);
    return Object.fromEntries(found);
  }

  /** An expression, or a list of them of which one has to match. */
  #pattern(given: Node): RegExp | null {
    const node = this.#resolved(given);
    if (node === null) return null;
    const items = this.#yaml.isSeq(node) ? (node.items as readonly Node[]) : [node];
    const sources = items.map((item) => {
      const value: unknown = this.#yaml.isScalar(item) ? item.value : null;
      if (typeof value !== "string" || value === "") {
        throw this.#failure("an expression has to be a text", item ?? node, "Put it in single quotes, for example '^acme_'.");
      }
      try {
        new RegExp(value);
      } catch (cause) {
        throw this.#failure(`${(cause as Error).message}`, item, "Expressions are JavaScript's, without slashes around them.");
      }
      return value;
    });
    if (sources.length === 0) throw this.#failure("an empty list matches nothing", node, "Give at least one expression.");
    return new RegExp(sources.length === 1 ? (sources[0] ?? "") : sources.map((source) => `(?:${source})`).join("|"));
  }

  #choice<Choice extends string>(given: Node | undefined, choices: readonly Choice[]): Choice | null {
    const text = this.#optionalText(given);
    if (text === null) return null;
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw this.#unknown(`"${text}" cannot be chosen here`, text, choices, given ?? null);
    return found;
  }

  #optionalText(given: Node | undefined): string | null {
    const node = this.#resolved(given ?? null);
    if (node === null) return null;
    const value: unknown = this.#yaml.isScalar(node) ? node.value : undefined;
    if (value === null) return null;
    if (typeof value === "object" || value === undefined || value === "") throw this.#failure("a text is needed here", node, WHERE_TO_READ);
    return String(value);
  }

  #list(given: Node, key: string): readonly Node[] {
    const node = this.#resolved(given);
    if (node === null || (this.#yaml.isScalar(node) && node.value === null)) return [];
    if (!this.#yaml.isSeq(node)) throw this.#failure(`${key} has to be a list`, node, "Begin each of its entries with a dash.");
    return node.items as readonly Node[];
  }

  #map(given: Node, keys: readonly string[], what: string): ReadonlyMap<string, Node> {
    const node = this.#resolved(given);
    if (node === null || !this.#yaml.isMap(node)) {
      throw this.#failure(`${what} has to be keys with values`, node, `Keys are ${keys.join(", ")}.`);
    }
    const map = new Map<string, Node>();
    for (const { key, value } of (node as YAMLMap.Parsed).items) {
      const name = this.#yaml.isScalar(key) ? String(key.value) : "";
      if (!keys.includes(name)) throw this.#unknown(`${what} has no key "${name}"`, name, keys, key);
      map.set(name, value);
    }
    return map;
  }

  #resolved(node: Node): Node {
    return this.#yaml.isAlias(node) ? ((node.resolve(this.#document) as Node | undefined) ?? null) : node;
  }

  #unknown(message: string, name: string, candidates: readonly string[], node: Node): Failure {
    const near = nearestNames(name, candidates, 1)[0];
    return this.#failure(message, node, near === undefined ? `Take one of ${candidates.join(", ")}.` : `Did you mean ${near}?`);
  }

  #lineOf(node: Node): number {
    return this.#lines.linePos(node?.range?.[0] ?? 0).line;
  }

  #failure(message: string, node: Node, hint: string): Failure {
    return new Failure({ code: "configuration", message, where: { file: this.#file, line: this.#lineOf(node) }, hint });
  }
}
