/**
 * spring-kafka, read at 3f3cf7d88, run at 3.3.5. Its surprise: `concurrency` is a number of consumers, each with queues of its
 * own, and a container is one of perhaps many in the process.
 */
import type { KafkaClient, Parameter, Scope } from "./client.ts";
import { consumerCeiling, javaParameters, javaRemedies, javaTraps, producerCeiling } from "./java-kafka-clients-limits.ts";
import { jvmPattern, relocatable } from "./java-kafka-clients-names.ts";
import { clientVersion } from "./java-kafka-clients-versions.ts";
import { Parameters } from "./parameters.ts";

const SPRING = "org/springframework/kafka";

const parameters: readonly Parameter[] = [
  ...javaParameters({
    // Spring Boot's own names (max-poll-records, buffer-memory, batch-size) read the same without dots and dashes
    consumer: ["spring.kafka.consumer.properties.", "spring.kafka.properties.", "spring.kafka.consumer."],
    producer: ["spring.kafka.producer.properties.", "spring.kafka.producer."],
  }),
  {
    name: "concurrency",
    aliases: ["spring.kafka.listener.concurrency"],
    defaults: [{ from: "0", value: "1" }],
    unit: "consumers",
    per: "listener container",
    source: "ConcurrentMessageListenerContainer at 3f3cf7d88",
  },
];

// What Maven resolves for each release
const builtOnVersions = [
  { from: "4.1.2", version: "4.2.2" },
  { from: "4.0.0", version: "4.1.1" },
  { from: "3.3.5", version: "3.8.1" },
  { from: "3.2.0", version: "3.7.0" },
  { from: "3.1.0", version: "3.6.0" },
  { from: "3.0.0", version: "3.3.1" },
  { from: "2.9.0", version: "3.2.0" },
  { from: "2.8.0", version: "3.0.0" },
];

const versionOf = (scope: Scope): string | null => clientVersion(scope.version, builtOnVersions);

function consuming(scope: Scope) {
  const concurrency = Math.max(1, new Parameters(parameters, scope).number("concurrency"));
  return consumerCeiling(scope, {
    parameters,
    clientVersion: versionOf(scope),
    consumers: concurrency,
    kept: (given) => [
      {
        what: "records of the last poll of each consumer",
        lowRecords: 0,
        records: concurrency * given.number("max.poll.records"),
        highRecords: 2 * concurrency * given.number("max.poll.records"),
        formula: `concurrency=${concurrency} × max.poll.records=${given.number("max.poll.records")} records`,
        source: "ListenerConsumer: the last batch, and with an error handler that pauses, what remains of it",
      },
    ],
    settings: { concurrency: String(concurrency) },
  });
}

export const springKafka: KafkaClient = {
  id: "spring-kafka",
  title: "Spring for Apache Kafka",
  language: "Java/JVM",
  builtOn: "java-kafka-clients",
  queueMemory: "runtime",
  own: {
    names: relocatable(SPRING),
    modules: /(?:^|[/\\])spring-kafka-\d[\w.-]*\.jar$/,
    threads: /^org\.springframework\.kafka\.KafkaListenerEndpointContainer#/,
  },
  rules: [
    {
      component: "message-cache",
      name: jvmPattern(`${SPRING}/listener/KafkaMessageListenerContainer\\$ListenerConsumer\\b`),
      source: "lastBatch, remainingRecords; with asyncAcks the offsets that wait for a gap (deferredOffsets)",
      grade: "measured",
    },
    {
      component: "producer-queue",
      name: jvmPattern(`${SPRING}/(?:core/(?:KafkaTemplate|DefaultKafkaProducerFactory)|requestreply/)`),
      source: "KafkaTemplate: a future for each record that was not acknowledged",
      grade: "source",
    },
    { component: "statistics", name: jvmPattern(`${SPRING}/support/micrometer/`), source: "observations and timers", grade: "source" },
    {
      component: "record-parse",
      name: jvmPattern(`${SPRING}/support/(?:serializer|converter|mapping)/`),
      source: "JsonDeserializer and its kin",
      grade: "source",
    },
    {
      component: "headers",
      name: jvmPattern(`${SPRING}/support/\\w*Header\\w*`),
      source: "DefaultKafkaHeaderMapper: reads all headers of each record",
      grade: "source",
    },
  ],
  examples: [
    {
      path: "<org.springframework.kafka.listener.KafkaMessageListenerContainer$ListenerConsumer>",
      component: "message-cache",
      source: "GC.class_histogram of two slow listeners, spring-kafka 3.3.5",
      grade: "measured",
    },
    {
      path: "java/lang/Thread.run > java/util/concurrent/CompletableFuture$AsyncRun.run > org/springframework/kafka/listener/KafkaMessageListenerContainer$ListenerConsumer.run > org/springframework/kafka/listener/KafkaMessageListenerContainer$ListenerConsumer.pollAndInvoke > org/springframework/kafka/listener/KafkaMessageListenerContainer$ListenerConsumer.doPoll > org/springframework/kafka/listener/KafkaMessageListenerContainer$ListenerConsumer.pollConsumer > org/apache/kafka/clients/consumer/KafkaConsumer.poll > org/apache/kafka/clients/consumer/internals/LegacyKafkaConsumer.poll > org/apache/kafka/clients/consumer/internals/LegacyKafkaConsumer.pollForFetches > org/apache/kafka/clients/consumer/internals/Fetcher.collectFetch > org/apache/kafka/clients/consumer/internals/FetchCollector.collectFetch > org/apache/kafka/clients/consumer/internals/FetchCollector.fetchRecords > org/apache/kafka/clients/consumer/internals/CompletedFetch.fetchRecords > org/apache/kafka/clients/consumer/internals/CompletedFetch.parseRecord > org/apache/kafka/common/serialization/Deserializer.deserialize > org/apache/kafka/common/utils/Utils.toNullableArray > org/apache/kafka/common/utils/Utils.toArray > byte[]_[i]",
      component: "app-copy",
      source: "async-profiler 4.0, spring-kafka 3.3.5 on kafka-clients 3.8.1",
      grade: "measured",
    },
  ],
  versionInPath: /spring-kafka-(\d+\.\d+\.\d+)/,
  builtOnVersions,
  parameters,
  ceilings: (scope) => [consuming(scope), producerCeiling(scope, parameters)],
  traps: (scope) => javaTraps(scope, versionOf(scope), parameters),
  retention: {
    text: "As of the Java client: a kept value holds only itself, a kept ConsumerRecord or Message with unread headers the whole fetch response; acknowledgements out of order (asyncAcks) keep their offsets until the gap closes.",
    source: "KafkaMessageListenerContainer.java:794 at 3f3cf7d88; held responses measured with kafka-clients 3.9.1",
    grade: "source",
  },
  issues: [
    {
      url: "https://github.com/spring-projects/spring-kafka/issues/4336",
      title: "Observations of filtered records are never stopped",
      kind: "client-leak",
      component: "statistics",
      from: null,
      fixedIn: null,
      advice: "Upgrade to a release of spring-kafka from March 2026 or later, or switch observations of the container off.",
    },
    {
      url: "https://github.com/spring-projects/spring-kafka/pull/3694",
      title: "Observations of the listener container leak",
      kind: "client-leak",
      component: "statistics",
      from: null,
      fixedIn: null,
      advice: "Upgrade to a release of spring-kafka from December 2024 or later, or switch observations of the container off.",
    },
  ],
  remedies: {
    buffering: (scope, targetBytes, component) =>
      javaRemedies(scope, targetBytes, component, parameters, (changed) =>
        component === "producer-queue" ? producerCeiling(changed, parameters) : consuming(changed),
      ),
    appRetained: [
      { code: "keep-values", text: "Keep the payload, not the ConsumerRecord or Message: its headers may hold the whole fetch response." },
      {
        code: "bound-executors",
        text: "Give executors behind a listener (@Async, reactive pipelines) a bounded queue: an unbounded one takes every record.",
      },
    ],
    backPressure:
      "Call MessageListenerContainer.pause() while the application's own queue is full and resume() afterwards; a listener that simply takes long holds one batch and the client's own fetch buffer.",
    howToGetStatistics:
      "Bind Micrometer's KafkaClientMetrics (MicrometerConsumerListener on the consumer factory) and read kafka.consumer.fetch.manager.records.lag.max.",
  },
};
