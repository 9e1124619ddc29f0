/** What is made of the command line itself: completions, which are run by the shells that are here, the man page, the help. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { VERSION } from "../base/version.ts";
import { clients } from "../clients/index.ts";
import { commandTree } from "./command-tree.ts";
import { bashCompletion } from "./completion-bash.ts";
import { fishCompletion } from "./completion-fish.ts";
import { zshCompletion } from "./completion-zsh.ts";
import { guideFor, guideLanguages } from "./guide.ts";
import { manPage } from "./man-page.ts";
import { wholeProgram } from "./program.ts";

const tree = commandTree(await wholeProgram());
const clientIds = clients.map(({ id }) => id);
const folder = await mkdtemp(path.join(tmpdir(), "lagleak-completion-"));
after(() => rm(folder, { recursive: true }));
await writeFile(path.join(folder, "heap one.zst"), "");
const scripts = {
  bash: bashCompletion(tree, clientIds),
  zsh: zshCompletion(tree, clientIds),
  fish: fishCompletion(tree, clientIds),
};
for (const [shell, script] of Object.entries(scripts)) await writeFile(path.join(folder, shell), script);

const has = (shell: string): boolean => spawnSync(shell, ["-c", "exit 0"]).status === 0;

/** What bash offers when Tab is pressed behind these words; the last is the one under the cursor. */
function bashOffers(...words: readonly string[]): readonly string[] {
  const script = `source ${path.join(folder, "bash")}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _lagleak; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const run = spawnSync("bash", ["--norc", "-c", script, "bash", "lagleak", ...words], { cwd: folder, encoding: "utf8" });
  assert.equal(run.stderr, "");
  return run.stdout.split("\n").filter((line) => line !== "");
}

test("bash offers commands, options, values and files, with a command and without", { skip: !has("bash") }, () => {
  assert.ok(["analyze", "diff", "convert", "completion"].every((name) => bashOffers("").includes(name)));
  assert.deepEqual(bashOffers("insp"), ["inspect"]);
  assert.deepEqual(bashOffers("convert", "--to", ""), ["pprof", "collapsed", "speedscope"]);
  assert.deepEqual(bashOffers("convert", "--to", "=", "sp"), ["speedscope"]);
  assert.deepEqual(bashOffers("completion", "z"), ["zsh"]);
  assert.deepEqual(bashOffers("analyze", "--client", "rust"), ["rust-rdkafka"]);
  assert.deepEqual(bashOffers("heap.zst", "--group"), ["--group-by"]);
  assert.deepEqual(bashOffers("inspect", "he"), ["heap one.zst"]);
  assert.deepEqual(bashOffers("diff", "heap.1", "--config", "he").length, 1);
  assert.deepEqual(bashOffers("analyze", "--partitions", ""), []);
  assert.deepEqual(bashOffers("help", "lis"), ["list"]);
});

test("every option of every command is offered by every shell", () => {
  for (const { name, options } of tree.commands) {
    for (const { long } of options) {
      assert.ok(scripts.bash.includes(` ${long}`) || scripts.bash.includes(`"${long}`), `bash: ${name} ${long}`);
      assert.ok(scripts.zsh.includes(`'*${long}[`), `zsh: ${name} ${long}`);
      assert.ok(scripts.fish.includes(` -l ${long.slice(2)} `), `fish: ${name} ${long}`);
    }
  }
});

for (const shell of ["bash", "zsh", "fish"] as const) {
  test(`${shell} finds no mistake in its script`, { skip: !has(shell) }, () => {
    const run = spawnSync(shell, ["-n", path.join(folder, shell)], { encoding: "utf8" });
    assert.equal(run.stderr, "");
    assert.equal(run.status, 0);
  });
}

test("fish offers commands, options and values", { skip: !has("fish") }, () => {
  const offers = (line: string): readonly string[] => {
    const script = `source ${path.join(folder, "fish")}; complete -C '${line}'`;
    const run = spawnSync("fish", ["--no-config", "-c", script], { cwd: folder, encoding: "utf8" });
    assert.equal(run.stderr, "");
    return run.stdout
      .split("\n")
      .filter((text) => text !== "")
      .map((text) => text.split("\t")[0] ?? "");
  };
  assert.deepEqual(offers("lagleak insp"), ["inspect"]);
  assert.deepEqual(offers("lagleak convert --to sp"), ["speedscope"]);
  assert.deepEqual(offers("lagleak diff --group"), ["--group-by"]);
});

test("every command has its summary, three examples of itself, and no example of an option that it does not have", () => {
  for (const { name, summary, options, examples } of tree.commands) {
    assert.notEqual(summary, "", name);
    assert.ok(examples.length >= 3, `${name} has ${examples.length} examples`);
    const known = options.flatMap(({ short, long }) => [short, long]);
    for (const example of examples) {
      assert.match(example, /lagleak /, example);
      const own = example.slice(example.indexOf("lagleak ")).split(/ (?:&&|\|) /)[0] ?? "";
      for (const [option] of own.matchAll(/(?<= )--?[a-z][a-z-]*/g))
        assert.ok(known.includes(option), `${name}: ${option} in "${example}"`);
    }
  }
});

test("the man page is that of this version", () => {
  const made = manPage(tree, VERSION);
  const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
  assert.equal(readFileSync(path.join(root, "man/lagleak.1"), "utf8"), made, "run `npm run docs`");
  const page = spawnSync("man", ["-l", "--warnings", path.join(root, "man/lagleak.1")], {
    encoding: "utf8",
    env: { ...process.env, MANWIDTH: "80" },
  });
  if (page.error === undefined && page.status === 0) {
    assert.equal(page.stderr, "");
    assert.match(page.stdout, /--fail-on/);
  }
});

test("every client has a guide of five lines, and every language has clients", () => {
  for (const client of clients) {
    const { steps } = guideFor(client);
    assert.equal(steps.length, 5);
    for (const { what, how, command } of steps) assert.ok(how !== "" || (command ?? "") !== "", `${client.id}: ${what} says nothing`);
    assert.match(steps.at(-1)?.command ?? "", new RegExp(`^lagleak .* --client ${client.id} `));
  }
  assert.ok(["rust", "java", "go", "node", "python"].every((word) => guideLanguages().includes(word)));
});
