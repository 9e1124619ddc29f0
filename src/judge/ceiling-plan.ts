/**
 * What a client may buffer under a configuration, whether that fits a memory limit, and settings that would: the answer to
 * "how large must the container be", before anything has been captured.
 */
import type { BoundedComponent, Ceiling, KafkaClient, Parameter, Remedy, Scope, Trap } from "../clients/client.ts";
import { bufferingRemediesOf, ceilingsOf, parametersOf, trapsOf } from "../clients/lineage.ts";
import { canonicalName, withSettings } from "../clients/parameters.ts";

/** What the instances do. A consumer's stores (stream processing) count with it. */
export const ROLES = ["consumer", "producer", "both"] as const;
export type Role = (typeof ROLES)[number];

export interface Range {
  readonly lowBytes: number;
  readonly bytes: number;
  readonly highBytes: number;
}

export interface CeilingPlan {
  readonly client: KafkaClient;
  readonly scope: Scope;
  readonly parameters: readonly Parameter[]; // of the client and those it is built on
  readonly ceilings: readonly Ceiling[];
  readonly total: Range;
  readonly limit: { readonly limitBytes: number; readonly fits: boolean } | null;
  /** Settings under which it fits with room to spare; null when it does already, or when nothing helps. */
  readonly suggestion: Suggestion | null;
  readonly remedies: readonly Remedy[]; // what else may be done about the size
  readonly traps: readonly Trap[];
}

export interface Suggestion {
  readonly settings: Readonly<Record<string, string>>;
  readonly total: Range;
  readonly costs: readonly string[];
}

/** The rest of the process needs memory, too: what is suggested leaves a fifth of the limit to it. */
const SHARE_OF_LIMIT = 0.8;

export function planCeilings(
  client: KafkaClient,
  scope: Scope,
  role: Role,
  limitBytes: number | null,
  clients: readonly KafkaClient[],
): CeilingPlan {
  const ceilings = ceilingsOf(client, scope, clients).filter(({ component }) => hasRole(component, role));
  const total = totalOf(ceilings);
  const isTight = limitBytes !== null && total.highBytes > SHARE_OF_LIMIT * limitBytes;
  const parameters = parametersOf(client, clients);
  const plan = { client, scope, parameters, ceilings, total, traps: trapsOf(client, scope, clients) };
  if (!isTight) return { ...plan, limit: limitBytes === null ? null : { limitBytes, fits: true }, suggestion: null, remedies: [] };
  // Every component gets the part of the room that it takes now
  const settings: Record<string, string> = {};
  const costs: string[] = [];
  const others: Remedy[] = [];
  for (const { component, highBytes } of ceilings) {
    const targetBytes = (SHARE_OF_LIMIT * limitBytes * highBytes) / total.highBytes;
    for (const remedy of bufferingRemediesOf(client, scope, targetBytes, component, clients)) {
      if (remedy.settings === undefined) others.push(remedy);
      else Object.assign(settings, remedy.settings);
      if (remedy.costs !== undefined) costs.push(remedy.costs);
    }
  }
  const after = totalOf(
    ceilingsOf(client, withSettings(scope, parameters, settings), clients).filter(({ component }) => hasRole(component, role)),
  );
  const helps = after.highBytes < total.highBytes && after.highBytes <= limitBytes;
  return {
    ...plan,
    limit: { limitBytes, fits: total.highBytes <= limitBytes },
    suggestion: helps ? { settings, total: after, costs: [...new Set(costs)] } : null,
    remedies: others.filter(({ code }) => !plan.traps.some((trap) => trap.code === code)),
  };
}

function hasRole(component: BoundedComponent, role: Role): boolean {
  return role === "both" || (component === "producer-queue") === (role === "producer");
}

export function totalOf(ceilings: readonly Range[]): Range {
  const sum = (pick: (range: Range) => number): number => ceilings.reduce((total, range) => total + pick(range), 0);
  return { lowBytes: sum((range) => range.lowBytes), bytes: sum((range) => range.bytes), highBytes: sum((range) => range.highBytes) };
}

/** What can be swept beside settings by their names: the numbers of a scope as the options call them. */
const SWEPT: Readonly<
  Record<string, "partitions" | "brokers" | "instances" | "messageBytes" | "keyBytes" | "headersBytes" | "compressionRatio">
> = {
  partitions: "partitions",
  brokers: "brokers",
  instances: "instances",
  "message-size": "messageBytes",
  "key-size": "keyBytes",
  "headers-size": "headersBytes",
  "compression-ratio": "compressionRatio",
};

export interface SweepPoint extends Range {
  readonly value: number;
  readonly fits: boolean | null; // null without a limit
}

/** The total for each value of one number of the scope, or of one setting. */
export function sweepCeilings(
  client: KafkaClient,
  scope: Scope,
  role: Role,
  limitBytes: number | null,
  clients: readonly KafkaClient[],
  sweep: { readonly of: string; readonly values: readonly number[] },
): readonly SweepPoint[] {
  const field = SWEPT[sweep.of];
  const parameters = parametersOf(client, clients);
  return sweep.values.map((value) => {
    const varied = field === undefined ? withSettings(scope, parameters, { [sweep.of]: value }) : { ...scope, [field]: value };
    const total = totalOf(ceilingsOf(client, varied, clients).filter(({ component }) => hasRole(component, role)));
    return { value, ...total, fits: limitBytes === null ? null : total.highBytes <= limitBytes };
  });
}

/** Whether a sweep may be over this name: a number of the scope, or a parameter of the client. */
export function canSweep(client: KafkaClient, name: string, clients: readonly KafkaClient[]): boolean {
  if (SWEPT[name] !== undefined) return true;
  return parametersOf(client, clients).some((parameter) =>
    [parameter.name, ...(parameter.aliases ?? [])].some((known) => canonicalName(known) === canonicalName(name)),
  );
}
