/**
 * Simulated captures with a known truth (growth.md section 5): 23 ways in which the memory of a Kafka consumer behaves. Every
 * curve is a sum of first-in-first-out components with births and deaths, so that sizes, ages, queue statistics and sampling
 * errors belong to one story: an object that was sampled stays sampled for as long as it lives. Seeded, hence repeatable.
 */
import { at } from "../base/columns.ts";
import { interpolate, type Random, randomFrom } from "../base/statistics.ts";
import type { GroupClass, GroupFacts, GroupKind } from "../judge/group-facts.ts";

/** `irreducible`: bounded, but the bound lies beyond the capture and nothing in it can show that. */
export type ScenarioFamily = "buffering" | "bounded" | "irreducible" | "unbounded";

export interface Scenario {
  readonly id: string;
  readonly family: ScenarioFamily;
  readonly truth: GroupClass;
  readonly kinds: readonly GroupKind[]; // one is drawn
  /** Kept out of every adjustment of the judge: its results say what happens on cases that nobody tuned for. */
  readonly isHeldOut: boolean;
  readonly draw: (random: Random) => Story;
}

export interface SimulatedCapture {
  readonly scenario: Scenario;
  readonly facts: GroupFacts;
}

export interface SimulateOptions {
  readonly instants: number;
  readonly seed: number;
  /** Spread and bias of the declared ceiling against the true one. */
  readonly ceilingSd?: number;
  readonly ceilingFactor?: number;
}

/** What really happens, in bytes over a fine grid of the capture. */
interface Story {
  readonly components: readonly Component[];
  readonly ceilingBytes: number; // 0 where nothing bounds the group
  /** Work done until each moment of the grid. */
  readonly work: Float64Array;
}

/** Memory that is freed in the order in which it was allocated. Cumulative bytes by moment; deaths never overtake births. */
interface Component {
  readonly bornBytes: Float64Array;
  readonly freedBytes: Float64Array;
  readonly objectBytes: number;
  readonly isQueue: boolean; // counted by the client's statistics
  /** Born and freed within a step beside the rest, so that no level shows it; only the ages do. */
  readonly passedBytes?: Float64Array;
}

const MIB = 2 ** 20;
const STEPS = 480; // of the grid
const SLICES = 12; // of ages
const SAMPLING_INTERVAL_BYTES = 512 * 1024;

/** Moments of the grid as shares of the capture. */
const MOMENTS: Float64Array = Float64Array.from({ length: STEPS + 1 }, (_, step) => step / STEPS);

const curve = (value: (x: number) => number): Float64Array => MOMENTS.map(value);

/** A component that holds `levelBytes` and replaces them at `churnBytes` a capture (a constant, or by moment). */
function holding(
  levelBytes: Float64Array,
  churnBytes: number | ((x: number) => number),
  objectBytes: number,
  isQueue: boolean = false,
): Component {
  const bornBytes = new Float64Array(STEPS + 1);
  const freedBytes = new Float64Array(STEPS + 1);
  bornBytes[0] = Math.max(0, at(levelBytes, 0)); // alive when the capture begins
  for (let step = 1; step <= STEPS; step++) {
    const churn = (typeof churnBytes === "number" ? churnBytes : churnBytes(at(MOMENTS, step))) / STEPS;
    const change = Math.max(0, at(levelBytes, step)) - (at(bornBytes, step - 1) - at(freedBytes, step - 1));
    // a rise is born on top of what is replaced, a fall is freed on top of it
    const born = at(bornBytes, step - 1) + churn + Math.max(0, change);
    bornBytes[step] = born;
    freedBytes[step] = Math.min(born, at(freedBytes, step - 1) + churn + Math.max(0, -change));
  }
  return { bornBytes, freedBytes, objectBytes, isQueue };
}

/** Memory that is never freed. */
function kept(levelBytes: Float64Array, objectBytes: number): Component {
  return holding(levelBytes, 0, objectBytes);
}

function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, row) => value + at(b, row));
}

/** Noise that returns: relative, with a correlation length of `length` captures. */
function wobble(random: Random, sd: number, length: number): Float64Array {
  const decay = Math.exp(-1 / (STEPS * length));
  let value = random.normal();
  return MOMENTS.map(() => {
    value = decay * value + Math.sqrt(1 - decay * decay) * random.normal();
    return 1 + sd * value;
  });
}

const times = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, row) => value * at(b, row));

/** The sizes that profiles show: from small records to whole batches, evenly on a log scale. */
function objectBytes(random: Random): number {
  return 1024 * 2 ** random.between(0, 10);
}

function ceilingBytes(random: Random): number {
  return MIB * 30 * 2 ** random.between(0, 2);
}

/** Work at an even pace, give or take. */
function evenWork(random: Random): Float64Array {
  return cumulative(wobble(random, random.between(0.02, 0.2), 0.1));
}

function cumulative(rate: Float64Array): Float64Array {
  let sum = 0;
  return rate.map((value) => {
    sum += Math.max(0.02, value);
    return sum;
  });
}

/** A consumer's queue with this level, passing on a few times its ceiling a capture. */
function queueStory(random: Random, bound: number, level: Float64Array, others: readonly Component[] = []): Story {
  const churn = bound * 2 ** random.between(-1, 4);
  const steady = times(level, wobble(random, random.between(0.003, 0.02), random.between(0.01, 0.1)));
  const base = kept(flat(bound * random.between(0.01, 0.06)), objectBytes(random));
  return { components: [holding(steady, churn, objectBytes(random), true), base, ...others], ceilingBytes: bound, work: evenWork(random) };
}

/** Memory of the application: a level with noise, all of it replaced now and then. */
function appStory(random: Random, level: Float64Array, others: readonly Component[] = []): Story {
  return {
    components: [holding(level, Math.max(...level) * 2 ** random.between(0, 4), objectBytes(random)), ...others],
    ceilingBytes: 0,
    work: evenWork(random),
  };
}

const fill =
  (end: number): ((x: number) => number) =>
  (x) =>
    Math.min(1, x / end);

function rising(random: Random, end: number): Float64Array {
  // a queue fills at a steady pace, or slower the fuller it is
  if (random.uniform() < 0.65) return curve(fill(end));
  return curve((x) => (1 - Math.exp((-3 * x) / end)) / (1 - Math.exp(-3 / Math.min(end, 1))));
}

const flat = (value: number): Float64Array => curve(() => value);

function scale(values: Float64Array, factor: number): Float64Array {
  return values.map((value) => value * factor);
}

/** Increasing moments at which something happens, as a Poisson process with `expected` events in the capture. */
function events(random: Random, expected: number): readonly number[] {
  return Array.from({ length: Math.max(1, random.poisson(expected)) }, () => random.uniform()).sort((a, b) => a - b);
}

/** A staircase: one step of random height at each event, 1 at the end. */
function staircase(random: Random, moments: readonly number[], width: number): Float64Array {
  const steps = moments.map((moment) => ({ moment, height: random.between(0.5, 1.5) }));
  const total = steps.reduce((sum, { height }) => sum + height, 0);
  return curve((x) => steps.reduce((sum, { moment, height }) => sum + height * Math.min(1, Math.max(0, (x - moment) / width)), 0) / total);
}

/** Garbage that piles up and is collected at once: level from 0 to 1. */
function sawtooth(random: Random, collections: number): Float64Array {
  const phase = random.uniform();
  return curve((x) => (x * collections + phase) % 1);
}

const fetch: readonly GroupKind[] = ["fetch"];
const app: readonly GroupKind[] = ["app"];
const appOrClient: readonly GroupKind[] = ["app", "client-other"];

export const scenarios: readonly Scenario[] = [
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

/** The application keeps everything of the last `window` captures. */
function windowStory(random: Random, window: number): Story {
  const birth = (MIB * random.between(10, 100)) / Math.min(window, 1);
  const pace = wobble(random, random.between(0.01, 0.08), 0.05);
  let sum = 0;
  const bornBytes = pace.map((value) => {
    sum += (birth * value) / STEPS;
    return sum;
  });
  const freedBytes = curve((x) => (x <= window ? 0 : interpolate(MOMENTS, bornBytes, x - window)));
  const kept = { bornBytes, freedBytes, objectBytes: objectBytes(random), isQueue: false };
  return appStory(random, scale(wobble(random, 0.01, 0.03), MIB * random.between(2, 20)), [kept]);
}

/** A level with noise, and a share of what is born that stays for ever. */
function leakStory(random: Random, growthShare: number, noise: number): Story {
  const level = MIB * random.between(15, 100);
  const work = evenWork(random);
  const lost = work.map((done) => (level * growthShare * done) / at(work, STEPS));
  const story = appStory(random, scale(wobble(random, noise, random.between(0.005, 0.1)), level), [kept(lost, objectBytes(random))]);
  return { ...story, work };
}

/** Memory of which `levelBytes` are kept for ever, while the rest of `churnBytes` a capture is freed at once. */
function retainedOf(levelBytes: Float64Array, churnBytes: number, size: number): Component {
  const passedBytes = Math.max(0, churnBytes - at(levelBytes, STEPS));
  return { ...kept(levelBytes, size), passedBytes: curve((x) => x * passedBytes) };
}

/** One capture of a scenario; every second seed is sampled, the others exact. */
export function simulate(scenario: Scenario, options: SimulateOptions): SimulatedCapture {
  const random = randomFrom(options.seed * 7919 + 104729 * scenarios.indexOf(scenario));
  const story = scenario.draw(random);
  const sampled = options.seed % 2 === 1;
  const kind = scenario.kinds[Math.floor(random.uniform() * scenario.kinds.length)] ?? "unknown";
  const { instants } = options;
  const moments = Float64Array.from({ length: instants }, (_, row) => {
    const isInside = row > 0 && row < instants - 1;
    return (row + (isInside ? random.between(-0.2, 0.2) : 0)) / Math.max(1, instants - 1);
  });
  if (instants === 1) moments[0] = 1;

  const observed = story.components.map((component) => observe(component, moments, sampled, random));
  // components of a queue are allocated by the same paths of the client; elsewhere each has a path of its own
  const grown = kind === "fetch" ? [] : growing(observed);
  const aged = grown.length === 0 ? observed : grown;
  const queueFactor = Math.exp(0.08 * random.normal());
  const queued = story.components.filter((component) => component.isQueue);
  const expectedBytes = moments.map((moment) => {
    const when = Math.min(1, Math.max(0, moment + 0.003 * random.normal())); // statistics are not emitted when we look
    const bytes = queued.reduce((total, { bornBytes, freedBytes }) => total + valueAt(bornBytes, when) - valueAt(freedBytes, when), 0);
    return Math.max(0, bytes * queueFactor * (1 + 0.01 * random.normal()));
  });
  const declared = story.ceilingBytes * (options.ceilingFactor ?? 1) * Math.exp((options.ceilingSd ?? 0.12) * random.normal());
  const facts: GroupFacts = {
    kind,
    elapsedMs: moments.map((moment) => moment * 3_600_000),
    liveBytes: sumOf(observed, ({ liveBytes }) => liveBytes),
    varianceBytes2: sumOf(observed, ({ varianceBytes2 }) => varianceBytes2),
    sampled,
    survivingSamples: sampled ? observed.reduce((total, { grownSamples }) => total + grownSamples, 0) : null,
    ceiling: story.ceilingBytes === 0 ? null : { bytes: declared, highBytes: declared * 1.15, sdShare: 0.2 },
    queue: queued.length === 0 ? null : { expectedBytes },
    ages: { bornBytes: sumOf(aged, ({ ages }) => ages.bornBytes), liveBytes: sumOf(aged, ({ ages }) => ages.liveBytes), trustworthy: true },
    operationalClock: moments.map((moment) => valueAt(story.work, moment)),
    retention: null,
  };
  return { scenario, facts };
}

function sumOf(components: readonly Observed[], pick: (component: Observed) => Float64Array): Float64Array {
  return components.map(pick).reduce(add);
}

/** Those that hold at least 1 % of the growth: the paths whose ages are asked for. */
function growing(components: readonly Observed[]): readonly Observed[] {
  const grownBytes = ({ liveBytes }: Observed): number => at(liveBytes, liveBytes.length - 1) - at(liveBytes, 0);
  const total = components.reduce((sum, component) => sum + Math.max(0, grownBytes(component)), 0);
  return components.filter((component) => grownBytes(component) > 0.01 * total);
}

function valueAt(cumulativeBytes: Float64Array, moment: number): number {
  return interpolate(MOMENTS, cumulativeBytes, moment);
}

/** What a profiler shows of one component. */
interface Observed {
  readonly liveBytes: Float64Array;
  readonly varianceBytes2: Float64Array;
  readonly grownSamples: number;
  readonly ages: { readonly bornBytes: Float64Array; readonly liveBytes: Float64Array };
}

/**
 * Looks at a component. Sampling picks points on the axis of bytes born; whatever lives between two positions of that axis is
 * estimated from the points between them, so errors of one moment live on in the next exactly as long as the objects do.
 */
function observe(component: Component, moments: Float64Array, sampled: boolean, random: Random): Observed {
  const { objectBytes: size } = component;
  const probability = sampled ? -Math.expm1(-size / SAMPLING_INTERVAL_BYTES) : 1;
  const sampleBytes = size / probability; // each sampled object stands for
  const edges = Float64Array.from({ length: SLICES + 1 }, (_, slice) => slice / SLICES);
  const born = (moment: number): number => valueAt(component.bornBytes, moment);
  const freed = (moment: number): number => valueAt(component.freedBytes, moment);
  const positions = Float64Array.from([...[...moments, ...edges].flatMap((moment) => [born(moment), freed(moment)]), 0]).sort();
  const seen = new Float64Array(positions.length); // estimated bytes born before each position
  for (let row = 1; row < positions.length; row++) {
    const length = at(positions, row) - at(positions, row - 1);
    seen[row] = at(seen, row - 1) + (sampled ? random.poisson(length / sampleBytes) * sampleBytes : length);
  }
  const between = (from: number, to: number): number =>
    to <= from ? 0 : interpolate(positions, seen, to) - interpolate(positions, seen, from);

  const liveBytes = moments.map((moment) => between(freed(moment), born(moment)));
  const perByte = sampled ? size / Math.expm1(size / SAMPLING_INTERVAL_BYTES) : 0;
  const ages = { bornBytes: new Float64Array(SLICES), liveBytes: new Float64Array(SLICES) };
  for (let slice = 0; slice < SLICES; slice++) {
    const from = born(at(edges, slice));
    const to = born(at(edges, slice + 1));
    const { passedBytes } = component;
    const passed = passedBytes === undefined ? 0 : valueAt(passedBytes, at(edges, slice + 1)) - valueAt(passedBytes, at(edges, slice));
    ages.bornBytes[slice] = between(from, to) + (sampled ? random.poisson(passed / sampleBytes) * sampleBytes : passed);
    ages.liveBytes[slice] = between(Math.max(from, freed(1)), to);
  }
  const grownBytes = Math.max(0, at(liveBytes, liveBytes.length - 1) - (liveBytes.length === 1 ? 0 : at(liveBytes, 0)));
  return { liveBytes, varianceBytes2: liveBytes.map((bytes) => bytes * perByte), grownSamples: Math.round(grownBytes / sampleBytes), ages };
}
