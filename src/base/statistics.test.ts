import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cholesky,
  interpolate,
  logNormalCdf,
  logSumExp,
  mean,
  normalCdf,
  normalQuantile,
  quantile,
  randomFrom,
  solveLower,
} from "./statistics.ts";

const close = (actual: number, expected: number, relative = 1e-6): void =>
  assert.ok(Math.abs(actual - expected) <= relative * Math.max(1e-300, Math.abs(expected)), `${actual} is not ${expected}`);

test("the normal distribution is accurate in the middle and far out in the tail", () => {
  close(normalCdf(0), 0.5);
  close(normalCdf(1.96), 0.9750021048517795);
  close(normalCdf(-1.96), 0.024997895148220435);
  close(logNormalCdf(-10), -53.23128515051247);
  close(logNormalCdf(-40), -804.6084420137538);
  assert.equal(logNormalCdf(50), 0);
  close(normalQuantile(0.975), 1.959963984540054);
});

test("logarithms of sums neither overflow nor lose the impossible", () => {
  close(logSumExp([1000, 1000]), 1000 + Math.LN2);
  close(logSumExp([-1000, -Infinity]), -1000);
  assert.equal(logSumExp([]), -Infinity);
});

test("quantiles interpolate between neighbours", () => {
  assert.equal(quantile(Float64Array.of(4, 1, 3, 2), 0.5), 2.5);
  assert.equal(quantile(Float64Array.of(7), 0.9), 7);
});

test("a piecewise line holds its ends", () => {
  const [positions, values] = [Float64Array.of(0, 1, 3), Float64Array.of(0, 10, 30)];
  assert.deepEqual(
    [-1, 0.5, 2, 9].map((position) => interpolate(positions, values, position)),
    [0, 5, 20, 30],
  );
});

test("a Cholesky factor solves its matrix, and refuses one that is not positive definite", () => {
  const factor = cholesky(Float64Array.of(4, 2, 2, 3), 2);
  assert.deepEqual([...factor], [2, 0, 1, Math.SQRT2]);
  assert.deepEqual([...solveLower(factor, Float64Array.of(4, 2))], [2, 0]);
  assert.throws(() => cholesky(Float64Array.of(1, 2, 2, 1), 2), RangeError);
});

test("random numbers repeat for a seed and have the moments they should", () => {
  const draw = (seed: number): readonly number[] => Array.from({ length: 3 }, randomFrom(seed).uniform);
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
  const random = randomFrom(7);
  const normals = Float64Array.from({ length: 20_000 }, random.normal);
  assert.ok(Math.abs(mean(normals)) < 0.03 && Math.abs(mean(normals.map((value) => value ** 2)) - 1) < 0.05);
  for (const expected of [0.5, 8, 200]) {
    const counts = Float64Array.from({ length: 4000 }, () => random.poisson(expected));
    assert.ok(Math.abs(mean(counts) - expected) < 0.1 * expected, `Poisson ${expected}`);
  }
});
