/** The list, in alphabetical order. A new member is one file beside this one and one line here. */
import { alpakkaKafka } from "./alpakka-kafka.ts";
import type { KafkaClient } from "./client.ts";
import { flinkKafka } from "./flink-kafka.ts";
import { fs2Kafka } from "./fs2-kafka.ts";
import { javaKafkaClients } from "./java-kafka-clients.ts";
import { kafkaConnect } from "./kafka-connect.ts";
import { kafkaStreams } from "./kafka-streams.ts";
import { librdkafka } from "./librdkafka.ts";
import { reactorKafka } from "./reactor-kafka.ts";
import { rustRdkafka } from "./rust-rdkafka.ts";
import { sparkKafka } from "./spark-kafka.ts";
import { springKafka } from "./spring-kafka.ts";
import { zioKafka } from "./zio-kafka.ts";

export const clients: readonly KafkaClient[] = [
  alpakkaKafka,
  flinkKafka,
  fs2Kafka,
  javaKafkaClients,
  kafkaConnect,
  kafkaStreams,
  librdkafka,
  reactorKafka,
  rustRdkafka,
  sparkKafka,
  springKafka,
  zioKafka,
];
