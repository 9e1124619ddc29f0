/**
 * How much kafka-python holds: formulas follow `kafka/consumer/fetcher.py` and `kafka/net/` of 3.0.12, and 2.0.2 and 2.2.15 where
 * these differ. It keeps one response a broker and asks for the next ones only when the last partition of them is being read.
 */
import { formatBytes } from "../base/units.ts";
import { compareVersions } from "../base/versions.ts";
import { askedBrokers, ceilingFrom, type InstanceTerm } from "./ceilings.ts";
import type { BoundedComponent, Ceiling, Measurement, Parameter, Remedy, Scope, Trap } from "./client.ts";
import { canonicalName, Parameters, settingsThatFit } from "./parameters.ts";

const DEFAULTS = "DEFAULT_CONFIG of kafka/consumer/group.py and kafka/producer/kafka.py in 2.0.2, 2.2.15 and 3.0.12";
const MIB = 1024 ** 2;

export const parameters: readonly Parameter[] = [
  {
    name: "fetch_max_bytes",
    defaults: [{ from: "0", value: "52428800" }],
    unit: "bytes on the wire",
    per: "broker and fetch",
    source: DEFAULTS,
  },
  {
    name: "max_partition_fetch_bytes",
    defaults: [{ from: "0", value: "1048576" }],
    unit: "bytes on the wire",
    per: "partition and fetch",
    source: DEFAULTS,
  },
  { name: "max_poll_records", defaults: [{ from: "0", value: "500" }], unit: "records", per: "poll", source: DEFAULTS },
  {
    name: "buffer_memory",
    defaults: [
      { from: "2.1.5", value: "" },
      { from: "0", value: "33554432" },
    ],
    unit: "bytes, without effect since 2.1.5",
    per: "producer",
    source: `${DEFAULTS}; DEPRECATED_CONFIGS of kafka/producer/kafka.py`,
  },
  { name: "batch_size", defaults: [{ from: "0", value: "16384" }], unit: "bytes", per: "partition and batch", source: DEFAULTS },
];

/** From here on the producer ignores `buffer_memory`. */
const UNBOUNDED_PRODUCER = "2.1.5";
/** From here on a thread of its own reads sockets to their end at once. */
const NET = "3.0.0";

function isFrom(scope: Scope, version: string): boolean {
  return scope.version === null || compareVersions(scope.version, version) >= 0;
}

/** A ConsumerRecord with its own `bytes` objects, beside their contents. */
const RECORD_BYTES = 400;

export function consumerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const fetchBytes = given.number("fetch_max_bytes");
  const chunkBytes = given.number("max_partition_fetch_bytes");
  const records = given.number("max_poll_records");
  const brokers = askedBrokers(scope);
  const partitions = Math.max(1, scope.partitions ?? brokers);
  const ratio = Math.max(1, scope.compressionRatio ?? 1);
  const recordBytes = (scope.messageBytes ?? 1024) + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0) + RECORD_BYTES;
  // A batch larger than a limit is sent all the same when it is the first one
  const responseBytes = Math.min(fetchBytes, Math.ceil(partitions / brokers) * chunkBytes);
  const largestResponse = scope.partitions === null ? Math.max(fetchBytes, chunkBytes) : Math.max(responseBytes, chunkBytes);
  const readsAtOnce = isFrom(scope, NET);
  // A frame a connection, and what was read of one of them in pieces of 4 KiB, each an object
  const receivingBytes = 1.05 * (brokers + 1) * largestResponse;
  const terms: readonly InstanceTerm[] = [
    {
      what: "fetched and not yet read",
      lowBytes: 0,
      bytes: brokers * responseBytes,
      highBytes: brokers * largestResponse,
      formula: `${brokers} broker${brokers === 1 ? "" : "s"} × min(fetch_max_bytes=${fetchBytes}, ${Math.ceil(partitions / brokers)} partitions × max_partition_fetch_bytes=${chunkBytes})`,
      source: "kafka/consumer/fetcher.py at 3.0.12: fetched_records, _create_fetch_requests; measured 12 and 50 partitions",
    },
    {
      what: "responses being received",
      lowBytes: 0,
      bytes: readsAtOnce ? 0.25 * responseBytes : 0,
      highBytes: receivingBytes,
      formula: `up to ${formatBytes(receivingBytes)} of responses being received`,
      source: "kafka/net/transport.py _sock_recv and kafka/protocol/parser.py at 3.0.12: pieces, their join and the frame; measured peak",
    },
    {
      what: "records of one poll",
      lowBytes: 0,
      bytes: Math.min(records * recordBytes, chunkBytes * ratio) + 0.5 * chunkBytes * ratio,
      highBytes: Math.max(records * recordBytes, 2 * chunkBytes * ratio) + chunkBytes * ratio,
      formula: `min(max_poll_records=${records} × ${Math.round(recordBytes)} B, ${formatBytes(chunkBytes * ratio)}) of records and their batch`,
      source: "kafka/record/default_records.py:133 and 290 at 3.0.12: a copy of the batch, and of each key and value",
    },
  ];
  return ceilingFrom({
    component: "fetch-queue",
    instances: scope.instances,
    messages: null,
    terms,
    settings: {
      fetch_max_bytes: String(fetchBytes),
      max_partition_fetch_bytes: String(chunkBytes),
      max_poll_records: String(records),
    },
    assumed: [
      ...(scope.brokers === null ? ["one broker"] : []),
      ...(scope.partitions === null ? ["one partition a broker; a whole response for the upper bound"] : []),
      ...(scope.compressionRatio === null ? ["messages are not compressed"] : []),
    ],
    source: "kafka/consumer/fetcher.py, kafka/net/transport.py, kafka/record/default_records.py at 3.0.12; measured",
  });
}

/** Only where `buffer_memory` still counts. */
export function producerCeiling(scope: Scope): Ceiling | null {
  if (isFrom(scope, UNBOUNDED_PRODUCER)) return null;
  const given = new Parameters(parameters, scope);
  const memory = given.number("buffer_memory");
  const batchBytes = given.number("batch_size");
  // The pool counts buffers of batch_size, whatever they hold; each batch has a future for every record
  const futures = (memory / Math.max(1, scope.messageBytes ?? 1024)) * 500;
  return ceilingFrom({
    component: "producer-queue",
    instances: scope.instances,
    messages: memory / Math.max(1, scope.messageBytes ?? 1024),
    terms: [
      {
        what: "batches",
        lowBytes: 0,
        bytes: memory,
        highBytes: 2 * memory,
        formula: `buffer_memory=${memory} B`,
        source: "kafka/producer/buffer.py at 2.0.2",
      },
      {
        what: "futures",
        lowBytes: 0,
        bytes: futures,
        highBytes: Math.max(futures, memory),
        formula: `${formatBytes(futures)} of futures`,
        source: "kafka/producer/future.py at 2.0.2",
      },
    ],
    settings: { buffer_memory: String(memory), batch_size: String(batchBytes) },
    assumed: scope.messageBytes === null ? ["messages of 1 KiB"] : [],
    source: "kafka/producer/buffer.py at 2.0.2",
  });
}

/** Arguments that only KafkaProducer has, spelt as names are compared. */
const PRODUCER_ONLY: ReadonlySet<string> = new Set(
  ["buffer_memory", "batch_size", "linger_ms", "acks", "compression_type", "max_block_ms", "max_request_size", "delivery_timeout_ms"].map(
    canonicalName,
  ),
);

export function traps(scope: Scope): readonly Trap[] {
  const given = new Parameters(parameters, scope);
  const found: Trap[] = [];
  const produces = [...scope.settings.keys()].some((name) => PRODUCER_ONLY.has(canonicalName(name)));
  if (produces && isFrom(scope, UNBOUNDED_PRODUCER)) {
    found.push({
      code: "producer-without-limit",
      text: given.isSet("buffer_memory")
        ? `buffer_memory has no effect since kafka-python ${UNBOUNDED_PRODUCER}: the producer queues what send() is given until it is delivered or times out. Wait for the futures.`
        : "The producer has no limit in bytes: it queues what send() is given until it is delivered or times out. Wait for the futures.",
      source: "DEPRECATED_CONFIGS of kafka/producer/kafka.py, kafka/producer/record_accumulator.py at 3.0.12",
    });
  }
  if (given.isSet("max_poll_records") && !given.isSet("fetch_max_bytes") && !given.isSet("max_partition_fetch_bytes")) {
    found.push({
      code: "max-poll-records-bounds-no-fetch",
      text: "max_poll_records limits what poll() returns, not what is fetched: lower max_partition_fetch_bytes and fetch_max_bytes.",
      source: "kafka/consumer/fetcher.py at 3.0.12",
    });
  }
  return found;
}

export function remediesFor(scope: Scope, targetBytes: number | null, component: BoundedComponent): readonly Remedy[] {
  const levers = [
    { name: "fetch_max_bytes", least: MIB },
    { name: "max_partition_fetch_bytes", least: 64 * 1024 },
    { name: "max_poll_records", least: 10 },
    { name: "fetch_max_bytes", least: 64 * 1024 },
  ];
  const settings =
    component === "producer-queue"
      ? settingsThatFit(scope, parameters, (changed) => producerCeiling(changed) ?? consumerCeiling(changed), targetBytes ?? 16 * MIB, [
          { name: "buffer_memory", least: MIB },
        ])
      : targetBytes === null
        ? { fetch_max_bytes: String(8 * MIB), max_partition_fetch_bytes: String(256 * 1024) }
        : settingsThatFit(scope, parameters, consumerCeiling, targetBytes, levers);
  if (settings === null) {
    return [
      {
        code: "target-too-small",
        text: `No setting brings ${scope.instances} instance(s) under ${formatBytes(targetBytes ?? 0)}: use fewer instances or a larger limit.`,
      },
    ];
  }
  const isProducer = component === "producer-queue";
  return [
    {
      code: "lower-queue-limits",
      text: isProducer
        ? "Lower buffer_memory: send() then waits instead of using memory."
        : "Lower fetch_max_bytes, which every broker may send at once, and max_partition_fetch_bytes with it.",
      settings,
      costs: isProducer
        ? "send() blocks up to max_block_ms once the buffer is full."
        : "Throughput: a fetch brings less, so there are more round trips; a batch larger than the limits still arrives whole.",
    },
    ...traps(scope).map(({ code, text }): Remedy => ({ code, text })),
  ];
}

const MEASURED = "Apache Kafka 3.9.1, one broker, 1 KiB values; tracemalloc less what importing took";

export const measurements: readonly Measurement[] = [
  {
    what: "12 partitions, one broker: 12.6 MB of partitions, 11.5 MB read from the socket",
    component: "fetch-queue",
    bytes: 25.87e6,
    isExact: false,
    scope: { version: "3.0.12", brokers: 1, partitions: 12, messageBytes: 1024, keyBytes: 9, compressionRatio: 1 },
    source: MEASURED,
  },
  {
    what: "12 partitions, one broker, by memray",
    component: "fetch-queue",
    bytes: 15.18e6,
    isExact: false,
    scope: { version: "3.0.12", brokers: 1, partitions: 12, messageBytes: 1024, keyBytes: 9, compressionRatio: 1 },
    source: "Apache Kafka 3.9.1, memray --native",
  },
  {
    what: "64 partitions, one broker: 50 of them came, as fetch_max_bytes says",
    component: "fetch-queue",
    bytes: 56.77e6,
    isExact: false,
    scope: { version: "3.0.12", brokers: 1, partitions: 64, messageBytes: 1024, keyBytes: 9, compressionRatio: 1 },
    source: MEASURED,
  },
  {
    what: "64 partitions, one broker: the peak while the response is taken apart",
    component: "fetch-queue",
    bytes: 160.4e6,
    isExact: false,
    scope: { version: "3.0.12", brokers: 1, partitions: 64, messageBytes: 1024, keyBytes: 9, compressionRatio: 1 },
    source: MEASURED,
  },
  {
    what: "KPY: 150 partitions, 3 brokers",
    component: "fetch-queue",
    bytes: 152e6,
    isExact: true,
    scope: { version: "2.2.15", brokers: 3, partitions: 150, messageBytes: 1024, compressionRatio: 1 },
    source: "2.2.15, mock brokers, tracemalloc",
  },
  {
    what: "KPY: the peak",
    component: "fetch-queue",
    bytes: 207e6,
    isExact: false,
    scope: { version: "2.2.15", brokers: 3, partitions: 150, messageBytes: 1024, compressionRatio: 1 },
    source: "2.2.15, mock brokers, tracemalloc",
  },
];
