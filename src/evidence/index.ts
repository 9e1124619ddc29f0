/** The list, in alphabetical order. A new member is one file beside this one and one line here. */

import { burrow } from "./burrow.ts";
import { clientConfig } from "./client-config.ts";
import { consumerGroups } from "./consumer-groups.ts";
import type { EvidenceSource } from "./evidence.ts";
import { goMemstats } from "./go-memstats.ts";
import { jvmNativeMemory } from "./jvm-native-memory.ts";
import { librdkafkaStats } from "./librdkafka-stats.ts";
import { mallocInfo } from "./malloc-info.ts";
import { memoryTables } from "./memory-tables.ts";
import { observeSeries } from "./observe-series.ts";
import { prometheus } from "./prometheus.ts";
import { seriesCsv } from "./series-csv.ts";

export const evidenceSources: readonly EvidenceSource[] = [
  burrow,
  clientConfig,
  consumerGroups,
  goMemstats,
  jvmNativeMemory,
  librdkafkaStats,
  mallocInfo,
  memoryTables,
  observeSeries,
  prometheus,
  seriesCsv,
];
