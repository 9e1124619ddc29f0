/**
 * Alpakka Kafka and its fork in Pekko, class names of 4.0.2 and 1.1.0. Its surprise: one KafkaConsumerActor may serve many
 * sources, and what was fetched for a partition without demand stays in the client while that partition is paused.
 */
import type { KafkaClient, Scope } from "./client.ts";
import { consumerCeiling, javaParameters, javaRemedies, javaTraps, pauseTrap, producerCeiling } from "./java-kafka-clients-limits.ts";
import { jvmPattern, unrelocated } from "./java-kafka-clients-names.ts";

const parameters = javaParameters({
  consumer: ["akka.kafka.consumer.kafka-clients.", "pekko.kafka.consumer.kafka-clients."],
  producer: ["akka.kafka.producer.kafka-clients.", "pekko.kafka.producer.kafka-clients."],
});

/** Alpakka 4.0.2 brings 3.3.2 and Pekko's 1.1.0 brings 3.8.0: one row of versions cannot tell the two apart. */
function consuming(scope: Scope) {
  return consumerCeiling(scope, {
    parameters,
    clientVersion: null,
    pausesEach: true,
    kept: (given) => {
      const records = given.number("max.poll.records");
      return [
        {
          what: "polled records in the sources' buffers",
          lowRecords: 0,
          records,
          highRecords: 2 * records,
          formula: `max.poll.records=${records} records`,
          source: "BaseSingleSourceLogic and SubSourceLogic at 4.0.2: an iterator over what the last poll brought",
        },
      ];
    },
    assumed: ["one KafkaConsumerActor an instance"],
  });
}

const PACKAGE = "(?:akka|org/apache/pekko)/kafka";

export const alpakkaKafka: KafkaClient = {
  id: "alpakka-kafka",
  title: "Alpakka Kafka, Pekko Connectors Kafka",
  language: "Scala/JVM",
  builtOn: "java-kafka-clients",
  queueMemory: "runtime",
  own: {
    names: unrelocated(PACKAGE),
    modules: /(?:^|[/\\])(?:akka-stream-kafka|pekko-connectors-kafka)_\d[\w.-]*\.jar$/,
    threads: /(?:akka|pekko)\.kafka\.default-dispatcher/,
  },
  rules: [
    {
      component: "message-cache",
      name: jvmPattern(`${PACKAGE}/internal/(?:\\w*SourceLogic|\\w*SubSource\\w*|MessageBuilder\\w*|KafkaConsumerActor)\\b`),
      source: "the iterator of each source over the last poll",
      grade: "source",
    },
    {
      component: "topic-partition-state",
      name: jvmPattern(`${PACKAGE}/internal/(?:Commit\\w*|OffsetBatch\\w*)|${PACKAGE}/ConsumerMessage\\$(?:Committable|PartitionOffset)`),
      source: "offsets that wait for their commit, at most akka.kafka.committer.max-batch (1000) together",
      grade: "source",
    },
    {
      component: "producer-queue",
      name: jvmPattern(`${PACKAGE}/(?:internal/\\w*Producer\\w*|ProducerMessage)`),
      source: "DefaultProducerStageLogic: at most akka.kafka.producer.parallelism (10000) futures",
      grade: "source",
    },
  ],
  examples: [
    {
      path: "akka.dispatch.Mailbox.run > akka.kafka.internal.KafkaConsumerActor.poll > org.apache.kafka.clients.consumer.KafkaConsumer.poll > org.apache.kafka.clients.consumer.internals.ConsumerNetworkClient.poll > org.apache.kafka.common.network.KafkaChannel.receive > org.apache.kafka.common.network.NetworkReceive.readFromReadableChannel",
      component: "fetch-response-buffer",
      source: "akka/alpakka-kafka#306 for the frames below poll, the actor above",
      grade: "source",
    },
    {
      path: "<akka.kafka.internal.CommittableSubSourceStageLogic>",
      component: "message-cache",
      source: "class of akka-stream-kafka 4.0.2",
      grade: "source",
    },
    {
      path: "<org.apache.pekko.kafka.internal.CommittableSubSourceStageLogic>",
      component: "message-cache",
      source: "class of pekko-connectors-kafka 1.1.0",
      grade: "source",
    },
  ],
  versionInPath: /(?:akka-stream-kafka|pekko-connectors-kafka)_\d[\d.]*-(\d+\.\d+\.\d+)/,
  parameters,
  ceilings: (scope) => [consuming(scope), producerCeiling(scope, parameters)],
  traps: (scope) => [...javaTraps(scope, null, parameters), ...pauseTrap(scope)],
  retention: {
    text: "A CommittableMessage holds its ConsumerRecord; kept with unread headers it holds the whole fetch response.",
    source: "ConsumerMessage at 4.0.2; held responses measured with kafka-clients 3.9.1",
    grade: "source",
  },
  issues: [
    {
      url: "https://github.com/akka/alpakka-kafka/issues/306",
      title: "Direct buffer memory runs out under KafkaConsumerActor.poll",
      kind: "unresolved",
      component: "network-tls",
      from: null,
      fixedIn: null,
      advice:
        "Raise -XX:MaxDirectMemorySize or set -Djdk.nio.maxCachedBufferSize: the JDK keeps a direct buffer as large as the largest read for each thread.",
    },
  ],
  remedies: {
    buffering: (scope, targetBytes, component) =>
      javaRemedies(scope, targetBytes, component, parameters, (changed) =>
        component === "producer-queue" ? producerCeiling(changed, parameters) : consuming(changed),
      ),
    appRetained: [
      {
        code: "bound-buffers",
        text: "Look at buffer, mapAsync, groupBy and conflate stages: each holds as many elements as it was allowed to.",
      },
      { code: "keep-values", text: "Map each message to its value early, and pass only the offset on to the committer." },
    ],
    backPressure: "Streams pull: a stage that does not pull pauses the partition; keep mapAsync's parallelism and buffers small.",
    howToGetStatistics: "Call Consumer.Control.metrics, or read kafka.consumer's records-lag-max over JMX.",
  },
};
