/** Heap snapshots of a kafkajs consumer in which fetch responses are held by the application, or by the client's own queue. */
import { heapSnapshot, type SnapshotNode } from "./captures.ts";

const KAFKAJS = "/srv/app/node_modules/kafkajs/src/consumer/batch.js";

/** `responses` of 10 MiB with `slices` each, in a Map of the application or in a Batch of kafkajs. */
export function consumerHeap(holder: "application" | "client", responses: number, slices: number): string {
  const [script, holds] = holder === "application" ? ["/srv/app/index.js", 8] : [KAFKAJS, 9];
  const nodes: SnapshotNode[] = [
    { type: "synthetic", name: "", edges: [["shortcut", "global", 1]] },
    {
      type: "object",
      name: "global",
      edges: [
        ["property", "handler", 2],
        ["property", "batch", 9],
      ],
    },
    {
      type: "closure",
      name: "handle",
      script: 1,
      edges: [
        ["internal", "shared", 3],
        ["internal", "context", 5],
      ],
    },
    { type: "code", name: "handle", edges: [["internal", "script_or_debug_info", 4]] },
    { type: "code", name: script },
    { type: "object", name: "system / Context", edges: [["context", "lastSeen", 8]] },
    { type: "closure", name: "Batch", script: 2, edges: [["internal", "shared", 7]] },
    { type: "code", name: "Batch", edges: [["internal", "script_or_debug_info", 10]] },
    { type: "object", name: "Map", bytes: 32 },
    { type: "object", name: "Batch", bytes: 64, script: 2, edges: [["property", "constructor", 6]] },
    { type: "code", name: KAFKAJS },
  ];
  const held: [string, number, number][] = [];
  for (let response = 0; response < responses; response++) {
    const store = nodes.push({ type: "native", name: "system / JSArrayBufferData", bytes: 10_485_760 }) - 1;
    const buffer = nodes.push({ type: "object", name: "ArrayBuffer", bytes: 96, edges: [["internal", "backing_store", store]] }) - 1;
    for (let slice = 0; slice < slices; slice++) {
      held.push([
        "element",
        held.length,
        nodes.push({ type: "object", name: "Buffer", bytes: 96, edges: [["internal", "buffer", buffer]] }) - 1,
      ]);
    }
  }
  const own = nodes[holds] as SnapshotNode;
  nodes[holds] = { ...own, edges: [...(own.edges ?? []), ...held] };
  return heapSnapshot(nodes);
}
