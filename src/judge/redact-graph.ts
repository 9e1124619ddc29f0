/**
 * What an object graph says of holders, without the names that are the user's own. A field of a well-known class is as public
 * as the class; where objects have no classes that declare their fields (JavaScript), a field may be a variable of the user's.
 */
import { at } from "../base/columns.ts";
import { hidden, hiddenFile } from "../base/redaction.ts";
import { moduleBaseName } from "../model/ledger.ts";
import type { Accumulation, GraphFacts, Profile, RetainerStep } from "../model/profile.ts";
import type { Attribution } from "./attribution.ts";

export function redactGraph(profile: Profile, attribution: Attribution): GraphFacts | null {
  const { graph } = profile;
  if (graph === null) return null;
  const redactAccumulation = accumulationRedactor(profile, attribution);
  return { ...graph, accumulations: graph.accumulations.map(redactAccumulation) };
}

export function accumulationRedactor(profile: Profile, attribution: Attribution): (accumulation: Accumulation) => Accumulation {
  const redactStep = stepRedactor(profile, attribution);
  return (accumulation) => {
    const { retainers, type, heldAs } = accumulation;
    const shown = retainers.map(redactStep);
    return {
      ...accumulation,
      type: redactStep({ type, file: retainers.at(-1)?.file ?? "", field: "" }).type,
      heldAs: redactStep({ type: "", file: "", ...retainers.at(-2), field: heldAs }).field,
      retainers: shown,
    };
  };
}

/** A class, and the field by which it holds something. */
export function stepRedactor(profile: Profile, attribution: Attribution): (step: RetainerStep) => RetainerStep {
  const isPublic = publicTypes(profile, attribution);
  const declaresFields = profile.origin.runtime === "jvm";
  const redactField = ({ type, file, field }: RetainerStep): string => {
    if (/^(?:\[[\d…]*\]|\d*)$/.test(field) || OWN_FIELDS.has(field)) return field;
    const isDeclared = isPublic(type, file) && !OWN_SCOPES.has(type) && (declaresFields || file !== "");
    return isDeclared ? field : hidden(field);
  };
  return (step) => {
    const { type, file } = step;
    const isOpen = isPublic(type, file);
    const shown = isOpen && !OWN_SCOPES.has(type) ? moduleBaseName(file) : hiddenFile(file);
    return { type: isOpen ? type : hidden(type), file: shown, field: redactField(step) };
  };
}

/** What every JavaScript program has, whoever wrote the file that it is in. */
const OWN_SCOPES: ReadonlySet<string> = new Set(["(scope)", "(anonymous)"]);
/** Fields that virtual machines add themselves. */
const OWN_FIELDS: ReadonlySet<string> = new Set(["backing_store", "context", "elements", "table", "<local variable>"]);
/** Groups that a heap snapshot makes of roots are called like this, and no class can be. */
const GROUP_OF_ROOTS = /^\((?:GC roots|[A-Z][a-z]+(?: [a-z]+)*)\)$/;

function publicTypes({ frames, strings }: Profile, { wellKnown }: Attribution): (type: string, file: string) => boolean {
  const known = new Set<string>();
  for (let frame = 1; frame < frames.length; frame++) {
    if (at(wellKnown, frame) === 1) known.add(`${strings[at(frames.name, frame)] ?? ""}\n${strings[at(frames.file, frame)] ?? ""}`);
  }
  return (type, file) => known.has(`${type}\n${file}`) || OWN_SCOPES.has(type) || (file === "" && GROUP_OF_ROOTS.test(type));
}
