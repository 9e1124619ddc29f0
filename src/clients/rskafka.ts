/**
 * rskafka (InfluxData), pure Rust, read and run at 0.6.0. It fetches for a stream only when that stream is empty, one partition a
 * stream. Its surprise: the default batch is 50 MiB **a partition**, and nothing bounds the partitions together.
 */
import { formatBytes } from "../base/units.ts";
import { ceilingFrom } from "./ceilings.ts";
import type { Ceiling, FrameExample, KafkaClient, Parameter, Remedy, Scope } from "./client.ts";
import { Parameters, settingsThatFit } from "./parameters.ts";

const parameters: readonly Parameter[] = [
  {
    name: "max_batch_size",
    aliases: ["with_max_batch_size"],
    defaults: [{ from: "0", value: "52428800" }],
    unit: "bytes on the wire",
    per: "stream (partition) and fetch",
    source: "src/client/consumer.rs:112 at 0.6.0",
  },
];

/** Further options of the builders. They are methods; names as in `with_…`. */
const otherProperties: readonly string[] = [
  "min_batch_size",
  "max_wait_ms",
  "max_message_size",
  "client_id",
  "backoff_config",
  "timeout",
  "tls_config",
  "socks5_proxy",
  "sasl_config",
  "linger",
  "compression",
];

/** RecordAndOffset in the stream's queue, the vectors it passed through, and the map of headers. */
const RECORD_BYTES = 96;

function consumerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const batchBytes = given.number("max_batch_size");
  const partitions = Math.max(1, scope.partitions ?? 1);
  const ratio = Math.max(1, scope.compressionRatio ?? 1);
  const recordBytes = Math.max(1, (scope.messageBytes ?? 1024) + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0));
  const messages = (partitions * batchBytes * ratio) / recordBytes;
  const values = partitions * batchBytes * ratio;
  // Without a size: records of 10 B, each with its own objects
  const worst = scope.messageBytes === null ? 10 : recordBytes;
  const worstBytes = values * (1 + RECORD_BYTES / worst);
  return ceilingFrom({
    component: "fetch-queue",
    instances: scope.instances,
    messages,
    terms: [
      {
        what: "records of the streams",
        lowBytes: 0,
        bytes: values + messages * RECORD_BYTES,
        highBytes: Math.max(values + messages * RECORD_BYTES, worstBytes),
        formula: `${partitions} stream${partitions === 1 ? "" : "s"} × max_batch_size=${batchBytes}${ratio > 1 ? ` × ${ratio}` : ""} × (1 + ${RECORD_BYTES} B ÷ ${Math.round(recordBytes)} B)`,
        source: "src/client/consumer.rs poll_next, src/protocol/record.rs:95 at 0.6.0; measured",
      },
      {
        what: "responses",
        lowBytes: 0,
        bytes: 2 * batchBytes,
        highBytes: 2 * partitions * batchBytes + batchBytes, // every stream may be fetching at once; a last batch is sent whole
        formula: `2 × ${formatBytes(batchBytes)} of the last response and its copy`,
        source: "src/protocol/frame.rs read_message, src/protocol/primitives.rs NullableBytes at 0.6.0; measured",
      },
    ],
    settings: { max_batch_size: String(batchBytes) },
    assumed: [
      ...(scope.partitions === null ? ["one stream (partition)"] : []),
      ...(scope.messageBytes === null ? ["messages of 1 KiB; of 10 B for the upper bound"] : []),
      ...(scope.compressionRatio === null ? ["messages are not compressed"] : []),
    ],
    source: "src/client/consumer.rs, src/protocol/record.rs at 0.6.0; measured",
  });
}

function remediesFor(scope: Scope, targetBytes: number | null): readonly Remedy[] {
  const settings =
    targetBytes === null
      ? { max_batch_size: String(1024 ** 2) }
      : settingsThatFit(scope, parameters, consumerCeiling, targetBytes, [{ name: "max_batch_size", least: 64 * 1024 }]);
  if (settings === null) {
    return [
      {
        code: "target-too-small",
        text: `No max_batch_size brings ${scope.partitions ?? 1} stream(s) under ${formatBytes(targetBytes ?? 0)}: consume fewer partitions in this process.`,
      },
    ];
  }
  return [
    {
      code: "lower-queue-limits",
      text: "Lower StreamConsumerBuilder::with_max_batch_size: every partition may hold that much, decompressed.",
      settings,
      costs:
        "Throughput: a fetch brings less and the next one starts only when it was read; a batch larger than the limit still arrives whole.",
    },
  ];
}

const RUN = "heaptrack of rskafka 0.6.0 (release build), Apache Kafka 3.9.1";
const SRC = "/root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/rskafka-0.6.0/src";

const examples: readonly FrameExample[] = [
  {
    path: `clone3 > start_thread > tokio::runtime::blocking::pool::InnerImpl::run_worker > rskafka::messenger::Messenger<RW>::new::{{closure}} > <R as rskafka::protocol::frame::AsyncMessageRead>::read_message::{{closure}} > alloc::vec::from_elem > malloc`,
    component: "fetch-response-buffer",
    source: RUN,
    grade: "measured",
  },
  {
    path: `main > app::consume > rskafka::client::partition::PartitionClient::fetch_records::{{closure}} > <rskafka::protocol::record::RecordBatchBody as rskafka::protocol::traits::ReadType<R>>::read > rskafka::protocol::record::RecordBatchBody::read_records > <rskafka::protocol::record::Record as rskafka::protocol::traits::ReadType<R>>::read > rskafka::protocol::vec_builder::VecBuilder<T>::new > alloc::alloc::alloc > malloc`,
    component: "record-parse",
    source: RUN,
    grade: "measured",
  },
  {
    path: "main > rskafka::client::partition::PartitionClient::fetch_records::{{closure}} > <rskafka::protocol::primitives::Records as rskafka::protocol::traits::ReadType<R>>::read > <rskafka::protocol::primitives::NullableBytes as rskafka::protocol::traits::ReadType<R>>::read > rskafka::protocol::vec_builder::VecBuilder<T>::new_with_block_size > malloc",
    component: "fetch-response-buffer",
    source: RUN,
    grade: "measured",
  },
  {
    path: "main > _$LT$rskafka..client..consumer..StreamConsumer$u20$as$u20$futures_core..stream..Stream$GT$::poll_next > malloc",
    component: "message-op",
    source: `${RUN}; the name as it stands in the file`,
    grade: "measured",
  },
  {
    path: `main > poll_next @ ${SRC}/client/consumer.rs > malloc`,
    component: "message-op",
    source: `${RUN}, by the file`,
    grade: "measured",
  },
  {
    path: "main > _RNvMs_NtNtCs4Cv8Wi1oAIB_7rskafka6client8producerNtB4_13BatchProducer7produce > malloc",
    component: "producer-queue",
    source: "src/client/producer.rs at 0.6.0, a mangled name of Rust's v0 scheme",
    grade: "source",
  },
];

export const rskafka: KafkaClient = {
  id: "rskafka",
  title: "rskafka",
  language: "Rust",
  queueMemory: "native",
  own: {
    // `R` is the parameter of a blanket impl: what remains of `<R as rskafka::protocol::frame::AsyncMessageRead>`
    names: /^(?:rskafka::|R::(?:read|write)_message(?:::|$))/,
    files: /\/rskafka-\d+\.\d+\.\d+[^/]*\/src\/|\/git\/checkouts\/rskafka-[0-9a-f]+\//,
  },
  rules: [
    {
      component: "decompress-buffer",
      name: /decompress|_decode_block/,
      source: "src/protocol/record.rs: a whole batch at once",
      grade: "source",
    },
    {
      component: "fetch-response-buffer",
      name: /^R::read_message|^rskafka::(?:messenger|protocol::frame)::/,
      source: "src/protocol/frame.rs read_message: the frame (every API's, by far the largest is Fetch)",
      grade: "measured",
    },
    {
      component: "fetch-response-buffer",
      below: /rskafka::protocol::primitives::(?:NullableBytes|Records)/,
      notThrough: /rskafka::protocol::record::/,
      source: "src/protocol/primitives.rs: a copy of the partition's bytes",
      grade: "measured",
    },
    {
      component: "producer-queue",
      name: /rskafka::client::producer/,
      source: "src/client/producer/aggregator.rs",
      grade: "source",
    },
    {
      component: "producer-batch",
      name: /rskafka::protocol::messages::produce|PartitionClient::produce/,
      source: "src/protocol/messages/produce.rs",
      grade: "source",
    },
    {
      component: "record-parse",
      name: /rskafka::(?:protocol::(?:record|primitives|vec_builder|messages::(?:fetch|read_versioned_array))|record::)/,
      source: "src/protocol/record.rs:95, src/protocol/vec_builder.rs: keys and values",
      grade: "measured",
    },
    {
      component: "metadata",
      name: /rskafka::(?:client::metadata_cache|protocol::messages::metadata|connection::topology|topic)/,
      source: "src/client/metadata_cache.rs",
      grade: "source",
    },
    {
      component: "message-op",
      name: /rskafka::client::(?:consumer|partition)/,
      source: "src/client/consumer.rs: VecDeque<RecordAndOffset>",
      grade: "measured",
    },
    { component: "admin", name: /rskafka::client::controller/, source: "src/client/controller.rs", grade: "source" },
    { component: "network-tls", name: /rskafka::(?:connection|messenger)/, source: "src/connection.rs", grade: "source" },
    { component: "message-op", file: /\/src\/client\/(?:consumer|partition)\.rs$/, source: "src/client/consumer.rs", grade: "measured" },
    { component: "producer-queue", file: /\/src\/client\/producer/, source: "src/client/producer.rs", grade: "source" },
    {
      component: "fetch-response-buffer",
      file: /\/src\/(?:messenger|protocol\/frame)\.rs$/,
      source: "src/protocol/frame.rs",
      grade: "measured",
    },
    { component: "record-parse", file: /\/src\/protocol\//, source: "src/protocol/record.rs", grade: "measured" },
  ],
  examples,
  versionInPath: /\/rskafka-(\d+\.\d+\.\d+)/,
  parameters,
  otherProperties,
  ceilings: (scope) => [consumerCeiling(scope)],
  measurements: [
    {
      what: "four streams of 4 MB, 1 KiB values",
      component: "fetch-queue",
      bytes: 25.65e6,
      isExact: true,
      settings: { max_batch_size: "4000000" },
      scope: { version: "0.6.0", partitions: 4, messageBytes: 1024, keyBytes: 9, compressionRatio: 1 },
      source: RUN,
    },
  ],
  traps: (scope) =>
    (scope.partitions ?? 1) > 1 && !new Parameters(parameters, scope).isSet("max_batch_size")
      ? [
          {
            code: "batch-size-is-per-partition",
            text: "with_max_batch_size counts per stream, so per partition: the default of 50 MiB may be held by each of them.",
            source: "src/client/consumer.rs at 0.6.0",
          },
        ]
      : [],
  retention: {
    text: "A Record owns its key and value (Vec<u8>): keeping one keeps nothing else.",
    source: "src/protocol/record.rs:95 at 0.6.0",
    grade: "measured",
  },
  issues: [],
  remedies: {
    buffering: remediesFor,
    appRetained: [
      { code: "drop-records", text: "Drop each RecordAndOffset as soon as it is processed; send them through bounded channels." },
    ],
    backPressure: "Poll the stream only when the application can take more: it fetches nothing while it holds a record.",
    howToGetStatistics:
      "There are none; log the high watermark that comes with every record minus its offset as the lag, one line an instant.",
  },
};
