/** All ways into a running process, in alphabetical order. A new one is a file in this folder and a line here. */
import type { Attacher } from "./attacher.ts";
import { bpftraceSites } from "./bpftrace-sites.ts";
import { coreDump } from "./core-dump.ts";
import type { Gauge } from "./gauge.ts";
import { goMemstatsGauge } from "./go-memstats-gauge.ts";
import { goPprof } from "./go-pprof.ts";
import { heaptrackInject } from "./heaptrack-inject.ts";
import { jemallocDump } from "./jemalloc-dump.ts";
import { jvmClassHistogram } from "./jvm-class-histogram.ts";
import { jvmCountersGauge } from "./jvm-counters-gauge.ts";
import { jvmHeapDump } from "./jvm-heap-dump.ts";
import { kafkajsLagGauge } from "./kafkajs-lag-gauge.ts";
import type { Launcher } from "./launcher.ts";
import { librdkafkaConfig } from "./librdkafka-config.ts";
import { librdkafkaGauge } from "./librdkafka-gauge.ts";
import { mallocCensusGauge } from "./malloc-census-gauge.ts";
import { mallocInfo } from "./malloc-info.ts";
import { metricsPage } from "./metrics-page.ts";
import { nodeHeapSnapshot } from "./node-heap-snapshot.ts";
import { nodeSampling } from "./node-sampling.ts";
import { pythonTracemalloc } from "./python-tracemalloc.ts";
import { runHeaptrack } from "./run-heaptrack.ts";
import { runJemalloc } from "./run-jemalloc.ts";
import { runJvm } from "./run-jvm.ts";
import { runNode } from "./run-node.ts";
import { runPython } from "./run-python.ts";
import { runTcmalloc } from "./run-tcmalloc.ts";
import { tcmallocDump } from "./tcmalloc-dump.ts";

/** Level 0: read without a stop, at every tick. */
export const gauges: readonly Gauge[] = [goMemstatsGauge, jvmCountersGauge, kafkajsLagGauge, librdkafkaGauge, mallocCensusGauge];

/** Levels 1 and 2: asked for by name or by level. */
export const attachers: readonly Attacher[] = [
  bpftraceSites,
  coreDump,
  goPprof,
  heaptrackInject,
  jemallocDump,
  jvmClassHistogram,
  jvmHeapDump,
  librdkafkaConfig,
  mallocInfo,
  metricsPage,
  nodeHeapSnapshot,
  nodeSampling,
  pythonTracemalloc,
  tcmallocDump,
];

/** How a program is started under capture: by `run`. */
export const launchers: readonly Launcher[] = [runHeaptrack, runJemalloc, runJvm, runNode, runPython, runTcmalloc];
