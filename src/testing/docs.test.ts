import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { formatsPage } from "./docs.ts";

test("docs/formats.md says what the formats say (npm run docs writes it)", () => {
  assert.equal(readFileSync(new URL("../../docs/formats.md", import.meta.url), "utf8"), formatsPage());
});
