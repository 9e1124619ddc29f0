/** Configuration by lines: `.properties` (java.util.Properties) and INI, env files and dumps of an environment. */
import { type Entry, lossOf, type Reading, type Refuse } from "./client-config-entry.ts";
import { isBrokerVariable } from "./client-config-names.ts";

/**
 * java.util.Properties, except that a line needs `=` or `:`; lines of INI that name a section are skipped. A line `#---` begins
 * a document of Spring Boot.
 */
export function readProperties(text: string, refuse: Refuse): Reading {
  const entries: Entry[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  let layer = 0;
  for (let row = 0; row < lines.length; row++) {
    const first = row + 1;
    let line = (lines[row] ?? "").trimStart();
    if (/^[#!]---\s*$/.test(line)) layer++;
    if (line === "" || /^[#!;]|^\[[^\]]*\]\s*$/.test(line)) continue;
    if (isContinued(line)) {
      const parts: string[] = [];
      while (isContinued(line) && row + 1 < lines.length) {
        parts.push(line.slice(0, -1));
        line = (lines[++row] ?? "").trimStart();
      }
      line = parts.join("") + line;
    }
    const match = /^((?:\\.|[^\\=:\s])+)\s*[=:]\s*(.*)$/s.exec(line);
    if (match === null) throw refuse(first, "this line is no setting (key=value)");
    const value = unescaped(match[2] ?? "").trimEnd();
    const quoted = /^(["'])([^"']*)\1$/.exec(value);
    entries.push({ path: [unescaped(match[1] ?? "")], value: quoted?.[2] ?? value, line: first, kind: "setting", role: null, layer });
  }
  // without profiles, documents are lines of one file
  const isSpring = entries.some(({ path }) => path[0]?.startsWith("spring.") === true);
  return { entries: isSpring ? entries : entries.map((entry) => ({ ...entry, layer: 0 })), losses: [] };
}

/** Ends with an odd number of backslashes. */
function isContinued(line: string): boolean {
  let backslashes = 0;
  while (line[line.length - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, character: string) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    return { n: "\n", t: "\t", r: "\r", f: "\f" }[character] ?? character;
  });
}

/** Lines that are no assignments belong to shell functions or to values of several lines, and are skipped. */
export function readEnvironment(text: string): Reading {
  const entries: Entry[] = [];
  for (const [row, line] of text.split(/\r?\n/).entries()) {
    const match = /^\s*(?:(?:export|ENV)\s+|declare -x )?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line);
    if (match === null) continue;
    const value = unquoted((match[2] ?? "").trim());
    entries.push({ path: [match[1] ?? ""], value, line: row + 1, kind: "variable", role: null, layer: 0 });
  }
  if (!entries.some(({ path }) => isBrokerVariable(path[0] ?? ""))) return { entries, losses: [] };
  return { entries: [], losses: [lossOf("the environment of a broker was left out")] };
}

/** `'a b'`, `"a b"`, and `a # comment`, as shells read it. */
function unquoted(text: string): string {
  const match = /^(["'])(.*?)\1/.exec(text);
  return match === null ? text.replace(/\s+#.*$/, "") : (match[2] ?? "");
}
