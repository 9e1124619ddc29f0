/**
 * Scores the judge on simulated captures (growth.md section 5): how often buffering is called a leak, how often growth without
 * end is missed, and whether probabilities mean what they say.
 */
import { at } from "../base/columns.ts";
import { randomFrom } from "../base/statistics.ts";
import { forecast } from "../judge/forecast.ts";
import type { GroupClass, GroupFacts, GroupKind } from "../judge/group-facts.ts";
import { ShapeFitter } from "../judge/shapes.ts";
import { type GroupVerdict, LIKELY, priorOf, weighGroup } from "../judge/weigh-group.ts";
import { scenarios } from "./scenarios.ts";
import { type SimulateOptions, simulate } from "./simulate.ts";
import type { Scenario, ScenarioFamily } from "./stories.ts";

/** What the judge is shown of a capture. */
export const EVIDENCE_SETS = ["shape only", "+ceiling +ages", "all"] as const;
export type EvidenceSet = (typeof EVIDENCE_SETS)[number];

export function restrict(facts: GroupFacts, evidence: EvidenceSet): GroupFacts {
  if (evidence === "all") return facts;
  const withoutCounters = { ...facts, queue: null, operationalClock: null, events: [] };
  return evidence === "shape only" ? { ...withoutCounters, ceiling: null, ages: null } : withoutCounters;
}

export interface Outcome {
  readonly scenario: Scenario;
  readonly kind: GroupKind;
  readonly unbounded: number; // P(leak) + P(backlog)
  readonly verdict: GroupVerdict;
}

/** Judges `repeats` captures of each scenario. Seeds of different repeats never meet. */
export function judgeAll(
  repeats: number,
  evidence: EvidenceSet,
  options: SimulateOptions,
  chosen: readonly Scenario[] = scenarios,
): readonly Outcome[] {
  return chosen.flatMap((scenario) =>
    Array.from({ length: repeats }, (_, repeat) => {
      const { facts } = simulate(scenario, { ...options, seed: options.seed * 100_000 + repeat });
      const verdict = weighGroup(restrict(facts, evidence), new ShapeFitter());
      return { scenario, kind: facts.kind, unbounded: verdict.unboundedProbability, verdict };
    }),
  );
}

export interface Score {
  /** Called unbounded (P >= .7), by family of what is not. */
  readonly falseOnBufferingShare: number;
  readonly falseOnBoundedShare: number;
  readonly falseOnIrreducibleShare: number;
  /** Called bounded (P <= .3) although it is not. */
  readonly missedShare: number;
  readonly missedRetainedShare: number;
  readonly calledShare: number; // unbounded and called so
  readonly inconclusiveBoundedShare: number;
  readonly inconclusiveUnboundedShare: number;
  /** Class "leak" named for buffering, after caps and minimum conditions. */
  readonly namedLeakOnBufferingShare: number;
  /** Without the irreducible captures, in which nothing can be known; and with them, as bounded. */
  readonly calibrationError: number;
  readonly calibrationErrorOfAll: number;
}

/** `others`: outcomes that stand for the classes which these lack, see `calibrationError`. */
export function score(outcomes: readonly Outcome[], others: readonly Outcome[] = []): Score {
  const isKnowable = ({ scenario }: Outcome): boolean => scenario.family !== "irreducible";
  const of = (family: ScenarioFamily): readonly Outcome[] => outcomes.filter(({ scenario }) => scenario.family === family);
  const unbounded = of("unbounded");
  const bounded = [...of("buffering"), ...of("bounded")];
  const isCalled = ({ unbounded }: Outcome): boolean => unbounded >= LIKELY;
  const isMissed = ({ unbounded }: Outcome): boolean => unbounded <= 1 - LIKELY;
  const isBetween = (outcome: Outcome): boolean => !isCalled(outcome) && !isMissed(outcome);
  return {
    falseOnBufferingShare: shareOf(of("buffering"), isCalled),
    falseOnBoundedShare: shareOf(of("bounded"), isCalled),
    falseOnIrreducibleShare: shareOf(of("irreducible"), isCalled),
    missedShare: shareOf(unbounded, isMissed),
    missedRetainedShare: shareOf(
      unbounded.filter(({ scenario }) => scenario.id === "retained-kafka"),
      isMissed,
    ),
    calledShare: shareOf(unbounded, isCalled),
    inconclusiveBoundedShare: shareOf(bounded, isBetween),
    inconclusiveUnboundedShare: shareOf(unbounded, isBetween),
    namedLeakOnBufferingShare: shareOf(of("buffering"), ({ verdict }) => verdict.class === "leak"),
    calibrationError: calibrationError(outcomes.filter(isKnowable), others.filter(isKnowable)),
    calibrationErrorOfAll: calibrationError(outcomes, others),
  };
}

export interface Coverage {
  readonly forecasts: number;
  /** Shares of them: the truth lies within the range, before it, after it; and a range that has an upper end. */
  readonly heldShare: number;
  readonly earlierShare: number;
  readonly laterShare: number;
  readonly closedShare: number;
}

/** Half of a story is captured, a limit is drawn that the other half reaches, and the range of the time to it is held against that. */
export function timeToLimitCoverage(repeats: number, options: SimulateOptions, chosen: readonly Scenario[]): Coverage {
  const capturedShare = 0.5;
  const results: ("held" | "earlier" | "later")[] = [];
  let closed = 0;
  for (const scenario of chosen.filter(({ family }) => family === "unbounded")) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const seed = options.seed * 100_000 + repeat;
      const { facts, trueBytes } = simulate(scenario, { ...options, seed, capturedShare });
      const reached = randomFrom(seed).between(capturedShare + 0.05, 1);
      const limitBytes = trueBytes(reached);
      const fitter = new ShapeFitter();
      const { probabilities } = weighGroup(facts, fitter);
      const range = forecast({ facts, fit: fitter.fit(facts), probabilities, availableBytes: limitBytes }).toLimit;
      const spanMs = at(facts.elapsedMs, facts.elapsedMs.length - 1);
      if (range === null || trueBytes(capturedShare) >= limitBytes) continue;
      let moment = capturedShare;
      while (moment < reached && trueBytes(moment) < limitBytes) moment += 1 / 480;
      const truthMs = ((moment - capturedShare) / capturedShare) * spanMs;
      if (range.atMostMs !== null) closed++;
      results.push(truthMs < range.atLeastMs ? "earlier" : range.atMostMs !== null && truthMs > range.atMostMs ? "later" : "held");
    }
  }
  const share = (wanted: string): number => shareOf(results, (result) => result === wanted);
  return {
    forecasts: results.length,
    heldShare: share("held"),
    earlierShare: share("earlier"),
    laterShare: share("later"),
    closedShare: closed / Math.max(1, results.length),
  };
}

export function shareOf<T>(all: readonly T[], test: (one: T) => boolean): number {
  return all.length === 0 ? 0 : all.filter(test).length / all.length;
}

/**
 * Expected calibration error of P(unbounded) in ten bins. The simulated mix is no population, so every capture is weighed such
 * that within its kind of group the classes occur as often as the priors say; kinds count alike. A set that lacks classes of a kind
 * takes them from `others`: among nothing but leaks and warm-ups, what looks stable is a leak, and no probability could be right.
 */
export function calibrationError(outcomes: readonly Outcome[], others: readonly Outcome[] = []): number {
  return calibrationBins(outcomes, others).reduce(
    (sum, { weight, predicted, observed }) => sum + weight * Math.abs(predicted - observed),
    0,
  );
}

export interface CalibrationBin {
  readonly weight: number;
  readonly predicted: number;
  readonly observed: number;
}

/** Kinds of which only bounded or only unbounded captures are simulated (producers) say nothing of calibration: left out. */
export function calibrationBins(own: readonly Outcome[], others: readonly Outcome[] = []): readonly CalibrationBin[] {
  const [kinds, classes] = [new Set(own.map(({ kind }) => kind)), new Set(own.map(kindAndClass))];
  const all = [...own, ...others.filter((outcome) => kinds.has(outcome.kind) && !classes.has(kindAndClass(outcome)))];
  const isUnbounded = ({ scenario }: Outcome): boolean => scenario.family === "unbounded";
  const unbounded = new Set(all.filter(isUnbounded).map(({ kind }) => kind));
  const bounded = new Set(all.filter((outcome) => !isUnbounded(outcome)).map(({ kind }) => kind));
  const outcomes = all.filter(({ kind }) => unbounded.has(kind) && bounded.has(kind));
  const weigh = populationWeights(outcomes);
  const bins = Array.from({ length: 10 }, () => ({ weight: 0, predicted: 0, observed: 0 }));
  for (const outcome of outcomes) {
    const bin = bins[Math.min(9, Math.floor(outcome.unbounded * 10))];
    if (bin === undefined) continue;
    const weight = weigh(outcome);
    bin.weight += weight;
    bin.predicted += weight * outcome.unbounded;
    bin.observed += outcome.scenario.family === "unbounded" ? weight : 0;
  }
  return bins
    .filter(({ weight }) => weight > 0)
    .map((bin) => ({ weight: bin.weight, predicted: bin.predicted / bin.weight, observed: bin.observed / bin.weight }));
}

function kindAndClass({ kind, scenario }: Outcome): string {
  return `${kind} ${scenario.truth}`;
}

function populationWeights(outcomes: readonly Outcome[]): (outcome: Outcome) => number {
  const counts = new Map<string, number>();
  const kinds = new Map<GroupKind, Set<GroupClass>>();
  for (const outcome of outcomes) {
    const { kind, scenario } = outcome;
    counts.set(kindAndClass(outcome), (counts.get(kindAndClass(outcome)) ?? 0) + 1);
    const truths = kinds.get(kind) ?? new Set();
    kinds.set(kind, truths.add(scenario.truth));
  }
  return (outcome) => {
    const { kind, scenario } = outcome;
    const total = [...(kinds.get(kind) ?? [])].reduce((sum, truth) => sum + priorOf(kind, truth), 0);
    return priorOf(kind, scenario.truth) / total / (counts.get(kindAndClass(outcome)) ?? 1) / kinds.size;
  };
}
