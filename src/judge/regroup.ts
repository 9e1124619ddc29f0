/**
 * The judged memory by another grouping: party, package, function or type. A group takes its verdict from the judged group that
 * most of its memory belongs to; nothing is judged anew, for a thousand small courses would find leaks by chance.
 */
import { add, at } from "../base/columns.ts";
import { Failure } from "../base/failure.ts";
import { type GroupSeries, seriesByGroup, seriesOf } from "../model/ledger.ts";
import type { ProcessFacts } from "./facts.ts";
import { groupPathsBy, knowsTypes } from "./grouping.ts";
import type { Grouping } from "./groupings.ts";
import type { GroupJudgement } from "./judgement.ts";

export interface NamedJudgement extends GroupJudgement {
  readonly name: string;
}

/** The largest `top` groups. @throws Failure `usage` where the capture knows no types */
export function regroup(
  facts: ProcessFacts,
  judged: readonly GroupJudgement[],
  by: Exclude<Grouping, "component">,
  top: number,
): readonly NamedJudgement[] {
  const { profile, attribution, lastObserved } = facts;
  if (by === "type" && profile.paths.length > 1 && !knowsTypes(profile)) {
    throw new Failure({
      code: "usage",
      message: "this capture knows no types, only who allocated",
      hint: "Use --group-by function, or give class histograms or heap snapshots.",
    });
  }
  if (lastObserved === 0) return [];
  const { groups, groupOfPath } = groupPathsBy(profile, attribution, by);
  const largest = largestGroups(facts, groupOfPath, groups.length, top);
  const rowOf = new Uint32Array(groups.length);
  for (const [row, group] of largest.entries()) rowOf[group] = row + 1;
  const rows = groupOfPath.map((group) => at(rowOf, group));
  const bytes = seriesByGroup(profile, rows, largest.length + 1, "liveBytes");
  const blocks = seriesByGroup(profile, rows, largest.length + 1, "liveBlocks");
  const deciders = decidersOf(facts, judged, rows, largest.length + 1);
  const totalGrowth = judged.reduce((sum, { course }) => sum + grew(course), 0);
  return largest
    .flatMap((group, index): NamedJudgement[] => {
      const named = groups[group];
      const decider = deciders[index + 1];
      const course = courseOf(bytes, index + 1, lastObserved);
      if (named === undefined || decider === undefined || course.every((level) => level === 0)) return [];
      const { name, party, client } = named;
      return [
        {
          name,
          party,
          client,
          component: decider.component !== null && named.component === decider.component ? decider.component : null,
          owner: by === "package" && party === "app" ? name : null,
          liveBytes: course.at(-1) ?? 0,
          liveBlocks: at(seriesOf(blocks, index + 1), lastObserved),
          peakBytes: course.reduce((highest, level) => Math.max(highest, level), 0),
          growthBytes: (course.at(-1) ?? 0) - (course.length > 1 ? at(course, 0) : 0),
          // what did not grow itself shares no verdict about growth
          class: grew(course) < GROWN_SHARE * totalGrowth ? "stable" : decider.class,
          confidence: decider.confidence,
          course,
        },
      ];
    })
    .sort((a, b) => b.peakBytes - a.peakBytes || (a.name < b.name ? -1 : 1));
}

/** Below this share of all growth, a group counts as one that did not grow. */
const GROWN_SHARE = 0.01;

/** Bytes from the first level to the highest; a single instant grew from nothing. */
function grew(course: Float64Array): number {
  return course.reduce((highest, level) => Math.max(highest, level), 0) - (course.length > 1 ? at(course, 0) : 0);
}

function courseOf(series: GroupSeries, group: number, lastObserved: number): Float64Array {
  return seriesOf(series, group).slice(1, lastObserved + 1);
}

/** By the highest of what they hold at the first and at the last instant: a course of every group would not fit into memory. */
function largestGroups({ profile, lastObserved }: ProcessFacts, groupOfPath: Uint32Array, count: number, top: number): readonly number[] {
  const { changes } = profile;
  const [first, last] = [new Float64Array(count), new Float64Array(count)];
  for (let row = 0; row < changes.length && at(changes.instant, row) <= lastObserved; row++) {
    const group = at(groupOfPath, at(changes.path, row));
    add(last, group, at(changes.liveBytes, row));
    if (at(changes.instant, row) === 1) add(first, group, at(changes.liveBytes, row));
  }
  const size = (group: number): number => Math.max(at(first, group), at(last, group));
  return Array.from({ length: count - 1 }, (_, row) => row + 1)
    .sort((a, b) => size(b) - size(a) || a - b)
    .slice(0, top);
}

/** For each row the judged group that most of its allocations and frees belong to. */
function decidersOf(
  { profile, rows: own, groupOfPath, lastObserved }: ProcessFacts,
  judged: readonly GroupJudgement[],
  rowOfPath: Uint32Array,
  count: number,
): readonly (GroupJudgement | undefined)[] {
  const keyOf = (party: string, client: string | null, component: string | null): string => `${party}/${client ?? ""}/${component ?? ""}`;
  const byKey = new Map(judged.map((group) => [keyOf(group.party, group.client, group.component), group]));
  const judgedOfRow = own.map(({ party, client, component }) => byKey.get(keyOf(party, client, component)));
  const sums = new Map<number, Float64Array>();
  const { changes } = profile;
  for (let row = 0; row < changes.length && at(changes.instant, row) <= lastObserved; row++) {
    const path = at(changes.path, row);
    const target = at(rowOfPath, path);
    if (target === 0) continue;
    const weights = sums.get(target) ?? new Float64Array(own.length);
    sums.set(target, weights);
    add(weights, at(groupOfPath, path), Math.abs(at(changes.liveBytes, row)));
  }
  return Array.from({ length: count }, (_, target) => {
    const weights = sums.get(target);
    if (weights === undefined) return undefined;
    let heaviest = 0;
    for (let row = 1; row < weights.length; row++) if (at(weights, row) > at(weights, heaviest)) heaviest = row;
    return judgedOfRow[heaviest];
  });
}
