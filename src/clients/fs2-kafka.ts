/**
 * fs2-kafka: recognised, with the Java client's limits and its own queue of each partition. Its surprise: `maxPrefetchBatches`
 * counts polls of each partition, whatever their size.
 */
import type { KafkaClient, Parameter, Scope } from "./client.ts";
import { consumerCeiling, javaParameters, javaRemedies, javaTraps, producerCeiling } from "./java-kafka-clients-limits.ts";
import { jvmPattern, unrelocated } from "./java-kafka-clients-names.ts";

const parameters: readonly Parameter[] = [
  ...javaParameters(),
  {
    name: "maxPrefetchBatches",
    defaults: [{ from: "0", value: "2" }],
    unit: "polls",
    per: "partition",
    source: "ConsumerSettings of fs2-kafka 3.x",
  },
];

function consuming(scope: Scope) {
  return consumerCeiling(scope, {
    parameters,
    clientVersion: null, // the build chooses it
    kept: (given) => {
      const partitions = Math.max(1, scope.partitions ?? 1);
      const batches = given.number("maxPrefetchBatches");
      const perPoll = given.number("max.poll.records");
      return [
        {
          what: "polled batches in the queues of their partitions",
          lowRecords: 0,
          records: partitions * batches * perPoll,
          highRecords: partitions * (batches + 1) * perPoll,
          formula: `${partitions} partition(s) × maxPrefetchBatches=${batches} × max.poll.records=${perPoll} records`,
          source: "ConsumerSettings.maxPrefetchBatches",
        },
      ];
    },
  });
}

export const fs2Kafka: KafkaClient = {
  id: "fs2-kafka",
  title: "fs2-kafka",
  language: "Scala/JVM",
  builtOn: "java-kafka-clients",
  queueMemory: "runtime",
  own: {
    names: unrelocated("fs2/kafka"),
    modules: /(?:^|[/\\])fs2-kafka_\d[\w.-]*\.jar$/,
    threads: /^fs2-kafka-/,
  },
  rules: [
    {
      component: "message-cache",
      name: jvmPattern("fs2/kafka/(?:internal/KafkaConsumerActor|KafkaConsumer|CommittableConsumerRecord|ConsumerRecord)\\b"),
      source: "KafkaConsumerActor: fetched chunks of each partition",
      grade: "source",
    },
    { component: "producer-queue", name: jvmPattern("fs2/kafka/\\w*Producer"), source: "KafkaProducer", grade: "source" },
  ],
  examples: [
    {
      path: "<fs2.kafka.CommittableConsumerRecord>",
      component: "message-cache",
      source: "class of fs2-kafka 3.x",
      grade: "source",
    },
    {
      path: "fs2/kafka/internal/KafkaConsumerActor.poll > org/apache/kafka/clients/consumer/KafkaConsumer.poll > org/apache/kafka/common/network/NetworkReceive.readFrom > org/apache/kafka/common/memory/MemoryPool$1.tryAllocate > java/nio/ByteBuffer.allocate > byte[]",
      component: "fetch-response-buffer",
      source: "classes of fs2-kafka 3.x",
      grade: "source",
    },
  ],
  versionInPath: /fs2-kafka_\d[\d.]*-(\d+\.\d+\.\d+)/,
  parameters,
  ceilings: (scope) => [consuming(scope), producerCeiling(scope, parameters)],
  traps: (scope) => javaTraps(scope, null, parameters),
  retention: {
    text: "A CommittableConsumerRecord has headers of its own, so a kept one holds no response.",
    source: "KafkaHeadersSyntax.asScala reads key and value of each header",
    grade: "source",
  },
  issues: [],
  remedies: {
    buffering: (scope, targetBytes, component) =>
      javaRemedies(scope, targetBytes, component, parameters, (changed) =>
        component === "producer-queue" ? producerCeiling(changed, parameters) : consuming(changed),
      ),
    appRetained: [{ code: "bound-buffers", text: "Bound prefetch, parEvalMap and queues of the stream: they hold the records." }],
    backPressure: "Streams pull: a stream that does not pull lets its partition's queue fill, and the partition is no longer asked for.",
    howToGetStatistics: "Call KafkaConsumer.metrics, or read kafka.consumer's records-lag-max over JMX.",
  },
};
