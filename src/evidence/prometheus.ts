/**
 * Metrics of Prometheus: the text exposition format 0.0.4 and OpenMetrics, once or appended in a loop, and the JSON of
 * `/api/v1/query_range` and `/api/v1/query`. Which metric says what is data below: lag by the kafka lag exporters (danielqsj,
 * Lightbend, KMinion, Burrow's), JMX exporters, Micrometer and librdkafka exporters; memory by cAdvisor and client libraries.
 *
 * The surprise: exporters give the same lag at several levels (partition, topic, group), and several replicas of an exporter give it
 * twice. The coarsest level is taken, and of the same partition the largest value. Labels of no use here are not kept.
 */
import { Failure, type Loss } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import { textLines } from "../base/text-lines.ts";
import type { Evidence, EvidenceSource, WantedEvidence } from "./evidence.ts";
import { type LagRow, lagEvidence, type MemoryRow, memoryEvidence } from "./evidence-rows.ts";
import { leadingTime, openingLine, type WallTime, wholeTime } from "./wall-clock.ts";

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly metric: string;
  readonly labels: Labels;
  readonly time: WallTime | null;
  readonly value: number;
}

/** What a metric says. Of lag, `level` tells what one of its series is of; `most`: of the partition that is furthest behind. */
interface Meaning {
  readonly metric: RegExp;
  readonly says: "lag" | "committed" | "resident" | "heap" | "limit";
  readonly level?: "group" | "topic" | "partition" | "most";
  readonly measures?: "process" | "container";
  /** Of two metrics of one thing, the lower is better. */
  readonly order: number;
}

const MEANINGS: readonly Meaning[] = [
  {
    metric: /^kafka_consumer_?group_group_(?:sum_lag|lag_sum)$|^kafka_consumergroup_lag_sum_total$/,
    says: "lag",
    level: "group",
    order: 0,
  },
  {
    metric: /^kminion_kafka_consumer_group_topic_lag$|^kafka_consumergroup_(?:group_topic_sum_lag|lag_sum)$/,
    says: "lag",
    level: "topic",
    order: 1,
  },
  { metric: /^burrow_(?:kafka_)?consumer_(?:total_lag|lag_total)$|^burrow_total_lag$/, says: "lag", level: "group", order: 0 },
  {
    metric:
      /^kminion_kafka_consumer_group_topic_partition_lag$|^kafka_consumergroup(?:_group)?_lag$|^kafka_consumer_group_lag$|^burrow_(?:kafka_)?(?:consumer_)?partition_lag$|^burrow_kafka_consumer_current_lag$/,
    says: "lag",
    level: "partition",
    order: 2,
  },
  { metric: /^kafka_consumer_(?:consumer_)?fetch_manager_(?:metrics_)?records_lag$/, says: "lag", level: "partition", order: 3 },
  { metric: /rdkafka.*consumer_lag$|^kafka_consumer_lag$/, says: "lag", level: "partition", order: 4 },
  { metric: /^kafka_consumer_(?:consumer_)?fetch_manager_(?:metrics_)?records_lag_max$/, says: "lag", level: "most", order: 5 },
  {
    metric: /^kafka_consumergroup(?:_group)?_(?:current_)?offset$|^kminion_kafka_consumer_group_topic_partition_offset$/,
    says: "committed",
    level: "partition",
    order: 0,
  },
  { metric: /^container_memory_rss$/, says: "resident", measures: "container", order: 1 },
  { metric: /^process_resident_memory_bytes$/, says: "resident", measures: "process", order: 0 },
  { metric: /^container_memory_working_set_bytes$/, says: "resident", measures: "container", order: 2 },
  { metric: /^container_memory_usage_bytes$/, says: "resident", measures: "container", order: 3 },
  { metric: /^(?:go_memstats_heap_inuse_bytes|nodejs_heap_size_used_bytes)$/, says: "heap", order: 0 },
  { metric: /^jvm_memory_(?:bytes_used|used_bytes)$/, says: "heap", order: 0 },
  { metric: /^container_spec_memory_limit_bytes$|^kube_pod_container_resource_limits(?:_memory_bytes)?$/, says: "limit", order: 0 },
];

const GROUP_LABELS = ["consumergroup", "consumer_group", "group", "group_id", "consumer"] as const;
const NAME_LABELS = [
  ["namespace", "pod", "container"],
  ["namespace", "pod_name", "container_name"],
  ["name"],
  ["id"],
  ["job", "instance"],
] as const;

const SAMPLE =
  /^([a-zA-Z_:][\w:]*)(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?\s+([-+]?(?:\d[\d.]*(?:e[-+]?\d+)?|Inf|NaN|Nan))(?:\s+(-?\d+(?:\.\d+)?))?\s*(?:#.*)?$/i;
const RANGE = /"resultType"\s*:\s*"(?:matrix|vector)"/;

export const prometheus: EvidenceSource<readonly Evidence[]> = {
  id: "prometheus",
  title: "metrics of Prometheus: text, or the JSON of a (range) query",
  recognize(head): Recognition {
    const text = new TextDecoder().decode(head);
    if (/^\s*\{/.test(text) && RANGE.test(text)) return "certain";
    const lines = text.split("\n");
    const opening = openingLine(text);
    const isPage = /^# (?:HELP|TYPE) /.test(opening) || /^(?:HELP|TYPE) [a-zA-Z_:]/.test(opening) || SAMPLE.test(opening);
    if (lines.some((line) => meaningOf(SAMPLE.exec(line)?.[1] ?? "") !== null)) return isPage ? "certain" : "likely";
    return /^# TYPE [a-zA-Z_:][\w:]* (?:counter|gauge|histogram|summary|untyped|info|unknown)\s*$/m.test(text) ? "likely" : "no";
  },
  read,
};

function meaningOf(metric: string): Meaning | null {
  return MEANINGS.find((meaning) => meaning.metric.test(metric)) ?? null;
}

async function read(input: Input, wanted?: WantedEvidence): Promise<readonly Evidence[]> {
  const bytes = await input.readAll();
  const losses: Loss[] = [...input.losses];
  const isJson = /^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)));
  const { samples, line } = isJson ? samplesOfJson(bytes, input.name) : samplesOfText(bytes, losses);
  const found = [lagOf(samples, wanted, input.name, losses), memoryOf(samples, wanted, input.name, losses)].filter((one) => one !== null);
  if (found.length > 0) return found;
  throw new Failure({
    code: "configuration",
    message: samples.length === 0 ? "holds no samples" : "holds no metric of consumer lag or memory that lagleak knows",
    where: { file: input.name, line },
    hint: "Give kafka_consumergroup_lag, records_lag, process_resident_memory_bytes or container_memory_working_set_bytes; any other as the only metric of a range query.",
  });
}

function samplesOfText(bytes: Uint8Array, losses: Loss[]): { readonly samples: readonly Sample[]; readonly line: number } {
  const samples: Sample[] = [];
  const broken: number[] = [];
  let now: WallTime | null = null;
  let line = 0;
  for (const { text } of textLines(bytes)) {
    line++;
    if (text.trim() === "" || /^# (?:HELP|TYPE|UNIT|EOF)/.test(text)) continue;
    const match = SAMPLE.exec(text);
    if (match === null) {
      const time = wholeTime(text.replace(/^#\s*/, "")) ?? leadingTime(text).time;
      now = time ?? now;
      if (time === null && !text.startsWith("#")) broken.push(line);
      continue;
    }
    const [, metric = "", labels = "", value = "", stamp] = match;
    if (meaningOf(metric) === null) continue;
    samples.push({ metric, labels: labelsOf(labels), time: stamp === undefined ? now : stampOf(stamp), value: Number(value) });
  }
  if (broken.length > 0) {
    const text = `lines that are no samples were skipped, at line ${broken.slice(0, 5).join(", ")}`;
    losses.push({ code: "malformed-record", text, offset: null, count: broken.length });
  }
  return { samples, line: Math.max(1, broken[0] ?? line) };
}

/** Milliseconds in the text format, seconds in OpenMetrics. */
function stampOf(stamp: string): WallTime {
  const value = Number(stamp);
  return { atMs: Math.abs(value) >= 1e11 ? value : value * 1000, clock: "zone" };
}

function labelsOf(text: string): Labels {
  return Object.fromEntries(
    [...text.matchAll(/(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"/g)].map(([, name = "", value = ""]) => [name, value.replaceAll(/\\(.)/g, "$1")]),
  );
}

function samplesOfJson(bytes: Uint8Array, file: string): { readonly samples: readonly Sample[]; readonly line: number } {
  const broken = (message: string, cause?: unknown): Failure =>
    new Failure({
      code: "configuration",
      message,
      where: { file, line: 1 },
      hint: "Save the answer of /api/v1/query_range as it is.",
      cause,
    });
  let answer: unknown;
  try {
    answer = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw broken("is no whole JSON", cause);
  }
  const data = (answer as { data?: { result?: unknown } } | null)?.data?.result;
  const error = (answer as { error?: unknown } | null)?.error;
  if (typeof error === "string") throw broken(`is an error of Prometheus: ${error.slice(0, 120)}`);
  if (!Array.isArray(data)) throw broken("holds no result of a query");
  const samples: Sample[] = [];
  for (const series of data as readonly { metric?: Record<string, unknown>; values?: unknown; value?: unknown }[]) {
    const labels = Object.fromEntries(
      Object.entries(series.metric ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
    const values = Array.isArray(series.values) ? series.values : [series.value];
    for (const pair of values) {
      if (!Array.isArray(pair) || typeof pair[0] !== "number") continue;
      samples.push({ metric: labels["__name__"] ?? "", labels, time: { atMs: pair[0] * 1000, clock: "zone" }, value: Number(pair[1]) });
    }
  }
  return { samples, line: 1 };
}

/** Samples with what they say; a result without a name (a sum) says what was asked for. */
function saying(
  samples: readonly Sample[],
  says: Meaning["says"],
  isWanted: boolean,
): readonly { readonly sample: Sample; readonly meaning: Meaning }[] {
  return samples.flatMap((sample) => {
    if (!Number.isFinite(sample.value)) return [];
    const known = meaningOf(sample.metric);
    // an unknown metric that is asked for stands for itself
    const meaning = known ?? (isWanted ? ({ metric: /^/, says, level: "group", order: 9 } satisfies Meaning) : null);
    return meaning?.says === says ? [{ sample, meaning }] : [];
  });
}

/** Of a long range there are more samples than a call takes arguments. */
function bestOrder(all: readonly { readonly meaning: Meaning }[]): number {
  return all.reduce((best, { meaning }) => Math.min(best, meaning.order), Infinity);
}

function lagOf(samples: readonly Sample[], wanted: WantedEvidence | undefined, file: string, losses: readonly Loss[]): Evidence | null {
  const all = saying(samples, "lag", wanted === "lag");
  const best = bestOrder(all);
  const chosen = all.filter(({ meaning }) => meaning.order === best);
  const committed = saying(samples, "committed", false);
  const rows = new Map<
    string,
    { time: WallTime | null; group: string; parts: Map<string, number>; offsets: Map<string, number>; isWhole: boolean }
  >();
  const rowOf = (
    { labels, time }: Sample,
    isPlace: boolean,
  ): { parts: Map<string, number>; offsets: Map<string, number>; isWhole: boolean } | undefined => {
    const group = labels[GROUP_LABELS.find((label) => labels[label] !== undefined) ?? ""] ?? "";
    const key = `${time?.atMs ?? ""}\n${group}`;
    if (!rows.has(key) && isPlace) rows.set(key, { time, group, parts: new Map(), offsets: new Map(), isWhole: true });
    return rows.get(key);
  };
  const isLowest = chosen[0]?.meaning.level === "most";
  for (const { sample } of chosen) {
    const row = rowOf(sample, true);
    if (sample.value < 0) {
      if (row !== undefined) row.isWhole = false; // exporters write -1 where there is no committed offset
      continue;
    }
    const { labels } = sample;
    const client = labels["client_id"] ?? labels["clientId"] ?? ""; // clients of one process are summed
    const topic = labels["topic"] ?? labels["topic_name"] ?? labels["topic_id"] ?? "";
    const part = isLowest
      ? ""
      : `${client}
${topic}
${labels["partition"] ?? labels["partition_id"] ?? ""}`;
    const parts = row?.parts;
    parts?.set(part, Math.max(parts.get(part) ?? 0, sample.value));
  }
  for (const { sample } of committed) {
    const { labels } = sample;
    rowOf(sample, false)?.offsets.set(
      `${labels["topic"] ?? labels["topic_name"]}\n${labels["partition"] ?? labels["partition_id"]}`,
      sample.value,
    );
  }
  const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
  const lags = [...rows.values()]
    .filter(({ parts }) => parts.size > 0)
    .map(
      ({ time, group, parts, offsets, isWhole }): LagRow => ({
        isWhole,
        time,
        group,
        lag: sum(parts.values()),
        committed: offsets.size === 0 ? Number.NaN : sum(offsets.values()),
      }),
    );
  const lowest: Loss[] = isLowest
    ? [
        {
          code: "evidence",
          text: "records-lag-max is the lag of one partition, not of all: it says no more than that messages wait",
          offset: null,
          count: 1,
        },
      ]
    : [];
  return lagEvidence(lags, file, [...losses, ...lowest], { isLowest });
}

function memoryOf(samples: readonly Sample[], wanted: WantedEvidence | undefined, file: string, losses: readonly Loss[]): Evidence | null {
  const all = saying(samples, "resident", wanted === "memory");
  const best = bestOrder(all);
  // cAdvisor also gives the pause container and the sum of the pod (no container)
  const isPart = ({ sample: { labels } }: { sample: Sample }): boolean => {
    const container = labels["container"] ?? labels["container_name"];
    return container !== "POD" && (container !== "" || labels["name"] !== undefined);
  };
  const ofLevel = all.filter(({ meaning }) => meaning.order === best);
  const chosen = ofLevel.some(isPart) ? ofLevel.filter(isPart) : ofLevel;
  const heap = new Map<string, number>();
  for (const { sample } of saying(samples, "heap", false)) {
    if (sample.labels["area"] !== undefined && sample.labels["area"] !== "heap") continue;
    const key = `${sample.time?.atMs ?? ""}\n${nameOf(sample.labels)}`;
    heap.set(key, (heap.get(key) ?? 0) + sample.value);
  }
  const seen = new Map<string, MemoryRow>();
  for (const { sample } of chosen) {
    const name = nameOf(sample.labels);
    const key = `${sample.time?.atMs ?? ""}\n${name}`;
    // without times every page that was appended is a row of its own
    seen.set(sample.time === null ? `${key}\n${seen.size}` : key, {
      time: sample.time,
      name,
      residentBytes: sample.value,
      heapBytes: heap.get(key) ?? Number.NaN,
    });
  }
  const measures = chosen[0]?.meaning.measures ?? "process";
  const limits = saying(samples, "limit", false).filter(
    ({ sample }) =>
      isPart({ sample }) && (sample.labels["resource"] ?? "memory") === "memory" && sample.value > 0 && sample.value < 2 ** 50,
  );
  const limitBytes = new Set(limits.map(({ sample }) => sample.value)).size === 1 ? (limits[0]?.sample.value ?? null) : null;
  return memoryEvidence([...seen.values()], file, losses, { measures, limitBytes });
}

function nameOf(labels: Labels): string {
  const names = NAME_LABELS.find((candidate) => candidate.some((label) => (labels[label] ?? "") !== ""));
  return (names ?? [])
    .map((label) => labels[label] ?? "")
    .filter((value) => value !== "")
    .join("/");
}
