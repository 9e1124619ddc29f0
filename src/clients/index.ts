/** The list, in alphabetical order. A new member is one file beside this one and one line here. */
import { aiokafka } from "./aiokafka.ts";
import type { KafkaClient } from "./client.ts";
import { confluentKafkaDotnet } from "./confluent-kafka-dotnet.ts";
import { confluentKafkaPython } from "./confluent-kafka-python.ts";
import { cppkafka } from "./cppkafka.ts";
import { kafkaPython } from "./kafka-python.ts";
import { kafkaRust } from "./kafka-rust.ts";
import { librdkafka } from "./librdkafka.ts";
import { phpRdkafka } from "./php-rdkafka.ts";
import { rdkafkaRuby } from "./rdkafka-ruby.ts";
import { rskafka } from "./rskafka.ts";
import { rubyKafka } from "./ruby-kafka.ts";
import { rustRdkafka } from "./rust-rdkafka.ts";

export const clients: readonly KafkaClient[] = [
  aiokafka,
  confluentKafkaDotnet,
  confluentKafkaPython,
  cppkafka,
  kafkaPython,
  kafkaRust,
  librdkafka,
  phpRdkafka,
  rdkafkaRuby,
  rskafka,
  rubyKafka,
  rustRdkafka,
];
