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

/** Why a test of a shell is left out; false where the shell is here. */
const without = (shell: string): string | false => (spawnSync(shell, ["-c", "exit 0"]).status === 0 ? false : `no ${shell} here`);

/** What bash offers when Tab is pressed behind these words; the last is the one under the cursor. */
function bashOffers(...words: readonly string[]): readonly string[] {
  const script = `source ${path.join(folder, "bash")}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _lagleak; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const run = spawnSync("bash", ["--norc", "-c", script, "bash", "lagleak", ...words], { cwd: folder, encoding: "utf8" });
  assert.equal(run.stderr, "");
  return run.stdout.split("\n").filter((line) => line !== "");
}

test("bash offers commands, options, values and files, with a command and without", { skip: without("bash") }, () => {
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
    for (const { long, value } of options) {
      assert.ok(scripts.bash.includes(` ${long}`) || scripts.bash.includes(`"${long}`), `bash: ${name} ${long}`);
      assert.ok(scripts.zsh.includes(`'*${long}${value === "none" ? "" : "="}[`), `zsh: ${name} ${long}`);
      assert.ok(scripts.fish.includes(` -l ${long.slice(2)} `), `fish: ${name} ${long}`);
    }
  }
});

for (const shell of ["bash", "zsh", "fish"] as const) {
  test(`${shell} finds no mistake in its script`, { skip: without(shell) }, () => {
    const run = spawnSync(shell, ["-n", path.join(folder, shell)], { encoding: "utf8" });
    assert.equal(run.stderr, "");
    assert.equal(run.status, 0);
  });
}

/** Lines that end where Tab is pressed, and what is offered there: the same of zsh and of fish. */
const OFFERS: Readonly<Record<string, readonly string[]>> = {
  "lagleak insp": ["inspect"],
  "lagleak convert --to ": ["collapsed", "pprof", "speedscope"],
  "lagleak convert --to=sp": ["speedscope"],
  "lagleak completion z": ["zsh"],
  "lagleak analyze --client rust": ["rust-rdkafka"],
  "lagleak heap.zst --group": ["--group-by"],
  "lagleak diff --redac": ["--redact"],
  "lagleak report --no-o": ["--no-open"],
  "lagleak inspect he": ["heap one.zst"],
  "lagleak diff heap.1 --config he": ["heap one.zst"],
  "lagleak analyze --partitions 1": [],
  "lagleak help lis": ["list"],
};

test("fish offers commands, options, values and files", { skip: without("fish") }, () => {
  const offers = (line: string): readonly string[] => {
    const script = `source ${path.join(folder, "fish")}; complete -C '${line}'`;
    const run = spawnSync("fish", ["--no-config", "-c", script], { cwd: folder, encoding: "utf8" });
    assert.equal(run.stderr, "");
    return run.stdout
      .split("\n")
      .filter((text) => text !== "")
      .map((text) => (text.split("\t")[0] ?? "").replace(/^--\w+=/, "").replaceAll("\\ ", " "))
      .sort();
  };
  assert.deepEqual(Object.fromEntries(Object.keys(OFFERS).map((line) => [line, offers(line)])), OFFERS);
  assert.ok(tree.commands.every(({ name }) => offers("lagleak ").includes(name)));
});

/** An interactive zsh in a terminal of its own (zpty), whose Tab says what it was offered. */
const ZSH_THAT_TELLS = `PROMPT= RPROMPT= LISTMAX=100000
setopt no_auto_list no_beep
autoload -Uz compinit; compinit -u -D
source ./zsh
compadd() {
  if [[ " \${@[1,(i)(-|--)]} " == *\\ -[a-zA-Z]#[OAD]\\ * ]]; then builtin compadd "$@"; return; fi
  local -a offered; local one
  builtin compadd -A offered "$@"
  for one in "$offered[@]"; do print -r -- "<offer>$one<>"; done
  builtin compadd "$@"
}
tell() { zle complete-word; print -r -- "<end>" }
zle -N tell
bindkey '^I' tell
print "<rea""dy>"
`;
const ZSH_DRIVER = `zmodload zsh/zpty
zpty shell "zsh -f -i"
zpty -w shell "source ./zsh-that-tells"
zpty -r shell text '*<ready>*'
for line in "$@"; do
  zpty -w -n shell $'\\x15'"$line"$'\\t'
  zpty -r shell text '*<end>*'
  print -r -- "$text<line>"
done
zpty -d shell
`;

test("zsh offers commands, options, values and files", { skip: without("zsh") }, async () => {
  await writeFile(path.join(folder, "zsh-that-tells"), ZSH_THAT_TELLS);
  await writeFile(path.join(folder, "zsh-driver"), ZSH_DRIVER);
  const lines = [...Object.keys(OFFERS), "lagleak "];
  const run = spawnSync("zsh", ["-f", "zsh-driver", ...lines], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, TERM: "dumb" },
    timeout: 60_000,
  });
  assert.equal(run.stderr, "");
  const offered = run.stdout
    .split("<line>")
    .map((text) => [...text.matchAll(/<offer>(.*?)<>/g)].map(([, name = ""]) => name.replaceAll("\\ ", " ").replace(/=$/, "")).sort());
  assert.deepEqual(Object.fromEntries(Object.keys(OFFERS).map((line, row) => [line, offered[row]])), OFFERS);
  assert.ok(tree.commands.every(({ name }) => offered[lines.length - 1]?.includes(name)));
});

test("every command has its summary, three examples of itself, and no example of an option that it does not have", () => {
  for (const { name, summary, options, examples } of tree.commands) {
    assert.notEqual(summary, "", name);
    assert.ok(examples.length >= 3, `${name} has ${examples.length} examples`);
    const known = options.flatMap(({ short, long }) => [short, long]);
    for (const example of examples) {
      assert.match(example, /lagleak /, example);
      const own = example.slice(example.indexOf("lagleak ")).split(/ (?:&&|\||--) /)[0] ?? ""; // behind "--" stands another program's command line
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
