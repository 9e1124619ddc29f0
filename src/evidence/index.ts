/** The list, in alphabetical order. A new member is one file beside this one and one line here. */

import { clientConfig } from "./client-config.ts";
import type { EvidenceSource } from "./evidence.ts";
import { librdkafkaStats } from "./librdkafka-stats.ts";

export const evidenceSources: readonly EvidenceSource[] = [clientConfig, librdkafkaStats];
