import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { Failure } from "../base/failure.ts";
import { expandCaptures, ofOneKind, refuseCapture, sortGiven, sourceOf } from "./inputs.ts";

const folder = await mkdtemp(path.join(tmpdir(), "lagleak-inputs-"));
after(() => rm(folder, { recursive: true }));
for (const name of ["heap.10", "heap.2", "heap.1.txt"]) await writeFile(path.join(folder, name), `HEAP ${name}`);
await writeFile(path.join(folder, "heap.3.gz"), gzipSync("HEAP compressed"));
await writeFile(path.join(folder, "notes.md"), "perhaps");
await writeFile(path.join(folder, "empty"), "");
await mkdir(path.join(folder, "older"));

/** Certain of what begins with HEAP, and thinks that notes may be something. */
const recognizers = [
  {
    recognize: (head: Uint8Array) => {
      const text = new TextDecoder().decode(head);
      return text.startsWith("HEAP") ? ("certain" as const) : text === "perhaps" ? ("likely" as const) : ("no" as const);
    },
  },
];
const namesOf = (files: readonly string[]): readonly string[] => files.map((file) => path.basename(file));

test("a folder stands for its captures, by name with numbers in order; notes beside them are none", async () => {
  assert.deepEqual(namesOf(await expandCaptures([folder], recognizers)), ["heap.1.txt", "heap.2", "heap.3.gz", "heap.10"]);
});

test("a folder in which nothing is certain stands for what is likely", async () => {
  const likely = [{ recognize: (head: Uint8Array) => (head.length === 7 ? ("likely" as const) : ("no" as const)) }];
  assert.deepEqual(namesOf(await expandCaptures([folder], likely)), ["notes.md"]);
});

test("patterns that the shell left alone are expanded, and no file is read twice", async () => {
  const pattern = path.join(folder, "heap.{2,10}");
  assert.deepEqual(namesOf(await expandCaptures([path.join(folder, "heap.10"), pattern, "-"], recognizers)), ["heap.10", "heap.2", "-"]);
});

test("a folder or a pattern without captures is refused by its name", async () => {
  const older = path.join(folder, "older");
  for (const [name, message] of [
    [older, "is an empty folder"],
    [path.join(folder, "*.pb"), "matches no file"],
  ] as const) {
    await assert.rejects(expandCaptures([name], recognizers), (failure: unknown) => {
      assert.ok(failure instanceof Failure);
      assert.equal(failure.code, "not-found");
      assert.equal(failure.message, message);
      assert.equal(failure.where?.file, name);
      return true;
    });
  }
});

const beside = await mkdtemp(path.join(tmpdir(), "lagleak-beside-"));
after(() => rm(beside, { recursive: true }));
const dump = "heap_v2/524288\n  t*: 1: 64 [0: 0]\n@ 0x1 0x2\n  t*: 1: 64 [0: 0]\n\nMAPPED_LIBRARIES:\n";
const config = {
  "client.properties": "fetch.max.bytes=1000\ngroup.id=g\n",
  "deployment.yaml":
    "apiVersion: apps/v1\nkind: Deployment\nspec:\n  containers:\n  - env:\n    - {name: KAFKA_FETCH_MAX_BYTES, value: '1'}\n",
  "connector.json": '{"name": "x", "config": {"connector.class": "y", "consumer.override.fetch.max.bytes": 1}}',
  "options.toml": '"fetch.max.bytes" = "1"\n',
  "prod.env": "KAFKA_FETCH_MAX_BYTES=1\nLANG=C\n",
  "app.log": "INFO ConsumerConfig values: \n\tfetch.max.bytes = 1\n\n",
  "debug.log": "%7|1.5|CONF|a#consumer-1| [thrd:app]: Client configuration:\n%7|1.5|CONF|a#consumer-1| [thrd:app]:   fetch.max.bytes = 1\n",
};
await writeFile(path.join(beside, "jeprof.1.heap"), dump);
for (const [name, text] of Object.entries(config)) await writeFile(path.join(beside, name), text);
await writeFile(path.join(beside, "main.go"), 'kafka.NewConsumer(&kafka.ConfigMap{"fetch.max.bytes": 1})\n');
await writeFile(path.join(beside, "README.md"), "Set this, and restart:\n\n    fetch.max.bytes=1000\n\nThen look again.\n");

test("configuration that lies beside the captures of a folder is evidence; programs and notes there are not", async () => {
  const { captures, evidence } = await sortGiven([beside]);
  assert.deepEqual(namesOf(captures), ["jeprof.1.heap"]);
  assert.deepEqual(namesOf(evidence.map(({ file }) => file)).toSorted(), Object.keys(config).toSorted());
  assert.ok(evidence.every(({ source }) => source.id === "client-config"));
});

test("of captures of several kinds those with the longest course are kept, with all evidence", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "lagleak-kinds-"));
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const settings = await write("client.properties", config["client.properties"]);
  const stacks = await write("sites.collapsed", "app;main;keep 5\napp;main;free 6\n");
  const dumps = [await write("a-1.heap", dump), await write("a-2.heap", dump)];
  assert.deepEqual(await ofOneKind([settings, stacks, ...dumps]), { kept: [settings, ...dumps], leftOut: [stacks] });
  const events = await write("a.raw", "v 10400 3\n");
  assert.deepEqual(await ofOneKind([events, settings, ...dumps]), { kept: [events, settings], leftOut: dumps });
  assert.deepEqual(await ofOneKind([settings]), { kept: [settings], leftOut: [] });
  await rm(folder, { recursive: true });
});

test("every kind of configuration is told from a capture where it is named itself, a program too", async () => {
  const names = [...Object.keys(config), "main.go"].map((name) => path.join(beside, name));
  const { captures, evidence } = await sortGiven([path.join(beside, "jeprof.1.heap"), ...names]);
  assert.deepEqual(namesOf(captures), ["jeprof.1.heap"]);
  assert.deepEqual(
    evidence.map(({ file }) => file),
    names,
  );
  assert.deepEqual((await sortGiven([path.join(beside, "README.md")])).evidence, []);
});

test("a log that holds the configuration and statistics is evidence of both", async () => {
  const file = path.join(beside, "both.txt");
  await writeFile(file, `${config["debug.log"]}{"name":"a#consumer-1","ts":1,"time":1,"replyq":0,"brokers":{},"topics":{}}\n`);
  assert.deepEqual(
    (await sortGiven([file])).evidence.map(({ source }) => source.id),
    ["client-config", "librdkafka-stats"],
  );
  await rm(file);
});

test("a capture that is given as configuration is refused as one", async () => {
  await assert.rejects(refuseCapture(path.join(beside, "jeprof.1.heap"), "--config"), (failure: unknown) => {
    assert.ok(failure instanceof Failure);
    assert.equal(failure.code, "configuration");
    assert.match(failure.message, /is a capture \(.*\), not what --config takes/);
    return true;
  });
  await refuseCapture(path.join(beside, "client.properties"), "--config");
});

const outside = {
  "describe.txt":
    "\nGROUP  TOPIC  PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID  HOST  CLIENT-ID\ng  t  0  5  10  5  -  -  -\n",
  "burrow.json": '{"error":false,"status":{"group":"g","partitions":[],"partition_count":1,"totallag":5}}\n',
  "metrics.txt": "# HELP process_resident_memory_bytes x\n# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 5\n",
  "range.json": '{"status":"success","data":{"resultType":"matrix","result":[]}}\n',
  "rss.csv": "time,rss_bytes\n2026-11-24T12:00:00Z,5\n",
  "ps.txt": "2026-11-24T12:00:00Z\n  PID   RSS\n    1     5\n",
  "malloc.xml": '<malloc version="1">\n<heap nr="0">\n</heap>\n</malloc>\n',
  "nmt.txt": "1:\n\nNative Memory Tracking:\n\nTotal: reserved=1KB, committed=1KB\n",
  "vars.json": '{"cmdline":["x"],"memstats":{"Sys":5,"HeapAlloc":1,"HeapReleased":0}}\n',
  "p.lagleak.jsonl": '{"tMs":1,"rss":5,"queues":[]}\n',
};

test("lag and memory that lie beside the captures of a folder are evidence, each of one source; notes about them are not", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "lagleak-evidence-"));
  await writeFile(path.join(folder, "jeprof.1.heap"), dump);
  for (const [name, text] of Object.entries(outside)) await writeFile(path.join(folder, name), text);
  await writeFile(path.join(folder, "README.md"), `How it was made:\n\n${Object.values(outside).join("\n")}`);
  const { captures, evidence } = await sortGiven([folder]);
  await rm(folder, { recursive: true });
  assert.deepEqual(namesOf(captures), ["jeprof.1.heap"]);
  assert.deepEqual(namesOf(evidence.map(({ file }) => file)).toSorted(), Object.keys(outside).toSorted());
});

test("an option takes what it is for and says where anything else belongs", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "lagleak-options-"));
  for (const [name, text] of Object.entries(outside)) await writeFile(path.join(folder, name), text);
  await writeFile(path.join(folder, "jeprof.1.heap"), dump);
  const source = async (name: string, wanted: "lag" | "memory"): Promise<string> => {
    try {
      return (await sourceOf(path.join(folder, name), wanted)).id;
    } catch (failure) {
      return failure instanceof Failure ? `${failure.code}: ${failure.hint}` : String(failure);
    }
  };
  assert.equal(await source("describe.txt", "lag"), "consumer-groups");
  assert.equal(await source("rss.csv", "memory"), "series-csv");
  assert.equal(await source("describe.txt", "memory"), "configuration: Give it with --lag.");
  assert.equal(await source("ps.txt", "lag"), "configuration: Give it with --memory.");
  assert.equal(await source("jeprof.1.heap", "memory"), "configuration: Name it without --memory.");
  await rm(folder, { recursive: true });
});
