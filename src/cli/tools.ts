/** Programs of others that some methods need, and how to get them. */
import { accessSync, constants } from "node:fs";
import path from "node:path";

const TOOLS = [
  { name: "gdb", install: "apt-get install gdb, dnf install gdb, apk add gdb" },
  { name: "heaptrack", install: "apt-get install heaptrack, dnf install heaptrack" },
  { name: "bpftrace", install: "apt-get install bpftrace, dnf install bpftrace" },
  { name: "gcore", install: "comes with gdb" },
  { name: "nsenter", install: "apt-get install util-linux" },
] as const;

export interface Tool {
  readonly name: string;
  readonly path: string | null; // null: not on the PATH
  readonly install: string;
}

export function foundTools(env: Readonly<Record<string, string | undefined>> = process.env): readonly Tool[] {
  const folders = (env["PATH"] ?? "").split(path.delimiter).filter((folder) => folder !== "");
  return TOOLS.map(({ name, install }) => ({
    name,
    install,
    path: folders.map((folder) => path.join(folder, name)).find(isExecutable) ?? null,
  }));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
