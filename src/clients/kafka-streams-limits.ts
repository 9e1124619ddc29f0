/**
 * How much Kafka Streams may hold: what its consumers fetch, the queue of each partition, the record cache, and RocksDB outside
 * of the heap. Its surprise: RocksDB's limits count for every store and every partition.
 */
import { formatBytes } from "../base/units.ts";
import { ceilingFrom, type InstanceTerm } from "./ceilings.ts";
import type { BoundedComponent, Ceiling, Parameter, Remedy, Scope, Trap } from "./client.ts";
import {
  consumerCeiling,
  javaParameters,
  javaRemedies,
  javaTraps,
  type KeptRecords,
  pauseTrap,
  producerCeiling,
  tooSmall,
} from "./java-kafka-clients-limits.ts";
import { Parameters, settingsThatFit } from "./parameters.ts";

const DEFINITIONS = "StreamsConfig.configDef() at 3.9.1 and 4.3.1";
const MIB = 1024 ** 2;
/** Constants of RocksDBStore at 3.9.1. */
const BLOCK_CACHE_BYTES = 50 * MIB;
const MEMTABLE_BYTES = 16 * MIB;
const MEMTABLES = 3;

/** What stands before a setting of the consumer (of the main one, of those that restore stores) and of the producer. */
export const CONSUMER_PREFIXES: readonly string[] = ["main.consumer.", "consumer."];
export const OTHER_PREFIXES: readonly string[] = ["restore.consumer.", "global.consumer.", "admin."];
export const PRODUCER_PREFIXES: readonly string[] = ["producer."];

export const parameters: readonly Parameter[] = [
  ...javaParameters({
    consumer: CONSUMER_PREFIXES,
    producer: PRODUCER_PREFIXES,
    maxPollRecords: "1000",
    maxPollRecordsSource: "StreamsConfig.CONSUMER_DEFAULT_OVERRIDES at 3.9.1",
  }),
  {
    name: "buffered.records.per.partition",
    defaults: [{ from: "0", value: "1000" }],
    unit: "records",
    per: "partition; above it the partition is paused",
    source: DEFINITIONS,
  },
  {
    name: "statestore.cache.max.bytes",
    aliases: ["cache.max.bytes.buffering"],
    defaults: [{ from: "0", value: "10485760" }],
    unit: "bytes",
    per: "instance, divided among its threads",
    source: DEFINITIONS,
  },
  { name: "num.stream.threads", defaults: [{ from: "0", value: "1" }], unit: "threads", per: "instance", source: DEFINITIONS },
  {
    name: "rocksdb.config.setter",
    defaults: [{ from: "0", value: "" }],
    unit: "class that sets RocksDB's limits",
    per: "instance",
    source: DEFINITIONS,
  },
  {
    name: "default.dsl.store",
    defaults: [{ from: "0", value: "rocksDB" }],
    unit: "rocksDB or in_memory",
    per: "instance",
    source: DEFINITIONS,
  },
];

/** Records wait in the queues of their partitions: after each poll, until a task has taken them. */
function queuedRecords(scope: Scope, given: Parameters): KeptRecords {
  const perPartition = given.number("buffered.records.per.partition");
  const perPoll = given.number("max.poll.records");
  const partitions = Math.max(1, scope.partitions ?? 1);
  return {
    what: "records in the queues of their partitions",
    lowRecords: 0,
    records: Math.min(perPoll, partitions * perPartition),
    highRecords: partitions * perPartition + perPoll,
    formula: `min(max.poll.records=${perPoll}, ${partitions} partition(s) × buffered.records.per.partition=${perPartition}) records`,
    source: "RecordQueue, StreamTask.addRecords at 3.9.1: a partition is paused only after a poll has filled it",
  };
}

export function fetchCeiling(scope: Scope): Ceiling {
  const threads = Math.max(1, new Parameters(parameters, scope).number("num.stream.threads"));
  return consumerCeiling(scope, {
    parameters,
    clientVersion: scope.version,
    consumers: threads,
    pausesEach: true,
    kept: (given) => [queuedRecords(scope, given)],
    extra: (fetchedBytes): readonly InstanceTerm[] => [
      {
        what: "consumers that restore stores",
        lowBytes: 0,
        bytes: 0,
        highBytes: fetchedBytes,
        formula: "nothing while no store is restored",
        source: "StoreChangelogReader has a consumer of its own at 3.9.1",
      },
    ],
    settings: { "num.stream.threads": String(threads) },
  });
}

export function storeCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const cacheBytes = given.number("statestore.cache.max.bytes");
  const setter = given.text("rocksdb.config.setter");
  const stores = Math.max(1, scope.partitions ?? 1);
  const perStore = BLOCK_CACHE_BYTES + MEMTABLE_BYTES;
  const most = BLOCK_CACHE_BYTES + MEMTABLES * MEMTABLE_BYTES;
  const terms: readonly InstanceTerm[] = [
    {
      what: "record cache",
      lowBytes: 0,
      bytes: cacheBytes,
      // Entries are counted by key and value; each has some 100 B of objects more
      highBytes: 2 * cacheBytes,
      formula: `statestore.cache.max.bytes=${cacheBytes}`,
      source: "ThreadCache, NamedCache at 3.9.1; LRUCacheEntry and LRUNode are 64 B an entry in a class histogram",
    },
    {
      what: "RocksDB, outside of the heap",
      lowBytes: 0, // a store holds what was read and written lately
      bytes: stores * perStore,
      highBytes: 1.1 * stores * most,
      formula: `${stores} store(s) × (50 MiB block cache + 16 MiB memtable)`,
      source: "RocksDBStore at 3.9.1: BLOCK_CACHE_SIZE, WRITE_BUFFER_SIZE, MAX_WRITE_BUFFERS=3; a tenth for indexes, filters and iterators",
    },
  ];
  return ceilingFrom({
    component: "state-store",
    instances: scope.instances,
    messages: null,
    terms,
    settings: given.used,
    assumed: [
      scope.partitions === null ? "one store" : "one store a partition; windowed stores have several segments each",
      ...(setter === "" ? [] : ["RocksDB's defaults; what rocksdb.config.setter changes is unknown"]),
    ],
    source: "RocksDBStore and ThreadCache at 3.9.1",
  });
}

export function ceilings(scope: Scope): readonly Ceiling[] {
  return [fetchCeiling(scope), producerCeiling(scope, parameters), storeCeiling(scope)];
}

export function remedies(scope: Scope, targetBytes: number | null, component: BoundedComponent): readonly Remedy[] {
  if (component !== "state-store") {
    return javaRemedies(scope, targetBytes, component, parameters, (changed) =>
      component === "producer-queue" ? producerCeiling(changed, parameters) : fetchCeiling(changed),
    );
  }
  const setter: Remedy = {
    code: "share-rocksdb-cache",
    text: "Give rocksdb.config.setter a class that sets one Cache and one WriteBufferManager for all stores: then they have one limit together.",
  };
  if (targetBytes === null) return [setter];
  const settings = settingsThatFit(scope, parameters, storeCeiling, targetBytes, [{ name: "statestore.cache.max.bytes", least: 0 }]);
  if (settings === null) {
    return [
      {
        ...tooSmall(scope, targetBytes),
        text: `Only a shared cache (rocksdb.config.setter) brings the stores under ${formatBytes(targetBytes)}.`,
      },
      setter,
    ];
  }
  return [
    {
      code: "lower-queue-limits",
      text: "Lower statestore.cache.max.bytes.",
      settings,
      costs: "More updates go downstream and to the changelog topics, because fewer of them are merged in the cache.",
    },
    setter,
  ];
}

export function traps(scope: Scope): readonly Trap[] {
  const given = new Parameters(parameters, scope);
  const found: Trap[] = [...javaTraps(scope, scope.version, parameters), ...pauseTrap(scope)];
  if (given.isSet("statestore.cache.max.bytes") && !given.isSet("rocksdb.config.setter")) {
    found.push({
      code: "cache-is-not-rocksdb",
      text: "statestore.cache.max.bytes bounds the record cache on the heap and not RocksDB: that needs a rocksdb.config.setter.",
      source: "RocksDBStore at 3.9.1",
    });
  }
  if (given.text("default.dsl.store").toLowerCase() === "in_memory") {
    found.push({
      code: "in-memory-stores-have-no-limit",
      text: "Stores in memory hold all their keys on the heap: nothing but the number of keys bounds them.",
      source: "InMemoryKeyValueStore at 3.9.1",
    });
  }
  return found;
}
