/**
 * What a way into a running process is: it says whether it can, what it will do, does it, and undoes it. One file an attacher in
 * this folder. An attacher yields capture files and never a profile.
 */
import type { Target } from "./target.ts";
import type { UndoLog, UndoStep } from "./undo.ts";

/** 0 observes (no stop, no code in the target), 1 profiles (short, bounded pauses), 2 injects (long pauses, code in the target). */
export type Level = 0 | 1 | 2;

/** Why something cannot be done, as a sentence, and what exactly would make it possible. */
export interface Refusal {
  readonly because: string;
  readonly fix: string;
}

/** Said to the user before anything is done. Each a short clause without a full stop. */
export interface Plan {
  readonly what: string; // "open the inspector, sample allocations for 30 s, close it"
  readonly stops: string; // how long the target stands still: "at most 50 ms, twice"
  readonly risk: string; // "none known", "needs 700 MiB more in the target for a moment"
}

export interface CaptureSession {
  readonly folder: string; // exists; capture files are written here
  readonly name: string; // beginning of their names
  readonly windowMs: number; // how long a capture that needs two looks waits between them
  readonly diskBytes: number; // no capture file may grow beyond
  readonly undo: UndoLog;
  readonly signal: AbortSignal; // aborted: finish what is there, undo, return
  readonly note: (text: string) => void; // progress, to the user
}

export interface Attacher {
  readonly id: string; // "node-sampling": the name in `--method`, `doctor` and `list methods`
  readonly title: string;
  readonly level: Level;
  /** False: only when it is named, not when its level is asked for (slow, large, or a stand-in for a better one). */
  readonly byLevel?: boolean;
  /** What it sees, and what it cannot see. */
  readonly sees: string;
  /** Whether it is a method for this kind of process at all. */
  readonly isFor: (target: Target) => boolean;
  /** Looks, and changes nothing. Null: it can. */
  readonly refuses: (target: Target) => Promise<Refusal | null>;
  readonly plan: (target: Target, windowMs: number) => Promise<Plan>;
  /** Capture files in order of time. What was captured stays, whatever happens. @throws Failure `capture` when there is none */
  readonly capture: (target: Target, session: CaptureSession) => Promise<readonly string[]>;
  /** Takes back one step of its own: at the end of a capture, after an exception, or later by `detach`. Doing it twice is harmless. */
  readonly undo: (target: Target, step: UndoStep) => Promise<void>;
}
