/**
 * rdkafka-ruby and Karafka's fork of it (karafka-rdkafka), over librdkafka by FFI, with Karafka and WaterDrop above; read at
 * rdkafka 0.29.1. Its surprise: Ruby's own tools (ObjectSpace, memory_profiler) see none of the queue, which librdkafka keeps.
 */
import type { KafkaClient } from "./client.ts";

/** `block in Rdkafka::Consumer#each`, `rescue in …`, `<class:Consumer>`. */
const LABEL = "(?:(?:(?:block|rescue|ensure)(?: \\(\\d+ levels\\))? in )*)";

const CHANGELOG = "https://github.com/karafka/rdkafka-ruby/blob/main/CHANGELOG.md";

export const rdkafkaRuby: KafkaClient = {
  id: "rdkafka-ruby",
  title: "rdkafka-ruby (Karafka)",
  language: "Ruby",
  builtOn: "librdkafka",
  queueMemory: "native",
  own: {
    names: new RegExp(
      `^${LABEL}(?:Rdkafka(?:::[A-Z]\\w*)*(?:[#.][\\w?!=]+)?|(?:Karafka::(?:Connection|Messages|Processing|Routing|Instrumentation|Swarm|Pro|Admin|Setup|Helpers|Core|Testing|BaseConsumer|Runner|Server|ActiveJob)|WaterDrop)(?:::[A-Z]\\w*)*(?:[#.][\\w?!=]+)?)$`,
    ),
    files: /[/\\]gems[/\\](?:karafka-rdkafka|rdkafka|karafka(?:-core)?|waterdrop)-\d[^/\\]*[/\\]lib[/\\]/,
    threads: /^rdkafka\.native_kafka#|^karafka\.(?:worker|listener|runner)#/,
  },
  rules: [
    { component: "headers", name: /Rdkafka::Consumer::Headers/, source: "lib/rdkafka/consumer/headers.rb", grade: "source" },
    {
      component: "producer-queue",
      name: /Rdkafka::Producer|Rdkafka::AbstractHandle|WaterDrop::/,
      source: "lib/rdkafka/producer.rb: a DeliveryHandle a message, in the registry until its report came",
      grade: "source",
    },
    {
      component: "app-copy",
      name: /Rdkafka::Consumer(?:::Message|[#.](?:poll|each)\w*|$)|Karafka::(?:Messages|Connection)/,
      source: "lib/rdkafka/consumer/message.rb: payload and key are copied into Strings; the native message is destroyed after",
      grade: "source",
    },
    {
      component: "topic-partition-state",
      name: /Rdkafka::Consumer::(?:TopicPartitionList|Partition)/,
      source: "lib/rdkafka/consumer/topic_partition_list.rb",
      grade: "source",
    },
    { component: "admin", name: /Rdkafka::(?:Admin|Callbacks)/, source: "lib/rdkafka/admin.rb", grade: "source" },
    { component: "metadata", name: /Rdkafka::Metadata/, source: "lib/rdkafka/metadata.rb", grade: "source" },
    { component: "statistics", name: /Statistics|StatsCallback/, source: "lib/rdkafka/bindings.rb", grade: "source" },
    { component: "producer-queue", file: /[/\\]gems[/\\]waterdrop-|[/\\]rdkafka[/\\]producer/, source: "lib/waterdrop/", grade: "source" },
    { component: "app-copy", file: /[/\\]rdkafka[/\\]consumer(?:[/\\]message)?\.rb$/, source: "lib/rdkafka/consumer.rb", grade: "source" },
  ],
  examples: [
    {
      path: "start_thread > Karafka::Connection::Client#batch_poll > Rdkafka::Consumer#poll > Rdkafka::Consumer::Message#initialize",
      component: "app-copy",
      source: "lib/rdkafka/consumer/message.rb at 0.29.1",
      grade: "source",
    },
    {
      path: "<main> @ /app/worker.rb > block in Rdkafka::Consumer#each > initialize @ /usr/local/bundle/gems/rdkafka-0.21.0/lib/rdkafka/consumer/message.rb",
      component: "app-copy",
      source: "lib/rdkafka/consumer/message.rb at 0.29.1",
      grade: "source",
    },
    {
      path: "<Rdkafka::Producer::DeliveryHandle>",
      component: "producer-queue",
      source: "lib/rdkafka/producer/delivery_handle.rb at 0.29.1",
      grade: "source",
    },
    {
      path: "start_thread > /usr/local/bundle/gems/karafka-rdkafka-0.20.0/ext/librdkafka.so!rd_kafka_broker_thread_main > rd_kafka_recv > rd_buf_write_ensure_contig > rd_buf_alloc_segment0 > malloc",
      component: "fetch-response-buffer",
      source: "the stacks of librdkafka are the same below every wrapper: heaptrack, librdkafka 2.15.0",
      grade: "measured",
    },
  ],
  // Not karafka-rdkafka, whose numbers are its own
  versionInPath: /[/\\]gems[/\\]rdkafka-(\d+\.\d+\.\d+)/,
  // CHANGELOG.md at 0.29.1
  builtOnVersions: [
    { from: "0.29.0", version: "2.14.2" },
    { from: "0.28.0", version: "2.14.1" },
    { from: "0.27.0", version: "2.14.0" },
    { from: "0.26.0", version: "2.13.2" },
    { from: "0.25.0", version: "2.12.1" },
    { from: "0.24.0", version: "2.11.1" },
    { from: "0.23.0", version: "2.11.0" },
    { from: "0.21.0", version: "2.8.0" },
    { from: "0.20.0", version: "2.6.1" },
    { from: "0.19.0", version: "2.5.3" },
    { from: "0.18.0", version: "2.5.0" },
    { from: "0.17.0", version: "2.4.0" },
    { from: "0.15.0", version: "2.3.0" },
    { from: "0.14.0", version: "2.2.0" },
    { from: "0.13.0", version: "2.0.2" },
    { from: "0.12.0", version: "1.9.0" },
    { from: "0.11.0", version: "1.8.2" },
    { from: "0.10.0", version: "1.5.0" },
    { from: "0.8.0", version: "1.4.0" },
    { from: "0.7.0", version: "1.2.0" },
    { from: "0.6.0", version: "1.1.0" },
    { from: "0.5.0", version: "1.0.0" },
    { from: "0.4.1", version: "0.11.6" },
    { from: "0.4.0", version: "0.11.5" },
    { from: "0.3.4", version: "0.11.3" },
    { from: "0.3.1", version: "0.11.1" },
  ],
  retention: {
    text: "A Message owns copies of its payload, key and headers (String): keeping one keeps nothing else. A Karafka message keeps the raw payload beside the deserialised one.",
    source: "lib/rdkafka/consumer/message.rb at 0.29.1",
    grade: "source",
  },
  issues: [
    {
      url: "https://github.com/karafka/rdkafka-ruby/pull/73",
      title: "Consumer#subscription and #assignment leak a native pointer each time",
      kind: "client-leak",
      component: "topic-partition-state",
      from: null,
      fixedIn: "0.5.0",
      advice: "Upgrade rdkafka.",
    },
    {
      url: "https://github.com/karafka/rdkafka-ruby/pull/913",
      title: "Native configuration, metadata, partition lists and delivery handles that stay after a failure or a retry",
      kind: "client-leak",
      component: "admin",
      from: null,
      fixedIn: "0.29.0",
      advice: "Upgrade rdkafka to 0.29.0 or later.",
    },
    {
      url: `${CHANGELOG}#0290-2026-07-10`,
      title: "Every admin operation leaks its result event",
      kind: "client-leak",
      component: "admin",
      frames: /^rd_kafka_(?:admin_\w+|event_\w+)$/,
      from: null,
      fixedIn: "0.29.0",
      advice: "Upgrade rdkafka to 0.29.0 or later.",
    },
    {
      url: `${CHANGELOG}#0270-2026-05-07`,
      title: "Consumer#position leaks its partition list",
      kind: "client-leak",
      component: "topic-partition-state",
      frames: /^rd_kafka_topic_partition_list_\w+$/,
      from: "0.14.0",
      fixedIn: "0.27.0",
      advice: "Upgrade rdkafka to 0.27.0 or later.",
    },
    {
      url: `${CHANGELOG}#0160-2024-06-13`,
      title: "The background logger stops after a fork, and its messages pile up",
      kind: "client-leak",
      component: "logging",
      from: null,
      fixedIn: "0.16.0",
      advice: "Upgrade rdkafka to 0.16.0 or later.",
    },
    {
      url: `${CHANGELOG}#0140-2023-11-21`,
      title: "A closed client stays alive by a reference to its opaque",
      kind: "client-leak",
      component: "client-other",
      from: null,
      fixedIn: "0.14.0",
      advice: "Upgrade rdkafka to 0.14.0 or later.",
    },
  ],
  remedies: {
    appRetained: [
      {
        code: "drop-messages",
        text: "Let go of messages once they are processed; in Karafka, do not keep `messages` of a batch in instance variables.",
      },
      { code: "wait-for-handles", text: "Wait for delivery handles or drop them; each lives until its delivery report came." },
    ],
    backPressure:
      "Karafka's consumers pause by themselves while a batch is worked on; with rdkafka alone call consumer.pause(list) and go on polling. A smaller max_messages keeps batches small, not the queue.",
    howToGetStatistics:
      "Set statistics.interval.ms to 5000 and Rdkafka::Config.statistics_callback (Karafka: subscribe to statistics.emitted), and append each Hash as JSON to a file, one object a line.",
  },
};
