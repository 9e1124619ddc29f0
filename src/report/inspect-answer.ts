/** What is in one capture, as plain, versioned data: the JSON of `inspect` in the contract. No judgement; null where it does not apply. */
import { add, at, type Column } from "../base/columns.ts";
import { frameText, lastInstant } from "../model/ledger.ts";
import { FrameKind, type Profile } from "../model/profile.ts";
import { requesters } from "../model/requester.ts";
import type { AnswerLoss } from "./answer.ts";

export interface InspectAnswer {
  readonly schemaVersion: 1;
  readonly path: string;
  readonly format: string;
  readonly formatVersion: string | null;
  readonly clock: Profile["clock"];
  readonly takenAt: string | null; // ISO
  readonly sampleTypes: readonly { readonly type: string; readonly unit: string }[];
  readonly sampled: boolean;
  readonly instants: number;
  readonly durationSeconds: number | null;
  readonly liveBytes: number | null; // at the last instant
  readonly peakBytes: number | null;
  readonly allocatedBytes: number | null;
  readonly blocks: number | null; // live at the last instant
  readonly paths: number;
  readonly nodes: number | null; // of an object graph
  readonly edges: number | null;
  readonly top: readonly InspectEntry[];
  readonly symbolised: number | null; // share of the functions that have a name
  readonly losses: readonly AnswerLoss[];
}

/** Memory by the function or the type that asked for it: own bytes, without those of its callees. */
export interface InspectEntry {
  readonly name: string;
  readonly bytes: number; // live at the last instant; allocated where the capture has no live sizes
  readonly blocks: number;
}

export function inspectAnswer(profile: Profile, topCount: number): InspectAnswer {
  const { changes, instants } = profile;
  const [capture] = profile.captures;
  const hasLive = profile.observes !== "allocated";
  const own = ownByRequester(profile, hasLive);
  const lastElapsedMs = at(instants.elapsedMs, lastInstant(profile));
  const isTimed = profile.clock === "in-file" || profile.clock === "mtime";
  return {
    schemaVersion: 1,
    path: capture?.path ?? "",
    format: capture?.format ?? "",
    formatVersion: capture?.formatVersion ?? null,
    clock: profile.clock,
    takenAt: capture === undefined || capture.takenAt === null ? null : new Date(capture.takenAt).toISOString(),
    sampleTypes: profile.sampleTypes,
    sampled: profile.precision.kind === "sampled",
    instants: instants.length - 1,
    durationSeconds: isTimed ? lastElapsedMs / 1000 : null,
    liveBytes: hasLive ? sum(changes.liveBytes) : null,
    peakBytes: hasLive ? profile.peakBytes : null,
    allocatedBytes: profile.observes === "live" ? null : sum(changes.allocatedBytes),
    blocks: hasLive ? Math.round(sum(changes.liveBlocks)) : null, // estimates of samples are no whole numbers
    paths: profile.paths.length - 1,
    nodes: profile.graph?.nodes ?? null,
    edges: profile.graph?.edges ?? null,
    top: topEntries(own, topCount),
    symbolised: namedShare(profile),
    losses: profile.losses,
  };
}

/** Own bytes and blocks by the name of the function that asked for them; the changes are added up, not the paths, which may be millions. */
function ownByRequester(profile: Profile, isLive: boolean): readonly InspectEntry[] {
  const { changes, frames } = profile;
  const bytesOf = isLive ? changes.liveBytes : changes.allocatedBytes;
  const blocksOf = isLive ? changes.liveBlocks : changes.allocatedBlocks;
  const bytes = new Float64Array(frames.length);
  const blocks = new Float64Array(frames.length);
  const requester = requesters(profile);
  for (let row = 0; row < changes.length; row++) {
    const frame = requester(at(changes.path, row));
    add(bytes, frame, at(bytesOf, row));
    add(blocks, frame, at(blocksOf, row));
  }
  const byName = new Map<string, { name: string; bytes: number; blocks: number }>();
  for (let frame = 0; frame < frames.length; frame++) {
    if (at(bytes, frame) === 0 && at(blocks, frame) === 0) continue;
    const name = frameText(profile, frame);
    const entry = byName.get(name) ?? { name, bytes: 0, blocks: 0 };
    byName.set(name, entry);
    entry.bytes += at(bytes, frame);
    entry.blocks += at(blocks, frame);
  }
  return [...byName.values()];
}

function topEntries(own: readonly InspectEntry[], count: number): readonly InspectEntry[] {
  return [...own].sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1)).slice(0, count);
}

function namedShare({ frames }: Profile): number | null {
  let functions = 0;
  let named = 0;
  for (let frame = 1; frame < frames.length; frame++) {
    if (at(frames.kind, frame) !== FrameKind.function) continue;
    functions++;
    if (at(frames.name, frame) !== 0) named++;
  }
  return functions === 0 ? null : named / functions;
}

function sum(column: Column): number {
  let total = 0;
  for (let row = 0; row < column.length; row++) total += at(column, row);
  return total;
}
