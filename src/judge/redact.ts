/**
 * A profile and facts without the names that are the user's own: functions, types, threads, packages, files, modules, captures.
 * What lagleak knows to be public stays readable: the clients' names, the runtimes' and the well-known libraries', without
 * their type arguments, which may be the user's. Everything else is hidden, whether it is secret or not.
 */
import { at, Uint32Builder } from "../base/columns.ts";
import type { Loss } from "../base/failure.ts";
import { hidden, hiddenFile, hiddenIn } from "../base/redaction.ts";
import { displayName, matchName } from "../base/symbols.ts";
import type { KafkaClient } from "../clients/client.ts";
import type { OwnRules } from "../clients/own-rules.ts";
import { moduleBaseName } from "../model/ledger.ts";
import { FrameKind, type Profile } from "../model/profile.ts";
import { type Attribution, isWellKnownModule } from "./attribution.ts";
import type { ProcessFacts } from "./facts.ts";
import { accumulationRedactor, redactGraph } from "./redact-graph.ts";

/** Attributed before: without its names nobody could say whose a frame is. */
export function redactProfile(profile: Profile, attribution: Attribution, clients: readonly KafkaClient[]): Profile {
  const { frames, modules, strings } = profile;
  const pool = new StringPool();
  const textOf = (id: number): string => strings[id] ?? "";
  const moduleName = new Uint32Builder();
  for (let module = 0; module < modules.length; module++) {
    const name = textOf(at(modules.name, module));
    moduleName.push(pool.add(isWellKnownModule(name, clients) ? moduleBaseName(name) : hiddenFile(name)));
  }
  const [name, file] = [new Uint32Builder(), new Uint32Builder()];
  for (let frame = 0; frame < frames.length; frame++) {
    const isPublic = at(attribution.wellKnown, frame) === 1;
    const own = textOf(at(frames.name, frame));
    const place = textOf(at(frames.file, frame));
    name.push(pool.add(isPublic ? publicName(own, at(frames.kind, frame)) : hidden(displayName(own))));
    file.push(pool.add(isPublic ? moduleBaseName(place) : hiddenFile(place)));
  }
  const standIns = standInsOf(profile);
  return {
    ...profile,
    origin: { ...profile.origin, command: null, executable: null },
    captures: profile.captures.map((capture) => ({
      ...capture,
      path: hiddenFile(capture.path),
      losses: redactLosses(capture.losses, standIns),
    })),
    losses: redactLosses(profile.losses, standIns),
    strings: pool.strings,
    modules: { ...modules, name: moduleName.finish() },
    frames: { ...frames, name: name.finish(), file: file.finish() },
    graph: redactGraph(profile, attribution),
  };
}

/** The names in an attribution: packages, clients of the user's own rules, code that calls itself Kafka. */
export function redactAttribution(attribution: Attribution, rules: OwnRules | null): Attribution {
  const ownIds = new Set((rules?.clients ?? []).map(({ id }) => id));
  const idOf = (id: string): string => (ownIds.has(id) ? hidden(id) : id);
  return {
    ...attribution,
    clientIds: attribution.clientIds.map(idOf),
    owners: attribution.owners.map(hidden),
    clients: attribution.clients.map((client) => ({ ...client, id: idOf(client.id) })),
    suspectedClient: attribution.suspectedClient === null ? null : hidden(attribution.suspectedClient),
  };
}

/** Facts as the judge and the report may see them: the attribution stays, its names do not. */
export function redactFacts(facts: ProcessFacts): ProcessFacts {
  const { attribution, clients, told, suppressed, retention } = facts;
  const redactAccumulation = accumulationRedactor(facts.profile, attribution);
  const ownIds = new Set((told.rules?.clients ?? []).map(({ id }) => id));
  const idOf = (id: string): string => (ownIds.has(id) ? hidden(id) : id);
  const redactClient = (client: KafkaClient): KafkaClient =>
    ownIds.has(client.id)
      ? {
          ...client,
          id: idOf(client.id),
          title: idOf(client.id),
          ...(client.builtOn === undefined ? {} : { builtOn: idOf(client.builtOn) }),
        }
      : client;
  const standIns = new Map([...standInsOf(facts.profile), ...[...ownIds].map((id) => [id, hidden(id)] as const)]);
  return {
    ...facts,
    profile: redactProfile(facts.profile, attribution, clients.slice(ownIds.size)),
    attribution: redactAttribution(attribution, told.rules),
    rows: facts.rows.map((row) => ({ ...row, client: idOf(row.client), owner: hidden(row.owner) })),
    clients: clients.map(redactClient),
    client: facts.client === null ? null : redactClient(facts.client),
    groups: facts.groups.map((group) => ({ ...group, client: group.client === null ? null : idOf(group.client) })),
    losses: redactLosses(facts.losses, standIns),
    retention: retention === null || retention.holder === null ? retention : { ...retention, holder: redactAccumulation(retention.holder) },
    suppressed: {
      ...suppressed,
      suppressions: suppressed.suppressions.map((own) => ({ ...own, pattern: hidden(own.pattern), file: hiddenFile(own.file) })),
    },
  };
}

/** A well-known name says nothing of the user once its type arguments are gone; behind the ` | ` of a thread stands a group or a client id. */
function publicName(name: string, kind: number): string {
  if (kind !== FrameKind.thread) return matchName(name);
  const bar = name.indexOf(" | ");
  return bar < 0 ? name : `${name.slice(0, bar)} | ${hidden(name.slice(bar + 3))}`;
}

/** The names of the captures and their folders, as sentences may hold them. */
function standInsOf({ captures }: Profile): ReadonlyMap<string, string> {
  const standIns = new Map<string, string>();
  for (const { path } of captures) {
    if (path === "-") continue;
    standIns.set(path, hiddenFile(path));
    standIns.set(moduleBaseName(path), hiddenFile(path));
  }
  return standIns;
}

/** The names of settings that no client knows may be anything. */
const UNKNOWN_SETTINGS = /^(.*?)((?: \([^()]*\))? is no setting of .*|: no settings? of .*)$/s;

function redactLosses(losses: readonly Loss[], standIns: ReadonlyMap<string, string>): readonly Loss[] {
  return losses.map((loss) => {
    const parts = loss.code === "unknown-setting" ? UNKNOWN_SETTINGS.exec(loss.text) : null;
    if (parts === null) {
      // evidence is named by its file in front
      const text = loss.code === "evidence" ? loss.text.replace(/^[^\s:]+(?=: )/, hiddenFile) : loss.text;
      return { ...loss, text: hiddenIn(text, standIns) };
    }
    const names = (parts[1] ?? "").split(/(, | and \d+ more$)/).map((part, row) => (row % 2 === 0 ? hidden(part) : part));
    return { ...loss, text: names.join("") + hiddenIn((parts[2] ?? "").replace(/^ \([^()]*\)/, ""), standIns) };
  });
}

/** Strings of a profile while it is rewritten: the first is empty, each is there once. */
class StringPool {
  readonly strings: string[] = [""];
  readonly #rows: Map<string, number> = new Map([["", 0]]);

  add(text: string): number {
    const known = this.#rows.get(text);
    if (known !== undefined) return known;
    const row = this.strings.push(text) - 1;
    this.#rows.set(text, row);
    return row;
  }
}
