/**
 * How much the Java client's queues may hold, for itself and for everything built on it. Formulas follow the classes of 3.9.1
 * and 4.4.0 and were held against a slow consumer at each of 3.9.1, 4.0.0, 4.1.0 and 4.4.0.
 *
 * Their surprise: before 4.0 `fetch.max.bytes` bounds one response and not the buffer, because a partition that was drained is
 * asked for again while others still wait. A consumer that falls behind little by little then fills P × max.partition.fetch.bytes.
 */
import { formatBytes } from "../base/units.ts";
import { compareVersions } from "../base/versions.ts";
import { ceilingFrom, type InstanceTerm, TYPICAL_MESSAGE_BYTES } from "./ceilings.ts";
import type { BoundedComponent, Ceiling, Parameter, Remedy, Scope, Trap } from "./client.ts";
import { Parameters, settingsThatFit } from "./parameters.ts";

const DEFINITIONS = "ConfigDef of kafka-clients 2.8.2, 3.4.1, 3.7.1, 3.9.1, 4.0.0, 4.1.0, 4.3.1 and 4.4.0";
const MIB = 1024 ** 2;
/** Objects around a delivered record: ConsumerRecord, headers, key and array headers (class histogram of 3.9.1 and 4.4.0). */
const RECORD_OBJECT_BYTES = 200;
/** Future, callback and thunk of a record that waits, and its share of the batch: 189 B with 3.9.1, 240 B with 4.4.0. */
const SEND_OBJECT_BYTES = 210;
/** Framing of a record in a batch of the producer, and the unused end of the batch. */
const SEND_FRAMING_BYTES = 24;
/** A consumer without its fetched data: metrics, connections, subscription; and metrics of each partition. */
const CONSUMER_BYTES = 0.9e6;
const PARTITION_BYTES = 10e3;

interface Spelling {
  /** What stands before a setting of the consumer, of the producer; the plain name is understood, too. */
  readonly consumer?: readonly string[];
  readonly producer?: readonly string[];
  /** The default of max.poll.records where a layer has its own. */
  readonly maxPollRecords?: string;
  readonly maxPollRecordsSource?: string;
}

/** The settings that bound the Java client, as a layer above it spells them. */
export function javaParameters({
  consumer = [],
  producer = [],
  maxPollRecords,
  maxPollRecordsSource,
}: Spelling = {}): readonly Parameter[] {
  const spelt = (name: string, prefixes: readonly string[]): Pick<Parameter, "name" | "aliases"> => ({
    name,
    ...(prefixes.length === 0 ? {} : { aliases: prefixes.map((prefix) => `${prefix}${name}`) }),
  });
  return [
    {
      ...spelt("fetch.max.bytes", consumer),
      defaults: [{ from: "0", value: "52428800" }],
      unit: "bytes on the wire",
      per: "broker and response",
      source: DEFINITIONS,
    },
    {
      ...spelt("max.partition.fetch.bytes", consumer),
      defaults: [{ from: "0", value: "1048576" }],
      unit: "bytes on the wire",
      per: "partition and response",
      source: DEFINITIONS,
    },
    {
      ...spelt("max.poll.records", consumer),
      defaults: [{ from: "0", value: maxPollRecords ?? "500" }],
      unit: "records",
      per: "poll",
      source: maxPollRecordsSource ?? DEFINITIONS,
    },
    {
      ...spelt("buffer.memory", producer),
      defaults: [{ from: "0", value: "33554432" }],
      unit: "bytes of batches",
      per: "producer",
      source: DEFINITIONS,
    },
    {
      ...spelt("batch.size", producer),
      defaults: [{ from: "0", value: "16384" }],
      unit: "bytes",
      per: "batch of a partition",
      source: DEFINITIONS,
    },
    {
      ...spelt("compression.type", producer),
      defaults: [{ from: "0", value: "none" }],
      unit: "name",
      per: "producer",
      source: DEFINITIONS,
    },
  ];
}

export const parameters: readonly Parameter[] = javaParameters();

/** Records that a layer above the client keeps beside the fetch buffer, of one instance. */
export interface KeptRecords {
  readonly what: string;
  readonly lowRecords: number;
  readonly records: number;
  readonly highRecords: number;
  readonly formula: string;
  readonly source: string;
}

/** How a layer uses the client. */
export interface Use {
  readonly parameters: readonly Parameter[];
  /** Version of kafka-clients; null = unknown. */
  readonly clientVersion: string | null;
  /** Consumers of one instance, which share its partitions. */
  readonly consumers?: number;
  /** The layer pauses partitions one by one: each may then hold another response, of the partitions that were not yet paused. */
  readonly pausesEach?: true;
  readonly kept?: (given: Parameters) => readonly KeptRecords[];
  /** Further terms of one instance. */
  readonly extra?: (fetchedHighBytes: number) => readonly InstanceTerm[];
  readonly assumed?: readonly string[];
  readonly settings?: Readonly<Record<string, string>>;
}

/** Whether a broker is asked again only when nothing of it waits (KAFKA-17182, `AbstractFetch.bufferedNodes`: in 4.0.0, not in 3.9.1). */
function asksDrainedBrokersOnly(version: string): boolean {
  return compareVersions(version, "4.0.0") >= 0;
}

/** Brokers, partitions and response sizes of one consumer. */
interface Fetching {
  readonly brokers: number;
  readonly partitions: number;
  readonly expectedBytes: number;
  readonly lowBytes: number;
  readonly highBytes: number;
  readonly formula: string;
}

function fetchingOf(scope: Scope, given: Parameters, consumers: number, use: Use): Fetching {
  const { clientVersion } = use;
  const fetchBytes = given.number("fetch.max.bytes");
  const chunkBytes = given.number("max.partition.fetch.bytes");
  const share = scope.partitions === null ? null : Math.max(1, scope.partitions / consumers);
  const brokers = Math.max(1, Math.min(scope.brokers ?? 1, share ?? Number.POSITIVE_INFINITY));
  const partitions = share ?? brokers;
  // Limits are soft: a first batch that is larger comes whole
  const batchBytes = scope.messageBytes ?? 0;
  const response = Math.max(batchBytes, Math.min(fetchBytes, (partitions / brokers) * chunkBytes));
  const largest = Math.max(
    batchBytes,
    share === null ? fetchBytes : Math.min(fetchBytes, Math.ceil(partitions / brokers) * Math.max(chunkBytes, batchBytes)),
  );
  const everyPartition = partitions * Math.max(chunkBytes, batchBytes);
  const isNew = clientVersion === null || asksDrainedBrokersOnly(clientVersion);
  const isOld = clientVersion === null || !asksDrainedBrokersOnly(clientVersion);
  // A response lives until its last partition is drained: one that is partly read, or left by paused partitions
  const atMostPaused =
    use.pausesEach === true && share !== null ? brokers * pinnedBytes(Math.ceil(partitions / brokers), fetchBytes, chunkBytes) : 0;
  const atMostNew = Math.max(2 * brokers * largest, atMostPaused);
  const atMostOld = Math.max((share === null ? brokers * fetchBytes : everyPartition) + largest, atMostPaused);
  return {
    brokers,
    partitions,
    expectedBytes: isNew ? brokers * response : everyPartition,
    lowBytes: 0.9 * Math.min(brokers * response, everyPartition),
    highBytes: Math.max(isNew ? atMostNew : 0, isOld ? atMostOld : 0),
    formula: isNew
      ? `${brokers} broker${brokers === 1 ? "" : "s"} × min(fetch.max.bytes=${fetchBytes}, ${round(partitions / brokers)} partition(s) × max.partition.fetch.bytes=${chunkBytes})`
      : `${round(partitions)} partition(s) × max.partition.fetch.bytes=${chunkBytes}`,
  };
}

/** The first response has all partitions, the next one a partition less, and so on: 1 + 2 + … + n chunks, each response at most full. */
function pinnedBytes(partitions: number, fetchBytes: number, chunkBytes: number): number {
  const growing = Math.min(partitions, Math.floor(fetchBytes / chunkBytes));
  return (growing * (growing + 1) * chunkBytes) / 2 + (partitions - growing) * fetchBytes;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** What a record costs outside of the fetched response. */
function recordBytes(scope: Scope): number {
  return (scope.messageBytes ?? TYPICAL_MESSAGE_BYTES) + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0) + RECORD_OBJECT_BYTES;
}

/** The most one poll may bring: so many records, but no more than what was fetched, decompressed. */
function onePoll(scope: Scope, given: Parameters): KeptRecords {
  const records = given.number("max.poll.records");
  return {
    what: "records of the last poll",
    lowRecords: 0, // an application that drops each record keeps none of them
    records,
    highRecords: records,
    formula: `max.poll.records=${records} × ${Math.round(recordBytes(scope))} B`,
    source: "ConsumerRecords is one list; keys and values are copies (Utils.toArray), by class histogram",
  };
}

export function consumerCeiling(scope: Scope, use: Use): Ceiling {
  const given = new Parameters(use.parameters, { settings: scope.settings, version: scope.version });
  const most = scope.partitions ?? Number.POSITIVE_INFINITY;
  const consumers = Math.max(1, Math.min(use.consumers ?? 1, most));
  const fetching = fetchingOf(scope, given, consumers, use);
  const ratio = Math.max(1, scope.compressionRatio ?? 1);
  const kept = use.kept?.(given) ?? [onePoll(scope, given)];
  const fetched: InstanceTerm = {
    what: "fetched responses",
    lowBytes: consumers * fetching.lowBytes,
    bytes: consumers * fetching.expectedBytes,
    highBytes: consumers * fetching.highBytes,
    formula: consumers > 1 ? `${round(consumers)} consumers × ${fetching.formula}` : fetching.formula,
    source:
      "AbstractFetch.prepareFetchRequests and bufferedNodes, FetchBuffer, CompletedFetch at 3.9.1, 4.0.0 and 4.4.0; measured at all of them",
  };
  const eachBytes = recordBytes(scope);
  // Where the size of messages is unknown a single one may be as large as a partition's share of a response
  const largestBytes = scope.messageBytes === null ? given.number("max.partition.fetch.bytes") + RECORD_OBJECT_BYTES : eachBytes;
  const recordTerms = kept.map(({ what, lowRecords, records, highRecords, formula, source }): InstanceTerm => {
    const payload = Math.min(records * eachBytes, fetched.bytes * ratio + records * RECORD_OBJECT_BYTES);
    const mostPayload = Math.min(
      highRecords * largestBytes,
      // Records of earlier polls are bounded by the responses they came in: one more for every poll's worth of records
      Math.max(1, highRecords / Math.max(1, given.number("max.poll.records"))) * fetched.highBytes * ratio +
        highRecords * RECORD_OBJECT_BYTES,
    );
    return { what, lowBytes: lowRecords * eachBytes, bytes: payload, highBytes: Math.max(payload, mostPayload), formula, source };
  });
  const baseBytes = consumers * (CONSUMER_BYTES + fetching.partitions * PARTITION_BYTES);
  const base: InstanceTerm = {
    what: "the client itself",
    lowBytes: 0,
    bytes: baseBytes,
    // Buffers of decompression, at most one 4 MiB block of LZ4
    highBytes: baseBytes + consumers * 4 * MIB,
    formula: `${formatBytes(baseBytes)} for the client itself`,
    source: "class histogram: 0.9 MB and 10 kB a partition (metrics); BufferSupplier of CompletedFetch for decompression",
  };
  return ceilingFrom({
    component: "fetch-queue",
    instances: scope.instances,
    messages: (fetched.bytes * ratio) / Math.max(1, (scope.messageBytes ?? TYPICAL_MESSAGE_BYTES) + (scope.keyBytes ?? 0)),
    terms: [fetched, ...recordTerms, base, ...(use.extra?.(fetched.highBytes) ?? [])],
    settings: { ...given.used, ...use.settings },
    assumed: [
      ...(use.clientVersion === null ? ["kafka-clients 4.0 or later; the upper bound holds for older ones, too"] : []),
      ...(scope.brokers === null ? ["one broker"] : []),
      ...(scope.partitions === null ? ["one partition a broker; whole responses for the upper bound"] : []),
      ...(scope.messageBytes === null ? ["messages of 1 KiB"] : []),
      ...(scope.compressionRatio === null ? ["messages are not compressed"] : []),
      ...(use.assumed ?? []),
    ],
    source: "AbstractFetch, FetchBuffer and CompletedFetch at 3.9.1, 4.0.0 and 4.4.0; measured against Apache Kafka 3.9.1",
  });
}

export function producerCeiling(scope: Scope, using: readonly Parameter[] = parameters): Ceiling {
  const given = new Parameters(using, { settings: scope.settings, version: scope.version });
  const poolBytes = given.number("buffer.memory");
  const batchBytes = given.number("batch.size");
  const isCompressed = given.text("compression.type") !== "none";
  const payload = (scope.messageBytes ?? TYPICAL_MESSAGE_BYTES) + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0);
  const records = poolBytes / (payload + SEND_FRAMING_BYTES);
  const objectBytes = records * SEND_OBJECT_BYTES;
  // Small records cost more objects than bytes
  const mostObjects = scope.messageBytes === null ? poolBytes * 2 : 1.5 * objectBytes;
  const terms: readonly InstanceTerm[] = [
    {
      what: "batches in the pool",
      lowBytes: 0.9 * poolBytes,
      bytes: poolBytes,
      // A compressed batch that outgrew its buffer is copied into a larger one outside of the pool
      highBytes: poolBytes * (isCompressed ? 2 : 1),
      formula: `buffer.memory=${poolBytes}`,
      source: "BufferPool at 3.9.1 and 4.4.0: what it once allocated in pieces of batch.size it keeps; measured",
    },
    {
      what: "objects of waiting records",
      lowBytes: 0,
      bytes: objectBytes,
      highBytes: Math.max(objectBytes, mostObjects),
      formula: `${Math.round(records)} records × ${SEND_OBJECT_BYTES} B of callbacks and futures`,
      source: "class histogram: FutureRecordMetadata, ProducerBatch$Thunk, KafkaProducer$AppendCallbacks; 189 B (3.9.1), 240 B (4.4.0)",
    },
    {
      what: "the client itself",
      lowBytes: 0,
      bytes: 0.5e6,
      highBytes: 4e6 + (isCompressed ? (scope.partitions ?? 50) * 0.3e6 : 0),
      formula: "0.5 MB for the client itself",
      source: "class histogram; a compressor for each open batch",
    },
  ];
  return ceilingFrom({
    component: "producer-queue",
    instances: scope.instances,
    messages: records,
    terms,
    settings: { ...given.used, "batch.size": String(batchBytes) },
    assumed: scope.messageBytes === null ? ["messages of 1 KiB; small ones cost up to three times the pool"] : [],
    source: "BufferPool, RecordAccumulator and ProducerBatch at 3.9.1 and 4.4.0; measured against a broker that stopped answering",
  });
}

/** What keeps the fetch buffer or the pool smaller, for any layer: `ceilingOf` is its own formula. */
export function javaRemedies(
  scope: Scope,
  targetBytes: number | null,
  component: BoundedComponent,
  using: readonly Parameter[],
  ceilingOf: (scope: Scope) => Ceiling,
): readonly Remedy[] {
  if (component === "producer-queue") {
    const settings =
      targetBytes === null
        ? { "buffer.memory": "16777216" }
        : settingsThatFit(scope, using, ceilingOf, targetBytes, [{ name: "buffer.memory", least: MIB }]);
    if (settings === null) return [tooSmall(scope, targetBytes ?? 0)];
    return [
      {
        code: "lower-queue-limits",
        text: "Lower buffer.memory: send() then waits (max.block.ms) and fails instead of using memory.",
        settings,
        costs: `send() blocks as soon as ${formatBytes(Number(settings["buffer.memory"]))} of batches wait for the brokers.`,
      },
    ];
  }
  const settings =
    targetBytes === null
      ? { "fetch.max.bytes": "10485760", "max.partition.fetch.bytes": "262144" }
      : settingsThatFit(scope, using, ceilingOf, targetBytes, [
          { name: "fetch.max.bytes", least: MIB },
          { name: "max.partition.fetch.bytes", least: 65536 },
          { name: "max.poll.records", least: 10 },
        ]);
  if (settings === null) return [tooSmall(scope, targetBytes ?? 0)];
  return [
    {
      code: "lower-queue-limits",
      text: "Lower fetch.max.bytes and max.partition.fetch.bytes: together they bound what is fetched ahead; max.poll.records bounds what one poll hands over.",
      settings,
      costs: `Throughput: one answer of a broker brings at most ${formatBytes(Number(settings["fetch.max.bytes"] ?? 52428800))}, so more round trips for the same data.`,
    },
  ];
}

export function tooSmall(scope: Scope, targetBytes: number): Remedy {
  return {
    code: "target-too-small",
    text: `No setting of the queues brings ${scope.instances} instance(s) under ${formatBytes(targetBytes)}: use fewer instances or a larger limit.`,
  };
}

/** For layers that pause partitions one by one. */
export function pauseTrap(scope: Scope): readonly Trap[] {
  if (scope.partitions !== null && scope.partitions < 2) return [];
  return [
    {
      code: "paused-partitions-hold-responses",
      text: "A paused partition keeps what was fetched for it, and with it the whole response it came in: partitions paused one after another hold one response each.",
      source: "FetchCollector at 3.9.1 sets the fetched data of paused partitions aside; the bytes are one array a response",
    },
  ];
}

/** Settings of the Java client that do not do what they seem to. */
export function javaTraps(scope: Scope, clientVersion: string | null, using: readonly Parameter[] = parameters): readonly Trap[] {
  const given = new Parameters(using, { settings: scope.settings, version: scope.version });
  const found: Trap[] = [];
  if (given.isSet("fetch.max.bytes") && clientVersion !== null && !asksDrainedBrokersOnly(clientVersion)) {
    found.push({
      code: "fetch-max-bytes-is-per-response",
      text: "Before kafka-clients 4.0 fetch.max.bytes bounds one response and not the buffer: set max.partition.fetch.bytes, which counts for every partition.",
      source: "measured with 3.9.1: 74 MB of byte[] with fetch.max.bytes of 5 MiB and 100 partitions; 5.8 MB with 4.0.0",
    });
  }
  if (given.isSet("max.poll.records") && !given.isSet("fetch.max.bytes") && !given.isSet("max.partition.fetch.bytes")) {
    found.push({
      code: "max-poll-records-does-not-limit-fetching",
      text: "max.poll.records bounds what poll() returns and not what is fetched ahead: set fetch.max.bytes and max.partition.fetch.bytes.",
      source: "ConsumerConfig.MAX_POLL_RECORDS_DOC; measured: 500 or 10 records a poll, the same byte[]",
    });
  }
  if (clientVersion !== null && asksDrainedBrokersOnly(clientVersion) && given.isSet("fetch.max.bytes") && (scope.brokers ?? 1) > 1) {
    found.push({
      code: "fetch-max-bytes-is-per-broker",
      text: "fetch.max.bytes counts for each broker: multiply it by the brokers that lead an assigned partition.",
      source: "AbstractFetch.prepareFetchRequests at 4.4.0: one request a node",
    });
  }
  if (given.isSet("buffer.memory") && given.number("buffer.memory") > 64 * MIB) {
    found.push({
      code: "pool-never-shrinks",
      text: "What buffer.memory once filled is never given back: the pool keeps its batches while the producer lives.",
      source: "BufferPool.deallocate at 3.9.1 and 4.4.0: buffers of batch.size go to the free list",
    });
  }
  return found;
}
