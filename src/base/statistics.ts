/**
 * The little mathematics that verdicts need: the normal distribution with accurate tails, sums of logarithms, quantiles,
 * Cholesky factors of small matrices, and a seeded random generator for simulations. Nothing here knows of memory.
 */

/** log(2π), which every normal density needs. */
export const LOG_TWO_PI: number = Math.log(2 * Math.PI);

/**
 * log of the normal cumulative distribution. Works on the logarithm of erfc throughout, so it neither underflows nor loses
 * digits in the lower tail: Chebyshev fit `erfcc` of Numerical Recipes section 6.2, relative error of erfc < 1.2e-7.
 */
export function logNormalCdf(z: number): number {
  if (z > 6) return 0; // to 1e-9; the commonest case of all
  const logTail = logErfc(Math.abs(z) * Math.SQRT1_2) - Math.LN2; // log of the smaller side, Φ(-|z|)
  return z <= 0 ? logTail : Math.log1p(-Math.exp(logTail));
}

export function normalCdf(z: number): number {
  return Math.exp(logNormalCdf(z));
}

/** log erfc(x) for x >= 0. */
function logErfc(x: number): number {
  const t = 1 / (1 + 0.5 * x);
  const series =
    -1.26551223 +
    t *
      (1.00002368 +
        t *
          (0.37409196 +
            t *
              (0.09678418 +
                t * (-0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  return Math.log(t) - x * x + series;
}

/** The z below which a share of a normal distribution lies. By bisection: for tables, not for inner loops. */
export function normalQuantile(share: number): number {
  let low = -40;
  let high = 40;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

export function logNormalDensity(value: number, mean: number, variance: number): number {
  return -0.5 * (LOG_TWO_PI + Math.log(variance) + (value - mean) ** 2 / variance);
}

/** log Σ exp(values), without overflow; -Infinity for none. */
export function logSumExp(values: Iterable<number>): number {
  let largest = -Infinity;
  let sum = 0; // of exp(value - largest)
  for (const value of values) {
    if (value === -Infinity) continue;
    if (value > largest) {
      sum = sum * Math.exp(largest - value) + 1;
      largest = value;
    } else {
      sum += Math.exp(value - largest);
    }
  }
  return largest + Math.log(sum);
}

export function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}

export function largest(values: Float64Array): number {
  let most = -Infinity;
  for (const value of values) if (value > most) most = value;
  return most;
}

/** Quantile of values in any order, interpolated between neighbours (definition 7 of Hyndman and Fan). */
export function quantile(values: Float64Array, share: number): number {
  const sorted = values.toSorted();
  const position = Math.min(Math.max(share, 0), 1) * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** The value at `position` of a piecewise line through (positions, values); positions ascend, the ends are held. */
export function interpolate(positions: Float64Array, values: Float64Array, position: number): number {
  let low = 0;
  let high = positions.length - 1;
  if (position <= (positions[low] ?? 0)) return values[low] ?? Number.NaN;
  if (position >= (positions[high] ?? 0)) return values[high] ?? Number.NaN;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((positions[middle] ?? 0) <= position) low = middle;
    else high = middle;
  }
  const from = positions[low] ?? 0;
  const share = (position - from) / ((positions[high] ?? 0) - from);
  return (values[low] ?? 0) * (1 - share) + (values[high] ?? 0) * share;
}

/** Lower Cholesky factor of a symmetric positive definite matrix (row-major, size × size). */
export function cholesky(matrix: Float64Array, size: number): Float64Array {
  const factor = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * size + column] ?? 0;
      for (let k = 0; k < column; k++) sum -= (factor[row * size + k] ?? 0) * (factor[column * size + k] ?? 0);
      if (row === column) {
        if (!(sum > 0)) throw new RangeError("the matrix is not positive definite");
        factor[row * size + row] = Math.sqrt(sum);
      } else {
        factor[row * size + column] = sum / (factor[column * size + column] ?? 1);
      }
    }
  }
  return factor;
}

/** Solves factor · solution = values for a lower triangular factor. */
export function solveLower(factor: Float64Array, values: Float64Array): Float64Array {
  const size = values.length;
  const solution = new Float64Array(size);
  for (let row = 0; row < size; row++) {
    let sum = values[row] ?? 0;
    for (let column = 0; column < row; column++) sum -= (factor[row * size + column] ?? 0) * (solution[column] ?? 0);
    solution[row] = sum / (factor[row * size + row] ?? 1);
  }
  return solution;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let row = 0; row < a.length; row++) sum += (a[row] ?? 0) * (b[row] ?? 0);
  return sum;
}

/** Random numbers that are the same on every machine for one seed. */
export interface Random {
  /** In [0, 1). */
  readonly uniform: () => number;
  /** In [low, high). */
  readonly between: (low: number, high: number) => number;
  readonly normal: () => number;
  readonly poisson: (mean: number) => number;
}

/** The generator mulberry32 (Tommy Ettinger, public domain) and what is made of it. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const poisson = (expected: number): number => {
    if (expected > 60) return Math.max(0, Math.round(expected + Math.sqrt(expected) * normal()));
    let count = 0;
    for (let product = uniform(), limit = Math.exp(-expected); product > limit; product *= uniform()) count++;
    return count;
  };
  return { uniform, between: (low, high) => low + (high - low) * uniform(), normal, poisson };
}
