import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PAGES, readmeWithAnswer } from "./docs.ts";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));

for (const [file, page] of Object.entries(PAGES)) {
  test(`${file} says what the code says (npm run docs writes it)`, () => assert.equal(readFileSync(file, "utf8"), page()));
}

test("the README shows what the tool really says (npm run docs writes it)", async () => {
  const readme = readFileSync("README.md", "utf8");
  assert.equal(readme, await readmeWithAnswer(readme));
});
