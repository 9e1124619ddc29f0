/**
 * JVM heap dumps, HPROF 1.0.1 to 1.0.3 (`jcmd GC.heap_dump`, `jmap -dump`, `-XX:+HeapDumpOnOutOfMemoryError`, the old
 * `-agentlib:hprof`, Android): the whole object graph with field names.
 *
 * Sizes are what the file holds of an object: the values of its fields, or its elements, a reference counting as many bytes as an
 * id (8 on 64 bits). There are no headers, no padding and no compressed references in it, so it is never what `jmap -histo` says.
 */
import { Failure } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import type { GraphFacts, Profile } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";
import { GraphSeries, projectGraph, projectTypes } from "../model/project-graph.ts";
import type { Format } from "./format.ts";
import { ROOT_NAMES } from "./hprof-dump.ts";
import { HprofParser } from "./hprof-parser.ts";

export const hprof: Format = {
  id: "hprof",
  title: "JVM heap dump (HPROF)",
  howToCapture: "jcmd PID GC.heap_dump /tmp/heap.hprof",
  recognize,
  read,
};

const MAGIC = "JAVA PROFILE 1.0.";

function recognize(head: Uint8Array): Recognition {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, 32)).toString("latin1");
  if (text.startsWith(MAGIC)) return "certain";
  return idBytesOfPart(head) === null ? "no" : "likely";
}

/** Parts of a dump that begin each with its own tag, as far as parallel writers put them into files of their own. */
const PARTS_OF_OBJECTS: ReadonlySet<number> = new Set([0x20, 0x21, 0x22, 0x23]);
const LARGEST_PART_BYTES = 2 ** 31;

/** `.p0` … of a parallel dump (JDK-8306441) are segments without a head. Null = it is none; else how long its ids are. */
function idBytesOfPart(head: Uint8Array): 4 | 8 | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < 64 || head[0] !== 0x1c || view.getUint32(1) !== 0) return null;
  for (const idBytes of [8, 4] as const) {
    let at = 9;
    let parts = 0;
    while (at + 10 + 2 * idBytes <= head.length) {
      const tag = head[at] as number;
      if (!PARTS_OF_OBJECTS.has(tag) && !(ROOT_NAMES.has(tag) && parts > 0)) break;
      if (tag === 0x20 || ROOT_NAMES.has(tag)) return idBytes;
      const count = view.getUint32(at + 5 + idBytes + (tag === 0x21 ? idBytes : 0));
      const size =
        tag === 0x23 ? ([0, 0, 0, 0, 1, 2, 4, 8, 1, 2, 4, 8][head[at + 9 + idBytes] as number] ?? 0) : tag === 0x22 ? idBytes : 1;
      if (size === 0 || count * size > LARGEST_PART_BYTES) break;
      at += (tag === 0x23 ? 10 + idBytes : 9 + 2 * idBytes) + count * size;
      parts++;
    }
    if (parts > 0 && at + 10 + 2 * idBytes > head.length) return idBytes;
  }
  return null;
}

async function read(input: Input): Promise<Profile> {
  const builder = new ProfileBuilder();
  const series = new GraphSeries();
  let facts: GraphFacts | null = null;
  let instants = 0;
  let lastMs = 0;
  let startMs = 0;
  const partIdBytes = Buffer.from(input.head).toString("latin1", 0, MAGIC.length) === MAGIC ? null : idBytesOfPart(input.head);
  const parser: HprofParser = new HprofParser(
    partIdBytes,
    input.compression === "none" ? (input.sizeBytes ?? 0) : 0,
    (dump) => {
      if (instants === 0) startMs = dump.startedAtMs;
      // dumps of one file are in time order, whatever their clocks say
      lastMs = instants === 0 ? 0 : Math.max(lastMs + 1, dump.startedAtMs - startMs);
      instants++;
      builder.instant({ elapsedMs: lastMs });
      if (dump.isCut) {
        // without its roots nothing says who holds what
        projectTypes(dump, parser.classes.types, builder, series);
        facts = null;
        return;
      }
      const { graph, types, nowhere } = dump.finish(parser.classes, (thread, frame) => parser.frameName(thread, frame));
      if (nowhere > 0) builder.loss("malformed-record", "references that point to no object were left out", null, nowhere);
      facts = projectGraph(graph, types, builder, series);
    },
    (code, text, offset) => builder.loss(code, text, offset),
  );
  for await (const chunk of input.chunks()) parser.push(chunk);
  parser.finish();
  if (instants === 0) {
    throw new Failure({
      code: "truncated",
      message: "holds no objects: it ends before its first dump",
      where: { file: input.name, offset: parser.offset },
      hint: "The writer was killed or its disk was full, or the objects are in the parts of a parallel dump (.p0, .p1 …): append them to this file in their order.",
    });
  }
  if (partIdBytes !== null) {
    builder.loss("no-names", "this is a part of a parallel dump: the names of classes are in the file that it belongs to", null);
  }
  const takenAt = parser.takenAt > 0 && parser.takenAt < Number.MAX_SAFE_INTEGER ? parser.takenAt + startMs + lastMs : input.modifiedAt;
  return builder.finish({
    path: input.name,
    format: hprof.id,
    formatVersion: parser.version.replace("JAVA PROFILE ", "") || null,
    clock: parser.takenAt > 0 ? "in-file" : takenAt === null ? "none" : "mtime",
    takenAt,
    origin: { runtime: "jvm" },
    precision: { kind: "exact" },
    observes: "live",
    sampleTypes: [{ type: "payload", unit: "bytes" }],
    graph: facts,
    losses: input.losses,
  });
}
