/**
 * What a census of the heap by chunk size says beside the gauge of the client's queue. A fetched message has one object of a size
 * that the client's version fixes: as many such chunks as messages are queued, and the heap is a queue; more, and somebody keeps
 * messages. What else grows, grows in chunks of another size. Chunks of glibc: the object and 8 bytes, in steps of 16.
 */
import { at } from "../base/columns.ts";
import type { KafkaClient } from "../clients/client.ts";
import { lineageOf } from "../clients/lineage.ts";
import type { CensusEvidence, ProcessEvidence } from "../evidence/evidence.ts";

/** At the instants of an observation. */
export interface CensusFacts {
  /** Messages that are alive, as the objects of their size say; null where that cannot be told. NaN where no census is near. */
  readonly liveMessages: Float64Array | null;
  readonly messageChunkBytes: number | null;
  /** The largest chunk that was seen, as far as it may be a whole fetch response; 0 = none. */
  readonly largestResponseBytes: number;
  /** The size, not that of message objects, whose chunks grew most; null where none did. */
  readonly grown: { readonly chunkBytes: number; readonly firstCount: number; readonly lastCount: number } | null;
}

/** Smaller chunks do not hold many messages. */
const LEAST_RESPONSE_BYTES = 256 * 1024;
/** A queue of fewer messages proves no size: a few hundred chunks of any size are everywhere. */
const FEWEST_MESSAGES = 200;
/** So much of a queue has to be seen in chunks of a size, at all times; what is between two readings moves on. */
const SEEN_SHARE = 0.9;

/** `atMs` and `messages` at the instants of the observation, on the clock of the census. */
export function censusFacts(
  census: CensusEvidence,
  atMs: Float64Array,
  messages: Float64Array | null,
  objectBytes: readonly number[],
): CensusFacts {
  const times = [...new Set(census.atMs)];
  const countsOf = new Map<number, Float64Array>(); // by size, at `times`
  const row = new Map(times.map((time, index) => [time, index]));
  for (let entry = 0; entry < census.length; entry++) {
    const size = at(census.size, entry);
    const counts = countsOf.get(size) ?? new Float64Array(times.length);
    counts[row.get(at(census.atMs, entry)) ?? 0] = at(census.count, entry);
    countsOf.set(size, counts);
  }
  const queuedAt = (time: number): number => {
    const nearest = nearestRow(atMs, time);
    return nearest === null || messages === null ? Number.NaN : at(messages, nearest);
  };
  const chunkBytes = [...new Set(objectBytes.map(chunkOf))].find((size) => {
    const counts = countsOf.get(size);
    const compared = times
      .map((time, index) => ({ queued: queuedAt(time), live: counts?.[index] ?? 0 }))
      .filter(({ queued }) => queued >= FEWEST_MESSAGES);
    return compared.length > 0 && compared.every(({ queued, live }) => live >= SEEN_SHARE * queued);
  });
  const own = chunkBytes === undefined ? null : (countsOf.get(chunkBytes) ?? null);
  return {
    liveMessages:
      own === null
        ? null
        : Float64Array.from(atMs, (time) => {
            const nearest = nearestRow(times, time);
            return nearest === null ? Number.NaN : at(own, nearest);
          }),
    messageChunkBytes: chunkBytes ?? null,
    largestResponseBytes: Math.max(0, ...[...countsOf.keys()].filter((size) => size >= LEAST_RESPONSE_BYTES)),
    grown: largestGrowth(countsOf, chunkBytes ?? 0),
  };
}

/** Sizes of the object of one message in any layer of the client, with the version that an observer found. */
export function messageObjectSizes(
  client: KafkaClient | null,
  version: string | null,
  clients: readonly KafkaClient[],
  process: ProcessEvidence | null,
): readonly number[] {
  if (client === null) return [];
  return lineageOf(client, version, clients).flatMap((layer) => {
    const found = process?.clients.find(({ id }) => id === layer.client.id)?.version ?? layer.version;
    return layer.client.messageObjectBytes?.(found) ?? [];
  });
}

function chunkOf(objectBytes: number): number {
  return Math.ceil((objectBytes + 8) / 16) * 16;
}

function largestGrowth(countsOf: ReadonlyMap<number, Float64Array>, messageChunkBytes: number): CensusFacts["grown"] {
  let most: CensusFacts["grown"] = null;
  let mostBytes = 0;
  for (const [chunkBytes, counts] of countsOf) {
    const [firstCount, lastCount] = [counts[0] ?? 0, counts.at(-1) ?? 0];
    const bytes = chunkBytes * (lastCount - firstCount);
    if (chunkBytes === messageChunkBytes || bytes <= mostBytes) continue;
    mostBytes = bytes;
    most = { chunkBytes, firstCount, lastCount };
  }
  return most;
}

/** Readings of one observer: the nearest within two seconds, or within half of the gap between censuses. */
function nearestRow(times: ArrayLike<number>, time: number): number | null {
  let best: number | null = null;
  for (let row = 0; row < times.length; row++) {
    if (best === null || Math.abs(at(times, row) - time) < Math.abs(at(times, best) - time)) best = row;
  }
  return best !== null && Math.abs(at(times, best) - time) <= 2000 ? best : null;
}
