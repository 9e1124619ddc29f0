/** What the documentation tells people to run, run. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { commandTree } from "./cli/command-tree.ts";
import { wholeProgram } from "./cli/program.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const samples = path.join(root, "samples/rust-stream-consumer");
const folder = mkdtempSync(path.join(tmpdir(), "lagleak-examples-"));
after(() => rmSync(folder, { recursive: true }));
const page = readFileSync(path.join(root, "docs/ci.md"), "utf8");
const block = (language: string): string => new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? "";

/** The shell example of docs/ci.md on these captures, with `lagleak` as it would be installed. */
function gate(name: string, captures: readonly string[]): ReturnType<typeof spawnSync> {
  const place = path.join(folder, name);
  mkdirSync(path.join(place, "captures"), { recursive: true });
  mkdirSync(path.join(place, "bin"));
  writeFileSync(path.join(place, "bin/lagleak"), `#!/bin/sh\nexec "${process.execPath}" "${root}/dist/bin/lagleak.js" "$@"\n`);
  chmodSync(path.join(place, "bin/lagleak"), 0o755);
  for (const file of captures) copyFileSync(file, path.join(place, "captures", path.basename(file)));
  const env = { ...process.env, PATH: `${path.join(place, "bin")}:${process.env["PATH"]}` };
  return spawnSync("sh", ["-e", "-c", block("sh")], { cwd: place, encoding: "utf8", env });
}

test("the shell gate closes on a leak, lets buffering pass, and does not pass what cannot be read", {
  skip: process.platform === "win32",
}, () => {
  const leak = gate("leak", [path.join(samples, "leaks/heaptrack.zst")]);
  assert.equal(leak.status, 1, String(leak.stderr));
  assert.match(String(leak.stdout), /^## LEAK in the application/);
  assert.match(String(leak.stderr), /the gate is closed/);
  const buffering = gate("buffering", [path.join(samples, "slow-default/heaptrack.zst")]);
  assert.deepEqual([buffering.status, buffering.stdout], [0, "memory: nothing to complain about\n"]);
  const nothing = gate("nothing", []);
  assert.equal(nothing.status, 3);
  assert.match(String(nothing.stderr), /not judged \(exit code 3\)/);
});

test("the workflow for GitHub Actions is YAML, and its commands have the options that they use", async () => {
  const { jobs } = parse(block("yaml")) as { jobs: { memory: { steps: readonly { run?: string }[] } } };
  const lines = jobs.memory.steps.flatMap(({ run = "" }) => run.split("\n")).filter((line) => line.includes("lagleak"));
  assert.equal(lines.length, 3);
  const analyze = commandTree(await wholeProgram()).commands.find(({ name }) => name === "analyze");
  const known = analyze?.options.flatMap(({ short, long }) => [short, long]) ?? [];
  for (const line of lines) for (const [option] of line.matchAll(/(?<= )--?[a-z][a-z-]*/g)) assert.ok(known.includes(option), option);
});

test("the example of the library runs from the root of the repository", () => {
  const run = spawnSync(process.execPath, ["examples/analyze.mjs", "samples/rust-stream-consumer/leaks/heaptrack.zst"], {
    cwd: root,
    encoding: "utf8",
  });
  assert.equal(run.stderr, "");
  assert.match(run.stdout, /^LEAK in the application/);
  assert.match(run.stdout, /\nalert: app leaks at render_invoice \(.*main\.rs:\d+\)\n/);
  assert.match(run.stdout, /\nclient grown by \d+ bytes\n$/);
  const refused = spawnSync(process.execPath, ["examples/analyze.mjs", "package.json"], { cwd: root, encoding: "utf8" });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^format-unknown: /);
});

test("what is bundled is named in THIRD-PARTY-NOTICES, and zstd with it", () => {
  const notices = readFileSync(path.join(root, "dist/THIRD-PARTY-NOTICES"), "utf8");
  for (const name of ["commander", "cli-table3", "string-width", "yaml", "zstddec"]) assert.match(notices, new RegExp(`^${name} \\d`, "m"));
  assert.match(notices, /For Zstandard software/);
  assert.doesNotMatch(notices, /^(?:typescript|esbuild|ajv|fast-check) \d/m);
});
