/** The heap of a JVM from the counters it keeps in a file, without stopping it: in use, committed, what survived its last collection. */
import { Failure } from "../base/failure.ts";
import type { Gauge, RuntimeHeap } from "./gauge.ts";
import { collectionsOfCounters, heapOfCounters, jvmCountersFile, readJvmCounters, survivorsOfCounters } from "./jvm-counters.ts";
import { isAlive } from "./target.ts";

export const jvmCountersGauge: Gauge = {
  id: "jvm-counters",
  title: "heap of a JVM, from the counters it keeps in a file (hsperfdata)",
  open: async (target) => {
    if (target.runtime.id !== "jvm") return null;
    const file = jvmCountersFile(target);
    if (file === null) {
      const isOpenJ9 = target.mappings.some(({ path }) => /\/libj9vm\d*\.so/.test(path));
      return isOpenJ9
        ? {
            because: "OpenJ9 keeps its counters in no file that others can read",
            fix: "Observe its resident memory, or run it on a HotSpot JVM.",
          }
        : {
            because: "this JVM keeps no counters that can be read (-XX:+PerfDisableSharedMem, -XX:-UsePerfData, or another user's)",
            fix: "Start it without these flags, or run lagleak as the user of the JVM or with `sudo`.",
          };
    }
    return {
      everyMs: 0,
      read: async () => {
        const counters = readJvmCounters(file);
        if (counters === null && !isAlive(target)) throw new Failure({ code: "capture", message: `process ${target.pid} has ended` });
        const heap = counters === null ? null : heapOfCounters(counters);
        if (counters === null || heap === null) return null;
        const collections = collectionsOfCounters(counters);
        const survivors = collections.all === 0 ? null : survivorsOfCounters(counters);
        const reading: RuntimeHeap = {
          runtime: "jvm",
          ...heap,
          ...(survivors === null ? {} : { usedAfterCollectionBytes: survivors }),
          collections: collections.all,
          majorCollections: collections.major,
        };
        return { heap: reading };
      },
      close: async () => {},
    };
  },
};
