/**
 * @confluentinc/kafka-javascript, the addon over librdkafka with the interface of kafkajs. Read at 1.10.0 (5969442d), run at 1.10.1
 * with librdkafka 2.15.1, which is linked into the addon unless CKJS_LINKING=dynamic. Its surprise: `maxBytes` is a limit for each
 * partition here, ten times librdkafka's default.
 */
import type { FrameExample, FrameRule, KafkaClient, KnownIssue, Measurement } from "./client.ts";
import { builtOnVersions, ceilings, otherProperties, parameters, remediesFor, traps } from "./confluent-kafka-javascript-limits.ts";
import { addonRules } from "./node-rdkafka-addon.ts";
import { bundledModules, inPackage, packageFiles, packageVersion } from "./npm-package.ts";

const PACKAGE = "@confluentinc/kafka-javascript";
const CACHE = "lib/kafkajs/_consumer_cache.js, _linked-list.js at 1.10.1";

const rules: readonly FrameRule[] = [
  ...addonRules,
  {
    component: "message-cache",
    file: inPackage("lib/kafkajs/(?:_consumer_cache|_linked-list)\\.js$"),
    source: CACHE,
    grade: "measured",
  },
  {
    component: "message-cache",
    name: /^#(?:fetchAndResolveWith|consumeSingleCached|consumeCachedN)$/,
    file: inPackage("lib/kafkajs/_consumer\\.js$"),
    source: "lib/kafkajs/_consumer.js: fills the cache",
    grade: "measured",
  },
  {
    component: "app-copy",
    name: /^#(?:createPayload|createBatchPayload|messageProcessor|batchProcessor)$/,
    file: inPackage("lib/kafkajs/_consumer\\.js$"),
    source: "lib/kafkajs/_consumer.js: what the handler is given",
    grade: "measured",
  },
  {
    component: "producer-queue",
    file: inPackage("lib/(?:kafkajs/_producer|producer|producer-stream)(?:\\.js$|/)"),
    source: "lib/kafkajs/_producer.js",
    grade: "source",
  },
  {
    component: "message-cache",
    file: inPackage("lib/kafka-consumer-stream\\.js$"),
    source: "lib/kafka-consumer-stream.js",
    grade: "source",
  },
  { component: "group-coordination", file: inPackage("lib/kafkajs/_consumer\\.js$"), source: "lib/kafkajs/_consumer.js", grade: "source" },
  { component: "admin", file: inPackage("lib/(?:kafkajs/_)?admin\\.js$"), source: "lib/admin.js", grade: "source" },
  {
    component: "message-cache",
    kind: "type",
    name: /^(?:MessageCache|PerPartitionMessageCache|LinkedList|LinkedListNode)$/,
    source: CACHE,
    grade: "source",
  },
  { component: "producer-queue", kind: "type", name: /^(?:Producer|HighLevelProducer)$/, source: "lib/producer.js", grade: "source" },
  // Linked into the addon and stripped, librdkafka tells no more than the size of its blocks (the rules of librdkafka.ts)
  {
    component: "message-op",
    unnamed: true,
    blockBytes: [300, 322],
    source: "sizeof of the calloc since librdkafka 2.6, LP64: 304; jemalloc's class 320",
    grade: "source",
  },
  {
    component: "fetch-response-buffer",
    unnamed: true,
    blockBytes: [65536, Number.POSITIVE_INFINITY],
    source: "nothing but responses and decompressed batches is that large on a broker thread",
    grade: "source",
  },
];

const RUN = "@confluentinc/kafka-javascript 1.10.1, Node.js 20.20, Apache Kafka 3.9.1";
const ADDON = `/app/node_modules/${PACKAGE}/build/Release/confluent-kafka-javascript.node`;
const LIB = `/app/node_modules/${PACKAGE}/lib`;

const examples: readonly FrameExample[] = [
  {
    path: `v8!(anonymous) > #fetchAndResolveWith @ ${LIB}/kafkajs/_consumer.js > addMessages @ ${LIB}/kafkajs/_consumer_cache.js > #add @ ${LIB}/kafkajs/_consumer_cache.js > _addLast @ ${LIB}/kafkajs/_consumer_cache.js > addLast @ ${LIB}/kafkajs/_linked-list.js`,
    component: "message-cache",
    source: `${RUN}: .heapprofile of a consumer with js.consumer.max.batch.size=-1`,
    grade: "measured",
  },
  {
    path: `v8!(anonymous) > #fetchAndResolveWith @ ${LIB}/kafkajs/_consumer.js > #saveFetchStats @ ${LIB}/kafkajs/_consumer.js`,
    component: "group-coordination",
    source: `${RUN}: .heapprofile of a consumer with 200 ms a message`,
    grade: "measured",
  },
  {
    path: `v8!(anonymous) > #worker @ ${LIB}/kafkajs/_consumer.js > #messageProcessor @ ${LIB}/kafkajs/_consumer.js > #createPayload @ ${LIB}/kafkajs/_consumer.js`,
    component: "app-copy",
    source: `${RUN}: .heapprofile of a fast consumer`,
    grade: "measured",
  },
  {
    path: "start_thread > rd_kafka_broker_thread_main > rd_kafka_broker_serve > rd_kafka_broker_consumer_serve > rd_kafka_transport_io_serve > rd_kafka_transport_io_event > rd_kafka_recv > rd_buf_write_ensure_contig > rd_buf_alloc_segment0 > malloc",
    component: "fetch-response-buffer",
    source: `${RUN}: heaptrack of a consumer with 200 ms a message, 115.3 MB`,
    grade: "measured",
  },
  {
    path: `start_thread > ${ADDON}!rd_kafka_broker_thread_main > ${ADDON}!rd_kafka_op_new_fetch_msg > calloc`,
    component: "message-op",
    source: "the same, linked into the addon",
    grade: "source",
  },
  {
    path: `start_thread > worker > ${ADDON}!NodeKafka::Workers::KafkaConsumerConsumeNum::Execute > malloc`,
    component: "message-op",
    source: "src/workers.cc at 1.10.0: messages taken from the queue and not yet copied",
    grade: "source",
  },
  {
    path: "<PerPartitionMessageCache> > <LinkedList> > <LinkedListNode> > <Object> > <Buffer>",
    component: "message-cache",
    source: "constructors of lib/kafkajs/_consumer_cache.js and _linked-list.js",
    grade: "source",
  },
  {
    path: "addLast @ /app/node_modules/.pnpm/@confluentinc+kafka-javascript@1.10.1/node_modules/@confluentinc/kafka-javascript/lib/kafkajs/_linked-list.js",
    component: "message-cache",
    source: "the same below pnpm's folder",
    grade: "source",
  },
];

const NATIVE = "1.10.1 with librdkafka 2.15.1, Apache Kafka 3.9.1";
const real = { version: "1.10.1", brokers: 1, partitions: 12, messageBytes: 1024, compressionRatio: 1 };

const measurements: readonly Measurement[] = [
  {
    what: "kafkaJS block with defaults, 200 ms a message: 110,225 messages queued, 115.3 MB of responses and 33.5 MB of objects",
    component: "fetch-queue",
    bytes: 149.6e6,
    isExact: true,
    scope: real,
    source: `${NATIVE}, heaptrack; the cache held 20 kB`,
  },
  {
    what: "fast consumer: 87.8 MB of ArrayBuffers and 49 MB of V8 heap in the cache, above a queue of at most 113 MB of values",
    component: "fetch-queue",
    bytes: 87.8e6 + 48.7e6 + 113e6,
    isExact: false,
    scope: real,
    source: `${NATIVE}, highest of process.memoryUsage() every 20 ms, and librdkafka's statistics`,
  },
  {
    what: "CKJ: 150 partitions, three brokers: 70.3 MB of values queued, resident memory of 153 MB",
    component: "fetch-queue",
    bytes: 70.3e6 + 70.3e3 * 304,
    isExact: false,
    scope: { ...real, brokers: 3, partitions: 150 },
    source: "1.10.1 with librdkafka 2.15.0, librdkafka's mock brokers with one batch a partition and fetch; objects added by their size",
  },
];

const ISSUE = "https://github.com/confluentinc/confluent-kafka-javascript/issues/";

const issues: readonly KnownIssue[] = [
  {
    url: `${ISSUE}272`,
    title: "Whatever is given as opaque to produce() is never freed (1.2.0)",
    kind: "client-leak",
    component: "producer-queue",
    frames: /^NodeKafka::Producer::NodeProduce$/,
    from: null,
    fixedIn: null,
    advice: "Call produce() without an opaque value, or use the promises of the kafkaJS interface.",
  },
  {
    url: `${ISSUE}150`,
    title: "Idle consumers pile up promises that are never resolved",
    kind: "client-leak",
    component: "group-coordination",
    from: null,
    fixedIn: "0.5.0",
    advice: "Upgrade to 0.5 or later (the changelog names pull request 151).",
  },
  {
    url: `${ISSUE}263`,
    title: "Reported of consume(n, callback), later found to be the producer's opaque values (1.2.0)",
    kind: "client-leak",
    component: "producer-queue",
    frames: /^NodeKafka::Producer::NodeProduce$/,
    from: null,
    fixedIn: null,
    advice: "Call produce() without an opaque value; see issue 272.",
  },
];

export const confluentKafkaJavascript: KafkaClient = {
  id: "confluent-kafka-javascript",
  title: "@confluentinc/kafka-javascript",
  language: "JavaScript",
  builtOn: "librdkafka",
  queueMemory: "native",
  own: {
    names: new RegExp(`^NodeKafka::|${bundledModules(PACKAGE)}|^PerPartitionMessageCache$`),
    weakTypes: /^(?:MessageCache|LinkedList|LinkedListNode|KafkaConsumer|Producer|HighLevelProducer|DeferredPromise|KafkaJS\w+)$/,
    modules: /(?:^|[/\\])confluent-kafka-javascript\.node$/,
    files: packageFiles(PACKAGE),
  },
  queueEntries: [
    {
      component: "fetch-queue",
      type: /^LinkedListNode$/,
      below: /^PerPartitionMessageCache$/,
      what: "messages",
      source: "lib/kafkajs/_consumer_cache.js: messages taken from librdkafka and not yet handed out",
      grade: "source",
    },
  ],
  rules,
  examples,
  versionInPath: packageVersion(PACKAGE),
  builtOnVersions,
  parameters,
  otherProperties,
  ceilings,
  measurements,
  traps,
  retention: {
    text: "key, value and headers are copies: a kept message holds only itself (600 kept ones of 1 KiB: 0.8 MB of ArrayBuffers).",
    source: "src/common.cc:747 at 1.10.0 (Nan::Encode); CKJhold",
    grade: "measured",
  },
  issues,
  remedies: {
    buffering: remediesFor,
    appRetained: [
      { code: "drop-messages", text: "Keep what was parsed instead of the message: its value is a Buffer outside of the V8 heap." },
    ],
    backPressure:
      "Await the work inside of eachMessage or eachBatch: messages then wait in librdkafka's queue, which has a limit. A handler that starts work and returns takes that away; consumer.pause() then has to make one.",
    howToGetStatistics:
      "Set 'statistics.interval.ms': 5000 and stats_cb beside the kafkaJS block, and append event.message to a file, one object a line.",
  },
};
