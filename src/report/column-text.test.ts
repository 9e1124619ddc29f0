import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeColumn, encodeColumn } from "./column-text.ts";

test("whole numbers of either sign come back, runs of zeros and sizes beyond 32 bits among them", () => {
  const values = fc.array(
    fc.oneof(
      fc.constant(0),
      fc.maxSafeInteger().map((value) => Math.trunc(value / 4) + 0),
      fc.integer(),
    ),
  );
  fc.assert(
    fc.property(values, (numbers) => {
      const column = Float64Array.from(numbers);
      assert.deepEqual(decodeColumn(encodeColumn(column), column.length), column);
    }),
  );
});

test("a text that ends early gives zeros and no endless loop", () => {
  const text = encodeColumn(Float64Array.from([1000, 0, 0, 0, 2000]));
  assert.deepEqual([...decodeColumn(text.slice(0, 4), 5)], [1000, 0, 0, 0, 0]);
});

test("a thousand zeros cost a few characters", () => {
  assert.ok(encodeColumn(new Float64Array(1000)).length <= 8);
});
