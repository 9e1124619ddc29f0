/**
 * Statistics JSON of librdkafka (STATISTICS.md; `statistics.interval.ms`), of consumers and producers, as files or in logs.
 *
 * The surprise: with the high-level consumer every partition reports the totals of one queue, to which all partition queues
 * are forwarded (rdkafka.c:1715-1728 of 2.15.0). The sum over 40 partitions says 3.0 GB where 75 MB are queued. Partitions
 * are added up only when their values show, over time, that their queues are different ones (split partition queues).
 * Nothing of the text but the names of the client instances is kept.
 */
import { Float64Builder, Uint32Builder } from "../base/columns.ts";
import { Failure, type Loss } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import type { EvidenceSource, QueueEvidence } from "./evidence.ts";
import { jsonObjects } from "./json-objects.ts";

type Json = Readonly<Record<string, unknown>>;

/** What one partition said of the queue that it is attached to. */
interface PartitionQueue {
  readonly partition: string; // topic and number; lives only while reading
  readonly messages: number;
  readonly bytes: number;
}

/** One statistics object. */
interface Emission {
  readonly instance: string;
  readonly role: QueueEvidence["role"];
  readonly wallSeconds: number; // Unix, whole seconds
  readonly monotonicMs: number | null;
  readonly queues: readonly PartitionQueue[];
  readonly receivedMessages: number;
  readonly lag: number; // -1 = not known
  readonly partitions: number;
  readonly brokers: number;
  readonly rebalances: number;
  readonly disconnects: number;
  readonly responses: number;
}

export const librdkafkaStats: EvidenceSource<QueueEvidence> = {
  id: "librdkafka-stats",
  title: "librdkafka statistics (JSON, JSON lines, or log lines that hold them)",
  recognize,
  read,
};

function recognize(head: Uint8Array): Recognition {
  const text = new TextDecoder().decode(head);
  // inside of structured logs the quotes are escaped
  const has = (key: string): boolean => new RegExp(`\\\\?"${key}\\\\?"\\s*:`).test(text);
  if (!has("ts") || !has("time")) return "no";
  return has("replyq") && has("brokers") ? "certain" : "likely";
}

async function read(input: Input): Promise<QueueEvidence> {
  const emissions: Emission[] = [];
  const broken: { readonly line: number; readonly offset: number }[] = [];
  for (const found of jsonObjects(await input.readAll())) {
    const statistics = found.value === null ? null : statisticsIn(found.value);
    if (statistics !== null) emissions.push(emissionOf(statistics));
    else if (found.value === null) broken.push(found);
  }
  // A process that consumes and produces writes both kinds; the evidence is of one kind, and consumers come first.
  const role = emissions.some((emission) => emission.role === "consumer") ? "consumer" : "producer";
  const ours = emissions.filter((emission) => emission.role === role);
  if (ours.length === 0) {
    throw new Failure({
      code: "configuration",
      message: broken.length === 0 ? "holds no librdkafka statistics" : "holds no complete statistics object",
      where: { file: input.name, line: broken[0]?.line ?? 1 },
      hint: "Set statistics.interval.ms=5000 and write every JSON string that the statistics callback receives as a line of its own.",
    });
  }
  const losses: Loss[] = [...input.losses];
  if (broken[0] !== undefined) {
    losses.push({
      code: "malformed-record",
      text: `broken statistics objects were skipped, at ${lineNumbers(broken.map((object) => object.line))}`,
      offset: broken[0].offset,
      count: broken.length,
    });
  }
  if (ours.length < emissions.length) {
    const count = emissions.length - ours.length;
    losses.push({ code: "evidence", text: "statistics of producers in the same file were left out", offset: null, count });
  }
  return evidenceOf(ours, role, input.name, losses);
}

function lineNumbers(lines: readonly number[]): string {
  const shown = lines.slice(0, 5).join(", ");
  return `${lines.length === 1 ? "line" : "lines"} ${shown}${lines.length > 5 ? ", …" : ""}`;
}

/** The statistics in a logged object: itself, or one of its fields, as an object or as text. */
function statisticsIn(object: Json): Json | null {
  if (isStatistics(object)) return object;
  for (const value of Object.values(object)) {
    if (isObject(value) && isStatistics(value)) return value;
    if (typeof value !== "string" || !value.includes('"topics"')) continue;
    for (const inner of jsonObjects(new TextEncoder().encode(value))) {
      if (inner.value !== null && isStatistics(inner.value)) return inner.value;
    }
  }
  return null;
}

function isStatistics(object: Json): boolean {
  return typeof object["time"] === "number" && object["time"] > 0 && isObject(object["topics"]);
}

function emissionOf(statistics: Json): Emission {
  const name = textOf(statistics["name"]) || textOf(statistics["client_id"]) || "librdkafka";
  const role = statistics["type"] === "producer" ? "producer" : "consumer";
  const ts = statistics["ts"];
  const queues: PartitionQueue[] = [];
  const leaders = new Set<number>();
  let lag = -1;
  let partitionReceived = 0;
  for (const [topic, topicValue] of entriesOf(statistics["topics"])) {
    for (const [number, partition] of entriesOf(topicValue["partitions"])) {
      if (number === "-1") continue; // messages without a partition yet (UA); no queue of a consumer
      partitionReceived += numberOf(partition["rxmsgs"]);
      const state = textOf(partition["fetch_state"]);
      // seen in the metadata, but not assigned: its own queue is empty and not forwarded
      if (role === "consumer" && (state === "none" || state === "stopped")) continue;
      queues.push({
        partition: `${topic}\n${number}`,
        messages: numberOf(partition["fetchq_cnt"]),
        bytes: numberOf(partition["fetchq_size"]),
      });
      const leader = partition["leader"] ?? partition["broker"];
      if (typeof leader === "number" && leader >= 0) leaders.add(leader);
      const behind = partition["consumer_lag"];
      if (typeof behind === "number" && behind >= 0) lag = Math.max(lag, 0) + behind;
    }
  }
  const received = statistics["rxmsgs"];
  return {
    instance: name,
    role,
    wallSeconds: numberOf(statistics["time"]),
    monotonicMs: typeof ts === "number" && ts > 0 ? ts / 1000 : null,
    queues:
      role === "consumer"
        ? queues
        : [{ partition: "", messages: numberOf(statistics["msg_cnt"]), bytes: numberOf(statistics["msg_size"]) }],
    receivedMessages: typeof received === "number" ? received : partitionReceived,
    lag: role === "consumer" ? lag : -1,
    partitions: queues.length,
    brokers: leaders.size,
    ...eventsOf(statistics),
  };
}

/** Empty fetch responses count, too: what a response holds is at least received messages over responses. */
function eventsOf(statistics: Json): Pick<Emission, "rebalances" | "disconnects" | "responses"> {
  const group = statistics["cgrp"];
  let [disconnects, responses, fetches] = [0, 0, 0];
  for (const [, broker] of entriesOf(statistics["brokers"])) {
    disconnects += numberOf(broker["disconnects"]);
    responses += numberOf(broker["rx"]);
    const requests = broker["req"];
    if (isObject(requests)) fetches += numberOf(requests["Fetch"]);
  }
  return { rebalances: isObject(group) ? numberOf(group["rebalance_cnt"]) : 0, disconnects, responses: fetches || responses };
}

function evidenceOf(emissions: readonly Emission[], role: QueueEvidence["role"], from: string, losses: readonly Loss[]): QueueEvidence {
  const byInstance = new Map<string, Emission[]>();
  for (const emission of emissions) {
    const known = byInstance.get(emission.instance);
    if (known === undefined) byInstance.set(emission.instance, [emission]);
    else known.push(emission);
  }
  const rows: { atMs: number; instance: number; emission: Emission; messages: number; bytes: number }[] = [];
  let split = false;
  let instance = 0;
  for (const ofInstance of byInstance.values()) {
    const queueOf = distinctQueues(ofInstance);
    const times = wallTimes(ofInstance);
    split ||= new Set(queueOf.values()).size > 1;
    ofInstance.forEach((emission, index) => {
      rows.push({ atMs: times[index] ?? 0, instance, emission, ...queued(emission, queueOf) });
    });
    instance++;
  }
  rows.sort((a, b) => a.atMs - b.atMs || a.instance - b.instance);

  const columns = {
    atMs: new Float64Builder(),
    instance: new Uint32Builder(),
    messages: new Float64Builder(),
    bytes: new Float64Builder(),
    receivedMessages: new Float64Builder(),
    lag: new Float64Builder(),
  };
  const count = (counter: "rebalances" | "disconnects" | "responses"): Float64Array =>
    Float64Array.from(rows, ({ emission }) => emission[counter]);
  let messages = 0;
  let bytes = 0;
  for (const row of rows) {
    columns.atMs.push(row.atMs);
    columns.instance.push(row.instance);
    columns.messages.push(row.messages);
    columns.bytes.push(row.bytes);
    columns.receivedMessages.push(row.emission.receivedMessages);
    columns.lag.push(row.emission.lag);
    messages += row.messages;
    bytes += row.bytes;
  }
  return {
    kind: "queue",
    role,
    instances: [...byInstance.keys()],
    length: rows.length,
    atMs: columns.atMs.finish(),
    instance: columns.instance.finish(),
    messages: columns.messages.finish(),
    bytes: columns.bytes.finish(),
    receivedMessages: columns.receivedMessages.finish(),
    lag: columns.lag.finish(),
    counters: { rebalances: count("rebalances"), disconnects: count("disconnects"), responses: count("responses") },
    partitions: rows.reduce((most, row) => Math.max(most, row.emission.partitions), 0),
    brokers: rows.reduce((most, row) => Math.max(most, row.emission.brokers), 0),
    meanMessageBytes: messages === 0 ? null : bytes / messages,
    split,
    from,
    losses,
  };
}

/** Emissions that are compared to tell queues apart; more of them say nothing new. */
const COMPARED_EMISSIONS = 64;
/** Two partitions have different queues when they differ clearly in at least this share of the emissions that have both. */
const DIFFERENT_SHARE = 1 / 3;

/**
 * The queue of every partition of one client instance, by number. Partitions share a queue unless their values differ
 * clearly and often: one emission locks the queue anew for every partition, so that a fetch response that arrives in between
 * makes equal queues look different now and then, but not all the time.
 */
function distinctQueues(emissions: readonly Emission[]): ReadonlyMap<string, number> {
  const stride = Math.max(1, Math.ceil(emissions.length / COMPARED_EMISSIONS));
  const compared = emissions.filter((_, index) => index % stride === 0);
  const histories = new Map<string, (number | undefined)[]>();
  const register = (emission: Emission, index: number | null): void => {
    for (const queue of emission.queues) {
      const history = histories.get(queue.partition) ?? [];
      histories.set(queue.partition, history);
      if (index !== null) history[index] = queue.messages;
    }
  };
  compared.forEach(register);
  for (const emission of emissions) register(emission, null);

  const queueOf = new Map<string, number>();
  const representatives: (readonly (number | undefined)[])[] = [];
  for (const [partition, history] of histories) {
    let queue = representatives.findIndex((representative) => !areDifferent(representative, history));
    if (queue < 0) queue = representatives.push(history) - 1;
    queueOf.set(partition, queue);
  }
  return queueOf;
}

function areDifferent(some: readonly (number | undefined)[], others: readonly (number | undefined)[]): boolean {
  let both = 0;
  let different = 0;
  for (let index = 0; index < some.length; index++) {
    const a = some[index];
    const b = others[index];
    if (a === undefined || b === undefined || (a === 0 && b === 0)) continue; // two empty queues say nothing
    both++;
    // up to three messages are one poll apart
    if (Math.abs(a - b) > Math.max(3, 0.1 * Math.max(a, b))) different++;
  }
  return both > 0 && different >= both * DIFFERENT_SHARE;
}

/** Maximum over the partitions of one queue, sum over the queues. */
function queued(emission: Emission, queueOf: ReadonlyMap<string, number>): { readonly messages: number; readonly bytes: number } {
  const largest = new Map<number, PartitionQueue>();
  for (const queue of emission.queues) {
    const number = queueOf.get(queue.partition) ?? 0;
    const known = largest.get(number);
    if (known === undefined || queue.bytes > known.bytes) largest.set(number, queue);
  }
  let messages = 0;
  let bytes = 0;
  for (const queue of largest.values()) {
    messages += queue.messages;
    bytes += queue.bytes;
  }
  return { messages, bytes };
}

/**
 * Unix ms of each emission. `time` is cut to whole seconds and `ts` is exact, but counts from an unknown start: every
 * emission says that the start lies in `[time - ts, time - ts + 1 s)`. The middle of what all of them agree on is taken.
 * Where they contradict each other (the clock was set, the host restarted), a new start is looked for.
 */
function wallTimes(emissions: readonly Emission[]): readonly number[] {
  const times: number[] = [];
  let first = 0;
  while (first < emissions.length) {
    let lowMs = -Infinity;
    let highMs = Infinity;
    let next = first;
    for (; next < emissions.length; next++) {
      const emission = emissions[next];
      if (emission === undefined || emission.monotonicMs === null) break;
      const startMs = emission.wallSeconds * 1000 - emission.monotonicMs;
      if (Math.max(lowMs, startMs) > Math.min(highMs, startMs + 1000)) break;
      lowMs = Math.max(lowMs, startMs);
      highMs = Math.min(highMs, startMs + 1000);
    }
    if (next === first) {
      times.push((emissions[first]?.wallSeconds ?? 0) * 1000 + 500); // no `ts`: the middle of the second
      next++;
    }
    for (let index = times.length; index < next; index++) times.push((lowMs + highMs) / 2 + (emissions[index]?.monotonicMs ?? 0));
    first = next;
  }
  return times;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function entriesOf(value: unknown): readonly (readonly [string, Json])[] {
  if (!isObject(value)) return [];
  return Object.entries(value).filter((entry): entry is [string, Json] => isObject(entry[1]));
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
