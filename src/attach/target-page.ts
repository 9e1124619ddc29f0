/**
 * Pages that a process serves over HTTP on its own ports: found by asking each port that it listens on, never another. A port that
 * speaks something else gets one request line, and is left alone.
 */
import http from "node:http";
import type { Refusal } from "./attacher.ts";
import { connectionTo, nsenter } from "./node-inspector-connection.ts";
import { type Listener, listeners } from "./proc.ts";
import type { Target } from "./target.ts";

/** A page that is only looked for; a program under load answers late. */
const PROBE_TIMEOUT_MS = 2000;
const LARGEST_PAGE_BYTES = 64 << 20;

export interface Page {
  readonly status: number;
  readonly type: string; // of the content, "" where it is not said
  readonly body: Buffer;
}

export interface PageRequest {
  readonly path: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly largestBytes?: number;
}

/** Null where there is no answer in time, no HTTP, or the answer is larger than it may be. */
export function fetchPage(
  target: Pick<Target, "pid" | "inOtherNamespaces">,
  listener: Listener,
  request: PageRequest,
): Promise<Page | null> {
  const { path, timeoutMs, signal, largestBytes = LARGEST_PAGE_BYTES } = request;
  if (signal?.aborted) return Promise.resolve(null);
  return new Promise((resolve) => {
    const stream = connectionTo(target, listener)();
    const asked = http.get({
      path,
      headers: { host: `localhost:${listener.port}`, connection: "close" },
      createConnection: () => stream as import("node:net").Socket,
    });
    const done = (page: Page | null): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
      asked.destroy();
      stream.destroy();
      resolve(page);
    };
    const giveUp = (): void => done(null);
    const timer = setTimeout(giveUp, timeoutMs);
    signal?.addEventListener("abort", giveUp, { once: true });
    stream.on("error", giveUp);
    asked.on("error", giveUp);
    asked.on("response", (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on("data", (part: Buffer) => {
        bytes += part.length;
        parts.push(part);
        if (bytes > largestBytes) giveUp();
      });
      response.on("error", giveUp);
      response.on("aborted", giveUp);
      response.on("end", () =>
        done({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", body: Buffer.concat(parts) }),
      );
    });
  });
}

/** The first of the process's ports where a page is what is looked for. */
export async function findPage(target: Target, path: string, is: (page: Page) => boolean): Promise<Listener | null> {
  const answers = await Promise.all(
    listeners(target.pid)
      .filter(({ address }) => address !== "other")
      .map(async (listener) => {
        const page = await fetchPage(target, listener, { path, timeoutMs: PROBE_TIMEOUT_MS });
        return page !== null && is(page) ? listener : null;
      }),
  );
  return answers.find((listener) => listener !== null) ?? null;
}

/** Why the ports of a process cannot be asked at all; null where they can. */
export function portsRefusal(target: Target): Refusal | null {
  if (!target.inOtherNamespaces.includes("net")) return null;
  const because = `process ${target.pid} is in another network namespace`;
  if (process.geteuid?.() !== 0) return { because, fix: "Run it with `sudo`, or run lagleak inside of the container." };
  return nsenter() === null
    ? { because: `${because}, and there is no nsenter here`, fix: "Install it: `apt-get install util-linux`." }
    : null;
}

/** For messages: "ports 6060 and 8080", "no port". */
export function portsOf(target: Target): string {
  const ports = listeners(target.pid).map(({ port }) => port);
  if (ports.length === 0) return "no port";
  return ports.length === 1 ? `port ${ports[0]}` : `ports ${ports.slice(0, -1).join(", ")} and ${ports.at(-1)}`;
}
