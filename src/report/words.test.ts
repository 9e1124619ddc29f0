import assert from "node:assert/strict";
import { test } from "node:test";
import { SHAPES } from "../judge/shapes.ts";
import { AGE_CELLS } from "../judge/weights/survivor-ages.ts";
import { BIRTHS_CODES } from "../judge/weights/survivor-births.ts";
import { componentWords, evidenceStrength, nextStep, reason, verdictTitle } from "./words.ts";

const LEVELS = ["below-ceiling", "at-ceiling", "above-ceiling"];

/** Every code that a weight or the judge can give; a code without a sentence would be a crash in front of a user. */
const CODES = [
  ...SHAPES.flatMap((shape) => [`shape:${shape}`, `operational-clock:${shape}`]),
  ...AGE_CELLS.map((cell) => `survivor-ages:${cell}`),
  ...BIRTHS_CODES.map((code) => `survivor-births:${code}`),
  ...LEVELS.map((level) => `ceiling:${level}`),
  ...[...LEVELS, "gap"].map((level) => `single-instant:${level}`),
  ...["queue-explains", "queue-does-not-explain", "queue-undecided"].map((code) => `queue-accounting:${code}`),
  ...["leak", "backlog", "buffering", "stable", "warm-up", "step"].map((name) => `besides-${name}`),
  ...["grew", "held-by", "top-site", "queue-holds", "messages-held", "live-messages"],
  ...["attached-late", "companion-type", "allocations-only", "stale", "outside-growth", "reaches-ceiling", "cut-live-is-not-leaked"],
  ...["comes-and-goes", "does-not-follow"].map((code) => `follows-lag:${code}`),
  ...["allocator-growth-kept", "allocator-growth-jvm"],
  ...["rebalances", "disconnects", "responses"].map((what) => `growth-events:${what}`),
  ...["known-issue", "similar-issue"],
  ...["drained", "not-drained", "drain-undecided", "drain-not-done"].map((code) => `experiment:${code}`),
  ...["halved", "not-halved", "halve-undecided", "halve-tells-nothing"].map((code) => `experiment:${code}`),
  ...["drain", "halve-queue"].flatMap((kind) => [`experiment-${kind}-checked`, `experiment-${kind}-assumed`]),
];

const FIGURES = new Proxy({}, { get: () => 0.5 }) as Record<string, number>;
const NAMES = new Proxy({}, { get: () => "name" }) as Record<string, string>;

test("every finding of the judge has a sentence that ends like one", () => {
  for (const code of CODES) {
    const { text } = reason({ code, figures: FIGURES, names: NAMES, logBayesFactor: 2 });
    assert.match(text, /^[A-Z0-9].*\.$/, code);
    assert.doesNotMatch(text, /undefined|NaN/, code);
  }
});

test("every next step says what to do", () => {
  for (const code of [
    "capture-from-start",
    "capture-live",
    "capture-after-gc",
    "capture-series",
    "capture-statistics",
    "say-started-at",
    "say-message-size",
    "more-samples",
    "name-client",
    "name-functions",
    "capture-longer",
    "drain-queue",
    "halve-queue",
    "capture-twice-as-long",
  ]) {
    assert.match(
      nextStep({ code, figures: { waitMs: 90_000 }, names: { format: "pprof", how: "Set it." }, logBayesFactor: null }).text,
      /\.$/,
      code,
    );
  }
});

test("a leak of kept messages is called by what the application does", () => {
  assert.equal(verdictTitle({ class: "leak", party: "app-retained" }), "LEAK: the application keeps fetched messages");
  assert.equal(verdictTitle({ class: "buffering", party: "client" }), "BUFFERING, no leak");
});

test("the weight of a reason is said in words, and whether it speaks against the verdict", () => {
  assert.deepEqual([null, 0.4, 2, -2, 4, 9].map(evidenceStrength), [
    "",
    "",
    "some evidence",
    "some evidence, against",
    "strong evidence",
    "decisive",
  ]);
});

test("a component that has no words of its own is still readable", () => {
  assert.equal(componentWords("fetch-response-buffer"), "fetch responses");
  assert.equal(componentWords("metadata-cache"), "metadata cache");
});
