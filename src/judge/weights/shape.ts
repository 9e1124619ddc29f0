/**
 * The shape of the growth (growth.md section 3): how well each class of behaviour, as a mixture of shapes, explains the series.
 * Alone it must abstain: a queue that fills and a leak draw the same line.
 */
import { logSumExp } from "../../base/statistics.ts";
import { type ClassWeights, GROUP_CLASSES, type GroupClass, type Weight } from "../group-facts.ts";
import { type SeriesFit, SHAPES, type Shape } from "../shapes.ts";

/**
 * What a class of behaviour looks like: shares of each shape. As in growth.md section 3, but for the step of buffering: a queue
 * fills at the speed of the network, often between two looks, and then a fill is a step. The other shares of buffering gave
 * way in proportion.
 */
export const SHAPES_OF_CLASS: Readonly<Record<GroupClass, Partial<Record<Shape, number>>>> = {
  stable: { constant: 1 },
  step: { step: 1 },
  "warm-up": { saturation: 0.5, hinge: 0.38, line: 0.07, "hinge-line": 0.05 },
  buffering: { hinge: 0.25, saturation: 0.18, line: 0.13, constant: 0.11, drain: 0.13, "hinge-line": 0.09, step: 0.11 },
  backlog: { line: 0.65, "hinge-line": 0.35 },
  leak: { line: 0.65, "hinge-line": 0.2, "step-line": 0.15 },
};

/** Log evidence of one class; `logFactor` weighs a shape further. */
export function classLogEvidence(fit: SeriesFit, name: GroupClass, logFactor: (shape: Shape) => number = () => 0): number {
  const shares = SHAPES_OF_CLASS[name];
  return logSumExp(SHAPES.map((shape) => Math.log(shares[shape] ?? 0) + fit.shapes[shape].logEvidence + logFactor(shape)));
}

export function shapeWeights(fit: SeriesFit): ClassWeights {
  return Object.fromEntries(GROUP_CLASSES.map((name) => [name, classLogEvidence(fit, name)])) as Record<GroupClass, number>;
}

/** The shape that explains the series best. */
export function bestShape(fit: SeriesFit): Shape {
  return SHAPES.reduce((best, shape) => (fit.shapes[shape].logEvidence > fit.shapes[best].logEvidence ? shape : best));
}

export const shape: Weight = {
  id: "shape",
  asks: "Which shape does the growth have?",
  weigh(facts, fitter) {
    if (facts.liveBytes.length < 2) return { missing: "series" };
    const fit = fitter.fit(facts);
    const best = bestShape(fit);
    const { level, slope, turn } = fit.shapes[best];
    const { largestBytes, spanMs, share } = fit.prepared;
    return {
      weights: shapeWeights(fit),
      code: best,
      figures: {
        instants: facts.liveBytes.length,
        spanMs,
        growthBytes: ((share.at(-1) ?? 0) - (share[0] ?? 0)) * largestBytes,
        largestBytes,
        levelBytes: level.mean * largestBytes,
        slopeBytesPerCapture: slope.mean * largestBytes,
        turnShare: turn,
      },
    };
  },
};
