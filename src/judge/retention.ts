/**
 * Who holds the fetched bytes of a heap snapshot. A message of a JavaScript client is a slice of the response that it came in,
 * and the response lives as long as any slice: what the client still holds is its queue, what only the application holds is
 * kept by it, all of it, however little it wanted. In a JVM heap dump the same holds for headers that nobody has read.
 */
import { at } from "../base/columns.ts";
import type { Accumulation, PathId, Profile } from "../model/profile.ts";
import { type Attribution, PARTIES } from "./attribution.ts";

export interface RetentionFacts {
  /** Responses of which only the application holds slices. */
  readonly onlyAppBytes: number;
  /** Responses of which it holds slices, whoever else does. */
  readonly appBytes: number;
  readonly appSlices: number;
  readonly appStores: number;
  /** Responses of which the client still holds slices. */
  readonly clientBytes: number;
  /** Responses whose slices are held by neither, as far as the graph shows. */
  readonly otherBytes: number;
  /** Size of what the application wanted, where the size of a message was told. */
  readonly wantedBytes: number | null;
  /**
   * What a slice of the application keeps alive, as a multiple of a message: its size as told, or as many bytes as a slice of
   * the client's own responses has. 1 = it keeps whole responses, 500 = one message in 500. Null where neither is known.
   */
  readonly waste: number | null;
  /** The object at which the application's slices come together. */
  readonly holder: Accumulation | null;
}

/** What the client makes for the application and forgets: whoever holds such an object holds the slices in it. */
const DELIVERED: ReadonlySet<string> = new Set(["app-copy", "headers"]);

/** Whose path it is, seen from what holds the objects that the client delivered. */
function holdingParty({ paths }: Profile, attribution: Attribution, path: PathId): string {
  let step = path;
  while (step !== 0 && DELIVERED.has(attribution.components[at(attribution.component, step)] ?? "")) step = at(paths.parent, step);
  return PARTIES[at(attribution.party, step)] ?? "unknown";
}

/** Below so many slices their mean size says nothing. */
const FEWEST_SLICES = 100;

/** Null where the capture is no graph, or holds no fetched bytes of a client that are sliced. */
export function retentionOf(profile: Profile, attribution: Attribution, messageBytes: number | null): RetentionFacts | null {
  const { graph } = profile;
  if (graph === null || attribution.clients.length === 0 || graph.slicedStores.length === 0) return null;
  const { slicedStores } = graph;
  let [onlyAppBytes, appBytes, appSlices, appStores, clientBytes, clientSlices, otherBytes] = [0, 0, 0, 0, 0, 0, 0];
  const slicesByPath = new Map<PathId, number>();
  for (let store = 0; store < slicedStores.length; store++) {
    const bytes = at(slicedStores.bytes, store);
    let ofApp = 0;
    let ofClient = 0;
    for (let row = at(slicedStores.firstSlice, store); row < at(slicedStores.firstSlice, store + 1); row++) {
      const path = at(slicedStores.path, row);
      const slices = at(slicedStores.slices, row);
      const party = holdingParty(profile, attribution, path);
      if (party === "client") ofClient += slices;
      if (party !== "app") continue;
      ofApp += slices;
      slicesByPath.set(path, (slicesByPath.get(path) ?? 0) + slices);
    }
    if (ofClient > 0) {
      clientBytes += bytes;
      clientSlices += ofClient;
    }
    if (ofApp > 0) {
      appBytes += bytes;
      appStores++;
      appSlices += ofApp;
      if (ofClient === 0) onlyAppBytes += bytes;
    }
    if (ofApp === 0 && ofClient === 0) otherBytes += bytes;
  }
  const usualBytes = messageBytes ?? (clientSlices >= FEWEST_SLICES ? clientBytes / clientSlices : null);
  return {
    onlyAppBytes,
    appBytes,
    appSlices,
    appStores,
    clientBytes,
    otherBytes,
    wantedBytes: messageBytes === null ? null : appSlices * messageBytes,
    waste: usualBytes === null || usualBytes === 0 || appSlices === 0 ? null : appBytes / appSlices / usualBytes,
    holder: holderOf(profile, slicesByPath, graph.accumulations),
  };
}

/** The accumulation below which most of the slices lie. */
function holderOf(
  { paths }: Profile,
  slicesByPath: ReadonlyMap<PathId, number>,
  accumulations: readonly Accumulation[],
): Accumulation | null {
  let holder: Accumulation | null = null;
  let most = 0;
  for (const accumulation of accumulations) {
    let slices = 0;
    for (const [path, count] of slicesByPath) {
      let step = path;
      while (step > accumulation.path) step = at(paths.parent, step);
      if (step === accumulation.path && step !== 0) slices += count;
    }
    if (slices > most) {
      most = slices;
      holder = accumulation;
    }
  }
  return holder;
}
