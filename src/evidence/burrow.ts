/**
 * Answers of Burrow (`/v3/kafka/<cluster>/consumer/<group>/lag`, also `/status`), one or many in a file. `totallag` counts every
 * partition also where only the bad ones are listed. The time is that of the latest offset commit that Burrow has seen.
 */
import { Failure, type Loss } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import type { EvidenceSource, LagEvidence } from "./evidence.ts";
import { type LagRow, lagEvidence } from "./evidence-rows.ts";
import { jsonObjects } from "./json-objects.ts";

type Json = Readonly<Record<string, unknown>>;

export const burrow: EvidenceSource<LagEvidence> = {
  id: "burrow",
  title: "the lag of a consumer group as Burrow's HTTP API gives it",
  recognize(head): Recognition {
    const text = new TextDecoder().decode(head);
    return /^\s*[{[]/.test(text) &&
      /"status"\s*:\s*\{/.test(text) &&
      /"(?:maxlag|partition_count|totallag|current_lag)"\s*:/.test(text) &&
      /"group"\s*:/.test(text)
      ? "certain"
      : "no";
  },
  read,
};

async function read(input: Input): Promise<LagEvidence> {
  const rows: LagRow[] = [];
  let brokenLine = 0;
  let broken = 0;
  for (const { value, line } of jsonObjects(await input.readAll())) {
    const row = value === null ? null : rowOf(value);
    if (row !== null) rows.push(row);
    else {
      broken++;
      brokenLine ||= line;
    }
  }
  const losses: Loss[] = [...input.losses];
  if (broken > 0)
    losses.push({
      code: "malformed-record",
      text: `answers without a lag were skipped, the first at line ${brokenLine}`,
      offset: null,
      count: broken,
    });
  const evidence = lagEvidence(rows, input.name, losses);
  if (evidence !== null) return evidence;
  throw new Failure({
    code: "configuration",
    message: "holds no lag of a consumer group",
    where: { file: input.name, line: Math.max(1, brokenLine) },
    hint: "Save the answer of /v3/kafka/<cluster>/consumer/<group>/lag.",
  });
}

function rowOf(answer: Json): LagRow | null {
  const status = answer["status"];
  if (!isObject(status)) return null;
  const partitions = Array.isArray(status["partitions"]) ? status["partitions"].filter(isObject) : [];
  const ends = partitions.map(({ end }) => (isObject(end) ? end : {}));
  const lags = partitions.map((partition, index) => numberOf(partition["current_lag"]) ?? numberOf(ends[index]?.["lag"]) ?? 0);
  const lag = numberOf(status["totallag"]) ?? (partitions.length === 0 ? null : lags.reduce((sum, value) => sum + value, 0));
  if (lag === null) return null;
  const atMs = Math.max(...ends.map((end) => numberOf(end["timestamp"]) ?? Number.NaN));
  const isWhole = partitions.length > 0 && partitions.length === (numberOf(status["partition_count"]) ?? partitions.length);
  const committed = ends.reduce((sum, end) => sum + (numberOf(end["offset"]) ?? Number.NaN), 0);
  return {
    time: Number.isFinite(atMs) ? { atMs, clock: "zone" } : null,
    group: typeof status["group"] === "string" ? status["group"] : "",
    lag,
    isWhole: true, // of `totallag`
    committed: isWhole ? committed : Number.NaN,
  };
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
