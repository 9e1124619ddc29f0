/**
 * kafka-clients, the Java client under everything on the JVM: classic, asynchronous and share consumer, producer, admin client.
 * Read at trunk of October 2024, run at 2.8.2 to 4.4.0. Its surprise: values are copies, so a kept record holds only itself,
 * unless nobody reads its headers: then it holds the whole Fetch response that it came in.
 */
import type { FrameExample, FrameRule, KafkaClient, KnownIssue } from "./client.ts";
import { consumerCeiling, javaRemedies, javaTraps, parameters, producerCeiling } from "./java-kafka-clients-limits.ts";
import { measurements } from "./java-kafka-clients-measurements.ts";
import { jvmPattern, relocatable } from "./java-kafka-clients-names.ts";
import { otherProperties } from "./java-kafka-clients-properties.ts";

const KAFKA = "org/apache/kafka";
const CONSUMER = `${KAFKA}/clients/consumer/internals`;
const PRODUCER = `${KAFKA}/clients/producer`;
const RECORD = `${KAFKA}/common/record/(?:internal/)?`; // moved to `internal` by 4.3.1

/** Kafka's broker and controller: they use the client's classes for their own connections and logs. */
const BROKER = jvmPattern(
  `^kafka/(?:server|network|cluster|log|coordinator|raft|controller|zk)/|^${KAFKA}/(?:server|raft|controller|image|storage|coordinator|network)/`,
);
const SENDING = jvmPattern(`${PRODUCER}/internals/Sender\\b`);
const APPENDING = jvmPattern(`${PRODUCER}/(?:KafkaProducer|internals/RecordAccumulator)\\b`);
const ADMINISTERING = jvmPattern(`${KAFKA}/clients/admin/`);
const DELIVERING = jvmPattern(`${CONSUMER}/(?:Fetcher\\$)?(?:Share)?CompletedFetch\\.(?:parseRecord|fetchRecords)`);
const READING_HEADERS = jvmPattern(`${RECORD}DefaultRecord\\.readHeaders`);
const RECEIVING = jvmPattern(`${KAFKA}/common/(?:memory/|network/NetworkReceive\\b)`);
const SHARED_TOOLS = jvmPattern(`${KAFKA}/common/(?:record|compress|utils|serialization|header)/`);

/** The frame nearest to the leaf decides, so what serves several purposes (byte buffers, records, codecs) asks for its caller. */
const rules: readonly FrameRule[] = [
  {
    component: "client-other",
    below: BROKER,
    source: "below a class of the broker the same code serves the broker",
    grade: "source",
  },
  {
    component: "statistics",
    name: jvmPattern(`${KAFKA}/common/(?:metrics/|MetricName)|Metrics(?:Manager|Registry|Aggregator)?(?:$|[.$])`),
    source: "org.apache.kafka.common.metrics: some 10 kB a partition and consumer",
    grade: "measured",
  },
  {
    component: "telemetry",
    name: jvmPattern(`${KAFKA}/(?:common/telemetry|shaded/io/opentelemetry|shaded/com/google)/`),
    source: "KIP-714, with its shaded libraries",
    grade: "measured",
  },
  // Bytes that arrive: who waits for them
  {
    component: "request-buffer",
    name: RECEIVING,
    below: SENDING,
    source: "answers to Produce: some bytes a partition",
    grade: "source",
  },
  { component: "admin", name: RECEIVING, below: ADMINISTERING, source: "KafkaAdminClient", grade: "source" },
  {
    component: "fetch-response-buffer",
    name: RECEIVING,
    source: "NetworkReceive.readFrom → MemoryPool$1.tryAllocate: the whole response at once, on the heap, by far the largest is Fetch",
    grade: "measured",
  },
  {
    component: "fetch-response-buffer",
    kind: "type",
    name: jvmPattern(
      `${CONSUMER}/(?:Fetcher\\$)?(?:(?:Share)?CompletedFetch|(?:Share)?FetchBuffer)(?:$|;|\\[)|${RECORD}MemoryRecords(?:$|;|\\[)|${KAFKA}/common/(?:message/(?:Share)?FetchResponseData|requests/(?:Share)?FetchResponse)`,
    ),
    source: "what a Fetch response hangs on in a heap dump or histogram; one CompletedFetch a partition that has data",
    grade: "measured",
  },
  {
    component: "fetch-queue",
    name: jvmPattern(`${CONSUMER}/(?:Share)?Fetch(?:Buffer|Collector|er|RequestManager)\\b|${CONSUMER}/(?:Abstract|Share)Fetch\\b`),
    source: "FetchBuffer is a queue of CompletedFetch",
    grade: "source",
  },
  // Records on their way to the application
  {
    component: "fetch-response-buffer",
    kind: "type",
    name: jvmPattern(`${KAFKA}/common/header/`),
    blockBytes: [64 * 1024, Number.POSITIVE_INFINITY],
    source: "in a heap dump: the response that unread headers are slices of",
    grade: "measured",
  },
  {
    component: "headers",
    name: jvmPattern(`${KAFKA}/common/header/|${RECORD}DefaultRecord\\.readHeaders`),
    source: "RecordHeader keeps slices of the response until they were read: of values always, of keys since 2.7.0",
    grade: "measured",
  },
  { component: "headers", below: READING_HEADERS, source: "Utils.readBytes: a slice for each key and value", grade: "measured" },
  {
    component: "app-copy",
    name: jvmPattern(`${KAFKA}/clients/consumer/ConsumerRecords?(?:$|[;.$\\[])`),
    source: "one object a delivered record",
    grade: "measured",
  },
  // Records on their way to the brokers
  {
    component: "producer-queue",
    name: SHARED_TOOLS,
    below: APPENDING,
    source: "RecordAccumulator.append and what KafkaProducer.doSend calls before",
    grade: "measured",
  },
  {
    component: "producer-queue",
    name: jvmPattern(
      `${PRODUCER}/(?:KafkaProducer|internals/(?:BufferPool|RecordAccumulator|ProducerBatch|IncompleteBatches|FutureRecordMetadata|ProduceRequestResult))\\b`,
    ),
    source: "BufferPool.allocate; class histogram of a producer whose broker stopped answering",
    grade: "measured",
  },
  {
    component: "producer-queue",
    name: jvmPattern(`${RECORD}MemoryRecordsBuilder\\b|${KAFKA}/common/utils/ByteBufferOutputStream\\b`),
    source: "the open end of a batch",
    grade: "measured",
  },
  {
    component: "producer-batch",
    name: jvmPattern(`${PRODUCER}/internals/Sender\\b|${KAFKA}/common/(?:message|requests)/Produce`),
    source: "Sender.sendProduceRequests: requests share the batches' buffers",
    grade: "source",
  },
  // Decompression and parsing, below nothing of the producer
  {
    component: "decompress-buffer",
    name: jvmPattern(`${KAFKA}/common/(?:compress/|utils/(?:BufferSupplier|ChunkedBytesStream))`),
    source: "record by record from a stream; BufferSupplier keeps one buffer a size and consumer",
    grade: "source",
  },
  {
    component: "app-copy",
    name: jvmPattern(`${KAFKA}/common/(?:utils/Utils|serialization/)`),
    below: DELIVERING,
    source: "Utils.toArray under parseRecord: the copy of key and value that the application gets",
    grade: "measured",
  },
  {
    component: "record-parse",
    name: jvmPattern(`${RECORD}(?:\\w+/)?\\w|${CONSUMER}/(?:Fetcher\\$)?(?:Share)?CompletedFetch\\b`),
    source: "CompletedFetch.nextFetchedRecord → DefaultRecordBatch",
    grade: "measured",
  },
  { component: "record-parse", name: SHARED_TOOLS, below: DELIVERING, source: "the same", grade: "measured" },
  // The rest of the client
  {
    component: "metadata",
    name: jvmPattern(
      `${KAFKA}/clients/(?:Metadata\\w*|consumer/internals/ConsumerMetadata|producer/internals/ProducerMetadata)\\b|${KAFKA}/common/(?:(?:message|requests)/Metadata|Cluster\\b|PartitionInfo\\b|Node\\b)`,
    ),
    source: "Metadata, MetadataSnapshot, Cluster",
    grade: "source",
  },
  {
    component: "topic-partition-state",
    name: jvmPattern(
      `${CONSUMER}/(?:SubscriptionState|OffsetFetcher)|${KAFKA}/clients/FetchSessionHandler|${KAFKA}/common/(?:TopicPartition|internals/PartitionStates)|${KAFKA}/clients/consumer/OffsetAndMetadata`,
    ),
    source: "SubscriptionState, FetchSessionHandler",
    grade: "source",
  },
  {
    component: "group-coordination",
    name: jvmPattern(
      `${CONSUMER}/(?:AbstractCoordinator|ConsumerCoordinator|\\w*Membership\\w*|\\w*Heartbeat\\w*|Commit\\w*|CoordinatorRequestManager|\\w*Assign\\w*|\\w*Rebalance\\w*)|${KAFKA}/clients/consumer/\\w*Assignor`,
    ),
    source: "ConsumerCoordinator (classic), ConsumerMembershipManager and its kin (asynchronous)",
    grade: "source",
  },
  { component: "admin", name: ADMINISTERING, source: "KafkaAdminClient", grade: "source" },
  {
    component: "network-tls",
    name: jvmPattern(
      `${KAFKA}/common/(?:network|security)/|${KAFKA}/clients/(?:NetworkClient|ClusterConnectionStates|InFlightRequests|\\w*NodeState)`,
    ),
    source: "Selector, KafkaChannel, SslTransportLayer",
    grade: "source",
  },
  {
    component: "request-buffer",
    name: jvmPattern(`${KAFKA}/common/(?:requests|message|protocol/(?!types/))/?`),
    source: "requests and answers of every API as objects",
    grade: "source",
  },
  { component: "logging", name: jvmPattern(`${KAFKA}/common/utils/LogContext`), source: "LogContext", grade: "source" },
];

const ASYNC_PROFILER = "async-profiler 4.0, kafka-clients 3.9.1";
const HISTOGRAM = "GC.class_histogram of a slow consumer";
const POLLED =
  "SlowConsumer.main > org/apache/kafka/clients/consumer/KafkaConsumer.poll > org/apache/kafka/clients/consumer/internals/ClassicKafkaConsumer.poll";
const RECEIVED =
  "org/apache/kafka/clients/NetworkClient.poll > org/apache/kafka/common/network/Selector.poll > org/apache/kafka/common/network/Selector.pollSelectionKeys > org/apache/kafka/common/network/Selector.attemptRead > org/apache/kafka/common/network/KafkaChannel.read > org/apache/kafka/common/network/KafkaChannel.receive > org/apache/kafka/common/network/NetworkReceive.readFrom > org/apache/kafka/common/memory/MemoryPool$1.tryAllocate > java/nio/ByteBuffer.allocate > java/nio/HeapByteBuffer.<init> > byte[]_[i]";
const COLLECTED =
  "org/apache/kafka/clients/consumer/internals/FetchCollector.collectFetch > org/apache/kafka/clients/consumer/internals/FetchCollector.fetchRecords > org/apache/kafka/clients/consumer/internals/CompletedFetch.fetchRecords";
const DESERIALISED = `${COLLECTED} > org/apache/kafka/clients/consumer/internals/CompletedFetch.parseRecord > org/apache/kafka/common/serialization/Deserializer.deserialize > org/apache/kafka/common/utils/Utils.toNullableArray > org/apache/kafka/common/utils/Utils.toArray > org/apache/kafka/common/utils/Utils.toArray > byte[]_[i]`;
const NEXT = `${COLLECTED} > org/apache/kafka/clients/consumer/internals/CompletedFetch.nextFetchedRecord > org/apache/kafka/common/record/DefaultRecordBatch$RecordIterator.next > org/apache/kafka/common/record/DefaultRecordBatch$3.readNext > org/apache/kafka/common/record/DefaultRecord.readFrom`;
const SENT =
  "Producer.main > org/apache/kafka/clients/producer/KafkaProducer.send > org/apache/kafka/clients/producer/KafkaProducer.doSend";

const examples: readonly FrameExample[] = [
  {
    path: `${POLLED} > org/apache/kafka/clients/consumer/internals/ConsumerNetworkClient.transmitSends > ${RECEIVED}`,
    component: "fetch-response-buffer",
    source: ASYNC_PROFILER,
    grade: "measured",
  },
  {
    path: `org/apache/kafka/clients/consumer/internals/AbstractCoordinator$HeartbeatThread.run > org/apache/kafka/clients/consumer/internals/ConsumerNetworkClient.pollNoWakeup > org/apache/kafka/clients/consumer/internals/ConsumerNetworkClient.poll > ${RECEIVED}`,
    component: "fetch-response-buffer",
    source: `${ASYNC_PROFILER}: the heartbeat's thread receives, too`,
    grade: "measured",
  },
  {
    path: "org.apache.kafka.common.network.KafkaChannel.receive > org.apache.kafka.common.network.NetworkReceive.readFrom > org.apache.kafka.common.memory.MemoryPool$1.tryAllocate > java.nio.ByteBuffer.allocate > java.nio.HeapByteBuffer.<init>",
    component: "fetch-response-buffer",
    source: "zio/zio-kafka#918, the frames of an OutOfMemoryError",
    grade: "real-profile",
  },
  {
    path: "<org.apache.kafka.clients.consumer.internals.CompletedFetch>",
    component: "fetch-response-buffer",
    source: `${HISTOGRAM} at 3.9.1 and 4.4.0`,
    grade: "measured",
  },
  {
    path: "<org.apache.kafka.common.record.internal.MemoryRecords>",
    component: "fetch-response-buffer",
    source: `${HISTOGRAM} at 4.4.0; without \`internal\` at 3.9.1`,
    grade: "measured",
  },
  {
    path: "<org.apache.kafka.clients.consumer.internals.Fetcher$CompletedFetch>",
    component: "fetch-response-buffer",
    source: "zio/zio-kafka#485; kafka-clients up to 3.4",
    grade: "real-profile",
  },
  {
    path: "<org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.internals.CompletedFetch>",
    component: "fetch-response-buffer",
    source: "relocated by Flink's SQL connector",
    grade: "documented",
  },
  { path: `${POLLED} > ${DESERIALISED}`, component: "app-copy", source: ASYNC_PROFILER, grade: "measured" },
  {
    path: `SlowConsumer.main > org/apache/kafka/clients/consumer/KafkaConsumer.poll > org/apache/kafka/clients/consumer/internals/AsyncKafkaConsumer.poll > org/apache/kafka/clients/consumer/internals/AsyncKafkaConsumer.pollForFetches > org/apache/kafka/clients/consumer/internals/AsyncKafkaConsumer.collectFetch > ${DESERIALISED}`,
    component: "app-copy",
    source: "async-profiler 4.0, kafka-clients 4.4.0 with group.protocol=consumer",
    grade: "measured",
  },
  {
    path: `${POLLED} > ${NEXT} > org/apache/kafka/common/record/DefaultRecord.readHeaders > org/apache/kafka/common/utils/Utils.readBytes > java/nio/HeapByteBuffer.slice > java.nio.HeapByteBuffer_[i]`,
    component: "headers",
    source: ASYNC_PROFILER,
    grade: "measured",
  },
  {
    path: `${POLLED} > ${NEXT} > org.apache.kafka.common.record.DefaultRecord_[i]`,
    component: "record-parse",
    source: ASYNC_PROFILER,
    grade: "measured",
  },
  {
    path: "<org.apache.kafka.common.header.internals.RecordHeader>",
    component: "headers",
    source: "GC.class_histogram: 600 of them held 227 MB of responses",
    grade: "measured",
  },
  { path: "<org.apache.kafka.clients.consumer.ConsumerRecord>", component: "app-copy", source: HISTOGRAM, grade: "measured" },
  {
    path: `${SENT} > org/apache/kafka/clients/producer/internals/RecordAccumulator.append > org/apache/kafka/clients/producer/internals/RecordAccumulator.tryAppend > org/apache/kafka/clients/producer/internals/ProducerBatch.tryAppend > org/apache/kafka/common/record/MemoryRecordsBuilder.append > org/apache/kafka/common/utils/Utils.wrapNullable > java/nio/ByteBuffer.wrap > java.nio.HeapByteBuffer_[i]`,
    component: "producer-queue",
    source: ASYNC_PROFILER,
    grade: "measured",
  },
  {
    path: `${SENT} > org.apache.kafka.clients.producer.KafkaProducer$AppendCallbacks_[i]`,
    component: "producer-queue",
    source: ASYNC_PROFILER,
    grade: "measured",
  },
  {
    path: "<org.apache.kafka.clients.producer.internals.FutureRecordMetadata>",
    component: "producer-queue",
    source: "GC.class_histogram of a producer whose broker stopped answering",
    grade: "measured",
  },
  { path: "<[Lorg.apache.kafka.common.metrics.Sensor;>", component: "statistics", source: HISTOGRAM, grade: "measured" },
];

const PULL = "https://github.com/apache/kafka/pull/";

const issues: readonly KnownIssue[] = [
  {
    url: `${PULL}4934`,
    title: "KIP-81, a bound for the consumer's memory, was never merged: what is fetched ahead grows with brokers and partitions",
    kind: "buffering",
    component: "fetch-queue",
    from: null,
    fixedIn: null,
    advice: "Count fetch.max.bytes for every broker, and before 4.0 max.partition.fetch.bytes for every partition; lower both.",
  },
  {
    url: "https://github.com/IBMStreams/streamsx.kafka/issues/91",
    title: "A queue of 50,000 records of 12 kB between the polling thread and the application",
    kind: "app-retains",
    component: "app-copy",
    from: null,
    fixedIn: null,
    advice: "Bound the queue behind poll() in bytes, and pause the partitions while it is full.",
  },
  {
    url: `${PULL}9212`,
    title: "Headers whose value nobody reads keep the buffer that the response was received in; closed without a change",
    kind: "app-retains",
    component: "headers",
    from: null,
    fixedIn: null,
    advice: "Do not keep ConsumerRecords or their Headers; where they are kept, read the value of every header once.",
  },
  {
    url: "https://github.com/confluentinc/cp-helm-charts/issues/312",
    title: "Java heap space in MemoryPool$1.tryAllocate at the first connection, however large the heap",
    kind: "unresolved",
    component: "fetch-response-buffer",
    from: null,
    fixedIn: null,
    advice: "Check security.protocol: a client without TLS takes the first bytes of a TLS answer for a length of hundreds of megabytes.",
  },
  {
    url: `${PULL}5953`,
    title: "Sensors of metrics stay listed under their parents (KAFKA-7660)",
    kind: "client-leak",
    component: "statistics",
    from: null,
    fixedIn: "2.2.0", // merged to trunk in November 2018; the branch of 2.2 was cut later
    advice: "Upgrade to kafka-clients 2.2.0 or later.",
  },
  {
    url: `${PULL}4570`,
    title: "Compression buffers stay referenced after a batch was closed (KAFKA-6512)",
    kind: "client-leak",
    component: "producer-queue",
    from: null,
    fixedIn: "2.0.0", // merged in February 2018; the first release that has trunk of that time for sure
    advice: "Upgrade to kafka-clients 2.0.0 or later.",
  },
  {
    url: `${PULL}4307`,
    title: "MBeans of removed metrics stay in JmxReporter (KAFKA-6307)",
    kind: "client-leak",
    component: "statistics",
    frames: jvmPattern("JmxReporter\\$KafkaMbean"),
    from: null,
    fixedIn: "2.0.0", // merged around January 2018; the first release that has trunk of that time for sure
    advice: "Upgrade to kafka-clients 2.0.0 or later.",
  },
];

export const javaKafkaClients: KafkaClient = {
  id: "java-kafka-clients",
  title: "Apache Kafka's Java client",
  language: "Java/JVM",
  queueMemory: "runtime",
  own: {
    names: relocatable("org/apache/kafka/(?:clients|common|shaded)"),
    modules: /(?:^|[/\\])kafka-clients-\d[\w.-]*\.jar$/,
    threads: /^(?:kafka-(?:producer-network-thread|coordinator-heartbeat-thread|admin-client-thread)\b|consumer_background_thread\b)/,
  },
  queueEntries: [
    {
      component: "fetch-queue",
      type: jvmPattern(`${CONSUMER}/(?:Fetcher\\$)?CompletedFetch$`),
      what: "parts of fetch responses, one a partition",
      source: "FetchBuffer.completedFetches and nextInLineFetch; Fetcher up to 3.4",
      grade: "measured",
    },
    {
      component: "producer-queue",
      type: jvmPattern(`${KAFKA}/clients/producer/internals/ProducerBatch$`),
      what: "batches",
      source: "RecordAccumulator's queue of each partition, and those that are being sent",
      grade: "source",
    },
  ],
  rules,
  examples,
  versionInPath: /kafka-clients-(\d+\.\d+\.\d+)/,
  parameters,
  otherProperties,
  ceilings: (scope) => [consumerCeiling(scope, { parameters, clientVersion: scope.version }), producerCeiling(scope)],
  measurements,
  traps: (scope) => javaTraps(scope, scope.version),
  retention: {
    text: "A record holds copies of its key and value and nothing else, with two exceptions that hold the whole fetch response: headers whose values nobody read (200 records of 1 kB with three headers held 227 MB), and values of ByteBufferDeserializer since 3.6 (100 of 1 kB held 103 MB).",
    source: "class histograms at 2.6.3, 3.9.1 and 4.4.0; with headers read, without headers or with zstd less than 1 MB",
    grade: "measured",
  },
  issues,
  remedies: {
    buffering: (scope, targetBytes, component) =>
      javaRemedies(scope, targetBytes, component, parameters, (changed) =>
        component === "producer-queue"
          ? producerCeiling(changed)
          : consumerCeiling(changed, { parameters, clientVersion: changed.version }),
      ),
    appRetained: [
      {
        code: "keep-values",
        text: "Keep the value, or your own object made of it, and let go of the ConsumerRecord: one with unread headers holds the whole fetch response.",
      },
      {
        code: "read-headers",
        text: "Where records are kept, read key and value of every header once: that replaces its slice of the response by a copy.",
      },
      {
        code: "copy-byte-buffers",
        text: "Copy what ByteBufferDeserializer returns before keeping it: it is a part of the fetch response.",
      },
    ],
    backPressure:
      "Call pause() for the assigned partitions while the application's own queue is full and go on calling poll(); what was fetched for a paused partition stays in memory until it is resumed.",
    howToGetStatistics:
      "Read the MBeans kafka.consumer:type=consumer-fetch-manager-metrics (records-lag-max, fetch-size-avg) over JMX or with Micrometer's KafkaClientMetrics; the consumer has no gauge of buffered bytes, the producer has buffer-available-bytes.",
  },
};
