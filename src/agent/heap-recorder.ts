/**
 * Records the heap of the process that it runs in: V8's sampling heap profiler through @datadog/pprof, which writes pprof and adds one
 * frame `(external)` for what the heap holds outside of itself. What neither shows is written beside as observations: resident memory
 * less heap less external is native (addons such as librdkafka, code, stacks) or belongs to worker threads.
 */
import type { encodeSync, heap } from "@datadog/pprof";
import { VERSION } from "../base/version.ts";
import type { SeriesFiles } from "./series-files.ts";
import type { AgentSettings } from "./settings.ts";

export interface Pprof {
  readonly heap: typeof heap;
  readonly encodeSync: typeof encodeSync;
}

export interface HeapRecorder {
  /** Writes a profile of this moment. */
  readonly take: () => void;
  /** Writes what the memory is at this moment. */
  readonly observe: () => void;
}

const STACK_DEPTH = 64;

/** Begins to sample. @throws where a profiler runs already */
export function startRecorder(pprof: Pprof, files: SeriesFiles, settings: AgentSettings, name: string): HeapRecorder {
  pprof.heap.start(settings.sampleBytes, STACK_DEPTH);
  const startedAtMs = Date.now();
  files.note({
    lagleakObservation: 1,
    writer: `lagleak/agent ${VERSION}`,
    startedAtMs,
    pid: process.pid,
    name,
    runtime: "node",
    clients: [],
  });
  const write = (profile: ReturnType<typeof heap.profile>): void => files.add(Date.now(), pprof.encodeSync(profile));
  const observe = (): void => {
    const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
    files.note({
      elapsedMs: Date.now() - startedAtMs,
      residentBytes: rss,
      heap: {
        runtime: "node",
        usedBytes: heapUsed,
        committedBytes: heapTotal,
        externalBytes: external,
        arrayBufferBytes: arrayBuffers,
        remainderBytes: Math.max(0, rss - heapTotal - external),
      },
    });
  };
  if (settings.nearLimit) {
    // one extension of V8's limit, in which the profile is taken; then V8 ends the process as it would have
    pprof.heap.monitorOutOfMemory("auto", 1, false, [], write, pprof.heap.CallbackMode.Async);
  }
  return {
    take: () => {
      write(pprof.heap.profile());
      observe();
    },
    observe,
  };
}
