/** What `targets/kafka-clients.c` says of its queues in its own statistics, beside what the gauge reads of them. */
import type { ClientQueue } from "../attach/gauge.ts";

export interface QueueNumbers {
  readonly messages: number;
  readonly bytes: number;
}

interface Statistics {
  readonly type: "consumer" | "producer";
  readonly msg_cnt: number;
  readonly msg_size: number;
  readonly topics: Readonly<
    Record<string, { readonly partitions: Readonly<Record<string, { readonly fetchq_cnt: number; readonly fetchq_size: number }>> }>
  >;
}

/** The newest statistics of each client in the output of the program. */
export function statisticsIn(output: string): ReadonlyMap<string, Statistics> {
  const found = new Map<string, Statistics>();
  for (const [, name = "", json = ""] of output.matchAll(/^stats (\S+) (\{.*\})$/gm)) found.set(name, JSON.parse(json));
  return found;
}

/** A queue that partitions share is in the statistics of each of them; queues of their own add up. */
export function queueOf(statistics: Statistics, hasOwnQueues: boolean): QueueNumbers {
  if (statistics.type === "producer") return { messages: statistics.msg_cnt, bytes: statistics.msg_size };
  const partitions = Object.values(statistics.topics).flatMap((topic) => Object.values(topic.partitions));
  const together = (values: readonly number[]): number =>
    hasOwnQueues ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values);
  return { messages: together(partitions.map((one) => one.fetchq_cnt)), bytes: together(partitions.map((one) => one.fetchq_size)) };
}

/** The largest difference as a share of what the statistics say; Infinity where there are none for a queue. */
export function worstDifference(queues: readonly ClientQueue[], output: string, hasOwnQueues: boolean): number {
  const all = statisticsIn(output);
  const differences = queues.flatMap((queue) => {
    const statistics = all.get(queue.name);
    if (statistics === undefined) return [Infinity];
    const said = queueOf(statistics, hasOwnQueues);
    return [
      Math.abs(queue.messages - said.messages) / Math.max(1, said.messages),
      Math.abs(queue.bytes - said.bytes) / Math.max(1, said.bytes),
    ];
  });
  return Math.max(0, ...differences);
}
