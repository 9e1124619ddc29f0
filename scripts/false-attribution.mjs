/**
 * Fails when a client claims memory in a profile without Kafka: `node scripts/false-attribution.mjs <folder> [--verbose]`. Needs a
 * build (`npm run build`).
 */
import { findFalseAttribution } from "../dist/testing/false-attribution.js";

const [folder, flag] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: node scripts/false-attribution.mjs <folder> [--verbose]");
  process.exit(2);
}
const { profiles, paths, skipped, claims } = await findFalseAttribution(folder);
if (flag === "--verbose") for (const file of skipped) console.log(`skipped  ${file}`);
for (const { file, client, paths: claimed, stack } of claims)
  console.log(`wrong    ${file}: ${claimed} paths to ${client}, such as ${stack}`);
console.log(
  `${profiles} profiles without Kafka, ${paths} paths, ${claims.reduce((sum, claim) => sum + claim.paths, 0)} attributed to a client`,
);
process.exit(claims.length > 0 || profiles === 0 ? 1 : 0);
