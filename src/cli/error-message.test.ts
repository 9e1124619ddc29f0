import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { bugText, errorJson, failureText, wantsJson } from "./error-message.ts";

test("a failure says where, what, and what to do about it", () => {
  const failure = new Failure({
    code: "truncated",
    message: "is cut",
    where: { file: "heap.pb.gz", offset: 81920 },
    hint: "Take another.",
  });
  assert.equal(failureText(failure), "lagleak: heap.pb.gz: is cut, at byte 81920\n  Take another.\n");
  assert.deepEqual(JSON.parse(errorJson(failure, failure)).error, {
    code: "truncated",
    message: "is cut",
    file: "heap.pb.gz",
    offset: 81920,
    line: null,
    hint: "Take another.",
  });
  const line = new Failure({ code: "configuration", message: "is no setting", where: { file: "-", line: 3, offset: 40 } });
  assert.equal(failureText(line), "lagleak: standard input: is no setting, at line 3\n");
});

test("a file name cannot command the terminal", () => {
  const failure = new Failure({ code: "not-found", message: "there is no such file", where: { file: "\u001b[2Jx\n" } });
  assert.equal(failureText(failure), "lagleak: \\x1b[2Jx\\x0a: there is no such file\n");
});

test("a bug of ours shows its stack and asks for a report", () => {
  const text = bugText(new TypeError("x is undefined"), "1.2.3");
  assert.match(text, /^lagleak: internal error \(lagleak 1\.2\.3, Node v/);
  assert.match(text, /TypeError: x is undefined\n\s+at /);
  assert.match(text, /Please report it/);
  assert.equal(JSON.parse(errorJson(new Error("x"), null)).error.code, "internal");
});

test("JSON is wanted by --json and --format json, before a --", () => {
  assert.ok(wantsJson(["inspect", "--json"]));
  assert.ok(wantsJson(["--format", "json", "x"]));
  assert.ok(wantsJson(["--format=json"]));
  assert.ok(!wantsJson(["--format", "text", "json"]));
  assert.ok(!wantsJson(["--", "--json"]));
});
