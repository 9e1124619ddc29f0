/** Reads a V8 heap snapshot, its graph and what is made of it. Loaded when there is one: most captures are of other formats. */
import { Failure, type Loss } from "../base/failure.ts";
import type { Input } from "../base/source.ts";
import { NodeKind, type ObjectGraph } from "../model/object-graph.ts";
import type { DuplicateStrings, Profile } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";
import { GraphSeries, projectGraph } from "../model/project-graph.ts";
import type { CapturedGraph } from "./format.ts";
import { clockOfFile } from "./native-stack.ts";
import { correctEdges } from "./v8-heap-snapshot-edges.ts";
import { SnapshotParser } from "./v8-heap-snapshot-parser.ts";
import { typesOf } from "./v8-heap-snapshot-types.ts";

export async function readSnapshot(input: Input): Promise<Profile> {
  const builder = new ProfileBuilder();
  const { graph, types, losses } = await readGraph(input);
  builder.instant({ elapsedMs: 0 });
  const facts = { ...projectGraph(graph, types, builder, new GraphSeries()), duplicateStrings: duplicateStrings(graph) };
  return builder.finish({
    path: input.name,
    format: "v8-heap-snapshot",
    ...clockOfFile(input.modifiedAt),
    origin: { runtime: "node" },
    precision: { kind: "exact" },
    observes: "live",
    sampleTypes: [{ type: "self_size", unit: "bytes" }],
    graph: facts,
    losses,
  });
}

/**
 * Strings with one text have one name in the file. V8 writes the first 1024 characters of a text (heap_snapshot_string_limit), so
 * longer ones, which may differ behind them, are left out.
 */
function duplicateStrings({ nodes, names }: ObjectGraph): DuplicateStrings {
  const seen = new Uint8Array(names.length);
  let [texts, copies, bytes] = [0, 0, 0];
  for (let node = 1; node < nodes.length; node++) {
    const name = nodes.name[node] as number;
    const size = nodes.selfBytes[node] as number;
    if (nodes.kind[node] !== NodeKind.string || name >= seen.length || size >= LARGEST_WHOLE_TEXT_BYTES) continue;
    const times = seen[name] as number;
    if (times < 2) seen[name] = times + 1;
    if (times === 0) continue;
    if (times === 1) texts++;
    copies++;
    bytes += size;
  }
  return { texts, copies, bytes };
}

/** One byte a character, or two; what has less is surely whole. */
const LARGEST_WHOLE_TEXT_BYTES = 1024;

/** @throws Failure `truncated` where the file ends before its names, `malformed` */
export async function readGraph(input: Input): Promise<CapturedGraph> {
  const parser = new SnapshotParser(input.name);
  for await (const chunk of input.chunks()) parser.push(chunk);
  const { nodes, edges, strings, meta } = parser;
  const losses: Loss[] = [];
  const lose = (code: Loss["code"], text: string, offset: number | null, count = 1): void => {
    losses.push({ code, text, offset, count });
  };
  const hasNames = strings.length > 0 && parser.key !== "nodes" && parser.key !== "edges";
  if (!parser.hasEnded && !hasNames) throw cut(parser, input);
  if (meta === null || nodes === null || edges === null || nodes.length === 1) {
    const what = meta === null ? "head" : nodes === null || nodes.length === 1 ? "nodes" : "edges";
    throw new Failure({ code: "malformed", message: `holds no ${what}`, where: { file: input.name }, hint: "Take the snapshot again." });
  }
  if (!parser.hasEnded) {
    lose("truncated", `the snapshot is cut in its ${parser.key || "end"}: objects whose names come later have none`, parser.offset);
  }
  if (parser.trailingBytes > 0) lose("trailing-data", "something follows the end of the snapshot", parser.offset - parser.trailingBytes);
  const expected = (what: string, found: number, declared: number): void => {
    if (declared === 0 || found === declared) return;
    lose("malformed-record", `the head declares ${declared} ${what}, the file holds ${found}`, null);
  };
  expected("nodes", nodes.length - 1, meta.nodeCount);
  expected("edges", edges.length, meta.edgeCount);
  if (edges.nowhere > 0) lose("malformed-record", "references that point to no object were left out", null, edges.nowhere);
  if (nodes.impossible > 0) lose("malformed-record", "objects with impossible sizes count as empty", null, nodes.impossible);
  const { length } = nodes;
  const firstEdge = nodes.edgeCount;
  let sum = 0;
  for (let node = 0; node <= length; node++) {
    const count = node === length ? 0 : (firstEdge[node] as number);
    firstEdge[node] = Math.min(sum, edges.length);
    sum += count;
  }
  if (sum !== edges.length) {
    lose("malformed-record", `the objects count ${sum} references, the file holds ${edges.length}`, null);
  }
  const graph: ObjectGraph = {
    nodes: {
      length,
      kind: nodes.kind,
      name: nodes.name,
      id: nodes.id.subarray(0, length),
      selfBytes: nodes.selfBytes.subarray(0, length),
      firstEdge,
    },
    edges: { length: edges.length, kind: edges.kind, name: edges.name, target: edges.target },
    names: strings,
  };
  correctEdges(graph, strings);
  return { graph, types: typesOf(graph, strings, parser.locations?.script ?? null), losses: [...input.losses, ...losses] };
}

function cut(parser: SnapshotParser, input: Input): Failure {
  const { meta, nodes, edges } = parser;
  const declared = meta === null ? "" : `; its head declares ${meta.nodeCount} objects and ${meta.edgeCount} references`;
  const read = nodes === null ? "" : `, ${nodes.length - 1} objects and ${edges?.length ?? 0} references were read`;
  return new Failure({
    code: "truncated",
    message: `is cut at byte ${parser.offset}, before the names of its objects, which come last${declared}${read}`,
    where: { file: input.name, offset: parser.offset },
    hint: "The writer was killed or its disk was full. A snapshot needs about as much memory and disk again as the heap is large.",
  });
}
