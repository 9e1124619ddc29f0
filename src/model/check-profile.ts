/** Verifies every invariant of a profile, once, at the door. A violation is our bug, not the user's: it is no Failure. */
import { at, type Column } from "../base/columns.ts";
import type { Profile } from "./profile.ts";

/** @throws Error that names the table, the column and the row */
export function checkProfile(profile: Profile): void {
  const { strings, modules, frames, paths, instants, changes, survivors } = profile;
  demand(strings[0] === "", "strings: row 0 is not empty");
  checkLengths("modules", modules.length, { name: modules.name });
  checkLengths("frames", frames.length, {
    name: frames.name,
    module: frames.module,
    file: frames.file,
    line: frames.line,
    kind: frames.kind,
    address: frames.address,
  });
  checkLengths("paths", paths.length, { parent: paths.parent, frame: paths.frame });
  checkLengths("instants", instants.length, {
    elapsedMs: instants.elapsedMs,
    residentBytes: instants.residentBytes,
    reportedHeapBytes: instants.reportedHeapBytes,
  });
  checkLengths("changes", changes.length, {
    instant: changes.instant,
    path: changes.path,
    liveBytes: changes.liveBytes,
    liveBlocks: changes.liveBlocks,
    allocatedBytes: changes.allocatedBytes,
    allocatedBlocks: changes.allocatedBlocks,
  });
  demand(modules.length > 0 && frames.length > 0 && paths.length > 0 && instants.length > 0, "a table has no row 0");
  checkIds("modules.name", modules.name, strings.length);
  checkIds("frames.name", frames.name, strings.length);
  checkIds("frames.module", frames.module, modules.length);
  checkIds("frames.file", frames.file, strings.length);
  checkIds("frames.kind", frames.kind, 5);
  checkIds("paths.frame", paths.frame, frames.length);
  for (let path = 1; path < paths.length; path++) {
    if (at(paths.parent, path) >= path) violated(`paths.parent: row ${path} does not come after its parent`);
  }
  for (let instant = 1; instant < instants.length; instant++) {
    const elapsedMs = at(instants.elapsedMs, instant);
    demand(Number.isFinite(elapsedMs) && elapsedMs >= at(instants.elapsedMs, instant - 1), `instants.elapsedMs: row ${instant} descends`);
  }
  checkIds("changes.path", changes.path, paths.length);
  checkIds("changes.instant", changes.instant, instants.length);
  for (let row = 0; row < changes.length; row++) {
    if (row > 0 && at(changes.instant, row) < at(changes.instant, row - 1)) violated(`changes.instant: row ${row} descends`);
    if (at(changes.instant, row) === 0) violated(`changes.instant: row ${row} has none`);
    if (!Number.isFinite(at(changes.liveBytes, row) + at(changes.liveBlocks, row))) violated(`changes: row ${row} is not finite`);
    if (!(at(changes.allocatedBytes, row) >= 0)) violated(`changes.allocatedBytes: row ${row} is negative`);
  }
  if (profile.graph !== null) {
    const { slicedStores, accumulations, objects } = profile.graph;
    checkLengths("slicedStores", slicedStores.length, { bytes: slicedStores.bytes });
    demand(slicedStores.firstSlice.length === slicedStores.length + 1, "slicedStores.firstSlice: not one row more than stores");
    checkLengths("slicedStores", at(slicedStores.firstSlice, slicedStores.length), {
      path: slicedStores.path,
      slices: slicedStores.slices,
    });
    checkIds("slicedStores.path", slicedStores.path, paths.length);
    if (objects !== null) {
      checkLengths("graph.objects", objects.length, { id: objects.id, path: objects.path, bytes: objects.bytes });
      checkIds("graph.objects.path", objects.path, paths.length);
    }
    for (const { path } of accumulations) demand(path < paths.length, "accumulations: a path does not exist");
  }
  demand(Number.isFinite(profile.peakBytes), "peakBytes is not finite");
  if (survivors !== null) {
    checkLengths("survivors", survivors.length, {
      path: survivors.path,
      bornAt: survivors.bornAt,
      bytes: survivors.bytes,
      blocks: survivors.blocks,
      doubtfulBytes: survivors.doubtfulBytes,
    });
    demand(survivors.bornBytes.length === survivors.slices, "survivors.bornBytes: not one value a slice");
    checkIds("survivors.path", survivors.path, paths.length);
    checkIds("survivors.bornAt", survivors.bornAt, survivors.slices);
    demand(survivors.clock !== "instants" || survivors.slices === instants.length, "survivors.slices are not the instants");
  }
}

/** For checks made once. In loops, `if … violated(…)`: a text for every row of a large table would cost more than the check. */
function demand(holds: boolean, violation: string): void {
  if (!holds) violated(violation);
}

function violated(violation: string): never {
  throw new Error(`profile is inconsistent: ${violation}`);
}

function checkLengths(table: string, length: number, columns: Readonly<Record<string, Column>>): void {
  for (const [name, column] of Object.entries(columns)) {
    demand(column.length === length, `${table}.${name} has ${column.length} rows, not ${length}`);
  }
}

function checkIds(column: string, ids: Column, limit: number): void {
  for (let row = 0; row < ids.length; row++) {
    if (at(ids, row) >= limit) violated(`${column}: row ${row} points at ${ids[row]} of ${limit}`);
  }
}
