import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { formatsPage, readmeWithAnswer } from "./docs.ts";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));

test("docs/formats.md says what the formats say (npm run docs writes it)", () => {
  assert.equal(readFileSync("docs/formats.md", "utf8"), formatsPage());
});

test("the README shows what the tool really says (npm run docs writes it)", async () => {
  const readme = readFileSync("README.md", "utf8");
  assert.equal(readme, await readmeWithAnswer(readme));
});
