/**
 * How far a consumer group lags, asked of the brokers that the user named: end of each partition less what the group committed.
 * Spoken by kafkajs where it is installed, in the target's own packages, beside this program, or in the working directory. It is no
 * dependency: nothing was released since 2.2.4 (2023), it is 2.6 MB, and most users need no lag.
 *
 * Code from another user's folder would run with our rights, so only packages of this user or of root are loaded.
 */
import { statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { Failure } from "../base/failure.ts";
import type { Refusal } from "./attacher.ts";
import type { Gauge, OpenGauge, Reading } from "./gauge.ts";
import { pathOf, type Target } from "./target.ts";

/** The part of kafkajs that is used: `admin()` of 2.x. */
interface Admin {
  readonly connect: () => Promise<void>;
  readonly disconnect: () => Promise<void>;
  readonly listTopics: () => Promise<readonly string[]>;
  readonly fetchOffsets: (options: { groupId: string; topics?: readonly string[] }) => Promise<readonly TopicOffsets[]>;
  readonly fetchTopicOffsets: (topic: string) => Promise<readonly { readonly partition: number; readonly high: string }[]>;
}

interface TopicOffsets {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
}

interface KafkaJs {
  readonly Kafka: new (config: object) => { readonly admin: (options: object) => Admin };
  readonly logLevel: { readonly NOTHING: number };
}

/** Brokers are asked this often; a reading between is the last one. */
const EVERY_MS = 5_000;
/** So many in a row that fail: they are gone. */
const MOST_FAILURES = 5;

export const kafkajsLagGauge: Gauge = {
  id: "kafkajs-lag",
  title: "lag of the consumer group, from the brokers that are named (needs the npm package kafkajs)",
  open: async (target, { brokers, group }) => {
    if (brokers.length === 0) return null;
    if (group === null) return { because: "brokers are named, and no consumer group", fix: "Name it: --group <id>." };
    const kafkajs = findKafkaJs(target);
    if (kafkajs === null) {
      return {
        because: "the lag is asked for through the npm package kafkajs, which is not here",
        fix: "Install it beside lagleak (`npm install kafkajs`, with -g where lagleak is global), or write the output of kafka-consumer-groups to a file and give it with --lag.",
      };
    }
    return openLag(adminOf(kafkajs, brokers), group);
  },
};

function adminOf({ Kafka, logLevel }: KafkaJs, brokers: readonly string[]): Admin {
  const kafka = new Kafka({
    clientId: "lagleak",
    brokers,
    logLevel: logLevel.NOTHING, // it would write to our output
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    retry: { retries: 1, initialRetryTime: 200 },
  });
  return kafka.admin({ retry: { retries: 1, initialRetryTime: 200 } });
}

/** Null where there is none that may be loaded. */
function findKafkaJs(target: Target): KafkaJs | null {
  const theirs = target.clients.find(({ id, linkage }) => id === "kafkajs" && linkage === "package")?.module ?? null;
  const places = [
    ...(theirs === null ? [] : [path.join(pathOf(target, theirs), "package.json")]),
    import.meta.url,
    path.join(process.cwd(), "package.json"),
  ];
  for (const place of places) {
    try {
      const load = createRequire(place);
      const file = load.resolve(place.endsWith("/kafkajs/package.json") ? path.dirname(place) : "kafkajs");
      if (isTrusted(file)) return load(file) as KafkaJs;
    } catch {
      // not there
    }
  }
  return null;
}

function isTrusted(file: string): boolean {
  const me = process.geteuid?.() ?? -1;
  return [file, path.dirname(file)].every((one) => {
    const { uid, mode } = statSync(one);
    return (uid === me || uid === 0) && (mode & 0o002) === 0;
  });
}

/** Asks in the background, so that a slow broker delays no tick. Exported for its tests. */
export async function openLag(admin: Admin, group: string): Promise<OpenGauge | Refusal> {
  let fresh: Reading | null = null;
  let pending: Promise<void> | null = null;
  let failures = 0;
  let problem = "";
  const ask = async (): Promise<void> => {
    try {
      const lag = await lagOf(admin, group);
      fresh = lag === null ? null : { lag: [{ group, ...lag }] };
      failures = 0;
    } catch (error) {
      failures++;
      problem = error instanceof Error ? error.message : String(error);
    }
  };
  try {
    await admin.connect();
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
    failures = 1;
  }
  if (failures === 0) await ask();
  if (failures > 0) {
    await admin.disconnect().catch(() => {});
    return {
      because: `the brokers do not say the offsets of group ${group}: ${problem}`,
      fix: "Name brokers that this machine reaches without TLS and SASL, or write the output of kafka-consumer-groups to a file and give it with --lag.",
    };
  }
  let askedMs = performance.now();
  return {
    everyMs: 0,
    read: async () => {
      if (failures >= MOST_FAILURES) throw new Failure({ code: "capture", message: `the brokers do not answer any more: ${problem}` });
      const reading = fresh;
      fresh = null;
      if (pending === null && performance.now() - askedMs >= EVERY_MS) {
        askedMs = performance.now();
        pending = ask().finally(() => {
          pending = null;
        });
      }
      return reading;
    },
    close: async () => {
      await admin.disconnect().catch(() => {});
    },
  };
}

/** Of the partitions that the group has committed an offset of; null where it has of none. */
async function lagOf(admin: Admin, groupId: string): Promise<{ readonly messages: number; readonly committed: number } | null> {
  let topics = await admin.fetchOffsets({ groupId });
  // not every broker knows "all topics"
  if (topics.length === 0)
    topics = await admin.fetchOffsets({ groupId, topics: (await admin.listTopics()).filter((topic) => !topic.startsWith("__")) });
  let messages = 0;
  let committed = 0;
  let partitions = 0;
  for (const { topic, partitions: offsets } of topics) {
    const own = offsets.filter(({ offset }) => Number(offset) >= 0);
    if (own.length === 0) continue;
    const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
    for (const { partition, offset } of own) {
      const end = ends.get(partition);
      if (end === undefined) continue;
      messages += Math.max(0, end - Number(offset));
      committed += Number(offset);
      partitions++;
    }
  }
  return partitions === 0 ? null : { messages, committed };
}
