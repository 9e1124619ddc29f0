/**
 * A profile as pprof's `profile.proto` (github.com/google/pprof, proto/profile.proto), with the columns of Go's heap profile, so
 * that every reader of those knows them. Sizes are estimates of what there is, as pprof wants them: readers must not unsample.
 */
import { at } from "../base/columns.ts";
import { WireWriter } from "../base/protobuf-writer.ts";
import type { Profile } from "../model/profile.ts";
import { frameName, isThread, placeText, stacksOf } from "./stacks.ts";

/** Field numbers of profile.proto. */
const PROFILE = {
  sampleType: 1,
  sample: 2,
  mapping: 3,
  location: 4,
  function: 5,
  stringTable: 6,
  timeNanos: 9,
  periodType: 11,
  period: 12,
  defaultSampleType: 14,
} as const;

const LIVE = [
  ["inuse_objects", "count"],
  ["inuse_space", "bytes"],
] as const;
const ALLOCATED = [
  ["alloc_objects", "count"],
  ["alloc_space", "bytes"],
] as const;

/** Not compressed. */
export function pprofOf(profile: Profile): Uint8Array {
  const strings = new Map([["", 0]]);
  const id = (text: string): number => {
    const known = strings.get(text);
    if (known !== undefined) return known;
    strings.set(text, strings.size);
    return strings.size - 1;
  };
  const types = profile.observes === "live" ? LIVE : profile.observes === "allocated" ? ALLOCATED : [...ALLOCATED, ...LIVE];
  const out = new WireWriter();
  for (const [type, unit] of types) out.message(PROFILE.sampleType, typeWriter(id(type), id(unit)));
  const used = new Set<number>();
  for (const { frames, liveBytes, liveBlocks, allocatedBytes, allocatedBlocks } of stacksOf(profile)) {
    const live = [liveBlocks, liveBytes];
    const allocated = [allocatedBlocks, allocatedBytes];
    const threads = frames.filter((frame) => isThread(profile, frame));
    const code = frames.filter((frame) => !isThread(profile, frame));
    for (const frame of code) used.add(frame);
    const labels = threads.map((frame) => [id("thread"), id(frameName(profile, frame).slice(1, -1))] as const);
    out.message(PROFILE.sample, (sample) => {
      sample.packed(1, code.reverse()); // leaf first
      sample.packed(2, profile.observes === "live" ? live : profile.observes === "allocated" ? allocated : [...allocated, ...live]);
      for (const [key, text] of labels) sample.message(3, typeWriter(key, text));
    });
  }
  writeModules(out, profile, id);
  for (const frame of [...used].sort((a, b) => a - b)) writeFrame(out, profile, frame, id);
  const { precision, captures } = profile;
  const takenAt = captures.at(-1)?.takenAt ?? null;
  // no duration: readers would take the sizes for a sum over it
  if (takenAt !== null) out.varint(PROFILE.timeNanos, Math.round(takenAt * 1e6));
  out.message(PROFILE.periodType, typeWriter(id("space"), id("bytes")));
  out.varint(PROFILE.period, precision.kind === "sampled" ? Math.max(1, Math.round(precision.meanIntervalBytes)) : 1);
  out.varint(PROFILE.defaultSampleType, id(profile.observes === "allocated" ? "alloc_space" : "inuse_space"));
  for (const text of strings.keys()) out.text(PROFILE.stringTable, text);
  return out.finish();
}

/** A ValueType (type, unit) or a Label (key, text): both are two strings. */
function typeWriter(type: number, unit: number): (message: WireWriter) => void {
  return (message) => {
    message.varint(1, type);
    message.varint(2, unit);
  };
}

/** A mapping each; the first is what pprof calls the file. They have names already: without that pprof would look for the files. */
function writeModules(out: WireWriter, { modules, strings, origin }: Profile, id: (text: string) => number): void {
  const isMain = (module: number): number =>
    origin.executable !== null && strings[at(modules.name, module)] === origin.executable ? 0 : 1;
  const rows = Array.from({ length: modules.length - 1 }, (_, row) => row + 1).sort((a, b) => isMain(a) - isMain(b) || a - b);
  for (const module of rows) {
    const name = id(placeText(strings[at(modules.name, module)] ?? ""));
    out.message(PROFILE.mapping, (mapping) => {
      mapping.varint(1, module);
      mapping.varint(2, 0);
      mapping.varint(5, name);
      for (const hasNames of [7, 8, 9]) mapping.varint(hasNames, 1);
    });
  }
}

function writeFrame(out: WireWriter, profile: Profile, frame: number, id: (text: string) => number): void {
  const { frames, strings } = profile;
  const name = id(frameName(profile, frame));
  const file = id(placeText(strings[at(frames.file, frame)] ?? ""));
  const line = at(frames.line, frame);
  const module = at(frames.module, frame);
  out.message(PROFILE.function, (message) => {
    message.varint(1, frame);
    message.varint(2, name);
    message.varint(3, name);
    if (file !== 0) message.varint(4, file);
  });
  out.message(PROFILE.location, (location) => {
    location.varint(1, frame);
    if (module !== 0) location.varint(2, module);
    location.message(4, (place) => {
      place.varint(1, frame);
      if (line !== 0) place.varint(2, line);
    });
  });
}
