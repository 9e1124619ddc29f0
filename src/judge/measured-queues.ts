/**
 * Queues of clients as an object graph shows them: how many entries there are, and what is held through them. Unlike a group of
 * memory this is the queue itself, so it can be laid beside the ceiling of its configuration.
 */
import { at } from "../base/columns.ts";
import type { BoundedComponent, QueueEntry } from "../clients/client.ts";
import { lineageOf } from "../clients/lineage.ts";
import { frameText, lastInstant, liveAt } from "../model/ledger.ts";
import { FrameKind, type PathId, type Profile } from "../model/profile.ts";
import { type Attribution, PARTIES } from "./attribution.ts";
import type { ProcessFacts } from "./facts.ts";
import type { RetentionFacts } from "./retention.ts";

export interface MeasuredQueue {
  readonly component: BoundedComponent;
  readonly what: string;
  readonly entries: number;
  /** Held through the entries, fetch responses that they share included; null where only types are known. */
  readonly heldBytes: number | null;
  /** Ceilings of the configuration: the expected plateau, and with every overshoot. Null where there is none. */
  readonly ceilingBytes: number | null;
  readonly mostBytes: number | null;
}

export function measuredQueues(facts: ProcessFacts): readonly MeasuredQueue[] {
  const { profile, attribution, client, clients, ceilings, retention } = facts;
  if (client === null) return [];
  const entries = lineageOf(client, null, clients).flatMap((layer) => layer.client.queueEntries ?? []);
  return entries.flatMap((entry) => {
    const found = entriesOf(entry, profile, attribution, retention);
    if (found === null) return [];
    const ceiling = ceilings.find(({ component }) => component === entry.component);
    return [
      {
        component: entry.component,
        what: entry.what,
        ...found,
        ceilingBytes: ceiling?.bytes ?? null,
        mostBytes: ceiling?.highBytes ?? null,
      },
    ];
  });
}

/** Null where there are none. */
function entriesOf(
  { component, type, below }: QueueEntry,
  profile: Profile,
  attribution: Attribution,
  retention: RetentionFacts | null,
): Pick<MeasuredQueue, "entries" | "heldBytes"> | null {
  const { frames, paths, graph } = profile;
  const matches = (pattern: RegExp): Uint8Array =>
    Uint8Array.from({ length: frames.length }, (_, frame) =>
      frame > 0 && at(frames.kind, frame) === FrameKind.type && pattern.test(frameText(profile, frame)) ? 1 : 0,
    );
  const isEntry = matches(type);
  if (!isEntry.includes(1)) return null;
  const isAbove = below === undefined ? null : matches(below);
  const isBelow = new Uint8Array(paths.length); // of the type above
  const isWithin = new Uint8Array(paths.length); // an entry, or held by one
  const live = liveAt(profile, lastInstant(profile));
  let [entries, bytes] = [0, 0];
  for (let path: PathId = 1; path < paths.length; path++) {
    const [parent, frame] = [at(paths.parent, path), at(paths.frame, path)];
    isBelow[path] = isAbove === null || isAbove[frame] === 1 || isBelow[parent] === 1 ? 1 : 0;
    const isClients = PARTIES[at(attribution.party, path)] === "client";
    if (isEntry[frame] === 1 && isWithin[parent] === 0 && isBelow[path] === 1 && isClients) {
      isWithin[path] = 1;
      entries += at(live.blocks, path);
    } else if (isWithin[parent] === 1) isWithin[path] = 1;
    if (isWithin[path] === 1) bytes += at(live.bytes, path);
  }
  if (entries === 0) return null;
  // a response is freed with the last of its slices: those that the application has as well are no entry's alone
  const shared = component === "fetch-queue" ? (retention?.clientBytes ?? 0) : 0;
  return { entries, heldBytes: graph === null ? null : Math.max(bytes, shared) };
}
