/**
 * The inspector of a Node.js process: found where it listens, opened by SIGUSR1 where that is safe, and closed again from inside. An
 * inspector that was open already is used and left open.
 *
 * Its surprises: what is evaluated in a process and throws later, in a timer, ends that process; so nothing is left there but one
 * guarded call that closes the inspector. And when both sides say goodbye at once, Node.js frees its end of the WebSocket twice and
 * dies (WsHandler::OnCloseFrameWritten in src/inspector_socket.cc; once in about 100 times on a busy machine, seen with 20.20). So
 * whoever closes the inspector leaves the goodbye to it, and asks its port nothing meanwhile.
 */
import path from "node:path";
import { Failure } from "../base/failure.ts";
import type { CaptureSession, Refusal } from "./attacher.ts";
import { type Connect, connectionTo, nsenter } from "./node-inspector-connection.ts";
import { connectProtocol, inspectorPath, type Json, type Protocol } from "./node-inspector-protocol.ts";
import { signalRefusal } from "./node-inspector-signal.ts";
import { listeners } from "./proc.ts";
import { isAlive, type Target } from "./target.ts";
import { pause, waitFor } from "./waiting.ts";

export interface Inspector extends Protocol {
  /** Whether it was open before we came; then it stays. */
  readonly wasOpen: boolean;
  /** What a value is in the main thread, copied as JSON. */
  readonly evaluate: (expression: string) => Promise<unknown>;
  /** Ends the session, and closes what was opened. Twice is harmless. */
  readonly close: () => Promise<void>;
}

interface Found {
  readonly port: number;
  readonly connect: Connect;
  readonly path: string;
}

/** Starting a thread takes 75 ms; a process that is in native code answers when it comes back from there. */
const OPENS_WITHIN_MS = 10_000;
const CLOSES_WITHIN_MS = 5_000;
const POLL_MS = 25;

/** In a timer, since the answer to this very call must leave first. */
const CLOSE = `(() => {
  const inspector = process.getBuiltinModule ? process.getBuiltinModule("node:inspector") : require("node:inspector");
  setTimeout(() => { try { inspector.close(); } catch {} }, 20);
})()`;

/** Whether this is Node.js itself, or a program built on it that keeps its inspector. */
export function isNode(target: Target): boolean {
  return target.runtime.id === "node" && !/^(?:bun|deno)/.test(path.basename(target.executable ?? ""));
}

/** Null: the inspector is open, or can be opened. Asks the ports that the process listens on for the page of an inspector. */
export async function inspectorRefusal(target: Target): Promise<Refusal | null> {
  const inside = namespaceRefusal(target);
  if (inside !== null) return inside;
  return (await findInspector(target)) === null ? signalRefusal(target) : null;
}

function namespaceRefusal(target: Target): Refusal | null {
  if (!target.inOtherNamespaces.includes("net")) return null;
  const because = `process ${target.pid} is in another network namespace`;
  if (process.geteuid?.() !== 0) {
    return {
      because,
      fix: "Run it with `sudo`, or run lagleak inside of the container: `docker exec`, or `kubectl debug --target=<container>`.",
    };
  }
  if (nsenter() !== null) return null;
  return { because: `${because}, and there is no nsenter here`, fix: "Install it: `apt-get install util-linux`." };
}

async function findInspector(target: Target): Promise<Found | null> {
  const candidates = await Promise.all(
    listeners(target.pid).map(async (listener): Promise<Found | null> => {
      const connect = connectionTo(target, listener);
      const page = await inspectorPath(connect);
      return page === null ? null : { port: listener.port, connect, path: page };
    }),
  );
  return candidates.find((one) => one !== null) ?? null;
}

/** @throws Failure `capture` with the reason and the fix */
export async function openInspector(target: Target, { undo }: Pick<CaptureSession, "undo">, attacher: string): Promise<Inspector> {
  const open = await findInspector(target);
  if (open !== null) return session(target, open, null);
  const refusal = signalRefusal(target); // once more, right before the signal
  if (refusal !== null) throw new Failure({ code: "capture", message: refusal.because, hint: refusal.fix });
  const close = await undo.open({ attacher, what: `close the inspector of process ${target.pid}`, data: {} });
  // without an answer the step stays in the log: the process may come back to the signal later
  const found = await openedBySignal(target);
  try {
    return await session(target, found, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function openedBySignal(target: Target): Promise<Found> {
  try {
    process.kill(target.pid, "SIGUSR1");
  } catch (cause) {
    throw new Failure({ code: "capture", message: `process ${target.pid} cannot be signalled`, cause });
  }
  for (const until = performance.now() + OPENS_WITHIN_MS; performance.now() < until; ) {
    await pause(POLL_MS);
    if (!isAlive(target)) throw ended(target);
    const found = await findInspector(target);
    if (found !== null) return found;
  }
  throw new Failure({
    code: "capture",
    message: `process ${target.pid} opened no inspector`,
    hint: "It may be busy in native code: try again. Its standard error says whether the inspector found its port taken.",
  });
}

async function session(
  target: Target,
  { port, connect, path: page }: Found,
  undoOpening: (() => Promise<void>) | null,
): Promise<Inspector> {
  const gone = (): string => (isAlive(target) ? "the connection to the inspector has ended" : `process ${target.pid} has ended`);
  const connection = await connectProtocol(connect, page, gone);
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await connection.call("Runtime.evaluate", {
      expression,
      returnByValue: true,
      includeCommandLineAPI: true, // `require` in a process whose main module is ESM
      silent: true,
    });
    if (exceptionDetails === undefined) return (result as Json)["value"];
    throw new Failure({ code: "capture", message: `the process refuses: ${String((exceptionDetails as Json)["text"])}` });
  };
  let isOver = false;
  return {
    ...connection,
    wasOpen: undoOpening === null,
    evaluate,
    close: async () => {
      if (isOver) return;
      isOver = true;
      if (undoOpening === null) {
        await connection.disconnect();
        return;
      }
      // where this works the undo finds it closed
      await evaluate(CLOSE).catch(() => {});
      await connection.outlive(CLOSES_WITHIN_MS);
      await isClosed(target, port);
      await undoOpening();
    },
  };
}

/** The undo of whoever opened it. Harmless where none is open. @throws Failure `capture` when it stays open */
export async function closeInspector(target: Target): Promise<void> {
  if (!isAlive(target)) return;
  const found = await findInspector(target);
  if (found === null) return;
  try {
    await (await session(target, found, async () => {})).close();
  } catch (error) {
    if (!isAlive(target)) return;
    throw error;
  }
  if (await isClosed(target, found.port)) return;
  throw new Failure({
    code: "capture",
    message: `the inspector of process ${target.pid} is still open`,
    hint: `The process is busy; close it later: \`lagleak detach ${target.pid}\`.`,
  });
}

/** A process that has ended has none. */
async function isClosed(target: Target, port: number): Promise<boolean> {
  const isGone = (): true | null => (isAlive(target) && listeners(target.pid).some((one) => one.port === port) ? null : true);
  return (await waitFor(isGone, { timeoutMs: CLOSES_WITHIN_MS, everyMs: POLL_MS })) !== null;
}

/** From the end of its connections to the end of a process. */
const CLOSING_MS = 1000;

/** What ended a capture: the end of the process explains that of its connections, which are gone a moment before. @throws what is a bug */
export async function reasonOf(target: Target, error: unknown): Promise<Failure> {
  if (!(error instanceof Failure)) throw error;
  await waitFor(() => (isAlive(target) ? null : true), { timeoutMs: CLOSING_MS, everyMs: 20 });
  return isAlive(target) ? error : ended(target);
}

function ended(target: Pick<Target, "pid">): Failure {
  return new Failure({ code: "capture", message: `process ${target.pid} has ended`, hint: "What was captured until then is kept." });
}
