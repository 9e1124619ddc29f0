import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sketch } from "../testing/sketch.ts";
import { framesOf, frameText, liveAt } from "./ledger.ts";
import { sumByFrame } from "./sum-by-frame.ts";

test("a frame that calls itself counts once for a path, and all of its paths count", () => {
  const profile = sketch("at 0s main > walk > walk > malloc 100\nat 0s main > walk > malloc 20\nat 0s main > read > walk > malloc 3");
  const sums = sumByFrame(profile, liveAt(profile, 1).bytes);
  const named = Object.fromEntries(Array.from(sums, (sum, frame) => [frameText(profile, frame), sum]).slice(1));
  assert.deepEqual(named, { main: 123, walk: 123, malloc: 123, read: 3 });
});

test("it is what adding up the frames of every path gives", () => {
  const name = fc.constantFrom("a", "b", "c", "d");
  const stacks = fc.array(fc.tuple(fc.array(name, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 1000 })), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(stacks, (rows) => {
      const profile = sketch(rows.map(([names, bytes]) => `at 0s ${names.join(" > ")} ${bytes}`).join("\n"));
      const own = liveAt(profile, 1).bytes;
      const expected = new Float64Array(profile.frames.length);
      for (let path = 1; path < profile.paths.length; path++)
        for (const frame of new Set(framesOf(profile, path))) expected[frame] = (expected[frame] ?? 0) + (own[path] ?? 0);
      assert.deepEqual(sumByFrame(profile, own), expected);
    }),
  );
});
