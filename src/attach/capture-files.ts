/** Capture files of a session: their names in the order of time, and room for them on the disk. */
import { constants, createWriteStream, statfsSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { Failure } from "../base/failure.ts";
import { formatBytes } from "../base/units.ts";
import type { CaptureSession } from "./attacher.ts";
import { isAlive, pathOf, type Target } from "./target.ts";

/** `consumer-histogram-1.txt`: numbers in names are the order of a series whose files hold no time. */
export function captureFile(session: Pick<CaptureSession, "folder" | "name">, kind: string, number: number, extension: string): string {
  return path.join(session.folder, `${session.name}-${kind}-${number}.${extension}`);
}

/** Bytes that a process without privileges may still write where a folder lies; null where that cannot be known. */
export function freeDiskBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** @throws Failure `capture` where a file of this size must not, or cannot, be written into a folder */
export function demandRoom(folder: string, bytes: number, session: Pick<CaptureSession, "diskBytes">): void {
  if (bytes > session.diskBytes) {
    throw new Failure({
      code: "capture",
      message: `the capture will take about ${formatBytes(bytes)}, more than the ${formatBytes(session.diskBytes)} that one may take`,
      hint: "Allow larger captures, or choose a smaller method (`lagleak doctor PID`).",
    });
  }
  const free = freeDiskBytes(folder);
  if (free !== null && free < bytes * 1.1) {
    throw new Failure({
      code: "capture",
      message: `the capture will take about ${formatBytes(bytes)}, and only ${formatBytes(free)} are free in ${folder}`,
      hint: "Free disk space, or write to another folder.",
    });
  }
}

/** What to throw when nothing was captured: the end of the process explains everything else. */
export function nothingCaptured(target: Target, cause: unknown): unknown {
  if (isAlive(target)) return cause;
  return new Failure({
    code: "capture",
    message: `process ${target.pid} ended before anything was captured`,
    hint: "Give the pid of the new one.",
    cause,
  });
}

/**
 * Copies a file that the target wrote, readable for this user only. It is the target's: a link in its place is not followed, since
 * that could lead to any file of ours.
 * @throws Failure `capture` where it is not there or there is no room
 */
export async function fetchTargetFile(
  target: Target,
  theirs: string,
  file: string,
  session: Pick<CaptureSession, "folder" | "diskBytes">,
): Promise<void> {
  const from = await open(pathOf(target, theirs), constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause: unknown) => {
    const message = `${theirs} of the process cannot be read`;
    throw new Failure({ code: "capture", message, hint: "Run lagleak as the user of the process, or with `sudo`.", cause });
  });
  try {
    const { size, uid } = await from.stat();
    if (uid !== target.uid && uid !== 0) {
      throw new Failure({ code: "capture", message: `${theirs} belongs to user ${uid}, not to the process` });
    }
    demandRoom(session.folder, size, session);
    await pipeline(from.createReadStream({ autoClose: false }), createWriteStream(file, { mode: 0o600 }));
  } finally {
    await from.close();
  }
}
