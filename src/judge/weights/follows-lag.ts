/**
 * Memory of the application against how far the consumer is behind: what waits in a channel of the application is not committed yet, so
 * that it comes and goes with the lag, and is no leak. Compares y ~ [1, lag] with what a backlog or a queue looks like over time.
 *
 * The surprise: a lag that only grows says nothing, since whatever leaks grows with it; only one that fell tells.
 */
import { at } from "../../base/columns.ts";
import { largest, logSumExp } from "../../base/statistics.ts";
import { classWeights, isOfApplication, type Weight } from "../group-facts.ts";
import { lineLogEvidence } from "../line-over.ts";
import { blockMeans, SHAPE_BLOCKS } from "../series.ts";
import { classLogEvidence } from "./shape.ts";

/** The lag has to fall by this share of its largest value, at some time, before following it means something. */
const FALLEN_SHARE = 0.3;
/** Of backlogs, those that hold what is not committed; others commit as they take messages out of the client. */
const FOLLOWS = 0.3;
/** No series of lag counts for more: exporters read it at moments of their own, and it may be that of another group. */
const MOST = 4;
const FEWEST_INSTANTS = 5;

export const followsLag: Weight = {
  id: "follows-lag",
  asks: "Does memory of the application come and go with the consumer lag?",
  weigh(facts, fitter) {
    if (!isOfApplication(facts.kind) || facts.lagMessages === undefined || facts.liveBytes.length < FEWEST_INSTANTS) return null;
    const lag = facts.lagMessages;
    if (lag.some((messages) => !Number.isFinite(messages)) || !hasFallen(lag)) return null;
    const fit = fitter.fit(facts);
    if (fit.prepared.isFloor) return null;
    const blocks = blockMeans(lag, Uint32Array.from(lag.keys()), SHAPE_BLOCKS);
    const most = Math.max(1, largest(blocks));
    const follows = lineLogEvidence(
      fit.prepared,
      blocks.map((messages) => messages / most),
    );
    const gain = (name: "backlog" | "buffering"): number => {
      const overTime = classLogEvidence(fit, name);
      return Math.min(MOST, logSumExp([Math.log(1 - FOLLOWS) + overTime, Math.log(FOLLOWS) + follows]) - overTime);
    };
    const backlog = gain("backlog");
    return {
      weights: classWeights({ backlog, buffering: gain("buffering") }),
      code: backlog > 0 ? "comes-and-goes" : "does-not-follow",
      figures: { firstMessages: at(lag, 0), mostMessages: largest(lag), lastMessages: at(lag, lag.length - 1) },
    };
  },
};

function hasFallen(lag: Float64Array): boolean {
  let highest = 0;
  let fall = 0;
  for (const messages of lag) {
    highest = Math.max(highest, messages);
    fall = Math.max(fall, highest - messages);
  }
  return fall > FALLEN_SHARE * highest;
}
