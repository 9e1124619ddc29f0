/**
 * Log evidence of y ~ [1, column] for any column beside time: events so far, the consumer lag. Priors and noise are those of the shapes
 * over time, so that both may be compared.
 */
import { type Priors, regressionOn } from "./regression.ts";
import type { PreparedSeries } from "./series.ts";

/** The level .5 ± .6, the coefficient 0 ± .6 of the largest value. */
const PRIORS: Priors = { means: [0.5, 0, 0], sds: [0.6, 0.6, 0.6] };
/** A coefficient that is less than this share of the largest value is not material. */
const MATERIAL_SHARE = 0.05;

/** `column`: from 0 to 1, at the blocks of the series. */
export function lineLogEvidence({ clock, share, varianceShare2, sampled }: PreparedSeries, column: Float64Array): number {
  const regression = regressionOn(clock, share, { varianceShare2, sampled }, PRIORS);
  return regression([share.map(() => 1), share.map(() => 0), column], MATERIAL_SHARE);
}
