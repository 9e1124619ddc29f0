/**
 * node-rdkafka, the addon over librdkafka. Read at 3.6.0 (7e050d67), run at 3.6.1. Its surprise: in flowing mode (`consume()` without
 * a number) a thread of its own hands every message to JavaScript as fast as it arrives, so librdkafka's limits bound nothing. V8's
 * sampling profile shows the messages that the addon makes as `(V8 API)` alone, without a caller: a native profile tells more.
 */
import type { FrameExample, FrameRule, KafkaClient, KnownIssue, Measurement } from "./client.ts";
import { addonRules } from "./node-rdkafka-addon.ts";
import { bundledModules, inPackage, packageFiles, packageVersion } from "./npm-package.ts";

const rules: readonly FrameRule[] = [
  ...addonRules,
  // JavaScript frames
  {
    component: "app-copy",
    name: /^readCallback$/,
    file: inPackage("lib/kafka-consumer\\.js$"),
    source: "lib/kafka-consumer.js: hands messages to the application",
    grade: "measured",
  },
  {
    component: "message-cache",
    file: inPackage("lib/kafka-consumer-stream\\.js$"),
    source: "lib/kafka-consumer-stream.js:74: at most fetchSize + highWaterMark messages",
    grade: "source",
  },
  { component: "producer-queue", file: inPackage("lib/producer(?:-stream)?(?:\\.js$|/)"), source: "lib/producer.js", grade: "source" },
  { component: "admin", file: inPackage("lib/admin\\.js$"), source: "lib/admin.js", grade: "source" },
  { component: "message-cache", kind: "type", name: /^KafkaConsumerStream$/, source: "lib/kafka-consumer-stream.js", grade: "source" },
  {
    component: "producer-queue",
    kind: "type",
    name: /^(?:Producer|HighLevelProducer|ProducerStream)$/,
    source: "lib/producer.js",
    grade: "source",
  },
];

const FLOWING = "node-rdkafka 3.6.1, Node.js 20.20, Apache Kafka 3.9.1: heaptrack of a consumer in flowing mode";
const ADDON = "/app/node_modules/node-rdkafka/build/Release/node-librdkafka.node";
const TO_V8 = `_start > __libc_start_main > node::Start > node::NodeMainInstance::Run > uv_run > uv__io_poll > uv__async_io > ${ADDON}!NodeKafka::Workers::MessageWorker::m_async_message > ${ADDON}!NodeKafka::Workers::KafkaConsumerConsumeLoop::HandleMessageCallback > ${ADDON}!NodeKafka::Conversion::Message::ToV8Object`;

const examples: readonly FrameExample[] = [
  {
    path: `${TO_V8} > node::Encode > node::Buffer::Copy > v8::ArrayBuffer::NewBackingStore > v8::internal::BackingStore::Allocate > node::NodeArrayBufferAllocator::Allocate > calloc`,
    component: "app-copy",
    source: `${FLOWING}: 154 MB of 150,562 messages`,
    grade: "measured",
  },
  {
    path: `${TO_V8} > v8::Object::New > v8::internal::Factory::NewJSObject > malloc`,
    component: "app-copy",
    source: FLOWING,
    grade: "measured",
  },
  {
    path: "start_thread > rd_kafka_broker_thread_main > rd_kafka_broker_serve > rd_kafka_broker_consumer_serve > rd_kafka_broker_ops_io_serve > rd_kafka_transport_io_serve > rd_kafka_transport_io_event > rd_kafka_recv > rd_buf_write_ensure_contig > rd_buf_alloc_segment0 > malloc",
    component: "fetch-response-buffer",
    source: "node-rdkafka 3.6.1 with its librdkafka.so.1 2.12.0: heaptrack of a consumer that takes a message every 200 ms, 89.1 MB",
    grade: "measured",
  },
  {
    path: "start_thread > rd_kafka_broker_thread_main > rd_kafka_recv > rd_kafka_broker_fetch_reply > rd_kafka_msgset_reader_run > rd_kafka_msgset_reader_v2 > rd_kafka_op_new_fetch_msg > rd_kafka_op_new0 > calloc",
    component: "message-op",
    source: "the same, 20.6 MB",
    grade: "measured",
  },
  {
    path: "readCallback @ /app/node_modules/node-rdkafka/lib/kafka-consumer.js > emit @ node:events",
    component: "app-copy",
    source: ".heapprofile of the consumer in flowing mode",
    grade: "measured",
  },
  {
    path: `start_thread > worker > ${ADDON}!NodeKafka::Workers::KafkaConsumerConsumeNum::Execute > malloc`,
    component: "message-op",
    source: "src/workers.cc:808 at 3.6.0",
    grade: "source",
  },
  {
    path: `start_thread > ${ADDON}!`,
    component: "unsymbolised-client",
    source: "the addon when it is stripped",
    grade: "source",
  },
];

const measurements: readonly Measurement[] = [
  {
    what: "12 partitions, one broker, a message every 200 ms: 67,783 messages queued, 89.1 MB of responses and 20.6 MB of objects",
    component: "fetch-queue",
    bytes: 110.4e6,
    isExact: false,
    scope: { version: "3.6.1", brokers: 1, partitions: 12, messageBytes: 1024, compressionRatio: 1 },
    source: "3.6.1 with librdkafka 2.12.0, Apache Kafka 3.9.1, heaptrack; 21 % of each chunk is a batch that is cut off",
  },
];

const ISSUE = "https://github.com/Blizzard/node-rdkafka/issues/";

const issues: readonly KnownIssue[] = [
  {
    url: "https://github.com/Blizzard/node-rdkafka/pull/1149",
    title: "The opaque handle of a produced message leaks when nobody listens for delivery reports",
    kind: "client-leak",
    component: "producer-queue",
    frames: /^NodeKafka::Producer::NodeProduce$/,
    from: null,
    fixedIn: null,
    advice: "Register a delivery-report listener and poll, or pass no opaque to produce().",
  },
  {
    url: `${ISSUE}953`,
    title: "The opaque handle leaks when produce() throws (2.10.1)",
    kind: "client-leak",
    component: "producer-queue",
    frames: /^NodeKafka::Producer::NodeProduce$/,
    from: null,
    fixedIn: null,
    advice: "Wait while the producer's queue is full instead of calling produce() again and again, or upgrade.",
  },
  {
    url: `${ISSUE}731`,
    title: "Disconnected producers stay, held by their own callbacks (2.8)",
    kind: "client-leak",
    component: "producer-queue",
    from: null,
    fixedIn: null,
    advice: "Use one producer for the whole process instead of one a task, or upgrade.",
  },
  {
    url: `${ISSUE}246`,
    title: "All memory is used up within minutes with brokers 0.11: over-fetching of librdkafka 0.9.5",
    kind: "buffering",
    component: "fetch-queue",
    from: "2.0.0",
    fixedIn: null,
    advice: "Upgrade: it is librdkafka issue 1384.",
  },
  {
    url: `${ISSUE}179`,
    title: "A consumer stream grows to a gigabyte with the old default queue",
    kind: "buffering",
    component: "fetch-queue",
    from: null,
    fixedIn: "2.10.0", // the first release with librdkafka 1.5, whose default is 64 MB
    advice: "Set queued.max.messages.kbytes: its default was 1 GB before librdkafka 1.5.",
  },
  {
    url: `${ISSUE}510`,
    title: "100 partitions with messages of 1 MB and a slow consumer",
    kind: "buffering",
    component: "fetch-queue",
    from: null,
    fixedIn: null,
    advice: "Lower fetch.message.max.bytes and queued.max.messages.kbytes: each fetch brings a chunk of every partition.",
  },
  {
    url: `${ISSUE}929`,
    title: "pause() in flowing mode does not stop what was already handed over, and memory runs out",
    kind: "buffering",
    component: "app-copy",
    from: null,
    fixedIn: null,
    advice: "Take messages with consume(n, callback) instead of consume().",
  },
  {
    url: `${ISSUE}877`,
    title: "Out of memory with consume() in front of a slow database",
    kind: "buffering",
    component: "app-copy",
    from: null,
    fixedIn: null,
    advice: "Take messages with consume(n, callback), the next ones when the last are processed.",
  },
  {
    url: `${ISSUE}571`,
    title: "Flowing mode runs out of memory where each message needs much of it",
    kind: "buffering",
    component: "app-copy",
    from: null,
    fixedIn: null,
    advice: "Take messages with consume(n, callback), the next ones when the last are processed.",
  },
  {
    url: `${ISSUE}1135`,
    title: "1.5 GB resident while consuming and 1 GB after it, with a V8 heap of 60 MB",
    kind: "allocator",
    component: null,
    from: null,
    fixedIn: null,
    advice: "Compare live heap with resident memory; MALLOC_ARENA_MAX=2 or jemalloc help.",
  },
  {
    url: `${ISSUE}581`,
    title: "Resident memory is high and the V8 heap steady and low (2.5.1)",
    kind: "unresolved",
    component: "fetch-queue",
    from: null,
    fixedIn: null,
    advice: "Set queued.max.messages.kbytes and look at a native heap profile: V8 sees nothing of the queue.",
  },
];

export const nodeRdkafka: KafkaClient = {
  id: "node-rdkafka",
  title: "node-rdkafka",
  language: "JavaScript",
  builtOn: "librdkafka",
  queueMemory: "native",
  own: {
    // @confluentinc/kafka-javascript grew out of it and has the same namespace: the module tells them apart
    names: new RegExp(`^NodeKafka::|${bundledModules("node-rdkafka")}|^KafkaConsumerStream$`),
    weakTypes: /^(?:KafkaConsumer|Producer|HighLevelProducer|ProducerStream|Topic|AdminClient)$/,
    modules: /(?:^|[/\\])node-librdkafka\.node$/,
    files: packageFiles("node-rdkafka"),
  },
  queueEntries: [
    {
      component: "fetch-queue",
      type: /^(?:Object|Message)$/,
      below: /^KafkaConsumerStream$/,
      what: "messages",
      source: "lib/kafka-consumer-stream.js: messages in the buffer of the stream; those in librdkafka's queue are native",
      grade: "source",
    },
  ],
  rules,
  examples,
  versionInPath: packageVersion("node-rdkafka"),
  // "librdkafka" in the package.json of each release
  builtOnVersions: [
    { from: "3.6.0", version: "2.12.0" },
    { from: "3.5.0", version: "2.11.1" },
    { from: "3.4.0", version: "2.10.0" },
    { from: "3.3.0", version: "2.8.0" },
    { from: "3.2.1", version: "2.6.1" },
    { from: "3.1.0", version: "2.5.0" },
    { from: "2.18.0", version: "2.3.0" },
    { from: "2.17.0", version: "2.2.0" },
    { from: "2.16.0", version: "2.1.1" },
    { from: "2.15.0", version: "2.0.2" },
    { from: "2.14.4", version: "1.9.2" },
    { from: "2.13.0", version: "1.8.2" },
    { from: "2.12.0", version: "1.7.0" },
    { from: "2.11.0", version: "1.6.1" },
    { from: "2.10.0", version: "1.5.2" },
    { from: "2.9.0", version: "1.4.2" },
    { from: "2.8.0", version: "1.3.0" },
    { from: "2.7.4", version: "1.2.2" },
    { from: "2.6.1", version: "0.11.6" },
    { from: "2.5.0", version: "0.11.5" },
  ],
  measurements,
  traps: () => [
    {
      code: "flowing-mode-has-no-limit",
      text: "consume() without a number hands over every message at once: an asynchronous 'data' handler then holds all that arrive, beyond any limit of the queue.",
      source: "src/workers.cc:683 at 3.6.0; measured: all 150,562 messages of a topic, 154 MB of ArrayBuffers, none processed",
    },
  ],
  retention: {
    text: "key, value and headers are copies: a kept message holds only itself, as an ArrayBuffer of its own outside of the V8 heap.",
    source: "src/common.cc:414 at 3.6.0 (Nan::Encode)",
    grade: "measured",
  },
  issues,
  remedies: {
    appRetained: [
      { code: "drop-messages", text: "Keep what was parsed instead of the message: its value is a Buffer outside of the V8 heap." },
      {
        code: "limit-work-in-progress",
        text: "Take messages with consume(n, callback) instead of consume(), so that no more than n are held at once.",
      },
    ],
    backPressure:
      "Call consumer.consume(n, callback) for the next messages when the last are processed, or read from Kafka.createReadStream through a pipeline; consume() without a number does not wait.",
    howToGetStatistics:
      "Set statistics.interval.ms=5000 and event_cb=true, listen to consumer.on('event.stats', …) and append event.message to a file, one a line.",
  },
};
