import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { at } from "../base/columns.ts";
import { EventFold, MAX_INSTANTS } from "./fold-events.ts";
import { totalLiveBytes } from "./ledger.ts";
import type { Profile } from "./profile.ts";
import { ProfileBuilder } from "./profile-builder.ts";

/** One event of a log: time goes on, then a block of a unit is allocated (+) or the oldest one of it is freed (-). */
interface Event {
  readonly waitMs: number;
  readonly unit: number;
  readonly isFree: boolean;
}

/** Block sizes of the units; two of them lie at one path, as blocks of different sizes do. */
const SIZES = [10, 200, 3000, 3000];
const PATH_OF_UNIT = [0, 0, 1, 2];

interface Told {
  readonly profile: Profile;
  readonly peakBytes: number;
  readonly levelAt: (elapsedMs: number) => number;
  readonly alive: readonly { readonly unit: number; readonly bornMs: number }[];
}

/** Folds a log, and keeps beside it what the log really said. */
function fold(events: readonly Event[], extraMs = 0): Told {
  const builder = new ProfileBuilder();
  const paths = ["a", "b", "c"].map((name) => builder.path(0, builder.frame({ name })));
  const folded = new EventFold({ sliceMs: 10, matching: "fifo" });
  for (const unit of SIZES.keys()) folded.unit(paths[PATH_OF_UNIT[unit] ?? 0] ?? 0, SIZES[unit]);
  const queues: { unit: number; bornMs: number }[][] = SIZES.map(() => []);
  const levels: { at: number; live: number }[] = [];
  let [now, live, peak] = [0, 0, 0];
  for (const { waitMs, unit, isFree } of events) {
    now += waitMs;
    folded.advance(now);
    const size = SIZES[unit] ?? 0;
    if (isFree) {
      if (queues[unit]?.shift() === undefined) continue;
      folded.free(unit, size);
      live -= size;
    } else {
      queues[unit]?.push({ unit, bornMs: now });
      folded.allocate(unit, size);
      live += size;
    }
    peak = Math.max(peak, live);
    levels.push({ at: now, live });
  }
  folded.advance(now + extraMs);
  const { survivors, peakBytes, peakAtMs } = folded.finish(builder);
  const profile = builder.finish({
    path: "log",
    format: "log",
    clock: "in-file",
    precision: { kind: "exact" },
    observes: "both",
    survivors,
    peakBytes,
    peakAtMs,
  });
  return { profile, peakBytes: peak, levelAt: (ms) => levels.findLast(({ at }) => at <= ms)?.live ?? 0, alive: queues.flat() };
}

const logs = fc.array(
  fc.record({
    waitMs: fc.oneof(
      { weight: 5, arbitrary: fc.constant(0) },
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 400 }) },
      fc.integer({ min: 1, max: 90_000 }),
    ),
    unit: fc.integer({ min: 0, max: SIZES.length - 1 }),
    isFree: fc.boolean(),
  }),
  { maxLength: 300 },
);

test("the folded level equals the level of the log at every instant that is kept, and the peak is exact", () => {
  fc.assert(
    fc.property(logs, (events) => {
      const { profile, peakBytes, levelAt } = fold(events);
      const totals = totalLiveBytes(profile);
      assert.ok(profile.instants.length - 1 <= MAX_INSTANTS);
      for (let instant = 1; instant < profile.instants.length; instant++) {
        assert.equal(totals[instant], levelAt(profile.instants.elapsedMs[instant] ?? 0));
      }
      assert.equal(profile.peakBytes, peakBytes);
    }),
    { numRuns: 300, seed: 1 },
  );
});

test("survivors are the youngest blocks of each unit, born in the slice in which the log allocated them", () => {
  fc.assert(
    fc.property(logs, (events) => {
      const { profile, alive } = fold(events);
      const { survivors, instants } = profile;
      assert.ok(survivors !== null);
      const told = new Map<number, number>();
      for (let row = 0; row < survivors.length; row++) {
        const slice = survivors.bornAt[row] ?? 0;
        told.set(slice, (told.get(slice) ?? 0) + (survivors.bytes[row] ?? 0));
      }
      const expected = new Map<number, number>();
      for (const { unit, bornMs } of alive) {
        let slice = 1;
        while (slice < instants.length - 1 && (instants.elapsedMs[slice] ?? 0) < bornMs) slice++;
        expected.set(slice, (expected.get(slice) ?? 0) + (SIZES[unit] ?? 0));
      }
      assert.deepEqual([...told].sort(), [...expected].sort());
    }),
    { numRuns: 300, seed: 2 },
  );
});

test("a quiet hour after a second of filling is 256 instants of which nearly all are flat", () => {
  const { profile } = fold([{ waitMs: 1000, unit: 2, isFree: false }], 3_600_000);
  const totals = totalLiveBytes(profile);
  assert.ok(profile.instants.length > MAX_INSTANTS / 2);
  assert.ok(totals.subarray(1).every((level) => level === 3000));
});

test("ages are doubtful where blocks of the same kind were freed in between, and certain where none was", () => {
  const event = (unit: number, isFree = false): Event => ({ waitMs: 10, unit, isFree });
  const { profile } = fold([event(1), event(1), event(1, true), event(2), event(2)]);
  const { survivors } = profile;
  assert.deepEqual(Array.from(survivors?.doubtfulBytes ?? []).sort(), [0, 0, 200]);
});

test("what was before an attach is forgotten, except for the time", () => {
  const builder = new ProfileBuilder();
  const path = builder.path(0, builder.frame({ name: "main" }));
  const folded = new EventFold({ sliceMs: 10, matching: "fifo" });
  folded.unit(path, 30);
  folded.allocate(0, 5000);
  folded.advance(100);
  folded.reset();
  folded.allocate(0, 30);
  const { peakBytes } = folded.finish(builder);
  assert.equal(peakBytes, 30);
});

test("the highest resident set survives however many slices are merged", () => {
  const builder = new ProfileBuilder();
  const folded = new EventFold({ sliceMs: 10, matching: "fifo" });
  folded.unit(builder.path(0, builder.frame({ name: "a" })), 10);
  for (let tick = 1; tick <= 3000; tick++) {
    folded.advance(tick * 10);
    folded.resident(tick === 1234 ? 9000 : tick);
  }
  folded.finish(builder);
  const { instants } = builder.finish({
    path: "log",
    format: "log",
    clock: "in-file",
    precision: { kind: "exact" },
    observes: "both",
  });
  assert.equal(
    Float64Array.from({ length: instants.length }, (_, row) => at(instants.residentBytes, row)).reduce((a, b) => Math.max(a, b)),
    9000,
  );
  assert.ok(instants.length <= MAX_INSTANTS + 1);
  assert.equal(at(instants.residentBytes, instants.length - 1), 3000);
});

test("a free of what is not live is passed over, so that nothing holds less than nothing", () => {
  const builder = new ProfileBuilder();
  const folded = new EventFold({ sliceMs: 10, matching: "fifo" });
  const unit = folded.unit(builder.path(0, builder.frame({ name: "a" })), 100);
  folded.allocate(unit, 100);
  folded.advance(25);
  for (let free = 0; free < 3; free++) folded.free(unit, 100);
  folded.advance(35);
  folded.allocate(unit, 100);
  const { survivors, impossibleFrees } = folded.finish(builder);
  const profile = builder.finish({ path: "", format: "", clock: "in-file", precision: { kind: "exact" }, observes: "both" });
  assert.equal(impossibleFrees, 2);
  assert.deepEqual([...totalLiveBytes(profile)], [0, 100, 100, 0, 100]);
  assert.deepEqual([survivors.length, at(survivors.bytes, 0)], [1, 100]);
});
