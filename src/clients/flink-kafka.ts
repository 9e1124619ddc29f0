/**
 * Flink's Kafka connector, class names of 3.4.0, also the older FlinkKafkaConsumer. Its surprise: each parallel source has a
 * consumer of its own, and a queue of whole polls between its fetcher and the task (`source.reader.element.queue.capacity`).
 */
import type { KafkaClient, Parameter, Scope } from "./client.ts";
import { consumerCeiling, javaParameters, javaRemedies, javaTraps, producerCeiling } from "./java-kafka-clients-limits.ts";
import { jvmPattern, relocatable } from "./java-kafka-clients-names.ts";
import { clientVersion } from "./java-kafka-clients-versions.ts";
import { Parameters } from "./parameters.ts";

const PACKAGE = "org/apache/flink/(?:connector/kafka|streaming/connectors/kafka)";
const builtOnVersions = [{ from: "3.4.0", version: "3.4.0" }]; // pom.xml of flink-connector-kafka-parent
const versionOf = (scope: Scope): string | null => clientVersion(scope.version, builtOnVersions);

const parameters: readonly Parameter[] = [
  ...javaParameters({ consumer: ["properties."], producer: ["properties."] }),
  {
    name: "source.reader.element.queue.capacity",
    aliases: ["element.queue.capacity"],
    defaults: [{ from: "0", value: "2" }],
    unit: "polls",
    per: "parallel source",
    source: "SourceReaderOptions.ELEMENT_QUEUE_CAPACITY",
  },
];

function consuming(scope: Scope) {
  return consumerCeiling(scope, {
    parameters,
    clientVersion: versionOf(scope),
    kept: (given) => {
      const records = given.number("max.poll.records");
      const capacity = given.number("source.reader.element.queue.capacity");
      return [
        {
          what: "polls between fetcher and task",
          lowRecords: 0,
          records: (capacity + 1) * records,
          highRecords: (capacity + 2) * records,
          formula: `(source.reader.element.queue.capacity=${capacity} + 1) × max.poll.records=${records} records`,
          source: "FutureCompletingBlockingQueue: full ones, one that waits to be put in and one being emitted",
        },
      ];
    },
    assumed: ["one parallel source an instance"],
    settings: {
      "source.reader.element.queue.capacity": String(new Parameters(parameters, scope).number("source.reader.element.queue.capacity")),
    },
  });
}

export const flinkKafka: KafkaClient = {
  id: "flink-kafka",
  title: "Flink's Kafka connector",
  language: "Java/JVM",
  builtOn: "java-kafka-clients",
  queueMemory: "runtime",
  own: {
    names: relocatable(PACKAGE),
    modules: /(?:^|[/\\])flink-(?:sql-)?connector-kafka(?:_\d[\d.]*)?-\d[\w.-]*\.jar$/,
    threads: /^Kafka (?:Fetcher|Partition Discovery) for /,
  },
  rules: [
    {
      component: "message-cache",
      name: jvmPattern(
        `${PACKAGE}/(?:(?:dynamic/)?source/reader/|internals/(?:Handover|KafkaFetcher|KafkaConsumerThread|AbstractFetcher|ClosableBlockingQueue))`,
      ),
      source: "KafkaPartitionSplitReader, Handover",
      grade: "source",
    },
    {
      component: "producer-queue",
      name: jvmPattern(`${PACKAGE}/(?:sink/|FlinkKafkaProducer|FlinkKafkaInternalProducer|internals/FlinkKafkaInternalProducer)`),
      source: "KafkaWriter, FlinkKafkaInternalProducer: with exactly-once a producer for each open transaction",
      grade: "source",
    },
    {
      component: "metadata",
      name: jvmPattern(`${PACKAGE}/(?:dynamic/)?(?:metadata/|source/enumerator/)`),
      source: "KafkaSourceEnumerator",
      grade: "source",
    },
    {
      component: "topic-partition-state",
      name: jvmPattern(`${PACKAGE}/(?:source/split/|internals/KafkaTopicPartition)`),
      source: "KafkaPartitionSplit",
      grade: "source",
    },
  ],
  examples: [
    {
      path: "java/lang/Thread.run > org/apache/flink/connector/base/source/reader/fetcher/SplitFetcher.run > org/apache/flink/connector/base/source/reader/fetcher/FetchTask.run > org/apache/flink/connector/kafka/source/reader/KafkaPartitionSplitReader.fetch > org/apache/kafka/clients/consumer/KafkaConsumer.poll > org/apache/kafka/common/network/NetworkReceive.readFrom > org/apache/kafka/common/memory/MemoryPool$1.tryAllocate > java/nio/ByteBuffer.allocate > byte[]",
      component: "fetch-response-buffer",
      source: "classes of flink-connector-kafka 3.4.0",
      grade: "source",
    },
    {
      path: "<org.apache.flink.connector.kafka.sink.FlinkKafkaInternalProducer>",
      component: "producer-queue",
      source: "class of flink-connector-kafka 3.4.0; what leaked in apache/flink#20205",
      grade: "source",
    },
    {
      path: "<org.apache.flink.streaming.connectors.kafka.internals.Handover>",
      component: "message-cache",
      source: "class of flink-connector-kafka 3.4.0",
      grade: "source",
    },
  ],
  versionInPath: /flink-(?:sql-)?connector-kafka(?:_\d[\d.]*)?-(\d+\.\d+\.\d+)/,
  builtOnVersions,
  parameters,
  ceilings: (scope) => [consuming(scope), producerCeiling(scope, parameters)],
  traps: (scope) => javaTraps(scope, versionOf(scope), parameters),
  retention: {
    text: "Records are deserialised by the connector and then the job's own; what windows and state keep is Flink's state backend, not Kafka's.",
    source: "KafkaRecordEmitter at 3.4.0",
    grade: "source",
  },
  issues: [
    {
      url: "https://github.com/apache/flink/pull/20205",
      title: "With exactly-once producers are not recycled after their commit (FLINK-28250)",
      kind: "client-leak",
      component: "producer-queue",
      frames: jvmPattern(`${PACKAGE}/(?:sink/)?(?:internals/)?FlinkKafkaInternalProducer`),
      from: null,
      fixedIn: "1.16.0", // merged in July 2022; backported to 1.15 by #20266
      advice: "Upgrade to Flink 1.16 or later, or to a release of 1.15 with the fix of July 2022.",
    },
    {
      url: "https://github.com/apache/flink-connector-kafka/pull/55",
      title: "The cache of topic names in KafkaRecordSerializationSchemaBuilder grows without end (FLINK-33201)",
      kind: "client-leak",
      component: "producer-queue",
      frames: jvmPattern(`${PACKAGE}/sink/KafkaRecordSerializationSchemaBuilder`),
      from: null,
      fixedIn: null,
      advice: "Upgrade to a release of the connector from after October 2023.",
    },
    {
      url: "https://github.com/apache/beam/issues/20689",
      title: "Beam's KafkaIO on Flink runs out of memory when offsets are committed at the end of a bundle",
      kind: "unresolved",
      component: null,
      from: null,
      fixedIn: null,
      advice: "Leave commitOffsetsInFinalize off on Flink, or upgrade Beam.",
    },
  ],
  remedies: {
    buffering: (scope, targetBytes, component) =>
      javaRemedies(scope, targetBytes, component, parameters, (changed) =>
        component === "producer-queue" ? producerCeiling(changed, parameters) : consuming(changed),
      ),
    appRetained: [
      { code: "use-state-backend", text: "Keep what a function collects in Flink's state instead of fields, and give it a time to live." },
      {
        code: "watermark-alignment",
        text: "Align watermarks between sources: a fast partition otherwise fills windows until the slow ones catch up.",
      },
    ],
    backPressure:
      "Flink's back-pressure stops the source: the fetcher waits once its queue of polls is full, and the client stops fetching.",
    howToGetStatistics: "Read the operator metrics KafkaSourceReader.KafkaConsumer.records-lag-max and pendingRecords.",
  },
};
