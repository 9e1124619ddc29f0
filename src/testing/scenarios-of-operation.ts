/**
 * More scenarios, of a consumer or producer in operation: days and nights, rebalances, reconnects, batches, several consumers in
 * one process, compression, brokers that are down, restarts inside of a series, caches that fill one after another. Those held
 * out were written before any weight was adjusted and looked at once, at the end.
 */
import { at } from "../base/columns.ts";
import { interpolate, type Random } from "../base/statistics.ts";
import type { GroupKind } from "../judge/group-facts.ts";
import {
  appStory,
  ceilingBytes,
  cumulative,
  curve,
  events,
  evenWork,
  fill,
  flat,
  holding,
  kept,
  MIB,
  MOMENTS,
  objectBytes,
  queueStory,
  retainedOf,
  rising,
  type Scenario,
  STEPS,
  type Story,
  scale,
  staircase,
  times,
  wobble,
} from "./stories.ts";

const fetch: readonly GroupKind[] = ["fetch"];
const producer: readonly GroupKind[] = ["producer"];
const app: readonly GroupKind[] = ["app"];
const clientOther: readonly GroupKind[] = ["client-other"];

/** A part of a day, or a few: 1 ± swing. */
function day(random: Random, swing: number): Float64Array {
  const waves = random.between(0.3, 3);
  const phase = random.between(0, 2 * Math.PI);
  return curve((x) => 1 + swing * Math.sin(2 * Math.PI * waves * x + phase));
}

/** Moments in bursts: a few storms with several events each. */
function storms(random: Random): readonly number[] {
  return events(random, random.between(2, 6)).flatMap((moment) =>
    Array.from({ length: 1 + random.poisson(2) }, () => Math.min(0.99, moment + random.between(0, 0.05))),
  );
}

/** A process that was restarted once or twice: what is lost, and at the end of each life, gone. */
function withRestarts(random: Random, grown: (sinceStart: number) => number): Float64Array {
  const restarts = [random.between(0.2, 0.45), ...(random.uniform() < 0.4 ? [random.between(0.5, 0.65)] : [])];
  return curve((x) => grown(x - Math.max(0, ...restarts.filter((moment) => moment <= x))));
}

function leakAtEvents(random: Random, moments: readonly number[], width: number, share: number): Story {
  const level = MIB * random.between(8, 60);
  const steps = staircase(random, moments, width);
  return appStory(random, scale(wobble(random, random.between(0.005, 0.03), 0.03), level), [
    kept(scale(steps, level * share), objectBytes(random)),
  ]);
}

export const operationScenarios: readonly Scenario[] = [
  {
    id: "diurnal-queue",
    family: "buffering",
    truth: "buffering",
    kinds: fetch,
    isHeldOut: false,
    draw: (random) => {
      const bound = ceilingBytes(random);
      const load = day(random, random.between(0.3, 0.9));
      const peak = random.between(0.4, 1.3);
      return queueStory(
        random,
        bound,
        load.map((value) => bound * Math.min(1, (peak * value) / 1.9)),
      );
    },
  },
  {
    id: "compressed-fill",
    family: "buffering",
    truth: "buffering",
    kinds: fetch,
    isHeldOut: false,
    draw: (random) => {
      // batches that are being decompressed come on top of the queue and on top of what the statistics count
      const bound = ceilingBytes(random);
      const level = rising(random, random.between(0.1, 1.4));
      const size = objectBytes(random);
      const unpacked = times(scale(level, bound * random.between(0.02, 0.12)), wobble(random, 0.15, 0.02));
      return queueStory(random, bound, scale(level, bound), [holding(unpacked, bound * 4, size)]);
    },
  },
  {
    id: "brokers-down",
    family: "buffering",
    truth: "buffering",
    kinds: producer,
    isHeldOut: false,
    draw: (random) => {
      const bound = ceilingBytes(random);
      const begin = random.between(0.1, 0.6);
      const full = begin + random.between(0.1, 0.6);
      const end = random.uniform() < 0.5 ? 2 : full + random.between(0, 0.2);
      return queueStory(
        random,
        bound,
        curve((x) => bound * Math.max(0.02, Math.min(1, (x - begin) / (full - begin)) * Math.min(1, Math.max(0, 1 - (x - end) / 0.1)))),
      );
    },
  },
  {
    id: "rebalance-leak",
    family: "unbounded",
    truth: "leak",
    kinds: app,
    isHeldOut: false,
    draw: (random) => {
      const moments = events(random, random.between(4, 12));
      return { ...leakAtEvents(random, moments, 0.01, random.between(0.25, 1.5)), losesAt: { what: "rebalances", moments } };
    },
  },
  {
    id: "caches-in-turn",
    family: "bounded",
    truth: "warm-up",
    kinds: ["app", "client-other"],
    isHeldOut: false,
    draw: (random) => {
      // lazily made caches and pools: a staircase that ends
      const end = random.between(0.25, 0.7);
      const moments = events(random, random.between(3, 7)).map((moment) => moment * end);
      return leakAtEvents(random, moments, 0.01, random.between(0.25, 1.5));
    },
  },
  {
    id: "restart",
    family: "bounded",
    truth: "warm-up",
    kinds: app,
    isHeldOut: false,
    draw: (random) => {
      const level = MIB * random.between(15, 90);
      const speed = random.between(0.02, 0.1);
      const cached = withRestarts(random, (since) => level * (1 - Math.exp(-since / speed)));
      return appStory(random, scale(wobble(random, 0.01, 0.05), level * random.between(0.1, 0.5)), [
        holding(cached, 0, objectBytes(random)),
      ]);
    },
  },
  {
    id: "several-consumers",
    family: "buffering",
    truth: "buffering",
    kinds: fetch,
    isHeldOut: true,
    draw: (random) => {
      const consumers = 2 + Math.floor(random.between(0, 3));
      const bound = ceilingBytes(random);
      const size = objectBytes(random);
      const queues = Array.from({ length: consumers }, () => {
        const begin = random.between(0, 0.8);
        const end = begin + random.between(0.05, 0.8);
        const level = curve((x) => (bound / consumers) * Math.min(1, Math.max(0, (x - begin) / (end - begin))));
        return holding(level, (bound / consumers) * 2 ** random.between(-1, 4), size, true);
      });
      return queueStory(random, bound, flat(0), queues);
    },
  },
  {
    id: "in-flight",
    family: "buffering",
    truth: "buffering",
    kinds: producer,
    isHeldOut: true,
    draw: (random) => {
      const bound = ceilingBytes(random);
      const latency = wobble(random, random.between(0.1, 0.3), random.between(0.02, 0.3));
      const load = times(day(random, random.between(0.1, 0.6)), latency);
      const share = random.between(0.05, 0.5);
      return queueStory(
        random,
        bound,
        load.map((value) => bound * Math.min(1, share * value)),
      );
    },
  },
  {
    id: "delivery-reports-never-polled",
    family: "buffering",
    truth: "buffering",
    kinds: producer,
    isHeldOut: false, // was, until a look at it changed what the ages of a producer's queue say
    draw: (random) => {
      // messages wait for their report to be read; they count as queued, so that the queue fills once and stays full
      const bound = ceilingBytes(random);
      const level = scale(curve(fill(random.between(0.2, 2))), bound);
      const size = objectBytes(random);
      return queueStory(random, bound, flat(0), [{ ...holding(level, 0, size, true) }]);
    },
  },
  {
    id: "reconnect-leak",
    family: "unbounded",
    truth: "leak",
    kinds: clientOther,
    isHeldOut: true,
    draw: (random) => {
      const moments = storms(random);
      return { ...leakAtEvents(random, moments, 0.005, random.between(0.25, 1.5)), losesAt: { what: "disconnects", moments } };
    },
  },
  {
    id: "batch-leak",
    family: "unbounded",
    truth: "leak",
    kinds: app,
    isHeldOut: true,
    draw: (random) => {
      const level = MIB * random.between(10, 60);
      const batches = events(random, random.between(8, 30));
      const lost = scale(staircase(random, batches, 0.02), level * random.between(0.25, 1.2));
      return appStory(random, scale(wobble(random, random.between(0.01, 0.04), 0.03), level), [
        retainedOf(lost, level * 2 ** random.between(0, 4), objectBytes(random)),
      ]);
    },
  },
  {
    id: "diurnal-retained",
    family: "unbounded",
    truth: "leak",
    kinds: fetch,
    isHeldOut: true,
    draw: (random) => {
      const bound = ceilingBytes(random);
      const load = day(random, random.between(0.3, 0.8));
      const work = cumulative(load);
      const queued = scale(load, (bound * random.between(0.1, 0.5)) / 1.8);
      const keptBytes = bound * random.between(0.6, 2);
      const size = objectBytes(random);
      const retained = curve((x) => (keptBytes * interpolate(MOMENTS, work, x)) / at(work, STEPS));
      return { ...queueStory(random, bound, queued, [retainedOf(retained, keptBytes * 2 ** random.between(0, 4), size)]), work };
    },
  },
  {
    id: "pools-in-turn",
    family: "bounded",
    truth: "warm-up",
    kinds: ["app", "client-other"],
    isHeldOut: true,
    draw: (random) => {
      // each further step of a pool is rarer than the one before
      const count = 3 + Math.floor(random.between(0, 4));
      const late = Math.log(count + 1);
      const moments = Array.from({ length: count }, (_, step) => {
        const moment = 0.75 * (1 - Math.log(count + 1 - step) / late);
        return Math.max(0.01, moment + random.between(-0.03, 0.03));
      });
      return leakAtEvents(random, moments, 0.02, random.between(0.25, 1.5));
    },
  },
  {
    id: "restart-with-leak",
    family: "unbounded",
    truth: "leak",
    kinds: app,
    isHeldOut: true,
    draw: (random) => {
      const level = MIB * random.between(15, 80);
      const growth = level * random.between(0.5, 2);
      const lost = withRestarts(random, (since) => growth * since);
      const base = scale(wobble(random, random.between(0.01, 0.03), 0.05), level);
      return { ...appStory(random, base, [holding(lost, 0, objectBytes(random))]), work: evenWork(random) };
    },
  },
  {
    id: "delivery-events-kept",
    family: "unbounded",
    truth: "leak",
    kinds: producer,
    isHeldOut: false,
    draw: (random) => {
      // delivery events that are read and never destroyed: their messages are no longer queued and stay
      const bound = ceilingBytes(random);
      const queued = bound * random.between(0.02, 0.4);
      const keptBytes = bound * random.between(0.4, 2);
      const work = evenWork(random);
      const retained = curve((x) => (keptBytes * interpolate(MOMENTS, work, x)) / at(work, STEPS));
      const level = scale(wobble(random, random.between(0.05, 0.2), random.between(0.02, 0.2)), queued);
      return {
        ...queueStory(random, bound, level, [retainedOf(retained, keptBytes * 2 ** random.between(0, 4), objectBytes(random))]),
        work,
      };
    },
  },
  {
    id: "producer-idle",
    family: "buffering",
    truth: "stable",
    kinds: producer,
    isHeldOut: false,
    draw: (random) => {
      const bound = ceilingBytes(random);
      return queueStory(random, bound, scale(wobble(random, random.between(0.02, 0.1), 0.05), bound * random.between(0.02, 0.3)));
    },
  },
  {
    id: "failed-messages-kept",
    family: "unbounded",
    truth: "leak",
    kinds: producer,
    isHeldOut: true,
    draw: (random) => {
      // brokers come and go; each time what timed out is handed back, and the application keeps it for a retry that never comes
      const bound = ceilingBytes(random);
      const moments = events(random, random.between(4, 12));
      const lost = scale(staircase(random, moments, 0.02), bound * random.between(0.4, 1.5));
      const waiting = curve((x) => bound * 0.3 * Math.max(0.05, ...moments.map((moment) => 1 - Math.abs(x - moment) / 0.05)));
      const story = queueStory(random, bound, waiting, [kept(lost, objectBytes(random))]);
      return { ...story, losesAt: { what: "disconnects", moments } };
    },
  },
];
