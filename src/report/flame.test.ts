import assert from "node:assert/strict";
import { test } from "node:test";
import { clients } from "../clients/index.ts";
import { gatherFacts, NOTHING_TOLD } from "../judge/facts.ts";
import { sketch } from "../testing/sketch.ts";
import { FLAME_BUDGET, type FlameBudget, type FoldedTree, foldTree } from "./flame.ts";

const fold = (text: string, budget: Partial<FlameBudget> = {}): FoldedTree =>
  foldTree(gatherFacts(sketch(text), clients, [], NOTHING_TOLD), { ...FLAME_BUDGET, ...budget });

/** `main > work 30`: what every row holds itself at the last instant. */
function rows(tree: FoldedTree): readonly string[] {
  const path = (row: number): string => {
    const folded = tree.folded[row] ?? 0;
    const name = folded > 0 ? `(${folded})` : (tree.names[tree.name[row] ?? 0] ?? "");
    const above = tree.parent[row] ?? 0;
    return above === 0 ? name : `${path(above)} > ${name}`;
  };
  return Array.from({ length: tree.length - 1 }, (_, index) => index + 1).map(
    (row) => `${path(row)} ${tree.selfBytes[(row + 1) * tree.instants - 1]}`,
  );
}

const total = (tree: FoldedTree, instant: number): number =>
  Array.from({ length: tree.length }, (_, row) => tree.selfBytes[row * tree.instants + instant] ?? 0).reduce(
    (sum, bytes) => sum + bytes,
    0,
  );

test("every path is a row with what it holds itself", () => {
  const tree = fold("at 1s main > work > malloc 10\nat 2s main > work > malloc 20\nat 2s main > malloc 5");
  assert.deepEqual(rows(tree), ["main 0", "main > work 0", "main > work > malloc 30", "main > malloc 5"]);
  assert.deepEqual(Array.from(tree.elapsed), [1, 2]);
});

test("paths that look the same are one row", () => {
  const tree = fold("at 1s main > a.so!work > malloc 10\nat 1s main > b.so!work > malloc 5");
  assert.deepEqual(rows(tree), ["main 0", "main > work 0", "main > work > malloc 15"]);
});

const many = Array.from({ length: 60 }, (_, index) => `at ${1 + (index % 3)}s main > branch${index} > malloc ${10 + index}`)
  .sort()
  .join("\n");

test("what is small is folded into one row of its parent and owner, and the sums stay", () => {
  const [whole, folded] = [fold(many), fold(many, { nodes: 40 })];
  assert.ok(folded.length <= 40, `${folded.length} rows`);
  assert.ok(folded.hidden.nodes > 0);
  for (let instant = 0; instant < whole.instants; instant++) assert.equal(total(folded, instant), total(whole, instant));
  assert.equal(rows(folded).filter((row) => /\(\d+\)/.test(row)).length, 1, "one row for all of them");
  assert.deepEqual(rows(folded), rows(fold(many, { nodes: 40 })), "the same again");
});

test("of many instants the first, the last and the highest are kept", () => {
  const levels = Array.from({ length: 100 }, (_, index) => (index === 36 ? 1000 : index === 37 ? -1000 : 1));
  const tree = fold(levels.map((bytes, index) => `at ${index + 1}s main > malloc ${bytes}`).join("\n"), { instants: 8 });
  assert.equal(tree.instants, 8);
  assert.deepEqual([tree.elapsed[0], tree.elapsed[7]], [1, 100]);
  assert.ok(Array.from(tree.elapsed).includes(37));
});

test("names are shortened until all of them fit the budget", () => {
  const text = Array.from({ length: 50 }, (_, index) => `at 1s main > f${"x".repeat(3000)}${index} > malloc ${1000 + index}`).join("\n");
  const tree = fold(text, { nameCharacters: 5000 });
  assert.ok(tree.names.reduce((sum, name) => sum + name.length, 0) <= 5000);
  assert.equal(total(tree, 0), 50 * 1000 + (49 * 50) / 2);
});
