/**
 * What is this process: its runtime, Kafka clients, allocator, container, limits, and what we may do with it. Looks at /proc and at
 * files that the process has mapped, and changes nothing.
 */
import { Failure } from "../base/failure.ts";
import type { Refusal } from "./attacher.ts";
import { kilobytes, type Mapping, procLink, readMappings, readStatus, startTicks } from "./proc.ts";
import { readCgroup, type TargetCgroup } from "./target-cgroup.ts";
import { findClients, type TargetClient } from "./target-clients.ts";
import { memoryRefusal } from "./target-rights.ts";
import { findAllocator, findRuntime, type TargetAllocator, type TargetRuntime } from "./target-runtime.ts";

export interface Target {
  readonly pid: number;
  /** With the pid its identity: pids are given out again. */
  readonly startTicks: number;
  readonly name: string; // of its main thread, 15 characters at most
  readonly executable: string | null; // as the process sees it; null where that is not for us
  readonly uid: number;
  readonly gid: number;
  readonly namespacePid: number; // its pid as it knows itself
  readonly inOtherNamespaces: readonly ("pid" | "mnt" | "net" | "user")[];
  readonly container: string | null; // id, or its beginning, from the cgroup path
  readonly runtime: TargetRuntime;
  readonly allocator: TargetAllocator;
  readonly clients: readonly TargetClient[];
  readonly cgroup: TargetCgroup | null;
  readonly residentBytes: number;
  readonly threads: number;
  readonly tracerPid: number; // 0 = nobody traces it
  readonly status: ReadonlyMap<string, string>; // /proc/PID/status when we looked
  readonly mappings: readonly Mapping[]; // when we looked; empty where they are not for us
  /** Why its memory cannot be read; null where it can. */
  readonly memoryRefusal: Refusal | null;
}

/** @throws Failure `capture` when there is no such process, or it is no process that can be looked at */
export function inspectTarget(pid: number): Target {
  const status = readStatus(pid);
  const ticks = startTicks(pid);
  const hint = "See `ps -ef`, or `docker top` and `crictl inspect` for a container's process, and give its pid on this machine.";
  if (status === null || ticks === null) throw new Failure({ code: "capture", message: `there is no process ${pid}`, hint });
  const isDead = /^[ZX]/.test(status.get("State") ?? "");
  if (isDead) throw new Failure({ code: "capture", message: `process ${pid} has ended and only waits for its parent`, hint });
  if (status.get("VmRSS") === undefined) throw new Failure({ code: "capture", message: `${pid} is a thread of the kernel`, hint });
  const mappings = readMappings(pid) ?? [];
  const executable = procLink(pid, "exe");
  const runtime = findRuntime(pid, executable, mappings);
  const cgroup = readCgroup(pid);
  const [uid = -1] = idsOf(status.get("Uid"));
  const [gid = -1] = idsOf(status.get("Gid"));
  return {
    pid,
    startTicks: ticks,
    name: status.get("Name") ?? "",
    executable,
    uid,
    gid,
    namespacePid: Number((status.get("NStgid") ?? String(pid)).split(/\s+/).at(-1)),
    inOtherNamespaces: (["pid", "mnt", "net", "user"] as const).filter((kind) => isOtherNamespace(pid, kind)),
    container: containerOf(cgroup),
    runtime,
    allocator: findAllocator(pid, executable, mappings, runtime),
    clients: findClients(pid, executable, mappings, runtime),
    cgroup,
    residentBytes: kilobytes(status.get("VmRSS")) ?? 0,
    threads: Number(status.get("Threads") ?? 1),
    tracerPid: Number(status.get("TracerPid") ?? 0),
    status,
    mappings,
    memoryRefusal: memoryRefusal(pid, uid, status),
  };
}

/** Whether the process that was looked at is still the one with this pid. */
export function isAlive(target: Pick<Target, "pid" | "startTicks">): boolean {
  const status = readStatus(target.pid);
  return status !== null && startTicks(target.pid) === target.startTicks && !/^[ZX]/.test(status.get("State") ?? "");
}

/** Where a file of the target lies for us, also when it has another root. */
export function pathOf(target: Pick<Target, "pid">, file: string): string {
  return `/proc/${target.pid}/root${file}`;
}

/** Real, effective, saved, file system: the effective one is second, and what counts for files and signals of the target. */
function idsOf(text: string | undefined): readonly number[] {
  const ids = (text ?? "").split(/\s+/).map(Number);
  return ids.length < 2 ? [] : ids.slice(1);
}

/** Unknown is taken as the same: without the right to look there is no way in anyway. */
function isOtherNamespace(pid: number, kind: string): boolean {
  const theirs = procLink(pid, `ns/${kind}`);
  return theirs !== null && theirs !== procLink(process.pid, `ns/${kind}`);
}

function containerOf(cgroup: TargetCgroup | null): string | null {
  return /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:$|\/)/.exec(cgroup?.path ?? "")?.[1]?.slice(0, 12) ?? null;
}
