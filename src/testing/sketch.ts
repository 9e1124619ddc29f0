/**
 * A profile drawn in text, for tests above `model/`:
 *
 *     at 0s    main > rd_kafka_recv > malloc       1000 / 2
 *     at 10s   main > rd_kafka_recv > malloc       +64000
 *     at 10s   [rdk:broker1] > librdkafka.so.1! > 500
 *
 * Left: when. Middle: the path from the root to the leaf; `[name]` is a thread, `<Name>` a type, `module!function` a function
 * of a module (nothing after the `!`: function unknown), `function @ file` one with its source file. Right: bytes gained (`-` lost), optionally `/ blocks` (default 1 with
 * the sign of the bytes). A line `at 20s` alone is an instant without changes.
 */

import { FrameKind, type Precision, type Profile } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";

export interface SketchOptions {
  readonly precision?: Precision;
  readonly attached?: boolean;
}

export function sketch(text: string, options: SketchOptions = {}): Profile {
  const builder = new ProfileBuilder();
  let opened = -1;
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line === "") continue;
    const match = /^at\s+([\d.]+)s(?:\s+(.*?)\s+([+-]?\d+)(?:\s*\/\s*([+-]?\d+))?)?$/.exec(line);
    if (match === null) throw new Error(`sketch: cannot read "${line}"`);
    const elapsedMs = Number(match[1]) * 1000;
    if (elapsedMs !== opened) {
      builder.instant({ elapsedMs });
      opened = elapsedMs;
    }
    if (match[2] === undefined) continue;
    let path = 0;
    for (const step of match[2].split(" > ")) path = builder.path(path, frameOf(builder, step.trim()));
    const liveBytes = Number(match[3]);
    const liveBlocks = match[4] === undefined ? Math.sign(liveBytes) : Number(match[4]);
    builder.change(path, {
      liveBytes,
      liveBlocks,
      allocatedBytes: Math.max(0, liveBytes),
      allocatedBlocks: Math.max(0, liveBlocks),
    });
  }
  return builder.finish({
    path: "sketch",
    format: "sketch",
    clock: "in-file",
    precision: options.precision ?? { kind: "exact" },
    observes: "both",
    origin: { attached: options.attached ?? false },
  });
}

function frameOf(builder: ProfileBuilder, step: string): number {
  const thread = /^\[(.*)\]$/.exec(step);
  if (thread !== null) return builder.frame({ name: thread[1] ?? "", kind: FrameKind.thread });
  const type = /^<(.*)>$/.exec(step);
  if (type !== null) return builder.frame({ name: type[1] ?? "", kind: FrameKind.type });
  const [code = "", sourceFile = ""] = step.split(" @ ");
  const bang = code.indexOf("!");
  const file = sourceFile === "" ? {} : { file: sourceFile };
  if (bang < 0) return builder.frame({ name: code, ...file });
  return builder.frame({ name: code.slice(bang + 1), module: builder.module(code.slice(0, bang)), ...file });
}
