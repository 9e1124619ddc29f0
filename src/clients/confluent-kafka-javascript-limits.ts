/**
 * How much @confluentinc/kafka-javascript holds: librdkafka's queue under the settings that its kafkaJS block comes to, and a cache
 * of messages in JavaScript. Follows 1.10.1. The cache is bounded in time, never in bytes; what bounds it is what the queue held
 * when it was filled.
 */
import { formatBytes } from "../base/units.ts";
import { compareVersions } from "../base/versions.ts";
import { ceilingFrom, TYPICAL_MESSAGE_BYTES } from "./ceilings.ts";
import type { BoundedComponent, Ceiling, CeilingTerm, Parameter, Remedy, Scope, Trap } from "./client.ts";
import {
  consumerCeiling as librdkafkaConsumer,
  parameters as librdkafkaParameters,
  remediesFor as librdkafkaRemedies,
  producerCeiling,
} from "./librdkafka-limits.ts";
import { Parameters, withSettings } from "./parameters.ts";

const CONSUMER = "lib/kafkajs/_consumer.js at 1.10.1";

/** What it adds to the parameters of librdkafka. */
export const parameters: readonly Parameter[] = [
  {
    name: "maxBytes",
    aliases: ["kafkaJS.maxBytes"],
    // Left out, the block still sets 10 MiB; without a block librdkafka's own default holds
    defaults: [{ from: "0", value: "10485760" }],
    unit: "bytes on the wire",
    per: "partition and fetch",
    source: `${CONSUMER}, line 590: it becomes fetch.message.max.bytes`,
  },
  {
    name: "maxBytesPerPartition",
    aliases: ["kafkaJS.maxBytesPerPartition"],
    defaults: [{ from: "0", value: "" }],
    unit: "bytes on the wire",
    per: "nothing: maxBytes is set after it, under another name of the same property",
    source: `${CONSUMER}, line 576`,
  },
  {
    name: "js.consumer.max.cache.size.per.worker.ms",
    defaults: [{ from: "0", value: "1500" }],
    unit: "milliseconds of processing, as measured",
    per: "worker",
    source: `${CONSUMER}, line 188`,
  },
  {
    name: "js.consumer.max.batch.size",
    defaults: [{ from: "0", value: "32" }],
    unit: "messages (-1 = no limit, also for the cache)",
    per: "eachBatch call",
    source: `${CONSUMER}, line 712`,
  },
  {
    name: "partitionsConsumedConcurrently",
    defaults: [{ from: "0", value: "1" }],
    unit: "workers",
    per: "consumer",
    source: `${CONSUMER}, run()`,
  },
];

/** The rest of the kafkaJS block (lib/kafkajs/_common.js at 1.10.1). */
const KAFKAJS_BLOCK: readonly string[] = [
  "brokers",
  "clientId",
  "sasl",
  "ssl",
  "requestTimeout",
  "enforceRequestTimeout",
  "connectionTimeout",
  "authenticationTimeout",
  "retry",
  "socketFactory",
  "reauthenticationThreshold",
  "logLevel",
  "logger",
  "createPartitioner",
  "metadataMaxAge",
  "allowAutoTopicCreation",
  "transactionTimeout",
  "idempotent",
  "maxInFlightRequests",
  "transactionalId",
  "compression",
  "acks",
  "timeout",
  "groupId",
  "partitionAssigners",
  "partitionAssignors",
  "sessionTimeout",
  "rebalanceTimeout",
  "heartbeatInterval",
  "maxWaitTimeInMs",
  "minBytes",
  "readUncommitted",
  "rackId",
  "fromBeginning",
  "autoCommit",
  "autoCommitInterval",
  "autoCommitThreshold",
];

/** In a file of settings the names of the block may stand with or without it. */
export const otherProperties: readonly string[] = [
  "kafkaJS",
  ...KAFKAJS_BLOCK.flatMap((name) => [name, `kafkaJS.${name}`]),
  "eachBatchAutoResolve",
  "eachMessage",
  "eachBatch",
  "stats_cb",
];

/** Versions of librdkafka ("librdkafka" in the package.json of each release). */
export const builtOnVersions: readonly { readonly from: string; readonly version: string }[] = [
  { from: "1.10.1", version: "2.15.1" },
  { from: "1.10.0", version: "2.15.0" },
  { from: "1.9.1", version: "2.14.2" },
  { from: "1.9.0", version: "2.14.0" },
  { from: "1.8.2", version: "2.13.2" },
  { from: "1.8.0", version: "2.13.0" },
  { from: "1.7.0", version: "2.12.1" },
  { from: "1.6.0", version: "2.12.0" },
  { from: "1.4.1", version: "2.11.1" },
  { from: "1.4.0", version: "2.11.0" },
  { from: "1.3.2", version: "2.10.1" },
  { from: "1.3.0", version: "2.10.0" },
  { from: "1.2.0", version: "2.8.0" },
  { from: "1.0.0", version: "2.6.1" },
  { from: "0.3.0", version: "2.6.0" },
  { from: "0.2.0", version: "2.5.3" },
];

/** V8 heap of a message in the cache: 380 to 620 B without key and headers (1.10.1, Node.js 20). */
const CACHED_MESSAGE_BYTES = 500;
const LARGEST_CACHED_MESSAGE_BYTES = 800;
const LARGE_CHUNK_BYTES = 4 * 1024 ** 2;
/** The term of librdkafka's ceiling that chunks make larger. */
const UNDER_WAY = "fetches under way";
/** Messages a second of one worker, where nobody says: the cache is made for what a consumer does in 1.5 s. */
const TYPICAL_RATE = 1000;

/** The scope as librdkafka gets to see it. */
function inner(scope: Scope): Scope {
  const given = new Parameters([...librdkafkaParameters, ...parameters], scope);
  const version = scope.version;
  const librdkafka = version === null ? null : (builtOnVersions.find(({ from }) => compareVersions(version, from) >= 0)?.version ?? null);
  const translated: Record<string, string> = {};
  // The block's maxBytes wins over max.partition.fetch.bytes, and only fetch.message.max.bytes itself over the block's
  if (!isSetByName(scope, "fetch.message.max.bytes") && (given.isSet("maxBytes") || !given.isSet("fetch.message.max.bytes"))) {
    translated["fetch.message.max.bytes"] = given.text("maxBytes");
  }
  for (const [theirs, ours] of [
    ["max.in.flight.requests.per.connection", "maxInFlightRequests"],
    ["compression.codec", "compression"],
  ] as const) {
    const value = scope.settings.get(ours) ?? scope.settings.get(`kafkaJS.${ours}`);
    if (value !== undefined && !given.isSet(theirs)) translated[theirs] = value.toLowerCase();
  }
  return { ...withSettings(scope, librdkafkaParameters, translated), version: librdkafka };
}

/** `max.partition.fetch.bytes` is an alias of it, and here the two differ. */
function isSetByName(scope: Scope, name: string): boolean {
  return [...scope.settings.keys()].some((key) => key.replaceAll(/[-_]/g, ".").toLowerCase() === name);
}

function ceilingOfConsumer(scope: Scope): Ceiling {
  const queue = librdkafkaConsumer({ ...inner(scope), instances: 1 });
  const given = new Parameters(parameters, scope);
  const cacheMs = given.number("js.consumer.max.cache.size.per.worker.ms");
  const batchSize = given.number("js.consumer.max.batch.size");
  const workers = Math.max(1, given.number("partitionsConsumedConcurrently"));
  const valueBytes = Math.max(1, scope.messageBytes ?? TYPICAL_MESSAGE_BYTES);
  const eachBytes = valueBytes + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0) + CACHED_MESSAGE_BYTES;
  const queued = queue.messages ?? 0;
  const isUnlimited = batchSize === -1;
  const batch = isUnlimited ? 1 : batchSize * workers;
  const wanted = isUnlimited ? queued : Math.ceil((cacheMs * TYPICAL_RATE * workers) / 1000 / batch) * batch;
  const cached = Math.min(queued, wanted);
  // It is filled by one call that takes what the queue holds, and again only when it is empty
  const most = Math.max(cached * eachBytes, queue.highBytes + queued * LARGEST_CACHED_MESSAGE_BYTES);
  const limit = isUnlimited
    ? "js.consumer.max.batch.size=-1: all messages of the queue"
    : `js.consumer.max.cache.size.per.worker.ms=${cacheMs} × ${TYPICAL_RATE} messages a second × ${workers} worker${workers === 1 ? "" : "s"}`;
  return ceilingFrom({
    component: "fetch-queue",
    instances: scope.instances,
    messages: queued + cached,
    terms: [
      ...queue.terms.map((term) => (term.what === UNDER_WAY ? asOfWholeResponses(term, scope, queue) : term)),
      {
        what: "the cache in JavaScript",
        lowBytes: 0,
        bytes: cached * eachBytes,
        highBytes: most,
        formula: `${limit} × ${Math.round(eachBytes)} B`,
        source: `${CONSUMER}: #updateMaxMessageCacheSize and #fetchAndResolveWith; sizes measured`,
      },
    ],
    settings: { ...queue.settings, ...given.used },
    assumed: [
      ...queue.assumed,
      ...(given.isSet("maxBytes") || isSetByName(scope, "fetch.message.max.bytes")
        ? []
        : ["a kafkaJS block, as its documentation shows: fetch.message.max.bytes is 10 MiB then, not 1 MiB"]),
      ...(isUnlimited ? [] : [`${TYPICAL_RATE} messages a second and worker; for the upper bound as many as the queue holds`]),
    ],
    source: `${queue.source}; ${CONSUMER}`,
  });
}

/**
 * With chunks of 10 MiB a handful of partitions fills a response, so responses arrive whole, and the limit of the queue is looked at
 * only in between: 112.9 MB of values were queued under a limit of 65.5 MB, three quarters of a response above it. librdkafka's
 * own formula expects less, as of chunks of 1 MiB.
 */
function asOfWholeResponses(term: CeilingTerm, scope: Scope, queue: Ceiling): CeilingTerm {
  const isLargeChunk = Number(queue.settings["fetch.message.max.bytes"]) >= LARGE_CHUNK_BYTES;
  if (!isLargeChunk || scope.partitions === null || (scope.compressionRatio ?? 1) > 1) return term;
  const bytes = Math.max(term.bytes, 0.75 * term.highBytes);
  return { ...term, bytes, formula: `${formatBytes(bytes)} of whole responses under way` };
}

export function ceilings(scope: Scope): readonly Ceiling[] {
  return [ceilingOfConsumer(scope), producerCeiling(inner(scope))];
}

export function remediesFor(scope: Scope, targetBytes: number | null, component: BoundedComponent): readonly Remedy[] {
  if (component === "producer-queue") return librdkafkaRemedies(inner(scope), targetBytes, component);
  const [first, ...others] =
    targetBytes === null ? librdkafkaRemedies(inner(scope), null, component) : fittingRemedies(scope, targetBytes, component);
  return [...(first === undefined ? [] : [first]), ...others];
}

/** The share of librdkafka's queue is made smaller until both fit together. */
function fittingRemedies(scope: Scope, targetBytes: number, component: BoundedComponent): readonly Remedy[] {
  for (const share of [0.45, 0.35, 0.25, 0.15]) {
    const remedies = librdkafkaRemedies(inner(scope), targetBytes * share, component);
    const settings = remedies[0]?.settings;
    if (settings === undefined) break;
    // maxBytes is the name under which users of the block set it
    const { "fetch.message.max.bytes": chunk, ...rest } = settings;
    const named = { ...rest, maxBytes: chunk ?? String(inner(scope).settings.get("fetch.message.max.bytes") ?? 10485760) };
    const replaced = withSettings(scope, [...librdkafkaParameters, ...parameters], {
      ...named,
      "fetch.message.max.bytes": null,
      "fetch.max.bytes": null,
    });
    if (ceilingOfConsumer(replaced).highBytes <= targetBytes) {
      return [{ ...remedies[0], settings: named } as Remedy, ...remedies.slice(1)];
    }
  }
  return [
    {
      code: "target-too-small",
      text: `No setting brings the queue and the cache of ${scope.instances} consumer(s) under ${formatBytes(targetBytes)}: use fewer consumers or a larger limit.`,
    },
  ];
}

export function traps(scope: Scope): readonly Trap[] {
  const given = new Parameters([...librdkafkaParameters, ...parameters], scope);
  const found: Trap[] = [];
  if (!isSetByName(scope, "fetch.message.max.bytes")) {
    found.push({
      code: "max-bytes-is-per-partition",
      text: `maxBytes of the kafkaJS block becomes fetch.message.max.bytes: ${formatBytes(given.number("maxBytes"))} for each partition and fetch, not for a response. Left out, it is 10 MiB; librdkafka's own default is 1 MiB.`,
      source: `${CONSUMER}, line 590; measured: 112.9 MB of values queued instead of 69.6 MB`,
    });
  }
  if (given.isSet("maxBytesPerPartition") || isSetByName(scope, "max.partition.fetch.bytes")) {
    found.push({
      code: "max-bytes-per-partition-is-ignored",
      text: "maxBytesPerPartition and max.partition.fetch.bytes have no effect beside a kafkaJS block: maxBytes is set after them, under another name of the same property.",
      source: `${CONSUMER}, line 576; shown by debug=conf: 10485760 with max.partition.fetch.bytes of 2097152`,
    });
  }
  if (given.number("js.consumer.max.batch.size") === -1) {
    found.push({
      code: "batch-size-takes-the-limit-of-the-cache",
      text: "js.consumer.max.batch.size=-1 takes away the limit of the cache, too: it holds all that the queue held.",
      source: `${CONSUMER}, line 722`,
    });
  }
  return found;
}
