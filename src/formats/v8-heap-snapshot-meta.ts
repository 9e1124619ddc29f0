/**
 * The head of a V8 heap snapshot: what its numbers mean. Fields and types are looked up by name, never by position: Node.js 18
 * and 24 both write six or seven fields a node, and mean different ones (v8 src/profiler/heap-snapshot-generator.cc).
 */
import { Failure } from "../base/failure.ts";
import { EdgeKind, NodeKind } from "../model/object-graph.ts";

export interface NodeLayout {
  readonly fields: number;
  readonly type: number;
  readonly name: number;
  readonly id: number;
  readonly selfSize: number;
  readonly edgeCount: number;
  readonly kinds: Uint8Array; // NodeKind by the writer's type
}

export interface EdgeLayout {
  readonly fields: number;
  readonly type: number;
  readonly name: number;
  readonly target: number;
  readonly kinds: Uint8Array; // EdgeKind by the writer's type
}

export interface LocationLayout {
  readonly fields: number;
  readonly object: number;
  readonly script: number;
}

export interface SnapshotMeta {
  readonly nodes: NodeLayout;
  readonly edges: EdgeLayout;
  readonly locations: LocationLayout | null;
  readonly nodeCount: number; // as declared; 0 = not said
  readonly edgeCount: number;
  readonly nativeBytes: number; // V8's own memory beside the heap (`extra_native_bytes`); 0 = not said
}

const NODE_KINDS: Readonly<Record<string, number>> = {
  hidden: NodeKind.hidden,
  array: NodeKind.array,
  string: NodeKind.string,
  object: NodeKind.object,
  code: NodeKind.code,
  closure: NodeKind.closure,
  regexp: NodeKind.regexp,
  number: NodeKind.number,
  native: NodeKind.native,
  synthetic: NodeKind.synthetic,
  "concatenated string": NodeKind.consString,
  "sliced string": NodeKind.slicedString,
  symbol: NodeKind.symbol,
  bigint: NodeKind.bigint,
  "object shape": NodeKind.shape,
  "wasm object": NodeKind.wasm,
};

const EDGE_KINDS: Readonly<Record<string, number>> = {
  context: EdgeKind.context,
  element: EdgeKind.element,
  property: EdgeKind.property,
  internal: EdgeKind.internal,
  hidden: EdgeKind.hidden,
  shortcut: EdgeKind.shortcut,
  weak: EdgeKind.weak,
};

/** @throws Failure `malformed` when the head does not say what a node or an edge is */
export function snapshotMeta(text: string, file: string): SnapshotMeta {
  const refuse = (message: string, cause?: unknown): never => {
    throw new Failure({ code: "malformed", message, where: { file, offset: 0 }, hint: "Take the snapshot again.", cause });
  };
  let head: unknown;
  try {
    head = JSON.parse(text);
  } catch (cause) {
    return refuse("has a head that is no valid JSON", cause);
  }
  const { meta, ...counts } = asObject(head);
  const said = asObject(meta);
  const nodeFields = texts(said["node_fields"]);
  const edgeFields = texts(said["edge_fields"]);
  const at = (fields: readonly string[], name: string): number => {
    const place = fields.indexOf(name);
    return place >= 0 ? place : refuse(`has no field "${name}" in its head`);
  };
  if (nodeFields.length > MOST_FIELDS || edgeFields.length > MOST_FIELDS) refuse("has a head with too many fields");
  const locationFields = texts(said["location_fields"]);
  const typesOf = (list: unknown, field: number): readonly string[] => texts(Array.isArray(list) ? list[field] : null);
  const nodeType = at(nodeFields, "type");
  const edgeType = at(edgeFields, "type");
  return {
    nodes: {
      fields: nodeFields.length,
      type: nodeType,
      name: at(nodeFields, "name"),
      id: at(nodeFields, "id"),
      selfSize: at(nodeFields, "self_size"),
      edgeCount: at(nodeFields, "edge_count"),
      kinds: Uint8Array.from(typesOf(said["node_types"], nodeType), (type) => NODE_KINDS[type] ?? NodeKind.other),
    },
    edges: {
      fields: edgeFields.length,
      type: edgeType,
      name: at(edgeFields, "name_or_index"),
      target: at(edgeFields, "to_node"),
      kinds: Uint8Array.from(typesOf(said["edge_types"], edgeType), (type) => EDGE_KINDS[type] ?? EdgeKind.internal),
    },
    locations:
      locationFields.includes("object_index") && locationFields.includes("script_id") && locationFields.length <= MOST_FIELDS
        ? {
            fields: locationFields.length,
            object: locationFields.indexOf("object_index"),
            script: locationFields.indexOf("script_id"),
          }
        : null,
    nodeCount: countOf(counts["node_count"]),
    edgeCount: countOf(counts["edge_count"]),
    nativeBytes: countOf(counts["extra_native_bytes"]),
  };
}

export const MOST_FIELDS = 16;

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function countOf(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
