/**
 * Lays the client's own statistics over the instants of a capture. Both need a wall clock; where one is missing the answer
 * says so and nothing is guessed.
 */
import { at } from "../base/columns.ts";
import type { Loss } from "../base/failure.ts";
import type { QueueCounters, QueueEvidence } from "../evidence/evidence.ts";
import { medianGap, type Place, placeAt, valueAt } from "./place-in-time.ts";

/** The client's queues at the instants: sums over client instances, NaN where no statistics are near. */
export interface AlignedQueue {
  readonly messages: Float64Array;
  readonly valueBytes: Float64Array;
  readonly receivedMessages: Float64Array;
  readonly lag: Float64Array;
  /** Null where an instance does not count. */
  readonly counters: QueueCounters | null;
}

const COUNTERS = ["rebalances", "disconnects", "responses"] as const;

const COLUMNS = { messages: "messages", valueBytes: "bytes", receivedMessages: "receivedMessages", lag: "lag" } as const;

/** What one client instance emitted, in time order. */
interface Emissions {
  readonly queue: QueueEvidence;
  readonly rows: readonly number[];
  /** Statistics this much earlier or later than an instant still say something of it: two intervals, at least two seconds. */
  readonly reachMs: number;
}

/** A single instant without a clock takes the last statistics. @returns null when nothing can be laid over, and says why */
export function alignQueue(
  elapsedMs: Float64Array,
  startedAt: number | null,
  queues: readonly QueueEvidence[],
  losses: Loss[],
): AlignedQueue | null {
  const emissions = queues.flatMap(byInstance);
  const instants = elapsedMs.length;
  if (emissions.length === 0 || instants === 0) return null;
  if (startedAt === null && instants > 1) {
    const text =
      "the capture does not say when it was taken, so the client's statistics cannot be laid over it: pass --started-at <time when the capture began>";
    losses.push({ code: "clock", text, offset: null, count: 1 });
    return null;
  }
  const counts = queues.every(({ counters }) => counters !== undefined);
  const counters = {
    rebalances: new Float64Array(instants),
    disconnects: new Float64Array(instants),
    responses: new Float64Array(instants),
  };
  const aligned = {
    messages: new Float64Array(instants),
    valueBytes: new Float64Array(instants),
    receivedMessages: new Float64Array(instants),
    lag: new Float64Array(instants),
  };
  for (let instant = 0; instant < instants; instant++) {
    for (const emission of emissions) {
      const place =
        startedAt === null
          ? lastOf(emission)
          : placeAt(emission.queue.atMs, emission.rows, emission.reachMs, startedAt + at(elapsedMs, instant));
      for (const [target, source] of Object.entries(COLUMNS) as [keyof typeof COLUMNS, (typeof COLUMNS)[keyof typeof COLUMNS]][]) {
        const value = source === "lag" && isUnknown(emission.queue.lag, place) ? Number.NaN : valueAt(emission.queue[source], place);
        aligned[target][instant] = at(aligned[target], instant) + value;
      }
      for (const counter of COUNTERS) {
        const column = emission.queue.counters?.[counter];
        if (column !== undefined) counters[counter][instant] = at(counters[counter], instant) + valueAt(column, place);
      }
    }
  }
  if (aligned.messages.every(Number.isNaN)) {
    const text = "the client's statistics are of another time than the capture: check --started-at";
    losses.push({ code: "clock", text, offset: null, count: 1 });
    return null;
  }
  return { ...aligned, counters: counts ? counters : null };
}

function byInstance(queue: QueueEvidence): readonly Emissions[] {
  const rowsOf = queue.instances.map((): number[] => []);
  for (let row = 0; row < queue.length; row++) rowsOf[at(queue.instance, row)]?.push(row);
  return rowsOf
    .filter((rows) => rows.length > 0)
    .map((rows) => ({ queue, rows, reachMs: 2 * Math.max(1000, medianGap(queue.atMs, rows)) }));
}

function lastOf({ rows }: Emissions): Place {
  const row = rows.at(-1) ?? 0;
  return { left: row, right: row, share: 0 };
}

/** librdkafka says -1 until an offset was committed: that is no lag of 0. */
function isUnknown(lag: Float64Array, place: Place | null): boolean {
  return place !== null && (at(lag, place.left) < 0 || at(lag, place.right) < 0);
}
