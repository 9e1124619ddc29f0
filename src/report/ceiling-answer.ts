/** How much a client may buffer, as plain, versioned data: the JSON of `ceiling` in the contract. */
import { canonicalName, defaultOf } from "../clients/parameters.ts";
import type { CeilingPlan, SweepPoint } from "../judge/ceiling-plan.ts";
import type { AnswerCeiling } from "./answer.ts";

export interface CeilingAnswer {
  readonly schemaVersion: 1;
  readonly client: string;
  readonly version: string | null;
  readonly instances: number;
  readonly ceilings: readonly TermedCeiling[];
  readonly total: AnswerRange;
  readonly limit: { readonly limitBytes: number; readonly fits: boolean } | null;
  readonly suggestion: { readonly settings: Readonly<Record<string, string>>; readonly totalBytes: number; readonly costs: string } | null;
  readonly warnings: readonly { readonly code: string; readonly text: string }[];
  readonly sweep: AnswerSweep | null;
}

/** Live heap of all instances together. */
export interface AnswerRange {
  readonly lowBytes: number;
  readonly bytes: number;
  readonly highBytes: number;
}

export interface TermedCeiling extends AnswerCeiling {
  readonly terms: readonly (AnswerRange & { readonly what: string; readonly formula: string; readonly source: string })[];
  /** Where each setting's default stands; only of settings that the user left alone. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly source: string;
}

export interface AnswerSweep {
  readonly of: string;
  readonly rows: readonly (AnswerRange & { readonly value: number; readonly fits: boolean | null })[];
}

export interface CeilingCircumstances {
  readonly sweep: { readonly of: string; readonly points: readonly SweepPoint[] } | null;
  /** Said before the client's own traps: settings that it does not know, what a file lost. */
  readonly warnings: readonly { readonly code: string; readonly text: string }[];
}

export function ceilingAnswer(plan: CeilingPlan, { sweep, warnings }: CeilingCircumstances): CeilingAnswer {
  const { client, scope, limit, suggestion } = plan;
  return {
    schemaVersion: 1,
    client: client.id,
    version: scope.version,
    instances: scope.instances,
    ceilings: plan.ceilings.map((ceiling) => ({
      client: client.id,
      component: ceiling.component,
      ...rounded(ceiling),
      formula: ceiling.formula,
      settings: ceiling.settings,
      assumed: ceiling.assumed,
      terms: ceiling.terms.map((term) => ({ what: term.what, ...rounded(term), formula: term.formula, source: term.source })),
      defaults: defaultsOf(plan, ceiling.settings),
      source: ceiling.source,
    })),
    total: rounded(plan.total),
    limit,
    suggestion:
      suggestion === null
        ? null
        : { settings: suggestion.settings, totalBytes: Math.round(suggestion.total.highBytes), costs: suggestion.costs.join(" ") },
    warnings: [
      ...warnings,
      ...nativeMemory(plan),
      ...plan.traps.map(({ code, text }) => ({ code, text })),
      ...plan.remedies.map(({ code, text }) => ({ code, text })),
      ...(limit?.fits === true && suggestion !== null
        ? [{ code: "tight", text: "It fits, but leaves less than a fifth of the limit to everything else in the process." }]
        : []),
    ],
    sweep:
      sweep === null
        ? null
        : { of: sweep.of, rows: sweep.points.map((point) => ({ value: point.value, ...rounded(point), fits: point.fits })) },
  };
}

/** What people look at first does not show it. */
function nativeMemory({ client }: CeilingPlan): CeilingAnswer["warnings"] {
  const isManaged = !/^(?:C|C\+\+|C\/C\+\+|Rust)$/.test(client.language);
  if (client.queueMemory !== "native" || !isManaged) return [];
  const text = `This memory is malloc'ed by librdkafka: no heap profile of ${client.language} contains it, only the resident size does.`;
  return [{ code: "native-memory", text }];
}

function defaultsOf({ scope, parameters }: CeilingPlan, settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const given = new Set([...scope.settings.keys()].map(canonicalName));
  const sources: Record<string, string> = {};
  for (const name of Object.keys(settings)) {
    const parameter = parameters.find((candidate) => candidate.name === name);
    if (parameter === undefined || [name, ...(parameter.aliases ?? [])].some((known) => given.has(canonicalName(known)))) continue;
    const isComputed = defaultOf(parameter, scope.version) === "";
    sources[name] = isComputed ? `computed: ${parameter.source}` : parameter.source;
  }
  return sources;
}

function rounded({ lowBytes, bytes, highBytes }: AnswerRange): AnswerRange {
  return { lowBytes: Math.round(lowBytes), bytes: Math.round(bytes), highBytes: Math.round(highBytes) };
}
