import assert from "node:assert/strict";
import { test } from "node:test";
import { sketch } from "../testing/sketch.ts";
import { checkProfile } from "./check-profile.ts";
import { totalLiveBytes } from "./ledger.ts";
import { type Selection, select } from "./select.ts";

const EVERYTHING: Selection = { since: null, until: null, focus: null, ignore: null };
const profile = sketch(`
  at 1s   main > cache > malloc    100
  at 1s   main > poll > recv       1000
  at 2s   main > cache > malloc    +50
  at 3s   main > poll > recv       -400
`);

function levels(selection: Partial<Selection>): readonly number[] | null {
  const selected = select(profile, { ...EVERYTHING, ...selection });
  if (selected === null) return null;
  checkProfile(selected);
  return [...totalLiveBytes(selected)].slice(1);
}

test("what was live before the span is live at its first instant", () => {
  assert.deepEqual(levels({}), [1100, 1150, 750]);
  assert.deepEqual(levels({ since: { from: "start", ms: 1500 } }), [1150, 750]);
  assert.deepEqual(levels({ since: { from: "end", ms: 0 } }), [750]);
  assert.deepEqual(levels({ until: { from: "end", ms: 500 } }), [1100, 1150]);
});

test("a focus keeps the paths through a frame, an ignore drops them", () => {
  assert.deepEqual(levels({ focus: /^cache$/ }), [100, 150, 150]);
  assert.deepEqual(levels({ ignore: /^cache$/ }), [1000, 1000, 600]);
  assert.deepEqual(levels({ focus: /^main$/, ignore: /^recv$/ }), [100, 150, 150]);
});

test("a wall clock needs a capture that has one, and an empty span selects nothing", () => {
  assert.equal(levels({ since: { from: "clock", ms: Date.UTC(2026, 0, 1) } }), null);
  assert.equal(levels({ since: { from: "start", ms: 60_000 } }), null);
});
