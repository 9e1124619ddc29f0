/**
 * The Chrome DevTools protocol as Node.js speaks it (https://chromedevtools.github.io/devtools-protocol/v8/): a page that lists the
 * one thing to be inspected, and JSON over a WebSocket. Its surprise: the isolates of worker threads hide behind `NodeWorker`,
 * whose messages are the same protocol as text inside of it.
 */
import http from "node:http";
import { WebSocket } from "ws";
import { Failure } from "../base/failure.ts";
import type { Connect } from "./node-inspector-connection.ts";

export type Json = Readonly<Record<string, unknown>>;

export interface Protocol {
  /** @throws Failure `capture` where the other side refuses, does not answer in time, or went away */
  readonly call: (method: string, params?: Json, timeoutMs?: number) => Promise<Json>;
  /** Events of one method, until what is returned is called. */
  readonly on: (method: string, listener: (params: Json) => void) => () => void;
}

export interface ProtocolConnection extends Protocol {
  /** Says goodbye; for an inspector that stays open. */
  readonly disconnect: () => Promise<void>;
  /** Waits for the inspector's own goodbye, and leaves without one when the time is over. */
  readonly outlive: (timeoutMs: number) => Promise<void>;
}

/** How long something that is done in an instant may take in a process that is busy. */
const ANSWER_MS = 15_000;
const PROBE_MS = 1500;
const LARGEST_MESSAGE_BYTES = 1 << 30;
const LARGEST_PAGE_BYTES = 1 << 16;

/** Where to connect for a session; null where no inspector listens. */
export async function inspectorPath(connect: Connect): Promise<string | null> {
  const page = await new Promise<string | null>((resolve) => {
    const request = http.get({ path: "/json/list", headers: { host: "127.0.0.1" }, createConnection: connect }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > LARGEST_PAGE_BYTES) request.destroy();
      });
      answer.on("end", () => resolve(text));
      answer.on("error", () => resolve(null));
    });
    const timer = setTimeout(() => request.destroy(), PROBE_MS);
    request.on("error", () => resolve(null));
    request.on("close", () => {
      clearTimeout(timer);
      resolve(null);
    });
  });
  try {
    const [only]: readonly Json[] = JSON.parse(page ?? "[]");
    const address = only?.["type"] === "node" ? only["webSocketDebuggerUrl"] : null;
    return typeof address === "string" ? new URL(address).pathname : null;
  } catch {
    return null; // a page of something else
  }
}

/** `gone` says why, when the other side is no longer there. @throws Failure `capture` when nobody answers */
export async function connectProtocol(connect: Connect, path: string, gone: () => string): Promise<ProtocolConnection> {
  const socket = new WebSocket(`ws://127.0.0.1${path}`, {
    createConnection: connect as () => import("node:net").Socket,
    perMessageDeflate: false,
    maxPayload: LARGEST_MESSAGE_BYTES,
    handshakeTimeout: ANSWER_MS,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", (cause) => reject(new Failure({ code: "capture", message: `${gone()}: no session with the inspector`, cause })));
  });
  socket.on("error", () => {}); // `close` follows
  const { protocol, receive, end } = exchange((text) => socket.send(text), gone);
  socket.on("message", (data) => receive(String(data)));
  const closed = new Promise<void>((resolve) =>
    socket.once("close", () => {
      end();
      resolve();
    }),
  );
  const closedWithin = async (timeoutMs: number): Promise<void> => {
    const timer = setTimeout(() => socket.terminate(), timeoutMs);
    await closed;
    clearTimeout(timer);
  };
  return {
    ...protocol,
    disconnect: async () => {
      socket.close();
      await closedWithin(1000);
    },
    outlive: closedWithin,
  };
}

interface Exchange {
  readonly protocol: Protocol;
  readonly receive: (text: string) => void;
  readonly end: () => void;
}

interface Pending {
  readonly resolve: (result: Json) => void;
  readonly reject: (error: Error) => void;
  readonly method: string;
}

/** Matches answers with questions, over whatever carries the texts. */
export function exchange(send: (text: string) => void, gone: () => string): Exchange {
  const pending = new Map<number, Pending>();
  const listeners = new Map<string, ((params: Json) => void)[]>();
  let lastId = 0;
  let isOver = false;
  const failure = (message: string): Failure => new Failure({ code: "capture", message });
  return {
    protocol: {
      call: (method, params = {}, timeoutMs = ANSWER_MS) =>
        new Promise((resolve, reject) => {
          if (isOver) {
            reject(failure(gone()));
            return;
          }
          const id = ++lastId;
          const timer = setTimeout(() => {
            pending.delete(id);
            reject(failure(`the inspector did not answer ${method} within ${Math.round(timeoutMs / 1000)} s`));
          }, timeoutMs);
          const settle =
            <Value>(done: (value: Value) => void) =>
            (value: Value): void => {
              clearTimeout(timer);
              done(value);
            };
          pending.set(id, { resolve: settle(resolve), reject: settle(reject), method });
          send(JSON.stringify({ id, method, params }));
        }),
      on: (method, listener) => {
        listeners.set(method, [...(listeners.get(method) ?? []), listener]);
        return () =>
          listeners.set(
            method,
            (listeners.get(method) ?? []).filter((one) => one !== listener),
          );
      },
    },
    receive: (text) => {
      const message: Json = JSON.parse(text);
      const id = message["id"];
      if (typeof id !== "number") {
        for (const listener of listeners.get(String(message["method"])) ?? []) listener((message["params"] ?? {}) as Json);
        return;
      }
      const question = pending.get(id);
      if (question === undefined) return; // its time had passed
      pending.delete(id);
      const error = message["error"] as Json | undefined;
      if (error === undefined) question.resolve((message["result"] ?? {}) as Json);
      else question.reject(failure(`the inspector refuses ${question.method}: ${String(error["message"])}`));
    },
    end: () => {
      isOver = true;
      for (const { reject } of pending.values()) reject(failure(gone()));
      pending.clear();
    },
  };
}
