/** What helps a consumer that lags, beside a smaller queue: the same for every client, but for how it is paused. */
import { formatBytes } from "../base/units.ts";
import type { KafkaClient, Remedy } from "./client.ts";

/** Room above the bound of the process, for everything that nobody counted. */
const LIMIT_SHARE = 1.25;
const LIMIT_STEP_BYTES = 16 * 1024 ** 2;

/** `boundBytes`: the most that the whole process may hold; null where nothing bounds it. Each has its price. */
export function lagRemedies(client: KafkaClient, boundBytes: number | null): readonly Remedy[] {
  const remedies: Remedy[] = [
    {
      code: "process-faster",
      text: "The lag is the cause: process messages in parallel or in batches, or add consumers to the group, up to one a partition.",
      costs: "Order is kept only within a partition; every consumer has a queue of its own.",
    },
    { code: "back-pressure", text: client.remedies.backPressure, costs: "While it pauses, the lag waits in Kafka instead of in memory." },
  ];
  if (boundBytes !== null) {
    const limitBytes = Math.ceil((boundBytes * LIMIT_SHARE) / LIMIT_STEP_BYTES) * LIMIT_STEP_BYTES;
    remedies.push({
      code: "size-limit",
      text: `Or size the container for full queues: a limit of ${formatBytes(limitBytes)}, and an alert at the bound of ${formatBytes(boundBytes)}, not below it.`,
      costs: "Memory that is used only while the consumer lags.",
    });
  }
  return remedies;
}
