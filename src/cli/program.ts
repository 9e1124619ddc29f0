/**
 * The command line. A command's options and code are loaded when it is the one that is asked for, so that `lagleak --help`
 * costs little more than starting Node.
 */
import { Command, CommanderError } from "commander";
import { Failure } from "../base/failure.ts";
import { VERSION } from "../base/version.ts";
import { ExitCode } from "./exit-codes.ts";

/** What a file in `commands/` exports. */
export interface CommandModule {
  /** Adds arguments, options, examples and the action, which hands its exit code to `end`. `whole` is the program with all commands. */
  readonly define: (command: Command, end: (exitCode: number) => void, whole: () => Promise<Command>) => void;
}

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

const commands: readonly Entry[] = [
  {
    name: "analyze",
    summary: "say whether the memory of a process grows by buffering or by a leak (the default command)",
    load: () => import("./commands/analyze.ts"),
  },
  {
    name: "attach",
    summary: "observe a running process without stopping it, profile it where asked, and answer",
    load: () => import("./commands/attach.ts"),
  },
  {
    name: "ceiling",
    summary: "compute how much a client may buffer, and which settings fit a memory limit",
    load: () => import("./commands/ceiling.ts"),
  },
  {
    name: "completion",
    summary: "print the completion of the command line for a shell",
    load: () => import("./commands/completion.ts"),
  },
  {
    name: "convert",
    summary: "write a capture in the format of another tool: pprof, collapsed stacks, speedscope",
    load: () => import("./commands/convert.ts"),
  },
  {
    name: "detach",
    summary: "undo what an interrupted attach left behind in a process",
    load: () => import("./commands/detach.ts"),
  },
  {
    name: "diff",
    summary: "show what grew and what shrank between two captures",
    load: () => import("./commands/diff.ts"),
  },
  {
    name: "doctor",
    summary: "say which ways into a process work here, why others do not, and the exact fix",
    load: () => import("./commands/doctor.ts"),
  },
  { name: "guide", summary: "say what to capture for your Kafka client, in five lines", load: () => import("./commands/guide.ts") },
  { name: "inspect", summary: "show what is in one capture, without judging it", load: () => import("./commands/inspect.ts") },
  {
    name: "retainers",
    summary: "show what holds the objects of a type in a heap snapshot",
    load: () => import("./commands/retainers.ts"),
  },
  { name: "list", summary: "list the supported formats, clients and methods", load: () => import("./commands/list.ts") },
  {
    name: "report",
    summary: "write the answer as one self-contained HTML page, for the people who have to be convinced",
    load: () => import("./commands/report.ts"),
  },
  {
    name: "run",
    summary: "start a program under capture, let it run as it would, and answer when it ends",
    load: () => import("./commands/run.ts"),
  },
];

const EXAMPLES = `
Examples:
  lagleak heaptrack.consumer.1234.zst
  lagleak analyze dumps/ --stats stats.jsonl --config consumer.properties --memory-limit 512Mi
  lagleak inspect heap.pb.gz --json
`;

/** Runs the program. @throws Failure, or whatever a bug throws */
export async function run(args: readonly string[]): Promise<number> {
  let exitCode: number = ExitCode.answered;
  const end = (code: number): void => {
    exitCode = code;
  };
  const words = withCommand(args);
  const program = await programOf((entry) => words[0] === entry.name, end);
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({ outputError: () => {} });
  }
  if (words.length === 0) {
    process.stderr.write(program.helpInformation() + EXAMPLES);
    return ExitCode.usage;
  }
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw wrongUsage(error, words[0] ?? "");
  }
  return exitCode;
}

/** The program with all its commands, to describe it. */
export function wholeProgram(): Promise<Command> {
  return programOf(
    () => true,
    () => {},
  );
}

async function programOf(isWanted: (entry: Entry) => boolean, end: (exitCode: number) => void): Promise<Command> {
  const program = new Command("lagleak")
    .description("Is your Kafka consumer leaking memory, or is it only buffering?")
    .usage("[command] <captures...> [options]")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .enablePositionalOptions() // what follows the program that `run` starts is its own
    .addHelpText("after", EXAMPLES);
  for (const entry of commands) {
    const command = program
      .command(entry.name)
      .summary(entry.summary)
      .description(`${sentence(entry.summary)}.`);
    if (isWanted(entry)) (await entry.load()).define(command.helpOption("-h, --help", "show this help"), end, wholeProgram);
  }
  return program;
}

/** `lagleak heap.pb` means `lagleak analyze heap.pb`, and `lagleak help inspect` means `lagleak inspect --help`. */
function withCommand(args: readonly string[]): readonly string[] {
  const [first, second] = args;
  if (first === undefined || ["-h", "--help", "-V", "--version"].includes(first)) return args;
  if (first === "help") return second === undefined ? ["--help"] : [second, "--help"];
  return commands.some((entry) => entry.name === first) ? args : ["analyze", ...args];
}

function wrongUsage(error: CommanderError, command: string): Failure {
  const [message = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const help = `See lagleak ${command} --help.`;
  return new Failure({ code: "usage", message, hint: suggestion === undefined ? help : `${suggestion.replace(/[()]/g, "")} ${help}` });
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
