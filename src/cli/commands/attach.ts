/** `lagleak attach <pid>`: observe a running process, capture, then analyze. */
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import type { Attacher, Level } from "../../attach/attacher.ts";
import { attachers } from "../../attach/index.ts";
import type { Observation } from "../../attach/observe.ts";
import { inspectTarget, type Target } from "../../attach/target.ts";
import { Failure } from "../../base/failure.ts";
import { parseSettings } from "../../evidence/settings.ts";
import { type AttachOptions, addAttachOptions, parsePid } from "../attach-options.ts";
import {
  attachSession,
  type Method,
  methodsFor,
  openUndo,
  type SessionEnd,
  type SessionListener,
  type SessionRequest,
  type SessionResult,
} from "../attach-session.ts";
import { plainName } from "../capture-names.ts";
import { confirm } from "../confirm.ts";
import { ExitCode } from "../exit-codes.ts";
import { ofOneKind } from "../inputs.ts";
import { withInterrupts } from "../interrupts.ts";
import { openLiveView } from "../live-view.ts";
import { clientOptions } from "../options.ts";
import { type AnswerFormat, answerFormat } from "../output.ts";
import { splitObservation } from "../settling.ts";
import { stateFolder } from "../state-folder.ts";
import { observationText, planText, targetText } from "../target-text.ts";
import { openTerminal, type Terminal } from "../terminal.ts";
import { type AnalyzeOptions, addAnalyzeOptionsWithoutCaptures, runAnalyze } from "./analyze.ts";

const FORMATS: readonly AnswerFormat[] = ["text", "json", "markdown", "html", "sarif"];

const EXAMPLES = `
Examples:
  lagleak attach 4711
  lagleak attach 4711 --for 5m --message-size 1KiB --memory-limit 512Mi -o answer.json
  lagleak attach 4711 --profile --until-verdict
  lagleak attach 4711 --settle --bootstrap broker:9092 --group payments
  lagleak doctor 4711
`;

type Options = AnalyzeOptions & AttachOptions;

/** Where nobody watches, it has to end by itself. */
const DEFAULT_FOR_MS = 60_000;
/** --until-verdict and --settle wait for something that may never come. */
const LONGEST_WAIT_MS = 30 * 60_000;
const SURE = 0.9;

export function define(command: Command, end: (exitCode: ExitCode) => void): void {
  command.argument("<pid>", "the process, by its number on this machine", parsePid);
  addAttachOptions(command);
  addAnalyzeOptionsWithoutCaptures(command, FORMATS);
  command.addHelpText("after", EXAMPLES);
  command.action(async (pid: number, options: Options) => end(await runAttach(pid, options)));
}

/** @throws Failure `capture`, `usage`, `output` */
async function runAttach(pid: number, options: Options): Promise<ExitCode> {
  const terminal = openTerminal(options);
  answerFormat(options, FORMATS, terminal); // a wrong choice should not cost the minutes of looking
  const target = inspectTarget(pid);
  terminal.note(targetText(target));
  if (target.memoryRefusal !== null) terminal.note(`only its size can be read. ${target.memoryRefusal.fix}`);
  const methods = await methodsFor(target, attachers, options.window);
  const chosen = await choose(methods, options, terminal, target);
  await undoLeftovers(target, terminal);
  const request = requestOf(target, options, terminal);
  for (const attacher of chosen) {
    const method = methods.find((one) => one.attacher === attacher);
    if (method !== undefined) terminal.note(planText(method));
  }
  const stop = new AbortController();
  const result = await withInterrupts(stop, () => watch(target, chosen, methods, request, stop, options, terminal));
  return conclude(target, result, options, terminal);
}

/** What of the levels and methods that were asked for can be done; a method that was named and cannot is an error. */
async function choose(methods: readonly Method[], options: Options, terminal: Terminal, target: Target): Promise<readonly Attacher[]> {
  const named = (options.method ?? []).map((id) => {
    const method = methods.find(({ attacher }) => attacher.id === id);
    if (method !== undefined && method.refusal === null) return method;
    throw new Failure({
      code: "capture",
      message: method?.refusal?.because ?? `${id} is no method for this process`,
      hint:
        method?.refusal?.fix ??
        `Its methods: ${methods.map(({ attacher }) => attacher.id).join(", ") || "none"}. See: lagleak doctor ${target.pid}`,
    });
  });
  const level: Level = options.inject === true ? 2 : options.profile === true ? 1 : 0;
  const byLevel = named.length > 0 ? [] : methods.filter(({ attacher }) => attacher.level <= level && attacher.byLevel !== false);
  for (const { attacher, refusal } of byLevel) {
    if (refusal !== null && attacher.level > 0) terminal.note(`${attacher.id} cannot be used: ${refusal.because}. ${refusal.fix}`);
  }
  const chosen = [...named, ...byLevel.filter(({ refusal }) => refusal === null)];
  if (level > 0 && named.length === 0 && chosen.length === 0)
    terminal.note("no method of this level can be used here; it is only observed");
  const intrusive = chosen.filter(({ attacher }) => attacher.level === 2);
  if (intrusive.length > 0 && options.yes !== true) {
    const question = [...intrusive.map(planText), "Do it?"].join("\n");
    const isAgreed = await confirm(question);
    if (isAgreed === null) {
      throw new Failure({
        code: "usage",
        message: "level 2 needs a yes, and nobody can be asked",
        hint: `Add --yes when this is acceptable:\n  ${intrusive.map(planText).join("\n  ")}`,
      });
    }
    if (!isAgreed) return chosen.filter(({ attacher }) => attacher.level < 2).map(({ attacher }) => attacher);
  }
  return chosen.map(({ attacher }) => attacher);
}

/** What an earlier run left open would be taken for the process's own. */
async function undoLeftovers(target: Target, terminal: Terminal): Promise<void> {
  const undo = openUndo(target, attachers, stateFolder());
  for (const { what } of undo.steps()) terminal.note(`left behind by an earlier run: ${what}`);
  for (const error of await undo.closeAll()) terminal.note(`could not be undone: ${error.message}`);
}

function requestOf(target: Target, options: Options, terminal: Terminal): SessionRequest {
  const waits = options.untilVerdict === true || options.settle === true;
  const folder = options.captures ?? `lagleak-${plainName(target.name)}-${target.pid}`;
  return {
    everyMs: options.every,
    forMs: options.for ?? (waits ? LONGEST_WAIT_MS : terminal.isInteractive ? null : DEFAULT_FOR_MS),
    untilVerdict: options.untilVerdict ?? false,
    minConfidence: options.minConfidence > 0 ? options.minConfidence : SURE,
    settle: options.settle ?? false,
    folder,
    stateFolder: stateFolder(),
    windowMs: options.window,
    diskBytes: options.disk,
    brokers: options.bootstrap ?? [],
    group: options.group ?? null,
    told: {
      ...clientOptions(options),
      settings: parseSettings(options.set ?? []),
      memoryLimitBytes: options.memoryLimit ?? target.cgroup?.limitBytes ?? null,
    },
  };
}

async function watch(
  target: Target,
  chosen: readonly Attacher[],
  methods: readonly Method[],
  request: SessionRequest,
  stop: AbortController,
  options: Options,
  terminal: Terminal,
): Promise<SessionResult> {
  if (terminal.isInteractive && options.quiet !== true && options.progress !== "never") {
    const view = openLiveView(target, methods, request, terminal);
    try {
      return await attachSession(target, chosen, attachers, request, stop, view.listener, view.control);
    } finally {
      view.close();
    }
  }
  return attachSession(target, chosen, attachers, request, stop, lines(terminal));
}

/** One line an interval, where a screen cannot be refreshed. */
function lines(terminal: Terminal): SessionListener {
  let first: Observation | null = null;
  return {
    began: ({ file, gauges, unreadable }) => {
      terminal.note(`observing into ${file}: process memory${gauges.map((id) => `, ${id}`).join("")}`);
      for (const { gauge, because, fix } of unreadable) terminal.note(`${gauge} cannot be read: ${because}. ${fix}`);
    },
    observed: (observation) => {
      first ??= observation;
      terminal.note(observationText(observation, first));
    },
    note: terminal.note,
  };
}

const ENDS: Readonly<Record<SessionEnd, string>> = {
  time: "the time is over",
  interrupt: "interrupted",
  "process-ended": "the process has ended",
  verdict: "the answer is sure",
  settled: "the queues are empty",
  asked: "ended",
};

async function conclude(target: Target, result: SessionResult, options: Options, terminal: Terminal): Promise<ExitCode> {
  const { files, end, failures, settling } = result;
  terminal.note(`${ENDS[end]}; captured: ${files.map((file) => path.relative(".", file) || file).join(", ")}`);
  for (const error of failures) {
    const hint = error instanceof Failure && error.hint !== null ? ` ${error.hint}` : "";
    terminal.note(`not captured: ${error.message}.${hint}`);
  }
  const undo = openUndo(target, attachers, stateFolder());
  if (undo.steps().length > 0) terminal.note(`something is still open in the process; close it with: lagleak detach ${target.pid}`);
  const limit = target.cgroup?.limitBytes ?? null;
  const startedAt = beganAt(files);
  const told = {
    ...(limit === null ? {} : { memoryLimit: limit }),
    ...(startedAt === null ? {} : { startedAt }),
    ...options,
  };
  const halves = end === "settled" ? settling.halves : null;
  const [observation = ""] = files;
  if (options.settle === true && halves === null) terminal.note("the queues were not seen to run empty: this is no drain test");
  const [full, empty] = halves === null ? [null, null] : splitObservation(observation, halves);
  const answered =
    full === null || empty === null
      ? await runAnalyze(await filesOfOneAnswer(files, terminal), told)
      : await runAnalyze([], { ...told, experiment: "drain" }, [[full], [empty]]);
  // named methods that gave nothing are no answer to what was asked
  const isMissing = (options.method ?? []).length > 0 && failures.length > 0 && files.length === 1;
  return isMissing ? ExitCode.capture : answered;
}

/** Files that count their time from a start that they do not name began when they were made. Unix ms; null where there is none. */
function beganAt(files: readonly string[]): number | null {
  const file = files.find((name) => name.endsWith(".raw"));
  return file === undefined || !existsSync(file) ? null : statSync(file).birthtimeMs;
}

/** Captures of other kinds are named, for an answer of their own. */
export async function filesOfOneAnswer(files: readonly string[], terminal: Terminal): Promise<readonly string[]> {
  const { kept, leftOut } = await ofOneKind(files.filter((file) => existsSync(file)));
  if (leftOut.length > 0) {
    terminal.note(`of another kind, and not in this answer: ${leftOut.map((file) => path.relative(".", file)).join(", ")}`);
  }
  return kept;
}
