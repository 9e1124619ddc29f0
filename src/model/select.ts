/** A part of a profile: a span of time, or only the paths that (do not) run through certain frames. */
import { add, at, type Column } from "../base/columns.ts";
import { frameText } from "./ledger.ts";
import type { Changes, Instants, Profile, Survivors } from "./profile.ts";

/** A moment of a capture: a distance from its first instant (`start`) or its last (`end`), or Unix ms (`clock`). */
export interface Moment {
  readonly from: "start" | "end" | "clock";
  readonly ms: number;
}

export interface Selection {
  readonly since: Moment | null;
  readonly until: Moment | null;
  readonly focus: RegExp | null; // some frame of the path
  readonly ignore: RegExp | null; // no frame of the path
}

/** What was live before `since` is live at the first instant kept. Null when a wall clock is asked for and the capture has none. */
export function select(profile: Profile, selection: Selection): Profile | null {
  const first = instantAt(profile, selection.since, "first");
  const last = instantAt(profile, selection.until, "last");
  if (first === null || last === null || first > last) return null;
  const untouched = selection.focus === null && selection.ignore === null;
  return part(profile, untouched ? null : keptPaths(profile, selection), first, last);
}

/** The profile without the paths that have a value other than 0 in a column. */
export function withoutPaths(profile: Profile, column: Column): Profile {
  const keeps = Uint8Array.from({ length: profile.paths.length }, (_, path) => (at(column, path) === 0 ? 1 : 0));
  return part(profile, keeps, Math.min(1, profile.instants.length - 1), profile.instants.length - 1);
}

/** Some of the paths (null: all) between two instants, both included. */
function part(profile: Profile, kept: Uint8Array | null, first: number, last: number): Profile {
  const keeps = kept ?? new Uint8Array(profile.paths.length).fill(1);
  const changes = selectChanges(profile.changes, keeps, first, last);
  const instants = selectInstants(profile.instants, first, last);
  const whole = first <= 1 && last === profile.instants.length - 1;
  const levels = new Float64Array(instants.length);
  for (let row = 0; row < changes.length; row++) add(levels, at(changes.instant, row), at(changes.liveBytes, row));
  for (let instant = 1; instant < levels.length; instant++) add(levels, instant, at(levels, instant - 1));
  const peak = levels.reduce((highest, level, instant) => (level > at(levels, highest) ? instant : highest), 0);
  const untouched = whole && kept === null;
  return {
    ...profile,
    instants,
    changes,
    survivors: whole && profile.survivors !== null ? selectSurvivors(profile.survivors, keeps) : null,
    peakBytes: untouched ? profile.peakBytes : at(levels, peak),
    peakAtMs: untouched ? profile.peakAtMs : at(instants.elapsedMs, peak),
    endsWithExit: profile.endsWithExit && last === profile.instants.length - 1,
  };
}

/** The first instant not before a moment, or the last not after it. */
function instantAt({ instants, origin }: Profile, moment: Moment | null, side: "first" | "last"): number | null {
  const end = instants.length - 1;
  if (moment === null) return side === "first" ? Math.min(1, end) : end;
  if (moment.from === "clock" && origin.startedAt === null) return null;
  const origins = { start: 0, end: at(instants.elapsedMs, end), clock: -(origin.startedAt ?? 0) };
  const wantedMs = moment.from === "end" ? origins.end - moment.ms : moment.ms + origins[moment.from];
  if (side === "first") {
    for (let instant = 1; instant <= end; instant++) if (at(instants.elapsedMs, instant) >= wantedMs) return instant;
    return null;
  }
  for (let instant = end; instant >= 1; instant--) if (at(instants.elapsedMs, instant) <= wantedMs) return instant;
  return null;
}

function keptPaths(profile: Profile, { focus, ignore }: Selection): Uint8Array {
  const { paths, frames } = profile;
  const matches = (pattern: RegExp | null): Uint8Array => {
    const hit = new Uint8Array(frames.length);
    if (pattern !== null) for (let frame = 1; frame < frames.length; frame++) hit[frame] = pattern.test(frameText(profile, frame)) ? 1 : 0;
    return hit;
  };
  const [focused, ignored] = [matches(focus), matches(ignore)];
  // parents come first, so each path knows what its parent ran through: 1 = focused, 2 = ignored
  const through = new Uint8Array(paths.length);
  for (let path = 1; path < paths.length; path++) {
    const frame = at(paths.frame, path);
    through[path] = at(through, at(paths.parent, path)) | at(focused, frame) | (at(ignored, frame) << 1);
  }
  return through.map((flags) => ((focus === null || (flags & 1) !== 0) && (flags & 2) === 0 ? 1 : 0));
}

function selectChanges(changes: Changes, keeps: Uint8Array, first: number, last: number): Changes {
  const rows: number[] = [];
  for (let row = 0; row < changes.length && at(changes.instant, row) <= last; row++) if (keeps[at(changes.path, row)] === 1) rows.push(row);
  const column = (values: { readonly [row: number]: number }): Float64Array => Float64Array.from(rows, (row) => values[row] ?? 0);
  return {
    length: rows.length,
    instant: Uint32Array.from(rows, (row) => Math.max(1, at(changes.instant, row) - first + 1)),
    path: Uint32Array.from(rows, (row) => at(changes.path, row)),
    liveBytes: column(changes.liveBytes),
    liveBlocks: column(changes.liveBlocks),
    allocatedBytes: column(changes.allocatedBytes),
    allocatedBlocks: column(changes.allocatedBlocks),
  };
}

function selectInstants(instants: Instants, first: number, last: number): Instants {
  const kept = (values: { readonly [row: number]: number }): Float64Array =>
    Float64Array.from({ length: last - first + 2 }, (_, row) => (row === 0 ? 0 : (values[first + row - 1] ?? 0)));
  return {
    length: last - first + 2,
    elapsedMs: kept(instants.elapsedMs),
    residentBytes: kept(instants.residentBytes),
    reportedHeapBytes: kept(instants.reportedHeapBytes),
  };
}

function selectSurvivors(survivors: Survivors, keeps: Uint8Array): Survivors {
  const rows = Array.from({ length: survivors.length }, (_, row) => row).filter((row) => keeps[at(survivors.path, row)] === 1);
  return {
    ...survivors,
    length: rows.length,
    path: Uint32Array.from(rows, (row) => at(survivors.path, row)),
    bornAt: Uint32Array.from(rows, (row) => at(survivors.bornAt, row)),
    bytes: Float64Array.from(rows, (row) => at(survivors.bytes, row)),
    blocks: Float64Array.from(rows, (row) => at(survivors.blocks, row)),
    doubtfulBytes: Float64Array.from(rows, (row) => at(survivors.doubtfulBytes, row)),
  };
}
