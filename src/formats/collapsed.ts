/**
 * Collapsed stacks (`root;…;leaf <number>` a line, Brendan Gregg's FlameGraph): what jeprof --collapsed, async-profiler and many
 * converters write. Comments begin with `#` or `//`.
 *
 * Its surprise: there is no unit and no end mark. async-profiler counts samples unless it was told otherwise, and a file that
 * is cut between two lines looks complete.
 */
import { Failure } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import { LARGEST_TEXT_BYTES, textLines } from "../base/text-lines.ts";
import { FrameKind, type Profile } from "../model/profile.ts";
import { type FrameInit, ProfileBuilder } from "../model/profile-builder.ts";
import type { Format } from "./format.ts";
import { clockOfFile } from "./native-stack.ts";

export const collapsed: Format = {
  id: "collapsed",
  title: "collapsed stacks",
  howToCapture: "jeprof --collapsed PROGRAM heap.dump > heap.collapsed",
  recognize,
  read,
};

const STACK = /^(.*\S)\s+(\d{1,19})\s*$/;
/** Interpreters' profilers write the place behind the name: `poll (kafka/consumer/group.py:827)`, `read (streams.py:5:12)`. */
const PLACE = /^(.*\S) \(([^()]+\.\w+|<[^()<>]+>):(\d{1,9})(?::\d+)?\)$/;
const PASSED_OVER = /^\s*(?:#|\/\/|$)/;

/** async-profiler's `-t`: the root is `[name tid=123]`. What perf puts into brackets are places, not threads. */
const THREAD = /^\[(?!unknown\]|[^\]]*\.(?:so|ko|dylib|dll)\b|vdso\]|vsyscall\]|kernel|heap\]|stack\])([^\]]+?)(?: tid=\d+)?\]$/;

/** Half of the lines at least, and one of several frames; braces at the start are JSON, a tag is XML, `<module> (` is Python. */
function recognize(head: Uint8Array): Recognition {
  const text = decode(head);
  const lines = text.split(/\r?\n/).filter((line) => !PASSED_OVER.test(line));
  if (lines.length > 1 && head.length >= 4096) lines.pop(); // cut by the end of the head
  const stacks = lines.filter((line) => STACK.test(line));
  if (/^\s*(?:\{|\[(?![^\]\n]+\];)|<(?!\w+> \())/.test(text) || text.includes("\0") || !stacks.some((line) => line.includes(";")))
    return "no";
  return stacks.length * 2 >= lines.length ? "likely" : "no";
}

/** UTF-8, or UTF-16 as its byte order mark says. */
function decode(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  return new TextDecoder().decode(bytes);
}

function frameOf(text: string, isRoot: boolean): FrameInit {
  const thread = isRoot ? THREAD.exec(text) : null;
  if (thread !== null) return { name: thread[1] ?? "", kind: FrameKind.thread };
  const place = PLACE.exec(text);
  return place === null ? { name: text } : { name: place[1] ?? "", file: place[2] ?? "", line: Number(place[3]) };
}

async function read(input: Input): Promise<Profile> {
  const raw = await input.readAll(LARGEST_TEXT_BYTES);
  const isWide = (raw[0] === 0xff && raw[1] === 0xfe) || (raw[0] === 0xfe && raw[1] === 0xff);
  const bytes = isWide || raw[0] === 0xef ? Buffer.from(decode(raw), "utf8") : raw;
  // Lines are found in text without its byte order mark, and in UTF-8: a place in the file is two bytes a UTF-16 unit further.
  const offsetInFile = (offset: number): number => {
    if (bytes === raw) return offset;
    return isWide ? 2 + 2 * Buffer.from(bytes.subarray(0, offset)).toString("utf8").length : offset + raw.length - bytes.length;
  };
  const builder = new ProfileBuilder();
  builder.instant({ elapsedMs: 0 });
  let stacks = 0;
  for (const { text, offset, isComplete } of textLines(bytes)) {
    if (PASSED_OVER.test(text)) continue;
    const match = STACK.exec(text);
    if (match === null) {
      builder.loss("malformed-record", "lines that are no stacks were skipped", offsetInFile(offset));
      continue;
    }
    if (!isComplete) builder.loss("truncated", "the last line has no end: its number may be cut", offsetInFile(offset));
    let path = 0;
    for (const name of (match[1] ?? "").split(";")) {
      if (name !== "") path = builder.path(path, builder.frame(frameOf(name, path === 0)));
    }
    builder.change(path, { liveBytes: Number(match[2]), liveBlocks: 0 });
    stacks++;
  }
  if (stacks === 0) throw new Failure({ code: "malformed", message: "holds no stack", where: { file: input.name, offset: 0 } });
  builder.loss("unit", "the file names no unit: its numbers are taken as live bytes", null);
  return builder.finish({
    path: input.name,
    format: collapsed.id,
    ...clockOfFile(input.modifiedAt),
    precision: { kind: "exact" },
    observes: "live",
    losses: input.losses,
  });
}
