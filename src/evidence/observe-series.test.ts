/** The series of an observer beside the process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import { observeSeries } from "./observe-series.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const LINE = (tMs: number, rss: number, messages: number): string =>
  `{"tMs":${tMs},"rss":${rss},"rssAnon":1,"threads":5,"queues":[{"name":"rdkafka#consumer-1","rk":"55fa","fwd":"no","qlen":${messages},"qsize":${messages * 1024}}],"census":{"totalMB":97.4,"top":[{"size":304,"count":1}]}}`;

test("memory and queues of one clock, counted from the start", async () => {
  const text = `${LINE(1, 6377472, 0)}\n${LINE(2700, 103854080, 72640)}\n`;
  assert.equal(observeSeries.recognize(encode(text), "x"), "certain");
  const [memory, queue] = await observeSeries.read(await inputFromBytes("x.lagleak.jsonl", encode(text)));
  assert.ok(memory?.kind === "memory" && queue?.kind === "queue");
  assert.deepEqual([[...memory.residentBytes], [...memory.heapBytes], memory.clock], [[6377472, 103854080], [97.4e6, 97.4e6], "elapsed"]);
  assert.deepEqual([[...queue.messages], queue.meanMessageBytes, queue.clock], [[0, 72640], 1024, "elapsed"]);
  assert.deepEqual([...memory.atMs], [...queue.atMs]);
});

test("a line that was cut is counted, and nothing whole is wrong configuration with its line", async () => {
  const [memory] = await observeSeries.read(await inputFromBytes("x", encode(`${LINE(1, 5, 0)}\n${LINE(2, 6, 0).slice(0, 40)}`)));
  assert.match(memory?.losses[0]?.text ?? "", /line 2/);
  await assert.rejects(
    observeSeries.read(await inputFromBytes("x", encode('{"tMs":1}\n'))),
    (error) => error instanceof Failure && error.code === "configuration" && error.where?.line === 1,
  );
});

test("in use in malloc is the heap of a native program, not that of a JVM, which counts its own", async () => {
  const of = async (runtime: string) => {
    const lines = [
      { lagleakObservation: 1, startedAtMs: 0, runtime },
      { elapsedMs: 0, residentBytes: 90e6, heap: { usedBytes: 20e6 }, census: { inUseBytes: 40e6, classes: [] } },
      { elapsedMs: 1000, residentBytes: 90e6, census: { inUseBytes: 40e6, classes: [] } },
    ];
    const [memory] = await observeSeries.read(await inputFromBytes("x", encode(lines.map((line) => JSON.stringify(line)).join("\n"))));
    return memory?.kind === "memory" ? [...memory.heapBytes] : [];
  };
  assert.deepEqual(await of("native"), [20e6, 40e6]);
  assert.deepEqual(await of("jvm"), [20e6, Number.NaN]);
});
