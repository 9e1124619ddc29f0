/**
 * `jcmd <pid> VM.native_memory` of OpenJDK, summary or summary.diff, in any scale: committed memory by category. Direct buffers lie
 * under "Other" (until JDK 10 under "Internal"); what native libraries allocate themselves is not in it at all.
 *
 * The surprise: committed is not resident. A Java heap that was never touched is committed in full.
 */
import { Failure } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import { parseBytes } from "../base/units.ts";
import type { AllocatorEvidence, EvidenceSource } from "./evidence.ts";

export const jvmNativeMemory: EvidenceSource<AllocatorEvidence> = {
  id: "jvm-native-memory",
  title: "jcmd VM.native_memory of the JVM, summary or diff",
  recognize(head): Recognition {
    const text = new TextDecoder().decode(head);
    return /^\s*(?:\d+:\s+)?Native Memory Tracking:/.test(text) ? "certain" : /^Native Memory Tracking:/m.test(text) ? "likely" : "no";
  },
  read,
};

const AMOUNT = "(\\d+)(B|KB|MB|GB)?(?: ([+-]\\d+)(?:B|KB|MB|GB)?)?";
const TOTAL = new RegExp(`^Total: reserved=${AMOUNT}, committed=${AMOUNT}`, "m");
const CATEGORY = new RegExp(`^-\\s+(.+?) \\(reserved=${AMOUNT}, committed=${AMOUNT}\\)`, "gm");

async function read(input: Input): Promise<AllocatorEvidence> {
  const all = new TextDecoder().decode(await input.readAll());
  const text = all.slice(Math.max(0, all.lastIndexOf("Native Memory Tracking:")));
  const total = TOTAL.exec(text);
  if (total === null) {
    const isOff = /Native memory tracking is not enabled/i.test(all);
    throw new Failure({
      code: "configuration",
      message: isOff ? "Native Memory Tracking is not enabled in this JVM" : "holds no total of Native Memory Tracking",
      where: { file: input.name, line: all.split("\n").length },
      hint: "Start the JVM with -XX:NativeMemoryTracking=summary, then: jcmd <pid> VM.native_memory summary",
    });
  }
  const isDiff = total[6] !== undefined;
  const parts = [...text.matchAll(CATEGORY)].map(([, name = "", , , , committed = "0", unit = "B", grown]) => ({
    name,
    bytes: bytesOf(committed, unit),
    growthBytes: isDiff ? Math.sign(Number(grown ?? 0)) * bytesOf(String(Math.abs(Number(grown ?? 0))), unit) : null,
  }));
  const totalBytes = bytesOf(total[4] ?? "0", total[5] ?? "B");
  return {
    kind: "allocator",
    allocator: "jvm",
    atMs: Number.NaN,
    totalBytes,
    inUseBytes: totalBytes,
    keptBytes: 0,
    parts: parts.sort((a, b) => b.bytes - a.bytes),
    from: input.name,
    losses: input.losses,
  };
}

/** NMT counts in powers of two. */
function bytesOf(count: string, unit: string): number {
  return parseBytes(`${count}${unit.length === 2 ? `${unit.charAt(0)}i` : "B"}`);
}
