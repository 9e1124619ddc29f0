/**
 * The configuration that librdkafka really uses, asked of the library itself by gdb: a closed list of settings that decide how much
 * memory it may hold. Never all of them: among them are passwords.
 */
import { writeFileSync } from "node:fs";
import { Failure } from "../base/failure.ts";
import type { Attacher } from "./attacher.ts";
import { captureFile, nothingCaptured } from "./capture-files.ts";
import { openElfFile } from "./elf-file.ts";
import { gdbCallRefusal, placeTexts, releaseTexts, runGdb } from "./gdb.ts";
import { type FoundInstance, instanceOfThread, mainThreads } from "./librdkafka-gauge-find.ts";
import { readStatus } from "./proc.ts";
import type { Target } from "./target.ts";
import { executableFile, mappedFile } from "./target-files.ts";
import { openTargetMemory } from "./target-memory.ts";
import { wordAt } from "./target-words.ts";
import { waitFor } from "./waiting.ts";

const ID = "librdkafka-config";
const SETTINGS = [
  ...["client.id", "group.id", "bootstrap.servers", "group.protocol", "partition.assignment.strategy"],
  ...["queued.min.messages", "queued.max.messages.kbytes", "fetch.max.bytes", "fetch.message.max.bytes", "fetch.wait.max.ms"],
  ...["message.max.bytes", "receive.message.max.bytes", "auto.offset.reset", "enable.auto.commit", "enable.auto.offset.store"],
  ...["session.timeout.ms", "max.poll.interval.ms", "statistics.interval.ms", "compression.codec"],
  ...["queue.buffering.max.messages", "queue.buffering.max.kbytes", "topic.metadata.refresh.interval.ms"],
] as const;
const FUNCTIONS = ["rd_kafka_conf", "rd_kafka_conf_get", "rd_kafka_name"] as const;
const LIBRARIES = { libraries: ["librdkafka", "node-librdkafka"] } as const;
const VALUE_BYTES = 1024;
/** The value behind its length; see {@link placeTexts}. */
const SPARE_BYTES = 16 + VALUE_BYTES;

interface SeenInstance extends FoundInstance {
  readonly firstWord: number; // must still be there when the process stands still
}

export const librdkafkaConfig: Attacher = {
  id: ID,
  title: "configuration that librdkafka uses",
  level: 1,
  sees: `${SETTINGS.length} settings that decide how much it may hold, of every client instance; no others, so no secrets`,
  isFor: (target) => target.clients.some(({ id }) => id === "librdkafka") || mainThreads(target.pid).length > 0,
  refuses: async (target) => {
    const debugger_ = gdbCallRefusal(target);
    if (debugger_ !== null) return debugger_;
    const asFile = "Give the configuration as a file: `--config FILE`, or `--set KEY=VALUE`.";
    if (!hasNames(target)) return { because: "the functions of librdkafka have no names in this program (stripped)", fix: asFile };
    if (mainThreads(target.pid).length === 0) {
      return { because: "no thread of the process is named rdk:main, so that its instances cannot be found", fix: asFile };
    }
    return null;
  },
  plan: async () => ({
    what: `by gdb ask librdkafka for ${SETTINGS.length} of its settings (rd_kafka_conf_get)`,
    stops: "about 0.2 s, once",
    risk: "none known",
  }),
  capture: async (target, session) => {
    const instances = await findInstances(target, session.signal);
    if (instances.length === 0) {
      const message = "no instance of librdkafka was found in the memory of the process";
      throw nothingCaptured(target, new Failure({ code: "capture", message, hint: "Give the configuration as a file: `--config FILE`." }));
    }
    const text = await runGdb(
      target,
      [...placeTexts(SETTINGS, SPARE_BYTES), ...instances.flatMap(commandsFor), ...releaseTexts],
      LIBRARIES,
    ).catch((error: unknown) => {
      throw nothingCaptured(target, error);
    });
    const sections = text.split(/^instance /m).slice(1);
    if (sections.length === 0) {
      throw nothingCaptured(target, new Failure({ code: "capture", message: "the instances of librdkafka went away meanwhile" }));
    }
    return sections.map((section, index) => {
      const [name = "", ...lines] = section.split("\n");
      const file = captureFile(session, "config", index + 1, "properties");
      const settings = lines.filter((line) => SETTINGS.some((setting) => line.startsWith(`${setting}=`)));
      writeFileSync(file, `# ${name}, as librdkafka uses it\n${settings.map((line) => `${line}\n`).join("")}`, { mode: 0o600 });
      return file;
    });
  },
  undo: async () => {}, // nothing was opened
};

function hasNames(target: Target): boolean {
  const client = target.clients.find(({ id }) => id === "librdkafka");
  const module = client?.module ?? null;
  const path = module === null || module === target.executable ? executableFile(target.pid) : mappedFile(target.pid, module);
  const file = path === null ? null : openElfFile(path);
  if (file === null) return false;
  const found = file.offsetsOf(FUNCTIONS);
  file.close();
  return FUNCTIONS.every((name) => found.has(name));
}

/** A thread that runs just now does not show its instance: it is asked again. */
async function findInstances(target: Target, signal: AbortSignal): Promise<readonly SeenInstance[]> {
  const memory = openTargetMemory(target.pid);
  if (memory === null || readStatus(target.pid) === null) return [];
  try {
    const found = new Map<number, SeenInstance>();
    await waitFor(
      () => {
        const threads = mainThreads(target.pid);
        for (const thread of threads.filter((one) => ![...found.values()].some((instance) => instance.thread === one))) {
          const instance = instanceOfThread(memory, thread, memory.mappings());
          const head = instance === null ? null : memory.read(instance.address, 8);
          if (instance !== null && head !== null) {
            found.set(instance.address, { ...instance, firstWord: wordAt(Buffer.from(head), 0) });
          }
        }
        return found.size >= threads.length ? true : null;
      },
      { timeoutMs: 1000, everyMs: 10, signal },
    );
    return [...found.values()];
  } finally {
    memory.close();
  }
}

/** Prints `instance NAME` and a line `KEY=VALUE` for every setting that this version knows (RD_KAFKA_CONF_OK is 0). */
function commandsFor({ address, firstWord }: SeenInstance): readonly string[] {
  return [
    `if *(unsigned long *)${address} == ${firstWord}`,
    `printf "instance %s\\n", ((char *(*)(void *)) rd_kafka_name)((void *)${address})`,
    `set $configuration = ((void *(*)(void *)) rd_kafka_conf)((void *)${address})`,
    ...SETTINGS.flatMap((setting, index) => [
      `set var *(unsigned long *)$spare = ${VALUE_BYTES}`,
      `if ((int (*)(void *, const char *, char *, unsigned long *)) rd_kafka_conf_get)($configuration, $text${index}, $spare + 16, (unsigned long *)$spare) == 0`,
      `printf "${setting}=%s\\n", $spare + 16`,
      "end",
    ]),
    "end",
  ];
}
