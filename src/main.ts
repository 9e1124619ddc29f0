#!/usr/bin/env node
/**
 * The bin: runs the program and turns what comes of it into an exit code; a Failure becomes a message. The only file that
 * ends the process.
 */
import nodeModule from "node:module";
import { Failure } from "./base/failure.ts";
import { VERSION } from "./base/version.ts";
import { bugText, errorJson, failureText, wantsJson } from "./cli/error-message.ts";
import { ExitCode, exitCodeOf } from "./cli/exit-codes.ts";
import { run } from "./cli/program.ts";

// Node 22 and later keep compiled code; Node 20 has no such function.
(nodeModule as { enableCompileCache?: () => unknown }).enableCompileCache?.();

// `lagleak … | head` is no error
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
}

process.once("SIGINT", () => {
  process.stderr.write(process.stderr.isTTY ? "\r\u001b[K" : "");
  process.exit(ExitCode.interrupted);
});

const args = process.argv.slice(2);
try {
  process.exitCode = await run(args);
} catch (error) {
  const failure = error instanceof Failure ? error : null;
  process.exitCode = failure === null ? ExitCode.bug : exitCodeOf(failure);
  process.stderr.write(failure === null ? bugText(error, VERSION) : failureText(failure));
  if (wantsJson(args)) process.stdout.write(errorJson(error, failure));
}
