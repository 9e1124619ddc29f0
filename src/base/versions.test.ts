import assert from "node:assert/strict";
import { test } from "node:test";
import { compareVersions, isVersionWithin } from "./versions.ts";

test("versions are compared by their numbers", () => {
  assert.ok(compareVersions("2.10.0", "2.9.1") > 0);
  assert.ok(compareVersions("v1.5", "1.5.0") === 0);
  assert.ok(compareVersions("0.36.2", "0.37.0-rc1") < 0);
});

test("a range includes where it starts and excludes where it was fixed", () => {
  assert.ok(isVersionWithin("2.0.0", "2.0.0", "2.6.1"));
  assert.ok(!isVersionWithin("2.6.1", "2.0.0", "2.6.1"));
  assert.ok(isVersionWithin("0.1", null, "2.6.1"));
  assert.ok(isVersionWithin("9", "2.0.0", null));
});
