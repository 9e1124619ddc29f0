/**
 * A file that the target itself writes, at a place where it may: among the captures where it can reach them, else in its own /tmp, from
 * where it is fetched and removed.
 */
import { rmSync, statSync } from "node:fs";
import path from "node:path";
import type { CaptureSession } from "./attacher.ts";
import { captureFile, fetchTargetFile } from "./capture-files.ts";
import { procLink } from "./proc.ts";
import { pathOf, type Target } from "./target.ts";
import type { UndoStep } from "./undo.ts";

export interface TargetOutput {
  readonly theirs: string; // path as the target sees it
  readonly ours: string; // the same file for us
  /** The capture file; null where the target wrote nothing. Nothing is left in its /tmp. */
  readonly collect: () => Promise<string | null>;
}

/** The step in the undo log is one of `attacher`, whose `undo` is {@link removeTargetFile}. */
export async function openTargetOutput(
  target: Target,
  session: CaptureSession,
  attacher: string,
  kind: string,
  number: number,
  extension: string,
): Promise<TargetOutput> {
  const capture = path.resolve(captureFile(session, kind, number, extension));
  if (isReachable(target)) {
    return { theirs: capture, ours: capture, collect: async () => (sizeOf(capture) > 0 ? capture : null) };
  }
  const theirs = `/tmp/lagleak-${target.namespacePid}-${Date.now()}-${number}.${extension}`;
  const remove = await session.undo.open({ attacher, what: `remove ${theirs} of the process`, data: { file: theirs } });
  return {
    theirs,
    ours: pathOf(target, theirs),
    collect: async () => {
      try {
        if (sizeOf(pathOf(target, theirs)) === 0) return null;
        await fetchTargetFile(target, theirs, capture, session);
        return capture;
      } finally {
        await remove();
      }
    },
  };
}

/** It sees the same files, and its user may write where ours may. */
function isReachable(target: Target): boolean {
  const isSameRoot = !target.inOtherNamespaces.includes("mnt") && procLink(target.pid, "root") === "/";
  return isSameRoot && (target.uid === 0 || target.uid === process.geteuid?.());
}

/** 0 where there is no such file. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Takes back a step with a file that the target wrote, or that was written for it: it is removed, if it is still there. */
export function removeTargetFile(target: Target, step: UndoStep): void {
  const file = String(step.data["file"] ?? "");
  if (file === "") return;
  rmSync(file.startsWith("/proc/") ? file : pathOf(target, file), { force: true });
  // the root of a process that ended cannot be entered any more; the same file system can
  if (!target.inOtherNamespaces.includes("mnt")) rmSync(file, { force: true });
}
