/**
 * YAML as a tree with lines. A file of its own, because bundlers give a module of CommonJS its names only where it is imported
 * statically: this file is what is loaded on demand.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from "yaml";
import type { Refuse } from "./client-config-entry.ts";
import { evaluated } from "./client-config-literals.ts";
import type { Tree } from "./client-config-trees.ts";

/** Deeper and larger than any configuration: aliases can make a small text boundless. */
const MAX_DEPTH = 100;
const MAX_NODES = 300_000;

/** Every document of a text, with the lines of its values. JSON is YAML, read strictly. @throws Failure `configuration` */
export function parseTrees(text: string, refuse: Refuse, called: "YAML" | "JSON"): readonly Tree[] {
  const deep = firstDeepLine(text);
  if (deep > 0) throw refuse(deep, "is nested too deeply for a client configuration");
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: false, logLevel: "silent" });
  let nodes = 0;
  return [...documents].map((document): Tree => {
    const error = document.errors[0];
    // the parser's message quotes the text, which may hold a secret
    if (error !== undefined) throw refuse(error.linePos?.[0].line ?? 1, `is no valid ${called}`);
    const lineOf = (node: { readonly range?: readonly number[] | null | undefined }): number =>
      node.range === undefined || node.range === null ? 0 : lines.linePos(node.range[0] ?? 0).line;
    const walk = (node: unknown, depth: number): Tree => {
      if (depth > MAX_DEPTH || ++nodes > MAX_NODES) throw refuse(1, "is nested too deeply, or too large, for a client configuration");
      if (isAlias(node)) {
        const target = node.resolve(document);
        if (target === undefined) throw refuse(lineOf(node), `is no valid ${called}`);
        return walk(target, depth + 1);
      }
      if (isScalar(node)) {
        const line = lineOf(node);
        const value = called === "JSON" && node.type === "PLAIN" ? literalIn(node.source ?? "") : node.value;
        if (value === undefined) throw refuse(line, "is no valid JSON");
        return value === null ? { kind: "nothing", line } : { kind: "scalar", value: String(value), line };
      }
      if (isSeq(node)) return { kind: "list", items: node.items.map((item) => walk(item, depth + 1)), line: lineOf(node) };
      if (!isMap(node)) return { kind: "nothing", line: 0 };
      if (called === "JSON" && node.flow !== true) throw refuse(lineOf(node), "is no valid JSON");
      const own = new Set(node.items.map(({ key }) => (isScalar(key) ? String(key.value) : "")));
      const entries = node.items.flatMap(({ key, value }): [string, Tree, number][] => {
        const name = isScalar(key) ? String(key.value) : "";
        const tree = walk(value, depth + 1);
        const mergedMaps = tree.kind === "list" ? tree.items : [tree];
        // of what a map takes over from another its own keys win
        if (name === "<<") {
          return mergedMaps.flatMap((map) =>
            map.kind === "map" ? map.entries.filter(([taken]) => !own.has(taken)).map(([...entry]) => entry) : [],
          );
        }
        return name === "" ? [] : [[name, tree, isScalar(key) ? lineOf(key) : tree.line]];
      });
      return { kind: "map", entries, line: lineOf(node) };
    };
    return walk(document.contents, 0);
  });
}

/**
 * The first line that is nested deeper than any configuration, by brackets or by what lists and indentation begin with; 0 for
 * none. The parser recurses, and close to the end of the stack the engine aborts the process instead of throwing.
 */
function firstDeepLine(text: string): number {
  let depth = 0;
  for (const [row, line] of text.split("\n").entries()) {
    if (/^[ \t]*(?:[-?:][ \t]+){50}|^[ \t]{1000}[ \t]*[^\s]/.test(line)) return row + 1;
    for (let index = 0; index < line.length; index++) {
      const character = line[index];
      if (character === "[" || character === "{") depth++;
      else if ((character === "]" || character === "}") && depth > 0) depth--;
      if (depth > MAX_DEPTH) return row + 1;
    }
  }
  return 0;
}

/**
 * What stands without quotes in JSON, or in an object pasted from a program (`10 * 1024 * 1024`, `True`). Undefined: nothing
 * that may stand there; YAML would take it for a text, and a missing value for null.
 */
function literalIn(source: string): unknown {
  if (/^(?:null|None|nil)$/.test(source)) return null;
  if (/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(source)) return Number(source);
  return evaluated(source) ?? undefined;
}
