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

/** 1 / σ² of every level of noise. */
const PRECISIONS: Float64Array = Float64Array.from(SIGMAS, (sigma) => 1 / sigma ** 2);

/** A cell that is this far below the best of its shape adds less than a ten-millionth to it. */
const NEGLIGIBLE = 16;

/** Bounds of coefficients may take a lot from the best cell of a shape, and then lesser ones count. */
const SURELY_NEGLIGIBLE = 60;
/** The part of a cell's constant that is no bound: ½ b0ᵀS0^-1 b0. */
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

  /**
   * Two passes, because thousands of cells count for nothing: the first computes the evidence of every cell without the bounds
   * of its coefficients, which only lower it; the second averages those that can still matter beside the best.
   */
  fit(series: PreparedSeries): Readonly<Record<Shape, ShapeFit>> {
    const sigmaLogs = sigmaLogPriors(series.varianceShare2, series.sampled);
    const cells = this.#cells;
    const levels = SIGMAS.length;
    const logs = new Float64Array(cells.length / CELL);
    const best = new Uint32Array(SHAPES.length).fill(logs.length);
    const dots = this.#whitenings.map((whitening, noise) => {
      const share = whitening.whiten(series.share);
      const columns = this.#whitened[noise] ?? [];
      const products = new Float64Array(columns.length + 1);
      columns.forEach((column, id) => {
        products[id] = dot(column, share);
      });
      products[columns.length] = dot(share, share);
      return products;
    });
    const posterior = new Posterior(cells);
    let index = 0;
    for (const products of dots) {
      const squares = at(products, products.length - 1);
      const levelDot = at(products, LEVEL_COLUMN);
      for (const design of this.#designs) {
        const firstDot = at(products, design.first);
        const secondDot = at(products, design.second);
        for (let level = 0; level < levels; level++, index++) {
          const known = at(best, design.shape);
          // what a perfect fit would reach
          const most = at(cells, index * CELL + CONSTANT) + at(sigmaLogs, level) + PERFECT;
          if (known !== logs.length && most < at(logs, known) - SURELY_NEGLIGIBLE) {
            logs[index] = -Infinity;
            continue;
          }
          const precision = at(PRECISIONS, level);
          posterior.solve(index * CELL, levelDot * precision, firstDot * precision, secondDot * precision);
          const log = at(cells, index * CELL + CONSTANT) + at(sigmaLogs, level) - 0.5 * (squares * precision - posterior.explained);
          logs[index] = log;
          if (known === logs.length || log > at(logs, known)) best[design.shape] = index;
        }
      }
    }

    const averages = SHAPES.map(() => new Average());
    const perNoise = this.#designs.length * levels;
    const visit = (cell: number): number => {
      const noise = Math.floor(cell / perNoise);
      const design = this.#designs[Math.floor((cell % perNoise) / levels)] as Design;
      const products = dots[noise] ?? new Float64Array(0);
      const precision = at(PRECISIONS, cell % levels);
      posterior.solve(
        cell * CELL,
        at(products, LEVEL_COLUMN) * precision,
        at(products, design.first) * precision,
        at(products, design.second) * precision,
      );
      let log = at(logs, cell);
      if (design.firstBound !== null) log += logNormalCdf((posterior.m1 - design.firstBound) / at(cells, cell * CELL + FIRST_SD));
      if (design.secondBound !== null) log += logNormalCdf((posterior.m2 - design.secondBound) / at(cells, cell * CELL + SECOND_SD));
      return log;
    };
    const least = Float64Array.from(best, (cell) => (cell === logs.length ? -Infinity : visit(cell) - NEGLIGIBLE));
    const lastRow = series.clock.length - 1;
    for (let design = 0; design < this.#designs.length; design++) {
      const { shape, slope, turn, first, second } = this.#designs[design] as Design;
      const average = averages[shape] as Average;
      const endFirst = at(this.#column(first), lastRow);
      const endSecond = at(this.#column(second), lastRow);
      for (let noise = 0; noise < dots.length; noise++) {
        for (let cell = noise * perNoise + design * levels, end = cell + levels; cell < end; cell++) {
          if (at(logs, cell) < Math.max(at(least, shape), average.largest - NEGLIGIBLE)) continue;
          const weight = average.weigh(visit(cell), turn);
          const level = posterior.m0 + posterior.m1 * endFirst + posterior.m2 * endSecond;
          average.level += weight * level;
          average.levelSquare += weight * (level * level + at(cells, cell * CELL + END_VARIANCE));
          if (slope !== 0) {
            const drift = slope === 1 ? posterior.m1 : posterior.m2;
            average.slope += weight * drift;
            average.slopeSquare += weight * (drift * drift + at(cells, cell * CELL + (slope === 1 ? 3 : 5)));
          }
          if (this.#whitenings[noise]?.isBrownian === true) average.wander += weight / at(PRECISIONS, cell % levels);
        }
      }
    }
    return Object.fromEntries(SHAPES.map((shape, row) => [shape, (averages[row] as Average).fit()])) as Record<Shape, ShapeFit>;
  }
}

/** The mean of the coefficients of one cell, m = Λ^-1 h, and how much of the squares it explains, mᵀh. */
class Posterior {
  readonly #cells: Float64Array;
  m0 = 0;
  m1 = 0;
  m2 = 0;
  explained = 0;

  constructor(cells: Float64Array) {
    this.#cells = cells;
  }

  solve(cell: number, levelDot: number, firstDot: number, secondDot: number): void {
    const cells = this.#cells;
    const h0 = levelDot + LEVEL_MEAN * PRECISION;
    const i01 = at(cells, cell + 1);
    const i02 = at(cells, cell + 2);
    const i12 = at(cells, cell + 4);
    this.m0 = at(cells, cell) * h0 + i01 * firstDot + i02 * secondDot;
    this.m1 = i01 * h0 + at(cells, cell + 3) * firstDot + i12 * secondDot;
    this.m2 = i02 * h0 + i12 * firstDot + at(cells, cell + 5) * secondDot;
    this.explained = this.m0 * h0 + this.m1 * firstDot + this.m2 * secondDot;
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
