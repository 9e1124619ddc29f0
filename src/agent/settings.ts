/** What the agent is told by variables of the environment, named LAGLEAK_*. A value that cannot be read is said, and its default holds. */
import { parseBytes, parseDurationMs } from "../base/units.ts";

export interface AgentSettings {
  readonly folder: string;
  readonly name: string; // beginning of the names of all files
  readonly everyMs: number; // between two profiles, at first
  readonly mostFiles: number; // profiles that are kept
  readonly sampleBytes: number; // between two samples, on average
  readonly signal: string | null; // takes a profile at once
  readonly nearLimit: boolean; // a profile when V8 is about to run out of memory
}

const DEFAULTS: AgentSettings = {
  folder: ".",
  name: "node",
  everyMs: 60_000,
  mostFiles: 32,
  sampleBytes: 128 * 1024,
  signal: "SIGUSR2",
  nearLimit: true,
};

/** The first and the last profile and one between: fewer are no course. */
const FEWEST_FILES = 3;
const SHORTEST_MS = 100;
const SMALLEST_SAMPLE_BYTES = 1024;

const VARIABLES = {
  folder: "LAGLEAK_FOLDER",
  name: "LAGLEAK_NAME",
  everyMs: "LAGLEAK_EVERY",
  mostFiles: "LAGLEAK_FILES",
  sampleBytes: "LAGLEAK_SAMPLE",
  signal: "LAGLEAK_SIGNAL",
  nearLimit: "LAGLEAK_NEAR_LIMIT",
} as const satisfies Record<keyof AgentSettings, string>;

export function readSettings(environment: Readonly<Record<string, string | undefined>>, complain: (text: string) => void): AgentSettings {
  const read = <Setting extends keyof AgentSettings>(
    setting: Setting,
    parse: (text: string) => AgentSettings[Setting],
  ): AgentSettings[Setting] => {
    const variable = VARIABLES[setting];
    const text = environment[variable];
    if (text === undefined || text === "") return DEFAULTS[setting];
    try {
      return parse(text);
    } catch {
      complain(`${variable} cannot be read, ${String(DEFAULTS[setting])} holds`);
      return DEFAULTS[setting];
    }
  };
  return {
    folder: read("folder", (text) => text),
    name: read("name", (text) => text.replaceAll(/[^\w.-]+/g, "_")),
    everyMs: read("everyMs", (text) => Math.max(SHORTEST_MS, parseDurationMs(text))),
    mostFiles: read("mostFiles", (text) => Math.max(FEWEST_FILES, wholeNumber(text))),
    sampleBytes: read("sampleBytes", (text) => Math.max(SMALLEST_SAMPLE_BYTES, parseBytes(text))),
    signal: read("signal", (text) => (text === "none" ? null : signalName(text))),
    nearLimit: read("nearLimit", (text) => text !== "0" && text !== "no"),
  };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new Error("not a number");
  return Number(text);
}

function signalName(text: string): string {
  if (!/^SIG(?:USR[12]|HUP|WINCH|IO|PWR|URG)$/.test(text)) throw new Error("no signal that a program can spare");
  return text;
}
