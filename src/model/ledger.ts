/** Reading the ledger: how much was live, where, and when. Every function derives new columns and changes nothing. */
import { add, at, type Column } from "../base/columns.ts";
import type { InstantId, PathId, Profile } from "./profile.ts";

/** What every path holds itself (without its descendants) at an instant. Length = paths. */
export function liveAt(profile: Profile, instant: InstantId): { readonly bytes: Float64Array; readonly blocks: Float64Array } {
  const bytes = new Float64Array(profile.paths.length);
  const blocks = new Float64Array(profile.paths.length);
  const { changes } = profile;
  for (let row = 0; row < changes.length && at(changes.instant, row) <= instant; row++) {
    add(bytes, at(changes.path, row), at(changes.liveBytes, row));
    add(blocks, at(changes.path, row), at(changes.liveBlocks, row));
  }
  return { bytes, blocks };
}

export function lastInstant(profile: Profile): InstantId {
  return profile.instants.length - 1;
}

/** A quantity of groups of paths over the instants: `values[group * instants + instant]`. */
export interface GroupSeries {
  readonly groups: number;
  readonly instants: number;
  readonly values: Float64Array;
}

/** Which fact of a change is summed. */
export type ChangeColumn = "liveBytes" | "liveBlocks" | "allocatedBytes" | "allocatedBlocks";

/**
 * Sums a column of the changes by group and instant. `liveBytes` and `liveBlocks` accumulate into levels (what was live at
 * the instant); the allocated columns stay what was allocated between the instant before and this one.
 */
export function seriesByGroup(profile: Profile, groupOfPath: Column, groups: number, column: ChangeColumn): GroupSeries {
  const { changes } = profile;
  const instants = profile.instants.length;
  const values = new Float64Array(groups * instants);
  const facts = changes[column];
  for (let row = 0; row < changes.length; row++) {
    add(values, at(groupOfPath, at(changes.path, row)) * instants + at(changes.instant, row), at(facts, row));
  }
  if (column === "liveBytes" || column === "liveBlocks") {
    for (let group = 0; group < groups; group++) {
      for (let instant = 1; instant < instants; instant++) {
        add(values, group * instants + instant, at(values, group * instants + instant - 1));
      }
    }
  }
  return { groups, instants, values };
}

/** The row of one group: one value an instant, row 0 (before the capture) included. */
export function seriesOf(series: GroupSeries, group: number): Float64Array {
  return series.values.subarray(group * series.instants, (group + 1) * series.instants);
}

/** Live bytes of the whole process by instant; row 0 is 0. */
export function totalLiveBytes(profile: Profile): Float64Array {
  return seriesOf(seriesByGroup(profile, new Uint32Array(profile.paths.length), 1, "liveBytes"), 0);
}

/** The frames of a path from the root to the leaf. */
export function framesOf(profile: Profile, path: PathId): readonly number[] {
  const frames: number[] = [];
  for (let step = path; step !== 0; step = at(profile.paths.parent, step)) frames.push(at(profile.paths.frame, step));
  return frames.reverse();
}

/** The last part of a module's path: `librdkafka.so.1`. */
export function moduleBaseName(name: string): string {
  return name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1);
}

/** A frame in one line for people: its name, else the module and the offset in it, else the address. */
export function frameText(profile: Profile, frame: number): string {
  const name = profile.strings[at(profile.frames.name, frame)] ?? "";
  if (name !== "") return name;
  const module = moduleBaseName(profile.strings[at(profile.modules.name, at(profile.frames.module, frame))] ?? "");
  const address = at(profile.frames.address, frame);
  const place = address === 0 ? "" : `0x${address.toString(16)}`;
  if (module === "") return place === "" ? "(unknown)" : place;
  return place === "" ? module : `${module}+${place}`;
}

/** Whether elapsed times are milliseconds; otherwise they only number the captures. */
export function hasTimes({ clock, origin }: Profile): boolean {
  return clock === "in-file" || clock === "mtime" || (clock === "file-name" && origin.startedAt !== null);
}
