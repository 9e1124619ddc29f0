import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSuppressions } from "../base/suppressions.ts";
import { sketch } from "../testing/sketch.ts";
import { checkProfile } from "./check-profile.ts";
import { seriesOf, totalLiveBytes } from "./ledger.ts";
import { type Suppressed, suppress } from "./suppress.ts";

const PROFILE = `
  at 1s [worker] > main > acme::Cache<int>::add(int const&) > malloc  100 / 1
  at 1s main > /usr/lib/libacme.so.1!acme_init > malloc               1000 / 2
  at 1s main > load @ src/config.c > malloc                           10 / 1
  at 2s main > acme::Cache<int>::add(int const&) > malloc             +300 / 3
  at 2s main > keep > malloc                                          +7 / 1
`;

function suppressed(...patterns: readonly string[]): Suppressed {
  return suppress(sketch(PROFILE), parseSuppressions(patterns.map((pattern) => `leak:${pattern}`).join("\n"), "lsan.supp"));
}

/** Live bytes that each pattern took out at the end, and what was left. */
function bytesOf({ bytes, suppressions, profile }: Suppressed): readonly number[] {
  return [...suppressions.map((_, row) => seriesOf(bytes, row + 1).at(-1) ?? 0), totalLiveBytes(profile).at(-1) ?? 0];
}

test("a stack is suppressed by the function, the module or the file of any of its frames", () => {
  assert.deepEqual(bytesOf(suppressed("^acme::Cache<int>::add(int")), [400, 1017]);
  assert.deepEqual(bytesOf(suppressed("libacme.so")), [1000, 417]);
  assert.deepEqual(bytesOf(suppressed("^src/config.c$")), [10, 1407]);
  assert.deepEqual(bytesOf(suppressed("^main$")), [1417, 0]);
});

test("the frame nearest to the leaf counts, then the order of the file", () => {
  assert.deepEqual(bytesOf(suppressed("^main$", "keep")), [1410, 7, 0]);
  assert.deepEqual(bytesOf(suppressed("acme", "^acme_init$")), [1400, 0, 17]);
});

test("what was taken out is counted, and what matches nothing, too", () => {
  const found = suppressed("acme", "nothing");
  assert.deepEqual(found.stacks, [3, 0]);
  assert.deepEqual([...seriesOf(found.bytes, 1)], [0, 1100, 1400]);
  assert.equal(seriesOf(found.blocks, 1).at(-1), 6);
  assert.equal(found.profile.peakBytes, 17);
  checkProfile(found.profile);
});

test("a thread's name is no frame of the stack, and no suppression changes nothing", () => {
  assert.deepEqual(bytesOf(suppressed("worker")), [0, 1417]);
  const profile = sketch(PROFILE);
  assert.equal(suppress(profile, []).profile, profile);
});
