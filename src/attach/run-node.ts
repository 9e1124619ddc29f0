/**
 * Starts a Node.js program with the agent (`src/agent/`), which is put in by NODE_OPTIONS: so it reaches the program also behind `npm
 * start` or another script. Every Node.js process that is started has files of its own; the largest one is the consumer.
 */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Command, Launch, Launcher, LaunchSession } from "./launcher.ts";
import { firstBytes } from "./target-files.ts";

const OLDEST_NODE = 20;

export const runNode: Launcher = {
  id: "node-agent",
  title: "heap profiles of a Node.js program by an agent that is loaded before it",
  sees: "JavaScript objects that stay alive, by call stack, from the start on; external memory, heap and the native remainder as totals. Not the content of Buffers by stack, what native addons hold, or the heaps of worker threads",
  suits: (command) => (nodeOf(command) === null ? "no" : "best"),
  refuses: async (command) => {
    const version = await versionOf(nodeOf(command) ?? "node");
    if (version !== null && version >= OLDEST_NODE) return null;
    return {
      because:
        version === null ? "the version of Node.js cannot be found out" : `the agent needs Node.js ${OLDEST_NODE}, and this is ${version}`,
      fix: "Start it with a newer Node.js, or as `node --heap-prof`, and give the file that it writes at its end.",
    };
  },
  plan: async (_, { everyMs }) => ({
    what: `start it with NODE_OPTIONS=--import lagleak/agent: a heap profile every ${everyMs / 1000} s, on SIGUSR2, at its end and near its heap limit`,
    stops: "about 10 ms for each profile, and one sample for each 128 KiB that are allocated",
    risk: "none known; when the agent fails, the program runs without it",
  }),
  launch: async (command, session) => launch(command, session),
  collect: async (session) => collect(session),
};

/** The Node.js that runs a command: it itself, or what its first line names. Null: it is no such program. */
function nodeOf({ program: file, environment, kind }: Command): string | null {
  if (file === null) return null;
  if (/^node(?:js)?$/.test(path.basename(file))) return file;
  const interpreter = kind === "script" ? /^#!\s*(\S+)(?:\s+(?:-S\s+)?(\S+))?/.exec(beginningOf(file)) : null;
  const [, program = "", argument = ""] = interpreter ?? [];
  if (/\/node(?:js)?$/.test(program)) return program;
  if (!/\/env$/.test(program) || !/^node(?:js)?$/.test(argument)) return null;
  const folders = (environment["PATH"] ?? "").split(path.delimiter);
  return folders.map((folder) => path.join(folder, argument)).find((one) => beginningOf(one) !== "") ?? null;
}

function beginningOf(file: string): string {
  return firstBytes(file, 256).toString("latin1");
}

async function versionOf(node: string): Promise<number | null> {
  try {
    const { stdout } = await promisify(execFile)(node, ["--version"], { timeout: 10_000, env: {} });
    return Number(/^v(\d+)\./.exec(stdout)?.[1] ?? Number.NaN) || null;
  } catch {
    return null;
  }
}

function launch({ words, environment }: Command, { folder, name, everyMs }: LaunchSession): Launch {
  const agent = pathToFileURL(createRequire(import.meta.url).resolve("lagleak/agent")).href; // no space can be in a URL
  const options = environment["NODE_OPTIONS"] ?? "";
  return {
    words,
    environment: {
      NODE_OPTIONS: `${options} --import=${agent}`.trim(),
      // the names that src/agent/settings.ts reads
      LAGLEAK_FOLDER: path.resolve(folder),
      LAGLEAK_NAME: name,
      LAGLEAK_EVERY: `${everyMs}ms`,
    },
  };
}

/** Of the process that had the most memory. */
function collect({ folder, name }: LaunchSession): readonly string[] {
  const processes = new Map<string, { readonly profiles: string[]; observations: string | null }>();
  for (const file of readdirSync(folder)) {
    if (!file.startsWith(`${name}.`)) continue;
    const [, pid = "", kind] = /^(\d+)\.((?:\d+\.pb\.gz)|lagleak\.jsonl)$/.exec(file.slice(name.length + 1)) ?? [];
    if (kind === undefined) continue;
    const found = processes.get(pid) ?? { profiles: [], observations: null };
    if (kind === "lagleak.jsonl") found.observations = path.join(folder, file);
    else found.profiles.push(path.join(folder, file));
    processes.set(pid, found);
  }
  const [largest] = [...processes.values()]
    .filter(({ profiles }) => profiles.length > 0)
    .map((one) => ({ ...one, peakBytes: peakOf(one.observations) }))
    .sort((a, b) => b.peakBytes - a.peakBytes || b.profiles.length - a.profiles.length);
  if (largest === undefined) return [];
  return [...(largest.observations === null ? [] : [largest.observations]), ...largest.profiles.sort()]; // times of equal length
}

function peakOf(file: string | null): number {
  const sizes = file === null ? [] : [...readFileSync(file, "utf8").matchAll(/"residentBytes":(\d+)/g)].map((match) => Number(match[1]));
  return Math.max(0, ...sizes);
}
