/** Published reports that fit what was found: the same kind of memory, of a version that has it or may have it. */
import { at } from "../base/columns.ts";
import type { Component, KnownIssue } from "../clients/client.ts";
import type { ConcerningIssue } from "../clients/lineage.ts";
import { frameText, liveAt, seriesOf } from "../model/ledger.ts";
import { sumByFrame } from "../model/sum-by-frame.ts";
import type { JudgedGroup, ProcessFacts } from "./facts.ts";
import { type ProcessVerdict, partyOf } from "./verdict.ts";

/** A component with less than this share of the group's memory does not call up its reports. */
const COMPONENT_SHARE = 0.1;
/** Paths with less than this share of the group's growth do not, either. */
const GROWTH_SHARE = 0.1;
/** More would bury the reasons. */
const MOST_ISSUES = 2;

/**
 * Those of the deciding group: first what names the frames that grow, then what this version has for sure. A report without a
 * conclusion is only named where its frames are there. None without a Kafka client, or where the verdict is not what reports are about.
 */
export function knownIssuesOf(facts: ProcessFacts, verdict: ProcessVerdict): readonly ConcerningIssue[] {
  const kinds = kindsOf(verdict);
  const group = verdict.deciding?.group;
  if (kinds.length === 0 || group === undefined || facts.issues.length === 0) return [];
  const components = componentsOf(facts, group);
  const names = facts.issues.some(({ issue }) => issue.frames !== undefined) ? growingNames(facts, group) : [];
  const fits = ({ kind, component, frames }: KnownIssue): boolean => {
    if (!kinds.includes(kind)) return false;
    if (frames !== undefined) return names.some((name) => frames.test(name));
    return kind !== "unresolved" && component !== null && components.has(component);
  };
  const rank = ({ issue, certain }: ConcerningIssue): number => (issue.frames === undefined ? 0 : 2) + (certain ? 1 : 0);
  return (
    facts.issues
      // an old default that made queues large says nothing of a version that nobody knows
      .filter(({ issue, certain }) => issue.kind !== "buffering" || issue.fixedIn === null || certain)
      .filter(({ issue, version }) => fits(issue) && (issue.when?.({ ...facts.scope, version }) ?? true))
      .sort((a, b) => rank(b) - rank(a))
      .slice(0, MOST_ISSUES)
  );
}

function kindsOf(verdict: ProcessVerdict): readonly KnownIssue["kind"][] {
  if (verdict.class === "buffering") return ["buffering"];
  if (verdict.class === "outside-heap") return ["allocator"];
  if (verdict.class !== "leak") return [];
  const party = partyOf(verdict);
  if (party === "client") return ["client-leak", "unresolved"];
  return party === "app-retained" || party === "app" ? ["app-retains", "unresolved"] : [];
}

/** Names of the frames of the paths that carry the growth of a group. */
function growingNames({ profile, rows, groupOfPath, lastObserved }: ProcessFacts, group: JudgedGroup): readonly string[] {
  const last = liveAt(profile, lastObserved).bytes;
  const first = liveAt(profile, 1).bytes;
  const growth = (path: number): number => at(last, path) - (lastObserved > 1 ? at(first, path) : 0);
  const isOfGroup = Uint8Array.from({ length: rows.length }, (_, row) => (group.rows.includes(row) ? 1 : 0));
  const grown = new Float64Array(profile.paths.length);
  let total = 0;
  for (let path = 1; path < profile.paths.length; path++) {
    if (at(isOfGroup, at(groupOfPath, path)) === 0 || growth(path) <= 0) continue;
    grown[path] = growth(path);
    total += growth(path);
  }
  const byFrame = sumByFrame(profile, grown);
  const names: string[] = [];
  for (let frame = 1; frame < byFrame.length; frame++)
    if (at(byFrame, frame) >= GROWTH_SHARE * total && total > 0) names.push(frameText(profile, frame));
  return names;
}

/** The components that hold the group's memory; a queue as a whole goes by the name of the queue, too. */
function componentsOf({ rows, bytesByGroup, lastObserved }: ProcessFacts, group: JudgedGroup): ReadonlySet<Component> {
  const total = group.liveBytes.at(-1) ?? 0;
  const components = new Set<Component>();
  for (const row of group.rows) {
    const component = rows[row]?.component ?? "";
    if (component !== "" && at(seriesOf(bytesByGroup, row), lastObserved) >= COMPONENT_SHARE * total) components.add(component);
  }
  if (group.kind === "fetch") components.add("fetch-queue");
  if (group.kind === "producer") components.add("producer-queue");
  return components;
}
