/**
 * A profile folded into a tree that fits a page: what every call path holds itself at up to 32 instants. Paths that differ only
 * in addresses or lines are one node. Nodes that never hold a share that matters are folded into one row "and n smaller" of
 * their parent, one for each owner, until the budget is met: sums stay exact, and the tree says what was folded.
 * The same profile gives the same tree.
 */
import { add, at, type Column } from "../base/columns.ts";
import { displayName } from "../base/symbols.ts";
import type { ProcessFacts } from "../judge/facts.ts";
import { frameText, hasTimes, moduleBaseName, totalLiveBytes } from "../model/ledger.ts";
import { FrameKind, type Profile } from "../model/profile.ts";
import { bounded } from "./markup.ts";

/** Row 0 is the whole process. Parents precede children. */
export interface FoldedTree {
  readonly length: number;
  readonly parent: Column;
  readonly name: Column; // row of `names`
  readonly module: Column; // row of `modules`
  readonly group: Column; // row of `ProcessFacts.rows`: whose memory it is and what for
  readonly folded: Column; // how many nodes this row stands for; 0 = it is a node itself
  readonly names: readonly string[]; // printable, shortened
  readonly modules: readonly string[]; // the same; row 0 is ""
  readonly instants: number;
  readonly elapsed: Column; // by instant: seconds, or ordinals where times are unknown
  readonly selfBytes: Float64Array; // [node * instants + instant], whole bytes
  readonly hidden: { readonly nodes: number; readonly bytes: number }; // folded away; bytes at the last instant
}

export interface FlameBudget {
  readonly nodes: number;
  readonly instants: number;
  readonly nameCharacters: number; // of all names together
}

export const FLAME_BUDGET: FlameBudget = { nodes: 16_000, instants: 32, nameCharacters: 1_500_000 };

const MOST_GROUPS = 1024; // 4 parties × clients × components of one process

const NAME_CHARACTERS = 240;
const MOST_CELLS = 16_000_000; // of the matrix paths × instants: 128 MB

export function foldTree(facts: ProcessFacts, budget: FlameBudget = FLAME_BUDGET): FoldedTree {
  const { profile } = facts;
  const merged = mergePaths(facts);
  const most = Math.max(2, Math.min(budget.instants, Math.floor(MOST_CELLS / merged.length)));
  const chosen = chooseInstants(totalLiveBytes(profile), facts.lastObserved, most);
  const self = selfBytes(profile, merged, chosen);
  const weight = highest(inclusive(merged.parent, self, chosen.length), merged.length, chosen.length);
  let nodes = budget.nodes;
  for (;;) {
    const tree = fold(merged, self, weight, chosen.length, nodes);
    const characters = tree.names.reduce((sum, name) => sum + name.length, 0);
    if ((tree.length <= budget.nodes && characters <= budget.nameCharacters) || nodes < 16) {
      return { ...tree, elapsed: timesOf(profile, chosen) };
    }
    nodes = Math.floor(nodes * 0.7);
  }
}

interface MergedPaths {
  readonly length: number;
  readonly parent: Uint32Array;
  readonly name: Uint32Array;
  readonly module: Uint32Array;
  readonly group: Uint32Array;
  readonly names: readonly string[];
  readonly modules: readonly string[];
  readonly nodeOfPath: Uint32Array;
}

/** Siblings that a reader cannot tell apart are one node. */
function mergePaths({ profile, groupOfPath }: ProcessFacts): MergedPaths {
  const { paths, frames } = profile;
  const texts = new Texts();
  const modules = new Texts();
  modules.row("");
  const nameOfFrame = Uint32Array.from({ length: frames.length }, (_, frame) => (frame === 0 ? 0 : texts.row(nodeName(profile, frame))));
  const moduleOfFrame = Uint32Array.from({ length: frames.length }, (_, frame) => modules.row(moduleName(profile, frame)));
  const known = new Map<number, number>();
  const names = Math.max(1, texts.list.length);
  const parent = new Uint32Array(paths.length);
  const name = new Uint32Array(paths.length);
  const module = new Uint32Array(paths.length);
  const group = new Uint32Array(paths.length);
  const nodeOfPath = new Uint32Array(paths.length);
  let length = 1;
  for (let path = 1; path < paths.length; path++) {
    const frame = at(paths.frame, path);
    const above = at(nodeOfPath, at(paths.parent, path));
    // exact below 2^53: millions of nodes, of names and 256 groups
    const key = (above * names + at(nameOfFrame, frame)) * MOST_GROUPS + (at(groupOfPath, path) % MOST_GROUPS);
    let node = known.get(key);
    if (node === undefined) {
      node = length++;
      known.set(key, node);
      parent[node] = above;
      name[node] = at(nameOfFrame, frame);
      module[node] = at(moduleOfFrame, frame);
      group[node] = at(groupOfPath, path);
    }
    nodeOfPath[path] = node;
  }
  const cut = (column: Uint32Array): Uint32Array => column.subarray(0, length);
  return {
    length,
    parent: cut(parent),
    name: cut(name),
    module: cut(module),
    group: cut(group),
    names: texts.list,
    modules: modules.list,
    nodeOfPath,
  };
}

class Texts {
  readonly list: string[] = [];
  readonly #rows = new Map<string, number>();

  row(text: string): number {
    let row = this.#rows.get(text);
    if (row === undefined) {
      row = this.list.length;
      this.list.push(text);
      this.#rows.set(text, row);
    }
    return row;
  }
}

function nodeName(profile: Profile, frame: number): string {
  const name = bounded(displayName(frameText(profile, frame)), NAME_CHARACTERS);
  return at(profile.frames.kind, frame) === FrameKind.thread ? `[${name}]` : name;
}

function moduleName({ frames, modules, strings }: Profile, frame: number): string {
  return bounded(moduleBaseName(strings[at(modules.name, at(frames.module, frame))] ?? ""), NAME_CHARACTERS);
}

/** Equally spaced, the first, the last and the highest among them. */
function chooseInstants(total: Float64Array, last: number, most: number): readonly number[] {
  if (last === 0) return [0];
  const wanted = Math.min(most, last);
  const chosen = new Set(
    Array.from({ length: wanted }, (_, index) => (wanted === 1 ? last : 1 + Math.round((index * (last - 1)) / (wanted - 1)))),
  );
  let peak = 1;
  for (let instant = 2; instant <= last; instant++) if (at(total, instant) > at(total, peak)) peak = instant;
  if (!chosen.has(peak)) {
    const inner = [...chosen].filter((instant) => instant !== 1 && instant !== last);
    const nearest = inner.sort((a, b) => Math.abs(a - peak) - Math.abs(b - peak) || a - b)[0];
    if (nearest !== undefined) chosen.delete(nearest);
    if (nearest !== undefined || chosen.size < most) chosen.add(peak);
  }
  return [...chosen].sort((a, b) => a - b);
}

function timesOf(profile: Profile, chosen: readonly number[]): Float64Array {
  const timed = hasTimes(profile);
  return Float64Array.from(chosen, (instant) => (timed ? at(profile.instants.elapsedMs, instant) / 1000 : instant));
}

/** What every node holds itself at the chosen instants. */
function selfBytes({ changes }: Profile, { length, nodeOfPath }: MergedPaths, chosen: readonly number[]): Float64Array {
  const instants = chosen.length;
  const values = new Float64Array(length * instants);
  let column = 0;
  for (let row = 0; row < changes.length; row++) {
    while (column < instants && at(changes.instant, row) > (chosen[column] ?? 0)) column++;
    if (column === instants) break;
    add(values, at(nodeOfPath, at(changes.path, row)) * instants + column, at(changes.liveBytes, row));
  }
  for (let node = 0; node < length; node++) {
    for (let cell = node * instants + 1; cell < (node + 1) * instants; cell++) add(values, cell, at(values, cell - 1));
  }
  return values;
}

function inclusive(parent: Uint32Array, self: Float64Array, instants: number): Float64Array {
  const total = self.slice();
  for (let node = parent.length - 1; node > 0; node--) {
    const above = at(parent, node) * instants;
    for (let column = 0; column < instants; column++) add(total, above + column, at(total, node * instants + column));
  }
  return total;
}

function highest(total: Float64Array, length: number, instants: number): Float64Array {
  const weight = new Float64Array(length);
  for (let node = 0; node < length; node++) {
    for (let cell = node * instants; cell < (node + 1) * instants; cell++) weight[node] = Math.max(at(weight, node), at(total, cell));
  }
  return weight;
}

function fold(merged: MergedPaths, self: Float64Array, weight: Float64Array, instants: number, nodes: number): Omit<FoldedTree, "elapsed"> {
  const threshold = merged.length <= nodes ? -1 : at(weight.slice().sort(), merged.length - nodes);
  const home = new Uint32Array(merged.length); // row of the node, or of the nearest one above it that is kept
  const isKept = new Uint8Array(merged.length);
  isKept[0] = 1;
  const kept: number[] = [0];
  for (let node = 1; node < merged.length; node++) {
    const above = at(merged.parent, node);
    if (at(weight, node) > threshold && at(isKept, above) === 1) {
      isKept[node] = 1;
      home[node] = kept.length;
      kept.push(node);
    } else home[node] = at(home, above);
  }
  const rests = restsOf(merged, self, instants, home, isKept);
  const texts = new Texts();
  texts.row("");
  const length = kept.length + rests.length;
  const column = (of: (node: number) => number, ofRest: (rest: Rest) => number): Uint32Array =>
    Uint32Array.from({ length }, (_, row) => (row < kept.length ? of(at(kept, row)) : ofRest(rests[row - kept.length] as Rest)));
  const selfBytes = new Float64Array(length * instants);
  for (const [row, node] of kept.entries())
    selfBytes.set(self.subarray(node * instants, (node + 1) * instants).map(Math.round), row * instants);
  for (const [row, rest] of rests.entries()) selfBytes.set(rest.values.map(Math.round), (kept.length + row) * instants);
  const none = (): number => 0;
  return {
    length,
    parent: column(
      (node) => at(home, at(merged.parent, node)),
      ({ parent }) => parent,
    ),
    name: column((node) => (node === 0 ? 0 : texts.row(merged.names[at(merged.name, node)] ?? "")), none),
    module: column((node) => at(merged.module, node), none),
    group: column(
      (node) => at(merged.group, node),
      ({ group }) => group,
    ),
    folded: column(none, ({ count }) => count),
    names: texts.list,
    modules: merged.modules,
    instants,
    selfBytes,
    hidden: {
      nodes: merged.length - kept.length,
      bytes: Math.round(rests.reduce((sum, { values }) => sum + at(values, instants - 1), 0)),
    },
  };
}

/** What was folded below one node, of one owner. */
interface Rest {
  readonly parent: number;
  readonly group: number;
  count: number;
  readonly values: Float64Array;
}

/** The owner of a part may differ from that of the whole, so every dropped node goes into the rest of its own group. */
function restsOf(merged: MergedPaths, self: Float64Array, instants: number, home: Uint32Array, isKept: Uint8Array): readonly Rest[] {
  const rests = new Map<number, Rest>();
  for (let node = 1; node < merged.length; node++) {
    if (at(isKept, node) === 1) continue;
    const parent = at(home, node);
    const group = at(merged.group, node);
    const key = parent * MOST_GROUPS + group;
    const rest = rests.get(key) ?? { parent, group, count: 0, values: new Float64Array(instants) };
    rests.set(key, rest);
    rest.count++;
    for (let column = 0; column < instants; column++) add(rest.values, column, at(self, node * instants + column));
  }
  return [...rests.values()].filter(({ values }) => values.some((value) => value !== 0));
}
