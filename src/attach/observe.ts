/**
 * Level 0: looks at a process again and again and writes what it sees, one line of JSON a tick, as `<name>.lagleak.jsonl`. Lines are
 * written whole and at once, so that whatever ends the observer leaves a file that can be read. `src/evidence/observe-series.ts` reads it.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { Failure } from "../base/failure.ts";
import { VERSION } from "../base/version.ts";
import type { Refusal } from "./attacher.ts";
import { type Gauge, type GaugeRequest, isRefusal, type OpenGauge, type Reading } from "./gauge.ts";
import { kilobytes, readStatus } from "./proc.ts";
import { isAlive, type Target } from "./target.ts";
import { readCgroup } from "./target-cgroup.ts";

/** What was seen at one moment. */
export interface Observation extends Reading {
  readonly elapsedMs: number; // since the first
  readonly residentBytes: number;
  readonly anonymousBytes: number; // of these, of no file
  readonly swappedBytes: number;
  readonly cgroupBytes: number | null; // of the whole container, page cache included
  readonly threads: number;
}

/** Something the process has and that cannot be read. */
export interface Unreadable extends Refusal {
  readonly gauge: string;
}

export interface Observer {
  readonly file: string;
  readonly unreadable: readonly Unreadable[];
  readonly gauges: readonly string[]; // ids of those that are read
  readonly observations: readonly Observation[]; // the last 4,096
  /** Looks, and writes a line. Null once the process has ended. @throws Failure `capture` when the line cannot be written: what is there stays whole */
  readonly observe: () => Promise<Observation | null>;
  readonly close: () => Promise<void>;
}

export interface ObserveOptions {
  readonly file: string; // must not exist
  readonly request: GaugeRequest;
  readonly nowMs?: () => number;
}

/** An hour at one a second, and some; older ones are in the file. */
const KEPT_OBSERVATIONS = 4096;

/** Opens the gauges that the process has. @throws Failure `capture` when the file cannot be made */
export async function openObserver(target: Target, gauges: readonly Gauge[], options: ObserveOptions): Promise<Observer> {
  const { file, request, nowMs = Date.now } = options;
  const open: { readonly id: string; readonly gauge: OpenGauge; lastMs: number }[] = [];
  const unreadable: Unreadable[] = [];
  for (const gauge of gauges) {
    const answer = await gauge.open(target, request);
    if (answer === null) continue;
    if (isRefusal(answer)) unreadable.push({ gauge: gauge.id, because: answer.because, fix: answer.fix });
    else open.push({ id: gauge.id, gauge: answer, lastMs: -Infinity });
  }
  const lines = openLines(file);
  const startedAtMs = nowMs();
  lines.write(introduction(target, startedAtMs, unreadable));
  const observations: Observation[] = [];
  return {
    file,
    unreadable,
    gauges: open.map(({ id }) => id),
    observations,
    observe: async () => {
      const status = readStatus(target.pid);
      if (status === null || !isAlive(target)) return null;
      const elapsedMs = nowMs() - startedAtMs;
      let reading: Reading = {};
      for (const one of [...open]) {
        if (elapsedMs - one.lastMs < one.gauge.everyMs) continue;
        one.lastMs = elapsedMs;
        try {
          reading = merge(reading, await one.gauge.read());
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          // the other gauges go on
          open.splice(open.indexOf(one), 1);
          const gone = { gauge: one.id, because: error.message, fix: error.hint ?? "" };
          unreadable.push(gone);
          lines.write({ elapsedMs, unreadable: [gone] });
          await one.gauge.close();
        }
      }
      const residentBytes = kilobytes(status.get("VmRSS"));
      if (residentBytes === null) return null; // it is ending
      const observation: Observation = {
        elapsedMs,
        residentBytes,
        anonymousBytes: kilobytes(status.get("RssAnon")) ?? 0,
        swappedBytes: kilobytes(status.get("VmSwap")) ?? 0,
        cgroupBytes: target.cgroup === null ? null : (readCgroup(target.pid)?.usageBytes ?? null),
        threads: Number(status.get("Threads") ?? 0),
        ...reading,
      };
      lines.write(observation);
      observations.push(observation);
      if (observations.length > KEPT_OBSERVATIONS) observations.shift();
      return observation;
    },
    close: async () => {
      for (const { gauge } of open) await gauge.close();
      lines.close();
    },
  };
}

/** Two gauges may see queues of their own; everything else has one source. */
function merge(all: Reading, more: Reading | null): Reading {
  if (more === null) return all;
  const queues = [...(all.queues ?? []), ...(more.queues ?? [])];
  return { ...all, ...more, ...(queues.length === 0 ? {} : { queues }) };
}

/** The first line: whose observations these are. No argument and no variable of the process is in it. */
function introduction(target: Target, startedAtMs: number, unreadable: readonly Unreadable[]): object {
  const { pid, startTicks, name, container, runtime, allocator, clients, cgroup } = target;
  return {
    lagleakObservation: 1,
    writer: `lagleak ${VERSION}`,
    startedAtMs,
    pid,
    startTicks,
    name,
    container,
    runtime: runtime.id,
    runtimeVersion: runtime.version,
    language: runtime.language,
    allocator: allocator.id,
    clients: clients.map(({ id, version, linkage }) => ({ id, version, linkage })),
    limitBytes: cgroup?.limitBytes ?? null,
    unreadable,
  };
}

interface Lines {
  /** @throws Failure `capture` */
  readonly write: (value: object) => void;
  readonly close: () => void;
}

function openLines(file: string): Lines {
  let handle: number;
  try {
    handle = openSync(file, "wx", 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure({
      code: "capture",
      message: code === "EEXIST" ? "exists already" : `cannot be written (${code})`,
      where: { file },
      hint: "Choose another folder with --captures.",
      cause: error,
    });
  }
  return {
    write: (value) => {
      const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
      const { size } = fstatSync(handle);
      try {
        if (writeSync(handle, bytes) === bytes.length) return;
        throw Object.assign(new Error("disk full"), { code: "ENOSPC" });
      } catch (error) {
        ftruncateSync(handle, size); // a line that is not whole is none
        throw new Failure({
          code: "capture",
          message: `cannot be written any more (${(error as NodeJS.ErrnoException).code}); ${size} bytes of observations are whole`,
          where: { file },
          hint: `Make room on the disk; see what was observed with: lagleak analyze ${file}`,
          cause: error,
        });
      }
    },
    close: () => closeSync(handle),
  };
}
