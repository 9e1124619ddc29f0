/**
 * kafkajs, the client in plain JavaScript. Read and measured at 2.2.4 (55b0b416), its last release. Its surprise: the value of a
 * message is a view of the response that it came in, so 600 kept values of 1 KiB held 620 MB, of which the V8 heap shows nothing.
 */
import type { FrameExample, FrameRule, KafkaClient, KnownIssue, Measurement } from "./client.ts";
import { consumerCeiling, otherProperties, parameters, remediesFor, traps } from "./kafkajs-limits.ts";
import { bundledModules, inPackage, packageFiles, packageVersion } from "./npm-package.ts";

/** The codecs that it lacks come as packages made for it alone. */
const CODECS = ["kafkajs-snappy", "kafkajs-snappy-typescript", "kafkajs-lz4", "kafkajs-zstd", "@kafkajs/zstd"];
const DECODING = /^(?:decodeRecords?|decodeMessages|decodePartition)$/;
const DECODED = "src/protocol/decoder.js and recordBatch/ at v2.2.4: a message is an object with two views of the response";

const rules: readonly FrameRule[] = [
  // Constructors of heap snapshots, first: there a class knows its file, too
  {
    component: "fetch-response-buffer",
    kind: "type",
    name: /^sliced ArrayBuffer$/,
    source: "src/protocol/decoder.js (Buffer.slice): messages are views of the response, whoever holds them",
    grade: "measured",
  },
  {
    component: "fetch-response-buffer",
    kind: "type",
    name: /^Connection$/,
    source: "Connection.chunks holds the response that is being received, and of the last one a view without length",
    grade: "measured",
  },
  { component: "fetch-queue", kind: "type", name: /^Batch$/, source: "src/consumer/batch.js", grade: "measured" },
  {
    component: "group-coordination",
    kind: "type",
    name: /^(?:ConsumerGroup|Runner|OffsetManager|SubscriptionState|SeekOffsets)$/,
    source: "src/consumer/",
    grade: "measured",
  },
  { component: "metadata", kind: "type", name: /^(?:Cluster|Broker|BrokerPool)$/, source: "src/cluster/, src/broker/", grade: "measured" },
  {
    component: "request-buffer",
    kind: "type",
    name: /^(?:RequestQueue|SocketRequest|Encoder)$/,
    source: "src/network/requestQueue/",
    grade: "measured",
  },
  { component: "network-tls", kind: "type", name: /^(?:ConnectionPool|SASLAuthenticator)$/, source: "src/network/", grade: "measured" },
  {
    component: "fetch-response-buffer",
    name: /^(?:processData|onData)$/,
    file: inPackage("src/network/"),
    source: "src/network/connection.js:490: the chunks of a response are joined",
    grade: "measured",
  },
  {
    component: "decompress-buffer",
    file: packageFiles(...CODECS),
    source: "codecs that are registered in CompressionCodecs",
    grade: "source",
  },
  {
    component: "decompress-buffer",
    file: inPackage("src/protocol/message/compression/"),
    source: "src/protocol/message/compression/gzip.js",
    grade: "source",
  },
  { component: "producer-batch", file: inPackage("src/protocol/requests/produce/"), source: "produce requests", grade: "source" },
  {
    component: "producer-batch",
    file: inPackage("src/protocol/(?:recordBatch/(?:record/)?v0/index|messageSet/index|message/v\\d/index|message/index)\\.js$"),
    source: "src/protocol/recordBatch/v0/index.js: batches are encoded here, and decoded in decoder.js",
    grade: "source",
  },
  {
    component: "message-op",
    file: inPackage("src/protocol/(?:recordBatch|record|messageSet|message)/"),
    source: DECODED,
    grade: "measured",
  },
  { component: "message-op", file: inPackage("src/protocol/decoder\\.js$"), below: DECODING, source: DECODED, grade: "measured" },
  {
    component: "message-op",
    file: inPackage("src/utils/long\\.js$"),
    below: DECODING,
    source: `${DECODED}; offsets as text`,
    grade: "measured",
  },
  { component: "record-parse", file: inPackage("src/protocol/requests/fetch/"), source: "src/protocol/requests/fetch/", grade: "measured" },
  {
    component: "fetch-queue",
    file: inPackage("src/consumer/(?:batch|workerQueue|worker|fetcher|fetchManager|runner|filterAbortedMessages)\\.js$"),
    source: "src/consumer/batch.js: three lists of the same messages, kept until the last of them is processed",
    grade: "measured",
  },
  {
    component: "fetch-queue",
    name: /^fetch$/,
    file: inPackage("src/consumer/consumerGroup\\.js$"),
    source: "src/consumer/consumerGroup.js: makes the batches of a response",
    grade: "measured",
  },
  {
    component: "fetch-queue",
    file: inPackage("src/consumer/consumerGroup\\.js$"),
    below: /^fetch$/,
    source: "src/consumer/consumerGroup.js: makes the batches of a response",
    grade: "measured",
  },
  { component: "group-coordination", file: inPackage("src/consumer/"), source: "src/consumer/", grade: "source" },
  {
    component: "group-coordination",
    file: inPackage("src/protocol/requests/(?:joinGroup|syncGroup|leaveGroup|heartbeat|offset\\w+|findCoordinator)/"),
    source: "src/protocol/requests/",
    grade: "source",
  },
  {
    component: "producer-queue",
    file: inPackage("src/producer/"),
    source: "src/producer/: what send was given and waits",
    grade: "measured",
  },
  { component: "network-tls", file: inPackage("src/broker/saslAuthenticator/"), source: "src/broker/saslAuthenticator/", grade: "source" },
  {
    component: "metadata",
    file: inPackage("src/(?:cluster|broker|protocol/requests/metadata)/"),
    source: "src/cluster/, src/broker/",
    grade: "source",
  },
  {
    component: "request-buffer",
    file: inPackage("src/(?:network/requestQueue/|protocol/encoder\\.js$)"),
    source: "src/network/requestQueue/",
    grade: "source",
  },
  { component: "network-tls", file: inPackage("src/network/"), source: "src/network/", grade: "source" },
  { component: "admin", file: inPackage("src/admin/"), source: "src/admin/", grade: "source" },
  { component: "logging", file: inPackage("src/loggers/"), source: "src/loggers/", grade: "source" },
];

const RUN = "kafkajs 2.2.4, Node.js 20.20, Apache Kafka 3.9.1: .heapprofile by the inspector of a consumer with 200 ms a message";
const SRC = "/app/node_modules/kafkajs/src";
const DECODE_RECORD = `processTicksAndRejections @ node:internal/process/task_queues > v8!(anonymous) > readArrayAsync @ ${SRC}/protocol/decoder.js > decodePartition @ ${SRC}/protocol/requests/fetch/v11/response.js > decodeMessages @ ${SRC}/protocol/requests/fetch/v4/decodeMessages.js > module.exports @ ${SRC}/protocol/recordBatch/v0/decoder.js > decodeRecords @ ${SRC}/protocol/recordBatch/v0/decoder.js > readArray @ ${SRC}/protocol/decoder.js > (anonymous) @ ${SRC}/protocol/recordBatch/v0/decoder.js > decodeRecord @ ${SRC}/protocol/recordBatch/v0/decoder.js > module.exports @ ${SRC}/protocol/recordBatch/record/v0/decoder.js`;

const examples: readonly FrameExample[] = [
  { path: DECODE_RECORD, component: "message-op", source: RUN, grade: "measured" },
  {
    path: `${DECODE_RECORD} > readVarIntBytes @ ${SRC}/protocol/decoder.js > slice @ node:buffer > subarray @ node:buffer > FastBuffer @ node:internal/buffer`,
    component: "message-op",
    source: RUN,
    grade: "measured",
  },
  {
    path: `${DECODE_RECORD} > toString @ ${SRC}/utils/long.js > v8!String`,
    component: "message-op",
    source: RUN,
    grade: "measured",
  },
  {
    path: `processTicksAndRejections @ node:internal/process/task_queues > v8!(anonymous) > decodeMessages @ ${SRC}/protocol/requests/fetch/v4/decodeMessages.js > v8!push`,
    component: "record-parse",
    source: RUN,
    grade: "measured",
  },
  {
    path: `processTicksAndRejections @ node:internal/process/task_queues > v8!(anonymous) > fetch @ ${SRC}/consumer/consumerGroup.js > v8!flatMap > (anonymous) @ ${SRC}/consumer/consumerGroup.js > v8!map > (anonymous) @ ${SRC}/consumer/consumerGroup.js > Batch @ ${SRC}/consumer/batch.js > v8!filter`,
    component: "fetch-queue",
    source: RUN,
    grade: "measured",
  },
  {
    path: `v8!(anonymous) > createProducerRequests @ ${SRC}/producer/sendMessages.js > module.exports @ ${SRC}/producer/groupMessagesPerPartition.js > v8!reduce > (anonymous) @ ${SRC}/producer/groupMessagesPerPartition.js`,
    component: "producer-queue",
    source: "kafkajs 2.2.4, the same broker, stopped: .heapprofile of a producer that does not wait for send",
    grade: "measured",
  },
  {
    path: "<SeekOffsets> > <ConnectionPool> > <Array> > <Connection> > <Array> > <Buffer> > <ArrayBuffer> > <system / JSArrayBufferData>",
    component: "fetch-response-buffer",
    source: "constructors of a heap snapshot of the same consumer",
    grade: "measured",
  },
  {
    path: "decodeRecord @ /app/node_modules/.pnpm/kafkajs@2.2.4/node_modules/kafkajs/src/protocol/recordBatch/v0/decoder.js",
    component: "message-op",
    source: "the same below pnpm's folder",
    grade: "source",
  },
  {
    path: "decodeRecord @ C:\\app\\node_modules\\kafkajs\\src\\protocol\\recordBatch\\v0\\decoder.js",
    component: "message-op",
    source: "the same on Windows",
    grade: "source",
  },
  {
    path: "decodeRecord @ webpack://app/./node_modules/kafkajs/src/protocol/recordBatch/v0/decoder.js",
    component: "message-op",
    source: "the same through webpack's source map",
    grade: "source",
  },
  {
    path: "__require @ /app/dist/app.js > node_modules/kafkajs/src/index.js @ /app/dist/app.js",
    component: "client-other",
    source: "kafkajs 2.2.4 bundled by esbuild 0.28 without minifying, node --heap-prof",
    grade: "measured",
  },
];

const KAFKA = "2.2.4, Apache Kafka 3.9.1, process.memoryUsage() after gc(): arrayBuffers, and heapUsed above that of the connected client";
const real = { version: "2.2.4", brokers: 1, partitions: 12, messageBytes: 1024, compressionRatio: 1 };

const measurements: readonly Measurement[] = [
  {
    what: "defaults, 200 ms a message: 10.5 MB of ArrayBuffers, 3.6 MB of objects",
    component: "fetch-queue",
    bytes: 14.1e6,
    isExact: true,
    scope: real,
    source: KAFKA,
  },
  {
    what: "the same with gzip (3.55 : 1): 47.7 MB of ArrayBuffers, 13.3 MB of objects",
    component: "fetch-queue",
    bytes: 61e6,
    isExact: true,
    scope: { ...real, compressionRatio: 3.55 },
    source: KAFKA,
  },
  {
    what: "maxBytes of 1 MiB",
    component: "fetch-queue",
    bytes: 2.16e6,
    isExact: true,
    settings: { maxBytes: "1048576" },
    scope: real,
    source: KAFKA,
  },
  {
    what: "fast consumer, at its peak: three copies of a response",
    component: "fetch-queue",
    bytes: 31.5e6 + 3.9e6,
    isExact: false,
    scope: real,
    source: `${KAFKA}; highest of samples a millisecond apart`,
  },
  {
    what: "the same with gzip",
    component: "fetch-queue",
    bytes: 99.1e6 + 13.2e6,
    isExact: false,
    scope: { ...real, compressionRatio: 3.55 },
    source: `${KAFKA}; highest of samples a millisecond apart`,
  },
  {
    what: "three consumers in one process: 31.5 MB of ArrayBuffers, 9.6 MB of objects",
    component: "fetch-queue",
    bytes: 41.1e6,
    isExact: true,
    scope: { ...real, instances: 3 },
    source: KAFKA,
  },
  {
    what: "KJS: three brokers, defaults: 33.0 MB of ArrayBuffers, heapUsed of 17.1 MB, of which 5 MB are the program",
    component: "fetch-queue",
    bytes: 45.1e6,
    isExact: true,
    scope: { version: "2.2.4", brokers: 3, messageBytes: 1024, compressionRatio: 1 },
    source: "2.2.4, librdkafka's mock brokers, process.memoryUsage()",
  },
  {
    what: "one broker, 35 blocks of ArrayBuffer data, 11.0 MB, 9.6 MB of other objects, the program's included",
    component: "fetch-queue",
    bytes: 11e6 + 4e6,
    isExact: false,
    scope: { version: "2.2.4", brokers: 1, messageBytes: 1024, compressionRatio: 1 },
    source: "2.2.4, librdkafka's mock broker, heap snapshot",
  },
];

const issues: readonly KnownIssue[] = [
  {
    url: "https://github.com/tulios/kafkajs/issues/526",
    title: "A consumer with an empty handler grows by gigabytes between two log lines (1.11.0 with kafkajs-lz4)",
    kind: "unresolved",
    component: "decompress-buffer",
    from: null,
    fixedIn: null,
    advice: "Compare arrayBuffers with maxBytes times the compression ratio: every batch of a response is decompressed at once.",
  },
];

export const kafkajs: KafkaClient = {
  id: "kafkajs",
  title: "kafkajs",
  language: "JavaScript",
  queueMemory: "runtime",
  own: {
    names: new RegExp(`${bundledModules("kafkajs")}|^(?:InstrumentationEventEmitter|SeekOffsets)$`),
    weakTypes:
      /^(?:Connection|ConnectionPool|Broker|BrokerPool|Cluster|ConsumerGroup|Runner|Batch|Decoder|Encoder|OffsetManager|RequestQueue|SocketRequest|SubscriptionState|SASLAuthenticator|KafkaJS\w+|sliced ArrayBuffer)$/,
    files: packageFiles("kafkajs", ...CODECS),
  },
  queueEntries: [
    {
      component: "fetch-queue",
      type: /^Batch$/,
      what: "batches",
      source: "src/consumer/batch.js: one for each partition of a response, in the workers' queues until it is processed",
      grade: "measured",
    },
  ],
  rules,
  examples,
  versionInPath: packageVersion("kafkajs"),
  parameters,
  otherProperties,
  ceilings: (scope) => [consumerCeiling(scope)],
  measurements,
  traps,
  retention: {
    text: "key and value are views: a kept one holds the whole fetch response (up to maxBytes), or its decompressed batch; 600 kept values of 1 KiB held 620 MB of ArrayBuffers, with a V8 heap of 6.6 MB.",
    source: "src/protocol/decoder.js at v2.2.4 (Buffer.slice); KJShold",
    grade: "measured",
  },
  issues,
  remedies: {
    buffering: remediesFor,
    appRetained: [
      {
        code: "copy-what-is-kept",
        text: "Keep Buffer.from(message.value) or a parsed object instead of message.value: the view holds the whole fetch response.",
      },
    ],
    backPressure:
      "Await the work inside of eachMessage or eachBatch: kafkajs fetches from a broker again only when its last response is processed. A handler that starts work and returns takes away the only limit; consumer.pause() then has to make one.",
    howToGetStatistics:
      "There are no statistics of its buffers: log process.memoryUsage().arrayBuffers, and the lag (highWatermark, offsetLag) from consumer.on(consumer.events.END_BATCH_PROCESS, …).",
  },
};
