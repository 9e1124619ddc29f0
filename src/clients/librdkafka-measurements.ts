/** What librdkafka's queues came to: live heap of full queues, by glibc's mallinfo, heaptrack or jemalloc; see each source. */
import type { Measurement } from "./client.ts";

const MIB = 1024 ** 2;
/** Slow consumers (200 ms a message) against librdkafka's mock brokers in processes of their own; mallinfo2, 2.15.0. */
const MOCK = "2.15.0, mock brokers, mallinfo2";
const three = { version: "2.15.0", brokers: 3, partitions: 12, messageBytes: 1024, compressionRatio: 1 };
const wide = { ...three, partitions: 150 };
const produced = { version: "2.15.0", messageBytes: 1000, keyBytes: 8, compressionRatio: 1 };
const byCount = { "queue.buffering.max.messages": "100000" };
const halfQueue = { "queued.max.messages.kbytes": "32768" };
const kafka = { version: "2.3.0", messageBytes: 1000, keyBytes: 8, compressionRatio: 1 };

export const measurements: readonly Measurement[] = [
  {
    what: "T1: defaults, 12 partitions, 3 brokers, 1 KiB values",
    component: "fetch-queue",
    bytes: 99.9e6,
    isExact: true,
    scope: three,
    source: MOCK,
  },
  {
    what: "T2: the same with split queues",
    component: "fetch-queue",
    bytes: 977e6,
    isExact: true,
    scope: { ...three, splitQueues: true },
    source: `${MOCK}; limited by the data supplied`,
  },
  {
    what: "T3: the same with zstd",
    component: "fetch-queue",
    bytes: 170e6,
    isExact: false,
    scope: { ...three, compressionRatio: 4 },
    source: MOCK,
  },
  {
    what: "T4: 100 B values: the count binds",
    component: "fetch-queue",
    bytes: 52.7e6,
    isExact: true,
    scope: { ...three, messageBytes: 100 },
    source: MOCK,
  },
  {
    what: "T5: 1 B values with 200 B keys and 20 headers",
    component: "fetch-queue",
    bytes: 133e6,
    isExact: true,
    scope: { ...three, messageBytes: 1, keyBytes: 200, headersBytes: 620 },
    source: MOCK,
  },
  { what: "T6: 150 partitions", component: "fetch-queue", bytes: 117e6, isExact: true, scope: wide, source: MOCK },
  { what: "T6fast: the same, fast consumer", component: "fetch-queue", bytes: 141e6, isExact: false, scope: wide, source: MOCK },
  {
    what: "T6z: 150 partitions, zstd",
    component: "fetch-queue",
    bytes: 256e6,
    isExact: false,
    scope: { ...wide, compressionRatio: 4 },
    source: MOCK,
  },
  {
    what: "T6b: 1 MB limit: fetches under way are most of it",
    component: "fetch-queue",
    bytes: 9.7e6,
    isExact: false,
    settings: { "queued.max.messages.kbytes": "1024" },
    scope: wide,
    source: MOCK,
  },
  {
    what: "T6c: 1 MB limit, fetch.max.bytes set to its own default",
    component: "fetch-queue",
    bytes: 42.4e6,
    isExact: true,
    settings: { "queued.max.messages.kbytes": "1024", "fetch.max.bytes": "52428800" },
    scope: wide,
    source: MOCK,
  },
  {
    what: "32 MB limit, partitions unknown",
    component: "fetch-queue",
    bytes: 42.0 * MIB,
    isExact: true,
    settings: halfQueue,
    scope: kafka,
    source: "rdkafka 0.36.2, Apache Kafka, heaptrack",
  },
  {
    what: "32 MB limit, 32 partitions, topic read at its end",
    component: "fetch-queue",
    bytes: 42.0 * MIB,
    isExact: false,
    settings: halfQueue,
    scope: { ...kafka, brokers: 1, partitions: 32 },
    source: "rdkafka 0.36.2, Apache Kafka, heaptrack",
  },
  {
    what: "8 KiB values, one broker, 40 partitions",
    component: "fetch-queue",
    bytes: 85.0e6,
    isExact: true,
    scope: { version: "2.0.2", brokers: 1, partitions: 40, messageBytes: 8192, compressionRatio: 1 },
    source: "Debian's 2.0.2, mallinfo2",
  },
  {
    what: "1 KiB values, one broker, 40 partitions",
    component: "fetch-queue",
    bytes: 96.8e6,
    isExact: true,
    scope: { version: "2.0.2", brokers: 1, partitions: 40, messageBytes: 1024, compressionRatio: 1 },
    source: "Debian's 2.0.2, mallinfo2",
  },
  {
    what: "three brokers, 150 partitions",
    component: "fetch-queue",
    bytes: 118e6,
    isExact: true,
    scope: wide,
    source: "2.15.0, mock brokers, heaptrack",
  },
  {
    what: "PRODdown: 100,000 × 1000 B, brokers down",
    component: "producer-queue",
    bytes: 118.4e6,
    isExact: true,
    settings: byCount,
    scope: produced,
    source: "2.15.0, heaptrack",
  },
  {
    what: "PROD: the same, all in flight",
    component: "producer-queue",
    bytes: 262.7e6,
    isExact: false,
    settings: byCount,
    scope: produced,
    source: "2.15.0, heaptrack, 30 s round trip",
  },
  {
    what: "PROD: the same, zstd",
    component: "producer-queue",
    bytes: 327.9e6,
    isExact: false,
    settings: { ...byCount, "compression.type": "zstd" },
    scope: produced,
    source: "2.15.0, heaptrack, 30 s round trip",
  },
  {
    what: "PRODnopoll: delivery reports not polled",
    component: "producer-queue",
    bytes: 118.4e6,
    isExact: true,
    settings: byCount,
    scope: produced,
    source: "2.15.0, heaptrack",
  },
];
