import assert from "node:assert/strict";
import { test } from "node:test";
import { openTerminal, type Surroundings, type TerminalOptions, usesColor } from "./terminal.ts";

const tty = { isTTY: true, columns: 80, write: (): void => {} };
const pipe = { isTTY: false, write: (): void => {} };

test("colour follows the option, then FORCE_COLOR, then NO_COLOR, then the terminal", () => {
  assert.equal(usesColor("auto", tty, {}), true);
  assert.equal(usesColor("auto", pipe, {}), false);
  assert.equal(usesColor("auto", tty, { TERM: "dumb" }), false);
  assert.equal(usesColor("auto", tty, { NO_COLOR: "1" }), false);
  assert.equal(usesColor("auto", tty, { NO_COLOR: "" }), true);
  assert.equal(usesColor("auto", pipe, { FORCE_COLOR: "1" }), true);
  assert.equal(usesColor("auto", tty, { FORCE_COLOR: "0" }), false);
  assert.equal(usesColor("auto", pipe, { FORCE_COLOR: "1", NO_COLOR: "1" }), true);
  assert.equal(usesColor("always", pipe, { NO_COLOR: "1" }), true);
  assert.equal(usesColor("never", tty, { FORCE_COLOR: "1" }), false);
});

/** What is written to stderr while 30 of 60 MB are read in three seconds. */
function written(options: TerminalOptions, isTTY: boolean, env: Surroundings["env"] = {}): string {
  let nowMs = 0;
  const parts: string[] = [];
  const stderr = { isTTY, columns: 80, write: (part: string | Uint8Array): number => parts.push(String(part)) };
  const terminal = openTerminal(options, { stdout: pipe, stderr, env, nowMs: () => nowMs });
  terminal.progress.phase("reading heap.zst");
  for (; nowMs <= 3000; nowMs += 50) terminal.progress.advance(nowMs * 10_000, 60_000_000);
  terminal.answer("done");
  return parts.join("");
}

test("progress says the phase, the speed and what is left, and is gone before the answer", () => {
  const text = written({}, true);
  assert.match(text, /reading heap\.zst: 28\.\d MiB of 57\.2 MiB \(\d\d %\), 9\.54 MiB\/s, 3\.\d s left/);
  assert.ok(text.endsWith("\r\u001b[K"));
});

test("progress is silent in pipes, in CI, with --quiet and with --progress never", () => {
  assert.equal(written({}, false), "");
  assert.equal(written({}, true, { CI: "true" }), "");
  assert.equal(written({}, true, { TERM: "dumb" }), "");
  assert.equal(written({ quiet: true }, true), "");
  assert.equal(written({ progress: "never" }, true), "");
});

test("progress that is asked for comes in lines where nothing can be overwritten", () => {
  const text = written({ progress: "always" }, false);
  assert.match(text, /^reading heap\.zst: .*\n$/);
  assert.ok(!text.includes("\r"));
});
