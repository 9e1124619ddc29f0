/**
 * What can go wrong, in three severities: a {@link Failure} (we cannot answer), a {@link Loss} (we answer, but something was
 * skipped), and anything else that is thrown (our bug: exit code 70, with a stack trace).
 */

/** Closed list: the code is part of the JSON output. */
export type FailureCode =
  | "usage" // wrong option or value
  | "configuration" // a file given as evidence that cannot be read as what it should be
  | "not-found"
  | "not-readable" // no permission, a directory where a file is needed, an I/O error
  | "empty"
  | "format-unknown"
  | "format-ambiguous"
  | "format-unsupported" // recognised, but not a heap profile, or a kind that is not read yet
  | "truncated" // cut so early that nothing can be said
  | "malformed"
  | "too-large"
  | "mixed-captures" // captures of different processes or kinds
  | "capture" // a process that cannot be attached to, or that could not be captured
  | "output"; // the answer cannot be written

/** Where in the user's input: offsets count bytes of the decompressed content unless the message says otherwise. */
export interface Where {
  readonly file: string;
  readonly offset?: number;
  readonly line?: number;
}

export interface FailureInit {
  readonly code: FailureCode;
  /** What is wrong, without the file name. */
  readonly message: string;
  readonly where?: Where;
  /** What the user can do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** We cannot answer; says what is wrong, where, and what to do. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly where: Where | null;
  readonly hint: string | null;

  constructor(init: FailureInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "Failure";
    this.code = init.code;
    this.where = init.where ?? null;
    this.hint = init.hint ?? null;
  }
}

/** Closed list of damage that does not prevent an answer. */
export type LossCode =
  | "truncated" // the file ends early; what came before is counted
  | "malformed-record" // a line or record that cannot be read was skipped
  | "trailing-data" // something follows the end of the capture
  | "sampling" // the sampling interval is not in the file: a usual one is assumed
  | "unit" // the file names no unit: the numbers are taken as bytes
  | "not-live" // the numbers are no live sizes (merged or delta profile, allocations only)
  | "stale" // the profile shows an earlier moment than the capture (Go without a GC)
  | "blind" // memory that this capture cannot see (attached later, outside of the heap)
  | "left-out" // a capture that does not belong into the series
  | "no-graph" // who holds what is not known: the memory for it is not there
  | "no-names" // addresses that could not be named
  | "clock" // the times are missing or contradict each other
  | "evidence" // a part of the evidence that could not be used
  | "unknown-setting"; // a setting whose name the client does not know

/** We answered, but something was skipped. Shown in every report. */
export interface Loss {
  readonly code: LossCode;
  readonly text: string;
  /** First byte concerned, in the decompressed content; null where there is no such place. */
  readonly offset: number | null;
  readonly count: number;
}
