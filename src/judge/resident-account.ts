/**
 * Where the resident memory of the process lies (growth.md section 6.5): what of it the live heap of the capture explains, what the
 * client's queues, where they lie outside of that heap, and what is left over.
 */
import { at } from "../base/columns.ts";
import { totalLiveBytes } from "../model/ledger.ts";
import { type ProcessFacts, queueHeapBytes, suppressedBytesAt } from "./facts.ts";
import { isQueueElsewhere } from "./queue-elsewhere.ts";

export interface ResidentAccount {
  readonly residentBytes: number;
  readonly liveBytes: number; // of the capture, with what was suppressed
  readonly queueBytes: number; // outside of the heap that was captured, as far as the client's statistics tell
  readonly unexplainedBytes: number; // negative where more is live than resident (swapped, or never touched)
}

/** At an instant; null where the resident memory is not known. */
export function residentAccount(facts: ProcessFacts, instant: number): ResidentAccount | null {
  const residentBytes = instant === 0 ? 0 : at(facts.profile.instants.residentBytes, instant);
  if (residentBytes === 0) return null;
  const liveBytes = at(totalLiveBytes(facts.profile), instant) + suppressedBytesAt(facts, instant);
  const messages = facts.queue?.messages[instant - 1] ?? Number.NaN;
  const isOutside = (facts.isObserved || isQueueElsewhere(facts)) && !Number.isNaN(messages);
  const queueBytes = isOutside ? queueHeapBytes(facts, messages, facts.queue?.valueBytes[instant - 1] ?? 0) : 0;
  return { residentBytes, liveBytes, queueBytes, unexplainedBytes: residentBytes - liveBytes - queueBytes };
}
