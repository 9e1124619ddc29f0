/**
 * How much a stream of @platformatic/kafka holds: its high-water mark in messages, and beyond it one whole response a broker, since
 * all records of a response are pushed whatever push() says. Follows 2.12.1 and 1.35.0.
 */
import { formatBytes } from "../base/units.ts";
import { compareVersions, isVersionWithin } from "../base/versions.ts";
import { askedBrokers, ceilingFrom, FRAMING_BYTES, TYPICAL_MESSAGE_BYTES } from "./ceilings.ts";
import type { BoundedComponent, Ceiling, Parameter, Remedy, Scope, Trap } from "./client.ts";
import { Parameters, settingsThatFit } from "./parameters.ts";

const STREAM = "dist/clients/consumer/messages-stream.js at 2.12.1";

export const parameters: readonly Parameter[] = [
  {
    name: "maxBytes",
    defaults: [
      { from: "2.0.0", value: "52428800" },
      { from: "0", value: "10485760" },
    ],
    unit: "bytes on the wire",
    per: "broker and fetch",
    source: "dist/clients/consumer/options.js of 1.11.0, 1.22.0, 1.31.0, 1.35.0 (10 MiB), 2.2.3 and 2.12.1 (50 MiB)",
  },
  {
    name: "maxBytesPerPartition",
    defaults: [{ from: "0", value: "" }],
    unit: "bytes on the wire",
    per: "partition and fetch",
    source: "dist/clients/consumer/consumer.js:195 at 2.12.1: maxBytes when not set; in 1.x always maxBytes",
  },
  {
    name: "highWaterMark",
    defaults: [{ from: "0", value: "1024" }],
    unit: "messages",
    per: "stream",
    source: "dist/clients/consumer/options.js at 2.12.1",
  },
  {
    name: "maxFetches",
    defaults: [{ from: "0", value: "" }],
    unit: "fetches",
    per: "stream",
    source: `${STREAM}: it is taken for the high-water mark, too`,
  },
];

/** What the schemas of clients, consumers, producers and streams allow besides (dist/clients/*\/options.js at 2.12.1). */
export const otherProperties: readonly string[] = [
  "clientId",
  "clientRack",
  "bootstrapBrokers",
  "timeout",
  "connectTimeout",
  "requestTimeout",
  "retries",
  "retryDelay",
  "maxInflights",
  "handleBackPressure",
  "tls",
  "ssl",
  "tlsServerName",
  "sasl",
  "context",
  "streamContext",
  "metadataMaxAge",
  "autocreateTopics",
  "strict",
  "metrics",
  "groupId",
  "groupInstanceId",
  "sessionTimeout",
  "rebalanceTimeout",
  "heartbeatInterval",
  "heartbeatStallTimeout",
  "groupProtocol",
  "groupRemoteAssignor",
  "protocols",
  "protocolsMetadata",
  "partitionAssigner",
  "autocommit",
  "minBytes",
  "maxWaitTime",
  "isolationLevel",
  "deserializers",
  "serializers",
  "beforeDeserialization",
  "beforeSerialization",
  "registry",
  "topics",
  "mode",
  "fallbackMode",
  "offsets",
  "onCorruptedMessage",
  "onDeserializationError",
  "producerId",
  "producerEpoch",
  "idempotent",
  "transactionalId",
  "acks",
  "compression",
  "partitioner",
  "repeatOnStaleMetadata",
  "batchSize",
  "batchTime",
  "reportMode",
];

/** Versions that fetch on although push() said no. */
const UNLIMITED = { from: "1.31.0", fixedIn: "1.33.0" } as const;
/** Where V8 gives up by itself on most machines: the only limit of those versions. */
const V8_LIMIT_BYTES = 4 * 1024 ** 3;

/** V8 heap of a message: an object of twelve fields, a Map of headers, a bound commit; 460 to 500 B (1.35.0, 2.12.1). */
const MESSAGE_BYTES = 490;
const KEY_BYTES = 100;
const BASE_BYTES = 0.7e6;
const BATCH_BYTES = 1024 ** 2;
const SMALL_MESSAGE_BYTES = 100;
/** Values that do not fit into what the socket delivers at once are copied together while the pieces are still there. */
const SOCKET_CHUNK_BYTES = 64 * 1024;

export function consumerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const maxBytes = given.number("maxBytes");
  const partitionBytes = given.numberOrNull("maxBytesPerPartition") ?? maxBytes;
  const highWaterMark = given.numberOrNull("maxFetches") ?? given.number("highWaterMark");
  const assumed: string[] = [];
  if (scope.version === null && !given.isSet("maxBytes")) assumed.push("version 2: 10 MiB a fetch before");
  if (scope.brokers === null) assumed.push("one broker");
  if (scope.partitions === null) assumed.push("enough partitions with a backlog to fill each response");
  if (scope.messageBytes === null) assumed.push("messages of 1 KiB; of 100 B for the upper bound");
  if (scope.compressionRatio === null) assumed.push("messages are not compressed");
  assumed.push("deserializers that keep the Buffers: what others make of them comes in addition");
  const brokers = askedBrokers(scope);
  const partitions = scope.partitions === null ? Number.POSITIVE_INFINITY : Math.ceil(scope.partitions / brokers);
  const responseBytes = Math.min(maxBytes, partitions * partitionBytes);
  const largestBytes = responseBytes + BATCH_BYTES;
  const ratio = Math.max(1, scope.compressionRatio ?? 1);
  const keyBytes = scope.keyBytes ?? 0;
  const objectBytes = MESSAGE_BYTES + (keyBytes > 0 ? KEY_BYTES : 0);
  const recordBytes = (valueBytes: number): number => Math.max(1, valueBytes) + keyBytes + (scope.headersBytes ?? 0) + FRAMING_BYTES;
  const record = recordBytes(scope.messageBytes ?? TYPICAL_MESSAGE_BYTES);
  const smallest = recordBytes(scope.messageBytes ?? SMALL_MESSAGE_BYTES);
  const messages = (brokers * responseBytes * ratio) / record;
  const mostMessages = (brokers * largestBytes * ratio) / smallest + highWaterMark;
  const markBytes = highWaterMark * (record + objectBytes);
  // Compressed bytes lie there while they are decompressed; large values are copied together out of chunks
  const isCopied = scope.messageBytes === null || scope.messageBytes > SOCKET_CHUNK_BYTES / 4;
  const most = brokers * largestBytes * (ratio > 1 ? ratio + 1 + (isCopied ? ratio : 0) : isCopied ? 2 : 1.3);
  const isUnlimited = scope.version !== null && isVersionWithin(scope.version, UNLIMITED.from, UNLIMITED.fixedIn);
  const perBroker = brokers === 1 ? "1 broker" : `${brokers} brokers`;
  const limit = responseBytes < maxBytes ? `${partitions} × maxBytesPerPartition=${partitionBytes}` : `maxBytes=${maxBytes}`;
  return ceilingFrom({
    component: "fetch-queue",
    instances: scope.instances,
    messages: messages + highWaterMark,
    terms: [
      {
        what: "messages below the high-water mark",
        lowBytes: 0,
        bytes: 0.5 * markBytes, // the next response is asked for as soon as fewer are left
        highBytes: highWaterMark * (2 * smallest + objectBytes),
        formula: `half of highWaterMark=${highWaterMark} messages × ${Math.round(record + objectBytes)} B`,
        source: `${STREAM}: #fetch() is called by _read()`,
      },
      {
        what: "fetch responses",
        lowBytes: 0.1 * brokers * responseBytes, // the stream drains one response before it asks for the next
        bytes: brokers * responseBytes * ratio,
        highBytes: most,
        formula: ratio > 1 ? `${perBroker} × ${limit} × ${ratio} decompressed` : `${perBroker} × ${limit}`,
        source: `${STREAM}: #pushRecords pushes all records of a response; peak measured`,
      },
      {
        what: "an object a message",
        lowBytes: 0.1 * messages * objectBytes,
        bytes: messages * objectBytes,
        highBytes: 1.3 * mostMessages * objectBytes,
        formula: `${Math.round(messages)} messages × ${objectBytes} B of V8 heap`,
        source: `${STREAM}; size measured`,
      },
      {
        what: "the client itself",
        lowBytes: 0,
        bytes: BASE_BYTES,
        highBytes: 3 * BASE_BYTES,
        formula: `${formatBytes(BASE_BYTES)} for the client itself`,
        source: "measured",
      },
      ...(isUnlimited
        ? [
            {
              what: "responses that are fetched although the stream is full",
              lowBytes: 0,
              bytes: 0,
              highBytes: V8_LIMIT_BYTES,
              formula: `no limit in ${UNLIMITED.from} to ${UNLIMITED.fixedIn}`,
              source: "pull request 266; measured: a whole topic, 226 MB, in 12 s",
            },
          ]
        : []),
    ],
    settings: given.used,
    assumed,
    source: `${STREAM}, dist/network/connection.js; sizes measured`,
  });
}

export function remediesFor(scope: Scope, targetBytes: number | null, _component: BoundedComponent): readonly Remedy[] {
  const settings =
    targetBytes === null
      ? { maxBytes: "1048576", highWaterMark: "256" }
      : settingsThatFit(scope, parameters, consumerCeiling, targetBytes, [
          { name: "maxBytes", least: 65536 },
          { name: "highWaterMark", least: 16 },
        ]);
  if (settings === null) {
    return [
      {
        code: "target-too-small",
        text: `No maxBytes and highWaterMark bring ${scope.instances} stream(s) under ${formatBytes(targetBytes ?? 0)}: one batch of ${formatBytes(BATCH_BYTES)} a broker is sent whole. Use fewer streams or a larger limit.`,
      },
    ];
  }
  return [
    {
      code: "lower-fetch-size",
      text: "Lower maxBytes: whole responses are pushed into the stream, whatever its high-water mark.",
      settings,
      costs: `Throughput: a fetch brings at most ${formatBytes(Number(settings["maxBytes"]))} from a broker, which is ${formatBytes(Number(settings["maxBytes"]) * 10)} a second where a fetch takes 100 ms.`,
    },
  ];
}

export function traps(scope: Scope): readonly Trap[] {
  const given = new Parameters(parameters, scope);
  const found: Trap[] = [
    {
      code: "high-water-mark-is-no-limit",
      text: "highWaterMark decides when the next fetch is sent, not how much a fetch brings: all messages of a response are pushed into the stream.",
      source: `${STREAM}; measured: 50,342 messages in a stream with a high-water mark of 1024`,
    },
    {
      code: "data-handler-does-not-wait",
      text: "An asynchronous 'data' handler is called for every message at once: the application then holds all that arrive. for await waits.",
      source: "Node.js streams; measured with 2.12.1: 150,562 handlers open, none done, nothing in the stream",
    },
  ];
  if (scope.version !== null && isVersionWithin(scope.version, UNLIMITED.from, UNLIMITED.fixedIn)) {
    found.push({
      code: "back-pressure-is-broken",
      text: `Version ${scope.version} fetches on although the stream is full: upgrade to ${UNLIMITED.fixedIn} or later.`,
      source: "pull request 266; measured with 1.31.0: all 150,357 messages of a topic",
    });
  }
  if (!given.isSet("maxBytesPerPartition") && (scope.version === null || compareVersions(scope.version, "2.0.0") >= 0)) {
    found.push({
      code: "one-partition-fills-the-response",
      text: `maxBytesPerPartition follows maxBytes (${formatBytes(given.number("maxBytes"))}): a single partition with a backlog fills a whole response.`,
      source: "dist/clients/consumer/consumer.js:195 at 2.12.1",
    });
  }
  if (given.isSet("maxFetches")) {
    found.push({
      code: "max-fetches-is-the-high-water-mark",
      text: "maxFetches is taken for the high-water mark, too, and wins over highWaterMark.",
      source: `${STREAM}, line 104`,
    });
  }
  if ((scope.compressionRatio ?? 1) > 1) {
    found.push({
      code: "limit-is-on-the-wire",
      text: "maxBytes counts compressed bytes: all batches of a response are decompressed before the first message is delivered.",
      source: "dist/protocol/records.js:170 at 2.12.1; measured: 103.4 MB of buffers for a response of 28 MB",
    });
  }
  return found;
}
