/**
 * What an instance of librdkafka looks like (`struct rd_kafka_s` of rdkafka_int.h): its offsets differ from version to version and
 * from build to build, so each is searched in the instance itself and accepted only where the structure proves it, and only once.
 *
 *     rk_rep, rk_ops, …, rk_topics { first, last }, rk_topic_cnt, rk_cgrp, …, rk_conf { …, queued_min_msgs, queued_max_msg_kbytes,
 *     queued_max_msg_bytes, …, queue_buffering_max_msgs, queue_buffering_max_kbytes, … }, rk_logq, rk_name[128], …,
 *     rk_curr_msgs { lock, condition, cnt, size, max_cnt, max_size }, …
 */
import type { CodeOffsets } from "./librdkafka-gauge-code.ts";
import type { FoundInstance } from "./librdkafka-gauge-find.ts";
import { isQueueOf } from "./librdkafka-gauge-queue.ts";
import type { TargetMemory } from "./target-memory.ts";
import { type IsPointer, imageAt, readWord, wordAt } from "./target-words.ts";

export interface Limits {
  readonly messages: number;
  readonly bytes: number;
}

interface Described extends FoundInstance {
  readonly name: string;
  readonly nameAt: number; // address
  readonly nameBytes: Buffer; // with the zero behind it
  readonly head: Buffer; // its first two words
}

/** What a consumer fetched waits in the queue of its group, or in queues of partitions that were split off. */
export interface ConsumerInstance extends Described {
  readonly role: "consumer";
  readonly topicsAt: number; // address of { first, last, count }
  readonly group: { readonly pointerAt: number; readonly address: number; readonly queuePointerAt: number; readonly queue: number } | null;
  readonly limits: Limits | null;
}

export interface ProducerInstance extends Described {
  readonly role: "producer";
  readonly countersAt: number; // address of { cnt, size, max_cnt, max_size }
  readonly limits: Limits;
}

export type Instance = ConsumerInstance | ProducerInstance;

/** Larger than the structure in any version; what follows it on the heap is read along and proves nothing. */
const IMAGE_BYTES = 8 << 10;
const LONGEST_NAME_BYTES = 128;
const GROUP_BYTES = 0x400;
/** The pointer to the group comes before the configuration: at 0x130 in 1.4, at 0x1b0 in 2.16. */
const GROUP_POINTER_WITHIN = 0x400;
/** Topics come 24 bytes before the group: { first, last, count }. */
const TOPICS_BEFORE_GROUP = 24;
/** `struct rd_kafka_topic_s` begins so. */
const TOPIC_MAGIC = "IRKT";
const TOPIC_LINK = 8;

/** Why an instance is one that cannot be read. */
export interface NotDescribed {
  readonly because: string;
}

export function describeInstance(
  memory: TargetMemory,
  found: FoundInstance,
  isPointer: IsPointer,
  code: CodeOffsets,
): Instance | NotDescribed {
  const image = imageAt(memory, found.address, IMAGE_BYTES);
  const name = nameIn(image, code.name);
  if (name === null) return { because: "an instance has no name where one is expected" };
  const described: Described = {
    ...found,
    name: name.text,
    nameAt: found.address + name.offset,
    nameBytes: image.subarray(name.offset, name.offset + name.length + 1),
    head: image.subarray(0, 16),
  };
  const configuration = image.subarray(0, name.offset);
  return name.role === "producer"
    ? describeProducer(described, image, configuration, name.offset + LONGEST_NAME_BYTES)
    : describeConsumer(memory, described, configuration, isPointer, code);
}

interface Name {
  readonly text: string;
  readonly offset: number;
  readonly length: number; // bytes
  readonly role: "consumer" | "producer";
}

/** `snprintf(rk_name, 128, "%s#%s-%i", client_id, type, number)`. Before it stands a pointer, whose last byte is zero. */
function nameIn(image: Buffer, knownOffset: number | null): Name | null {
  for (const role of ["consumer", "producer"] as const) {
    const part = Buffer.from(`#${role}-`);
    for (let at = image.indexOf(part); at >= 0; at = image.indexOf(part, at + 1)) {
      const zero = image.lastIndexOf(0, at);
      const offset = knownOffset ?? zero + 8 - (zero % 8);
      const end = image.indexOf(0, at);
      const isName = zero >= 0 && offset > zero && offset <= at && end > at && end < offset + LONGEST_NAME_BYTES;
      if (!isName || !/^\d+$/.test(image.toString("latin1", at + part.length, end))) continue;
      return { text: image.toString("utf8", offset, end), offset, length: end - offset, role };
    }
  }
  return null;
}

function describeProducer(described: Described, image: Buffer, configuration: Buffer, afterName: number): ProducerInstance | NotDescribed {
  const found: { readonly offset: number; readonly limits: Limits }[] = [];
  for (let at = afterName - (afterName % 8); at + 32 <= image.length; at += 8) {
    const counters = readCounters(image.subarray(at, at + 32));
    if (counters === null || !hasPair(configuration, counters.limits.messages, counters.limits.bytes / 1024)) continue;
    found.push({ offset: at, limits: counters.limits });
  }
  const [counters] = found;
  if (counters === undefined || found.length > 1) return { because: "the counters of a producer's queue were not recognised" };
  return { ...described, role: "producer", countersAt: described.address + counters.offset, limits: counters.limits };
}

export interface Counters {
  readonly messages: number;
  readonly bytes: number;
  readonly limits: Limits;
}

/** `rk_curr_msgs`; null where these 32 bytes contradict themselves. A limit of no messages means none. */
export function readCounters(bytes: Buffer): Counters | null {
  if (bytes.length < 32 || bytes.readUInt32LE(4) !== 0 || bytes.readUInt32LE(20) !== 0) return null;
  const [messages, most] = [bytes.readUInt32LE(0), bytes.readUInt32LE(16)];
  const [size, mostBytes] = [wordAt(bytes, 8), wordAt(bytes, 24)];
  if (mostBytes < 1024 || mostBytes % 1024 !== 0 || mostBytes / 1024 > 0x7fffffff || size > mostBytes) return null;
  if ((most > 0 && messages > most) || (messages === 0 && size !== 0)) return null;
  return { messages, bytes: size, limits: { messages: most, bytes: mostBytes } };
}

/** Whether two settings stand beside each other, as queue.buffering.max.messages and .kbytes do. */
function hasPair(configuration: Buffer, first: number, second: number): boolean {
  for (let at = 0; at + 8 <= configuration.length; at += 4) {
    if (configuration.readUInt32LE(at) === first && configuration.readUInt32LE(at + 4) === second) return true;
  }
  return false;
}

function describeConsumer(
  memory: TargetMemory,
  described: Described,
  configuration: Buffer,
  isPointer: IsPointer,
  code: CodeOffsets,
): ConsumerInstance | NotDescribed {
  const { address } = described;
  const limits = fetchLimits(configuration);
  const groups = groupsIn(memory, described, configuration, isPointer).filter(({ offset, queueOffset }) => {
    return (code.group === null || offset === code.group) && (code.groupQueue === null || queueOffset === code.groupQueue);
  });
  const [group] = groups;
  if (groups.length > 1) return { because: "more than one part of a consumer looks like its group" };
  if (group !== undefined) {
    const next = wordAt(configuration, group.offset + 8);
    // `rk_rkshare` follows in 2.14 and later; before, it is the configuration, which begins with numbers
    if (isPointer(next) && holdsWord(imageAt(memory, next, 64), address)) {
      return { because: "a share consumer (KIP-932) queues whole responses, whose messages cannot be counted" };
    }
    const { offset, queueOffset, group: groupAddress, queue } = group;
    return {
      ...described,
      role: "consumer",
      limits,
      topicsAt: address + offset - TOPICS_BEFORE_GROUP,
      group: { pointerAt: address + offset, address: groupAddress, queuePointerAt: groupAddress + queueOffset, queue },
    };
  }
  const topics = topicsWithoutGroup(memory, described, configuration, isPointer);
  const isElsewhere = code.group !== null && topics !== code.group - TOPICS_BEFORE_GROUP;
  if (topics === null || isElsewhere) return { because: "the queue of a consumer was not recognised" };
  return { ...described, role: "consumer", limits, topicsAt: address + topics, group: null };
}

interface FoundGroup {
  readonly offset: number;
  readonly group: number;
  readonly queueOffset: number;
  readonly queue: number;
}

/**
 * `rk_cgrp`: it holds three queues in a row (for the application, for its own operations, for those that wait for a coordinator), of
 * which the first is meant, and it stands behind the list of topics.
 */
function groupsIn(memory: TargetMemory, { address, lockBytes }: Described, image: Buffer, isPointer: IsPointer): readonly FoundGroup[] {
  const found: FoundGroup[] = [];
  for (let offset = TOPICS_BEFORE_GROUP + 16; offset < Math.min(GROUP_POINTER_WITHIN, image.length - 16); offset += 8) {
    const group = wordAt(image, offset);
    if (!isPointer(group) || !isTopics(memory, address, image, offset - TOPICS_BEFORE_GROUP, isPointer)) continue;
    const bytes = imageAt(memory, group, GROUP_BYTES);
    if (!holdsWord(bytes, address)) continue;
    for (let at = 0; at + 24 <= Math.min(bytes.length, 0x100); at += 8) {
      const queues = [wordAt(bytes, at), wordAt(bytes, at + 8), wordAt(bytes, at + 16)];
      const [queue = 0] = queues;
      if (new Set(queues).size < 3 || !queues.every((one) => isPointer(one) && isQueueOf(memory, one, address, lockBytes))) continue;
      found.push({ offset, group, queueOffset: at, queue });
      break;
    }
  }
  return found;
}

/** `{ first, last, count }` of topics: empty, it points at itself; else its first member is a topic. */
function isTopics(memory: TargetMemory, instance: number, image: Buffer, offset: number, isPointer: IsPointer): boolean {
  const [first, last] = [wordAt(image, offset), wordAt(image, offset + 8)];
  const count = image.readUInt32LE(offset + 16);
  if (first === 0) return last === instance + offset && count === 0;
  return count > 0 && isPointer(first) && isPointer(last) && isTopic(memory, first);
}

export function isTopic(memory: TargetMemory, address: number): boolean {
  return imageAt(memory, address, 4).toString("latin1") === TOPIC_MAGIC;
}

/** The next topic in the list; 0 = that was the last. */
export function topicAfter(memory: TargetMemory, topic: number): number {
  return readWord(memory, topic + TOPIC_LINK);
}

/** A consumer without a group has the list of topics, and behind it no pointer. Null where more than one place fits, or none. */
function topicsWithoutGroup(memory: TargetMemory, { address }: Described, image: Buffer, isPointer: IsPointer): number | null {
  const found: number[] = [];
  for (let offset = 16; offset < Math.min(GROUP_POINTER_WITHIN, image.length - 32); offset += 8) {
    if (wordAt(image, offset + TOPICS_BEFORE_GROUP) !== 0) continue;
    if (isTopics(memory, address, image, offset, isPointer)) found.push(offset);
  }
  const [only = null] = found;
  return found.length === 1 ? only : null;
}

function holdsWord(bytes: Buffer, word: number): boolean {
  for (let at = 0; at + 8 <= bytes.length; at += 8) if (wordAt(bytes, at) === word) return true;
  return false;
}

/** `queued_min_msgs`, `queued_max_msg_kbytes`, `queued_max_msg_bytes` = 1000 × kbytes. Null where that is found never or twice. */
function fetchLimits(configuration: Buffer): Limits | null {
  const found: Limits[] = [];
  for (let at = 16; at + 8 <= configuration.length; at += 8) {
    const bytes = wordAt(configuration, at);
    if (bytes === 0 || bytes % 1000 !== 0) continue;
    for (const before of [4, 8]) {
      const [kilobytes, messages] = [configuration.readUInt32LE(at - before), configuration.readUInt32LE(at - before - 4)];
      if (kilobytes * 1000 === bytes && messages > 0 && messages < 0x7fffffff) found.push({ messages, bytes });
    }
  }
  const [only = null] = found;
  return found.length === 1 ? only : null;
}
