/** Every kind of file that configures a client; the logs were written after what kafka-clients 3.9.1 and librdkafka 2.16.0 print. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import { cpuMs } from "../testing/cpu-time.ts";
import { clientConfig } from "./client-config.ts";
import type { SettingsEvidence } from "./evidence.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function evidenceOf(text: string): Promise<SettingsEvidence> {
  return clientConfig.read(await inputFromBytes("/etc/app/client.conf", encode(text)));
}

async function settingsOf(text: string): Promise<Record<string, string>> {
  return Object.fromEntries((await evidenceOf(text)).settings);
}

async function lossesOf(text: string): Promise<readonly string[]> {
  return (await evidenceOf(text)).losses.map((loss) => loss.text);
}

const JAVA_BLOCK = (
  id: string,
  fetch: number,
): string => `2026-11-24 03:00:00,123 INFO  [main] o.a.k.clients.consumer.ConsumerConfig - ConsumerConfig values: 
\tallow.auto.create.topics = true
\tbootstrap.servers = [a:9092, b:9092]
\tclient.id = ${id}
\tclient.rack = 
\tfetch.max.bytes = ${fetch}
\tgroup.instance.id = null
\tinterceptor.classes = []
\tkey.deserializer = class org.apache.kafka.common.serialization.StringDeserializer
\tmax.poll.records = 500
\tsasl.jaas.config = [hidden]
\tssl.keystore.password = null

2026-11-24 03:00:00,200 INFO  [main] o.a.k.common.utils.AppInfoParser - Kafka version: 3.9.1
`;
const JAVA_PRODUCER = `INFO ProducerConfig values: 
\tacks = -1
\tbuffer.memory = 1000000
\tclient.id = producer-1

INFO AdminClientConfig values: 
\tclient.id = admin-1
\treceive.buffer.bytes = 1
`;

const RDKAFKA = (name: string, lines: readonly string[], fac = "%7|1795520305.403|CONF|"): string =>
  ["Client configuration:", ...lines.map((line) => `  ${line}`)].map((line) => `${fac}${name}| [thrd:app]: ${line}\n`).join("");

const kinds: Readonly<Record<string, readonly [text: string, settings: Record<string, string>]>> = {
  "Spring Boot YAML, with its own names and units": [
    `spring:
  application:
    name: orders
  kafka:
    bootstrap-servers: [a:9092, b:9092]
    consumer:
      fetch-max-wait: 2s
      fetch-min-size: 1MB
      maxPollRecords: 100
      properties:
        fetch.max.bytes: 1048576
        max:
          partition.fetch.bytes: 262144
    producer:
      buffer-memory: 32MB
      batch-size: 16384
      properties: {linger.ms: 20}
    listener:
      concurrency: 3
server:
  port: 8080
`,
    {
      "bootstrap.servers": "a:9092,b:9092",
      "fetch.max.wait.ms": "2000",
      "fetch.min.bytes": "1048576",
      "max.poll.records": "100",
      "fetch.max.bytes": "1048576",
      "max.partition.fetch.bytes": "262144",
      "buffer.memory": "33554432",
      "batch.size": "16384",
      "linger.ms": "20",
    },
  ],
  "Spring Boot properties": [
    "spring.application.name=orders\nspring.kafka.consumer.max-poll-records=50\nspring.kafka.consumer.properties.fetch.max.bytes=1000\nspring.kafka.producer.buffer-memory=1MB\nserver.port=1\n",
    { "max.poll.records": "50", "fetch.max.bytes": "1000", "buffer.memory": "1048576" },
  ],
  "Spring Boot in an environment": [
    "SPRING_KAFKA_CONSUMER_MAXPOLLRECORDS=50\nSPRING_KAFKA_CONSUMER_PROPERTIES_FETCH_MAX_BYTES=1000\nSPRING_KAFKA_PRODUCER_BUFFER_MEMORY=1MB\nSPRING_PROFILES_ACTIVE=prod\n",
    { "max.poll.records": "50", "fetch.max.bytes": "1000", "buffer.memory": "1048576" },
  ],
  "Spring Cloud Stream": [
    "spring.cloud.stream.kafka.binder.consumer-properties.fetch.max.bytes=1000\nspring.cloud.stream.kafka.bindings.in.consumer.configuration.max.poll.records=7\nspring.cloud.stream.bindings.in.group=g\n",
    { "fetch.max.bytes": "1000", "max.poll.records": "7" },
  ],
  "a Kafka Connect worker": [
    "bootstrap.servers=a:9092\nkey.converter=x\nvalue.converter=x\nplugin.path=/p\nfetch.max.bytes=1\nconsumer.fetch.max.bytes=2000\nproducer.batch.size=3000\nadmin.retries=1\n",
    { "fetch.max.bytes": "2000", "batch.size": "3000" },
  ],
  "a Kafka Connect connector": [
    `{"name": "sink", "config": {"connector.class": "io.JdbcSink", "tasks.max": "4", "batch.size": "3000", "connection.password": "hunter2",
      "consumer.override.max.partition.fetch.bytes": "65536", "producer.override.buffer.memory": "1000"}}`,
    { "max.partition.fetch.bytes": "65536", "buffer.memory": "1000" },
  ],
  "a Compose file with a map": [
    "services:\n  kafka:\n    image: apache/kafka\n    environment:\n      KAFKA_NODE_ID: 1\n      KAFKA_MESSAGE_MAX_BYTES: 99\n  app:\n    image: app\n    ports: ['8080:80']\n    environment:\n      KAFKA_FETCH_MAX_BYTES: 1000\n      LANG: C\n",
    { "fetch.max.bytes": "1000" },
  ],
  "a Compose file with a list": [
    "services:\n  app:\n    build: .\n    environment:\n      - KAFKA_FETCH_MAX_BYTES=1000\n      - KAFKA_SASL_PASSWORD=hunter2\n      - KAFKA_CONSUMER_GROUP_ID=g\n",
    { "fetch.max.bytes": "1000", "group.id": "g" },
  ],
  "Kubernetes, several documents": [
    `apiVersion: v1
kind: Service
metadata: {name: app}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  template:
    spec:
      containers:
        - name: app
          image: app
          env:
            - name: KAFKA_FETCH_MAX_BYTES
              value: "1000"
            - {name: KAFKA_CONSUMER_MAX_POLL_RECORDS, value: "5"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data:
  KAFKA_FETCH_MIN_BYTES: "2"
  log4j.properties: |
    log4j.rootLogger=INFO
  client.properties: |
    # ours
    queued.max.messages.kbytes=1024
    sasl.password=hunter2
---
apiVersion: v1
kind: Secret
stringData:
  client.properties: |
    fetch.max.bytes=hunter2
`,
    { "fetch.max.bytes": "1000", "max.poll.records": "5", "fetch.min.bytes": "2", "queued.max.messages.kbytes": "1024" },
  ],
  "a Strimzi resource": [
    "apiVersion: kafka.strimzi.io/v1\nkind: KafkaConnector\nmetadata: {name: x}\nspec:\n  class: io.Sink\n  config:\n    batch.size: 1\n    consumer.override.fetch.max.bytes: 1000\n",
    { "fetch.max.bytes": "1000" },
  ],
  "docker inspect": ['[{"Config": {"Env": ["PATH=/bin", "KAFKA_FETCH_MAX_BYTES=1000"]}}]', { "fetch.max.bytes": "1000" }],
  "TOML of Vector": [
    '[sources.in]\ntype = "kafka"\ngroup_id = "g"\n[sources.in.librdkafka_options]\n"fetch.message.max.bytes" = "1000"\n',
    { "sources.in.type": "kafka", "sources.in.group_id": "g", "fetch.message.max.bytes": "1000" },
  ],
  "appsettings.json with a comment": [
    '{\n  // ours\n  "Kafka": { "ConsumerSettings": { "FetchMaxBytes": 1000, } },\n}\n',
    { FetchMaxBytes: "1000" },
  ],
  "a log of the Java client": [
    JAVA_BLOCK("a", 1000) + JAVA_PRODUCER,
    {
      "allow.auto.create.topics": "true",
      "bootstrap.servers": "a:9092,b:9092",
      "client.id": "a",
      "fetch.max.bytes": "1000",
      "key.deserializer": "org.apache.kafka.common.serialization.StringDeserializer",
      "max.poll.records": "500",
      acks: "-1",
      "buffer.memory": "1000000",
    },
  ],
  "a log of the Java client with a prefix in every line": [
    "app-1  | INFO ConsumerConfig values: \napp-1  | \tfetch.max.bytes = 1000\napp-1  | \tretries = 3\n",
    { "fetch.max.bytes": "1000" },
  ],
  "a structured log of the Java client": [
    `${JSON.stringify({ level: "INFO", message: "ConsumerConfig values: \n\tfetch.max.bytes = 1000\n\tsasl.jaas.config = [hidden]\n" })}\n`,
    { "fetch.max.bytes": "1000" },
  ],
  "debug=conf of librdkafka": [
    `%7|1795520305.403|INIT|orders#consumer-1| [thrd:app]: librdkafka v2.16.0 (0x21000ff) orders#consumer-1 initialized\n${RDKAFKA(
      "orders#consumer-1",
      [
        "client.id = orders",
        "error_cb = 0x7f6c67bf3069",
        "sasl.username = [redacted]",
        "sasl.password = [redacted]",
        "queued.max.messages.kbytes = 16384",
      ],
    )}%3|1795520305.407|FAIL|orders#consumer-1| [thrd:a:1/bootstrap]: a:1/bootstrap: Connect failed\n${RDKAFKA("prod#producer-2", [
      "client.id = prod",
      "queue.buffering.max.kbytes = 2048",
    ])}`,
    { "client.id": "orders", "queued.max.messages.kbytes": "16384", "queue.buffering.max.kbytes": "2048" },
  ],
  "debug=conf through another logger": [
    "2026-11-24 DEBUG librdkafka CONF [orders#consumer-1] [thrd:app]: Client configuration:\n2026-11-24 DEBUG librdkafka CONF [orders#consumer-1] [thrd:app]:   fetch.message.max.bytes = 1000\n2026-11-24 DEBUG librdkafka CONF [orders#consumer-1] [thrd:app]: Default topic configuration:\n2026-11-24 DEBUG librdkafka CONF [orders#consumer-1] [thrd:app]:   auto.offset.reset = smallest\n",
    { "fetch.message.max.bytes": "1000", "auto.offset.reset": "smallest" },
  ],
  "Go of confluent-kafka-go": [
    'c, err := kafka.NewConsumer(&kafka.ConfigMap{\n\t"bootstrap.servers": os.Getenv("B"),\n\t// "queued.min.messages": 5,\n\t"queued.max.messages.kbytes": 1024,\n\t"fetch.max.bytes": 5 << 20,\n\t"sasl.password": "hunter2",\n})\n',
    { "queued.max.messages.kbytes": "1024", "fetch.max.bytes": "5242880" },
  ],
  "Go of Sarama": [
    "config := sarama.NewConfig()\nconfig.Consumer.Fetch.Max = 10 << 20\nconfig.ChannelBufferSize = 256\nconfig.Net.SASL.Password = pw\nconfig.Producer.Flush.Bytes = 1024 * 1024 // x\n",
    { "Consumer.Fetch.Max": "10485760", ChannelBufferSize: "256", "Producer.Flush.Bytes": "1048576" },
  ],
  "Go of franz-go": [
    'cl, err := kgo.NewClient(\n\tkgo.SeedBrokers("a"),\n\tkgo.FetchMaxBytes(5 << 20),\n\tkgo.MaxBufferedRecords(1_000),\n\tkgo.FetchMaxPartitionBytes(limit),\n)\n',
    { FetchMaxBytes: "5242880", MaxBufferedRecords: "1000" },
  ],
  "Go of segmentio": [
    "r := kafka.NewReader(kafka.ReaderConfig{\n\tBrokers: brokers,\n\tMinBytes: 10e3,\n\tMaxBytes: 10e6,\n\tQueueCapacity: 100,\n})\n",
    { MinBytes: "10000", MaxBytes: "10000000", QueueCapacity: "100" },
  ],
  "JavaScript of KafkaJS": [
    "const kafka = new Kafka({ clientId: 'a', brokers: ['b:1'], sasl: { password: 'hunter2' } })\nconst consumer = kafka.consumer({\n  groupId: 'g',\n  maxBytes: 10 * 1024 * 1024, // ten\n  maxBytesPerPartition: perPartition,\n})\n",
    { clientId: "a", groupId: "g", maxBytes: "10485760" },
  ],
  "JavaScript with the settings in a variable": [
    "const CONSUMER_CONFIG = {\n  maxBytes: 5 * 1024, // five\n};\nconst PRODUCER_CONFIG: ProducerConfig = { maxInFlightRequests: 5 };\nlog('a.b', x);\n",
    { maxBytes: "5120", maxInFlightRequests: "5" },
  ],
  "JavaScript of node-rdkafka": [
    "const c = new Kafka.KafkaConsumer({\n  'fetch.message.max.bytes': 1000,\n  'group.id': `g`,\n}, {})\n",
    { "fetch.message.max.bytes": "1000", "group.id": "g" },
  ],
  "Python of kafka-python": [
    "# KafkaConsumer(fetch_max_bytes=1)\nconsumer = KafkaConsumer('topic', group_id='g', fetch_max_bytes=50 * 1024, value_deserializer=lambda m: m)\n",
    { group_id: "g", fetch_max_bytes: "51200" },
  ],
  "Python of confluent-kafka": [
    'conf = {\n    "fetch.max.bytes": 1_000,\n    "queued.max.messages.kbytes": int(os.environ["X"]),\n    "enable.auto.commit": False,\n}\n',
    { "fetch.max.bytes": "1000", "enable.auto.commit": "false" },
  ],
  "Rust of rdkafka": [
    'let consumer: StreamConsumer = ClientConfig::new()\n    .set("group.id", "g")\n    .set("fetch.message.max.bytes", "1048576")\n    .set("queued.max.messages.kbytes", limit.to_string())\n    .create()?;\n',
    { "group.id": "g", "fetch.message.max.bytes": "1048576" },
  ],
  "C of librdkafka": [
    'rd_kafka_conf_set(conf, "queued.max.messages.kbytes", "1024", errstr, sizeof(errstr));\n/* rd_kafka_conf_set(conf, "fetch.max.bytes", "1", 0, 0); */\n',
    { "queued.max.messages.kbytes": "1024" },
  ],
  "Java with constants": [
    'props.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 10 * 1024);\nprops.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 33554432L);\nprops.put("max.poll.records", "5");\n',
    { "fetch.max.bytes": "10240", "buffer.memory": "33554432", "max.poll.records": "5" },
  ],
  "an object of a program, without anything around it": [
    "{\n  'fetch.max.bytes': 10 * 1024,\n  'group.id': 'g',\n}\n",
    { "fetch.max.bytes": "10240", "group.id": "g" },
  ],
  "appsettings.json by role": [
    '{"Kafka": {"Consumer": {"FetchMaxBytes": 1000}, "Producer": {"QueueBufferingMaxKbytes": 5, "MaxInFlight": 2}}}',
    { FetchMaxBytes: "1000", QueueBufferingMaxKbytes: "5", MaxInFlight: "2" },
  ],
  "docker's JSON of a Java log": [
    ["INFO ConsumerConfig values: \n", "\tfetch.max.bytes = 1000\n", "\n", "Kafka version: 3\n"]
      .map((log) => `${JSON.stringify({ log, time: "t" })}\n`)
      .join(""),
    { "fetch.max.bytes": "1000" },
  ],
  "C# of Confluent.Kafka": [
    'var config = new ConsumerConfig\n{\n    BootstrapServers = "a:1",\n    QueuedMaxMessagesKbytes = 1024,\n    SaslPassword = "hunter2",\n};\n',
    { BootstrapServers: "a:1", QueuedMaxMessagesKbytes: "1024" },
  ],
};

for (const [kind, [text, settings]] of Object.entries(kinds)) {
  test(`settings are read from ${kind}, and it is recognised`, async () => {
    assert.deepEqual(await settingsOf(text), settings);
    assert.notEqual(clientConfig.recognize(encode(text).subarray(0, 4096), "x"), "no");
    assert.doesNotMatch(JSON.stringify([...(await evidenceOf(text)).settings, (await evidenceOf(text)).losses]), /hunter2/);
  });
}

test("what explains a configuration, or merely mentions one, is not recognised as one", () => {
  for (const text of [
    "# Consumers\n\nSet the limit like this, and restart the service:\n\n    queued.max.messages.kbytes=16384\n\nThen look at the memory again. It should be lower.\n",
    '{"what": "a truth", "arguments": ["--set", "queued.max.messages.kbytes=2048"]}',
    "main;rd_kafka_poll;malloc 1024\nmain;fetch.max.bytes 12\n",
    "GROUP TOPIC PARTITION CURRENT-OFFSET LAG\ng t 0 5 1\n",
    "desc: --time-unit=ms\ncmd: ./consumer a:1 group.id=g\ntime_unit: ms\n#-----------\nsnapshot=0\ntime=0\nmem_heap_B=0\n",
    '{"nodes": [1, 2], "strings": ["fetch.max.bytes", "group.id"]}',
    "",
    "\u0000\u0001\u0002",
  ]) {
    assert.equal(clientConfig.recognize(encode(text), "x"), "no", text);
  }
});

test("values that stand elsewhere are left out and said; a default beside the reference is taken and said", async () => {
  const reference = (inside: string): string => `\${${inside}}`;
  const text = `fetch.max.bytes=${reference("FETCH")}\nmax.poll.records=${reference("POLL:50")}\nbatch.size=${reference("env:BATCH")}\n`;
  assert.deepEqual(await settingsOf(text), { "max.poll.records": "50" });
  const losses = await lossesOf(text);
  assert.match(
    losses.join("\n"),
    /client\.conf: the value stands elsewhere and was left out: fetch\.max\.bytes \(line 1\), batch\.size \(line 3\)/,
  );
  assert.match(losses.join("\n"), /default beside it was taken: max\.poll\.records \(line 2\)/);
  const pod =
    "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - env:\n    - name: KAFKA_FETCH_MAX_BYTES\n      valueFrom: {configMapKeyRef: {name: a, key: b}}\n    - name: KAFKA_FETCH_MIN_BYTES\n      value: '1'\n";
  assert.match((await lossesOf(pod)).join(), /valueFrom\) and was left out: KAFKA_FETCH_MAX_BYTES/);
});

test("of what a map takes over from another its own keys win, without a word", async () => {
  const text = "x: &base {fetch.max.bytes: 1, max.poll.records: 2}\nkafka:\n  fetch.max.bytes: 3\n  <<: *base\n";
  const { "x.fetch.max.bytes": _, "x.max.poll.records": __, ...settings } = await settingsOf(text);
  assert.deepEqual(settings, { "fetch.max.bytes": "3", "max.poll.records": "2" });
  assert.deepEqual(await lossesOf(text), []);
});

test("names that Spring Boot does not know have no effect there, and that is said", async () => {
  const text = "spring:\n  kafka:\n    consumer:\n      fetch-max-size: 1\n      max-poll-records: 2\n    producer:\n      linger-ms: 3\n";
  assert.deepEqual(await settingsOf(text), { "max.poll.records": "2" });
  assert.match((await lossesOf(text)).join(), /Spring Boot has no such name.*: fetch-max-size \(line 4\), linger-ms \(line 7\)/);
});

test("of profiles only those that the file activates hold", async () => {
  const text = (active: string): string =>
    `spring:\n  profiles.active: ${active}\n  kafka.consumer.max-poll-records: 1\n---\nspring:\n  config.activate.on-profile: prod\n  kafka:\n    consumer:\n      max-poll-records: 2\n---\nspring:\n  profiles: test\n  kafka.consumer.max-poll-records: 3\n`;
  assert.deepEqual(await settingsOf(text("prod")), { "max.poll.records": "2" });
  assert.deepEqual(await settingsOf(text("dev")), { "max.poll.records": "1" });
  assert.match((await lossesOf(text("dev"))).join(), /profiles that the file does not activate were left out: prod, test/);
  const properties =
    "spring.kafka.consumer.max-poll-records=1\n#---\nspring.config.activate.on-profile=prod\nspring.kafka.consumer.max-poll-records=2\n";
  assert.deepEqual(await settingsOf(properties), { "max.poll.records": "1" });
});

test("of several consumers in a log the last is taken, and it is said where the others differ", async () => {
  const text = JAVA_BLOCK("a", 1000) + JAVA_BLOCK("b", 2000);
  assert.equal((await settingsOf(text))["fetch.max.bytes"], "2000");
  assert.deepEqual(await lossesOf(text), [
    "client.conf: the log shows 2 consumers, the last one was taken; others differ in fetch.max.bytes",
  ]);
  assert.deepEqual(await lossesOf(JAVA_BLOCK("a", 1000) + JAVA_BLOCK("a", 1000)), []);
});

test("a consumer and a producer of one file keep what is theirs", async () => {
  const text =
    "message.max.bytes=1\nconsumer.fetch.max.bytes=2\nproducer.batch.size=3\nproducer.fetch.max.bytes=4\nconsumer.batch.size=5\nproducer.message.max.bytes=6\nconsumer.client.id=c\nproducer.client.id=p\nproducer.receive.buffer.bytes=7\n";
  assert.deepEqual(await settingsOf(text), { "message.max.bytes": "1", "fetch.max.bytes": "2", "batch.size": "3", "client.id": "c" });
  const losses = (await lossesOf(text)).join("\n");
  assert.match(
    losses,
    /a consumer's setting given to a producer, or the reverse, was left out: fetch\.max\.bytes \(line 4\), batch\.size \(line 5\)/,
  );
  assert.match(losses, /the consumer's value was taken, the producer's is another: message\.max\.bytes/);
  assert.match(losses, /for the producer only.*receive\.buffer\.bytes \(line 9\)/);
  assert.deepEqual(await settingsOf("producer.batch.size=3\nproducer.message.max.bytes=6\n"), {
    "batch.size": "3",
    "message.max.bytes": "6",
  });
});

test("the more specific place wins without a word; the same place twice is said", async () => {
  const text = "fetch.max.bytes=1\nconsumer.override.fetch.max.bytes=3\nconsumer.fetch.max.bytes=2\n";
  assert.deepEqual(await settingsOf(text), { "fetch.max.bytes": "3" });
  assert.deepEqual(await lossesOf(text), []);
  for (const twice of [
    "fetch.max.bytes=1\n\nfetch_max_bytes=2\n",
    "fetch.max.bytes: 1\nx: 1\nfetch.max.bytes: 2\n",
    '{"fetch.max.bytes": 1,\n"x": 1,\n"fetch.max.bytes": 2}',
    "KAFKA_FETCH_MAX_BYTES=1\n\nKAFKA_FETCH_MAX_BYTES=2\n",
  ]) {
    const values = Object.entries(await settingsOf(twice)).filter(([name]) => name !== "x");
    assert.deepEqual(
      values.map(([, value]) => value),
      ["2"],
    );
    assert.match(
      (await lossesOf(twice)).join(),
      /more than once with different values, the last one wins: fetch.max.bytes \(lines 1 and 3\)/,
    );
  }
});

test("what PowerShell writes is read like any other text", async () => {
  const text = Buffer.from("\ufefffetch.max.bytes=1000\r\ngroup.id=g\r\n", "utf16le");
  const { settings } = await clientConfig.read(await inputFromBytes("x", text));
  assert.deepEqual(Object.fromEntries(settings), { "fetch.max.bytes": "1000", "group.id": "g" });
});

test("of what is no literal in a program only what could bear on memory is said", async () => {
  const text =
    "kafka.consumer({ groupId: GROUP, sessionTimeout: t, maxBytes: 5 })\nkafka.consumer({ brokers: [a], maxBytesPerPartition: n })\n";
  assert.deepEqual(await lossesOf(text), ["client.conf: no literal, and left out: maxBytesPerPartition (line 2)"]);
});

test("names that begin like a prefix stay whole", async () => {
  const text = "default.api.timeout.ms=1\nconfig.providers=a\ndefault.topic.config.acks=1\ntopic.metadata.refresh.sparse=true\n";
  assert.deepEqual(Object.keys(await settingsOf(text)), [
    "default.api.timeout.ms",
    "config.providers",
    "default.topic.config.acks",
    "topic.metadata.refresh.sparse",
  ]);
});

test("no arithmetic is guessed whose meaning hangs on the language, and no code is run", async () => {
  const values = [
    "1 << 10 * 2",
    "1 + 2 << 3",
    "1 << 2 << 3",
    "10 / 2",
    "f(1)",
    "n * 2",
    "2 ** 70",
    "9007199254740993",
    '"1" + x',
    "`$" + "{x}`",
    "1.5e3",
  ];
  const text = `conf = {\n${values.map((value, index) => `  "a.b${index}": ${value},\n`).join("")}  "fetch.max.bytes": 2 * 3 + 4,\n}\n`;
  assert.deepEqual(await settingsOf(text), { "fetch.max.bytes": "10" });
  assert.match((await lossesOf(text)).join(), /no literal, and left out: a\.b0 \(line 2\).* and 6 more/);
});

const refused: Readonly<Record<string, readonly [text: string, message: RegExp, line: number]>> = {
  "a file of spaces": [" \n\n", /is empty/, 1],
  "a file of another program": ["PATH=/bin\nHOME=/root\n", /holds no client settings/, 1],
  "a broker's configuration": ["broker.id=1\nlog.dirs=/d\nmessage.max.bytes=5\n", /of a broker/, 1],
  "a broker's environment": ["KAFKA_NODE_ID=1\nKAFKA_MESSAGE_MAX_BYTES=5\n", /environment of a broker was left out/, 1],
  "a worker without client settings": ["key.converter=a\nvalue.converter=b\nfetch.max.bytes=1\n", /Kafka Connect's clients/, 1],
  "a Kubernetes Secret": ["apiVersion: v1\nkind: Secret\ndata: {KAFKA_FETCH_MAX_BYTES: MQ==}\n", /Secrets were left out/, 1],
  "broken JSON": ['{\n"fetch.max.bytes": 1,\n"a": }', /no valid JSON/, 3],
  "JSON that was cut": ['{\n"fetch.max.bytes": 1,\n"a": [1, ', /no valid JSON/, 3],
  "broken YAML": ["spring:\n  kafka:\n   consumer: {a: 1\n  b: 2\n", /no valid YAML/, 4],
  "YAML with a reference to nothing": ["a: 1\nfetch.max.bytes: *b\n", /no valid YAML/, 2],
  "broken TOML": ['"fetch.max.bytes" = "1"\n"x" = "hunter2\n', /no valid TOML/, 2],
  "TOML with a key twice": ['"fetch.max.bytes" = "1"\n"fetch.max.bytes" = "2"\n', /no valid TOML/, 2],
  "a sentence among properties": ["a.b=1\nhunter2 is secret\n", /this line is no setting/, 2],
};

for (const [kind, [text, message, line]] of Object.entries(refused)) {
  test(`${kind} is refused with file and line`, async () => {
    await assert.rejects(evidenceOf(text), (failure: unknown) => {
      assert.ok(failure instanceof Failure, String(failure));
      assert.equal(failure.code, "configuration");
      assert.match(failure.message, message);
      assert.equal(failure.where?.file, "/etc/app/client.conf");
      assert.ok(Math.abs((failure.where?.line ?? 0) - line) <= 1, `line ${failure.where?.line}`);
      assert.doesNotMatch(`${failure.stack} ${JSON.stringify(failure)}`, /hunter2/);
      return true;
    });
  });
}

const SECRETS: Readonly<Record<string, string>> = {
  "a Java log": `ConsumerConfig values: \n\tfetch.max.bytes = 1\n\tsasl.jaas.config = PlainLoginModule required password="hunter2";\n\tssl.key.password = hunter2\n\tx = http://me:hunter2@proxy\n`,
  "a log of librdkafka": RDKAFKA("a#consumer-1", ["fetch.max.bytes = 1", "sasl.password = hunter2", "ssl.key.pem = -----BEGIN hunter2"]),
  "the environment of a pod":
    "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - env:\n    - {name: KAFKA_FETCH_MAX_BYTES, value: '1'}\n    - {name: KAFKA_SASL_PASSWORD, value: hunter2}\n    - {name: KAFKA_CONSUMER_SASL_JAAS_CONFIG, value: hunter2}\n",
  "a Secret beside a ConfigMap":
    "apiVersion: v1\nkind: Secret\nstringData: {KAFKA_CLIENT_ID: hunter2}\n---\napiVersion: v1\nkind: ConfigMap\ndata: {fetch.max.bytes: '1'}\n",
  "a Compose file": "services:\n  a:\n    image: a\n    environment:\n      - KAFKA_FETCH_MAX_BYTES=1\n      - KAFKA_API_KEY=hunter2\n",
  "a program":
    'kafka.ConfigMap{"fetch.max.bytes": 1, "sasl.password": "hunter2", "sasl.username": "hunter2", "ssl.key.password": get("hunter2")}',
  "an object of KafkaJS":
    "kafka.consumer({ maxBytes: 1, sasl: { mechanism: 'plain', username: 'hunter2', password: 'hunter2' }, authToken: 'hunter2' })",
  Spring:
    "spring:\n  kafka:\n    consumer:\n      fetch-min-size: 1\n      properties:\n        sasl.jaas.config: hunter2\n    jaas:\n      options: {x: hunter2}\n    ssl: {key-store-password: hunter2}\n",
  "a connector":
    '{"config": {"connector.class": "x", "consumer.override.fetch.max.bytes": 1, "consumer.override.sasl.jaas.config": "hunter2", "database.password": "hunter2"}}',
};

for (const [kind, text] of Object.entries(SECRETS)) {
  test(`no secret of ${kind} is kept or said`, async () => {
    const { settings, lines, losses } = await evidenceOf(text);
    assert.ok([...settings.values()].includes("1"), JSON.stringify([...settings]));
    assert.doesNotMatch(JSON.stringify([...settings, ...(lines ?? []), losses]), /hunter2/);
  });
}

async function answersOrRefuses(bytes: Uint8Array): Promise<void> {
  clientConfig.recognize(bytes.subarray(0, 4096), "x");
  try {
    await clientConfig.read(await inputFromBytes("x", bytes));
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
  }
}

test("random bytes are an answer or a Failure, never a crash", async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), answersOrRefuses), { numRuns: 300 });
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 100 }), (text) => answersOrRefuses(encode(text))),
    { numRuns: 300 },
  );
});

test("files that were cut or damaged are an answer or a Failure, never a crash", async () => {
  const texts = [...Object.values(kinds).map(([text]) => text), ...Object.values(SECRETS)];
  for (const text of texts) {
    const bytes = encode(text);
    for (let cut = 0; cut < 24; cut++) await answersOrRefuses(bytes.subarray(0, Math.floor((bytes.length * cut) / 24)));
  }
  const damaged = fc.tuple(
    fc.constantFrom(...texts),
    fc.nat(),
    fc.constantFrom("{", "}", '"', "'", "\n", "\t", "&a ", "*a", "\\", ":", "=", "/*", "<<: "),
  );
  await fc.assert(
    fc.asyncProperty(damaged, ([text, at, junk]) => {
      const place = at % (text.length + 1);
      return answersOrRefuses(encode(text.slice(0, place) + junk + text.slice(place)));
    }),
    { numRuns: 500 },
  );
});

test("texts that are made to be slow or endless are refused or read in time", async () => {
  const started = cpuMs();
  for (const text of [
    "a: &a [*a]\n",
    "a: &a {b: *a}\n",
    `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefgh".replace(
      /./g,
      (key) =>
        `${key}: &${key} [${Array(9)
          .fill(`*${String.fromCharCode(key.charCodeAt(0) - 1)}`)
          .join(",")}]\n`,
    )}`,
    `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`,
    `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`,
    "<<: *a\n",
    `${"- ".repeat(5000)}a: 1\n`,
    `${"? ".repeat(5000)}a\n`,
    Array.from({ length: 1500 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join(""),
    `a: ${"!x ".repeat(5000)}\n`,
    `a: ${"&x ".repeat(5000)}\n`,
    `fetch.max.bytes=${"${".repeat(20000)}\n`,
    `kafka.consumer(${"(".repeat(50000)}`,
    `new Kafka(${"'a.b' : {".repeat(3000)}`,
    `${'"a.b": {'.repeat(3000)} kafka.ConfigMap{`,
    `${"a.".repeat(50000)}=1\n`,
    `a.b=${"\\\n".repeat(50000)}`,
    `/*${"*/ /*".repeat(20000)}\nkgo.FetchMaxBytes(1)`,
    `${"// // ".repeat(20000)}x`,
    `kgo.FetchMaxBytes(1) "${"a_".repeat(50000)}!`,
    `kgo.FetchMaxBytes(1)${"\n".repeat(500000)}`,
    "kafka.consumer({ maxBytes: 1, ".repeat(10000),
    "fetch.max.bytes=1\nfetch.max.bytes=2\n".repeat(10000),
    `a.b=${`${"x".repeat(80)}\\\n`.repeat(20000)}`,
    `[thrd:app]: Client configuration:\n${"a".repeat(500000)} [thrd:app]:   a.b = 1\n`,
    Array.from({ length: 10000 }, (_, row) => `fetch.max.byte${row}=1\n`).join(""),
    `ConsumerConfig values:\n${"a = ".repeat(50000)}\n`,
  ]) {
    await answersOrRefuses(encode(text));
  }
  assert.ok(cpuMs() - started < 20_000, `${cpuMs() - started} ms`);
});
