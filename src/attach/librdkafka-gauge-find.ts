/**
 * Finds the instances of librdkafka in a process. Each has a thread `rdk:main` whose argument is its address, so the stack of that
 * thread holds it; where threads have no names (before 1.0) or do not show their stack pointer, the memory is searched for the
 * names of instances, "CLIENT.ID#consumer-1". A candidate is one when its queues point back to it.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { lockBytesOf } from "./librdkafka-gauge-queue.ts";
import { type Mapping, procNames, procText } from "./proc.ts";
import type { TargetMemory } from "./target-memory.ts";
import { imageAt, pointersInto, wordAt } from "./target-words.ts";

export interface FoundInstance {
  readonly address: number;
  readonly lockBytes: number;
  readonly thread: number | null; // its main thread, where it was found by it
}

/** Between the stack pointer of a sleeping main thread and the argument that its thread was started with. */
const STACK_BYTES = 64 << 10;
const BLOCK_BYTES = 1 << 20;
const LONGEST_NAME_BYTES = 128;
/** From the beginning of an instance to the end of its name: 0x840 bytes in 1.4, 0xb28 in 2.16. */
const BEFORE_NAME_BYTES = 8 << 10;
/** A larger memory is searched to here: 20 s at most. */
const LARGEST_SEARCH_BYTES = 16 * 2 ** 30;
const PARTS_OF_NAMES = ["#consumer-", "#producer-"].map((text) => Buffer.from(text));

/** The threads that serve an instance each. */
export function mainThreads(pid: number): readonly number[] {
  return procNames(pid, "task")
    .map(Number)
    .filter((thread) => procText(pid, `task/${thread}/comm`) === "rdk:main\n");
}

/** The instance that a main thread serves; null where it does not show (it runs just now, or this kernel hides it). */
export function instanceOfThread(memory: TargetMemory, thread: number, mappings: readonly Mapping[]): FoundInstance | null {
  const fields = (procText(memory.pid, `task/${thread}/syscall`) ?? "").trim().split(" ");
  const stackPointer = Number.parseInt(fields.at(-2) ?? "", 16);
  const stack = mappings.find(({ start, end }) => stackPointer >= start && stackPointer < end);
  if (stack === undefined) return null;
  const bytes = imageAt(memory, stackPointer - (stackPointer % 8), Math.min(STACK_BYTES, stack.end - stackPointer));
  const isPointer = pointersInto(mappings);
  const seen = new Set<number>();
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    const address = wordAt(bytes, at);
    if (seen.has(address) || !isPointer(address)) continue;
    seen.add(address);
    const lockBytes = lockBytesOf(memory, address, isPointer);
    if (lockBytes !== null) return { address, lockBytes, thread };
  }
  return null;
}

/** Searches all memory that the process can write: about a second for a gigabyte, in blocks, and other work gets its turn between. */
export async function searchInstances(memory: TargetMemory, mappings: readonly Mapping[]): Promise<readonly FoundInstance[]> {
  const isPointer = pointersInto(mappings);
  const found = new Map<number, FoundInstance>();
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let searched = 0;
  for (const { start, end } of mappings.filter((one) => one.isReadable && one.isWritable && !one.isShared && one.path !== "[stack]")) {
    for (let at = start; at < end && searched < LARGEST_SEARCH_BYTES; at += BLOCK_BYTES - LONGEST_NAME_BYTES) {
      const length = memory.readInto(at, block.subarray(0, Math.min(BLOCK_BYTES, end - at)));
      searched += length;
      for (const part of PARTS_OF_NAMES) {
        const text = block.subarray(0, length);
        for (let hit = text.indexOf(part); hit >= 0; hit = text.indexOf(part, hit + 1)) {
          const instance = instanceBefore(memory, at + hit, start, isPointer);
          if (instance !== null) found.set(instance.address, instance);
        }
      }
      await nextTurn();
    }
  }
  return [...found.values()];
}

/** Texts of the kind stand elsewhere too (logs, other heaps): only one that an instance lies before, in the same mapping, is a name. */
function instanceBefore(
  memory: TargetMemory,
  part: number,
  mappingStart: number,
  isPointer: (word: number) => boolean,
): FoundInstance | null {
  const end = part - (part % 8);
  const start = Math.max(mappingStart, end - BEFORE_NAME_BYTES);
  const bytes = imageAt(memory, start, end - start);
  for (let at = bytes.length - 16; at >= 0; at -= 8) {
    if (!isPointer(wordAt(bytes, at)) || !isPointer(wordAt(bytes, at + 8))) continue;
    const lockBytes = lockBytesOf(memory, start + at, isPointer);
    if (lockBytes !== null) return { address: start + at, lockBytes, thread: null };
  }
  return null;
}
