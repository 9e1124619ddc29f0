/**
 * How much aiokafka holds: formulas follow `aiokafka/consumer/fetcher.py` and `aiokafka/conn.py` at 0.14.0. It keeps one response
 * for every partition, and asks for further partitions of a broker 0.1 s after a response came, whether that was read or not.
 */
import { formatBytes } from "../base/units.ts";
import { askedBrokers, ceilingFrom } from "./ceilings.ts";
import type { BoundedComponent, Ceiling, Measurement, Parameter, Remedy, Scope, Trap } from "./client.ts";
import { Parameters, settingsThatFit } from "./parameters.ts";

const CONSUMER = "AIOKafkaConsumer.__init__ at 0.14.0";
const PRODUCER = "AIOKafkaProducer.__init__ at 0.14.0";
const MIB = 1024 ** 2;

export const parameters: readonly Parameter[] = [
  {
    name: "fetch_max_bytes",
    // Before 0.5 there was no such argument, and a response was as large as its partitions
    defaults: [
      { from: "0.5.0", value: "52428800" },
      { from: "0", value: "2147483647" },
    ],
    unit: "bytes on the wire",
    per: "broker and fetch",
    source: `${CONSUMER}; CHANGES.rst for 0.5.0`,
  },
  {
    name: "max_partition_fetch_bytes",
    defaults: [{ from: "0", value: "1048576" }],
    unit: "bytes on the wire",
    per: "partition and fetch",
    source: CONSUMER,
  },
  { name: "max_poll_records", defaults: [{ from: "0", value: "" }], unit: "records", per: "getmany (not set: all)", source: CONSUMER },
  { name: "max_batch_size", defaults: [{ from: "0", value: "16384" }], unit: "bytes", per: "partition and batch", source: PRODUCER },
  { name: "max_request_size", defaults: [{ from: "0", value: "1048576" }], unit: "bytes", per: "produce request", source: PRODUCER },
];

/** All other arguments of AIOKafkaConsumer, AIOKafkaProducer and AIOKafkaAdminClient at 0.14.0, by `inspect.signature`. */
export const otherProperties: readonly string[] =
  "acks api_version auto_commit_interval_ms auto_offset_reset bootstrap_servers check_crcs client_id client_rack compression_type connections_max_idle_ms consumer_timeout_ms enable_auto_commit enable_idempotence exclude_internal_topics fetch_max_wait_ms fetch_min_bytes group_id group_instance_id heartbeat_interval_ms isolation_level key_deserializer key_serializer linger_ms loop max_poll_interval_ms metadata_max_age_ms partition_assignment_strategy partitioner rebalance_timeout_ms request_timeout_ms retry_backoff_ms sasl_kerberos_domain_name sasl_kerberos_service_name sasl_mechanism sasl_oauth_token_provider sasl_plain_password sasl_plain_username security_protocol session_timeout_ms ssl_context transaction_timeout_ms transactional_id value_deserializer value_serializer".split(
    " ",
  );

export function consumerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const fetchBytes = given.number("fetch_max_bytes");
  const chunkBytes = given.number("max_partition_fetch_bytes");
  const brokers = askedBrokers(scope);
  const partitions = Math.max(1, scope.partitions ?? brokers);
  const ratio = Math.max(1, scope.compressionRatio ?? 1);
  const responseBytes = Math.min(fetchBytes, Math.ceil(partitions / brokers) * chunkBytes);
  const largestResponse = scope.partitions === null ? Math.max(fetchBytes, chunkBytes) : Math.max(responseBytes, chunkBytes);
  const kept = partitions * chunkBytes;
  return ceilingFrom({
    component: "fetch-queue",
    instances: scope.instances,
    messages: null,
    terms: [
      {
        what: "fetched and not yet read",
        lowBytes: 0,
        bytes: kept,
        // Unknown partitions: two whole responses of every broker, as the next one does not wait for the first
        highBytes: scope.partitions === null ? 2 * brokers * largestResponse : kept,
        formula: `${partitions} partition${partitions === 1 ? "" : "s"} × max_partition_fetch_bytes=${chunkBytes}`,
        source: "aiokafka/consumer/fetcher.py _get_actions_per_node at 0.14.0; measured: 64 partitions of one broker, 67 MB",
      },
      {
        what: "last response of every connection",
        lowBytes: 0,
        bytes: brokers * responseBytes,
        highBytes: 2 * brokers * largestResponse, // and the next one in the StreamReader
        formula: `${brokers} broker${brokers === 1 ? "" : "s"} × ${formatBytes(responseBytes)} of its last response`,
        source:
          "aiokafka/conn.py:524 at 0.14.0: the local `resp` lives until the next frame; asyncio's buffer takes in a whole frame; measured",
      },
      {
        what: "batch being read",
        lowBytes: 0,
        bytes: ratio > 1 ? chunkBytes * ratio : 0,
        highBytes: 2 * chunkBytes * ratio,
        formula: `up to ${formatBytes(2 * chunkBytes * ratio)} of one partition's batch, decompressed, and its records`,
        source: "aiokafka/record/_crecords/default_records.pyx at 0.14.0: batch by batch",
      },
    ],
    settings: { fetch_max_bytes: String(fetchBytes), max_partition_fetch_bytes: String(chunkBytes) },
    assumed: [
      ...(scope.brokers === null ? ["one broker"] : []),
      ...(scope.partitions === null ? ["one partition a broker; whole responses for the upper bound"] : []),
      ...(scope.compressionRatio === null ? ["messages are not compressed"] : []),
    ],
    source: "aiokafka/consumer/fetcher.py, aiokafka/conn.py at 0.14.0; measured",
  });
}

/** A future and the bookkeeping of one message. */
const FUTURE_BYTES = 500;

export function producerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const batchBytes = given.number("max_batch_size");
  const requestBytes = given.number("max_request_size");
  const partitions = Math.max(1, scope.partitions ?? 1);
  const brokers = Math.max(1, Math.min(scope.brokers ?? 1, partitions));
  const valueBytes = Math.max(1, scope.messageBytes ?? 1024);
  const queued = partitions * batchBytes;
  const messages = queued / valueBytes;
  // A message larger than a batch has a batch of its own, as large as a request may be
  const largest = partitions * Math.max(batchBytes, scope.messageBytes ?? requestBytes);
  return ceilingFrom({
    component: "producer-queue",
    instances: scope.instances,
    messages,
    terms: [
      {
        what: "batches being filled",
        lowBytes: 0,
        bytes: queued + messages * FUTURE_BYTES,
        highBytes: 2 * largest + messages * FUTURE_BYTES,
        formula: `${partitions} partition${partitions === 1 ? "" : "s"} × max_batch_size=${batchBytes} and their futures`,
        source: "aiokafka/producer/message_accumulator.py add_message at 0.14.0: waits until the partition's batch is sent",
      },
      {
        what: "requests in flight",
        lowBytes: 0,
        bytes: 0,
        highBytes: 2 * Math.max(largest, brokers * Math.min(requestBytes, largest)),
        formula: `up to ${formatBytes(2 * largest)} of requests in flight`,
        source: "aiokafka/producer/sender.py at 0.14.0: one request a broker, batches and their encoding",
      },
    ],
    settings: { max_batch_size: String(batchBytes), max_request_size: String(requestBytes) },
    assumed: [
      ...(scope.partitions === null ? ["one partition"] : []),
      ...(scope.messageBytes === null ? ["messages of 1 KiB; max_request_size for the upper bound"] : []),
    ],
    source: "aiokafka/producer/message_accumulator.py at 0.14.0",
  });
}

export function traps(scope: Scope): readonly Trap[] {
  const given = new Parameters(parameters, scope);
  const found: Trap[] = [];
  const fetchBytes = given.number("fetch_max_bytes");
  const perBroker = Math.ceil((scope.partitions ?? 0) / Math.max(1, scope.brokers ?? 1)) * given.number("max_partition_fetch_bytes");
  if (perBroker > fetchBytes) {
    found.push({
      code: "fetch-max-bytes-bounds-one-response",
      text: "fetch_max_bytes bounds one response, not what is kept: further partitions of the broker are fetched after 0.1 s. Lower max_partition_fetch_bytes.",
      source: "aiokafka/consumer/fetcher.py at 0.14.0; measured: 67 MB of one broker with fetch_max_bytes=52428800",
    });
  }
  return found;
}

export function remediesFor(scope: Scope, targetBytes: number | null, component: BoundedComponent): readonly Remedy[] {
  const isProducer = component === "producer-queue";
  const settings = isProducer
    ? settingsThatFit(scope, parameters, producerCeiling, targetBytes ?? 16 * MIB, [
        { name: "max_batch_size", least: 4096 },
        { name: "max_request_size", least: 64 * 1024 },
        { name: "max_request_size", least: 4096 },
        { name: "max_batch_size", least: 512 },
      ])
    : targetBytes === null
      ? { max_partition_fetch_bytes: String(256 * 1024), fetch_max_bytes: String(8 * MIB) }
      : settingsThatFit(scope, parameters, consumerCeiling, targetBytes, [
          { name: "max_partition_fetch_bytes", least: 256 * 1024 },
          { name: "fetch_max_bytes", least: MIB },
          { name: "max_partition_fetch_bytes", least: 16 * 1024 },
          { name: "fetch_max_bytes", least: 64 * 1024 },
        ]);
  if (settings === null) {
    return [
      {
        code: "target-too-small",
        text: `No setting brings ${scope.instances} instance(s) under ${formatBytes(targetBytes ?? 0)}: use fewer instances or a larger limit.`,
      },
    ];
  }
  return [
    {
      code: "lower-queue-limits",
      text: isProducer
        ? "Lower max_batch_size, which every partition may hold."
        : "Lower max_partition_fetch_bytes, which is kept for every partition, and fetch_max_bytes, which every connection keeps.",
      settings,
      costs: isProducer
        ? "Throughput: smaller batches make more requests."
        : "Throughput: a fetch brings less, so there are more round trips; a batch larger than the limits still arrives whole.",
    },
    ...traps(scope).map(({ code, text }): Remedy => ({ code, text })),
  ];
}

const scope = { version: "0.14.0", brokers: 1, messageBytes: 1024, keyBytes: 9, compressionRatio: 1 };

export const measurements: readonly Measurement[] = [
  {
    what: "12 partitions, one broker: 12.6 MB of partitions, 12.6 MB of the last response",
    component: "fetch-queue",
    bytes: 25.16e6,
    isExact: true,
    scope: { ...scope, partitions: 12 },
    source: "Apache Kafka 3.9.1, tracemalloc and memray: the lines of aiokafka",
  },
  {
    what: "64 partitions, one broker: all 64 are kept, the last response had 14 of them",
    component: "fetch-queue",
    bytes: 81.8e6,
    isExact: false,
    scope: { ...scope, partitions: 64 },
    source: "Apache Kafka 3.9.1, tracemalloc: the lines of aiokafka",
  },
  {
    what: "AIO: 150 partitions, 3 brokers, two responses had come",
    component: "fetch-queue",
    bytes: 247e6,
    isExact: false,
    scope: { ...scope, partitions: 150, brokers: 3 },
    source: "0.14.0, mock brokers, tracemalloc",
  },
];
