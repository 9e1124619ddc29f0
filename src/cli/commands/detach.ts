/** `lagleak detach <pid>`: undo what an interrupted attach left behind. */
import type { Command } from "commander";
import { attachers } from "../../attach/index.ts";
import { inspectTarget, type Target } from "../../attach/target.ts";
import { forgetUndoLog, undoLogsIn } from "../../attach/undo.ts";
import { Failure } from "../../base/failure.ts";
import { parsePid } from "../attach-options.ts";
import { openUndo } from "../attach-session.ts";
import { ExitCode } from "../exit-codes.ts";
import { stateFolder } from "../state-folder.ts";
import { openTerminal } from "../terminal.ts";

const EXAMPLES = `
Examples:
  lagleak detach 4711
  lagleak detach 4711 && kill -0 4711
  lagleak detach        # lists the processes in which something is still open
`;

export function define(command: Command, end: (exitCode: ExitCode) => void): void {
  command.argument("[pid]", "the process", parsePid);
  command.addHelpText("after", EXAMPLES);
  command.action(async (pid: number | undefined) => end(pid === undefined ? list() : await detach(pid)));
}

function list(): ExitCode {
  const keys = undoLogsIn(stateFolder());
  const lines = keys.map(({ pid }) => `lagleak detach ${pid}`);
  openTerminal().answer(lines.length === 0 ? "Nothing is open in any process.\n" : `${lines.join("\n")}\n`);
  return ExitCode.answered;
}

/** @throws Failure `capture` for what could not be undone */
async function detach(pid: number): Promise<ExitCode> {
  const terminal = openTerminal();
  const folder = stateFolder();
  const target = lookAt(pid);
  for (const key of undoLogsIn(folder).filter((one) => one.pid === pid && one.startTicks !== target?.startTicks)) {
    forgetUndoLog(folder, key); // the process that it was about has ended, and with it all that was open
    terminal.answer(`The process that was attached to has ended; nothing is left to undo.\n`);
  }
  if (target === null) return ExitCode.answered;
  const undo = openUndo(target, attachers, folder);
  const steps = undo.steps();
  if (steps.length === 0) {
    terminal.answer(`Nothing is open in process ${pid}.\n`);
    return ExitCode.answered;
  }
  const failures = await undo.closeAll();
  const open = new Set(undo.steps());
  for (const step of steps.toReversed()) terminal.answer(`${open.has(step) ? "not undone" : "undone"}: ${step.what}\n`);
  const [failure] = failures;
  if (failure === undefined) return ExitCode.answered;
  throw new Failure({
    code: "capture",
    message: `${failures.length} of ${steps.length} steps could not be undone: ${failure.message}`,
    hint: (failure instanceof Failure ? failure.hint : null) ?? "Try it again as the user that attached, or end the process.",
    cause: failure,
  });
}

/** Null when it has ended. */
function lookAt(pid: number): Target | null {
  try {
    return inspectTarget(pid);
  } catch (error) {
    if (error instanceof Failure && error.code === "capture") return null;
    throw error;
  }
}
