/** What was opened is written down first, and taken back by whoever comes later. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { Failure } from "../base/failure.ts";
import { forgetUndoLog, openUndoLog, type UndoStep, undoLogsIn } from "./undo.ts";

const root = mkdtempSync(path.join(tmpdir(), "lagleak-undo-"));
after(() => rmSync(root, { recursive: true, force: true }));

const step = (what: string): UndoStep => ({ attacher: "node-sampling", what, data: { port: 9229 } });

test("a step is on disk before it is made, for its user only, and gone when it was taken back", async () => {
  const folder = path.join(root, "one");
  const reverted: string[] = [];
  const log = openUndoLog(folder, { pid: 7, startTicks: 8 }, async ({ what }) => void reverted.push(what));
  const close = await log.open(step("close the inspector"));
  assert.deepEqual(undoLogsIn(folder), [{ pid: 7, startTicks: 8 }]);
  assert.equal(statSync(path.join(folder, "7-8.json")).mode & 0o777, 0o600);
  await close();
  await close(); // twice is harmless
  assert.deepEqual([reverted, readdirSync(folder)], [["close the inspector"], []]);
});

test("another run takes back what is open, the last first, and keeps what it could not", async () => {
  const folder = path.join(root, "two");
  const first = openUndoLog(folder, { pid: 7, startTicks: 8 }, async () => {});
  for (const what of ["a", "b", "c"]) await first.open(step(what));
  const reverted: string[] = [];
  const second = openUndoLog(folder, { pid: 7, startTicks: 8 }, async ({ what }) => {
    if (what === "b") throw new Error("gdb is busy");
    reverted.push(what);
  });
  const failures = await second.closeAll();
  assert.deepEqual([reverted, failures.map(({ message }) => message)], [["c", "a"], ["gdb is busy"]]);
  const third = openUndoLog(folder, { pid: 7, startTicks: 8 }, async () => {});
  assert.deepEqual(
    third.steps().map(({ what }) => what),
    ["b"],
  );
  assert.equal(openUndoLog(folder, { pid: 7, startTicks: 9 }, async () => {}).steps().length, 0); // another process with its pid
  forgetUndoLog(folder, { pid: 7, startTicks: 8 });
  assert.deepEqual(undoLogsIn(folder), []);
});

test("a log that cannot be understood has nothing to take back, and one that cannot be written lets nothing be opened", async () => {
  const folder = path.join(root, "three");
  await openUndoLog(folder, { pid: 1, startTicks: 1 }, async () => {}).open(step("a"));
  writeFileSync(path.join(folder, "1-1.json"), '[{"attacher":');
  assert.deepEqual(openUndoLog(folder, { pid: 1, startTicks: 1 }, async () => {}).steps(), []);
  writeFileSync(path.join(root, "no-folder"), "");
  chmodSync(path.join(root, "no-folder"), 0o400);
  const blocked = openUndoLog(path.join(root, "no-folder"), { pid: 1, startTicks: 1 }, async () => {});
  await assert.rejects(blocked.open(step("a")), (error) => error instanceof Failure && error.code === "capture");
});
