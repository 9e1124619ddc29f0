/** Names from captures may hold anything; no output may let them command a terminal, break its own form, or grow without bound. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { analyze, compare, inspect, type Profile, render, renderComparison } from "./index.ts";
import { collapsedOf } from "./report/convert-collapsed.ts";
import { pprofOf } from "./report/convert-pprof.ts";
import { speedscopeOf } from "./report/convert-speedscope.ts";
import { inspectText } from "./report/inspect-text.ts";
import { printable } from "./report/printable.ts";
import { sarifProblems } from "./testing/sarif.ts";
import { sketch } from "./testing/sketch.ts";

const ATTACKS = [
  "\u001b]0;title\u0007\u001b[31m\u001b[2J",
  "\u009b2J",
  "\u202egnp.exe\u2066",
  "a\u200bb\ufeff",
  "</script><img onerror=x>",
  "50% 001\b\b",
];

function hostileProfile(): Profile {
  const lines = Array.from({ length: 12 }, (_, row) =>
    [...ATTACKS, "x".repeat(1 << 20)].map((name) => `at ${row}s main > ${name} @ /src/${name}.c > malloc 400000 / 4`),
  );
  const profile = sketch(lines.flat().join("\n"));
  return { ...profile, captures: profile.captures.map((capture) => ({ ...capture, path: ATTACKS.join("/") })) };
}

test("terminal escape sequences, bidirectional overrides and symbols of a megabyte are harmless in every output", () => {
  const profile = hostileProfile();
  const outputs: Record<string, string> = {};
  for (const groupBy of ["component", "function", "package"] as const) {
    const answer = analyze(profile, { groupBy, tree: true, top: 20 });
    for (const format of ["text", "json", "markdown", "sarif"]) {
      outputs[`${format} by ${groupBy}`] = render(answer, format, { columns: 80, verbose: true });
    }
    const difference = compare(profile, profile, { groupBy, top: 20 });
    for (const format of ["text", "json", "markdown", "sarif"] as const)
      outputs[`diff ${format} by ${groupBy}`] = renderComparison(difference, format);
  }
  outputs["inspect"] = inspectText(inspect(profile), { columns: 80, color: false });
  outputs["collapsed"] = collapsedOf(profile);
  outputs["speedscope"] = speedscopeOf(profile, "0.0.0");
  outputs["pprof"] = new TextDecoder("latin1").decode(pprofOf(profile));
  for (const [name, text] of Object.entries(outputs)) {
    // pprof is binary: only whole attacks can be told from its own bytes; Markdown keeps people from being notified by a zero width space
    if (name === "pprof") for (const attack of ATTACKS.slice(0, 1)) assert.ok(!text.includes(attack), name);
    else
      assert.equal(
        printable(text.replaceAll("\n", " ").replaceAll("@\u200b", "@")),
        text.replaceAll("\n", " ").replaceAll("@\u200b", "@"),
        name,
      );
    assert.ok(text.length < 400_000, `${name}: ${text.length} characters`);
    if (/json|speedscope/.test(name)) JSON.parse(text);
    if (name.includes("sarif")) assert.deepEqual(sarifProblems(text), [], name);
  }
});

test("the sentences of a verdict keep a long name short", () => {
  const { verdict } = analyze(
    sketch(Array.from({ length: 20 }, (_, row) => `at ${row * 10}s main > ${"segment_".repeat(400)} > malloc 4000000 / 40`).join("\n")),
  );
  assert.match(verdict.summary, /segment_segment_.*…/);
  assert.ok(verdict.summary.length < 500);
  assert.ok(verdict.because.every(({ text }) => text.length < 500));
});
