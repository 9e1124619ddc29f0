/**
 * kafka-rust (crate `kafka`), pure Rust, read and run at 0.10.0. It fetches only inside poll(). Its surprise: what poll() returns
 * owns the raw responses, so one MessageSets that is kept holds everything of that poll.
 */
import { formatBytes } from "../base/units.ts";
import { ceilingFrom } from "./ceilings.ts";
import type { Ceiling, KafkaClient, Parameter, Remedy, Scope } from "./client.ts";
import { Parameters, settingsThatFit } from "./parameters.ts";

const parameters: readonly Parameter[] = [
  {
    name: "fetch_max_bytes_per_partition",
    aliases: ["with_fetch_max_bytes_per_partition", "set_fetch_max_bytes_per_partition"],
    defaults: [{ from: "0", value: "32768" }],
    unit: "bytes on the wire",
    per: "partition and poll",
    source: "src/client/mod.rs:60 at 0.10.0",
  },
  {
    name: "retry_max_bytes_limit",
    aliases: ["with_retry_max_bytes_limit"],
    defaults: [{ from: "0", value: "0" }],
    unit: "bytes on the wire (0 = never more)",
    per: "partition that holds a larger message",
    source: "src/consumer/mod.rs:83 at 0.10.0",
  },
];

/** Further options of the builders. They are methods; names as in `with_…`. */
const otherProperties: readonly string[] = [
  "fetch_max_wait_time",
  "fetch_min_bytes",
  "fetch_crc_validation",
  "fallback_offset",
  "offset_storage",
  "connection_idle_timeout",
  "client_id",
  "group",
  "topic",
  "topic_partitions",
  "compression",
  "ack_timeout",
  "required_acks",
  "partitioner",
];

/** A Message that borrows from the response. */
const MESSAGE_BYTES = 32;

function consumerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const chunkBytes = given.number("fetch_max_bytes_per_partition");
  const retryBytes = given.number("retry_max_bytes_limit");
  const partitions = Math.max(1, scope.partitions ?? 1);
  const ratio = Math.max(1, scope.compressionRatio ?? 1);
  const recordBytes = Math.max(1, (scope.messageBytes ?? 1024) + (scope.keyBytes ?? 0));
  const raw = partitions * chunkBytes;
  const messages = (raw * ratio) / recordBytes;
  const decompressed = ratio > 1 ? raw * ratio : 0;
  // Since KIP-74 brokers send a first message whole, however large; without a size 1 MiB, the brokers' own limit
  const largestMessage = scope.messageBytes ?? 1024 ** 2;
  const largestChunk = Math.max(chunkBytes, retryBytes, largestMessage);
  return ceilingFrom({
    component: "fetch-queue",
    instances: scope.instances,
    messages,
    terms: [
      {
        what: "responses of one poll",
        lowBytes: 0,
        bytes: raw + messages * MESSAGE_BYTES,
        highBytes:
          1.02 * partitions * largestChunk * (1 + MESSAGE_BYTES / Math.min(recordBytes, scope.messageBytes === null ? 26 : recordBytes)),
        formula: `${partitions} partition${partitions === 1 ? "" : "s"} × fetch_max_bytes_per_partition=${chunkBytes} × (1 + ${MESSAGE_BYTES} B ÷ ${Math.round(recordBytes)} B)`,
        source: "src/client/mod.rs __fetch_messages, src/protocol/fetch.rs:168 at 0.10.0; measured",
      },
      {
        what: "decompressed messages",
        lowBytes: 0,
        bytes: decompressed,
        highBytes: ratio > 1 ? partitions * largestChunk * ratio : 0,
        formula: `${formatBytes(decompressed)} decompressed`,
        source: "src/protocol/fetch.rs MessageSet::from_vec at 0.10.0",
      },
    ],
    settings: { fetch_max_bytes_per_partition: String(chunkBytes), retry_max_bytes_limit: String(retryBytes) },
    assumed: [
      ...(scope.partitions === null ? ["one partition"] : []),
      ...(scope.messageBytes === null ? ["messages of 1 KiB; one of 1 MiB for the upper bound"] : []),
      ...(scope.compressionRatio === null ? ["messages are not compressed"] : []),
    ],
    source: "src/client/mod.rs, src/protocol/fetch.rs at 0.10.0; measured",
  });
}

function remediesFor(scope: Scope, targetBytes: number | null): readonly Remedy[] {
  const settings =
    targetBytes === null
      ? { fetch_max_bytes_per_partition: "32768" }
      : settingsThatFit(scope, parameters, consumerCeiling, targetBytes, [
          { name: "retry_max_bytes_limit", least: 0 },
          { name: "fetch_max_bytes_per_partition", least: 4096 },
        ]);
  if (settings === null) {
    return [
      {
        code: "target-too-small",
        text: `No setting brings ${scope.partitions ?? 1} partition(s) under ${formatBytes(targetBytes ?? 0)}: a message is fetched whole; consume fewer partitions in this process.`,
      },
    ];
  }
  return [
    {
      code: "lower-queue-limits",
      text: "Lower with_fetch_max_bytes_per_partition: one poll brings that much of every partition.",
      settings,
      costs: "Throughput: a poll brings less; messages larger than the limit need with_retry_max_bytes_limit.",
    },
  ];
}

const RUN = "heaptrack of kafka 0.10.0 (release build), Apache Kafka 3.9.1: three polls kept";

export const kafkaRust: KafkaClient = {
  id: "kafka-rust",
  title: "kafka-rust",
  language: "Rust",
  queueMemory: "native",
  own: {
    // An application may have a module of this name, but then it stands behind its crate's (`app::kafka::…`)
    names:
      /^kafka::(?:client::(?:KafkaClient|network|metadata|state|__\w+|\w*Offset\w*|ProduceMessage|FetchPartition)|client_internals|consumer::(?:Consumer|MessageSets?\w*|Builder|builder|config|state|assignment)|producer::(?:Producer|Builder|Record|Config|State|DefaultPartitioner|Topics?)|protocol::(?:fetch|produce|metadata|offset|consumer|zreader|HeaderRequest|HeaderResponse|to_crc|Response)|compression::(?:gzip|snappy)|codecs::|utils::)/,
    files: /\/kafka-0\.\d+\.\d+[^/]*\/src\/(?:client|consumer|producer|protocol|compression|codecs|utils|error|lib|client_internals)\b/,
  },
  rules: [
    {
      component: "decompress-buffer",
      name: /^kafka::(?:compression::|protocol::fetch::MessageSet::from_vec)/,
      source: "src/compression/, src/protocol/fetch.rs: the decompressed set is owned by the response",
      grade: "source",
    },
    {
      component: "producer-batch",
      name: /^kafka::(?:protocol::produce::|producer::|client::__produce)/,
      source: "src/protocol/produce.rs: one request a broker, written while send() waits",
      grade: "source",
    },
    {
      component: "fetch-response-buffer",
      name: /^kafka::client::(?:network::KafkaConnection::read_exact_alloc|__z_get_response|__z_send_receive|__get_response\w*|__fetch_messages)/,
      source: "src/client/network.rs read_exact_alloc: the frame (every API's, by far the largest is Fetch)",
      grade: "measured",
    },
    { component: "message-op", name: /^kafka::protocol::fetch::/, source: "src/protocol/fetch.rs: borrowed messages", grade: "measured" },
    {
      component: "metadata",
      name: /^kafka::(?:protocol::metadata|client::(?:metadata|state))/,
      source: "src/client/state.rs",
      grade: "source",
    },
    {
      component: "group-coordination",
      name: /^kafka::(?:protocol::(?:consumer|offset)|consumer::(?:assignment|state))/,
      source: "src/protocol/consumer.rs",
      grade: "source",
    },
    { component: "network-tls", name: /^kafka::client::network/, source: "src/client/network.rs", grade: "source" },
  ],
  examples: [
    {
      path: "main > app::run > kafka::consumer::Consumer::poll > kafka::consumer::Consumer::fetch_messages > kafka::client::KafkaClient::fetch_messages > kafka::client::__fetch_messages > kafka::client::__z_send_receive > kafka::client::__z_get_response > kafka::client::network::KafkaConnection::read_exact_alloc > alloc::vec::from_elem > malloc",
      component: "fetch-response-buffer",
      source: RUN,
      grade: "measured",
    },
    {
      path: "main > kafka::consumer::Consumer::poll > kafka::client::__fetch_messages > kafka::protocol::fetch::Response::from_vec > kafka::protocol::fetch::Topic::read > kafka::protocol::fetch::Partition::read > kafka::protocol::fetch::MessageSet::from_slice > alloc::raw_vec::RawVec<T,A>::grow_one > realloc",
      component: "message-op",
      source: RUN,
      grade: "measured",
    },
    {
      path: "main > kafka::protocol::fetch::MessageSet::from_vec > kafka::compression::gzip::uncompress > std::io::default_read_to_end > realloc",
      component: "decompress-buffer",
      source: "src/compression/gzip.rs at 0.10.0",
      grade: "source",
    },
  ],
  versionInPath: /\/kafka-(0\.\d+\.\d+)[^/]*\/src\//,
  parameters,
  otherProperties,
  ceilings: (scope) => [consumerCeiling(scope)],
  measurements: [
    {
      what: "one poll of 12 partitions with 1 MB each (a third of three that were kept)",
      component: "fetch-queue",
      bytes: 12.39e6,
      isExact: true,
      settings: { fetch_max_bytes_per_partition: "1000000" },
      scope: { version: "0.10.0", partitions: 12, messageBytes: 1024, keyBytes: 9, compressionRatio: 1 },
      source: RUN,
    },
  ],
  traps: (scope) =>
    new Parameters(parameters, scope).number("retry_max_bytes_limit") > 0
      ? [
          {
            code: "retry-limit-raises-fetch",
            text: "with_retry_max_bytes_limit doubles what a partition may send until its next message fits, up to that limit.",
            source: "src/consumer/mod.rs:296 at 0.10.0",
          },
        ]
      : [],
  retention: {
    text: "A MessageSets owns the raw responses of its poll, and messages borrow from it: keeping one keeps all partitions' bytes of that poll. Three that were kept held 37.2 MB.",
    source: "src/protocol/fetch.rs:168 at 0.10.0",
    grade: "measured",
  },
  issues: [],
  remedies: {
    buffering: remediesFor,
    appRetained: [
      { code: "drop-message-sets", text: "Drop the MessageSets of a poll before the next poll." },
      {
        code: "copy-what-is-kept",
        text: "Copy the bytes that must be kept (message.value.to_vec()); messages borrow from the whole poll.",
      },
    ],
    backPressure: "Call poll() only when the application can take more: nothing is fetched outside of it.",
    howToGetStatistics: "There are none; log KafkaClient::fetch_offsets minus the consumed offsets as the lag, one line an instant.",
  },
};
