#!/usr/bin/env node
/**
 * The bin: runs the program and turns what comes of it into an exit code; a Failure becomes a message. The only file that
 * ends the process.
 */
import nodeModule from "node:module";
import v8 from "node:v8";
import { Failure } from "./base/failure.ts";
import { VERSION } from "./base/version.ts";
import { bugText, errorJson, failureText, wantsJson } from "./cli/error-message.ts";
import { ExitCode, exitCodeOf } from "./cli/exit-codes.ts";
import { run } from "./cli/program.ts";

// Node 22 and later keep compiled code; Node 20 has no such function.
(nodeModule as { enableCompileCache?: () => unknown }).enableCompileCache?.();

// A young generation that does not grow: chunks of a capture are garbage as soon as they are parsed, and tens of megabytes of
// them would wait for the next collection. It is no slower, since they stay in the processor's cache. A V8 that does not know
// the flag any more would say so on standard error: it is known to be there up to this version.
const LAST_KNOWN_NODE = 26;
if (Number.parseInt(process.versions.node, 10) <= LAST_KNOWN_NODE) v8.setFlagsFromString("--semi-space-growth-factor=1");

const args = process.argv.slice(2);

/** Says what went wrong and gives the exit code. */
function complain(error: unknown): ExitCode {
  const failure = error instanceof Failure ? error : null;
  process.stderr.write(failure === null ? bugText(error, VERSION) : failureText(failure));
  if (wantsJson(args)) process.stdout.write(errorJson(error, failure));
  return failure === null ? ExitCode.bug : exitCodeOf(failure);
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(); // `lagleak … | head` is no error
  process.stderr.write(`lagleak: standard output: cannot be written (${error.code ?? error.message})\n`);
  process.exit(ExitCode.usage);
});
process.stderr.on("error", () => {}); // there is nobody left to tell

// Node would end with 1, which means something else here
process.on("uncaughtException", (error) => process.exit(complain(error)));

process.on("SIGINT", () => {
  if (process.listenerCount("SIGINT") > 1) return; // whoever has something open in another process closes it first
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K"); // the line of progress
  process.exit(ExitCode.interrupted);
});

try {
  process.exitCode = await run(args);
} catch (error) {
  process.exitCode = complain(error);
}
