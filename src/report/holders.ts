/**
 * Where the memory of an object graph comes together, and the way from there to a root: for each of the objects that hold most
 * in many parts, what holds it. Plain data, for outputs that have room for it.
 */
import { at } from "../base/columns.ts";
import { PARTIES } from "../judge/attribution.ts";
import type { ProcessFacts } from "../judge/facts.ts";
import { moduleBaseName } from "../model/ledger.ts";
import type { Accumulation, RetainerStep } from "../model/profile.ts";
import type { Group } from "./answer.ts";

export interface HeldMemory {
  readonly name: string; // `lastSeen (Map)`
  readonly party: Group["party"];
  readonly retainedBytes: number; // freed with it
  readonly share: number; // of the live bytes
  readonly parts: number; // objects that are freed with it directly
  readonly holders: readonly string[]; // what holds it first, a root last: `Map.lastSeen (consumer.mjs)`
}

export function heldMemoryOf({ profile, attribution }: ProcessFacts, liveBytes: number): readonly HeldMemory[] {
  return (profile.graph?.accumulations ?? []).map((accumulation) => ({
    name: accumulationText(accumulation),
    party: PARTIES[at(attribution.party, accumulation.path)] ?? "unknown",
    retainedBytes: Math.round(accumulation.retainedBytes),
    share: liveBytes === 0 ? 0 : Math.min(1, accumulation.retainedBytes / liveBytes),
    parts: accumulation.parts,
    holders: holdersOf(accumulation.retainers),
  }));
}

/** From the holder of an object to the root; chains of like objects are one. */
function holdersOf(retainers: readonly RetainerStep[]): readonly string[] {
  const texts = retainers.slice(0, -1).reverse().map(holderText);
  return texts.filter((text, row) => text !== texts[row - 1]);
}

function accumulationText({ heldAs, type }: Accumulation): string {
  return heldAs === "" || heldAs === type ? type : `${heldAs} (${type})`;
}

/** `Map.lastSeen (consumer.mjs)`; elements are `Map[…]` */
export function holderText({ type, file, field }: RetainerStep): string {
  const access = field === "" ? "" : field.startsWith("[") ? "[…]" : `.${field}`;
  return `${type}${access}${file === "" ? "" : ` (${moduleBaseName(file)})`}`;
}
