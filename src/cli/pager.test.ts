import assert from "node:assert/strict";
import { test } from "node:test";
import { page, pagerFor } from "./pager.ts";

const long = "a line\n".repeat(50);
const tty = { isTTY: true, columns: 80, rows: 24, write: () => true };
const chosen = (text: string, env: Record<string, string>, stdout: Partial<typeof tty> = {}, options = {}): string | null =>
  pagerFor(text, options, { stdout: { ...tty, ...stdout }, env });

test("only an answer that is longer than the screen is paged, and only where a person reads it", () => {
  assert.equal(chosen(long, {}), "less");
  assert.equal(chosen("short\n", {}), null);
  assert.equal(chosen(long, {}, { isTTY: false }), null);
  assert.equal(chosen(long, {}, { rows: 60 }), null);
  assert.equal(chosen(long, { TERM: "dumb" }), null);
  assert.equal(chosen(long, { CI: "true" }), null);
  assert.equal(chosen("x".repeat(80 * 30), {}), "less", "the terminal breaks long lines");
  assert.equal(chosen(`${"\u001b[31mx\u001b[39m".repeat(20)}\n`.repeat(20), {}), null, "colours take no room");
});

test("the pager is the user's own, and can be forbidden", () => {
  assert.equal(chosen(long, { PAGER: "more -s" }), "more -s");
  assert.equal(chosen(long, { PAGER: "more", LAGLEAK_PAGER: "bat" }), "bat");
  assert.equal(chosen(long, { PAGER: "" }), null);
  assert.equal(chosen(long, { PAGER: "cat" }), null);
  assert.equal(chosen(long, { PAGER: "more", LAGLEAK_PAGER: "" }), null);
  assert.equal(chosen(long, {}, {}, { pager: false }), null);
});

test("a pager that is not there leaves the text to be written, one that stops early does not", async () => {
  const env = { PATH: process.env["PATH"] };
  assert.equal(await page(long, "no-such-pager-here 2>/dev/null", env), false);
  assert.equal(await page(long.repeat(100_000), "true", env), true);
});
