/**
 * Profiles of Spring Boot: documents of one file that hold only where a profile is active. What is active is known only if the
 * file says so itself (`spring.profiles.active`); others are left out, and said.
 */
import type { Loss } from "../base/failure.ts";
import { type Entry, listed, lossOf, type Reading } from "./client-config-entry.ts";

const CONDITION = /^spring\.(?:config\.activate\.on-?profile|profiles)$/i;
const ACTIVE = /^spring\.profiles\.(?:active|default|include)$/i;

export function withActiveProfiles({ entries, losses }: Reading): Reading {
  const conditions = new Map<number, string>();
  for (const { path, value, layer } of entries) if (CONDITION.test(path.join("."))) conditions.set(layer, value);
  if (conditions.size === 0) return { entries, losses };
  const active = entries
    .filter(({ path, layer }) => ACTIVE.test(path.join(".")) && !conditions.has(layer))
    .flatMap(({ value }) => value.split(/\s*,\s*/));
  const holds = ({ layer }: Entry): boolean => {
    const condition = conditions.get(layer);
    // `!prod` and `a & b` are left out with the others: what they mean hangs on all profiles
    return condition === undefined || condition.split(/\s*,\s*/).some((profile) => active.includes(profile));
  };
  const leftOut = entries.filter((entry) => !holds(entry) && /kafka/i.test(entry.path.join(".")));
  const profiles = leftOut.map(({ layer }) => conditions.get(layer) ?? "");
  const more: readonly Loss[] =
    leftOut.length === 0
      ? []
      : [lossOf(`settings of profiles that the file does not activate were left out: ${listed(profiles)}`, leftOut.length)];
  return { entries: entries.filter(holds), losses: [...losses, ...more] };
}
