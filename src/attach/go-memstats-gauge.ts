/**
 * `runtime.MemStats` of a Go process from its own port: `/debug/vars` (expvar), else `/debug/pprof/heap?debug=1`. Neither collects
 * garbage. Both stop the program for tens of microseconds (runtime.ReadMemStats); the second also writes every allocation site as
 * text, which costs milliseconds of CPU, so it is asked seldom.
 */
import { Failure } from "../base/failure.ts";
import type { Gauge, RuntimeHeap } from "./gauge.ts";
import { findGoPprof } from "./go-pprof.ts";
import { isAlive } from "./target.ts";
import { fetchPage, findPage, portsRefusal } from "./target-page.ts";

const VARIABLES = "/debug/vars";
const TEXT = "/debug/pprof/heap?debug=1";
const TEXT_EVERY_MS = 10_000;
/** In another network namespace every look starts a relay. */
const RELAY_EVERY_MS = 10_000;
const TIMEOUT_MS = 5000;

export const goMemstatsGauge: Gauge = {
  id: "go-memstats",
  title: "heap of a Go process, from its own /debug/vars or /debug/pprof",
  open: async (target) => {
    if (target.runtime.id !== "go") return null;
    const closed = portsRefusal(target);
    if (closed !== null) return closed;
    const variables = await findPage(target, VARIABLES, ({ status, body }) => status === 200 && heapOfVariables(body.toString()) !== null);
    const listener = variables ?? (await findGoPprof(target));
    if (listener === null) return null;
    const path = variables === null ? TEXT : VARIABLES;
    const isFar = target.inOtherNamespaces.includes("net");
    return {
      everyMs: variables === null ? TEXT_EVERY_MS : isFar ? RELAY_EVERY_MS : 0,
      read: async () => {
        const page = await fetchPage(target, listener, { path, timeoutMs: TIMEOUT_MS });
        if (page === null && !isAlive(target)) throw new Failure({ code: "capture", message: `process ${target.pid} has ended` });
        if (page === null || page.status !== 200) return null;
        const text = page.body.toString();
        const heap = variables === null ? heapOfText(text) : heapOfVariables(text);
        return heap === null ? null : { heap };
      },
      close: async () => {},
    };
  },
};

/** Of `/debug/vars`: one object of everything that the program publishes, of which only `memstats` is looked at. */
export function heapOfVariables(text: string): RuntimeHeap | null {
  try {
    const page: unknown = JSON.parse(text);
    const stats: unknown = typeof page === "object" && page !== null && "memstats" in page ? page.memstats : null;
    if (typeof stats !== "object" || stats === null) return null;
    const numbers = new Map(Object.entries(stats).filter((entry): entry is [string, number] => typeof entry[1] === "number"));
    return heapOf(numbers);
  } catch {
    return null;
  }
}

/** Of `/debug/pprof/heap?debug=1`: the lines `# HeapAlloc = 123` below the sites. Null where the text does not reach them. */
export function heapOfText(text: string): RuntimeHeap | null {
  const start = text.lastIndexOf("# runtime.MemStats");
  if (start < 0) return null;
  return heapOf(new Map([...text.slice(start).matchAll(/^# (\w+) = (\d+)\s*$/gm)].map(([, name = "", value]) => [name, Number(value)])));
}

/** Committed is what the heap took from the system less what it gave back: what of it can be resident. */
function heapOf(stats: ReadonlyMap<string, number>): RuntimeHeap | null {
  const used = stats.get("HeapAlloc");
  const sys = stats.get("HeapSys");
  const released = stats.get("HeapReleased");
  if (used === undefined || sys === undefined || released === undefined || sys < released) return null;
  const collections = stats.get("NumGC");
  return {
    runtime: "go",
    usedBytes: used,
    committedBytes: sys - released,
    ...(collections === undefined ? {} : { collections }),
  };
}
