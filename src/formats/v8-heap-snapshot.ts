/**
 * V8 heap snapshots and allocation timelines, `.heapsnapshot` and `.heaptimeline` (v8 src/profiler/heap-snapshot-generator.cc):
 * Node.js 10 to 26, Chrome, and other programs that write the same. The whole object graph, one integer after the other.
 *
 * Its surprise: the strings come last. A file that is cut before them holds no name at all.
 */
import type { Recognition } from "../base/recognition.ts";
import type { Format } from "./format.ts";

export const v8HeapSnapshot: Format = {
  id: "v8-heap-snapshot",
  title: "V8 heap snapshot or timeline (.heapsnapshot, .heaptimeline)",
  howToCapture: "node --heapsnapshot-signal=SIGUSR2 PROGRAM.js & kill -USR2 $!",
  recognize,
  read: async (input) => (await import("./v8-heap-snapshot-reader.ts")).readSnapshot(input),
  readGraph: async (input) => (await import("./v8-heap-snapshot-reader.ts")).readGraph(input),
};

function recognize(head: Uint8Array): Recognition {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString("latin1");
  if (/^\s*\{\s*"snapshot"\s*:\s*\{/.test(text)) return text.includes('"node_fields"') ? "certain" : "likely";
  return /^\s*\{\s*"(?:nodes|edges)"\s*:\s*\[\s*\d/.test(text) ? "likely" : "no";
}
