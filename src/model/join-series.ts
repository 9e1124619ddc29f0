/**
 * Several captures of one process become one profile with one instant a capture (or all instants of a capture that has several).
 * Paths are joined by the names of their frames. Order and times come from the clock in the files, else from the sequence or
 * time in their names, else from their modification times; the profile's `clock` says which.
 *
 * What does not belong into a trend is left out and said: dumps of a clean exit, Go profiles that repeat the one before
 * (no garbage collection in between: formats.md A.2). Captures of different processes or kinds are refused.
 */
import { at } from "../base/columns.ts";
import { Failure, type Loss } from "../base/failure.ts";
import { lastInstant, liveAt, totalLiveBytes } from "./ledger.ts";
import { Births, type Born } from "./object-births.ts";
import type { Clock, GraphFacts, Profile } from "./profile.ts";
import { ProfileBuilder } from "./profile-builder.ts";

/** A profile of one file and what its file says of the time. */
export interface Member {
  readonly profile: Profile;
  readonly modifiedAt: number | null; // Unix ms
}

/**
 * Modification times closer together than this were written by a copy or a checkout, not by a profiler: the fastest real
 * series known (jemalloc, `lg_prof_interval`) has 76 ms between dumps, a checkout writes a file in well under a millisecond.
 */
const CLOSEST_REAL_DUMPS_MS = 20;

/** A last dump below this share of the one before, and below this size, was taken while the process was ending. */
const EXIT_SHARE = 0.02;
const EXIT_BYTES = 1024 * 1024;

/** @throws Failure `mixed-captures` with the names of the captures that do not belong together */
export function joinSeries(members: readonly Member[]): Profile {
  const [only] = members;
  if (only === undefined) throw new Error("no captures");
  if (members.length === 1) return only.profile;
  refuseMixedKinds(members);
  const losses: Loss[] = [];
  const running = leaveOutExits(members, losses);
  refuseMixedProcesses(running);
  const { ordered, clock, timesMs, losses: clockLosses } = order(running);
  losses.push(...clockLosses);
  const kept = leaveOutGhosts(ordered, timesMs, clock, losses);
  if (kept.length === 1 && kept[0] !== undefined) return withCaptures(kept[0].member.profile, members, losses);
  return join(kept, clock, members, losses);
}

function nameOf(member: Member): string {
  return member.profile.captures[0]?.path ?? "";
}

function refuseMixedKinds(members: readonly Member[]): void {
  const byKind = groupNames(members, ({ profile }) => {
    const what = profile.observes === "allocated" ? ", allocations only" : "";
    return `${profile.captures[0]?.format ?? ""}${what}`;
  });
  refuseMixture(byKind, "captures of different kinds cannot be joined into one series");
}

function refuseMixedProcesses(members: readonly Member[]): void {
  refuseMixture(
    groupNames(members, ({ profile }) => (profile.origin.pid === null ? "" : `pid ${profile.origin.pid}`)),
    "these are captures of different processes",
  );
  refuseMixture(
    groupNames(members, ({ profile }) => profile.origin.executable ?? ""),
    "these are captures of different programs",
  );
}

/** Names by property; captures that do not say (empty) belong to everything. */
function groupNames(members: readonly Member[], property: (member: Member) => string): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const member of members) {
    const value = property(member);
    if (value !== "") groups.set(value, [...(groups.get(value) ?? []), nameOf(member)]);
  }
  return groups;
}

function refuseMixture(groups: ReadonlyMap<string, readonly string[]>, message: string): void {
  if (groups.size <= 1) return;
  const list = [...groups].map(([value, names]) => `${value}: ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}`);
  throw new Failure({
    code: "mixed-captures",
    message: `${message} (${list.join("; ")})`,
    hint: "Give the captures of one process in one call.",
  });
}

function leaveOutExits(members: readonly Member[], losses: Loss[]): readonly Member[] {
  const exits = members.filter(({ profile }) => profile.endsWithExit && profile.instants.length === 2);
  if (exits.length === 0 || exits.length === members.length) return members;
  losses.push({
    code: "left-out",
    text: `left out of the trend, because taken at a clean exit: ${exits.map(nameOf).join(", ")}`,
    offset: null,
    count: exits.length,
  });
  return members.filter((member) => !exits.includes(member));
}

interface Placed {
  readonly member: Member;
  readonly timeMs: number;
}

function order(members: readonly Member[]): {
  readonly ordered: readonly Member[];
  readonly clock: Clock;
  readonly timesMs: readonly number[];
  readonly losses: readonly Loss[];
} {
  const inFile = members.map(({ profile }) => (profile.clock === "in-file" ? (profile.captures[0]?.takenAt ?? null) : null));
  if (isComplete(inFile)) return { ...sortByTime(members, inFile), clock: "in-file", losses: [] };
  const named = members.map((member) => timeInName(nameOf(member)));
  if (isComplete(named) && new Set(named).size === named.length) return { ...sortByTime(members, named), clock: "file-name", losses: [] };

  const modified = members.map(({ modifiedAt }) => modifiedAt);
  const bySequence = sortBySequence(members);
  if (bySequence !== null) {
    const timesMs = bySequence.map(({ modifiedAt }) => modifiedAt);
    if (isComplete(timesMs) && areRealTimes(timesMs)) return { ordered: bySequence, clock: "mtime", timesMs, losses: [] };
    return withoutTimes(bySequence, "file-name", "the order is the sequence in their names");
  }
  if (isComplete(modified)) {
    const sorted = sortByTime(members, modified);
    if (areRealTimes(sorted.timesMs)) return { ...sorted, clock: "mtime", losses: [] };
  }
  return withoutTimes(members, "none", "the order is the one in which they were given");
}

function withoutTimes(ordered: readonly Member[], clock: Clock, orderText: string): ReturnType<typeof order> {
  return {
    ordered,
    clock,
    timesMs: ordered.map((_, index) => index + 1),
    losses: [
      {
        code: "clock",
        text: `the captures hold no times and their modification times are those of a copy: ${orderText}, rates and times are unknown`,
        offset: null,
        count: ordered.length,
      },
    ],
  };
}

function isComplete(times: readonly (number | null)[]): times is readonly number[] {
  return times.every((time) => time !== null);
}

function areRealTimes(timesMs: readonly number[]): boolean {
  return timesMs.every((time, index) => index === 0 || time - (timesMs[index - 1] ?? 0) >= CLOSEST_REAL_DUMPS_MS);
}

function sortByTime(members: readonly Member[], times: readonly number[]): { ordered: readonly Member[]; timesMs: readonly number[] } {
  const rows = members.map((_, row) => row).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
  return { ordered: rows.map((row) => members[row] as Member), timesMs: rows.map((row) => times[row] ?? 0) };
}

/** Sorted by the numbers in the names when the names differ in nothing else; null when they do. */
function sortBySequence(members: readonly Member[]): readonly Member[] | null {
  const names = members.map((member) => baseName(nameOf(member)));
  const frames = new Set(names.map((name) => name.replace(/\d+/g, "#")));
  if (frames.size > 1 || new Set(names).size !== names.length) return null;
  const numbers = names.map((name) => [...name.matchAll(/\d+/g)].map((match) => BigInt(match[0])));
  const rows = members.map((_, row) => row).sort((a, b) => compareNumbers(numbers[a] ?? [], numbers[b] ?? []));
  return rows.map((row) => members[row] as Member);
}

function compareNumbers(a: readonly bigint[], b: readonly bigint[]): number {
  for (let position = 0; position < a.length; position++) {
    const [left, right] = [a[position] ?? 0n, b[position] ?? 0n];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A point in time written into a file name: ISO 8601 with any separators, or Unix seconds to nanoseconds. */
function timeInName(path: string): number | null {
  const name = baseName(path);
  const iso = /(20\d\d)-?([01]\d)-?([0-3]\d)[T_ -]?([0-2]\d)[:_-]?([0-5]\d)[:_-]?([0-5]\d)/.exec(name);
  if (iso !== null) {
    const [, year, month, day, hour, minute, second] = iso;
    const time = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
    return Number.isFinite(time) ? time : null;
  }
  const unix = /(?<!\d)1[5-9]\d{8}(\d{3}|\d{6}|\d{9})?(?!\d)/.exec(name);
  if (unix === null) return null;
  return Number(unix[0].slice(0, 10)) * 1000 + Number((unix[1] ?? "0").slice(0, 3).padEnd(3, "0"));
}

/** Two minutes between forced collections of Go, and time to finish one. */
const COLLECTED_AGAIN_MS = 150_000;

/** Leaves out exit dumps that only their size gives away, and Go profiles that show the same collection as the one before. */
function leaveOutGhosts(ordered: readonly Member[], timesMs: readonly number[], clock: Clock, losses: Loss[]): readonly Placed[] {
  const placed = ordered.map((member, row) => ({ member, timeMs: timesMs[row] ?? 0 }));
  const live = ordered.map(({ profile }) => at(totalLiveBytes(profile), lastInstant(profile)));
  const last = live.length - 1;
  const [before, end] = [live[last - 1] ?? 0, live[last] ?? 0];
  if (ordered.length >= 3 && ordered[0]?.profile.origin.runtime === "native" && end < EXIT_BYTES && end < EXIT_SHARE * before) {
    const exit = placed.pop();
    if (exit !== undefined) {
      losses.push({
        code: "left-out",
        text: `left out of the trend, because taken while the process was ending: ${nameOf(exit.member)}`,
        offset: null,
        count: 1,
      });
    }
  }
  const kept: Placed[] = [];
  const repeated: string[] = [];
  let signature = "";
  let collectedMs = -Infinity; // a collection finished no earlier than this
  for (const place of placed) {
    const { profile } = place.member;
    const next = profile.origin.runtime === "go" ? collectionSignature(profile) : "";
    // Go forces a collection every two minutes (runtime.forcegcperiod): what is equal after that was collected again, and is
    // a full queue that stands still
    const isSame = next !== "" && next === signature;
    const isCollectedAgain = clock === "in-file" && place.timeMs - collectedMs >= COLLECTED_AGAIN_MS;
    if (isSame && !isCollectedAgain) {
      repeated.push(nameOf(place.member));
      continue;
    }
    kept.push(place);
    signature = next;
    collectedMs = place.timeMs;
  }
  if (repeated.length > 0) {
    losses.push({
      code: "stale",
      text: `${repeated.length} of ${placed.length} Go profiles repeat the one before: no garbage collection in between, so they say nothing about growth (fetch with ?gc=1)`,
      offset: null,
      count: repeated.length,
    });
  }
  return kept;
}

/**
 * Equal for two profiles of the same finished collection; the order of the samples in the file does not matter. Go publishes what was
 * allocated together with what is live (runtime/mprof.go, `mProf_Flush`): where only the first differs there was another collection,
 * and what is live stands still.
 */
function collectionSignature(profile: Profile): string {
  const { bytes, blocks } = liveAt(profile, lastInstant(profile));
  const allocatedBytes = new Float64Array(bytes.length);
  const { changes } = profile;
  for (let row = 0; row < changes.length; row++) {
    const path = at(changes.path, row);
    allocatedBytes[path] = at(allocatedBytes, path) + at(changes.allocatedBytes, row);
  }
  const rows: string[] = [];
  for (let path = 1; path < bytes.length; path++) {
    const row = [at(bytes, path), at(blocks, path), at(allocatedBytes, path)];
    if (row.some((value) => value !== 0)) rows.push(row.join("/"));
  }
  return rows.sort().join(",");
}

function withCaptures(profile: Profile, members: readonly Member[], losses: readonly Loss[]): Profile {
  return {
    ...profile,
    captures: members.flatMap((member) => member.profile.captures),
    losses: [...members.flatMap((member) => member.profile.losses), ...losses],
  };
}

function join(placed: readonly Placed[], clock: Clock, members: readonly Member[], losses: readonly Loss[]): Profile {
  const first = placed[0] as Placed;
  const hasTimes = clock === "in-file" || clock === "mtime" || (clock === "file-name" && first.timeMs > 1e11);
  const builder = new ProfileBuilder();
  let before: Levels = NOTHING;
  let graph: GraphFacts | null = null;
  const births = new Births(placed.map(({ member }) => member.profile));
  let ordinal = 0;
  for (const { member, timeMs } of placed) {
    const { profile } = member;
    const joinedPath = translatePaths(profile, builder);
    if (profile.graph !== null) graph = translateGraph(profile.graph, joinedPath);
    const born = births.next(profile, joinedPath);
    for (let instant = 1; instant < profile.instants.length; instant++) {
      ordinal++;
      const elapsedMs = hasTimes
        ? timeMs - first.timeMs - (at(profile.instants.elapsedMs, lastInstant(profile)) - at(profile.instants.elapsedMs, instant))
        : ordinal;
      builder.instant({
        elapsedMs: Math.max(0, elapsedMs),
        residentBytes: at(profile.instants.residentBytes, instant),
        reportedHeapBytes: at(profile.instants.reportedHeapBytes, instant),
      });
      const now = levels(profile, instant, joinedPath);
      const joined = born === null ? now : { ...now, ...sumOf(before, born) };
      emitDifferences(builder, before, joined);
      before = joined;
    }
  }
  const sampledIntervals = placed
    .map(({ member }) => member.profile.precision)
    .flatMap((precision) => (precision.kind === "sampled" ? [precision.meanIntervalBytes] : []));
  const joined = builder.finish({
    path: nameOf(first.member),
    format: first.member.profile.captures[0]?.format ?? "",
    clock,
    origin: {
      ...first.member.profile.origin,
      startedAt: hasTimes ? first.timeMs : null,
      attached: placed.some(({ member }) => member.profile.origin.attached),
    },
    precision: sampledIntervals.length === 0 ? { kind: "exact" } : { kind: "sampled", meanIntervalBytes: Math.max(...sampledIntervals) },
    observes: first.member.profile.observes,
    sampleTypes: first.member.profile.sampleTypes,
    graph,
    survivors: births.survivors(),
  });
  return withCaptures(joined, members, losses);
}

interface Levels {
  readonly bytes: ReadonlyMap<number, number>;
  readonly blocks: ReadonlyMap<number, number>;
  readonly allocatedBytes: ReadonlyMap<number, number>; // since the start of the process
  readonly allocatedBlocks: ReadonlyMap<number, number>;
}

const NOTHING: Levels = { bytes: new Map(), blocks: new Map(), allocatedBytes: new Map(), allocatedBlocks: new Map() };

/** What every joined path holds, and has allocated so far, at an instant of one of the profiles. */
function levels(profile: Profile, instant: number, joinedPath: Uint32Array): Levels {
  const { changes } = profile;
  const result = {
    bytes: new Map<number, number>(),
    blocks: new Map<number, number>(),
    allocatedBytes: new Map<number, number>(),
    allocatedBlocks: new Map<number, number>(),
  };
  for (let row = 0; row < changes.length && at(changes.instant, row) <= instant; row++) {
    const path = at(joinedPath, at(changes.path, row));
    addTo(result.bytes, path, at(changes.liveBytes, row));
    addTo(result.blocks, path, at(changes.liveBlocks, row));
    addTo(result.allocatedBytes, path, at(changes.allocatedBytes, row));
    addTo(result.allocatedBlocks, path, at(changes.allocatedBlocks, row));
  }
  return result;
}

/** What was new at an instant as the counter that it is in other captures. */
function sumOf(before: Levels, born: Born): Pick<Levels, "allocatedBytes" | "allocatedBlocks"> {
  const add = (sums: ReadonlyMap<number, number>, more: ReadonlyMap<number, number>): ReadonlyMap<number, number> => {
    const result = new Map(sums);
    for (const [path, amount] of more) addTo(result, path, amount);
    return result;
  };
  return { allocatedBytes: add(before.allocatedBytes, born.bytes), allocatedBlocks: add(before.allocatedBlocks, born.blocks) };
}

function emitDifferences(builder: ProfileBuilder, before: Levels, now: Levels): void {
  for (const path of new Set([...before.bytes.keys(), ...now.bytes.keys()])) {
    const change = {
      liveBytes: (now.bytes.get(path) ?? 0) - (before.bytes.get(path) ?? 0),
      liveBlocks: (now.blocks.get(path) ?? 0) - (before.blocks.get(path) ?? 0),
      // counters that fall are estimates of another sampling run: nothing was un-allocated
      allocatedBytes: Math.max(0, (now.allocatedBytes.get(path) ?? 0) - (before.allocatedBytes.get(path) ?? 0)),
      allocatedBlocks: Math.max(0, (now.allocatedBlocks.get(path) ?? 0) - (before.allocatedBlocks.get(path) ?? 0)),
    };
    if (change.liveBytes !== 0 || change.liveBlocks !== 0 || change.allocatedBytes !== 0) builder.change(path, change);
  }
}

function addTo(map: Map<number, number>, path: number, amount: number): void {
  map.set(path, (map.get(path) ?? 0) + amount);
}

function translateGraph(graph: GraphFacts, pathOf: Uint32Array): GraphFacts {
  const { slicedStores, accumulations } = graph;
  return {
    ...graph,
    objects: null,
    slicedStores: {
      ...slicedStores,
      path: Uint32Array.from({ length: slicedStores.path.length }, (_, row) => at(pathOf, at(slicedStores.path, row))),
    },
    accumulations: accumulations.map((accumulation) => ({ ...accumulation, path: at(pathOf, accumulation.path) })),
  };
}

/** The path in the builder of every path of a profile. */
function translatePaths(profile: Profile, builder: ProfileBuilder): Uint32Array {
  const { frames, modules, paths, strings } = profile;
  const moduleOf = Array.from({ length: modules.length }, (_, module) => builder.module(strings[at(modules.name, module)] ?? ""));
  const frameOf = new Uint32Array(frames.length);
  for (let frame = 1; frame < frames.length; frame++) {
    frameOf[frame] = builder.frame({
      name: strings[at(frames.name, frame)] ?? "",
      module: moduleOf[at(frames.module, frame)] ?? 0,
      file: strings[at(frames.file, frame)] ?? "",
      line: at(frames.line, frame),
      kind: at(frames.kind, frame) as 0,
      address: at(frames.address, frame),
    });
  }
  const pathOf = new Uint32Array(paths.length);
  for (let path = 1; path < paths.length; path++) {
    pathOf[path] = builder.path(at(pathOf, at(paths.parent, path)), at(frameOf, at(paths.frame, path)));
  }
  return pathOf;
}
