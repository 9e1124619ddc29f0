/**
 * Spark's Kafka sources, structured (`spark.sql.kafka010`) and the older DStreams (`spark.streaming.kafka010`), from their
 * documentation. Its surprise: an executor keeps one consumer for each partition that it ever read, and the limit of that cache
 * is a soft one.
 */
import type { KafkaClient, Parameter, Scope } from "./client.ts";
import { consumerCeiling, javaParameters, javaRemedies, javaTraps, producerCeiling } from "./java-kafka-clients-limits.ts";
import { jvmPattern, relocatable } from "./java-kafka-clients-names.ts";
import { Parameters } from "./parameters.ts";

const PACKAGE = "org/apache/spark/(?:sql|streaming)/kafka010";

const parameters: readonly Parameter[] = [
  ...javaParameters({ consumer: ["kafka."], producer: ["kafka."] }),
  {
    name: "spark.kafka.consumer.cache.capacity",
    aliases: ["spark.streaming.kafka.consumer.cache.maxCapacity", "spark.sql.kafkaConsumerCache.capacity"],
    defaults: [{ from: "0", value: "64" }],
    unit: "consumers",
    per: "executor; a soft limit",
    source: "Spark's Structured Streaming + Kafka guide; apache/spark#24590 renamed it",
  },
];

/** Every cached consumer reads one partition. */
function consuming(scope: Scope) {
  const capacity = new Parameters(parameters, scope).number("spark.kafka.consumer.cache.capacity");
  const partitions = scope.partitions ?? capacity;
  return consumerCeiling(
    { ...scope, partitions },
    {
      parameters,
      clientVersion: null, // Spark's Kafka classes do not say which client they brought
      consumers: partitions,
      kept: (given) => {
        const records = partitions * given.number("max.poll.records");
        return [
          {
            what: "records of the last poll of each consumer",
            lowRecords: 0,
            records: 0.5 * records,
            highRecords: 2 * records,
            formula: `${partitions} consumer(s) × max.poll.records=${given.number("max.poll.records")} records, half of them read`,
            source: "FetchedData of KafkaDataConsumer: the rest of the last poll stays with the cached consumer",
          },
        ];
      },
      assumed: [
        scope.partitions === null
          ? `as many partitions as the cache has places (${capacity})`
          : "all partitions were read by this executor",
      ],
      settings: { "spark.kafka.consumer.cache.capacity": String(capacity) },
    },
  );
}

export const sparkKafka: KafkaClient = {
  id: "spark-kafka",
  title: "Spark's Kafka sources",
  language: "Scala/JVM",
  builtOn: "java-kafka-clients",
  queueMemory: "runtime",
  own: {
    names: relocatable(PACKAGE),
    modules: /(?:^|[/\\])spark-(?:sql|streaming|token-provider)-kafka-0-10(?:-assembly)?_\d[\w.-]*\.jar$/,
  },
  rules: [
    {
      component: "message-cache",
      name: jvmPattern(
        `${PACKAGE}/(?:consumer/)?(?:\\w*KafkaDataConsumer\\w*|CachedKafkaConsumer|InternalKafkaConsumer\\w*|FetchedData\\w*|KafkaRDD\\w*)`,
      ),
      source: "KafkaDataConsumer: a pool of consumers and one of what they fetched",
      grade: "source",
    },
    {
      component: "producer-queue",
      name: jvmPattern(`${PACKAGE}/(?:producer/|\\w*CachedKafkaProducer|\\w*InternalKafkaProducerPool|Kafka\\w*Writ\\w*|KafkaRowWriter)`),
      source: "CachedKafkaProducer, InternalKafkaProducerPool",
      grade: "source",
    },
    {
      component: "metadata",
      name: jvmPattern(`${PACKAGE}/(?:KafkaOffset\\w*|KafkaSourceOffset|KafkaMicroBatchStream|DirectKafkaInputDStream|OffsetRange)`),
      source: "offsets of the driver",
      grade: "source",
    },
  ],
  examples: [
    {
      path: "java/lang/Thread.run > org/apache/spark/executor/Executor$TaskRunner.run > org/apache/spark/sql/kafka010/consumer/KafkaDataConsumer.get > org/apache/spark/sql/kafka010/consumer/InternalKafkaConsumer.fetch > org/apache/kafka/clients/consumer/KafkaConsumer.poll > org/apache/kafka/common/network/NetworkReceive.readFrom > org/apache/kafka/common/memory/MemoryPool$1.tryAllocate > java/nio/ByteBuffer.allocate > byte[]",
      component: "fetch-response-buffer",
      source: "apache/spark: KafkaDataConsumer.scala",
      grade: "source",
    },
    {
      path: "<org.apache.spark.sql.kafka010.consumer.FetchedData>",
      component: "message-cache",
      source: "apache/spark: KafkaDataConsumer.scala",
      grade: "source",
    },
    {
      path: "<org.apache.spark.streaming.kafka010.InternalKafkaConsumer>",
      component: "message-cache",
      source: "apache/spark: KafkaDataConsumer.scala of DStreams",
      grade: "source",
    },
  ],
  versionInPath: /spark-(?:sql|streaming)-kafka-0-10(?:-assembly)?_\d[\d.]*-(\d+\.\d+\.\d+)/,
  parameters,
  ceilings: (scope) => [consuming(scope), producerCeiling(scope, parameters)],
  traps: (scope) => {
    const found = [...javaTraps(scope, null, parameters)];
    if ([...scope.settings.keys()].some((name) => /max(?:OffsetsPerTrigger|RatePerPartition)$/i.test(name))) {
      found.push({
        code: "rate-limits-do-not-bound-fetching",
        text: "maxOffsetsPerTrigger and maxRatePerPartition bound a batch of the job and not what the cached consumers fetch ahead.",
        source: "Spark's Structured Streaming + Kafka guide",
      });
    }
    return found;
  },
  retention: {
    text: "A row holds copies; a cached consumer holds what it fetched and the rest of its last poll until it is evicted (five minutes idle by default).",
    source: "Spark's Structured Streaming + Kafka guide: spark.kafka.consumer.cache.timeout",
    grade: "documented",
  },
  issues: [],
  remedies: {
    buffering: (scope, targetBytes, component) =>
      javaRemedies(scope, targetBytes, component, parameters, (changed) =>
        component === "producer-queue" ? producerCeiling(changed, parameters) : consuming(changed),
      ),
    appRetained: [
      {
        code: "smaller-batches",
        text: "Lower maxOffsetsPerTrigger (or spark.streaming.kafka.maxRatePerPartition): a batch's rows live until the batch is done.",
      },
      { code: "unpersist", text: "Unpersist what foreachBatch or a DStream cached." },
    ],
    backPressure:
      "Set maxOffsetsPerTrigger, or for DStreams spark.streaming.backpressure.enabled=true, and lower spark.kafka.consumer.cache.capacity.",
    howToGetStatistics: "Read StreamingQueryProgress.sources (latestOffset less endOffset) and kafka.consumer's MBeans of the executors.",
  },
};
