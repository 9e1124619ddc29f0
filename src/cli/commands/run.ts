/** `lagleak run -- <command>`: start a program under capture, let it run as it would, then analyze. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Command, Option } from "commander";
import { attachers, launchers } from "../../attach/index.ts";
import { commandOf, type Launcher, type LaunchSession, type Command as Program } from "../../attach/launcher.ts";
import { inspectTarget, type Target } from "../../attach/target.ts";
import { Failure } from "../../base/failure.ts";
import { parseTime } from "../attach-options.ts";
import { attachSession, type SessionResult } from "../attach-session.ts";
import { timeStamp } from "../capture-names.ts";
import { clientOptions, parseSize } from "../options.ts";
import { type AnswerFormat, answerFormat } from "../output.ts";
import { stateFolder } from "../state-folder.ts";
import { planWords } from "../target-text.ts";
import { openTerminal, type Terminal } from "../terminal.ts";
import { type AnalyzeOptions, addAnalyzeOptionsWithoutCaptures, runAnalyze } from "./analyze.ts";
import { filesOfOneAnswer } from "./attach.ts";

const FORMATS: readonly AnswerFormat[] = ["text", "json", "markdown", "html", "sarif"];

const EXAMPLES = `
Examples:
  lagleak run -- ./consumer --group payments
  lagleak run --memory-limit 512Mi -o answer.json -- node consumer.js
  lagleak run --method jemalloc --every 5m -- ./consumer
  lagleak run --fail-on leak --min-confidence 0.9 -- python3 consumer.py
`;

type Options = AnalyzeOptions & {
  readonly method?: string;
  readonly every: number; // ms
  readonly captures?: string; // folder
  readonly disk: number; // bytes
};

const DEFAULT_EVERY_MS = 60_000;
const OBSERVE_EVERY_MS = 1000;
const DEFAULT_DISK_BYTES = 8 * 1024 ** 3;
/** A program that ends sooner has nothing to be observed. */
const START_MS = 500;

export function define(command: Command, end: (exitCode: number) => void): void {
  command
    .argument("<command...>", "the program and its arguments, after --")
    .passThroughOptions()
    .optionsGroup("Capturing:")
    .addOption(new Option("--method <id>", "how it is captured (default: what suits it best)").choices(launchers.map(({ id }) => id)))
    .addOption(
      new Option("--every <time>", "between two captures, where they come by time").argParser(parseTime).default(DEFAULT_EVERY_MS, "60s"),
    )
    .option("--captures <folder>", "where captures are written (default: lagleak-run-<time>)")
    .addOption(new Option("--disk <size>", "most bytes of one capture").argParser(parseSize).default(DEFAULT_DISK_BYTES, "8GiB"));
  addAnalyzeOptionsWithoutCaptures(command, FORMATS);
  command.addHelpText("after", EXAMPLES);
  command.action(async (words: readonly string[], options: Options) => end(await runProgram(words, options)));
}

/** The program's own exit code, or 128 and its signal; that of the gate where the program itself was content. @throws Failure */
async function runProgram(words: readonly string[], options: Options): Promise<number> {
  const terminal = openTerminal(options);
  answerFormat(options, FORMATS, terminal); // a wrong choice should not cost the run
  const program = commandOf(words, process.env, process.cwd());
  const launcher = await choose(program, options);
  const stamp = timeStamp();
  const folder = path.resolve(options.captures ?? `lagleak-run-${stamp}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const session: LaunchSession = { folder, name: `${path.basename(words[0] ?? "program")}.${stamp}`, everyMs: options.every };
  terminal.note(`${launcher.id}: ${planWords(await launcher.plan(program, session))}`);
  const { words: started, environment } = await launcher.launch(program, session);
  const startedAt = Date.now();
  const child = spawn(started[0] ?? "", started.slice(1), { stdio: "inherit", env: { ...process.env, ...environment } });
  const ended = endOf(child, words[0] ?? "");
  const restore = passSignals(child);
  let observed: SessionResult | null = null;
  let exit: Exit;
  try {
    observed = await observe(child, ended, launcher, folder, options, terminal);
    exit = await ended;
  } finally {
    restore();
  }
  terminal.note(`the program ended ${exit.signal === null ? `with ${exit.code}` : `by ${exit.signal}`}`);
  const captured = await launcher.collect(session);
  if (captured.length === 0) terminal.note(`${launcher.id} wrote nothing: what was observed has to do`);
  const files = [...captured, ...(observed?.files ?? [])].filter((file) => existsSync(file));
  for (const error of observed?.failures ?? []) terminal.note(`not captured: ${error.message}`);
  if (files.length === 0) {
    if (exit.code !== 0) return statusOf(exit); // it failed before there was anything to see
    throw new Failure({ code: "capture", message: "the program ended before anything was captured", hint: "Let it run for longer." });
  }
  terminal.note(`captured: ${files.map((file) => path.relative(".", file)).join(", ")}`);
  const answered = await runAnalyze(await filesOfOneAnswer(files, terminal), { startedAt, ...options });
  return statusOf(exit) === 0 ? answered : statusOf(exit);
}

/** The launcher that was named, else the first that suits best, else one that is possible. @throws Failure `capture` */
async function choose(program: Program, { method }: Options): Promise<Launcher> {
  const suited = (how: "best" | "possible"): readonly Launcher[] => launchers.filter((launcher) => launcher.suits(program) === how);
  const candidates = method === undefined ? [...suited("best"), ...suited("possible")] : launchers.filter(({ id }) => id === method);
  const refusals: { readonly id: string; readonly because: string; readonly fix: string }[] = [];
  for (const launcher of candidates) {
    const refusal = await launcher.refuses(program);
    if (refusal === null) return launcher;
    refusals.push({ id: launcher.id, ...refusal });
  }
  const [first] = refusals;
  throw new Failure({
    code: "capture",
    message:
      first === undefined ? `no method suits ${program.words[0] ?? ""}` : refusals.map(({ id, because }) => `${id}: ${because}`).join("; "),
    hint: first?.fix ?? "Start it as usual, and attach to it: lagleak attach <pid>",
  });
}

interface Exit {
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
}

/** @throws Failure `capture` when it could not be started */
function endOf(child: ChildProcess, name: string): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.on("error", (cause) =>
      reject(
        new Failure({
          code: "capture",
          message: `${name} cannot be started (${(cause as NodeJS.ErrnoException).code})`,
          hint: "Give the command as in a shell, with its path.",
          cause,
        }),
      ),
    );
    child.on("exit", (code, signal) => resolve({ code: code ?? 0, signal }));
  });
}

function statusOf({ code, signal }: Exit): number {
  return signal === null ? code : 128 + (os.constants.signals[signal] ?? 0);
}

const PASSED = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2", "SIGQUIT"] as const;

/** The program decides what a signal means, and this one waits for its end. What a terminal sends on Ctrl-C reaches both anyway. */
function passSignals(child: ChildProcess): () => void {
  const pass = (signal: NodeJS.Signals): void => {
    if (signal !== "SIGINT" || process.stdin.isTTY !== true) child.kill(signal);
  };
  for (const signal of PASSED) process.on(signal, pass);
  return () => {
    for (const signal of PASSED) process.removeListener(signal, pass);
  };
}

/** Level 0 beside the capture: its memory, and the queues of its client. Null where it ended too soon or is not for us. */
async function observe(
  child: ChildProcess,
  ended: Promise<Exit>,
  launcher: Launcher,
  folder: string,
  options: Options,
  terminal: Terminal,
): Promise<SessionResult | null> {
  const isShort = await Promise.race([ended.then(() => true), new Promise<false>((resolve) => setTimeout(resolve, START_MS, false))]);
  const target = isShort ? null : lookAt(child.pid ?? 0);
  if (target === null) return null;
  const stop = new AbortController();
  void ended.then(() => stop.abort("process-ended"));
  const chosen = attachers.filter(({ id }) => launcher.meanwhile?.includes(id) === true);
  const request = {
    everyMs: OBSERVE_EVERY_MS,
    forMs: null,
    untilVerdict: false,
    minConfidence: 1,
    settle: false,
    folder,
    stateFolder: stateFolder(),
    windowMs: options.every,
    diskBytes: options.disk,
    brokers: [],
    group: null,
    told: clientOptions(options),
  };
  return attachSession(target, chosen, attachers, request, stop, { note: terminal.detail });
}

function lookAt(pid: number): Target | null {
  try {
    return inspectTarget(pid);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}
