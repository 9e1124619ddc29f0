/** The answer of `ceiling` for a terminal: the sum in one sentence, its terms, where they come from, and what would make it fit. */
import { styleText } from "node:util";
import { formatBytes } from "../base/units.ts";
import type { CeilingAnswer, TermedCeiling } from "./ceiling-answer.ts";
import { evenlyChosen, plainTable, type Style, textColumns } from "./plain-table.ts";
import { printable, shorten, wrap } from "./printable.ts";
import { capitalise, componentWords } from "./words.ts";

/** More rows than fit a screen help nobody; JSON has them all. */
const SWEEP_ROWS = 24;

export interface CeilingTextOptions {
  readonly columns: number;
  readonly color: boolean;
  readonly verbose: boolean;
}

export function ceilingText(answer: CeilingAnswer, options: CeilingTextOptions): string {
  const columns = textColumns(options.columns);
  const paint = (style: Style, text: string): string => (options.color ? styleText(style, text, { validateStream: false } as never) : text);
  const sections = [
    headLines(answer, columns, paint),
    ...answer.ceilings.map((ceiling) => ceilingLines(ceiling, columns, paint, options.verbose)),
    sweepLines(answer, paint),
    suggestionLines(answer, columns, paint),
    warningLines(answer, columns, paint),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

type Paint = (style: Style, text: string) => string;

function headLines(
  { client, version, instances, ceilings, total, limit }: CeilingAnswer,
  columns: number,
  paint: Paint,
): readonly string[] {
  const who = `${instances > 1 ? `${instances} instances of ${client}` : client}${version === null ? "" : ` ${version}`}`;
  if (ceilings.length === 0) return wrap(`Nothing is known of how much ${who} may hold.`, columns);
  const what = `${who} may hold about ${formatBytes(total.bytes)} of messages when the consumer lags, ${formatBytes(total.highBytes)} at most.`;
  const sentence = ceilings.some(({ component }) => component === "fetch-queue")
    ? what
    : what.replace("the consumer lags", "the brokers are slow");
  if (limit === null) return wrap(printable(sentence), columns);
  const verdict = limit.fits
    ? paint("green", `It fits ${formatBytes(limit.limitBytes)}.`)
    : paint("red", `It does not fit ${formatBytes(limit.limitBytes)}.`);
  return [...wrap(printable(sentence), columns), verdict];
}

function ceilingLines(ceiling: TermedCeiling, columns: number, paint: Paint, verbose: boolean): readonly string[] {
  const table = plainTable(["left", "right", "right", "right"]);
  table.push(["", "low", "expected", "high"].map((title) => paint("dim", title)));
  const row = (what: string, low: number, expected: number, high: number): void => {
    table.push([shorten(printable(what), columns - 40), ...[low, expected, high].map(formatBytes)]);
  };
  for (const { what, lowBytes, bytes, highBytes } of ceiling.terms) row(what, lowBytes, bytes, highBytes);
  if (ceiling.terms.length > 1) row("together", ceiling.lowBytes, ceiling.bytes, ceiling.highBytes);
  const settings = Object.entries(ceiling.settings).map(([name, value]) => {
    const source = ceiling.defaults[name];
    if (source === undefined) return `${name}=${value}`;
    const origin = source.startsWith("computed") ? "computed" : "default";
    return `${name}=${value} (${origin}${verbose ? `; ${source}` : ""})`;
  });
  return [
    paint("bold", capitalise(componentWords(ceiling.component))),
    ...table
      .toString()
      .split("\n")
      .map((line) => line.trimEnd()),
    ...hang("formula: ", ceiling.formula, columns),
    ...hang("settings: ", settings.join(", "), columns),
    ...(ceiling.assumed.length === 0 ? [] : hang("assumed: ", ceiling.assumed.join("; "), columns)),
    ...(verbose ? ceiling.terms.flatMap(({ what, source }) => hang(`${what}: `, source, columns)) : []),
  ];
}

function sweepLines({ sweep }: CeilingAnswer, paint: Paint): readonly string[] {
  if (sweep === null) return [];
  const hasLimit = sweep.rows.some(({ fits }) => fits !== null);
  const table = plainTable(["right", "right", "right", "right", "left"]);
  table.push([sweep.of, "low", "expected", "high", ...(hasLimit ? ["fits"] : [])].map((title) => paint("dim", title)));
  for (const { value, lowBytes, bytes, highBytes, fits } of evenlyChosen(sweep.rows, SWEEP_ROWS)) {
    const verdict = fits === null ? [] : [fits ? paint("green", "yes") : paint("red", "no")];
    table.push([String(value), ...[lowBytes, bytes, highBytes].map(formatBytes), ...verdict]);
  }
  const hidden =
    sweep.rows.length > SWEEP_ROWS ? [paint("dim", `  ${SWEEP_ROWS} of ${sweep.rows.length} values; --json has them all`)] : [];
  return [
    paint("bold", `By ${sweep.of}`),
    ...table
      .toString()
      .split("\n")
      .map((line) => line.trimEnd()),
    ...hidden,
  ];
}

function suggestionLines({ suggestion, limit }: CeilingAnswer, columns: number, paint: Paint): readonly string[] {
  if (limit === null) return [];
  if (suggestion === null) {
    return limit.fits
      ? []
      : [paint("bold", "What would fit"), ...hang("- ", "No settings that are known here bring it under the limit.", columns)];
  }
  return [
    paint("bold", limit.fits ? "What would leave room" : "What would fit"),
    ...Object.entries(suggestion.settings).map(([name, value]) => `    ${paint("cyan", `${name}=${value}`)}`),
    ...hang("- ", `At most ${formatBytes(suggestion.totalBytes)} then. ${suggestion.costs}`, columns),
  ];
}

function warningLines({ warnings }: CeilingAnswer, columns: number, paint: Paint): readonly string[] {
  if (warnings.length === 0) return [];
  return [paint("bold", "Mind"), ...warnings.flatMap(({ text }) => hang("- ", text, columns))];
}

function hang(mark: string, text: string, columns: number): readonly string[] {
  const indent = mark === "- " ? "    " : "      ";
  return wrap(printable(`${mark}${text}`), columns - indent.length).map((line, row) => `${row === 0 ? "  " : indent}${line}`);
}
