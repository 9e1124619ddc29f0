/**
 * One map of settings out of what a file says, with everything said that was decided on the way.
 *
 * A file may configure consumers and producers. Names that only one of them has (`fetch.max.bytes`, `batch.size`) come from
 * that one; names that both have (`message.max.bytes`, `client.id`) come from the consumer, else from what holds for both, and
 * from the producer only where the file configures no consumer. Within one role the more specific place wins, then the later.
 */
import type { Loss } from "../base/failure.ts";
import { type Entry, listed, lossOf, placed } from "./client-config-entry.ts";
import {
  canonical,
  isIdentity,
  isRatherOfProducers,
  type NamedSetting,
  namedSetting,
  onlyOf,
  type Surroundings,
  valueInSpring,
} from "./client-config-names.ts";
import { isSecret } from "./secrets.ts";

export interface MergedSettings {
  readonly settings: ReadonlyMap<string, string>;
  readonly lines: ReadonlyMap<string, number>;
  readonly losses: readonly Loss[];
}

/** Names that bear on memory: where consumer and producer differ in others, it need not be said. */
const MATTERS = /bytes|memory|buffer|size|messages|records/i;

interface Candidate extends NamedSetting {
  readonly value: string;
  readonly line: number;
  readonly layer: number;
}

/** `isLog`: consumers and producers stated all of their values, defaults included, so that differences mean nothing. */
export function merged(entries: readonly Entry[], surroundings: Surroundings, isLog: boolean): MergedSettings {
  const losses: Loss[] = [];
  const candidates = candidatesOf(entries, surroundings, losses);
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const key = canonical(candidate.name);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [candidate]);
    else group.push(candidate);
  }
  const configuresConsumer = candidates.some(({ name, role }) => role === "consumer" || (role === null && onlyOf(name) === "consumer"));
  const settings = new Map<string, string>();
  const lines = new Map<string, number>();
  const twice: string[] = [];
  const ofBoth: string[] = [];
  const ofProducer: string[] = [];
  for (const group of groups.values()) {
    for (const role of ["consumer", "producer", null] as const) {
      const again = contradictedIn(group.filter((candidate) => candidate.role === role));
      if (again !== null) twice.push(again);
    }
    const consumer = winner(group, "consumer");
    const producer = winner(group, "producer");
    const name = group[0]?.name ?? "";
    const mayBeProducers = !configuresConsumer || isIdentity(name);
    const chosen =
      onlyOf(name) === "producer"
        ? producer
        : isRatherOfProducers(name)
          ? (producer ?? consumer)
          : (consumer ?? (mayBeProducers ? producer : null));
    if (chosen !== null) {
      settings.set(chosen.name, chosen.value);
      if (chosen.line > 0) lines.set(chosen.name, chosen.line);
    }
    if (
      isLog ||
      onlyOf(name) !== null ||
      isRatherOfProducers(name) ||
      !MATTERS.test(name) ||
      producer === null ||
      producer.value === consumer?.value
    )
      continue;
    if (consumer === null) {
      if (chosen === null) ofProducer.push(placed(name, producer.line));
    } else ofBoth.push(placed(name, consumer.line));
  }
  if (twice.length > 0)
    losses.push(lossOf(`given more than once with different values, the last one wins: ${listed(twice)}`, twice.length));
  if (ofBoth.length > 0) losses.push(lossOf(`the consumer's value was taken, the producer's is another: ${listed(ofBoth)}`, ofBoth.length));
  if (ofProducer.length > 0) {
    losses.push(
      lossOf(`given for the producer only, although consumers have it too, and left out: ${listed(ofProducer)}`, ofProducer.length),
    );
  }
  return { settings, lines, losses };
}

/** Named, without secrets, with references to other places resolved where they have a default. */
function candidatesOf(entries: readonly Entry[], surroundings: Surroundings, losses: Loss[]): readonly Candidate[] {
  const candidates: Candidate[] = [];
  const elsewhere: string[] = [];
  const defaulted: string[] = [];
  const misplaced: string[] = [];
  const others: string[] = [];
  const ignored: string[] = [];
  for (const entry of entries) {
    const named = namedSetting(entry, surroundings);
    if (named === null || isSecret(entry.path.join("."), entry.value) || isSecret(named.name, "")) continue;
    if (named.isIgnored === true) {
      ignored.push(placed(named.name, entry.line));
      continue;
    }
    if (named.role === "other") {
      if (onlyOf(named.name) !== null) others.push(placed(entry.path.join("."), entry.line));
      continue;
    }
    const reference = referenceIn(entry.value);
    if (reference?.fallback === null) {
      elsewhere.push(placed(named.name, entry.line));
      continue;
    }
    if (reference !== null) defaulted.push(placed(named.name, entry.line));
    const value = valueInSpring(
      entry.kind === "variable" ? [(entry.path.at(-1) ?? "").replaceAll("_", ".")] : entry.path,
      reference?.fallback ?? entry.value,
    ).trim();
    if (value === "") continue;
    const only = onlyOf(named.name);
    if (named.role !== null && only !== null && only !== named.role) {
      misplaced.push(placed(named.name, entry.line));
      continue;
    }
    candidates.push({ ...named, value, line: entry.line, layer: entry.layer });
  }
  if (elsewhere.length > 0) losses.push(lossOf(`the value stands elsewhere and was left out: ${listed(elsewhere)}`, elsewhere.length));
  if (defaulted.length > 0)
    losses.push(lossOf(`the value may stand elsewhere, the default beside it was taken: ${listed(defaulted)}`, defaulted.length));
  if (misplaced.length > 0) {
    losses.push(lossOf(`a consumer's setting given to a producer, or the reverse, was left out: ${listed(misplaced)}`, misplaced.length));
  }
  if (others.length > 0)
    losses.push(lossOf(`of another client than the application's consumer and producer, left out: ${listed(others)}`, others.length));
  if (ignored.length > 0) {
    losses.push(
      lossOf(`Spring Boot has no such name and passes it over (below properties it would count): ${listed(ignored)}`, ignored.length),
    );
  }
  return candidates;
}

/** `${NAME:default}` of Spring, `${NAME:-default}` of shells and Compose; `$(NAME)`, `{{ .Values.name }}`, `%(name)s` have no default. */
function referenceIn(value: string): { readonly fallback: string | null } | null {
  const whole = /^\$\{[\w.-]+:-?([^${}]*)\}$/.exec(value.trim());
  if (whole !== null && !/[/\\]/.test(whole[1] ?? "") && !PROVIDER.test(value))
    return { fallback: whole[1] === "" ? null : (whole[1] ?? null) };
  return /\$\{|\$\(|\{\{|%\(\w+\)|^\$\w+$|^<[^<>]+>$/.test(value) ? { fallback: null } : null;
}

/** Providers of values (KIP-297, Quarkus): what follows the colon is a key, no default. */
const PROVIDER = /^\s*\$\{(?:file|dir|directory|env|vault|ssm|\w*secrets?\w*|aws|azure|gcp):/i;

/** What holds for the role: given for it, else for both. */
function winner(group: readonly Candidate[], role: "consumer" | "producer"): Candidate | null {
  let best: Candidate | null = null;
  for (const candidate of group) {
    if (candidate.role !== null && candidate.role !== role) continue;
    if (best === null || candidate.rank > best.rank || (candidate.rank === best.rank && candidate.layer >= best.layer)) best = candidate;
  }
  return best;
}

/** Where the same place says different things: the name, with the lines of the first and of the last, which wins. */
function contradictedIn(candidates: readonly Candidate[]): string | null {
  const firsts = new Map<string, { readonly first: Candidate; last: Candidate; differ: boolean }>();
  for (const candidate of candidates) {
    const place = `${candidate.rank} ${candidate.layer}`;
    const known = firsts.get(place);
    if (known === undefined) firsts.set(place, { first: candidate, last: candidate, differ: false });
    else {
      known.differ ||= candidate.value !== known.last.value;
      known.last = candidate;
    }
  }
  for (const { first, last, differ } of firsts.values()) {
    if (differ) return last.line === 0 ? last.name : `${last.name} (lines ${first.line} and ${last.line})`;
  }
  return null;
}
