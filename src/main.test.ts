/** The program as its users meet it: the real bin, its streams and its exit codes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Answer } from "./report/answer.ts";

const bin = fileURLToPath(new URL("./bin/lagleak.js", import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function lagleak(args: readonly string[], stdin = "", env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], { env: { ...process.env, ...env } });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (part) => (stdout += part));
    child.stderr.on("data", (part) => (stderr += part));
    child.stdin.on("error", () => {}); // a program that refuses early does not read
    child.stdin.end(stdin);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

const folder = await mkdtemp(path.join(tmpdir(), "lagleak-"));
after(() => rm(folder, { recursive: true }));
const notes = path.join(folder, "notes.bin");
await writeFile(
  notes,
  Uint8Array.from({ length: 5000 }, (_, row) => (row * 7919) % 251),
);
const empty = path.join(folder, "empty.heap");
await writeFile(empty, "");

test("--help and --version are answers", async () => {
  const [help, inspectHelp, version, helpWord] = await Promise.all([
    lagleak(["--help"]),
    lagleak(["inspect", "--help"]),
    lagleak(["--version"]),
    lagleak(["help", "list"]),
  ]);
  for (const outcome of [help, inspectHelp, version, helpWord]) {
    assert.equal(outcome.code, 0);
    assert.equal(outcome.stderr, "");
  }
  for (const outcome of [help, inspectHelp, helpWord]) assert.match(outcome.stdout, /\nExamples:\n {2}lagleak /);
  assert.match(inspectHelp.stdout, /Usage: lagleak inspect .*<capture>/);
  const manifest: unknown = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  assert.equal(version.stdout.trim(), (manifest as { version: string }).version);
});

test("without anything to do, the help goes to stderr and the usage is wrong", async () => {
  const { code, stdout, stderr } = await lagleak([]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^Usage: lagleak/);
});

test("a wrong option is wrong usage, with a suggestion", async () => {
  const { code, stdout, stderr } = await lagleak(["inspect", "x", "--jsn"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.equal(stderr, "lagleak: unknown option '--jsn'\n  Did you mean --json? See lagleak inspect --help.\n");
});

test("a capture without a command is analyzed", async () => {
  const { code, stderr } = await lagleak(["--top", "many", "x"]);
  assert.equal(code, 2);
  assert.match(stderr, /See lagleak analyze --help/);
});

test("a file that is missing, empty, or no capture cannot be read", async () => {
  const missing = path.join(folder, "missing.heap");
  const outcomes = await Promise.all([missing, empty, notes, path.join(folder, "*.pb"), folder].map((file) => lagleak(["inspect", file])));
  const messages = [
    /^lagleak: .*missing\.heap: there is no such file\n/,
    /^lagleak: .*empty\.heap: is empty \(0 bytes\)\n {2}\S/,
    /^lagleak: .*notes\.bin: .+\n {2}\S/,
    /^lagleak: .*\*\.pb: matches no file\n {2}\S/,
    /^lagleak: .*lagleak-\w+: is a folder without a capture\n {2}\S/,
  ];
  outcomes.forEach(({ code, stdout, stderr }, row) => {
    assert.equal(code, 3);
    assert.equal(stdout, "");
    assert.match(stderr, messages[row] ?? /^$/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });
});

test("a client that is not known, rules and suppressions with a mistake are said before a capture is read", async () => {
  const rules = path.join(folder, "rules.yaml");
  await writeFile(rules, "clients:\n  - id: acme\n    frames: { names: ^acme_ }\n    builtOn: librdkafak\n");
  const suppressions = path.join(folder, "lsan.supp");
  await writeFile(suppressions, "# ours\nleak:cache\nrace:cache\n");
  const [client, ruled, suppressed, missing] = await Promise.all([
    lagleak(["--client", "rust-rdkafak", empty]),
    lagleak(["--rules", rules, empty]),
    lagleak(["--suppressions", suppressions, empty]),
    lagleak(["--suppressions", path.join(folder, "none.supp"), empty]),
  ]);
  for (const outcome of [client, ruled, suppressed, missing]) assert.equal(outcome.code, 2, outcome.stderr);
  assert.match(client.stderr, /there is no Kafka client "rust-rdkafak"\n {2}Did you mean rust-rdkafka/);
  assert.ok(ruled.stderr.startsWith(`lagleak: ${rules}: no client "librdkafak" to be built on, at line 4\n  Did you mean librdkafka?`));
  assert.match(suppressed.stderr, /lsan\.supp: this suppression is for another sanitizer, not for leaks, at line 3\n/);
  assert.match(missing.stderr, /none\.supp: there is no such file\n/);
});

test("own rules and suppressions are followed, and said", async () => {
  const capture = path.join(folder, "stacks.collapsed");
  await writeFile(capture, "main;acme_fetch 4096000\nmain;orders_keep 100000\nmain;config_load 5000\n");
  const rules = path.join(folder, "own.yaml");
  await writeFile(rules, "clients:\n  - id: acme\n    frames: { names: ^acme_ }\n    components: [{ component: fetch-queue }]\n");
  const suppressions = path.join(folder, "own.supp");
  await writeFile(suppressions, "leak:^config_\nleak:nothing\n");
  const { stdout } = await lagleak([capture, "--rules", rules, "--suppressions", suppressions, "--json"]);
  const answer = JSON.parse(stdout) as Answer;
  assert.deepEqual(
    answer.groups.map(({ client, component, liveBytes }) => [client, component, liveBytes]),
    [
      ["acme", "fetch-queue", 4_096_000],
      [null, null, 100_000],
    ],
  );
  assert.deepEqual(
    answer.suppressions.map(({ pattern, liveBytes, stacks }) => [pattern, liveBytes, stacks]),
    [
      ["^config_", 5000, 1],
      ["nothing", 0, 0],
    ],
  );
});

test("a compression bomb stops at the limit, which can be raised, and compression without content is empty", async () => {
  const bomb = path.join(folder, "bomb.heap.gz");
  await writeFile(bomb, gzipSync(`heap_v2/524288\n${" ".repeat(4 << 20)}`));
  const cut = path.join(folder, "cut.zst");
  await writeFile(cut, Buffer.from("28b52ffd", "hex"));
  const none = path.join(folder, "none.gz");
  await writeFile(none, gzipSync(""));
  const [limited, allowed, ...empties] = await Promise.all([
    lagleak([bomb, "--max-decompressed", "1MiB", "--json"]),
    lagleak([bomb, "--max-decompressed", "8MiB"]),
    lagleak([cut]),
    lagleak([none]),
  ]);
  assert.equal(limited.code, 3);
  assert.match(limited.stderr, /bomb\.heap\.gz: decompresses to more than 1048576 bytes, at byte \d+\n {2}.*--max-decompressed/);
  assert.equal(JSON.parse(limited.stdout).error.code, "too-large");
  assert.equal(allowed.code, 0);
  for (const { code, stderr } of empties) {
    assert.equal(code, 3);
    assert.match(stderr, /^lagleak: .+\n {2}\S/);
  }
});

test("standard input is read and named", async () => {
  const { code, stderr } = await lagleak(["inspect", "-"], "\u0001\u0002 nothing\n");
  assert.equal(code, 3);
  assert.match(stderr, /^lagleak: standard input: /);
});

test("with --format json an error is an object on stdout, too", async () => {
  for (const args of [["--json"], ["--format", "json"], ["--format=json"]]) {
    const { code, stdout, stderr } = await lagleak(["inspect", empty, ...args]);
    assert.equal(code, 3);
    assert.match(stderr, /^lagleak: /);
    const answer = JSON.parse(stdout);
    assert.deepEqual(Object.keys(answer), ["schemaVersion", "error"]);
    assert.deepEqual(Object.keys(answer.error), ["code", "message", "file", "offset", "line", "hint"]);
    assert.equal(answer.error.code, "empty");
    assert.equal(answer.error.file, empty);
  }
  const usage = await lagleak(["inspect", "x", "--json", "--nope"]);
  assert.equal(usage.code, 2);
  assert.equal(JSON.parse(usage.stdout).error.code, "usage");
});

test("lists come from the registries, as text and as JSON", async () => {
  for (const what of ["formats", "clients", "methods"]) {
    const [text, json] = await Promise.all([lagleak(["list", what]), lagleak(["list", what, "--json"])]);
    assert.equal(text.code, 0);
    assert.notEqual(text.stdout, "");
    const answer = JSON.parse(json.stdout);
    assert.equal(answer.schemaVersion, 1);
    assert.ok(Array.isArray(answer[what]));
  }
});

test("a ceiling needs a client and no capture, and says whether it fits", async () => {
  const told = ["--client", "rust-rdkafka", "--partitions", "12", "--brokers", "3", "--message-size", "1KiB"];
  const [text, json, nobody, nothing] = await Promise.all([
    lagleak(["ceiling", ...told, "--memory-limit", "32MiB"]),
    lagleak(["ceiling", ...told, "--sweep", "partitions=1..200", "--json"]),
    lagleak(["ceiling", "--client", "librdkafkaa"]),
    lagleak(["ceiling", ...told, "--sweep", "client.id=1..2"]),
  ]);
  assert.equal(text.code, 0);
  assert.match(text.stdout, /It does not fit 32\.0 MiB\.[\s\S]*What would fit\n {4}queued\.max\.messages\.kbytes=\d+/);
  const answer = JSON.parse(json.stdout) as { schemaVersion: number; sweep: { rows: unknown[] }; limit: unknown };
  assert.equal(answer.schemaVersion, 1);
  assert.equal(answer.sweep.rows.length, 200);
  assert.equal(answer.limit, null);
  assert.equal(nobody.code, 2);
  assert.match(nobody.stderr, /there is no client "librdkafkaa"\n {2}Add --client with one of .*librdkafka/);
  assert.equal(nothing.code, 2);
});

test("an answer goes to the file that is named, which is overwritten only by force", async () => {
  const file = path.join(folder, "formats.json");
  const first = await lagleak(["list", "formats", "-o", file]);
  assert.deepEqual([first.code, first.stdout], [0, ""]);
  assert.equal(JSON.parse(await readFile(file, "utf8")).schemaVersion, 1);
  const second = await lagleak(["list", "formats", "-o", file]);
  assert.equal(second.code, 2);
  assert.match(second.stderr, /formats\.json: exists already\n {2}.*--force/);
  assert.equal((await lagleak(["list", "formats", "-o", file, "--force"])).code, 0);
  assert.equal((await lagleak(["list", "formats", "-o", path.join(folder, "list.html")])).code, 2);
});

test("text in a pipe has no colour, with and without NO_COLOR", async () => {
  for (const env of [{}, { NO_COLOR: "1" }]) {
    const outcome = await lagleak(["inspect", "--help"], "", env);
    assert.ok(!`${outcome.stdout}${outcome.stderr}`.includes("\u001b"));
  }
});

test("an interrupt ends with 130", async () => {
  const child = spawn(process.execPath, [bin, "inspect", "-", "--progress", "always"], { stdio: ["pipe", "ignore", "pipe"] });
  const closed = once(child, "close");
  child.stdin.on("error", () => {});
  child.stdin.write(`v 10400 3\nX consumer\n${"# a heaptrack file without an end\n".repeat(1000)}`);
  const feeding = setInterval(() => child.stdin.write("c 1\n"), 20);
  await once(child.stderr, "data"); // it reads
  clearInterval(feeding);
  child.kill("SIGINT");
  assert.deepEqual(await closed, [130, null]);
});

test("a reader that goes away is no error", async () => {
  const child = spawn(process.execPath, [bin, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let stderr = "";
  child.stderr.on("data", (part) => (stderr += part));
  assert.deepEqual(await once(child, "close"), [0, null]);
  assert.equal(stderr, "");
});

test("an answer that cannot be written is no verdict", { skip: !existsSync("/dev/full") }, async () => {
  const child = spawn(process.execPath, [bin, "list", "formats"], { stdio: ["ignore", openSync("/dev/full", "w"), "ignore"] });
  assert.deepEqual(await once(child, "close"), [2, null]);
});

test("configuration of every language is read by the bundled program, and refused with its line", async () => {
  const files: readonly (readonly [name: string, good: string, bad: string])[] = [
    ["a.yaml", "fetch.max.bytes: 77\n", "a: 1\nb: [1\n"],
    ["a.json", '{"fetch.max.bytes": 77}', '{\n"fetch.max.bytes": 77\n"b": 1}'],
    ["a.toml", '"fetch.max.bytes" = "77"\n', '"fetch.max.bytes" = "77"\nb = "1\n'],
    ["a.properties", "fetch.max.bytes=77\n", "fetch.max.bytes=77\nno setting\n"],
  ];
  const statistics = path.join(folder, "statistics.jsonl");
  const topics = { t: { partitions: { 0: { partition: 0, fetchq_cnt: 1, fetchq_size: 1024 } } } };
  await writeFile(
    statistics,
    JSON.stringify({ name: "a#consumer-1", type: "consumer", ts: 1, time: 1700000000, replyq: 0, brokers: {}, topics }),
  );
  for (const [name, good, bad] of files) {
    const file = path.join(folder, name);
    await writeFile(file, good);
    const read = await lagleak(["analyze", "--stats", statistics, "--config", file, "--json"]);
    assert.equal(read.code, 0, read.stderr);
    assert.match(read.stdout, /"fetch\.max\.bytes": ?"77"/, name);
    await writeFile(file, bad);
    const refused = await lagleak(["analyze", "--stats", statistics, "--config", file, "--json"]);
    assert.equal(refused.code, 2, refused.stderr);
    const { error } = JSON.parse(refused.stdout) as {
      readonly error: { readonly code: string; readonly file: string; readonly line: number };
    };
    assert.equal(error.code, "configuration");
    assert.equal(error.file, file);
    assert.ok(error.line >= 2 && error.line <= 3, `${name}: line ${error.line}`);
  }
});

test("--lag and --memory may be repeated, and what is wrong with one is said with its line", async () => {
  const files = {
    "ps.txt": "2026-11-24T12:00:00Z\n  PID   RSS\n    1 80000\n2026-11-24T12:01:00Z\n  PID   RSS\n    1 80004\n",
    "malloc.xml":
      '<malloc version="1">\n<heap nr="0">\n</heap>\n<total type="rest" count="1" size="50"/>\n<system type="current" size="100"/>\n</malloc>\n',
    "lag.csv": "time,group,lag\n2026-11-24T12:00:00Z,g,5\n2026-11-24T12:01:00Z,g,7\n",
    "broken.csv": "time,lag\nnever,5\n",
  };
  const [ps = "", malloc = "", lag = "", broken = ""] = Object.keys(files).map((name) => path.join(folder, name));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  const answered = await lagleak(["analyze", "--lag", lag, "--memory", ps, "--memory", malloc, "--json"]);
  assert.equal(answered.code, 0, answered.stderr);
  const { series, totals, verdict } = JSON.parse(answered.stdout) as Answer;
  assert.deepEqual(
    series.map(({ at, lag: behind, residentBytes }) => [at, behind, residentBytes]),
    [
      ["2026-11-24T12:00:00.000Z", 5, 81_920_000],
      ["2026-11-24T12:01:00.000Z", 7, 81_924_096],
    ],
  );
  assert.equal(totals.unexplainedBytes, 81_924_096);
  assert.ok(verdict.because.some(({ code }) => code === "allocator-glibc-keeps"));
  const refused = await lagleak(["analyze", "--lag", broken]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /broken\.csv: .*at line 2/);
});

test("a difference of two captures is an answer, and two kinds of capture are refused with both names", async () => {
  const [before, after, other] = ["before", "after", "other"].map((name) => path.join(folder, `diff-${name}.txt`)) as [
    string,
    string,
    string,
  ];
  await writeFile(before, "main;keep 1000000\nmain;rd_kafka_recv 500000\n");
  await writeFile(after, "main;keep 3000000\nmain;rd_kafka_recv 100000\n");
  await writeFile(other, " num     #instances         #bytes  class name\n-----\n   1:   10    1000  [B\nTotal   10    1000\n");
  const [text, json, markdown, refused, noTypes] = await Promise.all([
    lagleak(["diff", before, after]),
    lagleak(["diff", before, after, "--json", "--group-by", "function"]),
    lagleak(["diff", before, after, "--format", "markdown", "--redact"]),
    lagleak(["diff", before, other]),
    lagleak(["diff", before, after, "--group-by", "type"]),
  ]);
  assert.equal(text.code, 0, text.stderr);
  assert.match(
    text.stdout,
    /^Live memory grew by 1\.53 MiB, from 1\.43 MiB to 2\.96 MiB\.\nSome of it grew by 1\.91 MiB, some shrank by 391 KiB\.\n/,
  );
  assert.deepEqual(
    (JSON.parse(json.stdout) as { groups: { name: string; growthBytes: number }[] }).groups.map(({ name, growthBytes }) => [
      name,
      growthBytes,
    ]),
    [
      ["keep", 2_000_000],
      ["rd_kafka_recv", -400_000],
    ],
  );
  assert.match(markdown.stdout, /^## Live memory grew/);
  assert.doesNotMatch(markdown.stdout, /diff-before|diff-after/);
  assert.equal(refused.code, 3);
  assert.match(
    refused.stderr,
    /two kinds of capture cannot be compared: .*diff-before\.txt is collapsed, .*diff-other\.txt is class-histogram/,
  );
  assert.equal(noTypes.code, 2);
  assert.match(noTypes.stderr, /know no types, only who allocated\n {2}Use --group-by function/);
});

test("a capture is converted to a pipe or a file, with everything else on stderr", async () => {
  const capture = path.join(folder, "convert.collapsed");
  await writeFile(capture, "main;keep 1000000\n");
  const [collapsed, speedscope, missing] = await Promise.all([
    lagleak(["convert", capture, "--to", "collapsed"]),
    lagleak(["convert", capture, "--to", "speedscope", "--redact", "--quiet"]),
    lagleak(["convert", capture]),
  ]);
  assert.equal(collapsed.stdout, "main;keep 1000000\n");
  assert.match(collapsed.stderr, /^lagleak: the file names no unit/);
  assert.equal(speedscope.stderr, "");
  assert.doesNotMatch(speedscope.stdout, /"keep"|convert\.collapsed/);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /--to/);
  const file = path.join(folder, "convert.pb.gz");
  assert.equal((await lagleak(["convert", capture, "--to", "pprof", "-o", file])).code, 0);
  const inspected = await lagleak(["inspect", file, "--json"]);
  assert.equal((JSON.parse(inspected.stdout) as { liveBytes: number }).liveBytes, 1_000_000);
});

test("groups and the tree of an answer are those that were asked for", async () => {
  const capture = path.join(folder, "grouped.collapsed");
  await writeFile(capture, "main;orders::keep 1000000\nmain;orders::index 500000\nmain;rd_kafka_recv 100000\n");
  const { stdout } = await lagleak([capture, "--group-by", "function", "--tree", "--top", "2", "--json"]);
  const answer = JSON.parse(stdout) as Answer;
  assert.deepEqual(
    answer.groups.map(({ name, party, liveBytes }) => [name, party, liveBytes]),
    [
      ["orders::keep", "app", 1_000_000],
      ["orders::index", "app", 500_000],
    ],
  );
  assert.deepEqual(answer.tree?.children[0]?.names, ["main"]);
  assert.equal(JSON.parse((await lagleak([capture, "--json"])).stdout).tree, undefined);
});

test("an experiment takes its halves from both sides of --", async () => {
  const reading = async (name: string, levels: readonly number[]): Promise<string> => {
    const file = path.join(folder, name);
    const rows = levels.map((mib, row) => `2026-11-24T12:00:${String(row * 5).padStart(2, "0")}Z,${mib * 1024}`);
    await writeFile(file, `time,rss_kb\n${rows.join("\n")}\n`);
    return file;
  };
  const before = await reading("lagging.csv", [20, 60, 100, 101, 100, 101]);
  const after = await reading("drained.csv", [24, 22]);
  const outcome = await lagleak(["--experiment", "drain", before, "--json", "--", after]);
  assert.equal(outcome.code, 0, outcome.stderr);
  const { experiment } = JSON.parse(outcome.stdout) as Answer;
  assert.equal(experiment?.outcome, "experiment:drained");
  assert.equal(experiment?.beforeBytes, 101 * 2 ** 20 - 2 ** 19);
  const half = await lagleak(["analyze", "--experiment", "drain", before]);
  assert.equal(half.code, 2);
  assert.match(half.stderr, /an experiment has two halves\n {2}.* -- /);
});
