/** What holds for a client together with the clients it is built on: a wrapper has the queues and the leaks of what it wraps. */
import { compareVersions, isVersionWithin } from "../base/versions.ts";
import type { BoundedComponent, Ceiling, KafkaClient, KnownIssue, Parameter, Remedy, Scope, Settings, Trap } from "./client.ts";
import { canonicalName, type UnknownSetting, unknownSettings } from "./parameters.ts";

export interface Ancestor {
  readonly client: KafkaClient;
  readonly version: string | null; // null = unknown
}

/** The client and what it is built on, outermost first, each with its version as far as the tables know it. */
export function lineageOf(client: KafkaClient, version: string | null, all: readonly KafkaClient[]): readonly Ancestor[] {
  const lineage: Ancestor[] = [{ client, version }];
  for (;;) {
    const last = lineage[lineage.length - 1];
    const base = all.find((candidate) => candidate.id === last?.client.builtOn);
    if (last === undefined || base === undefined) return lineage;
    const known = last.version;
    const row = known === null ? undefined : last.client.builtOnVersions?.find((entry) => compareVersions(known, entry.from) >= 0);
    lineage.push({ client: base, version: row?.version ?? null });
  }
}

/** The ceilings of the outermost client that states any, with the versions of its own layer. */
export function ceilingsOf(client: KafkaClient, scope: Scope, all: readonly KafkaClient[]): readonly Ceiling[] {
  const bounding = boundingClient(client, scope.version, all);
  return bounding?.client.ceilings?.({ ...scope, version: bounding.version }) ?? [];
}

/** The layer whose formulas apply. */
export function boundingClient(client: KafkaClient, version: string | null, all: readonly KafkaClient[]): Ancestor | null {
  return lineageOf(client, version, all).find((layer) => layer.client.ceilings !== undefined) ?? null;
}

/** What keeps the queue of the component smaller, by the outermost client that says, with the version of its own layer. */
export function bufferingRemediesOf(
  client: KafkaClient,
  scope: Scope,
  targetBytes: number | null,
  component: BoundedComponent,
  all: readonly KafkaClient[],
): readonly Remedy[] {
  const layer = lineageOf(client, scope.version, all).find((candidate) => candidate.client.remedies.buffering !== undefined);
  return layer?.client.remedies.buffering?.({ ...scope, version: layer.version }, targetBytes, component) ?? [];
}

/** The traps of every layer, each with its own version. */
export function trapsOf(client: KafkaClient, scope: Scope, all: readonly KafkaClient[]): readonly Trap[] {
  return lineageOf(client, scope.version, all).flatMap((layer) => layer.client.traps?.({ ...scope, version: layer.version }) ?? []);
}

/** The parameters that the ceilings are made of, of all layers. */
export function parametersOf(client: KafkaClient, all: readonly KafkaClient[]): readonly Parameter[] {
  return lineageOf(client, null, all).flatMap((layer) => layer.client.parameters ?? []);
}

/**
 * Settings that neither the client nor what it is built on knows. Where a layer has parameters and no complete list, only names
 * that look like a misspelt parameter are reported, and none that another client has: `fetch.min.bytes` is near to
 * `fetch.max.bytes` and right. A layer without parameters passes settings through.
 */
export function unknownSettingsOf(client: KafkaClient, settings: Settings, all: readonly KafkaClient[]): readonly UnknownSetting[] {
  const layers = lineageOf(client, null, all).map((layer) => layer.client);
  const isComplete = layers.every(({ parameters, otherProperties }) => parameters === undefined || otherProperties !== undefined);
  const unknown = unknownSettings(
    settings,
    layers.flatMap(({ parameters = [] }) => parameters),
    layers.flatMap(({ otherProperties = [] }) => otherProperties),
    isComplete,
  );
  if (isComplete || unknown.length === 0) return unknown;
  const elsewhere = new Set(
    all.flatMap(({ parameters = [], otherProperties = [] }) => [
      ...parameters.flatMap(({ name, aliases = [] }) => [name, ...aliases]).map(canonicalName),
      ...otherProperties.map(canonicalName),
    ]),
  );
  return unknown.filter(({ name }) => !elsewhere.has(canonicalName(name)));
}

export interface ConcerningIssue {
  readonly client: KafkaClient;
  readonly issue: KnownIssue;
  /** The version is known and lies in the range; otherwise it merely may be. */
  readonly certain: boolean;
}

/** Published issues that this version has or, where it is unknown, may have. */
export function issuesOf(client: KafkaClient, version: string | null, all: readonly KafkaClient[]): readonly ConcerningIssue[] {
  return lineageOf(client, version, all).flatMap((layer) =>
    layer.client.issues
      .filter((issue) => layer.version === null || isVersionWithin(layer.version, issue.from, issue.fixedIn))
      .map((issue) => ({ client: layer.client, issue, certain: layer.version !== null && (issue.from ?? issue.fixedIn) !== null })),
  );
}
