/**
 * Commands to a HotSpot JVM through its attach socket (attachListener_linux.cpp), spoken directly: no JDK is needed. When there is no
 * socket yet, a file `.attach_pidPID` and SIGQUIT ask the JVM for one; it keeps it, and one thread, until it ends.
 *
 * The surprises: without that file, or with the mechanism switched off, the same signal prints every thread's stack into the log of the
 * application, and a JVM that does not catch it ends. So everything is looked at before anything is sent. The JVM asks who connects:
 * the connection is made as its own user.
 */
import { chownSync, closeSync, openSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { Failure } from "../base/failure.ts";
import type { CaptureSession, Refusal } from "./attacher.ts";
import { jvmCountersFile, readJvmCounters } from "./jvm-counters.ts";
import { catchesSignal, commandLine, environmentVariable, readStatus } from "./proc.ts";
import { isAlive, pathOf, type Target } from "./target.ts";
import { waitFor } from "./waiting.ts";

const SIGQUIT = 3;
/** The JVM looks for the file when its signal thread runs; a loaded machine takes some hundred ms. */
const SOCKET_TIMEOUT_MS = 10_000;
const POLL_MS = 20;
/** A JVM that does not answer for so long does not reach a safepoint. */
const ANSWER_TIMEOUT_MS = 10 * 60_000;
const LARGEST_ANSWER_BYTES = 256 << 20;

/** Why the JVM cannot be asked; null where it can. Sends nothing. */
export function jvmRefusal(target: Target): Refusal | null {
  if (target.mappings.some(({ path }) => /\/libj9(?:vm|thr)\d*\.so/.test(path))) {
    return {
      because: "this is an OpenJ9 JVM, which has another protocol",
      fix: "Use its own tools: `jcmd PID Dump.heap`, and give the PHD or HPROF file to `lagleak analyze`.",
    };
  }
  const me = process.geteuid?.() ?? -1;
  if (me !== 0 && me !== target.uid) {
    return {
      because: `the JVM belongs to user ${target.uid}, and this is user ${me}: it answers its own user only`,
      fix: `Run lagleak with \`sudo\`, or as that user: \`sudo -u '#${target.uid}' lagleak …\`.`,
    };
  }
  if (isSwitchedOff(target)) {
    return {
      because: "the JVM was started with -XX:+DisableAttachMechanism",
      fix: "Start it without this flag, or with -XX:+HeapDumpOnOutOfMemoryError, and give the dump to `lagleak analyze`.",
    };
  }
  if (socketOf(target) !== null) return null;
  const status = readStatus(target.pid);
  if (status === null || !catchesSignal(status, SIGQUIT)) {
    return {
      because: "the JVM does not catch SIGQUIT (-Xrs), so that the signal which asks for its attach socket would end it",
      fix: "Start it without -Xrs, or with -XX:+StartAttachListener.",
    };
  }
  return null;
}

/** In its counters, its command line, or the variables that a JVM takes options from. */
function isSwitchedOff(target: Target): boolean {
  const file = jvmCountersFile(target);
  const counters = file === null ? null : readJvmCounters(file);
  const texts = [
    counters?.get("java.rt.vmArgs"),
    counters?.get("java.rt.vmFlags"),
    commandLine(target.pid).join(" "),
    ...["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"].map((name) => environmentVariable(target.pid, name)),
  ];
  return texts.some((text) => typeof text === "string" && text.includes("+DisableAttachMechanism"));
}

function socketOf(target: Target): string | null {
  const file = pathOf(target, `/tmp/.java_pid${target.namespacePid}`);
  return statSync(file, { throwIfNoEntry: false })?.isSocket() ? file : null;
}

/**
 * The answer of the JVM to a command of `jcmd`, such as `GC.class_histogram`; its pause is in the command. What asks for the socket
 * is in the undo log as a step of `attacher`.
 * @throws Failure `capture` when there is no answer, or the JVM says that the command failed
 */
export async function jvmCommand(target: Target, session: CaptureSession, attacher: string, command: string): Promise<string> {
  const refusal = jvmRefusal(target);
  if (refusal !== null) throw new Failure({ code: "capture", message: refusal.because, hint: refusal.fix });
  const socket = socketOf(target) ?? (await askForSocket(target, session, attacher));
  const answer = await speak(target, socket, ["1", "jcmd", command, "", ""], session.signal);
  const newline = answer.indexOf("\n");
  const code = answer.slice(0, newline < 0 ? undefined : newline).trim();
  const text = newline < 0 ? "" : answer.slice(newline + 1);
  if (code !== "0") {
    throw new Failure({
      code: "capture",
      message: `the JVM refused ${command.split(" ", 1)[0]}: ${text.trim().split("\n", 1)[0] ?? ""} (code ${code})`,
      hint: "See which commands it knows: `jcmd PID help`.",
    });
  }
  return text;
}

async function askForSocket(target: Target, session: CaptureSession, attacher: string): Promise<string> {
  const name = `.attach_pid${target.namespacePid}`;
  const tried: string[] = [];
  for (const file of [`/tmp/${name}`, null]) {
    // the JVM looks into its working directory first, but that is the application's, and may be watched
    const ours = file === null ? `/proc/${target.pid}/cwd/${name}` : pathOf(target, file);
    const close = await session.undo.open({
      attacher,
      what: `remove ${file ?? name}, which asks the JVM for its attach socket`,
      data: { file: file ?? ours },
    });
    try {
      if (!createFor(target, ours)) {
        tried.push(ours);
        continue;
      }
      if (!isAlive(target)) throw new Failure({ code: "capture", message: `process ${target.pid} has ended` });
      process.kill(target.pid, "SIGQUIT");
      const socket = await waitFor(() => socketOf(target), { timeoutMs: SOCKET_TIMEOUT_MS, everyMs: POLL_MS, signal: session.signal });
      if (socket !== null) return socket;
      throw new Failure({
        code: "capture",
        message: session.signal.aborted ? "it was interrupted before the JVM answered" : "the JVM opened no attach socket in 10 s",
        hint: "The JVM may be stopped, or its /tmp not writable: look for a thread dump in its log, and try `jcmd PID VM.version`.",
      });
    } finally {
      await close();
    }
  }
  throw new Failure({
    code: "capture",
    message: `the file that asks the JVM for its attach socket cannot be written: ${tried.join(", ")}`,
    hint: "Make /tmp of the process writable for its user.",
  });
}

/** True where the file is there and belongs to the user of the JVM, who else is not obeyed. */
function createFor(target: Target, file: string): boolean {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EEXIST"; // of another tool that attaches at this moment
  }
  if (process.geteuid?.() === 0) chownSync(file, target.uid, target.gid);
  return true;
}

function speak(target: Target, socket: string, words: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const connection: Socket = asUserOf(target, () => connect({ path: socket }));
    const fail = (message: string, cause?: unknown): void => {
      end();
      connection.destroy();
      const hint = "Try again; a JVM that swaps or never reaches a safepoint answers late.";
      reject(new Failure({ code: "capture", message, hint, cause }));
    };
    const abort = (): void => fail("it was interrupted before the JVM answered");
    const timer = setTimeout(() => fail("the JVM did not answer in 10 minutes"), ANSWER_TIMEOUT_MS);
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    };
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    connection.on("connect", () => connection.write(`${words.join("\0")}\0`));
    connection.on("data", (part) => {
      bytes += part.length;
      if (bytes > LARGEST_ANSWER_BYTES) fail("the answer of the JVM is larger than 256 MiB");
      else parts.push(part);
    });
    connection.on("error", (error) => fail(`the attach socket of the JVM broke: ${error.message}`, error));
    connection.on("end", () => {
      end();
      if (bytes === 0) return fail("the JVM closed the connection without an answer: it ended, or does not trust this user");
      resolve(Buffer.concat(parts).toString("utf8"));
    });
  });
}

/** The connection is made before `connect` returns, so nothing else of this program runs as the other user. */
function asUserOf<T>(target: Pick<Target, "uid" | "gid">, act: () => T): T {
  const uid = process.geteuid?.();
  const gid = process.getegid?.();
  if (uid !== 0 || gid === undefined || (target.uid === 0 && target.gid === gid)) return act();
  process.setegid?.(target.gid);
  try {
    process.seteuid?.(target.uid);
    return act();
  } finally {
    process.seteuid?.(uid);
    process.setegid?.(gid);
  }
}
