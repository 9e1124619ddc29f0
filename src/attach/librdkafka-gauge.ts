/**
 * Level 0: how much librdkafka holds in its queues, read from the memory of the process without a stop, without symbols and without
 * statistics: of every consumer what was fetched and not polled yet, of every producer what was not delivered yet, and the limits
 * that were configured. Instances may come and go meanwhile.
 */
import { Failure } from "../base/failure.ts";
import { openElfFile } from "./elf-file.ts";
import type { ClientQueue, Gauge, OpenGauge, Reading } from "./gauge.ts";
import { type CodeOffsets, codeOffsetsIn } from "./librdkafka-gauge-code.ts";
import { type FoundInstance, instanceOfThread, mainThreads, searchInstances } from "./librdkafka-gauge-find.ts";
import { describeInstance } from "./librdkafka-gauge-instance.ts";
import { isThere, type ReadInstance, readInstance } from "./librdkafka-gauge-read.ts";
import type { Target } from "./target.ts";
import { executableFile, mappedFile } from "./target-files.ts";
import { openTargetMemory, type TargetMemory } from "./target-memory.ts";
import { pointersInto } from "./target-words.ts";

/** Between two looks for instances that came. */
const LOOK_MS = 2000;
/** A thread that never shows where it sleeps: then the whole memory is searched, and if that finds nothing, it is given up. */
const UNRESOLVED_LOOKS = 5;
/** Between two searches through the whole memory, where threads have no names; doubled every time. */
const SEARCH_MS = 30_000;

const INSTEAD =
  "Set `statistics.interval.ms` in the client and give what it writes with `--stats`, or update lagleak (`lagleak list clients` names the versions it knows).";

export const librdkafkaGauge: Gauge = {
  id: "librdkafka-queues",
  title: "queues of librdkafka, read from the memory of the process",
  open: async (target) => {
    const client = target.clients.find(({ id }) => id === "librdkafka");
    if (client === undefined && mainThreads(target.pid).length === 0) return null;
    if (target.memoryRefusal !== null) return target.memoryRefusal;
    const executable = openElfFile(executableFile(target.pid) ?? "");
    executable?.close();
    if (executable === null) return { because: "its executable is not one of 64 bits, and only such memory is read", fix: INSTEAD };
    const memory = openTargetMemory(target.pid);
    if (memory === null)
      return { because: `the memory of process ${target.pid} cannot be opened`, fix: "Run the same command with `sudo`." };
    const session = openSession(target, memory);
    const problem = await session.look(true);
    if (problem === null) return session.gauge;
    memory.close();
    const version = client?.version ?? null;
    const name = version === null ? "this librdkafka" : `librdkafka ${version}`;
    const on = executable.machine === "x86-64" ? "" : ` on ${executable.machine}, where it was never tried,`;
    return { because: `the structures of ${name}${on} are not laid out as expected: ${problem}`, fix: INSTEAD };
  },
};

interface Session {
  readonly gauge: OpenGauge;
  /** Looks for instances that came or went. Why one that is there cannot be read; null where all can. */
  readonly look: (isFirst: boolean) => Promise<string | null>;
}

function openSession(target: Target, memory: TargetMemory): Session {
  const code = codeOf(target);
  const instances = new Map<number, ReadInstance>();
  let unresolvedLooks = 0;
  let lastLookMs = -Infinity;
  let nextSearchMs = 0;
  let searchEveryMs = SEARCH_MS;
  let isComplete = false;

  const add = (found: FoundInstance): string | null => {
    if (instances.has(found.address)) return null;
    const described = describeInstance(memory, found, pointersInto(memory.mappings()), code);
    if ("because" in described) return described.because;
    instances.set(found.address, { instance: described, partitions: null });
    return null;
  };

  const look = async (isFirst: boolean): Promise<string | null> => {
    lastLookMs = Date.now();
    const threads = mainThreads(target.pid);
    for (const [address, { instance }] of instances) {
      const isGone = instance.thread === null ? !isThere(memory, instance) : !threads.includes(instance.thread);
      if (isGone) instances.delete(address);
    }
    let problem: string | null = null;
    const known = new Set([...instances.values()].map(({ instance }) => instance.thread));
    let unresolved = threads.filter((thread) => !known.has(thread));
    for (let attempt = 0; unresolved.length > 0 && attempt < (isFirst ? 20 : 1); attempt++) {
      if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      const mappings = memory.mappings();
      unresolved = unresolved.filter((thread) => {
        const found = instanceOfThread(memory, thread, mappings);
        if (found !== null) problem = add(found) ?? problem;
        return found === null;
      });
    }
    unresolvedLooks = unresolved.length > 0 ? unresolvedLooks + 1 : 0;
    const isHidden = unresolved.length > 0 && (isFirst || unresolvedLooks >= UNRESOLVED_LOOKS);
    if (isHidden || (threads.length === 0 && isTimeToSearch())) {
      for (const found of await searchInstances(memory, memory.mappings())) problem = add(found) ?? problem;
      if (isHidden && instances.size < threads.length) problem ??= "its instances were not found";
      if (isHidden) unresolvedLooks = 0;
    }
    isComplete = problem === null && instances.size >= threads.length;
    return problem;
  };

  /** Without named threads an instance shows only in memory; a process that has none costs less and less. */
  const isTimeToSearch = (): boolean => {
    if (instances.size > 0 || Date.now() < nextSearchMs) return false;
    nextSearchMs = Date.now() + searchEveryMs;
    searchEveryMs *= 2;
    return true;
  };

  let problems = 0;
  const read = async (): Promise<Reading | null> => {
    if (Date.now() - lastLookMs >= LOOK_MS || !isComplete) {
      const problem = await look(false);
      problems = problem === null ? 0 : problems + 1;
      // one that is just being made, or taken apart, may look odd for a moment
      if (problems > UNRESOLVED_LOOKS) {
        throw new Failure({ code: "capture", message: `the queues of librdkafka cannot be read any more: ${problem}`, hint: INSTEAD });
      }
    }
    const queues: ClientQueue[] = [];
    for (const [address, one] of instances) {
      if (!isThere(memory, one.instance)) {
        instances.delete(address);
        continue;
      }
      const queue = readInstance(memory, one);
      if (queue === null) return null; // a sum without one of them would be a wrong one
      queues.push(queue);
    }
    return isComplete && queues.length > 0 ? { queues } : null;
  };

  return { look, gauge: { read, everyMs: 0, close: async () => memory.close() } };
}

/** Of the one module that librdkafka is in; two of them may differ, and then only what structures prove themselves counts. */
function codeOf(target: Target): CodeOffsets {
  const none: CodeOffsets = { name: null, group: null, groupQueue: null };
  const client = target.clients.find(({ id }) => id === "librdkafka");
  if (client === undefined) return none;
  const isExecutable = client.module === null || client.module === target.executable;
  const file = isExecutable ? executableFile(target.pid) : mappedFile(target.pid, client.module);
  const modules = new Set(target.mappings.filter(({ path }) => /librdkafka[^/+]*\.so/.test(path)).map(({ path }) => path));
  return file === null || modules.size > 1 ? none : codeOffsetsIn(file);
}
