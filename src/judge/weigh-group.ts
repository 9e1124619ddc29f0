/**
 * The judgement of one group, as it can be read aloud: what groups of its kind usually do, plus every piece of evidence, gives
 * a probability of each class; how good the evidence is caps the accusation; and a class is only named when it is likely and
 * its minimum conditions hold (growth.md sections 3, 4 and 6). One instant is weighed the same way, with fewer weights.
 */
import { at } from "../base/columns.ts";
import { interpolate, logSumExp } from "../base/statistics.ts";
import {
  type ExperimentFacts,
  GROUP_CLASSES,
  type GroupClass,
  type GroupFacts,
  type GroupKind,
  isMissing,
  isQueue,
  type MissingCode,
  type Weighed,
} from "./group-facts.ts";
import { type SeriesFit, SHAPES, type Shape, ShapeFitter } from "./shapes.ts";
import { ceilingCode, effectiveCeiling, peakBytes } from "./weights/ceiling.ts";
import { weights } from "./weights/index.ts";
import { isLagBinding } from "./weights/lag.ts";
import { SHAPES_OF_CLASS } from "./weights/shape.ts";
import { trustedAgeProfile } from "./weights/survivor-ages.ts";

/**
 * What groups of a kind do before anything was measured: in the order of GROUP_CLASSES (stable, step, warm-up, buffering,
 * backlog, leak). fetch, client-other and app are those of growth.md section 3. In a queue a step is nearly
 * always a fill that was too fast to be seen, so four of its five hundredths went to buffering. A producer's queue fills like a
 * consumer's. Copies handed to the application behave as its own memory does.
 * The last three are not simulated: a runtime mostly warms up (code, arenas, pools) and seldom leaks; what lies beside a queue whose
 * size is known is mostly the application's; of an unknown group we know least, so it stands between the application and the client.
 */
const PRIORS: Readonly<Record<GroupKind, readonly number[]>> = {
  fetch: [0.18, 0.01, 0.02, 0.62, 0.02, 0.15],
  producer: [0.18, 0.01, 0.02, 0.62, 0.02, 0.15],
  copies: [0.35, 0.14, 0.18, 0.06, 0.05, 0.22],
  "client-other": [0.45, 0.15, 0.17, 0.02, 0.03, 0.18],
  app: [0.35, 0.14, 0.18, 0.06, 0.05, 0.22],
  runtime: [0.45, 0.15, 0.27, 0.02, 0.01, 0.1],
  unqueued: [0.36, 0.14, 0.18, 0.04, 0.05, 0.23],
  unknown: [0.37, 0.14, 0.17, 0.1, 0.04, 0.18],
};

export function priorOf(kind: GroupKind, name: GroupClass): number {
  return PRIORS[kind][GROUP_CLASSES.indexOf(name)] ?? 0;
}

/** From here on a class is "likely" and may be named. */
export const LIKELY = 0.7;

/** How good the evidence is: A statistics and ages, B a known ceiling, C a guessed one or counters, D the shape alone. */
export type EvidenceGrade = "A" | "B" | "C" | "D";

/** What is known of a queue's leak at most: with grade D never enough to name it (growth.md section 6.4). */
const LEAK_CAPS: Readonly<Record<EvidenceGrade, number>> = { A: 1, B: 1, C: 0.85, D: 0.69 };

/** A ceiling with an uncertainty up to this share knows the size of the messages. */
const KNOWN_CEILING_SD_SHARE = 0.25;
/** A change of nine sampled objects is three standard deviations from none (growth.md section 2). */
const FEWEST_SURVIVING_SAMPLES = 9;

/** Why a likely class is not named. */
export type UnmetCondition =
  | "too-few-instants"
  | "too-few-samples"
  | "no-bound-seen" // buffering, but no ceiling, statistics or ages show that it is bounded
  | "no-sign-beside-growth" // a queue's leak, but nothing except the growth speaks for it
  | "not-settled" // a warm-up that does not slow down
  | "no-single-jump";

export interface WeighedEvidence {
  readonly id: string;
  readonly code: string;
  readonly figures: Readonly<Record<string, number>>;
  /**
   * What this evidence adds to the log odds of the likeliest class against its rival, the likeliest class on the other side of
   * the question whether growth has an end: positive speaks for the likeliest. All of them and the log odds of the priors sum
   * up to the log odds of the posterior, before caps. (Against the second likeliest, leak and backlog would hide from each
   * other whatever speaks for both.)
   */
  readonly logBayesFactor: number;
}

export interface GroupVerdict {
  readonly probabilities: Readonly<Record<GroupClass, number>>;
  readonly class: GroupClass | "inconclusive";
  /** Probability of the class; of the likeliest where none is named. */
  readonly confidence: number;
  readonly grade: EvidenceGrade;
  readonly likeliest: GroupClass;
  readonly rival: GroupClass;
  /** P(leak) + P(backlog): growth without a known end, whoever is to blame. Under .3 "not a leak" may be said, over .7 "grows". */
  readonly unboundedProbability: number;
  /** Conditions that keep a likely class from being named; empty where one is named, or where none is likely. */
  readonly unmet: readonly UnmetCondition[];
  readonly weighed: readonly WeighedEvidence[];
  readonly missing: readonly { readonly id: string; readonly missing: MissingCode }[];
}

/** Weighs one group. Give all groups of one answer the same fitter: they share its work. */
export function weighGroup(facts: GroupFacts, fitter: ShapeFitter = new ShapeFitter()): GroupVerdict {
  const answers: (Weighed & { readonly id: string })[] = [];
  const missing: { readonly id: string; readonly missing: MissingCode }[] = [];
  for (const weight of weights) {
    const answer = weight.weigh(facts, fitter);
    if (answer === null) continue;
    if (isMissing(answer)) missing.push({ id: weight.id, missing: answer.missing });
    else answers.push({ id: weight.id, ...answer });
  }
  if (hasTooFewSamples(facts)) missing.push({ id: "sampling", missing: "samples" });

  const logs = GROUP_CLASSES.map((name) => answers.reduce((sum, { weights }) => sum + weights[name], Math.log(priorOf(facts.kind, name))));
  const likeliest = largestOf(GROUP_CLASSES, logs);
  const rival = largestOf(
    GROUP_CLASSES.filter((name) => isUnbounded(name) !== isUnbounded(likeliest)),
    logs,
  );
  const tried = answers.some(({ id, figures }) => id === "experiment" && "logBayesFactor" in figures) ? facts.experiment : undefined;
  const grades = [evidenceGrade(facts), ...(tried === undefined ? [] : [experimentGrade(tried)])];
  const grade = grades.reduce((best, other) => (other < best ? other : best));
  const probabilities = posterior(logs, isQueue(facts.kind) ? LEAK_CAPS[grade] : 1);
  const confidence = probabilities[likeliest];
  const named = confidence >= LIKELY ? likeliest : null;
  // evidence beside the course and the ceiling, of which each alone is enough
  const factors = answers.flatMap(({ figures }) => figures["logBayesFactor"] ?? []);
  const fit = facts.liveBytes.length < 2 ? null : fitter.fit(facts);
  const unmet = named === null ? [] : unmetConditions(named, facts, fit, factors);
  return {
    probabilities,
    class: named !== null && unmet.length === 0 ? named : "inconclusive",
    confidence,
    grade,
    likeliest,
    rival,
    unboundedProbability: probabilities.leak + probabilities.backlog,
    unmet,
    weighed: answers.map(({ id, code, figures, weights }) => ({ id, code, figures, logBayesFactor: weights[likeliest] - weights[rival] })),
    missing,
  };
}

export function evidenceGrade(facts: GroupFacts): EvidenceGrade {
  const ages = facts.ages?.trustworthy ?? false;
  const exactAges = ages && !facts.sampled;
  if (!isQueue(facts.kind)) {
    // nothing bounds such a group, so the clock of work takes the place of the statistics
    if (ages && facts.operationalClock !== null) return "A";
    if (exactAges) return "B";
    // the heap itself says how much is in use, and the client how much of that is queued
    if (facts.kind === "unqueued") return "C";
    return ages || facts.operationalClock !== null ? "C" : "D";
  }
  if (ages && facts.queue !== null) return "A";
  if (exactAges && facts.ceiling !== null) return "A";
  if (facts.queue !== null || (facts.ceiling !== null && facts.ceiling.sdShare <= KNOWN_CEILING_SD_SHARE)) return "B";
  return facts.ceiling !== null || ages || isLagBinding(facts) ? "C" : "D";
}

/** Levels of a heap before and after a checked change are as good as statistics; resident memory is what an allocator makes of it. */
function experimentGrade({ isDone, isResident }: ExperimentFacts): EvidenceGrade {
  if (isResident) return "C";
  return isDone === true ? "A" : "B";
}

function isUnbounded(name: GroupClass): boolean {
  return name === "leak" || name === "backlog";
}

function largestOf(names: readonly GroupClass[], logs: readonly number[]): GroupClass {
  const log = (name: GroupClass): number => logs[GROUP_CLASSES.indexOf(name)] ?? -Infinity;
  return names.reduce((best, name) => (log(name) > log(best) ? name : best));
}

/** The posterior; what a capped leak loses goes to the bounded classes in proportion, for it is an accusation less. */
function posterior(logs: readonly number[], leakCap: number): Readonly<Record<GroupClass, number>> {
  const total = logSumExp(logs);
  const log = (name: GroupClass): number => logs[GROUP_CLASSES.indexOf(name)] ?? -Infinity;
  const leak = Math.min(leakCap, Math.exp(log("leak") - total));
  const backlog = Math.exp(log("backlog") - total);
  const bounded = logSumExp(GROUP_CLASSES.filter((name) => !isUnbounded(name)).map(log));
  const share = (name: GroupClass): number => (1 - leak - backlog) * Math.exp(log(name) - bounded);
  return {
    stable: share("stable"),
    step: share("step"),
    "warm-up": share("warm-up"),
    buffering: share("buffering"),
    backlog,
    leak,
  };
}

function hasTooFewSamples(facts: GroupFacts): boolean {
  return facts.survivingSamples !== null && facts.survivingSamples < FEWEST_SURVIVING_SAMPLES;
}

/**
 * The minimum for each class (growth.md section 6.6), as far as a group alone can show it. That growth is material (5 % of the
 * largest value) is already part of the shapes: no class that grows can become likely below it, and none that is flat above.
 */
function unmetConditions(
  name: GroupClass,
  facts: GroupFacts,
  fit: SeriesFit | null,
  logBayesFactors: readonly number[],
): readonly UnmetCondition[] {
  const instants = facts.liveBytes.length;
  switch (name) {
    case "stable":
      return instants < 3 ? ["too-few-instants"] : [];
    case "step":
      if (instants < 4) return ["too-few-instants"];
      return fit !== null && isSingleJump(fit) ? [] : ["no-single-jump"];
    case "warm-up":
      if (instants < 3) return ["too-few-instants"];
      return fit !== null && hasSettled(fit) ? [] : ["not-settled"];
    case "buffering":
      return isSeenBounded(facts, fit, logBayesFactors) ? [] : ["no-bound-seen"];
    case "backlog":
      return hasTooFewSamples(facts) ? ["too-few-samples"] : [];
    case "leak": {
      const unmet: UnmetCondition[] = [];
      if (hasTooFewSamples(facts)) unmet.push("too-few-samples");
      if (isQueue(facts.kind) && !isAccused(facts, logBayesFactors)) unmet.push("no-sign-beside-growth");
      // one snapshot can be too much for a queue, but nothing else has a bound that it could be over
      if (!isQueue(facts.kind) && instants < 2) unmet.push("too-few-instants");
      return unmet;
    }
  }
}

/** One step holds 70 % of the change. With many points it may take two: a jump inside of a block is seen as two halves. */
function isSingleJump(fit: SeriesFit): boolean {
  const { share } = fit.prepared;
  const total = at(share, share.length - 1) - at(share, 0);
  const width = share.length < 8 ? 1 : 2;
  for (let row = width; row < share.length; row++) {
    const step = at(share, row) - at(share, row - width);
    if (step * total > 0 && Math.abs(step) >= 0.7 * Math.abs(total)) return true;
  }
  return false;
}

/** Growth in the last third of the capture is less than a third of that in the first. */
function hasSettled(fit: SeriesFit): boolean {
  const { clock, share } = fit.prepared;
  const first = interpolate(clock, share, 1 / 3) - at(share, 0);
  const last = at(share, share.length - 1) - interpolate(clock, share, 2 / 3);
  return last < first / 3;
}

/**
 * Something shows a bound: growth that ended at or under the ceiling, statistics or an experiment that explain it, a queue that
 * was drained by half, or old memory that is gone while the level is under the ceiling.
 */
function isSeenBounded(facts: GroupFacts, fit: SeriesFit | null, logBayesFactors: readonly number[]): boolean {
  if (logBayesFactors.some((factor) => factor < -2)) return true;
  const ceiling = effectiveCeiling(facts);
  const ages = trustedAgeProfile(facts)?.cell;
  const peak = peakBytes(facts);
  const isUnderCeiling = ceiling !== null && ceilingCode(peak, ceiling) !== "above-ceiling";
  if ((ages === "nothing-old" || ages === "first-in-first-out") && (isUnderCeiling || ceiling === null)) return true;
  if (fit === null) return ceiling !== null && ceilingCode(peak, ceiling) === "at-ceiling";
  if (at(fit.prepared.share, fit.prepared.share.length - 1) <= 0.5) return true;
  return isUnderCeiling && ENDED.has(likeliestShape(fit, "buffering"));
}

const ENDED: ReadonlySet<Shape> = new Set<Shape>(["constant", "hinge", "saturation", "step", "drain"]);

function likeliestShape(fit: SeriesFit, name: GroupClass): Shape {
  const shares = SHAPES_OF_CLASS[name];
  const log = (shape: Shape): number => Math.log(shares[shape] ?? 0) + fit.shapes[shape].logEvidence;
  return SHAPES.reduce((best, shape) => (log(shape) > log(best) ? shape : best));
}

/**
 * Something beside the growth of a queue speaks against it: a level over the ceiling, the statistics, an experiment, survivors of
 * every age, or that nobody but the application holds it.
 */
function isAccused(facts: GroupFacts, logBayesFactors: readonly number[]): boolean {
  if (logBayesFactors.some((factor) => factor > 3)) return true;
  if (facts.retention !== null && facts.retention.onlyAppBytes > facts.retention.clientBytes + facts.retention.otherBytes) return true;
  const ceiling = effectiveCeiling(facts);
  // a partition that is stuck keeps its oldest messages while the others move on: only over the ceiling is that no queue
  if (trustedAgeProfile(facts)?.cell === "flat-tail") return ceiling === null || peakBytes(facts) > ceiling.bytes;
  return ceiling !== null && peakBytes(facts) > 1.15 * ceiling.bytes;
}
