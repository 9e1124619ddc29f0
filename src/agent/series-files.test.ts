import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { openSeriesFiles } from "./series-files.ts";
import { readSettings } from "./settings.ts";

const folder = mkdtempSync(path.join(tmpdir(), "lagleak-agent-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("however long a process runs, its profiles are few and cover all of its life", () => {
  const files = openSeriesFiles(path.join(folder, "long"), "node", 7, 5);
  const firstMs = 1_795_000_000_000;
  let dueIn = 1;
  let lastMs = 0;
  for (let minute = 0; minute < 1000; minute++) {
    if (--dueIn > 0) continue;
    lastMs = firstMs + minute * 60_000;
    files.add(lastMs, new Uint8Array(1));
    dueIn = files.slowedBy();
    assert.ok(readdirSync(path.join(folder, "long")).length <= 5);
  }
  const times = readdirSync(path.join(folder, "long")).map((file) => Number(/^node\.7\.(\d+)\.pb\.gz$/.exec(file)?.[1]));
  assert.deepEqual([times[0], times.at(-1)], [firstMs, lastMs]);
  assert.ok(times.length >= 3);
  assert.ok(files.slowedBy() >= 128);
});

test("observations are lines of one file", () => {
  const files = openSeriesFiles(path.join(folder, "lines"), "node", 8, 5);
  files.note({ a: 1 });
  files.note({ a: 2 });
  assert.deepEqual(readdirSync(path.join(folder, "lines")), ["node.8.lagleak.jsonl"]);
});

test("a setting that cannot be read is said, and its default holds", () => {
  const said: string[] = [];
  const settings = readSettings(
    {
      LAGLEAK_EVERY: "soon",
      LAGLEAK_FILES: "2",
      LAGLEAK_SAMPLE: "64Ki",
      LAGLEAK_SIGNAL: "SIGKILL",
      LAGLEAK_NAME: "a b/c",
      LAGLEAK_NEAR_LIMIT: "0",
    },
    (text) => said.push(text),
  );
  assert.deepEqual(said, ["LAGLEAK_EVERY cannot be read, 60000 holds", "LAGLEAK_SIGNAL cannot be read, SIGUSR2 holds"]);
  assert.deepEqual(settings, {
    folder: ".",
    name: "a_b_c",
    everyMs: 60_000,
    mostFiles: 3,
    sampleBytes: 65536,
    signal: "SIGUSR2",
    nearLimit: false,
  });
});
