import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { joinSeries, type Member } from "./join-series.ts";
import { totalLiveBytes } from "./ledger.ts";
import { type FinishInit, ProfileBuilder } from "./profile-builder.ts";

interface Dump {
  readonly path: string;
  readonly live: Readonly<Record<string, number>>;
  readonly allocated?: number; // by each function, since the start
  readonly takenAt?: number;
  readonly modifiedAt?: number;
  readonly more?: Partial<FinishInit>;
}

function member({ path, live, allocated, takenAt, modifiedAt, more }: Dump): Member {
  const builder = new ProfileBuilder();
  builder.instant({ elapsedMs: 0 });
  for (const [name, bytes] of Object.entries(live)) {
    builder.change(builder.path(0, builder.frame({ name })), {
      liveBytes: bytes,
      liveBlocks: 1,
      allocatedBytes: allocated ?? 0,
    });
  }
  const profile = builder.finish({
    path,
    format: "pprof",
    clock: takenAt === undefined ? "none" : "in-file",
    takenAt: takenAt ?? null,
    precision: { kind: "exact" },
    observes: "live",
    origin: { runtime: "native" },
    ...more,
  });
  return { profile, modifiedAt: modifiedAt ?? null };
}

const levelsOf = (members: readonly Member[]): readonly number[] => [...totalLiveBytes(joinSeries(members))].slice(1);

test("captures are put in the order of the clocks in them, whatever their names say", () => {
  const joined = joinSeries([
    member({ path: "a.pb", live: { f: 300 }, takenAt: 3000 }),
    member({ path: "b.pb", live: { f: 100 }, takenAt: 1000 }),
    member({ path: "c.pb", live: { f: 150, g: 50 }, takenAt: 2000 }),
  ]);
  assert.deepEqual([...totalLiveBytes(joined)], [0, 100, 200, 300]);
  assert.deepEqual(Array.from(joined.instants.elapsedMs), [0, 0, 1000, 2000]);
  assert.equal(joined.clock, "in-file");
  assert.equal(joined.origin.startedAt, 1000);
});

test("without clocks the sequence in the names gives the order, as numbers and not as text", () => {
  const dumps = [10, 9, 2].map((n) => member({ path: `je.77.${n}.i${n}.heap`, live: { f: n }, modifiedAt: 1e12 }));
  assert.deepEqual(levelsOf(dumps), [2, 9, 10]);
  const joined = joinSeries(dumps);
  assert.equal(joined.clock, "file-name");
  assert.deepEqual(Array.from(joined.instants.elapsedMs), [0, 1, 2, 3]);
  assert.equal(joined.losses[0]?.code, "clock");
});

test("modification times that a profiler wrote become the times of the series", () => {
  const joined = joinSeries([1, 2, 3].map((n) => member({ path: `gp.000${n}.heap`, live: { f: n }, modifiedAt: 1e12 + n * 5000 })));
  assert.equal(joined.clock, "mtime");
  assert.deepEqual(Array.from(joined.instants.elapsedMs), [0, 0, 5000, 10000]);
});

test("a time in the name of a file is a time of the series", () => {
  const joined = joinSeries(
    ["0400", "0330", "0300"].map((hhmm, n) => member({ path: `hist-2026-11-24T${hhmm}00.txt`, live: { f: 30 - n } })),
  );
  assert.deepEqual(Array.from(joined.instants.elapsedMs), [0, 0, 1_800_000, 3_600_000]);
  assert.deepEqual([...totalLiveBytes(joined)], [0, 28, 29, 30]);
});

test("captures of different kinds or processes are refused with their names", () => {
  const heaptrack = member({ path: "one.zst", live: { f: 1 }, more: { format: "heaptrack" } });
  const pprof = member({ path: "two.pb", live: { f: 1 } });
  assert.throws(
    () => joinSeries([heaptrack, pprof]),
    (error) => error instanceof Failure && error.code === "mixed-captures" && /one\.zst.*two\.pb/.test(error.message),
  );
  const of = (pid: number): Member => member({ path: `x.${pid}.heap`, live: { f: 1 }, more: { origin: { pid, runtime: "native" } } });
  assert.throws(() => joinSeries([of(1), of(2)]), /different processes \(pid 1: x\.1\.heap; pid 2: x\.2\.heap\)/);
});

test("the dump of a clean exit is no point of the trend, not even the one of a wrapper process", () => {
  const running = [1, 2].map((n) => member({ path: `je.7493.${n}.i${n}.heap`, live: { f: n * 100 }, more: { origin: { pid: 7493 } } }));
  const exit = { origin: { pid: 7492 }, endsWithExit: true };
  const joined = joinSeries([...running, member({ path: "je.7492.0.f.heap", live: { f: 1 }, more: exit })]);
  assert.deepEqual([...totalLiveBytes(joined)], [0, 100, 200]);
  assert.equal(joined.captures.length, 3);
  assert.ok(joined.losses.some((loss) => loss.code === "left-out" && loss.text.includes("je.7492.0.f.heap")));
});

test("a last native dump of next to nothing was taken while the process was ending", () => {
  const dumps = [5e6, 80e6, 81e6, 28e3].map((live, n) => member({ path: `gp.000${n}.heap`, live: { f: live } }));
  assert.deepEqual(levelsOf(dumps), [5e6, 80e6, 81e6]);
});

test("identical consecutive Go profiles are one state of the heap, not a plateau", () => {
  const go = { origin: { runtime: "go" as const } };
  const dumps = [10, 46, 46, 46, 137].map((live, n) => member({ path: `${n}.pb`, live: { f: live }, takenAt: n * 3000, more: go }));
  assert.deepEqual(levelsOf(dumps), [10, 46, 137]);
  assert.ok(joinSeries(dumps).losses.some((loss) => loss.code === "stale" && loss.count === 2));
});

test("Go profiles with the same live heap after more allocations were collected in between: a plateau", () => {
  const go = { origin: { runtime: "go" as const }, observes: "both" as const };
  const dumps = [500, 500, 700].map((allocated, n) =>
    member({ path: `${n}.pb`, live: { f: 46 }, allocated, takenAt: 1 + n * 3000, more: go }),
  );
  assert.deepEqual(levelsOf(dumps), [46, 46]);
  assert.ok(joinSeries(dumps).losses.some((loss) => loss.code === "stale" && loss.count === 1));
});

test("identical Go profiles two and a half minutes apart were collected in between: a plateau", () => {
  const go = { origin: { runtime: "go" as const } };
  const times = [0, 100, 200, 300, 500];
  const dumps = [10, 46, 46, 46, 46].map((live, n) =>
    member({ path: `${n}.pb`, live: { f: live }, takenAt: 1 + (times[n] ?? 0) * 1000, more: go }),
  );
  // 46 was seen at 100 s; at 200 s it may be the same collection, at 300 s and 500 s it is not
  assert.deepEqual(levelsOf(dumps), [10, 46, 46, 46]);
  assert.ok(joinSeries(dumps).losses.some((loss) => loss.code === "stale" && loss.count === 1));
});
