/** The judge: facts in, judgement out. The order of thought is in `verdict.ts`, the reasons in `explain.ts`. */
import { add, at, type Column } from "../base/columns.ts";
import { largest } from "../base/statistics.ts";
import { displayName } from "../base/symbols.ts";
import { frameText, hasTimes, liveAt, seriesOf } from "../model/ledger.ts";
import { MAIN_SHARE } from "./denser-course.ts";
import { advise, because, finding, nextSteps } from "./explain.ts";
import { type JudgedGroup, type ProcessFacts, suppressedBytesAt } from "./facts.ts";
import { type Forecast, forecast, type TimeRange } from "./forecast.ts";
import { type GroupKind, isQueue } from "./group-facts.ts";
import type { Finding, GroupJudgement, Judgement, Limit, ProcessClass, Range, SiteJudgement, Summary } from "./judgement.ts";
import { knownIssuesOf } from "./known-issues.ts";
import { isQueueElsewhere } from "./queue-elsewhere.ts";
import { type Shape, ShapeFitter } from "./shapes.ts";
import { judgeProcess, type ProcessVerdict, partyOf, type WeighedGroup } from "./verdict.ts";
import { LIKELY, weighGroup } from "./weigh-group.ts";
import { bestShape } from "./weights/shape.ts";

/** Sites with less than this share of the growth are not judged: thousands of tests would find leaks by chance (growth.md 5.9). */
const SITE_SHARE = 0.01;

/** What is this much of the process is worth a sentence beside the verdict. */
const BESIDE_SHARE = 0.1;
const MATERIAL_BYTES = 1024 ** 2;

export function judge(facts: ProcessFacts): Judgement {
  const fitter = new ShapeFitter();
  const verdict = judgeProcess(facts, fitter);
  const sites = judgeSites(facts, verdict, fitter);
  const boundBytes = boundOf(facts, verdict);
  const limit = limitOf(facts, verdict, fitter, boundBytes);
  const party = partyOf(verdict);
  const decidingSite = sites.find((site) => site.party === verdict.deciding?.group.party) ?? null;
  const siteName = decidingSite === null ? null : displayName(frameText(facts.profile, decidingSite.frame));
  const group = verdict.deciding?.group ?? null;
  const client = group?.client ?? facts.client?.id ?? null;
  const ceiling = facts.ceilings.find(({ component }) => component === (group?.kind === "producer" ? "producer-queue" : "fetch-queue"));
  const known = knownIssuesOf(facts, verdict);
  return {
    class: verdict.class,
    party,
    client,
    confidence: verdict.confidence,
    probabilities: verdict.probabilities,
    grade: verdict.grade,
    because: [...because(facts, verdict, siteName, known), ...reachingCeiling(facts, verdict, fitter)],
    next: nextSteps(facts, verdict),
    advice: advise(facts, verdict, limit, boundBytes, siteName, known),
    limit,
    summary: {
      class: verdict.class,
      party,
      confidence: verdict.confidence,
      client,
      kind: group?.kind ?? null,
      growthBytes: verdict.deciding?.growthBytes ?? 0,
      liveBytes: group?.liveBytes.at(-1) ?? 0,
      highestBytes: group === null ? 0 : highest(group.liveBytes),
      ceilingBytes: group?.facts.ceiling?.bytes ?? null,
      ceilingSettings: ceiling?.settings ?? {},
      site: siteName,
      singleInstant: (group?.liveBytes.length ?? 0) <= 1,
      blind: verdict.blind?.code ?? null,
      most: verdict.most,
      alsoBuffering: alsoBuffering(facts, verdict),
      alsoLeaking: alsoLeaking(verdict),
      limit,
    },
    groups: groupRows(facts, verdict),
    sites,
  };
}

function highest(levels: Float64Array): number {
  return Math.max(0, largest(levels));
}

/** A queue beside what was decided: it may be full from the start, so its level counts, not its growth alone. */
function alsoBuffering({ profile }: ProcessFacts, { groups, deciding }: ProcessVerdict): number | null {
  const queue = groups.find(
    ({ group, verdict, share }) =>
      group !== deciding?.group &&
      // full or not, filled before or during the capture: what matters is that it has an end
      (verdict.class === "buffering" || (isQueue(group.kind) && verdict.unboundedProbability <= 1 - LIKELY)) &&
      (share >= BESIDE_SHARE || highest(group.liveBytes) >= BESIDE_SHARE * profile.peakBytes),
  );
  return queue === undefined ? null : highest(queue.group.liveBytes);
}

/** A leak that is too small to be what the process does, beside its queue. */
function alsoLeaking({ groups, deciding, class: verdictClass }: ProcessVerdict): Summary["alsoLeaking"] {
  if (verdictClass !== "buffering") return null;
  const leak = groups.find(
    ({ group, verdict, growthBytes }) => group !== deciding?.group && verdict.class === "leak" && growthBytes >= MATERIAL_BYTES,
  );
  return leak === undefined ? null : { party: leak.group.party, growthBytes: leak.growthBytes };
}

/** One row a component, with the verdict of the group that it was judged in. */
function groupRows(facts: ProcessFacts, { groups }: ProcessVerdict): readonly GroupJudgement[] {
  const { bytesByGroup, blocksByGroup, lastObserved } = facts;
  const owners = ownersByRow(facts);
  const rows: GroupJudgement[] = [];
  for (const { group, verdict } of groups) {
    for (const row of group.rows) {
      const own = facts.rows[row];
      if (own === undefined) continue;
      const course = seriesOf(bytesByGroup, row).slice(1, lastObserved + 1);
      if (course.every((level) => level === 0)) continue;
      rows.push({
        party: own.party,
        client: own.client === "" ? null : own.client,
        component: own.component === "" ? null : own.component,
        owner: owners.get(row) ?? null,
        liveBytes: course.at(-1) ?? 0,
        liveBlocks: at(seriesOf(blocksByGroup, row), lastObserved),
        peakBytes: highest(course),
        growthBytes: (course.at(-1) ?? 0) - (course.length > 1 ? at(course, 0) : 0),
        class: verdict.class,
        confidence: verdict.confidence,
        course,
      });
    }
  }
  return rows.sort((a, b) => b.peakBytes - a.peakBytes);
}

/** The package that holds most of each row of the application, by the highest level of its paths. */
function ownersByRow({ profile, attribution, groupOfPath, lastObserved }: ProcessFacts): ReadonlyMap<number, string> {
  const { owners } = attribution;
  const byOwner = new Map<number, Float64Array>();
  const { bytes } = liveAt(profile, lastObserved);
  for (let path = 1; path < profile.paths.length; path++) {
    const row = at(groupOfPath, path);
    const sums = byOwner.get(row) ?? new Float64Array(owners.length);
    add(sums, at(attribution.owner, path), at(bytes, path));
    byOwner.set(row, sums);
  }
  const heaviest = new Map<number, string>();
  for (const [row, sums] of byOwner) {
    const owner = owners[sums.indexOf(highest(sums))] ?? "";
    if (owner !== "" && highest(sums) > 0) heaviest.set(row, owner);
  }
  return heaviest;
}

/** Paths whose memory is decided by the same frame, as one series. */
interface SiteSeries {
  readonly frame: number;
  readonly group: number; // row of ProcessFacts.rows
  readonly liveBytes: Float64Array;
  readonly heaviestPath: number;
}

function judgeSites(facts: ProcessFacts, verdict: ProcessVerdict, fitter: ShapeFitter): readonly SiteJudgement[] {
  const totalGrowth = verdict.groups.reduce((sum, { growthBytes }) => sum + growthBytes, 0);
  if (totalGrowth === 0) return [];
  const weighedOf = new Map(verdict.groups.flatMap((weighed) => weighed.group.rows.map((row) => [row, weighed] as const)));
  const sites = siteSeries(facts)
    // a difference between two dumps may hold less than nothing: such a group is not judged, and what grew in it neither
    .filter((site) => weighedOf.has(site.group))
    .map((site) => ({ site, growthBytes: highest(site.liveBytes) - (site.liveBytes.length > 1 ? at(site.liveBytes, 0) : 0) }))
    .filter(({ growthBytes }) => growthBytes >= SITE_SHARE * totalGrowth);
  return sites
    .map(({ site, growthBytes }) => {
      const group = facts.rows[site.group];
      const weighed = weighedOf.get(site.group);
      if (group === undefined || weighed === undefined) throw new Error("a site outside of all groups");
      const own = siteVerdict(weighed, site.liveBytes, fitter);
      return {
        path: site.heaviestPath,
        frame: site.frame,
        party: group.party,
        component: group.component === "" ? null : group.component,
        liveBytes: site.liveBytes.at(-1) ?? 0,
        growthBytes,
        class: own.class,
        confidence: own.confidence,
        expected: growthBytes * (own.class === "leak" ? own.confidence : 1 - own.confidence),
      };
    })
    .sort((a, b) => b.growthBytes - a.growthBytes)
    .map(({ expected, ...site }) => site);
}

/** Memory of a queue is judged as a whole: its sites share the queue's verdict. Others are weighed by their own course. */
function siteVerdict(
  { group, verdict }: WeighedGroup,
  liveBytes: Float64Array,
  fitter: ShapeFitter,
): { class: ProcessClass | "inconclusive"; confidence: number } {
  const judgedWhole: readonly GroupKind[] = ["fetch", "producer"];
  if (judgedWhole.includes(group.kind)) return { class: verdict.class, confidence: verdict.confidence };
  // the site has its share of the group's sampling error
  const share = highest(liveBytes) / Math.max(1, highest(group.liveBytes));
  // nearly all of a group whose course between the captures is known has that course, too
  if (group.captured !== undefined && share >= MAIN_SHARE) return { class: verdict.class, confidence: verdict.confidence };
  const facts = group.captured ?? group.facts;
  const varianceBytes2 = facts.varianceBytes2.map((variance) => variance * share);
  const own = weighGroup({ ...facts, liveBytes, varianceBytes2, ages: null }, fitter);
  return { class: own.class, confidence: own.confidence };
}

function siteSeries({ profile, attribution, groupOfPath, rows, lastObserved }: ProcessFacts): readonly SiteSeries[] {
  const { instant: instants, path: paths, liveBytes: changed, length } = profile.changes;
  const siteOfPath = siteOfEachPath(profile.paths.length, attribution.decidedBy, groupOfPath, rows.length);
  const sites = siteOfPath.reduce((most, site) => Math.max(most, site + 1), 0);
  const heaviestPath = new Uint32Array(sites);
  for (let path = siteOfPath.length - 1; path >= 0; path--) heaviestPath[at(siteOfPath, path)] = path;
  // one table for all: thousands of small arrays would be the larger part of the work
  const levels = new Float64Array(sites * lastObserved);
  const bytesOfPath = new Float64Array(profile.paths.length);
  for (let row = 0; row < length; row++) {
    const instant = at(instants, row);
    if (instant > lastObserved) break;
    const path = at(paths, row);
    const site = at(siteOfPath, path);
    add(levels, site * lastObserved + instant - 1, at(changed, row));
    add(bytesOfPath, path, at(changed, row));
    if (at(bytesOfPath, path) > at(bytesOfPath, at(heaviestPath, site))) heaviestPath[site] = path;
  }
  return Array.from({ length: sites }, (_, site) => {
    const liveBytes = levels.subarray(site * lastObserved, (site + 1) * lastObserved);
    for (let instant = 1; instant < lastObserved; instant++) add(liveBytes, instant, at(liveBytes, instant - 1));
    const path = at(heaviestPath, site);
    return { frame: at(attribution.decidedBy, path), group: at(groupOfPath, path), liveBytes, heaviestPath: path };
  });
}

/** Numbers the sites in the order of their first path: paths decided by one frame in one group are one site. */
function siteOfEachPath(paths: number, decidedBy: Column, groupOfPath: Uint32Array, groups: number): Uint32Array {
  const numbers = new Map<number, number>();
  const siteOfPath = new Uint32Array(paths);
  for (let path = 0; path < paths; path++) {
    const key = at(decidedBy, path) * groups + at(groupOfPath, path);
    const known = numbers.get(key) ?? numbers.size;
    if (known === numbers.size) numbers.set(key, known);
    siteOfPath[path] = known;
  }
  return siteOfPath;
}

/** The most the process may hold: its queues full, with every overshoot, and everything else as it is now. Null = unbounded. */
function boundOf(facts: ProcessFacts, verdict: ProcessVerdict): number | null {
  const ceilingOf = (group: JudgedGroup): number => {
    const most = isUsed(group) ? (group.facts.ceiling?.highBytes ?? 0) : 0;
    return Math.max(most, group.liveBytes.at(-1) ?? 0);
  };
  const bounded = verdict.groups.every(
    ({ group, verdict: own }) =>
      own.class !== "leak" && own.class !== "backlog" && (group.kind !== "fetch" || group.facts.ceiling !== null),
  );
  if (!bounded || isQueueElsewhere(facts)) return null;
  return Math.round(verdict.groups.reduce((sum, { group }) => sum + ceilingOf(group), 0) + outsideBytesOf(facts, verdict));
}

/** A producer's queue of a gigabyte bounds nothing in a process that does not produce: a few messages show that it does. */
const USED_BYTES = 64 * 1024;

function isUsed({ kind, liveBytes }: JudgedGroup): boolean {
  return kind !== "producer" || highest(liveBytes) >= USED_BYTES;
}

function liveBytesOf({ groups }: ProcessVerdict): number {
  return groups.reduce((sum, { group }) => sum + (group.liveBytes.at(-1) ?? 0), 0);
}

/** Resident and not live heap of this capture. */
function outsideBytesOf(facts: ProcessFacts, verdict: ProcessVerdict): number {
  const { profile, lastObserved } = facts;
  const residentBytes = lastObserved === 0 ? 0 : at(profile.instants.residentBytes, lastObserved);
  // what is suppressed is no finding, but it is memory all the same
  return Math.max(0, residentBytes - liveBytesOf(verdict), suppressedBytesAt(facts, lastObserved));
}

function limitOf(facts: ProcessFacts, verdict: ProcessVerdict, fitter: ShapeFitter, boundBytes: number | null): Limit | null {
  const limitBytes = facts.memoryLimitBytes;
  if (limitBytes === null) return null;
  const liveBytes = liveBytesOf(verdict);
  const outsideBytes = outsideBytesOf(facts, verdict);
  return {
    limitBytes,
    boundBytes,
    exceeds: (boundBytes ?? liveBytes + outsideBytes) > limitBytes,
    etaSeconds: timeToLimit(facts, verdict, fitter, limitBytes - outsideBytes - liveBytes),
  };
}

/** Shapes that still grow at the end of the capture: only for these a time is worth anything. */
const GROWING: ReadonlySet<Shape> = new Set<Shape>(["line", "hinge-line", "step-line"]);

/** What the deciding group is heading for; null where it does not grow at the end, or where the capture has no times. */
function forecastOf(facts: ProcessFacts, { deciding }: ProcessVerdict, fitter: ShapeFitter, roomBytes: number | null): Forecast | null {
  if (deciding === null || deciding.group.liveBytes.length < 3 || !hasTimes(facts.profile)) return null;
  const { facts: own, liveBytes } = deciding.group;
  const fit = fitter.fit(own);
  if (!GROWING.has(bestShape(fit))) return null;
  const availableBytes = roomBytes === null ? null : roomBytes + (liveBytes.at(-1) ?? 0);
  return forecast({ facts: own, fit, probabilities: deciding.verdict.probabilities, availableBytes });
}

function timeToLimit(facts: ProcessFacts, verdict: ProcessVerdict, fitter: ShapeFitter, roomBytes: number): Range | null {
  const time = forecastOf(facts, verdict, fitter, roomBytes)?.toLimit ?? null;
  return time === null ? null : rangeOf(time);
}

function rangeOf({ atLeastMs, medianMs, atMostMs }: TimeRange): Range {
  const seconds = (ms: number | null): number | null => (ms === null ? null : Math.round(ms / 1000));
  return { low: Math.round(atLeastMs / 1000), median: seconds(medianMs), high: seconds(atMostMs) };
}

/** When a queue that is still filling will be full. */
function reachingCeiling(facts: ProcessFacts, verdict: ProcessVerdict, fitter: ShapeFitter): readonly Finding[] {
  if (verdict.class !== "buffering" && verdict.class !== "inconclusive") return [];
  const time = forecastOf(facts, verdict, fitter, null)?.toCeiling ?? null;
  if (time === null) return [];
  const { atLeastMs, medianMs, atMostMs } = time;
  return [finding("reaches-ceiling", { atLeastMs, ...(medianMs === null || atMostMs === null ? {} : { medianMs, atMostMs }) })];
}
