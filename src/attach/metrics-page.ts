/**
 * The `/metrics` page (Prometheus text) that a process serves on one of its own ports, saved again and again into one file with the
 * time above each page: its memory as it counts it itself, and its lag. Kept are families that speak of memory or of Kafka, since
 * labels of others may hold anything.
 */
import { appendFileSync } from "node:fs";
import { Failure } from "../base/failure.ts";
import type { Attacher } from "./attacher.ts";
import { captureFile, nothingCaptured } from "./capture-files.ts";
import type { Listener } from "./proc.ts";
import { isAlive, type Target } from "./target.ts";
import { fetchPage, findPage, type Page, portsOf, portsRefusal } from "./target-page.ts";
import { pause } from "./waiting.ts";

const PATH = "/metrics";
/** As often as Prometheus itself asks at most; a page of many thousand series costs the process milliseconds. */
const EVERY_MS = 5000;
const TIMEOUT_MS = 10_000;
const KEPT = /kafka|lag|memory|memstats|heap|resident|^process_|^jvm_|^nodejs_/i;

function isMetrics({ status, type, body }: Page): boolean {
  return (
    status === 200 && !/json|html/.test(type) && /^(?:# (?:HELP|TYPE) )?[a-zA-Z_:][\w:]*(?:\{| |$)/m.test(body.toString("utf8", 0, 4096))
  );
}

export function findMetrics(target: Target): Promise<Listener | null> {
  return findPage(target, PATH, isMetrics);
}

/** Lines of metrics that are of use here, with their HELP and TYPE lines; everything else of the page is left out. */
export function metricsOf(page: string): string {
  const lines = page.split(/\r?\n/).filter((line) => {
    const name = /^(?:# (?:HELP|TYPE|UNIT) )?([a-zA-Z_:][\w:]*)/.exec(line)?.[1];
    return name !== undefined && KEPT.test(name);
  });
  return lines.map((line) => `${line}\n`).join("");
}

export const metricsPage: Attacher = {
  id: "metrics-page",
  title: "the process's own /metrics page",
  level: 0,
  sees: "memory and consumer lag as the process counts them itself; nothing where it does not",
  isFor: (target) => portsOf(target) !== "no port",
  refuses: async (target) => {
    const closed = portsRefusal(target);
    if (closed !== null) return closed;
    if ((await findMetrics(target)) !== null) return null;
    return {
      because: `there is no /metrics page on ${portsOf(target)} of the process`,
      fix: "Give a page of a lag exporter or of Prometheus with `--lag FILE` and `--memory FILE`.",
    };
  },
  plan: async () => ({
    what: `fetch /metrics from the process's own port every ${EVERY_MS / 1000} s`,
    stops: "nothing",
    risk: "none known",
  }),
  capture: async (target, session) => {
    const listener = await findMetrics(target);
    if (listener === null) {
      throw nothingCaptured(target, new Failure({ code: "capture", message: `there is no /metrics page on ${portsOf(target)} any more` }));
    }
    const file = captureFile(session, "metrics", 1, "prom");
    let bytes = 0;
    let pages = 0;
    const end = performance.now() + session.windowMs;
    for (;;) {
      const page = await fetchPage(target, listener, { path: PATH, timeoutMs: TIMEOUT_MS, signal: session.signal });
      if (page !== null && isMetrics(page)) {
        const text = `# ${new Date().toISOString()}\n${metricsOf(page.body.toString("utf8"))}`;
        bytes += text.length;
        if (bytes > session.diskBytes) break;
        appendFileSync(file, text, { mode: 0o600 });
        pages++;
      }
      const left = end - performance.now();
      if (left <= 0 || session.signal.aborted || !isAlive(target)) break;
      await pause(Math.min(EVERY_MS, left), session.signal);
    }
    if (pages > 0) return [file];
    throw nothingCaptured(target, new Failure({ code: "capture", message: `/metrics on port ${listener.port} did not answer` }));
  },
  undo: async () => {}, // nothing was opened
};
