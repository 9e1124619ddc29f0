/**
 * The memory of a running process, read from /proc/PID/mem without stopping it. Reading needs PTRACE_MODE_ATTACH (the same user and
 * no Yama, or CAP_SYS_PTRACE). Nothing is synchronised: what is read may change meanwhile, so whoever follows pointers checks them.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { type Mapping, readMappings } from "./proc.ts";

export interface TargetMemory {
  readonly pid: number;
  /** As it is now. Empty once the process ended. */
  readonly mappings: () => readonly Mapping[];
  /** Fills `into` from an address; the number of bytes that could be read, less at the end of a mapping, 0 where there is nothing. */
  readonly readInto: (address: number, into: Uint8Array) => number;
  /** Null where not all of it can be read. */
  readonly read: (address: number, length: number) => Uint8Array | null;
  readonly close: () => void;
}

/** Null where we may not read it, or there is no such process. */
export function openTargetMemory(pid: number): TargetMemory | null {
  let file: number;
  try {
    file = openSync(`/proc/${pid}/mem`, "r");
  } catch {
    return null;
  }
  const readInto = (address: number, into: Uint8Array): number => {
    try {
      return readSync(file, into, 0, into.length, address);
    } catch {
      return 0; // EIO: not mapped; ESRCH: the process ended
    }
  };
  return {
    pid,
    mappings: () => readMappings(pid) ?? [],
    readInto,
    read: (address, length) => {
      const bytes = new Uint8Array(length);
      return readInto(address, bytes) === length ? bytes : null;
    },
    close: () => closeSync(file),
  };
}
