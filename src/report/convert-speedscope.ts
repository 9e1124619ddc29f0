/**
 * A profile for speedscope (its own file format, `file-format-schema.json` of the package `speedscope`): one view of what is live
 * and one of what was allocated, where the capture knows both.
 */
import { at } from "../base/columns.ts";
import { jsonText } from "../base/json-text.ts";
import type { Profile } from "../model/profile.ts";
import { frameName, placeText, type Stack, stacksOf } from "./stacks.ts";

interface SpeedscopeFrame {
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
}

export function speedscopeOf(profile: Profile, version: string): string {
  const stacks = stacksOf(profile);
  const frames: SpeedscopeFrame[] = [];
  const rows = new Map<number, number>();
  const rowOf = (frame: number): number => {
    const known = rows.get(frame);
    if (known !== undefined) return known;
    rows.set(frame, frames.length);
    frames.push(frameOf(profile, frame));
    return frames.length - 1;
  };
  const view = (name: string, bytesOf: (stack: Stack) => number): object => {
    const held = stacks.filter((stack) => bytesOf(stack) > 0);
    const weights = held.map(bytesOf);
    return {
      type: "sampled",
      name,
      unit: "bytes",
      startValue: 0,
      endValue: weights.reduce((sum, weight) => sum + weight, 0),
      samples: held.map((stack) => stack.frames.map(rowOf)),
      weights,
    };
  };
  const profiles = [
    ...(profile.observes === "allocated" ? [] : [view("live", ({ liveBytes }) => liveBytes)]),
    ...(profile.observes === "live" ? [] : [view("allocated", ({ allocatedBytes }) => allocatedBytes)]),
  ];
  return jsonText(
    {
      $schema: "https://www.speedscope.app/file-format-schema.json",
      exporter: `lagleak ${version}`,
      name: profile.captures[0]?.path ?? "",
      activeProfileIndex: 0,
      shared: { frames },
      profiles,
    },
    0,
  );
}

function frameOf(profile: Profile, frame: number): SpeedscopeFrame {
  const file = placeText(profile.strings[at(profile.frames.file, frame)] ?? "");
  const line = at(profile.frames.line, frame);
  return { name: frameName(profile, frame), ...(file === "" ? {} : { file }), ...(line === 0 ? {} : { line }) };
}
