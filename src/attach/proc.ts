/**
 * What Linux says of a process in /proc (proc(5), proc_pid_*(5)). Everything is read as text, once; a process that ended or that
 * belongs to somebody else gives null and never an exception: who asks decides what that means.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

/** A part of the address space, a line of /proc/PID/maps. Addresses fit a double: user space ends at 2^47 (2^56 with 5 levels). */
export interface Mapping {
  readonly start: number;
  readonly end: number; // exclusive
  readonly isReadable: boolean;
  readonly isWritable: boolean;
  readonly isExecutable: boolean;
  readonly isShared: boolean;
  readonly fileOffset: number;
  readonly inode: number; // 0 = of no file
  readonly path: string; // "", "[heap]", "[stack]", "/usr/lib/…" as the process sees it; " (deleted)" stays at its end
}

/** All processes that can be seen. */
export function processes(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Null where the file is not there or not for us. */
export function procText(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return null;
  }
}

/** Where a link such as `exe`, `cwd`, `ns/pid` leads; null where it is not there or not for us. */
export function procLink(pid: number, link: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/${link}`);
  } catch {
    return null;
  }
}

export function procNames(pid: number, folder: string): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/${folder}`);
  } catch {
    return [];
  }
}

/** Fields of /proc/PID/status, as written there. */
export function readStatus(pid: number): ReadonlyMap<string, string> | null {
  const text = procText(pid, "status");
  if (text === null) return null;
  return new Map(
    text
      .split("\n")
      .filter((line) => line.includes(":"))
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
  );
}

/** Clock ticks after boot when the process started: with the pid, its identity, for pids are given out again. Null: there is none. */
export function startTicks(pid: number): number | null {
  const text = procText(pid, "stat");
  if (text === null) return null;
  // the name in parentheses may hold anything, so count after its last parenthesis: field 22 is the 20th from there
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[19]);
}

/** Null where the maps of the process are not for us. */
export function readMappings(pid: number): readonly Mapping[] | null {
  const text = procText(pid, "maps");
  if (text === null || text === "") return null;
  return text.split("\n").flatMap((line) => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) (....) ([0-9a-f]+) \S+ (\d+) *(.*)$/.exec(line);
    if (match === null) return [];
    const [, start = "", end = "", flags = "", offset = "", inode = "", path = ""] = match;
    return {
      start: Number.parseInt(start, 16),
      end: Number.parseInt(end, 16),
      isReadable: flags[0] === "r",
      isWritable: flags[1] === "w",
      isExecutable: flags[2] === "x",
      isShared: flags[3] === "s",
      fileOffset: Number.parseInt(offset, 16),
      inode: Number(inode),
      path,
    };
  });
}

/** Names of the threads (15 characters at most); readable for everybody. */
export function threadNames(pid: number): readonly string[] {
  return procNames(pid, "task").flatMap((task) => {
    const name = procText(pid, `task/${task}/comm`);
    return name === null ? [] : name.trimEnd();
  });
}

/** Arguments of the process as they were given; they may hold secrets and are for looking at, never for writing down. */
export function commandLine(pid: number): readonly string[] {
  return (procText(pid, "cmdline") ?? "").replace(/\0$/, "").split("\0");
}

/** One variable of the environment that the process was started with; null where it is not set or not for us. */
export function environmentVariable(pid: number, name: string): string | null {
  const entry = (procText(pid, "environ") ?? "").split("\0").find((one) => one.startsWith(`${name}=`));
  return entry === undefined ? null : entry.slice(name.length + 1);
}

/** A socket on which a process waits for connections, in its own network namespace. */
export interface Listener {
  readonly port: number;
  readonly address: string; // as in the table: "127.0.0.1", "0.0.0.0", "::1", "::"
}

/** TCP ports that the process itself listens on: its socket inodes among the listening ones of its network namespace. */
export function listeners(pid: number): readonly Listener[] {
  const own = new Set(
    procNames(pid, "fd").flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(procLink(pid, `fd/${fd}`) ?? "")?.[1];
      return inode === undefined ? [] : inode;
    }),
  );
  const found = ["net/tcp", "net/tcp6"].flatMap((table) =>
    (procText(pid, table) ?? "").split("\n").flatMap((line): Listener | readonly Listener[] => {
      const columns = line.trim().split(/\s+/);
      const [host = "", port = ""] = (columns[1] ?? "").split(":");
      if (columns[3] !== "0A" || !own.has(columns[9] ?? "")) return [];
      return { port: Number.parseInt(port, 16), address: addressOf(host) };
    }),
  );
  return found.filter((one, index) => found.findIndex((other) => other.port === one.port) === index).sort((a, b) => a.port - b.port);
}

/** Little-endian words in hexadecimal. */
function addressOf(host: string): string {
  if (host.length === 8) return [6, 4, 2, 0].map((at) => Number.parseInt(host.slice(at, at + 2), 16)).join(".");
  if (/^0+$/.test(host)) return "::";
  if (host === "00000000000000000000000001000000") return "::1";
  if (host.startsWith("0000000000000000FFFF0000")) return addressOf(host.slice(24));
  return "other";
}

/** Whether a signal is caught by the process, so that sending it does not end it. */
export function catchesSignal(status: ReadonlyMap<string, string>, signal: number): boolean {
  return ((BigInt(`0x${status.get("SigCgt") ?? "0"}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

/** Bytes of a field in kB of /proc/PID/status or smaps_rollup; null where it is missing. */
export function kilobytes(text: string | undefined): number | null {
  const match = /^(\d+) kB$/.exec(text ?? "");
  return match === null ? null : Number(match[1]) * 1024;
}

export function fileExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
