import assert from "node:assert/strict";
import { test } from "node:test";
import { gatherFacts, NOTHING_TOLD } from "../judge/facts.ts";
import { sketch } from "../testing/sketch.ts";
import type { PathNode } from "./answer.ts";
import { pathTree } from "./path-tree.ts";
import { widthOf } from "./printable.ts";
import { treeText } from "./tree-text.ts";

const plain = (_: unknown, text: string): string => text;

function treeOf(text: string): PathNode {
  const tree = pathTree(gatherFacts(sketch(text), [], [], NOTHING_TOLD));
  assert.ok(tree);
  return tree;
}

test("frames that pass everything on are one node; what holds little is counted, not shown", () => {
  const tree = treeOf(`
    at 0s main > run > poll > parse > malloc 600000
    at 0s main > run > poll > copy > malloc 390000
    at 0s main > run > poll > log > malloc 5000
    at 0s main > run > poll > trace > malloc 5000
    at 9s main > run > poll > copy > malloc 100000
  `);
  const [poll] = tree.children;
  assert.deepEqual([poll?.names, poll?.liveBytes, poll?.growthBytes, poll?.others], [["main", "run", "poll"], 1_100_000, 100_000, 2]);
  assert.deepEqual(
    poll?.children.map(({ names, liveBytes }) => [names, liveBytes]),
    [
      [["parse", "malloc"], 600_000],
      [["copy", "malloc"], 490_000],
    ],
  );
});

test("a tree is folded to the width, deep recursion and wide names included, and the frame that decides stays", () => {
  const deep = Array.from({ length: 3000 }, (_, row) => `visit_${row % 7}`).join(" > ");
  const tree = treeOf(`
    at 0s main > ${deep} > keep_order > 注文キャッシュ🦀注文キャッシュ > malloc 500000
    at 0s main > ${"x".repeat(1 << 20)} > malloc 400000
  `);
  for (const columns of [40, 80, 110]) {
    const rows = treeText(tree, tree.liveBytes, columns, plain);
    for (const row of rows) assert.ok(widthOf(row) <= columns, `${columns}: ${row}`);
  }
  assert.match(treeText(tree, tree.liveBytes, 80, plain).join("\n"), /注文キャッシュ/);
});

test("ten thousand sites are a screen, and a share that is there has a bar", () => {
  const sites = Array.from({ length: 10_000 }, (_, row) => `at 0s main > f_${row} > malloc ${100 + (row % 3)}`).join("\n");
  assert.deepEqual(treeText(treeOf(sites), 1_010_000, 80, plain), ["  100 % ██████████   986 KiB  main"]);
  const [row = ""] = treeText({ ...treeOf("at 0s main > f 100"), children: treeOf("at 0s main > f 100").children }, 100_000, 80, plain);
  assert.match(row, /▏/);
});
