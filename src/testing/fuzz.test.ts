/** The samples, damaged: a part of what `npm run fuzz` does with them and with any folders. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { sampleCaptures } from "./captures.ts";
import { BUGS, cutAll, mutateMany, type Run, type SoundCapture, soundCapture } from "./fuzz.ts";

const SAMPLES = fileURLToPath(new URL("../../samples", import.meta.url));
/** Larger ones are left to the script. */
const LARGEST_CONTENT_BYTES = 1 << 16;
const MUTATIONS_EACH = 12;

/** Of a series every third dump, as they differ in little but numbers. */
const real = readdirSync(SAMPLES, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.(?:heap|pb\.gz|zst)$/.test(file))
  .sort()
  .filter((file) => Number(/\.(\d+)\./.exec(file)?.[1] ?? 1) % 3 === 1)
  .map((file) => ({ name: file, bytes: new Uint8Array(readFileSync(path.join(SAMPLES, file))) }));

const captures: SoundCapture[] = [];
for (const { name, bytes } of [...Object.values(sampleCaptures).flat(), ...real]) {
  const capture = await soundCapture(name, bytes);
  assert.ok(capture !== null, `${name} cannot be read`);
  if (capture.content.length <= LARGEST_CONTENT_BYTES) captures.push(capture);
}

const describe = ({ capture, damage, what, outcome, detail }: Run): string => `${outcome}: ${capture} (${damage}: ${what}): ${detail}`;

function assertNoBugs(runs: readonly Run[]): void {
  assert.deepEqual(runs.filter(({ outcome }) => (BUGS as readonly string[]).includes(outcome)).map(describe), []);
}

test("a capture that was cut anywhere is answered with a loss or refused, up to the rendered answer", async () => {
  const runs: Run[] = [];
  for (const capture of captures) for await (const run of cutAll(capture)) runs.push(run);
  assert.ok(runs.length > 60 * captures.length);
  assertNoBugs(runs);
});

test("a damaged capture never crashes, breaks the schema or gives a total that its own sums deny", async () => {
  const runs: Run[] = [];
  for (const capture of captures) for await (const run of mutateMany(capture, 20_262, 0, MUTATIONS_EACH)) runs.push(run);
  assert.ok(runs.length > 300);
  assertNoBugs(runs);
  for (const outcome of ["answered", "loss", "failure"])
    assert.ok(
      runs.some((run) => run.outcome === outcome),
      `no ${outcome} among them`,
    );
});

test("damage can be done again: the same seed and number give the same bytes and the same outcome", async () => {
  const [capture] = captures;
  assert.ok(capture !== undefined);
  const twice = [];
  for (let time = 0; time < 2; time++) {
    const runs: Run[] = [];
    for await (const run of mutateMany(capture, 1, 5, 10)) runs.push(run);
    twice.push(runs);
  }
  assert.deepEqual(twice[0], twice[1]);
});

test("a cut that nobody noticed and a total that the sums deny would be found", async () => {
  const [made] = sampleCaptures["heap-profile"] ?? [];
  const capture = await soundCapture("gp.heap", made?.bytes ?? new Uint8Array());
  assert.ok(capture !== null);
  // taken for a capture that holds more: every cut and every mutation of it then looks complete and wrong
  const blind = { ...capture, profile: { ...capture.profile, captures: [] } };
  const outcomes = new Set<string>();
  for await (const run of mutateMany(blind, 3, 0, 40)) outcomes.add(run.outcome);
  assert.ok(outcomes.has("wrong total"));
});
