/**
 * How much librdkafka's queues may hold: the ceilings of its consumer and producer, and settings that lower them. Formulas
 * follow the code at v2.15.0 (4c3b017c3); `librdkafka.test.ts` holds them against measurements.
 */
import { formatBytes } from "../base/units.ts";
import { compareVersions } from "../base/versions.ts";
import { askedBrokers, ceilingFrom, FRAMING_BYTES, type InstanceTerm, TYPICAL_MESSAGE_BYTES } from "./ceilings.ts";
import type { BoundedComponent, Ceiling, Parameter, Remedy, Scope, Trap } from "./client.ts";
import { largestFitting, Parameters, withSettings } from "./parameters.ts";

const CONFIGURATION = "CONFIGURATION.md at v2.15.0";

/** The settings that bound its queues. Defaults by CONFIGURATION.md of the tags v0.11.0 to v2.15.0. */
export const parameters: readonly Parameter[] = [
  {
    name: "queued.max.messages.kbytes",
    defaults: [
      { from: "1.5.0", value: "65536" },
      { from: "1.0.0", value: "1048576" },
      { from: "0", value: "1000000" },
    ],
    unit: "kB of 1000 B of values",
    per: "consumer; with split queues: partition",
    source: "CONFIGURATION.md of the tags v0.11.0 to v2.15.0; rdkafka.c:2717 multiplies by 1000",
  },
  {
    name: "queued.min.messages",
    defaults: [{ from: "0", value: "100000" }],
    unit: "messages",
    per: "consumer; with split queues: partition",
    source: `${CONFIGURATION}; rdkafka_fetcher.c:3764`,
  },
  {
    name: "fetch.max.bytes",
    // rdkafka_conf.c:4551: left alone it follows the queue's limit, set to its own default it does not
    defaults: [{ from: "0", value: "" }],
    unit: "bytes on the wire",
    per: "broker and fetch",
    source: "rdkafka_conf.c:4551: max(min(50 MiB, queued.max.messages.kbytes × 1024), message.max.bytes) when not set",
  },
  {
    name: "fetch.message.max.bytes",
    aliases: ["max.partition.fetch.bytes"],
    defaults: [{ from: "0", value: "1048576" }],
    unit: "bytes on the wire",
    per: "partition and fetch",
    source: CONFIGURATION,
  },
  {
    name: "message.max.bytes",
    defaults: [{ from: "0", value: "1000000" }],
    unit: "bytes",
    per: "request",
    source: CONFIGURATION,
  },
  {
    name: "queue.buffering.max.kbytes",
    defaults: [{ from: "0", value: "1048576" }],
    unit: "KiB of values",
    per: "producer",
    source: CONFIGURATION,
  },
  {
    name: "queue.buffering.max.messages",
    defaults: [{ from: "0", value: "100000" }],
    unit: "messages (0 = no limit)",
    per: "producer",
    source: CONFIGURATION,
  },
  {
    name: "max.in.flight.requests.per.connection",
    aliases: ["max.in.flight"],
    defaults: [{ from: "0", value: "1000000" }],
    unit: "requests",
    per: "broker",
    source: CONFIGURATION,
  },
  {
    name: "batch.size",
    defaults: [{ from: "0", value: "1000000" }],
    unit: "bytes",
    per: "produce request and partition",
    source: CONFIGURATION,
  },
  {
    name: "compression.codec",
    aliases: ["compression.type"],
    defaults: [{ from: "0", value: "none" }],
    unit: "name",
    per: "producer",
    source: CONFIGURATION,
  },
];

/** Newest first; a row holds from its version on. */
type VersionTable = readonly { readonly from: string; readonly value: number }[];

/** sizeof(op) of a fetched message, LP64, compiled from each tag. */
const OP_BYTES: VersionTable = [
  { from: "2.6.0", value: 304 },
  { from: "1.6.0", value: 296 },
  { from: "0", value: 288 },
];

const NEWEST = "2.15.0";
/** Framing, batch headers and the rkbuf's share, as fitted to statistics against live heap. */
const BOOKKEEPING_BYTES = 40;
/** malloc's own header and rounding of an object, where a capture counts it (glibc's mallinfo, jemalloc's size classes). */
const ALLOCATOR_BYTES = 16;
/**
 * A broker cuts a partition's chunk at its limit, in the middle of a batch; that batch is fetched again, yet its bytes stay in the
 * response. With batches just above half a chunk that is nearly half of all buffers. Measured with batches of 400 kB in chunks of
 * 1 MiB: 89.1 MB of responses for 69.4 MB of values. Mock brokers do not cut, so no other measurement shows it.
 */
const CUT_BATCHES = 2;
const MIB = 1024 ** 2;

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
  const given = new Parameters(parameters, scope);
  const kbytes = given.number("queued.max.messages.kbytes");
  if (scope.version === null && !given.isSet("queued.max.messages.kbytes")) assumed.push("librdkafka 1.5 or later");
  const minMessages = Math.max(1, given.number("queued.min.messages"));
  const partitionFetchBytes = given.number("fetch.message.max.bytes");
  // The clamp applies only to a fetch.max.bytes that the user left alone
  const fetchBytes =
    given.numberOrNull("fetch.max.bytes") ?? Math.max(Math.min(50 * MIB, kbytes * 1024), given.number("message.max.bytes"));
  if (scope.brokers === null) assumed.push("one broker");
  if (scope.partitions === null) assumed.push("one partition a broker; a whole response for the upper bound");
  if (scope.compressionRatio === null) assumed.push("messages are not compressed");
  const brokers = askedBrokers(scope);
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
  const queued = plateau(consumer, valueBytes, queues, 0, buffers.expected);
  // Which message size holds most: where both limits are reached at once (655 B with the defaults)
  const worstValueBytes = scope.messageBytes === null ? Math.max(1, (consumer.kbytes * 1000) / consumer.minMessages) : valueBytes;
  const most = plateau(consumer, worstValueBytes, queues, sources * overshoot.most, buffers.most);
  const mostQueued = plateau(consumer, worstValueBytes, queues, 0, buffers.most);
  const mostWithCuts = plateau(consumer, worstValueBytes, queues, 0, consumer.ratio > 1 ? buffers.most : CUT_BATCHES);
  const least = plateau(consumer, scope.messageBytes === null ? 64 * 1024 : valueBytes, queues, 0, 1);
  const withAllocator = ({ bytes, messages }: Plateau): number => bytes + messages * ALLOCATOR_BYTES;
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
  const underWayBytes = expected.bytes - queued.bytes;
  const terms: readonly InstanceTerm[] = [
    {
      what: "messages in the queue",
      lowBytes: 0.9 * Math.min(least.bytes, queued.bytes), // the queue drains a little before it asks for more
      bytes: queued.bytes,
      highBytes: withAllocator(mostWithCuts),
      formula: queues > 1 ? `${queues} split queues × (${limit} × (${each}))` : `${limit} × (${each})`,
      source: "rdkafka_fetcher.c:3764-3778, rdkafka.c:2717, rdkafka_op.c:973 and 1007 at v2.15.0",
    },
    {
      what: "fetches under way",
      lowBytes: 0,
      bytes: underWayBytes,
      highBytes: Math.max(underWayBytes, withAllocator(most) - withAllocator(mostQueued)),
      formula: `${sources} ${source}${sources === 1 ? "" : "s"} × ${formatBytes(underWayBytes / sources)} of fetches under way`,
      source: "rdkafka_fetcher.c:3773 (the limit is looked at before a Fetch is sent), rdkafka_conf.c:4551; expected size measured",
    },
    {
      what: "the client itself",
      lowBytes: 0,
      bytes: baseBytes,
      highBytes: baseBytes,
      formula: `${formatBytes(baseBytes)} for the client itself`,
      source: "rdkafka_broker.c, rdhdrhistogram.c: 0.6 MB and 0.3 MB a broker, measured",
    },
  ];
  return ceilingFrom({
    component: "fetch-queue",
    instances: scope.instances,
    messages: expected.messages,
    terms,
    settings: consumer.settings,
    assumed: [...consumer.assumed, ...(scope.messageBytes === null ? ["messages of 1 KiB; the worst size sets the upper bound"] : [])],
    source: "rdkafka_fetcher.c:3764-3778, rdkafka.c:2717, rdkafka_op.c:1007, rdkafka_conf.c:4551 at v2.15.0; overshoot measured",
  });
}

/** The message struct in front of key and value (rdkafka_msg.c:147). */
const PRODUCED_MESSAGE_BYTES = 176;

export function producerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const kbytes = given.number("queue.buffering.max.kbytes");
  const maxMessages = given.number("queue.buffering.max.messages");
  const codec = given.text("compression.codec");
  const settings = given.used;
  const inFlight = given.number("max.in.flight.requests.per.connection");
  const batchBytes = given.number("batch.size");
  const valueBytes = Math.max(1, scope.messageBytes ?? TYPICAL_MESSAGE_BYTES);
  const messages = Math.min(maxMessages === 0 ? Number.POSITIVE_INFINITY : maxMessages, (kbytes * 1024) / valueBytes);
  const eachBytes = valueBytes + PRODUCED_MESSAGE_BYTES + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0);
  // Requests being sent are copies that no limit counts: up to 1.45 times their values, 2.3 with any codec (measured)
  const copiedBytes = Math.min(messages * valueBytes, inFlight * batchBytes * Math.max(1, scope.brokers ?? 1));
  const copyFactor = codec === "none" ? 1.45 : 2.3;
  const bytes = messages * eachBytes;
  const largestBytes = scope.messageBytes === null ? kbytes * 1024 + maxMessages * PRODUCED_MESSAGE_BYTES : bytes;
  const terms: readonly InstanceTerm[] = [
    {
      what: "messages in the queue",
      lowBytes: 0.9 * bytes,
      bytes,
      highBytes: Math.max(bytes, largestBytes),
      formula: `min(queue.buffering.max.messages=${maxMessages}, queue.buffering.max.kbytes=${kbytes} × 1024 B ÷ ${Math.round(valueBytes)} B) messages × (${Math.round(valueBytes)} B value + ${Math.round(eachBytes - valueBytes)} B struct, key and headers)`,
      source: "rdkafka.c:2739, rdkafka_msg.c:147 and 253 at v2.15.0",
    },
    {
      what: "requests in flight",
      lowBytes: 0,
      bytes: 0,
      highBytes: copyFactor * copiedBytes,
      formula: `up to ${formatBytes(copyFactor * copiedBytes)} of requests in flight`,
      source: "rdkafka_msgset_writer.c at v2.15.0: write buffer and compressed copy live until the response; factors measured",
    },
  ];
  return ceilingFrom({
    component: "producer-queue",
    instances: scope.instances,
    messages,
    terms,
    settings,
    assumed: scope.messageBytes === null ? ["messages of 1 KiB; the limit in kbytes sets the upper bound"] : [],
    source: "rdkafka.c:2739, rdkafka_msg.c:147 and 253, rdkafka_msgset_writer.c at v2.15.0; copies in flight measured",
  });
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
      1,
      2_097_151, // the largest that librdkafka accepts
      (candidate) =>
        consumerCeiling(withSettings(scope, parameters, { "fetch.max.bytes": null, ...settingsOf(candidate) })).highBytes <= targetBytes,
    );
    if (kbytes !== null) return settingsOf(kbytes);
  }
  return null;
}

/** A quarter of the default queue: enough for any consumer that keeps up. */
const DEFAULT_ADVICE: Readonly<Record<string, string>> = { "queued.max.messages.kbytes": "16384", "queued.min.messages": "10000" };

export function remediesFor(scope: Scope, targetBytes: number | null, component: BoundedComponent): readonly Remedy[] {
  return component === "producer-queue" ? producerRemedies(scope, targetBytes) : consumerRemedies(scope, targetBytes);
}

function consumerRemedies(scope: Scope, targetBytes: number | null): readonly Remedy[] {
  const settings = targetBytes === null ? DEFAULT_ADVICE : consumerSettingsThatFit(scope, targetBytes);
  const lower: Remedy =
    settings === null
      ? tooSmall(scope, targetBytes ?? 0)
      : {
          code: "lower-queue-limits",
          text: "Lower queued.max.messages.kbytes and queued.min.messages together: whichever is reached first stops fetching.",
          settings,
          costs: costsOf(settings),
        };
  return [lower, ...traps(scope).map(({ code, text }): Remedy => ({ code, text }))];
}

/** A queue has to last for a round trip to the broker: less, and the consumer waits. */
function costsOf(settings: Readonly<Record<string, string>>): string {
  const queueBytes = Number(settings["queued.max.messages.kbytes"]) * 1000;
  const chunk = settings["fetch.message.max.bytes"];
  return [
    `Throughput: a queue of ${formatBytes(queueBytes)} feeds at most ${formatBytes(queueBytes * 10)} a second where a fetch takes 100 ms`,
    chunk === undefined ? "." : `, and a fetch brings at most ${formatBytes(Number(chunk))} a partition.`,
  ].join("");
}

/** Settings that do not do what they seem to. */
export function traps(scope: Scope): readonly Trap[] {
  const given = new Parameters(parameters, scope);
  const found: Trap[] = [];
  if (given.isSet("fetch.max.bytes")) {
    found.push({
      code: "unset-fetch-max-bytes",
      text: "Do not set fetch.max.bytes: left alone it follows queued.max.messages.kbytes, set explicitly each broker may add that much.",
      source: "rdkafka_conf.c:4551; measured: 9.7 MB of heap against 42.4 MB",
    });
  }
  if (scope.splitQueues) {
    found.push({
      code: "limits-are-per-partition",
      text: "With split partition queues both limits count per partition: divide them by the number of partitions.",
      source: "rdkafka_fetcher.c:3764; measured: 977 MB against 99.9 MB with twelve partitions",
    });
  }
  if (given.isSet("queue.buffering.max.kbytes")) {
    const factor = given.text("compression.codec") === "none" ? 1.45 : 2.3;
    found.push({
      code: "in-flight-is-not-counted",
      text: `queue.buffering.max.kbytes counts the values of waiting messages only: requests in flight may hold ${factor} times as much again.`,
      source: "rdkafka_msgset_writer.c at v2.15.0; measured: 118 MB of messages, 263 to 343 MB in all",
    });
  }
  if (scope.version !== null && compareVersions(scope.version, "1.5.0") < 0 && !given.isSet("queued.max.messages.kbytes")) {
    found.push({
      code: "one-gibibyte-default",
      text: `librdkafka ${scope.version} queues up to 1 GB by default: set queued.max.messages.kbytes=65536, the default since 1.5.`,
      source: "CONFIGURATION.md of the tags v0.11.0 to v1.5.0",
    });
  }
  return found;
}

function producerRemedies(scope: Scope, targetBytes: number | null): readonly Remedy[] {
  const settingsOf = (kbytes: number): Readonly<Record<string, string>> => ({ "queue.buffering.max.kbytes": String(kbytes) });
  const kbytes =
    targetBytes === null
      ? 65536
      : largestFitting(
          1,
          2_147_483_647,
          (candidate) => producerCeiling(withSettings(scope, parameters, settingsOf(candidate))).highBytes <= targetBytes,
        );
  const lower: Remedy =
    kbytes === null
      ? tooSmall(scope, targetBytes ?? 0)
      : {
          code: "lower-queue-limits",
          text: "Lower queue.buffering.max.kbytes: produce then fails with a full queue instead of using memory.",
          settings: settingsOf(kbytes),
          costs: `Produce calls fail with a full queue once ${formatBytes(kbytes * 1024)} of values wait; the application has to wait and repeat.`,
        };
  return [
    lower,
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
