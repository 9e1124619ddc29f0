/** The options of attaching, and how their values are read. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseDurationMs } from "../base/units.ts";
import { parseSize } from "./options.ts";

export interface AttachOptions {
  readonly every: number; // ms
  readonly for?: number; // ms
  readonly untilVerdict?: boolean;
  readonly settle?: boolean;
  readonly profile?: boolean;
  readonly inject?: boolean;
  readonly method?: readonly string[]; // ids of attachers
  readonly yes?: boolean;
  readonly window: number; // ms
  readonly captures?: string; // folder
  readonly disk: number; // bytes
  readonly bootstrap?: readonly string[]; // host:port
  readonly group?: string;
}

const DEFAULT_EVERY_MS = 1000;
const DEFAULT_WINDOW_MS = 30_000;
const DEFAULT_DISK_BYTES = 2 * 1024 ** 3;

export function addAttachOptions(command: Command): void {
  command
    .optionsGroup("Looking:")
    .addOption(new Option("--every <time>", "between two looks").argParser(parseTime).default(DEFAULT_EVERY_MS, "1s"))
    .option("--for <time>", "how long (default: 60s; at a terminal until q or Ctrl-C)", parseTime)
    .option("--until-verdict", "until the answer is sure, or --for is over")
    .option("--settle", "the drain test: until the queues are empty and stay so; pause the producer meanwhile")
    .option("--bootstrap <hosts>", "brokers that may be asked for the lag, separated by commas", parseList)
    .option("--group <id>", "the consumer group whose lag is asked for")
    .optionsGroup("Capturing:")
    .option("--profile", "level 1, too: short stops, said before")
    .option("--inject", "level 2, too: long stops or code in the process; asks before")
    .option("--method <id>", "only this method, see `lagleak doctor <pid>`; repeatable", collect)
    .option("--yes", "do not ask before level 2")
    .addOption(new Option("--window <time>", "between two looks of one method").argParser(parseTime).default(DEFAULT_WINDOW_MS, "30s"))
    .option("--captures <folder>", "where captures are written (default: lagleak-<name>-<pid>)")
    .addOption(new Option("--disk <size>", "most bytes of one capture").argParser(parseSize).default(DEFAULT_DISK_BYTES, "2GiB"));
}

export function parsePid(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError("It has to be the number of a process, see `ps -ef`.");
  return Number(text);
}

export function parseTime(text: string): number {
  try {
    return Math.max(100, parseDurationMs(text));
  } catch {
    throw new InvalidArgumentError("It has to be a duration such as 500ms, 90s or 10m.");
  }
}

function parseList(text: string): readonly string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}
