/** `lagleak ceiling`: how much a client may buffer under a configuration, and whether that fits. Reads no capture. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { Failure } from "../../base/failure.ts";
import { jsonText } from "../../base/json-text.ts";
import { parseBytes } from "../../base/units.ts";
import type { KafkaClient } from "../../clients/client.ts";
import { clients } from "../../clients/index.ts";
import { clientConfig } from "../../evidence/client-config.ts";
import { librdkafkaStats } from "../../evidence/librdkafka-stats.ts";
import { readEvidence } from "../../evidence/read-evidence.ts";
import { parseSettings } from "../../evidence/settings.ts";
import { canSweep, planCeilings, ROLES, type Role, sweepCeilings } from "../../judge/ceiling-plan.ts";
import { scopeOf } from "../../judge/facts.ts";
import { checkSettings, givenSettings } from "../../judge/settings.ts";
import { ceilingAnswer } from "../../report/ceiling-answer.ts";
import { ExitCode } from "../exit-codes.ts";
import {
  addClientOptions,
  addOutputOptions,
  addSessionOptions,
  type ClientOptions,
  clientOptions,
  type OutputOptions,
  parseSize,
  type SessionOptions,
} from "../options.ts";
import { type AnswerFormat, answerFormat, writeAnswer } from "../output.ts";
import { openTerminal } from "../terminal.ts";

const FORMATS: readonly AnswerFormat[] = ["text", "json"];

interface Sweep {
  readonly of: string;
  readonly values: readonly number[];
}

type CeilingOptions = ClientOptions &
  OutputOptions &
  SessionOptions & {
    readonly role: Role;
    readonly stats?: string;
    readonly memoryLimit?: number;
    readonly sweep?: Sweep;
  };

const EXAMPLES = `
Examples:
  lagleak ceiling --client rust-rdkafka --partitions 12 --brokers 3 --message-size 1KiB
  lagleak ceiling --client java-kafka-clients --config consumer.properties --memory-limit 512Mi
  lagleak ceiling --client librdkafka --sweep partitions=1..200 --split-queues --json
`;

export function define(command: Command, end: (exitCode: ExitCode) => void): void {
  addClientOptions(command);
  command
    .addOption(new Option("--role <role>", "what the instances do").choices(ROLES).default("consumer"))
    .option("--stats <file>", "librdkafka statistics, for partitions, brokers and message size")
    .option("--memory-limit <size>", "say whether it fits, and which settings would", parseSize)
    .option("--sweep <name=values>", "repeat it: partitions=1..200, brokers=3,6,9, fetch.max.bytes=1MiB..50MiB", parseSweep);
  addOutputOptions(command, FORMATS);
  addSessionOptions(command);
  command.addHelpText("after", EXAMPLES);
  command.action(async (options: CeilingOptions) => end(await run(options)));
}

/** @throws Failure */
async function run(options: CeilingOptions): Promise<ExitCode> {
  const terminal = openTerminal(options);
  const format = answerFormat(options, FORMATS, terminal);
  const client = clientOf(options.client);
  const settings = parseSettings(options.set ?? []);
  const evidence = [
    ...(options.config === undefined ? [] : await readEvidence(options.config, clientConfig)),
    ...(options.stats === undefined ? [] : await readEvidence(options.stats, librdkafkaStats)),
  ];
  const given = givenSettings(evidence, settings);
  const losses = [...given.losses, ...checkSettings(client, given, clients)];
  const queues = evidence.filter((fact) => fact.kind === "queue");
  const scope = scopeOf(clientOptions(options), given.settings, queues, options.clientVersion ?? null);
  const limitBytes = options.memoryLimit ?? null;
  const plan = planCeilings(client, scope, options.role, limitBytes, clients);
  const { sweep } = options;
  if (sweep !== undefined && !canSweep(client, sweep.of, clients)) {
    throw new Failure({
      code: "usage",
      message: `--sweep: ${sweep.of} is neither a setting that bounds ${client.id} nor partitions, brokers, instances or a size`,
      hint: `Settings that bound it: ${plan.parameters.map(({ name }) => name).join(", ")}.`,
    });
  }
  const answer = ceilingAnswer(plan, {
    sweep: sweep === undefined ? null : { of: sweep.of, points: sweepCeilings(client, scope, options.role, limitBytes, clients, sweep) },
    warnings: [...losses, ...queues.flatMap((queue) => queue.losses)].map(({ code, text }) => ({ code, text })),
  });
  if (format === "json") await writeAnswer(jsonText(answer), options, terminal);
  else {
    const { ceilingText } = await import("../../report/ceiling-text.ts");
    await writeAnswer(ceilingText(answer, { ...terminal, verbose: options.verbose ?? false }), options, terminal);
  }
  return ExitCode.answered;
}

/** @throws Failure `usage` */
function clientOf(id: string | undefined): KafkaClient {
  const client = clients.find((candidate) => candidate.id === id);
  if (client !== undefined) return client;
  throw new Failure({
    code: "usage",
    message: id === undefined ? "no client is named" : `there is no client "${id}"`,
    hint: `Add --client with one of ${clients.map((candidate) => candidate.id).join(", ")}.`,
  });
}

/** More would only be a longer table. */
const MOST_VALUES = 10_000;

/** `partitions=1..200`, `brokers=3,6,9`, `message-size=1KiB..1MiB`. A range has at most 10,000 values, evenly spaced. */
export function parseSweep(text: string): Sweep {
  const match = /^([\w.-]+)=(.+)$/.exec(text.trim());
  if (match === null) throw new InvalidArgumentError("It has to be name=from..to or name=value,value.");
  const [, of = "", list = ""] = match;
  const range = /^(.+?)\.\.(.+)$/.exec(list);
  if (range === null) return { of, values: list.split(",").map(sweepValue) };
  const from = sweepValue(range[1] ?? "");
  const to = sweepValue(range[2] ?? "");
  if (to < from) throw new InvalidArgumentError("The range has to rise.");
  const count = Math.min(MOST_VALUES, Math.floor(to - from) + 1);
  // a range of sizes in steps of bytes says nothing: sixteen points show its course
  const points = to > 10 * MOST_VALUES ? Math.min(16, count) : count;
  return {
    of,
    values: Array.from({ length: points }, (_, row) => (points === 1 ? from : Math.round(from + (row * (to - from)) / (points - 1)))),
  };
}

function sweepValue(text: string): number {
  try {
    const value = /^\s*\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : parseBytes(text.trim());
    if (value >= 0) return value;
  } catch {
    // said below
  }
  throw new InvalidArgumentError(`"${text.trim()}" is no number or size.`);
}
