import assert from "node:assert/strict";
import { test } from "node:test";
import { cpuMs } from "../testing/cpu-time.ts";
import { Failure } from "./failure.ts";
import { parseSuppressions } from "./suppressions.ts";

function matches(pattern: string, text: string): boolean {
  return parseSuppressions(`leak:${pattern}`, "lsan.supp")[0]?.matches(text) === true;
}

test("a pattern is matched as LeakSanitizer matches it", () => {
  const table: readonly (readonly [pattern: string, text: string, result: boolean])[] = [
    ["cache", "order_cache_add", true],
    ["cache", "order_add", false],
    ["^order", "order_cache", true],
    ["^cache", "order_cache", false],
    ["add$", "order_add", true],
    ["add$", "order_add_all", false],
    ["order*add", "order_cache_add_all", true],
    ["order*add$", "order_cache_add_all", false],
    ["add*order", "order_cache_add", false],
    ["^order*add$", "order_cache_add", true],
    ["^*cache", "order_cache_add", true],
    ["*", "anything", true],
    ["*", "", false],
    ["cache*$", "order_cache_add", true],
    ["cache$add", "order_cache", true], // what follows the $ is not looked at
    ["foo$", "foofoo", false], // the first place counts
    ["*foo$", "foofoo", false],
    ["a.c", "abc", false], // no regular expression
    ["libacme.so", "/usr/lib/libacme.so.1", true],
  ];
  for (const [pattern, text, result] of table) assert.equal(matches(pattern, text), result, `${pattern} on ${text}`);
});

test("comments, empty lines and white space around are left out", () => {
  const found = parseSuppressions("# ours\n\n  leak:cache  \r\n\tleak:a b\n#leak:no", "lsan.supp");
  assert.deepEqual(
    found.map(({ pattern, line }) => [pattern, line]),
    [
      ["cache", 3],
      ["a b", 4],
    ],
  );
});

test("a line that is no suppression of leaks is said, with its number", () => {
  const table: readonly (readonly [text: string, line: number, message: RegExp])[] = [
    ["leak:a\nrace:b\n", 2, /another sanitizer/],
    ["{\n   name\n", 1, /Valgrind/],
    ["leak:a\n\nleaks:b", 3, /no suppression/],
    ["leak:", 1, /no pattern/],
    ["leak:^$", 1, /no pattern/],
  ];
  for (const [text, line, message] of table) {
    assert.throws(
      () => parseSuppressions(text, "lsan.supp"),
      (failure: unknown) =>
        failure instanceof Failure &&
        failure.code === "configuration" &&
        failure.where?.line === line &&
        failure.where.file === "lsan.supp" &&
        message.test(failure.message),
      text,
    );
  }
});

test("a hostile pattern is not slow", () => {
  const started = cpuMs();
  matches("a*".repeat(2000), "a".repeat(4000));
  matches(`${"a".repeat(500)}b`, "a".repeat(100_000));
  assert.ok(cpuMs() - started < 5000);
});
