/**
 * Bayesian linear regression in closed form, averaged over six kinds of noise and ten noise levels (growth.md section 3):
 *
 *     y = Xβ + σε,   β ~ N(b0, S0),   ε ~ N(0, K)
 *
 * Whitened by W = chol(K)^-1, with Λ = X̃ᵀX̃/σ² + S0^-1, h = X̃ᵀỹ/σ² + S0^-1 b0 and m = Λ^-1 h, the log evidence is
 *
 *     -½ [ n log 2πσ² + log|K| + log|S0| + log|Λ| + ỹᵀỹ/σ² + b0ᵀS0^-1 b0 - mᵀh ].
 *
 * Several kinds of noise, because the errors of a heap series are hardly ever independent: sampled profiles of a leak err like
 * Brownian motion (an object stays sampled for as long as it lives), queues like an Ornstein-Uhlenbeck process.
 */
import { at } from "../base/columns.ts";
import { cholesky, dot, LOG_TWO_PI, logNormalCdf, logSumExp, solveLower } from "../base/statistics.ts";

interface Kernel {
  readonly prior: number;
  readonly isBrownian: boolean;
  readonly covariance: (a: number, b: number) => number;
  readonly nugget: number; // added to the diagonal
}

const ornsteinUhlenbeck = (length: number, nugget: number, prior: number): Kernel => ({
  prior,
  isBrownian: false,
  covariance: (a, b) => Math.exp(-Math.abs(a - b) / length),
  nugget,
});

const brownian = (nugget: number, prior: number): Kernel => ({
  prior,
  isBrownian: true,
  covariance: (a, b) => Math.min(a, b),
  nugget,
});

const KERNELS: readonly Kernel[] = [
  { prior: 0.22, isBrownian: false, covariance: () => 0, nugget: 1 }, // white
  ornsteinUhlenbeck(0.03, 0.05, 0.14),
  ornsteinUhlenbeck(0.12, 0.05, 0.16),
  ornsteinUhlenbeck(0.5, 0.02, 0.12),
  brownian(0.002, 0.2),
  brownian(0.03, 0.16),
];

/** Noise levels σ, as shares of the largest value: ten from .002 to .35, evenly on a log scale. */
export const SIGMAS: readonly number[] = Array.from({ length: 10 }, (_, level) => 0.002 * (0.35 / 0.002) ** (level / 9));

/**
 * Log prior of each noise level: lognormal around √(.015² + ½v), where v is the mean sampling variance; narrower when the
 * profile is sampled, because most of its noise is then known.
 */
export function sigmaLogPriors(varianceShare2: number, sampled: boolean): Float64Array {
  const centre = 0.5 * Math.log(0.015 ** 2 + 0.5 * varianceShare2);
  const width = sampled ? 0.9 : 1.2;
  const logs = Float64Array.from(SIGMAS, (sigma) => -0.5 * ((Math.log(sigma) - centre) / width) ** 2);
  const total = logSumExp(logs);
  return logs.map((log) => log - total);
}

/** One kind of noise on one grid of times, ready to whiten columns. */
export interface Whitening {
  readonly logPrior: number;
  readonly isBrownian: boolean;
  readonly logDeterminant: number; // of K
  readonly whiten: (column: Float64Array) => Float64Array;
}

export function whitenings(clock: Float64Array): readonly Whitening[] {
  const size = clock.length;
  return KERNELS.map((kernel) => {
    const covariance = new Float64Array(size * size);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        covariance[row * size + column] = kernel.covariance(at(clock, row), at(clock, column)) + (row === column ? kernel.nugget : 0);
      }
    }
    const factor = cholesky(covariance, size);
    let logDeterminant = 0;
    for (let row = 0; row < size; row++) logDeterminant += 2 * Math.log(at(factor, row * size + row));
    return {
      logPrior: Math.log(kernel.prior),
      isBrownian: kernel.isBrownian,
      logDeterminant,
      whiten: (column) => solveLower(factor, column),
    };
  });
}

/** A symmetric 3 × 3 matrix as [00, 01, 02, 11, 12, 22]. Designs with fewer columns are padded with columns of zeros. */
export type Symmetric3 = Float64Array;

/** Writes the inverse of a positive definite matrix over it; gives the log determinant it had. */
export function invert3(matrix: Symmetric3): number {
  const l00 = Math.sqrt(at(matrix, 0));
  const l10 = at(matrix, 1) / l00;
  const l20 = at(matrix, 2) / l00;
  const l11 = Math.sqrt(at(matrix, 3) - l10 * l10);
  const l21 = (at(matrix, 4) - l20 * l10) / l11;
  const l22 = Math.sqrt(at(matrix, 5) - l20 * l20 - l21 * l21);
  // the inverse of the factor, then its transpose times itself
  const i00 = 1 / l00;
  const i11 = 1 / l11;
  const i22 = 1 / l22;
  const i10 = -l10 * i00 * i11;
  const i21 = -l21 * i11 * i22;
  const i20 = -(l20 * i00 + l21 * i10) * i22;
  matrix[0] = i00 * i00 + i10 * i10 + i20 * i20;
  matrix[1] = i10 * i11 + i20 * i21;
  matrix[2] = i20 * i22;
  matrix[3] = i11 * i11 + i21 * i21;
  matrix[4] = i21 * i22;
  matrix[5] = i22 * i22;
  return 2 * Math.log(l00 * l11 * l22);
}

/** Of the coefficients of three columns: normal, independent. */
export interface Priors {
  readonly means: readonly number[];
  readonly sds: readonly number[];
}

/**
 * Log evidence of a design of three columns, averaged over the kinds and levels of noise; `bound`, where not null, is the least that
 * the last coefficient may be. Shares of the largest value, whose sampling variance is `varianceShare2` on the mean.
 */
export function regressionOn(
  clock: Float64Array,
  share: Float64Array,
  { varianceShare2, sampled }: { readonly varianceShare2: number; readonly sampled: boolean },
  { means, sds }: Priors,
): (columns: readonly Float64Array[], bound: number | null) => number {
  const sigmaLogs = sigmaLogPriors(varianceShare2, sampled);
  const noises = whitenings(clock).map((whitening) => ({ whitening, target: whitening.whiten(share) }));
  const precisions = sds.map((sd) => 1 / sd ** 2);
  const shifts = means.map((mean, column) => mean * (precisions[column] ?? 0));
  const priorSquares = means.reduce((sum, mean, column) => sum + mean * (shifts[column] ?? 0), 0);
  const priorLogDeterminant = sds.reduce((sum, sd) => sum + 2 * Math.log(sd), 0);
  return (columns, bound) =>
    logSumExp(
      noises.flatMap(({ whitening, target }) => {
        const whitened = columns.map(whitening.whiten);
        const squares = dot(target, target);
        const dots = whitened.map((column) => dot(column, target));
        const gram = whitened.flatMap((a, row) => whitened.slice(row).map((b) => dot(a, b)));
        return SIGMAS.map((sigma, noiseLevel) => {
          const inverse = Float64Array.from(gram, (product) => product / sigma ** 2);
          [0, 3, 5].forEach((diagonal, column) => {
            inverse[diagonal] = at(inverse, diagonal) + (precisions[column] ?? 0);
          });
          const logDeterminant = invert3(inverse);
          const [h0 = 0, h1 = 0, h2 = 0] = dots.map((product, column) => product / sigma ** 2 + (shifts[column] ?? 0));
          const m0 = at(inverse, 0) * h0 + at(inverse, 1) * h1 + at(inverse, 2) * h2;
          const m1 = at(inverse, 1) * h0 + at(inverse, 3) * h1 + at(inverse, 4) * h2;
          const m2 = at(inverse, 2) * h0 + at(inverse, 4) * h1 + at(inverse, 5) * h2;
          const logEvidence =
            -0.5 *
            (clock.length * (LOG_TWO_PI + 2 * Math.log(sigma)) +
              whitening.logDeterminant +
              priorLogDeterminant +
              logDeterminant +
              squares / sigma ** 2 +
              priorSquares -
              (m0 * h0 + m1 * h1 + m2 * h2));
          // log P(above the bound | data) - log P(above the bound)
          const above = bound === null ? 0 : logNormalCdf((m2 - bound) / Math.sqrt(at(inverse, 5))) - logNormalCdf(-bound / (sds[2] ?? 1));
          return whitening.logPrior + at(sigmaLogs, noiseLevel) + logEvidence + above;
        });
      }),
    );
}
