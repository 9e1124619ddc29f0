import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import type { QueueEvidence } from "./evidence.ts";
import { librdkafkaStats } from "./librdkafka-stats.ts";

type Queues = readonly (readonly [messages: number, bytes: number])[];

interface Shape {
  readonly name?: string;
  readonly time?: number;
  readonly ts?: number;
  readonly queues?: Queues;
  readonly lag?: number;
  readonly extra?: object;
}

/** What a consumer writes: one partition a queue, led by broker 1 and 2 in turn, and the UA partition. */
function statistics(shape: Shape): object {
  const partitions: Record<string, object> = {
    "-1": { partition: -1, leader: -1, fetchq_cnt: 9e9, fetchq_size: 9e9, fetch_state: "none" },
  };
  (shape.queues ?? []).forEach(([messages, bytes], partition) => {
    partitions[partition] = {
      partition,
      leader: 1 + (partition % 2),
      fetch_state: "active",
      fetchq_cnt: messages,
      fetchq_size: bytes,
      consumer_lag: shape.lag ?? 100,
      rxmsgs: 10,
    };
  });
  return {
    name: shape.name ?? "rdkafka#consumer-1",
    client_id: "rdkafka",
    type: "consumer",
    ts: shape.ts ?? 5_000_000,
    time: shape.time ?? 1_699_999_995 + Math.floor((shape.ts ?? 5_000_000) / 1e6),
    replyq: 0,
    brokers: { "secret-host:9092/1": { nodeid: 1 } },
    topics: { "secret-topic": { topic: "secret-topic", partitions } },
    ...shape.extra,
  };
}

async function read(text: string): Promise<QueueEvidence> {
  return librdkafkaStats.read(await inputFromBytes("stats.jsonl", new TextEncoder().encode(text)));
}

const lines = (...objects: readonly object[]): string => objects.map((object) => `${JSON.stringify(object)}\n`).join("");
const forwarded = (count: number, messages: number): (readonly [number, number])[] =>
  Array.from({ length: count }, () => [messages, messages * 1000] as const);

test("partitions that repeat the totals of one forwarded queue are counted once", async () => {
  const evidence = await read(lines(statistics({ queues: forwarded(40, 72_877) })));
  assert.deepEqual([...evidence.messages], [72_877]);
  assert.deepEqual([...evidence.bytes], [72_877_000]);
  assert.equal(evidence.split, false);
  assert.equal(evidence.partitions, 40);
  assert.equal(evidence.brokers, 2);
  assert.equal(evidence.meanMessageBytes, 1000);
});

test("one queue that is read while it fills and drains is still one queue", async () => {
  const racing = (messages: number): Queues =>
    Array.from({ length: 12 }, (_, partition) => [messages - partition, (messages - partition) * 1000] as const);
  const jump: Queues = [...forwarded(6, 0), ...forwarded(6, 1000)];
  const evidence = await read(
    lines(
      statistics({ queues: racing(5000) }),
      statistics({ ts: 6e6, queues: jump }),
      ...[7e6, 8e6].map((ts) => statistics({ ts, queues: racing(900) })),
    ),
  );
  assert.equal(evidence.split, false);
  assert.deepEqual([...evidence.messages], [5000, 1000, 900, 900]);
});

test("queues that differ are split partition queues and add up, also when all of them are full", async () => {
  const evidence = await read(
    lines(
      statistics({
        queues: [
          [100, 100_000],
          [900, 900_000],
          [4000, 4_000_000],
        ],
      }),
      statistics({
        ts: 6e6,
        queues: [
          [4000, 4_000_000],
          [4000, 4_000_000],
          [4000, 4_000_000],
        ],
      }),
    ),
  );
  assert.equal(evidence.split, true);
  assert.deepEqual([...evidence.bytes], [5_000_000, 12_000_000]);
});

test("a partition that is split beside forwarded ones adds its own queue to theirs", async () => {
  const evidence = await read(lines(statistics({ queues: [...forwarded(5, 6000), [10, 10_000]] })));
  assert.equal(evidence.split, true);
  assert.deepEqual([...evidence.messages], [6010]);
});

test("a partition that is not assigned has no queue", async () => {
  const text = JSON.stringify(statistics({ queues: forwarded(2, 500) })).replace('"active"', '"none"');
  const evidence = await read(text);
  assert.equal(evidence.partitions, 1);
  assert.equal(evidence.split, false);
});

test("one object, an array, pretty-printed objects and log lines say the same", async () => {
  const objects = [1, 2, 3].map((second) => statistics({ ts: second * 1e6, time: 1_700_000_000 + second, queues: forwarded(2, second) }));
  const texts = [
    lines(...objects),
    JSON.stringify(objects),
    objects.map((object) => JSON.stringify(object, null, 2)).join("\n"),
    objects.map((object) => `2026-11-22T07:30:15Z INFO {worker=1} [stats] ${JSON.stringify(object)} end\n`).join("partition {} assigned\n"),
    lines(...objects.map((object) => ({ level: "info", msg: JSON.stringify(object) }))),
    lines(...objects.map((object) => ({ level: "info", statistics: object }))),
  ];
  for (const text of texts) assert.deepEqual([...(await read(text)).messages], [1, 2, 3]);
});

test("a line that was cut costs itself and nothing behind it", async () => {
  const good = JSON.stringify(statistics({ queues: forwarded(2, 7) }));
  for (const cut of [20, 60, 250, good.indexOf('"topics":') + 9, good.length - 1]) {
    const evidence = await read(`${good}\n${good.slice(0, cut)}\n${good}\n${good}\n`);
    assert.ok(evidence.length >= 2, `cut at ${cut}: ${evidence.length} objects`);
    const loss = evidence.losses[0];
    assert.equal(loss?.code, "malformed-record");
    assert.equal(loss?.count, 1);
    assert.equal(loss?.offset, good.length + 1);
    assert.match(loss?.text ?? "", /at line 2$/);
  }
});

test("an object that is cut at the end of the file becomes one loss", async () => {
  const good = JSON.stringify(statistics({ queues: forwarded(2, 7) }), null, 2);
  const evidence = await read(`${good}\n${good.slice(0, good.length - 90)}`);
  assert.equal(evidence.length, 1);
  assert.deepEqual(
    evidence.losses.map((loss) => loss.count),
    [1],
  );
});

test("instances of one process are told apart by their names, and only the names are kept", async () => {
  const evidence = await read(
    lines(
      statistics({ name: "rdkafka#consumer-2", ts: 5_100_000, queues: forwarded(3, 20) }),
      statistics({ name: "rdkafka#consumer-1", ts: 5_000_000, queues: forwarded(3, 10) }),
      statistics({ name: "rdkafka#consumer-2", ts: 6_100_000, time: 1_700_000_001, queues: forwarded(3, 21) }),
    ),
  );
  assert.deepEqual(evidence.instances, ["rdkafka#consumer-2", "rdkafka#consumer-1"]);
  assert.equal(evidence.length, 3);
  assert.equal(evidence.split, false);
  assert.doesNotMatch(JSON.stringify(evidence), /secret/);
});

test("times are as fine as the monotonic clock and stay within the second of the wall clock", async () => {
  const startMs = 1_700_000_000_300;
  const shapes = [0, 1500, 3000, 4700, 9900].map((afterMs) =>
    statistics({ ts: (5_000 + afterMs) * 1000, time: Math.floor((startMs + afterMs) / 1000), queues: forwarded(1, afterMs) }),
  );
  const { atMs, messages } = await read(lines(...shapes.toReversed()));
  assert.deepEqual([...messages], [0, 1500, 3000, 4700, 9900]);
  assert.ok(Math.abs((atMs[0] ?? 0) - startMs) < 300);
  assert.deepEqual(
    [...atMs].map((at) => Math.round(at - (atMs[0] ?? 0))),
    [0, 1500, 3000, 4700, 9900],
  );
});

test("a host that restarted begins a new monotonic clock", async () => {
  const { atMs } = await read(lines(statistics({ ts: 9e12, time: 1_700_000_000 }), statistics({ ts: 1e6, time: 1_700_000_100 })));
  assert.deepEqual([...atMs], [1_700_000_000_500, 1_700_000_100_500]);
});

test("a lag of -1 is not known, and the lags that are known add up", async () => {
  const unknown = await read(lines(statistics({ queues: forwarded(2, 1), lag: -1 })));
  assert.deepEqual([...unknown.lag], [-1]);
  const known = await read(lines(statistics({ queues: forwarded(3, 1), lag: 7 })));
  assert.deepEqual([...known.lag], [21]);
});

test("received messages are those of the client, else those of its partitions", async () => {
  assert.deepEqual([...(await read(lines(statistics({ queues: forwarded(3, 1) })))).receivedMessages], [30]);
  assert.deepEqual([...(await read(lines(statistics({ queues: forwarded(3, 1), extra: { rxmsgs: 99 } })))).receivedMessages], [99]);
});

test("a producer's queue is what waits for delivery", async () => {
  const producer = statistics({
    name: "rdkafka#producer-1",
    queues: forwarded(4, 0),
    extra: { type: "producer", msg_cnt: 100, msg_size: 5000 },
  });
  const evidence = await read(lines(producer));
  assert.equal(evidence.role, "producer");
  assert.deepEqual([...evidence.bytes], [5000]);
  assert.deepEqual([...evidence.lag], [-1]);
  const both = await read(lines(producer, statistics({ queues: forwarded(1, 3) })));
  assert.equal(both.role, "consumer");
  assert.equal(both.length, 1);
  assert.deepEqual(
    both.losses.map((loss) => loss.code),
    ["evidence"],
  );
});

test("a file without statistics is refused with its line", async () => {
  for (const [text, line] of [
    ['{"level":"info"}\nnothing\n', 1],
    ['\n\n{"name":"rdkafka#consumer-1","ts":1', 3],
  ] as const) {
    await assert.rejects(read(text), (failure: unknown) => {
      assert.ok(failure instanceof Failure);
      assert.equal(failure.code, "configuration");
      assert.deepEqual(failure.where, { file: "stats.jsonl", line });
      return true;
    });
  }
});

test("statistics are recognised by their keys, also with escaped quotes", () => {
  const head = (text: string): Uint8Array => new TextEncoder().encode(text);
  assert.equal(librdkafkaStats.recognize(head(JSON.stringify(statistics({}))), "x"), "certain");
  assert.equal(librdkafkaStats.recognize(head(JSON.stringify({ msg: JSON.stringify(statistics({})) })), "x"), "certain");
  assert.equal(librdkafkaStats.recognize(head("queued.max.messages.kbytes=1"), "x"), "no");
});

test("rebalances, lost connections and responses to fetch requests are counted, of all brokers", async () => {
  const brokers = (fetches: number | null): object => ({
    a: { nodeid: 1, connects: 3, disconnects: 2, rx: 70, ...(fetches === null ? {} : { req: { Fetch: fetches, Heartbeat: 9 } }) },
    b: { nodeid: 2, connects: 1, disconnects: 1, rx: 20, ...(fetches === null ? {} : { req: { Fetch: 6 } }) },
  });
  const extra = { brokers: brokers(30), cgrp: { rebalance_cnt: 4 } };
  const { counters } = await read(lines(statistics({ extra }), statistics({ ts: 6_000_000, extra: { brokers: brokers(null) } })));
  assert.deepEqual([...(counters?.rebalances ?? [])], [4, 0]);
  assert.deepEqual([...(counters?.disconnects ?? [])], [3, 3]);
  assert.deepEqual([...(counters?.responses ?? [])], [36, 90]);
});
