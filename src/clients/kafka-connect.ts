/**
 * Kafka Connect's workers, read at 3.9.1. Its surprise: every task of a sink has a consumer of its own, so all limits count for
 * each of `tasks.max`; and a connector's settings reach its clients only behind `consumer.override.` and `producer.override.`.
 */
import type { KafkaClient, Parameter, Scope } from "./client.ts";
import { consumerCeiling, javaParameters, javaRemedies, javaTraps, producerCeiling } from "./java-kafka-clients-limits.ts";
import { jvmPattern, relocatable } from "./java-kafka-clients-names.ts";
import { otherProperties as clientProperties, prefixed } from "./java-kafka-clients-properties.ts";
import { otherProperties } from "./kafka-connect-properties.ts";
import { Parameters } from "./parameters.ts";

const CONNECT = "org/apache/kafka/connect";
const CONSUMER_PREFIXES = ["consumer.override.", "consumer."];
const PRODUCER_PREFIXES = ["producer.override.", "producer."];

const parameters: readonly Parameter[] = [
  ...javaParameters({ consumer: CONSUMER_PREFIXES, producer: PRODUCER_PREFIXES }),
  {
    name: "tasks.max",
    defaults: [{ from: "0", value: "1" }],
    unit: "tasks",
    per: "connector, over all workers",
    source: "ConnectorConfig at 3.9.1 and 4.3.1",
  },
];

function consuming(scope: Scope) {
  const tasks = Math.max(1, new Parameters(parameters, scope).number("tasks.max"));
  return consumerCeiling(scope, {
    parameters,
    clientVersion: scope.version,
    consumers: tasks,
    kept: (given) => {
      const records = tasks * given.number("max.poll.records");
      return [
        {
          what: "the batch that the task gets, converted",
          lowRecords: 0,
          records: 2 * records,
          highRecords: 8 * records,
          formula: `${tasks} task(s) × max.poll.records=${given.number("max.poll.records")} records, raw and converted`,
          source: "WorkerSinkTask.messageBatch at 3.9.1; converted values (Struct, Map) may be several times their bytes",
        },
      ];
    },
    assumed: ["all tasks of the connector run in this process"],
    settings: { "tasks.max": String(tasks) },
  });
}

function producing(scope: Scope) {
  const tasks = Math.max(1, new Parameters(parameters, scope).number("tasks.max"));
  return producerCeiling({ ...scope, instances: scope.instances * tasks }, parameters);
}

export const kafkaConnect: KafkaClient = {
  id: "kafka-connect",
  title: "Kafka Connect",
  language: "Java/JVM",
  builtOn: "java-kafka-clients",
  queueMemory: "runtime",
  own: {
    // The runtime and what comes with it; a connector's own code is the application's
    names: relocatable(
      `${CONNECT}/(?:runtime|storage|util|cli|data|sink|source|connector|converters|json|transforms|header|tools|errors|mirror)`,
    ),
    modules: /(?:^|[/\\])connect-(?:runtime|api|json|transforms|mirror|mirror-client|basic-auth-extension)-\d[\w.-]*\.jar$/,
    threads: /^(?:task-thread-|connector-thread-|KafkaBasedLog Work Thread|DistributedHerder|SourceTaskOffsetCommitter)/,
  },
  rules: [
    {
      component: "record-parse",
      name: jvmPattern(`${CONNECT}/(?:json|converters|data|transforms|header)/|${CONNECT}/storage/\\w*Converter`),
      source: "converters and transformations: one object tree a record",
      grade: "source",
    },
    {
      component: "message-cache",
      name: jvmPattern(`${CONNECT}/runtime/(?:WorkerSinkTask|InternalSinkRecord)\\b|${CONNECT}/sink/SinkRecord\\b`),
      source: "WorkerSinkTask.messageBatch: kept until the task took it",
      grade: "source",
    },
    {
      component: "producer-queue",
      name: jvmPattern(
        `${CONNECT}/runtime/(?:AbstractWorkerSourceTask|\\w*WorkerSourceTask|SubmittedRecords)\\b|${CONNECT}/source/SourceRecord\\b`,
      ),
      source: "SubmittedRecords: a queue a source partition of what is not yet acknowledged",
      grade: "source",
    },
    {
      component: "group-coordination",
      name: jvmPattern(`${CONNECT}/(?:runtime/distributed|storage|util)/`),
      source: "DistributedHerder and the topics of configuration, offsets and status (KafkaBasedLog)",
      grade: "source",
    },
  ],
  examples: [
    {
      path: "org/apache/kafka/connect/runtime/WorkerTask.run > org/apache/kafka/connect/runtime/WorkerTask.doRun > org/apache/kafka/connect/runtime/WorkerSinkTask.execute > org/apache/kafka/connect/runtime/WorkerSinkTask.iteration > org/apache/kafka/connect/runtime/WorkerSinkTask.poll",
      component: "message-cache",
      source: "snowflakedb/snowflake-kafka-connector#295, the frames of an OutOfMemoryError",
      grade: "real-profile",
    },
    {
      path: "org/apache/kafka/connect/runtime/WorkerSinkTask.convertMessages > org/apache/kafka/connect/json/JsonConverter.toConnectData > java.util.HashMap",
      component: "record-parse",
      source: "WorkerSinkTask and JsonConverter at 3.9.1",
      grade: "source",
    },
    {
      path: "org/apache/kafka/connect/runtime/WorkerSinkTask.pollConsumer > org/apache/kafka/clients/consumer/KafkaConsumer.poll > org/apache/kafka/common/network/NetworkReceive.readFrom > org/apache/kafka/common/memory/MemoryPool$1.tryAllocate > java/nio/ByteBuffer.allocate > byte[]",
      component: "fetch-response-buffer",
      source: "WorkerSinkTask at 3.9.1",
      grade: "source",
    },
  ],
  versionInPath: /connect-(?:runtime|api)-(\d+\.\d+\.\d+)/,
  // Released together
  builtOnVersions: [
    "4.4.0",
    "4.3.0",
    "4.2.0",
    "4.1.0",
    "4.0.0",
    "3.9.0",
    "3.8.0",
    "3.7.0",
    "3.6.0",
    "3.5.0",
    "3.4.0",
    "3.3.0",
    "3.2.0",
    "3.1.0",
    "3.0.0",
    "2.8.0",
    "2.7.0",
    "2.6.0",
    "2.5.0",
    "2.4.0",
    "2.3.0",
    "2.2.0",
    "2.1.0",
    "2.0.0",
    "1.1.0",
    "1.0.0",
  ].map((version) => ({
    from: version,
    version,
  })),
  parameters,
  otherProperties: [
    ...otherProperties,
    ...prefixed([...CONSUMER_PREFIXES, ...PRODUCER_PREFIXES, "admin.override.", "admin."], clientProperties),
  ],
  ceilings: (scope) => [consuming(scope), producing(scope)],
  traps: (scope) => {
    const found = [...javaTraps(scope, scope.version, parameters)];
    if ([...scope.settings.keys()].some((name) => /^(?:consumer|producer)\.override\./.test(name))) {
      found.push({
        code: "overrides-need-the-policy",
        text: "consumer.override.… works only where the worker's connector.client.config.override.policy allows it: All since 3.0, None before.",
        source: "WorkerConfig; KIP-722",
      });
    }
    if ([...scope.settings.keys()].some((name) => /^(?:fetch\.max\.bytes|max\.p\w+\.\w|buffer\.memory)/.test(name))) {
      found.push({
        code: "connect-settings-need-a-prefix",
        text: "Settings of the clients need their prefix: consumer. in the worker's file, consumer.override. in a connector's.",
        source: "Worker.baseConsumerConfigs at 3.9.1",
      });
    }
    return found;
  },
  retention: {
    text: "A record that a sink task keeps holds its converted key and value, and the consumer's record that it was made of (InternalSinkRecord); what a sink connector collects between flushes is its own.",
    source: "InternalSinkRecord at 3.9.1",
    grade: "source",
  },
  issues: [
    {
      url: "https://github.com/splunk/kafka-connect-splunk/issues/173",
      title: "A sink with a long backlog runs out of memory at 4 GB",
      kind: "unresolved",
      component: "message-cache",
      from: null,
      fixedIn: null,
      advice: "Lower consumer.override.max.poll.records and tasks.max, and what the connector itself collects.",
    },
    {
      url: "https://github.com/CoffeeBeansLabs/kafka-connect-azure-blob-storage/issues/65",
      title: "A sink connector buffers records without pausing its partitions",
      kind: "app-retains",
      component: "message-cache",
      from: null,
      fixedIn: null,
      advice: "A connector that buffers has to pause its partitions (SinkTaskContext.pause) or throw RetriableException while it is full.",
    },
    {
      url: "https://github.com/confluentinc/kafka-connect-storage-cloud/issues/177",
      title: "A buffer of 5 MB for every open file: one a partition and time slice",
      kind: "app-retains",
      component: null,
      from: null,
      fixedIn: null,
      advice: "Rotate files by time (rotate.interval.ms) and lower the connector's part size.",
    },
  ],
  remedies: {
    buffering: (scope, targetBytes, component) =>
      javaRemedies(scope, targetBytes, component, parameters, (changed) =>
        component === "producer-queue" ? producing(changed) : consuming(changed),
      ).map((remedy) => ({
        ...remedy,
        text: `${remedy.text} In a connector's configuration they are written behind consumer.override. or producer.override.`,
      })),
    appRetained: [
      {
        code: "flush-more-often",
        text: "Let the connector write out more often (flush.size, rotate.interval.ms and the like): it keeps what it has not yet written.",
      },
      { code: "fewer-tasks", text: "Lower tasks.max: each task has its own consumer, batch and buffers." },
    ],
    backPressure:
      "A sink task pauses its partitions through SinkTaskContext.pause, or throws RetriableException: the worker then pauses all of them and repeats the same batch.",
    howToGetStatistics:
      "Read kafka.connect:type=sink-task-metrics (sink-record-active-count) and kafka.consumer's records-lag-max over JMX of each worker.",
  },
};
