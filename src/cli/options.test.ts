import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { type AnalyzeOptions, define } from "./commands/analyze.ts";
import { parseSweep } from "./commands/ceiling.ts";
import { parseMoment } from "./options.ts";

/** The options of analyze as a command gets them. */
function parse(...args: readonly string[]): AnalyzeOptions {
  const command = new Command().exitOverride().configureOutput({ outputError: () => {} });
  define(command, () => {});
  return command.parseOptions([...args]).unknown.length === 0 ? command.opts() : assert.fail("an option is unknown");
}

test("values of options are numbers, times and expressions, in bytes and milliseconds", () => {
  const options = parse(
    ..."--client librdkafka --set a=1 --set b=2=3 --partitions 12 --message-size 1KiB --compression-ratio 2.5 --split-queues".split(" "),
    ..."--memory-limit 512Mi --started-at 2026-11-22T07:30:15.7Z --app ^my:: --since 90s --until -10m --fail-on leak,over-limit".split(" "),
    ..."--min-confidence 0.9 --no-symbolize --top 3 -q".split(" "),
  );
  assert.deepEqual(options.set, ["a=1", "b=2=3"]);
  assert.equal(options.partitions, 12);
  assert.equal(options.messageSize, 1024);
  assert.equal(options.compressionRatio, 2.5);
  assert.equal(options.splitQueues, true);
  assert.equal(options.memoryLimit, 536_870_912);
  assert.equal(options.startedAt, Date.UTC(2026, 10, 22, 7, 30, 15, 700));
  assert.deepEqual(options.app, /^my::/);
  assert.deepEqual(options.since, { from: "start", ms: 90_000 });
  assert.deepEqual(options.until, { from: "end", ms: 600_000 });
  assert.deepEqual(options.failOn, ["leak", "over-limit"]);
  assert.equal(options.minConfidence, 0.9);
  assert.equal(options.symbolize, false);
  assert.equal(options.top, 3);
  assert.equal(options.quiet, true);
});

test("what is not said is left to be found out, or has a harmless default", () => {
  assert.deepEqual(parse(), {
    top: 10,
    groupBy: "component",
    symbolize: true,
    color: "auto",
    progress: "auto",
    pager: true,
    minConfidence: 0,
  });
});

test("a moment is a distance from the start or the end, or a time", () => {
  assert.deepEqual(parseMoment("2026-11-22T07:30:15Z"), { from: "clock", ms: Date.UTC(2026, 10, 22, 7, 30, 15) });
});

for (const wrong of [
  "--partitions 0",
  "--partitions 1e3",
  "--message-size big",
  "--compression-ratio 0",
  "--started-at yesterday",
  "--started-at 1",
  "--since soon",
  "--app (",
  "--fail-on leaks",
  "--min-confidence 90",
  "--color red",
  "--format xml",
]) {
  test(`${wrong} is refused`, () => {
    assert.throws(() => parse(...wrong.split(" ")), { code: "commander.invalidArgument" });
  });
}

test("a sweep is a range or a list, of numbers or sizes", () => {
  assert.deepEqual(parseSweep("partitions=1..4"), { of: "partitions", values: [1, 2, 3, 4] });
  assert.deepEqual(parseSweep("brokers=3,6,9"), { of: "brokers", values: [3, 6, 9] });
  assert.deepEqual(parseSweep("message-size=1KiB,1MiB").values, [1024, 1_048_576]);
  const sizes = parseSweep("fetch.max.bytes=1MiB..50MiB").values;
  assert.deepEqual([sizes.length, sizes[0], sizes.at(-1)], [16, 1_048_576, 52_428_800]);
  assert.equal(parseSweep("partitions=1..50000").values.length, 10_000);
  for (const wrong of ["partitions", "partitions=", "partitions=9..1", "partitions=a..b", "partitions=-1..3", "=1..2"]) {
    assert.throws(() => parseSweep(wrong), /It has to be|is no number|has to rise/, wrong);
  }
});
