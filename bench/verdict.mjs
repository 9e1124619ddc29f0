/**
 * Prints how often the judge is wrong on simulated captures, by number of instants and by evidence:
 * `node bench/verdict.mjs [seed=11] [captures of each scenario=100] [--held-out | --tuning | --by-scenario | --calibration]`.
 * Needs a build (`npm run build`).
 */

import { scenarios } from "../dist/testing/scenarios.js";
import { calibrationBins, EVIDENCE_SETS, judgeAll, score, shareOf } from "../dist/testing/score.js";

const [seed = 11, repeats = 100] = process.argv
  .slice(2)
  .filter((argument) => !argument.startsWith("--"))
  .map(Number);
const flags = new Set(process.argv.slice(2).filter((argument) => argument.startsWith("--")));
const chosen = scenarios.filter(({ isHeldOut }) => (flags.has("--held-out") ? isHeldOut : flags.has("--tuning") ? !isHeldOut : true));
const percent = (share) => (100 * share).toFixed(1).padStart(6);

console.log(`seed ${seed}, ${repeats} captures of each of ${chosen.length} scenarios; shares in %, threshold P = .7`);
console.log(
  "called a leak or backlog: buffering / other bounded / irreducible; missed: all / retained Kafka; inconclusive: bounded / unbounded",
);
for (const evidence of EVIDENCE_SETS) {
  console.log(`\n${evidence}`);
  console.log("  n   buffer bounded irreduc   missed retained   inc.bnd inc.unb   named    ECE ECEall");
  for (const instants of [3, 5, 8, 20, 50]) {
    const outcomes = judgeAll(repeats, evidence, { instants, seed }, chosen);
    const s = score(outcomes);
    console.log(
      `${String(instants).padStart(3)}  ${percent(s.falseOnBufferingShare)} ${percent(s.falseOnBoundedShare)}  ${percent(s.falseOnIrreducibleShare)}   ` +
        `${percent(s.missedShare)}  ${percent(s.missedRetainedShare)}    ${percent(s.inconclusiveBoundedShare)}  ${percent(s.inconclusiveUnboundedShare)}  ` +
        `${percent(s.namedLeakOnBufferingShare)}   ${s.calibrationError.toFixed(3)}  ${s.calibrationErrorOfAll.toFixed(3)}`,
    );
    if (flags.has("--by-scenario")) printScenarios(outcomes);
    if (flags.has("--calibration")) printCalibration(outcomes);
  }
}

function printScenarios(outcomes) {
  for (const scenario of chosen) {
    const own = outcomes.filter((outcome) => outcome.scenario === scenario);
    const named = new Map();
    for (const { verdict } of own) named.set(verdict.class, (named.get(verdict.class) ?? 0) + 1);
    const classes = [...named].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} ${Math.round((100 * count) / own.length)}`);
    const called = shareOf(own, ({ unbounded }) => unbounded >= 0.7);
    const missed = shareOf(own, ({ unbounded }) => unbounded <= 0.3);
    console.log(`       ${scenario.id.padEnd(26)} P>=.7 ${percent(called)}  P<=.3 ${percent(missed)}   ${classes.join(", ")}`);
  }
}

function printCalibration(outcomes) {
  const bins = calibrationBins(outcomes.filter(({ scenario }) => scenario.family !== "irreducible"));
  console.log(
    `       ${bins.map((bin) => `${bin.predicted.toFixed(2)}→${bin.observed.toFixed(2)} (${bin.weight.toFixed(3)})`).join("  ")}`,
  );
}
