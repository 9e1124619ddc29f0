/**
 * reactor-kafka, class names of 1.3.23 (its last line: the project was discontinued in 2025). Its surprise: demand counts in
 * records downstream, but whole polls are put into its sink, so a batch or two of `max.poll.records` wait there.
 */
import type { KafkaClient, Scope } from "./client.ts";
import { consumerCeiling, javaParameters, javaRemedies, javaTraps, producerCeiling } from "./java-kafka-clients-limits.ts";
import { jvmPattern, unrelocated } from "./java-kafka-clients-names.ts";
import { clientVersion } from "./java-kafka-clients-versions.ts";

const parameters = javaParameters();
const builtOnVersions = [{ from: "1.3.23", version: "3.6.0" }]; // its pom.xml
const versionOf = (scope: Scope): string | null => clientVersion(scope.version, builtOnVersions);

function consuming(scope: Scope) {
  return consumerCeiling(scope, {
    parameters,
    clientVersion: versionOf(scope),
    kept: (given) => {
      const records = given.number("max.poll.records");
      return [
        {
          what: "polled batches in the sink",
          lowRecords: 0,
          records: 2 * records,
          highRecords: 4 * records,
          formula: `2 × max.poll.records=${records} records`,
          source: "ConsumerEventLoop: polling pauses when nothing is requested any more, after the batch at hand",
        },
      ];
    },
  });
}

export const reactorKafka: KafkaClient = {
  id: "reactor-kafka",
  title: "Reactor Kafka",
  language: "Java/JVM",
  builtOn: "java-kafka-clients",
  queueMemory: "runtime",
  own: {
    names: unrelocated("reactor/kafka"),
    modules: /(?:^|[/\\])reactor-kafka-\d[\w.-]*\.jar$/,
    threads: /^reactive-kafka-/,
  },
  rules: [
    {
      component: "message-cache",
      name: jvmPattern("reactor/kafka/receiver/(?:internals/(?:ConsumerEventLoop|ConsumerHandler|DefaultKafkaReceiver)|ReceiverRecord)\\b"),
      source: "ConsumerEventLoop: the sink behind poll()",
      grade: "source",
    },
    {
      component: "topic-partition-state",
      name: jvmPattern("reactor/kafka/receiver/internals/(?:CommittableBatch|AtmostOnceOffsets)\\b"),
      source: "offsets that wait for their commit",
      grade: "source",
    },
    {
      component: "producer-queue",
      name: jvmPattern("reactor/kafka/sender/"),
      source: "SendSubscriber: records in flight, at most maxInFlight (256)",
      grade: "source",
    },
  ],
  examples: [
    {
      path: "java/lang/Thread.run > reactor/core/scheduler/SchedulerTask.call > reactor/kafka/receiver/internals/ConsumerEventLoop$PollEvent.run > org/apache/kafka/clients/consumer/KafkaConsumer.poll > org/apache/kafka/common/network/NetworkReceive.readFrom > org/apache/kafka/common/memory/MemoryPool$1.tryAllocate > java/nio/ByteBuffer.allocate > byte[]",
      component: "fetch-response-buffer",
      source: "reactor/reactor-kafka#162 and its kafka-clients",
      grade: "documented",
    },
    {
      path: "java.util.concurrent.ScheduledThreadPoolExecutor$ScheduledFutureTask.run > reactor.core.scheduler.SchedulerTask.call > reactor.kafka.receiver.internals.ConsumerEventLoop$PollEvent.run > reactor.core.publisher.FluxCreate$SerializedSink.next",
      component: "message-cache",
      source: "reactor/reactor-kafka#162, a printed stack",
      grade: "real-profile",
    },
  ],
  versionInPath: /reactor-kafka-(\d+\.\d+\.\d+)/,
  builtOnVersions,
  parameters,
  ceilings: (scope) => [consuming(scope), producerCeiling(scope, parameters)],
  traps: (scope) => javaTraps(scope, versionOf(scope), parameters),
  retention: {
    text: "A ReceiverRecord is a ConsumerRecord with an offset: kept with unread headers it holds the whole fetch response.",
    source: "ReceiverRecord extends ConsumerRecord at 1.3.23; held responses measured with kafka-clients 3.9.1",
    grade: "source",
  },
  issues: [
    {
      url: "https://github.com/reactor/reactor-kafka/issues/183",
      title: "Demand counts records while polls deliver batches: the queue of polled batches grows",
      kind: "buffering",
      component: "message-cache",
      from: null,
      fixedIn: null,
      advice: "Lower max.poll.records, and use receiveAutoAck or limitRate so that batches and demand agree.",
    },
    {
      url: "https://github.com/reactor/reactor-kafka/issues/237",
      title: "After a rebalance paused partitions are polled again: the sink fills until memory is gone",
      kind: "client-leak",
      component: "message-cache",
      from: null,
      fixedIn: null,
      advice: "Upgrade to the last release of reactor-kafka 1.3.",
    },
    {
      url: "https://github.com/reactor/reactor-kafka/issues/339",
      title: "Growth without load, reported without a heap dump",
      kind: "unresolved",
      component: null,
      from: null,
      fixedIn: null,
      advice: "Take two class histograms and see which types grow.",
    },
    {
      url: "https://github.com/reactor/reactor-kafka/issues/198",
      title: "A worker of KafkaScheduler fails and memory grows without load",
      kind: "unresolved",
      component: null,
      from: null,
      fixedIn: null,
      advice: "Take two class histograms and see which types grow.",
    },
  ],
  remedies: {
    buffering: (scope, targetBytes, component) =>
      javaRemedies(scope, targetBytes, component, parameters, (changed) =>
        component === "producer-queue" ? producerCeiling(changed, parameters) : consuming(changed),
      ),
    appRetained: [
      { code: "bound-operators", text: "Give flatMap, groupBy, buffer and publishOn an explicit bound: their queues hold the records." },
      { code: "keep-values", text: "Map each ReceiverRecord to its value early, and acknowledge it." },
    ],
    backPressure: "Use limitRate or a bounded flatMap: the receiver pauses its consumer while nothing is requested.",
    howToGetStatistics: "Set receiverOptions.consumerListener(new MicrometerConsumerListener(registry)) and read records.lag.max.",
  },
};
