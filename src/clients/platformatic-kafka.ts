/**
 * @platformatic/kafka, the client in TypeScript with streams. Read and measured at 2.12.1 and 1.35.0. Its surprise: the high-water mark
 * of a stream does not bound it. A fetch brings up to 50 MiB (10 MiB in 1.x) a broker, and all of it goes into the stream.
 */
import type { FrameExample, FrameRule, KafkaClient, KnownIssue, Measurement } from "./client.ts";
import { bundledModules, inPackage, packageFiles, packageVersion } from "./npm-package.ts";
import { consumerCeiling, otherProperties, parameters, remediesFor, traps } from "./platformatic-kafka-limits.ts";

const PACKAGE = "@platformatic/kafka";
/** Made for it by the same authors, and of use to nothing else so far. */
const BUFFERS = "@platformatic/dynamic-buffer";
const CODECS = "@platformatic/wasm-utils";
const DECODING = /^(?:readRecords?|readRecordsBatch(?:es)?)$/;
const DECODED = "dist/protocol/records.js at 2.12.1: slices of what the socket delivered";

const rules: readonly FrameRule[] = [
  {
    component: "message-op",
    name: /^#(?:pushRecords|beforeDeserialization)$/,
    source: "dist/clients/consumer/messages-stream.js: an object, a Map of headers and a bound commit a message",
    grade: "measured",
  },
  {
    component: "message-op",
    file: inPackage("dist/clients/consumer/messages-stream\\.js$"),
    below: /^#(?:pushRecords|beforeDeserialization)$/,
    source: "dist/clients/consumer/messages-stream.js",
    grade: "measured",
  },
  {
    component: "fetch-queue",
    file: inPackage("dist/clients/consumer/messages-stream\\.js$"),
    source: "dist/clients/consumer/messages-stream.js: the stream itself",
    grade: "source",
  },
  { component: "decompress-buffer", file: packageFiles(CODECS), source: "LZ4 and Snappy in WebAssembly", grade: "source" },
  {
    component: "decompress-buffer",
    file: inPackage("dist/protocol/compression\\.js$"),
    source: "dist/protocol/compression.js",
    grade: "source",
  },
  {
    component: "producer-batch",
    name: /^(?:create\w*|prepareRecordsBatch|buildRecordsBatch|getCompressionAlgorithm)$/,
    file: inPackage("dist/protocol/records\\.js$"),
    source: "dist/protocol/records.js: batches of a produce request",
    grade: "source",
  },
  { component: "message-op", file: inPackage("dist/protocol/records\\.js$"), source: DECODED, grade: "measured" },
  { component: "message-op", file: inPackage("dist/protocol/reader\\.js$"), below: DECODING, source: DECODED, grade: "measured" },
  {
    component: "message-op",
    file: packageFiles(BUFFERS),
    below: DECODING,
    source: `${DECODED}; copies where they span chunks`,
    grade: "measured",
  },
  {
    component: "fetch-response-buffer",
    name: /^#?onData$/,
    file: inPackage("dist/network/connection\\.js$"),
    source: "dist/network/connection.js:581: chunks of the socket, not joined",
    grade: "measured",
  },
  {
    component: "record-parse",
    file: inPackage("dist/apis/consumer/fetch-v\\d+\\.js$"),
    source: "dist/apis/consumer/fetch-v*.js",
    grade: "measured",
  },
  {
    component: "producer-batch",
    file: inPackage("dist/(?:apis/producer/produce-|protocol/writer\\.js$)"),
    source: "dist/protocol/writer.js",
    grade: "source",
  },
  {
    component: "producer-batch",
    file: packageFiles(BUFFERS),
    below: /^(?:createRecord|createRecordsBatch|prepareRecordsBatch|#performSingleDestinationSend)$/,
    source: "dist/protocol/records.js",
    grade: "source",
  },
  {
    component: "producer-queue",
    file: inPackage("dist/clients/producer/"),
    source: "dist/clients/producer/: what send was given and waits",
    grade: "measured",
  },
  {
    component: "group-coordination",
    file: inPackage("dist/(?:clients|apis)/consumer/"),
    source: "dist/clients/consumer/",
    grade: "source",
  },
  { component: "metadata", file: inPackage("dist/(?:apis/metadata/|clients/base/)"), source: "dist/clients/base/base.js", grade: "source" },
  { component: "admin", file: inPackage("dist/(?:clients|apis)/admin/"), source: "dist/clients/admin/", grade: "source" },
  { component: "network-tls", file: inPackage("dist/(?:network|apis/security|protocol/sasl)/"), source: "dist/network/", grade: "source" },
  {
    component: "telemetry",
    file: inPackage("dist/(?:apis/telemetry/|clients/metrics\\.js$)"),
    source: "dist/clients/metrics.js",
    grade: "source",
  },
  // Constructors of heap snapshots
  { component: "message-op", kind: "type", name: /^MessagesStream$/, source: "its readable state holds the messages", grade: "measured" },
  {
    component: "fetch-response-buffer",
    kind: "type",
    name: /^(?:DynamicBuffer|Connection)$/,
    source: "dist/network/connection.js",
    grade: "measured",
  },
  { component: "group-coordination", kind: "type", name: /^(?:Consumer|TopicsMap)$/, source: "dist/clients/consumer/", grade: "measured" },
  { component: "producer-queue", kind: "type", name: /^(?:Producer|ProducerStream)$/, source: "dist/clients/producer/", grade: "source" },
  { component: "network-tls", kind: "type", name: /^ConnectionPool$/, source: "dist/network/connection-pool.js", grade: "measured" },
];

const RUN =
  "@platformatic/kafka 2.12.1, Node.js 22.23, Apache Kafka 3.9.1: .heapprofile by the inspector of a stream with 200 ms a message";
const DIST = "file:///app/node_modules/@platformatic/kafka/dist";
const SOCKET = `onStreamRead @ node:internal/stream_base_commons > Readable.push @ node:internal/streams/readable > emit @ node:events > #onData @ ${DIST}/network/connection.js`;
const PUSH = `${SOCKET} > worked @ file:///app/node_modules/fastq/queue.js > #onResponse @ ${DIST}/network/connection.js > (anonymous) @ ${DIST}/clients/consumer/consumer.js > (anonymous) @ ${DIST}/clients/base/base.js > (anonymous) @ ${DIST}/clients/consumer/consumer.js > (anonymous) @ ${DIST}/clients/consumer/messages-stream.js > #pushRecords @ ${DIST}/clients/consumer/messages-stream.js`;
const READ = `${SOCKET} > parseResponse @ ${DIST}/apis/consumer/fetch-v17.js > readArray @ ${DIST}/protocol/reader.js > readNullableArray @ ${DIST}/protocol/reader.js > (anonymous) @ ${DIST}/apis/consumer/fetch-v17.js > readRecordsBatches @ ${DIST}/protocol/records.js > readRecordsBatch @ ${DIST}/protocol/records.js > readRecord @ ${DIST}/protocol/records.js`;
const SEND = `(anonymous) @ file:///app/main.mjs > send @ ${DIST}/clients/producer/producer.js > traceCallback @ node:diagnostics_channel > #send @ ${DIST}/clients/producer/producer.js`;
const STOPPED = "@platformatic/kafka 2.12.1, the same broker, stopped: .heapprofile of a producer that does not wait for send";

const examples: readonly FrameExample[] = [
  { path: PUSH, component: "message-op", source: RUN, grade: "measured" },
  { path: `${PUSH} > v8!Map`, component: "message-op", source: RUN, grade: "measured" },
  { path: `${PUSH} > Readable.push @ node:internal/streams/readable`, component: "message-op", source: RUN, grade: "measured" },
  {
    path: `${READ} > readVarIntBytes @ ${DIST}/protocol/reader.js > slice @ file:///app/node_modules/@platformatic/dynamic-buffer/dist/index.js > subarray @ node:buffer`,
    component: "message-op",
    source: RUN,
    grade: "measured",
  },
  { path: `${READ} > readInt8 @ ${DIST}/protocol/reader.js`, component: "message-op", source: RUN, grade: "measured" },
  {
    path: `${SOCKET} > parseResponse @ ${DIST}/apis/metadata/api-versions-v3.js > (anonymous) @ ${DIST}/apis/metadata/api-versions-v3.js`,
    component: "metadata",
    source: RUN,
    grade: "measured",
  },
  { path: `${SEND} > v8!Map`, component: "producer-queue", source: STOPPED, grade: "measured" },
  { path: SEND, component: "producer-queue", source: STOPPED, grade: "measured" },
  {
    path: "<MessagesStream> > <ReadableState> > <Array> > <Object> > <Buffer> > <ArrayBuffer> > <system / JSArrayBufferData>",
    component: "message-op",
    source: "constructors of a heap snapshot of the same stream",
    grade: "measured",
  },
  {
    path: "#pushRecords @ file:///app/node_modules/.pnpm/@platformatic+kafka@2.12.1/node_modules/@platformatic/kafka/dist/clients/consumer/messages-stream.js",
    component: "message-op",
    source: "the same below pnpm's folder",
    grade: "source",
  },
  {
    path: "#pushRecords @ /app/.yarn/cache/@platformatic-kafka-npm-2.12.1-0f1e2d3c4b.zip/node_modules/@platformatic/kafka/dist/clients/consumer/messages-stream.js",
    component: "message-op",
    source: "the same inside of Yarn's zip",
    grade: "source",
  },
];

const KAFKA = "Apache Kafka 3.9.1, process.memoryUsage() after gc(): arrayBuffers, and heapUsed above that of the program without stream";
const real = { version: "2.12.1", brokers: 1, partitions: 12, messageBytes: 1024, compressionRatio: 1 };

const measurements: readonly Measurement[] = [
  {
    what: "2.12.1, defaults, 200 ms a message: 50,342 messages in the stream, 53.0 MB of ArrayBuffers, 25.7 MB of objects",
    component: "fetch-queue",
    bytes: 78.6e6,
    isExact: true,
    scope: real,
    source: `2.12.1, Node.js 22.23, ${KAFKA}`,
  },
  {
    what: "1.35.0, defaults: 9,929 messages, 10.5 MB of ArrayBuffers, 5.3 MB of objects",
    component: "fetch-queue",
    bytes: 15.75e6,
    isExact: true,
    scope: { ...real, version: "1.35.0" },
    source: `1.35.0, Node.js 20.20, ${KAFKA}`,
  },
  {
    what: "1.35.0, maxBytes of 1 MiB: 1,550 messages, 1.7 MB of ArrayBuffers, 1.5 MB of objects",
    component: "fetch-queue",
    bytes: 3.18e6,
    isExact: true,
    settings: { maxBytes: "1048576" },
    scope: { ...real, version: "1.35.0" },
    source: `1.35.0, Node.js 20.20, ${KAFKA}`,
  },
  {
    what: "2.12.1, gzip (3.55 : 1), a response of 29.1 MB: 99,931 messages, 103.4 MB of ArrayBuffers, 50 MB of objects",
    component: "fetch-queue",
    bytes: 153.4e6,
    isExact: true,
    settings: { maxBytes: "29126760" }, // all that the topic had, less than the limit
    scope: { ...real, compressionRatio: 3.55 },
    source: `2.12.1, Node.js 22.23, ${KAFKA}`,
  },
  {
    what: "the same at its peak: compressed and decompressed",
    component: "fetch-queue",
    bytes: 132e6 + 73.9e6,
    isExact: false,
    settings: { maxBytes: "29126760" },
    scope: { ...real, compressionRatio: 3.55 },
    source: `2.12.1, Node.js 22.23, ${KAFKA}; highest of samples 20 ms apart, before gc()`,
  },
  {
    what: "1.31.0, back-pressure broken: the whole topic, 150,357 messages, 158.4 MB of ArrayBuffers, 67.8 MB of objects",
    component: "fetch-queue",
    bytes: 226e6,
    isExact: false,
    scope: { ...real, version: "1.31.0" },
    source: `1.31.0, Node.js 20.20, ${KAFKA}`,
  },
];

const issues: readonly KnownIssue[] = [
  {
    url: "https://github.com/platformatic/kafka/pull/266",
    title: "A stream fetches on although it is full, and grows without limit",
    kind: "client-leak",
    component: "message-op",
    from: "1.31.0",
    fixedIn: "1.33.0",
    advice: "Upgrade to 1.33.0 or later.",
  },
  {
    url: "https://github.com/platformatic/kafka/issues/236",
    title: "The V8 heap runs out at 768 MB in services that take 30 messages a second (1.31.0)",
    kind: "unresolved",
    component: "message-op",
    from: null,
    fixedIn: null,
    advice: "Upgrade to 1.33.0 or later first: 1.31.0 and 1.32 have the broken back-pressure of pull request 266.",
  },
];

export const platformaticKafka: KafkaClient = {
  id: "platformatic-kafka",
  title: "@platformatic/kafka",
  language: "JavaScript",
  queueMemory: "runtime",
  own: {
    names: new RegExp(`${bundledModules(PACKAGE)}|^MessagesStream$`),
    weakTypes: /^(?:DynamicBuffer|Connection|ConnectionPool|Consumer|Producer|ProducerStream|TopicsMap|Reader|Writer|Admin)$/,
    files: packageFiles(PACKAGE, BUFFERS, CODECS),
  },
  queueEntries: [
    {
      component: "fetch-queue",
      type: /^(?:Object|KafkaMessage)$/,
      below: /^MessagesStream$/,
      what: "messages",
      source: "dist/clients/consumer/messages-stream.js: messages in the buffer of the stream",
      grade: "source",
    },
  ],
  rules,
  examples,
  versionInPath: packageVersion(PACKAGE),
  parameters,
  otherProperties,
  ceilings: (scope) => [consumerCeiling(scope)],
  measurements,
  traps,
  retention: {
    text: "key and value are views of the piece that the socket delivered, or copies where they span two: a kept one holds up to 64 KiB (300 kept values of 1 KiB: 19.6 MB of ArrayBuffers); of a compressed batch, the whole decompressed batch.",
    source: "dist/index.js of @platformatic/dynamic-buffer (slice); measured with 1.35.0 and 2.12.1",
    grade: "measured",
  },
  issues,
  remedies: {
    buffering: remediesFor,
    appRetained: [
      {
        code: "copy-what-is-kept",
        text: "Keep Buffer.from(message.value) or let a deserializer make an object: the view holds 64 KiB around it, of a compressed batch all of it.",
      },
    ],
    backPressure:
      "Take messages with for await, or through stream.pipeline: the next fetch is sent when the stream is below its high-water mark. An asynchronous 'data' handler does not make it wait.",
    howToGetStatistics:
      "There are no statistics of its buffers: log stream.readableLength (messages) and process.memoryUsage().arrayBuffers, and the lag by consumer.startLagMonitoring().",
  },
};
