/**
 * `malloc_info(3)` of glibc (malloc.c, `__malloc_info`): what the arenas took from the system, what of it is free, and what was mapped
 * for single large blocks. Tells memory in use from memory that the allocator keeps.
 *
 * The surprise: the totals of the document count the arenas only; mapped blocks are beside them. Free memory at the top of an arena
 * is in no list of sizes but in "rest".
 */
import { Failure } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import type { AllocatorEvidence, EvidenceSource } from "./evidence.ts";

export const mallocInfo: EvidenceSource<AllocatorEvidence> = {
  id: "malloc-info",
  title: "malloc_info(3) of glibc",
  recognize(head): Recognition {
    const text = new TextDecoder().decode(head);
    return /^\s*<malloc version=/.test(text) ? "certain" : /^<malloc version=/m.test(text) ? "likely" : "no";
  },
  read,
};

async function read(input: Input): Promise<AllocatorEvidence> {
  const text = new TextDecoder().decode(await input.readAll());
  // the last report where several were written one after another
  const start = text.lastIndexOf("<malloc version=");
  const end = text.indexOf("</malloc>", start);
  if (start < 0 || end < 0) {
    throw new Failure({
      code: "configuration",
      message: start < 0 ? "holds no report of malloc_info" : "the report of malloc_info is cut",
      where: { file: input.name, line: text.split("\n").length },
      hint: "Write it again: malloc_info(0, file), and close the file.",
    });
  }
  const report = text.slice(start, end);
  const heaps = report.match(/<heap /g)?.length ?? 0;
  const totals = report.slice(report.lastIndexOf("</heap>") + 1);
  const sizeOf = (pattern: RegExp): number => Number(pattern.exec(totals)?.[1] ?? 0);
  const arenas = sizeOf(/<system type="current" size="(\d+)"/);
  const mapped = sizeOf(/<total type="mmap"[^>]*size="(\d+)"/);
  const free = sizeOf(/<total type="fast"[^>]*size="(\d+)"/) + sizeOf(/<total type="rest"[^>]*size="(\d+)"/);
  const parts = [
    { name: `in use in ${heaps} ${heaps === 1 ? "arena" : "arenas"}`, bytes: arenas - free, growthBytes: null },
    { name: "blocks with mappings of their own", bytes: mapped, growthBytes: null },
    { name: "free in arenas", bytes: free, growthBytes: null },
  ];
  return {
    kind: "allocator",
    allocator: "glibc",
    atMs: Number.NaN,
    totalBytes: arenas + mapped,
    inUseBytes: arenas - free + mapped,
    keptBytes: free,
    parts: parts.sort((a, b) => b.bytes - a.bytes),
    from: input.name,
    losses: input.losses,
  };
}
