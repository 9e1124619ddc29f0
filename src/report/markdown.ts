/**
 * The answer for a ticket or a pull request: GitHub's Markdown, the verdict first, everything long behind a click. The same
 * answer gives the same bytes. Text from captures is shown as code, in which Markdown and HTML mean nothing.
 */
import { formatBytes, formatDuration } from "../base/units.ts";
import type { Answer, AnswerCeiling, Group, Site } from "./answer.ts";
import { printable, sparkline } from "./printable.ts";
import type { Renderer } from "./renderer.ts";
import { clientWords, componentWords, evidenceStrength, nextTitle, verdictTitle } from "./words.ts";

/** A symbol may be a megabyte long; a ticket may not. */
const MOST_CHARACTERS = 200;

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

/** Folded until it is clicked. The empty lines make GitHub read what is inside as Markdown. */
function details(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["<details>", `<summary>${title}</summary>`, "", ...lines, "", "</details>"];
}

function groupTable({ groups }: Answer): readonly string[] {
  if (groups.length === 0) return [];
  return table(
    ["memory of", "live", "growth", "share", "verdict", "course"],
    groups.map((group) => [
      groupName(group),
      formatBytes(group.liveBytes),
      signed(group.growthBytes),
      `${Math.round(group.share * 100)} %`,
      `${group.class} (${Math.round(group.confidence * 100)} %)`,
      sparkline(group.courseBytes),
    ]),
    "lrrrll",
  );
}

function groupName(group: Group): string {
  if (group.party === "app") return group.owner === null ? "application" : `application: ${code(group.owner)}`;
  const who = group.client ?? group.party;
  return group.component === null ? who : `${who}: ${componentWords(group.component)}`;
}

function siteTable({ sites }: Answer): readonly string[] {
  if (sites.length === 0) return [];
  return table(
    ["growth", "live", "allocated by", "verdict"],
    sites.map((site) => [
      signed(site.growthBytes),
      formatBytes(site.liveBytes),
      siteName(site),
      `${site.class} (${Math.round(site.confidence * 100)} %)`,
    ]),
    "rrll",
  );
}

function siteName({ stack, file, line }: Site): string {
  const place = file === null ? "" : ` at ${code(line === null ? file : `${file}:${line}`)}`;
  return `${code(stack.at(-1) ?? "(unknown)")}${place}`;
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
  return [`${totals.instants} ${totals.instants === 1 ? "instant" : `instants${span}`}.`, "", ...items, ...found, ...lost, ...leftOut];
}

function table(head: readonly string[], rows: readonly (readonly string[])[], aligns: string): readonly string[] {
  const rule = [...aligns].map((align) => (align === "r" ? "---:" : ":---"));
  return [head, rule, ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
}

function signed(bytes: number): string {
  return bytes > 0 ? `+${formatBytes(bytes)}` : formatBytes(bytes);
}

/** Code in one line: the fence is longer than any run of backticks inside. */
function code(text: string, most: number = MOST_CHARACTERS): string {
  const shown = printable(text.length > most ? `${text.slice(0, most / 2)}…${text.slice(-most / 2)}` : text);
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = longest > 0 || shown.startsWith(" ") ? " " : "";
  return `${fence}${pad}${shown}${pad}${fence}`;
}

/** A sentence of ours, which may hold a name from a capture: what would be Markdown or HTML in it is shown as it is. */
function prose(text: string): string {
  return printable(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/([\\`*[\]|~#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))/g, "\\$1")
    .replace(/@(?=\w)/g, "@\u200b"); // nobody is notified by a ticket about `foo@bar`
}
