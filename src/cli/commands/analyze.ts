/** `lagleak analyze <captures...>`: the main job. */
import path from "node:path";
import type { Command } from "commander";
import { Failure } from "../../base/failure.ts";
import { clientConfig } from "../../evidence/client-config.ts";
import type { Evidence, EvidenceSource, WantedEvidence } from "../../evidence/evidence.ts";
import { librdkafkaStats } from "../../evidence/librdkafka-stats.ts";
import { readEvidence } from "../../evidence/read-evidence.ts";
import { parseSettings } from "../../evidence/settings.ts";
import type { Answer, Profile } from "../../index.ts";
import type { ExperimentKind } from "../../judge/group-facts.ts";
import type { Grouping } from "../../judge/groupings.ts";
import { select } from "../../model/select.ts";
import { ExitCode } from "../exit-codes.ts";
import { type GivenFiles, refuseCapture, sortGiven, sourceOf } from "../inputs.ts";
import {
  type AttributionOptions,
  addAttributionOptions,
  addClientOptions,
  addEvidenceOptions,
  addGateOptions,
  addOutputOptions,
  addReadingOptions,
  addSelectionOptions,
  addSessionOptions,
  type ClientOptions,
  clientOptions,
  type EvidenceOptions,
  experimentOption,
  type GateOptions,
  groupByOption,
  type OutputOptions,
  type ReadingOptions,
  redactOption,
  type SelectionOptions,
  type SessionOptions,
} from "../options.ts";
import { type AnswerFormat, answerFormat, writeAnswer } from "../output.ts";
import { readAll, readSuppressions } from "../reading.ts";
import { reproduction } from "../reproduce.ts";
import { openTerminal } from "../terminal.ts";

const FORMATS: readonly AnswerFormat[] = ["text", "json", "markdown", "html", "sarif"];

export type AnalyzeOptions = ClientOptions &
  EvidenceOptions &
  AttributionOptions &
  SelectionOptions &
  ReadingOptions &
  OutputOptions &
  SessionOptions &
  GateOptions & { readonly groupBy: Grouping; readonly tree?: boolean; readonly experiment?: ExperimentKind };

const EXAMPLES = `
Examples:
  lagleak heaptrack.consumer.1234.zst --stats stats.jsonl --started-at 2026-11-24T03:00:00Z
  lagleak analyze dumps/ --config consumer.properties --memory-limit 512Mi
  lagleak analyze dumps/ --lag describe.txt --memory pidstat.txt
  lagleak analyze heaptrack.zst --rules rules.yaml --suppressions lsan.supp
  lagleak analyze heaptrack.zst --tree --focus rd_kafka
  lagleak analyze hist.*.txt --group-by type --top 20 --redact
  lagleak analyze --experiment drain full.heap stats.1.jsonl -- drained.heap stats.2.jsonl
  lagleak analyze 'heap.*.pb.gz' --fail-on leak,backlog --min-confidence 0.9 -o leak.json
`;

export function define(command: Command, end: (exitCode: ExitCode) => void): void {
  addAnalyzeOptions(command, FORMATS);
  command.addHelpText("after", EXAMPLES);
  command.action(async (captures: readonly string[], options: AnalyzeOptions) => end(await runAnalyze(captures, options)));
}

/** Everything that an answer can hang on. */
export function addAnalyzeOptions(command: Command, formats: readonly AnswerFormat[]): void {
  command.argument("[captures...]", "captures of one process in any order: files, folders, globs, - for standard input");
  command.addOption(experimentOption());
  addAnalyzeOptionsWithoutCaptures(command, formats);
}

/** The same for commands that make the captures themselves. */
export function addAnalyzeOptionsWithoutCaptures(command: Command, formats: readonly AnswerFormat[]): void {
  addClientOptions(command);
  addEvidenceOptions(command);
  addAttributionOptions(command);
  addSelectionOptions(command);
  command.addOption(groupByOption()).option("--tree", "add the paths that hold the memory, as a tree");
  addReadingOptions(command);
  addOutputOptions(command, formats);
  command.addOption(redactOption());
  addSessionOptions(command);
  addGateOptions(command);
}

/** What was captured before and after the change of an experiment; null where there was none. */
type Halves = readonly [readonly string[], readonly string[] | null];

/** Reads the captures and the evidence, judges, and writes the answer. @throws Failure */
export async function runAnalyze(names: readonly string[], options: AnalyzeOptions, halves?: Halves): Promise<ExitCode> {
  const terminal = openTerminal(options);
  const format = answerFormat(options, FORMATS, terminal);
  const settings = parseSettings(options.set ?? []);
  const [captures, second] = halves ?? halvesOf(names, options.experiment, process.argv);
  const given = await sortGiven(captures);
  const evidence = await readAllEvidence(options, given.evidence);
  const givenSecond = second === null ? null : await sortGiven(second);
  // what options name is of the first half, but for the configuration
  const configOption = options.config === undefined ? {} : { config: options.config };
  const evidenceSecond = givenSecond === null ? [] : await readAllEvidence(configOption, givenSecond.evidence);
  if (given.captures.length === 0 && evidence.length === 0) {
    throw new Failure({ code: "usage", message: "nothing to analyze", hint: "Name at least one capture, or statistics with --stats." });
  }
  // loaded here and not above: everything that reads and judges costs 25 ms, which a --help should not wait for
  const lagleak = await import("../../index.ts");
  // what is wrong with these is said before captures are read, which may take long
  const rules = options.rules === undefined ? null : await lagleak.readRules(options.rules);
  const suppressions = options.suppressions === undefined ? [] : await readSuppressions(options.suppressions);
  if (options.client !== undefined) lagleak.requireClient(options.client, rules);
  const profileOf = async ({ captures: files }: GivenFiles): Promise<Profile | null> =>
    files.length === 0 ? null : selected(await readAll(lagleak.read, files, options, terminal), options);
  const profile = await profileOf(given);
  const experiment =
    options.experiment === undefined || givenSecond === null
      ? {}
      : { experiment: { kind: options.experiment, profile: await profileOf(givenSecond), evidence: evidenceSecond } };
  const circumstances = {
    evidence,
    ...experiment,
    top: options.top,
    groupBy: options.groupBy,
    tree: options.tree ?? false,
    redact: options.redact ?? false,
    told: {
      ...clientOptions(options),
      settings,
      memoryLimitBytes: options.memoryLimit ?? null,
      startedAt: options.startedAt ?? null,
      app: options.app ?? null,
      rules,
      suppressions,
    },
  };
  const answer = format === "html" ? lagleak.report(profile, circumstances) : lagleak.analyze(profile, circumstances);
  const text = lagleak.render(answer, format, {
    columns: terminal.columns,
    color: terminal.color,
    verbose: options.verbose ?? false,
    command: format === "html" && options.redact !== true ? reproduction(process.argv.slice(2)) : null, // it names files
  });
  await writeAnswer(text, options, terminal);
  return gate("answer" in answer ? answer.answer : answer, options);
}

/**
 * The names before and behind `--`, which only the typed words still show. Without an experiment `--` ends the options, as usual.
 * @throws Failure `usage` for an experiment without two halves
 */
function halvesOf(
  names: readonly string[],
  experiment: ExperimentKind | undefined,
  words: readonly string[],
): readonly [readonly string[], readonly string[] | null] {
  if (experiment === undefined) return [names, null];
  const separator = words.indexOf("--");
  const second = separator < 0 ? [] : words.slice(separator + 1);
  const first = names.slice(0, names.length - second.length);
  if (second.length > 0) return [first, second];
  throw new Failure({
    code: "usage",
    message: "an experiment has two halves",
    hint: `Name what was captured after the change behind --: lagleak analyze --experiment ${experiment} before.heap -- after.heap`,
  });
}

async function readAllEvidence(options: EvidenceOptions & ClientOptions, found: GivenFiles["evidence"]): Promise<readonly Evidence[]> {
  const named: { file: string | undefined; source: EvidenceSource; wanted?: WantedEvidence }[] = [
    { file: options.config, source: clientConfig },
    { file: options.stats, source: librdkafkaStats },
  ];
  for (const wanted of ["lag", "memory"] as const) {
    for (const file of options[wanted] ?? []) named.push({ file, source: await sourceOf(file, wanted), wanted });
  }
  const evidence: Evidence[] = [];
  const seen = new Set<string>();
  for (const { file, source, wanted } of [...named, ...found.map((one) => ({ ...one, wanted: undefined }))]) {
    if (file === undefined || seen.has(`${source.id} ${path.resolve(file)}`)) continue;
    seen.add(`${source.id} ${path.resolve(file)}`);
    if (file === options.config && source === clientConfig) await refuseCapture(file, "--config");
    evidence.push(...(await readEvidence(file, source, wanted)));
  }
  return evidence;
}

/** @throws Failure `usage` when nothing of the capture is left */
function selected(profile: Profile, { since, until, focus, ignore }: SelectionOptions): Profile {
  const part = select(profile, { since: since ?? null, until: until ?? null, focus: focus ?? null, ignore: ignore ?? null });
  if (part !== null) return part;
  throw new Failure({
    code: "usage",
    message: "--since and --until leave nothing of the capture",
    hint: "Give times after the start (90s) or before the end (-10m); an ISO time needs a capture that knows when it was taken.",
  });
}

/** Exit code 1 when the verdict is one of those that the caller does not want, and sure enough. */
function gate({ verdict }: Answer, { failOn, minConfidence }: GateOptions): ExitCode {
  const trips = (failOn ?? []).some((name) => (name === "over-limit" ? verdict.limit?.exceeds === true : verdict.class === name));
  return trips && verdict.confidence >= minConfidence ? ExitCode.gate : ExitCode.answered;
}
