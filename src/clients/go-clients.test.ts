import assert from "node:assert/strict";
import { test } from "node:test";
import { matchName } from "../base/symbols.ts";
import { type KafkaClient, NOTHING_SAID, type Scope } from "./client.ts";
import { clients } from "./index.ts";
import { bufferingRemediesOf, ceilingsOf, parametersOf, trapsOf } from "./lineage.ts";
import { unknownSettings } from "./parameters.ts";

function client(id: string): KafkaClient {
  const found = clients.find((candidate) => candidate.id === id);
  assert.ok(found);
  return found;
}

function scopeOf(settings: Readonly<Record<string, string>>, known: Partial<Scope> = {}): Scope {
  return {
    ...NOTHING_SAID,
    ...known,
    settings: new Map(Object.entries(settings)),
  };
}

test("a Go client is told by its import path, wherever it was vendored and however old it is", () => {
  const table: readonly (readonly [name: string, id: string | null])[] = [
    ["github.com/IBM/sarama.(*Broker).responseReceiver", "sarama"],
    ["github.com/Shopify/sarama.(*Broker).responseReceiver", "sarama"],
    ["hardess/vendor/github.com/Shopify/sarama.versionedDecode", "sarama"],
    ["k8s.io/app/vendor/github.com/IBM/sarama.(*Broker).Open.func1.getOrRegisterHistogram.2", "sarama"],
    ["gopkg.in/Shopify/sarama%2ev1.(*Broker).responseReceiver", "sarama"],
    ["github.com/IBM/sarama/mocks.(*Consumer).ConsumePartition", "sarama"],
    ["*github.com/IBM/sarama.ConsumerMessage", "sarama"],
    ["[]*github.com/IBM/sarama.ConsumerMessage", "sarama"],
    ["github.com/twmb/franz-go/pkg/kgo.(*brokerCxn).readConn.func2", "franz-go"],
    ["orders/vendor/github.com/twmb/franz-go/pkg/kgo.ensureLen[...]", "franz-go"],
    ["github.com/twmb/franz-go/pkg/kgo.ensureLen[go.shape.[]github.com/twmb/franz-go/pkg/kgo.Record]", "franz-go"],
    ["github.com/twmb/franz-go/plugin/kprom.(*Metrics).OnNewClient", "franz-go"],
    ["github.com/segmentio/kafka-go.readNewBytes", "segmentio-kafka-go"],
    ["github.com/segmentio/kafka-go/protocol.newPage", "segmentio-kafka-go"],
    ["github.com/confluentinc/confluent-kafka-go/kafka._Cfunc_GoBytes", "confluent-kafka-go"],
    ["github.com/confluentinc/confluent-kafka-go/v2/kafka.(*handle).eventPoll", "confluent-kafka-go"],
    ["gopkg.in/confluentinc/confluent-kafka-go.v1/kafka.(*Consumer).Poll", "confluent-kafka-go"],
    // Others
    ["main.main", null],
    ["main.(*Cache[go.shape.*github.com/IBM/sarama.ConsumerMessage]).add", null],
    ["github.com/acme/kafka-go.(*Reader).run", null],
    ["github.com/acme/sarama.Keep", null],
    ["github.com/IBM/sarama-tools.Keep", null],
    ["github.com/segmentio/kafka-go-extras.Keep", null],
    ["github.com/segmentio/encoding/json.Unmarshal", null],
    ["github.com/bsm/sarama-cluster.(*Consumer).Messages", null],
    ["github.com/acme/kafka.(*Producer).Produce", null],
    ["github.com/acme/franz/kgo.Keep", null],
    ["kafka.NewReader", null],
    ["example.com/github.com/IBM/sarama.Keep", null],
  ];
  for (const [name, id] of table) {
    const found = clients.filter(({ own }) => own.names.test(matchName(name))).map((candidate) => candidate.id);
    assert.deepEqual(found, id === null ? [] : [id], name);
  }
});

test("a Go client is told by its files, and its version by the module cache", () => {
  const table: readonly (readonly [file: string, id: string, version: string | null])[] = [
    ["/go/pkg/mod/github.com/!i!b!m/sarama@v1.45.0/broker.go", "sarama", "1.45.0"],
    ["github.com/IBM/sarama@v1.61.1/consumer.go", "sarama", "1.61.1"], // -trimpath
    ["/home/app/go/pkg/mod/github.com/!shopify/sarama@v1.38.1/utils.go", "sarama", "1.38.1"],
    ["C:\\Users\\app\\go\\pkg\\mod\\github.com\\!i!b!m\\sarama@v1.43.3\\broker.go", "sarama", "1.43.3"],
    ["/src/orders/vendor/github.com/Shopify/sarama/consumer.go", "sarama", null],
    ["/go/src/gopkg.in/Shopify/sarama.v1/broker.go", "sarama", null],
    ["external/com_github_ibm_sarama/broker.go", "sarama", null],
    ["/go/pkg/mod/github.com/twmb/franz-go@v1.22.2/pkg/kgo/source.go", "franz-go", "1.22.2"],
    ["/go/pkg/mod/github.com/twmb/franz-go/pkg/kmsg@v1.15.0/generated.go", "franz-go", null],
    ["/go/pkg/mod/github.com/segmentio/kafka-go@v0.4.51/reader.go", "segmentio-kafka-go", "0.4.51"],
    ["/go/pkg/mod/github.com/confluentinc/confluent-kafka-go/v2@v2.11.1/kafka/message.go", "confluent-kafka-go", "2.11.1"],
    ["/go/pkg/mod/github.com/confluentinc/confluent-kafka-go@v1.9.2/kafka/message.go", "confluent-kafka-go", "1.9.2"],
  ];
  for (const [file, id, version] of table) {
    const { own, versionInPath } = client(id);
    assert.equal(own.files?.test(file), true, file);
    assert.equal(versionInPath?.exec(file)?.[1] ?? null, version, file);
    for (const other of clients) if (other.id !== id) assert.notEqual(other.own.files?.test(file), true, `${other.id}: ${file}`);
  }
  for (const file of ["/app/sarama/broker.go", "/go/pkg/mod/github.com/acme/kafka-go@v1.0.0/reader.go", "/app/kafka/message.go"]) {
    assert.ok(!clients.some(({ own }) => own.files?.test(file)), file);
  }
});

test("settings of Go clients are known as code writes them", () => {
  const table: readonly (readonly [id: string, setting: string, value: string])[] = [
    ["sarama", "Consumer.Fetch.MaxBytes", "1048576"],
    ["sarama", "consumer.fetch.max_bytes", "1048576"],
    ["sarama", "ChannelBufferSize", "8"],
    ["franz-go", "FetchMaxBytes", "1048576"],
    ["franz-go", "kgo.FetchMaxBytes", "1048576"],
    ["franz-go", "fetch_max_bytes", "1048576"],
    ["segmentio-kafka-go", "ReaderConfig.QueueCapacity", "8"],
    ["segmentio-kafka-go", "QueueCapacity", "8"],
  ];
  const known = { partitions: 12, brokers: 2, messageBytes: 100_000 };
  for (const [id, name, value] of table) {
    const of = client(id);
    assert.deepEqual(unknownSettings(new Map([[name, value]]), parametersOf(of, clients), of.otherProperties ?? [], true), [], name);
    const [before] = ceilingsOf(of, scopeOf({}, known), clients);
    const [after] = ceilingsOf(of, scopeOf({ [name]: value }, known), clients);
    assert.ok(after && before && after.highBytes < before.highBytes, `${id}: ${name}`);
  }
  const sarama = client("sarama");
  const misspelt = unknownSettings(
    new Map([["Consumer.Fetch.MaxByte", "1"]]),
    parametersOf(sarama, clients),
    sarama.otherProperties ?? [],
    true,
  );
  assert.equal(misspelt[0]?.nearest, "Consumer.Fetch.MaxBytes");
});

test("without Consumer.Fetch.MaxBytes sarama asks for twice as much", () => {
  const high = (version: string): number =>
    ceilingsOf(client("sarama"), scopeOf({}, { version, brokers: 1, messageBytes: 1024 }), clients)[0]?.highBytes ?? 0;
  assert.ok(high("1.48.2") > 1.9 * high("1.49.0"));
});

test("a target is met by the gentlest setting of sarama that is enough", () => {
  const settingsFor = (known: Partial<Scope>, targetBytes: number): Readonly<Record<string, string>> | undefined =>
    bufferingRemediesOf(client("sarama"), scopeOf({}, { partitions: 12, brokers: 2, ...known }), targetBytes, "fetch-queue", clients)[0]
      ?.settings;
  assert.deepEqual(Object.keys(settingsFor({ messageBytes: 1024 }, 100e6) ?? {}), ["Consumer.Fetch.MaxBytes"]);
  assert.deepEqual(Object.keys(settingsFor({ messageBytes: 200_000 }, 400e6) ?? {}), ["ChannelBufferSize"]);
  assert.equal(settingsFor({ messageBytes: 1024 }, 1e6), undefined);
});

test("MaxConcurrentFetches(0) of franz-go meant no limit before 1.21", () => {
  const bytes = (version: string): number =>
    ceilingsOf(client("franz-go"), scopeOf({ MaxConcurrentFetches: "0" }, { version, brokers: 3, partitions: 3 }), clients)[0]?.bytes ?? 0;
  assert.ok(bytes("1.20.7") > 3 * bytes("1.21.0"));
});

test("traps are named only where they apply", () => {
  const codes = (id: string, settings: Readonly<Record<string, string>>, known: Partial<Scope> = {}): readonly string[] =>
    trapsOf(client(id), scopeOf(settings, known), clients).map(({ code }) => code);
  assert.deepEqual(codes("sarama", {}), ["channel-counts-messages"]);
  assert.deepEqual(codes("sarama", { ChannelBufferSize: "0", "Consumer.Fetch.Max": "500000" }, { version: "1.43.3" }), [
    "fetch-max-skips-messages",
    "no-fetch-max-bytes",
  ]);
  assert.deepEqual(codes("franz-go", {}), []);
  assert.deepEqual(codes("franz-go", { MaxBufferedBytes: "1000000" }), ["max-buffered-bytes-is-for-producing"]);
  assert.deepEqual(codes("segmentio-kafka-go", { "Writer.Async": "true" }), ["capacity-counts-messages", "async-writer-has-no-limit"]);
  assert.deepEqual(codes("confluent-kafka-go", {}), ["not-in-a-go-heap-profile"]);
  assert.deepEqual(codes("confluent-kafka-go", { "linger.ms": "5" }), ["not-in-a-go-heap-profile", "producer-channels"]);
});
