import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProfileBuilder } from "./profile-builder.ts";

test("a stack has one path, however many others branch off it", () => {
  const stack = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(stack, { maxLength: 400 }), (stacks) => {
      const builder = new ProfileBuilder();
      const pathOf = new Map<string, number>([["", 0]]);
      for (const frames of stacks) {
        let path = 0;
        for (let depth = 1; depth <= frames.length; depth++) {
          path = builder.path(path, frames[depth - 1] ?? 0);
          const key = frames.slice(0, depth).join();
          assert.equal(path, pathOf.get(key) ?? builder.pathCount - 1);
          pathOf.set(key, path);
        }
      }
      assert.equal(pathOf.size, builder.pathCount);
    }),
  );
});
