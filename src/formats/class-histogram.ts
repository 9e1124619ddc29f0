/**
 * Class histograms of the JVM as text: `jcmd PID GC.class_histogram`, `jmap -histo PID`. One file may hold several, written by a
 * loop; each is an instant. There is no time in them.
 *
 * Its surprise: `jmap -histo` without `:live` counts garbage, too, and the file does not tell which of the two it is.
 */
import { Failure } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import { LARGEST_TEXT_BYTES, textLines } from "../base/text-lines.ts";
import { FrameKind, type Profile } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";
import type { Format } from "./format.ts";
import { clockOfFile } from "./native-stack.ts";

export const classHistogram: Format = {
  id: "class-histogram",
  title: "JVM class histogram",
  howToCapture: "jcmd PID GC.class_histogram >> histogram.txt",
  recognize,
  read,
};

const HEADER = /^[ \t]*num[ \t]+#instances[ \t]+#bytes[ \t]+class name/m;
/** The class, and from Java 9 on its module in parentheses; blanks behind them are cut off first. */
const ROW = /^\s*\d+:\s+(\d+)\s+(\d+)\s+(\S.*)$/;
const MODULE = / \(([^()]+)\)$/;
const TOTAL = /^\s*Total\s+(\d+)\s+(\d+)\s*$/;
const PID = /^\s*(\d+):\s*$/;

function recognize(head: Uint8Array): Recognition {
  return HEADER.test(Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString("latin1")) ? "certain" : "no";
}

interface Level {
  readonly bytes: number;
  readonly blocks: number;
}

async function read(input: Input): Promise<Profile> {
  const bytes = await input.readAll(LARGEST_TEXT_BYTES);
  const builder = new ProfileBuilder();
  let pid: number | null = null;
  let before = new Map<number, Level>();
  let now: Map<number, Level> | null = null;
  let histograms = 0;

  const close = (): void => {
    if (now === null) return;
    histograms++;
    builder.instant({ elapsedMs: histograms });
    for (const path of new Set([...before.keys(), ...now.keys()])) {
      const change = {
        liveBytes: (now.get(path)?.bytes ?? 0) - (before.get(path)?.bytes ?? 0),
        liveBlocks: (now.get(path)?.blocks ?? 0) - (before.get(path)?.blocks ?? 0),
      };
      if (change.liveBytes !== 0 || change.liveBlocks !== 0) builder.change(path, change);
    }
    before = now;
    now = null;
  };
  const cut = (offset: number): void => builder.loss("truncated", "a histogram ends without its Total line: classes are missing", offset);

  for (const { text, offset, isComplete } of textLines(bytes)) {
    if (HEADER.test(text)) {
      if (now !== null) cut(offset);
      close();
      now = new Map();
      continue;
    }
    if (now === null) {
      const line = PID.exec(text);
      if (line !== null && Number(line[1]) <= 0x7fff_ffff) pid ??= Number(line[1]);
      // as many as a header that is damaged should have announced
      if (ROW.test(text) || TOTAL.test(text)) builder.loss("malformed-record", "classes without a header above them were skipped", offset);
      continue;
    }
    const total = TOTAL.exec(text);
    const row = isComplete ? ROW.exec(text) : null;
    if (total !== null) {
      const sum = sumOf(now);
      const isRight = sum.bytes === Number(total[2]) && sum.blocks === Number(total[1]);
      if (!isRight && !isComplete) builder.loss("truncated", "the Total line is cut", offset);
      else if (!isRight) {
        const difference = `the classes add up to ${sum.bytes} B in ${sum.blocks} objects, the Total line says ${total[2]} B in ${total[1]}`;
        builder.loss("malformed-record", difference, offset);
      }
      close();
    } else if (row !== null) {
      const [, blocks, size, rest = ""] = row;
      const type = rest.trimEnd();
      const module = MODULE.exec(type);
      const name = javaName(module === null ? type : type.slice(0, module.index));
      const path = builder.path(0, builder.frame({ name, module: builder.module(module?.[1] ?? ""), kind: FrameKind.type }));
      const level = now.get(path) ?? { bytes: 0, blocks: 0 };
      now.set(path, { bytes: level.bytes + Number(size), blocks: level.blocks + Number(blocks) });
    } else if (!isComplete) cut(offset);
    else if (!/^-*$/.test(text.trim())) builder.loss("malformed-record", "lines that are no classes were skipped", offset);
  }
  if (now !== null) cut(bytes.length);
  close();
  if (histograms === 0) {
    throw new Failure({
      code: "truncated",
      message: "holds no histogram after its header",
      where: { file: input.name, offset: bytes.length },
    });
  }
  return builder.finish({
    path: input.name,
    format: classHistogram.id,
    // the modification time is that of the last histogram; of several, only the order is known
    ...(histograms === 1 ? clockOfFile(input.modifiedAt) : { clock: "none", takenAt: input.modifiedAt }),
    origin: { runtime: "jvm", pid },
    precision: { kind: "exact" },
    observes: "live",
    sampleTypes: [
      { type: "instances", unit: "count" },
      { type: "bytes", unit: "bytes" },
    ],
    losses: input.losses,
  });
}

function sumOf(levels: ReadonlyMap<number, Level>): Level {
  let bytes = 0;
  let blocks = 0;
  for (const level of levels.values()) {
    bytes += level.bytes;
    blocks += level.blocks;
  }
  return { bytes, blocks };
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  B: "byte",
  C: "char",
  D: "double",
  F: "float",
  I: "int",
  J: "long",
  S: "short",
  Z: "boolean",
};

/** Array descriptors as they are written in Java: `[[B` is `byte[][]`, `[Ljava.lang.String;` is `java.lang.String[]`. */
function javaName(descriptor: string): string {
  const match = /^(\[+)(?:([BCDFIJSZ])|L(.+);)$/.exec(descriptor);
  if (match === null) return descriptor;
  const [, dimensions = "", primitive, element] = match;
  return (element ?? PRIMITIVES[primitive ?? ""] ?? descriptor) + "[]".repeat(dimensions.length);
}
