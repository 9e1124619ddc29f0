import assert from "node:assert/strict";
import { test } from "node:test";
import { reproduction } from "./reproduce.ts";

test("the command is what was typed, quoted for a shell, without where the answer went", () => {
  const typed = ["report", "heap 1.pb.gz", "it's.heap", "--memory-limit", "512Mi", "-o", "report.html", "--output=x.html", "--force"];
  assert.equal(reproduction(typed), "lagleak report 'heap 1.pb.gz' 'it'\\''s.heap' --memory-limit 512Mi");
});

test("a setting that looks secret is not in it, in no spelling", () => {
  const typed = ["h.pb", "--set", "sasl.password=hunter2", "--set=ssl.key.password=hunter2", "--set", "fetch.min.bytes=1"];
  assert.equal(reproduction(typed), "lagleak h.pb --set fetch.min.bytes=1");
  for (const words of [
    ["--set", "SASL_JAAS_CONFIG=x hunter2"],
    ["--stats", "https://me:hunter2@host/stats"],
    ["--set=a=password=hunter2"],
  ]) {
    assert.doesNotMatch(reproduction(["h.pb", ...words]), /hunter2/);
  }
});
