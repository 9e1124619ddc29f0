/**
 * Simulated captures with a known truth (growth.md section 5): what a profiler and the client's statistics would show of a
 * scenario. An object that was sampled stays sampled for as long as it lives. Seeded, hence repeatable.
 */
import { at } from "../base/columns.ts";
import { interpolate, type Random, randomFrom } from "../base/statistics.ts";
import type { EventCounts, GroupFacts } from "../judge/group-facts.ts";
import { scenarios } from "./scenarios.ts";
import { add, type Component, MOMENTS, type Scenario, type Story } from "./stories.ts";

const SLICES = 12; // of ages
const SAMPLING_INTERVAL_BYTES = 512 * 1024;

export interface SimulatedCapture {
  readonly scenario: Scenario;
  readonly facts: GroupFacts;
  /** What is really live at a moment of the story (0 … 1; the capture ends at `capturedShare`). */
  readonly trueBytes: (moment: number) => number;
}

export interface SimulateOptions {
  readonly instants: number;
  readonly seed: number;
  /** Spread and bias of the declared ceiling against the true one. */
  readonly ceilingSd?: number;
  readonly ceilingFactor?: number;
  /** The capture ends after this share of the story; the rest is the future, which forecasts are held against. */
  readonly capturedShare?: number;
}

/** One capture of a scenario; every second seed is sampled, the others exact. */
export function simulate(scenario: Scenario, options: SimulateOptions): SimulatedCapture {
  const random = randomFrom(options.seed * 7919 + 104729 * scenarios.indexOf(scenario));
  const story = scenario.draw(random);
  const sampled = options.seed % 2 === 1;
  const kind = scenario.kinds[Math.floor(random.uniform() * scenario.kinds.length)] ?? "unknown";
  const { instants } = options;
  const end = options.capturedShare ?? 1;
  const moments = Float64Array.from({ length: instants }, (_, row) => {
    const isInside = row > 0 && row < instants - 1;
    return (end * (row + (isInside ? random.between(-0.2, 0.2) : 0))) / Math.max(1, instants - 1);
  });
  if (instants === 1) moments[0] = end;

  const observed = story.components.map((component) => observe(component, moments, end, sampled, random));
  // components of a queue are allocated by the same paths of the client; elsewhere each has a path of its own
  const grown = kind === "fetch" ? [] : growing(observed);
  const aged = grown.length === 0 ? observed : grown;
  const queueFactor = Math.exp(0.08 * random.normal());
  const queued = story.components.filter((component) => component.isQueue);
  const expectedBytes = moments.map((moment) => {
    const when = Math.min(end, Math.max(0, moment + 0.003 * random.normal())); // statistics are not emitted when we look
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
    ages: {
      bornBytes: sumOf(aged, ({ ages }) => ages.bornBytes),
      liveBytes: sumOf(aged, ({ ages }) => ages.liveBytes),
      grownBytes: aged.reduce((sum, component) => sum + grownBytesOf(component), 0),
      trustworthy: true,
    },
    operationalClock: moments.map((moment) => valueAt(story.work, moment)),
    events: eventsOf(story, moments, randomFrom(options.seed * 6007 + 15485863 * scenarios.indexOf(scenario) + 1)),
    retention: null,
  };
  const trueBytes = (moment: number): number =>
    story.components.reduce((total, { bornBytes, freedBytes }) => total + valueAt(bornBytes, moment) - valueAt(freedBytes, moment), 0);
  return { scenario, facts, trueBytes };
}

/** Responses come with the work; rebalances and lost connections by chance, or as the story has them. */
function eventsOf({ losesAt, work }: Story, moments: Float64Array, random: Random): readonly EventCounts[] {
  const counted = (happened: readonly number[]): Float64Array => moments.map((moment) => happened.filter((when) => when <= moment).length);
  const chance = (): readonly number[] => Array.from({ length: random.poisson(random.between(0, 10)) }, () => random.uniform());
  const responses = moments.map((moment) => Math.floor((2000 * valueAt(work, moment)) / at(work, work.length - 1)));
  const drawn = { rebalances: counted(chance()), disconnects: counted(chance()), responses };
  return (["rebalances", "disconnects", "responses"] as const).map((what) => ({
    what,
    counts: losesAt?.what === what ? counted(losesAt.moments) : drawn[what],
  }));
}

function sumOf(components: readonly Observed[], pick: (component: Observed) => Float64Array): Float64Array {
  return components.map(pick).reduce(add);
}

/** Those that hold at least 1 % of the growth: the paths whose ages are asked for. */
function growing(components: readonly Observed[]): readonly Observed[] {
  const total = components.reduce((sum, component) => sum + Math.max(0, grownBytesOf(component)), 0);
  return components.filter((component) => grownBytesOf(component) > 0.01 * total);
}

function grownBytesOf({ liveBytes }: Observed): number {
  return at(liveBytes, liveBytes.length - 1) - at(liveBytes, 0);
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
function observe(component: Component, moments: Float64Array, end: number, sampled: boolean, random: Random): Observed {
  const { objectBytes: size } = component;
  const probability = sampled ? -Math.expm1(-size / SAMPLING_INTERVAL_BYTES) : 1;
  const sampleBytes = size / probability; // each sampled object stands for
  const edges = Float64Array.from({ length: SLICES + 1 }, (_, slice) => (end * slice) / SLICES);
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
    ages.liveBytes[slice] = between(Math.max(from, freed(end)), to);
  }
  const grownBytes = Math.max(0, at(liveBytes, liveBytes.length - 1) - (liveBytes.length === 1 ? 0 : at(liveBytes, 0)));
  return { liveBytes, varianceBytes2: liveBytes.map((bytes) => bytes * perByte), grownSamples: Math.round(grownBytes / sampleBytes), ages };
}
