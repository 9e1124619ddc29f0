/** `lagleak inspect <capture>`: what is in one capture, without a judgement. */
import type { Command } from "commander";
import { jsonText } from "../../base/json-text.ts";
import { openInput } from "../../base/source.ts";
import { readCapture } from "../../formats/recognize.ts";
import { inspectAnswer } from "../../report/inspect-answer.ts";
import { ExitCode } from "../exit-codes.ts";
import { onlyCapture } from "../inputs.ts";
import {
  addOutputOptions,
  addReadingOptions,
  addSessionOptions,
  type OutputOptions,
  openOptions,
  type ReadingOptions,
  redactOption,
  type SessionOptions,
  topOption,
} from "../options.ts";
import { type AnswerFormat, answerFormat, writeAnswer } from "../output.ts";
import { openTerminal } from "../terminal.ts";

const FORMATS: readonly AnswerFormat[] = ["text", "json"];

type InspectOptions = OutputOptions & SessionOptions & ReadingOptions & { readonly top: number };

const EXAMPLES = `
Examples:
  lagleak inspect heaptrack.consumer.1234.zst
  lagleak inspect heap.pb.gz --json
  lagleak inspect heap.pb.gz --redact -o heap.txt
  curl -s localhost:6060/debug/pprof/heap | lagleak inspect - --top 30
`;

export function define(command: Command, end: (exitCode: ExitCode) => void): void {
  command.argument("<capture>", "a capture file, or - for standard input").addOption(topOption());
  addReadingOptions(command);
  addOutputOptions(command, FORMATS);
  command.addOption(redactOption());
  addSessionOptions(command);
  command.addHelpText("after", EXAMPLES);
  command.action(async (capture: string, options: InspectOptions) => end(await inspect(capture, options)));
}

async function inspect(capture: string, options: InspectOptions): Promise<ExitCode> {
  const terminal = openTerminal(options);
  const format = answerFormat(options, FORMATS, terminal);
  const file = await onlyCapture(capture, "inspect", "capture");
  terminal.progress.phase(`reading ${file}`);
  const input = await openInput(file, {
    onProgress: terminal.progress.advance,
    ...openOptions(options),
  });
  const profile = await readCapture(input, { symbolize: options.symbolize, typesOnly: true }).finally(terminal.progress.end);
  // attribution, without which nobody can say whose a name is, is loaded only where it is needed
  const shown = options.redact === true ? (await import("../../index.ts")).redact(profile) : profile;
  const answer = inspectAnswer(shown, options.top);
  if (format === "json") await writeAnswer(jsonText(answer), options, terminal);
  else {
    const { inspectText } = await import("../../report/inspect-text.ts");
    await writeAnswer(inspectText(answer, terminal), options, terminal);
  }
  return ExitCode.answered;
}
