/**
 * How much sarama's consumers and producers may hold. Formulas follow the code at v1.61.1 and were held against a real broker
 * (Kafka 3.9.1, `sarama-measurements.ts`). No setting bounds a consumer as a whole: `Consumer.Fetch.MaxBytes` bounds one response.
 */
import { formatBytes } from "../base/units.ts";
import { askedBrokers, ceilingFrom, FRAMING_BYTES, TYPICAL_MESSAGE_BYTES } from "./ceilings.ts";
import type { BoundedComponent, Ceiling, CeilingTerm, Parameter, Remedy, Scope, Trap } from "./client.ts";
import { type Lever, Parameters, settingsThatFit } from "./parameters.ts";

const MIB = 1024 ** 2;
const CONFIG = "config.go at v1.61.1";

export const parameters: readonly Parameter[] = [
  {
    name: "Consumer.Fetch.Default",
    defaults: [
      { from: "1.16.0", value: "1048576" },
      { from: "0", value: "32768" },
    ],
    unit: "bytes on the wire",
    per: "partition and fetch",
    source: `${CONFIG}; raised by the client while a batch is larger`,
  },
  {
    name: "Consumer.Fetch.MaxBytes",
    defaults: [
      { from: "1.49.0", value: "52428800" },
      // No such field: the request carried MaxResponseSize
      { from: "0", value: "104857600" },
    ],
    unit: "bytes on the wire",
    per: "broker and fetch",
    source: `${CONFIG}; sarama#3538 in v1.49.0`,
  },
  {
    name: "Consumer.Fetch.Max",
    defaults: [{ from: "0", value: "0" }],
    unit: "bytes on the wire (0 = no limit)",
    per: "partition and fetch",
    source: `${CONFIG}; consumer.go parseResponse`,
  },
  {
    name: "MaxResponseSize",
    aliases: ["sarama.MaxResponseSize"],
    defaults: [{ from: "0", value: "104857600" }],
    unit: "bytes",
    per: "response (a package variable)",
    source: "sarama.go at v1.61.1",
  },
  {
    name: "ChannelBufferSize",
    defaults: [{ from: "0", value: "256" }],
    unit: "messages",
    per: "partition",
    source: `${CONFIG}; consumer.go:170, async_producer.go:687 and 791`,
  },
  {
    name: "Producer.MaxMessageBytes",
    defaults: [
      { from: "1.43.3", value: "1048576" },
      { from: "0", value: "1000000" },
    ],
    unit: "bytes",
    per: "partition and request",
    source: "config.go of v1.38.1, v1.40.1, v1.43.3 and v1.61.1; produce_set.go wouldOverflow",
  },
  {
    name: "Net.MaxOpenRequests",
    defaults: [{ from: "0", value: "5" }],
    unit: "requests",
    per: "broker",
    source: CONFIG,
  },
  {
    name: "Producer.Retry.MaxBufferBytes",
    defaults: [{ from: "0", value: "0" }],
    unit: "bytes (0 = no limit)",
    per: "producer",
    source: CONFIG,
  },
];

/** A ConsumerMessage (152 B, size class 160) and its places in the two slices that the feeder walks. */
const MESSAGE_BYTES = 184;
/** What a broker accepts as one batch unless told otherwise (message.max.bytes); a fetch brings at least one. */
const BATCH_BYTES = 1_048_588;
const BASE_BYTES = 0.5e6;

const CONSUMER_SOURCE = "consumer.go responseFeeder, subscriptionConsumer, parseResponse; broker.go responseReceiver at v1.61.1";

/** Blocks that the last `messages` of a partition lie in, beside the one being handed out. */
function spanned(messages: number, blockBytes: number, recordBytes: number): number {
  const each = Math.max(1, Math.floor(blockBytes / recordBytes));
  if (messages <= each) return messages === 0 ? 0 : 1;
  return messages / each + 1; // they begin somewhere in a block and end somewhere in another
}

export function consumerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const partitionBytes = given.number("Consumer.Fetch.Default");
  const responseBytes = Math.min(given.number("Consumer.Fetch.MaxBytes"), given.number("MaxResponseSize"));
  const capacity = given.number("ChannelBufferSize");
  const assumed: string[] = [
    "every partition lags, so that a fetch brings as much of it as it may (a slow one with little traffic beside busy ones may hold more)",
  ];
  if (scope.version === null && !given.isSet("Consumer.Fetch.MaxBytes")) assumed.push("sarama 1.49 or later");
  if (scope.brokers === null) assumed.push("one broker");
  if (scope.partitions === null) assumed.push("one partition a broker; whole responses for the upper bound");
  if (scope.compressionRatio === null) assumed.push("messages are not compressed");
  if (scope.messageBytes === null) assumed.push("messages of 1 KiB");
  const brokers = askedBrokers(scope);
  const partitions = Math.max(1, scope.partitions ?? brokers);
  const share = Math.ceil(partitions / brokers);
  const ratio = Math.max(1, scope.compressionRatio ?? 1);
  const recordBytes =
    Math.max(1, scope.messageBytes ?? TYPICAL_MESSAGE_BYTES) + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0) + FRAMING_BYTES;
  const headed = 1 + MESSAGE_BYTES / recordBytes; // a byte of a record and its share of the object

  // A partition's block that the feeder hands out, all of it pinned until its last message is gone
  const blocks = Math.min(partitions * partitionBytes, brokers * responseBytes);
  const feeding = blocks * ratio * headed;
  // The channel's messages lie in the blocks before that one, each whole; decompressed batches go one by one
  const channelRecords = partitions * capacity * recordBytes;
  const channelPinned =
    ratio > 1
      ? Math.min(spanned(capacity, partitionBytes * ratio, recordBytes) * blocks * ratio, channelRecords + (partitions * BATCH_BYTES) / 2)
      : spanned(capacity, partitionBytes, recordBytes) * blocks;
  const channelBytes = channelPinned + partitions * capacity * MESSAGE_BYTES;

  // A batch larger than Fetch.Default raises the fetch to its size
  const most = Math.max(partitionBytes, BATCH_BYTES);
  const pinned = 1 + Math.ceil(spanned(capacity, most * ratio, recordBytes));
  const largest = Math.max(responseBytes, BATCH_BYTES);
  let pinnedWire = 0;
  if (scope.partitions === null) pinnedWire = largest;
  else if (ratio > 1) pinnedWire = share * Math.min(largest, most);
  // Partitions that stop one after another each keep responses that brought the others, too
  else for (let others = 1; others <= share; others++) pinnedWire += Math.min(largest, others * most);
  const response = scope.partitions === null ? largest : Math.min(largest, share * most);
  const highHeld = brokers * pinned * pinnedWire * ratio * headed;
  const terms: readonly CeilingTerm[] = [
    {
      what: "blocks of partitions being handed out",
      lowBytes: 0.8 * blocks,
      bytes: feeding,
      highBytes: Math.max(feeding, highHeld / pinned),
      formula: `min(${partitions} partition${partitions === 1 ? "" : "s"} × Consumer.Fetch.Default=${partitionBytes}, ${brokers} broker${brokers === 1 ? "" : "s"} × ${responseBytes} B a response)${ratio > 1 ? ` × ${ratio} for decompression` : ""} and ${MESSAGE_BYTES} B a message`,
      source: CONSUMER_SOURCE,
    },
    {
      what: "responses that messages in the channels lie in",
      lowBytes: 0,
      bytes: channelBytes,
      highBytes: Math.max(channelBytes, highHeld - highHeld / pinned),
      formula: `${formatBytes(channelBytes)} that the last ChannelBufferSize=${capacity} messages of each partition lie in`,
      source: "consumer.go:170: the channel counts messages; real_decoder.go getRawBytes: values are slices of the response",
    },
    {
      what: "responses being received",
      lowBytes: 0,
      bytes: 0,
      highBytes: brokers * response * (ratio > 1 ? 1 + ratio : 1),
      formula: `up to ${formatBytes(brokers * response)} of responses being received`,
      source: "broker.go responseReceiver: one make([]byte) of the whole response",
    },
    {
      what: "the client itself",
      lowBytes: 0,
      bytes: BASE_BYTES,
      highBytes: BASE_BYTES * (1 + brokers),
      formula: `${formatBytes(BASE_BYTES)} for the client itself`,
      source: "connections, metadata, go-metrics; measured",
    },
  ];
  return ceilingFrom({
    component: "fetch-queue",
    instances: scope.instances,
    messages: Math.round((blocks * ratio) / recordBytes + partitions * capacity),
    terms,
    settings: given.used,
    assumed,
    source: CONSUMER_SOURCE,
  });
}

/** A ProducerMessage with its encoder's header (size class 208 and 24 B). */
const PRODUCED_BYTES = 232;

export function producerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const capacity = given.number("ChannelBufferSize");
  const batchBytes = given.number("Producer.MaxMessageBytes");
  const requests = given.number("Net.MaxOpenRequests");
  const settings = given.used;
  const brokers = askedBrokers(scope);
  const partitions = Math.max(1, scope.partitions ?? brokers);
  const valueBytes = Math.max(1, scope.messageBytes ?? TYPICAL_MESSAGE_BYTES);
  const recordBytes = valueBytes + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0);
  const messages = (1 + partitions) * capacity; // one channel a topic, one a partition
  const channelBytes = messages * (recordBytes + PRODUCED_BYTES);
  // produce_set.go: a set may not be larger than a request
  const request = Math.min(partitions * batchBytes, brokers * 100 * MIB);
  const headed = 1 + PRODUCED_BYTES / recordBytes;
  const terms: readonly CeilingTerm[] = [
    {
      what: "messages in the channels",
      lowBytes: 0,
      bytes: channelBytes,
      highBytes: scope.messageBytes === null ? messages * (batchBytes + PRODUCED_BYTES) : channelBytes,
      formula: `(1 topic + ${partitions} partition${partitions === 1 ? "" : "s"}) × ChannelBufferSize=${capacity} messages × (${Math.round(recordBytes)} B + ${PRODUCED_BYTES} B)`,
      source: "async_producer.go:687 and 791 at v1.61.1",
    },
    {
      what: "batches being filled and sent",
      lowBytes: 0,
      bytes: request * headed,
      // Filling, waiting, and in flight, each of those with its encoded copy
      highBytes: request * ((2 + requests) * headed + 2 * requests),
      formula: `min(${partitions} × Producer.MaxMessageBytes=${batchBytes}, ${brokers} × 100 MiB) of batches, each message with ${PRODUCED_BYTES} B`,
      source: "async_producer.go brokerProducer.run, produce_set.go wouldOverflow, broker.go sendInternal at v1.61.1",
    },
    {
      what: "the client itself",
      lowBytes: 0,
      bytes: BASE_BYTES,
      highBytes: BASE_BYTES * (1 + brokers),
      formula: `${formatBytes(BASE_BYTES)} for the client itself`,
      source: "connections, metadata, go-metrics; measured",
    },
  ];
  return ceilingFrom({
    component: "producer-queue",
    instances: scope.instances,
    messages: messages + request / recordBytes,
    terms,
    settings,
    assumed: [
      "values belong to the application until they are encoded: a profile shows them under the code that made them",
      ...(scope.partitions === null ? ["one partition a broker"] : []),
      ...(scope.messageBytes === null ? ["messages of 1 KiB; Producer.MaxMessageBytes for the upper bound"] : []),
    ],
    source: "async_producer.go, produce_set.go at v1.61.1",
  });
}

export function traps(scope: Scope): readonly Trap[] {
  const given = new Parameters(parameters, scope);
  const found: Trap[] = [];
  const capacity = given.number("ChannelBufferSize");
  if (capacity > 0) {
    found.push({
      code: "channel-counts-messages",
      text: `ChannelBufferSize counts messages, not bytes, and each of them keeps the whole response it came in: a slow partition with little traffic beside busy ones may pin ${capacity} responses.`,
      source:
        "consumer.go:170, real_decoder.go getRawBytes at v1.61.1; measured: 256 messages of 5 B beside a partition of 20 MB/s held 107 MB",
    });
  }
  if (given.isSet("Consumer.Fetch.Default") && given.number("Consumer.Fetch.Default") < BATCH_BYTES) {
    found.push({
      code: "fetch-default-is-raised",
      text: "Consumer.Fetch.Default below the size of a batch has no effect: the client raises it to the size of the batch.",
      source: "consumer.go parseResponse at v1.61.1; measured: 14 MB with 128 KiB as with 1 MiB, batches of 1 MB",
    });
  }
  if (given.number("Consumer.Fetch.Max") > 0) {
    found.push({
      code: "fetch-max-skips-messages",
      text: "Consumer.Fetch.Max is no memory limit to tune: a batch larger than it is skipped with ErrMessageTooLarge.",
      source: "consumer.go parseResponse at v1.61.1",
    });
  }
  if (scope.version !== null && /^1\.(?:[0-3]?\d|4[0-8])\./.test(scope.version)) {
    found.push({
      code: "no-fetch-max-bytes",
      text: `sarama ${scope.version} has no Consumer.Fetch.MaxBytes and asks every broker for up to 100 MiB: upgrade to 1.49, or lower sarama.MaxResponseSize with care (larger responses then fail).`,
      source: "sarama#3538 in v1.49.0",
    });
  }
  return found;
}

export function remediesFor(scope: Scope, targetBytes: number | null, component: BoundedComponent): readonly Remedy[] {
  return component === "producer-queue" ? producerRemedies(scope, targetBytes) : consumerRemedies(scope, targetBytes);
}

/**
 * What to lower, the gentlest first: the size of a response, then the channels (which weigh where messages are large), then
 * a raised Fetch.Default; only together when none of them is enough.
 */
const ATTEMPTS: readonly (readonly Lever[])[] = [
  [{ name: "Consumer.Fetch.MaxBytes", least: 4 * MIB }],
  [{ name: "ChannelBufferSize", least: 16 }],
  [{ name: "Consumer.Fetch.Default", least: MIB }],
  [
    { name: "Consumer.Fetch.MaxBytes", least: MIB },
    { name: "ChannelBufferSize", least: 0 },
    { name: "Consumer.Fetch.Default", least: MIB },
  ],
];

function consumerSettingsThatFit(scope: Scope, targetBytes: number): Readonly<Record<string, string>> | null {
  for (const levers of ATTEMPTS) {
    const settings = settingsThatFit(scope, parameters, consumerCeiling, targetBytes, levers);
    if (settings !== null) return settings;
  }
  return null;
}

function consumerRemedies(scope: Scope, targetBytes: number | null): readonly Remedy[] {
  const settings =
    targetBytes === null
      ? { "Consumer.Fetch.MaxBytes": String(8 * MIB), ChannelBufferSize: "16" }
      : consumerSettingsThatFit(scope, targetBytes);
  const lower: Remedy =
    settings === null
      ? tooSmall(scope, targetBytes ?? 0, "More consumers in the group, in processes of their own, divide the partitions.")
      : {
          code: "lower-fetch-limits",
          text: "Lower Consumer.Fetch.MaxBytes, which says how large a response is, or ChannelBufferSize, which says how many of them a slow partition keeps.",
          settings,
          costs:
            "Throughput: smaller responses mean more round trips, and with a short channel a partition waits for its next fetch sooner.",
        };
  return [lower, ...traps(scope).map(({ code, text }): Remedy => ({ code, text }))];
}

function producerRemedies(scope: Scope, targetBytes: number | null): readonly Remedy[] {
  const settings =
    targetBytes === null
      ? { ChannelBufferSize: "16", "Net.MaxOpenRequests": "1" }
      : settingsThatFit(scope, parameters, producerCeiling, targetBytes, [
          { name: "Net.MaxOpenRequests", least: 1 },
          { name: "ChannelBufferSize", least: 0 },
          { name: "Producer.MaxMessageBytes", least: 65536 },
        ]);
  const lower: Remedy =
    settings === null
      ? tooSmall(scope, targetBytes ?? 0, "Wait before handing over more messages, so that fewer are under way.")
      : {
          code: "lower-producer-limits",
          text: "Lower Net.MaxOpenRequests, then ChannelBufferSize: writing to Input() then blocks sooner.",
          settings,
          costs: "Throughput: fewer requests under way, and the application waits at Input() while the broker answers.",
        };
  return [lower, { code: "read-errors", text: "Read Errors() (and Successes() where it is on): the producer stops while nobody does." }];
}

function tooSmall(scope: Scope, targetBytes: number, otherwise: string): Remedy {
  return {
    code: "target-too-small",
    text: `No setting brings ${scope.instances} instance(s) under ${formatBytes(targetBytes)}. ${otherwise}`,
  };
}
