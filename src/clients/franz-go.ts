/**
 * franz-go (packages kgo, kmsg, kbin), a Go client of its own. Read at v1.22.2; figures called "measured" were taken against
 * Apache Kafka 3.9.1. Its surprise: a polled fetch no longer counts, so a slow loop over PollFetches holds two fetches of every
 * broker, and one kept Record holds its batch's bytes and the slab of all its Records.
 */
import type { FrameExample, FrameRule, KafkaClient } from "./client.ts";
import { issues } from "./franz-go-issues.ts";
import { consumerCeiling, parameters, producerCeiling, remediesFor, traps } from "./franz-go-limits.ts";
import { measurements } from "./franz-go-measurements.ts";
import { otherProperties } from "./franz-go-properties.ts";

const PRODUCING = /\/kgo\.(?:\(\*produceRequest\)|seqRecBatch|promisedRec|\(\*recBatch\)|\(\*sink\))\./;
const FETCHING = /\/kgo\.(?:\(\*source\)|\(\*ProcessFetchPartitionOpts\)|\(\*cursorOffsetNext\)|ProcessFetchPartition\b)/;

/** The frame nearest to the leaf decides; helpers (`ensureLen`, kbin, kmsg) work for whoever stands above them. */
const rules: readonly FrameRule[] = [
  {
    component: "fetch-response-buffer",
    name: /\/kgo\.\(\*brokerCxn\)\.(?:readConn|readSizeAndBody|readResponse|handleResps?)\b/,
    source: "pkg/kgo/broker.go readConn: the whole response at once (every API's, by far the largest is Fetch)",
    grade: "measured",
  },
  {
    component: "decompress-buffer",
    name: /\/kgo\.(?:\(\*(?:decompressor|zstdDecoder)\)\.|(?:new[dD]ecompressor|decompressSnappy|xerialDecode)\b)|\/kgo\.\(\*ProcessFetchPartitionOpts\)\.decompress\b/,
    source: "pkg/kgo/compression.go: a buffer for each batch",
    grade: "measured",
  },
  {
    component: "producer-batch",
    name: /\/kgo\.(?:\(\*(?:compressor|produceRequest|zstdEncoder)\)|seqRecBatch|promisedRec|promisedNumberedRecord)\./,
    source: "pkg/kgo/sink.go, compression.go: requests being written",
    grade: "measured",
  },
  {
    component: "producer-batch",
    name: /\/(?:kbin|kmsg)\./,
    below: PRODUCING,
    source: "pkg/kbin: appends a request's bytes",
    grade: "measured",
  },
  {
    component: "message-op",
    name: /\/kgo\.ensureLen\b/,
    below: FETCHING,
    source: "pkg/kgo/source.go processRecordBatch: one slab of Records (160 B each) a batch",
    grade: "measured",
  },
  {
    component: "message-op",
    name: /\/kgo\.(?:recordToRecord|\(\*ProcessFetchPartitionOpts\)\.\w+|ProcessFetchPartition|\(\*cursorOffsetNext\)\.(?:maybeKeepRecord|process\w+)|recordPoolsCtx)\b/,
    source: "pkg/kgo/source.go; franz-go#71 (recordToRecord, maybeKeepRecord)",
    grade: "measured",
  },
  {
    component: "record-parse",
    name: /\/kgo\.readRawRecords\w*|\/kmsg\.\(\*(?:Record|RecordBatch|FetchResponse\w*|Message(?:V0|V1))\)\.\w*[rR]ead\w*/,
    source: "pkg/kgo/source.go readRawRecords; franz-go#71",
    grade: "real-profile",
  },
  {
    component: "fetch-queue",
    name: /\/kgo\.(?:\(\*source\)\.\w+|\(\*Client\)\.Poll(?:Records|Fetches)|\(?\*?Fetch(?:es|Topic|Partition)?\)?\.\w+|\(\*bufferedFetch\)\.\w+)/,
    source: "pkg/kgo/source.go, consumer.go: what holds the fetched partitions together",
    grade: "measured",
  },
  {
    component: "producer-queue",
    name: /\/kgo\.(?:\(\*(?:sink|recBuf|recBatch|producer|unknownTopicProduces|batchPromise\w*|\w*[pP]artitioner|topicPartitioner\w*)\)\.\w+|\(\*Client\)\.(?:Produce\w*|TryProduce|doPartition\w*|produce|addUnknownTopicRecord|finishRecord\w*|partitionRecord)|newRecordBatch|\(\*ring\)\.)/,
    source: "pkg/kgo/producer.go, sink.go: records that wait, with their promises",
    grade: "measured",
  },
  {
    component: "metadata",
    name: /\/kgo\.(?:\(\*Client\)\.\w*[mM]etadata\w*|\(\*metawait\)|\(\*metadata\w*\)|\(\*topicsPartitions\w*\)|\(\*mergeT\w*\))|\/kmsg\.\(\*MetadataResponse\w*\)\./,
    source: "pkg/kgo/metadata.go",
    grade: "source",
  },
  {
    component: "group-coordination",
    name: /\/kgo\.\(\*(?:groupConsumer|g848|groupExternal|balancer\w*|consumerBalancer|consumer|shareConsumer)\)\.|\/sticky\.|\/kmsg\.\(\*(?:JoinGroup|SyncGroup|Heartbeat|OffsetCommit|OffsetFetch|ConsumerGroupHeartbeat)\w*\)\./,
    source: "pkg/kgo/consumer_group.go, consumer.go, internal/sticky",
    grade: "source",
  },
  {
    component: "topic-partition-state",
    name: /\/kgo\.\(\*(?:cursor|topicPartitions?|topicPartitionsData|fetchRequest|cursorOffset\w*)\)\./,
    source: "pkg/kgo/source.go, topics_and_partitions.go",
    grade: "source",
  },
  {
    component: "telemetry",
    name: /\/kgo\.\(\*(?:metrics|metricRate|metricTime|\w*[mM]etrics\w*)\)\.|\/plugin\/k\w+\./,
    source: "pkg/kgo/metrics.go (KIP-714)",
    grade: "source",
  },
  { component: "admin", name: /\/pkg\/kadm\./, source: "pkg/kadm", grade: "source" },
  { component: "mock-cluster", name: /\/pkg\/kfake\./, source: "pkg/kfake: a broker within the process", grade: "source" },
  { component: "network-tls", name: /\/kgo\.\(\*(?:broker|brokerCxn)\)\.|\/pkg\/sasl\//, source: "pkg/kgo/broker.go", grade: "source" },
  { component: "request-buffer", name: /\/kbin\.|\/kmsg\.\(\*(?:RequestFormatter|\w+Request)\)\./, source: "pkg/kmsg", grade: "source" },
  // Types, as tools that walk the heap of a process or of a core write them
  { component: "message-op", kind: "type", name: /\/kgo\.Record$/, source: "pkg/kgo/record_and_fetch.go", grade: "source" },
  { component: "headers", kind: "type", name: /\/kgo\.RecordHeader$/, source: "pkg/kgo/record_and_fetch.go", grade: "source" },
];

const PROFILE = "net/http/pprof of a group consumer, franz-go v1.22.2, Kafka 3.9.1";
const KGO = "github.com/twmb/franz-go/pkg/kgo";
const READING = `${KGO}.(*brokerCxn).handleResps > ${KGO}.(*brokerCxn).handleResp > ${KGO}.(*brokerCxn).readResponse > ${KGO}.(*brokerCxn).readConn`;
const PROCESSING = `${KGO}.(*source).loopFetch > ${KGO}.(*source).fetch > ${KGO}.(*source).handleReqResp > ${KGO}.(*cursorOffsetNext).processRespPartition > ${KGO}.ProcessFetchPartition > ${KGO}.(*ProcessFetchPartitionOpts).processRecordBatch`;
const WRITING = `${KGO}.(*broker).handleReqs > ${KGO}.(*broker).handleReq > ${KGO}.(*brokerCxn).writeRequest > github.com/twmb/franz-go/pkg/kmsg.(*RequestFormatter).AppendRequest > ${KGO}.(*produceRequest).AppendTo > ${KGO}.seqRecBatch.appendTo`;
const PRODUCER = "the same of a producer whose brokers stopped answering";

const examples: readonly FrameExample[] = [
  { path: `${READING} > ${KGO}.(*brokerCxn).readSizeAndBody`, component: "fetch-response-buffer", source: PROFILE, grade: "measured" },
  { path: `${READING}.func2`, component: "fetch-response-buffer", source: "franz-go#1237", grade: "real-profile" },
  {
    path: `example.com/orders/vendor/${READING.replaceAll(" > ", " > example.com/orders/vendor/")} > runtime.makeslice`,
    component: "fetch-response-buffer",
    source: "the same frames vendored below GOPATH",
    grade: "source",
  },
  {
    path: `${PROCESSING} > ${KGO}.ensureLen[go.shape.[]${KGO}.Record,go.shape.struct { Key []uint8; Value []uint8; Headers []${KGO}.RecordHeader; Timestamp time.Time; Topic string; Partition int32; Attrs ${KGO}.RecordAttrs; ProducerEpoch int16; ProducerID int64; LeaderEpoch int32; Offset int64; Context context.Context }]`,
    component: "message-op",
    source: PROFILE,
    grade: "measured",
  },
  { path: `${PROCESSING} > ${KGO}.ensureLen[...]`, component: "message-op", source: "the same as Go's tools shorten it", grade: "source" },
  {
    path: `${PROCESSING} > ${KGO}.(*ProcessFetchPartitionOpts).maybeKeepRecord > runtime.growslice`,
    component: "message-op",
    source: PROFILE,
    grade: "measured",
  },
  {
    path: `${PROCESSING} > ${KGO}.(*ProcessFetchPartitionOpts).decompress > ${KGO}.(*decompressor).Decompress > ${KGO}.(*decompressor).decompressZstd > github.com/klauspost/compress/zstd.(*Decoder).DecodeAll`,
    component: "decompress-buffer",
    source: `${PROFILE}, zstd`,
    grade: "measured",
  },
  {
    path: `main.main > ${KGO}.(*Client).PollRecords > ${KGO}.(*Client).PollRecords.func3`,
    component: "fetch-queue",
    source: PROFILE,
    grade: "measured",
  },
  {
    path: `${WRITING} > ${KGO}.promisedRec.appendTo > github.com/twmb/franz-go/pkg/kbin.AppendVarintBytes`,
    component: "producer-batch",
    source: PRODUCER,
    grade: "measured",
  },
  {
    path: `${WRITING} > ${KGO}.(*compressor).Compress > bytes.(*Buffer).Grow > bytes.(*Buffer).grow > bytes.growSlice`,
    component: "producer-batch",
    source: PRODUCER,
    grade: "measured",
  },
  {
    path: `main.main > ${KGO}.(*Client).Produce > ${KGO}.(*Client).produce > ${KGO}.(*Client).partitionRecord > ${KGO}.(*Client).doPartitionRecord > ${KGO}.(*recBuf).bufferRecord > ${KGO}.(*recBatch).tryBuffer > ${KGO}.(*recBatch).appendRecord`,
    component: "producer-queue",
    source: PRODUCER,
    grade: "measured",
  },
];

export const franzGo: KafkaClient = {
  id: "franz-go",
  title: "franz-go",
  language: "Go",
  queueMemory: "runtime",
  own: {
    names: /^[*[\]]*(?:[\w.~%/-]+\/vendor\/)?github\.com\/twmb\/franz-go\/(?!examples\/)[\w/-]+\./,
    files:
      /(?:^|[/\\])(?:github\.com[/\\]twmb[/\\]franz-go(?:[/\\]pkg[/\\]\w+)?(?:@v[\w.+-]+)?|com_github_twmb_franz_go(?:_pkg_\w+)?)[/\\](?!examples[/\\])/,
  },
  rules,
  examples,
  versionInPath: /(?:^|[/\\])twmb[/\\]franz-go@v(\d+\.\d+\.\d+)/,
  parameters,
  otherProperties,
  ceilings: (scope) => [consumerCeiling(scope), producerCeiling(scope)],
  measurements,
  traps,
  retention: {
    text: "Key and value of a Record are slices of the response or of the decompressed batch, and the Record lies in a slab with all others of its batch: one kept Record holds both. 4,800 kept Records of 1 KiB held 335 MB.",
    source: "pkg/kgo/source.go processRecordBatch, pkg/kbin at v1.22.2; one Record in 50 kept of 240,000, Kafka 3.9.1",
    grade: "measured",
  },
  issues,
  remedies: {
    buffering: remediesFor,
    appRetained: [
      {
        code: "copy-what-is-kept",
        text: "Keep bytes.Clone(record.Value) in a struct of your own, never the *kgo.Record: it holds its batch and the slab of all Records around it.",
      },
      {
        code: "no-channel-of-fetches",
        text: "Do not put kgo.Fetches into a channel: each place holds whole responses; count records or bytes instead.",
      },
    ],
    backPressure:
      "Process before the next poll; where work is handed over, use a channel bounded in records and PauseFetchPartitions while it is full. MaxConcurrentFetches(0), from 1.21 on, fetches nothing ahead.",
    howToGetStatistics:
      "Export BufferedFetchBytes() and BufferedFetchRecords() (plugin kprom: buffered_fetch_bytes, buffered_fetch_records_total) every few seconds; BufferedProduceBytes() for a producer.",
  },
};
