/** What no output holds: payloads and secrets never, and with --redact none of the names that are the user's own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Function as Code, Label, Line, Location, Profile as Pprof, Sample, StringTable, ValueType } from "pprof-format";
import { hidden, hiddenFile, hiddenIn } from "./base/redaction.ts";
import { inputFromBytes } from "./base/source.ts";
import { clientConfig } from "./evidence/client-config.ts";
import { consumerGroups } from "./evidence/consumer-groups.ts";
import type { EvidenceSource } from "./evidence/evidence.ts";
import { librdkafkaStats } from "./evidence/librdkafka-stats.ts";
import { prometheus } from "./evidence/prometheus.ts";
import { readCapture } from "./formats/recognize.ts";
import {
  analyze,
  compare,
  type Evidence,
  inspect,
  type Profile,
  parseSuppressions,
  redact,
  render,
  renderComparison,
  report,
} from "./index.ts";
import { collapsedOf } from "./report/convert-collapsed.ts";
import { pprofOf } from "./report/convert-pprof.ts";
import { speedscopeOf } from "./report/convert-speedscope.ts";
import { inspectText } from "./report/inspect-text.ts";
import { heapSnapshot, type SnapshotNode } from "./testing/captures.ts";
import { sarifProblems } from "./testing/sarif.ts";
import { sketch } from "./testing/sketch.ts";

const wide = { columns: 200, color: false, verbose: true };

/** Everything that the program can say of a profile. */
function outputsOf(
  profile: Profile,
  options: { readonly redact: boolean; readonly evidence?: readonly Evidence[] },
): Record<string, string> {
  const told = { suppressions: parseSuppressions("leak:warm_secretcache\n", "/home/jane/lsan.supp") };
  const outputs: Record<string, string> = {};
  for (const groupBy of ["party", "component", "package", "function"] as const) {
    const answer = analyze(profile, { groupBy, redact: options.redact, told, evidence: options.evidence ?? [] });
    for (const format of ["text", "json", "markdown", "sarif"]) outputs[`analyze ${groupBy} ${format}`] = render(answer, format, wide);
    const page = render(report(profile, { groupBy, redact: options.redact, told, evidence: options.evidence ?? [] }), "html", wide);
    outputs[`report ${groupBy} html`] = withoutOurScripts(page);
    const difference = compare(profile, profile, { groupBy, redact: options.redact, told });
    for (const format of ["text", "json", "markdown", "sarif"] as const) {
      outputs[`diff ${groupBy} ${format}`] = renderComparison(difference, format, wide);
    }
  }
  const facts = inspect(profile, { redact: options.redact });
  const shown = options.redact ? redact(profile) : profile;
  return {
    ...outputs,
    "inspect json": JSON.stringify(facts),
    "inspect text": inspectText(facts, wide),
    pprof: new TextDecoder().decode(pprofOf(shown)),
    collapsed: collapsedOf(shown),
    speedscope: speedscopeOf(shown, "0.0.0"),
  };
}

/** Of a page only what it is made of: the words of scripts and styles are no capture's. */
function withoutOurScripts(page: string): string {
  return page.replace(/<style>.*?<\/style>|<script>.*?<\/script>/gs, "");
}

async function evidenceOf(text: string, source: EvidenceSource, name: string): Promise<readonly Evidence[]> {
  return [await source.read(await inputFromBytes(name, new TextEncoder().encode(text)))].flat();
}

const FETCH = "[rdk:broker1] > /opt/acme/librdkafka.so.1!rd_kafka_recv @ /build/jane/rdkafka_broker.c > malloc";
const own = Array.from({ length: 12 }, (_, row) => [
  `at ${row * 10}s ${FETCH} 100000 / 10`,
  `at ${row * 10}s [orders-worker-7] > /opt/acme/orders-svc!acme::billing::Ledger::keep @ /home/jane/acme/ledger.rs > malloc 4000000 / 40`,
  `at ${row * 10}s main > alloc::vec::Vec<acme::billing::Invoice>::push > malloc 40000 / 40`,
  `at ${row * 10}s main > warm_secretcache > malloc 500 / 1`,
]);

function ownProfile(): Profile {
  const profile = sketch(own.flat().join("\n"));
  const captures = profile.captures.map((capture) => ({ ...capture, path: "/home/jane/acme-prod/kafka-07.acme.example/heap.1.zst" }));
  const loss = {
    code: "left-out",
    text: "left out of the trend: /home/jane/acme-prod/kafka-07.acme.example/heap.1.zst, heap.1.zst",
    offset: null,
    count: 1,
  } as const;
  return { ...profile, captures, losses: [loss], origin: { ...profile.origin, command: "orders-svc --topic payments.v2" } };
}

const OWN_NAMES = /acme|jane|orders|ledger|billing|invoice|payments|kafka-07|secretcache|heap\.1|10\.1\.2\.3/i;

test("redacted, no output holds a name that is the user's own, and those of clients and runtimes stay readable", async () => {
  const evidence = [
    ...(await evidenceOf(
      "queued.max.messages.kbytes=4096\nacme.orders.mode=x\ngroup.id=payments\n",
      clientConfig,
      "/home/jane/client.properties",
    )),
    ...(await evidenceOf(
      JSON.stringify({
        name: "acme-orders#consumer-1",
        client_id: "acme-orders",
        type: "consumer",
        ts: 1,
        time: 1_700_000_000,
        replyq: 0,
        brokers: { "kafka-07.acme.example:9092/1": { name: "kafka-07.acme.example:9092/1" } },
        topics: { "payments.v2": { partitions: { 0: { partition: 0, fetchq_cnt: 1, fetchq_size: 1024 } } } },
      }),
      librdkafkaStats,
      "/home/jane/stats.jsonl",
    )),
    ...(await evidenceOf(
      `GROUP          TOPIC        PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG    CONSUMER-ID      HOST             CLIENT-ID
billing        payments.v2  0          1000            51000           50000  acme-orders-1-x  /10.1.2.3        acme-orders
`,
      consumerGroups,
      "/home/jane/payments-lag.txt",
    )),
    ...(await evidenceOf(
      [0, 60, 120]
        .map(
          (second) =>
            `container_memory_working_set_bytes{pod="orders-7",namespace="billing"} ${90_000_000 + second} ${1_700_000_000_000 + second * 1000}`,
        )
        .join("\n"),
      prometheus,
      "/home/jane/orders-memory.prom",
    )),
  ];
  const plain = outputsOf(ownProfile(), { redact: false, evidence });
  const outputs = outputsOf(ownProfile(), { redact: true, evidence });
  for (const [name, text] of Object.entries(outputs)) {
    assert.ok(OWN_NAMES.test(plain[name] ?? "") || /^(?:analyze|diff) (?:party|component)/.test(name), `${name} shows the names otherwise`);
    assert.doesNotMatch(text, OWN_NAMES, name);
    if (name.endsWith("sarif")) assert.deepEqual(sarifProblems(text), [], name);
  }
  assert.match(outputs["collapsed"] ?? "", /\[rdk:broker1\];rd_kafka_recv;malloc /);
  assert.match(outputs["collapsed"] ?? "", /alloc::vec::Vec::push/);
  assert.match(outputs["analyze function text"] ?? "", /rd_kafka_recv/);
  assert.match(outputs["speedscope"] ?? "", /"file":"rdkafka_broker\.c"/);
});

test("redaction changes names and nothing else", () => {
  const [plain, redacted] = [false, true].map((isRedacted) => analyze(ownProfile(), { redact: isRedacted }));
  assert.equal(plain?.verdict.class, redacted?.verdict.class);
  assert.deepEqual(plain?.totals, redacted?.totals);
  assert.deepEqual(
    plain?.groups.map(({ party, component, liveBytes }) => [party, component, liveBytes]),
    redacted?.groups.map(({ party, component, liveBytes }) => [party, component, liveBytes]),
  );
});

test("a stand-in is the same in every answer, keeps the extension of a file, and hides whole words only", () => {
  assert.equal(hidden("acme::billing::Ledger::keep"), "hidden-a615b4eb07");
  assert.equal(hidden(hidden("x")), hidden("x"));
  assert.equal(hiddenFile("/home/jane/ledger.rs"), `${hidden("/home/jane/ledger.rs")}.rs`);
  assert.equal(hiddenFile("-"), "-");
  const standIns = new Map([["map", "hidden-map"]]);
  assert.equal(hiddenIn("map of mapped maps", standIns), "hidden-map of mapped maps");
  assert.equal(hiddenIn("12 MiB/s, 3/4, https://github.com/a/b/issues/1", standIns), "12 MiB/s, 3/4, https://github.com/a/b/issues/1");
  assert.doesNotMatch(hiddenIn("at C:\\Users\\jane\\x.txt, /home/jane/x and kafka-07.acme.example:9092", standIns), /jane|acme/);
});

const SECRETS = /hunter2|card-4111|BEGIN-PAYLOAD/;

/** A pprof profile with everything around its samples that could be anything: labels, comments, strings that nothing uses. */
function pprofWithSecrets(): Uint8Array {
  const stringTable = new StringTable();
  const id = (text: string): number => stringTable.dedup(text);
  const code = new Code({ id: 1, name: id("main.keep"), systemName: id("main.keep"), filename: id("main.go") });
  id("BEGIN-PAYLOAD {card: card-4111}");
  const profile = new Pprof({
    sampleType: [
      new ValueType({ type: id("inuse_objects"), unit: id("count") }),
      new ValueType({ type: id("inuse_space"), unit: id("bytes") }),
    ],
    function: [code],
    location: [new Location({ id: 1, line: [new Line({ functionId: 1, line: 7 })] })],
    sample: [
      new Sample({
        locationId: [1],
        value: [10, 1_000_000],
        label: [new Label({ key: id("authorization"), str: id("Bearer hunter2") }), new Label({ key: id("body"), str: id("card-4111") })],
      }),
    ],
    periodType: new ValueType({ type: id("space"), unit: id("bytes") }),
    period: 524_288,
    timeNanos: 1_700_000_000_000_000_000n,
    comment: [id("password=hunter2")],
    stringTable,
  });
  return profile.encode();
}

test("payloads and secrets of a capture, of its command line, of configuration and statistics are in no output, redacted or not", async () => {
  const heaptrack = [
    "v 10400 3",
    "X consumer --sasl.password=hunter2 --body card-4111",
    "I 1000 4",
    "s 4 main",
    "s b consumer-bin",
    "i 1000 2 1",
    "t 1 0",
    "a 100 1",
    "+ 0",
    "c 1",
    "+ 0",
    "c 2",
    "",
  ].join("\n");
  const captures = [
    await inputFromBytes("heap.pb", pprofWithSecrets()),
    await inputFromBytes("consumer.heaptrack", new TextEncoder().encode(heaptrack)),
    await inputFromBytes("histogram.txt", new TextEncoder().encode(HISTOGRAM)),
    await inputFromBytes(
      "heap.collapsed",
      new TextEncoder().encode("main;keep 100000\nBEGIN-PAYLOAD card-4111 hunter2\nmain;rd_kafka_recv 500\n"),
    ),
  ];
  const evidence = [
    ...(await evidenceOf(
      'sasl.password=hunter2\nsasl.jaas.config=x password="hunter2";\nfetch.max.bytes=1000\n',
      clientConfig,
      "client.properties",
    )),
    ...(await evidenceOf(
      JSON.stringify({
        name: "a#consumer-1",
        type: "consumer",
        ts: 1,
        time: 1_700_000_000,
        replyq: 0,
        brokers: {},
        topics: { t: { partitions: { 0: { partition: 0, fetchq_cnt: 1, fetchq_size: 1024, last: "card-4111" } } } },
        "sasl.password": "hunter2",
      }),
      librdkafkaStats,
      "stats.jsonl",
    )),
  ];
  for (const input of captures) {
    const profile = await readCapture(input, { symbolize: false });
    for (const isRedacted of [false, true]) {
      for (const [name, text] of Object.entries(outputsOf(profile, { redact: isRedacted, evidence }))) {
        assert.doesNotMatch(text, SECRETS, `${input.name}: ${name}`);
      }
    }
  }
});

const HISTOGRAM = ` num     #instances         #bytes  class name (module)
-------------------------------------------------------
   1:            10          10000  [B (java.base@17)
   2:             5            500  App$Record
Total            15          10500
password=hunter2 card-4111
`;

test("with --redact the holders of an object graph have no names of the user's own", async () => {
  const node = (name: string, edges: NonNullable<SnapshotNode["edges"]>): SnapshotNode => ({ type: "object", name, bytes: 32, edges });
  const parts = Array.from({ length: 12 }, (): SnapshotNode => ({ type: "object", name: "AcmeOrder", bytes: 100_000 }));
  const heap = heapSnapshot([
    { type: "synthetic", name: "", edges: [["shortcut", "global", 1]] },
    node("AcmeRegistry", [["property", "acmeSecretCache", 2]]),
    node(
      "Map",
      parts.map((_, row) => ["element", row, row + 3]),
    ),
    ...parts,
  ]);
  const profile = await readCapture(await inputFromBytes("a.heapsnapshot", Buffer.from(heap)), { symbolize: false });
  assert.match(outputsOf(profile, { redact: false })["analyze party text"] ?? "", /acmeSecretCache/);
  for (const [what, text] of Object.entries(outputsOf(profile, { redact: true }))) assert.doesNotMatch(text, /acme/i, what);
});
