/**
 * Why the verdict is what it is, what would make it surer, and what to do: codes and figures for words.ts. Each finding says
 * only what was measured or computed; figures that are not known are left out with their finding.
 */
import { at } from "../base/columns.ts";
import type { Remedy } from "../clients/client.ts";
import { lagRemedies } from "../clients/lag-remedies.ts";
import { bufferingRemediesOf, type ConcerningIssue, lineageOf } from "../clients/lineage.ts";
import { hasTimes, seriesOf } from "../model/ledger.ts";
import { evidenceFindings } from "./evidence-findings.ts";
import type { ProcessFacts } from "./facts.ts";
import { holderName, retainersPath } from "./holder-names.ts";
import type { Finding, Limit, SuggestedSettings } from "./judgement.ts";
import { measuredQueues } from "./measured-queues.ts";
import { isQueueElsewhere } from "./queue-elsewhere.ts";
import { type ProcessVerdict, partyOf, type WeighedGroup } from "./verdict.ts";

export function finding(
  code: string,
  figures: Readonly<Record<string, number>> = {},
  names: Readonly<Record<string, string>> = {},
  logBayesFactor: number | null = null,
): Finding {
  return { code, figures, names, logBayesFactor };
}

/** Evidence below this log Bayes factor is none (growth.md 6.3). */
const LEAST_WEIGHT = 1;

/** What a reader asks for first is said even where it decides nothing. */
const ALWAYS_SAID: ReadonlySet<string> = new Set(["ceiling", "queue-accounting", "lag", "single-instant", "experiment"]);

/** Reasons, the strongest first: what decides, then what explains it. */
export function because(
  facts: ProcessFacts,
  verdict: ProcessVerdict,
  topSite: string | null,
  known: readonly ConcerningIssue[],
): readonly Finding[] {
  const findings: Finding[] = [];
  if (verdict.blind !== null && verdict.blind.code !== "queue-is-native") findings.push(blindFinding(verdict));
  if (isQueueElsewhere(facts)) findings.push(nativeQueue(facts));
  const { deciding } = verdict;
  if (deciding !== null && deciding.growthBytes > 0) findings.push(growthFinding(deciding, facts));
  if (topSite !== null && verdict.class === "leak" && deciding?.group.kind !== "fetch")
    findings.push(finding("top-site", {}, { site: topSite }));
  findings.push(...heldMessages(facts, verdict));
  findings.push(...queues(facts));
  findings.push(...holders(facts, verdict));
  const weighed = (deciding?.verdict.weighed ?? [])
    .filter(({ id, logBayesFactor }) => Math.abs(logBayesFactor) >= LEAST_WEIGHT || ALWAYS_SAID.has(id))
    .sort((a, b) => Math.abs(b.logBayesFactor) - Math.abs(a.logBayesFactor));
  for (const { id, code, figures, logBayesFactor } of weighed) findings.push(finding(`${id}:${code}`, figures, {}, logBayesFactor));
  findings.push(...assumedOfExperiment(facts, verdict));
  findings.push(...besides(verdict));
  findings.push(...reports(known));
  const suspect = suspectedClient(facts);
  if (suspect !== null) findings.push(finding("suspected-client", {}, { owner: suspect }));
  if (verdict.outside !== null) findings.push(finding("outside-growth", { ...verdict.outside }));
  if (verdict.allocator !== null) {
    const { allocator, logBayesFactor, growthBytes, outsideBytes } = verdict.allocator;
    // what it weighs is about growth outside of the heap, so it has a weight only where that was decided
    const weight = verdict.class === "outside-heap" ? logBayesFactor : null;
    findings.push(finding(`allocator-growth-${allocator === "jvm" ? "jvm" : "kept"}`, { growthBytes, outsideBytes }, {}, weight));
  }
  findings.push(...evidenceFindings(facts));
  const damage = facts.profile.losses.find(({ code }) => code === "truncated");
  if (damage !== undefined && facts.profile.observes !== "allocated") findings.push(finding("cut-live-is-not-leaked"));
  return findings;
}

/** Code that calls itself Kafka, where neither the capture shows a known client nor the user names one. */
function suspectedClient({ client, attribution }: ProcessFacts): string | null {
  return client === null ? attribution.suspectedClient : null;
}

function blindFinding({ blind }: ProcessVerdict): Finding {
  if (blind === null) throw new Error("not blind");
  const { code, ...figures } = blind;
  return finding(code, figures as Readonly<Record<string, number>>);
}

function nativeQueue({ client, ceilings }: ProcessFacts): Finding {
  const ceiling = ceilings.find(({ component }) => component === "fetch-queue");
  return finding("queue-is-native", ceiling === undefined ? {} : { ceilingBytes: ceiling.bytes }, { client: client?.id ?? "" });
}

function growthFinding({ group, growthBytes, share }: WeighedGroup, facts: ProcessFacts): Finding {
  const single = group.liveBytes.length === 1;
  return finding(single ? "held-by" : "grew", { growthBytes, share }, { kind: group.kind, client: group.client ?? facts.client?.id ?? "" });
}

/** Messages that are alive and no longer queued are held by the application (growth.md 4.3). */
function heldMessages(facts: ProcessFacts, verdict: ProcessVerdict): readonly Finding[] {
  const { queue, bytesByGroup, blocksByGroup, rows, lastObserved } = facts;
  const ops = rows.findIndex(({ component }) => component === "message-op");
  const queued = queue === null ? Number.NaN : at(queue.messages, lastObserved - 1);
  const findings: Finding[] = [];
  if (queue !== null && !Number.isNaN(queued)) {
    const valueBytes = at(queue.valueBytes, lastObserved - 1);
    findings.push(finding("queue-holds", { messages: Math.round(queued), valueBytes }));
  }
  if (ops < 0 || facts.profile.graph !== null || verdict.deciding?.group.kind !== "fetch") return findings;
  const live = at(seriesOf(blocksByGroup, ops), lastObserved);
  const liveBytes = at(seriesOf(bytesByGroup, ops), lastObserved);
  if (live > 0 && !Number.isNaN(queued) && verdict.class === "leak") {
    findings.push(
      finding("messages-held", {
        liveMessages: live,
        queuedMessages: Math.round(queued),
        heldMessages: Math.round(live - queued),
        liveBytes,
      }),
    );
  } else if (live > 0) findings.push(finding("live-messages", { liveMessages: live, liveBytes }));
  return findings;
}

/** What an object graph or a histogram shows of the client's queues themselves. */
function queues(facts: ProcessFacts): readonly Finding[] {
  return measuredQueues(facts).map(({ entries, what, heldBytes, ceilingBytes, mostBytes }) =>
    finding(
      "queue-measured",
      {
        entries,
        ...(heldBytes === null ? {} : { heldBytes }),
        ...(ceilingBytes === null || mostBytes === null ? {} : { ceilingBytes, mostBytes }),
      },
      { what, client: facts.client?.id ?? "" },
    ),
  );
}

/** An accumulation with this share of the live heap is worth a sentence. */
const ACCUMULATION_SHARE = 0.1;
const DUPLICATE_SHARE = 0.05;
const LEAST_DUPLICATE_BYTES = 1024 ** 2;

/** What an object graph shows: slices of the application that pin whole responses, and where memory comes together. */
function holders({ profile, retention }: ProcessFacts, verdict: ProcessVerdict): readonly Finding[] {
  const { graph } = profile;
  if (graph === null) return [];
  const findings: Finding[] = [];
  const pins = retention !== null && retention.appSlices > 0 && verdict.deciding?.group.kind === "fetch";
  if (pins) {
    const { appSlices, appStores, appBytes, wantedBytes, holder } = retention;
    const figures = { slices: appSlices, stores: appStores, pinnedBytes: appBytes, ...(wantedBytes === null ? {} : { wantedBytes }) };
    findings.push(finding("pinned-by-slices", figures, { holder: holder === null ? "" : holderName(holder) }));
  }
  const liveBytes = profile.captures.at(-1)?.liveBytes ?? 0;
  const largest = (pins ? retention.holder : null) ?? graph.accumulations[0];
  if (largest !== undefined && largest.retainedBytes >= ACCUMULATION_SHARE * liveBytes) {
    findings.push(
      finding(
        "accumulates",
        { retainedBytes: largest.retainedBytes, parts: largest.parts },
        { holder: holderName(largest), through: retainersPath(largest.retainers) },
      ),
    );
  }
  const { duplicateStrings } = graph;
  if (duplicateStrings !== null && duplicateStrings.bytes >= Math.max(LEAST_DUPLICATE_BYTES, DUPLICATE_SHARE * liveBytes)) {
    findings.push(finding("duplicate-strings", { ...duplicateStrings }));
  }
  return findings;
}

/** What the halves of an experiment do not say themselves. */
function assumedOfExperiment({ experiment }: ProcessFacts, { groups }: ProcessVerdict): readonly Finding[] {
  if (experiment === undefined) return [];
  const weighed = groups.flatMap(({ verdict }) => verdict.weighed).find(({ id }) => id === "experiment");
  if (weighed === undefined || !("logBayesFactor" in weighed.figures)) return [];
  return [finding(`experiment-${experiment.kind}-${experiment.isDone === true ? "checked" : "assumed"}`)];
}

/** What else the process does: a full queue beside a leak, and the other way round. */
function besides({ groups, deciding, class: verdictClass }: ProcessVerdict): readonly Finding[] {
  return groups
    .filter(
      (other) =>
        other !== deciding &&
        // a leak is worth a word when it is small beside a queue, too
        (other.share >= 0.1 || (other.verdict.class === "leak" && other.growthBytes >= 1024 ** 2)) &&
        other.verdict.class !== "inconclusive" &&
        other.verdict.class !== verdictClass,
    )
    .slice(0, 2)
    .map(({ group, verdict, growthBytes }) =>
      finding(
        `besides-${verdict.class}`,
        { growthBytes, confidence: verdict.confidence },
        { kind: group.kind, client: group.client ?? "" },
      ),
    );
}

function reports(known: readonly ConcerningIssue[]): readonly Finding[] {
  return known.map(({ client, issue: { title, url, fixedIn }, certain }) =>
    finding(certain ? "known-issue" : "similar-issue", {}, { client: client.id, title, url, fixedIn: fixedIn ?? "" }),
  );
}

/** A leak that kills a process in a day does not show in less. */
const SHORT_MS = 5 * 60_000;

/** What would make the answer surer, the most valuable first (growth.md 6.7). */
export function nextSteps(facts: ProcessFacts, verdict: ProcessVerdict): readonly Finding[] {
  const steps: Finding[] = [];
  const { profile, client, lastObserved, queues, queue, scope } = facts;
  const format = profile.captures[0]?.format ?? "";
  const kind = verdict.deciding?.group.kind;
  const isQueue = kind === "fetch" || kind === "producer";
  if (verdict.blind?.code === "attached-late") steps.push(finding("capture-from-start"));
  if (verdict.blind?.code === "queue-is-native") steps.push(finding("capture-native"));
  if (verdict.blind?.code === "allocations-only") steps.push(finding("capture-live"));
  const sure = verdict.class !== "inconclusive" && verdict.confidence >= 0.95;
  // a collection adds points to the course, which helps only as long as the course is in doubt
  const repeats = profile.origin.runtime === "go" && profile.losses.some(({ code }) => code === "stale");
  if (verdict.blind?.code === "stale" || (repeats && !sure)) steps.push(finding("capture-after-gc"));
  // a leak beside the queue has no owner yet, either
  if (facts.isObserved && (verdict.class === "inconclusive" || kind === "unqueued")) steps.push(finding("capture-heap"));
  else if (facts.isObserved && verdict.class === "stable" && lastObserved > 1 && hasTimes(profile)) {
    const spanMs = at(profile.instants.elapsedMs, lastObserved) - at(profile.instants.elapsedMs, 1);
    if (spanMs < SHORT_MS) steps.push(finding("observe-longer", { spanMs }));
  } else if (lastObserved === 1 && verdict.blind === null) steps.push(finding("capture-series", {}, { format }));
  const unknownClient = suspectedClient(facts);
  if (unknownClient !== null) steps.push(finding("name-suspect", {}, { owner: unknownClient }));
  const how = client?.remedies.howToGetStatistics ?? "";
  if ((isQueue || isQueueElsewhere(facts)) && queues.length === 0 && client !== null && how !== "" && !sure) {
    // only librdkafka's statistics can be read
    const isReadable = lineageOf(client, null, facts.clients).some((layer) => layer.client.id === "librdkafka");
    steps.push(finding(isReadable ? "capture-statistics" : "log-statistics", {}, { how }));
  }
  const isUnlaidQueue = queues.length > 0 && queue === null && lastObserved > 1;
  if (isUnlaidQueue) steps.push(finding("say-started-at"));
  const isUnlaid = (facts.memories.length > 0 && facts.memory === null) || (facts.lags.length > 0 && facts.lag === null);
  if (isUnlaid && !isUnlaidQueue && facts.startedAt === null && lastObserved > 1 && !facts.isObserved)
    steps.push(finding("say-started-at"));
  if (isQueue && scope.messageBytes === null && queues.length === 0) steps.push(finding("say-message-size"));
  const missing = new Set(
    verdict.groups.filter(({ share }) => share >= 0.1).flatMap((group) => group.verdict.missing.map(({ missing: code }) => code)),
  );
  if (missing.has("samples")) steps.push(finding("more-samples", {}, { format }));
  const isUnnamed = kind === "unknown" && profile.losses.some(({ code }) => code === "no-names");
  const isTypesOnly = kind === "unknown" && format === "class-histogram" && verdict.class === "inconclusive";
  if (isUnnamed) steps.push(finding("name-functions"));
  else if (isTypesOnly) steps.push(finding("capture-holders"));
  else if (client === null && unknownClient === null && !facts.isObserved && facts.attribution.clients.length === 0)
    steps.push(finding("name-client"));
  if (verdict.class === "inconclusive" && isQueue && lastObserved > 1) {
    const wait = waitFor(verdict.deciding, facts);
    if (wait !== null) steps.push(finding("capture-longer", { waitMs: wait }));
    if (facts.experiment === undefined) steps.push(...experiments(facts, kind, format));
  } else if (verdict.class === "inconclusive" && lastObserved > 1 && verdict.blind === null && !facts.isObserved)
    steps.push(finding("capture-twice-as-long"));
  else if (verdict.class === "inconclusive" && facts.isObserved && kind === "unknown" && facts.experiment === undefined)
    steps.push(...experiments(facts, kind, format));
  return steps.slice(0, 4);
}

/** Formats of which one more capture costs no restart, so that the cheapest experiment is to let the lag go. */
const TAKEN_AT_ANY_TIME: ReadonlySet<string> = new Set(["pprof", "class-histogram", "hprof", "v8-heap-snapshot", ""]);

/** What decides between a queue and a leak, the cheapest first (growth.md 6.7 f). */
function experiments(facts: ProcessFacts, kind: string | undefined, format: string): readonly Finding[] {
  const [setting, value] = Object.entries(facts.ceilings[0]?.settings ?? {})[0] ?? [];
  const steps: Finding[] = [];
  if (kind !== "producer" && TAKEN_AT_ANY_TIME.has(format)) steps.push(finding("drain-queue", {}, { format }));
  if (setting !== undefined) steps.push(finding("halve-queue", value === undefined ? {} : halfOf(value), { setting, format }));
  return steps;
}

function halfOf(value: string): Readonly<Record<string, number>> {
  const number = Number(value);
  return Number.isFinite(number) && number >= 2 ? { from: number, to: Math.floor(number / 2) } : {};
}

/** When a straight line through the course would have crossed the ceiling: a leak crosses, a buffer cannot (growth.md 4.2). */
function waitFor(deciding: WeighedGroup | null, { profile }: ProcessFacts): number | null {
  const ceiling = deciding?.group.facts.ceiling ?? null;
  if (deciding === null || ceiling === null || profile.clock === "none" || profile.clock === "file-name") return null;
  const { elapsedMs, liveBytes } = deciding.group.facts;
  const half = liveBytes.length >> 1;
  const last = liveBytes.length - 1;
  const spanMs = at(elapsedMs, last) - at(elapsedMs, half);
  const slope = (at(liveBytes, last) - at(liveBytes, half)) / Math.max(1, spanMs);
  const distance = 1.15 * ceiling.bytes - at(liveBytes, last);
  return slope > 0 && distance > 0 ? distance / slope : null;
}

/** What to do. Settings are computed by the client for the memory limit where there is one. */
export function advise(
  facts: ProcessFacts,
  verdict: ProcessVerdict,
  limit: Limit | null,
  boundBytes: number | null,
  topSite: string | null,
  known: readonly ConcerningIssue[],
): readonly SuggestedSettings[] {
  const { client, scope } = facts;
  const over = limit?.exceeds === true;
  const party = verdict.deciding?.group;
  const remedies: SuggestedSettings[] = [];
  const add = (list: readonly Remedy[]): void => {
    for (const { code, text, settings, costs } of list) {
      remedies.push({ code, text, names: {}, settings: settings ?? {}, costs: costs ?? null });
    }
  };
  if (verdict.class === "leak" && partyOf(verdict) === "app" && topSite !== null) {
    remedies.push({ code: "find-the-holder", text: null, names: { site: topSite }, settings: {}, costs: null });
  }
  const buffers = verdict.groups.some(({ verdict: own, share }) => own.class === "buffering" && share >= 0.1);
  if (partyOf(verdict) === "app-retained" && client !== null) add(client.remedies.appRetained);
  const leaksOfClient = known.filter(({ issue }) => issue.kind === "client-leak");
  add(leaksOfClient.map(({ issue }) => ({ code: "known-issue", text: issue.advice })));
  if (client !== null && (verdict.class === "buffering" || (buffers && over))) {
    const queue = party?.kind === "producer" ? "producer" : "fetch";
    const others = verdict.groups
      .filter(({ group }) => group.kind !== queue)
      .reduce((sum, { group }) => sum + (group.liveBytes.at(-1) ?? 0), 0);
    const targetBytes = limit === null ? null : Math.max(0, limit.limitBytes * 0.8 - others);
    // settings that fit anyway need no others; what else can be done about them is said all the same
    const ceiling = facts.ceilings.find(({ component }) => component === `${queue}-queue`);
    const fits = targetBytes !== null && ceiling !== undefined && ceiling.highBytes <= targetBytes;
    const remediesOfQueue = bufferingRemediesOf(client, scope, targetBytes, `${queue}-queue`, facts.clients);
    add(remediesOfQueue.filter(({ settings }) => !fits || settings === undefined));
    if (queue === "fetch") add(lagRemedies(client, boundBytes));
  }
  return remedies;
}
