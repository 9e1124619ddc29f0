/**
 * The call tree as it is drawn: from the root or from the leaves (callees first), with the numbers of the chosen instants.
 * The rows of both structures depend on nothing but the report, so that a row in an address means the same for everybody.
 */
import { hierarchy, partition } from "d3-hierarchy";
import { at, type CallTree } from "./data.ts";
import type { State } from "./state.ts";

/** Rows and what is below them. Row 0 is everything. */
export interface Structure {
  readonly length: number;
  readonly parent: ArrayLike<number>;
  readonly node: ArrayLike<number>; // the node of the call tree that a row is named after
  readonly firstChild: Uint32Array; // children of a row are `order[firstChild[row] … firstChild[row + 1])`
  readonly order: Uint32Array;
  /** Rows of which a node's own bytes are a part: `chain[chainStart[node] … chainStart[node + 1])`; null: itself and all above. */
  readonly chains: { readonly start: Uint32Array; readonly rows: Uint32Array } | null;
}

export interface Graph {
  readonly structure: Structure;
  readonly live: Float64Array; // at `to`
  readonly change: Float64Array; // from `from` to `to`
  readonly width: Float64Array; // what the mode draws
  /** Widest first; rows without width are left out. */
  children(row: number): readonly number[];
  /** Rows that this one stands for, from above to below, because the path runs straight through them. */
  passed(row: number): readonly number[];
  /** From everything down to the row, without what is not shown. */
  ancestry(row: number): readonly number[];
}

export function callersFirst(tree: CallTree): Structure {
  const node = Uint32Array.from({ length: tree.length }, (_, row) => row);
  return { length: tree.length, parent: tree.parent, node, ...childrenOf(tree.parent, tree.length), chains: null };
}

/** Every node that ever holds something itself, and above it what called it, upside down. */
export function calleesFirst(tree: CallTree): Structure {
  const parent: number[] = [0];
  const node: number[] = [0];
  const known = new Map<number, number>();
  const rows: number[] = [];
  const start = new Uint32Array(tree.length + 1);
  const rowOf = (above: number, of: number, group: number): number => {
    const key = (above * 0x100000 + at(tree.name, of)) * 0x100 + group;
    let row = at(tree.folded, of) > 0 ? undefined : known.get(key);
    if (row === undefined) {
      row = parent.length;
      parent.push(above);
      node.push(of);
      known.set(key, row);
    }
    return row;
  };
  for (let leaf = 1; leaf < tree.length; leaf++) {
    start[leaf] = rows.length;
    if (!holds(tree, leaf)) continue;
    rows.push(0);
    let row = 0;
    for (let step = leaf; step !== 0; step = at(tree.parent, step)) {
      row = rowOf(row, step, at(tree.group, leaf));
      rows.push(row);
    }
  }
  start[tree.length] = rows.length;
  const length = parent.length;
  return { length, parent, node, ...childrenOf(parent, length), chains: { start, rows: Uint32Array.from(rows) } };
}

function holds(tree: CallTree, node: number): boolean {
  for (let cell = node * tree.instants; cell < (node + 1) * tree.instants; cell++) if (at(tree.selfBytes, cell) !== 0) return true;
  return false;
}

function childrenOf(parent: ArrayLike<number>, length: number): Pick<Structure, "firstChild" | "order"> {
  const firstChild = new Uint32Array(length + 1);
  for (let row = 1; row < length; row++) firstChild[at(parent, row) + 1] = at(firstChild, at(parent, row) + 1) + 1;
  for (let row = 0; row < length; row++) firstChild[row + 1] = at(firstChild, row + 1) + at(firstChild, row);
  const next = firstChild.slice();
  const order = new Uint32Array(Math.max(0, length - 1));
  for (let row = 1; row < length; row++) {
    const above = at(parent, row);
    order[at(next, above)] = row;
    next[above] = at(next, above) + 1;
  }
  return { firstChild, order };
}

export function measure(tree: CallTree, structure: Structure, { from, to, mode, focus }: State): Graph {
  const { length, chains } = structure;
  const live = new Float64Array(length);
  const change = new Float64Array(length);
  const width = new Float64Array(length);
  for (let node = 1; node < tree.length; node++) {
    if (focus >= 0 && at(tree.group, node) !== focus) continue;
    const now = at(tree.selfBytes, node * tree.instants + to);
    const difference = now - at(tree.selfBytes, node * tree.instants + from);
    const drawn = mode === "live" ? Math.max(0, now) : mode === "change" ? Math.abs(difference) : Math.max(0, difference);
    if (chains === null) {
      live[node] = now;
      change[node] = difference;
      width[node] = drawn;
      continue;
    }
    for (let place = at(chains.start, node); place < at(chains.start, node + 1); place++) {
      const row = at(chains.rows, place);
      live[row] = at(live, row) + now;
      change[row] = at(change, row) + difference;
      width[row] = at(width, row) + drawn;
    }
  }
  if (chains === null) {
    for (let row = length - 1; row > 0; row--) {
      const above = at(structure.parent, row);
      live[above] = at(live, above) + at(live, row);
      change[above] = at(change, above) + at(change, row);
      width[above] = at(width, above) + at(width, row);
    }
  }
  const sorted = new Map<number, readonly number[]>();
  const children = (row: number): readonly number[] => {
    let list = sorted.get(row);
    if (list === undefined) {
      const of = structure.order.subarray(at(structure.firstChild, row), at(structure.firstChild, row + 1));
      list = Array.from(of)
        .filter((child) => at(width, child) > 0)
        .sort((a, b) => at(width, b) - at(width, a) || a - b);
      sorted.set(row, list);
    }
    return list;
  };
  return { structure, live, change, width, children, passed: () => [], ancestry: (row) => ancestry(structure, row) };
}

/** A path runs straight where a row holds nothing itself and nothing else worth mentioning is called from it. */
const STRAIGHT_SHARE = 0.999;

/**
 * The graph without the rows that a path only runs through. Of a straight run one row stays, the one nearest to the memory: the
 * last where callers come first, the first where callees do.
 */
export function shortened(graph: Graph): Graph {
  const { structure, width } = graph;
  const keepsLast = structure.chains === null;
  const ends = new Map<number, number>();
  const endOf = (row: number): number => {
    const known = ends.get(row);
    if (known !== undefined) return known;
    let end = row;
    for (;;) {
      const next = graph.children(end)[0];
      if (next === undefined || at(width, next) < STRAIGHT_SHARE * at(width, end)) break;
      end = next;
    }
    ends.set(row, end);
    return end;
  };
  const shown = new Map<number, readonly number[]>();
  const children = (row: number): readonly number[] => {
    let list = shown.get(row);
    if (list === undefined) {
      list = keepsLast ? graph.children(row).map(endOf) : graph.children(row === 0 ? row : endOf(row));
      shown.set(row, list);
    }
    return list;
  };
  const whole = (row: number): readonly number[] => ancestry(structure, row);
  const isEnd = (row: number): boolean => row === 0 || endOf(row) === row;
  const isShown = (row: number): boolean => (keepsLast ? isEnd(row) : row === 0 || isEnd(at(structure.parent, row)));
  const runs = new Map<number, readonly number[]>();
  const passed = (row: number): readonly number[] => {
    let run = runs.get(row);
    if (run === undefined) {
      run = row === 0 ? [] : keepsLast ? straightAbove(row) : straightBelow(row);
      runs.set(row, run);
    }
    return run;
  };
  function straightAbove(row: number): readonly number[] {
    const rows: number[] = [];
    for (let step = at(structure.parent, row); !isEnd(step); step = at(structure.parent, step)) rows.push(step);
    return rows.reverse();
  }
  function straightBelow(row: number): readonly number[] {
    const rows: number[] = [];
    for (let step = endOf(row); step !== row; step = at(structure.parent, step)) rows.push(step);
    return rows.reverse();
  }
  return { ...graph, children, passed, ancestry: (row) => whole(row).filter((step) => step === row || isShown(step)) };
}

export interface Box {
  readonly row: number;
  readonly depth: number;
  readonly x0: number; // 0 … 1
  readonly x1: number;
}

/** Narrower than this share of what is zoomed to, a row is not drawn: a third of a pixel. */
const NARROWEST = 1 / 4000;
const MOST_LEVELS = 400;

/** The boxes below a row, level by level. */
export function layOut(graph: Graph, root: number): readonly Box[] {
  const narrowest = at(graph.width, root) * NARROWEST;
  if (at(graph.width, root) === 0) return [];
  let levels = 0;
  const top = hierarchy<{ row: number; level: number }>({ row: root, level: 0 }, ({ row, level }) => {
    if (level > levels) levels = level;
    if (level >= MOST_LEVELS) return [];
    return graph
      .children(row)
      .filter((child) => at(graph.width, child) >= narrowest)
      .map((child) => ({ row: child, level: level + 1 }));
  });
  const valued = top.each((entry) => {
    (entry as { value?: number }).value = at(graph.width, entry.data.row);
  });
  return partition<{ row: number; level: number }>()(valued)
    .descendants()
    .map(({ data, depth, x0, x1 }) => ({ row: data.row, depth, x0, x1 }));
}

/** From the top down to the row. */
export function ancestry({ parent, length }: Structure, row: number): readonly number[] {
  const rows: number[] = [];
  for (let step = row < length ? row : 0; step !== 0; step = at(parent, step)) rows.push(step);
  return [0, ...rows.reverse()];
}
