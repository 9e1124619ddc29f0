/**
 * From the verdicts of the groups to the verdict of the process. To be read aloud:
 *
 * 1. Every group (fetch memory of the client, its other memory, the application, …) is weighed by itself.
 * 2. A group counts by its share of the growth: what did not grow cannot be what grows.
 * 3. The process leaks unless no group leaks; else it has a backlog unless none has; else it buffers; else what its largest
 *    growing group does. Groups are taken as independent.
 * 4. Growth of the process that no group shows is outside of the heap.
 * 5. What the capture cannot see takes the confidence away, whatever the figures say.
 */
import { at } from "../base/columns.ts";
import { interpolate } from "../base/statistics.ts";
import { hasTimes, totalLiveBytes } from "../model/ledger.ts";
import type { Profile } from "../model/profile.ts";
import { readingsBetween } from "./align-series.ts";
import { type AllocatorGrowth, allocatorGrowth } from "./allocator-growth.ts";
import { type JudgedGroup, type ProcessFacts, suppressedBytesAt } from "./facts.ts";
import { GROUP_CLASSES, isQueue } from "./group-facts.ts";
import { PROCESS_CLASSES, type ProcessClass } from "./judgement.ts";
import { isQueueElsewhere } from "./queue-elsewhere.ts";
import type { ShapeFitter } from "./shapes.ts";
import { type EvidenceGrade, type GroupVerdict, LIKELY, weighGroup } from "./weigh-group.ts";

/** A class is called from this posterior on (growth.md section 3). */
const CALLED = LIKELY;

/** A group with this share of all growth counts fully; below, in proportion. */
const FULL_SHARE = 0.1;

/** Growth counts fully from this share of the peak on, and from one MiB; below, in proportion: nobody is killed by 20 KiB. */
const FULL_GROWTH_SHARE = 0.05;
const FULL_GROWTH_BYTES = 1024 ** 2;

/** What a capture that cannot see the memory in question leaves of any confidence. */
const BLIND_CAP = 0.5;

export interface WeighedGroup {
  readonly group: JudgedGroup;
  readonly verdict: GroupVerdict;
  readonly growthBytes: number; // highest level over the first
  readonly share: number; // of the growth of all groups
}

export interface ProcessVerdict {
  readonly class: ProcessClass | "inconclusive";
  readonly most: ProcessClass; // the most likely class, called or not
  readonly confidence: number; // its probability
  readonly probabilities: Readonly<Record<ProcessClass, number>>;
  readonly grade: EvidenceGrade;
  readonly deciding: WeighedGroup | null; // the group that the class is about
  readonly groups: readonly WeighedGroup[]; // by growth, largest first
  readonly blind: Blindness | null;
  readonly outside: OutsideGrowth | null;
  readonly allocator: AllocatorGrowth | null;
}

/** Why a capture cannot answer at all. */
export type Blindness =
  | { readonly code: "attached-late"; readonly residentBytes: number; readonly peakBytes: number }
  | { readonly code: "allocations-only" }
  | { readonly code: "queue-is-native" }
  | { readonly code: "no-course" }
  | { readonly code: "stale"; readonly reportedBytes: number; readonly liveBytes: number };

export interface OutsideGrowth {
  readonly growthBytes: number;
  readonly residentBytes: number;
  readonly liveBytes: number;
}

export function judgeProcess(facts: ProcessFacts, fitter: ShapeFitter): ProcessVerdict {
  const weighed = weighGroups(facts, fitter);
  const peakBytes = highestBytes(facts);
  const outside = outsideGrowth(facts);
  const allocator = allocatorGrowth(facts.allocators);
  const probabilities = combine(weighed, peakBytes, outsideShareOf(outside, allocator));
  const best = PROCESS_CLASSES.reduce((top, name) => (probabilities[name] > probabilities[top] ? name : top), "stable" as ProcessClass);
  const blind = blindness(facts) ?? (CALM.has(best) && isQueueElsewhere(facts) ? { code: "queue-is-native" } : null);
  if (blind !== null) flatten(probabilities, BLIND_CAP);
  const deciding = decidingGroup(weighed, best, peakBytes);
  // What the deciding group itself does not dare to say (its minimum conditions), the process does not say either; and of
  // memory without an owner nobody can say whether it is a queue, unless an experiment did.
  const isBacked =
    best === "outside-heap" ||
    (best === "buffering" && deciding !== null && isFullQueue(deciding, peakBytes)) ||
    (best === "stable" && isQuiet(weighed, peakBytes)) ||
    (deciding?.verdict.class === best && (best === "stable" || deciding.group.kind !== "unknown" || showsQueue(deciding)));
  const called = probabilities[best] >= CALLED && blind === null && isBacked;
  return {
    class: called ? best : "inconclusive",
    most: best,
    confidence: probabilities[best],
    probabilities,
    grade: deciding?.verdict.grade ?? "D",
    deciding,
    groups: weighed,
    blind,
    outside,
    allocator,
  };
}

function showsQueue({ verdict }: WeighedGroup): boolean {
  return verdict.weighed.some(({ id, code }) => id === "experiment" && (code === "drained" || code === "halved"));
}

function weighGroups(facts: ProcessFacts, fitter: ShapeFitter): readonly WeighedGroup[] {
  const growths = facts.groups.map(growthOf);
  const total = growths.reduce((sum, growth) => sum + growth, 0);
  return facts.groups
    .map((group, row) => ({
      group,
      verdict: weighGroup(group.facts, fitter),
      growthBytes: growths[row] ?? 0,
      share: total === 0 ? 0 : (growths[row] ?? 0) / total,
    }))
    .sort((a, b) => b.growthBytes - a.growthBytes);
}

/** How far a group rose above its first level (above nothing where there is only one instant). */
function growthOf({ liveBytes }: JudgedGroup): number {
  const highest = liveBytes.reduce((top, level) => Math.max(top, level), 0);
  return Math.max(0, highest - (liveBytes.length > 1 ? Math.max(0, at(liveBytes, 0)) : 0));
}

/** That the process grows outside of a heap that is quiet, where its resident memory or two reports of its allocator grow. */
const OUTSIDE_SEEN = 0.85;

/** Without either nobody looked, and nothing is claimed. */
function outsideShareOf(outside: OutsideGrowth | null, allocator: AllocatorGrowth | null): number {
  if (outside === null && allocator === null) return 0;
  const odds = (OUTSIDE_SEEN / (1 - OUTSIDE_SEEN)) * Math.exp(allocator?.logBayesFactor ?? 0);
  return odds / (1 + odds);
}

function combine(weighed: readonly WeighedGroup[], peakBytes: number, outsideShare: number): Record<ProcessClass, number> {
  const fullGrowth = fullGrowthOf(peakBytes);
  const material = ({ share, growthBytes }: WeighedGroup): number =>
    Math.min(1, share / FULL_SHARE) * Math.min(1, growthBytes / fullGrowth);
  const probabilities: Record<ProcessClass, number> = {
    stable: 0,
    "warm-up": 0,
    step: 0,
    buffering: 0,
    backlog: 0,
    leak: 0,
    "outside-heap": 0,
  };
  let left = 1; // probability that nothing more serious was found so far
  const excluded: ProcessClass[] = [];
  for (const name of ["leak", "backlog", "buffering"] as const) {
    let none = 1;
    for (const group of weighed) {
      const { verdict } = group;
      if (name === "buffering" && isFullQueue(group, peakBytes)) {
        none *= FULL_QUEUE_DOUBT; // flat and full: whatever its own class is called, it is a queue that holds what it may
        continue;
      }
      const rest = 1 - excluded.reduce((sum, other) => sum + verdict.probabilities[other as "leak"], 0);
      none *= 1 - material(group) * (rest <= 0 ? 0 : Math.min(1, verdict.probabilities[name] / rest));
    }
    probabilities[name] = left * (1 - none);
    left *= none;
    excluded.push(name);
  }
  const quiet = quietShares(weighed, Math.min(1, growthOfAll(weighed) / fullGrowth));
  probabilities["outside-heap"] = left * outsideShare;
  for (const name of ["stable", "warm-up", "step"] as const) probabilities[name] = left * (1 - outsideShare) * quiet[name];
  return probabilities;
}

/** A queue holds at least this share of the process, and this share of what it may hold as a rule, before its level alone says something. */
const FULL_QUEUE_SHARE = 0.5;
const FULL_QUEUE_CEILING_SHARE = 0.8;
/** What a level that does not change leaves open: something slower than this observation. */
const FULL_QUEUE_DOUBT = 0.05;

/** Somebody who looks after the queue was filled sees no growth: the memory in question is there all the same, and it is the queue's. */
function isFullQueue({ group, growthBytes }: WeighedGroup, peakBytes: number): boolean {
  const { kind, liveBytes, facts } = group;
  const level = liveBytes.at(-1) ?? 0;
  const ceiling = facts.ceiling?.bytes ?? Number.POSITIVE_INFINITY;
  const isFlat = liveBytes.length > 1 && growthBytes < FULL_GROWTH_SHARE * level;
  return isQueue(kind) && isFlat && level >= FULL_QUEUE_SHARE * peakBytes && level >= FULL_QUEUE_CEILING_SHARE * ceiling;
}

/** Looked at three times or more, and all that grew is nothing that anybody would notice. */
function isQuiet(weighed: readonly WeighedGroup[], peakBytes: number): boolean {
  const isSeries = weighed.some(({ group }) => group.liveBytes.length >= 3);
  return isSeries && growthOfAll(weighed) < 0.2 * fullGrowthOf(peakBytes);
}

function growthOfAll(weighed: readonly WeighedGroup[]): number {
  return weighed.reduce((sum, group) => sum + group.growthBytes, 0);
}

/** From here on growth counts fully. */
function fullGrowthOf(peakBytes: number): number {
  return Math.max(FULL_GROWTH_BYTES, FULL_GROWTH_SHARE * peakBytes);
}

/** How the groups share what is neither leak nor backlog nor buffering, weighted by growth; growth that is not material is none. */
function quietShares(weighed: readonly WeighedGroup[], material: number): Record<"stable" | "warm-up" | "step", number> {
  const sums = { stable: 1e-6, "warm-up": 0, step: 0 };
  for (const { verdict, share } of weighed) {
    for (const name of ["stable", "warm-up", "step"] as const) sums[name] += share * verdict.probabilities[name];
  }
  const total = sums.stable + sums["warm-up"] + sums.step;
  const share = (name: "warm-up" | "step"): number => (material * sums[name]) / total;
  return { stable: 1 - share("warm-up") - share("step"), "warm-up": share("warm-up"), step: share("step") };
}

/** Takes the certainty away: no class keeps more than `cap`, the rest is spread over the others. */
function flatten(probabilities: Record<ProcessClass, number>, cap: number): void {
  const highest = Math.max(...Object.values(probabilities));
  if (highest <= cap) return;
  const even = 1 / PROCESS_CLASSES.length;
  const keep = (cap - even) / (highest - even);
  for (const name of PROCESS_CLASSES) probabilities[name] = even + keep * (probabilities[name] - even);
}

/** Of what is judged: the heap of a capture, or, where there is none, what is resident. */
function highestBytes({ profile, isObserved, lastObserved }: ProcessFacts): number {
  return isObserved ? largest(profile.instants.residentBytes, lastObserved) : profile.peakBytes;
}

/** The group that carries a class: the one with the most growth times its probability of it; a full queue counts as a whole. */
function decidingGroup(weighed: readonly WeighedGroup[], name: ProcessClass, peakBytes: number): WeighedGroup | null {
  const isFull = (group: WeighedGroup): boolean => name === "buffering" && isFullQueue(group, peakBytes);
  const weightOf = (group: WeighedGroup): number =>
    isFull(group) ? (group.group.liveBytes.at(-1) ?? 0) : group.growthBytes * probability(group);
  const probability = ({ verdict }: WeighedGroup): number =>
    (GROUP_CLASSES as readonly string[]).includes(name) ? verdict.probabilities[name as (typeof GROUP_CLASSES)[number]] : 1;
  let best: WeighedGroup | null = null;
  for (const candidate of weighed) {
    if (best === null || weightOf(candidate) > weightOf(best)) best = candidate;
  }
  return best;
}

/** A capture that misses most of the process: attached after the memory was allocated, without live sizes, or out of date. */
function blindness({ profile, lastObserved, groups, isObserved }: ProcessFacts): Blindness | null {
  if (isObserved && groups.length === 0) return { code: "no-course" };
  if (profile.observes === "allocated") return { code: "allocations-only" };
  const residentBytes = largest(profile.instants.residentBytes, lastObserved);
  if (profile.origin.attached && residentBytes > 4 * profile.peakBytes + 16 * 1024 ** 2 && !seesGrowth(profile, lastObserved)) {
    return { code: "attached-late", residentBytes, peakBytes: profile.peakBytes };
  }
  const reportedBytes = at(profile.instants.reportedHeapBytes, lastObserved);
  const liveBytes = profile.captures.at(-1)?.liveBytes ?? 0;
  if (reportedBytes > 1.5 * liveBytes + 4 * 1024 ** 2) return { code: "stale", reportedBytes, liveBytes };
  return null;
}

/** Two thirds of what the process gained between the captures are in them. */
const SEEN_SHARE = 2 / 3;
const SEEN_BYTES = 1024 ** 2;

/** What was there before a profiler came it does not see; but where the process grows as the captures do, they see what grows. */
function seesGrowth(profile: Profile, lastObserved: number): boolean {
  const { residentBytes } = profile.instants;
  if (lastObserved < 2 || at(residentBytes, 1) === 0 || at(residentBytes, lastObserved) === 0) return false;
  const live = totalLiveBytes(profile);
  const gainedBytes = at(live, lastObserved) - at(live, 1);
  return gainedBytes >= SEEN_BYTES && gainedBytes >= SEEN_SHARE * (at(residentBytes, lastObserved) - at(residentBytes, 1));
}

/** What the heap of a runtime does while the queue, which it does not contain, may do anything. */
const CALM: ReadonlySet<ProcessClass> = new Set<ProcessClass>(["stable", "step", "warm-up"]);

function largest(column: { readonly [row: number]: number }, last: number): number {
  let highest = 0;
  for (let row = 1; row <= last; row++) highest = Math.max(highest, column[row] ?? 0);
  return highest;
}

/** The part of the capture in which a process starts: its resident memory grows for reasons of its own. */
const START_SHARE = 0.25;
const OUTSIDE_BYTES = 16 * 1024 ** 2;
const OUTSIDE_SHARE = 0.1;

/**
 * Resident memory that grows while the live heap does not: allocator retention, fragmentation, or memory that this capture
 * does not see (growth.md 6.5). Needs at least eight observations after the start of the process; of a few captures those of a
 * memory series between them, with the live heap on the line through the captures.
 */
function outsideGrowth(facts: ProcessFacts): OutsideGrowth | null {
  // without a capture there is a heap to be outside of only where the runtime or allocator says how large it is
  if (facts.isObserved && (facts.memory === null || facts.memory.heapBytes.some((bytes) => !Number.isFinite(bytes)))) return null;
  const observations = observationsOf(facts) ?? readingsOf(facts);
  if (observations === null) return null;
  const { resident, live } = observations;
  const outside = resident.map((bytes, row) => bytes - (live[row] ?? 0));
  const third = Math.max(1, Math.floor(resident.length / 3));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const thirds = [outside.slice(0, third), outside.slice(third, 2 * third), outside.slice(-third)].map(mean);
  const growthBytes = (thirds[2] ?? 0) - (thirds[0] ?? 0);
  const rises = (thirds[1] ?? 0) > (thirds[0] ?? 0) && (thirds[2] ?? 0) > (thirds[1] ?? 0);
  const heapGrowth = mean(live.slice(-third)) - mean(live.slice(0, third));
  const residentBytes = resident.at(-1) ?? 0;
  if (!rises || growthBytes < Math.max(OUTSIDE_BYTES, OUTSIDE_SHARE * residentBytes) || heapGrowth > growthBytes / 2) return null;
  return { growthBytes, residentBytes, liveBytes: live.at(-1) ?? 0 };
}

interface Observations {
  readonly resident: readonly number[];
  readonly live: readonly number[];
}

const FEWEST_OBSERVATIONS = 8;

/** At the instants of the capture. */
function observationsOf(facts: ProcessFacts): Observations | null {
  const { profile, lastObserved } = facts;
  const observed: number[] = [];
  for (let instant = Math.ceil(lastObserved * START_SHARE); instant <= lastObserved; instant++) {
    if (instant > 0 && at(profile.instants.residentBytes, instant) > 0) observed.push(instant);
  }
  if (observed.length < FEWEST_OBSERVATIONS) return null;
  return {
    resident: observed.map((instant) => at(profile.instants.residentBytes, instant)),
    live: observed.map((instant) => liveBytesAt(facts, instant)),
  };
}

/** Of the memory series between the first and the last of at least three captures. */
function readingsOf(facts: ProcessFacts): Observations | null {
  const { profile, lastObserved, startedAt, memories } = facts;
  if (startedAt === null || lastObserved < 3 || !hasTimes(profile)) return null;
  const atMs = Float64Array.from({ length: lastObserved }, (_, row) => startedAt + at(profile.instants.elapsedMs, row + 1));
  const readings = readingsBetween(memories, at(atMs, 0), at(atMs, lastObserved - 1));
  if (readings === null || readings.atMs.length < FEWEST_OBSERVATIONS) return null;
  const live = Float64Array.from(atMs, (_, row) => liveBytesAt(facts, row + 1));
  return { resident: readings.residentBytes, live: readings.atMs.map((time) => interpolate(atMs, live, time)) };
}

function liveBytesAt(facts: ProcessFacts, instant: number): number {
  return facts.groups.reduce((sum, group) => sum + at(group.liveBytes, instant - 1), suppressedBytesAt(facts, instant));
}

/** Who owns what leaks: fetched messages that are no longer queued are kept by the application. */
export function partyOf(verdict: ProcessVerdict): "client" | "app" | "app-retained" | "runtime" | null {
  if (verdict.class === "inconclusive" || verdict.class === "stable" || verdict.deciding === null) return null;
  const { party, kind } = verdict.deciding.group;
  if (verdict.class === "leak" && (kind === "fetch" || kind === "copies")) return "app-retained";
  return party === "unknown" ? null : party;
}
