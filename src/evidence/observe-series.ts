/**
 * Series of an observer beside the process, one JSON object a line. What `lagleak attach` writes (`*.lagleak.jsonl`, `src/attach/
 * observe.ts`): a first line that introduces the process, then `{elapsedMs, residentBytes, queues, census, heap, lag}`. And what its
 * prototype wrote: `{tMs, rss, queues: [{name, qlen messages, qsize bytes}], census: {totalMB, top: [{size, count}]}}`. The memory of the
 * process and the gauges of the client's queues come from one clock, so they join without another.
 */
import { Float64Builder } from "../base/columns.ts";
import { Failure, type Loss } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import type { CensusEvidence, Evidence, EvidenceSource, ProcessEvidence, QueueEvidence, SettingsEvidence } from "./evidence.ts";
import { type LagRow, lagEvidence, type MemoryRow, memoryEvidence } from "./evidence-rows.ts";
import { jsonObjects } from "./json-objects.ts";

type Json = Readonly<Record<string, unknown>>;

export const observeSeries: EvidenceSource<readonly Evidence[]> = {
  id: "observe-series",
  title: "memory, client queues and heap census of a process that was observed (*.lagleak.jsonl)",
  recognize(head): Recognition {
    const text = new TextDecoder().decode(head);
    if (/^\s*\{"lagleakObservation"\s*:\s*\d/.test(text)) return "certain";
    return /^\s*\{/.test(text) && /^\{"tMs"\s*:\s*\d/m.test(text) && /"rss"\s*:\s*\d/.test(text) ? "certain" : "no";
  },
  read,
};

interface Gauge {
  readonly atMs: number;
  readonly name: string;
  readonly role: "consumer" | "producer";
  readonly messages: number;
  readonly bytes: number;
}

/**
 * Runtimes whose objects do not lie in the heap of malloc: what is in use there is the client's queue at most, and stands still while
 * the application's heap grows. Python's larger objects do lie in it.
 */
const OWN_HEAP: ReadonlySet<string> = new Set(["dotnet", "go", "jvm", "node"]);

async function read(input: Input): Promise<readonly Evidence[]> {
  const from = input.name;
  const memoryRows: MemoryRow[] = [];
  const lagRows: LagRow[] = [];
  const gauges: Gauge[] = [];
  const limits = new Map<string, string>();
  const census = new CensusRows();
  let process: ProcessEvidence | null = null;
  let startedAtMs: number | null = null;
  let broken = 0;
  let brokenLine = 0;
  for (const { value, line } of jsonObjects(await input.readAll())) {
    startedAtMs ??= numberOf(value?.["startedAtMs"]);
    if (value !== null && "lagleakObservation" in value) process = introduced(value, from);
    const elapsedMs = numberOf(value?.["elapsedMs"] ?? value?.["tMs"]);
    const residentBytes = numberOf(value?.["residentBytes"] ?? value?.["rss"]);
    if (value === null || elapsedMs === null || residentBytes === null) {
      // the first line introduces the process, others say what can no longer be read
      if (value !== null && ("startedAtMs" in value || "unreadable" in value)) continue;
      broken++;
      brokenLine ||= line;
      continue;
    }
    const atMs = (startedAtMs ?? 0) + elapsedMs;
    const time = { atMs, clock: "zone" } as const;
    const inUseBytes = census.add(atMs, value["census"]);
    const isInMalloc = process === null || !OWN_HEAP.has(process.runtime);
    const heapBytes = heapOf(value["heap"]) ?? (isInMalloc ? inUseBytes : null) ?? Number.NaN;
    memoryRows.push({ time, name: "", residentBytes, heapBytes });
    for (const queue of objectsIn(value["queues"])) {
      const name = String(queue["name"] ?? "");
      const role = (queue["role"] ?? (name.includes("#producer") ? "producer" : "consumer")) === "producer" ? "producer" : "consumer";
      gauges.push({
        atMs,
        name,
        role,
        messages: numberOf(queue["messages"] ?? queue["qlen"]) ?? 0,
        bytes: numberOf(queue["bytes"] ?? queue["qsize"]) ?? 0,
      });
      addLimits(limits, role, queue);
    }
    for (const lag of objectsIn(value["lag"])) {
      const committed = numberOf(lag["committed"]);
      const messages = numberOf(lag["messages"]);
      if (messages === null) continue;
      lagRows.push({
        time,
        group: String(lag["group"] ?? ""),
        lag: messages,
        committed: committed ?? Number.NaN,
        isWhole: committed !== null,
      });
    }
  }
  const losses: Loss[] = [...input.losses];
  if (broken > 0) {
    losses.push({
      code: "malformed-record",
      text: `observations that are not whole were skipped, the first at line ${brokenLine}`,
      offset: null,
      count: broken,
    });
  }
  const clock = startedAtMs === null ? "elapsed" : "zone";
  const memory = memoryEvidence(memoryRows, from, losses, { clock, limitBytes: process?.limitBytes ?? null });
  if (memory === null) {
    throw new Failure({
      code: "configuration",
      message: "holds no observation of a process",
      where: { file: from, line: Math.max(1, brokenLine) },
    });
  }
  const lag = lagEvidence(lagRows, from, [], { clock });
  const settings: SettingsEvidence = { kind: "settings", settings: limits, isChecked: true, from, losses: [] };
  return [
    memory,
    ...(["consumer", "producer"] as const).flatMap((role) => queueEvidence(gauges, role, clock, from)),
    ...(lag === null ? [] : [lag]),
    ...census.finish(clock, from),
    ...(limits.size === 0 ? [] : [settings]),
    ...(process === null ? [] : [process]),
  ];
}

function introduced(value: Json, from: string): ProcessEvidence {
  return {
    kind: "process",
    name: textOf(value["name"]) ?? "",
    runtime: textOf(value["runtime"]) ?? "native",
    clients: objectsIn(value["clients"]).map((client) => ({ id: textOf(client["id"]) ?? "", version: textOf(client["version"]) })),
    limitBytes: numberOf(value["limitBytes"]),
    unreadable: objectsIn(value["unreadable"]).map((one) => ({
      what: textOf(one["gauge"]) ?? "",
      because: textOf(one["because"]) ?? "",
      fix: textOf(one["fix"]) ?? "",
    })),
    from,
    losses: [],
  };
}

/** In use in the heap of a runtime: what survived its last collection, where it says so. */
function heapOf(heap: unknown): number | null {
  return isObject(heap) ? (numberOf(heap["usedAfterCollectionBytes"]) ?? numberOf(heap["usedBytes"])) : null;
}

/** Limits that a gauge read out of the client itself are settings like any other. */
function addLimits(settings: Map<string, string>, role: "consumer" | "producer", queue: Json): void {
  if (role !== "producer") return;
  const [messages, bytes] = [numberOf(queue["limitMessages"]), numberOf(queue["limitBytes"])];
  if (messages !== null) settings.set("queue.buffering.max.messages", String(messages));
  if (bytes !== null) settings.set("queue.buffering.max.kbytes", String(Math.round(bytes / 1024)));
}

class CensusRows {
  readonly #atMs = new Float64Builder();
  readonly #size = new Float64Builder();
  readonly #count = new Float64Builder();
  #allocator = "glibc";

  /** Bytes in use, as the census says; null where this is none. */
  add(atMs: number, census: unknown): number | null {
    if (!isObject(census)) return null;
    this.#allocator = textOf(census["allocator"]) ?? this.#allocator;
    for (const row of objectsIn(census["classes"] ?? census["top"])) {
      const [size, count] = [numberOf(row["size"]), numberOf(row["count"])];
      if (size === null || count === null) continue;
      this.#atMs.push(atMs);
      this.#size.push(size);
      this.#count.push(count);
    }
    const totalMB = numberOf(census["totalMB"]);
    return numberOf(census["inUseBytes"]) ?? (totalMB === null ? null : totalMB * 1e6);
  }

  finish(clock: "elapsed" | "zone", from: string): readonly CensusEvidence[] {
    const atMs = this.#atMs.finish();
    if (atMs.length === 0) return [];
    const columns = { atMs, size: this.#size.finish(), count: this.#count.finish() };
    return [{ kind: "census", allocator: this.#allocator, length: atMs.length, ...columns, clock, from, losses: [] }];
  }
}

function queueEvidence(
  all: readonly Gauge[],
  role: "consumer" | "producer",
  clock: "elapsed" | "zone",
  from: string,
): readonly QueueEvidence[] {
  const gauges = all.filter((gauge) => gauge.role === role);
  // a producer that never had a message is no queue worth a sentence: every client has its admin connection
  if (gauges.length === 0 || (role === "producer" && gauges.every(({ messages }) => messages === 0))) return [];
  const instances = [...new Set(gauges.map(({ name }) => name))];
  const messages = Float64Array.from(gauges, (gauge) => gauge.messages);
  const bytes = Float64Array.from(gauges, (gauge) => gauge.bytes);
  const sum = (column: Float64Array): number => column.reduce((total, value) => total + value, 0);
  return [
    {
      kind: "queue",
      role,
      instances,
      length: gauges.length,
      atMs: Float64Array.from(gauges, ({ atMs }) => atMs),
      instance: Uint32Array.from(gauges, ({ name }) => instances.indexOf(name)),
      messages,
      bytes,
      receivedMessages: new Float64Array(gauges.length),
      lag: new Float64Array(gauges.length).fill(-1),
      partitions: 0,
      brokers: 0,
      meanMessageBytes: sum(messages) === 0 ? null : sum(bytes) / sum(messages),
      split: false,
      ...(clock === "elapsed" ? { clock } : {}),
      from,
      losses: [],
    },
  ];
}

function objectsIn(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
