/** The isolates of a Node.js process: its main thread and its worker threads, those that are started while we look included. */
import { exchange, type Json, type Protocol } from "./node-inspector-protocol.ts";

export interface Isolate {
  readonly name: string; // "" = the main thread; "worker 2"
  readonly protocol: Protocol;
}

export interface Isolates {
  /** Those that run now, the main thread first. */
  readonly list: () => readonly Isolate[];
}

/** `started` is told of every worker, now and later; before that its session is ready. */
export async function isolatesOf(main: Protocol, started: (isolate: Isolate) => void): Promise<Isolates> {
  const workers = new Map<string, { readonly isolate: Isolate; readonly receive: (text: string) => void; readonly end: () => void }>();
  main.on("NodeWorker.attachedToWorker", (params) => {
    const sessionId = String(params["sessionId"]);
    const info = (params["workerInfo"] ?? {}) as Json;
    const send = (message: string): void => {
      main.call("NodeWorker.sendMessageToWorker", { sessionId, message }).catch(() => {}); // the answer that is missing is noticed
    };
    const { protocol, receive, end } = exchange(send, () => "the worker thread has ended");
    const isolate: Isolate = { name: `worker ${String(info["workerId"])}`, protocol };
    workers.set(sessionId, { isolate, receive, end });
    started(isolate);
  });
  main.on("NodeWorker.receivedMessageFromWorker", (params) => workers.get(String(params["sessionId"]))?.receive(String(params["message"])));
  main.on("NodeWorker.detachedFromWorker", (params) => {
    const sessionId = String(params["sessionId"]);
    workers.get(sessionId)?.end();
    workers.delete(sessionId);
  });
  await main.call("NodeWorker.enable", { waitForDebuggerOnStart: false }).catch(() => {}); // a Node.js without worker threads
  return { list: () => [{ name: "", protocol: main }, ...[...workers.values()].map(({ isolate }) => isolate)] };
}
