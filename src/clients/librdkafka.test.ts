import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ceiling, NOTHING_SAID, type Scope } from "./client.ts";
import { clients } from "./index.ts";
import { librdkafka } from "./librdkafka.ts";
import { boundingClient, bufferingRemediesOf, ceilingsOf, issuesOf, lineageOf } from "./lineage.ts";
import { rustRdkafka } from "./rust-rdkafka.ts";

function scopeOf(settings: Readonly<Record<string, string>>, given: Partial<Scope> = {}): Scope {
  return {
    ...NOTHING_SAID,
    version: "2.15.0",
    settings: new Map(Object.entries(settings)),
    compressionRatio: 1,
    ...given,
  };
}

function ceilingOf(component: Ceiling["component"], scope: Scope): Ceiling {
  const found = librdkafka.ceilings?.(scope).find((ceiling) => ceiling.component === component);
  assert.ok(found);
  return found;
}

const three = { brokers: 3, partitions: 12, messageBytes: 1024 };

test("before 1.5 the default was one gibibyte", () => {
  const gib = ceilingOf("fetch-queue", scopeOf({}, { version: "1.4.2", messageBytes: 20_000 }));
  assert.equal(gib.settings["queued.max.messages.kbytes"], "1048576");
  assert.ok(gib.bytes > 1.06e9);
  assert.equal(ceilingOf("fetch-queue", scopeOf({}, { version: "1.5.0" })).settings["queued.max.messages.kbytes"], "65536");
  assert.equal(ceilingOf("fetch-queue", scopeOf({}, { version: "0.11.6" })).settings["queued.max.messages.kbytes"], "1000000");
});

test("a property may be given by its alias", () => {
  for (const name of ["fetch.message.max.bytes", "max.partition.fetch.bytes", "topic.max.partition.fetch.bytes"]) {
    const ceiling = ceilingOf("fetch-queue", scopeOf({ [name]: "10485760" }));
    assert.equal(ceiling.settings["fetch.message.max.bytes"], "10485760", name);
  }
});

test("whatever had to be assumed is said, and the worst message size sets the upper bound", () => {
  const ceiling = ceilingOf("fetch-queue", scopeOf({}, { version: null, compressionRatio: null }));
  assert.equal(ceiling.assumed.length, 5);
  // 655 B a message: both limits are reached at once, a batch of each chunk is cut; a whole response of 50 MiB and one chunk beyond
  const most = ceilingOf("fetch-queue", scopeOf({}, { messageBytes: 65536000 / 100_000 }));
  assert.equal(ceiling.highBytes, most.highBytes);
  assert.ok(ceiling.highBytes > 240e6 && ceiling.highBytes < 250e6, String(ceiling.highBytes));
  assert.match(ceiling.formula, /queued\.max\.messages\.kbytes=65536 × 1000 B ÷ 1024 B messages/);
});

test("every instance has its own queues", () => {
  const one = ceilingOf("fetch-queue", scopeOf({}, three));
  const twelve = ceilingOf("fetch-queue", scopeOf({}, { ...three, instances: 12 }));
  assert.equal(twelve.bytes, 12 * one.bytes);
  assert.equal(twelve.highBytes, 12 * one.highBytes);
});

test("a queue holds its values, one object a message, keys, headers and bookkeeping", () => {
  assert.equal(librdkafka.queueBytes?.(32_855, 32_740_402, scopeOf({}, { version: "2.3.0", keyBytes: 8 })), 32_740_402 + 32_855 * 344);
});

test("the advice names settings under which the upper bound fits the target", () => {
  for (const targetBytes of [200e6, 64e6, 20e6]) {
    const scope = scopeOf({ "fetch.max.bytes": "52428800" }, three);
    const remedies = bufferingRemediesOf(librdkafka, scope, targetBytes, "fetch-queue", clients);
    const settings = remedies[0]?.settings;
    assert.ok(settings);
    assert.ok(ceilingOf("fetch-queue", scopeOf(settings, three)).highBytes <= targetBytes);
    assert.ok(remedies.some((remedy) => remedy.code === "unset-fetch-max-bytes"));
  }
  assert.equal(bufferingRemediesOf(librdkafka, scopeOf({}, three), 100_000, "fetch-queue", clients)[0]?.code, "target-too-small");
});

test("a producer's queue can be made to fit, too", () => {
  const scope = scopeOf({}, { messageBytes: 1000 });
  const remedies = bufferingRemediesOf(librdkafka, scope, 50e6, "producer-queue", clients);
  const settings = remedies[0]?.settings;
  assert.ok(settings);
  const high = ceilingOf("producer-queue", scopeOf(settings, { messageBytes: 1000 })).highBytes;
  assert.ok(high <= 50e6 && high > 49e6, String(high));
  assert.equal(remedies[1]?.code, "poll-delivery-reports");
});

test("the formula shows its numbers", () => {
  assert.equal(
    ceilingOf("fetch-queue", scopeOf({}, { ...three, instances: 2 })).formula,
    "2 instances × (queued.max.messages.kbytes=65536 × 1000 B ÷ 1024 B messages × (1024 B value + 10 B key, headers and framing + 304 B object)" +
      " + 3 brokers × 1.58 MiB of fetches under way + 1.43 MiB for the client itself) = 176 MiB",
  );
  assert.equal(
    ceilingOf("producer-queue", scopeOf({}, { messageBytes: 1000, keyBytes: 8 })).formula,
    "min(queue.buffering.max.messages=100000, queue.buffering.max.kbytes=1048576 × 1024 B ÷ 1000 B) messages × (1000 B value + 184 B struct, key and headers)" +
      " + up to 138 MiB of requests in flight = 113 MiB",
  );
});

test("the crate rdkafka has the queues and the leaks of the librdkafka inside of it", () => {
  const inside = (version: string): string | null | undefined => lineageOf(rustRdkafka, version, clients)[1]?.version;
  const table = {
    "0.24.0": "1.4.2",
    "0.29.0": "1.9.2",
    "0.33.2": "1.9.2",
    "0.34.0": "2.2.0",
    "0.36.2": "2.3.0",
    "0.37.0": "2.3.0",
    "0.38.0": "2.10.0",
  };
  for (const [crate, library] of Object.entries(table)) assert.equal(inside(crate), library, crate);
  assert.equal(inside("0.20.0"), null);
  assert.equal(boundingClient(rustRdkafka, "0.36.2", clients)?.client.id, "librdkafka");
  const ceiling = ceilingsOf(rustRdkafka, scopeOf({}, { version: "0.24.0" }), clients)[0];
  assert.equal(ceiling?.settings["queued.max.messages.kbytes"], "1048576");
  const leaks = (version: string | null): readonly string[] =>
    issuesOf(rustRdkafka, version, clients)
      .filter(({ issue }) => issue.kind === "client-leak")
      .map(({ issue }) => issue.url.replace(/.*\//, ""));
  assert.deepEqual(leaks("0.36.2"), ["634", "4486", "4724"]);
  assert.deepEqual(leaks("0.34.0"), ["634", "4486", "4375", "4724"]);
  assert.deepEqual(leaks("0.38.0"), []);
  assert.deepEqual(leaks(null), ["634", "4486", "4375", "1478", "1384", "4724"]);
});
