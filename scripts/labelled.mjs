/**
 * Scores the built command on a folder of labelled captures: `node scripts/labelled.mjs <folder> [part of a scenario's name]`.
 * Fails on a wrong answer, a miss or a crash. Captures of formats that are not read yet have to be refused.
 */
import path from "node:path";
import { scoreLabelled } from "../dist/testing/labelled.js";

const [folder, wanted = ""] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: node scripts/labelled.mjs <folder> [part of a name]");
  process.exit(2);
}
const scores = scoreLabelled(path.resolve("dist/bin/lagleak.js"), path.resolve(folder), wanted);
for (const { scenario, result, answer, expected } of scores)
  console.log(`${result.padEnd(8)} ${scenario.padEnd(36)} ${answer} (truth: ${expected})`);
const count = (result) => scores.filter((score) => score.result === result).length;
console.log(
  `hit ${count("hit")}, honest ${count("honest")}, not read yet ${count("refused")}, miss ${count("miss")}, wrong ${count("wrong")}, crash ${count("crash")}`,
);
process.exit(count("wrong") + count("miss") + count("crash") > 0 ? 1 : 0);
