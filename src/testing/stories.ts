/**
 * What stories of memory are made of: first-in-first-out components over a fine grid of the capture, with births and deaths, so
 * that sizes, ages, queue statistics and sampling errors belong to one story.
 */
import { at } from "../base/columns.ts";
import { interpolate, type Random } from "../base/statistics.ts";
import type { EventCounts, GroupClass, GroupKind } from "../judge/group-facts.ts";

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

/** What really happens, in bytes over a fine grid of the capture. */
export interface Story {
  readonly components: readonly Component[];
  readonly ceilingBytes: number; // 0 where nothing bounds the group
  /** Work done until each moment of the grid. */
  readonly work: Float64Array;
  /** What loses memory each time, where the client counts it; other events are drawn beside the story. */
  readonly losesAt?: { readonly what: EventCounts["what"]; readonly moments: readonly number[] };
}

/** Memory that is freed in the order in which it was allocated. Cumulative bytes by moment; deaths never overtake births. */
export interface Component {
  readonly bornBytes: Float64Array;
  readonly freedBytes: Float64Array;
  readonly objectBytes: number;
  readonly isQueue: boolean; // counted by the client's statistics
  /** Born and freed within a step beside the rest, so that no level shows it; only the ages do. */
  readonly passedBytes?: Float64Array;
}

export const MIB: number = 2 ** 20;
export const STEPS: number = 480; // of the grid

/** Moments of the grid as shares of the capture. */
export const MOMENTS: Float64Array = Float64Array.from({ length: STEPS + 1 }, (_, step) => step / STEPS);

export const curve = (value: (x: number) => number): Float64Array => MOMENTS.map((moment) => value(moment));

/** A component that holds `levelBytes` and replaces them at `churnBytes` a capture (a constant, or by moment). */
export function holding(
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
export function kept(levelBytes: Float64Array, objectBytes: number): Component {
  return holding(levelBytes, 0, objectBytes);
}

export function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, row) => value + at(b, row));
}

/** Noise that returns: relative, with a correlation length of `length` captures. */
export function wobble(random: Random, sd: number, length: number): Float64Array {
  const decay = Math.exp(-1 / (STEPS * length));
  let value = random.normal();
  return MOMENTS.map(() => {
    value = decay * value + Math.sqrt(1 - decay * decay) * random.normal();
    return 1 + sd * value;
  });
}

export const times = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, row) => value * at(b, row));

/** The sizes that profiles show: from small records to whole batches, evenly on a log scale. */
export function objectBytes(random: Random): number {
  return 1024 * 2 ** random.between(0, 10);
}

export function ceilingBytes(random: Random): number {
  return MIB * 30 * 2 ** random.between(0, 2);
}

/** Work at an even pace, give or take. */
export function evenWork(random: Random): Float64Array {
  return cumulative(wobble(random, random.between(0.02, 0.2), 0.1));
}

export function cumulative(rate: Float64Array): Float64Array {
  let sum = 0;
  return rate.map((value) => {
    sum += Math.max(0.02, value);
    return sum;
  });
}

/** A consumer's queue with this level, passing on a few times its ceiling a capture. */
export function queueStory(random: Random, bound: number, level: Float64Array, others: readonly Component[] = []): Story {
  const churn = bound * 2 ** random.between(-1, 4);
  const steady = times(level, wobble(random, random.between(0.003, 0.02), random.between(0.01, 0.1)));
  const base = kept(flat(bound * random.between(0.01, 0.06)), objectBytes(random));
  return { components: [holding(steady, churn, objectBytes(random), true), base, ...others], ceilingBytes: bound, work: evenWork(random) };
}

/** Memory of the application: a level with noise, all of it replaced now and then. */
export function appStory(random: Random, level: Float64Array, others: readonly Component[] = []): Story {
  return {
    components: [holding(level, Math.max(...level) * 2 ** random.between(0, 4), objectBytes(random)), ...others],
    ceilingBytes: 0,
    work: evenWork(random),
  };
}

export const fill =
  (end: number): ((x: number) => number) =>
  (x) =>
    Math.min(1, x / end);

export function rising(random: Random, end: number): Float64Array {
  // a queue fills at a steady pace, or slower the fuller it is
  if (random.uniform() < 0.65) return curve(fill(end));
  return curve((x) => (1 - Math.exp((-3 * x) / end)) / (1 - Math.exp(-3 / Math.min(end, 1))));
}

export const flat = (value: number): Float64Array => curve(() => value);

export function scale(values: Float64Array, factor: number): Float64Array {
  return values.map((value) => value * factor);
}

/** Increasing moments at which something happens, as a Poisson process with `expected` events in the capture. */
export function events(random: Random, expected: number): readonly number[] {
  return Array.from({ length: Math.max(1, random.poisson(expected)) }, () => random.uniform()).sort((a, b) => a - b);
}

/** A staircase: one step of random height at each event, 1 at the end. */
export function staircase(random: Random, moments: readonly number[], width: number): Float64Array {
  const steps = moments.map((moment) => ({ moment, height: random.between(0.5, 1.5) }));
  const total = steps.reduce((sum, { height }) => sum + height, 0);
  return curve((x) => steps.reduce((sum, { moment, height }) => sum + height * Math.min(1, Math.max(0, (x - moment) / width)), 0) / total);
}

/** Garbage that piles up and is collected at once: level from 0 to 1. */
export function sawtooth(random: Random, collections: number): Float64Array {
  const phase = random.uniform();
  return curve((x) => (x * collections + phase) % 1);
}

/** The application keeps everything of the last `window` captures. */
export function windowStory(random: Random, window: number): Story {
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
export function leakStory(random: Random, growthShare: number, noise: number): Story {
  const level = MIB * random.between(15, 100);
  const work = evenWork(random);
  const lost = work.map((done) => (level * growthShare * done) / at(work, STEPS));
  const story = appStory(random, scale(wobble(random, noise, random.between(0.005, 0.1)), level), [kept(lost, objectBytes(random))]);
  return { ...story, work };
}

/** Memory of which `levelBytes` are kept for ever, while the rest of `churnBytes` a capture is freed at once. */
export function retainedOf(levelBytes: Float64Array, churnBytes: number, size: number): Component {
  const passedBytes = Math.max(0, churnBytes - at(levelBytes, STEPS));
  return { ...kept(levelBytes, size), passedBytes: curve((x) => x * passedBytes) };
}
