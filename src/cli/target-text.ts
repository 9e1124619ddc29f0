/** A process in words: what it is, what can be done with it, what was seen. Values that a user may hold secret are in none of them. */
import type { Plan } from "../attach/attacher.ts";
import type { ClientQueue } from "../attach/gauge.ts";
import type { Observation } from "../attach/observe.ts";
import type { Target } from "../attach/target.ts";
import { formatBytes, formatGrowth } from "../base/units.ts";
import type { Method } from "./attach-session.ts";

const RUNTIMES: Readonly<Record<string, string>> = {
  native: "native program",
  node: "Node.js",
  go: "Go",
  jvm: "Java",
  python: "Python",
  dotnet: ".NET",
  ruby: "Ruby",
  php: "PHP",
};

const LEVELS = ["level 0, no stop", "level 1, short stops", "level 2, code in the process or long stops"] as const;

/** `consumer, process 4711: native program (rust), librdkafka 2.3.0 (static), glibc, 104 MiB resident of 512 MiB allowed` */
export function targetText(target: Target): string {
  const { name, pid, runtime, clients, allocator, residentBytes, cgroup, container, inOtherNamespaces } = target;
  if (target.executable === null && target.mappings.length === 0) {
    const because = target.memoryRefusal?.because ?? "it does not show itself";
    return `${name}, process ${pid}: what runs in it cannot be seen (${because}), ${formatBytes(residentBytes)} resident`;
  }
  const language = runtime.language ?? runtime.version;
  const limit = cgroup?.limitBytes ?? null;
  const parts = [
    `${RUNTIMES[runtime.id] ?? runtime.id}${language === null ? "" : ` ${runtime.language === null ? language : `(${language})`}`}`,
    clients.length === 0
      ? "no Kafka client found"
      : clients
          .map(
            ({ id, version, linkage }) =>
              `${id}${version === null || version === "" ? "" : ` ${version}`}${linkage === "static" ? " (static)" : ""}`,
          )
          .join(" + "),
    ...(allocator.id === "none" || allocator.id === "unknown" ? [] : [allocator.id]),
    `${formatBytes(residentBytes)} resident${limit === null ? "" : ` of ${formatBytes(limit)} allowed`}`,
    ...(container === null ? [] : [`container ${container}`]),
    ...(inOtherNamespaces.length === 0 ? [] : [`other namespaces (${inOtherNamespaces.join(", ")})`]),
  ];
  return `${name}, process ${pid}: ${parts.join(", ")}`;
}

/** What a method is going to do, before it does it. */
export function planText({ attacher, plan }: Method): string {
  return plan === null ? "" : `${attacher.id} (${LEVELS[attacher.level]}): ${planWords(plan)}`;
}

/** `load a library; stands still about 0.2 s; risk: none known` */
export function planWords({ what, stops, risk }: Plan): string {
  return `${what}; ${stops === "nothing" ? "no stop" : `stands still ${stops}`}; risk: ${risk}`;
}

export function queueText({ role, messages, bytes }: Pick<ClientQueue, "role" | "messages" | "bytes">): string {
  return `${role === "producer" ? "producer queue" : "queue"} ${messages.toLocaleString("en-US")} messages, ${formatBytes(bytes)}`;
}

/** Sums by role: one line has room for no more. */
export function queueTotals(queues: readonly ClientQueue[]): readonly ClientQueue[] {
  return (["consumer", "producer"] as const).flatMap((role) => {
    const own = queues.filter((queue) => queue.role === role);
    const sum = (pick: (queue: ClientQueue) => number): number => own.reduce((total, queue) => total + pick(queue), 0);
    return own.length === 0 ? [] : [{ name: "", role, messages: sum(({ messages }) => messages), bytes: sum(({ bytes }) => bytes) }];
  });
}

/** One line of what was seen, where a screen cannot be refreshed. */
export function observationText(observation: Observation, first: Observation): string {
  const { elapsedMs, residentBytes, queues = [], heap, census, lag } = observation;
  const growth = residentBytes - first.residentBytes;
  return [
    `+${Math.round(elapsedMs / 1000)} s`,
    `resident ${formatBytes(residentBytes)}${growth === 0 ? "" : ` (${formatGrowth(growth)})`}`,
    ...queueTotals(queues).map(queueText),
    ...(heap === undefined ? [] : [`heap ${formatBytes(heap.usedAfterCollectionBytes ?? heap.usedBytes)}`]),
    ...(census === undefined ? [] : [`in use by malloc ${formatBytes(census.inUseBytes)}`]),
    ...(lag === undefined ? [] : [`lag ${lag.reduce((sum, { messages }) => sum + messages, 0).toLocaleString("en-US")}`]),
  ].join(", ");
}
