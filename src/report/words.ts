/**
 * Every sentence that the tool says about a verdict, in one place, so that no two outputs can disagree. Plain words, short
 * sentences, the field's own terms; a sentence claims only what its figures carry.
 */
import { formatBytes, formatDuration } from "../base/units.ts";
import type { Finding, Summary } from "../judge/judgement.ts";
import type { AnswerClient, AnswerParty, AnswerSuppression, NextStep, Reason, VerdictClass } from "./answer.ts";
import type { TreeKind } from "./report.ts";

/** The verdict in two or three words. */
export function verdictTitle(verdict: { readonly class: VerdictClass; readonly party: AnswerParty | null }): string {
  switch (verdict.class) {
    case "leak":
      if (verdict.party === "app") return "LEAK in the application";
      if (verdict.party === "app-retained") return "LEAK: the application keeps fetched messages";
      if (verdict.party === "client") return "LEAK in the Kafka client";
      if (verdict.party === "runtime") return "LEAK in the runtime";
      return "LEAK";
    case "buffering":
      return "BUFFERING, no leak";
    case "backlog":
      return "BACKLOG without a known bound";
    case "stable":
      return "STABLE, no growth";
    case "warm-up":
      return "WARM-UP, growth that has slowed down";
    case "step":
      return "ONE STEP, flat on both sides";
    case "outside-heap":
      return "OUTSIDE THE HEAP";
    case "inconclusive":
      return "INCONCLUSIVE";
  }
}

const COMPONENT_WORDS: Readonly<Record<string, string>> = {
  "fetch-response-buffer": "fetch responses",
  "decompress-buffer": "decompressed batches",
  "message-op": "message objects",
  "fetch-queue": "prefetch queue",
  "record-parse": "record parsing",
  "producer-queue": "producer queue",
  "producer-batch": "produce requests",
  "request-buffer": "requests",
  "topic-partition-state": "partition state",
  "group-coordination": "group coordination",
  "network-tls": "network and TLS",
  "app-copy": "copies for the app",
  "mock-cluster": "built-in mock broker",
  "client-other": "other",
  "unsymbolised-client": "function unknown",
};

/** A component in words of its users. */
export function componentWords(component: string): string {
  return COMPONENT_WORDS[component] ?? component.replaceAll("-", " ");
}

/** `rust-rdkafka 0.36.2 (on librdkafka 2.3.0)` */
export function clientWords({ id, version, builtOn, namesTrusted }: AnswerClient): string {
  const named = (client: { readonly id: string; readonly version: string | null }): string =>
    client.version === null ? client.id : `${client.id} ${client.version}`;
  const base = builtOn.length === 0 ? "" : ` (on ${builtOn.map(named).join(", ")})`;
  return `${named({ id, version })}${base}${namesTrusted ? "" : ", without its function names (stripped library)"}`;
}

/** How much a reason weighs (growth.md 6.3); empty where it only explains. */
export function evidenceStrength(logBayesFactor: number | null): string {
  if (logBayesFactor === null) return "";
  const magnitude = Math.abs(logBayesFactor);
  const strength = magnitude < 1 ? "" : magnitude < 3 ? "some evidence" : magnitude < 5 ? "strong evidence" : "decisive";
  return logBayesFactor <= -1 ? `${strength}, against` : strength;
}

/** What a suppression took out, or that it took out nothing. */
export function suppressionText({
  pattern,
  file,
  line,
  liveBytes,
  stacks,
}: Pick<AnswerSuppression, "pattern" | "file" | "line" | "liveBytes" | "stacks">): string {
  const from = `leak:${pattern} (${file}:${line})`;
  if (stacks === 0) return `The suppression ${from} matches nothing.`;
  return `Left out of everything above: ${formatBytes(liveBytes)} live in ${count(stacks)} ${stacks === 1 ? "stack" : "stacks"}, suppressed by ${from}.`;
}

/** Memory of a kind, as the subject of a sentence. */
function memoryOf(kind: string | undefined, client: string | undefined): string {
  const who = client === undefined || client === "" ? "the Kafka client" : client;
  switch (kind) {
    case "fetch":
      return `memory for fetched messages (allocated by ${who})`;
    case "producer":
      return `memory for messages to be produced (allocated by ${who})`;
    case "copies":
      return `copies of fetched messages (made by ${who} for the application)`;
    case "client-other":
      return `other memory of ${who}`;
    case "app":
      return "memory that the application allocated";
    case "runtime":
      return "memory of the language runtime and libraries";
    case "unqueued":
      return "live heap beside the client's queue";
    default:
      return "memory whose owner is unknown";
  }
}

type Sentence = (figures: Readonly<Record<string, number>>, names: Readonly<Record<string, string>>) => string;

const bytes = (value: number | undefined): string => formatBytes(value ?? 0);
const count = (value: number | undefined): string => Math.round(value ?? 0).toLocaleString("en-US");
const percent = (value: number | undefined): string => `${Math.round((value ?? 0) * 100)} %`;

/** Sentences for the shape of a course; `clock` says against what it was measured. */
function shapeSentences(weight: string, clock: (figures: Readonly<Record<string, number>>) => string): Readonly<Record<string, Sentence>> {
  return {
    [`${weight}:constant`]: (figures) => `Its level does not change${clock(figures)}.`,
    [`${weight}:line`]: (figures) => `It grows along a straight line over the whole capture${clock(figures)}.`,
    [`${weight}:hinge`]: (figures) => `It grew until ${percent(figures["turnShare"])} of the capture and is flat since${clock(figures)}.`,
    [`${weight}:saturation`]: (figures) => `Its growth slows down towards a level${clock(figures)}.`,
    [`${weight}:step`]: (figures) => `It rose in one step and is flat on both sides${clock(figures)}.`,
    [`${weight}:drain`]: (figures) => `It rose, stayed, and fell again${clock(figures)}.`,
    [`${weight}:hinge-line`]: (figures) => `It rose quickly, and then went on growing along a line${clock(figures)}.`,
    [`${weight}:step-line`]: (figures) => `It grows along a line with a step in it${clock(figures)}.`,
  };
}

/** What work was counted in. */
function workClock({ countsMessages }: Readonly<Record<string, number>>): string {
  return ` when measured against the work done (${countsMessages === 1 ? "messages consumed" : "bytes allocated"})`;
}

function atEvents(one: string, many: string): Sentence {
  return ({ events, bytesPerEvent }) =>
    `Its growth follows the number of ${many} better than time: ${count(events)} of them, ${bytes(bytesPerEvent)} for each ${one} in the mean.`;
}

/** `1,987 messages/s`, `0.4 messages/s` */
function perSecond(rate: number | undefined): string {
  return `${(rate ?? 0) >= 10 ? count(rate) : (rate ?? 0).toPrecision(2)} messages/s`;
}

function residentOf(residentBytes: number | undefined, measures: string | undefined): string {
  return measures === "container" ? `${bytes(residentBytes)} that the container holds` : `${bytes(residentBytes)} resident`;
}

function remainder(unexplainedBytes: number | undefined): string {
  return (unexplainedBytes ?? 0) < 0
    ? "more is live than resident, so a part of it was never touched or is swapped out"
    : `${bytes(unexplainedBytes)} are unexplained`;
}

/** The parts of an allocator's report that a finding names, the largest first. */
function parts(figures: Readonly<Record<string, number>>, names: Readonly<Record<string, string>>): string {
  const shown = Object.keys(names).map((key) => {
    const grown = figures[key.replace("part", "grown")];
    return `${names[key]} ${bytes(figures[key])}${grown === undefined ? "" : ` (${grown < 0 ? "" : "+"}${formatBytes(grown)})`}`;
  });
  return capitalise(shown.join(", "));
}

const seconds = (ms: number | undefined): number | null => (ms === undefined ? null : ms / 1000);

function report({ title, url, fixedIn }: Readonly<Record<string, string>>): string {
  return `"${title}"${fixedIn === "" ? "" : `, fixed in ${fixedIn}`} (${url}).`;
}

/** Near what is expected, or between that and the most that the configuration allows. */
function atCeiling({ levelBytes = 0, ceilingBytes = 0, mostBytes = 0 }: Readonly<Record<string, number>>): string {
  return levelBytes <= 1.25 * ceilingBytes
    ? `${bytes(levelBytes)}, about the ${bytes(ceilingBytes)} that the configuration allows: a full queue.`
    : `${bytes(levelBytes)}, more than the ${bytes(ceilingBytes)} of a usual full queue and less than the ${bytes(mostBytes)} that the configuration allows at most.`;
}

/** What an experiment left of a level. */
function left({ beforeBytes, afterBytes, isResident }: Readonly<Record<string, number>>): string {
  const what = isResident === 1 ? "the resident memory" : "it";
  return `${what} stood at ${bytes(afterBytes)}, ${bytes(beforeBytes)} before`;
}

function keptByAllocator({ isResident }: Readonly<Record<string, number>>): string {
  return isResident === 1 ? " An allocator may keep what was freed, so that resident memory that stays says little." : "";
}

const REASONS: Readonly<Record<string, Sentence>> = {
  ...shapeSentences("shape", () => ""),
  ...shapeSentences("operational-clock", workClock),
  "growth-events:rebalances": atEvents("rebalance", "rebalances"),
  "growth-events:disconnects": atEvents("lost connection", "lost connections"),
  "growth-events:responses": atEvents("response of a broker", "responses of brokers"),
  "ceiling:below-ceiling": ({ levelBytes, ceilingBytes }) =>
    `It stands at ${bytes(levelBytes)}, below the ${bytes(ceilingBytes)} that the configuration allows.`,
  "ceiling:at-ceiling": (figures) => `It stands at ${atCeiling(figures)}`,
  "ceiling:above-ceiling": ({ levelBytes, ceilingBytes }) =>
    `It stands at ${bytes(levelBytes)}, above the ${bytes(ceilingBytes)} that the configuration lets the queue hold.`,
  "retention:app-holds": ({ onlyAppBytes, appShare }) =>
    `Nobody but the application holds ${percent(appShare)} of the fetch responses (${bytes(onlyAppBytes)}): that is no queue of the client.`,
  "retention:client-holds": ({ clientBytes }) =>
    `The client itself still holds messages of ${bytes(clientBytes)} of fetch responses, as a queue does.`,
  "pinned-by-slices": ({ slices, stores, pinnedBytes, wantedBytes }, { holder }) =>
    `The application holds ${count(slices)} slices${wantedBytes === undefined ? "" : ` (${bytes(wantedBytes)} of values)`} of ${count(stores)} fetch responses${holder === "" ? "" : `, in ${holder}`}: each slice keeps its whole response alive, ${bytes(pinnedBytes)} in all.`,
  "queue-measured": ({ entries, heldBytes, ceilingBytes, mostBytes }, { what, client }) =>
    `In the queue of ${client} lie ${what}: ${count(entries)}${heldBytes === undefined ? "" : `, with ${bytes(heldBytes)} in all`}.${
      heldBytes === undefined || ceilingBytes === undefined || mostBytes === undefined
        ? ""
        : ` The configuration allows it ${bytes(ceilingBytes)}, ${bytes(mostBytes)} at most.`
    }`,
  "duplicate-strings": ({ texts, copies, bytes: copied }) =>
    `${count(texts)} texts are there more than once: ${count(copies)} copies of them are ${bytes(copied)}.`,
  accumulates: ({ retainedBytes, parts }, { holder, through }) =>
    `${holder} alone keeps ${bytes(retainedBytes)} alive, in ${count(parts)} objects. It is held by ${through}.`,
  "single-instant:below-ceiling": ({ levelBytes, ceilingBytes }) =>
    `${bytes(levelBytes)} is below the ${bytes(ceilingBytes)} that the configuration allows.`,
  "single-instant:at-ceiling": (figures) => `It holds ${atCeiling(figures)}`,
  "single-instant:above-ceiling": ({ levelBytes, ceilingBytes }) =>
    `${bytes(levelBytes)} is above the ${bytes(ceilingBytes)} that the configuration lets the queue hold.`,
  "single-instant:gap": ({ levelBytes, expectedBytes }) =>
    `The client's statistics explain ${bytes(expectedBytes)} of ${bytes(levelBytes)}.`,
  "queue-accounting:queue-explains": ({ expectedBytes, liveBytes }) =>
    `The client's own statistics explain it: ${bytes(expectedBytes)} queued, ${bytes(liveBytes)} live at the end.`,
  "queue-accounting:queue-does-not-explain": ({ expectedBytes, liveBytes, gapBytes }) =>
    `The client's own statistics do not explain it: ${bytes(expectedBytes)} queued, ${bytes(liveBytes)} live at the end, ${bytes(gapBytes)} are held elsewhere.`,
  "queue-accounting:queue-undecided": ({ expectedBytes, liveBytes }) =>
    `The client's statistics (${bytes(expectedBytes)} queued, ${bytes(liveBytes)} live) do not decide it.`,
  "survivor-ages:few-births": () => "Hardly any of it was allocated in the older half of the capture.",
  "survivor-ages:nothing-old": () =>
    "Nothing allocated in the older half of the capture is still alive: it is freed in turn, as a queue does.",
  "survivor-ages:first-in-first-out": () =>
    "Old blocks are gone and young ones live, with a sharp edge: first in, first out, as a queue does.",
  "survivor-ages:decaying-tail": ({ oldestShare, olderShare }) =>
    `The older, the fewer survive (${percent(olderShare)}, then ${percent(oldestShare)}).`,
  "survivor-ages:flat-tail": ({ oldestShare }) =>
    `Of every age about the same share survives (${percent(oldestShare)} of the oldest), as in a leak.`,
  "survivor-ages:all-survive": ({ oldestShare }) =>
    `${percent(oldestShare)} of what was allocated in the first quarter of the capture is still alive: next to nothing of it is freed.`,
  "survivor-births:hardly-any": () => "Next to nothing that was allocated during the capture and adds to its level is still alive.",
  "survivor-births:all-along": ({ lateShare }) =>
    `What still lives was allocated all along (${percent(lateShare)} of it late in the capture), as in a leak.`,
  "survivor-births:at-first": ({ lateShare }) =>
    `What still lives was allocated at first (only ${percent(lateShare)} of it late in the capture), as in a warm-up.`,
  "survivor-births:at-once": () => "What still lives was allocated at one moment.",
  "survivor-births:young": () => "What still lives is the youngest: it is kept for a while, not for ever.",
  "experiment:drained": (figures) =>
    `When the lag was gone ${left(figures)}: it drains with the lag, as a queue does; a leak would have stayed.`,
  "experiment:not-drained": (figures) => `When the lag was gone ${left(figures)}: a queue would have drained.${keptByAllocator(figures)}`,
  "experiment:drain-undecided": (figures) => `When the lag was gone ${left(figures)}: that decides nothing.${keptByAllocator(figures)}`,
  "experiment:drain-not-done": () =>
    "The experiment says nothing: in its second half the consumer was still behind, so that the queue could not drain.",
  "experiment:halved": (figures) => `With half the queue ${left(figures)}: it follows the setting, as a queue does.`,
  "experiment:not-halved": (figures) => `With half the queue ${left(figures)}: it does not follow the setting, as a queue would.`,
  "experiment:halve-undecided": (figures) => `With half the queue ${left(figures)}: that decides nothing.`,
  "experiment:halve-tells-nothing": () =>
    "The experiment says nothing: the queue was not full in the first half, or was not smaller in the second, so that half of it would not show.",
  "experiment-drain-checked": () => "That the lag was gone is what the second half itself says (statistics or lag).",
  "experiment-drain-assumed": () =>
    "Assumed: the lag was gone at the end of the second half, which nothing in it says. Give its statistics or its lag to have it checked.",
  "experiment-halve-queue-checked": () =>
    "That the queue was smaller is what statistics or configurations of both halves say. Assumed: the load was the same.",
  "experiment-halve-queue-assumed": () =>
    "Assumed: the second half ran with half the queue, under the same load. Give the statistics or the configuration of both halves to have it checked.",
  grew: ({ growthBytes, share }, { kind, client }) =>
    `${percent(share)} of the growth (${bytes(growthBytes)}) is ${memoryOf(kind, client)}.`,
  "held-by": ({ growthBytes, share }, { kind, client }) =>
    `${percent(share)} of the live heap (${bytes(growthBytes)}) is ${memoryOf(kind, client)}.`,
  "top-site": (_, { site }) => `Most of it comes from ${site}.`,
  "queue-holds": ({ messages, valueBytes }) =>
    `The client itself says that its queue holds ${count(messages)} messages with ${bytes(valueBytes)} of values at the end.`,
  "messages-held": ({ liveMessages, queuedMessages, heldMessages }) =>
    `${count(liveMessages)} message objects are alive, ${count(queuedMessages)} of them are queued: the application holds ${count(heldMessages)}.`,
  "live-messages": ({ liveMessages, liveBytes }) => `${count(liveMessages)} message objects are alive (${bytes(liveBytes)}).`,
  "attached-late": ({ residentBytes, peakBytes }) =>
    `The profiler was attached to a process that already held its memory: it sees ${bytes(peakBytes)} of ${bytes(residentBytes)} resident.`,
  "allocations-only": () => "The capture counts allocations, not what is live: it cannot show what is kept.",
  stale: ({ reportedBytes, liveBytes }) =>
    `The runtime says that its heap holds ${bytes(reportedBytes)}, the profile shows ${bytes(liveBytes)}: it is the state of the last garbage collection.`,
  "suspected-client": (_, { owner }) =>
    `Code that calls itself Kafka is in the capture (${owner}), and it is no client that lagleak knows: its memory counts as the application's, and no ceiling applies.`,
  "queue-is-native": ({ ceilingBytes }, { client }) =>
    `${client} queues messages in memory from malloc${ceilingBytes === undefined ? "" : ` (about ${bytes(ceilingBytes)} by its configuration)`}, which no profile of the runtime's heap contains.`,
  "lag:lag-explains": ({ lagMessages, mostBytes, liveBytes }) =>
    `It follows the consumer lag and drains with it: at the end ${count(lagMessages)} messages are behind, which may hold ${bytes(mostBytes)}; ${bytes(liveBytes)} are live.`,
  "lag:lag-does-not-explain": ({ lagMessages, mostBytes, liveBytes }) =>
    `The consumer lag does not explain it: at the end ${count(lagMessages)} messages are behind, which can hold ${bytes(mostBytes)} at most; ${bytes(liveBytes)} are live.`,
  "lag:lag-undecided": ({ lagMessages, mostBytes, liveBytes }) =>
    `The consumer lag (${count(lagMessages)} messages, at most ${bytes(mostBytes)} of memory, ${bytes(liveBytes)} live) does not decide it.`,
  "lag:lag-allows-more": ({ lagMessages }) =>
    `The consumer is ${count(lagMessages)} messages behind, more than its queue may hold: the lag neither explains nor accuses.`,
  "follows-lag:comes-and-goes": ({ mostMessages, lastMessages }) =>
    `It comes and goes with the consumer lag (${count(mostMessages)} messages at most, ${count(lastMessages)} at the end): it waits to be processed, and is not lost.`,
  "follows-lag:does-not-follow": ({ mostMessages, lastMessages }) =>
    `It does not follow the consumer lag, which went from ${count(mostMessages)} messages at most to ${count(lastMessages)}.`,
  "lag-course": ({ firstMessages, lastMessages, mostMessages }) =>
    `The consumer group was ${count(firstMessages)} messages behind at first and ${count(lastMessages)} at the end${(mostMessages ?? 0) > Math.max(firstMessages ?? 0, lastMessages ?? 0) * 1.1 ? `, ${count(mostMessages)} at most` : ""}.`,
  "lag-at-end": ({ lastMessages }) => `The consumer group is ${count(lastMessages)} messages behind.`,
  "lag-of-one-partition": ({ lastMessages }) => `The partition that is furthest behind is ${count(lastMessages)} messages behind.`,
  "littles-law": ({ liveBytes, rate, messageBytes, residenceMs }) =>
    `At ${perSecond(rate)} and ${bytes(messageBytes)} of memory each, ${bytes(liveBytes)} are what stays ${formatDuration(residenceMs ?? 0)} before it is freed (Little's law).`,
  resident: ({ residentBytes, liveBytes, unexplainedBytes }, { measures }) =>
    `Of ${residentOf(residentBytes, measures)} the live heap explains ${bytes(liveBytes)}; ${remainder(unexplainedBytes)}.`,
  "resident-with-queue": ({ residentBytes, liveBytes, queueBytes, unexplainedBytes }, { measures }) =>
    `Of ${residentOf(residentBytes, measures)} the live heap explains ${bytes(liveBytes)} and the client's queue, outside of it, ${bytes(queueBytes)}; ${remainder(unexplainedBytes)}.`,
  "resident-observed": ({ residentBytes, queueBytes, unexplainedBytes, heapBytes }, { measures, queue }) =>
    `Of ${residentOf(residentBytes, measures)} ${queue === "" ? "no statistics say what is queued" : `the client's queue explains ${bytes(queueBytes)}`}; ${remainder(unexplainedBytes)}.${heapBytes === undefined ? "" : ` The heap itself says that ${bytes(heapBytes)} are in use.`}`,
  "denser-course": ({ readings, captures }, { kind, client }) =>
    `Between the ${count(captures)} captures, ${memoryOf(kind, client)} followed the memory of the process, nearly all of whose growth it is (${count(readings)} readings).`,
  "companion-type": ({ gainedArrays, gainedObjects }, { arrayName, typeName }) =>
    `From look to look the application gained as many ${typeName} (${count(gainedObjects)}) as ${arrayName} (${count(gainedArrays)}): they belong together.`,
  "census-grew": ({ chunkBytes, firstCount, lastCount, growthBytes }) =>
    `In the heap, chunks of ${count(chunkBytes)} bytes grew from ${count(firstCount)} to ${count(lastCount)} (${bytes(growthBytes)} more).`,
  "census-messages": ({ chunkBytes, liveMessages, queuedMessages, heldMessages }) =>
    (heldMessages ?? 0) > 0
      ? `In the heap ${count(liveMessages)} message objects (chunks of ${count(chunkBytes)} bytes) are alive, and ${count(queuedMessages)} messages are queued: ${count(heldMessages)} were taken out of the queue and are still held.`
      : `In the heap ${count(liveMessages)} message objects (chunks of ${count(chunkBytes)} bytes) are alive, as many as are queued (${count(queuedMessages)}).`,
  "allocator-glibc-keeps": ({ totalBytes, inUseBytes, keptBytes }) =>
    `malloc_info: of ${bytes(totalBytes)} taken from the system ${bytes(inUseBytes)} are in use and ${bytes(keptBytes)} are free: kept by the allocator, not lost.`,
  "allocator-glibc-in-use": ({ totalBytes, inUseBytes, keptBytes }) =>
    `malloc_info: of ${bytes(totalBytes)} taken from the system ${bytes(inUseBytes)} are in use; only ${bytes(keptBytes)} are free and kept by the allocator.`,
  "allocator-go-keeps": (figures, names) =>
    `MemStats: ${bytes(figures["keptBytes"])} of ${bytes(figures["totalBytes"])} are free and not given back to the system. ${parts(figures, names)}.`,
  "allocator-go-in-use": (figures, names) =>
    `MemStats: ${bytes(figures["totalBytes"])} are taken from the system. ${parts(figures, names)}.`,
  "allocator-jvm": (figures, names) => `Native Memory Tracking: ${bytes(figures["totalBytes"])} are committed. ${parts(figures, names)}.`,
  "allocator-growth-kept": ({ growthBytes, outsideBytes }) =>
    `Between its reports the allocator took ${bytes(growthBytes)} more from the system; ${bytes(outsideBytes)} of it are free and kept, ${bytes((growthBytes ?? 0) - (outsideBytes ?? 0))} are in use.`,
  "allocator-growth-jvm": ({ growthBytes, outsideBytes }) =>
    `The JVM committed ${bytes(growthBytes)} more; ${bytes(outsideBytes)} of it are not the Java heap.`,
  "no-course": () => "There is no capture of the heap and no series of memory: nothing says what grows.",
  "outside-growth": ({ growthBytes }) => `The resident memory grew by ${bytes(growthBytes)} that the live heap does not show.`,
  "known-issue": (_, names) => `This version of ${names["client"]} is known for it: ${report(names)}`,
  "similar-issue": (_, names) => `A published report about ${names["client"]} that fits: ${report(names)}`,
  "cut-live-is-not-leaked": () =>
    "The process ended while being captured: profilers call everything that was alive at that moment leaked, which says nothing.",
  "reaches-ceiling": ({ atLeastMs, medianMs, atMostMs }) =>
    `At this rate the queue is full in ${etaText({ low: (atLeastMs ?? 0) / 1000, median: seconds(medianMs), high: seconds(atMostMs) })}.`,
  "besides-leak": ({ growthBytes }, { kind, client }) => `Besides, ${memoryOf(kind, client)} grew by ${bytes(growthBytes)} like a leak.`,
  "besides-backlog": ({ growthBytes }, { kind, client }) =>
    `Besides, ${memoryOf(kind, client)} grew by ${bytes(growthBytes)} like a backlog.`,
  "besides-buffering": ({ growthBytes }, { kind, client }) =>
    `Besides, ${memoryOf(kind, client)} grew by ${bytes(growthBytes)}, and that is buffering under a configured ceiling.`,
  "besides-stable": ({ growthBytes }, { kind, client }) =>
    `Besides, ${memoryOf(kind, client)} (${bytes(growthBytes)}) does not grow any more.`,
  "besides-warm-up": ({ growthBytes }, { kind, client }) =>
    `Besides, ${memoryOf(kind, client)} grew by ${bytes(growthBytes)} and is slowing down.`,
  "besides-step": ({ growthBytes }, { kind, client }) => `Besides, ${memoryOf(kind, client)} grew by ${bytes(growthBytes)} in one step.`,
};

/** The sentence of a reason. A code without a sentence is our bug. */
export function reason({ code, figures, names, logBayesFactor }: Finding): Reason {
  const sentence = REASONS[code];
  if (sentence === undefined) throw new Error(`words.ts has no sentence for the reason "${code}"`);
  return { code, text: sentence(figures, names), logBayesFactor };
}

const SERIES_COMMANDS: Readonly<Record<string, string>> = {
  pprof:
    "for i in 1 2 3 4 5 6; do curl -s 'http://localhost:6060/debug/pprof/heap?gc=1' > heap.$i.pb.gz; sleep 60; done; lagleak heap.*.pb.gz",
  jemalloc: "MALLOC_CONF=prof:true,prof_active:true,lg_prof_interval:26,prof_prefix:/tmp/je ./consumer; lagleak '/tmp/je.*.heap'",
  "heap-profile": "HEAPPROFILE=/tmp/hp HEAP_PROFILE_TIME_INTERVAL=10 ./consumer; lagleak '/tmp/hp.*.heap'",
  "class-histogram": "for i in 1 2 3 4 5 6; do jcmd <pid> GC.class_histogram > hist.$i.txt; sleep 60; done; lagleak hist.*.txt",
  hprof: "for i in 1 2 3; do jcmd <pid> GC.heap_dump $PWD/heap.$i.hprof; sleep 300; done; lagleak heap.*.hprof",
  "v8-heap-snapshot":
    "node --heapsnapshot-signal=SIGUSR2 consumer.js & for i in 1 2 3; do sleep 300; kill -USR2 $!; done; lagleak Heap.*.heapsnapshot",
  "v8-sampling":
    "node --heap-prof --heap-prof-interval=32768 consumer.js  # stop it after 10 minutes with process.exit(), then: lagleak Heap.*.heapprofile",
};

/** How one capture is taken of a process that runs, by format; "": the process from outside. */
const ONE_CAPTURE: Readonly<Record<string, (name: string) => string>> = {
  pprof: (name) => `curl -s 'http://localhost:6060/debug/pprof/heap?gc=1' > ${name}.pb.gz`,
  "class-histogram": (name) => `jcmd <pid> GC.class_histogram > ${name}.txt`,
  hprof: (name) => `jcmd <pid> GC.heap_dump $PWD/${name}.hprof`,
  "v8-heap-snapshot": (name) => `kill -USR2 <pid>; sleep 20; mv Heap.*.heapsnapshot ${name}.heapsnapshot`,
  "": (name) => `lagleak attach <pid> --for 60s --captures ${name}`,
};

/** The name that such a capture has. */
const ENDING: Readonly<Record<string, string>> = {
  pprof: ".pb.gz",
  "class-histogram": ".txt",
  hprof: ".hprof",
  "v8-heap-snapshot": ".heapsnapshot",
  "": "/",
};

function drainCommand(format: string): string {
  const capture = ONE_CAPTURE[format];
  if (capture === undefined) return "";
  const [before, after] = [`before${ENDING[format]}`, `after${ENDING[format]}`];
  return `${capture("before")}  # while it lags; then, when the lag is gone: ${capture("after")}; lagleak analyze --experiment drain ${before} -- ${after}`;
}

const DRAIN_COMMANDS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(ONE_CAPTURE).map((format) => [format, drainCommand(format)])),
  "": "lagleak attach <pid> --settle  # and pause what writes to the topic, or let the consumer catch up",
};

/** Two runs of the same length, the second with the setting halved. */
const HALVE_COMMANDS: Readonly<Record<string, string>> = {
  heaptrack:
    "heaptrack -o full ./consumer  # stop it after 10 minutes, halve the setting, and for 10 minutes: heaptrack -o half ./consumer; lagleak analyze --experiment halve-queue full.*.zst -- half.*.zst",
  jemalloc:
    "MALLOC_CONF=prof:true,prof_active:true,lg_prof_interval:26,prof_prefix:full/je ./consumer  # halve the setting, and for as long with prof_prefix:half/je; lagleak analyze --experiment halve-queue full/ -- half/",
  "heap-profile":
    "HEAPPROFILE=full/hp HEAP_PROFILE_TIME_INTERVAL=10 ./consumer  # halve the setting, and for as long with HEAPPROFILE=half/hp; lagleak analyze --experiment halve-queue full/ -- half/",
  "v8-sampling":
    "node --heap-prof --heap-prof-dir=full consumer.js  # halve the setting, and for as long with --heap-prof-dir=half; lagleak analyze --experiment halve-queue full/ -- half/",
  ...Object.fromEntries(
    Object.entries(ONE_CAPTURE).map(([format, capture]) => [
      format,
      `${capture("full")}  # halve the setting, start it again, and as long after the start: ${capture("half")}; lagleak analyze --experiment halve-queue full${ENDING[format]} -- half${ENDING[format]}`,
    ]),
  ),
};

function experimentCommand(commands: Readonly<Record<string, string>>, format: string | undefined): string | null {
  return commands[format ?? ""] ?? null;
}

const NEXT: Readonly<
  Record<string, (figures: Readonly<Record<string, number>>, names: Readonly<Record<string, string>>) => Omit<NextStep, "code">>
> = {
  "capture-from-start": () => ({
    text: "Capture from the start of the process, so that the memory in question is allocated under the profiler.",
    command: "heaptrack -o consumer ./consumer",
  }),
  "capture-live": () => ({
    text: "Give a profile of live memory (inuse_space), not of allocations.",
    command: SERIES_COMMANDS["pprof"] ?? null,
  }),
  "capture-after-gc": () => ({
    text: "Force a garbage collection before each profile: without one the profile shows the past.",
    command: "curl -s 'http://localhost:6060/debug/pprof/heap?gc=1' > heap.1.pb.gz",
  }),
  "capture-series": (_, { format }) => ({
    text: "One capture shows what is held, not whether it grows: give several of the same process, some minutes apart.",
    command: SERIES_COMMANDS[format ?? ""] ?? null,
  }),
  "capture-statistics": (_, { how }) => ({
    text: `Give the client's own statistics: they say how much of this is queued. ${how}`,
    command: "lagleak <captures> --stats stats.jsonl --started-at <time>",
  }),
  "log-statistics": (_, { how }) => ({
    text: `Log what the client itself says of its queues beside the captures: memory that follows it is buffering. ${how}`,
    command: null,
  }),
  "observe-longer": ({ spanMs }) => ({
    text: `It was looked at for ${formatDuration(spanMs ?? 0)}: growth of a few MiB an hour does not show in that.`,
    command: "lagleak attach <pid> --for 30m",
  }),
  "capture-heap": () => ({
    text: "Series from outside show that memory grows, not who holds it: profile the process, or capture its heap.",
    command: "lagleak attach <pid> --profile",
  }),
  "capture-holders": () => ({
    text: "A class histogram counts arrays, not who holds them: a heap dump shows the holder. It stops the JVM for about a second per GiB.",
    command: "lagleak attach <pid> --method jvm-heap-dump",
  }),
  "say-started-at": () => ({
    text: "Say when the capture began, so that what was recorded beside it can be laid over it.",
    command: "lagleak <captures> --stats stats.jsonl --started-at 2026-01-31T03:00:00Z",
  }),
  "say-message-size": () => ({
    text: "Say how large a message value is on average: the ceiling hangs on it.",
    command: "lagleak <captures> --message-size 1024",
  }),
  "more-samples": () => ({
    text: "Too few blocks were sampled to tell growth from chance: sample more often, or capture longer.",
    command: null,
  }),
  "name-functions": () => ({
    text: "The capture holds addresses without names. Run lagleak where the same binary lies at the same path, not stripped, so that it can name them.",
    command: null,
  }),
  "name-client": () => ({
    text: "No Kafka client was found in the capture. If there is one, name it (`lagleak list clients` lists those that are known), or give its frames with --rules.",
    command: "lagleak <captures> --client <id>",
  }),
  "name-suspect": (_, { owner }) => ({
    text: `Say what ${owner} is: a known client or one built on it with --client (\`lagleak list clients\`), any other with a file of rules that names its frames (docs/rules.md).`,
    command: "lagleak <captures> --rules rules.yaml",
  }),
  "capture-longer": ({ waitMs }) => ({
    text: `Capture ${formatDuration(waitMs ?? 0)} more: at this rate a leak crosses the ceiling by then, a queue cannot.`,
    command: null,
  }),
  "capture-native": () => ({
    text: "Capture the memory from malloc, too: heaptrack, or jemalloc dumps. Beside this capture its resident size would show as much.",
    command: "heaptrack -o consumer <command>",
  }),
  "drain-queue": (_, { format }) => ({
    text: "Let the lag go, and look again: stop what writes to the topic, or let the consumer catch up. A queue drains, a leak stays.",
    command: experimentCommand(DRAIN_COMMANDS, format),
  }),
  "halve-queue": ({ from, to }, { setting, format }) => ({
    text: `Or run it again for as long with half of ${setting}${to === undefined ? "" : ` (${to} instead of ${from})`}: the plateau of a queue halves, a leak does not care.`,
    command: experimentCommand(HALVE_COMMANDS, format),
  }),
  "capture-twice-as-long": () => ({
    text: "Capture at least twice as long: the course so far fits more than one explanation.",
    command: null,
  }),
};

export function nextStep({ code, figures, names }: Finding): NextStep {
  const step = NEXT[code];
  if (step === undefined) throw new Error(`words.ts has no sentence for the step "${code}"`);
  return { code, ...step(figures, names) };
}

const ADVICE: Readonly<Record<string, (names: Readonly<Record<string, string>>) => string>> = {
  "find-the-holder": ({ site }) =>
    `Look at what keeps the memory that ${site} allocates: a collection that only grows, a cache without a limit, a listener that is never removed. A fix shows in a new capture of the same length: the line is gone.`,
};

/** The sentence of an advice that no client words. A code without a sentence is our bug. */
export function adviceText(code: string, names: Readonly<Record<string, string>>): string {
  const sentence = ADVICE[code];
  if (sentence === undefined) throw new Error(`words.ts has no sentence for the advice "${code}"`);
  return sentence(names);
}

/** The verdict as one plain paragraph: what it is, how much, and what it means for the limit. */
export function summary(of: Summary, durationMs: number | null): string {
  return [capitalise(mainSentence(of, durationMs)), ...limitSentences(of)].join(" ");
}

function ownerWords(party: string | null, client: string): string {
  switch (party) {
    case "app":
      return "the application";
    case "client":
      return client;
    case "runtime":
      return "the runtime";
    default:
      return "something without a known owner";
  }
}

function mainSentence(of: Summary, durationMs: number | null): string {
  const client = of.client ?? "the Kafka client";
  const likely = of.confidence >= 0.9 ? "" : "Probably: ";
  const over = durationMs === null ? "" : ` over ${formatDuration(durationMs)}`;
  const allowed =
    of.ceilingBytes === null
      ? ""
      : ` The configuration lets it hold about ${bytes(of.ceilingBytes)} (${settingsText(of.ceilingSettings)}).`;
  switch (of.class) {
    case "buffering": {
      const queue = of.kind === "producer" ? "producer queue" : "prefetch queue";
      const reason = of.kind === "producer" ? "messages are delivered" : "the application takes messages";
      const isFlat = of.growthBytes < 0.05 * of.highestBytes;
      const held = of.singleInstant
        ? `holds ${bytes(of.liveBytes)}`
        : isFlat
          ? `is full: it holds ${bytes(of.liveBytes)} and does not grow`
          : `rose to ${bytes(of.highestBytes)}${of.liveBytes > 0.9 * of.highestBytes ? "" : ` and fell to ${bytes(of.liveBytes)}`}`;
      const main = `this is no leak. The ${queue} of ${client} ${held}, because ${reason} more slowly than they come.${allowed}`;
      // the queue is most of it, and yet it is not all
      if (of.alsoLeaking === null) return `${likely}${main}`;
      const { party, growthBytes } = of.alsoLeaking;
      return `${likely}most of ${main} But ${ownerWords(party, client)} leaks as well: ${bytes(growthBytes)}${over}.`;
    }
    case "leak": {
      const beside =
        of.alsoBuffering === null
          ? ""
          : ` Besides, ${bytes(of.alsoBuffering)} are buffered in the client's queue, which is bounded and no leak.`;
      if (of.party === "app-retained") {
        const isAbove = of.ceilingBytes !== null && of.highestBytes > 1.2 * of.ceilingBytes;
        const above = isAbove
          ? `, more than its queue may hold (about ${bytes(of.ceilingBytes ?? 0)}, ${settingsText(of.ceilingSettings)})`
          : "";
        return `${likely}the application keeps fetched messages: ${bytes(of.highestBytes)} of memory that ${client} allocated for them is alive${above}.${beside}`;
      }
      const who = ownerWords(of.party, client);
      const site = of.site === null ? "" : `, most of it allocated by ${of.site}`;
      return `${likely}${who} leaks: ${bytes(of.growthBytes)}${over} that nothing frees${site}.${beside}`;
    }
    case "backlog":
      return `${likely}a queue without a known bound grows: ${bytes(of.growthBytes)}${over}${of.site === null ? "" : ` at ${of.site}`}. It is not lost, but nothing stops it.`;
    case "stable":
      return `${likely}no material growth${over}.`;
    case "warm-up":
      return `${likely}growth of ${bytes(of.growthBytes)}${over} that has slowed down: caches, pools, warm-up.`;
    case "step":
      return `${likely}one step of ${bytes(of.growthBytes)}, flat before and after it.`;
    case "outside-heap":
      return `${likely}the process grows and its live heap does not: memory that the allocator keeps, fragmentation, or memory that this capture cannot see.`;
    case "inconclusive":
      return inconclusiveSentence(of);
  }
}

function inconclusiveSentence(of: Summary): string {
  const client = of.client ?? "the Kafka client";
  if (of.blind === "attached-late")
    return "The capture cannot tell: the profiler came after the memory was allocated and sees next to nothing of it.";
  if (of.blind === "allocations-only") return "The capture cannot tell: it counts allocations and not what is kept.";
  if (of.blind === "queue-is-native") {
    return `The capture cannot tell: the heap of the runtime does not grow, but ${client} queues its messages outside of that heap.`;
  }
  if (of.blind === "no-course") return "There is nothing to judge by itself: no capture of the heap and no series of memory over time.";
  if (of.blind === "stale") return "The capture cannot tell: it shows an earlier state of the heap than the runtime reports.";
  const held =
    of.kind === null || of.liveBytes === 0
      ? ""
      : ` ${capitalise(bytes(of.liveBytes))} live is ${memoryOf(of.kind, of.client ?? undefined)}.`;
  const most = ` Most likely so far: ${of.most} (${percent(of.confidence)}).`;
  const why = of.singleInstant
    ? "One capture at one moment cannot tell whether this grows."
    : "The evidence fits more than one explanation.";
  return `${why}${held}${most}`;
}

function limitSentences({ limit, class: verdictClass }: Summary): readonly string[] {
  if (limit === null) return [];
  const isThere = limit.etaSeconds?.high === 0;
  const eta = limit.etaSeconds === null ? "" : isThere ? " It is over it already." : ` It gets there in ${etaText(limit.etaSeconds)}.`;
  if (verdictClass === "leak" || verdictClass === "backlog") return [`The memory limit is ${bytes(limit.limitBytes)}.${eta}`];
  if (limit.boundBytes === null) return [];
  if (limit.exceeds) {
    return [
      `But the bound (${bytes(limit.boundBytes)}) is above the memory limit of ${bytes(limit.limitBytes)}: it is bounded and can still be killed.${eta}`,
    ];
  }
  return [
    `With everything full the process stays at about ${bytes(limit.boundBytes)}, below the memory limit of ${bytes(limit.limitBytes)}.`,
  ];
}

/** A time with its 90 % interval in words. */
export function etaText({
  low,
  median,
  high,
}: {
  readonly low: number;
  readonly median: number | null;
  readonly high: number | null;
}): string {
  if (median === null || high === null) return `at least ${formatDuration(low * 1000)}`;
  return `about ${formatDuration(median * 1000)} (${formatDuration(low * 1000)} to ${formatDuration(high * 1000)})`;
}

function settingsText(settings: Readonly<Record<string, string>>): string {
  const first = Object.entries(settings)[0];
  return first === undefined ? "by its defaults" : `${first[0]}=${first[1]}`;
}

export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const BLIND_SPOTS: Readonly<Record<string, string>> = {
  "no-capture": "No capture of the heap was given: who allocated the memory is not known, only what was recorded beside the process.",
  "allocations-only": "It counts what was allocated, not what is still live.",
  "attached-late": "Memory that was allocated before the profiler was attached is missing.",
  "runtime-heap-only": "It shows the heap of the runtime; memory that native code takes from malloc is not in it.",
  "who-keeps": "Stacks say who allocated memory. They do not say who keeps it.",
  "types-only": "It counts objects by their class. It does not say who allocated them, nor who keeps them.",
  sampled: "It is sampled: sizes are estimates, and small or rare allocations may be missing.",
  "no-ages": "It does not say how old the live memory is.",
  "single-instant": "It is one moment: it cannot show growth.",
  "no-times": "It does not say when it was taken: the captures are only in order.",
  "no-resident": "It does not say how large the process was: memory that the allocator keeps cannot be told.",
  "no-statistics": "No statistics of the client lie over it: how much was queued is not known.",
  "no-limit": "No memory limit was given: whether the process can be killed is not answered.",
};

/** What a capture cannot see, in a sentence. */
export function blindSpot(code: string): string {
  const sentence = BLIND_SPOTS[code];
  if (sentence === undefined) throw new Error(`words.ts has no sentence for the blind spot "${code}"`);
  return sentence;
}

const GRADES: Readonly<Record<string, string>> = {
  A: "statistics of the client, or exact ages of the memory with a ceiling",
  B: "a ceiling, and the size of the messages is known",
  C: "a guessed ceiling, or counters",
  D: "the shape of the course alone",
};

export function gradeWords(grade: string): string {
  return GRADES[grade] ?? "";
}

/** How bad a verdict is, for a colour that repeats what the words say. */
export function verdictTone(verdictClass: VerdictClass): "bad" | "doubtful" | "good" {
  if (verdictClass === "leak") return "bad";
  return ["backlog", "outside-heap", "inconclusive"].includes(verdictClass) ? "doubtful" : "good";
}

export function nextTitle(verdictClass: VerdictClass): string {
  return verdictClass === "inconclusive" ? "What would settle it" : "What would make it surer";
}

/** `rust-rdkafka: fetch responses` */
export function groupWords({
  party,
  client,
  component,
}: {
  readonly party: string;
  readonly client: string | null;
  readonly component: string | null;
}): string {
  const who = party === "app" ? "application" : (client ?? (party === "unknown" ? "owner unknown" : party));
  return component === null ? who : `${who}: ${componentWords(component)}`;
}

/** What the HTML report says around its figures. */
export const PAGE = {
  skip: "Skip to the verdict",
  copyMarkdown: "Copy as Markdown",
  copyLink: "Copy link to this view",
  theme: "Theme",
  themeAuto: "as the system",
  themeLight: "light",
  themeDark: "dark",
  overLimit: "Over the memory limit",
  confidence: "Confidence",
  grade: "Evidence",
  liveAtEnd: "Live at the end",
  residentAtEnd: "Resident at the end",
  evidenceOnly: "No capture of a heap: what was recorded beside the process alone.",
  else_: "Otherwise:",
  soFar: "Likely so far:",
  why: "Why",
  littleWeight: "little weight",
  advice: "What to do",
  price: "Price:",
  timeline: "Memory over time",
  timelineHint: "Drag over the chart to see below what grew in that range.",
  timelineCursor: "Moment",
  timelineKeys: "Left and right move the cursor, with Shift they select a range, Home and End jump, Escape selects everything.",
  timelineKeysOnly: "Left and right move the cursor, Home and End jump.",
  from: "From",
  to: "To",
  wholeRange: "Whole capture",
  seriesTable: "The series as a table",
  tree: { stacks: "Where it was allocated", holders: "What holds what", types: "What it is" },
  show: "What the widths show",
  modeLive: "Live",
  modeChange: "Change",
  modeGrown: "Only what grew",
  focus: "Memory of",
  everything: "everything",
  inverted: { stacks: "Callees first", holders: "Contents first", types: "Contents first" },
  whole: "Whole paths",
  search: "Find",
  searchPlaceholder: "function, module, /regex/",
  crumbs: "Zoom",
  flame: "Graph of the paths",
  flameImage: "Graph of the paths; the tree below holds the same and works by keyboard",
  showAs: "The graph as",
  asTree: "Tree",
  asTable: "Table",
  path: { stacks: "call path", holders: "path of types", types: "type" },
  live: "live",
  change: "change",
  outlineKeys: "Arrows move and open, Enter zooms, Escape goes back out, letters find a name.",
  folded: (nodes: string, size: string): string =>
    `${nodes} small paths (${size} live together) are folded into "… smaller" rows, so that the page stays light.`,
  treemap: "Who holds it at the end",
  treemapHint: "The area is the live memory. Choose one to see only its paths.",
  groups: "Memory by owner",
  sites: "What grew most",
  site: { stacks: "allocated by", holders: "type", types: "type" },
  held: "What keeps it alive",
  heldHint:
    "The objects at which the memory comes together, each with the shortest way from it to a root of the heap. What is freed with an object is freed once no way leads to it.",
  heldIn: "in",
  heldFigures: (size: string, share: string, parts: string): string => `${size} (${share}) in ${parts} objects`,
  heldMore: "What holds the objects of any other type:",
  filter: "Filter",
  stack: "stack",
  unknown: "(unknown)",
  ceilings: "What the configuration allows",
  terms: "Terms of the formula",
  termsAndSettings: "Terms and settings",
  assumed: "Assumed:",
  captures: "What was read",
  nothingLost: "nothing",
  lost: (losses: number): string => `${losses.toLocaleString("en-US")}, see below`,
  losses: "What could not be read",
  blindSpots: "What this capture cannot see",
  reproduce: "How to reproduce",
  footer: "This page makes no request: everything it shows is inside of it.",
} as const;

/** What the scripts of the HTML report say while it is used. */
export const PAGE_LIVE = {
  party: { client: "client", app: "application", runtime: "runtime", unknown: "owner unknown" },
  together: "together",
  resident: "resident size",
  queued: "queued messages",
  ceiling: "ceiling of the queue",
  limit: "memory limit",
  lag: "lag",
  lagMessages: "lag (messages)",
  liveWord: "live",
  process: "the whole process",
  grew: "grew",
  shrank: "shrank",
  copied: "Copied.",
  notCopied: "The browser does not allow to copy.",
  inRange: (from: string, to: string): string => `from ${from} to ${to}:`,
  capture: (number: number): string => `capture ${number}`,
  smaller: (nodes: number): string => `… ${nodes.toLocaleString("en-US")} smaller`,
  passed: (frames: number): string => `straight through ${frames} more above it`,
  more: (rows: number): string => `${rows.toLocaleString("en-US")} more`,
  rowOwner: (group: string, percentage: number): string => `, ${group}, ${percentage} %, `,
  rowLive: " live, ",
  rowChange: " change",
  tile: (label: string, live: string, percentage: number): string => `${label}, ${live}, ${percentage} %`,
  shown: (shown: number, all: number): string => `${shown} of ${all}`,
  found: (paths: number, size: string, percentage: number): string =>
    paths === 0 ? "nothing found" : `${paths.toLocaleString("en-US")} found, ${size} (${percentage} %)`,
  twinHeads: (kind: TreeKind): readonly (readonly [string, string])[] => [
    [kind === "stacks" ? "function" : "type", ""],
    [kind === "stacks" ? "called by" : "held by", ""],
    ["memory of", ""],
    ["module", ""],
    ["level", "number"],
    ["live", "number"],
    ["change", "number"],
  ],
  twinCut: (shown: number, all: number): string => `The ${shown} widest of ${all.toLocaleString("en-US")} boxes`,
  modeHint: {
    live: (_from: string, to: string, kind: TreeKind): string =>
      `What is live${to === "" ? "" : ` at ${to}`}. The widths are bytes${{ stacks: ", callers stand above what they call", holders: ", holders stand above what is freed with them", types: "" }[kind]}.`,
    change: (from: string, to: string): string => `What changed from ${from} to ${to}. The widths are bytes gained or lost.`,
    grown: (from: string, to: string): string => `What grew from ${from} to ${to}. The widths are bytes gained; what shrank is left out.`,
  },
} as const;
