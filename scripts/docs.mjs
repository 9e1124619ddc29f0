/** Writes what docs/ and the README show of the tool: `node scripts/docs.mjs` after a build. A test holds them to it. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { VERSION } from "../dist/base/version.js";
import { commandTree } from "../dist/cli/command-tree.js";
import { manPage } from "../dist/cli/man-page.js";
import { wholeProgram } from "../dist/cli/program.js";
import { PAGES, readmeWithAnswer } from "../dist/testing/docs.js";

for (const [file, page] of Object.entries(PAGES)) writeFileSync(file, page());
writeFileSync("README.md", await readmeWithAnswer(readFileSync("README.md", "utf8")));
mkdirSync("man", { recursive: true });
writeFileSync("man/lagleak.1", manPage(commandTree(await wholeProgram()), VERSION));
