/**
 * How much franz-go's clients may hold. Formulas follow pkg/kgo at v1.22.2 and were held against a real broker (Kafka 3.9.1,
 * `franz-go-measurements.ts`): one fetch a broker is buffered, and the one polled before it is in the application's hands.
 */
import { formatBytes } from "../base/units.ts";
import { compareVersions } from "../base/versions.ts";
import { askedBrokers, ceilingFrom, FRAMING_BYTES, TYPICAL_MESSAGE_BYTES } from "./ceilings.ts";
import type { BoundedComponent, Ceiling, CeilingTerm, Parameter, Remedy, Scope, Trap } from "./client.ts";
import { Parameters, settingsThatFit, withSettings } from "./parameters.ts";

const MIB = 1024 ** 2;
const CONFIG = "pkg/kgo/config.go at v1.22.2";

/** The options of `kgo.NewClient`: `kgo.FetchMaxBytes(8 << 20)` is `FetchMaxBytes=8388608`. */
export const parameters: readonly Parameter[] = [
  {
    name: "FetchMaxBytes",
    aliases: ["kgo.FetchMaxBytes"],
    defaults: [{ from: "0", value: "52428800" }],
    unit: "bytes on the wire",
    per: "broker and fetch",
    source: CONFIG,
  },
  {
    name: "FetchMaxPartitionBytes",
    aliases: ["kgo.FetchMaxPartitionBytes"],
    defaults: [
      { from: "1.4.1", value: "1048576" },
      { from: "0", value: "10485760" },
    ],
    unit: "bytes on the wire",
    per: "partition and fetch",
    source: `${CONFIG}; CHANGELOG.md of v1.4.1`,
  },
  {
    name: "MaxConcurrentFetches",
    aliases: ["kgo.MaxConcurrentFetches"],
    defaults: [
      { from: "1.21.0", value: "-1" },
      { from: "0", value: "0" },
    ],
    unit: "fetches (negative, before 1.21 also 0: as many as brokers)",
    per: "client",
    source: `${CONFIG}; CHANGELOG.md of v1.21.0`,
  },
  {
    name: "BrokerMaxReadBytes",
    aliases: ["kgo.BrokerMaxReadBytes"],
    defaults: [{ from: "0", value: "104857600" }],
    unit: "bytes",
    per: "response",
    source: CONFIG,
  },
  {
    name: "MaxBufferedRecords",
    aliases: ["kgo.MaxBufferedRecords"],
    defaults: [
      { from: "1.22.1", value: "50000" },
      { from: "0", value: "10000" },
    ],
    unit: "records to be produced",
    per: "client",
    source: `${CONFIG}; CHANGELOG.md of v1.22.1`,
  },
  {
    name: "MaxBufferedBytes",
    aliases: ["kgo.MaxBufferedBytes"],
    defaults: [{ from: "0", value: "" }],
    unit: "bytes to be produced (0, or not set: no limit)",
    per: "client",
    source: `${CONFIG}; since v1.15.0`,
  },
  {
    name: "ProducerBatchMaxBytes",
    aliases: ["kgo.ProducerBatchMaxBytes"],
    defaults: [{ from: "0", value: "1000012" }],
    unit: "bytes",
    per: "batch",
    source: CONFIG,
  },
];

/** A Record in the slab of its batch (160 B with its context, 152 before) and its pointer. */
const RECORD_BYTES = 168;
/** What a broker accepts as one batch unless told otherwise (message.max.bytes); a fetch brings at least one. */
const BATCH_BYTES = 1_048_588;
const BASE_BYTES = 0.5e6;

const SOURCE = "pkg/kgo/source.go (bufferedFetch, takeBuffered, processRecordBatch), consumer.go at v1.22.2";

export function consumerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const fetchBytes = given.number("FetchMaxBytes");
  const partitionBytes = Math.min(fetchBytes, given.number("FetchMaxPartitionBytes"));
  const concurrent = given.number("MaxConcurrentFetches");
  const assumed: string[] = [];
  if (scope.brokers === null) assumed.push("one broker");
  if (scope.partitions === null) assumed.push("one partition a broker; whole fetches for the upper bound");
  if (scope.compressionRatio === null) assumed.push("messages are not compressed");
  if (scope.messageBytes === null) assumed.push("messages of 1 KiB");
  const brokers = askedBrokers(scope);
  const share = Math.max(1, (scope.partitions ?? brokers) / brokers);
  const zeroIsUnbounded = scope.version !== null && compareVersions(scope.version, "1.21.0") < 0;
  const isUnbounded = concurrent < 0 || (concurrent === 0 && zeroIsUnbounded);
  const fetches = isUnbounded ? brokers : Math.min(brokers, concurrent);
  const ratio = Math.max(1, scope.compressionRatio ?? 1);
  const recordBytes =
    Math.max(1, scope.messageBytes ?? TYPICAL_MESSAGE_BYTES) + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0) + FRAMING_BYTES;
  const headed = ratio * (1 + RECORD_BYTES / recordBytes);

  const wire = Math.min(fetchBytes, share * partitionBytes);
  const wireLeast = Math.min(wire, partitionBytes < BATCH_BYTES / 2 ? BATCH_BYTES / 2 : wire);
  // The first batch of a fetch comes whole, whatever the limits say
  const first = Math.max(0, BATCH_BYTES - partitionBytes);
  const wireMost =
    scope.partitions === null ? Math.max(fetchBytes, BATCH_BYTES) : Math.min(fetchBytes, Math.ceil(share) * partitionBytes) + first;
  // MaxConcurrentFetches(0): nothing is buffered, a poll fetches for itself
  const polled = Math.max(1, fetches);
  const terms: readonly CeilingTerm[] = [
    {
      what: "fetches that wait for a poll",
      lowBytes: 0.8 * fetches * wireLeast,
      bytes: fetches * wire * headed,
      highBytes: fetches * wireMost * headed,
      formula: `${fetches} fetch${fetches === 1 ? "" : "es"} × min(FetchMaxBytes=${fetchBytes}, ${share} partition${share === 1 ? "" : "s"} × ${partitionBytes} B)${ratio > 1 ? ` × ${ratio} for decompression` : ""} and ${RECORD_BYTES} B a record`,
      source: SOURCE,
    },
    {
      what: "fetches that the application polled and works through",
      lowBytes: 0,
      bytes: polled * wire * headed,
      highBytes: polled * wireMost * headed,
      formula: `the same again (${polled} fetch${polled === 1 ? "" : "es"}) that PollFetches gave to the application`,
      source: `${SOURCE}; a broker is asked again as soon as its fetch was polled; measured`,
    },
    {
      what: "responses being received or decompressed",
      lowBytes: 0,
      bytes: 0,
      highBytes: ratio > 1 ? polled * wireMost : 0,
      formula: `${formatBytes(ratio > 1 ? polled * wireMost : 0)} of responses being decompressed`,
      source: "pkg/kgo/broker.go readConn, source.go handleReqResp at v1.22.2",
    },
    {
      what: "the client itself",
      lowBytes: 0,
      bytes: BASE_BYTES,
      highBytes: BASE_BYTES * (1 + brokers),
      formula: `${formatBytes(BASE_BYTES)} for the client itself`,
      source: "connections, metadata, decoders; measured",
    },
  ];
  return ceilingFrom({
    component: "fetch-queue",
    instances: scope.instances,
    messages: ((fetches + polled) * wire * ratio) / recordBytes,
    terms,
    settings: given.used,
    assumed,
    source: SOURCE,
  });
}

/** A Record of the application's (160 B) and its place in a batch with its promise and context. */
const PRODUCED_BYTES = 224;

export function producerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const maxRecords = given.number("MaxBufferedRecords");
  const maxBytes = given.numberOrNull("MaxBufferedBytes") ?? 0;
  const batchBytes = given.number("ProducerBatchMaxBytes");
  const bounded = maxBytes > 0 ? maxBytes : Number.POSITIVE_INFINITY;
  const recordBytes = Math.max(1, scope.messageBytes ?? TYPICAL_MESSAGE_BYTES) + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0);
  const records = Math.min(maxRecords, bounded / recordBytes);
  const bytes = records * (recordBytes + PRODUCED_BYTES);
  // Without a byte limit every record may be as large as a batch
  const most = scope.messageBytes === null ? Math.min(maxRecords * batchBytes, bounded) + maxRecords * PRODUCED_BYTES : bytes;
  const brokers = Math.max(1, scope.brokers ?? 1);
  const sending = Math.min(2 * most, brokers * 200 * MIB);
  const terms: readonly CeilingTerm[] = [
    {
      what: "records that wait to be acknowledged",
      lowBytes: 0.9 * records * (PRODUCED_BYTES - 160), // without what belongs to the application: values and Records
      bytes,
      highBytes: most,
      formula: `min(MaxBufferedRecords=${maxRecords}${maxBytes > 0 ? `, MaxBufferedBytes=${maxBytes}` : ""}) records × (${Math.round(recordBytes)} B + ${PRODUCED_BYTES} B)`,
      source: "pkg/kgo/producer.go, sink.go at v1.22.2; measured",
    },
    {
      what: "requests being written",
      lowBytes: 0,
      bytes: 0,
      highBytes: sending,
      formula: `up to ${formatBytes(sending)} of requests being written, with their compressed copies`,
      source: "pkg/kgo/sink.go seqRecBatch.appendTo, compression.go at v1.22.2",
    },
    {
      what: "the client itself",
      lowBytes: 0,
      bytes: BASE_BYTES,
      highBytes: BASE_BYTES * (1 + brokers),
      formula: `${formatBytes(BASE_BYTES)} for the client itself`,
      source: "connections, metadata; measured",
    },
  ];
  return ceilingFrom({
    component: "producer-queue",
    instances: scope.instances,
    messages: records,
    terms,
    settings: given.used,
    assumed: [
      "records and values belong to the application: a profile shows them under the code that made them",
      ...(scope.messageBytes === null ? ["messages of 1 KiB; ProducerBatchMaxBytes for the upper bound"] : []),
    ],
    source: "pkg/kgo/producer.go, sink.go at v1.22.2",
  });
}

export function traps(scope: Scope): readonly Trap[] {
  const given = new Parameters(parameters, scope);
  const found: Trap[] = [];
  if (given.isSet("MaxBufferedBytes")) {
    found.push({
      code: "max-buffered-bytes-is-for-producing",
      text: "MaxBufferedBytes bounds producing only: for consuming lower FetchMaxBytes and MaxConcurrentFetches.",
      source: "pkg/kgo/config.go, MaxBufferedBytes at v1.22.2",
    });
  }
  if ((scope.compressionRatio ?? 1) > 1) {
    found.push({
      code: "limits-are-compressed",
      text: `FetchMaxBytes and FetchMaxPartitionBytes count compressed bytes, and batches are decompressed before they are polled: ${scope.compressionRatio} times as much is held.`,
      source: "pkg/kgo/source.go processRecordBatch at v1.22.2; franz-go#701",
    });
  }
  if (given.isSet("FetchMaxPartitionBytes") && given.number("FetchMaxPartitionBytes") < BATCH_BYTES) {
    found.push({
      code: "at-least-one-batch",
      text: "FetchMaxPartitionBytes below the size of a batch does not make batches smaller: each fetch brings one whole, and what it brings of the other partitions is cut off and thrown away.",
      source: "measured: with 256 KiB and batches of 1 MB each fetch held one batch",
    });
  }
  if (given.isSet("MaxConcurrentFetches") && given.number("MaxConcurrentFetches") === 0) {
    if (scope.version !== null && compareVersions(scope.version, "1.21.0") < 0) {
      found.push({
        code: "zero-is-unbounded",
        text: `MaxConcurrentFetches(0) means no limit in franz-go ${scope.version}: only from 1.21 on nothing is fetched ahead.`,
        source: "CHANGELOG.md of v1.21.0",
      });
    }
  }
  return found;
}

export function remediesFor(scope: Scope, targetBytes: number | null, component: BoundedComponent): readonly Remedy[] {
  return component === "producer-queue" ? producerRemedies(scope, targetBytes) : consumerRemedies(scope, targetBytes);
}

function consumerRemedies(scope: Scope, targetBytes: number | null): readonly Remedy[] {
  const settings =
    targetBytes === null
      ? { FetchMaxBytes: String(8 * MIB) }
      : settingsThatFit(scope, parameters, consumerCeiling, targetBytes, [{ name: "FetchMaxBytes", least: 256 * 1024 }]);
  const lower: Remedy =
    settings === null
      ? tooSmall(
          scope,
          targetBytes ?? 0,
          "MaxConcurrentFetches(1) lets one broker after the other be asked; PollRecords instead of PollFetches gives the application less at once.",
        )
      : {
          code: "lower-fetch-limits",
          text: "Lower FetchMaxBytes: each broker's fetch is held twice, once waiting and once in the application's hands.",
          settings,
          costs: `Throughput: a fetch brings at most ${formatBytes(Number(settings["FetchMaxBytes"]))} a broker, so more round trips.`,
        };
  return [lower, ...traps(scope).map(({ code, text }): Remedy => ({ code, text }))];
}

function producerRemedies(scope: Scope, targetBytes: number | null): readonly Remedy[] {
  // 0 is no limit, so it is no value to start from
  const isUnlimited = (new Parameters(parameters, scope).numberOrNull("MaxBufferedBytes") ?? 0) === 0;
  const limited = isUnlimited ? withSettings(scope, parameters, { MaxBufferedBytes: null }) : scope;
  const settings =
    targetBytes === null || producerCeiling(limited).highBytes <= targetBytes
      ? { MaxBufferedBytes: String(Math.min(64 * MIB, new Parameters(parameters, limited).numberOrNull("MaxBufferedBytes") ?? 64 * MIB)) }
      : settingsThatFit(limited, parameters, producerCeiling, targetBytes, [
          { name: "MaxBufferedBytes", least: 4 * MIB },
          { name: "MaxBufferedRecords", least: 100 },
        ]);
  const lower: Remedy =
    settings === null
      ? tooSmall(scope, targetBytes ?? 0, "Use fewer clients.")
      : {
          code: "lower-producer-limits",
          text: "Set MaxBufferedBytes, which counts what the records hold, and lower MaxBufferedRecords if that is not enough: Produce then blocks.",
          settings,
          costs: "Produce blocks (TryProduce fails) while the limit is reached; the application has to wait.",
        };
  return [lower];
}

function tooSmall(scope: Scope, targetBytes: number, otherwise: string): Remedy {
  return {
    code: "target-too-small",
    text: `No size of fetches or buffers brings ${scope.instances} instance(s) under ${formatBytes(targetBytes)}. ${otherwise}`,
  };
}
