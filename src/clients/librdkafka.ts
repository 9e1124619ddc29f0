/**
 * librdkafka, the C client under most bindings. Read at v2.15.0 (4c3b017c3); figures called "measured" were taken against its
 * mock brokers. Its surprise: one message that is kept holds the whole Fetch response that it arrived in, and the limit
 * `queued.max.messages.kbytes` sees neither held messages nor anything but values.
 */
import { formatBytes } from "../base/units.ts";
import { compareVersions } from "../base/versions.ts";
import type { Ceiling, FrameRule, KafkaClient, KnownIssue, Remedy, Scope, Settings } from "./client.ts";

/** The library as its own file: `librdkafka.so.1`, wheels' `librdkafka-1a2b3c4d.so`, NuGet's `alpine-librdkafka.so`. */
const MODULES = /(?:^|[/\\])(?:alpine-|centos8-)?librdkafka(?:\+\+)?(?:[-.][0-9a-f]{8,})?\.(?:so(?:\.\d+)*|\d*\.?dylib|dll)$/;

const PRODUCING = /^rd_kafka_msgset_(?:create_ProduceRequest|writer(?:_\w+)?)$/;
const DECOMPRESSING = /^rd_kafka_(?:share_)?msgset_reader_decompress$/;
const PARSING = /^rd_kafka_(?:share_)?msgset_(?:parse|reader(?:_\w+)?)$/;

/**
 * Order matters where one function serves several purposes: `rd_buf_*` writes requests and receives responses, so what lies
 * below the producer and below request building is asked first. Neighbours' order never matters: heaptrack 1.4 prints the
 * frames inlined at one address in reverse.
 */
const rules: readonly FrameRule[] = [
  // Functions known: what encloses them
  { component: "mock-cluster", name: /^rd_kafka_mock_/, source: "rdkafka_mock.c", grade: "measured" },
  {
    component: "mock-cluster",
    below: /^rd_kafka_mock_/,
    source: "rdkafka_mock.c: everything of the built-in test broker",
    grade: "measured",
  },
  { component: "producer-batch", name: PRODUCING, source: "rdkafka_msgset_writer.c:1452", grade: "measured" },
  {
    component: "producer-batch",
    below: PRODUCING,
    source: "rdkafka_msgset_writer.c:1452: write buffer and compressed copy",
    grade: "measured",
  },
  { component: "request-buffer", name: /^rd_kafka_buf_new_request0$/, source: "rdkafka_buf.c:140", grade: "measured" },
  { component: "request-buffer", below: /^rd_kafka_buf_new_request0$/, source: "rdkafka_buf.c:140", grade: "measured" },
  // Consumed messages
  {
    component: "message-op",
    name: /^rd_kafka_op_new_(?:fetch_msg|ctrl_msg)$/,
    source: "rdkafka_op.c:973: message and queue entry are one calloc",
    grade: "measured",
  },
  { component: "message-op", name: /^rd_kafka_op_new0$/, below: PARSING, source: "rdkafka_op.c:224", grade: "measured" },
  {
    component: "decompress-buffer",
    name: /^rd_kafka_(?:zstd|lz4)_decompress$|^rd_gz_decompress$|^rd_kafka_snappy_(?:java_)?uncompress$/,
    source: "rdkafka_zstd.c:40 (grown threefold, never trimmed), rdkafka_lz4.c:169, rdgz.c:37, snappy.c",
    grade: "measured",
  },
  { component: "decompress-buffer", name: DECOMPRESSING, source: "rdkafka_msgset_reader.c:448", grade: "measured" },
  {
    component: "decompress-buffer",
    below: DECOMPRESSING,
    notThrough: /^rd_kafka_(?:share_)?msgset_|^rd_kafka_op_/,
    source: "rdkafka_msgset_reader.c:448: nested sets are parsed below the same frame and are excluded",
    grade: "measured",
  },
  {
    component: "fetch-response-buffer",
    name: /^rd_buf_(?:alloc_segment0?|write_ensure(?:_contig)?|init)$|^rd_kafka_buf_new0$|^rd_kafka_recv$/,
    below: /^rd_kafka_recv$/,
    source: "rdkafka_broker.c:2066 → rdbuf.c:175: the whole frame at once (every API's response, by far the largest is Fetch)",
    grade: "measured",
  },
  {
    component: "fetch-response-buffer",
    name: /^rd_buf_(?:alloc_segment0?|write_ensure_contig)$|^rd_kafka_recv$/,
    source: "the same in truncated stacks",
    grade: "measured",
  },
  { component: "record-parse", name: PARSING, source: "rdkafka_msgset_reader.c", grade: "source" },
  {
    component: "headers",
    name: /^rd_kafka_(?:msg_headers_parse|headers_new|header_add|headers_copy)$/,
    source: "rdkafka_msg.c:1462: parsed when first asked for",
    grade: "source",
  },
  // Messages to be produced
  {
    component: "producer-queue",
    name: /^rd_kafka_msg_new0?0?$|^rd_kafka_produce(?:v|va|_batch)?$/,
    source: "rdkafka_msg.c:147: 176 B + value + key in one malloc",
    grade: "measured",
  },
  // The rest of the client
  {
    component: "metadata",
    name: /^rd_kafka_(?:parse_Metadata\w*|handle_Metadata\w*|metadata_\w+)$/,
    source: "rdkafka_metadata.c:541, rdkafka_metadata_cache.c:264",
    grade: "measured",
  },
  {
    component: "topic-partition-state",
    name: /^rd_kafka_(?:toppar_\w+|topic_\w+|assignment_\w+)$/,
    source: "rdkafka_partition.c:219, rdkafka_topic.c",
    grade: "measured",
  },
  {
    component: "group-coordination",
    name: /^rd_kafka_(?:cgrp|coord|assignor|\w+_assignor|ConsumerGroupHeartbeat|JoinGroup|SyncGroup|offsets?_commit)\w*$/,
    source: "rdkafka_cgrp.c, rdkafka_coord.c, rdkafka_assignor.c",
    grade: "measured",
  },
  {
    component: "network-tls",
    name: /^rd_kafka_(?:transport_\w+|ssl_\w+|sasl_\w+)$/,
    source: "rdkafka_transport.c, rdkafka_ssl.c; transport_framed_recv serves SASL frames only (rdkafka_sasl.c:172)",
    grade: "source",
  },
  {
    component: "statistics",
    name: /^rd_kafka_stats_emit_\w+$|^rd_hdr_histogram_\w+$|^rd_avg_init$/,
    source: "rdkafka.c:1870; histograms are a constant 0.25 MB a broker",
    grade: "measured",
  },
  { component: "logging", name: /^rd_kafka_log\w*$/, source: "rdkafka.c:298", grade: "source" },
  { component: "telemetry", name: /^rd_kafka_telemetry_\w+$|^opentelemetry_\w+$/, source: "KIP-714", grade: "source" },
  { component: "admin", name: /^rd_kafka_(?:admin_\w+|\w+Topics?_new)$/, source: "rdkafka_admin.c", grade: "source" },
  // Functions unknown or invented: what a stripped library still tells is the size of its blocks and the thread
  {
    component: "producer-queue",
    unnamed: true,
    below: /^rd_kafka_produce(?:v|va|_batch)?$/,
    source: "exported names stay true on the application's own threads",
    grade: "measured",
  },
  {
    component: "message-op",
    unnamed: true,
    blockBytes: [288, 304],
    source: "sizeof of the calloc by tag: 288 (v1.5), 296 (v1.6-2.3), 304 (v2.6-2.15); LP64",
    grade: "measured",
  },
  { component: "message-op", unnamed: true, blockBytes: [320, 320], source: "the same, as jemalloc's size class", grade: "measured" },
  {
    component: "fetch-response-buffer",
    unnamed: true,
    blockBytes: [440, 440],
    source: "rkbuf header of a response: 440 (v1.5)",
    grade: "measured",
  },
  {
    component: "fetch-response-buffer",
    unnamed: true,
    blockBytes: [512, 512],
    source: "rkbuf header of a response: 512 (v1.9 and later)",
    grade: "measured",
  },
  {
    component: "fetch-response-buffer",
    unnamed: true,
    blockBytes: [65536, Number.POSITIVE_INFINITY],
    source: "nothing but responses and decompressed batches is that large on a broker thread",
    grade: "measured",
  },
  {
    component: "unsymbolised-client",
    name: /^rd_kafka_(?:abort_transaction|unittest|offsets_store|committed|queue_cb_event_enable)$/,
    source: "the nearest exported names that profilers print for a stripped library; these functions allocate nothing that lasts",
    grade: "measured",
  },
];

/** Newest first; a row holds from its version on. */
type VersionTable = readonly { readonly from: string; readonly value: number }[];

/** CONFIGURATION.md of the tags v0.11.0 to v2.15.0. */
const QUEUED_KBYTES_DEFAULTS: VersionTable = [
  { from: "1.5.0", value: 65536 },
  { from: "1.0.0", value: 1048576 },
  { from: "0", value: 1000000 },
];

/** sizeof(op) of a fetched message, LP64, compiled from each tag. */
const OP_BYTES: VersionTable = [
  { from: "2.6.0", value: 304 },
  { from: "1.6.0", value: 296 },
  { from: "0", value: 288 },
];

const NEWEST = "2.15.0";
/** Varints of a v2 record around key, value and headers: measured 1034 B of response a 1024 B value. */
const FRAMING_BYTES = 10;
/** Framing, batch headers and the rkbuf's share, as fitted to statistics against live heap. */
const BOOKKEEPING_BYTES = 40;
/** malloc's own header and rounding of an object, where a capture counts it (glibc's mallinfo, jemalloc's size classes). */
const ALLOCATOR_BYTES = 16;
const TYPICAL_MESSAGE_BYTES = 1024;
const MIB = 1024 ** 2;

/** What `--set` may call a property: the first name is the one of the documentation. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  "queued.max.messages.kbytes": [],
  "queued.min.messages": [],
  "fetch.max.bytes": [],
  "fetch.message.max.bytes": ["max.partition.fetch.bytes"],
  "message.max.bytes": [],
  "receive.message.max.bytes": [],
  "queue.buffering.max.kbytes": [],
  "queue.buffering.max.messages": [],
  "max.in.flight.requests.per.connection": ["max.in.flight"],
  "compression.codec": ["compression.type"],
  "batch.size": [],
};

/** A setting's text; topic settings may stand under `topic.` or `default.topic.config.`. Null = not set by the user. */
function setting(settings: Settings, property: string): string | null {
  for (const name of [property, ...(ALIASES[property] ?? [])]) {
    for (const prefix of ["", "topic.", "default.topic.config."]) {
      const value = settings.get(prefix + name);
      if (value !== undefined) return value.trim();
    }
  }
  return null;
}

function numberSetting(settings: Settings, property: string): number | null {
  const text = setting(settings, property);
  const value = text === null || text === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

function forVersion(table: VersionTable, version: string | null): number {
  return (table.find((row) => compareVersions(version ?? NEWEST, row.from) >= 0) ?? table[table.length - 1])?.value ?? 0;
}

/** What the formulas of the consumer read from a scope: settings with defaults, sizes, and what had to be assumed. */
interface Consumer {
  readonly kbytes: number;
  readonly minMessages: number;
  readonly partitionFetchBytes: number;
  readonly fetchBytes: number; // of one response, effective
  readonly fetchBytesSet: boolean;
  readonly brokers: number;
  readonly partitions: number;
  readonly ratio: number;
  readonly opBytes: number;
  readonly overheadBytes: number; // of the record, beside the value
  readonly settings: Readonly<Record<string, string>>;
  readonly assumed: readonly string[];
}

function consumerOf(scope: Scope): Consumer {
  const assumed: string[] = [];
  const { settings } = scope;
  const kbytes = numberSetting(settings, "queued.max.messages.kbytes") ?? forVersion(QUEUED_KBYTES_DEFAULTS, scope.version);
  if (scope.version === null && numberSetting(settings, "queued.max.messages.kbytes") === null) assumed.push("librdkafka 1.5 or later");
  const minMessages = numberSetting(settings, "queued.min.messages") ?? 100_000;
  const partitionFetchBytes = numberSetting(settings, "fetch.message.max.bytes") ?? MIB;
  const messageMaxBytes = numberSetting(settings, "message.max.bytes") ?? 1_000_000;
  const fetchSet = numberSetting(settings, "fetch.max.bytes");
  // rdkafka_conf.c:4551: the clamp applies only to a fetch.max.bytes that the user left alone
  const fetchBytes = fetchSet ?? Math.max(Math.min(50 * MIB, kbytes * 1024), messageMaxBytes);
  if (scope.brokers === null) assumed.push("one broker");
  if (scope.partitions === null) assumed.push("one partition a broker");
  if (scope.compressionRatio === null) assumed.push("messages are not compressed");
  const brokers = Math.max(1, scope.brokers ?? 1);
  return {
    kbytes,
    minMessages,
    partitionFetchBytes,
    fetchBytes,
    fetchBytesSet: fetchSet !== null,
    brokers,
    partitions: Math.max(1, scope.partitions ?? brokers),
    ratio: Math.max(1, scope.compressionRatio ?? 1),
    opBytes: forVersion(OP_BYTES, scope.version),
    overheadBytes: (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0) + FRAMING_BYTES,
    settings: {
      "queued.max.messages.kbytes": String(kbytes),
      "queued.min.messages": String(minMessages),
      "fetch.max.bytes": String(fetchBytes),
      "fetch.message.max.bytes": String(partitionFetchBytes),
    },
    assumed,
  };
}

interface Plateau {
  readonly messages: number;
  readonly bytes: number;
}

/**
 * A queue that holds `kbytes` (of 1000 B, values only) or `minMessages`, whichever is reached first, and `extraWireBytes` of
 * records that arrived beyond. `bufferFactor`: how much larger the buffers are than what lies in them.
 */
function plateau(consumer: Consumer, valueBytes: number, queues: number, extraWireBytes: number, bufferFactor: number): Plateau {
  const queued = queues * Math.min(consumer.minMessages, (consumer.kbytes * 1000) / valueBytes);
  const recordBytes = valueBytes + consumer.overheadBytes;
  const messages = queued + (extraWireBytes * consumer.ratio) / recordBytes;
  return { messages, bytes: messages * (recordBytes * bufferFactor + consumer.opBytes) };
}

/**
 * What one broker may add: a Fetch that was under way when the limit was reached. At most a whole response. Expected: half a
 * partition's chunk and 18 % of the response, at least one chunk, as measured with 4 to 50 partitions a broker (partitions
 * join a Fetch one by one, so it is seldom full; mock brokers, so a real one may add more).
 */
function overshootBytes(consumer: Consumer): { readonly expected: number; readonly most: number } {
  const chunk = consumer.partitionFetchBytes;
  const most = Math.min(consumer.fetchBytes + chunk, Math.ceil(consumer.partitions / consumer.brokers) * chunk);
  return { expected: Math.min(most, Math.max(chunk, chunk / 2 + 0.18 * most)), most };
}

function consumerCeiling(scope: Scope): Ceiling {
  const consumer = consumerOf(scope);
  const valueBytes = Math.max(1, scope.messageBytes ?? TYPICAL_MESSAGE_BYTES);
  const overshoot = overshootBytes(consumer);
  const queues = scope.splitQueues ? consumer.partitions : 1;
  const responses = scope.splitQueues ? 0 : consumer.brokers; // split queues overshoot by a chunk each
  const expectedExtra = scope.splitQueues ? (queues * consumer.partitionFetchBytes) / 2 : responses * overshoot.expected;
  const mostExtra = scope.splitQueues ? queues * consumer.partitionFetchBytes : responses * overshoot.most;
  // zstd's output buffer grows threefold and is never trimmed (rdkafka_zstd.c); measured 2.05 to 2.5 times the values
  const isCompressed = consumer.ratio > 1;
  const baseBytes = 0.6e6 + 0.3e6 * consumer.brokers; // measured: 1.5 MB with three brokers
  const expected = plateau(consumer, valueBytes, queues, expectedExtra, isCompressed ? 2.2 : 1);
  // Which message size holds most: where both limits are reached at once (655 B with the defaults)
  const worstValueBytes = Math.max(1, (consumer.kbytes * 1000) / consumer.minMessages);
  const high = plateau(consumer, scope.messageBytes === null ? worstValueBytes : valueBytes, queues, mostExtra, isCompressed ? 3 : 1);
  const low = plateau(consumer, scope.messageBytes === null ? 64 * 1024 : valueBytes, queues, 0, 1);
  const { instances } = scope;
  const bytes = instances * (expected.bytes + baseBytes);
  const limitIsCount = consumer.minMessages * valueBytes < consumer.kbytes * 1000;
  const limit = limitIsCount
    ? `queued.min.messages=${consumer.minMessages}`
    : `queued.max.messages.kbytes=${consumer.kbytes} × 1000 B ÷ ${Math.round(valueBytes)} B`;
  const each = `${Math.round(valueBytes)} B value + ${consumer.overheadBytes} B key, headers and framing + ${consumer.opBytes} B object`;
  return {
    component: "fetch-queue",
    bytes,
    lowBytes: 0.9 * instances * Math.min(low.bytes, expected.bytes), // the queue drains a little before it asks for more
    highBytes: instances * (Math.max(high.bytes + high.messages * ALLOCATOR_BYTES, expected.bytes) + baseBytes),
    messages: Math.round(instances * expected.messages),
    formula: [
      instances > 1 ? `${instances} instances × ` : "",
      queues > 1 ? `${queues} split queues × ` : "",
      `${limit} messages × (${each})`,
      isCompressed ? " × up to 3 for decompression buffers" : "",
      ` + ${scope.splitQueues ? `${queues} partitions` : `${consumer.brokers} brokers`} × ${formatBytes(scope.splitQueues ? consumer.partitionFetchBytes / 2 : overshoot.expected)}`,
      ` (at most ${formatBytes(scope.splitQueues ? consumer.partitionFetchBytes : overshoot.most)}) of fetches under way`,
      ` + ${formatBytes(baseBytes)} = ${formatBytes(bytes)}`,
    ].join(""),
    settings: consumer.settings,
    assumed: [...consumer.assumed, ...(scope.messageBytes === null ? ["messages of 1 KiB; the worst size sets the upper bound"] : [])],
    source: "rdkafka_fetcher.c:3764-3778, rdkafka.c:2717, rdkafka_op.c:1007, rdkafka_conf.c:4551 at v2.15.0; overshoot measured",
  };
}

/** The message struct in front of key and value (rdkafka_msg.c:147). */
const PRODUCED_MESSAGE_BYTES = 176;

function producerCeiling(scope: Scope): Ceiling {
  const kbytes = numberSetting(scope.settings, "queue.buffering.max.kbytes") ?? 1_048_576;
  const maxMessages = numberSetting(scope.settings, "queue.buffering.max.messages") ?? 100_000;
  const inFlight = numberSetting(scope.settings, "max.in.flight.requests.per.connection") ?? 1_000_000;
  const batchBytes = numberSetting(scope.settings, "batch.size") ?? 1_000_000;
  const codec = setting(scope.settings, "compression.codec") ?? "none";
  const valueBytes = Math.max(1, scope.messageBytes ?? TYPICAL_MESSAGE_BYTES);
  const messages = Math.min(maxMessages === 0 ? Number.POSITIVE_INFINITY : maxMessages, (kbytes * 1024) / valueBytes);
  const eachBytes = valueBytes + PRODUCED_MESSAGE_BYTES + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0);
  // Requests being sent are copies that no limit counts: up to 1.45 times their values, 2.3 with any codec (measured)
  const copiedBytes = Math.min(messages * valueBytes, inFlight * batchBytes * Math.max(1, scope.brokers ?? 1));
  const copyFactor = codec === "none" ? 1.45 : 2.3;
  const bytes = scope.instances * messages * eachBytes;
  const largestBytes = scope.messageBytes === null ? kbytes * 1024 + maxMessages * PRODUCED_MESSAGE_BYTES : messages * eachBytes;
  return {
    component: "producer-queue",
    bytes,
    lowBytes: 0.9 * bytes,
    highBytes: scope.instances * (largestBytes + copyFactor * copiedBytes),
    messages: Math.round(scope.instances * messages),
    formula: [
      scope.instances > 1 ? `${scope.instances} instances × ` : "",
      `min(queue.buffering.max.messages=${maxMessages}, queue.buffering.max.kbytes=${kbytes} × 1024 B ÷ ${Math.round(valueBytes)} B) messages`,
      ` × (${Math.round(eachBytes)} B with struct, key and headers) = ${formatBytes(bytes)}`,
      `; requests in flight may add ${formatBytes(copyFactor * copiedBytes)}`,
    ].join(""),
    settings: {
      "queue.buffering.max.kbytes": String(kbytes),
      "queue.buffering.max.messages": String(maxMessages),
      "compression.codec": codec,
    },
    assumed: scope.messageBytes === null ? ["messages of 1 KiB; the limit in kbytes sets the upper bound"] : [],
    source: "rdkafka.c:2739, rdkafka_msg.c:147 and 253, rdkafka_msgset_writer.c at v2.15.0; copies in flight measured",
  };
}

/** Settings under which the upper bound fits the target; null when not even the smallest do. */
function settingsThatFit(scope: Scope, targetBytes: number): Readonly<Record<string, string>> | null {
  const valueBytes = Math.max(1, scope.messageBytes ?? TYPICAL_MESSAGE_BYTES);
  for (const partitionFetchBytes of [null, 256 * 1024, 64 * 1024]) {
    const withKbytes = (kbytes: number): Map<string, string> => {
      const settings = new Map(scope.settings);
      for (const name of ["fetch.max.bytes", "max.partition.fetch.bytes"]) settings.delete(name);
      settings.set("queued.max.messages.kbytes", String(kbytes));
      settings.set("queued.min.messages", String(Math.max(1, Math.ceil((kbytes * 1000) / valueBytes))));
      if (partitionFetchBytes !== null) settings.set("fetch.message.max.bytes", String(partitionFetchBytes));
      return settings;
    };
    const fits = (kbytes: number): boolean => consumerCeiling({ ...scope, settings: withKbytes(kbytes) }).highBytes <= targetBytes;
    if (!fits(1)) continue;
    let fitting = 1;
    for (let step = 2 ** 20; step >= 1; step /= 2) if (fitting + step <= 2_097_151 && fits(fitting + step)) fitting += step;
    const chosen = withKbytes(fitting);
    const result: Record<string, string> = {
      "queued.max.messages.kbytes": chosen.get("queued.max.messages.kbytes") ?? "",
      "queued.min.messages": chosen.get("queued.min.messages") ?? "",
    };
    if (partitionFetchBytes !== null) result["max.partition.fetch.bytes"] = String(partitionFetchBytes);
    return result;
  }
  return null;
}

function bufferingRemedies(scope: Scope, targetBytes: number | null): readonly Remedy[] {
  const remedies: Remedy[] = [];
  const { fetchBytesSet } = consumerOf(scope);
  const settings = targetBytes === null ? null : settingsThatFit(scope, targetBytes);
  if (targetBytes !== null && settings === null) {
    remedies.push({
      code: "target-too-small",
      text: `No queue setting brings ${scope.instances} instance(s) under ${formatBytes(targetBytes)}: use fewer instances or a larger limit.`,
    });
  } else {
    remedies.push({
      code: "lower-queue-limits",
      text: "Lower queued.max.messages.kbytes and queued.min.messages together: whichever is reached first stops fetching.",
      settings: settings ?? { "queued.max.messages.kbytes": "16384", "queued.min.messages": "10000" },
    });
  }
  if (fetchBytesSet) {
    remedies.push({
      code: "unset-fetch-max-bytes",
      text: "Do not set fetch.max.bytes: left alone it follows queued.max.messages.kbytes, set explicitly each broker may add that much.",
    });
  }
  if (scope.splitQueues) {
    remedies.push({
      code: "limits-are-per-partition",
      text: "With split partition queues both limits count per partition: divide them by the number of partitions.",
    });
  }
  return remedies;
}

const ISSUE = "https://github.com/confluentinc/librdkafka/issues/";
const PULL = "https://github.com/confluentinc/librdkafka/pull/";

const issues: readonly KnownIssue[] = [
  {
    url: `${ISSUE}4486`,
    title: "Partition structs and their queued messages stay after the partition was removed while being consumed",
    kind: "client-leak",
    component: "topic-partition-state",
    from: "2.0.0",
    fixedIn: "2.6.1",
    advice: "Upgrade to librdkafka 2.6.1 or later (PR 4724).",
  },
  {
    url: `${ISSUE}4375`,
    title: "A stale leader epoch leaks a reference to the partition",
    kind: "client-leak",
    component: "topic-partition-state",
    from: "2.2.0",
    fixedIn: "2.3.0",
    advice: "Upgrade to librdkafka 2.3.0 or later (PR 4429).",
  },
  {
    url: `${ISSUE}1478`,
    title: "A failed produce (queue full) leaks a topic reference",
    kind: "client-leak",
    component: "topic-partition-state",
    from: null,
    fixedIn: "0.11.1",
    advice: "Upgrade librdkafka.",
  },
  {
    url: `${ISSUE}1384`,
    title: "Over-fetching of large batches from brokers 0.11",
    kind: "client-leak",
    component: "fetch-queue",
    from: "0.9.5",
    fixedIn: "0.11.1",
    advice: "Upgrade librdkafka: 0.11.0 queues far more than queued.min.messages.",
  },
  {
    url: `${PULL}3950`,
    title: "zstd decompression allocates up to three times what it uses",
    kind: "buffering",
    component: "decompress-buffer",
    from: null,
    fixedIn: null,
    advice: "Count with it, or lower the queue limits: profilers see the allocated size, the resident size is smaller.",
  },
  {
    url: `${ISSUE}1775`,
    title: "Messages that the application keeps are not counted by queued.max.messages.kbytes",
    kind: "app-retains",
    component: "message-op",
    from: null,
    fixedIn: null,
    advice: "Call rd_kafka_message_destroy for every message, also for those that carry an error.",
  },
  {
    url: `${ISSUE}2977`,
    title: "A single kept message holds the whole receive buffer",
    kind: "app-retains",
    component: "fetch-response-buffer",
    from: null,
    fixedIn: null,
    advice: "Copy what must be kept and destroy the message.",
  },
  {
    url: `${ISSUE}1536`,
    title: "Error messages that are not destroyed",
    kind: "app-retains",
    component: "client-other",
    from: null,
    fixedIn: null,
    advice: "Destroy messages that carry an error, too.",
  },
  {
    url: `${ISSUE}2890`,
    title: "Statistics pile up when the application never polls",
    kind: "app-retains",
    component: "statistics",
    from: null,
    fixedIn: null,
    advice: "Poll the client regularly, or switch statistics.interval.ms off.",
  },
  {
    url: `${ISSUE}3343`,
    title: "Freed memory stays in the allocator's arenas",
    kind: "allocator",
    component: null,
    from: null,
    fixedIn: null,
    advice: "Compare live heap with resident memory; MALLOC_ARENA_MAX=2, malloc_trim or jemalloc help.",
  },
];

export const librdkafka: KafkaClient = {
  id: "librdkafka",
  title: "librdkafka",
  language: "C/C++",
  own: {
    names:
      /^(?:rd_kafka_|rd_kafkap_|rd_buf_|rd_slice_|rd_list_|rd_avl_|rd_avg_|rd_hdr_|rd_gz_|rd_map_|rd_addrinfo_|rd_sockaddr_|RdKafka::)/,
    modules: MODULES,
    files:
      /(?:^|\/)(?:rdkafka(?:_\w+)?|rdbuf|rdlist|rdgz|rdavl|rdmap|rdaddr|rdhdrhistogram|RdKafka\w*)\.(?:c|h|cpp)$|\/librdkafka\/src(?:-cpp)?\//,
    threads: /^rdk:(?:main|broker-?\d+|bg|mock)/,
  },
  rules,
  nameTest: {
    entry: /^rd_kafka_/,
    threadMain: /^rd_kafka_\w*thread_main$/,
    source: "thread mains are local symbols and vanish on strip; 99.7 % of a stripped profile's bytes flagged, 0 of healthy ones",
  },
  versionInPath: /librdkafka[-_/]v?(\d+\.\d+\.\d+)/,
  ceilings: (scope) => [consumerCeiling(scope), producerCeiling(scope)],
  queueBytes: (messages, valueBytes, scope) =>
    valueBytes + messages * (forVersion(OP_BYTES, scope.version) + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0) + BOOKKEEPING_BYTES),
  issues,
  messageObjectBytes: (version) => (version === null ? OP_BYTES.map((row) => row.value) : [forVersion(OP_BYTES, version)]),
  remedies: {
    buffering: bufferingRemedies,
    appRetained: [
      { code: "destroy-messages", text: "Call rd_kafka_message_destroy on every message as soon as it is processed, errors included." },
      { code: "copy-what-is-kept", text: "Copy the bytes that must be kept: one kept message holds the whole fetch response around it." },
    ],
    howToGetStatistics:
      "Set statistics.interval.ms=5000, register rd_kafka_conf_set_stats_cb and append each JSON string to a file, one a line.",
  },
};
