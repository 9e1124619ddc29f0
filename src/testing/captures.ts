/** Small captures of every format, made here so that tests need no files: what is in them is in plain sight. */
import { Label, Line, Location, Mapping, Function as PprofFunction, Profile, Sample, StringTable, ValueType } from "pprof-format";
import { HprofWriter, int } from "./hprof-writer.ts";

/** A capture and what has to be read from it. */
export interface SampleCapture {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly liveBytes?: number | null;
  readonly allocatedBytes?: number;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function histograms(): string {
  const histogram = (records: number): string => `4711:
 num     #instances         #bytes  class name (module)
-------------------------------------------------------
   1:             3           3000  [B (java.base@17.0.15)
   2:            ${records}           ${records * 24}  App$Record
Total             ${3 + records}           ${3000 + records * 24}
`;
  return histogram(10) + histogram(84);
}

const MAPS = `MAPPED_LIBRARIES:
400000-500000 r-xp 00000000 fe:00 11 /opt/app/consumer
7f0000000000-7f0000100000 r-xp 00000000 fe:00 12 /usr/lib/librdkafka.so.1
7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0 [stack]
`;

function gperftools(): string {
  return `heap profile:     12:    70200 [    22:    90200] @ heapprofile
     2:    70000 [     2:    70000] @ 0x7f0000000124 0x401200
    10:      200 [    20:    20200] @ 0x401300 0x401200

${MAPS}`;
}

/** Objects of 524288 bytes are seen with the probability 1 - 1/e. */
function goText(): string {
  return `heap profile: 3: 1572864 [3: 1572864] @ heap/1048576
2: 1048576 [2: 1048576] @ 0x4b4165 0x4b4495
#\t0x4b4164\tmain.fetchLoop+0x64\t/src/main.go:7
#\t0x4b4494\tmain.main+0xb4\t\t/src/main.go:11

1: 524288 [1: 524288] @ 0x4b4231 0x4b449f
#\t0x4b4230\tmain.leakCache+0x50\t/src/main.go:9
#\t0x4b449e\tmain.main+0xbe\t\t/src/main.go:11


# runtime.MemStats
# Alloc = 2400000
# HeapAlloc = 2400000
# NumGC = 7
`;
}

function javaHeapz(): string {
  return `--- heapz 1 ---
format = java
resolution = bytes
       1048576     8 @ 0x00000003 0x00000004
            32     1 @ 0x00000004
 0x00000003 com.example.Cache.put (Cache.java:17)
 0x00000004 com.example.Main.main (Main.java)
`;
}

/** 64 B twice and 4096 B once, all but one of the small ones live. */
function heaptrackFile(): string {
  const strings = ["/usr/lib/librdkafka.so.1", "main", "rd_kafka_recv"].map((text) => `s ${text.length.toString(16)} ${text}`);
  const places = ["i 401000 1 2", "i 402000 1 3", "t 1 0", "t 2 1"];
  const events = ["a 40 1", "a 1000 2", "+ 0", "+ 1", "c a", "R 10", "+ 0", "- 0", "c 1e"];
  const lines = ["v 10400 3", "X ./consumer", "I 1000 5e2990", ...strings, ...places, ...events, "# strings: 3", "# ips: 2"];
  return `${lines.join("\n")}\n`;
}

function jemallocDump(): string {
  return `heap_v2/65536
  t*: 12: 1049600 [0: 0]
  t0: 11: 1024 [0: 0]
  t1: 1: 1048576 [0: 0] rdk:broker1
@ 0x7f0000000124 0x401200
  t*: 1: 1048576 [0: 0]
  t1: 1: 1048576 [0: 0]
@ 0x401300 0x401200
  t*: 11: 1024 [0: 0]
  t0: 11: 1024 [0: 0]

${MAPS}`;
}

function goProfile(): Uint8Array {
  const strings = new StringTable();
  const type = (name: string, unit: string): ValueType => new ValueType({ type: strings.dedup(name), unit: strings.dedup(unit) });
  const sampleType = [
    type("alloc_objects", "count"),
    type("alloc_space", "bytes"),
    type("inuse_objects", "count"),
    type("inuse_space", "bytes"),
  ];
  const names = ["runtime.mallocgc", "main.fetch", "main.decode", "main.main"];
  const functions = names.map(
    (name, row) =>
      new PprofFunction({
        id: row + 1,
        name: strings.dedup(name),
        systemName: strings.dedup(name),
        filename: strings.dedup("/src/main.go"),
      }),
  );
  const line = (functionId: number): Line => new Line({ functionId, line: functionId * 10 });
  const location = (id: number, lines: readonly Line[]): Location =>
    new Location({ id, mappingId: 1, address: 0x401000 + id, line: [...lines] });
  return new Profile({
    sampleType,
    sample: [
      new Sample({
        locationId: [1, 2, 3],
        value: [4, 4_000_000, 2, 2_000_000],
        label: [new Label({ key: strings.dedup("bytes"), num: 1_000_000 })],
      }),
      new Sample({ locationId: [4, 3], value: [1, 1_000_000, 1, 1_000_000] }),
    ],
    mapping: [new Mapping({ id: 1, memoryStart: 0x400000, memoryLimit: 0x500000, filename: strings.dedup("/opt/app/consumer") })],
    location: [location(1, [line(1)]), location(2, [line(3), line(2)]), location(3, [line(4)]), location(4, [])],
    function: functions,
    stringTable: strings,
    timeNanos: 1_795_334_334_385_398_956n,
    periodType: type("space", "bytes"),
    period: 524_288,
  }).encode();
}

function allocationProfile(): Uint8Array {
  const strings = new StringTable();
  const name = strings.dedup("Consumer.Poll");
  return new Profile({
    sampleType: [
      new ValueType({ type: strings.dedup("alloc-samples"), unit: strings.dedup("count") }),
      new ValueType({ type: strings.dedup("alloc-size"), unit: strings.dedup("bytes") }),
    ],
    sample: [
      new Sample({
        locationId: [1],
        value: [10, 640],
        label: [new Label({ key: strings.dedup("thread_name"), str: strings.dedup("poller") })],
      }),
      new Sample({ locationId: [1], value: [0, 0], label: [] }),
    ],
    location: [new Location({ id: 1, line: [new Line({ functionId: 1, line: 3 })] })],
    function: [new PprofFunction({ id: 1, name, systemName: name, filename: strings.dedup("Consumer") })],
    stringTable: strings,
  }).encode();
}

function heapProfile(): string {
  const node = (functionName: string, url: string, selfSize: number, id: number, children: readonly object[]): object => ({
    callFrame: { functionName, scriptId: "1", url, lineNumber: id, columnNumber: 0 },
    selfSize,
    id,
    children,
  });
  const fetch = node("decode", "file:///srv/app/node_modules/kafkajs/src/protocol/decoder.js", 32_784, 3, []);
  const keep = node("remember", "file:///srv/app/index.js", 2 * 32_784, 4, []);
  return JSON.stringify({
    head: node("(root)", "", 0, 1, [node("", "node:internal/timers", 0, 2, [fetch, keep])]),
    samples: [
      { size: 32_784, nodeId: 3, ordinal: 100 },
      { size: 32_784, nodeId: 4, ordinal: 1 },
      { size: 32_784, nodeId: 4, ordinal: 50 },
    ],
  });
}

/** A head as Node.js 20 writes it. */
const SNAPSHOT_META = {
  node_fields: ["type", "name", "id", "self_size", "edge_count", "trace_node_id", "detachedness"],
  node_types: [
    ["hidden", "array", "string", "object", "code", "closure", "regexp", "number", "native", "synthetic"],
    "string",
    "number",
    "number",
    "number",
    "number",
    "number",
  ],
  edge_fields: ["type", "name_or_index", "to_node"],
  edge_types: [["context", "element", "property", "internal", "hidden", "shortcut", "weak"], "string_or_number", "node"],
  location_fields: ["object_index", "script_id", "line", "column"],
};

export interface SnapshotNode {
  readonly type: string;
  readonly name: string;
  readonly bytes?: number;
  readonly id?: number;
  readonly script?: number; // id of the script that its location is in
  /** `kind name target`: the target by its row, the first node being 0. */
  readonly edges?: readonly (readonly [kind: string, name: string | number, target: number])[];
}

/** A heap snapshot as V8 writes it: one record a line, strings last. */
export function heapSnapshot(nodes: readonly SnapshotNode[]): string {
  const strings = ["<dummy>"];
  const string = (text: string): number => {
    const known = strings.indexOf(text);
    return known >= 0 ? known : strings.push(text) - 1;
  };
  const nodeTypes = SNAPSHOT_META.node_types[0] as readonly string[];
  const edgeTypes = SNAPSHOT_META.edge_types[0] as readonly string[];
  const rows = nodes.map(({ type, name, bytes = 0, id, edges = [] }, row) =>
    [nodeTypes.indexOf(type), string(name), id ?? 2 * row + 1, bytes, edges.length, 0, 0].join(),
  );
  const edges = nodes.flatMap(({ edges = [] }) =>
    edges.map(([kind, name, to]) => [edgeTypes.indexOf(kind), typeof name === "number" ? name : string(name), 7 * to].join()),
  );
  const locations = nodes.flatMap(({ script }, row) => (script === undefined ? [] : [[7 * row, script, 1, 1].join()]));
  const head = { meta: SNAPSHOT_META, node_count: nodes.length, edge_count: edges.length, trace_function_count: 0 };
  const lists = [
    `"nodes":[${rows.join("\n,")}]`,
    `"edges":[${edges.join("\n,")}]`,
    '"trace_function_infos":[]',
    '"trace_tree":[]',
    '"samples":[]',
    `"locations":[${locations.join("\n,")}]`,
    `"strings":[${strings.map((text) => JSON.stringify(text)).join(",\n")}]`,
  ];
  return `{"snapshot":${JSON.stringify(head)},\n${lists.join(",\n")}}\n`;
}

/** A Map of the application holds two slices of a fetch response. */
export const SLICED_RESPONSE: readonly SnapshotNode[] = [
  { type: "synthetic", name: "", edges: [["element", 1, 1]] },
  { type: "synthetic", name: "(GC roots)", edges: [["element", 0, 2]] },
  {
    type: "closure",
    name: "remember",
    bytes: 64,
    script: 7,
    edges: [
      ["internal", "context", 3],
      ["internal", "shared", 4],
    ],
  },
  { type: "object", name: "system / Context", bytes: 48, edges: [["context", "kept", 6]] },
  { type: "code", name: "remember", bytes: 56, edges: [["internal", "script_or_debug_info", 5]] },
  { type: "code", name: "/srv/app/index.js", bytes: 144 },
  { type: "object", name: "Map", bytes: 32, edges: [["internal", "table", 7]] },
  {
    type: "array",
    name: "",
    bytes: 128,
    edges: [
      ["internal", "0", 8],
      ["internal", "1", 9],
    ],
  },
  { type: "object", name: "Buffer", bytes: 88, edges: [["internal", "buffer", 10]] },
  { type: "object", name: "Buffer", bytes: 88, edges: [["internal", "buffer", 10]] },
  { type: "object", name: "ArrayBuffer", bytes: 96, edges: [["internal", "backing_store", 11]] },
  { type: "native", name: "system / JSArrayBufferData", bytes: 10_485_760, edges: [["weak", "2", 12]] },
  { type: "string", name: 'a \\ "quoted" \u00e9 \ud83d\ude00', bytes: 40 },
];

/** A thread whose frame keeps an order, which holds itself and its payload; another payload is held weakly. */
export function heapDump(idBytes: 4 | 8, tag: 0x0c | 0x1c): HprofWriter {
  const dump = new HprofWriter(idBytes);
  const [object, reference, weak, thread, order, list] = [
    "java/lang/Object",
    "java/lang/ref/Reference",
    "java/lang/ref/WeakReference",
    "java/lang/Thread",
    "com/acme/Order",
    "[Ljava/lang/Object;",
  ].map((name) => dump.loadClass(name)) as [number, number, number, number, number, number];
  const [worker, first, cache, payload, other, elements] = Array.from({ length: 6 }, () => dump.newId()) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  dump
    .dumpClass(object, 0, [])
    .dumpClass(reference, object, [["referent", "object"]])
    .dumpClass(weak, reference, []);
  dump.dumpClass(thread, object, [["priority", "int"]]).dumpClass(list, object, []);
  dump.dumpClass(order, object, [
    ["payload", "object"],
    ["amount", "long"],
    ["next", "object"],
  ]);
  dump.primitives(payload, "byte", 3000).primitives(other, "char", 500).objects(elements, list, [first, 0, first]);
  dump
    .instance(worker, thread, [int(5)])
    .instance(cache, weak, [other])
    .instance(first, order, [payload, int(0), int(7), first]);
  dump.root(0x05, object).root(0x01, cache);
  dump.thread(worker, 1, [
    { method: "poll", classSerial: 5, holds: [] },
    { method: "main", classSerial: 5, holds: [elements] },
  ]);
  return tag === 0x1c ? dump.heap(tag).end() : dump.heap(tag);
}

/** By format. */
export const sampleCaptures: Readonly<Record<string, readonly SampleCapture[]>> = {
  "class-histogram": [{ name: "histogram.txt", bytes: encode(histograms()), liveBytes: 5016 }],
  collapsed: [
    { name: "wide.collapsed", bytes: Buffer.from("\uFEFFmain;poll 4096\r\nmain;handle 17\r\n", "utf16le"), liveBytes: 4113 },
    { name: "stacks.collapsed", bytes: encode("# jeprof\nmain;poll;rd_kafka_recv 4096\nmain;handle 17\n"), liveBytes: 4113 },
  ],
  "heap-profile": [
    { name: "gp.0003.heap", bytes: encode(gperftools()), liveBytes: 70_200, allocatedBytes: 90_200 },
    { name: "heap.txt", bytes: encode(goText()), liveBytes: 1_658_822 + 829_411, allocatedBytes: 1_658_822 + 829_411 },
    { name: "java.heap", bytes: encode(javaHeapz()), liveBytes: 4_740_414 + 524_304 },
  ],
  heaptrack: [{ name: "heaptrack.consumer.4711", bytes: encode(heaptrackFile()), liveBytes: 4160, allocatedBytes: 4224 }],
  hprof: [
    { name: "heap.hprof", bytes: heapDump(8, 0x1c).bytes(), liveBytes: 3000 + 1000 + 24 + 4 + 8 + 24 },
    { name: "agent.hprof", bytes: heapDump(4, 0x0c).bytes(), liveBytes: 3000 + 1000 + 12 + 4 + 4 + 16 },
  ],
  jemalloc: [{ name: "jeprof.4711.0.i0.heap", bytes: encode(jemallocDump()) }],
  pprof: [
    { name: "heap.pb", bytes: goProfile(), liveBytes: 3_000_000, allocatedBytes: 5_000_000 },
    { name: "allocations.pb", bytes: allocationProfile(), liveBytes: null, allocatedBytes: 640 },
  ],
  "v8-heap-snapshot": [{ name: "app.heapsnapshot", bytes: encode(heapSnapshot(SLICED_RESPONSE)), liveBytes: 10_486_544 }],
  "v8-sampling": [{ name: "app.heapprofile", bytes: encode(heapProfile()), liveBytes: 3 * 32_784 }],
};
