/** A census of the heap beside the gauge of a queue: messages kept are told from messages queued, by synthetic counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inputFromBytes } from "./base/source.ts";
import { observeSeries } from "./evidence/observe-series.ts";
import { analyze } from "./index.ts";

interface Look {
  readonly queued: number;
  readonly alive: number;
  readonly other: number; // chunks of 2,016 bytes
  readonly empty?: number; // chunks of the size of a message object, without a message
  readonly outsideBytes?: number; // in no chunk
}

/** One look a second. Values of 1,000 bytes; every living message needs its value and an object of 320 bytes. */
async function observed(course: readonly Look[], runtime = "native") {
  const first = {
    lagleakObservation: 1,
    startedAtMs: 1.8e12,
    name: "app",
    runtime,
    clients: [{ id: "librdkafka", version: "2.12.0" }],
  };
  const lines = course.map(({ queued, alive, other, empty = 0, outsideBytes = 0 }, second) => {
    const inUseBytes = alive * 1400 + empty * 320 + other * 2016 + 1e6;
    return {
      elapsedMs: second * 1000,
      residentBytes: inUseBytes + outsideBytes + 8e6,
      queues: [{ name: "rdkafka#consumer-1", role: "consumer", messages: queued, bytes: queued * 1000 }],
      census: {
        allocator: "glibc",
        inUseBytes,
        freeBytes: 0,
        mappedBytes: 0,
        classes: [
          { size: 320, count: alive + empty },
          { size: 2016, count: other },
        ],
      },
    };
  });
  const text = [first, ...lines].map((line) => JSON.stringify(line)).join("\n");
  const evidence = await observeSeries.read(await inputFromBytes("app.lagleak.jsonl", new TextEncoder().encode(text)));
  return analyze(null, { evidence, told: { settings: new Map([["queued.max.messages.kbytes", "4096"]]) } });
}

const seconds = Array.from({ length: 40 }, (_, second) => second);

test("as many message objects as queued messages and nothing else that grows is a queue", async () => {
  const filling = seconds.map((second) => Math.min(4000, 400 * second));
  const { verdict } = await observed(filling.map((queued) => ({ queued, alive: queued + 3, other: 500 })));
  assert.equal(verdict.class, "buffering");
  assert.match(verdict.because.map(({ text }) => text).join(" "), /4,003 message objects .* as many as are queued/);
});

test("more message objects than queued messages are messages that the application keeps", async () => {
  const { verdict } = await observed(seconds.map((second) => ({ queued: 2000, alive: 2000 + 900 * second, other: 500 })));
  assert.deepEqual([verdict.class, verdict.party], ["leak", "app-retained"]);
  assert.match(verdict.because.map(({ text }) => text).join(" "), /35,100 were taken out of the queue and are still held/);
});

test("objects of the message's size without room for their values are no messages", async () => {
  const { verdict } = await observed(seconds.map((second) => ({ queued: 2000, alive: 2000, other: 500, empty: 4000 * second })));
  assert.equal(verdict.class, "leak");
  assert.equal(verdict.party, null);
});

test("chunks of another size that grow beside a queue are a leak without an owner, and named by their size", async () => {
  const first = await observed(seconds.map((second) => ({ queued: 2000, alive: 2000, other: 500 + 700 * second })));
  assert.equal(first.verdict.class, "leak");
  assert.equal(first.verdict.party, null);
  assert.match(first.verdict.because.map(({ text }) => text).join(" "), /chunks of 2,016 bytes grew from 500 to 27,800/);
});

test("the heap of Go is not malloc's: what grows there is seen beside a full queue that stands still in malloc", async () => {
  const full = { queued: 4000, alive: 4000, other: 500 };
  const grows = seconds.map((second) => ({ ...full, outsideBytes: 2e6 * second }));
  const { verdict } = await observed(grows, "go");
  assert.equal(verdict.class, "inconclusive");
  assert.ok(verdict.probabilities.leak > 0.5 && verdict.probabilities.buffering < 0.2, JSON.stringify(verdict.probabilities));
  const fills = seconds.map((second) => Math.min(4000, 400 * second)).map((queued) => ({ queued, alive: queued + 3, other: 500 }));
  assert.equal((await observed(fills, "go")).verdict.class, "buffering");
});
