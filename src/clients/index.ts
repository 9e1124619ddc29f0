/** The list, in alphabetical order. A new member is one file beside this one and one line here. */
import type { KafkaClient } from "./client.ts";
import { confluentKafkaJavascript } from "./confluent-kafka-javascript.ts";
import { kafkajs } from "./kafkajs.ts";
import { librdkafka } from "./librdkafka.ts";
import { nodeRdkafka } from "./node-rdkafka.ts";
import { platformaticKafka } from "./platformatic-kafka.ts";
import { rustRdkafka } from "./rust-rdkafka.ts";

export const clients: readonly KafkaClient[] = [confluentKafkaJavascript, kafkajs, librdkafka, nodeRdkafka, platformaticKafka, rustRdkafka];
