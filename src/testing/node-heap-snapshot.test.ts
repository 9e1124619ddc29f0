/** Heap snapshots of real Node.js processes: that they are taken only where they fit, and what stays when something goes wrong. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import type { CaptureSession } from "../attach/attacher.ts";
import { createCaptureFile } from "../attach/capture-writer.ts";
import { nodeHeapSnapshot } from "../attach/node-heap-snapshot.ts";
import { inspectTarget, type Target } from "../attach/target.ts";
import { startNode } from "./node-target.ts";
import { growthOf, outsideOf, sessionFor, TargetPrograms } from "./target-programs.ts";

const skip = process.platform === "linux" ? false : "processes are looked at in /proc, which only Linux has";

let programs: TargetPrograms;
before(() => {
  programs = new TargetPrograms();
});
after(() => programs.close());

function sessionOf(target: Target, windowMs: number, more: Partial<CaptureSession> = {}): CaptureSession {
  const folder = mkdtempSync(path.join(programs.folder, "session-"));
  return sessionFor(target, folder, nodeHeapSnapshot.undo, { windowMs, ...more });
}

test("two snapshots show which objects became more, and the process is left as it was", { skip }, async () => {
  const { target } = await startNode(programs, "node-leaking.mjs");
  const before = outsideOf(target.pid);
  assert.equal(await nodeHeapSnapshot.refuses(target), null);
  const files = await nodeHeapSnapshot.capture(target, sessionOf(target, 1000));
  assert.deepEqual(
    files.map((file) => path.basename(file)),
    ["test-heap-1.heapsnapshot", "test-heap-2.heapsnapshot"],
  );
  const { instants, growth } = await growthOf(files);
  assert.equal(instants, 2);
  assert.ok((growth[0]?.bytes ?? 0) > 300_000, JSON.stringify(growth.slice(0, 3)));
  assert.deepEqual(outsideOf(target.pid), before);
});

test("the first snapshot stays when the process ends during the second", { skip }, async () => {
  const { target, end } = await startNode(programs, "node-leaking.mjs");
  const notes: string[] = [];
  const note = (text: string): void => {
    notes.push(text);
    if (text.startsWith("snapshot 2 of")) void end();
  };
  const files = await nodeHeapSnapshot.capture(target, sessionOf(target, 100, { note }));
  assert.equal(files.length, 1);
  assert.match(notes.at(-1) ?? "", /process \d+ has ended; the first snapshot is kept/);
});

test("a heap whose snapshot would stop the process for too long is refused with the figures", { skip }, async () => {
  const { target } = await startNode(programs, "node-leaking.mjs", { args: ["--hold=450"] });
  const session = sessionOf({ ...target, clients: [] }, 100);
  const refused = nodeHeapSnapshot.capture({ ...target, clients: [] }, session);
  await assert.rejects(refused, {
    code: "capture",
    message: /^a snapshot of a heap of \d+ MiB would stop the process for about [^,]+, and the usual session.timeout.ms is 45 s$/,
  });
  assert.deepEqual(
    readdirSync(session.folder).filter((name) => name.includes("heapsnapshot")),
    [],
  );
  assert.deepEqual(outsideOf(target.pid).ports, []);
});

/** A container's memory limit, as the kernel keeps it; null where none can be made here. */
function limitedGroup(): { readonly add: (pid: number, freeBytes: number) => void; readonly remove: () => void } | null {
  const folder = `/sys/fs/cgroup/memory/lagleak-test-${process.pid}`;
  try {
    mkdirSync(folder);
  } catch {
    return null;
  }
  return {
    add: (pid, limitBytes) => {
      writeFileSync(path.join(folder, "memory.limit_in_bytes"), String(limitBytes));
      writeFileSync(path.join(folder, "cgroup.procs"), String(pid));
    },
    remove: () => rmdirSync(folder),
  };
}

test("a snapshot that the limit of the container leaves no room for is refused before anything is opened", { skip }, async (t) => {
  const group = limitedGroup();
  if (group === null) {
    t.skip("no memory cgroup can be made here");
    return;
  }
  const { target, end, output } = await startNode(programs, "node-leaking.mjs");
  group.add(target.pid, 20 << 20);
  const refusal = await nodeHeapSnapshot.refuses(inspectTarget(target.pid));
  await end();
  group.remove();
  assert.match(
    refusal?.because ?? "",
    /^a snapshot of a heap of 3.81 MiB needs about 24.8 MiB more for a moment, and [\d.]+ \w+ are free below the limit of its container \(20.0 MiB\)$/,
  );
  assert.doesNotMatch(output(), /Debugger/);
});

test("a disk that fills up meanwhile leaves what was written, and says so", { skip }, async (t) => {
  const { target } = await startNode(programs, "node-leaking.mjs");
  const folder = mkdtempSync(path.join(programs.folder, "small-"));
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", folder]).status !== 0) {
    t.skip("no right to mount a small disk");
    return;
  }
  t.after(() => spawnSync("umount", [folder]));
  const notes: string[] = [];
  const note = (text: string): void => {
    notes.push(text);
    if (!text.startsWith("snapshot 1 of")) return;
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(path.join(folder, "somebody-else"), Buffer.alloc(bavail * bsize - (1 << 20)));
  };
  await assert.rejects(nodeHeapSnapshot.capture(target, sessionOf(target, 100, { folder, note, undo: sessionOf(target, 0).undo })), {
    code: "capture",
    message: "the disk is full",
  });
  assert.match(notes.join("\n"), /test-heap-1\.heapsnapshot\.part is not whole/);
  assert.ok(existsSync(path.join(folder, "test-heap-1.heapsnapshot.part")));
  assert.deepEqual(outsideOf(target.pid).ports, []);
});

test("a capture file has its name only when it is whole, and never grows beyond its limit", () => {
  const folder = mkdtempSync(path.join(programs.folder, "files-"));
  const whole = createCaptureFile(path.join(folder, "whole"), 10);
  whole.write("0123456789");
  assert.deepEqual(readdirSync(folder), ["whole.part"]);
  assert.equal(whole.finish(), path.join(folder, "whole"));
  const cut = createCaptureFile(path.join(folder, "cut"), 10);
  cut.write("01234567");
  assert.throws(() => cut.write("890"), { code: "capture", message: /larger than 10 bytes/ });
  cut.abandon();
  assert.deepEqual(readdirSync(folder).sort(), ["cut.part", "whole"]);
});
