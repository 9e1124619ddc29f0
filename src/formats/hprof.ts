/**
 * JVM heap dumps, HPROF 1.0.1 to 1.0.3 (`jcmd GC.heap_dump`, `jmap -dump`, `-XX:+HeapDumpOnOutOfMemoryError`, the old
 * `-agentlib:hprof`, Android): the whole object graph with field names.
 *
 * Sizes are what the file holds of an object: the values of its fields, or its elements, a reference counting as many bytes as an
 * id (8 on 64 bits). There are no headers, no padding and no compressed references in it, so it is never what `jmap -histo` says.
 */
import { Failure, type Loss } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import { formatBytes } from "../base/units.ts";
import type { TypeInit } from "../model/node-types.ts";
import type { GraphFacts, Profile } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";
import { GraphSeries, projectGraph, projectTypes } from "../model/project-graph.ts";
import type { CapturedGraph, Format, ReadOptions } from "./format.ts";
import { TypeCounts } from "./hprof-counts.ts";
import { HprofDump, ROOT_NAMES } from "./hprof-dump.ts";
import { HprofParser } from "./hprof-parser.ts";

export const hprof: Format = {
  id: "hprof",
  title: "JVM heap dump (HPROF)",
  howToCapture: "jcmd PID GC.heap_dump /tmp/heap.hprof",
  recognize,
  read,
  readGraph,
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

/** What a file holds, dump by dump. */
interface DumpReader {
  readonly graph: (graph: CapturedGraph) => void;
  readonly counts: (counts: TypeCounts, types: readonly TypeInit[]) => void;
  readonly begin: (startedAtMs: number) => void;
}

interface FileFacts {
  readonly version: string;
  readonly takenAt: number; // Unix ms; 0 = not said
  readonly losses: readonly Loss[];
}

async function read(input: Input, options: ReadOptions): Promise<Profile> {
  const builder = new ProfileBuilder();
  const series = new GraphSeries();
  let facts: GraphFacts | null = null;
  let instants = 0;
  let lastMs = 0;
  let startMs = 0;
  const {
    version,
    takenAt: headAt,
    losses,
  } = await readDumps(input, options, {
    begin: (startedAtMs) => {
      if (instants === 0) startMs = startedAtMs;
      // dumps of one file are in time order, whatever their clocks say
      lastMs = instants === 0 ? 0 : Math.max(lastMs + 1, startedAtMs - startMs);
      instants++;
      builder.instant({ elapsedMs: lastMs });
    },
    graph: ({ graph, types }) => {
      facts = projectGraph(graph, types, builder, series);
    },
    counts: (counts, types) => {
      projectTypes(counts, types, builder, series);
      facts = counts.isCut || options.typesOnly !== true ? null : countedFacts(counts);
    },
  });
  for (const { code, text, offset, count } of losses) builder.loss(code, text, offset, count);
  const takenAt = headAt > 0 && headAt < Number.MAX_SAFE_INTEGER ? headAt + startMs + lastMs : input.modifiedAt;
  return builder.finish({
    path: input.name,
    format: hprof.id,
    formatVersion: version.replace("JAVA PROFILE ", "") || null,
    clock: headAt > 0 ? "in-file" : takenAt === null ? "none" : "mtime",
    takenAt,
    origin: { runtime: "jvm" },
    precision: { kind: "exact" },
    observes: "live",
    sampleTypes: [{ type: "payload", unit: "bytes" }],
    graph: facts,
    losses: input.losses,
  });
}

/** The graph of the last dump of the file. @throws Failure */
async function readGraph(input: Input): Promise<CapturedGraph> {
  let found: CapturedGraph | null = null;
  const { losses } = await readDumps(
    input,
    { symbolize: false },
    {
      begin: () => {
        found = null;
      },
      graph: (graph) => {
        found = graph;
      },
      counts: () => {},
    },
  );
  if (found === null) {
    throw new Failure({
      code: "truncated",
      message: "is cut, and without its roots nothing says who holds what",
      where: { file: input.name },
      hint: "`lagleak inspect` shows which objects there are. Take the dump again, with enough disk space.",
    });
  }
  return { ...(found as CapturedGraph), losses: [...input.losses, ...losses] };
}

/** @throws Failure `truncated` where the file holds no objects */
async function readDumps(input: Input, { typesOnly, memoryBytes }: ReadOptions, reader: DumpReader): Promise<FileFacts> {
  const losses: Loss[] = [];
  const lose = (code: Loss["code"], text: string, offset: number | null, count = 1): void => {
    losses.push({ code, text, offset, count });
  };
  let dumps = 0;
  const partIdBytes = Buffer.from(input.head).toString("latin1", 0, MAGIC.length) === MAGIC ? null : idBytesOfPart(input.head);
  const expectedBytes = input.compression === "none" ? (input.sizeBytes ?? 0) : 0;
  const newCounts = (startedAtMs: number): TypeCounts => new TypeCounts(startedAtMs, parser.classes, parser.keys);
  const parser: HprofParser = new HprofParser(
    partIdBytes,
    (startedAtMs) => (typesOnly === true ? newCounts(startedAtMs) : new HprofDump(startedAtMs, expectedBytes)),
    (dump) => {
      dumps++;
      reader.begin(dump.startedAtMs);
      if (dump instanceof HprofDump && !dump.isCut) {
        const { nowhere, ...typed } = dump.finish(parser.classes, (thread, frame) => parser.frameName(thread, frame));
        if (nowhere > 0) lose("malformed-record", "references that point to no object were left out", null, nowhere);
        reader.graph({ ...typed, losses });
        return;
      }
      let counts = dump;
      if (dump instanceof HprofDump) {
        // without its roots nothing says who holds what
        counts = newCounts(dump.startedAtMs);
        dump.replay(counts);
      }
      if (counts instanceof TypeCounts) reader.counts(counts, parser.classes.types);
    },
    lose,
  );
  for await (const chunk of input.chunks()) {
    parser.push(chunk);
    const { dump } = parser;
    if (memoryBytes === undefined || !(dump instanceof HprofDump) || dump.graphBytes <= memoryBytes) continue;
    const counts = newCounts(dump.startedAtMs);
    dump.replay(counts);
    parser.dump = counts;
    lose(
      "no-graph",
      `who holds what would need more than ${formatBytes(memoryBytes)} of memory: objects are counted by type alone`,
      parser.offset,
    );
  }
  parser.finish();
  if (dumps === 0) {
    throw new Failure({
      code: "truncated",
      message: "holds no objects: it ends before its first dump",
      where: { file: input.name, offset: parser.offset },
      hint: "The writer was killed or its disk was full, or the objects are in the parts of a parallel dump (.p0, .p1 …): append them to this file in their order.",
    });
  }
  if (partIdBytes !== null) {
    lose("no-names", "this is a part of a parallel dump: the names of classes are in the file that it belongs to", null);
  }
  return { version: parser.version, takenAt: parser.takenAt, losses };
}

function countedFacts({ nodes, edges }: TypeCounts): GraphFacts {
  const none = new Uint32Array(0);
  const slicedStores = { length: 0, bytes: new Float64Array(0), firstSlice: Uint32Array.of(0), path: none, slices: none };
  return { nodes, edges, slicedStores, accumulations: [], duplicateStrings: null, objects: null };
}
