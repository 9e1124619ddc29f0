import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { whyNotOpened } from "./browser.ts";

const reason = (isTTY: boolean, env: Record<string, string>, options = {}, platform = "linux"): string | null =>
  whyNotOpened(options, { stdout: { isTTY, write: () => true }, env }, platform);

test("a page is opened only where a person sits at a terminal with a screen", () => {
  assert.equal(reason(true, { DISPLAY: ":0" }), null);
  assert.equal(reason(true, { WAYLAND_DISPLAY: "wayland-0" }), null);
  assert.equal(reason(true, {}, {}, "darwin"), null);
  assert.equal(reason(true, {}), "no screen");
  assert.equal(reason(true, { DISPLAY: ":0", CI: "true" }), "continuous integration");
  assert.equal(reason(false, { DISPLAY: ":0" }), "no terminal");
  assert.equal(reason(true, { DISPLAY: ":0" }, { open: false }), "--no-open");
});

const BIN = fileURLToPath(new URL("../bin/lagleak.js", import.meta.url));
const CAPTURE = fileURLToPath(new URL("../../samples/rust-stream-consumer/keeps-up/heaptrack.zst", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "lagleak-open-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = process.platform === "linux" && existsSync("/usr/bin/script") ? false : "no `script` here, which gives a program a terminal";

/** Runs a command line of lagleak in a terminal of its own, in which `xdg-open` is what is given, or nothing. */
function inTerminal(
  name: string,
  words: string,
  env: Record<string, string>,
  launcher: string | null,
): { status: number | null; text: string; pages: string[] } {
  const [programs, temporary] = [path.join(folder, `${name}-bin`), path.join(folder, `${name}-tmp`)];
  mkdirSync(programs);
  mkdirSync(temporary);
  if (launcher !== null) {
    writeFileSync(path.join(programs, "xdg-open"), `#!/bin/sh\n${launcher}\n`);
    chmodSync(path.join(programs, "xdg-open"), 0o755);
  }
  // with no xdg-open of the system in the way: node is named by its path
  const command = `exec ${process.execPath} ${BIN} report ${words}`;
  const { status, stdout } = spawnSync("/usr/bin/script", ["-qec", command, "/dev/null"], {
    encoding: "utf8",
    env: { PATH: programs, SHELL: "/bin/sh", TMPDIR: temporary, ...env },
  });
  const pages = readdirSync(temporary, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".html"));
  return { status, text: stdout.replaceAll("\r", ""), pages: pages.map((file) => path.join(temporary, file)) };
}

test("without -o, in a terminal, the report lies in a private folder, its path is printed, and the browser is given it", { skip }, () => {
  const opened = path.join(folder, "opened.txt");
  const { status, text, pages } = inTerminal("opens", CAPTURE, { DISPLAY: ":0" }, `echo "$1" > ${opened}`);
  assert.equal(status, 0, text);
  assert.equal(text, `${pages[0]}\n`);
  assert.equal(readFileSync(opened, "utf8"), `${pages[0]}\n`);
  assert.equal(statSync(path.dirname(pages[0] ?? "")).mode & 0o777, 0o700);
  assert.match(readFileSync(pages[0] ?? "", "utf8"), /^<!doctype html>/);
});

test("where no browser can be started, it is said what to do", { skip }, () => {
  for (const [name, launcher] of [
    ["missing", null],
    ["fails", "exit 3"],
  ] as const) {
    const { status, text, pages } = inTerminal(name, CAPTURE, { DISPLAY: ":0" }, launcher);
    assert.equal(status, 0, text);
    assert.ok(text.startsWith(`${pages[0]}\nlagleak: no browser could be started: `), text);
  }
});

test("in continuous integration, without a screen, and with --no-open nothing is opened", { skip }, () => {
  const opened = path.join(folder, "not-opened.txt");
  const launcher = `echo "$1" > ${opened}`;
  const outcomes = [
    inTerminal("ci", CAPTURE, { DISPLAY: ":0", CI: "true" }, launcher),
    inTerminal("no-screen", CAPTURE, {}, launcher),
    inTerminal("forbidden", `${CAPTURE} --no-open --quiet`, { DISPLAY: ":0" }, launcher),
  ];
  assert.deepEqual(
    outcomes.map(({ status, pages }) => [status, pages.length]),
    [
      [0, 1],
      [0, 1],
      [0, 1],
    ],
  );
  assert.match(outcomes[1]?.text ?? "", /there is no screen here/);
  assert.equal(outcomes[2]?.text, `${outcomes[2]?.pages[0]}\n`);
  assert.ok(!existsSync(opened));
});

test("a report that fails leaves no folder behind", { skip }, () => {
  const { status, text, pages } = inTerminal("fails-early", path.join(folder, "nothing.zst"), { DISPLAY: ":0" }, "exit 0");
  assert.notEqual(status, 0);
  assert.match(text, /nothing\.zst/);
  assert.deepEqual([pages, readdirSync(path.join(folder, "fails-early-tmp"))], [[], []]);
});
