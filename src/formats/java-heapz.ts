/**
 * `--- heapz 1 ---`: the Java text of Google's old tools (`parseJavaProfile` of github.com/google/pprof, profile/
 * legacy_java_profile.go). Samples first, with ids for addresses; a table at the end names the ids.
 */
import { Failure } from "../base/failure.ts";
import type { Input } from "../base/source.ts";
import { textLines } from "../base/text-lines.ts";
import type { Profile } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";
import { clockOfFile, parseAddresses } from "./native-stack.ts";
import { unsampleFactor } from "./unsample.ts";

/** Fixed in pprof (`javaHeapzSamplingRate`): the file does not say it. */
const INTERVAL_BYTES = 512 * 1024;

const SAMPLE = /^ *(\d+) +(\d+) +@ +([ x0-9a-f]*)$/i;
const NAME = /^ *(0x[0-9a-f]+) +(\S.*?)(?: \(([^()]*?)(?::(\d+))?\))?$/i;

export function readJavaHeapz(bytes: Uint8Array, input: Input, format: string): Profile {
  const builder = new ProfileBuilder();
  const samples: { readonly bytes: number; readonly blocks: number; readonly ids: readonly number[] }[] = [];
  const frameOf = new Map<number, number>();
  let isBody = false;
  for (const { text, offset, isComplete } of textLines(bytes)) {
    if (!isBody) {
      isBody = true; // the `--- heapz` line itself
      continue;
    }
    const attribute = /^(\w+) *= *(.*)$/.exec(text);
    if (attribute !== null && samples.length === 0) {
      const [, key, value] = attribute;
      if (key === "resolution" && value !== "bytes") {
        throw new Failure({
          code: "format-unsupported",
          message: `counts in ${value}, not in bytes`,
          where: { file: input.name, offset },
          hint: "Give a class histogram of the process instead.",
        });
      }
      continue;
    }
    const sample = isComplete ? SAMPLE.exec(text) : null;
    const name = isComplete && sample === null ? NAME.exec(text) : null;
    if (sample !== null) samples.push({ bytes: Number(sample[1]), blocks: Number(sample[2]), ids: parseAddresses(sample[3] ?? "") });
    else if (name !== null) {
      frameOf.set(Number(name[1]), builder.frame({ name: name[2] ?? "", file: name[3] ?? "", line: Number(name[4] ?? 0) }));
    } else if (text.trim() !== "") {
      builder.loss(isComplete ? "malformed-record" : "truncated", "lines that are neither samples nor names were skipped", offset);
    }
  }
  builder.instant({ elapsedMs: 0 });
  let unnamed = 0;
  for (const sample of samples) {
    let path = 0;
    for (const id of sample.ids.toReversed()) {
      const frame = frameOf.get(id);
      if (frame === undefined) unnamed++;
      path = builder.path(path, frame ?? builder.frame({ name: "", address: id }));
    }
    const factor = unsampleFactor(sample.blocks, sample.bytes, INTERVAL_BYTES);
    builder.change(path, { liveBytes: Math.trunc(sample.bytes * factor), liveBlocks: Math.trunc(sample.blocks * factor) });
  }
  if (unnamed > 0) builder.loss("truncated", "names of functions are missing at the end: the file is cut", bytes.length, unnamed);
  if (samples.length === 0) builder.loss("truncated", "there is no sample in the file", bytes.length);
  return builder.finish({
    path: input.name,
    format,
    formatVersion: "heapz",
    ...clockOfFile(input.modifiedAt),
    origin: { runtime: "jvm" },
    precision: { kind: "sampled", meanIntervalBytes: INTERVAL_BYTES },
    observes: "live",
    sampleTypes: [
      { type: "inuse_objects", unit: "count" },
      { type: "inuse_space", unit: "bytes" },
    ],
    losses: input.losses,
  });
}
