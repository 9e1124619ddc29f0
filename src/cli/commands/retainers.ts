/** `lagleak retainers <capture> --of <type>`: what holds the objects of a type in a heap snapshot. */
import { type Command, Option } from "commander";
import { Failure } from "../../base/failure.ts";
import { jsonText } from "../../base/json-text.ts";
import { openInput } from "../../base/source.ts";
import { formats } from "../../formats/index.ts";
import { recognizeFormat } from "../../formats/recognize.ts";
import { retainerTree } from "../../model/retainer-tree.ts";
import { prune, type RetainersAnswer, retainersText } from "../../report/retainers.ts";
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
  const answer: RetainersAnswer = { schemaVersion: 1, path: file, format: format.id, of: options.of.source, ...tree, losses };
  await writeAnswer(answers === "json" ? jsonText(answer) : retainersText(answer, terminal), options, terminal);
  return ExitCode.answered;
}
