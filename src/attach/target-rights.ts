/** What we may do with a process, and exactly what would give us the right: ptrace(2) "Ptrace access mode checking", Yama.rst. */
import { closeSync, openSync, readFileSync } from "node:fs";
import type { Refusal } from "./attacher.ts";
import { procText } from "./proc.ts";

// bits of capabilities(7)
const CAP_SYS_PTRACE = 19n;
const CAP_SYS_ADMIN = 21n;

/** 0 where Yama is not there, or lets every process of the same user. */
export function yamaScope(): number {
  try {
    return Number(readFileSync("/proc/sys/kernel/yama/ptrace_scope", "utf8"));
  } catch {
    return 0;
  }
}

/** Whether this process has the capability to trace processes that are not its own. */
export function mayTraceOthers(): boolean {
  return hasCapability(CAP_SYS_PTRACE);
}

/** Whether this process may set probes in the kernel. */
export function mayTraceKernel(): boolean {
  return hasCapability(CAP_SYS_ADMIN);
}

function hasCapability(bit: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(procText(process.pid, "status") ?? "")?.[1] ?? "0";
  return ((BigInt(`0x${effective}`) >> bit) & 1n) === 1n;
}

/** Why the memory of a process cannot be read; null where it can. */
export function memoryRefusal(pid: number, uid: number, status: ReadonlyMap<string, string>): Refusal | null {
  try {
    closeSync(openSync(`/proc/${pid}/mem`, "r"));
    return null;
  } catch (error) {
    return traceRefusal(pid, uid, status, (error as NodeJS.ErrnoException).code ?? "");
  }
}

/** Why a debugger could not attach either: somebody else's process, Yama, or a process that does not let itself be looked at. */
function traceRefusal(pid: number, uid: number, status: ReadonlyMap<string, string>, code: string): Refusal {
  if (code === "ENOENT" || code === "ESRCH") return { because: `process ${pid} has ended`, fix: "Start it again, and give the new pid." };
  const me = process.geteuid?.() ?? -1;
  const inDocker = "in Docker start the container with `--cap-add=SYS_PTRACE`; in Kubernetes use `kubectl debug --profile=sysadmin`";
  if (me !== uid && me !== 0) {
    return {
      because: `process ${pid} belongs to user ${uid}, and this is user ${me}`,
      fix: `Run the same command with \`sudo\`, or as that user: \`sudo -u '#${uid}' lagleak …\`.`,
    };
  }
  const scope = yamaScope();
  if (scope > 0 && !mayTraceOthers()) {
    return {
      because: `/proc/sys/kernel/yama/ptrace_scope is ${scope}, which forbids to look into processes that are no children`,
      fix: `Run it with \`sudo\`, or give it CAP_SYS_PTRACE: ${inDocker}.`,
    };
  }
  if (me === 0 && !mayTraceOthers()) {
    return { because: "this container has no CAP_SYS_PTRACE", fix: `Give it the capability: ${inDocker}.` };
  }
  const isTraced = Number(status.get("TracerPid") ?? 0) !== 0;
  if (isTraced) {
    return { because: `process ${pid} is traced by process ${status.get("TracerPid")}`, fix: "Detach that debugger first." };
  }
  return {
    because: `process ${pid} does not let itself be looked at (not dumpable, or forbidden by a security module: ${code})`,
    fix: "Run it with `sudo`; see `dmesg` for AppArmor or SELinux.",
  };
}
