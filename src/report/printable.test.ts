import assert from "node:assert/strict";
import { test } from "node:test";
import { printable, shorten, sparkline, widthOf, wrap } from "./printable.ts";

test("escape sequences and bidirectional overrides of a symbol are shown, not obeyed", () => {
  assert.equal(printable("\u001b[31mred\u0007 \u202eevil"), "\\x1b[31mred\\x07 \\u202eevil");
});

test("a long name keeps both of its ends", () => {
  assert.equal(shorten("rd_kafka_msgset_reader_decompress", 20), "rd_kafka_msg…ompress");
  assert.equal(shorten("short", 20), "short");
  assert.equal(widthOf(shorten("消息队列消费者内存分析工具", 11)) <= 11, true);
});

test("a symbol of a megabyte is shortened at once", () => {
  assert.equal(shorten("x".repeat(1 << 20), 30).length, 30);
});

test("lines break at spaces, and a command stays in one piece", () => {
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("a https://example.org/very/long b", 10), ["a", "https://example.org/very/long", "b"]);
});

test("a sparkline starts at zero, so that a plateau does not look like noise", () => {
  assert.equal(sparkline([0, 50, 100, 100]), "▁▅██");
  assert.equal(sparkline([100, 100]), "██");
  assert.equal(sparkline([0, 0]), "▁▁");
});
