/** Writes what docs/ and the README show of the tool: `node scripts/docs.mjs` after a build. A test holds them to it. */
import { readFileSync, writeFileSync } from "node:fs";
import { PAGES, readmeWithAnswer } from "../dist/testing/docs.js";

for (const [file, page] of Object.entries(PAGES)) writeFileSync(file, page());
writeFileSync("README.md", await readmeWithAnswer(readFileSync("README.md", "utf8")));
