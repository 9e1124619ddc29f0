/**
 * Series of an observer beside the process, one JSON object a line: `{tMs since the start, rss, queues: [{name, qlen messages, qsize
 * bytes}], census: {totalMB in use by malloc, top: [{size of the chunk class, count}]}}`, `t0` or `startedAtMs` where it knows the
 * wall clock. The memory of the process and the gauges of the client's queues come from one clock, so they join without another.
 */
import { Failure, type Loss } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import type { EvidenceSource, MemoryEvidence, QueueEvidence } from "./evidence.ts";
import { type MemoryRow, memoryEvidence } from "./evidence-rows.ts";
import { jsonObjects } from "./json-objects.ts";

type Json = Readonly<Record<string, unknown>>;

export const observeSeries: EvidenceSource<readonly (MemoryEvidence | QueueEvidence)[]> = {
  id: "observe-series",
  title: "resident memory and queue gauges of a process that was observed (*.lagleak.jsonl)",
  recognize(head): Recognition {
    const text = new TextDecoder().decode(head);
    return /^\s*\{/.test(text) && /^\{"tMs"\s*:\s*\d/m.test(text) && /"rss"\s*:\s*\d/.test(text) ? "certain" : "no";
  },
  read,
};

interface Gauge {
  readonly atMs: number;
  readonly name: string;
  readonly messages: number;
  readonly bytes: number;
}

async function read(input: Input): Promise<readonly (MemoryEvidence | QueueEvidence)[]> {
  const rows: MemoryRow[] = [];
  const gauges: Gauge[] = [];
  let startedAtMs: number | null = null;
  let broken = 0;
  let brokenLine = 0;
  for (const { value, line } of jsonObjects(await input.readAll())) {
    startedAtMs ??= numberOf(value?.["startedAtMs"]);
    const elapsedMs = numberOf(value?.["tMs"]);
    const residentBytes = numberOf(value?.["rss"]);
    if (value === null || elapsedMs === null || residentBytes === null) {
      if (value !== null && "startedAtMs" in value) continue; // a first line that only introduces the process
      broken++;
      brokenLine ||= line;
      continue;
    }
    const census = value["census"];
    const totalMB = isObject(census) ? numberOf(census["totalMB"]) : null;
    const atMs = (startedAtMs ?? 0) + elapsedMs;
    rows.push({ time: { atMs, clock: "zone" }, name: "", residentBytes, heapBytes: totalMB === null ? Number.NaN : totalMB * 1e6 });
    const queues = value["queues"];
    for (const queue of Array.isArray(queues) ? queues.filter(isObject) : []) {
      gauges.push({
        atMs,
        name: String(queue["name"] ?? ""),
        messages: numberOf(queue["qlen"]) ?? 0,
        bytes: numberOf(queue["qsize"]) ?? 0,
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
  const memory = memoryEvidence(rows, input.name, losses, { clock });
  if (memory === null) {
    throw new Failure({
      code: "configuration",
      message: "holds no observation of a process",
      where: { file: input.name, line: Math.max(1, brokenLine) },
    });
  }
  return gauges.length === 0 ? [memory] : [memory, queueEvidence(gauges, clock, input.name)];
}

function queueEvidence(gauges: readonly Gauge[], clock: "elapsed" | "zone", from: string): QueueEvidence {
  const instances = [...new Set(gauges.map(({ name }) => name))];
  const messages = Float64Array.from(gauges, (gauge) => gauge.messages);
  const bytes = Float64Array.from(gauges, (gauge) => gauge.bytes);
  const sum = (column: Float64Array): number => column.reduce((total, value) => total + value, 0);
  return {
    kind: "queue",
    role: "consumer",
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
  };
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
