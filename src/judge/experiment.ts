/**
 * An experiment that decides (growth.md section 6.7): two halves, judged as the first with what the second shows beside it. `drain`:
 * nothing more is produced until the lag is gone. `halve-queue`: the same program and load again, with half the prefetch queue.
 *
 * The surprise: whether the experiment took place has to be asked, too. A lag that was not gone shows memory that stays, and nobody leaks.
 */
import { at } from "../base/columns.ts";
import { Failure, type Loss } from "../base/failure.ts";
import { interpolate } from "../base/statistics.ts";
import type { LagEvidence, QueueEvidence } from "../evidence/evidence.ts";
import { hasTimes } from "../model/ledger.ts";
import { type JudgedGroup, type ProcessFacts, queueHeapBytes } from "./facts.ts";
import { type ExperimentFacts, type ExperimentKind, isQueue } from "./group-facts.ts";

/** The end of a half: the mean of this share of its time. */
const END_SHARE = 0.2;
/** A group was seen growing when it began below this share of its level at the end. */
const BEGAN_SHARE = 0.5;
/** What is left of lag or queue in the second half counts as gone up to this share of the first, or so many messages. */
const GONE_SHARE = 0.1;
const GONE_MESSAGES = 100;
/** A queue is full from this share of its ceiling on. */
const FULL_SHARE = 0.7;
/** A queue that still holds this share was not halved, or was never full. */
const SAME_SHARE = 0.8;
/** A level that rose by less than this share over the last third stands. */
const STANDS_SHARE = 0.08;

/**
 * The first half, with the levels of the second in the facts of every group.
 * @throws Failure `mixed-captures` when the halves are different kinds of evidence
 */
export function withExperiment(before: ProcessFacts, after: ProcessFacts, kind: ExperimentKind): ProcessFacts {
  refuseMixture(before, after);
  const queued = [queuedHeapBytes(before), queuedHeapBytes(after)] as const;
  const lowered = ceilingRatio(before, after);
  const isDone = kind === "drain" ? isDrained(before, after) : isHalved(queued, lowered);
  const halves = before.groups.map((group) => halvesOf(before, group, after));
  const groups = before.groups.map((group, row) => {
    const pair = halves[row] ?? null;
    if (pair === null) return group;
    const [first, second] = pair;
    const levels = kind === "drain" ? drained(before, first, after, second) : halved(before, first, after, second, lowered ?? 0.5);
    const [queuedBytes, queuedAfterBytes] = isQueue(group.kind) ? queued : [null, null];
    const isResident = before.isObserved && !isHeapKnown(before);
    const facts: ExperimentFacts = { ...levels, kind, isDone, queuedBytes, queuedAfterBytes, isResident };
    return { ...group, facts: { ...group.facts, experiment: facts } };
  });
  const losses: Loss[] = after.losses.map((loss) => ({ ...loss, text: `second half of the experiment: ${loss.text}` }));
  if (halves.every((pair) => pair === null)) {
    const text = "the halves of the experiment hold no memory: statistics alone drain, whatever else leaks";
    losses.push({ code: "evidence", text, offset: null, count: 1 });
  }
  return { ...before, groups, losses: [...before.losses, ...losses], experiment: { kind, after, isDone } };
}

/**
 * The levels of a group in both halves, the second null where it is not there any more; null where nothing was measured. Observed from
 * outside, what statistics say of a queue is no memory: there the memory of the whole process answers for the queue.
 */
function halvesOf(before: ProcessFacts, group: JudgedGroup, after: ProcessFacts): readonly [JudgedGroup, JudgedGroup | null] | null {
  const found =
    after.groups.find(({ party, client, kind }) => party === group.party && client === group.client && kind === group.kind) ?? null;
  // where the heap beside the queue is known, each answers for itself
  if (!before.isObserved || before.groups.some(({ kind }) => kind === "unqueued")) return [group, found];
  const [first, second] = [observedBytes(before), observedBytes(after)];
  const answers = before.groups.some(({ kind }) => isQueue(kind)) ? isQueue(group.kind) : true;
  if (first === null || second === null || !answers) return null;
  return [
    { ...group, liveBytes: first },
    { ...(found ?? group), liveBytes: second },
  ];
}

/** Heap in use where the runtime or allocator says so all along, else resident memory. */
function observedBytes(facts: ProcessFacts): Float64Array | null {
  return facts.memory === null ? null : isHeapKnown(facts) ? facts.memory.heapBytes : facts.memory.residentBytes;
}

function isHeapKnown({ memory }: ProcessFacts): boolean {
  return memory?.heapBytes.every(Number.isFinite) === true;
}

function refuseMixture(before: ProcessFacts, after: ProcessFacts): void {
  const kindOf = ({ isObserved, profile }: ProcessFacts): string =>
    isObserved ? "evidence without a capture" : (profile.captures[0]?.format ?? "");
  if (kindOf(before) === kindOf(after)) return;
  throw new Failure({
    code: "mixed-captures",
    message: `the halves of the experiment are of different kinds: ${kindOf(before)} before, ${kindOf(after)} after`,
    hint: "Take both halves in the same way: they are compared by their levels.",
  });
}

type Levels = Omit<ExperimentFacts, "kind" | "isDone" | "queuedBytes" | "queuedAfterBytes" | "isResident">;

function drained(before: ProcessFacts, group: JudgedGroup, after: ProcessFacts, other: JudgedGroup | null): Levels {
  const beforeBytes = levelAt(before, group, null);
  return {
    beforeBytes,
    afterBytes: other === null ? 0 : levelAt(after, other, null),
    baseBytes: baseOf(group, beforeBytes),
    queueShare: 0,
    wasFull: true,
  };
}

function halved(before: ProcessFacts, group: JudgedGroup, after: ProcessFacts, other: JudgedGroup | null, ratio: number): Levels {
  const spans = other === null ? null : [spanOf(before, group), spanOf(after, other)];
  const commonMs = spans === null || spans.includes(0) ? null : Math.min(...spans);
  const beforeBytes = levelAt(before, group, commonMs);
  const ceilingBytes = group.facts.ceiling?.bytes ?? null;
  const earlierBytes = commonMs === null ? beforeBytes : levelAt(before, group, (commonMs * 2) / 3);
  const stands = group.liveBytes.length > 2 && Math.abs(beforeBytes - earlierBytes) < STANDS_SHARE * beforeBytes;
  // what the second half may hold at most, seen from the level of the first
  const boundBytes = ratio * (stands || ceilingBytes === null ? beforeBytes : ceilingBytes);
  return {
    beforeBytes,
    afterBytes: other === null ? 0 : levelAt(after, other, commonMs),
    baseBytes: baseOf(group, beforeBytes),
    queueShare: Math.min(1, boundBytes / Math.max(1, beforeBytes)),
    wasFull: stands || (ceilingBytes !== null && beforeBytes >= FULL_SHARE * ceilingBytes),
  };
}

function timesOf({ profile, lastObserved }: ProcessFacts, { liveBytes, facts }: JudgedGroup): Float64Array | null {
  if (liveBytes.length < 2) return null;
  if (liveBytes.length !== lastObserved) return liveBytes.length === facts.elapsedMs.length ? facts.elapsedMs : null;
  return hasTimes(profile) ? Float64Array.from(liveBytes, (_, row) => at(profile.instants.elapsedMs, row + 1)) : null;
}

/** Time from the first to the last level; 0 where there is none. */
function spanOf(facts: ProcessFacts, group: JudgedGroup): number {
  const times = timesOf(facts, group);
  return times === null ? 0 : at(times, times.length - 1) - at(times, 0);
}

/** Mean level over the fifth of a half that ends so long after its start; null: at its end. */
function levelAt(facts: ProcessFacts, group: JudgedGroup, sinceStartMs: number | null): number {
  const times = timesOf(facts, group);
  const { liveBytes } = group;
  if (times === null) return liveBytes.at(-1) ?? 0;
  const start = at(times, 0);
  const end = start + (sinceStartMs ?? at(times, times.length - 1) - start);
  const moments = [0, 0.25, 0.5, 0.75, 1].map((share) => start + (end - start) * (1 - END_SHARE * share));
  return moments.reduce((sum, moment) => sum + interpolate(times, liveBytes, moment), 0) / moments.length;
}

function baseOf({ liveBytes }: JudgedGroup, levelBytes: number): number {
  const first = liveBytes.length > 1 ? Math.max(0, at(liveBytes, 0)) : levelBytes;
  return first < BEGAN_SHARE * levelBytes ? first : 0;
}

/** Of the ceilings of both halves, where their configurations differ; null where nothing says that they do. */
function ceilingRatio(before: ProcessFacts, after: ProcessFacts): number | null {
  const queueOf = ({ ceilings }: ProcessFacts): number => ceilings.find(({ component }) => component === "fetch-queue")?.bytes ?? 0;
  const ratio = queueOf(after) / Math.max(1, queueOf(before));
  return ratio > 0 && ratio < 0.95 ? ratio : null;
}

/** Half of the queue is held, or was configured; false where as much as before is queued; null where nothing says. */
function isHalved([first, second]: readonly [number | null, number | null], lowered: number | null): boolean | null {
  if (first === null || second === null || first === 0) return lowered === null ? null : true;
  return second < SAME_SHARE * first;
}

/** What the client's queues hold at the last emission of each instance. */
function lastQueued(queues: readonly QueueEvidence[]): { readonly messages: number; readonly bytes: number } | null {
  if (queues.length === 0) return null;
  let [messages, bytes] = [0, 0];
  for (const queue of queues) {
    const last = new Map<number, number>();
    for (let row = 0; row < queue.length; row++) last.set(at(queue.instance, row), row);
    for (const row of last.values()) {
      messages += at(queue.messages, row);
      bytes += at(queue.bytes, row);
    }
  }
  return { messages, bytes };
}

function queuedHeapBytes(facts: ProcessFacts): number | null {
  const queued = lastQueued(facts.queues);
  return queued === null ? null : queueHeapBytes(facts, queued.messages, queued.bytes);
}

/** Whether the second half has next to nothing queued, or behind, any more; null where neither is known of it. */
function isDrained(before: ProcessFacts, after: ProcessFacts): boolean | null {
  const left = lastQueued(after.queues)?.messages ?? lastLag(after.lags);
  if (left === null) return null;
  const first = lastQueued(before.queues)?.messages ?? lastLag(before.lags) ?? 0;
  return left <= Math.max(GONE_MESSAGES, GONE_SHARE * first);
}

function lastLag(lags: readonly LagEvidence[]): number | null {
  const known = lags.filter(({ length, groups }) => length > 0 && groups.length === 1);
  return known[0] === undefined ? null : at(known[0].lag, known[0].length - 1);
}
