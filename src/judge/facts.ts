/**
 * Everything the judge may ask, gathered once: the profile attributed to parties and folded into groups, the ceilings of the
 * client's queues, and the client's own statistics laid over the instants. Whatever is not known is null; nothing is guessed
 * here without being listed in `assumed`.
 */
import { add, at, type Column } from "../base/columns.ts";
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
import type {
  AllocatorEvidence,
  CensusEvidence,
  Evidence,
  LagEvidence,
  MemoryEvidence,
  ProcessEvidence,
  QueueEvidence,
} from "../evidence/evidence.ts";
import { type GroupSeries, hasTimes, liveAt, seriesByGroup, seriesOf } from "../model/ledger.ts";
import type { Profile } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";
import { type Suppressed, suppress } from "../model/suppress.ts";
import { type AlignedQueue, alignQueue } from "./align-queue.ts";
import { type AlignedLag, type AlignedMemory, alignLag, alignMemory, type Moments } from "./align-series.ts";
import { type Attribution, attribute, groupPaths, type Party, type PathGroup } from "./attribution.ts";
import { type CensusFacts, censusFacts, messageObjectSizes } from "./census.ts";
import { type CompanionType, companionType } from "./companion-type.ts";
import { denserCourse, MAIN_SHARE } from "./denser-course.ts";
import {
  type AgeFacts,
  type CeilingFacts,
  type EventCounts,
  type ExperimentKind,
  type GroupFacts,
  type GroupKind,
  isOfApplication,
  isQueue,
  type LagFacts,
  type QueueFacts,
} from "./group-facts.ts";
import { type Observation, observed } from "./observed.ts";
import { type RetentionFacts, retentionOf } from "./retention.ts";
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
  /** The same at the instants of the captures alone; left out where `facts` are that. */
  readonly captured?: GroupFacts;
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
  readonly retention: RetentionFacts | null;
  readonly lag: AlignedLag | null;
  readonly memory: AlignedMemory | null;
  readonly lags: readonly LagEvidence[];
  readonly memories: readonly MemoryEvidence[];
  readonly allocators: readonly AllocatorEvidence[];
  readonly process: ProcessEvidence | null; // as an observer introduced it
  /** Chunks of the heap by size, of a process that was observed. */
  readonly census: CensusFacts | null;
  readonly companion: CompanionType | null;
  /** Of evidence alone: there was no capture of a heap. */
  readonly isObserved: boolean;
  readonly memoryLimitBytes: number | null; // as told, else as the container's own metrics say
  readonly startedAt: number | null;
  readonly losses: readonly Loss[];
  /** What the user's suppressions took out before anything was attributed. */
  readonly suppressed: Suppressed;
  /** The second half of an experiment, of which this is the first; left out where none was made. */
  readonly experiment?: { readonly kind: ExperimentKind; readonly after: ProcessFacts; readonly isDone: boolean | null };
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
  const losses: Loss[] = [];
  const of = <Kind extends Evidence["kind"]>(kind: Kind): readonly Extract<Evidence, { kind: Kind }>[] =>
    evidence.filter((fact): fact is Extract<Evidence, { kind: Kind }> => fact.kind === kind);
  const [queues, lags, memories, allocators] = [of("queue"), of("lag"), of("memory"), of("allocator")];
  const process = of("process")[0] ?? null;
  for (const fact of [...lags, ...memories, ...allocators]) losses.push(...fact.losses);
  losses.push(...unreadableLosses(process));
  // without a capture the readings of the evidence are the instants
  const observation = captured === null ? observed(queues, lags, memories, losses) : null;
  const suppressed = suppress(captured ?? observation?.profile ?? nothingCaptured(), told.suppressions);
  const attribution = attribute(suppressed.profile, knownClients, { client: told.client, app: told.app, rules: told.rules });
  const client = clientOf(clients, attribution, told.client, queues, process);
  const found = [...attribution.clients, ...(process?.clients ?? [])].find(({ id }) => id === client?.id);
  const clientVersion = told.clientVersion ?? found?.version ?? null;
  const { groups: rows, groupOfPath } = groupPaths(attribution, ["party", "client", "component"]);
  const bytesByGroup = seriesByGroup(suppressed.profile, groupOfPath, rows.length, "liveBytes");
  const blocksByGroup = seriesByGroup(suppressed.profile, groupOfPath, rows.length, "liveBlocks");
  const lastObserved = lastObservedInstant(suppressed.profile, bytesByGroup);
  const startedAt = told.startedAt ?? suppressed.profile.origin.startedAt;
  const given = givenSettings(evidence, told.settings);
  const moments: Moments = {
    elapsedMs: Float64Array.from({ length: lastObserved }, (_, row) => at(suppressed.profile.instants.elapsedMs, row + 1)),
    startedAt: observation === null ? startedAt : observation.originMs,
    hasTimes: hasTimes(suppressed.profile),
    isObserved: captured === null,
  };
  const { queue, lag, memory } = alignEvidence(moments, { queues, lags, memories }, given.settings, observation, losses);
  const profile = withResident(suppressed.profile, memory);
  losses.push(...given.losses, ...(client === null ? [] : checkSettings(client, given, clients)));
  const scope = scopeOf(told, given.settings, queues, clientVersion);
  const ceilings = client === null ? [] : ceilingsOf(client, scope, clients);
  const issues = client === null ? [] : issuesOf(client, clientVersion, clients);
  const countsClasses = profile.precision.kind === "sampled" && profile.origin.runtime === "native";
  const retention = retentionOf(profile, attribution, scope.messageBytes);
  const objectBytes = messageObjectSizes(client, clientVersion, clients, process);
  const census = observation === null ? null : censusOf(observation, of("census"), moments.elapsedMs, queue, objectBytes);
  const surroundings: Surroundings = { client, clients, scope, ceilings, queues, queue, lag, retention, countsClasses };
  const companion = captured === null ? null : companionType(profile, attribution);
  const capturedGroups = (): readonly JudgedGroup[] => {
    const judged = judgedGroups(profile, { rows, groupOfPath }, bytesByGroup, lastObserved, surroundings);
    return withDenserCourse(companion === null ? judged : judged.map((group) => ofApplication(group, companion)), moments, memories);
  };
  const groups =
    captured !== null
      ? capturedGroups()
      : observation !== null
        ? observedGroups(observation, moments.elapsedMs, memory, { queues, census }, surroundings)
        : queueGroups(queues, surroundings);
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
    retention,
    lag,
    memory,
    lags,
    memories,
    allocators,
    process,
    census,
    companion,
    isObserved: captured === null,
    memoryLimitBytes: told.memoryLimitBytes ?? limitIn(memories),
    startedAt,
    losses,
    suppressed: { ...suppressed, profile },
  };
}

/** Evidence over the instants. What counts from a start of its own joins nothing but what counts with it. */
function alignEvidence(
  moments: Moments,
  { queues, lags, memories }: { queues: readonly QueueEvidence[]; lags: readonly LagEvidence[]; memories: readonly MemoryEvidence[] },
  settings: Settings,
  observation: Observation | null,
  losses: Loss[],
): { readonly queue: AlignedQueue | null; readonly lag: AlignedLag | null; readonly memory: AlignedMemory | null } {
  const joining = queues.filter(({ clock }) => clock === undefined || observation?.isElapsed === true);
  const queue = alignQueue(moments.elapsedMs, moments.startedAt, joining, losses);
  const groupId = settings.get("group.id") ?? settings.get("groupId") ?? null;
  const lag = observation?.isElapsed === true ? null : alignLag(moments, lags, groupId, losses);
  return { queue, lag, memory: observation?.memory ?? alignMemory(moments, memories, losses) };
}

/** The limit of the container, where its metrics say one. */
function limitIn(memories: readonly MemoryEvidence[]): number | null {
  const limits = new Set(memories.flatMap(({ limitBytes }) => (limitBytes === null ? [] : [limitBytes])));
  return limits.size === 1 ? ([...limits][0] ?? null) : null;
}

/** What the capture itself says of the resident memory counts more than what was read beside it. */
function withResident(profile: Profile, memory: AlignedMemory | null): Profile {
  if (memory === null) return profile;
  const { instants } = profile;
  const fill = (column: Column, readings: Float64Array): Float64Array =>
    Float64Array.from({ length: instants.length }, (_, instant) => {
      const reading = instant === 0 ? 0 : (readings[instant - 1] ?? 0);
      return at(column, instant) > 0 || !Number.isFinite(reading) ? at(column, instant) : Math.round(reading);
    });
  return { ...profile, instants: { ...instants, residentBytes: fill(instants.residentBytes, memory.residentBytes) } };
}

/** Live bytes that suppressions took out of sight, at an instant. */
export function suppressedBytesAt({ suppressed: { bytes, suppressions } }: Pick<ProcessFacts, "suppressed">, instant: number): number {
  return suppressions.reduce((sum, _, row) => sum + at(seriesOf(bytes, row + 1), instant), 0);
}

/** What an observer could not read is missing in everything that follows. */
function unreadableLosses(process: ProcessEvidence | null): readonly Loss[] {
  return (process?.unreadable ?? []).map(({ what, because, fix }) => ({
    code: "blind",
    text: `${what}: ${because}. ${fix}`,
    offset: null,
    count: 1,
  }));
}

/** The census of the process that was observed, when both have one clock. */
function censusOf(
  { originMs, isElapsed }: Observation,
  censuses: readonly CensusEvidence[],
  elapsedMs: Float64Array,
  queue: AlignedQueue | null,
  objectBytes: readonly number[],
): CensusFacts | null {
  const [census] = censuses;
  if (census === undefined || originMs === null || (census.clock === "elapsed") !== isElapsed) return null;
  const atMs = elapsedMs.map((ms) => originMs + ms);
  return censusFacts(census, atMs, queue?.messages ?? null, objectBytes);
}

/**
 * The client of the user's choice, else the one that is in the profile, else the one that an observer found in the process (a
 * wrapper before what it wraps), else the one whose statistics were given.
 */
function clientOf(
  clients: readonly KafkaClient[],
  attribution: Attribution,
  wanted: string | null,
  queues: readonly QueueEvidence[],
  process: ProcessEvidence | null,
): KafkaClient | null {
  const found = (process?.clients ?? []).flatMap(({ id }) => clients.find((client) => client.id === id) ?? []);
  const outermost = found.find(({ builtOn }) => found.some(({ id }) => id === builtOn)) ?? found[0];
  const id = wanted ?? attribution.clients[0]?.id ?? outermost?.id ?? (queues.length > 0 ? "librdkafka" : null);
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
export function queueHeapBytes(
  { client, clients, scope }: Pick<Surroundings, "client" | "clients" | "scope">,
  messages: number,
  valueBytes: number,
): number {
  const layer = client === null ? null : boundingClient(client, scope.version, clients);
  return layer?.client.queueBytes?.(messages, valueBytes, { ...scope, version: layer.version }) ?? valueBytes;
}

/**
 * The last instant of the running process. A clean exit frees everything at once: the largest fall of the last tenth of the
 * capture that takes more than half of what was live ends the observation.
 */
export function lastObservedInstant(profile: Profile, bytesByGroup: GroupSeries): number {
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
  readonly queues: readonly QueueEvidence[];
  readonly queue: AlignedQueue | null;
  readonly retention: RetentionFacts | null;
  readonly lag: AlignedLag | null;
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
  const clock = operationalClock(profile, lastObserved, surroundings);
  const events = eventsOf(surroundings.queue);
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
      ...lagFacts(kind, surroundings, from),
      ages: ages?.[list] ?? null,
      operationalClock: isOfApplication(kind) ? (clock?.work ?? null) : null,
      ...(clock?.counts === "messages" && isOfApplication(kind) ? { clockCounts: "messages" as const } : {}),
      ...(events.length > 0 && !isQueue(kind) ? { events } : {}),
      ...(isOfApplication(kind) ? lagMessagesOf(surroundings) : {}),
      retention: kind === "fetch" ? surroundings.retention : null,
    };
    const growthBytes = at(liveBytes, lastObserved - 1) - (lastObserved > 1 ? at(liveBytes, 0) : 0);
    const client = first.client === "" ? null : first.client;
    return { party: first.party, client, kind, rows, liveBytes, growthBytes, facts };
  });
  return judged.filter(({ liveBytes }) => liveBytes.some((level) => level > 0));
}

/** Nearly all that a group without an owner gained are arrays of a type of the application. */
function ofApplication(group: JudgedGroup, companion: CompanionType): JudgedGroup {
  if (group.kind !== "unknown" || companion.gainedBytes < MAIN_SHARE * group.growthBytes) return group;
  return { ...group, party: "app", kind: "app", facts: { ...group.facts, kind: "app" } };
}

function withDenserCourse(
  groups: readonly JudgedGroup[],
  { startedAt, hasTimes: isTimed }: Moments,
  memories: readonly MemoryEvidence[],
): readonly JudgedGroup[] {
  const growthBytes = groups.reduce((sum, group) => sum + group.growthBytes, 0);
  return groups.map((group) => {
    const facts = isTimed ? denserCourse(group.facts, growthBytes, startedAt, memories) : null;
    return facts === null ? group : { ...group, facts, captured: group.facts };
  });
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
        retention: null,
      },
    };
  });
}

/**
 * Evidence alone, with memory in it: what the client's queues explain, and the rest, which is nobody's that could be named. Without
 * statistics all of it is the rest. Where a census shows how many messages are alive, these are the client's memory, and the queue
 * is what they are measured against: messages that are alive and not queued are somebody's who keeps them.
 */
function observedGroups(
  { memory }: Observation,
  elapsedMs: Float64Array,
  aligned: AlignedMemory | null,
  { queues, census }: { readonly queues: readonly QueueEvidence[]; readonly census: CensusFacts | null },
  surroundings: Surroundings,
): readonly JudgedGroup[] {
  const { client, queue, scope } = surroundings;
  const resident = aligned?.residentBytes ?? memory?.residentBytes ?? null;
  const heapBytes = aligned?.heapBytes ?? null;
  const knowsHeap = heapBytes?.every(Number.isFinite) === true;
  const queuedBytes =
    queue === null
      ? null
      : carried(queue.messages.map((messages, row) => queueHeapBytes(surroundings, messages, at(queue.valueBytes, row))));
  // where no statistics are near, nothing can be told apart
  const knownRows = [...elapsedMs.keys()].filter((row) => queue === null || !Number.isNaN(at(queue.messages, row)));
  const pick = (column: Float64Array): Float64Array => Float64Array.from(knownRows, (row) => at(column, row));
  // a response stays whole until its last message is consumed: beside the queue the heap moves by one, whatever the application does
  const responseBytes = census?.largestResponseBytes ?? 0;
  const groupOf = (party: Party, kind: GroupKind, liveBytes: Float64Array, expectedBytes: Float64Array | null): JudgedGroup => ({
    party,
    client: party === "client" ? (client?.id ?? null) : null,
    kind,
    rows: [],
    liveBytes,
    growthBytes: at(liveBytes, liveBytes.length - 1) - (liveBytes.length > 1 ? at(liveBytes, 0) : 0),
    facts: {
      kind,
      elapsedMs: pick(elapsedMs),
      liveBytes: pick(liveBytes),
      varianceBytes2: new Float64Array(knownRows.length).fill(kind === "unqueued" ? (responseBytes / 2) ** 2 : 0),
      sampled: false,
      survivingSamples: null,
      ceiling: party === "client" ? ceilingFacts(kind, client?.id ?? "", surroundings) : null,
      queue: expectedBytes === null ? null : { expectedBytes: pick(expectedBytes) },
      ages: null,
      operationalClock: null,
      retention: null,
    },
  });
  const kept = queuedBytes === null || !knowsHeap ? null : keptMessageBytes(census, queuedBytes, heapBytes, scope, surroundings);
  const clientBytes = kept ?? queuedBytes;
  const rest = resident === null ? null : restOf(resident, heapBytes, clientBytes);
  const groups: JudgedGroup[] = [];
  if (clientBytes !== null) {
    groups.push(groupOf("client", queues[0]?.role === "producer" ? "producer" : "fetch", clientBytes, queuedBytes));
  }
  if (rest !== null) groups.push(groupOf("unknown", clientBytes !== null && knowsHeap ? "unqueued" : "unknown", rest, null));
  return groups;
}

/** Messages that are alive beyond the queue by more than this share of it, and by more than these bytes, are kept by somebody. */
const KEPT_SHARE = 0.1;
const KEPT_BYTES = 1024 ** 2;

/**
 * The heap of all messages that are alive; null where no more of them live than are queued. Objects of the message's size may be
 * anybody's: they are messages only where the rest of the heap is large enough for their values, too.
 */
function keptMessageBytes(
  census: CensusFacts | null,
  queuedBytes: Float64Array,
  heapBytes: Float64Array,
  { messageBytes }: Scope,
  surroundings: Surroundings,
): Float64Array | null {
  if (census?.liveMessages == null || messageBytes === null) return null;
  const aliveBytes = carried(census.liveMessages.map((messages) => queueHeapBytes(surroundings, messages, messages * messageBytes)));
  const last = aliveBytes.length - 1;
  const beyond = at(aliveBytes, last) - at(queuedBytes, last);
  if (beyond < Math.max(KEPT_BYTES, KEPT_SHARE * at(queuedBytes, last))) return null;
  return at(heapBytes, last) >= 0.9 * at(aliveBytes, last) ? aliveBytes : null;
}

/**
 * What is not queued: of the heap, where the runtime or allocator says how much of it is in use at every instant (the rest of the
 * resident memory is then outside of the heap), else of the resident memory. A heap that is smaller than the queue does not hold it.
 */
function restOf(resident: Float64Array, heapBytes: Float64Array | null, queueBytes: Float64Array | null): Float64Array {
  const queued = (row: number): number => queueBytes?.[row] ?? 0;
  if (heapBytes === null || heapBytes.some((bytes) => !Number.isFinite(bytes))) {
    return resident.map((bytes, row) => Math.max(0, bytes - queued(row)));
  }
  const isInHeap = heapBytes.filter((bytes, row) => bytes >= 0.9 * queued(row)).length >= 0.8 * heapBytes.length;
  return heapBytes.map((bytes, row) => Math.max(0, bytes - (isInHeap ? queued(row) : 0)));
}

/** The last known value where there is none. */
function carried(values: Float64Array): Float64Array {
  let last = values.find((value) => !Number.isNaN(value)) ?? 0;
  return values.map((value) => {
    if (!Number.isNaN(value)) last = value;
    return last;
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
  const begunBytes = begunResponseBytes(surroundings);
  const expectedBytes = queue.messages.map((messages, instant) => {
    if (Number.isNaN(messages)) return Number.NaN;
    const valueBytes = at(queue.valueBytes, instant);
    return queueHeapBytes(surroundings, messages, valueBytes) + Math.min(begunBytes, valueBytes / 2);
  });
  return { expectedBytes: expectedBytes.subarray(from) };
}

/** Of a fetch response that is being consumed half is gone on the mean, and held all the same: it is freed with its last message. */
const CONSUMED_SHARE = 0.5;

/**
 * Bytes that are no longer queued and still held, because the response of each broker that they came in is not consumed to its end.
 * Empty responses are counted, too, so the fullest time between two emissions tells best how many messages a response has.
 */
function begunResponseBytes({ queues, scope }: Pick<Surroundings, "queues" | "scope">): number {
  if (scope.messageBytes === null) return 0;
  let perResponse = 0;
  for (const { counters, receivedMessages, instance, length } of queues) {
    if (counters === undefined) continue;
    const before = new Map<number, number>();
    for (let row = 0; row < length; row++) {
      const earlier = before.get(at(instance, row));
      before.set(at(instance, row), row);
      const responses = at(counters.responses, row) - (earlier === undefined ? 0 : at(counters.responses, earlier));
      const messages = at(receivedMessages, row) - (earlier === undefined ? 0 : at(receivedMessages, earlier));
      if (responses >= 1) perResponse = Math.max(perResponse, messages / responses);
    }
  }
  return CONSUMED_SHARE * perResponse * scope.messageBytes * (scope.brokers ?? 1);
}

/**
 * Nothing can be queued that is not behind: the lag bounds the prefetch queue of a consumer. Left out where statistics say what is
 * queued, where the size of the messages is not known, and where a partition has no committed offset: then the lag is larger than what is known of it.
 */
function lagFacts(kind: GroupKind, surroundings: Surroundings, from: number): { readonly lag?: LagFacts } {
  const { lag, queue, scope } = surroundings;
  if (kind !== "fetch" || lag === null || queue !== null || scope.messageBytes === null) return {};
  const { messageBytes } = scope;
  const mostBytes = lag.mostMessages.map((messages) =>
    Number.isNaN(messages) ? Number.NaN : queueHeapBytes(surroundings, messages, messages * messageBytes),
  );
  return { lag: { mostBytes: mostBytes.subarray(from), messages: lag.messages.subarray(from) } };
}

function lagMessagesOf({ lag, queue }: Pick<Surroundings, "lag" | "queue">): { readonly lagMessages?: Float64Array } {
  // of one partition only it is not the lag of the group
  const lagMessages = (lag?.isLowest === true ? undefined : lag?.messages) ?? queue?.lag;
  return lagMessages === undefined ? {} : { lagMessages };
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
  const startMs = at(instants.elapsedMs, Math.min(1, instants.length - 1));
  // snapshots are few and far between: what is new in one was born at any time since the one before
  const addBirths = (column: Float64Array, slice: number, amount: number): void => {
    if (profile.graph === null || survivors.clock !== "instants") {
      add(column, sliceOf(slice), amount);
      return;
    }
    const place = (instant: number): number => ((at(instants.elapsedMs, instant) - startMs) / Math.max(1, endMs - startMs)) * AGE_SLICES;
    const [from, to] = [place(Math.max(1, slice - 1)), place(slice)];
    for (let part = Math.floor(from); part < to; part++) {
      add(column, Math.min(AGE_SLICES - 1, part), (amount * (Math.min(to, part + 1) - Math.max(from, part))) / (to - from));
    }
  };
  for (let row = 0; row < survivors.length; row++) {
    const list = at(listOfPath, at(survivors.path, row));
    // what is older than the capture says nothing of its births
    if (list === lists || at(survivors.bornAt, row) === 0) continue;
    addBirths(live[list] as Float64Array, at(survivors.bornAt, row), at(survivors.bytes, row));
    add(all, list, at(survivors.bytes, row));
    add(doubtful, list, at(survivors.doubtfulBytes, row));
  }
  if (survivors.clock === "instants") {
    for (let row = 0; row < changes.length; row++) {
      const list = at(listOfPath, at(changes.path, row));
      if (list !== lists) addBirths(born[list] as Float64Array, at(changes.instant, row), at(changes.allocatedBytes, row));
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

interface Work {
  readonly work: Float64Array;
  readonly counts: "bytes" | "messages";
}

/**
 * Work done, the clock of an application's own growth: the bytes that the process allocated so far, else the messages that it consumed,
 * by the client's statistics or by committed offsets. Null when none is known at all instants.
 */
function operationalClock(profile: Profile, lastObserved: number, { queue, lag }: Pick<Surroundings, "queue" | "lag">): Work | null {
  if (lastObserved < 3) return null;
  if (profile.observes !== "both") {
    const isKnown = (work: Float64Array | undefined): boolean =>
      work !== undefined &&
      work.length === lastObserved &&
      work.every((value, row) => Number.isFinite(value) && value >= (work[row - 1] ?? 0)) &&
      at(work, lastObserved - 1) > at(work, 0);
    const work = [queue?.receivedMessages, lag?.committed].find(isKnown);
    return work === undefined ? null : { work, counts: "messages" };
  }
  const work = new Float64Array(lastObserved);
  const { changes } = profile;
  for (let row = 0; row < changes.length && at(changes.instant, row) <= lastObserved; row++) {
    add(work, at(changes.instant, row) - 1, at(changes.allocatedBytes, row));
  }
  for (let instant = 1; instant < lastObserved; instant++) add(work, instant, at(work, instant - 1));
  return { work, counts: "bytes" };
}

/** Events that the client counts and that happened at all. */
function eventsOf(queue: AlignedQueue | null): readonly EventCounts[] {
  const counters = queue?.counters ?? null;
  if (counters === null) return [];
  return (["rebalances", "disconnects", "responses"] as const)
    .map((what) => ({ what, counts: counters[what] }))
    .filter(({ counts }) => at(counts, counts.length - 1) > at(counts, 0));
}
