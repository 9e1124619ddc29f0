/**
 * One attached process: observed at every tick, profiled or injected where that was asked for, and answered at the end, whatever
 * the end is. What was captured is on disk at every moment.
 */
import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Attacher, Level, Plan, Refusal } from "../attach/attacher.ts";
import { gauges } from "../attach/index.ts";
import { type Observation, type Observer, openObserver } from "../attach/observe.ts";
import type { Target } from "../attach/target.ts";
import { openUndoLog, type UndoLog } from "../attach/undo.ts";
import { pause } from "../attach/waiting.ts";
import { Failure } from "../base/failure.ts";
import { observeSeries } from "../evidence/observe-series.ts";
import { readEvidence } from "../evidence/read-evidence.ts";
import type { Answer } from "../index.ts";
import type { Circumstances } from "../judge/facts.ts";
import { plainName, timeStamp } from "./capture-names.ts";
import { Settling } from "./settling.ts";

export interface SessionRequest {
  readonly everyMs: number;
  readonly forMs: number | null; // null: until something else ends it
  readonly untilVerdict: boolean;
  readonly minConfidence: number; // for `untilVerdict`
  readonly settle: boolean;
  readonly folder: string;
  readonly stateFolder: string;
  readonly windowMs: number;
  readonly diskBytes: number;
  readonly brokers: readonly string[]; // named by the user, that may be asked for the lag
  readonly group: string | null;
  readonly told: Partial<Circumstances>;
}

/** A method for this process, and whether it may be used. */
export interface Method {
  readonly attacher: Attacher;
  readonly refusal: Refusal | null;
  readonly plan: Plan | null;
}

export type SessionEnd = "time" | "interrupt" | "process-ended" | "verdict" | "settled" | "asked";

export interface SessionResult {
  readonly files: readonly string[]; // the observation first, then captures in order of time
  readonly end: SessionEnd;
  readonly failures: readonly Error[]; // of captures, and of steps that could not be undone
  readonly settling: Settling;
}

/** What a session tells while it goes on. */
export interface SessionListener {
  readonly began?: (observer: Observer) => void;
  readonly observed?: (observation: Observation) => void;
  readonly judged?: (answer: Answer) => void;
  readonly note: (text: string) => void;
}

export interface Session {
  /** Captures by a method now, beside the observation. The files that it wrote. */
  readonly capture: (attacher: Attacher) => Promise<readonly string[]>;
  readonly end: () => void;
}

/** What can be done with a process, from its kind and our rights; nothing is changed. */
export async function methodsFor(target: Target, attachers: readonly Attacher[], windowMs: number): Promise<readonly Method[]> {
  const methods: Method[] = [];
  for (const attacher of attachers.filter((one) => one.isFor(target))) {
    const refusal = await attacher.refuses(target);
    methods.push({ attacher, refusal, plan: refusal === null ? await attacher.plan(target, windowMs) : null });
  }
  return methods;
}

/** Methods of a level that are used when the level is asked for. */
export function methodsOfLevel(methods: readonly Method[], level: Level): readonly Method[] {
  return methods.filter(({ attacher, refusal }) => attacher.level === level && refusal === null);
}

/** The log of a process: its steps are taken back by the attachers that made them. */
export function openUndo(target: Target, attachers: readonly Attacher[], folder: string): UndoLog {
  return openUndoLog(folder, target, async (step) => {
    const attacher = attachers.find(({ id }) => id === step.attacher);
    if (attacher === undefined) throw new Failure({ code: "capture", message: `this version knows no method ${step.attacher}` });
    await attacher.undo(target, step);
  });
}

/** A verdict that is looked at this often costs nothing that a target would notice. */
const JUDGE_EVERY_MS = 5000;
/** And never more than this share of a core. */
const JUDGE_SHARE = 0.02;
/** Until then every growth is the start of something. */
const FEWEST_OBSERVATIONS = 15;

/** Runs until the time is over, the process ends, somebody stops it, or what was waited for is there. @throws Failure */
export async function attachSession(
  target: Target,
  chosen: readonly Attacher[],
  attachers: readonly Attacher[],
  request: SessionRequest,
  stop: AbortController,
  listener: SessionListener,
  begun: (session: Session) => void = () => {},
): Promise<SessionResult> {
  mkdirSync(request.folder, { recursive: true, mode: 0o700 });
  const name = `${plainName(target.name)}-${target.pid}.${timeStamp()}`;
  const undo = openUndo(target, attachers, request.stateFolder);
  const observer = await openObserver(target, gauges, {
    file: path.join(request.folder, `${name}.lagleak.jsonl`),
    request: { brokers: request.brokers, group: request.group },
  });
  listener.began?.(observer);
  const files: string[] = [observer.file];
  const failures: Error[] = [];
  const running = new Set<Promise<unknown>>();
  let end: SessionEnd | null = null;
  const finish = (how: SessionEnd): void => {
    end ??= how;
    if (!stop.signal.aborted) stop.abort(how);
  };
  const capture = async (attacher: Attacher): Promise<readonly string[]> => {
    try {
      const session = {
        folder: request.folder,
        name,
        windowMs: request.windowMs,
        diskBytes: request.diskBytes,
        undo,
        signal: stop.signal,
        note: listener.note,
      };
      const captured = await attacher.capture(target, session);
      files.push(...captured);
      return captured;
    } catch (error) {
      failures.push(error instanceof Error ? error : new Error(String(error)));
      listener.note(`${attacher.id}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  };
  let queue: Promise<unknown> = Promise.resolve();
  // methods that stop the process wait for each other: two at once would stop it for longer than either said
  const start = (attacher: Attacher): Promise<readonly string[]> => {
    const turn = attacher.level === 0 ? Promise.resolve() : queue;
    const work = turn.then(() => (stop.signal.aborted ? [] : capture(attacher))).finally(() => running.delete(work));
    if (attacher.level > 0) queue = work;
    running.add(work);
    return work;
  };
  begun({ capture: start, end: () => finish("asked") });
  for (const attacher of chosen) void start(attacher);
  const settling = new Settling();
  const startMs = performance.now();
  let judgeAtMs = JUDGE_EVERY_MS;
  try {
    for (let tick = 0; end === null && !stop.signal.aborted; tick++) {
      const observation = await observer.observe();
      if (observation === null) {
        finish("process-ended");
        break;
      }
      listener.observed?.(observation);
      const elapsedMs = performance.now() - startMs;
      settling.observe(observation);
      if (request.settle && settling.isSettled) finish("settled");
      if (elapsedMs >= judgeAtMs && (listener.judged !== undefined || request.untilVerdict)) {
        const began = performance.now();
        const answer = await answerSoFar(observer.file, request.told);
        judgeAtMs = elapsedMs + Math.max(JUDGE_EVERY_MS, (performance.now() - began) / JUDGE_SHARE);
        listener.judged?.(answer);
        const { verdict } = answer;
        const isSure = verdict.class !== "inconclusive" && verdict.confidence >= request.minConfidence;
        if (request.untilVerdict && isSure && observer.observations.length >= FEWEST_OBSERVATIONS) finish("verdict");
      }
      if (request.forMs !== null && elapsedMs + request.everyMs > request.forMs && running.size === 0) finish("time");
      if (end === null) await pause(Math.max(0, (tick + 1) * request.everyMs - (performance.now() - startMs)), stop.signal);
    }
  } finally {
    if (!stop.signal.aborted) stop.abort("end");
    await Promise.allSettled([...running]);
    failures.push(...(await undo.closeAll()));
    await observer.close();
  }
  return { files, end: end ?? "interrupt", failures, settling };
}

async function answerSoFar(file: string, told: Partial<Circumstances>): Promise<Answer> {
  const { analyze } = await import("../index.ts");
  return analyze(null, { evidence: await readEvidence(file, observeSeries), told });
}
