/** The list, in alphabetical order. A new member is one file beside this one and one line here. */

import { aiokafka } from "./aiokafka.ts";
import { alpakkaKafka } from "./alpakka-kafka.ts";
import type { KafkaClient } from "./client.ts";
import { confluentKafkaDotnet } from "./confluent-kafka-dotnet.ts";
import { confluentKafkaGo } from "./confluent-kafka-go.ts";
import { confluentKafkaJavascript } from "./confluent-kafka-javascript.ts";
import { confluentKafkaPython } from "./confluent-kafka-python.ts";
import { cppkafka } from "./cppkafka.ts";
import { flinkKafka } from "./flink-kafka.ts";
import { franzGo } from "./franz-go.ts";
import { fs2Kafka } from "./fs2-kafka.ts";
import { javaKafkaClients } from "./java-kafka-clients.ts";
import { kafkaConnect } from "./kafka-connect.ts";
import { kafkaPython } from "./kafka-python.ts";
import { kafkaRust } from "./kafka-rust.ts";
import { kafkaStreams } from "./kafka-streams.ts";
import { kafkajs } from "./kafkajs.ts";
import { librdkafka } from "./librdkafka.ts";
import { nodeRdkafka } from "./node-rdkafka.ts";
import { phpRdkafka } from "./php-rdkafka.ts";
import { platformaticKafka } from "./platformatic-kafka.ts";
import { rdkafkaRuby } from "./rdkafka-ruby.ts";
import { reactorKafka } from "./reactor-kafka.ts";
import { rskafka } from "./rskafka.ts";
import { rubyKafka } from "./ruby-kafka.ts";
import { rustRdkafka } from "./rust-rdkafka.ts";
import { sarama } from "./sarama.ts";
import { segmentioKafkaGo } from "./segmentio-kafka-go.ts";
import { sparkKafka } from "./spark-kafka.ts";
import { springKafka } from "./spring-kafka.ts";
import { zioKafka } from "./zio-kafka.ts";

export const clients: readonly KafkaClient[] = [
  aiokafka,
  alpakkaKafka,
  confluentKafkaDotnet,
  confluentKafkaGo,
  confluentKafkaJavascript,
  confluentKafkaPython,
  cppkafka,
  flinkKafka,
  franzGo,
  fs2Kafka,
  javaKafkaClients,
  kafkaConnect,
  kafkaPython,
  kafkaRust,
  kafkaStreams,
  kafkajs,
  librdkafka,
  nodeRdkafka,
  phpRdkafka,
  platformaticKafka,
  rdkafkaRuby,
  reactorKafka,
  rskafka,
  rubyKafka,
  rustRdkafka,
  sarama,
  segmentioKafkaGo,
  sparkKafka,
  springKafka,
  zioKafka,
];
