/**
 * Everything the judge may ask, gathered once: the profile attributed to parties and folded into groups, the ceilings of the
 * client's queues, and the client's own statistics laid over the instants. Whatever is not known is null; nothing is guessed
 * here without being listed in `assumed`.
 */
import { add, at } from "../base/columns.ts";
import type { Loss } from "../base/failure.ts";
import type { Suppression } from "../base/suppressions.ts";
import {
  type Ceiling,
  type Component,
  FETCH_COMPONENTS,
  type KafkaClient,
  PRODUCER_COMPONENTS,
  type Scope,
  type Settings,
} from "../clients/client.ts";
import { boundingClient, type ConcerningIssue, ceilingsOf, issuesOf } from "../clients/lineage.ts";
import type { OwnRules } from "../clients/own-rules.ts";
import type { Evidence, QueueEvidence } from "../evidence/evidence.ts";
import { type GroupSeries, liveAt, seriesByGroup, seriesOf } from "../model/ledger.ts";
import type { Profile } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";
import { type Suppressed, suppress } from "../model/suppress.ts";
import { type AlignedQueue, alignQueue } from "./align-queue.ts";
import { type Attribution, attribute, groupPaths, type Party, type PathGroup } from "./attribution.ts";
import {
  type AgeFacts,
  type CeilingFacts,
  type GroupFacts,
  type GroupKind,
  isOfApplication,
  isQueue,
  type QueueFacts,
} from "./group-facts.ts";
import { checkSettings, givenSettings } from "./settings.ts";

/** What the user told, besides captures and evidence files. */
export interface Circumstances {
  readonly client: string | null;
  readonly clientVersion: string | null;
  readonly settings: ReadonlyMap<string, string>;
  readonly partitions: number | null;
  readonly brokers: number | null;
  readonly instances: number | null;
  readonly messageBytes: number | null;
  readonly keyBytes: number | null;
  readonly headersBytes: number | null;
  readonly compressionRatio: number | null;
  readonly splitQueues: boolean;
  readonly memoryLimitBytes: number | null;
  readonly startedAt: number | null; // Unix ms; overrides what the capture says
  readonly app: RegExp | null;
  readonly rules: OwnRules | null;
  readonly suppressions: readonly Suppression[];
}

export const NOTHING_TOLD: Circumstances = {
  client: null,
  clientVersion: null,
  settings: new Map(),
  partitions: null,
  brokers: null,
  instances: null,
  messageBytes: null,
  keyBytes: null,
  headersBytes: null,
  compressionRatio: null,
  splitQueues: false,
  memoryLimitBytes: null,
  startedAt: null,
  app: null,
  rules: null,
  suppressions: [],
};

/** What the user told of the client and its messages. */
export type Told = Omit<Circumstances, "settings" | "memoryLimitBytes" | "startedAt" | "app" | "rules" | "suppressions">;

/** Components that are judged together, because one thing bounds them together. */
export interface JudgedGroup {
  readonly party: Party;
  readonly client: string | null;
  readonly kind: GroupKind;
  readonly rows: readonly number[]; // of ProcessFacts.rows
  readonly liveBytes: Float64Array; // at the observed instants
  readonly growthBytes: number;
  readonly facts: GroupFacts;
}

export interface ProcessFacts {
  readonly profile: Profile;
  readonly told: Circumstances;
  readonly attribution: Attribution;
  readonly rows: readonly PathGroup[]; // party, client and component of each row of the series below
  readonly groupOfPath: Uint32Array;
  readonly clients: readonly KafkaClient[]; // all that are known
  readonly client: KafkaClient | null;
  readonly clientVersion: string | null;
  readonly scope: Scope;
  readonly ceilings: readonly Ceiling[];
  readonly issues: readonly ConcerningIssue[]; // published, that this version has or may have
  /** Instants that show the running process: from 1 to this one. Later ones belong to a clean exit. */
  readonly lastObserved: number;
  readonly groups: readonly JudgedGroup[];
  readonly bytesByGroup: GroupSeries; // by `rows`, all instants
  readonly blocksByGroup: GroupSeries;
  readonly queues: readonly QueueEvidence[];
  readonly queue: AlignedQueue | null;
  readonly startedAt: number | null;
  readonly losses: readonly Loss[];
  /** What the user's suppressions took out before anything was attributed. */
  readonly suppressed: Suppressed;
}

const AGE_SLICES = 12;

/** A capture whose last instants hold less than this share of what was live before them ends with the exit of the process. */
const EXIT_SHARE = 0.5;

export function gatherFacts(
  captured: Profile | null,
  knownClients: readonly KafkaClient[],
  evidence: readonly Evidence[],
  told: Circumstances,
): ProcessFacts {
  const clients = [...(told.rules?.clients ?? []), ...knownClients];
  const suppressed = suppress(captured ?? nothingCaptured(), told.suppressions);
  const { profile } = suppressed;
  const attribution = attribute(profile, knownClients, { client: told.client, app: told.app, rules: told.rules });
  const losses: Loss[] = [];
  const queues = queuesIn(evidence);
  const client = clientOf(clients, attribution, told.client, queues);
  const clientVersion = told.clientVersion ?? attribution.clients.find((found) => found.id === client?.id)?.version ?? null;
  const { groups: rows, groupOfPath } = groupPaths(attribution, ["party", "client", "component"]);
  const bytesByGroup = seriesByGroup(profile, groupOfPath, rows.length, "liveBytes");
  const blocksByGroup = seriesByGroup(profile, groupOfPath, rows.length, "liveBlocks");
  const lastObserved = lastObservedInstant(profile, bytesByGroup);
  const startedAt = told.startedAt ?? profile.origin.startedAt;
  const elapsedMs = Float64Array.from({ length: lastObserved }, (_, row) => at(profile.instants.elapsedMs, row + 1));
  const queue = alignQueue(elapsedMs, startedAt, queues, losses);
  const given = givenSettings(evidence, told.settings);
  losses.push(...given.losses, ...(client === null ? [] : checkSettings(client, given, clients)));
  const scope = scopeOf(told, given.settings, queues, clientVersion);
  const ceilings = client === null ? [] : ceilingsOf(client, scope, clients);
  const issues = client === null ? [] : issuesOf(client, clientVersion, clients);
  const countsClasses = profile.precision.kind === "sampled" && profile.origin.runtime === "native";
  const surroundings: Surroundings = { client, clients, scope, ceilings, queue, countsClasses };
  const groups =
    captured === null
      ? queueGroups(queues, surroundings)
      : judgedGroups(profile, { rows, groupOfPath }, bytesByGroup, lastObserved, surroundings);
  return {
    profile,
    told,
    attribution,
    rows,
    groupOfPath,
    clients,
    client,
    clientVersion,
    scope,
    ceilings,
    issues,
    lastObserved,
    groups,
    bytesByGroup,
    blocksByGroup,
    queues,
    queue,
    startedAt,
    losses,
    suppressed,
  };
}

/** Live bytes that suppressions took out of sight, at an instant. */
export function suppressedBytesAt({ suppressed: { bytes, suppressions } }: Pick<ProcessFacts, "suppressed">, instant: number): number {
  return suppressions.reduce((sum, _, row) => sum + at(seriesOf(bytes, row + 1), instant), 0);
}

function queuesIn(evidence: readonly Evidence[]): readonly QueueEvidence[] {
  return evidence.filter((fact): fact is QueueEvidence => fact.kind === "queue");
}

/** The client of the user's choice, else the one that is in the profile, else the one whose statistics were given. */
function clientOf(
  clients: readonly KafkaClient[],
  attribution: Attribution,
  wanted: string | null,
  queues: readonly QueueEvidence[],
): KafkaClient | null {
  const id = wanted ?? attribution.clients[0]?.id ?? (queues.length > 0 ? "librdkafka" : null);
  return clients.find((client) => client.id === id) ?? null;
}

/** What the formulas may ask: as told, else as the statistics say. */
export function scopeOf(told: Told, settings: Settings, queues: readonly QueueEvidence[], version: string | null): Scope {
  const largest = (pick: (queue: QueueEvidence) => number): number | null => {
    const value = Math.max(0, ...queues.map(pick));
    return value > 0 ? value : null;
  };
  return {
    version,
    settings,
    instances: told.instances ?? largest((queue) => queue.instances.length) ?? 1,
    partitions: told.partitions ?? largest((queue) => queue.partitions),
    brokers: told.brokers ?? largest((queue) => queue.brokers),
    messageBytes: told.messageBytes ?? largest((queue) => queue.meanMessageBytes ?? 0),
    keyBytes: told.keyBytes,
    headersBytes: told.headersBytes,
    compressionRatio: told.compressionRatio,
    splitQueues: told.splitQueues || queues.some((queue) => queue.split),
  };
}

/** Live heap that a queue of so many messages explains, by the formula of the client or of the one it is built on. */
function queueHeapBytes({ client, clients, scope }: Surroundings, messages: number, valueBytes: number): number {
  const layer = client === null ? null : boundingClient(client, scope.version, clients);
  return layer?.client.queueBytes?.(messages, valueBytes, { ...scope, version: layer.version }) ?? valueBytes;
}

/**
 * The last instant of the running process. A clean exit frees everything at once: the largest fall of the last tenth of the
 * capture that takes more than half of what was live ends the observation.
 */
function lastObservedInstant(profile: Profile, bytesByGroup: GroupSeries): number {
  const last = profile.instants.length - 1;
  if (!profile.endsWithExit || last < 3) return last;
  const total = new Float64Array(last + 1);
  for (let group = 0; group < bytesByGroup.groups; group++) {
    for (let instant = 1; instant <= last; instant++) add(total, instant, at(seriesOf(bytesByGroup, group), instant));
  }
  let exit = last + 1;
  let largest = 0;
  for (let instant = Math.max(2, Math.floor(last * 0.9)); instant <= last; instant++) {
    const fall = at(total, instant - 1) - at(total, instant);
    if (fall > EXIT_SHARE * at(total, instant - 1) && fall > largest) {
      largest = fall;
      exit = instant;
    }
  }
  return exit - 1;
}

const KIND_OF_PARTY = { app: "app", client: "client-other", runtime: "runtime", unknown: "unknown" } as const satisfies Record<
  Party,
  GroupKind
>;

/** What is judged together: fetch memory of a client, its producer memory, the rest of it, the application, and so on. */
function kindOf(party: Party, component: Component | ""): GroupKind {
  if (party !== "client" || component === "") return KIND_OF_PARTY[party];
  if (FETCH_COMPONENTS.has(component)) return "fetch";
  if (PRODUCER_COMPONENTS.has(component)) return "producer";
  return component === "app-copy" ? "copies" : "client-other";
}

/** Rows of paths that are summed together, before components are joined for the judgement. */
interface Grouping {
  readonly rows: readonly PathGroup[];
  readonly groupOfPath: Uint32Array;
}

interface Surroundings {
  readonly client: KafkaClient | null;
  readonly clients: readonly KafkaClient[];
  readonly scope: Scope;
  readonly ceilings: readonly Ceiling[];
  readonly queue: AlignedQueue | null;
  readonly countsClasses: boolean; // sizes are those of the allocator's size classes
}

function judgedGroups(
  profile: Profile,
  grouping: Grouping,
  bytesByGroup: GroupSeries,
  lastObserved: number,
  surroundings: Surroundings,
): readonly JudgedGroup[] {
  const keys = new Map<string, number[]>();
  for (const [row, group] of grouping.rows.entries()) {
    const key = `${group.party}/${group.client}/${kindOf(group.party, group.component)}`;
    const rows = keys.get(key) ?? [];
    rows.push(row);
    keys.set(key, rows);
  }
  const lists = [...keys.values()];
  const listOf = new Uint32Array(grouping.rows.length);
  for (const [list, rows] of lists.entries()) for (const row of rows) listOf[row] = list;
  const sampling = samplingByList(profile, grouping, listOf, lists.length, lastObserved);
  const ages = agesByList(profile, grouping, listOf, lists.length);
  const clock = operationalClock(profile, lastObserved);
  const elapsedMs = Float64Array.from({ length: lastObserved }, (_, row) => at(profile.instants.elapsedMs, row + 1));
  const judged = lists.map((rows, list): JudgedGroup => {
    const first = grouping.rows[rows[0] ?? 0];
    if (first === undefined) throw new Error("a group without rows");
    const liveBytes = new Float64Array(lastObserved);
    for (const row of rows) {
      for (let instant = 1; instant <= lastObserved; instant++) add(liveBytes, instant - 1, at(seriesOf(bytesByGroup, row), instant));
    }
    const kind = kindOf(first.party, first.component);
    const from = isQueue(kind) ? firstOfQueue(liveBytes) : 0;
    const facts: GroupFacts = {
      kind,
      elapsedMs: elapsedMs.subarray(from),
      liveBytes: liveBytes.subarray(from),
      varianceBytes2: (sampling?.variance[list] ?? new Float64Array(lastObserved)).subarray(from),
      sampled: profile.precision.kind === "sampled",
      survivingSamples: sampling === null ? null : (sampling.growthSamples[list] ?? 0),
      ceiling: ceilingFacts(kind, first.client, surroundings),
      queue: isQueue(kind) ? queueFacts(surroundings, from) : null,
      ages: ages?.[list] ?? null,
      operationalClock: isOfApplication(kind) ? clock : null,
    };
    const growthBytes = at(liveBytes, lastObserved - 1) - (lastObserved > 1 ? at(liveBytes, 0) : 0);
    return { party: first.party, client: first.client === "" ? null : first.client, kind, rows, liveBytes, growthBytes, facts };
  });
  return judged.filter(({ liveBytes }) => liveBytes.some((level) => level > 0));
}

/** The ledger of a question without a capture: no instants, nothing live. */
function nothingCaptured(): Profile {
  return {
    ...new ProfileBuilder().finish({ path: "", format: "", clock: "none", precision: { kind: "exact" }, observes: "live" }),
    captures: [],
  };
}

/** Without a capture the statistics are the only course there is: the heap that the queues explain, judged against their ceiling. */
function queueGroups(queues: readonly QueueEvidence[], surroundings: Surroundings): readonly JudgedGroup[] {
  const { client } = surroundings;
  return queues.map((queue) => {
    const kind: GroupKind = queue.role === "producer" ? "producer" : "fetch";
    const heap = (row: number): number => queueHeapBytes(surroundings, at(queue.messages, row), at(queue.bytes, row));
    const times = [...new Set(queue.atMs)];
    const liveBytes = new Float64Array(times.length);
    for (let row = 0; row < queue.length; row++) add(liveBytes, times.indexOf(at(queue.atMs, row)), heap(row));
    return {
      party: "client",
      client: client?.id ?? null,
      kind,
      rows: [],
      liveBytes,
      growthBytes: at(liveBytes, liveBytes.length - 1) - (liveBytes.length > 1 ? at(liveBytes, 0) : 0),
      facts: {
        kind,
        elapsedMs: Float64Array.from(times, (time) => time - (times[0] ?? 0)),
        liveBytes,
        varianceBytes2: new Float64Array(times.length),
        sampled: false,
        survivingSamples: null,
        ceiling: ceilingFacts(kind, client?.id ?? "", surroundings),
        queue: null,
        ages: null,
        operationalClock: null,
      },
    };
  });
}

/** Spread of the ceiling as a share of it: the size of the messages is what it hangs on (growth.md 4.1). */
const CEILING_SD_KNOWN = 0.2;
const CEILING_SD_GUESSED = 0.4;

/**
 * What profilers inside of an allocator count: blocks of its size classes, which are up to a quarter larger than what was asked
 * for (jemalloc: four classes a doubling; a message object of 304 B counts as 320 B, a fetch response of 1.05 MB as 1.25 MiB).
 */
const CLASS_MEAN = 1.06;
const CLASS_MOST = 1.2;

function ceilingFacts(kind: GroupKind, clientId: string, surroundings: Surroundings): CeilingFacts | null {
  const { client, clients, scope, countsClasses } = surroundings;
  const component = kind === "fetch" ? "fetch-queue" : kind === "producer" ? "producer-queue" : null;
  // With several clients in the process what was told is about the first; the others are taken with their defaults
  const other = clientId === client?.id ? null : (clients.find(({ id }) => id === clientId) ?? null);
  const ceilings = other === null ? surroundings.ceilings : ceilingsOf(other, { ...scope, version: null, settings: new Map() }, clients);
  const own = ceilings.filter((ceiling) => ceiling.component === component);
  if (own.length === 0) return null;
  return {
    bytes: own.reduce((sum, ceiling) => sum + ceiling.bytes, 0) * (countsClasses ? CLASS_MEAN : 1),
    highBytes: own.reduce((sum, ceiling) => sum + ceiling.highBytes, 0) * (countsClasses ? CLASS_MOST : 1),
    sdShare: scope.messageBytes === null ? CEILING_SD_GUESSED : CEILING_SD_KNOWN,
  };
}

function queueFacts(surroundings: Surroundings, from: number): QueueFacts | null {
  const { queue } = surroundings;
  if (queue === null) return null;
  const expectedBytes = queue.messages.map((messages, instant) =>
    Number.isNaN(messages) ? Number.NaN : queueHeapBytes(surroundings, messages, at(queue.valueBytes, instant)),
  );
  return { expectedBytes: expectedBytes.subarray(from) };
}

/** Below this share of its highest level a queue has not begun. */
const BEGUN_SHARE = 0.02;

/**
 * The last instant before a queue begins to fill. What is before is the process starting and the group being joined, for
 * seconds or minutes; with it, the fill that follows looks like a jump out of nothing.
 */
function firstOfQueue(liveBytes: Float64Array): number {
  const highest = liveBytes.reduce((top, level) => Math.max(top, level), 0);
  const begun = liveBytes.findIndex((level) => level >= BEGUN_SHARE * highest);
  return Math.max(0, Math.min(begun - 1, liveBytes.length - 3));
}

/**
 * Sampling error of every judged group at every instant: Var = sum of y * S / (e^(S/R) - 1) over its paths, with y the live
 * bytes of a path, S its mean block size and R the sampling interval (growth.md section 2). Null when the capture is exact.
 */
function samplingByList(
  profile: Profile,
  grouping: Grouping,
  listOf: Uint32Array,
  lists: number,
  lastObserved: number,
): { readonly variance: readonly Float64Array[]; readonly growthSamples: readonly number[] } | null {
  if (profile.precision.kind === "exact") return null;
  const interval = profile.precision.meanIntervalBytes;
  const { changes } = profile;
  const bytes = new Float64Array(profile.paths.length);
  const blocks = new Float64Array(profile.paths.length);
  const variance = Array.from({ length: lists }, () => new Float64Array(lastObserved));
  const samplesAtFirst = new Float64Array(lists);
  const samples = new Float64Array(lists);
  let row = 0;
  for (let instant = 1; instant <= lastObserved; instant++) {
    for (; row < changes.length && at(changes.instant, row) === instant; row++) {
      add(bytes, at(changes.path, row), at(changes.liveBytes, row));
      add(blocks, at(changes.path, row), at(changes.liveBlocks, row));
    }
    samples.fill(0);
    for (let path = 1; path < bytes.length; path++) {
      const [live, count] = [at(bytes, path), at(blocks, path)];
      if (live <= 0) continue;
      const list = at(listOf, at(grouping.groupOfPath, path));
      const listVariance = variance[list] as Float64Array;
      if (count <= 0) {
        // the profile counts no blocks: as if all were small, which is the largest error there can be
        add(listVariance, instant - 1, live * interval);
        add(samples, list, live / interval);
        continue;
      }
      const size = live / count;
      add(listVariance, instant - 1, (live * size) / Math.expm1(Math.min(700, size / interval)));
      add(samples, list, count * -Math.expm1(-size / interval));
    }
    if (instant === 1) samplesAtFirst.set(samples);
  }
  const growthSamples = [...samples].map((value, list) => Math.max(0, value - (lastObserved > 1 ? at(samplesAtFirst, list) : 0)));
  return { variance, growthSamples };
}

/** Ages of a group may be believed when at most this share of its survivors is a guess of first in, first out. */
const DOUBTFUL_SHARE = 0.3;

/** Paths with less than this share of what their group holds say nothing of what grows; churn of many would look like a tail. */
const GROWN_SHARE = 0.01;

/** Births and survivors of every judged group in equal slices of the capture; null where the capture knows no ages. */
function agesByList(profile: Profile, grouping: Grouping, listOf: Uint32Array, lists: number): readonly AgeFacts[] | null {
  const { survivors, changes, instants } = profile;
  if (survivors === null || profile.endsWithExit) return null;
  const listOfPath = grownPaths(profile, grouping, listOf, lists);
  const slices = (): Float64Array[] => Array.from({ length: lists }, () => new Float64Array(AGE_SLICES));
  const [born, live] = [slices(), slices()];
  const [all, doubtful, grown] = [new Float64Array(lists), new Float64Array(lists), new Float64Array(lists)];
  for (let row = 0; row < changes.length; row++) {
    const list = at(listOfPath, at(changes.path, row));
    // what is live when the first instant is observed was there before
    if (list !== lists && (at(changes.instant, row) > 1 || instants.length <= 2)) add(grown, list, at(changes.liveBytes, row));
  }
  const endMs = at(instants.elapsedMs, instants.length - 1);
  const sliceOf = (slice: number): number => {
    const place =
      survivors.clock === "instants" ? at(instants.elapsedMs, slice) / Math.max(1, endMs) : (slice - 1) / Math.max(1, survivors.slices - 1);
    return Math.min(AGE_SLICES - 1, Math.max(0, Math.floor(place * AGE_SLICES)));
  };
  for (let row = 0; row < survivors.length; row++) {
    const list = at(listOfPath, at(survivors.path, row));
    // what is older than the capture says nothing of its births
    if (list === lists || at(survivors.bornAt, row) === 0) continue;
    add(live[list] as Float64Array, sliceOf(at(survivors.bornAt, row)), at(survivors.bytes, row));
    add(all, list, at(survivors.bytes, row));
    add(doubtful, list, at(survivors.doubtfulBytes, row));
  }
  if (survivors.clock === "instants") {
    for (let row = 0; row < changes.length; row++) {
      const list = at(listOfPath, at(changes.path, row));
      if (list !== lists) add(born[list] as Float64Array, sliceOf(at(changes.instant, row)), at(changes.allocatedBytes, row));
    }
  } else {
    // only the births of the whole process are known: a group's own are at least its survivors
    for (let list = 0; list < lists; list++) {
      for (let slice = 1; slice < survivors.slices; slice++)
        add(born[list] as Float64Array, sliceOf(slice), at(survivors.bornBytes, slice));
    }
  }
  return born.map((bornBytes, list) => ({
    bornBytes,
    liveBytes: live[list] as Float64Array,
    grownBytes: at(grown, list),
    trustworthy: at(doubtful, list) <= DOUBTFUL_SHARE * at(all, list),
  }));
}

/** The list of every path that holds a part of its group that matters; `lists` for the others. */
function grownPaths(profile: Profile, grouping: Grouping, listOf: Uint32Array, lists: number): Uint32Array {
  const { bytes } = liveAt(profile, profile.instants.length - 1);
  const held = new Float64Array(lists);
  for (let path = 1; path < bytes.length; path++) add(held, at(listOf, at(grouping.groupOfPath, path)), at(bytes, path));
  return Uint32Array.from({ length: bytes.length }, (_, path) => {
    const list = at(listOf, at(grouping.groupOfPath, path));
    return at(bytes, path) >= GROWN_SHARE * at(held, list) ? list : lists;
  });
}

/** Work done, by the bytes that the process allocated so far: the clock of an application's own growth. Null when unknown. */
function operationalClock(profile: Profile, lastObserved: number): Float64Array | null {
  if (profile.observes !== "both" || lastObserved < 3) return null;
  const clock = new Float64Array(lastObserved);
  const { changes } = profile;
  for (let row = 0; row < changes.length && at(changes.instant, row) <= lastObserved; row++) {
    add(clock, at(changes.instant, row) - 1, at(changes.allocatedBytes, row));
  }
  for (let instant = 1; instant < lastObserved; instant++) add(clock, instant, at(clock, instant - 1));
  return clock;
}
