/**
 * The paths that hold the memory, as a tree of plain data: from the root to whoever allocated, only what holds a share worth
 * showing. Frames that pass everything on to one callee are one node with several names.
 */
import { add, at } from "../base/columns.ts";
import { displayName } from "../base/symbols.ts";
import { PARTIES } from "../judge/attribution.ts";
import type { ProcessFacts } from "../judge/facts.ts";
import { frameText } from "../model/ledger.ts";
import { FrameKind } from "../model/profile.ts";
import type { PathNode } from "./answer.ts";

/** Below this share of what is live, and of what grew, a path is not shown. */
const LEAST_SHARE = 0.01;
/** More on one level would be a list, not a tree. */
const MOST_CHILDREN = 8;

/** Of one node: a recursion may be deeper than anything that can be read. */
const MOST_NAMES = 8192;

interface Sums {
  readonly live: Float64Array; // of every path with its descendants, at the last observed instant
  readonly growth: Float64Array; // since the first
  readonly children: ReadonlyMap<number, readonly number[]>;
}

/** The root stands for the process and has no names. Null where nothing was captured. */
export function pathTree(facts: ProcessFacts): PathNode | null {
  const sums = sumUp(facts);
  if (facts.lastObserved === 0) return null;
  return nodeOf(facts, sums, 0, Math.max(1, at(sums.live, 0)), Math.max(1, at(sums.growth, 0)));
}

function sumUp({ profile, lastObserved }: ProcessFacts): Sums {
  const { changes, paths } = profile;
  const [live, first] = [new Float64Array(paths.length), new Float64Array(paths.length)];
  for (let row = 0; row < changes.length && at(changes.instant, row) <= lastObserved; row++) {
    add(live, at(changes.path, row), at(changes.liveBytes, row));
    if (at(changes.instant, row) === 1 && lastObserved > 1) add(first, at(changes.path, row), at(changes.liveBytes, row));
  }
  const children = new Map<number, number[]>();
  for (let path = paths.length - 1; path > 0; path--) {
    const parent = at(paths.parent, path);
    add(live, parent, at(live, path));
    add(first, parent, at(first, path));
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [path]);
    else siblings.push(path);
  }
  return { live, growth: live.map((bytes, path) => bytes - at(first, path)), children };
}

function nodeOf(facts: ProcessFacts, sums: Sums, path: number, liveTotal: number, growthTotal: number): PathNode {
  const names = path === 0 ? [] : [nameOf(facts, path)];
  const frames = [at(facts.profile.paths.frame, path)];
  let last = path;
  let children = sums.children.get(last) ?? [];
  const isWorth = (child: number): boolean =>
    at(sums.live, child) >= LEAST_SHARE * liveTotal || at(sums.growth, child) >= LEAST_SHARE * growthTotal;
  // everything is passed on to one callee: one node
  for (let only = children.filter(isWorth); path !== 0 && only.length === 1 && names.length < MOST_NAMES; only = children.filter(isWorth)) {
    const [next] = only as [number];
    if (at(sums.live, next) < (1 - LEAST_SHARE) * at(sums.live, last)) break;
    names.push(nameOf(facts, next));
    frames.push(at(facts.profile.paths.frame, next));
    last = next;
    children = sums.children.get(next) ?? [];
  }
  const shown = children
    .filter(isWorth)
    .sort((a, b) => at(sums.live, b) - at(sums.live, a) || a - b)
    .slice(0, MOST_CHILDREN);
  const decides = frames.lastIndexOf(at(facts.attribution.decidedBy, last));
  return {
    names,
    decides: decides < 0 ? Math.max(0, names.length - 1) : decides,
    party: PARTIES[at(facts.attribution.party, last)] ?? "unknown",
    liveBytes: Math.round(at(sums.live, path)),
    growthBytes: Math.round(at(sums.growth, path)),
    others: children.filter((child) => !shown.includes(child) && (at(sums.live, child) !== 0 || at(sums.growth, child) !== 0)).length,
    children: shown.map((child) => nodeOf(facts, sums, child, liveTotal, growthTotal)),
  };
}

function nameOf({ profile }: ProcessFacts, path: number): string {
  const frame = at(profile.paths.frame, path);
  const name = displayName(frameText(profile, frame));
  return at(profile.frames.kind, frame) === FrameKind.thread ? `[${name}]` : name;
}
