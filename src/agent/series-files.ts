/**
 * The profiles of one process: a bounded number of files that cover all of its life. When there are too many, every second one goes
 * and the next ones come half as often, so that a day leaves as many as an hour.
 */
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

export interface SeriesFiles {
  /** A profile of a moment (Unix ms). @throws where it cannot be written */
  readonly add: (atMs: number, bytes: Uint8Array) => void;
  /** How many times as rarely as at the beginning the next profile is due. */
  readonly slowedBy: () => number;
  /** A line of the observations beside. @throws where it cannot be written */
  readonly note: (line: object) => void;
}

/** Names: `<name>.<pid>.<Unix ms>.pb.gz`, and `<name>.<pid>.lagleak.jsonl`. @throws where the folder cannot be made */
export function openSeriesFiles(folder: string, name: string, pid: number, mostFiles: number): SeriesFiles {
  const place = path.resolve(folder); // the program may change its working directory
  mkdirSync(place, { recursive: true });
  const observations = path.join(place, `${name}.${pid}.lagleak.jsonl`);
  let files: readonly string[] = [];
  let slowedBy = 1;
  return {
    add: (atMs, bytes) => {
      const file = path.join(place, `${name}.${pid}.${atMs}.pb.gz`);
      writeFileSync(`${file}.part`, bytes, { mode: 0o600 });
      renameSync(`${file}.part`, file);
      files = [...files.filter((one) => one !== file), file];
      if (files.length <= mostFiles) return;
      const last = files.length - 1;
      const isKept = (index: number): boolean => index % 2 === 0 || index === last;
      for (const [index, one] of files.entries()) if (!isKept(index)) rmSync(one, { force: true });
      files = files.filter((_, index) => isKept(index));
      slowedBy *= 2;
    },
    slowedBy: () => slowedBy,
    note: (line) => appendFileSync(observations, `${JSON.stringify(line)}\n`, { mode: 0o600 }),
  };
}
