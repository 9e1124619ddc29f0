/** The import table of the house as data, and the rule that every member of a socket is in its list. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** The sources of the compiled test: `dist/architecture.test.js` lies in the root's `dist`. */
const source = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), "src");

/** What each folder may import besides itself. Files in `src/` itself (main, index) may import everything. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ["base"],
  formats: ["model", "base"],
  clients: ["base"],
  evidence: ["base"],
  attach: ["base"],
  agent: ["base"], // loaded into programs that are not ours
  judge: ["clients", "evidence", "model", "base"],
  report: ["judge", "clients", "evidence", "model", "base"],
  // "": the library door (index.ts), which the command line and the generated pages use like everybody else
  cli: ["", "report", "judge", "clients", "evidence", "formats", "attach", "model", "base"],
  testing: ["", "cli", "report", "judge", "clients", "evidence", "formats", "attach", "model", "base"],
};

/** Imports outside of the table: `from` and `to` are paths below `src/`. Keep it empty. */
const exceptions: readonly { readonly from: string; readonly to: string; readonly reason: string }[] = [];

/** Folders whose members are listed in `index.ts`, and their interface file. */
const sockets: readonly { readonly folder: string; readonly interfaceFile: string }[] = [
  { folder: "formats", interfaceFile: "format.ts" },
  { folder: "clients", interfaceFile: "client.ts" },
  { folder: "evidence", interfaceFile: "evidence.ts" },
  { folder: "judge/weights", interfaceFile: "weight.ts" },
];

/** Files in a socket's folder that are no members. */
const nonMembers: readonly { readonly file: string; readonly reason: string }[] = [
  { file: "clients/ceilings.ts", reason: "ceilings from terms" },
  { file: "clients/lag-remedies.ts", reason: "advice that is the same for every client" },
  { file: "clients/lineage.ts", reason: "what holds for a client together with those it is built on" },
  { file: "clients/npm-package.ts", reason: "where the files of an npm package lie" },
  { file: "clients/parameters.ts", reason: "settings as formulas ask for them" },
  { file: "clients/own-rules.ts", reason: "the user's own rules: clients, application and libraries from a file" },
  { file: "clients/surrounding-packages.ts", reason: "well-known packages of every language, for surroundings.ts" },
  { file: "clients/surroundings.ts", reason: "frames of no client: allocators, runtimes, libraries" },
  { file: "formats/java-heapz.ts", reason: "the Java variant of the heap profile text" },
  { file: "formats/native-stack.ts", reason: "stacks of bare addresses, for formats that hold them" },
  { file: "formats/not-yet.ts", reason: "what is recognised and not read, and what to give instead" },
  { file: "formats/script-module.ts", reason: "the package of a JavaScript file" },
  { file: "formats/unsample.ts", reason: "estimates from samples" },
  { file: "formats/recognize.ts", reason: "asks all formats" },
  { file: "evidence/evidence-rows.ts", reason: "rows of lag and memory as columns" },
  { file: "evidence/json-objects.ts", reason: "JSON objects in any text, for sources that hold them" },
  { file: "evidence/read-evidence.ts", reason: "opens a file for a source and says what is wrong with it" },
  { file: "evidence/secrets.ts", reason: "which settings are never kept" },
  { file: "evidence/settings.ts", reason: "settings of the command line" },
  { file: "evidence/wall-clock.ts", reason: "times at the beginning of lines" },
];

function sourceFiles(): readonly string[] {
  return readdirSync(source, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".ts"))
    .sort();
}

/** Relative imports (static, dynamic and of types) as paths below `src/`. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(path.join(source, file), "utf8");
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g)].map((match) =>
    path.posix.normalize(path.posix.join(path.posix.dirname(file), match[1] ?? "")),
  );
}

function folderOf(file: string): string {
  const slash = file.indexOf("/");
  return slash < 0 ? "" : file.slice(0, slash);
}

test("every import follows the one direction of the house", () => {
  const wrong: string[] = [];
  for (const file of sourceFiles()) {
    const from = folderOf(file);
    if (from === "") continue;
    assert.ok(mayImport[from] !== undefined, `src/${from}/ is not in the import table`);
    const allowed = [from, ...(mayImport[from] ?? []), ...(file.endsWith(".test.ts") ? ["testing"] : [])];
    for (const to of importsOf(file)) {
      const isException = exceptions.some((exception) => exception.from === file && exception.to === to);
      if (!allowed.includes(folderOf(to)) && !isException) wrong.push(`${file} imports ${to}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("no exception is left over", () => {
  for (const { from, to } of exceptions) assert.ok(importsOf(from).includes(to), `${from} no longer imports ${to}: remove the exception`);
});

test("every member of a socket is in its list", () => {
  for (const { folder, interfaceFile } of sockets) {
    if (!existsSync(path.join(source, folder))) continue;
    const index = readFileSync(path.join(source, folder, "index.ts"), "utf8");
    const files = readdirSync(path.join(source, folder));
    // `pprof-message.ts` is a part of `pprof.ts`
    const isPart = (file: string): boolean => files.some((other) => other !== file && file.startsWith(`${other.slice(0, -3)}-`));
    for (const file of files) {
      const isMember =
        file.endsWith(".ts") &&
        !file.endsWith(".test.ts") &&
        file !== interfaceFile &&
        file !== "index.ts" &&
        !isPart(file) &&
        !nonMembers.some((entry) => entry.file === `${folder}/${file}`);
      if (!isMember) continue;
      const name = path.basename(file, ".ts").replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      const line = `import { ${name} } from "./${file}";`;
      assert.ok(index.includes(`"./${file}"`), `${folder}/${file} is not in ${folder}/index.ts; add: ${line}`);
    }
  }
});

test("every gauge, attacher and launcher is in the list of ways into a process", () => {
  const folder = path.join(source, "attach");
  const index = readFileSync(path.join(folder, "index.ts"), "utf8");
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".ts"))) {
    for (const [, name = ""] of readFileSync(path.join(folder, file), "utf8").matchAll(
      /^export const (\w+): (?:Gauge|Attacher|Launcher) =/gm,
    )) {
      const line = `import { ${name} } from "./${file}";`;
      assert.ok(index.includes(line), `attach/${file} is not in attach/index.ts; add: ${line}`);
      assert.match(index, new RegExp(`[\\[ ]${name}[,\\]]`), `${name} is imported by attach/index.ts and in no list`);
    }
  }
});
