/**
 * Heap profiles of a Go process from its own `/debug/pprof` (net/http/pprof), at the beginning and the end of a window, after a garbage
 * collection each (`gc=1`): what is live, not what was allocated.
 *
 * The surprise: `?seconds=N` looks like the way to a difference, and ignores `gc=1` (net/http/pprof, serveDeltaProfile), so that it
 * often gives nothing. Two whole profiles are subtracted by the reader.
 */
import { writeFileSync } from "node:fs";
import { Failure } from "../base/failure.ts";
import type { Attacher } from "./attacher.ts";
import { captureFile, nothingCaptured } from "./capture-files.ts";
import type { Listener } from "./proc.ts";
import type { Target } from "./target.ts";
import { fetchPage, findPage, portsOf, portsRefusal } from "./target-page.ts";
import { pause } from "./waiting.ts";

const PROFILE = "/debug/pprof/heap?gc=1";
/** A collection of a heap of many gigabytes on a loaded machine. */
const PROFILE_TIMEOUT_MS = 120_000;
const GZIP = [0x1f, 0x8b] as const;

/** The port where a process serves its profiles; null where it serves none. */
export function findGoPprof(target: Target): Promise<Listener | null> {
  return findPage(target, "/debug/pprof/", ({ status, body }) => status === 200 && body.includes("/debug/pprof/") && body.includes("heap"));
}

export const goPprof: Attacher = {
  id: "go-pprof",
  title: "heap profiles of a Go process, from its own /debug/pprof",
  level: 1,
  sees: "live Go objects by the stack that allocated them (sampled, one in 512 KiB); no memory of C, such as librdkafka's",
  isFor: (target) => target.runtime.id === "go",
  refuses: async (target) => {
    const closed = portsRefusal(target);
    if (closed !== null) return closed;
    if ((await findGoPprof(target)) !== null) return null;
    return {
      because: `there is no /debug/pprof on ${portsOf(target)} of the process`,
      fix: 'Build the program with `import _ "net/http/pprof"` and `go http.ListenAndServe("localhost:6060", nil)`, or use level 0.',
    };
  },
  plan: async (_target, windowMs) => ({
    what: `fetch ${PROFILE} from the process's own port, wait ${Math.round(windowMs / 1000)} s, fetch it again`,
    stops: "two garbage collections, which Go does beside the program: pauses below 1 ms",
    risk: "none known; a collection takes CPU time",
  }),
  capture: async (target, session) => {
    const listener = await findGoPprof(target);
    if (listener === null) {
      throw nothingCaptured(target, new Failure({ code: "capture", message: `there is no /debug/pprof on ${portsOf(target)} any more` }));
    }
    const files: string[] = [];
    for (const look of [1, 2]) {
      if (look > 1) await pause(session.windowMs, session.signal);
      const page = await fetchPage(target, listener, {
        path: PROFILE,
        timeoutMs: PROFILE_TIMEOUT_MS,
        largestBytes: session.diskBytes,
        // a profile that ends a window is fetched even when the user stops it early
        ...(look === 1 ? { signal: session.signal } : {}),
      });
      if (page !== null && page.status === 200 && page.body[0] === GZIP[0] && page.body[1] === GZIP[1]) {
        const file = captureFile(session, "heap", look, "pb.gz");
        writeFileSync(file, page.body, { mode: 0o600 });
        files.push(file);
        session.note(`heap profile ${look} of 2`);
      } else if (files.length === 0) {
        const message = `${PROFILE} on port ${listener.port} gave no profile${page === null ? "" : ` (status ${page.status})`}`;
        throw nothingCaptured(
          target,
          new Failure({ code: "capture", message, hint: `Try it: curl localhost:${listener.port}${PROFILE} -o heap.pb.gz` }),
        );
      } else session.note("heap profile 2 of 2 is missing: the process did not answer");
    }
    return files;
  },
  undo: async () => {}, // nothing was opened
};
