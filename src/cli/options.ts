/**
 * The options that commands share, by topic, and how their values are read. Every value is checked here; what a command gets
 * is numbers, times and expressions. Bytes and milliseconds, although the names of the options do not say so.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ZstdDecoder } from "../base/decompress.ts";
import { Failure } from "../base/failure.ts";
import type { OpenOptions } from "../base/source.ts";
import { parseBytes, parseDurationMs } from "../base/units.ts";
import type { Told } from "../judge/facts.ts";
import { EXPERIMENTS } from "../judge/group-facts.ts";
import { GROUPINGS, type Grouping } from "../judge/groupings.ts";
import type { Moment } from "../model/select.ts";
import type { AnswerFormat } from "./output.ts";
import type { When } from "./terminal.ts";

export interface ClientOptions {
  readonly client?: string; // id of a client; left out: detected
  readonly clientVersion?: string;
  readonly config?: string; // path
  readonly set?: readonly string[]; // key=value
  readonly partitions?: number;
  readonly brokers?: number;
  readonly instances?: number;
  readonly messageSize?: number; // bytes
  readonly keySize?: number; // bytes
  readonly headersSize?: number; // bytes
  readonly compressionRatio?: number;
  readonly splitQueues?: boolean;
}

export interface EvidenceOptions {
  readonly stats?: string; // path
  readonly lag?: readonly string[]; // paths
  readonly memory?: readonly string[]; // paths
  readonly memoryLimit?: number; // bytes
  readonly startedAt?: number; // Unix ms
}

export interface AttributionOptions {
  readonly app?: RegExp;
  readonly rules?: string; // path
  readonly suppressions?: string; // path
}

export interface SelectionOptions {
  readonly since?: Moment;
  readonly until?: Moment;
  readonly focus?: RegExp;
  readonly ignore?: RegExp;
  readonly top: number;
}

export interface ReadingOptions {
  readonly symbolize: boolean;
  readonly maxDecompressed?: number; // bytes
  readonly zstd?: ZstdDecoder;
}

/** How an answer is given. */
export interface OutputOptions {
  readonly format?: AnswerFormat;
  readonly json?: boolean;
  readonly output?: string; // path
  readonly force?: boolean;
  readonly redact?: boolean;
}

/** How the program behaves beside its answer. */
export interface SessionOptions {
  readonly color: When;
  readonly progress: When;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly pager?: boolean;
}

export const GATES = ["leak", "backlog", "over-limit", "inconclusive"] as const;
export type Gate = (typeof GATES)[number];

export interface GateOptions {
  readonly failOn?: readonly Gate[];
  readonly minConfidence: number;
}

export function addClientOptions(command: Command): void {
  command
    .optionsGroup("Client and its configuration:")
    .option("--client <id>", "the Kafka client, see `lagleak list clients` (default: detected)")
    .option("--client-version <version>", "its version")
    .option("--config <file>", "its configuration: .properties, JSON, YAML, TOML, environment, client log or program; secrets are not kept")
    .option("--set <key=value>", "one setting, wins over --config; repeatable", collect)
    .option("--partitions <n>", "partitions assigned to the process", parseCount)
    .option("--brokers <n>", "brokers that lead these partitions", parseCount)
    .option("--instances <n>", "client instances in the process", parseCount)
    .option("--message-size <size>", "mean size of a value", parseSize)
    .option("--key-size <size>", "mean size of a key", parseSize)
    .option("--headers-size <size>", "mean size of the headers of a message", parseSize)
    .option("--compression-ratio <x>", "decompressed size / size on the wire", parseRatio)
    .option("--split-queues", "every partition is consumed from a queue of its own");
}

/** What was told of the client and its messages; null where it was not. */
export function clientOptions(options: ClientOptions): Told {
  return {
    client: options.client ?? null,
    clientVersion: options.clientVersion ?? null,
    partitions: options.partitions ?? null,
    brokers: options.brokers ?? null,
    instances: options.instances ?? null,
    messageBytes: options.messageSize ?? null,
    keyBytes: options.keySize ?? null,
    headersBytes: options.headersSize ?? null,
    compressionRatio: options.compressionRatio ?? null,
    splitQueues: options.splitQueues ?? false,
  };
}

export function addEvidenceOptions(command: Command): void {
  command
    .optionsGroup("Evidence from outside of the heap:")
    .option("--stats <file>", "librdkafka statistics: JSON, JSON lines, or a log that holds them")
    .option("--lag <file>", "consumer lag: kafka-consumer-groups, Burrow, Prometheus or CSV; repeatable", collect)
    .option("--memory <file>", "memory of the process: CSV, pidstat, ps, kubectl top, Prometheus, malloc_info, …; repeatable", collect)
    .option("--memory-limit <size>", "what the process may use, such as the limit of its container", parseSize)
    .option("--started-at <time>", "when the capture began, as an ISO time, where the file does not say", parseTime);
}

export function experimentOption(): Option {
  return new Option(
    "--experiment <kind>",
    "two halves, the second behind --: drain (the lag is gone), halve-queue (half the prefetch queue)",
  ).choices(EXPERIMENTS);
}

export function addAttributionOptions(command: Command): void {
  command
    .optionsGroup("Attribution:")
    .option("--app <regex>", "functions, types, threads, files or modules of the application, whatever else would claim them", parseRegExp)
    .option("--rules <file>", "own clients and wrappers, by their frames: YAML or JSON, see docs/rules.md")
    .option("--suppressions <file>", "stacks to leave out, as LeakSanitizer reads them: lines of leak:<pattern>");
}

export function addSelectionOptions(command: Command): void {
  command
    .optionsGroup("Selection:")
    .option("--since <when>", "ignore what is before: 90s after the start, -10m before the end, or an ISO time", parseMoment)
    .option("--until <when>", "ignore what is after", parseMoment)
    .option("--focus <regex>", "only stacks with such a frame", parseRegExp)
    .option("--ignore <regex>", "no stacks with such a frame", parseRegExp)
    .addOption(topOption());
}

export function topOption(): Option {
  return new Option("--top <n>", "entries in each list").argParser(parseCount).default(10);
}

export function groupByOption(): Option {
  return new Option("--group-by <what>", "what memory is summed up by").choices(GROUPINGS).default("component" satisfies Grouping);
}

export function redactOption(): Option {
  return new Option("--redact", "hide names that are your own: paths, functions, packages; clients, runtimes and libraries stay readable");
}

export function addReadingOptions(command: Command): void {
  command
    .optionsGroup("Captures:")
    .option("--no-symbolize", "do not name bare addresses from the files of the modules")
    .option(
      "--max-decompressed <size>",
      "most bytes to read from a compressed capture (default: 4 GiB, or 100 times its size if that is more)",
      parseSize,
    )
    // for measurements; whichever is there is taken otherwise
    .addOption(new Option("--zstd <decoder>").choices(["builtin", "command", "wasm"] satisfies ZstdDecoder[]).hideHelp());
}

export function addOutputOptions(command: Command, formats: readonly AnswerFormat[]): void {
  command
    .optionsGroup("Output:")
    .addOption(new Option("--format <format>", "what the answer is (default: by the extension of -o, else text)").choices(formats))
    .option("--json", "the same as --format json")
    .option("-o, --output <file>", "write the answer to a file")
    .option("--force", "overwrite it");
}

export function addSessionOptions(command: Command): void {
  command
    .optionsGroup("Terminal:")
    .addOption(whenOption("--color <when>", "colour in text; NO_COLOR and FORCE_COLOR are honoured"))
    .addOption(whenOption("--progress <when>", "progress on stderr"))
    .option("--no-pager", "do not show a long answer by $PAGER")
    .option("-q, --quiet", "no notes on stderr")
    .option("-v, --verbose", "whole stacks and every ceiling; more notes on stderr");
}

export function addGateOptions(command: Command): void {
  command
    .optionsGroup("Gate:")
    .option("--fail-on <verdicts>", `exit with 1 on these, separated by commas: ${GATES.join(", ")}`, parseGates)
    .option("--min-confidence <p>", "only when the verdict is at least as sure", parseShare, 0);
}

function whenOption(flags: string, description: string): Option {
  return new Option(flags, description).choices(["auto", "always", "never"] satisfies When[]).default("auto");
}

function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It has to be a whole number from 1.");
  return Number(text);
}

export function parseRatio(text: string): number {
  const ratio = Number(text);
  if (text.trim() === "" || !Number.isFinite(ratio) || ratio <= 0) throw new InvalidArgumentError("It has to be a number above 0.");
  return ratio;
}

export function parseShare(text: string): number {
  const share = Number(text);
  if (text.trim() === "" || !(share >= 0 && share <= 1)) throw new InvalidArgumentError("It has to be a number from 0 to 1.");
  return share;
}

export function parseSize(text: string): number {
  return asArgument(() => parseBytes(text));
}

export function parseTime(text: string): number {
  // a date with a time; Date.parse alone would take "1" for a year
  const unixMs = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(unixMs)) throw new InvalidArgumentError("It has to be an ISO time such as 2026-11-22T07:30:15Z.");
  return unixMs;
}

export function parseMoment(text: string): Moment {
  if (/^\d{4}-/.test(text)) return { from: "clock", ms: parseTime(text) };
  return text.startsWith("-")
    ? { from: "end", ms: asArgument(() => parseDurationMs(text.slice(1))) }
    : { from: "start", ms: asArgument(() => parseDurationMs(text)) };
}

export function parseRegExp(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (cause) {
    throw new InvalidArgumentError(`${(cause as Error).message}.`);
  }
}

export function parseGates(text: string): readonly Gate[] {
  const words = text.split(",").map((word) => word.trim());
  const isGate = (word: string): word is Gate => (GATES as readonly string[]).includes(word);
  const unknown = words.find((word) => !isGate(word));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is none of ${GATES.join(", ")}.`);
  return words.filter(isGate);
}

/** A Failure of a parser, said by commander, which names the option. */
function asArgument<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    throw new InvalidArgumentError(cause.hint ?? cause.message);
  }
}

/** What the readers take of the options of this group. */
export function openOptions({ maxDecompressed, zstd }: ReadingOptions): Pick<OpenOptions, "maxDecompressedBytes" | "zstd"> {
  return {
    ...(maxDecompressed === undefined ? {} : { maxDecompressedBytes: maxDecompressed }),
    ...(zstd === undefined ? {} : { zstd }),
  };
}
