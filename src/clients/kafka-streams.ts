/**
 * Kafka Streams with its stores, read at trunk of October 2024, run at 3.9.1 and 4.3.1. Its surprise: most of its memory is
 * RocksDB's, outside of the Java heap, where neither a heap dump nor a class histogram shows it.
 */
import type { KafkaClient, KnownIssue } from "./client.ts";
import { jvmPattern, relocatable } from "./java-kafka-clients-names.ts";
import { otherProperties as clientProperties, prefixed } from "./java-kafka-clients-properties.ts";
import { CONSUMER_PREFIXES, ceilings, OTHER_PREFIXES, PRODUCER_PREFIXES, parameters, remedies, traps } from "./kafka-streams-limits.ts";
import { otherProperties } from "./kafka-streams-properties.ts";

const STREAMS = "org/apache/kafka/streams";
const PULL = "https://github.com/apache/kafka/pull/";

/** Streams and its clients are released together. */
const RELEASES =
  "4.4.0 4.3.0 4.2.0 4.1.0 4.0.0 3.9.0 3.8.0 3.7.0 3.6.0 3.5.0 3.4.0 3.3.0 3.2.0 3.1.0 3.0.0 2.8.0 2.7.0 2.6.0 2.5.0 2.4.0 2.3.0 2.2.0 2.1.0 2.0.0 1.1.0 1.0.0 0.11.0.0 0.10.0.0";

/** A leak of RocksDB's objects; `fixedIn` is the first release that has trunk of the time for sure. */
function storeLeak(number: number, title: string, fixedIn: string): KnownIssue {
  const advice = `Upgrade to Kafka Streams ${fixedIn} or later.`;
  return { url: `${PULL}${number}`, title, kind: "client-leak", component: "state-store", from: null, fixedIn, advice };
}

export const kafkaStreams: KafkaClient = {
  id: "kafka-streams",
  title: "Kafka Streams",
  language: "Java/JVM",
  builtOn: "java-kafka-clients",
  queueMemory: "runtime",
  own: {
    names: relocatable(STREAMS),
    // RocksDB's library as its loader unpacks it for any program on the JVM: /tmp/librocksdbjni1234567890.so
    modules: /(?:^|[/\\])(?:kafka-streams-\d[\w.-]*\.jar|librocksdbjni\d+\.(?:so|jnilib|dll))$/,
    threads: /-(?:StreamThread|StateUpdater|CleanupThread|GlobalStreamThread)-?\d*\b/,
  },
  rules: [
    {
      component: "fetch-queue",
      name: jvmPattern(`${STREAMS}/processor/internals/(?:RecordQueue|PartitionGroup|StampedRecord|CorruptedRecord)\\b`),
      source: "RecordQueue: one a partition",
      grade: "measured",
    },
    {
      component: "state-store",
      name: jvmPattern(`${STREAMS}/(?:state/|processor/internals/(?:ProcessorStateManager|StoreChangelogReader|GlobalStateManagerImpl))`),
      source: "ThreadCache, NamedCache and LRUCacheEntry on the heap; RocksDBStore holds the native objects",
      grade: "measured",
    },
    { component: "state-store", module: /librocksdbjni/, source: "block cache, memtables, iterators", grade: "source" },
    {
      component: "state-store",
      name: /^rocksdb::|^Java_org_rocksdb_/,
      source: "RocksDB's own functions, known by the library they are in",
      grade: "source",
    },
    {
      component: "group-coordination",
      name: jvmPattern(`${STREAMS}/processor/internals/(?:assignment/|StreamsPartitionAssignor)`),
      source: "StreamsPartitionAssignor",
      grade: "source",
    },
    {
      component: "statistics",
      name: jvmPattern(`${STREAMS}/(?:processor|state)/internals/metrics/`),
      source: "StreamsMetricsImpl",
      grade: "source",
    },
    {
      component: "producer-queue",
      name: jvmPattern(`${STREAMS}/processor/internals/(?:RecordCollectorImpl|StreamsProducer)\\b`),
      source: "RecordCollectorImpl",
      grade: "source",
    },
  ],
  examples: [
    {
      path: "<org.apache.kafka.streams.state.internals.LRUCacheEntry>",
      component: "state-store",
      source: "GC.class_histogram at 3.9.1 and 4.3.1",
      grade: "measured",
    },
    {
      path: "<org.apache.kafka.streams.processor.internals.RecordQueue>",
      component: "fetch-queue",
      source: "GC.class_histogram at 3.9.1 and 4.3.1",
      grade: "measured",
    },
    {
      path: "org/apache/kafka/streams/processor/internals/StreamThread.run > org/apache/kafka/streams/processor/internals/StreamThread.runLoop > org/apache/kafka/streams/processor/internals/StreamThread.runOnceWithoutProcessingThreads > org/apache/kafka/streams/processor/internals/StreamThread.pollPhase > org/apache/kafka/streams/processor/internals/StreamThread.pollRequests > org/apache/kafka/clients/consumer/KafkaConsumer.poll > org/apache/kafka/clients/consumer/internals/ClassicKafkaConsumer.poll > org/apache/kafka/clients/consumer/internals/ClassicKafkaConsumer.pollForFetches > org/apache/kafka/clients/consumer/internals/Fetcher.collectFetch > org/apache/kafka/clients/consumer/internals/FetchCollector.collectFetch > org/apache/kafka/clients/consumer/internals/FetchCollector.fetchRecords > org/apache/kafka/clients/consumer/internals/CompletedFetch.fetchRecords > org/apache/kafka/clients/consumer/internals/CompletedFetch.parseRecord > org/apache/kafka/common/serialization/Deserializer.deserialize > org/apache/kafka/common/utils/Utils.toNullableArray > org/apache/kafka/common/utils/Utils.toArray > byte[]_[i]",
      component: "app-copy",
      source: "async-profiler 4.0, Streams 3.9.1",
      grade: "measured",
    },
    {
      path: "/tmp/librocksdbjni3881234567890123456.so!rocksdb::Arena::AllocateNewBlock",
      component: "state-store",
      source: "NativeLibraryLoader of rocksdbjni 7.9.2: the name of the unpacked library",
      grade: "source",
    },
  ],
  versionInPath: /kafka-streams-(\d+\.\d+\.\d+)/,
  builtOnVersions: RELEASES.split(" ").map((version) => ({ from: version, version })),
  parameters,
  otherProperties: [
    ...otherProperties,
    ...prefixed([...CONSUMER_PREFIXES, ...PRODUCER_PREFIXES, ...OTHER_PREFIXES], clientProperties),
    ...OTHER_PREFIXES.flatMap((prefix) =>
      ["fetch.max.bytes", "max.partition.fetch.bytes", "max.poll.records"].map((name) => `${prefix}${name}`),
    ),
  ],
  ceilings,
  traps,
  retention: {
    text: "Records wait in their partitions' queues as the consumer's records; an iterator over a store that is not closed holds blocks of RocksDB outside of the heap.",
    source: "RecordQueue at 3.9.1; KeyValueIterator's documentation",
    grade: "source",
  },
  issues: [
    storeLeak(15135, "RocksDB statistics and options are not closed with the store (KAFKA-16086)", "3.8.0"),
    storeLeak(15174, "Column families of a store are not closed (KAFKA-16089)", "3.8.0"),
    storeLeak(12935, "RocksDB objects wait for finalizers (KAFKA-14432)", "3.5.0"),
    {
      url: `${PULL}10355`,
      title: "Caches of closed tasks stay in the thread's cache (KAFKA-12500)",
      kind: "client-leak",
      component: "state-store",
      frames: jvmPattern(`${STREAMS}/state/internals/NamedCache`),
      from: null,
      fixedIn: "3.0.0",
      advice: "Upgrade to Kafka Streams 3.0.0 or later.",
    },
    storeLeak(7077, "Write batches are not closed (KAFKA-8637)", "2.4.0"),
    storeLeak(6672, "Bloom filters are not closed (KAFKA-8323)", "2.4.0"),
    {
      url: `${PULL}22378`,
      title: "Options with a cache of 8 MB each, and handles of column families, stay after a store was closed (KAFKA-20616)",
      kind: "client-leak",
      component: "state-store",
      from: "4.3.0", // the upgrade guide of 4.3.0 warns of it and names 4.3.1
      fixedIn: "4.3.1",
      advice: "Upgrade to Kafka Streams 4.3.1 or later.",
    },
    {
      url: "https://github.com/confluentinc/ksql/issues/10096",
      title: "A rocksdb.config.setter that puts another block cache in place leaves the one that Streams had made",
      kind: "app-retains",
      component: "state-store",
      from: null,
      fixedIn: null,
      advice: "Close the cache that tableFormatConfig had before setting another one.",
    },
    {
      url: "https://github.com/DependencyTrack/hyades/pull/1498",
      title: "50 MiB of block cache a store add up; one shared cache of 128 MiB replaces them",
      kind: "buffering",
      component: "state-store",
      from: null,
      fixedIn: null,
      advice: "Share one Cache and one WriteBufferManager among all stores with rocksdb.config.setter.",
    },
  ],
  remedies: {
    buffering: remedies,
    appRetained: [
      { code: "close-iterators", text: "Close every KeyValueIterator, best with try-with-resources: an open one holds blocks of RocksDB." },
      { code: "bound-own-state", text: "Keep what a Processor collects in a store instead of a field: the store has limits and a cache." },
    ],
    backPressure:
      "Streams pauses a partition by itself above buffered.records.per.partition; lower it, or max.poll.records, where records are large.",
    howToGetStatistics:
      "Set metrics.recording.level=INFO and read stream-state-metrics over JMX: block-cache-usage, size-all-mem-tables, num-open-iterators.",
  },
};
