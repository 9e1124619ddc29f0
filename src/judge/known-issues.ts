/** Published reports that fit what was found: the same kind of memory, of a version that has it or may have it. */
import { at } from "../base/columns.ts";
import type { Component, KnownIssue } from "../clients/client.ts";
import type { ConcerningIssue } from "../clients/lineage.ts";
import { seriesOf } from "../model/ledger.ts";
import type { JudgedGroup, ProcessFacts } from "./facts.ts";
import { type ProcessVerdict, partyOf } from "./verdict.ts";

/** A component with less than this share of the group's memory does not call up its reports. */
const COMPONENT_SHARE = 0.1;
/** More would bury the reasons. */
const MOST_ISSUES = 2;

/** Those of the deciding group, surest first. None without a Kafka client, or where the verdict is not what reports are about. */
export function knownIssuesOf(facts: ProcessFacts, verdict: ProcessVerdict): readonly ConcerningIssue[] {
  const kind = kindOf(verdict);
  const group = verdict.deciding?.group;
  if (kind === null || group === undefined) return [];
  const components = componentsOf(facts, group);
  return facts.issues
    .filter(({ issue }) => issue.kind === kind && issue.component !== null && components.has(issue.component))
    .filter(({ issue }) => issue.when?.(facts.scope) ?? true)
    .sort((a, b) => Number(b.certain) - Number(a.certain))
    .slice(0, MOST_ISSUES);
}

function kindOf(verdict: ProcessVerdict): KnownIssue["kind"] | null {
  if (verdict.class === "buffering") return "buffering";
  if (verdict.class !== "leak") return null;
  const party = partyOf(verdict);
  if (party === "client") return "client-leak";
  return party === "app-retained" ? "app-retains" : null;
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
