import assert from "node:assert/strict";
import { test } from "node:test";
import { randomFrom } from "../base/statistics.ts";
import { forecast, timeToGrow } from "./forecast.ts";
import type { GroupFacts } from "./group-facts.ts";
import { ShapeFitter } from "./shapes.ts";
import { weighGroup } from "./weigh-group.ts";

const MIB = 2 ** 20;
const MINUTE = 60_000;

function group(liveMib: readonly number[], facts: Partial<GroupFacts> = {}): GroupFacts {
  return {
    kind: "fetch",
    elapsedMs: Float64Array.from(liveMib, (_, minute) => minute * MINUTE),
    liveBytes: Float64Array.from(liveMib, (mib) => mib * MIB),
    varianceBytes2: new Float64Array(liveMib.length),
    sampled: false,
    survivingSamples: null,
    ceiling: null,
    queue: null,
    ages: null,
    operationalClock: null,
    retention: null,
    ...facts,
  };
}

const LINE = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110]; // 10 MiB a minute
const ceiling = { bytes: 200 * MIB, highBytes: 230 * MIB, sdShare: 0.2 };

function forecastOf(facts: GroupFacts, availableMib: number | null) {
  const fitter = new ShapeFitter();
  const { probabilities } = weighGroup(facts, fitter);
  return forecast({ facts, fit: fitter.fit(facts), probabilities, availableBytes: availableMib === null ? null : availableMib * MIB });
}

test("a line reaches a near limit when its slope says so, within a range of at least ×/÷ 1.8", () => {
  const toLimit = forecastOf(group(LINE), 150)?.toLimit;
  assert.ok(toLimit !== null && toLimit.medianMs !== null && toLimit.atMostMs !== null);
  assert.ok(Math.abs(toLimit.medianMs - 4 * MINUTE) < 0.5 * MINUTE, `${toLimit.medianMs / MINUTE} min`);
  assert.ok(toLimit.atMostMs / toLimit.medianMs >= 1.8 && toLimit.medianMs / toLimit.atLeastMs >= 1.8);
});

test("beyond twice the observed time there is only an at least", () => {
  const toLimit = forecastOf(group(LINE), 2000)?.toLimit;
  assert.ok(toLimit !== null);
  assert.equal(toLimit.medianMs, null);
  assert.equal(toLimit.atMostMs, null);
  assert.ok(toLimit.atLeastMs > 10 * MINUTE && toLimit.atLeastMs <= 20 * MINUTE);
});

test("a queue that fills is told when it will be full, and whether that is above the limit", () => {
  const low = forecastOf(group(LINE, { ceiling }), 150);
  assert.ok(low.toCeiling?.medianMs != null && Math.abs(low.toCeiling.medianMs - 9 * MINUTE) < 2 * MINUTE);
  assert.equal(low.isCeilingAboveLimit, true);
  const high = forecastOf(group(LINE, { ceiling }), 400);
  assert.equal(high.isCeilingAboveLimit, false);
  assert.ok((high.limitProbability ?? 1) < (low.limitProbability ?? 0));
});

test("growth that has ended has no time to anything", () => {
  const settled = forecastOf(group([50, 120, 150, 151, 150, 151, 150], { ceiling }), 300);
  assert.equal(settled.toCeiling, null);
  assert.equal(settled.toLimit, null);
});

test("without a limit nothing is said of it", () => {
  const full = forecastOf(group(LINE, { ceiling }), null);
  assert.equal(full.toLimit, null);
  assert.equal(full.limitProbability, null);
});

test("a limit that is passed already is reached now", () => {
  const passed = forecastOf(group(LINE), 60);
  assert.equal(passed.toLimit?.atLeastMs, 0);
  assert.equal(passed.limitProbability, 1);
});

test("a limit that only the fitted line is over is not reached yet", () => {
  const noisy = group([10, 22, 27, 42, 48, 62, 70, 78, 94, 97, 108, 124, 128, 139, 152, 155]);
  const toLimit = forecastOf(noisy, 156)?.toLimit;
  assert.ok(toLimit !== null && toLimit.atLeastMs > 0 && (toLimit.atMostMs ?? Infinity) > toLimit.atLeastMs);
});

test("garbage is collected too late for a limit between floor and tooth", () => {
  const teeth = Array.from({ length: 48 }, (_, row) => 40 + 1.2 * row + 10 * (row % 6));
  const floors = forecastOf(group(teeth, { kind: "app" }), 160)?.toLimit;
  assert.ok(floors?.medianMs != null && floors.medianMs < 20 * MINUTE, JSON.stringify(floors)); // the floors need 53 minutes
});

test("growth in jumps may reach a near limit at the next one", () => {
  const even = forecastOf(group(LINE), 150)?.toLimit;
  const jumps = forecastOf(group([10, 10, 10, 60, 60, 60, 62, 62, 110, 110, 110]), 150)?.toLimit;
  assert.ok(even != null && jumps != null && jumps.atLeastMs < even.atLeastMs / 2, `${even?.atLeastMs} ${jumps?.atLeastMs}`);
});

test("the range holds the truth in at least 85 % of noisy leaks", () => {
  const random = randomFrom(3);
  let held = 0;
  const runs = 200;
  for (let run = 0; run < runs; run++) {
    // drift 1 a capture from 1, and noise that wanders and returns
    const wander = random.between(0, 0.1);
    const noise = random.between(0, 0.05);
    let drift = 1;
    const path: number[] = [];
    for (let step = 0; step < 100; step++) {
      drift += 0.01 + (wander * random.normal()) / 10;
      path.push(drift);
    }
    const seen = Array.from({ length: 20 }, (_, row) => 100 * ((path[row * 5] ?? 0) + noise * random.normal()));
    const fit = new ShapeFitter().fit(group(seen));
    const room = random.between(0.2, 1);
    const range = timeToGrow(fit, room * 100 * MIB, 0);
    // from the last instant on, the path goes on as it did
    let steps = 0;
    const target = (path[95] ?? 0) + room;
    for (let value = path[95] ?? 0; value < target && steps < 2000; steps++) value += 0.01 + (wander * random.normal()) / 10;
    const truthMs = (steps / 95) * 19 * MINUTE;
    if (range !== null && truthMs >= range.atLeastMs && (range.atMostMs === null || truthMs <= range.atMostMs)) held++;
  }
  assert.ok(held / runs >= 0.85, `${held} of ${runs}`);
});
