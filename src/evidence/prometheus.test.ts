/** Metrics as exporters give them; the page of the process was written by prom-client 15. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import type { Evidence, LagEvidence, MemoryEvidence, WantedEvidence } from "./evidence.ts";
import { prometheus } from "./prometheus.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function evidenceOf(text: string, wanted?: WantedEvidence): Promise<readonly Evidence[]> {
  return prometheus.read(await inputFromBytes("metrics.txt", encode(text)), wanted);
}

async function lagOf(text: string, wanted?: WantedEvidence): Promise<LagEvidence> {
  return (await evidenceOf(text, wanted)).find(({ kind }) => kind === "lag") as LagEvidence;
}

async function memoryOf(text: string, wanted?: WantedEvidence): Promise<MemoryEvidence> {
  return (await evidenceOf(text, wanted)).find(({ kind }) => kind === "memory") as MemoryEvidence;
}

const PAGE = `# HELP process_cpu_user_seconds_total Total user CPU time spent in seconds.
# TYPE process_cpu_user_seconds_total counter
process_cpu_user_seconds_total 0.001897

# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 53972992

# HELP nodejs_eventloop_lag_mean_seconds The mean of the recorded event loop delays.
# TYPE nodejs_eventloop_lag_mean_seconds gauge
nodejs_eventloop_lag_mean_seconds Nan

# HELP nodejs_heap_size_used_bytes Process heap size used from Node.js in bytes.
# TYPE nodejs_heap_size_used_bytes gauge
nodejs_heap_size_used_bytes 5728176

# HELP kafka_consumergroup_lag Lag of a consumer group at a partition
# TYPE kafka_consumergroup_lag gauge
kafka_consumergroup_lag{consumergroup="billing",topic="orders",partition="0"} 120
kafka_consumergroup_lag{consumergroup="billing",topic="orders",partition="1"} 80
`;

test("a page of prom-client: resident memory, heap and lag; the lag of the event loop is none", async () => {
  assert.equal(prometheus.recognize(encode(PAGE), "x"), "certain");
  const { residentBytes, heapBytes, clock } = await memoryOf(PAGE);
  assert.deepEqual([[...residentBytes], [...heapBytes], clock], [[53972992], [5728176], "none"]);
  const { groups, lag } = await lagOf(PAGE);
  assert.deepEqual([groups, [...lag]], [["billing"], [200]]);
});

test("pages appended in a loop with their times are a series", async () => {
  const { residentBytes, atMs } = await memoryOf(
    `2026-11-24T12:00:00Z\n${PAGE}# 2026-11-24T12:01:00Z\n${PAGE.replace("53972992", "60000000")}`,
  );
  assert.deepEqual([...residentBytes], [53972992, 60000000]);
  assert.deepEqual([...atMs], [Date.UTC(2026, 10, 24, 12, 0), Date.UTC(2026, 10, 24, 12, 1)]);
});

test("a sample may carry its time", async () => {
  const { atMs, clock } = await memoryOf(
    'process_resident_memory_bytes{job="a"} 1 1795521600000\nprocess_resident_memory_bytes{job="a"} 2 1795521660.5\n',
  );
  assert.deepEqual([[...atMs], clock], [[1795521600000, 1795521660500], "zone"]);
});

const exporters: Readonly<Record<string, readonly [page: string, group: string, lag: number]>> = {
  "kafka_exporter, with its sum beside the partitions": [
    'kafka_consumergroup_lag{consumergroup="g",topic="t",partition="0"} 3\nkafka_consumergroup_lag{consumergroup="g",topic="t",partition="1"} 4\nkafka_consumergroup_lag_sum{consumergroup="g",topic="t"} 7\n',
    "g",
    7,
  ],
  "kafka-lag-exporter, at three levels": [
    'kafka_consumergroup_group_lag{cluster_name="c",group="g",topic="t",partition="0"} 3.0\nkafka_consumergroup_group_topic_sum_lag{cluster_name="c",group="g",topic="t"} 3.0\nkafka_consumergroup_group_sum_lag{cluster_name="c",group="g"} 3.0\n',
    "g",
    3,
  ],
  "KMinion, two topics": [
    'kminion_kafka_consumer_group_topic_lag{group_id="g",topic_name="t"} 5\nkminion_kafka_consumer_group_topic_lag{group_id="g",topic_name="u"} 6\nkminion_kafka_consumer_group_topic_partition_lag{group_id="g",topic_name="t",partition_id="0"} 5\n',
    "g",
    11,
  ],
  "the JMX exporter, by partition": [
    'kafka_consumer_consumer_fetch_manager_metrics_records_lag{client_id="c",topic="t",partition="0",} 2.0\nkafka_consumer_consumer_fetch_manager_metrics_records_lag_max{client_id="c",} 2.0\n',
    "",
    2,
  ],
  Micrometer: ['kafka_consumer_fetch_manager_records_lag{client_id="c",topic="t",partition="0"} 9\n', "", 9],
  "an exporter of librdkafka statistics, -1 where nothing is committed": [
    'rdkafka_topic_partition_consumer_lag{client_id="c",topic="t",partition="0"} 5\nrdkafka_topic_partition_consumer_lag{client_id="c",topic="t",partition="1"} -1\n',
    "",
    5,
  ],
  "two replicas of one exporter": [
    'kafka_consumergroup_lag{consumergroup="g",topic="t",partition="0",instance="a"} 3\nkafka_consumergroup_lag{consumergroup="g",topic="t",partition="0",instance="b"} 4\n',
    "g",
    4,
  ],
};

for (const [exporter, [page, group, expected]] of Object.entries(exporters)) {
  test(`the lag of ${exporter}`, async () => {
    const { groups, lag } = await lagOf(page);
    assert.deepEqual([groups, [...lag]], [[group], [expected]]);
  });
}

test("records-lag-max alone is the lag of one partition, and that is said", async () => {
  const { isLowest, losses } = await lagOf('kafka_consumer_consumer_fetch_manager_metrics_records_lag_max{client_id="c"} 2.0\n');
  assert.equal(isLowest, true);
  assert.match(losses[0]?.text ?? "", /one partition/);
});

const range = (metric: Record<string, string>, values: readonly (readonly [number, string])[]): string =>
  JSON.stringify({ status: "success", data: { resultType: "matrix", result: [{ metric, values }] } });

test("a range query of cAdvisor: the container and not its pod; the limit is the container's", async () => {
  const series = (name: string, container: string, value: string): unknown => ({
    metric: { __name__: name, namespace: "n", pod: "p", container },
    values: [
      [1795521600, value],
      [1795521660.5, value],
    ],
  });
  const result = [
    series("container_memory_working_set_bytes", "", "300"),
    series("container_memory_working_set_bytes", "POD", "1"),
    series("container_memory_working_set_bytes", "app", "200"),
    series("container_spec_memory_limit_bytes", "app", "512"),
  ];
  const text = JSON.stringify({ status: "success", data: { resultType: "matrix", result } });
  assert.equal(prometheus.recognize(encode(text), "x"), "certain");
  const { names, residentBytes, measures, limitBytes, atMs } = await memoryOf(text);
  assert.deepEqual([names, [...residentBytes], measures, limitBytes], [["n/p/app"], [200, 200], "container", 512]);
  assert.deepEqual([...atMs], [1795521600000, 1795521660500]);
});

test("the result of a sum has no name and is what it was given as", async () => {
  const { lag } = await lagOf(range({}, [[1795521600, "5"]]), "lag");
  assert.deepEqual([...lag], [5]);
  const { residentBytes } = await memoryOf(range({ pod: "a" }, [[1795521600, "5e6"]]), "memory");
  assert.deepEqual([...residentBytes], [5e6]);
  await assert.rejects(evidenceOf(range({}, [[1795521600, "5"]])), (error) => error instanceof Failure && error.code === "configuration");
});

test("an error of Prometheus, a cut answer and a page of other things are wrong configuration", async () => {
  for (const text of ['{"status":"error","error":"parse error"}', range({}, [[1, "5"]]).slice(0, -4), "up 1\n"]) {
    await assert.rejects(
      evidenceOf(text),
      (error) => error instanceof Failure && error.code === "configuration" && error.where?.line === 1,
    );
  }
});

test("a long range is read", async () => {
  const values = Array.from({ length: 200_000 }, (_, row): readonly [number, string] => [1795521600 + row, "5"]);
  assert.equal((await memoryOf(range({ __name__: "process_resident_memory_bytes" }, values))).length, 200_000);
});
