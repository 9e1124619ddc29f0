/**
 * The package as others get it: packed, its content looked at, installed from its tarball into an empty folder and used there as
 * a command, as a library and by the TypeScript compiler. `node scripts/package.mjs` after a build.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(path.join(tmpdir(), "lagleak-package-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function run(command, args, cwd, expected = 0) {
  const outcome = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 1 << 26 });
  if (outcome.status !== expected) {
    console.error(outcome.stdout, outcome.stderr, outcome.error ?? "");
    throw new Error(`${command} ${args.join(" ")} ended with ${outcome.status}`);
  }
  return outcome.stdout;
}

const [packed] = JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root));
const names = packed.files.map((file) => file.path);
const wanted = [
  "LICENSE",
  "README.md",
  "package.json",
  "man/lagleak.1",
  "dist/bin/lagleak.js",
  "dist/index.js",
  "dist/index.d.ts",
  "dist/agent/index.js",
  "dist/report/schema.json",
  "dist/report/diff-schema.json",
  "dist/THIRD-PARTY-NOTICES",
];
for (const name of wanted) assert.ok(names.includes(name), `${name} is not in the package`);
const stray = names.filter(
  (name) => !/^(?:LICENSE|README\.md|package\.json|man\/|dist\/)/.test(name) || /\.test\.|\.map$|^dist\/testing\//.test(name),
);
assert.deepEqual(stray, [], "these do not belong into the package");
console.log(
  `${packed.filename}: ${names.length} files, ${(packed.size / 1024).toFixed(0)} KiB, ${(packed.unpackedSize / 1024).toFixed(0)} KiB unpacked`,
);

const place = path.join(folder, "empty");
mkdirSync(place);
writeFileSync(path.join(place, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
run("npm", ["install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", path.join(folder, packed.filename)], place);

const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
const bin = path.join(place, "node_modules/.bin/lagleak");
assert.equal(run(bin, ["--version"], place).trim(), version);
const capture = path.join(root, "samples/rust-stream-consumer/leaks/heaptrack.zst");
assert.match(run(bin, [capture], place), /^LEAK in the application/);
run(bin, [capture, "--fail-on", "leak"], place, 1);
assert.ok(existsSync(path.join(place, "node_modules/lagleak/man/lagleak.1")));

writeFileSync(
  path.join(place, "use.ts"),
  `import { analyze, compare, type Answer, type DiffAnswer, Failure, inspect, type Profile, read, redact, render } from "lagleak";

const profile: Profile = await read([process.argv[2] ?? ""]);
const answer: Answer = analyze(profile, { groupBy: "package", redact: true, told: { messageBytes: 1000 } });
const difference: DiffAnswer = compare(profile, profile, { groupBy: "function" });
const unknown: unknown = new Failure({ code: "usage", message: "x" });
console.log(answer.verdict.class, difference.totals.growthBytes, inspect(redact(profile)).liveBytes !== null, unknown instanceof Failure);
console.log(render(answer, "markdown").startsWith("## LEAK"));
`,
);
writeFileSync(
  path.join(place, "tsconfig.json"),
  JSON.stringify({
    compilerOptions: {
      strict: true,
      module: "nodenext",
      target: "es2023",
      types: ["node"],
      typeRoots: [path.join(root, "node_modules/@types")],
    },
    files: ["use.ts"],
  }),
);
run(process.execPath, [path.join(root, "node_modules/typescript/bin/tsc"), "-p", place], place);
assert.equal(run(process.execPath, ["use.js", capture], place), "leak 0 true true\ntrue\n");

const schemas = `import answer from "lagleak/schema.json" with { type: "json" };
import difference from "lagleak/diff-schema.json" with { type: "json" };
console.log(answer.$id, difference.$id);
`;
writeFileSync(path.join(place, "schemas.js"), schemas);
assert.equal(run(process.execPath, ["--no-warnings", "schemas.js"], place), "urn:lagleak:analyze:1 urn:lagleak:diff:1\n");
run(process.execPath, ["--import", "lagleak/agent", "--eval", "1"], place);
assert.match(readdirSync(place).join(" "), /node\.\d+\.\d+\.pb\.gz/);
console.log("installed from its tarball, it works: command, library, types, schemas, agent");
