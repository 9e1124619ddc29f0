/** `lagleak guide [client|language]`: what to capture for your client, in five lines. */
import type { Command } from "commander";
import { Failure } from "../../base/failure.ts";
import { clients } from "../../clients/index.ts";
import { textColumns } from "../../report/plain-table.ts";
import { wrap } from "../../report/printable.ts";
import { ExitCode } from "../exit-codes.ts";
import { clientsFor, type Guide, guideFor, guideLanguages, nearestTopics } from "../guide.ts";
import { addOutputOptions, type OutputOptions } from "../options.ts";
import { type AnswerFormat, answerFormat, writeAnswer } from "../output.ts";
import { openTerminal } from "../terminal.ts";

const FORMATS: readonly AnswerFormat[] = ["text", "json"];

const EXAMPLES = `
Examples:
  lagleak guide
  lagleak guide rust-rdkafka
  lagleak guide java --json
`;

export function define(command: Command, end: (exitCode: ExitCode) => void): void {
  command.argument("[client]", "a Kafka client, or a language");
  addOutputOptions(command, FORMATS);
  command.addHelpText("after", EXAMPLES);
  command.action(async (topic: string | undefined, options: OutputOptions) => {
    const terminal = openTerminal();
    const format = answerFormat(options, FORMATS, terminal);
    const guides = (topic === undefined ? clients : chosen(topic)).map(guideFor);
    const columns = textColumns(terminal.columns);
    const text =
      format === "json"
        ? `${JSON.stringify({ schemaVersion: 1, guides }, null, 2)}\n`
        : topic === undefined
          ? overview(columns)
          : `${guides.map((guide) => guideText(guide, columns)).join("\n")}`;
    await writeAnswer(text, options, terminal);
    end(ExitCode.answered);
  });
}

/** @throws Failure `usage` */
function chosen(topic: string): ReturnType<typeof clientsFor> {
  const found = clientsFor(topic);
  if (found.length > 0) return found;
  const near = nearestTopics(topic);
  throw new Failure({
    code: "usage",
    message: `there is no client and no language "${topic}"`,
    hint: `${near.length === 0 ? "" : `Did you mean ${near.join(" or ")}? `}Languages: ${guideLanguages().join(", ")}. Clients: lagleak list clients.`,
  });
}

const LABEL_COLUMNS = 12;

/** Sentences are wrapped, commands are not: they have to be copied. */
function guideText({ client, title, language, steps }: Guide, columns: number): string {
  const lines = steps.flatMap(({ what, how, command }) => {
    const texts = [...(how === "" ? [] : wrap(how, columns - LABEL_COLUMNS)), ...(command === null ? [] : [command])];
    return texts.map((text, row) => `${(row === 0 ? `  ${what}` : "").padEnd(LABEL_COLUMNS)}${text}`);
  });
  return [title === client ? `${client} (${language})` : `${client}: ${title} (${language})`, ...lines, ""].join("\n");
}

function overview(columns: number): string {
  const lines = guideLanguages().flatMap((language) => {
    const ids = clientsFor(language).map(({ id }) => id);
    return wrap(ids.join(", "), columns - 14).map((line, row) => `  ${(row === 0 ? language : "").padEnd(12)}${line}`);
  });
  const before = "lagleak reads captures of the heap of a Kafka consumer. How to take one depends on your client:";
  const after =
    "Five lines for yours: `lagleak guide <client>`, or all of a language: `lagleak guide <language>`. What is read: `lagleak list formats`.";
  return `${[...wrap(before, columns), "", ...lines, "", ...wrap(after, columns)].join("\n")}\n`;
}
