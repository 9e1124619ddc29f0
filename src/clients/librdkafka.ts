/**
 * librdkafka, the C client under most bindings. Read at v2.15.0 (4c3b017c3); figures called "measured" were taken against its
 * mock brokers. Its surprise: one message that is kept holds the whole Fetch response that it arrived in, and the limit
 * `queued.max.messages.kbytes` sees neither held messages nor anything but values.
 */
import type { FrameExample, FrameRule, KafkaClient, KnownIssue } from "./client.ts";
import { consumerCeiling, messageObjectBytes, parameters, producerCeiling, queueBytes, remediesFor, traps } from "./librdkafka-limits.ts";
import { measurements } from "./librdkafka-measurements.ts";
import { librdkafkaProperties } from "./librdkafka-properties.ts";

/** The library as its own file: `librdkafka.so.1`, wheels' `librdkafka-1a2b3c4d.so`, NuGet's `alpine-librdkafka.so`. */
const MODULES = /(?:^|[/\\])(?:alpine-|centos8-)?librdkafka(?:\+\+)?(?:[-.][0-9a-f]{8,})?\.(?:so(?:\.\d+)*|\d*\.?dylib|dll)$/;

const PRODUCING = /^rd_kafka_msgset_(?:create_ProduceRequest|writer(?:_\w+)?)$/;
const DECOMPRESSING = /^rd_kafka_(?:share_)?msgset_reader_decompress$/;
const PARSING = /^rd_kafka_(?:share_)?msgset_(?:parse|reader(?:_\w+)?)$/;

/**
 * Order matters where one function serves several purposes: `rd_buf_*` writes requests and receives responses, so what lies
 * below the producer and below request building is asked first. Neighbours' order never matters: heaptrack 1.4 prints the
 * frames inlined at one address in reverse.
 */
const rules: readonly FrameRule[] = [
  // Functions known: what encloses them
  { component: "mock-cluster", name: /^rd_kafka_mock_/, source: "rdkafka_mock.c", grade: "measured" },
  {
    component: "mock-cluster",
    below: /^rd_kafka_mock_/,
    source: "rdkafka_mock.c: everything of the built-in test broker",
    grade: "measured",
  },
  { component: "producer-batch", name: PRODUCING, source: "rdkafka_msgset_writer.c:1452", grade: "measured" },
  {
    component: "producer-batch",
    below: PRODUCING,
    source: "rdkafka_msgset_writer.c:1452: write buffer and compressed copy",
    grade: "measured",
  },
  { component: "request-buffer", name: /^rd_kafka_buf_new_request0$/, source: "rdkafka_buf.c:140", grade: "measured" },
  { component: "request-buffer", below: /^rd_kafka_buf_new_request0$/, source: "rdkafka_buf.c:140", grade: "measured" },
  // Consumed messages
  {
    component: "message-op",
    name: /^rd_kafka_op_new_(?:fetch_msg|ctrl_msg)$/,
    source: "rdkafka_op.c:973: message and queue entry are one calloc",
    grade: "measured",
  },
  { component: "message-op", name: /^rd_kafka_op_new0$/, below: PARSING, source: "rdkafka_op.c:224", grade: "measured" },
  {
    component: "decompress-buffer",
    name: /^rd_kafka_(?:zstd|lz4)_decompress$|^rd_gz_decompress$|^rd_kafka_snappy_(?:java_)?uncompress$/,
    source: "rdkafka_zstd.c:40 (grown threefold, never trimmed), rdkafka_lz4.c:169, rdgz.c:37, snappy.c",
    grade: "measured",
  },
  { component: "decompress-buffer", name: DECOMPRESSING, source: "rdkafka_msgset_reader.c:448", grade: "measured" },
  {
    component: "decompress-buffer",
    below: DECOMPRESSING,
    notThrough: /^rd_kafka_(?:share_)?msgset_|^rd_kafka_op_/,
    source: "rdkafka_msgset_reader.c:448: nested sets are parsed below the same frame and are excluded",
    grade: "measured",
  },
  {
    component: "fetch-response-buffer",
    name: /^rd_buf_(?:alloc_segment0?|write_ensure(?:_contig)?|init)$|^rd_kafka_buf_new0$|^rd_kafka_recv$/,
    below: /^rd_kafka_recv$/,
    source: "rdkafka_broker.c:2066 → rdbuf.c:175: the whole frame at once (every API's response, by far the largest is Fetch)",
    grade: "measured",
  },
  {
    component: "fetch-response-buffer",
    name: /^rd_buf_(?:alloc_segment0?|write_ensure_contig)$|^rd_kafka_recv$/,
    source: "the same in truncated stacks",
    grade: "measured",
  },
  { component: "record-parse", name: PARSING, source: "rdkafka_msgset_reader.c", grade: "source" },
  {
    component: "headers",
    name: /^rd_kafka_(?:msg_headers_parse|headers_new|header_add|headers_copy)$/,
    source: "rdkafka_msg.c:1462: parsed when first asked for",
    grade: "source",
  },
  // Messages to be produced
  {
    component: "producer-queue",
    name: /^rd_kafka_msg_new0?0?$|^rd_kafka_produce(?:v|va|_batch)?$/,
    source: "rdkafka_msg.c:147: 176 B + value + key in one malloc",
    grade: "measured",
  },
  // The rest of the client
  {
    component: "metadata",
    name: /^rd_kafka_(?:parse_Metadata\w*|handle_Metadata\w*|metadata_\w+)$/,
    source: "rdkafka_metadata.c:541, rdkafka_metadata_cache.c:264",
    grade: "measured",
  },
  {
    component: "topic-partition-state",
    name: /^rd_kafka_(?:toppar_\w+|topic_\w+|assignment_\w+)$/,
    source: "rdkafka_partition.c:219, rdkafka_topic.c",
    grade: "measured",
  },
  {
    component: "group-coordination",
    name: /^rd_kafka_(?:cgrp|coord|assignor|\w+_assignor|ConsumerGroupHeartbeat|JoinGroup|SyncGroup|offsets?_commit)\w*$/,
    source: "rdkafka_cgrp.c, rdkafka_coord.c, rdkafka_assignor.c",
    grade: "measured",
  },
  {
    component: "network-tls",
    name: /^rd_kafka_(?:transport_\w+|ssl_\w+|sasl_\w+)$/,
    source: "rdkafka_transport.c, rdkafka_ssl.c; transport_framed_recv serves SASL frames only (rdkafka_sasl.c:172)",
    grade: "source",
  },
  {
    component: "statistics",
    name: /^rd_kafka_stats_emit_\w+$|^rd_hdr_histogram_\w+$|^rd_avg_init$/,
    source: "rdkafka.c:1870; histograms are a constant 0.25 MB a broker",
    grade: "measured",
  },
  { component: "logging", name: /^rd_kafka_log\w*$/, source: "rdkafka.c:298", grade: "source" },
  { component: "telemetry", name: /^rd_kafka_telemetry_\w+$|^opentelemetry_\w+$/, source: "KIP-714", grade: "source" },
  { component: "admin", name: /^rd_kafka_(?:admin_\w+|\w+Topics?_new)$/, source: "rdkafka_admin.c", grade: "source" },
  // Functions unknown or invented: what a stripped library still tells is the size of its blocks and the thread
  {
    component: "producer-queue",
    unnamed: true,
    below: /^rd_kafka_produce(?:v|va|_batch)?$/,
    source: "exported names stay true on the application's own threads",
    grade: "measured",
  },
  {
    component: "message-op",
    unnamed: true,
    blockBytes: [286, 322],
    source: "sizeof of the calloc by tag, LP64: 288 (v1.5), 296 (v1.6-2.3), 304 (v2.6-2.15); jemalloc's class 320, whose means are 319.98",
    grade: "measured",
  },
  {
    component: "fetch-response-buffer",
    unnamed: true,
    blockBytes: [438, 450],
    source: "rkbuf header of a response: 440 (v1.5), jemalloc's class 448",
    grade: "measured",
  },
  {
    component: "fetch-response-buffer",
    unnamed: true,
    blockBytes: [510, 514],
    source: "rkbuf header of a response: 512 (v1.9 and later)",
    grade: "measured",
  },
  {
    component: "fetch-response-buffer",
    unnamed: true,
    blockBytes: [65536, Number.POSITIVE_INFINITY],
    source: "nothing but responses and decompressed batches is that large on a broker thread",
    grade: "measured",
  },
  {
    component: "unsymbolised-client",
    name: /^rd_kafka_(?:abort_transaction|unittest|offsets_store|committed|queue_cb_event_enable)$/,
    source: "the nearest exported names that profilers print for a stripped library; these functions allocate nothing that lasts",
    grade: "measured",
  },
];

const ISSUE = "https://github.com/confluentinc/librdkafka/issues/";
const PULL = "https://github.com/confluentinc/librdkafka/pull/";

const issues: readonly KnownIssue[] = [
  {
    url: `${ISSUE}4486`,
    title: "Partition structs and their queued messages stay after the partition was removed while being consumed",
    kind: "client-leak",
    component: "topic-partition-state",
    from: "2.0.0",
    fixedIn: "2.6.1",
    advice: "Upgrade to librdkafka 2.6.1 or later (PR 4724).",
  },
  {
    url: `${ISSUE}4375`,
    title: "A stale leader epoch leaks a reference to the partition",
    kind: "client-leak",
    component: "topic-partition-state",
    from: "2.2.0",
    fixedIn: "2.3.0",
    advice: "Upgrade to librdkafka 2.3.0 or later (PR 4429).",
  },
  {
    url: `${ISSUE}1478`,
    title: "A failed produce (queue full) leaks a topic reference",
    kind: "client-leak",
    component: "topic-partition-state",
    from: null,
    fixedIn: "0.11.1",
    advice: "Upgrade librdkafka.",
  },
  {
    url: `${ISSUE}1384`,
    title: "Over-fetching of large batches from brokers 0.11",
    kind: "client-leak",
    component: "fetch-queue",
    from: "0.9.5",
    fixedIn: "0.11.1",
    advice: "Upgrade librdkafka: 0.11.0 queues far more than queued.min.messages.",
  },
  {
    url: `${PULL}3950`,
    title: "zstd decompression allocates up to three times what it uses",
    kind: "buffering",
    component: "decompress-buffer",
    from: null,
    fixedIn: null,
    advice: "Count with it, or lower the queue limits: profilers see the allocated size, the resident size is smaller.",
  },
  {
    url: `${ISSUE}1775`,
    title: "Messages that the application keeps are not counted by queued.max.messages.kbytes",
    kind: "app-retains",
    component: "message-op",
    from: null,
    fixedIn: null,
    advice: "Call rd_kafka_message_destroy for every message, also for those that carry an error.",
  },
  {
    url: `${ISSUE}2977`,
    title: "A single kept message holds the whole receive buffer",
    kind: "app-retains",
    component: "fetch-response-buffer",
    from: null,
    fixedIn: null,
    advice: "Copy what must be kept and destroy the message.",
  },
  {
    url: `${ISSUE}1536`,
    title: "Error messages that are not destroyed",
    kind: "app-retains",
    component: "client-other",
    from: null,
    fixedIn: null,
    advice: "Destroy messages that carry an error, too.",
  },
  {
    url: `${ISSUE}2890`,
    title: "Statistics pile up when the application never polls",
    kind: "app-retains",
    component: "statistics",
    from: null,
    fixedIn: null,
    advice: "Poll the client regularly, or switch statistics.interval.ms off.",
  },
  {
    url: `${ISSUE}3343`,
    title: "Freed memory stays in the allocator's arenas",
    kind: "allocator",
    component: null,
    from: null,
    fixedIn: null,
    advice: "Compare live heap with resident memory; MALLOC_ARENA_MAX=2, malloc_trim or jemalloc help.",
  },
];

const HEAPTRACK = "heaptrack of a C consumer, librdkafka 2.15.0";

const examples: readonly FrameExample[] = [
  {
    path: "start_thread > rd_kafka_broker_thread_main > rd_kafka_recv > rd_buf_write_ensure_contig > rd_buf_alloc_segment0 > malloc",
    component: "fetch-response-buffer",
    source: HEAPTRACK,
    grade: "measured",
  },
  {
    path: "start_thread > rd_kafka_broker_thread_main > rd_kafka_msgset_reader_run > rd_kafka_msgset_reader_v2 > rd_kafka_op_new_fetch_msg > rd_kafka_op_new0 > calloc",
    component: "message-op",
    source: HEAPTRACK,
    grade: "measured",
  },
  {
    path: "start_thread > rd_kafka_broker_thread_main > rd_kafka_msgset_reader_decompress > rd_kafka_zstd_decompress > malloc",
    component: "decompress-buffer",
    source: HEAPTRACK,
    grade: "measured",
  },
  {
    path: "main > rd_kafka_producev > rd_kafka_msg_new00 > malloc",
    component: "producer-queue",
    source: HEAPTRACK,
    grade: "measured",
  },
  {
    path: "[rdk:broker1] > /usr/lib/x86_64-linux-gnu/librdkafka.so.1!",
    component: "unsymbolised-client",
    source: "heaptrack on Debian's stripped librdkafka1 2.0.2",
    grade: "measured",
  },
];

export const librdkafka: KafkaClient = {
  id: "librdkafka",
  title: "librdkafka",
  language: "C/C++",
  queueMemory: "native",
  own: {
    names:
      /^(?:rd_kafka_|rd_kafkap_|rd_buf_|rd_slice_|rd_list_|rd_avl_|rd_avg_|rd_hdr_|rd_gz_|rd_map_|rd_addrinfo_|rd_sockaddr_|RdKafka::)/,
    modules: MODULES,
    files:
      /(?:^|\/)(?:rdkafka(?:_\w+)?|rdbuf|rdlist|rdgz|rdavl|rdmap|rdaddr|rdhdrhistogram|RdKafka\w*)\.(?:c|h|cpp)$|\/librdkafka\/src(?:-cpp)?\//,
    threads: /^rdk:(?:main|broker-?\d+|bg|mock)/,
  },
  rules,
  examples,
  nameTest: {
    entry: /^rd_kafka_/,
    threadMain: /^rd_kafka_\w*thread_main$/,
    source: "thread mains are local symbols and vanish on strip; 99.7 % of a stripped profile's bytes flagged, 0 of healthy ones",
  },
  versionInPath: /librdkafka(?:\.redist)?[-_/\\]v?(\d+\.\d+\.\d+)/,
  parameters,
  otherProperties: librdkafkaProperties,
  ceilings: (scope) => [consumerCeiling(scope), producerCeiling(scope)],
  measurements,
  traps,
  retention: {
    text: "A message that is not destroyed holds the whole fetch response it arrived in (up to fetch.max.bytes, all partitions of that broker), or its decompressed batch; 600 kept messages of 1 KiB held 620 MB.",
    source: "rdkafka_op.c:990 (rd_kafka_buf_keep)",
    grade: "measured",
  },
  queueBytes,
  issues,
  messageObjectBytes,
  remedies: {
    buffering: remediesFor,
    appRetained: [
      { code: "destroy-messages", text: "Call rd_kafka_message_destroy on every message as soon as it is processed, errors included." },
      { code: "copy-what-is-kept", text: "Copy the bytes that must be kept: one kept message holds the whole fetch response around it." },
    ],
    backPressure:
      "Pause the partitions (rd_kafka_pause_partitions) while the application's own queue is full, and go on polling; messages taken out of the client no longer count against its limits.",
    howToGetStatistics:
      "Set statistics.interval.ms=5000, register rd_kafka_conf_set_stats_cb and append each JSON string to a file, one a line.",
  },
};
