import assert from "node:assert/strict";
import { test } from "node:test";
import { clients } from "../clients/index.ts";
import { sketch } from "../testing/sketch.ts";
import { gatherFacts, NOTHING_TOLD } from "./facts.ts";
import { measuredQueues } from "./measured-queues.ts";

const queuesOf = (text: string): ReturnType<typeof measuredQueues> =>
  measuredQueues(gatherFacts(sketch(text), clients, [], { ...NOTHING_TOLD }));

const INTERNALS = "org.apache.kafka.clients.consumer.internals";

test("parts of responses and batches of a producer are entries of queues of their own, each beside its ceiling", () => {
  const queues = queuesOf(`
    at 0s <${INTERNALS}.FetchBuffer> > <${INTERNALS}.CompletedFetch> 640 / 8
    at 0s <${INTERNALS}.FetchBuffer> > <${INTERNALS}.CompletedFetch> > <org.apache.kafka.common.record.MemoryRecords> > <byte[]> 8000000 / 8
    at 0s <org.apache.kafka.clients.producer.internals.RecordAccumulator> > <org.apache.kafka.clients.producer.internals.ProducerBatch> 300 / 3
  `);
  assert.deepEqual(
    queues.map(({ component, entries }) => [component, entries]),
    [
      ["fetch-queue", 8],
      ["producer-queue", 3],
    ],
  );
  assert.ok(queues.every(({ ceilingBytes, mostBytes }) => ceilingBytes !== null && mostBytes !== null && mostBytes >= ceilingBytes));
});

test("an entry that the application keeps is no entry of the queue", () => {
  assert.deepEqual(queuesOf("at 0s <com.acme.Cache> > <com.acme.CompletedFetch> 640 / 8"), []);
});

test("objects without a class are messages only within the stream that buffers them", () => {
  const stream = "<MessagesStream> > <ReadableState> > <Array> > <Object> > <Buffer> > <ArrayBuffer> > <system / JSArrayBufferData>";
  const [queue, ...others] = queuesOf(`
    at 0s ${stream} 4096 / 4
    at 0s <MessagesStream> > <ReadableState> > <Array> > <Object> 320 / 4
    at 0s <Registry> > <Object> 800 / 10
    at 0s #pushRecords @ file:///app/node_modules/@platformatic/kafka/dist/clients/consumer/messages-stream.js 8 / 1
  `);
  assert.deepEqual([queue?.what, queue?.entries, others.length], ["messages", 4, 0]);
});
