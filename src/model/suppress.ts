/**
 * A profile without the stacks that suppressions match, as LeakSanitizer leaves them out of its report
 * (`LeakSuppressionContext::GetSuppressionForStack`): frames are asked from the leaf to the root, each by its module, its
 * function, its file, and the first suppression that matches gets the stack. What was taken out is counted, so that it can be said.
 */
import { at } from "../base/columns.ts";
import type { Suppression } from "../base/suppressions.ts";
import { displayName } from "../base/symbols.ts";
import { type GroupSeries, seriesByGroup } from "./ledger.ts";
import { FrameKind, type Profile } from "./profile.ts";
import { withoutPaths } from "./select.ts";

export interface Suppressed {
  readonly profile: Profile;
  readonly suppressions: readonly Suppression[];
  /** Of each suppression, how many stacks were taken out. */
  readonly stacks: readonly number[];
  /** What each suppression took out, by instant; group 0 is what was left. */
  readonly bytes: GroupSeries;
  readonly blocks: GroupSeries;
}

export function suppress(profile: Profile, suppressions: readonly Suppression[]): Suppressed {
  const { paths, frames, changes } = profile;
  const byFrame = new Uint32Array(frames.length);
  if (suppressions.length > 0)
    for (let frame = 1; frame < frames.length; frame++) byFrame[frame] = suppressionOf(profile, frame, suppressions);
  const byPath = new Uint32Array(paths.length);
  for (let path = 1; path < paths.length; path++) {
    const own = at(byFrame, at(paths.frame, path));
    byPath[path] = own === 0 ? at(byPath, at(paths.parent, path)) : own;
  }
  const holds = new Uint8Array(paths.length);
  for (let row = 0; row < changes.length; row++) holds[at(changes.path, row)] = 1;
  const stacks = suppressions.map(() => 0);
  for (let path = 1; path < paths.length; path++) {
    const row = at(byPath, path) - 1;
    if (row >= 0 && holds[path] === 1) stacks[row] = (stacks[row] ?? 0) + 1;
  }
  return {
    profile: byPath.some((row) => row > 0) ? withoutPaths(profile, byPath) : profile,
    suppressions,
    stacks,
    bytes: seriesByGroup(profile, byPath, suppressions.length + 1, "liveBytes"),
    blocks: seriesByGroup(profile, byPath, suppressions.length + 1, "liveBlocks"),
  };
}

/** Row + 1 of the suppression that matches a frame by its module, its function or its file; 0 = none. */
function suppressionOf({ strings, modules, frames }: Profile, frame: number, suppressions: readonly Suppression[]): number {
  if (at(frames.kind, frame) === FrameKind.thread) return 0; // threads are no part of a stack
  const name = strings[at(frames.name, frame)] ?? "";
  const module = strings[at(modules.name, at(frames.module, frame))] ?? "";
  const texts = [module, displayName(name), name, strings[at(frames.file, frame)] ?? ""];
  for (const text of new Set(texts)) {
    const found = suppressions.findIndex((suppression) => suppression.matches(text));
    if (found >= 0) return found + 1;
  }
  return 0;
}
