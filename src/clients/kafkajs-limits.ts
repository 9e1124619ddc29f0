/**
 * How much a consumer of kafkajs holds: one fetch response a broker, what it decompresses to, and an object a message. Follows
 * 2.2.4. It has no limit for the whole consumer, and its producer has no queue at all: what `send` was given waits as it is.
 */
import { formatBytes } from "../base/units.ts";
import { askedBrokers, ceilingFrom, FRAMING_BYTES, TYPICAL_MESSAGE_BYTES } from "./ceilings.ts";
import type { BoundedComponent, Ceiling, Parameter, Remedy, Scope, Trap } from "./client.ts";
import { Parameters, settingsThatFit } from "./parameters.ts";

export const parameters: readonly Parameter[] = [
  {
    name: "maxBytes",
    defaults: [{ from: "0", value: "10485760" }],
    unit: "bytes on the wire",
    per: "broker and fetch",
    source: "src/consumer/index.js:57 at v2.2.4, docs/Consuming.md",
  },
  {
    name: "maxBytesPerPartition",
    defaults: [{ from: "0", value: "1048576" }],
    unit: "bytes on the wire",
    per: "partition and fetch",
    source: "src/consumer/index.js:55 at v2.2.4, docs/Consuming.md",
  },
];

/** What the factories of client, consumer, producer and `run` take besides (types/index.d.ts at v2.2.4). */
export const otherProperties: readonly string[] = [
  "brokers",
  "ssl",
  "sasl",
  "clientId",
  "connectionTimeout",
  "authenticationTimeout",
  "reauthenticationThreshold",
  "requestTimeout",
  "enforceRequestTimeout",
  "retry",
  "socketFactory",
  "logLevel",
  "logCreator",
  "groupId",
  "partitionAssigners",
  "metadataMaxAge",
  "sessionTimeout",
  "rebalanceTimeout",
  "heartbeatInterval",
  "minBytes",
  "maxWaitTimeInMs",
  "allowAutoTopicCreation",
  "maxInFlightRequests",
  "readUncommitted",
  "rackId",
  "createPartitioner",
  "idempotent",
  "transactionalId",
  "transactionTimeout",
  "acks",
  "timeout",
  "compression",
  "topic",
  "topics",
  "fromBeginning",
  "autoCommit",
  "autoCommitInterval",
  "autoCommitThreshold",
  "eachBatchAutoResolve",
  "partitionsConsumedConcurrently",
  "eachMessage",
  "eachBatch",
  "maxRetryTime",
  "initialRetryTime",
  "factor",
  "multiplier",
  "retries",
  "restartOnFailure",
];

/** V8 heap of a decoded message: 287 to 349 B without key (2.2.4, Node.js 20); a key is one more Buffer. */
const MESSAGE_BYTES = 320;
const KEY_BYTES = 100;
/** V8 heap of a consumer that holds nothing (measured with maxBytes of 1 MiB). */
const BASE_BYTES = 0.75e6;
/** `message.max.bytes` of a topic when nobody changed it: a batch larger than its limit is sent whole. */
const BATCH_BYTES = 1024 ** 2;
const SMALL_MESSAGE_BYTES = 100;

export function consumerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const maxBytes = given.number("maxBytes");
  const partitionBytes = given.number("maxBytesPerPartition");
  const assumed: string[] = [];
  if (scope.brokers === null) assumed.push("one broker");
  if (scope.partitions === null) assumed.push("enough partitions with a backlog to fill each response");
  if (scope.messageBytes === null) assumed.push("messages of 1 KiB; of 100 B for the upper bound");
  if (scope.compressionRatio === null) assumed.push("messages are not compressed");
  const brokers = askedBrokers(scope);
  const partitions = scope.partitions === null ? Number.POSITIVE_INFINITY : Math.ceil(scope.partitions / brokers);
  const responseBytes = Math.min(maxBytes, partitions * partitionBytes);
  const largestBytes = responseBytes + BATCH_BYTES;
  const ratio = Math.max(1, scope.compressionRatio ?? 1);
  const isCompressed = ratio > 1;
  const objectBytes = MESSAGE_BYTES + (scope.keyBytes === null || scope.keyBytes === 0 ? 0 : KEY_BYTES);
  const messagesIn = (bytes: number, valueBytes: number): number =>
    (bytes * ratio) / (Math.max(1, valueBytes) + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0) + FRAMING_BYTES);
  const messages = messagesIn(responseBytes, scope.messageBytes ?? TYPICAL_MESSAGE_BYTES);
  const mostMessages = messagesIn(largestBytes, scope.messageBytes ?? SMALL_MESSAGE_BYTES);
  const perBroker = brokers === 1 ? "1 broker" : `${brokers} brokers`;
  const limit = responseBytes < maxBytes ? `${partitions} × maxBytesPerPartition=${partitionBytes}` : `maxBytes=${maxBytes}`;
  const decompressedBytes = isCompressed ? responseBytes * ratio : 0;
  return ceilingFrom({
    component: "fetch-queue",
    instances: scope.instances,
    messages: brokers * messages,
    terms: [
      {
        what: "fetch responses",
        lowBytes: 0.5 * brokers * responseBytes, // brokers take turns, and partitions may be short of messages
        bytes: brokers * responseBytes,
        // The last response is still held while the next one lies there in chunks and, joined, once more: measured 31.5 MB of 10.5
        highBytes: 3 * brokers * largestBytes,
        formula: `${perBroker} × ${limit}`,
        source: "src/consumer/fetcher.js, src/network/connection.js:490 (Buffer.concat of the chunks) at v2.2.4; peak measured",
      },
      {
        what: "decompressed batches",
        lowBytes: 0.5 * brokers * decompressedBytes,
        bytes: brokers * decompressedBytes,
        highBytes: isCompressed ? 2 * brokers * largestBytes * ratio : 0, // measured 1.8 times
        formula: isCompressed ? `${perBroker} × ${formatBytes(decompressedBytes)} decompressed` : "nothing decompressed",
        source: "src/protocol/recordBatch/v0/decoder.js at v2.2.4: all batches of a response before the first message is delivered",
      },
      {
        what: "an object a message",
        lowBytes: 0.25 * brokers * messages * objectBytes,
        bytes: brokers * messages * objectBytes,
        highBytes: 2 * brokers * mostMessages * objectBytes,
        formula: `${Math.round(brokers * messages)} messages × ${objectBytes} B of V8 heap`,
        source: "src/protocol/recordBatch/record/v0/decoder.js at v2.2.4; size measured",
      },
      {
        what: "the client itself",
        lowBytes: 0,
        bytes: BASE_BYTES,
        highBytes: 3 * BASE_BYTES,
        formula: `${formatBytes(BASE_BYTES)} for the client itself`,
        source: "measured",
      },
    ],
    settings: given.used,
    assumed,
    source: "src/consumer/fetcher.js, src/consumer/workerQueue.js, src/network/connection.js at v2.2.4; sizes measured",
  });
}

export function remediesFor(scope: Scope, targetBytes: number | null, _component: BoundedComponent): readonly Remedy[] {
  const settings =
    targetBytes === null
      ? { maxBytes: "1048576" }
      : settingsThatFit(scope, parameters, consumerCeiling, targetBytes, [{ name: "maxBytes", least: 65536 }]);
  if (settings === null) {
    return [
      {
        code: "target-too-small",
        text: `No maxBytes brings ${scope.instances} consumer(s) under ${formatBytes(targetBytes ?? 0)}: one batch of ${formatBytes(BATCH_BYTES)} a broker is sent whole. Use fewer consumers or a larger limit.`,
      },
    ];
  }
  return [
    {
      code: "lower-fetch-size",
      text: "Lower maxBytes: it bounds the one response that is held for each broker.",
      settings,
      costs: `Throughput: kafkajs fetches from a broker again only when the last response is processed, so a broker delivers at most ${formatBytes(Number(settings["maxBytes"]) * 10)} a second where a fetch takes 100 ms.`,
    },
  ];
}

export function traps(scope: Scope): readonly Trap[] {
  const given = new Parameters(parameters, scope);
  const found: Trap[] = [
    {
      code: "limit-is-per-broker",
      text: "maxBytes bounds one response of one broker, not the consumer: with several brokers there are as many responses at once.",
      source: "src/consumer/fetchManager.js at v2.2.4: one fetcher a broker",
    },
  ];
  if ((scope.compressionRatio ?? 1) > 1) {
    found.push({
      code: "limit-is-on-the-wire",
      text: "maxBytes counts compressed bytes: all batches of a response are decompressed before the first message is delivered.",
      source: "src/protocol/recordBatch/v0/decoder.js at v2.2.4; measured: 47.7 MB of buffers for a response of 10.5 MB",
    });
  }
  if (scope.partitions !== null && given.number("maxBytesPerPartition") > given.number("maxBytes")) {
    found.push({
      code: "one-partition-fills-the-response",
      text: "maxBytesPerPartition is above maxBytes: one partition fills each response, and the others wait for their turn.",
      source: "docs/Consuming.md",
    });
  }
  return found;
}
