/** The list, in alphabetical order. A new member is one file beside this one and one line here. */
import { classHistogram } from "./class-histogram.ts";
import { collapsed } from "./collapsed.ts";
import type { Format } from "./format.ts";
import { heapProfileText } from "./heap-profile-text.ts";
import { heaptrack } from "./heaptrack.ts";
import { hprof } from "./hprof.ts";
import { jemalloc } from "./jemalloc.ts";
import { pprof } from "./pprof.ts";
import { v8HeapSnapshot } from "./v8-heap-snapshot.ts";
import { v8Sampling } from "./v8-sampling.ts";

export const formats: readonly Format[] = [
  classHistogram,
  collapsed,
  heapProfileText,
  heaptrack,
  hprof,
  jemalloc,
  pprof,
  v8HeapSnapshot,
  v8Sampling,
];
