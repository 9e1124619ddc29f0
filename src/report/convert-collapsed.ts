/**
 * A profile as collapsed stacks (github.com/brendangregg/FlameGraph): `root;…;leaf bytes`, one line a stack. Live bytes, or
 * allocated ones where there are no others. `;` separates frames, so it becomes `:` inside of names.
 */
import type { Profile } from "../model/profile.ts";
import { frameName, stacksOf } from "./stacks.ts";

export function collapsedOf(profile: Profile): string {
  const names = new Map<number, string>();
  const nameOf = (frame: number): string => {
    const name = names.get(frame) ?? frameName(profile, frame).replaceAll(";", ":");
    names.set(frame, name);
    return name;
  };
  const bytesOf = new Map<string, number>();
  for (const { frames, liveBytes, allocatedBytes } of stacksOf(profile)) {
    const bytes = profile.observes === "allocated" ? allocatedBytes : liveBytes;
    const line = frames.map(nameOf).join(";");
    if (bytes > 0 && line !== "") bytesOf.set(line, (bytesOf.get(line) ?? 0) + bytes);
  }
  return [...bytesOf].map(([line, bytes]) => `${line} ${bytes}\n`).join("");
}
