/** Where this program keeps what has to outlive it: the undo logs of attached processes (XDG Base Directory Specification). */
import os from "node:os";
import path from "node:path";

export function stateFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const base = env["XDG_STATE_HOME"] ?? "";
  return path.join(path.isAbsolute(base) ? base : path.join(os.homedir(), ".local", "state"), "lagleak");
}
