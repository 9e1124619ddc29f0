/**
 * What grew and what shrank between two captures, as plain, versioned data: the JSON of `diff` (`diff-schema.json` beside this
 * file). Groups are matched by name, so the captures may be of different builds. No judgement: two moments show no course.
 */
import { add, at } from "../base/columns.ts";
import { Failure } from "../base/failure.ts";
import type { KafkaClient } from "../clients/client.ts";
import { type AttributeOptions, attribute } from "../judge/attribution.ts";
import { lastObservedInstant } from "../judge/facts.ts";
import { decidingFrames, groupPathsBy, knowsTypes, type NamedGroup } from "../judge/grouping.ts";
import type { Grouping } from "../judge/groupings.ts";
import { holderName, retainersPath } from "../judge/holder-names.ts";
import { redactAttribution, redactProfile } from "../judge/redact.ts";
import { seriesByGroup } from "../model/ledger.ts";
import type { Accumulation, Profile } from "../model/profile.ts";
import type { AnswerLoss } from "./answer.ts";

export interface DiffSide {
  readonly path: string;
  readonly captures: number;
  readonly format: string;
  readonly takenAt: string | null; // ISO
  readonly bytes: number;
  readonly blocks: number;
  readonly losses: readonly AnswerLoss[];
}

export interface DiffGroup {
  readonly name: string;
  readonly party: "client" | "app" | "runtime" | "unknown";
  readonly client: string | null;
  readonly component: string | null;
  readonly file: string | null; // of a function, where the capture knows it
  readonly line: number | null; // at which it holds most
  readonly change: "new" | "grown" | "same" | "shrunk" | "gone";
  readonly beforeBytes: number;
  readonly afterBytes: number;
  readonly growthBytes: number;
  readonly beforeBlocks: number;
  readonly afterBlocks: number;
  /** Two standard deviations of the sampling error of `growthBytes`: less than that is no difference. Null: exact. */
  readonly samplingErrorBytes: number | null;
}

/** An object at which much memory comes together in either capture, matched by the way from a root to it. */
export interface DiffHolder {
  readonly holder: string; // `seen (java.util.HashMap)`
  readonly through: string; // from a root to it
  readonly beforeBytes: number | null; // freed with it; null = it is not among the largest of that capture
  readonly afterBytes: number | null;
  readonly growthBytes: number; // from nothing, or to nothing, where one is null: at most so much
  readonly beforeParts: number | null; // objects that are freed with it directly
  readonly afterParts: number | null;
}

export interface DiffAnswer {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: "lagleak"; readonly version: string };
  readonly measures: "live" | "allocated"; // what the bytes are
  readonly sampled: boolean;
  readonly groupBy: Grouping;
  readonly secondsBetween: number | null;
  readonly before: DiffSide;
  readonly after: DiffSide;
  readonly totals: { readonly growthBytes: number; readonly grownBytes: number; readonly shrunkBytes: number };
  readonly groups: readonly DiffGroup[]; // the largest difference first
  /** What is in no row, because there are more than asked for. */
  readonly others: { readonly groups: number; readonly growthBytes: number };
  /** Who holds more and who holds less, the largest difference first; empty where the captures are no object graphs. */
  readonly holders: readonly DiffHolder[];
}

export interface DiffOptions extends AttributeOptions {
  readonly version: string;
  readonly groupBy: Grouping;
  readonly top: number; // most groups
  readonly redact: boolean;
}

/** @throws Failure `mixed-captures` for two kinds of capture, `usage` for a grouping that they do not know */
export function diffAnswer(before: Profile, after: Profile, clients: readonly KafkaClient[], options: DiffOptions): DiffAnswer {
  refuseMixture(before, after);
  if (options.groupBy === "type" && !knowsTypes(before) && !knowsTypes(after)) {
    throw new Failure({
      code: "usage",
      message: "these captures know no types, only who allocated",
      hint: "Use --group-by function, or give class histograms or heap snapshots.",
    });
  }
  const measures = before.observes === "allocated" ? "allocated" : "live";
  const sides = [before, after].map((profile) => measure(profile, clients, measures, options)) as [Measured, Measured];
  const isSampled = [before, after].some(({ precision }) => precision.kind === "sampled");
  const groups = pair(sides[0], sides[1], isSampled);
  const shown = groups.slice(0, options.top);
  const left = groups.slice(options.top);
  const sum = (rows: readonly DiffGroup[], wants: (growthBytes: number) => boolean): number =>
    rows.reduce((total, { growthBytes }) => total + (wants(growthBytes) ? growthBytes : 0), 0);
  const takenAt = [before, after].map(momentOf);
  return {
    schemaVersion: 1,
    tool: { name: "lagleak", version: options.version },
    measures,
    sampled: isSampled,
    groupBy: options.groupBy,
    secondsBetween: takenAt[0] == null || takenAt[1] == null ? null : (takenAt[1] - takenAt[0]) / 1000,
    before: sides[0].side,
    after: sides[1].side,
    totals: {
      growthBytes: sum(groups, () => true),
      grownBytes: sum(groups, (growthBytes) => growthBytes > 0),
      shrunkBytes: sum(groups, (growthBytes) => growthBytes < 0),
    },
    groups: shown,
    others: { groups: left.length, growthBytes: sum(left, () => true) },
    holders: pairHolders(sides[0].holders, sides[1].holders).slice(0, options.top),
  };
}

function refuseMixture(before: Profile, after: Profile): void {
  const kindOf = ({ captures, observes, origin }: Profile): string => {
    const what = observes === "allocated" ? ", allocations only" : "";
    return `${captures[0]?.format ?? ""}${what}${origin.runtime === "unknown" ? "" : ` of ${RUNTIMES[origin.runtime]}`}`;
  };
  const isOther =
    before.captures[0]?.format !== after.captures[0]?.format ||
    (before.observes === "allocated") !== (after.observes === "allocated") ||
    (before.origin.runtime !== after.origin.runtime && ![before, after].some(({ origin }) => origin.runtime === "unknown"));
  if (!isOther) return;
  const name = ({ captures }: Profile): string => captures[0]?.path ?? "";
  throw new Failure({
    code: "mixed-captures",
    message: `two kinds of capture cannot be compared: ${name(before)} is ${kindOf(before)}, ${name(after)} is ${kindOf(after)}`,
    hint: "They count different things. Take both captures in the same way.",
  });
}

const RUNTIMES = { native: "a native program", go: "a Go program", jvm: "a JVM", node: "Node.js" } as const;

interface Level {
  readonly group: NamedGroup;
  frame: number; // of the path that holds most; 0 = no function
  mostBytes: number;
  bytes: number;
  blocks: number;
  varianceBytes2: number;
}

interface Place {
  readonly file: string | null;
  readonly line: number | null;
}

interface Measured {
  readonly side: DiffSide;
  readonly levels: ReadonlyMap<string, Level>;
  readonly placeOf: (level: Level) => Place;
  readonly holders: ReadonlyMap<string, Accumulation>;
}

function measure(given: Profile, clients: readonly KafkaClient[], measures: DiffAnswer["measures"], options: DiffOptions): Measured {
  const attributed = attribute(given, clients, options);
  const profile = options.redact ? redactProfile(given, attributed, clients) : given;
  const attribution = options.redact ? redactAttribution(attributed, options.rules ?? null) : attributed;
  const { groups, groupOfPath } = groupPathsBy(profile, attribution, options.groupBy);
  const whole = seriesByGroup(profile, new Uint32Array(profile.paths.length), 1, "liveBytes");
  const last = measures === "live" ? lastObservedInstant(profile, whole) : profile.instants.length - 1;
  const [bytes, blocks] = sumsByPath(profile, last, measures);
  const levels = new Map<string, Level>();
  const frameOf = options.groupBy === "function" ? decidingFrames(profile, attribution) : () => 0;
  for (let path = 1; path < profile.paths.length; path++) {
    if (at(bytes, path) === 0 && at(blocks, path) === 0) continue;
    const group = groups[at(groupOfPath, path)];
    if (group === undefined) continue;
    const key = `${group.party}\n${group.client ?? ""}\n${group.component ?? ""}\n${group.name}`;
    const level = levels.get(key) ?? { group, frame: 0, mostBytes: -1, bytes: 0, blocks: 0, varianceBytes2: 0 };
    levels.set(key, level);
    if (at(bytes, path) > level.mostBytes) {
      level.mostBytes = at(bytes, path);
      level.frame = frameOf(path);
    }
    level.bytes += at(bytes, path);
    level.blocks += at(blocks, path);
    level.varianceBytes2 += variance(profile, at(bytes, path), at(blocks, path));
  }
  const { captures } = profile;
  const moment = momentOf(profile);
  const side: DiffSide = {
    path: captures[0]?.path ?? "",
    captures: captures.length,
    format: captures[0]?.format ?? "",
    takenAt: moment === null ? null : new Date(moment).toISOString(),
    bytes: Math.round([...levels.values()].reduce((total, level) => total + level.bytes, 0)),
    blocks: Math.round([...levels.values()].reduce((total, level) => total + level.blocks, 0)),
    losses: profile.losses.map(({ code, text, offset, count }) => ({ code, text, offset, count })),
  };
  return { side, levels, placeOf: ({ frame }) => placeOf(profile, frame), holders: holdersOf(profile) };
}

/** As long as a path may be on Linux. */
const LONGEST_PLACE = 4096;

function placeOf({ frames, strings }: Profile, frame: number): Place {
  const file = strings[at(frames.file, frame)] ?? "";
  return frame === 0 || file === ""
    ? { file: null, line: null }
    : { file: file.slice(-LONGEST_PLACE), line: at(frames.line, frame) || null };
}

/** By the way from a root, without the places in lists and tables, which move. Of several on one way, the largest. */
function holdersOf({ graph }: Profile): ReadonlyMap<string, Accumulation> {
  const holders = new Map<string, Accumulation>();
  for (const accumulation of graph?.accumulations ?? []) {
    const key = accumulation.retainers.map(({ type, file, field }) => `${type} ${file} ${field.startsWith("[") ? "[]" : field}`).join("\n");
    if (!holders.has(key)) holders.set(key, accumulation);
  }
  return holders;
}

function pairHolders(before: ReadonlyMap<string, Accumulation>, after: ReadonlyMap<string, Accumulation>): readonly DiffHolder[] {
  const holders = [...new Set([...before.keys(), ...after.keys()])].map((key): DiffHolder => {
    const [old, now] = [before.get(key), after.get(key)];
    const shown = (now ?? old) as Accumulation;
    return {
      holder: holderName(shown),
      through: retainersPath(shown.retainers),
      beforeBytes: old?.retainedBytes ?? null,
      afterBytes: now?.retainedBytes ?? null,
      growthBytes: (now?.retainedBytes ?? 0) - (old?.retainedBytes ?? 0),
      beforeParts: old?.parts ?? null,
      afterParts: now?.parts ?? null,
    };
  });
  return holders.sort((a, b) => Math.abs(b.growthBytes) - Math.abs(a.growthBytes) || (a.through < b.through ? -1 : 1));
}

/** What every path holds at an instant, or what it had allocated until then. */
function sumsByPath(profile: Profile, last: number, measures: DiffAnswer["measures"]): readonly [Float64Array, Float64Array] {
  const { changes } = profile;
  const [bytes, blocks] = [new Float64Array(profile.paths.length), new Float64Array(profile.paths.length)];
  const byteColumn = measures === "live" ? changes.liveBytes : changes.allocatedBytes;
  const blockColumn = measures === "live" ? changes.liveBlocks : changes.allocatedBlocks;
  for (let row = 0; row < changes.length && at(changes.instant, row) <= last; row++) {
    add(bytes, at(changes.path, row), at(byteColumn, row));
    add(blocks, at(changes.path, row), at(blockColumn, row));
  }
  return [bytes, blocks];
}

/** Of one path: y * S / (e^(S/R) - 1), with y its bytes, S its mean block and R the sampling interval (growth.md section 2). */
function variance({ precision }: Profile, bytes: number, blocks: number): number {
  if (precision.kind === "exact" || bytes <= 0) return 0;
  if (blocks <= 0) return bytes * precision.meanIntervalBytes;
  const size = bytes / blocks;
  return (bytes * size) / Math.expm1(Math.min(700, size / precision.meanIntervalBytes));
}

/** When the last instant was, in Unix ms; null where the capture does not say. */
function momentOf(profile: Profile): number | null {
  const { captures, origin, instants } = profile;
  if (profile.clock !== "in-file") return null; // modification times may be those of a copy
  if (origin.startedAt !== null) return origin.startedAt + at(instants.elapsedMs, instants.length - 1);
  return captures.at(-1)?.takenAt ?? null;
}

function pair(before: Measured, after: Measured, isSampled: boolean): readonly DiffGroup[] {
  const groups = [...new Set([...before.levels.keys(), ...after.levels.keys()])].map((key): DiffGroup => {
    const [old, now] = [before.levels.get(key), after.levels.get(key)];
    const { name, party, client, component } = ((now ?? old) as Level).group;
    const place = now === undefined ? before.placeOf(old as Level) : after.placeOf(now);
    const [beforeBytes, afterBytes] = [Math.round(old?.bytes ?? 0), Math.round(now?.bytes ?? 0)];
    const growthBytes = afterBytes - beforeBytes;
    const error = 2 * Math.sqrt((old?.varianceBytes2 ?? 0) + (now?.varianceBytes2 ?? 0));
    return {
      name,
      party,
      client,
      component,
      ...place,
      change: changeOf(beforeBytes, afterBytes, isSampled ? error : 0),
      beforeBytes,
      afterBytes,
      growthBytes,
      beforeBlocks: Math.round(old?.blocks ?? 0),
      afterBlocks: Math.round(now?.blocks ?? 0),
      samplingErrorBytes: isSampled ? Math.round(error) : null,
    };
  });
  return groups.sort(
    (a, b) =>
      Math.abs(b.growthBytes) - Math.abs(a.growthBytes) || b.afterBytes - a.afterBytes || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
}

function changeOf(beforeBytes: number, afterBytes: number, errorBytes: number): DiffGroup["change"] {
  if (Math.abs(afterBytes - beforeBytes) <= errorBytes) return "same";
  if (beforeBytes <= 0) return "new";
  if (afterBytes <= 0) return "gone";
  return afterBytes > beforeBytes ? "grown" : "shrunk";
}
