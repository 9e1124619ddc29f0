/**
 * confluent-kafka-python, a C extension (`cimpl`) over librdkafka, read at v2.15.0 and run at 2.16.1. Its surprise: the wheel's own
 * librdkafka keeps its symbol table, but Python's tools see none of the queue; only `memray --native` and native profilers do.
 */
import type { FrameExample, KafkaClient } from "./client.ts";

const MEMRAY = "memray --native of confluent-kafka 2.16.1, Apache Kafka 3.9.1";

const examples: readonly FrameExample[] = [
  {
    path: "clone3 > start_thread > rd_kafka_broker_thread_main > rd_kafka_broker_serve > rd_kafka_broker_consumer_serve > rd_kafka_transport_io_event.constprop.0 > rd_kafka_recv > rd_buf_write_ensure_contig > rd_buf_alloc_segment0",
    component: "fetch-response-buffer",
    source: MEMRAY,
    grade: "measured",
  },
  {
    path: "clone3 > start_thread > rd_kafka_broker_thread_main > rd_kafka_recv > rd_kafka_buf_callback > rd_kafka_fetch_reply_handle.constprop.0 > rd_kafka_msgset_parse > rd_kafka_msgset_reader_run > rd_kafka_msgset_reader_msg_v2 > rd_kafka_op_new_fetch_msg > rd_kafka_op_new0",
    component: "message-op",
    source: MEMRAY,
    grade: "measured",
  },
  {
    path: "<module> @ /app/worker.py > cfunction_call @ Objects/methodobject.c > Consumer_poll > Message_new0 > PyBytes_FromStringAndSize @ Objects/bytesobject.c > _PyObject_Malloc @ Objects/obmalloc.c",
    component: "app-copy",
    source: MEMRAY,
    grade: "measured",
  },
  {
    path: "<module> @ /app/worker.py > cfunction_call @ Objects/methodobject.c > Producer_produce > Producer_producev > rd_kafka_producev > rd_kafka_msg_new0",
    component: "producer-queue",
    source: MEMRAY,
    grade: "measured",
  },
  {
    path: "<module> @ /app/worker.py > Producer_produce > Producer_msgstate_new",
    component: "producer-queue",
    source: MEMRAY,
    grade: "measured",
  },
  {
    path: "[rdk:broker1] > /venv/lib/python3.11/site-packages/confluent_kafka.libs/librdkafka-0cb94173.so.1!",
    component: "unsymbolised-client",
    source: "the module of the wheel 2.16.1",
    grade: "measured",
  },
  {
    path: "consume @ /app/worker.py > poll @ /venv/lib/python3.11/site-packages/confluent_kafka/deserializing_consumer.py",
    component: "app-copy",
    source: "src/confluent_kafka/deserializing_consumer.py at v2.15.0",
    grade: "source",
  },
];

const ISSUE = "https://github.com/confluentinc/confluent-kafka-python/issues/";

export const confluentKafkaPython: KafkaClient = {
  id: "confluent-kafka-python",
  title: "confluent-kafka-python",
  language: "Python",
  builtOn: "librdkafka",
  queueMemory: "native",
  own: {
    // Symbols of cimpl that no other program is likely to have; `Consumer_poll` alone would be too little
    names:
      /^(?:Message_new0|Message_set_\w+|Producer_(?:msgstate_\w+|producev|produce0)|Consumer_(?:rebalance_cb|offset_commit_cb|offset_commit_return_cb)|Handle_(?:serialize|common|rk_use)_\w+|CallState_\w+|KafkaError_(?:new0|new_or_None|new_from_error_destroy|init0)|AdminTypes_\w+|Admin_c_\w+|cfl_Py\w+|c_headers_to_py|c_parts_to_py|py_to_c_parts|py_headers_to_c|confluent_kafka\.[\w.]+|confluent_kafka\.cimpl\.\w+)$/,
    modules: /(?:^|[/\\])confluent_kafka[/\\]cimpl\.[^/\\]*(?:so|pyd|dylib)$/,
    files:
      /(?:^|(?:site|dist)-packages[/\\])confluent_kafka[/\\](?:[\w-]+[/\\])*\w+\.(?:py|pyi)$|[/\\]confluent_kafka-[\w.]+\.(?:whl|egg|zip)[/\\]|\/confluent_kafka\/src\/(?:confluent_kafka|Consumer|Producer|Admin\w*|Metadata|ShareConsumer)\.[ch]$/,
  },
  rules: [
    {
      component: "producer-queue",
      name: /^Producer_(?:msgstate_\w+|produce\w*)$/,
      source: "Producer.c: one object a message until its delivery report was served",
      grade: "measured",
    },
    {
      component: "producer-queue",
      file: /confluent_kafka[/\\](?:aio[/\\]producer[/\\]|serializing_producer\.py)/,
      source: "confluent_kafka/aio/producer/: batches of the asyncio producer",
      grade: "source",
    },
    {
      component: "headers",
      name: /^(?:c_headers_to_py|py_headers_to_c|Message_(?:set_)?headers)$/,
      source: "confluent_kafka.c",
      grade: "source",
    },
    {
      component: "app-copy",
      name: /^(?:Message_\w+|Consumer_(?:poll|consume))$/,
      source: "confluent_kafka.c:1081 Message_new0 copies key and value into bytes; Consumer.c:1061 destroys the native message at once",
      grade: "measured",
    },
    {
      component: "app-copy",
      file: /confluent_kafka[/\\](?:deserializing_consumer|serialization[/\\]__init__|schema_registry[/\\]\w+|_serde_builder|aio[/\\]_AIOConsumer)\.py$/,
      source: "confluent_kafka/deserializing_consumer.py: deserialised objects are the application's",
      grade: "source",
    },
    { component: "admin", name: /^Admin/, source: "Admin.c", grade: "source" },
    { component: "admin", file: /confluent_kafka[/\\]admin[/\\]/, source: "confluent_kafka/admin/", grade: "source" },
    { component: "group-coordination", name: /^Consumer_(?:rebalance|offset)_/, source: "Consumer.c", grade: "source" },
    { component: "topic-partition-state", name: /^(?:c_parts_to_py|py_to_c_parts)$/, source: "confluent_kafka.c", grade: "source" },
  ],
  examples,
  versionInPath: /confluent[_-]kafka[-=@](\d+\.\d+\.\d+)/,
  // CHANGELOG.md; the same number, but for releases of the wrapper alone
  builtOnVersions: [
    { from: "2.16.0", version: "2.16.0" }, // libversion() of 2.16.1
    { from: "2.15.0", version: "2.15.0" },
    { from: "2.14.2", version: "2.14.2" },
    { from: "2.14.0", version: "2.14.0" },
    { from: "2.13.0", version: "2.13.0" },
    { from: "2.12.0", version: "2.12.0" },
    { from: "2.11.1", version: "2.11.1" },
    { from: "2.11.0", version: "2.11.0" },
    { from: "2.10.1", version: "2.10.1" },
    { from: "2.10.0", version: "2.10.0" },
    { from: "2.8.0", version: "2.8.0" },
    { from: "2.6.1", version: "2.6.1" },
    { from: "2.6.0", version: "2.6.0" },
    { from: "2.5.3", version: "2.5.3" },
    { from: "2.5.0", version: "2.5.0" },
    { from: "2.4.0", version: "2.4.0" },
    { from: "2.3.0", version: "2.3.0" },
    { from: "2.2.0", version: "2.2.0" },
    { from: "2.1.1", version: "2.1.1" },
    { from: "2.1.0", version: "2.1.0" },
    { from: "2.0.2", version: "2.0.2" },
    { from: "1.9.2", version: "1.9.2" },
    { from: "1.9.0", version: "1.9.0" },
    { from: "1.8.2", version: "1.8.2" },
    { from: "1.7.0", version: "1.7.0" },
    { from: "1.6.1", version: "1.6.1" },
    { from: "1.6.0", version: "1.6.0" },
    { from: "1.5.2", version: "1.5.2" },
    { from: "1.5.0", version: "1.5.0" },
    // Before the changelog: the numbers went together
    { from: "1.0.0", version: "1.0.0" },
    { from: "0.11.0", version: "0.11.0" },
  ],
  measurements: [
    {
      what: "defaults, 12 partitions, one broker, 1 KiB values: 75.5 MB of responses, 20.7 MB of message objects",
      component: "fetch-queue",
      bytes: 96.6e6,
      isExact: true,
      scope: { version: "2.16.1", brokers: 1, partitions: 12, messageBytes: 1024, keyBytes: 9, compressionRatio: 1 },
      source: MEMRAY,
    },
    {
      what: "20,000 messages of 1,000 B that wait for their batch",
      component: "producer-queue",
      bytes: 31.3e6,
      isExact: false,
      settings: { "queue.buffering.max.messages": "20000" },
      scope: { version: "2.16.1", brokers: 1, messageBytes: 1000, keyBytes: 0 },
      source: MEMRAY,
    },
  ],
  retention: {
    text: "A Message owns copies of its key and value (`bytes`); headers stay native memory of the Message until headers() was called. Nothing holds the fetch response.",
    source: "src/confluent_kafka/src/confluent_kafka.c:1081, Consumer.c:1061 and 1232 at v2.15.0",
    grade: "measured",
  },
  issues: [
    {
      url: `${ISSUE}759`,
      title: "A backlog of large messages fills the default queue of 1 GiB",
      kind: "buffering",
      component: "fetch-queue",
      from: "1.0.0",
      fixedIn: "1.5.0",
      advice: "Lower queued.max.messages.kbytes; fetch.* settings alone do not help.",
    },
    {
      url: `${ISSUE}543`,
      title: "The error object of a delivery report is not released",
      kind: "client-leak",
      component: "producer-queue",
      frames: /^KafkaError_/,
      from: null,
      fixedIn: "1.0.0",
      advice: "Upgrade confluent-kafka.",
    },
    {
      url: `${ISSUE}84`,
      title: "delivery.report.only.error leaves the state of delivered messages behind",
      kind: "client-leak",
      component: "producer-queue",
      frames: /^Producer_msgstate_/,
      when: ({ settings }) => [...settings.keys()].some((name) => /delivery[._]?report[._]?only[._]?error/i.test(name)),
      from: null,
      fixedIn: "0.9.4",
      advice: "Upgrade confluent-kafka.",
    },
    {
      url: `${ISSUE}2167`,
      title: "produce() with headers leaks them when it fails (queue full, producer closed)",
      kind: "client-leak",
      component: "headers",
      frames: /^(?:rd_kafka_header\w*|py_headers_to_c)$/,
      from: null,
      fixedIn: "2.13.2",
      advice: "Upgrade confluent-kafka to 2.13.2 or later, and poll() before repeating a produce() that failed.",
    },
    {
      url: "https://github.com/confluentinc/confluent-kafka-python/pull/1710",
      title: "Results of the admin client leak references (PyDict_SetItem)",
      kind: "client-leak",
      component: "admin",
      frames: /^Admin_/,
      from: null,
      fixedIn: "2.5.0",
      advice: "Upgrade confluent-kafka to 2.5.0 or later.",
    },
    {
      url: `${ISSUE}2223`,
      title: "Variables given to produce() stay alive in the application",
      kind: "app-retains",
      component: "producer-queue",
      from: null,
      fixedIn: null,
      advice: "Look for what keeps the callbacks and values; poll() so that delivery reports are served.",
    },
    {
      url: `${ISSUE}1361`,
      title: "A producer's broker thread holds most memory of a small container",
      kind: "unresolved",
      component: "producer-queue",
      from: null,
      fixedIn: null,
      advice: "Compare with the producer's ceiling: queue.buffering.max.kbytes is 1 GiB unless set.",
    },
    {
      url: "https://github.com/getsentry/snuba/pull/35",
      title: "Consumers of a backlog use less memory with lower queue limits",
      kind: "buffering",
      component: "fetch-queue",
      from: null,
      fixedIn: null,
      advice: "Lower queued.max.messages.kbytes and queued.min.messages.",
    },
    {
      url: "https://github.com/getsentry/sentry/pull/116123",
      title: "An idle producer that is never polled piles up statistics",
      when: ({ settings }) => [...settings.keys()].some((name) => /statistics[._]?interval[._]?ms/i.test(name)),
      kind: "app-retains",
      component: "statistics",
      from: null,
      fixedIn: null,
      advice: "Call producer.poll() regularly, also when nothing is produced, or do not set statistics.interval.ms.",
    },
  ],
  remedies: {
    appRetained: [
      { code: "drop-messages", text: "Let go of Message objects once they are processed; each owns its key and value." },
      {
        code: "poll-delivery-reports",
        text: "Call producer.poll(0) after every produce(): messages and callbacks live until their report was served.",
      },
    ],
    backPressure:
      "Use consumer.pause() while the application is busy and go on polling, or hand messages over through a bounded queue.Queue; a consume(n) takes at most n out of the client's queue.",
    howToGetStatistics:
      "Set statistics.interval.ms=5000 and stats_cb, and append the JSON text that it gets to a file, one object a line; poll() has to be called for it.",
  },
};
