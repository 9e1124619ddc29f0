/**
 * zio-kafka: recognised, with the Java client's limits and its own queue of each partition. Its surprise: partitions are paused
 * by the number of records in their queues and not by bytes.
 */
import type { KafkaClient, Parameter, Scope } from "./client.ts";
import { consumerCeiling, javaParameters, javaRemedies, javaTraps, pauseTrap, producerCeiling } from "./java-kafka-clients-limits.ts";
import { jvmPattern, unrelocated } from "./java-kafka-clients-names.ts";

const parameters: readonly Parameter[] = [
  ...javaParameters(),
  {
    name: "partitionPreFetchBufferLimit",
    aliases: ["maxPartitionQueueSize"],
    defaults: [{ from: "0", value: "1024" }],
    unit: "records",
    per: "partition",
    source: "QueueSizeBasedFetchStrategy of zio-kafka 2.x",
  },
];

function consuming(scope: Scope) {
  return consumerCeiling(scope, {
    parameters,
    clientVersion: null, // the build chooses it
    pausesEach: true,
    kept: (given) => {
      const partitions = Math.max(1, scope.partitions ?? 1);
      const limit = given.number("partitionPreFetchBufferLimit");
      const perPoll = given.number("max.poll.records");
      return [
        {
          what: "records in the queues of their partitions",
          lowRecords: 0,
          records: partitions * limit,
          highRecords: partitions * (limit + perPoll),
          formula: `${partitions} partition(s) × partitionPreFetchBufferLimit=${limit} records`,
          source: "QueueSizeBasedFetchStrategy: a partition above its limit is paused, after the poll that filled it",
        },
      ];
    },
  });
}

export const zioKafka: KafkaClient = {
  id: "zio-kafka",
  title: "zio-kafka",
  language: "Scala/JVM",
  builtOn: "java-kafka-clients",
  queueMemory: "runtime",
  own: {
    names: unrelocated("zio/kafka"),
    modules: /(?:^|[/\\])zio-kafka_\d[\w.-]*\.jar$/,
    threads: /^zio-kafka-/,
  },
  rules: [
    {
      component: "message-cache",
      name: jvmPattern(
        "zio/kafka/consumer/(?:internal/(?:PartitionStreamControl|Runloop|QueueSizeBasedFetchStrategy)|fetch/|CommittableRecord)",
      ),
      source: "PartitionStreamControl: a queue a partition",
      grade: "source",
    },
    {
      component: "producer-queue",
      name: jvmPattern("zio/kafka/producer/"),
      source: "Producer: a queue of what is to be sent",
      grade: "source",
    },
  ],
  examples: [
    {
      path: "<zio.kafka.consumer.CommittableRecord>",
      component: "message-cache",
      source: "class of zio-kafka 2.x",
      grade: "source",
    },
    {
      path: "zio.kafka.consumer.internal.Runloop.handlePoll > org.apache.kafka.clients.consumer.KafkaConsumer.poll > org.apache.kafka.common.network.KafkaChannel.receive > org.apache.kafka.common.network.NetworkReceive.readFrom > org.apache.kafka.common.memory.MemoryPool$1.tryAllocate > java.nio.ByteBuffer.allocate",
      component: "fetch-response-buffer",
      source: "zio/zio-kafka#918 for the frames below poll, the class Runloop above",
      grade: "source",
    },
  ],
  versionInPath: /zio-kafka_\d[\d.]*-(\d+\.\d+\.\d+)/,
  parameters,
  ceilings: (scope) => [consuming(scope), producerCeiling(scope, parameters)],
  traps: (scope) => [...javaTraps(scope, null, parameters), ...pauseTrap(scope)],
  retention: {
    text: "A CommittableRecord holds its ConsumerRecord; kept with unread headers it holds the whole fetch response.",
    source: "CommittableRecord of zio-kafka 2.x; held responses measured with kafka-clients 3.9.1",
    grade: "source",
  },
  issues: [
    {
      url: "https://github.com/zio/zio-kafka/issues/918",
      title: "With a backlog of four million records 2.3.1 fetches ahead until memory is gone; 2.0.7 did not",
      kind: "buffering",
      component: "fetch-queue",
      from: null,
      fixedIn: null,
      advice: "Lower partitionPreFetchBufferLimit and max.partition.fetch.bytes, or upgrade.",
    },
    {
      url: "https://github.com/zio/zio-kafka/issues/485",
      title: "Streams that ended keep Fetcher$CompletedFetch reachable",
      kind: "client-leak",
      component: "fetch-response-buffer",
      from: null,
      fixedIn: null,
      advice: "Upgrade zio and zio-kafka: the streams held the client's data, the Java client itself was not the cause.",
    },
  ],
  remedies: {
    buffering: (scope, targetBytes, component) =>
      javaRemedies(scope, targetBytes, component, parameters, (changed) =>
        component === "producer-queue" ? producerCeiling(changed, parameters) : consuming(changed),
      ),
    appRetained: [{ code: "bound-buffers", text: "Bound buffer, mapZIOPar and groupByKey of the stream: their queues hold the records." }],
    backPressure: "Streams pull: a stream that does not pull lets its partition's queue fill, and the partition is paused.",
    howToGetStatistics: "Call Consumer.metrics, or read kafka.consumer's records-lag-max over JMX.",
  },
};
