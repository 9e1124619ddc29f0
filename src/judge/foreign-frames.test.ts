/** Frames that look like a Kafka client's and are the application's or somebody else's: none may be claimed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../base/columns.ts";
import { clients } from "../clients/index.ts";
import { sketch } from "../testing/sketch.ts";
import { attribute, PARTIES } from "./attribution.ts";

const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  "Python's packages and modules of an application": [
    "consume @ /app/kafka/consumer.py",
    "consume @ /srv/orders/kafka/client.py",
    "handle @ kafka/handlers/orders.py",
    "send @ kafka/producer.py",
    "poll @ src/kafka/consumer/worker.py",
    "run @ /venv/lib/python3.12/site-packages/faust/transport/consumer.py",
    "run @ /venv/lib/python3.12/site-packages/kafka_utils/main.py",
    "run @ /app/aiokafka_helpers/pool.py",
    "run @ /app/confluent_kafka_wrapper.py",
    "Consumer_poll",
    "decode @ <codegen:orders/1>",
  ],
  "The broker and the clients of Scala": [
    "kafka.coordinator.group.GroupCoordinator.handleJoinGroup",
    "kafka.cluster.Partition.appendRecordsToLeader",
    "kafka.consumer.SimpleConsumer.fetch",
    "<kafka.producer.ProducerConfig>",
  ],
  "Rust modules and crates": [
    "orders::kafka::consumer::Consumer::poll",
    "kafka::orders::Cache::put",
    "kafka_utils::client::connect",
    "rskafka_bench::run",
    "R::read",
    "run @ /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/kafka-protocol-0.15.0/src/messages.rs",
  ],
  "C++ namespaces": ["acme::cppkafka::Consumer::poll", "cppkafka_ext::run", "Kafka::Consumer::poll(int)", "kafka::Consumer::poll"],
  ".NET namespaces": [
    "Acme.Confluent.Kafka.Consumer.Consume",
    "Confluent.Kafka.Extensions.Diagnostics.ConsumerExtensions.ConsumeWithInstrumentation",
    "Confluent.Kafka.DependencyInjection.ServiceScopeConsumer.Consume",
    "KafkaFlow.Consumers.Consumer.Consume",
    "Confluent.SchemaRegistry.CachedSchemaRegistryClient.GetSchemaAsync",
  ],
  "Ruby modules": [
    "Orders::Kafka::Fetcher#step",
    "Kafka::OrdersConsumer#process",
    "KarafkaApp#setup",
    "call @ /app/lib/kafka/fetcher.rb",
    "call @ /usr/local/bundle/gems/kafka-rb-0.0.15/lib/kafka/consumer.rb",
  ],
  "PHP namespaces": ["App\\Kafka\\Consumer::consume", "App\\RdKafka\\KafkaConsumer::consume", "Enqueue\\RdKafka\\RdKafkaConsumer::receive"],
};

for (const [what, frames] of Object.entries(FOREIGN)) {
  test(`${what} are not a client's`, () => {
    for (const frame of frames) {
      const profile = sketch(`at 0s main > ${frame} 1000`);
      const { party, clients: found } = attribute(profile, clients);
      assert.deepEqual(found, [], frame);
      assert.notEqual(PARTIES[at(party, profile.paths.length - 1)], "client", frame);
    }
  });
}

test("every client stays itself beside all others: its own frames are claimed by no other client", () => {
  const paths = clients.flatMap((client) => client.examples.map(({ path }) => ({ path, id: client.id })));
  for (const { path, id } of paths) {
    const { clients: found } = attribute(sketch(`at 0s ${path} 1000`), clients);
    const own = clients.find((client) => client.id === id);
    for (const detected of found) assert.ok([id, own?.builtOn].includes(detected.id), `${path}: ${detected.id} instead of ${id}`);
  }
});
