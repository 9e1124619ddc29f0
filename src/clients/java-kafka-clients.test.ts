import assert from "node:assert/strict";
import { test } from "node:test";
import { matchName } from "../base/symbols.ts";
import { NOTHING_SAID } from "./client.ts";
import { clients } from "./index.ts";
import { consumerCeiling, javaTraps, parameters } from "./java-kafka-clients-limits.ts";
import { lineageOf, parametersOf } from "./lineage.ts";
import { unknownSettings } from "./parameters.ts";

function ownersOf(name: string): readonly string[] {
  return clients.filter(({ own }) => own.names.test(matchName(name))).map(({ id }) => id);
}

test("a class of the Java client is known in every form that a profiler writes", () => {
  const forms = [
    "org.apache.kafka.clients.consumer.KafkaConsumer.poll",
    "org/apache/kafka/clients/consumer/KafkaConsumer.poll",
    "org/apache/kafka/clients/consumer/KafkaConsumer.poll_[j]",
    "org.apache.kafka.clients.consumer.KafkaConsumer.poll(Ljava/time/Duration;)Lorg/apache/kafka/clients/consumer/ConsumerRecords;",
    "org.apache.kafka.clients.consumer.internals.Fetcher$CompletedFetch",
    "[Lorg.apache.kafka.common.Node;",
    "[[Lorg/apache/kafka/common/Node;",
    "org.apache.kafka.common.Node[]",
    "org.apache.kafka.common.metrics.Sensor$$Lambda$106/0x00007fbc3d0c7570",
    "shaded.org.apache.kafka.common.record.MemoryRecords",
    "kafkashaded.org.apache.kafka.common.record.MemoryRecords",
    "org.apache.flink.kafka.shaded.org.apache.kafka.common.record.MemoryRecords",
    "org/apache/pulsar/shade/org/apache/kafka/clients/NetworkClient.poll",
    "[Lorg.apache.pulsar.shade.org.apache.kafka.common.Node;",
  ];
  for (const form of forms) assert.deepEqual(ownersOf(form), ["java-kafka-clients"], form);
});

test("each layer above the Java client is known as itself", () => {
  const layers = {
    "org/apache/kafka/streams/processor/internals/StreamThread.run": "kafka-streams",
    "org.apache.kafka.connect.runtime.WorkerSinkTask": "kafka-connect",
    "[Lorg.springframework.kafka.listener.ContainerProperties$AckMode;": "spring-kafka",
    "reactor.kafka.receiver.internals.ConsumerEventLoop$PollEvent.run": "reactor-kafka",
    "akka/kafka/internal/KafkaConsumerActor.receive": "alpakka-kafka",
    "org.apache.pekko.kafka.internal.KafkaConsumerActor": "alpakka-kafka",
    "org.apache.flink.connector.kafka.source.reader.KafkaSourceReader": "flink-kafka",
    "org.apache.flink.streaming.connectors.kafka.FlinkKafkaConsumer": "flink-kafka",
    "org.apache.spark.sql.kafka010.consumer.KafkaDataConsumer": "spark-kafka",
    "org.apache.spark.streaming.kafka010.KafkaRDD": "spark-kafka",
    "zio.kafka.consumer.internal.Runloop": "zio-kafka",
    "fs2.kafka.internal.KafkaConsumerActor": "fs2-kafka",
  };
  for (const [name, id] of Object.entries(layers)) assert.deepEqual(ownersOf(name), [id], name);
});

test("the broker, applications and others' packages are nobody's client", () => {
  const others = [
    "kafka.server.KafkaApis.handleFetchRequest",
    "kafka/network/Processor.run",
    "org.apache.kafka.server.log.remote.storage.RemoteLogManager",
    "org/apache/kafka/raft/KafkaRaftClient.poll",
    "org.apache.kafka.image.MetadataImage",
    "com.acme.kafka.Foo",
    "com.acme.kafka.clients.consumer.Cache",
    "com.acme.reactor.kafka.Handler.handle",
    "my.akka.kafka.internal.Foo",
    "App$ConsumerRecord",
    "KafkaConsumer.poll",
    "io.confluent.connect.jdbc.JdbcSinkTask.put",
    "org.apache.camel.component.kafka.KafkaConsumer",
    "rocksdb::DBImpl::Write",
    "org.rocksdb.RocksDB.put",
    "byte[]",
    "[B",
  ];
  for (const name of others) assert.deepEqual(ownersOf(name), [], name);
});

test("before 4.0 every partition counts and not fetch.max.bytes, from 4.0 on one response a broker", () => {
  const settings = new Map([["fetch.max.bytes", "5242880"]]);
  const scope = { ...NOTHING_SAID, settings, partitions: 100, brokers: 1, messageBytes: 1000 };
  const fetched = (clientVersion: string): number => consumerCeiling(scope, { parameters, clientVersion }).terms[0]?.bytes ?? 0;
  assert.equal(fetched("3.9.1"), 100 * 1048576);
  assert.equal(fetched("4.0.0"), 5242880);
  assert.equal(javaTraps(scope, "3.9.1")[0]?.code, "fetch-max-bytes-is-per-response");
  assert.deepEqual(javaTraps(scope, "4.0.0"), []);
});

test("a version that is unknown is taken as new for the expected size and as either for the upper bound", () => {
  const scope = { ...NOTHING_SAID, partitions: 200, brokers: 1, messageBytes: 1000 };
  const of = (clientVersion: string | null) => consumerCeiling(scope, { parameters, clientVersion });
  assert.equal(of(null).bytes, of("4.4.0").bytes);
  assert.equal(of(null).highBytes, Math.max(of("4.4.0").highBytes, of("3.9.1").highBytes));
});

test("settings are understood behind the prefix of each layer", () => {
  const spellings: Readonly<Record<string, readonly string[]>> = {
    "kafka-streams": ["main.consumer.max.partition.fetch.bytes", "consumer.max.partition.fetch.bytes"],
    "kafka-connect": ["consumer.override.max.partition.fetch.bytes", "consumer.max.partition.fetch.bytes"],
    "spring-kafka": ["spring.kafka.consumer.properties.max.partition.fetch.bytes", "spring.kafka.properties.max.partition.fetch.bytes"],
    "alpakka-kafka": ["akka.kafka.consumer.kafka-clients.max.partition.fetch.bytes"],
    "flink-kafka": ["properties.max.partition.fetch.bytes"],
    "spark-kafka": ["kafka.max.partition.fetch.bytes"],
  };
  for (const [id, names] of Object.entries(spellings)) {
    const client = clients.find((candidate) => candidate.id === id);
    for (const name of names) {
      const scope = { ...NOTHING_SAID, partitions: 12, brokers: 1, messageBytes: 1000, settings: new Map([[name, "65536"]]) };
      const fetch = client?.ceilings?.(scope).find(({ component }) => component === "fetch-queue");
      assert.equal(fetch?.settings["max.partition.fetch.bytes"], "65536", name);
    }
  }
});

test("names of other settings are known, misspelt ones are not", () => {
  const streams = clients.find(({ id }) => id === "kafka-streams");
  assert.ok(streams);
  const others = lineageOf(streams, null, clients).flatMap(({ client }) => client.otherProperties ?? []);
  const settings = new Map(
    ["session.timeout.ms", "producer.linger.ms", "consumer.group.instance.id", "fetch.max.byte"].map((name) => [name, "1"]),
  );
  assert.deepEqual(unknownSettings(settings, parametersOf(streams, clients), others, true), [
    { name: "fetch.max.byte", nearest: "fetch.max.bytes" },
  ]);
});

test("wrappers know which client they brought", () => {
  const versionOf = (id: string, version: string): string | null => {
    const client = clients.find((candidate) => candidate.id === id);
    assert.ok(client);
    return lineageOf(client, version, clients).at(-1)?.version ?? null;
  };
  assert.equal(versionOf("kafka-streams", "3.9.1"), "3.9.0");
  assert.equal(versionOf("spring-kafka", "3.3.5"), "3.8.1");
  assert.equal(versionOf("spring-kafka", "4.1.2"), "4.2.2");
  assert.equal(versionOf("alpakka-kafka", "4.0.2"), null);
});
