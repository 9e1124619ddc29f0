/** The list, in alphabetical order. A new member is one file beside this one and one line here. */
import type { KafkaClient } from "./client.ts";
import { confluentKafkaGo } from "./confluent-kafka-go.ts";
import { franzGo } from "./franz-go.ts";
import { librdkafka } from "./librdkafka.ts";
import { rustRdkafka } from "./rust-rdkafka.ts";
import { sarama } from "./sarama.ts";
import { segmentioKafkaGo } from "./segmentio-kafka-go.ts";

export const clients: readonly KafkaClient[] = [confluentKafkaGo, franzGo, librdkafka, rustRdkafka, sarama, segmentioKafkaGo];
