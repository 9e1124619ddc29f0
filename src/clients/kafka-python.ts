/**
 * kafka-python (package `kafka`), pure Python, read at 3.0.12, 2.2.15 and 2.0.2. Its surprise: the package has a name that any
 * application may use, so a frame is believed by its place in site-packages or by the client's own file, never by `kafka/` alone.
 */
import type { FrameExample, KafkaClient } from "./client.ts";
import { consumerCeiling, measurements, parameters, producerCeiling, remediesFor, traps } from "./kafka-python-limits.ts";
import { otherProperties } from "./kafka-python-properties.ts";

/** Files of the package as py-spy shortens them (from the package on); an application's own `kafka/` has other ones. */
const SHORT =
  /^kafka[/\\](?:consumer[/\\](?:group|fetcher|subscription_state|simple|multiprocess)|producer[/\\](?:kafka|record_accumulator|producer_batch|sender|buffer|future|keyed|transaction_manager)|coordinator[/\\](?:base|consumer|heartbeat|subscription|assignors[/\\].+|protocol)|protocol[/\\].+|record[/\\]\w+|net[/\\].+|metrics[/\\].+|sasl[/\\]\w+|serializer[/\\]\w+|partitioner[/\\]\w+|vendor[/\\]\w+|admin[/\\](?:client|_\w+)|client_async|cluster|codec|conn|future|structs|socks5_wrapper)\.py$/;

/** What is compiled at import for each message of the protocol (3.0). */
const GENERATED = /^<codegen(?:_(?:de|en)code)?:\w+>$/;

const INSTALLED = /[/\\](?:site|dist)-packages[/\\]kafka[/\\]|[/\\]kafka_python-[\w.]+\.(?:whl|egg|zip)[/\\](?:kafka[/\\])?/;

const MEMRAY = "memray --native of kafka-python 3.0.12, Apache Kafka 3.9.1";
const LIB = "/usr/lib/python3.11";
const PACKAGE = "/usr/lib/python3/dist-packages/kafka";

const examples: readonly FrameExample[] = [
  {
    path: `[kafka-io-kafka-python-3.0.12] > _bootstrap @ ${LIB}/threading.py > run_forever @ ${PACKAGE}/net/selector.py > _read_from_sock @ ${PACKAGE}/net/transport.py > data_received @ ${PACKAGE}/net/connection.py > receive_bytes @ ${PACKAGE}/protocol/parser.py > decode @ ${PACKAGE}/protocol/api_message.py > _decode @ <codegen_decode:fetch_response_v12> > PyBytes_FromStringAndSize > _PyObject_Malloc`,
    component: "fetch-response-buffer",
    source: MEMRAY,
    grade: "measured",
  },
  {
    path: `run_forever @ ${PACKAGE}/net/selector.py > _read_from_sock @ ${PACKAGE}/net/transport.py > _sock_recv @ ${PACKAGE}/net/transport.py`,
    component: "fetch-response-buffer",
    source: "tracemalloc of kafka-python 3.0.12, Apache Kafka 3.9.1: 11.5 MB in one block",
    grade: "measured",
  },
  {
    path: `<module> @ /app/worker.py > __next__ @ ${PACKAGE}/consumer/group.py > poll @ ${PACKAGE}/consumer/group.py > fetched_records @ ${PACKAGE}/consumer/fetcher.py > _unpack_records @ ${PACKAGE}/consumer/fetcher.py > _read_msg @ ${PACKAGE}/record/default_records.py > PyBytes_FromStringAndSize`,
    component: "record-parse",
    source: MEMRAY,
    grade: "measured",
  },
  {
    path: `<module> @ /app/worker.py > send @ ${PACKAGE}/producer/kafka.py > append @ ${PACKAGE}/producer/record_accumulator.py > try_append @ ${PACKAGE}/producer/producer_batch.py > append @ ${PACKAGE}/record/memory_records.py > append @ ${PACKAGE}/record/default_records.py`,
    component: "producer-queue",
    source: MEMRAY,
    grade: "measured",
  },
  {
    path: "handle @ app.py > read @ kafka/protocol/frame.py",
    component: "fetch-response-buffer",
    source: "tracemalloc of kafka-python 2.2.15 (frame.py:13); the function by the source, the short names as py-spy writes them",
    grade: "measured",
  },
  {
    path: `poll @ /venv/lib/python3.12/site-packages/kafka/consumer/group.py > gzip_decode @ /venv/lib/python3.12/site-packages/kafka/codec.py`,
    component: "decompress-buffer",
    source: "kafka/codec.py at 3.0.12",
    grade: "source",
  },
];

/** In a path below the producer, what builds a batch is the producer's. */
const PRODUCING = /^(?:try_append|_estimate_size_in_bytes)$/;
const ISSUE = "https://github.com/dpkp/kafka-python/issues/";

export const kafkaPython: KafkaClient = {
  id: "kafka-python",
  title: "kafka-python",
  language: "Python",
  queueMemory: "runtime",
  own: {
    // Python's modules; the broker and the old Scala clients have packages `kafka.…`, too
    names:
      /^kafka\.(?:consumer\.(?:group|fetcher|subscription_state)|producer\.(?:kafka|record_accumulator|producer_batch|sender)|protocol\.(?:api_message|parser|frame)|record\.(?:default|legacy|memory)_records|net\.(?:selector|transport|connection|manager))\.[\w.]+$/,
    files: new RegExp(`${INSTALLED.source}|${SHORT.source}|${GENERATED.source}`),
    threads: /^kafka-io-kafka-python-|^kafka-python-producer-\d+-network-thread$/,
  },
  rules: [
    {
      component: "producer-queue",
      below: PRODUCING,
      source: "kafka/producer/producer_batch.py:60: the batch grows in kafka/record/",
      grade: "measured",
    },
    {
      component: "fetch-response-buffer",
      file: /kafka[/\\]protocol[/\\](?:frame|types|parser)\.py$|^<codegen(?:_decode)?:fetch_response_\w+>$|kafka[/\\]net[/\\](?:transport|connection|selector)\.py$/,
      source:
        "kafka/protocol/frame.py:13 (2.2.15), generated decoder and kafka/net/transport.py:130 (3.0.12): every API's responses, by far the largest is Fetch",
      grade: "measured",
    },
    {
      component: "fetch-response-buffer",
      file: /kafka[/\\]protocol[/\\](?:api_message|struct|schemas[/\\].+)\.py$/,
      name: /decode/,
      source: "kafka/protocol/api_message.py:269 at 3.0.12",
      grade: "measured",
    },
    {
      component: "fetch-response-buffer",
      file: /kafka[/\\]conn\.py$/,
      name: /^(?:_recv|recv|receive_bytes|_receive_bytes)$/,
      source: "kafka/conn.py at 2.2.15: chunks of the socket and their join",
      grade: "source",
    },
    {
      component: "producer-batch",
      file: /^<codegen(?:_encode)?:produce_request_\w+>$|kafka[/\\]producer[/\\]sender\.py$|kafka[/\\]protocol[/\\]schemas[/\\]fields[/\\]codecs[/\\]encode_buffer\.py$/,
      source: "generated encoder and encode_buffer.py:57 at 3.0.12",
      grade: "measured",
    },
    { component: "producer-queue", file: /kafka[/\\]producer[/\\]/, source: "kafka/producer/record_accumulator.py", grade: "measured" },
    { component: "decompress-buffer", file: /kafka[/\\]codec\.py$/, source: "kafka/codec.py: a whole batch at once", grade: "source" },
    {
      component: "record-parse",
      file: /kafka[/\\]record[/\\]\w+\.py$/,
      source: "kafka/record/default_records.py:133 (copy of the batch), :290 (key and value)",
      grade: "measured",
    },
    {
      component: "message-op",
      file: /kafka[/\\]consumer[/\\](?:fetcher|group)\.py$/,
      source: "kafka/consumer/fetcher.py: ConsumerRecord tuples of one poll",
      grade: "measured",
    },
    {
      component: "topic-partition-state",
      file: /kafka[/\\]consumer[/\\]subscription_state\.py$/,
      source: "kafka/consumer/subscription_state.py",
      grade: "source",
    },
    { component: "group-coordination", file: /kafka[/\\]coordinator[/\\]/, source: "kafka/coordinator/", grade: "source" },
    { component: "metadata", file: /kafka[/\\]cluster\.py$/, source: "kafka/cluster.py", grade: "source" },
    { component: "statistics", file: /kafka[/\\]metrics[/\\]/, source: "kafka/metrics/", grade: "source" },
    { component: "admin", file: /kafka[/\\]admin[/\\]/, source: "kafka/admin/", grade: "source" },
    {
      component: "network-tls",
      file: /kafka[/\\](?:conn|client_async|sasl[/\\]\w+|net[/\\].+)\.py$/,
      source: "kafka/conn.py (2.x), kafka/net/ (3.x)",
      grade: "source",
    },
  ],
  examples,
  versionInPath: /(?:kafka[_-]python[-=@]|kafka-io-kafka-python-)(\d+\.\d+\.\d+)/,
  parameters,
  otherProperties,
  ceilings: (scope) => {
    const producer = producerCeiling(scope);
    return [consumerCeiling(scope), ...(producer === null ? [] : [producer])];
  },
  measurements,
  traps,
  retention: {
    text: "A ConsumerRecord owns copies of its key, value and headers (`bytes`): keeping one keeps nothing else.",
    source: "kafka/record/default_records.py:283-290 at 3.0.12",
    grade: "measured",
  },
  issues: [
    {
      url: `${ISSUE}1508`,
      title: "Memory rises to hundreds of megabytes while a large backlog is read, and falls after it",
      kind: "buffering",
      component: "fetch-response-buffer",
      from: null,
      fixedIn: null,
      advice: "Lower fetch_max_bytes and max_partition_fetch_bytes; every broker may send a whole response.",
    },
    {
      url: `${ISSUE}2437`,
      title: "The default fetch_max_bytes of 50 MB does not fit a container of 128 MB",
      kind: "buffering",
      component: "fetch-response-buffer",
      from: null,
      fixedIn: null,
      advice: "Set fetch_max_bytes to a small share of the container's limit.",
    },
    {
      url: "https://github.com/dpkp/kafka-python/pull/3077",
      title: "Cancelled timeouts stay in the selector's tasks",
      kind: "client-leak",
      component: "network-tls",
      frames: /^(?:call_later|call_at|_?sleep|_add_ready_task|wait_for)$/,
      from: "3.0.0",
      fixedIn: "3.0.10",
      advice: "Upgrade kafka-python to 3.0.10 or later.",
    },
    {
      url: `${ISSUE}2071`,
      title: "Memory grows on PyPy only",
      kind: "unresolved",
      component: null,
      from: null,
      fixedIn: null,
      advice: "Compare with CPython: the collector of PyPy frees later.",
    },
  ],
  remedies: {
    buffering: remediesFor,
    appRetained: [
      {
        code: "drop-records",
        text: "Let go of the records of one poll() before the next; a list of them is the application's own memory.",
      },
      { code: "keep-less", text: "Keep what is needed of record.value, not the record: key, headers and the tuple cost 400 B beside it." },
    ],
    backPressure:
      "Call poll() only when the application can take more (nothing is fetched beyond one response a broker), or consumer.pause(*partitions) and go on polling.",
    howToGetStatistics:
      "consumer.metrics() has fetch sizes and records-lag-max (no bytes that are buffered); append json.dumps of it to a file every few seconds, one object a line.",
  },
};
