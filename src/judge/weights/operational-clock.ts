/**
 * The shape over work done instead of time (P8, growth.md section 3): memory that grows because the load grew is flat a message,
 * memory that is lost with every message is a line. Replaces the shape over time, so it adds the difference of the two.
 */
import { classWeights, type GroupClass, isOfApplication, isQueue, type Weight } from "../group-facts.ts";
import { overWork } from "../series.ts";
import { bestShape, shapeWeights } from "./shape.ts";

export const operationalClock: Weight = {
  id: "operational-clock",
  asks: "Does memory grow with the work done?",
  weigh(facts, fitter) {
    // a queue follows the lag, not the work
    if (isQueue(facts.kind) || facts.liveBytes.length < 2) return null;
    const series = facts.operationalClock === null ? null : overWork(facts, facts.operationalClock);
    if (series === null) return isOfApplication(facts.kind) ? { missing: "work-clock" } : null;
    const fit = fitter.fit(series);
    const work = shapeWeights(fit);
    const time = shapeWeights(fitter.fit(facts));
    const difference = (name: GroupClass): number => work[name] - time[name];
    const best = bestShape(fit);
    return {
      weights: classWeights({
        stable: difference("stable"),
        step: difference("step"),
        "warm-up": difference("warm-up"),
        buffering: difference("buffering"),
        backlog: difference("backlog"),
        leak: difference("leak"),
      }),
      code: best,
      figures: {
        work: fit.prepared.spanMs, // overWork() puts work where times are
        turnShare: fit.shapes[best].turn,
        countsMessages: facts.clockCounts === "messages" ? 1 : 0,
        bytesPerWork: (fit.shapes[best].slope.mean * fit.prepared.largestBytes) / fit.prepared.spanMs,
      },
    };
  },
};
