/**
 * What grew between two captures as SARIF, for code scanning: a note for each group that grew, at its file and line where they
 * were summed up by function and the capture knows them. What shrank needs nobody; a difference is no verdict, so nothing is more than a note.
 */
import { formatBytes, formatGrowth } from "../base/units.ts";
import type { DiffAnswer, DiffGroup } from "./diff-answer.ts";
import { DIFF_MEANINGS, diffBalance, diffCaution, diffGroupName, diffGroupOwner, diffSummary } from "./diff-words.ts";
import { clean, type SarifResult, type SarifRule, sarifLog } from "./sarif-log.ts";

const RULES: readonly SarifRule[] = Object.entries(DIFF_MEANINGS).map(([id, text]) => ({ id, text, level: "note" }));

export function diffSarif(answer: DiffAnswer): string {
  const { tool, groups, totals, groupBy, before, after } = answer;
  const grown = groups.filter(({ change }) => change === "grown" || change === "new");
  return sarifLog(tool, RULES, [whole(answer), ...grown.map((group) => grownResult(group, answer))], {
    groupBy,
    ...totals,
    before: clean(before.path),
    after: clean(after.path),
  });
}

function whole(answer: DiffAnswer): SarifResult {
  const sentences = [diffSummary(answer), diffBalance(answer), diffCaution(answer)].filter((text) => text !== "");
  return {
    rule: "difference",
    text: sentences.join(" "),
    name: null,
    kind: "function",
    file: null,
    line: null,
    capture: answer.after.path,
    fingerprint: null,
    properties: { sampled: answer.sampled, secondsBetween: answer.secondsBetween },
  };
}

function grownResult(group: DiffGroup, { groupBy, after }: DiffAnswer): SarifResult {
  const name = clean(diffGroupName(group, groupBy));
  const owner = diffGroupOwner(group, groupBy);
  const isNamed = groupBy === "function" || groupBy === "type";
  return {
    rule: group.change,
    text: `${formatGrowth(group.growthBytes)}, from ${formatBytes(group.beforeBytes)} to ${formatBytes(group.afterBytes)}: ${name}${owner === "" ? "" : ` (${clean(owner)})`}`,
    name: isNamed ? name : null,
    kind: groupBy === "type" ? "type" : "function",
    file: group.file,
    line: group.line,
    capture: after.path,
    fingerprint: [groupBy, group.party, group.component ?? "", name].join("/"),
    baseline: group.change === "new" ? "new" : "updated",
    properties: { party: group.party, client: group.client, component: group.component, growthBytes: group.growthBytes },
  };
}
