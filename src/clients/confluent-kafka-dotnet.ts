/**
 * confluent-kafka-dotnet (package Confluent.Kafka), over librdkafka by P/Invoke, read at v2.15.0. Its surprise: dotnet-gcdump and
 * dotMemory show the managed heap only, and the queue lies in unmanaged memory, once for every consumer in the process.
 */
import type { KafkaClient } from "./client.ts";

/** `Consumer.cs` calls librdkafka; other packages put themselves below the same namespace. */
const FOREIGN = "(?!Extensions|DependencyInjection|Examples|IntegrationTests|UnitTests|Benchmark|Tests|Hosting|Mocking)";

const CHANGELOG = "https://github.com/confluentinc/confluent-kafka-dotnet/blob/master/CHANGELOG.md";
const ISSUE = "https://github.com/confluentinc/confluent-kafka-dotnet/issues/";

export const confluentKafkaDotnet: KafkaClient = {
  id: "confluent-kafka-dotnet",
  title: "confluent-kafka-dotnet",
  language: ".NET",
  builtOn: "librdkafka",
  queueMemory: "native",
  own: {
    names: new RegExp(
      `^(?:(?:(?:instance|static|class|valuetype|void|!?!?\\d+) )*(?:\\[Confluent\\.Kafka\\] ?)?)?(?:Confluent\\.Kafka!)?Confluent\\.Kafka\\.(?:(?:Admin|Impl|Internal|SyncOverAsync)\\.(?:NativeMethods\\.)?)?${FOREIGN}[A-Z]\\w*(?:[\`.<+:\\[/ ]|$)`,
      "i",
    ),
    modules: /(?:^|[/\\])Confluent\.Kafka\.(?:dll|ni\.dll)$/i,
    files: /(?:^|[/\\])Confluent\.Kafka[/\\](?:Impl|Internal|Admin|SyncOverAsync)?[/\\]?\w+\.cs$/,
  },
  rules: [
    {
      component: "headers",
      name: /Confluent\.Kafka\.Headers?(?:Wrapper)?\b/i,
      source: "Consumer.cs:874: an array for every header",
      grade: "source",
    },
    {
      component: "producer-queue",
      name: /DeliveryHandlerShim|Confluent\.Kafka\.(?:Serializing)?Producer\b/i,
      source: "Producer.cs: one shim a message in flight (confluent-kafka-dotnet#583)",
      grade: "real-profile",
    },
    {
      component: "app-copy",
      name: /Confluent\.Kafka\.(?:ConsumeResult|Message(?:Metadata)?|Deserializers|Consumer`?\d*.*Consume|DeliveryResult|DeliveryReport|SyncOverAsync)\b/i,
      source: "Consumer.cs: the deserializer sees a span over native memory, the native message is destroyed in finally",
      grade: "source",
    },
    {
      component: "topic-partition-state",
      name: /Confluent\.Kafka\.(?:TopicPartition\w*|Offset\b|WatermarkOffsets)/i,
      source: "TopicPartition.cs",
      grade: "source",
    },
    { component: "admin", name: /Confluent\.Kafka\.(?:Admin\b|AdminClient)/i, source: "AdminClient.cs", grade: "source" },
    {
      component: "metadata",
      name: /Confluent\.Kafka\.(?:Metadata|BrokerMetadata|PartitionMetadata|TopicMetadata|GroupInfo)/i,
      source: "Metadata.cs",
      grade: "source",
    },
    { component: "statistics", name: /Stats?Callback|StatisticsHandler/i, source: "Consumer.cs", grade: "source" },
    { component: "logging", name: /LogCallback|Confluent\.Kafka\.LogMessage/i, source: "LogMessage.cs", grade: "source" },
  ],
  examples: [
    {
      path: "<Confluent.Kafka.ConsumeResult<System.String, System.Byte[]>> > <Confluent.Kafka.Message<System.String, System.Byte[]>> > <System.Byte[]>",
      component: "app-copy",
      source: "src/Confluent.Kafka/Consumer.cs at v2.15.0, types as dotnet-gcdump writes them",
      grade: "source",
    },
    {
      path: "<Confluent.Kafka.SerializingProducer_TypedDeliveryHandlerShim>",
      component: "producer-queue",
      source: "confluent-kafka-dotnet#583",
      grade: "real-profile",
    },
    {
      path: "Acme.Worker.Run > Confluent.Kafka!Confluent.Kafka.Consumer`2[System.__Canon,System.__Canon].Consume(int32) > System.Buffer.Memmove",
      component: "app-copy",
      source: "src/Confluent.Kafka/Consumer.cs at v2.15.0, as dotnet-trace writes it",
      grade: "source",
    },
    {
      path: "start_thread > /app/runtimes/linux-x64/native/librdkafka.so!rd_kafka_broker_thread_main > rd_kafka_recv > rd_buf_write_ensure_contig > rd_buf_alloc_segment0 > malloc",
      component: "fetch-response-buffer",
      source: "librdkafka.redist keeps its symbol table (packaging/tools/build-*.sh: strip -S)",
      grade: "source",
    },
    {
      path: "[rdk:broker1] > /app/runtimes/alpine-x64/native/alpine-librdkafka.so!",
      component: "unsymbolised-client",
      source: "src/Confluent.Kafka/Impl/NativeMethods at v2.15.0: the names it loads",
      grade: "source",
    },
  ],
  versionInPath: /[/\\]confluent\.kafka[/\\](\d+\.\d+\.\d+)/i,
  // "References librdkafka.redist …" of CHANGELOG.md up to 2.2.0; later ones have the same number
  builtOnVersions: [
    { from: "2.15.0", version: "2.15.0" },
    { from: "2.12.0", version: "2.12.0" },
    { from: "2.11.0", version: "2.11.0" },
    { from: "2.10.0", version: "2.10.0" },
    { from: "2.8.0", version: "2.8.0" },
    { from: "2.6.1", version: "2.6.1" },
    { from: "2.6.0", version: "2.6.0" },
    { from: "2.3.0", version: "2.3.0" },
    { from: "2.2.0", version: "2.2.0" },
    { from: "2.1.1", version: "2.1.1" },
    { from: "2.0.2", version: "2.0.2" },
    { from: "1.9.2", version: "1.9.2" },
    { from: "1.9.0", version: "1.9.0" },
    { from: "1.8.2", version: "1.8.2" },
    { from: "1.7.0", version: "1.7.0" },
    { from: "1.6.2", version: "1.6.1" },
    { from: "1.5.3", version: "1.5.3" },
    { from: "1.5.0", version: "1.5.0" },
    { from: "1.4.0", version: "1.4.0" },
    { from: "1.0.0", version: "1.0.0" },
    { from: "0.11.0", version: "0.11.0" },
  ],
  retention: {
    text: "A ConsumeResult owns managed copies of its key, value and headers; the native message was destroyed before Consume() returned.",
    source: "src/Confluent.Kafka/Consumer.cs at v2.15.0",
    grade: "source",
  },
  issues: [
    {
      url: `${ISSUE}1650`,
      title: "Twelve consumers in a process, each with its own queue in unmanaged memory",
      kind: "buffering",
      component: "fetch-queue",
      from: null,
      fixedIn: null,
      advice: "Count one queue for every consumer, and lower QueuedMaxMessagesKbytes accordingly.",
    },
    {
      url: `${ISSUE}1019`,
      title: "A gigabyte for every consumer: the default of librdkafka before 1.5",
      kind: "buffering",
      component: "fetch-queue",
      from: "1.0.0",
      fixedIn: "1.5.0",
      advice: "Set QueuedMaxMessagesKbytes, or upgrade to 1.5.0 or later.",
    },
    {
      url: `${ISSUE}686`,
      title: "An allocation fails in a small container",
      kind: "buffering",
      component: "fetch-queue",
      from: null,
      fixedIn: null,
      advice: "Lower QueuedMaxMessagesKbytes below the container's limit.",
    },
    {
      url: `${ISSUE}583`,
      title: "delivery.report.only.error leaves the delivery handler of every delivered message behind",
      kind: "client-leak",
      component: "producer-queue",
      frames: /DeliveryHandlerShim/,
      when: ({ settings }) => [...settings.keys()].some((name) => /delivery\.?report\.?only\.?error/i.test(name)),
      from: "0.11.0",
      fixedIn: null,
      advice: "Do not set delivery.report.only.error.",
    },
    {
      url: `${ISSUE}628`,
      title: "Memory grows constantly with a queue of 128 MB",
      kind: "unresolved",
      component: null,
      from: "0.11.0",
      fixedIn: null,
      advice: "Separate managed from unmanaged memory first; compare the latter with the ceiling.",
    },
    {
      url: `${ISSUE}2063`,
      title: "Memory grows; the report has no conclusion",
      kind: "unresolved",
      component: null,
      from: null,
      fixedIn: null,
      advice: "Separate managed from unmanaged memory first; compare the latter with the ceiling.",
    },
    {
      url: `${CHANGELOG}#190`,
      title: "The response handler of AdminClient and SendOffsetsToTransaction leak",
      kind: "client-leak",
      component: "admin",
      frames: /AdminClient|SendOffsetsToTransaction/,
      from: null,
      fixedIn: "1.9.0",
      advice: "Upgrade Confluent.Kafka to 1.9.0 or later.",
    },
    {
      url: `${CHANGELOG}#143`,
      title: "ProduceAsync with a CancellationToken leaks a registration a message",
      kind: "client-leak",
      component: "producer-queue",
      frames: /CancellationToken/,
      from: "1.4.0",
      fixedIn: "1.4.3",
      advice: "Upgrade Confluent.Kafka to 1.4.3 or later.",
    },
  ],
  remedies: {
    appRetained: [
      { code: "drop-results", text: "Let go of ConsumeResult objects once they are processed; each owns its key, value and headers." },
      {
        code: "await-produce",
        text: "Await ProduceAsync, or bound the messages in flight: each has a delivery handler until it is reported.",
      },
    ],
    backPressure:
      "Hand messages over through a bounded Channel<T> and call consumer.Pause() while it is full, going on with Consume(); use one consumer for several topics rather than one each.",
    howToGetStatistics: "Set StatisticsIntervalMs=5000 and SetStatisticsHandler, and append the JSON text to a file, one object a line.",
  },
};
