/** `lagleak retainers <capture> --of <type>`: what holds the objects of a type in a heap snapshot. */
import { type Command, Option } from "commander";
import { Failure } from "../../base/failure.ts";
import { jsonText } from "../../base/json-text.ts";
import { hidden, hiddenFile } from "../../base/redaction.ts";
import { openInput } from "../../base/source.ts";
import { clients } from "../../clients/index.ts";
import { formats } from "../../formats/index.ts";
import { recognizeFormat } from "../../formats/recognize.ts";
import { attribute } from "../../judge/attribution.ts";
import { stepRedactor } from "../../judge/redact-graph.ts";
import type { TypeInit } from "../../model/node-types.ts";
import { profileOfTypes } from "../../model/project-graph.ts";
import { retainerTree } from "../../model/retainer-tree.ts";
import { prune, type RetainersAnswer, renameHolders, retainersText } from "../../report/retainers.ts";
import { ExitCode } from "../exit-codes.ts";
import { onlyCapture } from "../inputs.ts";
import {
  addOutputOptions,
  addReadingOptions,
  addSessionOptions,
  type OutputOptions,
  openOptions,
  parseRegExp,
  type ReadingOptions,
  redactOption,
  type SessionOptions,
  topOption,
} from "../options.ts";
import { type AnswerFormat, answerFormat, writeAnswer } from "../output.ts";
import { openTerminal } from "../terminal.ts";

const FORMATS: readonly AnswerFormat[] = ["text", "json"];

type RetainersOptions = OutputOptions & SessionOptions & ReadingOptions & { readonly top: number; readonly of: RegExp };

const EXAMPLES = `
Examples:
  lagleak retainers Heap.heapsnapshot --of '^Batch$'
  lagleak retainers Heap.heapsnapshot --of JSArrayBufferData --top 3
  lagleak retainers dump.hprof --of 'ConsumerRecord$' --json
`;

export function define(command: Command, end: (exitCode: ExitCode) => void): void {
  command
    .argument("<capture>", "a heap snapshot, or - for standard input")
    .addOption(new Option("--of <regex>", "types whose objects are looked for").argParser(parseRegExp).makeOptionMandatory())
    .addOption(topOption());
  addReadingOptions(command);
  addOutputOptions(command, FORMATS);
  command.addOption(redactOption());
  addSessionOptions(command);
  command.addHelpText("after", EXAMPLES);
  command.action(async (capture: string, options: RetainersOptions) => end(await retainers(capture, options)));
}

async function retainers(capture: string, options: RetainersOptions): Promise<ExitCode> {
  const terminal = openTerminal(options);
  const answers = answerFormat(options, FORMATS, terminal);
  const file = await onlyCapture(capture, "retainers", "heap snapshot");
  terminal.progress.phase(`reading ${file}`);
  const input = await openInput(file, { onProgress: terminal.progress.advance, ...openOptions(options) });
  const format = recognizeFormat(input.head, input.name);
  if (format.readGraph === undefined) {
    throw new Failure({
      code: "format-unsupported",
      message: `is a ${format.title}, which does not show what holds what`,
      where: { file },
      hint: `Give one of these: ${formats.flatMap((other) => (other.readGraph === undefined ? [] : [other.title])).join(", ")}.`,
    });
  }
  const { losses, ...typed } = await format.readGraph(input).finally(terminal.progress.end);
  const tree = prune(retainerTree(typed, options.of), options.top);
  const found = { path: file, of: options.of.source, ...tree, losses };
  const shown = options.redact === true ? redacted(found, typed.types.types, format.id) : found;
  const answer: RetainersAnswer = { schemaVersion: 1, format: format.id, ...shown };
  await writeAnswer(answers === "json" ? jsonText(answer) : retainersText(answer, terminal), options, terminal);
  return ExitCode.answered;
}

type Found = Omit<RetainersAnswer, "schemaVersion" | "format">;

/** What was asked for may name a class, too. */
function redacted({ path, of, losses, ...tree }: Found, types: readonly TypeInit[], format: string): Found {
  const profile = profileOfTypes(types, format, format === "hprof" ? "jvm" : "node");
  const rename = stepRedactor(profile, attribute(profile, clients));
  return { ...renameHolders(tree, rename), path: hiddenFile(path), of: hidden(of), losses };
}
