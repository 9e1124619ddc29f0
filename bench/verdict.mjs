/**
 * Prints how often the judge is wrong on simulated captures, by number of instants and by evidence, for the scenarios that it was
 * adjusted on and for those held out: `node bench/verdict.mjs [seed=11] [captures of each scenario=100] [--by-scenario] [--calibration]`.
 * Markdown, as `docs/verdict.md` shows it.
 * Needs a build (`npm run build`).
 */

import { scenarios } from "../dist/testing/scenarios.js";
import { calibrationBins, EVIDENCE_SETS, judgeAll, score, shareOf, timeToLimitCoverage } from "../dist/testing/score.js";

const [seed = 11, repeats = 100] = process.argv
  .slice(2)
  .filter((argument) => !argument.startsWith("--"))
  .map(Number);
const flags = new Set(process.argv.slice(2).filter((argument) => argument.startsWith("--")));
const percent = (share) => (100 * share).toFixed(1);
const row = (cells) => console.log(`| ${cells.join(" | ")} |`);
const head = (cells) => {
  row(cells);
  row(cells.map(() => "---"));
};
const GROUPS = [
  ["adjusted on", scenarios.filter(({ isHeldOut }) => !isHeldOut)],
  ["held out", scenarios.filter(({ isHeldOut }) => isHeldOut)],
];
const STAIRCASES = new Set(["client-staircase", "rebalance-leak", "bursty-leak", "reconnect-leak", "batch-leak", "failed-messages-kept"]);
const KEPT = new Set(["retained-kafka", "diurnal-retained", "delivery-events-kept"]);
const CLASSES = ["stable", "step", "warm-up", "buffering", "backlog", "leak", "inconclusive"];

console.log(`Seed ${seed}, ${repeats} captures of each scenario, shares in %, called from P = .7 on.`);
/** Outcomes of the scenarios adjusted on: they stand for the classes of which nothing is held out. */
const adjustedOn = new Map();
for (const [title, chosen] of GROUPS) {
  console.log(`\n### Scenarios ${title} (${chosen.length})\n`);
  head([
    "evidence",
    "captures",
    "buffering: named leak",
    "buffering: P(unbounded) >= .7",
    "other bounded: the same",
    "growth without end missed",
    "of it kept messages",
    "of it slow leaks",
    "staircases called",
    "calibration error",
  ]);
  const outcomesOf = new Map();
  for (const evidence of EVIDENCE_SETS) {
    for (const instants of [3, 5, 8, 20, 50]) {
      const outcomes = judgeAll(repeats, evidence, { instants, seed }, chosen);
      outcomesOf.set(`${evidence} ${instants}`, outcomes);
      const s = score(outcomes, adjustedOn.get(`${evidence} ${instants}`));
      if (!adjustedOn.has(`${evidence} ${instants}`)) adjustedOn.set(`${evidence} ${instants}`, outcomes);
      const of = (test) => outcomes.filter(({ scenario }) => test(scenario));
      const slow = of(({ id }) => id === "slow-leak");
      const stairs = of(({ id }) => STAIRCASES.has(id));
      row([
        evidence,
        instants,
        percent(s.namedLeakOnBufferingShare),
        percent(s.falseOnBufferingShare),
        percent(s.falseOnBoundedShare),
        percent(s.missedShare),
        percent(
          shareOf(
            of(({ id }) => KEPT.has(id)),
            ({ unbounded }) => unbounded <= 0.3,
          ),
        ),
        slow.length === 0 ? "" : percent(shareOf(slow, ({ unbounded }) => unbounded <= 0.3)),
        percent(shareOf(stairs, ({ unbounded }) => unbounded >= 0.7)),
        s.calibrationError.toFixed(3),
      ]);
      if (flags.has("--by-scenario")) printScenarios(outcomes, chosen);
      if (flags.has("--calibration")) printCalibration(outcomes, adjustedOn.get(`${evidence} ${instants}`));
    }
  }
  console.log("\nWhat is named (all evidence, 8 captures), rows are the truth:\n");
  head(["", ...CLASSES]);
  const named = outcomesOf.get("all 8").filter(({ scenario }) => scenario.family !== "irreducible");
  for (const truth of CLASSES.slice(0, -1)) {
    const own = named.filter(({ scenario }) => scenario.truth === truth);
    if (own.length > 0) row([truth, ...CLASSES.map((name) => percent(shareOf(own, ({ verdict }) => verdict.class === name)))]);
  }
  console.log("\nTime to the limit, 90 % ranges:\n");
  head(["captures", "forecasts", "range holds the truth", "truth earlier", "truth later", "with an upper end"]);
  for (const instants of [5, 8, 20]) {
    const c = timeToLimitCoverage(repeats, { instants, seed }, chosen);
    row([instants, c.forecasts, percent(c.heldShare), percent(c.earlierShare), percent(c.laterShare), percent(c.closedShare)]);
  }
}

function printScenarios(outcomes, chosen) {
  for (const scenario of chosen) {
    const own = outcomes.filter((outcome) => outcome.scenario === scenario);
    const named = new Map();
    for (const { verdict } of own) named.set(verdict.class, (named.get(verdict.class) ?? 0) + 1);
    const classes = [...named].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} ${Math.round((100 * count) / own.length)}`);
    const called = shareOf(own, ({ unbounded }) => unbounded >= 0.7);
    const missed = shareOf(own, ({ unbounded }) => unbounded <= 0.3);
    console.log(
      `       ${scenario.id.padEnd(26)} P>=.7 ${percent(called).padStart(5)}  P<=.3 ${percent(missed).padStart(5)}   ${classes.join(", ")}`,
    );
  }
}

function printCalibration(outcomes, others) {
  const knowable = (all) => all.filter(({ scenario }) => scenario.family !== "irreducible");
  const bins = calibrationBins(knowable(outcomes), knowable(others));
  console.log(
    `       ${bins.map((bin) => `${bin.predicted.toFixed(2)}→${bin.observed.toFixed(2)} (${bin.weight.toFixed(3)})`).join("  ")}`,
  );
}
