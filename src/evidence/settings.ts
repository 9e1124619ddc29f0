/** Settings given on the command line (`--set key=value`), which win over those of a file. */
import { Failure } from "../base/failure.ts";
import { isSecret } from "./secrets.ts";

/** Later ones win. Secrets are dropped. @throws Failure `usage` */
export function parseSettings(assignments: readonly string[]): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const assignment of assignments) {
    const equals = assignment.indexOf("=");
    const key = assignment.slice(0, Math.max(0, equals)).trim();
    const value = assignment.slice(equals + 1).trim();
    if (!/^[\w.-]+$/.test(key)) {
      throw new Failure({
        code: "usage",
        // the text may hold a secret, so only its name is repeated
        message: equals < 0 ? "--set needs key=value" : `"${key}" is not a setting that --set can take`,
        hint: "Write for example --set queued.max.messages.kbytes=16384.",
      });
    }
    if (!isSecret(key, value)) settings.set(key, value);
  }
  return settings;
}
