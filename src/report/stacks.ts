/** The stacks of a profile at one instant, as the formats of other tools want them: only those that hold something, root first. */
import { add, at } from "../base/columns.ts";
import { displayName } from "../base/symbols.ts";
import { lastObservedInstant } from "../judge/facts.ts";
import { framesOf, frameText, seriesByGroup } from "../model/ledger.ts";
import { FrameKind, type Profile } from "../model/profile.ts";
import { printable } from "./printable.ts";

export interface Stack {
  readonly frames: readonly number[]; // FrameIds, root first
  readonly liveBytes: number;
  readonly liveBlocks: number;
  readonly allocatedBytes: number; // since the start of the capture
  readonly allocatedBlocks: number;
}

/** At the last instant before the exit of the process. Whole numbers, none negative. */
export function stacksOf(profile: Profile): readonly Stack[] {
  const { changes, paths } = profile;
  const total = seriesByGroup(profile, new Uint32Array(paths.length), 1, "liveBytes");
  const last = lastObservedInstant(profile, total);
  const sums = [0, 1, 2, 3].map(() => new Float64Array(paths.length));
  const [liveBytes, liveBlocks, allocatedBytes, allocatedBlocks] = sums as [Float64Array, Float64Array, Float64Array, Float64Array];
  for (let row = 0; row < changes.length && at(changes.instant, row) <= last; row++) {
    const path = at(changes.path, row);
    add(liveBytes, path, at(changes.liveBytes, row));
    add(liveBlocks, path, at(changes.liveBlocks, row));
    add(allocatedBytes, path, at(changes.allocatedBytes, row));
    add(allocatedBlocks, path, at(changes.allocatedBlocks, row));
  }
  const whole = (column: Float64Array, path: number): number => Math.max(0, Math.round(at(column, path)));
  const stacks: Stack[] = [];
  for (let path = 1; path < paths.length; path++) {
    const stack = {
      liveBytes: whole(liveBytes, path),
      liveBlocks: whole(liveBlocks, path),
      allocatedBytes: whole(allocatedBytes, path),
      allocatedBlocks: whole(allocatedBlocks, path),
    };
    if (stack.liveBytes > 0 || stack.allocatedBytes > 0) stacks.push({ frames: framesOf(profile, path), ...stack });
  }
  return stacks;
}

/** A frame's name for people, which commands no terminal; threads in brackets, as async-profiler writes them. */
export function frameName(profile: Profile, frame: number): string {
  const name = printable(displayName(frameText(profile, frame)));
  return isThread(profile, frame) ? `[${name}]` : name;
}

export function isThread({ frames }: Profile, frame: number): boolean {
  return at(frames.kind, frame) === FrameKind.thread;
}

/** As long as a path may be on Linux. */
const LONGEST_PLACE = 4096;

/** A source file or a module: its end says more than its start. */
export function placeText(path: string): string {
  return printable(path.slice(-LONGEST_PLACE));
}
