/**
 * How well each shape of growth explains a series: Bayesian model averaging over shapes, their turning points, kinds of noise
 * and noise levels, in closed form (growth.md section 3). Whatever does not depend on the sizes is computed once a grid of
 * times and shared by all series on it, because thousands of sites are captured at the same moments.
 */
import { at } from "../base/columns.ts";
import { dot, LOG_TWO_PI, logNormalCdf } from "../base/statistics.ts";
import { invert3, SIGMAS, sigmaLogPriors, type Whitening, whitenings } from "./regression.ts";
import { type PreparedSeries, prepare, type Series, SHAPE_BLOCKS } from "./series.ts";

export const SHAPES = ["constant", "line", "hinge", "saturation", "step", "drain", "hinge-line", "step-line"] as const;
export type Shape = (typeof SHAPES)[number];

/** A figure of a fit, as a normal distribution. */
export interface Normal {
  readonly mean: number;
  readonly sd: number;
}

/** One shape fitted to one series. Sizes are shares of the largest value, times shares of the capture. */
export interface ShapeFit {
  readonly logEvidence: number;
  /** Level at the end of the capture. */
  readonly level: Normal;
  /** Growth over the whole capture by the part that goes on for ever; zero where the shape has none. */
  readonly slope: Normal;
  /** Part of the noise that wanders instead of returning: standard deviation over the whole capture. */
  readonly wanderSd: number;
  /** Where the shape turns (end of a hinge, moment of a step), at its best; 0 where it does not. */
  readonly turn: number;
}

export interface SeriesFit {
  readonly prepared: PreparedSeries;
  readonly shapes: Readonly<Record<Shape, ShapeFit>>;
}

/** Prior of the coefficients: the first, a level, N(.5, .6²); all others, amplitudes, N(0, .6²). Shares of the largest value. */
const LEVEL_MEAN = 0.5;
const COEFFICIENT_SD = 0.6;
const PRECISION = 1 / COEFFICIENT_SD ** 2;

/** A line counts as growth from 5 % of the largest value over the capture: less is not material. */
const MATERIAL_SHARE = 0.05;

/** Where growth may end, in shares of the capture. */
export const HINGES: readonly number[] = Array.from({ length: 38 }, (_, row) => (row + 2) / 40);
const SATURATIONS: readonly number[] = [0.04, 0.08, 0.15, 0.25, 0.4, 0.7];
const DRAIN_STARTS: readonly number[] = [0.1, 0.25, 0.5]; // the fill ends
const DRAIN_ENDS: readonly number[] = [0.45, 0.6, 0.75, 0.9]; // the drain begins
const HINGES_OF_LINES: readonly number[] = Array.from({ length: 14 }, (_, row) => (row + 1) / 20);
const MOST_STEPS = 12;

/** One design: up to two columns beside the level. A bound says how large the coefficient has to be; null: any sign. */
interface Design {
  readonly shape: number; // row of SHAPES
  readonly first: number; // column
  readonly firstBound: number | null;
  readonly second: number;
  readonly secondBound: number | null;
  readonly slope: 0 | 1 | 2; // which coefficient is growth without end
  readonly turn: number;
  readonly logPrior: number; // uniform over the designs of one shape; less the prior mass that the bounds leave
}

/** Mean of min(x / end, 1) from `from` to `to`. */
function meanOfHinge(from: number, to: number, end: number): number {
  if (to <= end) return (from + to) / 2 / end;
  if (from >= end) return 1;
  return ((end ** 2 - from ** 2) / (2 * end) + to - end) / (to - from);
}

const LEVEL_COLUMN = 0;
const NO_COLUMN = 1; // zeros, which pad a design

/** Parts of a cell: what one (noise, design, level of noise) needs that does not depend on the sizes. */
const CELL = 10;
const CONSTANT = 6; // after the six of Λ^-1
const END_VARIANCE = 7;
const FIRST_SD = 8;
const SECOND_SD = 9;

/** A cell that is this far below the best of its shape adds less than a ten-millionth to it. */
const NEGLIGIBLE = 16;

/** The part of a cell's constant that the best possible fit takes back: ½ b0ᵀS0^-1 b0. */
const PERFECT = 0.5 * LEVEL_MEAN ** 2 * PRECISION;

/** All designs over one grid of times, whitened for every kind of noise. */
class Grid {
  readonly #whitenings: readonly Whitening[];
  readonly #columns: Float64Array[] = [];
  readonly #columnIds: Map<string, number> = new Map();
  readonly #designs: Design[] = [];
  readonly #whitened: readonly (readonly Float64Array[])[]; // by kind of noise, by column
  readonly #cells: Float64Array;

  constructor(clock: Float64Array) {
    this.#whitenings = whitenings(clock);
    this.#addDesigns(clock);
    this.#whitened = this.#whitenings.map((whitening) => this.#columns.map(whitening.whiten));
    this.#cells = new Float64Array(this.#whitenings.length * this.#designs.length * SIGMAS.length * CELL);
    this.#fillCells(clock.length);
  }

  #addDesigns(clock: Float64Array): void {
    const column = (id: string, value: (x: number, row: number) => number): number => {
      const known = this.#columnIds.get(id);
      if (known !== undefined) return known;
      this.#columns.push(clock.map(value));
      this.#columnIds.set(id, this.#columns.length - 1);
      return this.#columns.length - 1;
    };
    column("level", () => 1);
    column("none", () => 0);
    const line = column("line", (x) => x);
    // a value of a blocked series is a mean over its block, and so is the shape; a sharp corner would look like noise
    const width = clock.length < SHAPE_BLOCKS ? 0 : 1 / (clock.length - 1);
    const hinge = (end: number): number => column(`hinge ${end}`, (x) => meanOfHinge(x - width / 2, x + width / 2, end));
    const none = { second: NO_COLUMN, secondBound: null, slope: 0 as const };

    this.#add("constant", [{ first: NO_COLUMN, firstBound: null, ...none, turn: 0 }]);
    this.#add("line", [{ first: line, firstBound: MATERIAL_SHARE, ...none, slope: 1, turn: 0 }]);
    this.#add(
      "hinge",
      HINGES.map((turn) => ({ first: hinge(turn), firstBound: 0, ...none, turn })),
    );
    this.#add(
      "saturation",
      SATURATIONS.map((turn) => ({
        first: column(`saturation ${turn}`, (x) => (1 - Math.exp(-x / turn)) / (1 - Math.exp(-1 / turn))),
        firstBound: 0,
        ...none,
        turn,
      })),
    );
    const steps = stepRows(clock.length).map((from) => ({
      first: column(`step ${from}`, (_, row) => (row >= from ? 1 : 0)),
      turn: (at(clock, from - 1) + at(clock, from)) / 2,
    }));
    this.#add(
      "step",
      steps.map((step) => ({ ...step, firstBound: 0, ...none })),
    );
    this.#add(
      "step-line",
      steps.map((step) => ({ ...step, firstBound: 0, second: line, secondBound: MATERIAL_SHARE, slope: 2 })),
    );
    this.#add(
      "drain",
      DRAIN_STARTS.flatMap((start) =>
        DRAIN_ENDS.filter((end) => end > start).map((end) => ({
          first: hinge(start),
          firstBound: 0,
          second: column(`drain ${end}`, (x) => -Math.max(0, (x - end) / (1 - end))),
          secondBound: 0,
          slope: 0,
          turn: end,
        })),
      ),
    );
    this.#add(
      "hinge-line",
      HINGES_OF_LINES.map((turn) => ({ first: hinge(turn), firstBound: 0, second: line, secondBound: MATERIAL_SHARE, slope: 2, turn })),
    );
  }

  #add(shape: Shape, designs: readonly Omit<Design, "shape" | "logPrior">[]): void {
    for (const design of designs) {
      const logPrior = -Math.log(designs.length) - logMassAbove(design.firstBound) - logMassAbove(design.secondBound);
      this.#designs.push({ ...design, shape: SHAPES.indexOf(shape), logPrior });
    }
  }

  #fillCells(instants: number): void {
    const inverse = new Float64Array(6);
    const lastRow = instants - 1;
    let cell = 0;
    this.#whitenings.forEach((whitening, noise) => {
      const whitened = (column: number): Float64Array => this.#whitened[noise]?.[column] ?? new Float64Array(0);
      for (const design of this.#designs) {
        const columns = [whitened(LEVEL_COLUMN), whitened(design.first), whitened(design.second)] as const;
        const [level, first, second] = columns;
        const gram = [dot(level, level), dot(level, first), dot(level, second), dot(first, first), dot(first, second), dot(second, second)];
        const endFirst = at(this.#column(design.first), lastRow);
        const endSecond = at(this.#column(design.second), lastRow);
        for (const sigma of SIGMAS) {
          for (let part = 0; part < 6; part++) inverse[part] = (gram[part] ?? 0) / sigma ** 2;
          for (const diagonal of [0, 3, 5]) inverse[diagonal] = at(inverse, diagonal) + PRECISION;
          const logDeterminant = invert3(inverse);
          this.#cells.set(inverse, cell);
          // -½[n log 2πσ² + log|K| + log|S0| + log|Λ| + b0ᵀS0^-1 b0], and the priors of the noise and of the design
          this.#cells[cell + CONSTANT] =
            whitening.logPrior +
            design.logPrior -
            0.5 *
              (instants * (LOG_TWO_PI + 2 * Math.log(sigma)) +
                whitening.logDeterminant -
                3 * Math.log(PRECISION) +
                logDeterminant +
                LEVEL_MEAN ** 2 * PRECISION);
          this.#cells[cell + END_VARIANCE] =
            at(inverse, 0) +
            2 * (at(inverse, 1) * endFirst + at(inverse, 2) * endSecond + at(inverse, 4) * endFirst * endSecond) +
            at(inverse, 3) * endFirst ** 2 +
            at(inverse, 5) * endSecond ** 2;
          this.#cells[cell + FIRST_SD] = Math.sqrt(at(inverse, 3));
          this.#cells[cell + SECOND_SD] = Math.sqrt(at(inverse, 5));
          cell += CELL;
        }
      }
    });
  }

  #column(column: number): Float64Array {
    return this.#columns[column] ?? new Float64Array(0);
  }

  fit(series: PreparedSeries): Readonly<Record<Shape, ShapeFit>> {
    const sigmaLogs = sigmaLogPriors(series.varianceShare2, series.sampled);
    const averages = SHAPES.map(() => new Average());
    const dots = new Float64Array(this.#columns.length);
    const cells = this.#cells;
    const lastRow = series.clock.length - 1;
    let cell = 0;
    this.#whitenings.forEach((whitening, noise) => {
      const share = whitening.whiten(series.share);
      const squares = dot(share, share);
      this.#whitened[noise]?.forEach((column, id) => {
        dots[id] = dot(column, share);
      });
      for (const design of this.#designs) {
        const average = averages[design.shape] ?? new Average();
        const levelDot = at(dots, LEVEL_COLUMN);
        const firstDot = at(dots, design.first);
        const secondDot = at(dots, design.second);
        const endFirst = at(this.#column(design.first), lastRow);
        const endSecond = at(this.#column(design.second), lastRow);
        for (let level = 0; level < SIGMAS.length; level++, cell += CELL) {
          // not even a perfect fit would count
          const most = at(cells, cell + CONSTANT) + at(sigmaLogs, level) + PERFECT;
          if (most < average.largest - NEGLIGIBLE) continue;
          const sigma = SIGMAS[level] ?? 1;
          const precision = 1 / (sigma * sigma);
          const h0 = levelDot * precision + LEVEL_MEAN * PRECISION;
          const h1 = firstDot * precision;
          const h2 = secondDot * precision;
          const i01 = at(cells, cell + 1);
          const i02 = at(cells, cell + 2);
          const i12 = at(cells, cell + 4);
          const m0 = at(cells, cell) * h0 + i01 * h1 + i02 * h2;
          const m1 = i01 * h0 + at(cells, cell + 3) * h1 + i12 * h2;
          const m2 = i02 * h0 + i12 * h1 + at(cells, cell + 5) * h2;
          let log = at(cells, cell + CONSTANT) + at(sigmaLogs, level) - 0.5 * (squares * precision - m0 * h0 - m1 * h1 - m2 * h2);
          if (log < average.largest - NEGLIGIBLE) continue;
          if (design.firstBound !== null) log += logNormalCdf((m1 - design.firstBound) / at(cells, cell + FIRST_SD));
          if (design.secondBound !== null) log += logNormalCdf((m2 - design.secondBound) / at(cells, cell + SECOND_SD));
          const slope = design.slope === 1 ? m1 : design.slope === 2 ? m2 : 0;
          const slopeVariance = design.slope === 0 ? 0 : at(cells, cell + (design.slope === 1 ? 3 : 5));
          const weight = average.weigh(log, design.turn);
          const levelMean = m0 + m1 * endFirst + m2 * endSecond;
          average.level += weight * levelMean;
          average.levelSquare += weight * (levelMean * levelMean + at(cells, cell + END_VARIANCE));
          average.slope += weight * slope;
          average.slopeSquare += weight * (slope * slope + slopeVariance);
          if (whitening.isBrownian) average.wander += weight * sigma * sigma;
        }
      }
    });
    return Object.fromEntries(SHAPES.map((shape, row) => [shape, (averages[row] ?? new Average()).fit()])) as Record<Shape, ShapeFit>;
  }
}

/**
 * log of the prior probability that a coefficient is above its bound. A bound adds log P(above | data) - log P(above) to the
 * evidence: this part is known beforehand.
 */
function logMassAbove(bound: number | null): number {
  return bound === null ? 0 : logNormalCdf(-bound / COEFFICIENT_SD);
}

/** Rows at which a step may begin: all of them, or twelve spread evenly. */
function stepRows(instants: number): readonly number[] {
  const most = Math.min(instants - 1, MOST_STEPS);
  if (most <= 0) return [];
  if (most === 1) return [1];
  return Array.from({ length: most }, (_, step) => Math.round(1 + (step * (instants - 2)) / (most - 1)));
}

/** Sums of normal posteriors, each weighed by its evidence; the scale follows the largest evidence seen. */
class Average {
  largest = -Infinity;
  weight = 0;
  level = 0;
  levelSquare = 0;
  slope = 0;
  slopeSquare = 0;
  wander = 0;
  turn = 0;

  /** The weight to add the next posterior with; rescales what was added before when it is the best yet. */
  weigh(logEvidence: number, turn: number): number {
    if (logEvidence <= this.largest) {
      const weight = Math.exp(logEvidence - this.largest);
      this.weight += weight;
      return weight;
    }
    const shrink = Math.exp(this.largest - logEvidence);
    this.weight = this.weight * shrink + 1;
    this.level *= shrink;
    this.levelSquare *= shrink;
    this.slope *= shrink;
    this.slopeSquare *= shrink;
    this.wander *= shrink;
    this.largest = logEvidence;
    this.turn = turn;
    return 1;
  }

  fit(): ShapeFit {
    const level = this.level / this.weight;
    const slope = this.slope / this.weight;
    return {
      logEvidence: this.largest + Math.log(this.weight),
      level: { mean: level, sd: Math.sqrt(Math.max(0, this.levelSquare / this.weight - level ** 2)) },
      slope: { mean: slope, sd: Math.sqrt(Math.max(0, this.slopeSquare / this.weight - slope ** 2)) },
      wanderSd: Math.sqrt(this.wander / this.weight),
      turn: this.turn,
    };
  }
}

/** Fits series; keeps one grid for each set of times and one fit for each series, for as long as one answer is computed. */
export class ShapeFitter {
  readonly #grids: Map<string, Grid> = new Map();
  readonly #fits: WeakMap<Float64Array, { readonly times: Float64Array; readonly fit: SeriesFit }> = new WeakMap();

  /** @throws RangeError for a single instant: one point has no shape */
  fit(series: Series): SeriesFit {
    const known = this.#fits.get(series.liveBytes);
    if (known !== undefined && known.times === series.elapsedMs) return known.fit;
    if (series.liveBytes.length < 2) throw new RangeError("one instant has no shape");
    const prepared = prepare(series, SHAPE_BLOCKS);
    const key = prepared.clock.join(" ");
    let grid = this.#grids.get(key);
    if (grid === undefined) {
      grid = new Grid(prepared.clock);
      this.#grids.set(key, grid);
    }
    const fit = { prepared, shapes: grid.fit(prepared) };
    this.#fits.set(series.liveBytes, { times: series.elapsedMs, fit });
    return fit;
  }
}
