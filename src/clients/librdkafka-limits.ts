/**
 * How much librdkafka's queues may hold: the ceilings of its consumer and producer, and settings that lower them. Formulas
 * follow the code at v2.15.0 (4c3b017c3); `librdkafka.test.ts` holds them against measurements.
 */
import { formatBytes } from "../base/units.ts";
import { compareVersions } from "../base/versions.ts";
import type { Ceiling, Remedy, Scope, Settings } from "./client.ts";

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
  readonly brokers: number;
  readonly partitions: number;
  readonly partitionsKnown: boolean;
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
  const minMessages = Math.max(1, numberSetting(settings, "queued.min.messages") ?? 100_000);
  const partitionFetchBytes = numberSetting(settings, "fetch.message.max.bytes") ?? MIB;
  const messageMaxBytes = numberSetting(settings, "message.max.bytes") ?? 1_000_000;
  const fetchSet = numberSetting(settings, "fetch.max.bytes");
  // rdkafka_conf.c:4551: the clamp applies only to a fetch.max.bytes that the user left alone
  const fetchBytes = fetchSet ?? Math.max(Math.min(50 * MIB, kbytes * 1024), messageMaxBytes);
  if (scope.brokers === null) assumed.push("one broker");
  if (scope.partitions === null) assumed.push("one partition a broker; a whole response for the upper bound");
  if (scope.compressionRatio === null) assumed.push("messages are not compressed");
  // Only brokers that lead an assigned partition are asked
  const brokers = Math.max(1, Math.min(scope.brokers ?? 1, scope.partitions ?? Number.POSITIVE_INFINITY));
  return {
    kbytes,
    minMessages,
    partitionFetchBytes,
    fetchBytes,
    brokers,
    partitions: Math.max(1, scope.partitions ?? brokers),
    partitionsKnown: scope.partitions !== null,
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
  const response = consumer.fetchBytes + chunk; // a last batch is sent whole
  const largest = Math.min(response, Math.ceil(consumer.partitions / consumer.brokers) * chunk);
  const expected = Math.min(largest, Math.max(chunk, chunk / 2 + 0.18 * largest));
  return { expected, most: consumer.partitionsKnown ? largest : response };
}

export function consumerCeiling(scope: Scope): Ceiling {
  const consumer = consumerOf(scope);
  const { instances } = scope;
  const valueBytes = Math.max(1, scope.messageBytes ?? TYPICAL_MESSAGE_BYTES);
  // Split queues each overshoot by a chunk of their own partition
  const overshoot = scope.splitQueues
    ? { expected: consumer.partitionFetchBytes / 2, most: consumer.partitionFetchBytes }
    : overshootBytes(consumer);
  const queues = scope.splitQueues ? consumer.partitions : 1;
  const sources = scope.splitQueues ? consumer.partitions : consumer.brokers;
  // zstd's output buffer grows threefold and is never trimmed (rdkafka_zstd.c); measured 2.05 to 2.5 times the values
  const buffers = consumer.ratio > 1 ? { expected: 2.2, most: 3 } : { expected: 1, most: 1 };
  const baseBytes = 0.6e6 + 0.3e6 * consumer.brokers; // measured: 1.5 MB with three brokers
  const expected = plateau(consumer, valueBytes, queues, sources * overshoot.expected, buffers.expected);
  // Which message size holds most: where both limits are reached at once (655 B with the defaults)
  const worstValueBytes = Math.max(1, (consumer.kbytes * 1000) / consumer.minMessages);
  const high = plateau(
    consumer,
    scope.messageBytes === null ? worstValueBytes : valueBytes,
    queues,
    sources * overshoot.most,
    buffers.most,
  );
  const low = plateau(consumer, scope.messageBytes === null ? 64 * 1024 : valueBytes, queues, 0, 1);
  const bytes = instances * (expected.bytes + baseBytes);
  const limitIsCount = consumer.minMessages * valueBytes < consumer.kbytes * 1000;
  const limit = limitIsCount
    ? `queued.min.messages=${consumer.minMessages} messages`
    : `queued.max.messages.kbytes=${consumer.kbytes} × 1000 B ÷ ${Math.round(valueBytes)} B messages`;
  const record = `${Math.round(valueBytes)} B value + ${consumer.overheadBytes} B key, headers and framing`;
  const each =
    buffers.expected > 1
      ? `(${record}) × ${buffers.expected} for decompression + ${consumer.opBytes} B object`
      : `${record} + ${consumer.opBytes} B object`;
  const source = scope.splitQueues ? "partition" : "broker";
  const heapPerWireByte = (consumer.ratio * expected.bytes) / (expected.messages * (valueBytes + consumer.overheadBytes));
  return {
    component: "fetch-queue",
    bytes,
    lowBytes: 0.9 * instances * Math.min(low.bytes, expected.bytes), // the queue drains a little before it asks for more
    highBytes: instances * (Math.max(high.bytes + high.messages * ALLOCATOR_BYTES, expected.bytes) + baseBytes),
    messages: Math.round(instances * expected.messages),
    formula: manyTimes(
      instances,
      [
        manyTimes(queues, `${limit} × (${each})`, "split queues"),
        ` + ${sources} ${source}${sources === 1 ? "" : "s"} × ${formatBytes(overshoot.expected * heapPerWireByte)}`,
        ` of fetches under way + ${formatBytes(baseBytes)} for the client itself`,
      ].join(""),
      "instances",
      bytes,
    ),
    settings: consumer.settings,
    assumed: [...consumer.assumed, ...(scope.messageBytes === null ? ["messages of 1 KiB; the worst size sets the upper bound"] : [])],
    source: "rdkafka_fetcher.c:3764-3778, rdkafka.c:2717, rdkafka_op.c:1007, rdkafka_conf.c:4551 at v2.15.0; overshoot measured",
  };
}

/** `2 instances × (…) = 1.5 MiB`; a single one is not counted. */
function manyTimes(count: number, text: string, what: string, bytes?: number): string {
  return `${count > 1 ? `${count} ${what} × (${text})` : text}${bytes === undefined ? "" : ` = ${formatBytes(bytes)}`}`;
}

/** The message struct in front of key and value (rdkafka_msg.c:147). */
const PRODUCED_MESSAGE_BYTES = 176;

export function producerCeiling(scope: Scope): Ceiling {
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
      manyTimes(
        scope.instances,
        `min(queue.buffering.max.messages=${maxMessages}, queue.buffering.max.kbytes=${kbytes} × 1024 B ÷ ${Math.round(valueBytes)} B) messages × (${Math.round(valueBytes)} B value + ${Math.round(eachBytes - valueBytes)} B struct, key and headers)`,
        "instances",
        bytes,
      ),
      `; requests in flight may add ${formatBytes(scope.instances * copyFactor * copiedBytes)}`,
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

/** Largest value in `[1, most]` that fits; null when not even 1 does. `fits` is monotone. */
function largestFitting(most: number, fits: (value: number) => boolean): number | null {
  if (!fits(1)) return null;
  let fitting = 1;
  for (let step = 2 ** 31; step >= 1; step /= 2) if (fitting + step <= most && fits(fitting + step)) fitting += step;
  return fitting;
}

/** The user's settings with some replaced (null = taken out); a property's aliases go with it. */
function withSettings(scope: Scope, replaced: Readonly<Record<string, string | null>>): Scope {
  const settings = new Map(scope.settings);
  for (const [property, value] of Object.entries(replaced)) {
    for (const name of [property, ...(ALIASES[property] ?? [])]) settings.delete(name);
    if (value !== null) settings.set(property, value);
  }
  return { ...scope, settings };
}

/** Consumer settings under which the upper bound fits the target; null when not even the smallest do. */
function consumerSettingsThatFit(scope: Scope, targetBytes: number): Readonly<Record<string, string>> | null {
  const valueBytes = Math.max(1, scope.messageBytes ?? TYPICAL_MESSAGE_BYTES);
  for (const chunkBytes of [null, 256 * 1024, 64 * 1024]) {
    const settingsOf = (kbytes: number): Record<string, string> => ({
      "queued.max.messages.kbytes": String(kbytes),
      "queued.min.messages": String(Math.ceil((kbytes * 1000) / valueBytes)),
      ...(chunkBytes === null ? {} : { "fetch.message.max.bytes": String(chunkBytes) }),
    });
    const kbytes = largestFitting(
      2_097_151, // the largest that librdkafka accepts
      (candidate) => consumerCeiling(withSettings(scope, { "fetch.max.bytes": null, ...settingsOf(candidate) })).highBytes <= targetBytes,
    );
    if (kbytes !== null) return settingsOf(kbytes);
  }
  return null;
}

/** A quarter of the default queue: enough for any consumer that keeps up. */
const DEFAULT_ADVICE: Readonly<Record<string, string>> = { "queued.max.messages.kbytes": "16384", "queued.min.messages": "10000" };

export function consumerRemedies(scope: Scope, targetBytes: number | null): readonly Remedy[] {
  const settings = targetBytes === null ? DEFAULT_ADVICE : consumerSettingsThatFit(scope, targetBytes);
  const remedies: Remedy[] = [];
  if (settings === null) {
    remedies.push(tooSmall(scope, targetBytes ?? 0));
  } else {
    const text = "Lower queued.max.messages.kbytes and queued.min.messages together: whichever is reached first stops fetching.";
    remedies.push({ code: "lower-queue-limits", text, settings });
  }
  if (numberSetting(scope.settings, "fetch.max.bytes") !== null) {
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

export function producerRemedies(scope: Scope, targetBytes: number | null): readonly Remedy[] {
  const settingsOf = (kbytes: number): Readonly<Record<string, string>> => ({ "queue.buffering.max.kbytes": String(kbytes) });
  const kbytes =
    targetBytes === null
      ? 65536
      : largestFitting(2_147_483_647, (candidate) => producerCeiling(withSettings(scope, settingsOf(candidate))).highBytes <= targetBytes);
  const text = "Lower queue.buffering.max.kbytes: produce then fails with a full queue instead of using memory.";
  return [
    kbytes === null ? tooSmall(scope, targetBytes ?? 0) : { code: "lower-queue-limits", text, settings: settingsOf(kbytes) },
    { code: "poll-delivery-reports", text: "Poll the producer regularly: a message is freed only after its delivery report was served." },
  ];
}

function tooSmall(scope: Scope, targetBytes: number): Remedy {
  return {
    code: "target-too-small",
    text: `No setting of the queues brings ${scope.instances} instance(s) under ${formatBytes(targetBytes)}: use fewer instances or a larger limit.`,
  };
}

/** Live heap of a queue with so many messages of so many value bytes, as fitted to statistics beside heap captures. */
export function queueBytes(messages: number, valueBytes: number, scope: Scope): number {
  const objectBytes = forVersion(OP_BYTES, scope.version);
  return valueBytes + messages * (objectBytes + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0) + BOOKKEEPING_BYTES);
}

/** Sizes of the object of one consumed message; all of them where the version is unknown. */
export function messageObjectBytes(version: string | null): readonly number[] {
  return version === null ? OP_BYTES.map((row) => row.value) : [forVersion(OP_BYTES, version)];
}
