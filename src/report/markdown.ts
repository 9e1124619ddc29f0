/**
 * The answer for a ticket or a pull request: GitHub's Markdown, the verdict first, everything long behind a click. The same
 * answer gives the same bytes. Text from captures is shown as code, in which Markdown and HTML mean nothing.
 */
import { formatBytes, formatDuration, formatGrowth } from "../base/units.ts";
import type { Answer, AnswerCeiling, Group, Site } from "./answer.ts";
import { code, details, prose, table } from "./markdown-text.ts";
import { sparkline } from "./printable.ts";
import type { Renderer } from "./renderer.ts";
import { shortName } from "./short-name.ts";
import { clientWords, componentWords, evidenceStrength, nextTitle, verdictTitle } from "./words.ts";

export const markdown: Renderer = {
  id: "markdown",
  render(answer) {
    const sections = [
      verdictSection(answer),
      listSection(
        "Why",
        answer.verdict.because.map(({ text, logBayesFactor }) => withStrength(text, logBayesFactor)),
      ),
      listSection("What to do", adviceItems(answer)),
      listSection(nextTitle(answer.verdict.class), nextItems(answer)),
      details("Memory by owner", groupTable(answer)),
      details("What grew most", siteTable(answer)),
      details("What the configuration allows", answer.ceilings.flatMap(ceilingItems)),
      details("Captures", captureItems(answer)),
    ];
    return `${sections
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join("\n"))
      .join("\n\n")}\n`;
  },
};

function verdictSection({ verdict, tool }: Answer): readonly string[] {
  const over = verdict.limit?.exceeds === true && verdict.class !== "leak" ? ["", "**Over the memory limit.**"] : [];
  return [
    `## ${verdictTitle(verdict)}`,
    "",
    `${prose(verdict.summary)}`,
    ...over,
    "",
    `${Math.round(verdict.confidence * 100)} % sure, evidence grade ${verdict.grade} (${tool.name} ${tool.version}).`,
  ];
}

function withStrength(text: string, logBayesFactor: number | null): string {
  const strength = evidenceStrength(logBayesFactor);
  return strength === "" ? prose(text) : `${prose(text)} (${strength})`;
}

function adviceItems({ verdict }: Answer): readonly string[] {
  return verdict.advice.map(({ text, settings, costs }) => {
    const assignments = Object.entries(settings).map(([key, value]) => code(`${key}=${value}`));
    return [
      prose(text),
      ...(assignments.length === 0 ? [] : [assignments.join(", ")]),
      ...(costs === null ? [] : [`_Price: ${prose(costs)}_`]),
    ].join(" ");
  });
}

function nextItems({ verdict }: Answer): readonly string[] {
  return verdict.next.map(({ text, command }) => (command === null ? prose(text) : `${prose(text)}\n  ${code(command)}`));
}

function listSection(title: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [`### ${title}`, "", ...items.map((item) => `- ${item}`)];
}

function groupTable({ groups }: Answer): readonly string[] {
  if (groups.length === 0) return [];
  return table(
    ["memory of", "live", "growth", "share", "verdict", "course"],
    groups.map((group) => [
      groupName(group),
      formatBytes(group.liveBytes),
      formatGrowth(group.growthBytes),
      `${Math.round(group.share * 100)} %`,
      `${group.class} (${Math.round(group.confidence * 100)} %)`,
      sparkline(group.courseBytes),
    ]),
    "lrrrll",
  );
}

function groupName(group: Group): string {
  if (group.name !== undefined) return code(group.name);
  if (group.party === "app") return group.owner === null ? "application" : `application: ${code(group.owner)}`;
  const who = group.client ?? group.party;
  return group.component === null ? who : `${who}: ${componentWords(group.component)}`;
}

function siteTable({ sites }: Answer): readonly string[] {
  if (sites.length === 0) return [];
  return table(
    ["growth", "live", "allocated by", "verdict"],
    sites.map((site) => [
      formatGrowth(site.growthBytes),
      formatBytes(site.liveBytes),
      siteName(site),
      `${site.class} (${Math.round(site.confidence * 100)} %)`,
    ]),
    "rrll",
  );
}

const NAME_COLUMNS = 100;

function siteName({ stack, file, line }: Site): string {
  const place = file === null ? "" : ` at ${code(line === null ? file : `${file}:${line}`)}`;
  return `${code(shortName(stack.at(-1) ?? "(unknown)", NAME_COLUMNS))}${place}`;
}

function ceilingItems({ client, component, bytes, lowBytes, highBytes, formula, assumed }: AnswerCeiling): readonly string[] {
  const range = `${formatBytes(lowBytes)} to ${formatBytes(highBytes)}`;
  const guesses = assumed.length === 0 ? [] : [`  Assumed: ${assumed.map(prose).join("; ")}.`];
  return [
    `- ${client}, ${componentWords(component)}: **${formatBytes(bytes)}** (${range})`,
    `  ${code(formula, Number.POSITIVE_INFINITY)}`,
    ...guesses,
  ];
}

function captureItems({ captures, clients, losses, suppressions, totals }: Answer): readonly string[] {
  const span = totals.durationSeconds === null ? "" : ` over ${formatDuration(totals.durationSeconds * 1000)}`;
  const items = captures.map(({ path, format, clock, takenAt }) => {
    return `- ${code(path)} (${format}, clock: ${clock}${takenAt === null ? "" : `, taken ${takenAt}`})`;
  });
  const lost = losses.map(({ text, offset, count }) => {
    return `- Not read: ${prose(text)}${offset === null ? "" : ` (byte ${offset})`}${count > 1 ? ` (${count} times)` : ""}`;
  });
  const leftOut = suppressions.map(({ text }) => `- ${prose(text)}`);
  const found = clients.length === 0 ? [] : [`- Kafka clients in it: ${clients.map(clientWords).map(prose).join("; ")}`];
  return [totals.instants === 1 ? "1 instant." : `${totals.instants} instants${span}.`, "", ...items, ...found, ...lost, ...leftOut];
}
