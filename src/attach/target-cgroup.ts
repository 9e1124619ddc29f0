/**
 * The memory limit that ends a process: of its cgroup and of all above it, version 2 (memory.max) or version 1
 * (memory.limit_in_bytes), kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileExists, procText } from "./proc.ts";

export interface TargetCgroup {
  readonly version: 1 | 2;
  readonly path: string; // below the root of the hierarchy
  readonly usageBytes: number | null; // page cache included, as the limit counts it
  readonly limitBytes: number | null; // the lowest of it and its parents; null = none
}

/** Version 1 says "no limit" with a number next to 2^63. */
const NO_LIMIT_BYTES = 2 ** 60;

/** Null where the process is in none that we can see. */
export function readCgroup(pid: number, root = "/sys/fs/cgroup"): TargetCgroup | null {
  const lines = (procText(pid, "cgroup") ?? "").trim().split("\n");
  const one = lines.find((line) => /^\d+:([^:]*,)?memory(,[^:]*)?:/.test(line));
  if (one !== undefined) {
    const group = one.split(":").slice(2).join(":");
    return groupAt(1, `${root}/memory`, group, "memory.usage_in_bytes", "memory.limit_in_bytes");
  }
  const two = lines.find((line) => line.startsWith("0::"));
  if (two === undefined) return null;
  const folder = fileExists(`${root}/unified`) ? `${root}/unified` : root;
  return groupAt(2, folder, two.slice(3), "memory.current", "memory.max");
}

/** Seen from inside of a container, the path of its own cgroup is the root of what it sees. */
function groupAt(version: 1 | 2, root: string, group: string, usage: string, limit: string): TargetCgroup {
  const isThere = fileExists(path.join(root, group, usage)) || fileExists(path.join(root, group, limit));
  const below = isThere ? group : "/";
  const limits: number[] = [];
  for (let folder = path.join("/", below); ; folder = path.dirname(folder)) {
    const bytes = numberIn(path.join(root, folder, limit));
    if (bytes !== null && bytes < NO_LIMIT_BYTES) limits.push(bytes);
    if (folder === "/") break;
  }
  return {
    version,
    path: group,
    usageBytes: numberIn(path.join(root, below, usage)),
    limitBytes: limits.length === 0 ? null : Math.min(...limits),
  };
}

function numberIn(file: string): number | null {
  try {
    const text = readFileSync(file, "utf8").trim();
    return /^\d+$/.test(text) ? Number(text) : null; // "max" is no number
  } catch {
    return null;
  }
}
