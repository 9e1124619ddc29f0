/** What sarama held in reality: HeapAlloc after a collection, consumer groups on Apache Kafka 3.9.1 (two brokers, twelve partitions). */
import type { Measurement } from "./client.ts";

const KAFKA = "sarama v1.61.1, Go 1.26, Kafka 3.9.1, runtime.ReadMemStats after runtime.GC()";
const two = { version: "1.61.1", brokers: 2, partitions: 12, messageBytes: 1024, keyBytes: 8, compressionRatio: 1 };
const zstd = { ...two, compressionRatio: 5.4 };

export const measurements: readonly Measurement[] = [
  {
    what: "10 ms a message and partition, 1 KiB values",
    component: "fetch-queue",
    bytes: 27.95e6,
    isExact: true,
    scope: two,
    source: KAFKA,
  },
  {
    what: "200 ms a message and partition: still the first response of each broker",
    component: "fetch-queue",
    bytes: 15.2e6,
    isExact: false,
    scope: two,
    source: KAFKA,
  },
  {
    what: "the same with Consumer.Fetch.Default of 128 KiB and batches of 1 MB",
    component: "fetch-queue",
    bytes: 14.3e6,
    isExact: false,
    settings: { "Consumer.Fetch.Default": "131072" },
    scope: two,
    source: KAFKA,
  },
  {
    what: "Consumer.Fetch.MaxBytes of 2 MiB, 10 ms a message",
    component: "fetch-queue",
    bytes: 5.54e6,
    isExact: false,
    settings: { "Consumer.Fetch.MaxBytes": "2097152" },
    scope: two,
    source: KAFKA,
  },
  {
    what: "100 kB values, four partitions, 500 ms a message: the channels hold most",
    component: "fetch-queue",
    bytes: 122.9e6,
    isExact: true,
    scope: { ...two, partitions: 4, messageBytes: 100_000 },
    source: KAFKA,
  },
  {
    what: "zstd (5.4 to 1), 2 ms a message",
    component: "fetch-queue",
    bytes: 83.6e6,
    isExact: true,
    scope: zstd,
    source: KAFKA,
  },
  {
    what: "zstd (5.4 to 1), 200 ms a message",
    component: "fetch-queue",
    bytes: 82.6e6,
    isExact: false,
    scope: zstd,
    source: KAFKA,
  },
  {
    what: "AsyncProducer whose brokers stopped answering, 1000 B values, no compression",
    component: "producer-queue",
    bytes: 34.6e6,
    isExact: false,
    scope: { version: "1.61.1", brokers: 2, partitions: 12, messageBytes: 1000 },
    source: "the same; both brokers stopped by a signal while 33,313 messages had been handed over",
  },
];
