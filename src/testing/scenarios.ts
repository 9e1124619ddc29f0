/** The 23 scenarios of growth.md section 5: how the memory of a Kafka consumer behaves, drawn by chance around each story. */
import { at } from "../base/columns.ts";
import { interpolate } from "../base/statistics.ts";
import type { GroupKind } from "../judge/group-facts.ts";
import { operationScenarios } from "./scenarios-of-operation.ts";
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
  leakStory,
  MIB,
  MOMENTS,
  objectBytes,
  queueStory,
  retainedOf,
  rising,
  type Scenario,
  STEPS,
  sawtooth,
  scale,
  staircase,
  times,
  windowStory,
  wobble,
} from "./stories.ts";

const fetch: readonly GroupKind[] = ["fetch"];
const app: readonly GroupKind[] = ["app"];
const appOrClient: readonly GroupKind[] = ["app", "client-other"];

export const groupScenarios: readonly Scenario[] = [
  {
    id: "fill-early",
    family: "buffering",
    truth: "buffering",
    kinds: fetch,
    isHeldOut: false,
    draw: (random) => {
      const bound = ceilingBytes(random);
      return queueStory(random, bound, scale(rising(random, random.between(0.05, 0.35)), bound));
    },
  },
  {
    id: "fill-late",
    family: "buffering",
    truth: "buffering",
    kinds: fetch,
    isHeldOut: false,
    draw: (random) => {
      const bound = ceilingBytes(random);
      return queueStory(random, bound, scale(rising(random, random.between(0.5, 0.9)), bound));
    },
  },
  {
    id: "fill-cut",
    family: "buffering",
    truth: "buffering",
    kinds: fetch,
    isHeldOut: false,
    draw: (random) => {
      const bound = ceilingBytes(random);
      return queueStory(random, bound, scale(curve(fill(random.between(1.05, 3))), bound));
    },
  },
  {
    id: "drain",
    family: "buffering",
    truth: "buffering",
    kinds: fetch,
    isHeldOut: false,
    draw: (random) => {
      const bound = ceilingBytes(random);
      const full = random.between(0.1, 0.4);
      const begin = random.between(0.5, 0.8);
      const left = random.between(0.02, 0.5);
      return queueStory(
        random,
        bound,
        curve((x) => bound * (fill(full)(x) - (1 - left) * Math.max(0, (x - begin) / (1 - begin)))),
      );
    },
  },
  {
    id: "per-partition",
    family: "buffering",
    truth: "buffering",
    kinds: fetch,
    isHeldOut: true,
    draw: (random) => {
      // partitions fill one after another; one of them may be stuck, so that its oldest messages survive
      const bound = ceilingBytes(random);
      const partitions = 2 + Math.floor(random.between(0, 5));
      const isStuck = random.uniform() < 0.4;
      const size = objectBytes(random);
      const queues = Array.from({ length: partitions }, (_, partition) => {
        const begin = random.between(0, 0.6);
        const end = begin + random.between(0.05, 0.35);
        const level = curve((x) => (bound / partitions) * Math.min(1, Math.max(0, (x - begin) / (end - begin))));
        return holding(level, isStuck && partition === 0 ? 0 : (bound / partitions) * 2 ** random.between(-1, 4), size, true);
      });
      return queueStory(random, bound, flat(0), queues);
    },
  },
  {
    id: "rebalance",
    family: "buffering",
    truth: "buffering",
    kinds: fetch,
    isHeldOut: false,
    draw: (random) => {
      const bound = ceilingBytes(random);
      const full = random.between(0.05, 0.3);
      const moment = random.between(0.4, 0.7);
      const left = random.between(0, 0.5);
      const refill = random.between(0.1, 0.4);
      return queueStory(
        random,
        bound,
        curve((x) => bound * (x < moment ? fill(full)(x) : Math.min(1, left + ((1 - left) * (x - moment)) / refill))),
      );
    },
  },
  {
    id: "follow-lag",
    family: "buffering",
    truth: "buffering",
    kinds: fetch,
    isHeldOut: true,
    draw: (random) => {
      const bound = ceilingBytes(random);
      const waves = random.between(0.4, 3);
      const phase = random.between(0, 2 * Math.PI);
      const middle = random.between(0.3, 0.6);
      return queueStory(
        random,
        bound,
        curve((x) => bound * middle * (1 + 0.8 * Math.sin(2 * Math.PI * waves * x + phase))),
      );
    },
  },
  {
    id: "stable",
    family: "bounded",
    truth: "stable",
    kinds: appOrClient,
    isHeldOut: false,
    draw: (random) => {
      const noise = wobble(random, random.between(0.005, 0.08), random.between(0.005, 0.1));
      return appStory(random, scale(noise, MIB * random.between(10, 120)));
    },
  },
  {
    id: "gc-sawtooth",
    family: "bounded",
    truth: "stable",
    kinds: app,
    isHeldOut: false,
    draw: (random) => {
      const level = MIB * random.between(20, 100);
      const teeth = scale(sawtooth(random, random.between(3, 25)), level * random.between(0.2, 0.8));
      const base = scale(wobble(random, 0.01, 0.05), level);
      return appStory(random, base, [holding(teeth, 0, objectBytes(random))]);
    },
  },
  {
    id: "heap-stable-rss-growing",
    family: "bounded",
    truth: "stable",
    kinds: ["client-other"],
    isHeldOut: false,
    draw: (random) => appStory(random, scale(wobble(random, random.between(0.005, 0.04), 0.03), MIB * random.between(15, 80))),
  },
  {
    id: "follow-load",
    family: "bounded",
    truth: "stable",
    kinds: app,
    isHeldOut: true,
    draw: (random) => {
      // a day of traffic, or a part of one: what is in flight follows the load, and so does the work done
      const waves = random.between(0.3, 2);
      const phase = random.between(0, 2 * Math.PI);
      const swing = random.between(0.1, 0.4);
      const load = curve((x) => 1 + swing * Math.sin(2 * Math.PI * waves * x + phase));
      const level = MIB * random.between(15, 90);
      const fixed = random.between(0.2, 0.7);
      const base = scale(
        load.map((value) => fixed + (1 - fixed) * value),
        level,
      );
      const story = appStory(random, times(base, wobble(random, 0.02, 0.03)));
      return { ...story, work: cumulative(load) };
    },
  },
  {
    id: "step",
    family: "bounded",
    truth: "step",
    kinds: appOrClient,
    isHeldOut: false,
    draw: (random) => {
      const moment = random.between(0.15, 0.85);
      const level = MIB * random.between(10, 80);
      const height = level * random.between(0.15, 1);
      const noise = wobble(random, random.between(0.005, 0.04), 0.03);
      return appStory(random, scale(noise, level), [
        kept(
          curve((x) => height * Math.min(1, Math.max(0, (x - moment) / 0.01))),
          objectBytes(random),
        ),
      ]);
    },
  },
  {
    id: "cache",
    family: "bounded",
    truth: "warm-up",
    kinds: appOrClient,
    isHeldOut: false,
    draw: (random) => {
      // a cache that is full, or has seen most keys, within the capture; entries leave it when there is no room
      const level = MIB * random.between(10, 100);
      const end = random.between(0.05, 0.8);
      const noise = wobble(random, 0.01, 0.05);
      const isLimited = random.uniform() < 0.5;
      const cached = curve((x) => level * (isLimited ? fill(end)(x) : 1 - Math.exp((-4 * x) / end)));
      const evicted = isLimited ? level * 2 ** random.between(-2, 1) : 0;
      return appStory(random, scale(noise, level * random.between(0.1, 0.5)), [
        holding(cached, (x) => (x > end ? evicted : 0), objectBytes(random)),
      ]);
    },
  },
  {
    id: "time-window",
    family: "bounded",
    truth: "warm-up",
    kinds: app,
    isHeldOut: false,
    draw: (random) => windowStory(random, random.between(0.15, 0.75)),
  },
  {
    id: "cache-longer-than-capture",
    family: "irreducible",
    truth: "warm-up",
    kinds: app,
    isHeldOut: false,
    draw: (random) => {
      const level = MIB * random.between(30, 200);
      const end = random.between(1.2, 4);
      const noise = wobble(random, 0.01, 0.05);
      return appStory(random, scale(noise, level * random.between(0.1, 0.4)), [
        kept(
          curve((x) => level * (1 - Math.exp((-2 * x) / end))),
          objectBytes(random),
        ),
      ]);
    },
  },
  {
    id: "window-longer-than-capture",
    family: "irreducible",
    truth: "warm-up",
    kinds: app,
    isHeldOut: false,
    draw: (random) => windowStory(random, random.between(1.2, 4)),
  },
  {
    id: "clean-leak",
    family: "unbounded",
    truth: "leak",
    kinds: app,
    isHeldOut: false,
    draw: (random) => leakStory(random, random.between(0.2, 1.5), random.between(0.005, 0.03)),
  },
  {
    id: "slow-leak",
    family: "unbounded",
    truth: "leak",
    kinds: app,
    isHeldOut: false,
    draw: (random) => leakStory(random, random.between(0.15, 0.5), random.between(0.08, 0.25)),
  },
  {
    id: "retained-kafka",
    family: "unbounded",
    truth: "leak",
    kinds: fetch,
    isHeldOut: false,
    draw: (random) => {
      // the application keeps a share of the messages: the queue is as full as ever, the statistics know nothing of the rest
      const bound = ceilingBytes(random);
      const final = 0.7 * 2 ** random.between(0, 2); // of the ceiling, queue included: .7 … 2.8
      const queue = Math.min(1, final * random.between(0.1, 0.6));
      const level = scale(rising(random, random.between(0.05, 0.6)), queue * bound);
      const size = objectBytes(random);
      const retainedBytes = bound * Math.max(0.25, final - queue);
      const pace = evenWork(random);
      const retained = curve((x) => (retainedBytes * interpolate(MOMENTS, pace, x)) / at(pace, STEPS));
      return queueStory(random, bound, level, [retainedOf(retained, retainedBytes * 2 ** random.between(0, 4), size)]);
    },
  },
  {
    id: "client-staircase",
    family: "unbounded",
    truth: "leak",
    kinds: ["client-other"],
    isHeldOut: false,
    draw: (random) => {
      const level = MIB * random.between(5, 40);
      const steps = staircase(random, events(random, random.between(4, 12)), 0.005);
      return appStory(random, scale(wobble(random, 0.01, 0.03), level), [
        kept(scale(steps, level * random.between(0.3, 2)), objectBytes(random)),
      ]);
    },
  },
  {
    id: "gc-rising-floor",
    family: "unbounded",
    truth: "leak",
    kinds: app,
    isHeldOut: true,
    draw: (random) => {
      const level = MIB * random.between(20, 80);
      const teeth = scale(sawtooth(random, random.between(4, 25)), level * random.between(0.2, 0.7));
      const growth = level * random.between(0.2, 1.2);
      const leaked = curve((x) => x * growth);
      return appStory(random, scale(wobble(random, 0.01, 0.05), level), [
        holding(teeth, 0, objectBytes(random)),
        retainedOf(leaked, level * 2 ** random.between(0, 4), objectBytes(random)),
      ]);
    },
  },
  {
    id: "bursty-leak",
    family: "unbounded",
    truth: "leak",
    kinds: app,
    isHeldOut: true,
    draw: (random) => {
      const level = MIB * random.between(10, 60);
      const bursts = staircase(random, events(random, random.between(5, 15)), random.between(0.01, 0.08));
      return appStory(random, scale(wobble(random, 0.02, 0.03), level), [
        retainedOf(scale(bursts, level * random.between(0.3, 1.5)), level * 2 ** random.between(0, 3), objectBytes(random)),
      ]);
    },
  },
  {
    id: "unbounded-channel",
    family: "unbounded",
    truth: "backlog",
    kinds: app,
    isHeldOut: false,
    draw: (random) => {
      const level = MIB * random.between(20, 150);
      const queued = times(
        curve((x) => level * x),
        wobble(random, 0.02, 0.05),
      );
      return appStory(random, scale(wobble(random, 0.01, 0.03), level * random.between(0.1, 0.6)), [
        holding(queued, level * 2 ** random.between(-1, 4), objectBytes(random)),
      ]);
    },
  },
];

/** Their order is part of the seeds: new ones go to the end. */
export const scenarios: readonly Scenario[] = [...groupScenarios, ...operationScenarios];
