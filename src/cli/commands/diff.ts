/** `lagleak diff <before> <after>`: what grew and what shrank between two captures, without a judgement. */
import type { Command } from "commander";
import type { Profile } from "../../index.ts";
import type { Grouping } from "../../judge/groupings.ts";
import { select } from "../../model/select.ts";
import { ExitCode } from "../exit-codes.ts";
import { expandCaptures } from "../inputs.ts";
import {
  type AttributionOptions,
  addAttributionOptions,
  addOutputOptions,
  addReadingOptions,
  addSessionOptions,
  groupByOption,
  type OutputOptions,
  parseRegExp,
  type ReadingOptions,
  redactOption,
  type SessionOptions,
  topOption,
} from "../options.ts";
import { answerFormat, writeAnswer } from "../output.ts";
import { readAll, readSuppressions } from "../reading.ts";
import { openTerminal } from "../terminal.ts";

const FORMATS = ["text", "json", "markdown", "sarif"] as const;

type DiffOptions = AttributionOptions &
  ReadingOptions &
  OutputOptions &
  SessionOptions & {
    readonly client?: string;
    readonly focus?: RegExp;
    readonly ignore?: RegExp;
    readonly top: number;
    readonly groupBy: Grouping;
  };

const EXAMPLES = `
Examples:
  lagleak diff heap.1.pb.gz heap.9.pb.gz
  lagleak diff hist.before.txt hist.after.txt --group-by type --top 30
  lagleak diff heaptrack.v1.zst heaptrack.v2.zst --group-by function --format markdown
  lagleak diff main/ captures/ --group-by function -o growth.sarif
  lagleak diff monday/ friday/ --group-by package --redact --json
`;

export function define(command: Command, end: (exitCode: ExitCode) => void): void {
  command
    .argument("<before>", "a capture, or a folder or glob of captures of one process: its last instant counts")
    .argument("<after>", "another of the same kind; the programs may be different builds");
  command
    .optionsGroup("Selection:")
    .addOption(groupByOption())
    .addOption(topOption())
    .option("--focus <regex>", "only stacks with such a frame", parseRegExp)
    .option("--ignore <regex>", "no stacks with such a frame", parseRegExp);
  addAttributionOptions(command);
  command.option("--client <id>", "the Kafka client, see `lagleak list clients` (default: detected)");
  addReadingOptions(command);
  addOutputOptions(command, FORMATS);
  command.addOption(redactOption());
  addSessionOptions(command);
  command.addHelpText("after", EXAMPLES);
  command.action(async (before: string, after: string, options: DiffOptions) => end(await diff(before, after, options)));
}

/** @throws Failure */
async function diff(before: string, after: string, options: DiffOptions): Promise<ExitCode> {
  const terminal = openTerminal(options);
  const format = answerFormat(options, FORMATS, terminal) as (typeof FORMATS)[number];
  const lagleak = await import("../../index.ts");
  const rules = options.rules === undefined ? null : await lagleak.readRules(options.rules);
  const suppressions = options.suppressions === undefined ? [] : await readSuppressions(options.suppressions);
  if (options.client !== undefined) lagleak.requireClient(options.client, rules);
  const profiles: Profile[] = [];
  for (const name of [before, after]) {
    const profile = await readAll(lagleak.read, await expandCaptures([name]), options, terminal);
    const { focus = null, ignore = null } = options;
    profiles.push(select(profile, { since: null, until: null, focus, ignore }) ?? profile);
  }
  const [old, now] = profiles as [Profile, Profile];
  const answer = lagleak.compare(old, now, {
    told: { client: options.client ?? null, app: options.app ?? null, rules, suppressions },
    groupBy: options.groupBy,
    top: options.top,
    redact: options.redact ?? false,
  });
  const text = lagleak.renderComparison(answer, format, { columns: terminal.columns, color: terminal.color });
  await writeAnswer(text, options, terminal);
  return ExitCode.answered;
}
