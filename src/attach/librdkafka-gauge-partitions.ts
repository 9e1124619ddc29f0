/**
 * The queues of single partitions (`rktp_fetchq` of `struct rd_kafka_toppar_s`, rdkafka_partition.h). With the high-level consumer
 * they are forwarded to the queue of its group and hold nothing; where an application splits them off, or reads partitions by
 * themselves, what was fetched waits here.
 */
import { type ConsumerInstance, isTopic, topicAfter } from "./librdkafka-gauge-instance.ts";
import { isQueueOf } from "./librdkafka-gauge-queue.ts";
import type { TargetMemory } from "./target-memory.ts";
import { type IsPointer, imageAt, readWord, wordAt } from "./target-words.ts";

export interface Partitions {
  readonly topics: readonly Topic[];
  readonly queues: readonly PartitionQueue[];
}

interface Topic {
  readonly arrayAt: number; // address of { partitions, their number }
  readonly partitions: Buffer; // these 12 bytes as they were
}

interface PartitionQueue {
  readonly pointerAt: number; // in the partition
  readonly queue: number;
}

const TOPIC_BYTES = 0x140;
const PARTITION_BYTES = 0x400;
const MOST_TOPICS = 4096;
const MOST_PARTITIONS = 1 << 17;
const UNASSIGNED = -1;

/** Where a partition holds its topic and its queue; the same for all of a process. */
interface PartitionLayout {
  readonly topicAt: number;
  readonly queueAt: number;
}

/** All partitions of the consumer's topics. Null where a topic cannot be followed, or changes while we look. */
export function partitionsOf(memory: TargetMemory, instance: ConsumerInstance, isPointer: IsPointer): Partitions | null {
  const head = imageAt(memory, instance.topicsAt, 24);
  if (head.length < 24) return null;
  const count = head.readUInt32LE(16);
  const topics: Topic[] = [];
  const queues: PartitionQueue[] = [];
  let topic = wordAt(head, 0);
  for (; topic !== 0; topic = topicAfter(memory, topic)) {
    if (topics.length >= MOST_TOPICS || !isPointer(topic) || !isTopic(memory, topic)) return null;
    const found = partitionsIn(memory, instance, topic, isPointer);
    if (found === null) return null;
    topics.push(found.topic);
    queues.push(...found.queues);
  }
  return topics.length === count ? { topics, queues } : null;
}

/** Whether topics or partitions came or went since. */
export function isCurrent(memory: TargetMemory, instance: ConsumerInstance, { topics }: Partitions): boolean {
  const head = imageAt(memory, instance.topicsAt, 24);
  if (head.length < 24 || head.readUInt32LE(16) !== topics.length) return false;
  return topics.every(({ arrayAt, partitions }) => imageAt(memory, arrayAt, 12).equals(partitions));
}

/** `…, rkt_ua, rkt_p, rkt_partition_cnt, …`: the unassigned partition, whose number is -1, and the array of the others. */
function partitionsIn(
  memory: TargetMemory,
  instance: ConsumerInstance,
  topic: number,
  isPointer: IsPointer,
): { readonly topic: Topic; readonly queues: readonly PartitionQueue[] } | null {
  const image = imageAt(memory, topic, TOPIC_BYTES);
  const found = unassignedIn(memory, instance, topic, image, isPointer);
  if (found === null) return null;
  const { at, layout } = found;
  const [array, count] = [wordAt(image, at + 8), image.readInt32LE(at + 16)];
  if (count < 0 || count > MOST_PARTITIONS || (array === 0) !== (count === 0) || (count > 0 && !isPointer(array))) return null;
  const pointers = imageAt(memory, array, count * 8);
  if (pointers.length < count * 8) return null;
  const queues: PartitionQueue[] = [];
  for (let partition = 0; partition < count; partition++) {
    const address = wordAt(pointers, partition * 8);
    const queue = isPointer(address) ? queueOf(memory, instance, topic, address, partition, layout) : null;
    if (queue === null) return null;
    queues.push(queue);
  }
  return { topic: { arrayAt: topic + at + 8, partitions: Buffer.from(image.subarray(at + 8, at + 20)) }, queues };
}

/**
 * Where a topic points at its unassigned partition. What lies before that partition on the heap is pointed at too (the topic's name
 * was allocated just before it), and the partition shows behind it: the pointer that leads nearest to it is the one.
 */
function unassignedIn(
  memory: TargetMemory,
  instance: ConsumerInstance,
  topic: number,
  image: Buffer,
  isPointer: IsPointer,
): { readonly at: number; readonly layout: PartitionLayout } | null {
  let nearest: { readonly at: number; readonly layout: PartitionLayout } | null = null;
  for (let at = 24; at + 20 <= image.length; at += 8) {
    const pointer = wordAt(image, at);
    const layout = isPointer(pointer) ? layoutOf(memory, instance, topic, pointer, isPointer) : null;
    if (layout !== null && (nearest === null || layout.topicAt < nearest.layout.topicAt)) nearest = { at, layout };
  }
  return nearest;
}

/** `…, rktp_rkt, rktp_partition, …, rktp_fetchq, rktp_ops, …`: the first two queues in a row behind the topic and the number -1. */
function layoutOf(
  memory: TargetMemory,
  { address, lockBytes }: ConsumerInstance,
  topic: number,
  unassigned: number,
  isPointer: IsPointer,
): PartitionLayout | null {
  const image = imageAt(memory, unassigned, PARTITION_BYTES);
  let topicAt = 0;
  while (topicAt + 12 <= image.length && !(wordAt(image, topicAt) === topic && image.readInt32LE(topicAt + 8) === UNASSIGNED)) topicAt += 8;
  for (let at = topicAt + 16; at + 16 <= image.length; at += 8) {
    const queues = [wordAt(image, at), wordAt(image, at + 8)];
    if (queues[0] === queues[1] || !queues.every((one) => isPointer(one) && isQueueOf(memory, one, address, lockBytes))) continue;
    return { topicAt, queueAt: at };
  }
  return null;
}

function queueOf(
  memory: TargetMemory,
  { address: instance, lockBytes }: ConsumerInstance,
  topic: number,
  address: number,
  partition: number,
  layout: PartitionLayout,
): PartitionQueue | null {
  const proof = imageAt(memory, address + layout.topicAt, 12);
  if (proof.length < 12 || wordAt(proof, 0) !== topic || proof.readInt32LE(8) !== partition) return null;
  const pointerAt = address + layout.queueAt;
  const queue = readWord(memory, pointerAt);
  return isQueueOf(memory, queue, instance, lockBytes) ? { pointerAt, queue } : null;
}
