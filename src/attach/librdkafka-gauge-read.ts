/** One reading of one instance: nothing is believed that does not prove itself again, and a value in change is read again. */
import type { ClientQueue } from "./gauge.ts";
import { type ConsumerInstance, type Instance, type ProducerInstance, readCounters } from "./librdkafka-gauge-instance.ts";
import { isCurrent, type Partitions, partitionsOf } from "./librdkafka-gauge-partitions.ts";
import { type Queue, readQueue } from "./librdkafka-gauge-queue.ts";
import type { TargetMemory } from "./target-memory.ts";
import { imageAt, pointersInto, readWord } from "./target-words.ts";

/** An instance, and what was last found below it. */
export interface ReadInstance {
  readonly instance: Instance;
  partitions: Partitions | null;
}

/** A list that changes thousands of times a second is consistent most of the time. */
const TRIES = 8;
const MOST_FORWARDS = 8;

/** Whether the instance is still there: its first two words and its name. */
export function isThere(memory: TargetMemory, { address, head, nameAt, nameBytes }: Instance): boolean {
  return imageAt(memory, address, head.length).equals(head) && imageAt(memory, nameAt, nameBytes.length).equals(nameBytes);
}

/** Null where it cannot be said at this moment. */
export function readInstance(memory: TargetMemory, one: ReadInstance): ClientQueue | null {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const { instance } = one;
    const read = instance.role === "producer" ? readProducer(memory, instance) : readConsumer(memory, one, instance);
    if (read !== null) return read;
  }
  return null;
}

function readProducer(memory: TargetMemory, instance: ProducerInstance): ClientQueue | null {
  const counters = readCounters(imageAt(memory, instance.countersAt, 32));
  const { name, role, limits } = instance;
  if (counters === null || counters.limits.messages !== limits.messages || counters.limits.bytes !== limits.bytes) return null;
  return { name, role, messages: counters.messages, bytes: counters.bytes, ...limitsOf(limits) };
}

/** The queue of the group and those of partitions that are not forwarded to it; each queue once, however many lead to it. */
function readConsumer(memory: TargetMemory, one: ReadInstance, instance: ConsumerInstance): ClientQueue | null {
  const { group, name, role, limits } = instance;
  const starts: number[] = [];
  if (group !== null) {
    const isSame = readWord(memory, group.pointerAt) === group.address && readWord(memory, group.queuePointerAt) === group.queue;
    if (!isSame) return null;
    starts.push(group.queue);
  }
  if (one.partitions === null || !isCurrent(memory, instance, one.partitions)) {
    one.partitions = partitionsOf(memory, instance, pointersInto(memory.mappings()));
    if (one.partitions === null) return null;
  }
  for (const { pointerAt, queue } of one.partitions.queues) {
    if (readWord(memory, pointerAt) !== queue) {
      one.partitions = null;
      return null;
    }
    starts.push(queue);
  }
  const queues = new Map<number, Queue>();
  const followed = new Set<number>();
  for (const start of starts) {
    const last = endOf(memory, start, instance, followed);
    if (last === null) return null;
    if (last !== "seen") queues.set(last.address, last);
  }
  let [messages, bytes] = [0, 0];
  for (const queue of queues.values()) {
    messages += queue.messages;
    bytes += queue.bytes;
  }
  return { name, role, messages, bytes, ...(limits === null ? {} : limitsOf(limits)) };
}

/** The queue where operations come to lie that are put into this one. */
function endOf(
  memory: TargetMemory,
  start: number,
  { address, lockBytes }: ConsumerInstance,
  followed: Set<number>,
): Queue | "seen" | null {
  let at = start;
  for (let forwards = 0; forwards <= MOST_FORWARDS; forwards++) {
    if (followed.has(at)) return "seen";
    const queue = readQueue(memory, at, lockBytes);
    if (queue === null || queue.instance !== address) return null;
    followed.add(at);
    if (queue.forwardedTo === 0) return queue;
    at = queue.forwardedTo;
  }
  return null;
}

function limitsOf(limits: { readonly messages: number; readonly bytes: number }): { limitMessages?: number; limitBytes: number } {
  return limits.messages === 0 ? { limitBytes: limits.bytes } : { limitMessages: limits.messages, limitBytes: limits.bytes };
}
