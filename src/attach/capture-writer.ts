/** A capture file that is written piece by piece: it has its name only once it is whole, and it never grows beyond its limit. */
import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { Failure } from "../base/failure.ts";

export interface CaptureFile {
  readonly path: string;
  readonly bytes: () => number;
  /** @throws Failure `capture` at the limit or when the disk is full; what was written stays, as `….part` */
  readonly write: (text: string) => void;
  /** The file is whole. */
  readonly finish: () => string;
  /** It is not, and stays as `….part`. Harmless after `finish`. */
  readonly abandon: () => void;
}

/** For its user only: captures hold what the process holds. @throws Failure `capture` where it cannot be created */
export function createCaptureFile(path: string, limitBytes: number): CaptureFile {
  const part = `${path}.part`;
  let file = attempt(path, () => openSync(part, "w", 0o600));
  let bytes = 0;
  const close = (): void => {
    if (file < 0) return;
    const open = file;
    file = -1;
    attempt(path, () => closeSync(open));
  };
  return {
    path,
    bytes: () => bytes,
    write: (text) => {
      const chunk = Buffer.from(text, "utf8");
      if (bytes + chunk.length > limitBytes) {
        throw new Failure({
          code: "capture",
          message: `the capture is larger than ${limitBytes} bytes, the most that it may take`,
          where: { file: part },
          hint: "Allow more of the disk, or choose a method with smaller captures.",
        });
      }
      for (let done = 0; done < chunk.length; ) done += attempt(part, () => writeSync(file, chunk, done));
      bytes += chunk.length;
    },
    finish: () => {
      close();
      attempt(path, () => renameSync(part, path));
      return path;
    },
    abandon: close,
  };
}

function attempt<Value>(file: string, action: () => Value): Value {
  try {
    return action();
  } catch (cause) {
    const isFull = /ENOSPC|EDQUOT/.test((cause as NodeJS.ErrnoException).code ?? "");
    throw new Failure({
      code: "capture",
      message: isFull ? "the disk is full" : "the capture cannot be written",
      where: { file },
      hint: "Choose another folder for the captures.",
      cause,
    });
  }
}
