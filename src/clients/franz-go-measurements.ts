/** What franz-go held in reality: group consumers on Apache Kafka 3.9.1 (two brokers, twelve partitions). */
import type { Measurement } from "./client.ts";

const KAFKA = "franz-go v1.22.2, Go 1.26, Kafka 3.9.1, runtime.ReadMemStats after runtime.GC()";
const PROFILE = "franz-go v1.22.2, Go 1.26, Kafka 3.9.1, /debug/pprof/heap?gc=1";
const two = { version: "1.22.2", brokers: 2, partitions: 12, messageBytes: 1024, keyBytes: 8, compressionRatio: 1 };
const zstd = { ...two, compressionRatio: 5.4 };

export const measurements: readonly Measurement[] = [
  { what: "PollFetches, 0.5 ms a record, 1 KiB values", component: "fetch-queue", bytes: 29.4e6, isExact: true, scope: two, source: KAFKA },
  {
    what: "PollFetches, 200 ms a record: the first poll got the fetch of one broker",
    component: "fetch-queue",
    bytes: 22.1e6,
    isExact: false,
    scope: two,
    source: KAFKA,
  },
  {
    what: "PollRecords(1), 200 ms a record: only what is buffered",
    component: "fetch-queue",
    bytes: 14.9e6,
    isExact: false,
    scope: two,
    source: KAFKA,
  },
  {
    what: "MaxConcurrentFetches(1), PollRecords(1)",
    component: "fetch-queue",
    bytes: 7.55e6,
    isExact: false,
    settings: { MaxConcurrentFetches: "1" },
    scope: two,
    source: KAFKA,
  },
  {
    what: "FetchMaxPartitionBytes of 256 KiB and batches of 1 MB: one batch a broker, PollRecords(1)",
    component: "fetch-queue",
    bytes: 2.6e6,
    isExact: false,
    settings: { FetchMaxPartitionBytes: "262144" },
    scope: two,
    source: KAFKA,
  },
  {
    what: "100 kB values, four partitions, PollFetches",
    component: "fetch-queue",
    bytes: 8.71e6,
    isExact: true,
    scope: { ...two, partitions: 4, messageBytes: 100_000 },
    source: KAFKA,
  },
  {
    what: "zstd (5.4 to 1), PollRecords(1)",
    component: "fetch-queue",
    bytes: 75.2e6,
    isExact: false,
    scope: zstd,
    source: `${PROFILE}; HeapAlloc said 87.9 MB, with the last responses in pools`,
  },
  { what: "zstd (5.4 to 1), PollFetches", component: "fetch-queue", bytes: 113e6, isExact: false, scope: zstd, source: KAFKA },
  {
    what: "producer whose brokers stopped answering, 1000 B values: MaxBufferedRecords reached",
    component: "producer-queue",
    bytes: 63.4e6,
    isExact: true,
    scope: { version: "1.22.2", brokers: 2, partitions: 12, messageBytes: 1000 },
    source: `${KAFKA}; 50,001 records buffered, both brokers stopped by a signal`,
  },
];
