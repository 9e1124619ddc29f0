/**
 * rust-rdkafka (crate `rdkafka`), read at cf08f6c1 (0.38). librdkafka is built from source into the program, so its frames
 * carry the program's module; only names (or the registry path) tell them. The crate's documentation says that held
 * `BorrowedMessage`s stop the consumer; they do not (librdkafka ≥ 0.11), they hold whole fetch responses.
 */
import type { KafkaClient } from "./client.ts";

export const rustRdkafka: KafkaClient = {
  id: "rust-rdkafka",
  title: "rust-rdkafka",
  language: "Rust",
  builtOn: "librdkafka",
  queueMemory: "native",
  own: {
    names: /^(?:rdkafka|rdkafka_sys)::/,
    files: /\/rdkafka-\d+\.\d+\.\d+[^/]*\/src\//,
  },
  rules: [
    {
      component: "app-copy",
      name: /^rdkafka::message::(?:BorrowedMessage::detach|OwnedMessage::|BorrowedHeaders::detach|OwnedHeaders::)/,
      source: "src/message.rs: detach() copies key, payload, topic and headers; the copy is the application's",
      grade: "source",
    },
    { component: "statistics", name: /^rdkafka::statistics::|^rdkafka::client::.*stats/, source: "src/client.rs:357", grade: "source" },
    { component: "producer-queue", name: /^rdkafka::producer::/, source: "FutureProducer keeps a sender per message", grade: "source" },
    {
      component: "topic-partition-state",
      name: /^rdkafka::topic_partition_list::/,
      source: "src/topic_partition_list.rs",
      grade: "source",
    },
    { component: "metadata", name: /^rdkafka::metadata::/, source: "src/metadata.rs", grade: "source" },
    { component: "admin", name: /^rdkafka::admin::/, source: "src/admin.rs", grade: "source" },
    { component: "logging", name: /^rdkafka::log::/, source: "src/log.rs", grade: "source" },
  ],
  examples: [
    {
      path: "main > tokio::runtime::park::CachedParkThread::block_on > rdkafka::message::BorrowedMessage::detach > alloc::alloc::alloc > malloc",
      component: "app-copy",
      source: "src/message.rs at cf08f6c1",
      grade: "source",
    },
    {
      path: "start_thread > rd_kafka_broker_thread_main > rd_kafka_recv > rd_buf_write_ensure_contig > rd_buf_alloc_segment0 > malloc",
      component: "fetch-response-buffer",
      source: "heaptrack of samples/rust-stream-consumer, rdkafka 0.36.2",
      grade: "measured",
    },
  ],
  versionInPath: /\/rdkafka-(\d+\.\d+\.\d+)/,
  // Cargo.toml of rdkafka-sys at the crate's tags
  builtOnVersions: [
    { from: "0.38.0", version: "2.10.0" },
    { from: "0.35.0", version: "2.3.0" },
    { from: "0.34.0", version: "2.2.0" },
    { from: "0.29.0", version: "1.9.2" },
    { from: "0.28.0", version: "1.8.2" },
    { from: "0.25.0", version: "1.6.0" },
    { from: "0.24.0", version: "1.4.2" },
  ],
  retention: {
    text: "A BorrowedMessage holds the whole fetch response or decompressed batch around it, as in C; an OwnedMessage (detach) holds only its own copies.",
    source: "src/message.rs at cf08f6c1: the native event is freed when the last clone of its Arc is dropped",
    grade: "measured",
  },
  issues: [
    {
      url: "https://github.com/fede1024/rust-rdkafka/issues/650",
      title: "A StreamConsumer slower than its producer fills the prefetch queue",
      kind: "buffering",
      component: "fetch-queue",
      from: null,
      fixedIn: null,
      advice: "Lower queued.max.messages.kbytes and queued.min.messages.",
    },
    {
      url: "https://github.com/vectordotdev/vector/issues/20939",
      title: "split_partition_queue makes the queue limits count per partition",
      when: ({ splitQueues }) => splitQueues,
      kind: "buffering",
      component: "fetch-queue",
      from: null,
      fixedIn: null,
      advice: "Divide the queue limits by the number of partitions when queues are split.",
    },
    {
      url: "https://github.com/risingwavelabs/risingwave/issues/10888",
      title: "Many consumers in one process: each has a queue of its own",
      kind: "buffering",
      component: "fetch-queue",
      from: null,
      fixedIn: null,
      when: ({ instances }) => instances > 1,
      advice: "Divide the queue limits by the number of consumers, or give them a common one.",
    },
    {
      url: "https://github.com/influxdata/influxdb_iox/pull/2346",
      title: "A queue of a gigabyte by default hides leaks",
      kind: "buffering",
      component: "fetch-queue",
      from: null,
      fixedIn: "0.25.0",
      advice: "Set queued.max.messages.kbytes; since librdkafka 1.5 its default is 65536.",
    },
    {
      url: "https://github.com/fede1024/rust-rdkafka/issues/634",
      title: "A slight leak in long-running consumers, most likely that of removed partitions in librdkafka",
      kind: "client-leak",
      component: "topic-partition-state",
      frames: /^rd_kafka_toppar_new/,
      from: "0.34.0",
      fixedIn: "0.38.0",
      advice: "Upgrade to a crate with librdkafka 2.6.1 or later (0.38).",
    },
    {
      url: "https://github.com/fede1024/rust-rdkafka/issues/220",
      title: "Several FutureProducers grow to 10 to 32 GB",
      kind: "unresolved",
      component: "producer-queue",
      frames: /^rd_kafka_msg_new|^rdkafka::producer::/,
      from: null,
      fixedIn: null,
      advice: "Each producer may queue a gigabyte by default, and every delivery future that is kept keeps its message.",
    },
    {
      url: "https://github.com/vectordotdev/vector/issues/20403",
      title: "An application that took messages faster than it acknowledged them",
      kind: "app-retains",
      component: "fetch-response-buffer",
      from: null,
      fixedIn: null,
      advice: "Bound the number of messages in flight; what was taken out of the client counts against none of its limits.",
    },
    {
      url: "https://github.com/vectordotdev/vector/issues/9113",
      title: "Growth only while acknowledgements are on",
      kind: "app-retains",
      component: "fetch-response-buffer",
      from: null,
      fixedIn: null,
      advice: "Look at what the application keeps for each message until it is acknowledged.",
    },
  ],
  remedies: {
    appRetained: [
      { code: "drop-borrowed-messages", text: "Drop each BorrowedMessage as soon as it is processed; do not collect them." },
      {
        code: "detach",
        text: "Keep message.detach() (an OwnedMessage) instead of the BorrowedMessage: a kept one holds the whole fetch response.",
      },
    ],
    backPressure:
      "Send messages through a bounded tokio channel, or pause the partitions (Consumer::pause) while the application is busy; collecting BorrowedMessages does not stop the consumer.",
    howToGetStatistics:
      "Set statistics.interval.ms=5000 on the ClientConfig, implement ClientContext::stats_raw in your context and append the bytes to a file, one object a line.",
  },
};
