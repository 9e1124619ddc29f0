/**
 * The report: the answer, and beside it what only a page can show: the tree of call paths, the time axis, the terms of the
 * ceilings, and what the capture cannot see. Renderers that need no more than the answer take it from here.
 */
import { at } from "../base/columns.ts";
import type { ProcessFacts } from "../judge/facts.ts";
import { knowsTypes } from "../judge/grouping.ts";
import type { Judgement } from "../judge/judgement.ts";
import { hasTimes } from "../model/ledger.ts";
import type { Answer } from "./answer.ts";
import { type ComposeOptions, composeAnswer } from "./compose-answer.ts";
import { type FoldedTree, foldTree } from "./flame.ts";
import { type HeldMemory, heldMemoryOf } from "./holders.ts";
import { type Timeline, timelineOf } from "./timeline.ts";
import { blindSpot } from "./words.ts";

export interface CeilingTerm {
  readonly what: string;
  readonly bytes: number;
  readonly formula: string;
  readonly source: string;
}

/** Whose memory, and what for. */
export interface TreeGroup {
  readonly party: "client" | "app" | "runtime" | "unknown";
  readonly client: string | null;
  readonly component: string | null;
}

/** What the paths of a tree are: who called whom until memory was allocated, what holds what, or single classes. */
export type TreeKind = "stacks" | "holders" | "types";

export interface Report {
  readonly answer: Answer;
  readonly tree: FoldedTree | null; // null: no capture was given
  readonly treeKind: TreeKind;
  readonly held: readonly HeldMemory[]; // of an object graph, largest first; empty for stacks
  readonly groups: readonly TreeGroup[]; // rows of `tree.group`
  readonly timeline: Timeline;
  readonly terms: readonly (readonly CeilingTerm[])[]; // one list for each of `answer.ceilings`
  readonly blindSpots: readonly string[]; // sentences
}

export function composeReport(facts: ProcessFacts, judgement: Judgement, options: ComposeOptions): Report {
  const answer = composeAnswer(facts, judgement, options);
  return {
    answer,
    tree: facts.lastObserved === 0 || facts.isObserved ? null : foldTree(facts),
    treeKind: treeKindOf(facts),
    held: heldMemoryOf(facts, answer.totals.liveBytes),
    groups: facts.rows.map(({ party, client, component }) => ({
      party,
      client: client === "" ? null : client,
      component: component === "" ? null : component,
    })),
    timeline: timelineOf(facts, judgement, answer),
    terms: facts.ceilings.map(({ terms }) =>
      terms.map(({ what, bytes, formula, source }) => ({ what, bytes: Math.round(bytes), formula, source })),
    ),
    blindSpots: blindSpotsOf(facts, answer).map(blindSpot),
  };
}

function treeKindOf({ profile }: ProcessFacts): TreeKind {
  if (profile.graph !== null) return "holders";
  return isFlat(profile) && knowsTypes(profile) ? "types" : "stacks";
}

function isFlat({ paths }: ProcessFacts["profile"]): boolean {
  for (let path = 1; path < paths.length; path++) if (at(paths.parent, path) !== 0) return false;
  return true;
}

/** An answer alone, as far as it goes. */
export function reportOnAnswer(answer: Answer): Report {
  return {
    answer,
    tree: null,
    treeKind: "stacks",
    held: [],
    groups: [],
    timeline: {
      timed: answer.series.every(({ elapsedSeconds }) => elapsedSeconds !== null),
      elapsed: answer.series.map(({ elapsedSeconds }, row) => elapsedSeconds ?? row + 1),
      ceilingBytes: answer.ceilings.find(({ component }) => component === "fetch-queue")?.bytes ?? null,
      limitBytes: answer.verdict.limit?.limitBytes ?? null,
    },
    terms: answer.ceilings.map(() => []),
    blindSpots: [],
  };
}

export type BlindSpot =
  | "no-capture"
  | "allocations-only"
  | "attached-late"
  | "runtime-heap-only"
  | "who-keeps"
  | "types-only"
  | "sampled"
  | "no-ages"
  | "single-instant"
  | "no-times"
  | "no-resident"
  | "no-statistics"
  | "no-limit";

/** What these captures cannot see, whatever they show. */
function blindSpotsOf(facts: ProcessFacts, { totals }: Answer): readonly BlindSpot[] {
  const { profile, queue, told, isObserved } = facts;
  const kind = treeKindOf(facts);
  const captured = isObserved ? 0 : facts.lastObserved; // instants that show a heap
  const spots: readonly (readonly [BlindSpot, boolean])[] = [
    ["no-capture", captured === 0],
    ["allocations-only", profile.observes === "allocated"],
    ["attached-late", profile.origin.attached],
    ["runtime-heap-only", ["go", "jvm", "node"].includes(profile.origin.runtime)],
    ["who-keeps", captured > 0 && kind === "stacks"],
    ["types-only", captured > 0 && kind === "types"],
    ["sampled", totals.sampled],
    ["no-ages", captured > 0 && profile.survivors === null],
    ["single-instant", captured === 1],
    ["no-times", captured > 1 && !hasTimes(profile)],
    ["no-resident", captured > 0 && totals.residentBytes === null],
    ["no-statistics", facts.lastObserved > 0 && queue === null],
    ["no-limit", told.memoryLimitBytes === null],
  ];
  return spots.filter(([, applies]) => applies).map(([spot]) => spot);
}
