/** All ways into a running process, in alphabetical order. A new one is a file in this folder and a line here. */
import type { Attacher } from "./attacher.ts";
import type { Gauge } from "./gauge.ts";
import { goMemstatsGauge } from "./go-memstats-gauge.ts";
import { goPprof } from "./go-pprof.ts";
import { jvmClassHistogram } from "./jvm-class-histogram.ts";
import { jvmCountersGauge } from "./jvm-counters-gauge.ts";
import { jvmHeapDump } from "./jvm-heap-dump.ts";
import { kafkajsLagGauge } from "./kafkajs-lag-gauge.ts";
import { librdkafkaGauge } from "./librdkafka-gauge.ts";
import { metricsPage } from "./metrics-page.ts";
import { nodeHeapSnapshot } from "./node-heap-snapshot.ts";
import { nodeSampling } from "./node-sampling.ts";

/** Level 0: read without a stop, at every tick. */
export const gauges: readonly Gauge[] = [goMemstatsGauge, jvmCountersGauge, kafkajsLagGauge, librdkafkaGauge];

/** Levels 1 and 2: asked for by name or by level. */
export const attachers: readonly Attacher[] = [goPprof, jvmClassHistogram, jvmHeapDump, metricsPage, nodeHeapSnapshot, nodeSampling];
