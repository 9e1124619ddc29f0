/** What is in one capture, as plain, versioned data: the JSON of `inspect` in the contract. No judgement; null where it does not apply. */
import { at } from "../base/columns.ts";
import { frameText, lastInstant, liveAt } from "../model/ledger.ts";
import { FrameKind, type PathId, type Profile } from "../model/profile.ts";
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
  const own = hasLive ? liveAt(profile, lastInstant(profile)) : allocated(profile);
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
    liveBytes: hasLive ? sum(own.bytes) : null,
    peakBytes: hasLive ? profile.peakBytes : null,
    allocatedBytes: profile.observes === "live" ? null : sum(Float64Array.from(changes.allocatedBytes)),
    blocks: hasLive ? Math.round(sum(own.blocks)) : null, // estimates of samples are no whole numbers
    paths: profile.paths.length - 1,
    nodes: null,
    edges: null,
    top: topEntries(profile, own, topCount),
    symbolised: namedShare(profile),
    losses: profile.losses,
  };
}

function allocated({ changes, paths }: Profile): { readonly bytes: Float64Array; readonly blocks: Float64Array } {
  const bytes = new Float64Array(paths.length);
  const blocks = new Float64Array(paths.length);
  for (let row = 0; row < changes.length; row++) {
    const path = at(changes.path, row);
    bytes[path] = at(bytes, path) + at(changes.allocatedBytes, row);
    blocks[path] = at(blocks, path) + at(changes.allocatedBlocks, row);
  }
  return { bytes, blocks };
}

function topEntries(profile: Profile, own: ReturnType<typeof allocated>, count: number): readonly InspectEntry[] {
  const byName = new Map<string, { name: string; bytes: number; blocks: number }>();
  for (let path = 1; path < profile.paths.length; path++) {
    const bytes = at(own.bytes, path);
    const blocks = at(own.blocks, path);
    if (bytes === 0 && blocks === 0) continue;
    const name = requesterOf(profile, path);
    const entry = byName.get(name) ?? { name, bytes: 0, blocks: 0 };
    byName.set(name, entry);
    entry.bytes += bytes;
    entry.blocks += blocks;
  }
  return [...byName.values()].sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1)).slice(0, count);
}

/** Every native path ends in them, so their names say nothing. */
const ALLOCATOR = /^(malloc|calloc|realloc|reallocarray|memalign|posix_memalign|aligned_alloc|operator new(\[\])?(\(.*\))?)$/;

/** The frame nearest to the leaf that is not the allocator itself. */
function requesterOf(profile: Profile, path: PathId): string {
  for (let step = path; step !== 0; step = at(profile.paths.parent, step)) {
    const name = frameText(profile, at(profile.paths.frame, step));
    if (!ALLOCATOR.test(name)) return name;
  }
  return frameText(profile, at(profile.paths.frame, path));
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

function sum(column: Float64Array): number {
  return column.reduce((total, value) => total + value, 0);
}
