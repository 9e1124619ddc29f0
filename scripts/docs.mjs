/** Writes what docs/ and the README show of the tool: `node scripts/docs.mjs` after a build. A test holds them to it. */
import { readFileSync, writeFileSync } from "node:fs";
import { formatsPage, readmeWithAnswer } from "../dist/testing/docs.js";

writeFileSync("docs/formats.md", formatsPage());
writeFileSync("README.md", await readmeWithAnswer(readFileSync("README.md", "utf8")));
