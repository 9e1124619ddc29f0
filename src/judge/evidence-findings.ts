/**
 * What evidence files say in plain figures, whatever it weighs: where the resident memory lies, how far the consumer is behind, how
 * long a message stays (Little's law, growth.md section 4.2: live = rate x residence), and what the allocator keeps.
 */
import { at } from "../base/columns.ts";
import type { AllocatorEvidence } from "../evidence/evidence.ts";
import { hasTimes } from "../model/ledger.ts";
import { type ProcessFacts, queueHeapBytes } from "./facts.ts";
import type { Finding } from "./judgement.ts";
import { residentAccount } from "./resident-account.ts";

function finding(code: string, figures: Readonly<Record<string, number>>, names: Readonly<Record<string, string>> = {}): Finding {
  return { code, figures, names, logBayesFactor: null };
}

export function evidenceFindings(facts: ProcessFacts): readonly Finding[] {
  return [
    ...denserFindings(facts),
    ...companionFindings(facts),
    ...censusFindings(facts),
    ...residentFindings(facts),
    ...lagFindings(facts),
    ...littlesLaw(facts),
    ...facts.allocators.map(allocatorFinding),
  ];
}

function denserFindings({ groups }: ProcessFacts): readonly Finding[] {
  return groups.flatMap(({ facts, captured, kind, client }) =>
    captured === undefined
      ? []
      : finding("denser-course", { readings: facts.liveBytes.length, captures: captured.liveBytes.length }, { kind, client: client ?? "" }),
  );
}

function companionFindings({ companion }: ProcessFacts): readonly Finding[] {
  if (companion === null) return [];
  const { arrayName, typeName, gainedArrays, gainedObjects } = companion;
  return [finding("companion-type", { gainedArrays, gainedObjects }, { arrayName, typeName })];
}

/** A class of chunks that grew by less is not worth a sentence. */
const GROWN_BYTES = 1024 ** 2;
/** Messages move between two readings: so many more alive than queued are still as many. */
const SAME_SHARE = 0.05;

function censusFindings({ census, queue, groups }: ProcessFacts): readonly Finding[] {
  if (census === null) return [];
  const findings: Finding[] = [];
  const liveMessages = census.liveMessages?.findLast(Number.isFinite);
  const queuedMessages = queue?.messages.findLast(Number.isFinite);
  if (census.messageChunkBytes !== null && liveMessages !== undefined && queuedMessages !== undefined) {
    const held = liveMessages - queuedMessages;
    const heldMessages = held > SAME_SHARE * queuedMessages ? held : 0;
    findings.push(finding("census-messages", { chunkBytes: census.messageChunkBytes, liveMessages, queuedMessages, heldMessages }));
  }
  if (census.grown !== null) {
    const { chunkBytes, firstCount, lastCount } = census.grown;
    const growthBytes = chunkBytes * (lastCount - firstCount);
    // the large chunks that messages lie in are part of the queue
    const besideQueue = groups.find(({ kind }) => kind !== "fetch" && kind !== "producer")?.growthBytes ?? 0;
    if (growthBytes >= GROWN_BYTES && besideQueue >= growthBytes / 2)
      findings.push(finding("census-grew", { chunkBytes, firstCount, lastCount, growthBytes }));
  }
  return findings;
}

function residentFindings(facts: ProcessFacts): readonly Finding[] {
  const account = residentAccount(facts, facts.lastObserved);
  if (account === null) return [];
  const { residentBytes, liveBytes, queueBytes, unexplainedBytes } = account;
  const measures = facts.memory?.measures ?? "process";
  const heapBytes = facts.memory?.heapBytes[facts.lastObserved - 1] ?? Number.NaN;
  return [
    finding(
      facts.isObserved ? "resident-observed" : queueBytes > 0 ? "resident-with-queue" : "resident",
      { residentBytes, liveBytes, queueBytes, unexplainedBytes, ...(Number.isNaN(heapBytes) ? {} : { heapBytes }) },
      { measures, queue: facts.queue === null ? "" : "known" },
    ),
  ];
}

function lagFindings({ lag, queue }: ProcessFacts): readonly Finding[] {
  const messages = lag?.messages ?? queue?.lag ?? null;
  const known = messages === null ? [] : [...messages].filter(Number.isFinite);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return [];
  const figures = { firstMessages: first, lastMessages: last, mostMessages: known.reduce((most, value) => Math.max(most, value), 0) };
  return [finding(lag?.isLowest === true ? "lag-of-one-partition" : known.length === 1 ? "lag-at-end" : "lag-course", figures)];
}

/** Live messages over the rate at which they are consumed. */
function littlesLaw(facts: ProcessFacts): readonly Finding[] {
  const { queue, lag, scope, profile, groups, lastObserved } = facts;
  const fetch = groups.find(({ kind }) => kind === "fetch");
  const liveBytes = fetch?.liveBytes.at(-1) ?? 0;
  if (liveBytes === 0 || scope.messageBytes === null || lastObserved < 2 || !hasTimes(profile)) return [];
  const counter = [lag?.committed, queue?.receivedMessages].find((column) => column !== undefined && perSecond(facts, column) > 0);
  if (counter === undefined) return [];
  const rate = perSecond(facts, counter);
  const messageBytes = queueHeapBytes(facts, 1, scope.messageBytes);
  return [finding("littles-law", { liveBytes, rate, messageBytes, residenceMs: (liveBytes / messageBytes / rate) * 1000 })];
}

/** Of a counter at the instants; 0 where it stands still, falls or is hardly known. */
function perSecond({ profile, lastObserved }: ProcessFacts, counter: Float64Array): number {
  const known = Array.from({ length: Math.min(lastObserved, counter.length) }, (_, row) => row).filter((row) =>
    Number.isFinite(at(counter, row)),
  );
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || first === last) return 0;
  const seconds = (at(profile.instants.elapsedMs, last + 1) - at(profile.instants.elapsedMs, first + 1)) / 1000;
  return seconds > 0 ? Math.max(0, (at(counter, last) - at(counter, first)) / seconds) : 0;
}

const SHOWN_PARTS = 4;

/** From this share on, what the allocator keeps is worth naming first. */
const KEPT_SHARE = 0.25;

function allocatorFinding({ allocator, totalBytes, inUseBytes, keptBytes, parts }: AllocatorEvidence): Finding {
  const figures: Record<string, number> = { totalBytes, inUseBytes, keptBytes };
  const names: Record<string, string> = {};
  // of a diff the parts that grew, of a report the largest
  const grown = parts.filter(({ growthBytes }) => (growthBytes ?? 0) > 0).sort((a, b) => (b.growthBytes ?? 0) - (a.growthBytes ?? 0));
  for (const [index, part] of (grown.length > 0 ? grown : parts).slice(0, SHOWN_PARTS).entries()) {
    if (part.bytes === 0) continue;
    names[`part${index}`] = part.name;
    figures[`part${index}`] = part.bytes;
    if (part.growthBytes !== null) figures[`grown${index}`] = part.growthBytes;
  }
  const isKept = keptBytes >= KEPT_SHARE * totalBytes;
  return finding(`allocator-${allocator}${allocator === "jvm" ? "" : isKept ? "-keeps" : "-in-use"}`, figures, names);
}
