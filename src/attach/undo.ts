/**
 * What was opened in a target and has to be closed again. Every step is on disk before it is made, so that `lagleak detach` can
 * take it back after the end of this process, whatever ended it. One file a target, named by pid and start time, for its user only.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Failure } from "../base/failure.ts";

export interface UndoStep {
  readonly attacher: string; // id of the attacher that takes it back
  readonly what: string; // "close the inspector on port 9229"
  readonly data: Readonly<Record<string, string | number>>; // what the attacher needs for that
}

export interface UndoLog {
  /** Writes the step down; what it returns takes it back by `revert` of the log and forgets it. To be called before the step is made. */
  readonly open: (step: UndoStep) => Promise<() => Promise<void>>;
  /** Takes back everything that is still open, the last first. The failures of steps that cannot be taken back, which stay. */
  readonly closeAll: () => Promise<readonly Error[]>;
  readonly steps: () => readonly UndoStep[];
}

/** A target as its undo log names it. */
export interface UndoKey {
  readonly pid: number;
  readonly startTicks: number;
}

/** `revert` takes back one step. @throws Failure `capture` where the log cannot be written: then nothing must be opened */
export function openUndoLog(folder: string, key: UndoKey, revert: (step: UndoStep) => Promise<void>): UndoLog {
  const file = path.join(folder, `${key.pid}-${key.startTicks}.json`);
  let steps = readSteps(file);
  const save = (next: readonly UndoStep[]): void => {
    steps = next;
    if (next.length === 0) {
      rmSync(file, { force: true });
      return;
    }
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.new`, JSON.stringify(next), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (error) {
      throw new Failure({
        code: "capture",
        message: "what is done to the process cannot be written down, so nothing is done",
        where: { file },
        hint: "Make the folder writable, or choose another with XDG_STATE_HOME.",
        cause: error,
      });
    }
  };
  const close = async (step: UndoStep): Promise<void> => {
    if (!steps.includes(step)) return;
    await revert(step);
    save(steps.filter((one) => one !== step));
  };
  return {
    steps: () => steps,
    open: async (step) => {
      save([...steps, step]);
      return () => close(step);
    },
    closeAll: async () => {
      const failures: Error[] = [];
      for (const step of steps.toReversed()) {
        try {
          await close(step);
        } catch (error) {
          failures.push(error instanceof Error ? error : new Error(String(error)));
        }
      }
      return failures;
    },
  };
}

/** Targets with something left to undo. */
export function undoLogsIn(folder: string): readonly UndoKey[] {
  let files: readonly string[];
  try {
    files = readdirSync(folder);
  } catch {
    return [];
  }
  return files.flatMap((file) => {
    const match = /^(\d+)-(\d+)\.json$/.exec(file);
    return match === null ? [] : { pid: Number(match[1]), startTicks: Number(match[2]) };
  });
}

/** For a process that has ended: what was open in it is gone. */
export function forgetUndoLog(folder: string, { pid, startTicks }: UndoKey): void {
  rmSync(path.join(folder, `${pid}-${startTicks}.json`), { force: true });
}

/** A log that cannot be understood has nothing that could be taken back. */
function readSteps(file: string): readonly UndoStep[] {
  try {
    const steps: unknown = JSON.parse(readFileSync(file, "utf8"));
    return Array.isArray(steps) ? steps.filter(isStep) : [];
  } catch {
    return [];
  }
}

function isStep(value: unknown): value is UndoStep {
  return typeof value === "object" && value !== null && "attacher" in value && "what" in value && "data" in value;
}
