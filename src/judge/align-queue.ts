/**
 * Lays the client's own statistics over the instants of a capture. Both need a wall clock; where one is missing the answer
 * says so and nothing is guessed.
 */
import { at } from "../base/columns.ts";
import type { Loss } from "../base/failure.ts";
import type { QueueEvidence } from "../evidence/evidence.ts";

/** The client's queues at the instants: sums over client instances, NaN where no statistics are near. */
export interface AlignedQueue {
  readonly messages: Float64Array;
  readonly valueBytes: Float64Array;
  readonly receivedMessages: Float64Array;
  readonly lag: Float64Array;
}

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
  const aligned: AlignedQueue = {
    messages: new Float64Array(instants),
    valueBytes: new Float64Array(instants),
    receivedMessages: new Float64Array(instants),
    lag: new Float64Array(instants),
  };
  for (let instant = 0; instant < instants; instant++) {
    for (const emission of emissions) {
      const place = startedAt === null ? lastOf(emission) : placeAt(emission, startedAt + at(elapsedMs, instant));
      for (const [target, source] of Object.entries(COLUMNS) as [keyof AlignedQueue, (typeof COLUMNS)[keyof AlignedQueue]][]) {
        aligned[target][instant] = at(aligned[target], instant) + valueAt(emission.queue[source], place);
      }
    }
  }
  if (aligned.messages.every(Number.isNaN)) {
    const text = "the client's statistics are of another time than the capture: check --started-at";
    losses.push({ code: "clock", text, offset: null, count: 1 });
    return null;
  }
  return aligned;
}

function byInstance(queue: QueueEvidence): readonly Emissions[] {
  const rowsOf = queue.instances.map((): number[] => []);
  for (let row = 0; row < queue.length; row++) rowsOf[at(queue.instance, row)]?.push(row);
  return rowsOf
    .filter((rows) => rows.length > 0)
    .map((rows) => {
      const gaps = rows.slice(1).map((row, index) => at(queue.atMs, row) - at(queue.atMs, rows[index] ?? row));
      const interval = gaps.sort((a, b) => a - b)[gaps.length >> 1] ?? 0;
      return { queue, rows, reachMs: 2 * Math.max(1000, interval) };
    });
}

/**
 * Between two emissions, or on the line through the nearest two: `left + share * (right - left)`. A queue that fills goes on
 * filling after the last emission; to let it stand still there would call the difference held by the application.
 */
interface Place {
  readonly left: number;
  readonly right: number;
  readonly share: number;
}

function lastOf({ rows }: Emissions): Place {
  const row = rows.at(-1) ?? 0;
  return { left: row, right: row, share: 0 };
}

function placeAt({ queue, rows, reachMs }: Emissions, timeMs: number): Place | null {
  const after = rows.findIndex((row) => at(queue.atMs, row) >= timeMs);
  const second = Math.min(rows.length - 1, after < 0 ? rows.length : Math.max(1, after));
  const left = rows[Math.max(0, second - 1)];
  const right = rows[second];
  if (left === undefined || right === undefined) return null;
  const [leftMs, rightMs] = [at(queue.atMs, left), at(queue.atMs, right)];
  if (Math.min(Math.abs(timeMs - leftMs), Math.abs(timeMs - rightMs)) > reachMs) return null;
  return { left, right, share: rightMs > leftMs ? (timeMs - leftMs) / (rightMs - leftMs) : 0 };
}

function valueAt(column: Float64Array, place: Place | null): number {
  if (place === null) return Number.NaN;
  return Math.max(0, at(column, place.left) + place.share * (at(column, place.right) - at(column, place.left)));
}
