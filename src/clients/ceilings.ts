/** How the ceilings of all clients are put together: from terms, each with its own range, formula and source. */
import { formatBytes } from "../base/units.ts";
import type { Ceiling, CeilingTerm, Scope } from "./client.ts";

/** Of a value, where nobody said. */
export const TYPICAL_MESSAGE_BYTES = 1024;
/** Varints of a v2 record around key, value and headers: measured 1034 B of response a 1024 B value (librdkafka). */
export const FRAMING_BYTES = 10;

/** Brokers that a consumer asks: only those that lead an assigned partition; one where nobody said. */
export function askedBrokers({ brokers, partitions }: Pick<Scope, "brokers" | "partitions">): number {
  return Math.max(1, Math.min(brokers ?? 1, partitions ?? Number.POSITIVE_INFINITY));
}

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
