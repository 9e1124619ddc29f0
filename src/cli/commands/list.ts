/** `lagleak list formats|clients|methods`: what is supported, from the registries themselves. */
import { Argument, type Command } from "commander";
import { attachers, gauges, launchers } from "../../attach/index.ts";
import { clients } from "../../clients/index.ts";
import { formats } from "../../formats/index.ts";
import { ExitCode } from "../exit-codes.ts";
import { addOutputOptions, type OutputOptions } from "../options.ts";
import { type AnswerFormat, answerFormat, writeAnswer } from "../output.ts";
import { openTerminal } from "../terminal.ts";

const FORMATS: readonly AnswerFormat[] = ["text", "json"];

/** A row: its id, what it is, and below, what else there is to say. */
interface Row {
  readonly id: string;
  readonly title: string;
  readonly more: string | null;
}

const LISTS = {
  formats: {
    data: () => formats.map(({ id, title, howToCapture }) => ({ id, title, howToCapture })),
    rows: () => formats.map(({ id, title, howToCapture }): Row => ({ id, title, more: howToCapture })),
  },
  clients: {
    data: () => clients.map(({ id, title, language, builtOn = null }) => ({ id, title, language, builtOn })),
    rows: () =>
      clients.map(({ id, title, language, builtOn }): Row => {
        return { id, title: `${title} (${language}${builtOn === undefined ? "" : `, built on ${builtOn}`})`, more: null };
      }),
  },
  methods: {
    data: () => [
      ...gauges.map(({ id, title }) => ({ id, title, level: 0 })),
      ...attachers.map(({ id, title, level, sees }) => ({ id, title, level, sees })),
      ...launchers.map(({ id, title, sees }) => ({ id, title, level: "run", sees })),
    ],
    rows: () => [
      ...gauges.map(({ id, title }): Row => ({ id, title: `${title} (level 0)`, more: null })),
      ...attachers.map(({ id, title, level, sees }): Row => ({ id, title: `${title} (level ${level})`, more: sees })),
      ...launchers.map(({ id, title, sees }): Row => ({ id, title: `${title} (run)`, more: sees })),
    ],
  },
} as const;

const EXAMPLES = `
Examples:
  lagleak list formats
  lagleak list clients --json
  lagleak list methods
`;

export function define(command: Command, end: (exitCode: ExitCode) => void): void {
  command.addArgument(new Argument("<what>", "what to list").choices(Object.keys(LISTS)));
  addOutputOptions(command, FORMATS);
  command.addHelpText("after", EXAMPLES);
  command.action(async (what: keyof typeof LISTS, options: OutputOptions) => {
    const terminal = openTerminal();
    const format = answerFormat(options, FORMATS, terminal);
    const list = LISTS[what];
    const answer =
      format === "json" ? `${JSON.stringify({ schemaVersion: 1, [what]: list.data() }, null, 2)}\n` : textOf(what, list.rows());
    await writeAnswer(answer, options, terminal);
    end(ExitCode.answered);
  });
}

function textOf(what: string, rows: readonly Row[]): string {
  if (rows.length === 0) return `There are no ${what} in this version.\n`;
  const idColumns = Math.max(...rows.map((row) => row.id.length)) + 2;
  const lines = rows.flatMap(({ id, title, more }) => {
    const first = `${id.padEnd(idColumns)}${title}`;
    return more === null ? [first] : [first, ...more.split("\n").map((line) => `${" ".repeat(idColumns)}${line}`)];
  });
  return `${lines.join("\n")}\n`;
}
