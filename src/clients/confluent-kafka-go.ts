/**
 * confluent-kafka-go, librdkafka for Go through cgo. Read at v2.11.1. Its surprise: the queue lies in memory of malloc, which a
 * Go heap profile never contains; measured: 0.15 MB of Go heap in a process of 120 MB, all of it prefetched messages.
 */
import type { FrameExample, FrameRule, KafkaClient, KnownIssue, Scope, Trap } from "./client.ts";
import { canonicalName } from "./parameters.ts";

const POLLING = /\/kafka\.\(\*handle\)\.eventPoll$/;
const RECEIVING = /\/kafka\.\(\*handle\)\.(?:setupMessageFromC|newMessageFrom\w+)\b/;

const rules: readonly FrameRule[] = [
  {
    component: "app-copy",
    name: /\/kafka\._C(?:func|2func)_Go(?:Bytes|String|StringN)$/,
    below: RECEIVING,
    source: "kafka/message.go setupMessageFromC: C.GoBytes copies value and key; the copy is the application's",
    grade: "measured",
  },
  {
    component: "headers",
    name: /\/kafka\.setupHeadersFromGlueMsg\b/,
    source: "kafka/message.go setupHeadersFromGlueMsg",
    grade: "source",
  },
  {
    component: "headers",
    name: /\/kafka\._C(?:func|2func)_Go\w+$/,
    below: /\/kafka\.setupHeadersFromGlueMsg\b/,
    source: "kafka/message.go setupHeadersFromGlueMsg",
    grade: "source",
  },
  {
    component: "app-copy",
    name: RECEIVING,
    source: "kafka/message.go: the Message that Poll returns (192 B)",
    grade: "measured",
  },
  {
    component: "statistics",
    name: /\/kafka\._C(?:func|2func)_GoString(?:N)?$/,
    below: POLLING,
    source: "kafka/event.go: the JSON of a Stats event",
    grade: "source",
  },
  {
    component: "app-copy",
    name: /\/kafka\._C(?:func|2func)_GoBytes$/,
    source: "confluent-kafka-go#1171, where stacks are cut",
    grade: "real-profile",
  },
  { component: "app-copy", name: POLLING, source: "kafka/event.go: events that wrap what was received", grade: "measured" },
  {
    component: "producer-queue",
    name: /\/kafka\.(?:\(\*handle\)\.cgoPut|\(\*Producer\)\.(?:[pP]roduce\w*|Events)|NewProducer|channelProducer|channelBatchProducer|\(\*handle\)\.messageToC\w*)\b/,
    source: "kafka/handle.go cgoPut: a state object a message until its delivery report; kafka/producer.go:537: two channels of 1,000,000",
    grade: "measured",
  },
  {
    component: "fetch-queue",
    name: /\/kafka\.(?:NewConsumer|consumerReader)\b/,
    source: "kafka/consumer.go:625: channel of events, when switched on",
    grade: "source",
  },
  {
    component: "logging",
    name: /\/kafka\.\(\*handle\)\.(?:newLogEvent|pollLogEvents|setupLogQueue)\b/,
    source: "kafka/log.go",
    grade: "source",
  },
  { component: "admin", name: /\/kafka\.(?:\(\*AdminClient\)|NewAdminClient)/, source: "kafka/adminapi.go", grade: "source" },
  { component: "mock-cluster", name: /\/kafka\.(?:\(\*MockCluster\)|NewMockCluster)/, source: "kafka/mockcluster.go", grade: "source" },
  {
    component: "topic-partition-state",
    name: /\/kafka\.(?:\(\*handle\)\.get(?:Rkt0?|TopicNameFromRkt|RktFromMessage)|newTopicPartitionsFromCparts|newCPartsFromTopicPartitions)\b/,
    source: "kafka/handle.go",
    grade: "source",
  },
  { component: "metadata", name: /\/kafka\.(?:getMetadata|\(\*\w+\)\.GetMetadata)\b/, source: "kafka/metadata.go", grade: "source" },
  { component: "message-op", kind: "type", name: /\/kafka\.Message$/, source: "kafka/message.go", grade: "source" },
];

const ISSUE = "https://github.com/confluentinc/confluent-kafka-go/issues/";

const issues: readonly KnownIssue[] = [
  {
    url: `${ISSUE}1171`,
    title: "402 MB of copied values below a receiver of cloudevents; no conclusion published",
    kind: "app-retains",
    component: "app-copy",
    frames: /\._C(?:func|2func)_GoBytes$/,
    from: null,
    fixedIn: null,
    advice: "The client copies each value once and keeps none: look for what keeps the Messages.",
  },
  {
    url: `${ISSUE}513`,
    title: "Growth in GoBytes, closed without an explanation",
    kind: "unresolved",
    component: "app-copy",
    frames: /\._C(?:func|2func)_GoBytes$/,
    from: null,
    fixedIn: null,
    advice: "Look for what keeps the Messages, and look at native memory separately.",
  },
  {
    url: `${ISSUE}631`,
    title: "Out of memory with message.max.bytes and receive.message.max.bytes of 100 MB; no conclusion published",
    kind: "unresolved",
    component: "fetch-queue",
    from: null,
    fixedIn: null,
    advice: "Compute the ceiling of that configuration: large fetches are allowed by it.",
  },
  {
    url: `${ISSUE}94`,
    title: "A consumer that sleeps a second per message grows without bound",
    kind: "client-leak",
    component: "fetch-queue",
    from: null,
    fixedIn: null,
    when: ({ version }) => version === null || /^0\./.test(version),
    advice: "Upgrade: librdkafka 0.11.0 fetched far more than its limits, which were 1 GB.",
  },
  {
    url: `${ISSUE}306`,
    title: "With delivery.report.only.error=true the state of every delivered message stays",
    kind: "client-leak",
    component: "producer-queue",
    frames: /\.\(\*handle\)\.cgoPut$/,
    from: null,
    fixedIn: "1.0.0",
    advice: "Upgrade: since 1.0.0 the setting is refused, because the client needs every report.",
  },
  {
    url: `${ISSUE}540`,
    title: "Ten consumers grow and then stay level; no conclusion published",
    kind: "buffering",
    component: "fetch-queue",
    from: null,
    fixedIn: null,
    advice: "Multiply the ceiling by the number of consumers in the process.",
  },
  {
    url: `${ISSUE}758`,
    title: "Memory of many producers goes away with go.events.channel.size and go.produce.channel.size of 0",
    kind: "buffering",
    component: "producer-queue",
    frames: /\/kafka\.NewProducer$/,
    from: null,
    fixedIn: null,
    advice: "Create one producer and keep it; each takes 23 MB for two channels of 1,000,000 places unless their sizes are set.",
  },
  {
    url: `${ISSUE}1056`,
    title: "Growth in GoString of a producer that gives every message a delivery channel of its own; open",
    kind: "unresolved",
    component: null,
    frames: /\._C(?:func|2func)_GoString$/,
    from: null,
    fixedIn: null,
    advice: "Read the producer's Events(), too: what nobody reads stays in its channel.",
  },
];

const GO = "github.com/confluentinc/confluent-kafka-go/v2/kafka";
const PROFILE = "net/http/pprof, confluent-kafka-go v2.11.1, Kafka 3.9.1";
const POLL = (path: string): string => `runtime.main > main.main > ${path}.(*Consumer).Poll > ${path}.(*handle).eventPoll`;

const examples: readonly FrameExample[] = [
  {
    path: `${POLL(GO)} > ${GO}.(*handle).newMessageFromGlueMsg > ${GO}.(*handle).setupMessageFromC > ${GO}.(*handle).setupMessageFromC.func1 > ${GO}._Cfunc_GoBytes`,
    component: "app-copy",
    source: `${PROFILE}: 20 MB of 24,000 kept messages`,
    grade: "measured",
  },
  { path: `${POLL(GO)} > ${GO}.(*handle).newMessageFromGlueMsg`, component: "app-copy", source: PROFILE, grade: "measured" },
  {
    path: `${POLL("github.com/confluentinc/confluent-kafka-go/kafka")} > github.com/confluentinc/confluent-kafka-go/kafka.(*handle).newMessageFromGlueMsg > github.com/confluentinc/confluent-kafka-go/kafka.(*handle).setupMessageFromC > github.com/confluentinc/confluent-kafka-go/kafka._Cfunc_GoBytes`,
    component: "app-copy",
    source: "confluent-kafka-go#513, version 1",
    grade: "real-profile",
  },
  {
    path: "orders/vendor/gopkg.in/confluentinc/confluent-kafka-go.v1/kafka.(*handle).eventPoll > orders/vendor/gopkg.in/confluentinc/confluent-kafka-go.v1/kafka.(*handle).setupMessageFromC",
    component: "app-copy",
    source: "the path of version 1 that the README once gave, vendored",
    grade: "source",
  },
  {
    path: `runtime.main > main.main > ${GO}.(*Producer).Produce > ${GO}.(*Producer).produce > ${GO}.(*handle).cgoPut`,
    component: "producer-queue",
    source: PROFILE,
    grade: "measured",
  },
  {
    path: `runtime.main > main.main > ${GO}.NewProducer`,
    component: "producer-queue",
    source: `${PROFILE}: 15.3 and 7.6 MB`,
    grade: "measured",
  },
  {
    path: "start_thread > rd_kafka_broker_thread_main > rd_kafka_recv > rd_buf_write_ensure_contig > rd_buf_alloc_segment0 > malloc",
    component: "fetch-response-buffer",
    source: "heaptrack of the Go program: librdkafka is linked into it and keeps its symbols",
    grade: "measured",
  },
];

/** Settings that only a producer has, by which one is told from a consumer. */
const PRODUCER_SETTINGS = new Set(
  [
    "acks",
    "request.required.acks",
    "linger.ms",
    "queue.buffering.max.ms",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "batch.size",
    "compression.type",
    "compression.codec",
    "enable.idempotence",
    "go.batch.producer",
    "go.delivery.reports",
    "go.produce.channel.size",
  ].map(canonicalName),
);

function traps(scope: Scope): readonly Trap[] {
  const settings = new Map([...scope.settings].map(([name, value]) => [canonicalName(name), value.trim()]));
  const found: Trap[] = [
    {
      code: "not-in-a-go-heap-profile",
      text: "A Go heap profile does not contain the queue, which librdkafka keeps in memory of malloc: compare it with the process's resident memory, or take a profile of malloc.",
      source: "measured: 0.15 MB of Go heap in a process of 120 MB with a full queue",
    },
  ];
  if (settings.get("goeventschannelenable") === "true") {
    found.push({
      code: "events-channel-is-outside",
      text: `go.events.channel.enable copies up to ${settings.get("goeventschannelsize") ?? "1000"} messages into the Go heap, outside of librdkafka's limits, and stale ones are delivered after a rebalance: poll instead.`,
      source: "kafka/consumer.go:625 at v2.11.1",
    });
  }
  const isProducer = [...settings.keys()].some((name) => PRODUCER_SETTINGS.has(name));
  if (isProducer && (!settings.has("goeventschannelsize") || !settings.has("goproducechannelsize"))) {
    found.push({
      code: "producer-channels",
      text: "Each producer takes 23 MB of the Go heap for two channels of 1,000,000 places: set go.events.channel.size and go.produce.channel.size.",
      source: "kafka/producer.go:537 and 543 at v2.11.1; measured: 15.3 and 7.6 MB",
    });
  }
  return found;
}

export const confluentKafkaGo: KafkaClient = {
  id: "confluent-kafka-go",
  title: "confluent-kafka-go",
  language: "Go (cgo)",
  builtOn: "librdkafka",
  queueMemory: "native",
  own: {
    names:
      /^[*[\]]*(?:[\w.~%/-]+\/vendor\/)?(?:github\.com\/confluentinc\/confluent-kafka-go(?:\/v\d+)?|gopkg\.in\/confluentinc\/confluent-kafka-go\.v\d+)\/(?!examples\/)[\w/-]+\./,
    files:
      /(?:^|[/\\])(?:(?:github\.com|gopkg\.in)[/\\]confluentinc[/\\]confluent-kafka-go(?:\.v\d+)?(?:[/\\]v\d+)?(?:@v[\w.+-]+)?|com_github_confluentinc_confluent_kafka_go(?:_v\d+)?)[/\\](?!examples[/\\])/,
  },
  rules,
  examples,
  versionInPath: /confluentinc[/\\]confluent-kafka-go(?:\.v\d+)?(?:[/\\]v\d+)?@v(\d+\.\d+\.\d+)/,
  // CHANGELOG.md at v2.11.1; 2.15.0 by its own source. Before 1.5 it was built with whatever librdkafka was installed
  builtOnVersions: [
    { from: "2.15.0", version: "2.15.0" },
    { from: "2.11.1", version: "2.11.1" },
    { from: "2.11.0", version: "2.11.0" },
    { from: "2.10.1", version: "2.10.1" },
    { from: "2.10.0", version: "2.10.0" },
    { from: "2.8.0", version: "2.8.0" },
    { from: "2.6.1", version: "2.6.1" },
    { from: "2.6.0", version: "2.6.0" },
    { from: "2.5.3", version: "2.5.3" }, // and 2.5.4
    { from: "2.5.0", version: "2.5.0" },
    { from: "2.4.0", version: "2.4.0" },
    { from: "2.3.0", version: "2.3.0" },
    { from: "2.2.0", version: "2.2.0" },
    { from: "2.1.1", version: "2.1.1" },
    { from: "2.1.0", version: "2.1.0" },
    { from: "2.0.2", version: "2.0.2" },
    { from: "1.9.2", version: "1.9.2" },
    { from: "1.9.1", version: "1.9.1" },
    { from: "1.9.0", version: "1.9.0" },
    { from: "1.8.2", version: "1.8.2" },
    { from: "1.7.0", version: "1.7.0" },
    { from: "1.6.1", version: "1.6.1" },
    { from: "1.5.2", version: "1.5.2" },
  ],
  otherProperties: [
    "go.application.rebalance.enable",
    "go.batch.producer",
    "go.delivery.report.fields",
    "go.delivery.reports",
    "go.events.channel.enable",
    "go.events.channel.size",
    "go.logs.channel",
    "go.logs.channel.enable",
    "go.produce.channel.size",
  ],
  measurements: [
    {
      what: "a slow consumer (200 ms a message), twelve partitions, two brokers, 1 KiB values",
      component: "fetch-queue",
      bytes: 101e6,
      isExact: true,
      scope: { version: "2.11.1", brokers: 2, partitions: 12, messageBytes: 1024, keyBytes: 8, compressionRatio: 1 },
      source:
        "confluent-kafka-go v2.11.1, Kafka 3.9.1, heaptrack of the Go program; its Go heap held 0.15 MB, 108 MB were anonymous memory",
    },
  ],
  traps,
  retention: {
    text: "Value and key of a Message are copies in the Go heap, and the native message is freed at the next poll: a kept Message holds only itself. 24,000 kept messages of 1 KiB held 30 MB.",
    source: "kafka/message.go setupMessageFromC at v2.11.1; one message in ten kept of 240,000, Kafka 3.9.1",
    grade: "measured",
  },
  issues,
  remedies: {
    appRetained: [
      { code: "drop-messages", text: "Let go of each *kafka.Message once it is processed: it holds its own copies, nothing of the queue." },
      {
        code: "read-events",
        text: "Read the producer's Events() and every delivery channel: reports that nobody reads stay in the Go heap.",
      },
    ],
    backPressure:
      "Poll only as fast as messages are processed, or Pause() the partitions and go on polling; do not use go.events.channel.enable.",
    howToGetStatistics:
      "Set statistics.interval.ms=5000 and append the text of each *kafka.Stats event that Poll (or Events()) returns to a file, one a line.",
  },
};
