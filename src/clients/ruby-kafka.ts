/**
 * ruby-kafka, pure Ruby (module `Kafka`), read at 0b5f9c0b (1.5). A thread fetches ahead into a queue that counts **rounds**, not
 * bytes: the default of 100 rounds, each with what every broker sent, is a gigabyte for ten partitions.
 */
import { formatBytes } from "../base/units.ts";
import { askedBrokers, ceilingFrom } from "./ceilings.ts";
import type { BoundedComponent, Ceiling, KafkaClient, Parameter, Remedy, Scope, Trap } from "./client.ts";
import { Parameters, settingsThatFit } from "./parameters.ts";

const MIB = 1024 ** 2;

const parameters: readonly Parameter[] = [
  {
    name: "fetcher_max_queue_size",
    defaults: [{ from: "0", value: "100" }],
    unit: "rounds of fetches",
    per: "consumer",
    source: "lib/kafka/client.rb consumer(), lib/kafka/fetcher.rb at 0b5f9c0b",
  },
  {
    name: "max_bytes",
    defaults: [{ from: "0", value: "10485760" }],
    unit: "bytes on the wire",
    per: "broker and fetch",
    source: "lib/kafka/fetcher.rb, each_message(max_bytes:) at 0b5f9c0b",
  },
  {
    name: "max_bytes_per_partition",
    defaults: [{ from: "0", value: "1048576" }],
    unit: "bytes on the wire",
    per: "partition and fetch",
    source: "lib/kafka/consumer.rb subscribe() at 0b5f9c0b",
  },
  {
    name: "max_buffer_size",
    defaults: [{ from: "0", value: "1000" }],
    unit: "messages",
    per: "producer",
    source: "lib/kafka/client.rb producer() at 0b5f9c0b",
  },
  {
    name: "max_buffer_bytesize",
    defaults: [{ from: "0", value: "10000000" }],
    unit: "bytes of keys and values",
    per: "producer",
    source: "lib/kafka/client.rb producer() at 0b5f9c0b",
  },
  {
    name: "max_queue_size",
    defaults: [{ from: "0", value: "1000" }],
    unit: "messages",
    per: "asynchronous producer, before its buffer",
    source: "lib/kafka/client.rb async_producer() at 0b5f9c0b",
  },
];

/** Further arguments of Kafka.new, consumer(), producer(), async_producer(), subscribe() and each_message() at 0b5f9c0b. */
const otherProperties: readonly string[] =
  "seed_brokers client_id logger connect_timeout socket_timeout ssl_ca_cert_file_path ssl_ca_cert ssl_client_cert ssl_client_cert_key ssl_client_cert_key_password ssl_client_cert_chain sasl_gssapi_principal sasl_gssapi_keytab sasl_plain_authzid sasl_plain_username sasl_plain_password sasl_scram_username sasl_scram_password sasl_scram_mechanism sasl_over_ssl ssl_ca_certs_from_system partitioner sasl_oauth_token_provider ssl_verify_hostname resolve_seed_brokers group_id session_timeout rebalance_timeout offset_commit_interval offset_commit_threshold heartbeat_interval offset_retention_time refresh_topic_interval interceptors assignment_strategy default_offset start_from_beginning min_bytes max_wait_time automatically_mark_as_processed compression_codec compression_threshold ack_timeout required_acks max_retries retry_backoff idempotent transactional transactional_id transactional_timeout delivery_interval delivery_threshold".split(
    " ",
  );

/** Record, FetchedMessage, their strings, times and hashes on 64 bits. One report puts it at 0.8 to 2 kB (ruby-kafka#607). */
const MESSAGE_OBJECTS = { expected: 600, most: 2000 };

function consumerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const rounds = given.number("fetcher_max_queue_size");
  const maxBytes = given.number("max_bytes");
  const chunkBytes = given.number("max_bytes_per_partition");
  const brokers = askedBrokers(scope);
  const partitions = Math.max(1, scope.partitions ?? brokers);
  const ratio = Math.max(1, scope.compressionRatio ?? 1);
  const recordBytes = Math.max(1, (scope.messageBytes ?? 1024) + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0));
  const roundBytes = brokers * Math.min(maxBytes, Math.ceil(partitions / brokers) * chunkBytes);
  const largestRound = scope.partitions === null ? brokers * Math.max(maxBytes, chunkBytes) : Math.max(roundBytes, chunkBytes);
  const messages = (rounds * roundBytes * ratio) / recordBytes;
  const smallest = scope.messageBytes === null ? Math.min(recordBytes, 100) : recordBytes;
  return ceilingFrom({
    component: "fetch-queue",
    instances: scope.instances,
    messages,
    terms: [
      {
        what: "rounds in the queue",
        lowBytes: 0,
        bytes: rounds * roundBytes * ratio + messages * MESSAGE_OBJECTS.expected,
        highBytes: rounds * largestRound * ratio * (1 + MESSAGE_OBJECTS.most / smallest),
        formula: `fetcher_max_queue_size=${rounds} × ${formatBytes(roundBytes)} a round${ratio > 1 ? ` × ${ratio}` : ""} × (1 + ${MESSAGE_OBJECTS.expected} B ÷ ${Math.round(recordBytes)} B)`,
        source:
          "lib/kafka/fetcher.rb loop and step: the size is looked at before a round is fetched, an item has the batches of all brokers",
      },
      {
        what: "round under way",
        lowBytes: 0,
        bytes: roundBytes,
        highBytes: largestRound * (1 + ratio * (1 + MESSAGE_OBJECTS.most / smallest)),
        formula: `${formatBytes(roundBytes)} being fetched`,
        source: "lib/kafka/fetch_operation.rb: the response, and what is made of it",
      },
    ],
    settings: { fetcher_max_queue_size: String(rounds), max_bytes: String(maxBytes), max_bytes_per_partition: String(chunkBytes) },
    assumed: [
      ...(scope.brokers === null ? ["one broker"] : []),
      ...(scope.partitions === null ? ["one partition a broker; whole responses for the upper bound"] : []),
      ...(scope.messageBytes === null ? ["messages of 1 KiB; of 100 B for the upper bound"] : []),
      ...(scope.compressionRatio === null ? ["messages are not compressed"] : []),
    ],
    source: "lib/kafka/fetcher.rb, lib/kafka/fetch_operation.rb at 0b5f9c0b; not measured",
  });
}

function producerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const size = given.number("max_buffer_size");
  const bufferBytes = given.number("max_buffer_bytesize");
  const queue = given.number("max_queue_size");
  const recordBytes = Math.max(1, (scope.messageBytes ?? 1024) + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0));
  // The brokers' own limit, where the size is unknown
  const largest = scope.messageBytes === null ? MIB : recordBytes;
  const buffered = Math.min(size * recordBytes, bufferBytes);
  return ceilingFrom({
    component: "producer-queue",
    instances: scope.instances,
    messages: Math.min(size, bufferBytes / recordBytes) + queue,
    terms: [
      {
        what: "buffer",
        lowBytes: 0,
        bytes: buffered + (buffered / recordBytes) * MESSAGE_OBJECTS.expected,
        // The pending messages and the buffer are counted together, and copied into a request
        highBytes: 2 * Math.min(size * largest, bufferBytes + largest) + size * MESSAGE_OBJECTS.most,
        formula: `min(max_buffer_size=${size} × ${Math.round(recordBytes)} B, max_buffer_bytesize=${bufferBytes}) and their objects`,
        source: "lib/kafka/producer.rb at 0b5f9c0b",
      },
      {
        what: "queue of the asynchronous producer",
        lowBytes: 0,
        bytes: 0,
        highBytes: queue * (largest + MESSAGE_OBJECTS.most),
        formula: `up to max_queue_size=${queue} × ${formatBytes(largest)} in front of an asynchronous producer`,
        source: "lib/kafka/async_producer.rb at 0b5f9c0b: counts messages, not bytes",
      },
    ],
    settings: { max_buffer_size: String(size), max_buffer_bytesize: String(bufferBytes), max_queue_size: String(queue) },
    assumed: scope.messageBytes === null ? ["messages of 1 KiB; of 1 MiB for the upper bound"] : [],
    source: "lib/kafka/producer.rb, lib/kafka/async_producer.rb at 0b5f9c0b; not measured",
  });
}

function traps(scope: Scope): readonly Trap[] {
  const given = new Parameters(parameters, scope);
  return given.isSet("fetcher_max_queue_size")
    ? []
    : [
        {
          code: "queue-counts-rounds",
          text: "fetcher_max_queue_size counts rounds of fetches, not messages or bytes: its default of 100 is up to 100 MiB for one partition and 1 GiB for ten. Set it to 10 or less.",
          source: "lib/kafka/fetcher.rb at 0b5f9c0b; karafka#423 and fluent-plugin-kafka#216 lowered it",
        },
      ];
}

function remediesFor(scope: Scope, targetBytes: number | null, component: BoundedComponent): readonly Remedy[] {
  const isProducer = component === "producer-queue";
  const settings = isProducer
    ? settingsThatFit(scope, parameters, producerCeiling, targetBytes ?? 16 * MIB, [
        { name: "max_queue_size", least: 10 },
        { name: "max_buffer_bytesize", least: MIB },
        { name: "max_buffer_size", least: 10 },
        { name: "max_queue_size", least: 1 },
      ])
    : targetBytes === null
      ? { fetcher_max_queue_size: "10" }
      : settingsThatFit(scope, parameters, consumerCeiling, targetBytes, [
          { name: "fetcher_max_queue_size", least: 1 },
          { name: "max_bytes_per_partition", least: 64 * 1024 },
          { name: "max_bytes", least: 64 * 1024 },
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
        ? "Lower max_queue_size and max_buffer_bytesize: produce then raises Kafka::BufferOverflow instead of using memory."
        : "Lower fetcher_max_queue_size first: each round in the queue has what every broker sent.",
      settings,
      costs: isProducer
        ? "produce raises Kafka::BufferOverflow once the buffer is full; the application has to wait and repeat."
        : "Throughput: with fewer rounds ahead the consumer may have to wait for a fetch; the fetcher sleeps a second when the queue is full.",
    },
    ...traps(scope).map(({ code, text }): Remedy => ({ code, text })),
  ];
}

const LABEL = "(?:(?:(?:block|rescue|ensure)(?: \\(\\d+ levels\\))? in )*)";
const CLASSES =
  "(?:AsyncProducer|Broker|BrokerPool|Client|Cluster|Compression|Compressor|Connection|ConnectionBuilder|Consumer|ConsumerGroup|FetchOperation|FetchedBatch|FetchedBatchGenerator|FetchedMessage|FetchedMessageExtractor|FetchedOffsetResolver|Fetcher|GzipCodec|Heartbeat|LZ4Codec|LockedQueue|MessageBuffer|OffsetManager|PendingMessage|PendingMessageQueue|ProduceOperation|Producer|Protocol|SnappyCodec|SocketWithTimeout|SSLSocketWithTimeout|TransactionManager|ZStandardCodec)";
const ISSUE = "https://github.com/zendesk/ruby-kafka/issues/";

export const rubyKafka: KafkaClient = {
  id: "ruby-kafka",
  title: "ruby-kafka",
  language: "Ruby",
  queueMemory: "runtime",
  own: {
    // Methods have `#` or `.`, so that a C++ namespace of this name is not meant; types only where the name says enough
    names: new RegExp(
      `^(?:${LABEL}Kafka::${CLASSES}(?:::[A-Z]\\w*)*[#.][\\w?!=]+|Kafka::(?:Fetched\\w+|Pending\\w+|MessageBuffer|LockedQueue|OffsetManager|Protocol::[A-Z]\\w*))$`,
    ),
    files: /[/\\]gems[/\\]ruby-kafka-\d[^/\\]*[/\\]lib[/\\]/,
  },
  rules: [
    {
      component: "producer-queue",
      name: /Kafka::(?:AsyncProducer|Producer|MessageBuffer|Pending\w+)/,
      source: "lib/kafka/message_buffer.rb, lib/kafka/pending_message_queue.rb",
      grade: "source",
    },
    {
      component: "producer-batch",
      name: /Kafka::(?:ProduceOperation|Compressor|Protocol::Produce\w*|Protocol::Encoder)/,
      source: "lib/kafka/produce_operation.rb",
      grade: "source",
    },
    {
      component: "decompress-buffer",
      name: /Kafka::(?:Compression|\w+Codec)/,
      source: "lib/kafka/compression.rb: a whole record batch",
      grade: "source",
    },
    {
      component: "message-op",
      name: /Kafka::(?:Fetched\w+|FetchOperation|Fetcher|LockedQueue)/,
      source: "lib/kafka/fetched_batch_generator.rb, lib/kafka/fetched_message.rb",
      grade: "source",
    },
    {
      component: "record-parse",
      name: /Kafka::Protocol::(?:Record\w*|Message\w*|FetchResponse\w*)/,
      source: "lib/kafka/protocol/record_batch.rb",
      grade: "source",
    },
    {
      component: "fetch-response-buffer",
      name: /Kafka::(?:Connection|Protocol::Decoder|SocketWithTimeout|SSLSocketWithTimeout)/,
      source: "lib/kafka/connection.rb: the frame (every API's, by far the largest is Fetch)",
      grade: "source",
    },
    { component: "metadata", name: /Kafka::(?:Cluster|Protocol::Metadata\w*)/, source: "lib/kafka/cluster.rb", grade: "source" },
    {
      component: "group-coordination",
      name: /Kafka::(?:ConsumerGroup|Heartbeat|OffsetManager|Protocol::(?:Join|Sync|Heartbeat|Offset)\w*)/,
      source: "lib/kafka/consumer_group.rb",
      grade: "source",
    },
    { component: "message-op", file: /[/\\]kafka[/\\]fetch\w*\.rb$/, source: "lib/kafka/fetched_message.rb", grade: "source" },
    {
      component: "record-parse",
      file: /[/\\]kafka[/\\]protocol[/\\]record\w*\.rb$/,
      source: "lib/kafka/protocol/record.rb",
      grade: "source",
    },
    {
      component: "fetch-response-buffer",
      file: /[/\\]kafka[/\\](?:connection|protocol[/\\]decoder|s\w*socket_with_timeout)\.rb$/,
      source: "lib/kafka/connection.rb",
      grade: "source",
    },
    {
      component: "producer-queue",
      file: /[/\\]kafka[/\\](?:async_)?producer\.rb$|[/\\]kafka[/\\](?:message_buffer|pending\w*)\.rb$/,
      source: "lib/kafka/producer.rb",
      grade: "source",
    },
  ],
  examples: [
    {
      path: "Kafka::Fetcher#loop > Kafka::Fetcher#step > Kafka::FetchOperation#execute > Kafka::Broker#fetch_messages > Kafka::Connection#read_response > Kafka::Protocol::Decoder#bytes > Kafka::SocketWithTimeout#read",
      component: "fetch-response-buffer",
      source: "lib/kafka/connection.rb at 0b5f9c0b",
      grade: "source",
    },
    {
      path: "Kafka::Fetcher#step > block in Kafka::FetchOperation#execute > Kafka::FetchedMessageExtractor#extract > Kafka::FetchedBatchGenerator#generate > Kafka::FetchedMessage#initialize",
      component: "message-op",
      source: "lib/kafka/fetched_batch_generator.rb at 0b5f9c0b",
      grade: "source",
    },
    {
      path: "step @ /usr/local/bundle/gems/ruby-kafka-1.5.0/lib/kafka/fetcher.rb > decode @ /usr/local/bundle/gems/ruby-kafka-1.5.0/lib/kafka/protocol/record.rb",
      component: "record-parse",
      source: "lib/kafka/protocol/record.rb at 0b5f9c0b",
      grade: "source",
    },
    {
      path: "OrdersController#create > Kafka::AsyncProducer#produce > Kafka::PendingMessage#initialize",
      component: "producer-queue",
      source: "lib/kafka/async_producer.rb at 0b5f9c0b",
      grade: "source",
    },
    {
      path: "<Kafka::Protocol::RecordBatch> > <Kafka::Protocol::Record>",
      component: "record-parse",
      source: "lib/kafka/protocol/record_batch.rb at 0b5f9c0b",
      grade: "source",
    },
  ],
  versionInPath: /[/\\]gems[/\\]ruby-kafka-(\d+\.\d+\.\d+)/,
  parameters,
  otherProperties,
  ceilings: (scope) => [consumerCeiling(scope), producerCeiling(scope)],
  traps,
  retention: {
    text: "A FetchedMessage holds its parsed record with own strings for key, value and headers; a kept FetchedBatch holds all messages of its partition and round.",
    source: "lib/kafka/fetched_message.rb, lib/kafka/fetched_batch.rb at 0b5f9c0b",
    grade: "source",
  },
  issues: [
    {
      url: `${ISSUE}300`,
      title: "The process grows while a loop produces; Ruby's own objects do not",
      kind: "unresolved",
      component: null,
      from: null,
      fixedIn: null,
      advice: "Compare live objects with resident memory (MALLOC_ARENA_MAX=2, jemalloc): the heap of Ruby did not grow.",
    },
    {
      url: `${ISSUE}328`,
      title: "Gigabytes after hours with asynchronous producers of many threads",
      kind: "unresolved",
      component: "producer-queue",
      from: null,
      fixedIn: null,
      advice: "Use one producer for all threads and deliver regularly; look at the number of Kafka::PendingMessage objects.",
    },
    {
      url: `${ISSUE}726`,
      title: "Memory climbs to gigabytes while a backlog is read",
      kind: "buffering",
      component: "message-op",
      from: null,
      fixedIn: null,
      advice: "Set fetcher_max_queue_size to 10 or less and lower max_bytes_per_partition.",
    },
    {
      url: `${ISSUE}607`,
      title: "Twelve megabytes of tiny messages take more than 500 MB as objects",
      kind: "buffering",
      component: "message-op",
      from: null,
      fixedIn: null,
      advice: "Lower max_bytes_per_partition: each message has 0.8 to 2 kB of objects.",
    },
    {
      url: `${ISSUE}585`,
      title: "The queue of the fetcher holds a hundred rounds and could not be set",
      kind: "buffering",
      component: "message-op",
      from: null,
      fixedIn: null,
      advice: "Set fetcher_max_queue_size (since 0.6).",
    },
    {
      url: "https://github.com/fluent/fluent-plugin-kafka/pull/216",
      title: "fluentd takes 5 GB and more with many partitions",
      kind: "buffering",
      component: "message-op",
      from: null,
      fixedIn: null,
      advice: "Set fetcher_max_queue_size in the plugin's configuration.",
    },
    {
      url: "https://github.com/karafka/karafka/issues/423",
      title: "Karafka 1.x lowered the fetcher's queue to ten rounds because of its memory",
      kind: "buffering",
      component: "message-op",
      from: null,
      fixedIn: null,
      advice: "Set fetcher_max_queue_size to 10.",
    },
  ],
  remedies: {
    buffering: remediesFor,
    appRetained: [
      {
        code: "drop-messages",
        text: "Let go of messages and batches once they are processed; with each_batch the whole batch lives as long as one of its messages.",
      },
      {
        code: "deliver-regularly",
        text: "Call deliver_messages (or set delivery_threshold and delivery_interval): a producer keeps messages until then.",
      },
    ],
    backPressure:
      "The consumer takes one message after the other, the fetcher stops when its queue is full: lower fetcher_max_queue_size, or consumer.pause(topic, partition).",
    howToGetStatistics:
      "Subscribe to loop.fetcher.kafka of ActiveSupport::Notifications (queue_size, in rounds) and fetch_batch.consumer.kafka (offset_lag), and append them to a file, one JSON object a line.",
  },
};
