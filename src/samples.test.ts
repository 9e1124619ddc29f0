import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { scoreLabelled } from "./testing/labelled.ts";

const BIN = fileURLToPath(new URL("./bin/lagleak.js", import.meta.url));
const SAMPLES = fileURLToPath(new URL("../samples", import.meta.url));

for (const { scenario, result, answer, expected } of scoreLabelled(BIN, SAMPLES)) {
  test(`${scenario} is ${expected}, or honestly not known`, () => {
    assert.ok(result === "hit" || result === "honest", `${result}: ${answer}`);
  });
}
