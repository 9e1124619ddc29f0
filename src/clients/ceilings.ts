/** How the ceilings of all clients are put together: from terms, each with its own range, formula and source. */
import { formatBytes } from "../base/units.ts";
import type { Ceiling, CeilingTerm } from "./client.ts";

/** A term of one instance. */
export type InstanceTerm = CeilingTerm;

/** What a client file knows of a ceiling; the figures of the terms are those of one instance. */
export interface CeilingParts extends Pick<Ceiling, "component" | "settings" | "assumed" | "source"> {
  readonly instances: number;
  readonly messages: number | null; // of one instance
  readonly terms: readonly InstanceTerm[];
}

/** The ceiling of all instances: its figures are the sums of its terms. */
export function ceilingFrom({ component, instances, messages, terms, settings, assumed, source }: CeilingParts): Ceiling {
  const all = terms.map((term) => ({
    ...term,
    lowBytes: instances * term.lowBytes,
    bytes: instances * term.bytes,
    highBytes: instances * term.highBytes,
  }));
  const sum = (pick: (term: CeilingTerm) => number): number => all.reduce((total, term) => total + pick(term), 0);
  const bytes = sum((term) => term.bytes);
  const addends = terms.map(({ formula }) => formula).join(" + ");
  return {
    component,
    bytes,
    lowBytes: sum((term) => term.lowBytes),
    highBytes: sum((term) => term.highBytes),
    messages: messages === null ? null : Math.round(instances * messages),
    formula: `${instances > 1 ? `${instances} instances × (${addends})` : addends} = ${formatBytes(bytes)}`,
    terms: all,
    settings,
    assumed,
    source,
  };
}
