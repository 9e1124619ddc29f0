/** The answer of `diff` for a ticket or a pull request. The same answer gives the same bytes. */
import { formatBytes, formatGrowth } from "../base/units.ts";
import type { DiffAnswer, DiffSide } from "./diff-answer.ts";
import {
  DIFF_HOLDERS_TITLE,
  diffBalance,
  diffCaution,
  diffGroupName,
  diffGroupOwner,
  diffHolder,
  diffOthers,
  diffSummary,
} from "./diff-words.ts";
import { code, details, prose, table } from "./markdown-text.ts";

/** Rows that are shown without a click. */
const OPEN_ROWS = 5;

export function diffMarkdown(answer: DiffAnswer): string {
  const { groups, groupBy, tool } = answer;
  const rows = groups.map((group) => {
    const owner = diffGroupOwner(group, groupBy);
    const name = diffGroupName(group, groupBy);
    return [
      formatGrowth(group.growthBytes),
      formatBytes(group.beforeBytes),
      formatBytes(group.afterBytes),
      group.change,
      owner === "" ? prose(name) : `${code(name)} (${prose(owner)})`,
    ];
  });
  const head = ["growth", "before", "after", "", `by ${groupBy}`];
  const others = diffOthers(answer);
  const sections = [
    [`## ${diffSummary(answer)}`],
    diffBalance(answer) === "" ? [] : [diffBalance(answer)],
    rows.length === 0 ? [] : [...table(head, rows.slice(0, OPEN_ROWS), "rrrll")],
    details(
      `${rows.length - OPEN_ROWS} smaller differences`,
      rows.length <= OPEN_ROWS ? [] : [...table(head, rows.slice(OPEN_ROWS), "rrrll"), ...(others === "" ? [] : ["", `${others}.`])],
    ),
    details(
      DIFF_HOLDERS_TITLE,
      answer.holders.flatMap((holder) => [`- ${prose(diffHolder(holder))}`, `  ${code(holder.through)}`]),
    ),
    [diffCaution(answer)],
    details("Captures", [sideItem("before", answer.before), sideItem("after", answer.after)].flat()),
    [`${tool.name} ${tool.version}`],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function sideItem(label: string, { path, captures, format, takenAt, bytes, losses }: DiffSide): readonly string[] {
  const more = captures > 1 ? ` and ${captures - 1} more` : "";
  return [
    `- ${label}: ${code(path)}${more} (${format}${takenAt === null ? "" : `, ${takenAt}`}), ${formatBytes(bytes)}`,
    ...losses.map(({ text, offset }) => `  - Not read: ${prose(text)}${offset === null ? "" : ` (byte ${offset})`}`),
  ];
}
