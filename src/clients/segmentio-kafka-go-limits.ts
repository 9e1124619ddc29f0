/**
 * How much segmentio's Reader may hold. Formulas follow the code at v0.4.51 and were held against a real broker (Kafka 3.9.1).
 * Of a Writer nothing can be said: with `Async` its queue has no limit at all, without it the callers are the limit.
 */
import { formatBytes } from "../base/units.ts";
import { ceilingFrom, TYPICAL_MESSAGE_BYTES } from "./ceilings.ts";
import type { Ceiling, CeilingTerm, Measurement, Parameter, Remedy, Scope, Trap } from "./client.ts";
import { Parameters, settingsThatFit } from "./parameters.ts";

export const parameters: readonly Parameter[] = [
  {
    name: "ReaderConfig.QueueCapacity",
    aliases: ["QueueCapacity"],
    defaults: [{ from: "0", value: "100" }],
    unit: "messages",
    per: "Reader",
    source: "reader.go:679 at v0.4.51",
  },
  {
    name: "ReaderConfig.MaxBytes",
    aliases: ["MaxBytes"],
    defaults: [{ from: "0", value: "1000000" }],
    unit: "bytes on the wire",
    per: "partition and fetch",
    source: "reader.go:647 at v0.4.51",
  },
  {
    name: "Writer.Async",
    aliases: ["WriterConfig.Async"],
    defaults: [{ from: "0", value: "false" }],
    unit: "true or false",
    per: "Writer",
    source: "writer.go at v0.4.51",
  },
  {
    name: "Writer.BatchSize",
    aliases: ["WriterConfig.BatchSize"],
    defaults: [{ from: "0", value: "100" }],
    unit: "messages",
    per: "batch and partition",
    source: "writer.go:815 at v0.4.51",
  },
  {
    name: "Writer.BatchBytes",
    aliases: ["WriterConfig.BatchBytes"],
    defaults: [{ from: "0", value: "1048576" }],
    unit: "bytes",
    per: "batch and partition",
    source: "writer.go:822 at v0.4.51",
  },
];

/** A message in the Reader's channel (184 B) and the rounding of its value's and key's blocks, as measured between two capacities. */
const MESSAGE_BYTES = 220;
/** What a broker accepts as one batch unless told otherwise (message.max.bytes). */
const BATCH_BYTES = 1_048_588;
/** Batch that most producers stay under before they compress it. */
const PRODUCED_BATCH_BYTES = 1_000_000;
/** Of a partition: a pooled buffer (64 KiB), the connection with its two bufio buffers, its goroutines' objects. */
const PARTITION_BYTES = 80_000;
const BASE_BYTES = 0.6e6;

/**
 * Capacity of the buffer for a decompressed batch, as a multiple of what lies in it: it begins with four times the compressed
 * size and is doubled while that is too small (message_reader.go:274, bytes.Buffer).
 */
function bufferFactor(ratio: number): number {
  return (4 * 2 ** Math.max(0, Math.ceil(Math.log2(ratio / 4)))) / ratio;
}

export function readerCeiling(scope: Scope): Ceiling {
  const given = new Parameters(parameters, scope);
  const capacity = given.number("ReaderConfig.QueueCapacity") || 100; // reader.go: 0 is the default, too
  const maxBytes = given.number("ReaderConfig.MaxBytes") || 1_000_000;
  const partitions = Math.max(1, scope.partitions ?? 1);
  const ratio = Math.max(1, scope.compressionRatio ?? 1);
  const recordBytes = Math.max(1, scope.messageBytes ?? TYPICAL_MESSAGE_BYTES) + (scope.keyBytes ?? 0) + (scope.headersBytes ?? 0);
  const assumed: string[] = [];
  if (scope.partitions === null) assumed.push("one partition");
  if (scope.messageBytes === null) assumed.push("messages of 1 KiB; one as large as a fetch for the upper bound");
  if (scope.compressionRatio === null) assumed.push("messages are not compressed");
  const largestBytes = scope.messageBytes === null ? Math.max(maxBytes, BATCH_BYTES) : recordBytes;
  const queueBytes = capacity * (recordBytes + MESSAGE_BYTES);
  const batchBytes = ratio > 1 ? Math.min(PRODUCED_BATCH_BYTES, BATCH_BYTES * ratio) * bufferFactor(ratio) : 0;
  const mostBatchBytes = ratio > 1 ? BATCH_BYTES * ratio * bufferFactor(ratio) : 0;
  const terms: readonly CeilingTerm[] = [
    {
      what: "messages in the Reader's channel",
      lowBytes: 0.8 * queueBytes,
      bytes: queueBytes,
      // and the one that each partition tries to hand over, and the one in the application's hands
      highBytes: (capacity + partitions + 1) * (largestBytes + MESSAGE_BYTES),
      formula: `QueueCapacity=${capacity} messages × (${Math.round(recordBytes)} B + ${MESSAGE_BYTES} B)`,
      source: "reader.go:703, read.go readNewBytes at v0.4.51: one channel for all partitions; measured",
    },
    {
      what: "decompressed batches",
      lowBytes: 0,
      bytes: partitions * batchBytes,
      highBytes: partitions * mostBatchBytes,
      formula: `${partitions} partition${partitions === 1 ? "" : "s"} × ${formatBytes(batchBytes)} for the batch it is reading${ratio > 1 ? ", decompressed" : ", which is streamed"}`,
      source: "message_reader.go:272 at v0.4.51; measured with batches of 1 MB",
    },
    {
      what: "connections",
      lowBytes: 0,
      bytes: partitions * PARTITION_BYTES + BASE_BYTES,
      highBytes: 2 * (partitions * PARTITION_BYTES + BASE_BYTES),
      formula: `${partitions} connection${partitions === 1 ? "" : "s"} × ${PARTITION_BYTES} B + ${formatBytes(BASE_BYTES)} for the client itself`,
      source: "conn.go:175, buffer.go at v0.4.51; measured",
    },
  ];
  return ceilingFrom({
    component: "fetch-queue",
    instances: scope.instances,
    messages: capacity + partitions,
    terms,
    settings: given.used,
    assumed,
    source: "reader.go:703, message_reader.go:272, buffer.go at v0.4.51",
  });
}

const KAFKA = "kafka-go v0.4.51, Go 1.26, Kafka 3.9.1, runtime.ReadMemStats after runtime.GC(); twelve partitions, 200 ms a message";
const twelve = { version: "0.4.51", brokers: 2, partitions: 12, messageBytes: 1024, keyBytes: 8, compressionRatio: 1 };

export const measurements: readonly Measurement[] = [
  { what: "defaults, 1 KiB values", component: "fetch-queue", bytes: 1.7e6, isExact: true, scope: twelve, source: KAFKA },
  {
    what: "QueueCapacity of 5000",
    component: "fetch-queue",
    bytes: 7.84e6,
    isExact: true,
    settings: { QueueCapacity: "5000" },
    scope: twelve,
    source: KAFKA,
  },
  {
    what: "100 kB values, four partitions",
    component: "fetch-queue",
    bytes: 12.1e6,
    isExact: true,
    scope: { ...twelve, partitions: 4, messageBytes: 100_000 },
    source: KAFKA.replace("twelve", "four"),
  },
  {
    what: "zstd (5.4 to 1), batches of 1 MB",
    component: "fetch-queue",
    bytes: 18.3e6,
    isExact: true,
    scope: { ...twelve, compressionRatio: 5.4 },
    source: KAFKA,
  },
  {
    what: "the same with QueueCapacity of 10: the queue is not what holds the memory",
    component: "fetch-queue",
    bytes: 18.2e6,
    isExact: true,
    settings: { QueueCapacity: "10" },
    scope: { ...twelve, compressionRatio: 5.4 },
    source: KAFKA,
  },
];

export function traps(scope: Scope): readonly Trap[] {
  const given = new Parameters(parameters, scope);
  const found: Trap[] = [
    {
      code: "capacity-counts-messages",
      text: "QueueCapacity counts messages, not bytes: there is no limit in bytes.",
      source: "reader.go:703 at v0.4.51",
    },
  ];
  if ((scope.compressionRatio ?? 1) > 1) {
    found.push({
      code: "batch-a-partition",
      text: "Each partition keeps the whole decompressed batch it is reading, in a buffer of up to four times its compressed size or more: QueueCapacity does not change that.",
      source: "message_reader.go:272 at v0.4.51; measured: 18 MB with QueueCapacity 100 and with 10",
    });
  }
  if (given.text("Writer.Async") === "true") {
    found.push({
      code: "async-writer-has-no-limit",
      text: "An asynchronous Writer queues without any limit while brokers are slow or away: WriteMessages never blocks and never fails.",
      source: "writer.go batchQueue.Put at v0.4.51; measured: 155 MB after 200,000 messages of 1 kB to brokers that did not answer",
    });
  }
  return found;
}

export function remediesFor(scope: Scope, targetBytes: number | null): readonly Remedy[] {
  const settings =
    targetBytes === null
      ? { "ReaderConfig.QueueCapacity": "20" }
      : settingsThatFit(scope, parameters, readerCeiling, targetBytes, [{ name: "ReaderConfig.QueueCapacity", least: 1 }]);
  const lower: Remedy =
    settings === null
      ? {
          code: "target-too-small",
          text: `No QueueCapacity brings ${scope.instances} Reader(s) under ${formatBytes(targetBytes ?? 0)}: let producers send smaller batches, or give each process fewer partitions.`,
        }
      : {
          code: "lower-queue-capacity",
          text: "Lower ReaderConfig.QueueCapacity: it is the only queue of a Reader, shared by its partitions.",
          settings,
          costs: "Throughput: with few places the partitions' connections wait for the application more often.",
        };
  return [lower, ...traps(scope).map(({ code, text }): Remedy => ({ code, text }))];
}
