/**
 * Growth against a count of events instead of time: memory that is lost at every rebalance, at every reconnect or with every fetch
 * response is a staircase over time and a line over their number. Compares y ~ [1, N(t)], N the events so far as the client's
 * statistics count them, with what leaks look like over time; of all classes only a leak may grow so.
 *
 * The surprise: it says nothing where the events are as even as time, and an event that happened once or twice is a step.
 */
import { at } from "../../base/columns.ts";
import { logSumExp } from "../../base/statistics.ts";
import { classWeights, type EventCounts, type GroupFacts, isQueue, type Weight } from "../group-facts.ts";
import { lineLogEvidence } from "../line-over.ts";
import { blockMeans, overWork, type PreparedSeries, SHAPE_BLOCKS } from "../series.ts";
import type { ShapeFitter } from "../shapes.ts";
import { classLogEvidence } from "./shape.ts";

/** Fewer events are a step or two, which every class has. */
const FEWEST_EVENTS = 3;
/** Counts that are never further from a straight line than this share are time. */
const LEAST_BEND = 0.08;
/** Of leaks, those that lose memory at one of the counted events: nobody counted how many do; one in four is a guess that costs little. */
const AT_EVENTS = 0.25;

export const growthEvents: Weight = {
  id: "growth-events",
  asks: "Does memory grow with every rebalance, reconnect or response?",
  weigh(facts, fitter) {
    if (facts.events === undefined || isQueue(facts.kind) || facts.liveBytes.length < 4) return null;
    const { prepared } = fitter.fit(facts);
    // the floors of a sawtooth have moments of their own
    if (prepared.isFloor) return null;
    const evidence = facts.events.flatMap((events) => {
      const share = eventShares(events, prepared);
      return share === null ? [] : [{ events, log: lineLogEvidence(prepared, share) }];
    });
    const best = evidence.reduce<(typeof evidence)[number] | null>((top, one) => (top === null || one.log > top.log ? one : top), null);
    if (best === null) return null;
    const overTime = leakLogEvidence(facts, fitter);
    const atEvents = logSumExp(evidence.map(({ log }) => log)) - Math.log(evidence.length);
    const leak = logSumExp([Math.log(1 - AT_EVENTS) + overTime, Math.log(AT_EVENTS) + atEvents]) - overTime;
    const { counts, what } = best.events;
    const happened = at(counts, counts.length - 1) - at(counts, 0);
    return {
      weights: classWeights({ leak }),
      code: what,
      figures: { events: happened, bytesPerEvent: (at(facts.liveBytes, counts.length - 1) - at(facts.liveBytes, 0)) / happened },
    };
  },
};

/** Of a leak over time, or over work where that is known: what the weights before this one have said. */
function leakLogEvidence(facts: GroupFacts, fitter: ShapeFitter): number {
  const series = facts.operationalClock === null ? null : overWork(facts, facts.operationalClock);
  return classLogEvidence(fitter.fit(series ?? facts), "leak");
}

/** Events so far, as shares of all of them, in the blocks of the series; null where they say nothing that time does not. */
function eventShares({ counts }: EventCounts, { clock }: PreparedSeries): Float64Array | null {
  const happened = at(counts, counts.length - 1) - at(counts, 0);
  if (!(happened >= FEWEST_EVENTS)) return null; // or not known at an end
  const first = at(counts, 0);
  const share = blockMeans(counts, Uint32Array.from(counts.keys()), SHAPE_BLOCKS).map((count) => (count - first) / happened);
  if (share.some(Number.isNaN) || share.length !== clock.length) return null;
  return share.some((value, row) => Math.abs(value - at(clock, row)) > LEAST_BEND) ? share : null;
}
