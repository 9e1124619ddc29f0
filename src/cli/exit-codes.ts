/** How the process ends: part of the contract with scripts. */
import type { Failure, FailureCode } from "../base/failure.ts";

export const ExitCode = {
  answered: 0,
  gate: 1, // the verdict matched --fail-on
  usage: 2, // wrong usage or configuration
  unreadable: 3, // unreadable or unsupported capture
  capture: 4, // could not attach or capture
  bug: 70, // of ours
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const EXIT_OF_FAILURE: Readonly<Record<FailureCode, ExitCode>> = {
  usage: ExitCode.usage,
  configuration: ExitCode.usage,
  output: ExitCode.usage,
  capture: ExitCode.capture,
  "not-found": ExitCode.unreadable,
  "not-readable": ExitCode.unreadable,
  empty: ExitCode.unreadable,
  "format-unknown": ExitCode.unreadable,
  "format-ambiguous": ExitCode.unreadable,
  "format-unsupported": ExitCode.unreadable,
  truncated: ExitCode.unreadable,
  malformed: ExitCode.unreadable,
  "too-large": ExitCode.unreadable,
  "mixed-captures": ExitCode.unreadable,
};

export function exitCodeOf(failure: Failure): ExitCode {
  return EXIT_OF_FAILURE[failure.code];
}
