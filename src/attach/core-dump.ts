/** The memory of a process as a core file (`gcore`), for debuggers; written by gdb, outside of the process. */

import { writeFileSync } from "node:fs";
import path from "node:path";
import { formatBytes, formatDuration } from "../base/units.ts";
import type { Attacher } from "./attacher.ts";
import { captureFile, demandRoom, nothingCaptured } from "./capture-files.ts";
import { gdbRefusal, runGdb } from "./gdb.ts";

/** Measured: 0.66 s for 620 MB. A slow disk writes 100 MB/s. */
const FAST_MS_PER_MB = 1.1;
const SLOW_MS_PER_MB = 10;

export const coreDump: Attacher = {
  id: "core-dump",
  title: "a core file of the process",
  level: 2,
  byLevel: false, // nothing here reads it
  sees: "all of its memory at one moment, for a debugger: lagleak does not read it. It contains payloads and secrets",
  isFor: () => true,
  refuses: async (target) => gdbRefusal(target),
  plan: async (target) => {
    const [fast, slow] = [FAST_MS_PER_MB, SLOW_MS_PER_MB].map((perMb) => formatDuration(200 + (target.residentBytes / 1e6) * perMb));
    return {
      what: `write its memory, ${formatBytes(target.residentBytes)} are resident, into a core file by gdb`,
      stops: `all of it while it is written: ${fast} (fast disk) to ${slow} (slow disk)`,
      risk: "a pause beyond session.timeout.ms makes the consumer group rebalance; the file holds payloads and secrets",
    };
  },
  capture: async (target, session) => {
    demandRoom(session.folder, target.residentBytes, session);
    const file = path.resolve(captureFile(session, "core", 1, "core"));
    writeFileSync(file, "", { mode: 0o600 });
    const timeoutSeconds = 60 + Math.ceil(((target.residentBytes / 1e6) * SLOW_MS_PER_MB) / 1000);
    await runGdb(target, [`generate-core-file ${file}`], { callsFunctions: false, timeoutSeconds }).catch((error: unknown) => {
      throw nothingCaptured(target, error);
    });
    session.note(`the core file is ${file}`);
    return []; // no capture that could be analyzed
  },
  undo: async () => {}, // nothing was opened
};
