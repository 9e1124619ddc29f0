/** `lagleak analyze <captures...>`: the main job. */
import type { Command } from "commander";
import { Failure } from "../../base/failure.ts";
import type { ExitCode } from "../exit-codes.ts";
import {
  type AttributionOptions,
  addAttributionOptions,
  addClientOptions,
  addEvidenceOptions,
  addGateOptions,
  addOutputOptions,
  addReadingOptions,
  addSelectionOptions,
  type ClientOptions,
  type EvidenceOptions,
  type GateOptions,
  type OutputOptions,
  type ReadingOptions,
  type SelectionOptions,
} from "../options.ts";
import type { AnswerFormat } from "../output.ts";

const FORMATS: readonly AnswerFormat[] = ["text", "json", "markdown", "html", "sarif"];

export type AnalyzeOptions = ClientOptions &
  EvidenceOptions &
  AttributionOptions &
  SelectionOptions &
  ReadingOptions &
  OutputOptions &
  GateOptions;

const EXAMPLES = `
Examples:
  lagleak heaptrack.consumer.1234.zst --stats stats.jsonl
  lagleak analyze dumps/ --config consumer.properties --memory-limit 512Mi
  lagleak analyze 'heap.*.pb.gz' --fail-on leak,backlog --min-confidence 0.9 -o leak.json
`;

export function define(command: Command, end: (exitCode: ExitCode) => void): void {
  command.argument("[captures...]", "captures of one process in any order: files, folders, globs, - for standard input");
  addClientOptions(command);
  addEvidenceOptions(command);
  addAttributionOptions(command);
  addSelectionOptions(command);
  addReadingOptions(command);
  addOutputOptions(command, FORMATS);
  addGateOptions(command);
  command.addHelpText("after", EXAMPLES);
  command.action(async (captures: readonly string[], options: AnalyzeOptions) => end(await runAnalyze(captures, options)));
}

/** Reads the captures and the evidence, judges, and writes the answer. @throws Failure */
export async function runAnalyze(_captures: readonly string[], _options: AnalyzeOptions): Promise<ExitCode> {
  throw new Failure({ code: "usage", message: "not built yet" });
}
