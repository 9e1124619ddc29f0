/**
 * The answer for a terminal: the verdict as a sentence, why, where the memory is, what to do, what would settle it.
 * Everything fits the width; colour repeats what words say and never says more.
 */
import { styleText } from "node:util";
import { formatBytes, formatDuration, formatGrowth } from "../base/units.ts";
import type { Answer, AnswerCeiling, Group, Site, VerdictClass } from "./answer.ts";
import { evenlyChosen, plainTable, type Style, textColumns } from "./plain-table.ts";
import { printable, shorten, sparkline, widthOf, wrap } from "./printable.ts";
import type { Renderer, RenderOptions } from "./renderer.ts";
import { shortName } from "./short-name.ts";
import { treeText } from "./tree-text.ts";
import { clientWords, componentWords, evidenceStrength, nextTitle, verdictTitle } from "./words.ts";

const COLOR_OF_CLASS: Readonly<Record<VerdictClass, Style>> = {
  leak: "red",
  backlog: "yellow",
  "outside-heap": "yellow",
  inconclusive: "yellow",
  buffering: "green",
  stable: "green",
  "warm-up": "green",
  step: "green",
};

export const terminal: Renderer = {
  id: "text",
  render(answer, options) {
    const columns = textColumns(options.columns);
    const paint = (style: Style, text: string): string =>
      options.color ? styleText(style, text, { validateStream: false } as never) : text;
    const sections = [
      verdictLines(answer, columns, paint),
      list("Why", reasonLines(answer), columns, paint),
      groupLines(answer, columns, paint),
      siteLines(answer, columns, paint, options),
      treeLines(answer, columns, paint),
      ceilingLines(answer, columns, paint, options),
      list("What to do", adviceLines(answer), columns, paint),
      nextLines(answer, columns, paint),
      captureLines(answer, columns, paint),
    ];
    return `${sections
      .filter((section) => section.length > 0)
      .map((section) => section.join("\n"))
      .join("\n\n")}\n`;
  },
};

type Paint = (style: Style, text: string) => string;

function verdictLines({ verdict }: Answer, columns: number, paint: Paint): string[] {
  const title = verdictTitle(verdict);
  const sure = `${Math.round(verdict.confidence * 100)} % sure, evidence grade ${verdict.grade}`;
  const head = `${paint(["bold", COLOR_OF_CLASS[verdict.class]] as never, title)}  ${paint("dim", sure)}`;
  const exceeds =
    verdict.limit?.exceeds === true && verdict.class !== "leak" ? [paint(["bold", "red"] as never, "OVER THE MEMORY LIMIT")] : [];
  return [head, ...exceeds, "", ...wrap(printable(verdict.summary), columns)];
}

function list(title: string, items: readonly string[], columns: number, paint: Paint): string[] {
  if (items.length === 0) return [];
  return [paint("bold", title), ...items.flatMap((item) => hang("- ", item, columns))];
}

/** A first line with a mark, the following lines indented under the text. */
function hang(mark: string, text: string, columns: number): readonly string[] {
  const lines = wrap(printable(text), columns - mark.length - 2);
  return lines.map((line, row) => `  ${row === 0 ? mark : " ".repeat(mark.length)}${line}`);
}

function reasonLines({ verdict }: Answer): readonly string[] {
  return verdict.because.map((reason) => {
    const strength = evidenceStrength(reason.logBayesFactor);
    return strength === "" ? reason.text : `${reason.text} (${strength})`;
  });
}

function adviceLines({ verdict }: Answer): readonly string[] {
  return verdict.advice.map((advice) => {
    const settings = Object.entries(advice.settings).map(([key, value]) => `${key}=${value}`);
    const text = settings.length === 0 ? advice.text : `${advice.text} ${settings.join(", ")}`;
    return advice.costs === null ? text : `${text} (Price: ${advice.costs})`;
  });
}

function nextLines({ verdict }: Answer, columns: number, paint: Paint): string[] {
  if (verdict.next.length === 0) return [];
  const lines = verdict.next.flatMap((step) => [
    ...hang("- ", step.text, columns),
    ...(step.command === null ? [] : [`      ${paint("cyan", `$ ${printable(step.command)}`)}`]),
  ]);
  return [paint("bold", nextTitle(verdict.class)), ...lines];
}

/** `client: fetch responses`; with several clients in the process the client by its name. */
function groupName(group: Group, isOnlyClient: boolean): string {
  if (group.name !== undefined) return group.name;
  if (group.party === "app") return group.owner ?? "application";
  const who = group.party === "client" && !isOnlyClient ? (group.client ?? "client") : group.party;
  return group.component === null ? who : `${who}: ${componentWords(group.component)}`;
}

const SHOWN_GROUPS = 8;
const SHOWN_SHARE = 0.002; // of the peak
const GAP_COLUMNS = 2;
const NARROW_COLUMNS = 52; // below: what is live is left out, and names have lines of their own

function groupLines({ groups, totals }: Answer, columns: number, paint: Paint): string[] {
  // those that were asked for are as many as were asked for
  const shown = groups
    .filter(({ peakBytes, name }) => name !== undefined || peakBytes >= SHOWN_SHARE * totals.peakBytes)
    .slice(0, most(groups));
  if (shown.length === 0) return [];
  const isWide = columns >= 76;
  const isNarrow = columns < NARROW_COLUMNS;
  const isOnlyClient = new Set(groups.flatMap(({ client }) => (client === null ? [] : [client]))).size <= 1;
  const rows = shown.map((group) => {
    const share = isWide ? [`${Math.round(group.share * 100)} %`] : [];
    const course = isWide ? [sparkline(evenlyChosen(group.courseBytes, columns >= 90 ? 16 : 12))] : [];
    const live = isNarrow ? [] : [formatBytes(group.liveBytes)];
    return { group, cells: [...live, formatGrowth(group.growthBytes), ...share, group.class, ...course] };
  });
  const titles = [...(isNarrow ? [] : ["live"]), "growth", ...(isWide ? ["share"] : []), "verdict", ...(isWide ? ["course"] : [])];
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map(({ cells }) => widthOf(cells[column] ?? ""))));
  const nameColumns = columns - GAP_COLUMNS - widths.reduce((sum, width) => sum + width + GAP_COLUMNS, 0);
  const table = plainTable([
    "left",
    "right",
    ...(isNarrow ? [] : (["right"] as const)),
    ...(isWide ? (["right"] as const) : []),
    "left",
    "left",
  ]);
  table.push(["", ...titles].map((title) => paint("dim", title)));
  for (const { group, cells } of rows) {
    const name = shortName(printable(groupName(group, isOnlyClient)), Math.max(12, nameColumns));
    table.push([name, ...cells.map((cell) => (cell === group.class ? paint(COLOR_OF_CLASS[group.class], cell) : cell))]);
  }
  const rest = groups.length - shown.length;
  const peak = totals.peakBytes > totals.liveBytes * 1.02 ? `, at most ${formatBytes(totals.peakBytes)}` : "";
  const tail = rest > 0 ? [paint("dim", `  and ${rest} smaller`)] : [];
  return [paint("bold", `Memory: ${formatBytes(totals.liveBytes)} live${peak}`), ...table.toString().split("\n").map(trimEnd), ...tail];
}

function most(groups: readonly Group[]): number {
  return groups.some(({ name }) => name !== undefined) ? groups.length : SHOWN_GROUPS;
}

function trimEnd(line: string): string {
  return line.replace(/\s+$/, "");
}

function siteLines({ sites }: Answer, columns: number, paint: Paint, options: RenderOptions): string[] {
  const shown = sites.slice(0, options.verbose ? 10 : 3);
  if (shown.length === 0) return [];
  const classColumns = Math.max(...shown.map((site) => site.class.length));
  const lines = shown.flatMap((site) => [
    ...siteHead(site, columns, classColumns, paint),
    ...(options.verbose
      ? site.stack
          .slice(-8)
          .reverse()
          .map((frame) => paint("dim", `               ${shortName(printable(frame), columns - 16)}`))
      : []),
  ]);
  return [paint("bold", "What grew most"), ...lines];
}

function siteHead(site: Site, columns: number, classColumns: number, paint: Paint): readonly string[] {
  const growth = formatGrowth(site.growthBytes).padStart(11);
  const verdict = paint(COLOR_OF_CLASS[site.class], site.class);
  if (columns < NARROW_COLUMNS) return [`  ${growth}  ${verdict}`, `    ${siteName(site, columns - 4)}`];
  return [`  ${growth}  ${siteName(site, columns - 17 - classColumns)}  ${verdict}`];
}

function treeLines({ tree, totals }: Answer, columns: number, paint: Paint): string[] {
  if (tree === undefined || tree.children.length === 0) return [];
  return [paint("bold", "Paths, with what is live below them"), ...treeText(tree, totals.liveBytes, columns, paint)];
}

/** `render_invoice (main.rs:110)`; where there is no room for both, the place goes. */
function siteName({ stack, file, line }: Site, columns: number): string {
  const name = printable(stack.at(-1) ?? "(unknown)");
  const place = file === null ? "" : printable(` (${file.slice(file.lastIndexOf("/") + 1)}${line === null ? "" : `:${line}`})`);
  const room = columns - widthOf(place);
  return room < SHORTEST_NAME ? shortName(name, columns) : `${shortName(name, room)}${place}`;
}

const SHORTEST_NAME = 16;

function ceilingLines({ ceilings }: Answer, columns: number, paint: Paint, options: RenderOptions): string[] {
  const shown = ceilings.filter((ceiling) => options.verbose || ceiling.component === "fetch-queue" || ceilings.length === 1);
  if (shown.length === 0) return [];
  return [paint("bold", "What the configuration allows"), ...shown.flatMap((ceiling) => ceilingText(ceiling, columns))];
}

function ceilingText(ceiling: AnswerCeiling, columns: number): readonly string[] {
  const range = `${formatBytes(ceiling.lowBytes)} to ${formatBytes(ceiling.highBytes)}`;
  const text = `${componentWords(ceiling.component)}: ${formatBytes(ceiling.bytes)} (${range}) = ${ceiling.formula}`;
  const assumed = ceiling.assumed.length === 0 ? [] : hang("  ", `assumed: ${ceiling.assumed.join("; ")}`, columns);
  return [...hang("- ", text, columns), ...assumed];
}

function instantsText(instants: number, span: string): string {
  return instants === 1 ? "1 instant" : `${instants} instants ${span}`;
}

function captureLines({ captures, clients, losses, suppressions, totals, experiment }: Answer, columns: number, paint: Paint): string[] {
  const formats = [...new Set(captures.map((capture) => capture.format))].join(", ");
  const clocks = [...new Set(captures.map((capture) => capture.clock))].join(", ");
  const span = totals.durationSeconds === null ? "times unknown" : `over ${formatDuration(totals.durationSeconds * 1000)}`;
  const first = captures[0]?.path ?? "no capture";
  const names = captures.length > 1 ? `${captures.length} captures` : shorten(printable(first), Math.max(20, columns - 50));
  const what =
    captures.length === 0
      ? `evidence only, ${instantsText(totals.instants, span)}`
      : `${names} (${formats}, clock: ${clocks}), ${instantsText(totals.instants, span)}`;
  const found = clients.length === 0 ? [] : hang("", `Kafka clients in it: ${clients.map(clientWords).join("; ")}`, columns);
  const second =
    experiment === undefined || experiment.captures.length === 0 ? "" : `, and ${experiment.captures.length} more after the change`;
  const lines = [...hang("", what + second, columns), ...found];
  for (const loss of losses) lines.push(...hang("! ", loss.text + (loss.offset === null ? "" : ` (byte ${loss.offset})`), columns));
  for (const suppression of suppressions) lines.push(...hang("! ", suppression.text, columns));
  return [paint("bold", "Read"), ...lines];
}
