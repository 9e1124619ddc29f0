/**
 * Looks for memory that is wrongly called a Kafka client's: reads profiles of programs that contain no client, and counts the
 * paths that some client of the registry claims. There has to be none, whatever clients are added.
 */
import { readdirSync } from "node:fs";
import path from "node:path";
import { at } from "../base/columns.ts";
import { Failure } from "../base/failure.ts";
import { clients } from "../clients/index.ts";
import { read } from "../index.ts";
import { attribute, PARTIES } from "../judge/attribution.ts";
import { framesOf, frameText } from "../model/ledger.ts";
import type { Profile } from "../model/profile.ts";

/** Files with Kafka in them, as parts of their paths: a client may find itself there. */
const WITH_KAFKA: readonly { readonly part: string; readonly why: string }[] = [
  { part: "cortex-dev-01__kafka-0", why: "a Kafka broker, which is built of org.apache.kafka.common like the Java client" },
  { part: "derived__kafka-1-cut60", why: "cut from a profile of the same broker" },
  { part: "heap_go_truncated_1.", why: "grafana enterprise-metrics with github.com/segmentio/kafka-go in it" },
  { part: "own__bytes-sampled.speedscope", why: "written for the tests, with rd_kafka_consumer_poll in it" },
];

export interface Claim {
  readonly file: string;
  readonly client: string;
  readonly paths: number;
  readonly stack: string; // of the first path
}

export interface FalseAttribution {
  readonly profiles: number;
  readonly paths: number;
  readonly skipped: readonly string[]; // cannot be read, or hold Kafka
  readonly claims: readonly Claim[];
}

/** Reads everything below a folder that can be read. */
export async function findFalseAttribution(folder: string): Promise<FalseAttribution> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
  const skipped: string[] = [];
  const claims: Claim[] = [];
  let profiles = 0;
  let paths = 0;
  for (const file of files) {
    const kafka = WITH_KAFKA.find(({ part }) => file.includes(part));
    const profile = kafka === undefined ? await readOrNull(path.join(folder, file)) : null;
    if (profile === null) {
      skipped.push(kafka === undefined ? file : `${file}: ${kafka.why}`);
      continue;
    }
    profiles++;
    paths += profile.paths.length - 1;
    claims.push(...claimsIn(profile).map((claim) => ({ file, ...claim })));
  }
  return { profiles, paths, skipped, claims };
}

/** What clients claim of a profile. */
export function claimsIn(profile: Profile): readonly Omit<Claim, "file">[] {
  const { party, client, clientIds } = attribute(profile, clients);
  const found = new Map<string, { paths: number; readonly stack: string }>();
  for (let row = 1; row < profile.paths.length; row++) {
    if (PARTIES[at(party, row)] !== "client") continue;
    const id = clientIds[at(client, row)] ?? "";
    const known = found.get(id);
    if (known !== undefined) known.paths++;
    else
      found.set(id, {
        paths: 1,
        stack: framesOf(profile, row)
          .map((frame) => frameText(profile, frame))
          .join(" > "),
      });
  }
  return [...found].map(([id, claim]) => ({ client: id, ...claim }));
}

async function readOrNull(file: string): Promise<Profile | null> {
  try {
    return await read([file], { symbolize: false });
  } catch (cause) {
    if (cause instanceof Failure) return null;
    throw cause;
  }
}
