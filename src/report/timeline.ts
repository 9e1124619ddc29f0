/** The time axis of the report: where the points of the answer's series lie, and the lines that are drawn over all of them. */
import type { ProcessFacts } from "../judge/facts.ts";
import type { Judgement } from "../judge/judgement.ts";
import type { Answer } from "./answer.ts";

export interface Timeline {
  /** Whether `elapsed` are seconds; otherwise they number the captures. */
  readonly timed: boolean;
  readonly elapsed: readonly number[]; // one for each point of `Answer.series`
  readonly ceilingBytes: number | null; // of the queue that the verdict is about
  readonly limitBytes: number | null;
}

const QUEUE_OF_KIND: Readonly<Record<string, string>> = { fetch: "fetch-queue", producer: "producer-queue" };

export function timelineOf(facts: ProcessFacts, judgement: Judgement, { series }: Answer): Timeline {
  const timed = series.every(({ elapsedSeconds }) => elapsedSeconds !== null);
  const queue = QUEUE_OF_KIND[judgement.summary.kind ?? ""] ?? "fetch-queue";
  const ceiling = facts.ceilings.find(({ component }) => component === queue);
  return {
    timed,
    elapsed: series.map(({ elapsedSeconds }, row) => elapsedSeconds ?? row + 1),
    ceilingBytes: judgement.summary.ceilingBytes ?? ceiling?.bytes ?? null,
    limitBytes: facts.told.memoryLimitBytes,
  };
}
