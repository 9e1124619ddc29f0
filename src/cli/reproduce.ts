/**
 * The command that was typed, to be shown in a report: quoted for a shell, and without what is nobody's business. A setting that
 * may hold a secret is left out as a whole, because its value could not be given anyway.
 */
import { isSecret } from "../evidence/secrets.ts";

const OUTPUT_OPTIONS: ReadonlySet<string> = new Set(["-o", "--output", "--color", "--progress"]);
const OUTPUT_FLAGS: ReadonlySet<string> = new Set(["--force", "-q", "--quiet"]);

/** `args` are those after the name of the program. */
export function reproduction(args: readonly string[]): string {
  const words = ["lagleak"];
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? "";
    const [option = "", ...rest] = word.split("=");
    const isAttached = word.startsWith("--") && rest.length > 0;
    const value = isAttached ? rest.join("=") : (args[index + 1] ?? "");
    if (OUTPUT_FLAGS.has(word)) continue;
    if (OUTPUT_OPTIONS.has(option) || (option === "--set" && isSecretSetting(value))) {
      if (!isAttached) index++;
      continue;
    }
    if (isSecret("", word)) continue;
    words.push(quoted(word));
  }
  return words.join(" ");
}

function isSecretSetting(assignment: string): boolean {
  const equals = assignment.indexOf("=");
  return equals < 0 || isSecret(assignment.slice(0, equals), assignment.slice(equals + 1));
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
