/**
 * A queue of librdkafka in the memory of a process: `struct rd_kafka_q_s` of rdkafka_queue.h, the same from 0.11 to 2.16. Behind a
 * mutex and a condition (88 bytes on x86-64, 96 on arm64 with glibc): where it is forwarded to, a list of operations, their number
 * and bytes, a pointer back to its instance. That pointer and the list, which points at itself while it is empty, prove it.
 */
import type { TargetMemory } from "./target-memory.ts";
import { imageAt, wordAt } from "./target-words.ts";

export interface Queue {
  readonly address: number;
  readonly forwardedTo: number; // 0 = it serves itself
  readonly messages: number; // operations; nearly all of them are messages
  readonly bytes: number; // of keys and values, as the client counts for queued.max.messages.kbytes
  readonly instance: number;
}

/** Bytes of a mutex and a condition, wherever librdkafka runs. */
export const LOCK_BYTES: readonly number[] = [88, 96];
const LONGEST_LOCK_BYTES = 96;
const FIRST = 8;
const LAST = 16;
const COUNT = 24;
const SIZE = 32;
const REFERENCES = 40;
const INSTANCE = 48;
const MOST_REFERENCES = 1 << 24;

/** Null where there is no queue, or where it is being changed while we look: then it is one a moment later. */
export function readQueue(memory: TargetMemory, address: number, lockBytes: number): Queue | null {
  const bytes = imageAt(memory, address, LONGEST_LOCK_BYTES + INSTANCE + 8);
  if (bytes.length < lockBytes + INSTANCE + 8) return null;
  const first = wordAt(bytes, lockBytes + FIRST);
  const last = wordAt(bytes, lockBytes + LAST);
  const messages = bytes.readInt32LE(lockBytes + COUNT);
  const size = wordAt(bytes, lockBytes + SIZE);
  const references = bytes.readInt32LE(lockBytes + REFERENCES);
  if (messages < 0 || !Number.isSafeInteger(size) || references < 1 || references > MOST_REFERENCES) return null;
  const isEmpty = first === 0;
  if (isEmpty !== (messages === 0) || isEmpty !== (last === address + lockBytes + FIRST) || (isEmpty && size !== 0)) return null;
  return { address, forwardedTo: wordAt(bytes, lockBytes), messages, bytes: size, instance: wordAt(bytes, lockBytes + INSTANCE) };
}

/** Whether a word is the address of a queue of this instance; its numbers may be in change. */
export function isQueueOf(memory: TargetMemory, address: number, instance: number, lockBytes: number): boolean {
  const bytes = imageAt(memory, address + lockBytes + REFERENCES, INSTANCE - REFERENCES + 8);
  if (bytes.length < 16 || wordAt(bytes, INSTANCE - REFERENCES) !== instance) return false;
  const references = bytes.readInt32LE(0);
  return references >= 1 && references <= MOST_REFERENCES;
}

/** The bytes of the lock if this is an instance: its first two words are queues that point back to it (`rk_rep`, `rk_ops`). Else null. */
export function lockBytesOf(memory: TargetMemory, instance: number, isPointer: (word: number) => boolean): number | null {
  const head = imageAt(memory, instance, 16);
  if (head.length < 16) return null;
  const [replies, operations] = [wordAt(head, 0), wordAt(head, 8)];
  if (replies === operations || !isPointer(replies) || !isPointer(operations)) return null;
  const lock = LOCK_BYTES.find((bytes) => isQueueOf(memory, replies, instance, bytes) && isQueueOf(memory, operations, instance, bytes));
  return lock ?? null;
}
