/**
 * What the Java client's queues came to: a class histogram (after a full collection) less the one before subscribe(), one broker
 * of Apache Kafka 3.9.1, OpenJDK 17. Heap of the whole process, so metrics and classes' statics of the first poll are in it.
 */
import type { Measurement } from "./client.ts";

const HISTOGRAM = "GC.class_histogram, one broker 3.9.1, OpenJDK 17";
const twelve = { brokers: 1, partitions: 12, messageBytes: 1024, keyBytes: 6, compressionRatio: 1 };
const hundred = { brokers: 1, partitions: 100, messageBytes: 1024, keyBytes: 6, compressionRatio: 1 };
const fewRecords = { "fetch.max.bytes": "5242880", "max.poll.records": "10" };
const produced = { messageBytes: 1000, compressionRatio: 1 };

export const measurements: readonly Measurement[] = [
  ...(
    [
      ["2.6.3", 14.48e6],
      ["3.9.1", 15.08e6],
      ["4.0.0", 15.09e6],
      ["4.1.0", 15.19e6],
      ["4.4.0", 15.21e6],
    ] as const
  ).map(([version, bytes]) => ({
    what: `200 ms a record, 12 partitions, 1 KiB values, defaults, ${version}`,
    component: "fetch-queue" as const,
    bytes,
    isExact: true,
    scope: { ...twelve, version },
    source: HISTOGRAM,
  })),
  {
    what: "the same with group.protocol=consumer, 3.9.1",
    component: "fetch-queue",
    bytes: 15.44e6,
    isExact: true,
    scope: { ...twelve, version: "3.9.1" },
    source: HISTOGRAM,
  },
  {
    what: "the same with group.protocol=consumer, 4.4.0",
    component: "fetch-queue",
    bytes: 15.26e6,
    isExact: true,
    scope: { ...twelve, version: "4.4.0" },
    source: HISTOGRAM,
  },
  {
    what: "LZ4, 12 partitions: the wire's bytes count, decompression is record by record",
    component: "fetch-queue",
    bytes: 14.73e6,
    isExact: true,
    scope: { ...twelve, version: "3.9.1", compressionRatio: 2 },
    source: HISTOGRAM,
  },
  {
    what: "100 partitions with a backlog, fetch.max.bytes of 5 MiB, 3.9.1: almost two responses",
    component: "fetch-queue",
    bytes: 12.33e6,
    isExact: false,
    settings: fewRecords,
    scope: { ...hundred, version: "3.9.1" },
    source: HISTOGRAM,
  },
  {
    what: "100 partitions that fall behind little by little, fetch.max.bytes of 5 MiB, 3.9.1: fourteen times fetch.max.bytes",
    component: "fetch-queue",
    bytes: 78.9e6,
    isExact: false,
    settings: fewRecords,
    scope: { ...hundred, version: "3.9.1" },
    source: HISTOGRAM,
  },
  {
    what: "the same, 4.0.0: one response",
    component: "fetch-queue",
    bytes: 7.55e6,
    isExact: true,
    settings: fewRecords,
    scope: { ...hundred, version: "4.0.0" },
    source: HISTOGRAM,
  },
  {
    what: "100 partitions with a backlog, fetch.max.bytes of 5 MiB, 4.1.0",
    component: "fetch-queue",
    bytes: 7.51e6,
    isExact: true,
    settings: fewRecords,
    scope: { ...hundred, version: "4.1.0" },
    source: HISTOGRAM,
  },
  {
    what: "100 partitions with a backlog, fetch.max.bytes of 5 MiB, 4.4.0",
    component: "fetch-queue",
    bytes: 7.52e6,
    isExact: true,
    settings: fewRecords,
    scope: { ...hundred, version: "4.4.0" },
    source: HISTOGRAM,
  },
  {
    what: "a producer whose broker stopped answering, 1000 B values, 3.9.1",
    component: "producer-queue",
    bytes: 39.8e6,
    isExact: true,
    scope: { ...produced, version: "3.9.1" },
    source: HISTOGRAM,
  },
  {
    what: "a producer whose broker stopped answering, 1000 B values, 4.4.0",
    component: "producer-queue",
    bytes: 41.4e6,
    isExact: true,
    scope: { ...produced, version: "4.4.0" },
    source: HISTOGRAM,
  },
  {
    what: "the same with zstd and values that do not compress, 3.9.1",
    component: "producer-queue",
    bytes: 37.9e6,
    isExact: true,
    settings: { "compression.type": "zstd" },
    scope: { ...produced, version: "3.9.1" },
    source: HISTOGRAM,
  },
];
