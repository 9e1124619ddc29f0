/**
 * sarama, the Go client of Shopify and, since v1.40, of IBM. Read at v1.61.1; figures called "measured" were taken against
 * Apache Kafka 3.9.1. Its surprise: values are slices of what arrived, so one kept message holds a whole Fetch response, and
 * the channel before the application counts messages, not the responses they keep alive.
 */
import type { FrameExample, FrameRule, KafkaClient } from "./client.ts";
import { issues } from "./sarama-issues.ts";
import { consumerCeiling, parameters, producerCeiling, remediesFor, traps } from "./sarama-limits.ts";
import { measurements } from "./sarama-measurements.ts";
import { otherProperties } from "./sarama-properties.ts";

/** Runs of the producer: whatever encodes below them is a request on its way, not a fetch. */
const PRODUCING = /\.\(\*ProduceRequest\)\.|\.\(\*Broker\)\.(?:Async)?Produce$|\.\(\*asyncProducer\)\.newBrokerProducer\b/;
const FETCHING = /\.\(\*(?:Fetch(?:Response(?:Block)?|Request)|brokerConsumer)\)\./;

const DECOMPRESSING = /\.(?:decompress|bounded(?:Decompress|\w+Decode)|zstdDecompress|get\w*Decoder)\b/;

/** The frame nearest to the leaf decides; the generic coders (`encode`, `realDecoder`) work for whoever stands above them. */
const rules: readonly FrameRule[] = [
  {
    component: "mock-cluster",
    name: /\/mocks\.|\.\(\*(?:MockBroker|mockResponse\w*|Mock\w+)\)\.|\.NewMock\w+$/,
    source: "mockbroker.go, mocks/",
    grade: "source",
  },
  {
    component: "statistics",
    name: /\.(?:getOrRegister\w+|getMetricName\w*|newCleanupRegistry)\b|\.\(\*Broker\)\.(?:register|update\w*Metrics)\w*|\.\(\*cleanupRegistry\)\./,
    source: "metrics.go, broker.go registerMetrics; inlined into what opens a connection",
    grade: "measured",
  },
  {
    component: "fetch-response-buffer",
    name: /\.\(\*Broker\)\.(?:responseReceiver|readFull)\b/,
    source: "broker.go responseReceiver: the whole response at once (every API's, by far the largest is Fetch)",
    grade: "measured",
  },
  {
    component: "decompress-buffer",
    name: DECOMPRESSING,
    source: "decompress.go: a copy of the decoder's output for each batch",
    grade: "measured",
  },
  {
    component: "decompress-buffer",
    name: /\.init\.(?:\d+\.)?func\d+$/,
    below: DECOMPRESSING,
    source: "decompress.go: pools of decoders and buffers, made in closures of init",
    grade: "source",
  },
  {
    component: "producer-batch",
    name: /\.init\.(?:\d+\.)?func\d+$/,
    below: /\.compress$/,
    source: "compress.go: pools of encoders, made in closures of init",
    grade: "source",
  },
  {
    component: "message-op",
    name: /\.\(\*partitionConsumer\)\.(?:parse(?:Records|Response|Messages)|responseFeeder|interceptors)\b/,
    source: "consumer.go parseRecords: one ConsumerMessage (160 B) a message, and the slices that hold them",
    grade: "measured",
  },
  {
    component: "producer-batch",
    name: /\.\(\*ProduceRequest\)\.|\.(?:compress|get\w*Encoder|zstdCompress)$/,
    source: "produce_request.go, compress.go",
    grade: "source",
  },
  {
    component: "producer-batch",
    name: /\.(?:encode|\(\*(?:realEncoder|prepEncoder|RecordBatch|Record|Records|MessageSet|MessageBlock|Message|RecordHeader|request)\)\.\w+|\(\*Broker\)\.send\w*)$/,
    below: PRODUCING,
    source: "encoder_decoder.go encode: one make([]byte) a batch and one a request",
    grade: "measured",
  },
  { component: "headers", name: /\.\(\*RecordHeader\)\./, source: "record.go", grade: "source" },
  {
    component: "record-parse",
    name: /\.\(\*(?:FetchResponse|FetchResponseBlock|RecordBatch|Record|Records|MessageSet|MessageBlock|Message|AbortedTransaction)\)\.|\.recordsArray\./,
    source: "fetch_response.go, record_batch.go, records.go: a Record (and its slice) a message until it became a ConsumerMessage",
    grade: "measured",
  },
  {
    component: "record-parse",
    name: /\.(?:decode|versionedDecode|\(\*realDecoder\)\.\w+)$/,
    below: FETCHING,
    source: "encoder_decoder.go, real_decoder.go",
    grade: "real-profile",
  },
  {
    component: "producer-queue",
    name: /\.\(\*(?:asyncProducer|brokerProducer|partitionProducer|topicProducer|produceSet|partitionSet|syncProducer|ProducerMessage|partitionMuter|transactionManager)\)\.|\.newProduceSet\w*$|\.NewAsyncProducer\w*$/,
    source: "async_producer.go, produce_set.go",
    grade: "measured",
  },
  {
    component: "metadata",
    name: /\.\(\*client\)\.\w*(?:[Mm]etadata|Partitions?|Leader|registerBroker|Replicas)\w*|\.\(\*(?:Metadata(?:Response|Request)|TopicMetadata|PartitionMetadata)\)\./,
    source: "client.go, metadata_response.go",
    grade: "source",
  },
  {
    component: "metadata",
    name: /\.(?:decode|versionedDecode|\(\*realDecoder\)\.\w+)$/,
    below: /\.\(\*MetadataResponse\)\.|\.\(\*client\)\.\w*[Mm]etadata/,
    source: "real_decoder.go: strings of a metadata response",
    grade: "source",
  },
  {
    component: "group-coordination",
    name: /\.\(\*(?:consumerGroup\w*|offsetManager|partitionOffsetManager|brokerOffsetManager|(?:JoinGroup|SyncGroup|LeaveGroup|Heartbeat|OffsetCommit|OffsetFetch|FindCoordinator|ConsumerMetadata|ConsumerGroup)\w*|stickyBalanceStrategy|balanceStrategy)\)\.|\.newConsumerGroup\w*$|\.balance\w*/,
    source: "consumer_group.go, offset_manager.go, balance_strategy.go",
    grade: "source",
  },
  {
    component: "topic-partition-state",
    name: /\.\(\*(?:consumer|partitionConsumer|brokerConsumer)\)\./,
    source: "consumer.go: channels of a partition, subscriptions",
    grade: "source",
  },
  { component: "admin", name: /\.\(\*clusterAdmin\)\./, source: "admin.go", grade: "source" },
  {
    component: "network-tls",
    name: /\.\(\*(?:bufConn|GSSAPI\w*|Sasl\w+)\)\.|\.newBufConn$|\.\(\*Broker\)\.(?:Open|authenticate|sendAndReceive\w*SASL|sendInternalSASL|receiveSASL|clientSASL)\w*|\.\(\*Broker\)\.\w*[Kk]erberos\w*/,
    source: "broker.go, utils.go, gssapi_kerberos.go",
    grade: "source",
  },
  {
    component: "request-buffer",
    name: /\.(?:encode|\(\*(?:realEncoder|prepEncoder|request)\)\.\w+|\(\*Broker\)\.(?:send|write)\w*)$/,
    source: "broker.go, encoder_decoder.go: requests of every other kind",
    grade: "source",
  },
  // Types, as tools that walk the heap of a process or of a core write them
  { component: "message-op", kind: "type", name: /\.ConsumerMessage$/, source: "consumer.go", grade: "source" },
  { component: "producer-queue", kind: "type", name: /\.Producer(?:Message|Error)$/, source: "async_producer.go", grade: "source" },
  { component: "headers", kind: "type", name: /\.RecordHeader$/, source: "record.go", grade: "source" },
];

const PROFILE = "net/http/pprof of a consumer group, sarama v1.61.1, Kafka 3.9.1";
const DECODING =
  "github.com/IBM/sarama.withRecover > github.com/IBM/sarama.(*brokerConsumer).subscriptionConsumer > github.com/IBM/sarama.(*brokerConsumer).fetchNewMessages > github.com/IBM/sarama.(*Broker).Fetch > github.com/IBM/sarama.(*Broker).sendAndReceive > github.com/IBM/sarama.handleResponsePromise > github.com/IBM/sarama.versionedDecode > github.com/IBM/sarama.(*FetchResponse).decode > github.com/IBM/sarama.(*FetchResponseBlock).decode > github.com/IBM/sarama.(*Records).decode > github.com/IBM/sarama.(*RecordBatch).decode";
const SENDING =
  "github.com/IBM/sarama.withRecover > github.com/IBM/sarama.(*asyncProducer).newBrokerProducer.func1 > github.com/IBM/sarama.(*Broker).AsyncProduce > github.com/IBM/sarama.(*Broker).sendWithPromise > github.com/IBM/sarama.(*Broker).sendInternal > github.com/IBM/sarama.encode";

const examples: readonly FrameExample[] = [
  {
    path: "github.com/IBM/sarama.withRecover > github.com/IBM/sarama.(*Broker).responseReceiver",
    component: "fetch-response-buffer",
    source: PROFILE,
    grade: "measured",
  },
  {
    path: "example.com/orders/vendor/github.com/Shopify/sarama.withRecover > example.com/orders/vendor/github.com/Shopify/sarama.(*Broker).responseReceiver",
    component: "fetch-response-buffer",
    source: "as IBM/sarama#1151 shows it, vendored below GOPATH",
    grade: "real-profile",
  },
  {
    path: "gopkg.in/Shopify/sarama%2ev1.withRecover > gopkg.in/Shopify/sarama%2ev1.(*Broker).responseReceiver > runtime.makeslice > runtime.mallocgc",
    component: "fetch-response-buffer",
    source: "the linker writes dots of the last element as %2e",
    grade: "source",
  },
  {
    path: "github.com/IBM/sarama.withRecover > github.com/IBM/sarama.(*partitionConsumer).responseFeeder > github.com/IBM/sarama.(*partitionConsumer).parseResponse > github.com/IBM/sarama.(*partitionConsumer).parseRecords",
    component: "message-op",
    source: PROFILE,
    grade: "measured",
  },
  {
    path: `${DECODING} > github.com/IBM/sarama.decompress > github.com/IBM/sarama.boundedZstdDecode > slices.Clone[go.shape.[]uint8,go.shape.uint8]`,
    component: "decompress-buffer",
    source: `${PROFILE}, zstd`,
    grade: "measured",
  },
  {
    path: `${DECODING} > github.com/IBM/sarama.decompress > github.com/IBM/sarama.boundedZstdDecode > github.com/IBM/sarama.zstdDecompress > github.com/klauspost/compress/zstd.(*Decoder).DecodeAll`,
    component: "decompress-buffer",
    source: `${PROFILE}, zstd`,
    grade: "measured",
  },
  {
    path: `${DECODING} > github.com/IBM/sarama.decode > github.com/IBM/sarama.recordsArray.decode`,
    component: "record-parse",
    source: PROFILE,
    grade: "measured",
  },
  {
    path: "hardess/vendor/github.com/Shopify/sarama.(*brokerConsumer).fetchNewMessages > hardess/vendor/github.com/Shopify/sarama.(*Broker).Fetch > hardess/vendor/github.com/Shopify/sarama.(*Broker).sendAndReceive > hardess/vendor/github.com/Shopify/sarama.versionedDecode",
    component: "record-parse",
    source: "IBM/sarama#1060",
    grade: "real-profile",
  },
  {
    path: "github.com/IBM/sarama.withRecover > github.com/IBM/sarama.(*Broker).Open.func1 > github.com/IBM/sarama.(*Broker).Open.func1.getOrRegisterHistogram.2 > github.com/rcrowley/go-metrics.(*StandardRegistry).GetOrRegister > github.com/rcrowley/go-metrics.newExpDecaySampleHeap",
    component: "statistics",
    source: PROFILE,
    grade: "measured",
  },
  {
    path: `${SENDING} > github.com/IBM/sarama.(*request).encode > github.com/IBM/sarama.(*ProduceRequest).encode > github.com/IBM/sarama.(*Records).encode > github.com/IBM/sarama.(*RecordBatch).encode > github.com/IBM/sarama.(*RecordBatch).encodeRecords > github.com/IBM/sarama.encode`,
    component: "producer-batch",
    source: "the same of an AsyncProducer whose brokers stopped answering",
    grade: "measured",
  },
  { path: SENDING, component: "producer-batch", source: "the same of an AsyncProducer whose brokers stopped answering", grade: "measured" },
  {
    path: "github.com/IBM/sarama.withRecover > github.com/IBM/sarama.(*brokerProducer).run > github.com/IBM/sarama.(*produceSet).add",
    component: "producer-queue",
    source: "the same of an AsyncProducer whose brokers stopped answering",
    grade: "measured",
  },
];

export const sarama: KafkaClient = {
  id: "sarama",
  title: "sarama (IBM, formerly Shopify)",
  language: "Go",
  queueMemory: "runtime",
  own: {
    names:
      /^[*[\]]*(?:[\w.~%/-]+\/vendor\/)?(?:github\.com\/(?:IBM|Shopify)\/sarama(?:\/(?:v\d+|mocks))*|gopkg\.in\/Shopify\/sarama(?:\.|%2e)v\d+(?:\/mocks)?)\./,
    files:
      /(?:^|[/\\])(?:github\.com[/\\](?:IBM|!i!b!m|Shopify|!shopify)[/\\]sarama(?:@v[\w.+-]+)?|gopkg\.in[/\\](?:Shopify|!shopify)[/\\]sarama\.v\d+(?:@v[\w.+-]+)?|com_github_(?:ibm|shopify)_sarama)[/\\](?!examples[/\\]|tools[/\\])/,
  },
  rules,
  examples,
  versionInPath: /(?:^|[/\\])(?:IBM|!i!b!m|Shopify|!shopify)[/\\]sarama@v(\d+\.\d+\.\d+)/,
  parameters,
  otherProperties,
  ceilings: (scope) => [consumerCeiling(scope), producerCeiling(scope)],
  measurements,
  traps,
  retention: {
    text: "Key, value and headers of a ConsumerMessage are slices of what arrived: one kept message holds the whole Fetch response of all partitions of that broker, or its decompressed batch. 4,800 kept messages of 1 KiB held 297 MB.",
    source: "real_decoder.go getRawBytes, decompress.go at v1.61.1; one message in 50 kept of 240,000, Kafka 3.9.1",
    grade: "measured",
  },
  issues,
  remedies: {
    buffering: remediesFor,
    appRetained: [
      {
        code: "copy-what-is-kept",
        text: "Keep bytes.Clone(message.Value) (and key and headers), never the ConsumerMessage or a slice of it: it holds the whole response around it.",
      },
      { code: "decode-at-once", text: "Decode a message before it is queued further, so that nothing refers to its bytes any more." },
    ],
    backPressure:
      "Process in ConsumeClaim itself, or hand over through a bounded channel: when nobody reads Messages(), the partition stops being fetched. PauseAll() stops fetching too, but keeps what has arrived.",
    howToGetStatistics:
      "sarama has no gauge of what it has buffered: export Config.MetricRegistry (consumer-batch-size, consumer-fetch-rate, incoming-byte-rate), and for the lag compare HighWaterMarkOffset() with the offset of the message in hand.",
  },
};
