/**
 * kafka-go of segmentio, a Go client of its own. Read at v0.4.51; figures called "measured" were taken against Apache Kafka
 * 3.9.1. Its surprise: it holds hardly anything of a consumer, since it streams responses and copies each message; but an
 * asynchronous Writer has no limit at all.
 */
import type { FrameExample, FrameRule, KafkaClient, KnownIssue } from "./client.ts";
import { measurements, parameters, readerCeiling, remediesFor, traps } from "./segmentio-kafka-go-limits.ts";
import { otherProperties } from "./segmentio-kafka-go-properties.ts";

/** The package's functions stand behind `kafka-go.`, its parts behind `kafka-go/protocol.`, `kafka-go/compress.` and so on. */
const WRITING =
  /\/kafka-go\.\(\*(?:Writer|partitionWriter)\)\.|\/protocol\.(?:WriteRequest|\(\*RecordSet\)\.(?:WriteTo|writeTo\w+))|\.\(\*ProduceRequest\w*\)\./;

const rules: readonly FrameRule[] = [
  {
    component: "message-op",
    name: /\/kafka-go\.(?:readNewBytes|readNewString|\(\*Batch\)\.(?:[rR]eadMessage|Read)\b|\(\*messageSetReader\)\.read(?:NewBytes|Header\w*|Key|Value))/,
    source: "read.go readNewBytes: one copy a key and a value, which go into the Reader's channel and to the application",
    grade: "measured",
  },
  {
    component: "decompress-buffer",
    name: /\/kafka-go\.(?:\(\*messageSetReader\)\.readMessage\w*|\(\*readerStack\)\.)|\/kafka-go\/compress(?:\/\w+)*\.|\/kafka-go\/(?:zstd|snappy|lz4|gzip)\./,
    notThrough: WRITING,
    source: "message_reader.go:272: the buffer of the batch being read",
    grade: "measured",
  },
  {
    component: "fetch-response-buffer",
    name: /\/kafka-go\.(?:newBuffer|acquireBuffer|newMessageSetReader|\(\*Conn\)\.ReadBatch\w*|NewConn\w*)\b/,
    source: "buffer.go (64 KiB, pooled), conn.go:175 (bufio): responses are streamed through",
    grade: "measured",
  },
  {
    component: "fetch-queue",
    name: /\/kafka-go\.(?:NewReader|\(\*(?:reader|Reader)\)\.)/,
    source: "reader.go: the channel of messages and what fills it",
    grade: "source",
  },
  {
    component: "producer-batch",
    name: /\/kafka-go\/protocol\./,
    below: WRITING,
    source: "protocol/buffer.go newPage: pages of 64 KiB, pooled, of requests being written",
    grade: "measured",
  },
  {
    component: "producer-queue",
    name: /\/kafka-go\.(?:\(\*(?:Writer|partitionWriter|writeBatch|batchQueue|writerRecords)\)\.|newWriteBatch|newPartitionWriter|newBatchQueue|NewWriter)/,
    source: "writer.go writeBatch.add: messages by value, 100 a batch; kafka-go#1299",
    grade: "measured",
  },
  {
    component: "group-coordination",
    name: /\/kafka-go\.(?:\(\*(?:ConsumerGroup|Generation|generationCtx|coordinator|timeoutCoordinator)\)\.|NewConsumerGroup|\(\*commitRequest\)|\w*GroupBalancer\)?\.)/,
    source: "consumergroup.go, groupbalancer.go",
    grade: "source",
  },
  {
    component: "metadata",
    name: /\/kafka-go\.(?:\(\*(?:connPool|connGroup|Transport)\)\.|filterMetadataResponse|makeLayout|\(\*Conn\)\.(?:ReadPartitions|Brokers|Controller)|\(\*Writer\)\.partitions)/,
    source: "transport.go: each pool keeps the metadata of the cluster",
    grade: "measured",
  },
  {
    component: "network-tls",
    name: /\/kafka-go\.\(\*(?:Dialer|Conn|conn)\)\.|\/kafka-go\/sasl/,
    source: "dialer.go, conn.go",
    grade: "measured",
  },
  {
    component: "request-buffer",
    name: /\/kafka-go\/protocol\.(?:newPage|\(\*(?:pageBuffer|page|encoder)\)\.)/,
    source: "protocol/buffer.go",
    grade: "source",
  },
  // Types, as tools that walk the heap of a process or of a core write them
  {
    component: "message-op",
    kind: "type",
    name: /\/kafka-go\.(?:readerMessage|Message)$/,
    source: "message.go, reader.go",
    grade: "source",
  },
  { component: "producer-queue", kind: "type", name: /\/kafka-go\.writeBatch$/, source: "writer.go", grade: "source" },
];

const ISSUE = "https://github.com/segmentio/kafka-go/issues/";

const issues: readonly KnownIssue[] = [
  {
    url: `${ISSUE}1029`,
    title: "1.6 GB in readNewBytes: the application kept the messages",
    kind: "app-retains",
    component: "message-op",
    frames: /\/kafka-go\.readNewBytes$/,
    from: null,
    fixedIn: null,
    advice: "Look for what keeps messages after they were read: a Reader itself holds QueueCapacity of them.",
  },
  {
    url: `${ISSUE}924`,
    title: "Decoders and buffers allocated anew for every zstd batch, seen in alloc_space",
    kind: "unresolved",
    component: "decompress-buffer",
    from: null,
    fixedIn: null,
    advice: "Look at inuse_space: what is allocated and freed again is no leak.",
  },
  {
    url: `${ISSUE}635`,
    title: "From 13.5 to 330 MB and then level: higher use, not a leak",
    kind: "buffering",
    component: "decompress-buffer",
    from: null,
    fixedIn: null,
    advice: "Give it time to level off; lower QueueCapacity, and count a decompressed batch for each partition.",
  },
  {
    url: `${ISSUE}1299`,
    title: "Batches pile up in writeBatch.add in some clusters; no conclusion published",
    kind: "unresolved",
    component: "producer-queue",
    frames: /\/kafka-go\.\(\*writeBatch\)\.add$/,
    from: null,
    fixedIn: null,
    advice: "Set Async=false, or count what is under way with Completion: an asynchronous Writer queues without limit.",
  },
];

const PROFILE = "net/http/pprof of a Reader in a group, kafka-go v0.4.51, Kafka 3.9.1";
const GO = "github.com/segmentio/kafka-go";
const READING = `${GO}.(*Reader).start.func1 > ${GO}.(*reader).run > ${GO}.(*reader).read`;
const BATCH = `${READING} > ${GO}.(*Batch).ReadMessage > ${GO}.(*Batch).readMessage > ${GO}.(*messageSetReader).readMessage > ${GO}.(*messageSetReader).readMessageV2`;
const PRODUCER = "the same of an asynchronous Writer whose brokers stopped answering";

const examples: readonly FrameExample[] = [
  {
    path: `${BATCH} > ${GO}.(*messageSetReader).runFunc > ${GO}.(*Batch).ReadMessage.func3 > ${GO}.readNewBytes`,
    component: "message-op",
    source: PROFILE,
    grade: "measured",
  },
  {
    path: `example.com/orders/vendor/${GO}.(*reader).read > example.com/orders/vendor/${GO}.(*Batch).ReadMessage > example.com/orders/vendor/${GO}.readNewBytes > runtime.makeslice`,
    component: "message-op",
    source: "the same frames vendored below GOPATH",
    grade: "source",
  },
  {
    path: `${BATCH} > bytes.(*Buffer).ReadFrom > bytes.(*Buffer).grow > bytes.growSlice`,
    component: "decompress-buffer",
    source: `${PROFILE}, zstd`,
    grade: "measured",
  },
  {
    path: `${READING} > ${GO}.(*Conn).ReadBatchWith > ${GO}.newMessageSetReader > ${GO}.acquireBuffer > sync.(*Pool).Get > ${GO}.init.func2 > ${GO}.newBuffer > bytes.(*Buffer).Grow > bytes.(*Buffer).grow > bytes.growSlice`,
    component: "fetch-response-buffer",
    source: PROFILE,
    grade: "measured",
  },
  {
    path: `main.main > ${GO}.(*Writer).WriteMessages > ${GO}.(*Writer).batchMessages > ${GO}.(*partitionWriter).writeMessages > ${GO}.(*writeBatch).add`,
    component: "producer-queue",
    source: PRODUCER,
    grade: "measured",
  },
  {
    path: `${GO}.(*conn).run > ${GO}.(*conn).roundTrip > ${GO}/protocol.(*Conn).RoundTrip > ${GO}/protocol.RoundTrip > ${GO}/protocol.WriteRequest > ${GO}/protocol.(*encoder).writeInt32 > ${GO}/protocol.(*encoder).Write > ${GO}/protocol.(*pageBuffer).Write > ${GO}/protocol.(*pageBuffer).newPage > ${GO}/protocol.newPage`,
    component: "producer-batch",
    source: PRODUCER,
    grade: "measured",
  },
];

export const segmentioKafkaGo: KafkaClient = {
  id: "segmentio-kafka-go",
  title: "kafka-go (segmentio)",
  language: "Go",
  queueMemory: "runtime",
  own: {
    names: /^[*[\]]*(?:[\w.~%/-]+\/vendor\/)?github\.com\/segmentio\/kafka-go(?:\/(?!examples\/)[\w/-]+)?\./,
    files: /(?:^|[/\\])(?:github\.com[/\\]segmentio[/\\]kafka-go(?:@v[\w.+-]+)?|com_github_segmentio_kafka_go)[/\\](?!examples[/\\])/,
  },
  rules,
  examples,
  versionInPath: /(?:^|[/\\])segmentio[/\\]kafka-go@v(\d+\.\d+\.\d+)/,
  parameters,
  otherProperties,
  ceilings: (scope) => [readerCeiling(scope)],
  measurements,
  traps,
  retention: {
    text: "Key and value of a Message are copies of their own: a kept Message holds only itself. 24,000 kept messages of 1 KiB held 30 MB.",
    source: "read.go readNewBytes at v0.4.51; one message in ten kept of 240,000, Kafka 3.9.1",
    grade: "measured",
  },
  issues,
  remedies: {
    buffering: remediesFor,
    appRetained: [
      {
        code: "drop-messages",
        text: "Let go of each Message once it is processed: what grows is what the application keeps of them, nothing around it.",
      },
    ],
    backPressure:
      "Call FetchMessage only when there is room: a full channel stops the partitions' connections. For a Writer set Async=false, or count what Completion has not yet reported.",
    howToGetStatistics: "Log Reader.Stats() every few seconds: QueueLength, QueueCapacity and Lag; calling it resets its counters.",
  },
};
