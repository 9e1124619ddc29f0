/**
 * `runtime.MemStats` of Go: JSON of `/debug/vars` (expvar), or the end of `/debug/pprof/heap?debug=1`. Heap in use, heap that is idle
 * and not given back to the system, stacks and the rest of the runtime (runtime/mstats.go).
 *
 * The surprise: HeapIdle counts what was released, too; only HeapIdle - HeapReleased is still resident. Command lines, which
 * expvar prints as well, are not kept.
 */
import { Failure } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import type { AllocatorEvidence, EvidenceSource } from "./evidence.ts";
import { jsonObjects } from "./json-objects.ts";

export const goMemstats: EvidenceSource<AllocatorEvidence> = {
  id: "go-memstats",
  title: "MemStats of Go: /debug/vars, or /debug/pprof/heap?debug=1",
  recognize(head): Recognition {
    const text = new TextDecoder().decode(head);
    const isJson =
      /^\s*\{/.test(text) && (/"memstats"\s*:\s*\{/.test(text) || (/"HeapAlloc"\s*:/.test(text) && /"HeapReleased"\s*:/.test(text)));
    if (isJson || /^(?:heap profile: |# runtime\.MemStats)/.test(text))
      return isJson || text.includes("# runtime.MemStats") ? "certain" : "likely";
    return "no";
  },
  read,
};

async function read(input: Input): Promise<AllocatorEvidence> {
  const bytes = await input.readAll();
  const stats = statsOfText(new TextDecoder().decode(bytes)) ?? statsOfJson(bytes);
  const value = (name: string): number => stats?.get(name) ?? Number.NaN;
  if (!Number.isFinite(value("Sys")) || !Number.isFinite(value("HeapAlloc"))) {
    throw new Failure({
      code: "configuration",
      message: "holds no whole MemStats of Go",
      where: { file: input.name, line: 1 },
      hint: "Save /debug/vars, or /debug/pprof/heap?debug=1 to its end.",
    });
  }
  const released = value("HeapReleased") || 0;
  const idle = Math.max(0, (value("HeapIdle") || 0) - released);
  const garbage = Math.max(0, (value("HeapInuse") || value("HeapAlloc")) - value("HeapAlloc"));
  const stacks = value("StackSys") || value("Stack") || 0;
  const total = value("Sys") - released;
  const parts = [
    { name: "heap objects", bytes: value("HeapAlloc"), growthBytes: null },
    { name: "free in spans that are in use", bytes: garbage, growthBytes: null },
    { name: "idle heap that is not given back", bytes: idle, growthBytes: null },
    { name: "stacks", bytes: stacks, growthBytes: null },
    { name: "other memory of the runtime", bytes: Math.max(0, total - value("HeapAlloc") - garbage - idle - stacks), growthBytes: null },
  ];
  return {
    kind: "allocator",
    allocator: "go",
    atMs: Number.NaN,
    totalBytes: total,
    inUseBytes: total - idle - garbage,
    keptBytes: idle + garbage,
    parts: parts.sort((a, b) => b.bytes - a.bytes),
    from: input.name,
    losses: input.losses,
  };
}

function statsOfJson(bytes: Uint8Array): ReadonlyMap<string, number> | null {
  for (const { value } of jsonObjects(bytes)) {
    const inner = (value?.["memstats"] ?? value) as Readonly<Record<string, unknown>> | null;
    if (typeof inner !== "object" || inner === null || typeof inner["HeapAlloc"] !== "number") continue;
    return new Map(Object.entries(inner).filter((entry): entry is [string, number] => typeof entry[1] === "number"));
  }
  return null;
}

function statsOfText(text: string): ReadonlyMap<string, number> | null {
  const start = text.lastIndexOf("# runtime.MemStats");
  if (start < 0) return null;
  return new Map(
    [...text.slice(start).matchAll(/^# (\w+) = (\d+)(?: \/ \d+)?\s*$/gm)].map(([, name = "", value]) => [name, Number(value)]),
  );
}
