/** Turns facts and judgement into the answer: the only place where codes become sentences and rows become plain data. */
import { at } from "../base/columns.ts";
import { displayName } from "../base/symbols.ts";
import { lineageOf } from "../clients/lineage.ts";
import { alignQueue } from "../judge/align-queue.ts";
import type { ProcessFacts } from "../judge/facts.ts";
import type { Grouping } from "../judge/groupings.ts";
import type { GroupJudgement, Judgement, SiteJudgement } from "../judge/judgement.ts";
import { spread } from "../judge/observed.ts";
import { regroup } from "../judge/regroup.ts";
import { residentAccount } from "../judge/resident-account.ts";
import { framesOf, frameText, hasTimes, moduleBaseName, seriesOf, totalLiveBytes } from "../model/ledger.ts";
import type { Answer, AnswerClient, AnswerExperiment, AnswerLoss, AnswerSuppression, Group, SeriesPoint, Site } from "./answer.ts";
import { pathTree } from "./path-tree.ts";
import { shorten } from "./printable.ts";
import { shortName } from "./short-name.ts";
import { adviceText, nextStep, reason, summary, suppressionText } from "./words.ts";

export interface ComposeOptions {
  readonly version: string;
  readonly top: number; // most sites shown
  /** Left out: `component`, as the judge groups them. */
  readonly groupBy?: Grouping;
  /** With the paths of memory as a tree. */
  readonly tree?: boolean;
}

const COURSE_POINTS = 24;
const SERIES_POINTS = 256;

export function composeAnswer(facts: ProcessFacts, judgement: Judgement, options: ComposeOptions): Answer {
  const { profile, lastObserved } = facts;
  const total = totalLiveBytes(profile);
  const liveBytes = lastObserved === 0 ? 0 : at(total, lastObserved);
  const timed = hasTimes(profile);
  const durationMs = timed && lastObserved > 0 ? at(profile.instants.elapsedMs, lastObserved) - at(profile.instants.elapsedMs, 1) : null;
  const account = residentAccount(facts, lastObserved);
  const residentBytes = account?.residentBytes ?? 0;
  const tree = options.tree === true ? pathTree(facts) : null;
  const sites = judgement.sites.slice(0, options.top).map((site) => siteOf(facts, site));
  return {
    schemaVersion: 1,
    tool: { name: "lagleak", version: options.version },
    verdict: {
      class: judgement.class,
      party: judgement.party,
      client: judgement.client,
      confidence: round(judgement.confidence, 4),
      probabilities: roundAll(judgement.probabilities),
      grade: judgement.grade,
      summary: summary(
        { ...judgement.summary, site: judgement.summary.site && shortName(judgement.summary.site, NAME_COLUMNS) },
        profile.instants.length > 2 ? durationMs : null,
      ),
      because: judgement.because
        .map((finding) => reason({ ...finding, names: shortened(finding.names) }))
        .map((entry) => ({ ...entry, logBayesFactor: entry.logBayesFactor === null ? null : round(entry.logBayesFactor, 2) })),
      next: judgement.next.map(nextStep),
      advice: judgement.advice.map(({ code, text, names, settings, costs }) => ({
        code,
        text: text ?? adviceText(code, shortened(names)),
        settings,
        costs,
      })),
      limit: judgement.limit,
    },
    totals: {
      liveBytes: Math.round(liveBytes),
      peakBytes: Math.round(profile.peakBytes),
      growthBytes: Math.round(lastObserved > 1 ? liveBytes - at(total, 1) : 0),
      instants: profile.instants.length - 1,
      durationSeconds: durationMs === null ? null : round(durationMs / 1000, 3),
      sampled: profile.precision.kind === "sampled",
      residentBytes: residentBytes === 0 ? null : residentBytes,
      unexplainedBytes: account === null ? null : Math.round(account.unexplainedBytes),
    },
    groups: groupsOf(facts, judgement, options).map((group) => groupOf(group, liveBytes)),
    sites,
    ceilings: facts.ceilings.map(({ component, bytes, lowBytes, highBytes, formula, settings, assumed }) => ({
      client: facts.client?.id ?? "",
      component,
      bytes: Math.round(bytes),
      lowBytes: Math.round(lowBytes),
      highBytes: Math.round(highBytes),
      formula,
      settings,
      assumed,
    })),
    series: lastObserved === 0 ? statisticsPoints(facts) : seriesPoints(facts, timed),
    captures: profile.captures.map(({ path, format, clock, takenAt, liveBytes: live, losses }) => ({
      path,
      format,
      clock,
      takenAt: takenAt === null ? null : new Date(takenAt).toISOString(),
      liveBytes: live === null ? null : Math.round(live),
      losses: losses.map(lossOf),
    })),
    losses: summed([...profile.losses, ...facts.losses]),
    suppressions: suppressionsOf(facts),
    clients: clientsOf(facts),
    ...(tree === null ? {} : { tree }),
    ...experimentOf(facts, judgement),
  };
}

function experimentOf({ experiment }: ProcessFacts, { because }: Judgement): { readonly experiment?: AnswerExperiment } {
  if (experiment === undefined) return {};
  const found = because.find(({ code }) => code.startsWith("experiment:"));
  const bytes = (figure: string): number | null => {
    const value = found?.figures[figure];
    return value === undefined ? null : Math.round(value);
  };
  return {
    experiment: {
      kind: experiment.kind,
      outcome: found?.code ?? null,
      checked: experiment.isDone,
      beforeBytes: bytes("beforeBytes"),
      afterBytes: bytes("afterBytes"),
      captures: experiment.after.profile.captures.map(({ path }) => path),
    },
  };
}

/** Those of the capture; where it shows none, those that an observer found in the process. */
function clientsOf({ attribution, client, clientVersion, clients, process }: ProcessFacts): readonly AnswerClient[] {
  const versionIn = (id: string): string | null => process?.clients.find((one) => one.id === id)?.version ?? null;
  const answerOf = (id: string, version: string | null, namesTrusted: boolean): AnswerClient => {
    const found = clients.find((candidate) => candidate.id === id);
    const known = id === client?.id ? clientVersion : version;
    const builtOn = found === undefined ? [] : lineageOf(found, known, clients).slice(1);
    const layers = builtOn.map((layer) => ({ id: layer.client.id, version: versionIn(layer.client.id) ?? layer.version }));
    return { id, version: known, builtOn: layers, namesTrusted };
  };
  if (attribution.clients.length > 0) return attribution.clients.map((one) => answerOf(one.id, one.version, one.namesTrusted));
  const seen = (process?.clients ?? []).filter(({ id }) => clients.some((candidate) => candidate.id === id));
  const answers = seen.map(({ id, version }) => answerOf(id, version, true));
  // what another of them is built on is named there
  return answers.filter(({ id }) => !answers.some(({ builtOn }) => builtOn.some((layer) => layer.id === id)));
}

/** A name in a sentence: symbols may be thousands of characters long. */
const NAME_COLUMNS = 100;
const WAY_COLUMNS = 240;
/** A loss may name a setting, which may be anything. */
const LOSS_COLUMNS = 600;
const PATTERN_COLUMNS = 200;

function shortened(names: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(names).map(([key, name]) => [key, key === "url" || key === "title" ? name : shortOf(key, name)]),
  );
}

/** A way through objects is no name: its end is what the program can change. */
function shortOf(key: string, name: string): string {
  return key === "through" ? shorten(name, WAY_COLUMNS) : shortName(name, NAME_COLUMNS);
}

function suppressionsOf({ suppressed, lastObserved }: ProcessFacts): readonly AnswerSuppression[] {
  return suppressed.suppressions.map(({ pattern, file, line }, row) => {
    const entry = {
      pattern: shorten(pattern, PATTERN_COLUMNS),
      file,
      line,
      liveBytes: Math.round(at(seriesOf(suppressed.bytes, row + 1), lastObserved)),
      liveBlocks: Math.round(at(seriesOf(suppressed.blocks, row + 1), lastObserved)),
      stacks: suppressed.stacks[row] ?? 0,
    };
    return { ...entry, text: suppressionText(entry) };
  });
}

/** Losses of one kind and text as one, with their count: twelve dumps without names are said once. */
function summed(losses: readonly AnswerLoss[]): readonly AnswerLoss[] {
  const byText = new Map<string, AnswerLoss>();
  for (const loss of losses) {
    const known = byText.get(loss.code + loss.text);
    byText.set(loss.code + loss.text, { ...lossOf(known ?? loss), count: (known?.count ?? 0) + loss.count });
  }
  return [...byText.values()];
}

function lossOf({ code, text, offset, count }: AnswerLoss): AnswerLoss {
  return { code, text: shorten(text, LOSS_COLUMNS), offset, count };
}

function groupsOf(
  facts: ProcessFacts,
  judgement: Judgement,
  { groupBy, top }: ComposeOptions,
): readonly (GroupJudgement & { name?: string })[] {
  return groupBy === undefined || groupBy === "component" ? judgement.groups : regroup(facts, judgement.groups, groupBy, top);
}

function groupOf(group: GroupJudgement & { name?: string }, liveBytes: number): Group {
  return {
    party: group.party,
    client: group.client,
    component: group.component,
    owner: group.owner,
    liveBytes: Math.round(group.liveBytes),
    liveBlocks: Math.round(group.liveBlocks),
    peakBytes: Math.round(group.peakBytes),
    growthBytes: Math.round(group.growthBytes),
    share: liveBytes === 0 ? 0 : round(group.liveBytes / liveBytes, 4),
    class: group.class,
    confidence: round(group.confidence, 4),
    courseBytes: thin(group.course, COURSE_POINTS),
    ...(group.name === undefined ? {} : { name: group.name }),
  };
}

/** At most `points` of the values, equally spaced, the first and the last among them. */
function thin(values: Float64Array, points: number): readonly number[] {
  const wanted = Math.min(points, values.length);
  return Array.from({ length: wanted }, (_, index) =>
    Math.round(at(values, wanted === 1 ? 0 : Math.round((index * (values.length - 1)) / (wanted - 1)))),
  );
}

/** As long as a path may be on Linux. */
const LONGEST_PLACE = 4096;

function siteOf({ profile }: ProcessFacts, site: SiteJudgement): Site {
  const { frames, modules, strings } = profile;
  const stack = framesOf(profile, site.path);
  const named = stack.slice(0, stack.lastIndexOf(site.frame) + 1);
  const module = strings[at(modules.name, at(frames.module, site.frame))] ?? "";
  const file = strings[at(frames.file, site.frame)] ?? "";
  const line = at(frames.line, site.frame);
  return {
    stack: (named.length > 0 ? named : stack).map((frame) => displayName(frameText(profile, frame))),
    module: module === "" ? null : moduleBaseName(module).slice(-LONGEST_PLACE),
    file: file === "" ? null : file.slice(-LONGEST_PLACE),
    line: line === 0 ? null : line,
    party: site.party,
    component: site.component,
    liveBytes: Math.round(site.liveBytes),
    growthBytes: Math.round(site.growthBytes),
    class: site.class,
    confidence: round(site.confidence, 4),
  };
}

/** Of the client's statistics alone: its queues and its lag at the moments that it emitted them. */
function statisticsPoints({ queues }: ProcessFacts): readonly SeriesPoint[] {
  const times = [...new Set(queues.flatMap(({ atMs }) => [...atMs]))].sort((a, b) => a - b);
  const first = times[0];
  if (first === undefined || times.length < 2) return [];
  const elapsedMs = Float64Array.from(spread(times), (time) => time - first);
  const aligned = alignQueue(elapsedMs, first, queues, []);
  const isWallClock = queues.every(({ clock }) => clock === undefined);
  return Array.from(elapsedMs, (elapsed, row) => ({
    at: isWallClock ? new Date(first + elapsed).toISOString() : null,
    elapsedSeconds: round(elapsed / 1000, 3),
    liveBytes: { client: 0, app: 0, runtime: 0, unknown: 0 },
    queueBytes: known(aligned?.valueBytes[row]),
    lag: known(aligned?.lag[row]),
    residentBytes: null,
  }));
}

function seriesPoints(facts: ProcessFacts, timed: boolean): readonly SeriesPoint[] {
  const { profile, rows, bytesByGroup, lastObserved, queue, startedAt } = facts;
  const lag = facts.lag?.messages ?? queue?.lag;
  const points: SeriesPoint[] = [];
  const step = Math.max(1, Math.ceil(lastObserved / SERIES_POINTS));
  for (let instant = 1; instant <= lastObserved; instant += step) {
    const live = { client: 0, app: 0, runtime: 0, unknown: 0 };
    for (const [row, { party }] of rows.entries()) live[party] += at(seriesOf(bytesByGroup, row), instant);
    const elapsedMs = at(profile.instants.elapsedMs, instant);
    const residentBytes = at(profile.instants.residentBytes, instant);
    points.push({
      at: timed && startedAt !== null ? new Date(startedAt + elapsedMs).toISOString() : null,
      elapsedSeconds: timed ? round(elapsedMs / 1000, 3) : null,
      liveBytes: {
        client: Math.round(live.client),
        app: Math.round(live.app),
        runtime: Math.round(live.runtime),
        unknown: Math.round(live.unknown),
      },
      queueBytes: known(queue?.valueBytes[instant - 1]),
      lag: known(lag?.[instant - 1]),
      residentBytes: residentBytes === 0 ? null : residentBytes,
    });
  }
  return points;
}

function known(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) || value < 0 ? null : Math.round(value);
}

function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}

function roundAll<K extends string>(values: Readonly<Record<K, number>>): Record<K, number> {
  return Object.fromEntries(Object.entries<number>(values).map(([key, value]) => [key, round(value, 4)])) as Record<K, number>;
}
