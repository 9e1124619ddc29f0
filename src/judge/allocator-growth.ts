/**
 * What reports of the allocator or runtime say of growth: two of malloc_info or MemStats, one after the other, or a diff of Native
 * Memory Tracking. Memory that was taken from the system and is free is kept by the allocator; in a JVM, what is not the Java heap is
 * outside of it. One report alone shows a state and weighs nothing.
 */
import type { AllocatorEvidence } from "../evidence/evidence.ts";

/** From this growth on it is worth a word. */
const MATERIAL_BYTES = 16 * 1024 ** 2;
const MATERIAL_SHARE = 0.1;

/** What is kept is worth 19 to 1 at most; what is in use and not in the capture may still be outside of what it sees. */
const CERTAIN = 0.45;

export interface AllocatorGrowth {
  readonly allocator: AllocatorEvidence["allocator"];
  readonly growthBytes: number; // of all that was taken from the system
  readonly outsideBytes: number; // of it, what no live object of the heap explains
  /** What this adds to the log odds that the process grows outside of its heap, where that heap is quiet. */
  readonly logBayesFactor: number;
}

/** Of the reports of one allocator, in the order in which they were taken (given, where they hold no time); null where there is no growth. */
export function allocatorGrowth(reports: readonly AllocatorEvidence[]): AllocatorGrowth | null {
  const allocator = reports[0]?.allocator;
  if (allocator === undefined || reports.some((report) => report.allocator !== allocator)) return null;
  const growth = allocator === "jvm" ? growthOfDiff(reports) : growthBetween(reports);
  if (growth === null) return null;
  const { totalBytes, growthBytes, outsideBytes } = growth;
  if (growthBytes < Math.max(MATERIAL_BYTES, MATERIAL_SHARE * totalBytes)) return null;
  const share = Math.min(1, Math.max(0, outsideBytes / growthBytes));
  return {
    allocator,
    growthBytes,
    outsideBytes: share * growthBytes,
    logBayesFactor: Math.log((0.5 + CERTAIN * share) / (0.5 - CERTAIN * share)),
  };
}

interface Grown {
  readonly totalBytes: number;
  readonly growthBytes: number;
  readonly outsideBytes: number;
}

function growthBetween(reports: readonly AllocatorEvidence[]): Grown | null {
  const isTimed = reports.every(({ atMs }) => Number.isFinite(atMs));
  const ordered = isTimed ? reports.toSorted((a, b) => a.atMs - b.atMs) : reports;
  const [first, last] = [ordered[0], ordered.at(-1)];
  if (first === undefined || last === undefined || first === last) return null;
  return {
    totalBytes: last.totalBytes,
    growthBytes: last.totalBytes - first.totalBytes,
    outsideBytes: last.keptBytes - first.keptBytes,
  };
}

const JAVA_HEAP = "Java Heap";

/** The last report, where it is a diff; else two of them. */
function growthOfDiff(reports: readonly AllocatorEvidence[]): Grown | null {
  const heapOf = ({ parts }: AllocatorEvidence): (typeof parts)[number] | undefined => parts.find(({ name }) => name === JAVA_HEAP);
  const last = reports.at(-1);
  if (last === undefined) return null;
  if (last.parts.some(({ growthBytes }) => growthBytes !== null)) {
    const growthBytes = last.parts.reduce((sum, part) => sum + (part.growthBytes ?? 0), 0);
    return { totalBytes: last.totalBytes, growthBytes, outsideBytes: growthBytes - (heapOf(last)?.growthBytes ?? 0) };
  }
  const first = reports[0];
  if (first === undefined || first === last) return null;
  const growthBytes = last.totalBytes - first.totalBytes;
  const heapBytes = (heapOf(last)?.bytes ?? 0) - (heapOf(first)?.bytes ?? 0);
  return { totalBytes: last.totalBytes, growthBytes, outsideBytes: growthBytes - heapBytes };
}
