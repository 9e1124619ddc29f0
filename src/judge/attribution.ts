/**
 * Whose memory every path is: the application's, a Kafka client's (and what for), the runtime's, or nobody can say. The frame
 * nearest to the leaf that is the client's or the application's decides; allocators and libraries pass on to their caller. So
 * a callback of the application below a client frame is the application's. This says who **allocated**; who keeps it is
 * another question.
 *
 * Never guessed: functions without names in the executable. A client may be linked into it, so they are `unknown`, unless a
 * client frame (a thread's name, for instance) stands above them.
 */
import { add, at, type Column } from "../base/columns.ts";
import { displayName, matchName, ownerOf } from "../base/symbols.ts";
import { COMPONENTS, type Component, type FrameRule, type KafkaClient } from "../clients/client.ts";
import { lineageOf } from "../clients/lineage.ts";
import type { FramePatterns, OwnRules } from "../clients/own-rules.ts";
import { type SurroundingKind, surroundings } from "../clients/surroundings.ts";
import { FrameKind, type Profile } from "../model/profile.ts";

export type Party = "unknown" | "app" | "client" | "runtime";

/** Rows of the column `party`. */
export const PARTIES: readonly Party[] = ["unknown", "app", "client", "runtime"];

const UNKNOWN = 0;
const APP = 1;
const CLIENT = 2;
const RUNTIME = 3;

export interface AttributeOptions {
  /** The client by its id, where the user says it: what it is built on counts as this client. */
  readonly client?: string | null;
  /** Functions, types, threads, modules or files that are the application's, whatever else would claim them. */
  readonly app?: RegExp | null;
  /** The user's own rules, asked right after `app`. */
  readonly rules?: OwnRules | null;
}

/** A client of which frames, types, threads or modules are in the profile. */
export interface DetectedClient {
  readonly id: string;
  readonly version: string | null; // as a path in the capture says
  readonly frames: number;
  readonly bytes: number; // sum of the highest live size of each of its paths: for ranking
  /** False: the function names of this client are invented (stripped library), so they were not used. */
  readonly namesTrusted: boolean;
}

/** Columns beside the paths. Their values are rows of the small lists. */
export interface Attribution {
  readonly party: Column; // row of PARTIES
  readonly client: Column; // row of `clientIds`; 0 = none
  readonly component: Column; // row of `components`; 0 = none
  readonly owner: Column; // row of `owners`; 0 = none
  readonly decidedBy: Column; // FrameId that decided; 0 = none did
  /** By frame: 1 where it is public what it is: of a client, of a runtime or of a library that lagleak knows by itself. */
  readonly wellKnown: Column;
  readonly clientIds: readonly string[];
  readonly components: readonly (Component | "")[];
  readonly owners: readonly string[]; // packages of the application's code
  /** Largest first. A wrapper and what it is built on are one client, the wrapper. */
  readonly clients: readonly DetectedClient[];
  /** No known client, but code that calls itself Kafka: its owner. Null otherwise. */
  readonly suspectedClient: string | null;
}

/** What a frame does in every path it is in. */
const PASSES_ON = 0;
const IS_BLANK = 1; // function unknown, in the executable or nowhere: nothing of the application passes through it
const IS_APP = 2;
const IS_CLIENT = 3;
const IS_PROFILER = 4; // what it allocates is its own, whoever calls it

/** What was passed on the way from the root, for paths that nobody claims. */
const SAW_RUNTIME = 1;
const SAW_BLANK = 2;
const SAW_CONTAINER = 4;

export function attribute(profile: Profile, clients: readonly KafkaClient[], options: AttributeOptions = {}): Attribution {
  const rules = options.rules ?? null;
  const known = rules === null ? clients : [...rules.clients, ...clients];
  const { paths } = profile;
  const names = new FrameNames(profile);
  const sizes = sizesOf(profile);
  const invented = known.map((client) => hasInventedNames(profile, client, names, sizes.highestBytes));
  const frames = classifyFrames(profile, known, names, invented, options.app ?? null, rules);
  const enclosures = new Enclosures(profile, known, names);
  const labels = labelsOf(known, frames.clientsSeen, options.client ?? null);
  const clientIds = ["", ...new Set(labels)];
  const labelRows = labels.map((label) => clientIds.indexOf(label));

  const party = new Uint8Array(paths.length);
  const client = new Uint8Array(paths.length);
  const component = new Uint8Array(paths.length);
  const owner = new Uint32Array(paths.length);
  const decidedBy = new Uint32Array(paths.length);
  const decidingPath = new Uint32Array(paths.length);
  const saw = new Uint8Array(paths.length);
  const clientBytes = new Float64Array(known.length);
  // Parents come first, so whatever is true of the nearest decider is inherited from the parent's row
  for (let path = 1; path < paths.length; path++) {
    const parent = at(paths.parent, path);
    const frame = at(paths.frame, path);
    const role = at(frames.role, frame);
    enclosures.enter(path, parent, frame);
    saw[path] = at(saw, parent) | at(frames.saw, frame);
    let decided = at(decidingPath, parent);
    if (role === IS_APP || role === IS_CLIENT || role === IS_PROFILER) decided = path;
    else if (role === IS_BLANK && at(party, decided) !== CLIENT) decided = 0;
    decidingPath[path] = decided;
    if (decided === 0) {
      party[path] = at(saw, path) === SAW_RUNTIME ? RUNTIME : UNKNOWN;
      continue;
    }
    const decider = at(paths.frame, decided);
    decidedBy[path] = decider;
    if (at(frames.role, decider) === IS_PROFILER) {
      party[path] = RUNTIME;
      continue;
    }
    if (at(frames.role, decider) === IS_APP) {
      party[path] = APP;
      owner[path] = at(frames.data, decider);
      continue;
    }
    const choice = frames.choices[at(frames.data, decider)];
    if (choice === undefined) continue; // cannot be: every client frame has one
    party[path] = CLIENT;
    client[path] = at(labelRows, choice.client);
    component[path] =
      decided !== path && !choice.asksSize
        ? at(component, decided)
        : componentOf(choice, (rule) => enclosures.holds(rule, decided), at(sizes.meanBlockBytes, path));
    add(clientBytes, choice.client, at(sizes.highestBytes, path));
  }

  const detected = detect(profile, known, labels, frames.clientsSeen, clientBytes, invented);
  return {
    party,
    client,
    component,
    owner,
    decidedBy,
    wellKnown: frames.wellKnown,
    clientIds,
    components: COMPONENT_ROWS,
    owners: frames.owners,
    clients: detected,
    suspectedClient: detected.length === 0 ? frames.kafkaLike : null,
  };
}

const COMPONENT_ROWS: readonly (Component | "")[] = ["", ...COMPONENTS];

/** Columns by which paths can be grouped. */
export type Facet = "party" | "client" | "component" | "owner";

export interface PathGroup {
  readonly party: Party;
  readonly client: string; // "" = none, or not asked for
  readonly component: Component | "";
  readonly owner: string;
}

/** Numbers the combinations of facets that occur, for `seriesByGroup`. Row 0 holds path 0, which holds nothing, and all like it. */
export function groupPaths(
  attribution: Attribution,
  facets: readonly Facet[],
): { readonly groups: readonly PathGroup[]; readonly groupOfPath: Uint32Array } {
  const groups: PathGroup[] = [];
  const groupOfPath = new Uint32Array(attribution.party.length);
  const rows = new Map<number, number>();
  const has = (facet: Facet): number => (facets.includes(facet) ? 1 : 0);
  const use = { party: has("party"), client: has("client"), component: has("component"), owner: has("owner") };
  for (let path = 0; path < groupOfPath.length; path++) {
    const party = at(attribution.party, path) * use.party;
    const client = at(attribution.client, path) * use.client;
    const component = at(attribution.component, path) * use.component;
    const owner = at(attribution.owner, path) * use.owner;
    const key = ((owner * 256 + component) * 256 + client) * 4 + party;
    let row = rows.get(key);
    if (row === undefined) {
      row = groups.length;
      rows.set(key, row);
      groups.push({
        party: PARTIES[party] ?? "unknown",
        client: attribution.clientIds[client] ?? "",
        component: attribution.components[component] ?? "",
        owner: attribution.owners[owner] ?? "",
      });
    }
    groupOfPath[path] = row;
  }
  return { groups, groupOfPath };
}

/** Everything that is asked of one frame. */
interface FrameFacts {
  readonly name: string; // normalised; "" = function unknown
  readonly raw: string; // as the capture gives it
  readonly kind: number;
  readonly module: string;
  readonly file: string;
}

/** Longer paths are cut before patterns look at them. */
const LONGEST_PLACE = 4096;

/** What profilers write where they know no function. */
const NO_NAME = /^(?:\?+|\?\?:0|[<([]?unknown[>)\]]?|0x[0-9a-f]+)$/i;

/** The facts of frames; every name is normalised once. */
class FrameNames {
  readonly #profile: Profile;
  readonly #normalised: Map<number, string> = new Map([[0, ""]]);

  constructor(profile: Profile) {
    this.#profile = profile;
  }

  nameOf(frame: number): string {
    const id = at(this.#profile.frames.name, frame);
    let name = this.#normalised.get(id);
    if (name === undefined) {
      const raw = this.#profile.strings[id] ?? "";
      name = NO_NAME.test(raw) ? "" : matchName(raw);
      this.#normalised.set(id, name);
    }
    return name;
  }

  factsOf(frame: number): FrameFacts {
    const { strings, modules, frames } = this.#profile;
    return {
      name: this.nameOf(frame),
      raw: strings[at(frames.name, frame)] ?? "",
      kind: at(frames.kind, frame),
      module: (strings[at(modules.name, at(frames.module, frame))] ?? "").slice(0, LONGEST_PLACE),
      file: (strings[at(frames.file, frame)] ?? "").slice(0, LONGEST_PLACE),
    };
  }
}

/** The rules that can hold for a client frame whatever the path; those left ask for the path. */
interface Choice {
  readonly client: number; // row of the known clients
  readonly rules: readonly FrameRule[];
  readonly otherwise: Component;
  readonly asksSize: boolean;
}

interface ClassifiedFrames {
  readonly role: Uint8Array;
  readonly data: Uint32Array; // of the application: row of `owners`; of a client: row of `choices`
  readonly saw: Uint8Array;
  readonly wellKnown: Uint8Array;
  readonly owners: readonly string[];
  readonly choices: readonly Choice[];
  readonly clientsSeen: readonly number[]; // frames of each known client
  readonly kafkaLike: string | null; // owner of an application frame that calls itself Kafka
}

function classifyFrames(
  profile: Profile,
  clients: readonly KafkaClient[],
  names: FrameNames,
  invented: readonly boolean[],
  app: RegExp | null,
  own: OwnRules | null,
): ClassifiedFrames {
  const { frames } = profile;
  const role = new Uint8Array(frames.length);
  const data = new Uint32Array(frames.length);
  const saw = new Uint8Array(frames.length);
  const wellKnown = new Uint8Array(frames.length);
  const owners = [""];
  const ownerRows = new Map([["", 0]]);
  const choices: Choice[] = [];
  const clientsSeen = clients.map(() => 0);
  let kafkaLike: string | null = null;
  const memo = new Map<string, readonly [result: Result, wellKnown: number]>();
  const around = new SurroundingIndex();
  const shown = clients.map((client) => client.own.weakTypes !== undefined && isShown(client, names, frames.length));

  type Result = readonly [role: number, data: number, saw: number];

  const asClient = (row: number, client: KafkaClient, facts: FrameFacts): Result => {
    const isUnnamed = facts.name === "" || facts.kind === FrameKind.thread || invented[row] === true;
    const rules = client.rules.filter((rule) => canHold(rule, facts, isUnnamed));
    const asksSize = rules.some((rule) => rule.blockBytes !== undefined);
    return [
      IS_CLIENT,
      choices.push({ client: row, rules, otherwise: isUnnamed ? "unsymbolised-client" : "client-other", asksSize }) - 1,
      0,
    ];
  };

  const asApp = (owner: string): Result => {
    const row = ownerRows.get(owner) ?? owners.push(owner) - 1;
    ownerRows.set(owner, row);
    return [IS_APP, row, 0];
  };

  const ownerOfFacts = (facts: FrameFacts): string =>
    facts.kind === FrameKind.thread ? facts.name : ownerOf({ ...facts, isType: facts.kind === FrameKind.type });

  /** What the user says; null where the user says nothing. */
  const asTold = (facts: FrameFacts): Result | null => {
    if (app !== null && isOfApp(app, facts)) return asApp(ownerOfFacts(facts));
    if (own === null) return null;
    const ofApplication = own.application.find((entry) => isAmong(entry.frames, facts));
    if (ofApplication !== undefined) return asApp(ofApplication.package ?? ownerOfFacts(facts));
    const row = own.clients.findIndex((client) => isAmong(client.own, facts));
    const client = own.clients[row];
    if (client !== undefined) return asClient(row, client, facts); // own clients are the first of all
    return own.libraries.some((patterns) => isAmong(patterns, facts)) ? [PASSES_ON, 0, SAW_RUNTIME] : null;
  };

  const classify = (facts: FrameFacts): Result => {
    const named = facts.kind === FrameKind.thread ? null : around.ofCode(facts);
    if (named === "allocator") return [PASSES_ON, 0, 0];
    // Where two clients have a namespace in common, the module tells them apart
    const byBoth = clients.findIndex((client) => ownsByName(client, facts) && client.own.modules?.test(facts.module) === true);
    const byName =
      byBoth >= 0
        ? byBoth
        : clients.findIndex((client, row) => ownsByName(client, facts) || (shown[row] === true && ownsWeakly(client, facts)));
    const byPlace = byName >= 0 || named !== null ? byName : clients.findIndex((client) => ownsByPlace(client, facts));
    const client = clients[byPlace];
    if (client !== undefined) return asClient(byPlace, client, facts);
    const surrounding = named ?? (facts.kind === FrameKind.thread ? null : around.ofModule(facts.module));
    if (surrounding === "allocator") return [PASSES_ON, 0, 0];
    if (surrounding === "profiler") return [IS_PROFILER, 0, SAW_RUNTIME];
    if (surrounding !== null) return [PASSES_ON, 0, surrounding === "container" ? SAW_CONTAINER : SAW_RUNTIME];
    if (facts.kind === FrameKind.thread) return [PASSES_ON, 0, 0]; // says nothing of what the thread does
    if (facts.name === "") return [IS_BLANK, 0, SAW_BLANK];
    const owner = ownerOfFacts(facts);
    if (kafkaLike === null && KAFKA_LIKE.test(`${facts.name} ${owner}`)) kafkaLike = owner === "" ? facts.name : owner;
    return asApp(owner);
  };

  for (let frame = 1; frame < frames.length; frame++) {
    const key = `${at(frames.name, frame)},${at(frames.module, frame)},${at(frames.file, frame)},${at(frames.kind, frame)}`;
    let known = memo.get(key);
    if (known === undefined) {
      const facts = names.factsOf(frame);
      const told = asTold(facts);
      const result = told ?? classify(facts);
      // a thread of nobody may be called after anything
      const isNobodys = result[0] === IS_APP || result[0] === IS_BLANK || (result[0] === PASSES_ON && facts.kind === FrameKind.thread);
      known = [result, told === null && !isNobodys ? 1 : 0];
      memo.set(key, known);
    }
    const [result] = known;
    [role[frame], data[frame], saw[frame]] = result;
    wellKnown[frame] = known[1];
    const choice = result[0] === IS_CLIENT ? choices[result[1]] : undefined;
    if (choice !== undefined) clientsSeen[choice.client] = (clientsSeen[choice.client] ?? 0) + 1;
  }
  return { role, data, saw, wellKnown, owners, choices, clientsSeen, kafkaLike };
}

/** Asks the surroundings. Names are many and asked once each by the caller; files and modules are few, so their answers are kept. */
class SurroundingIndex {
  readonly #byFile: Map<string, number> = new Map();
  readonly #byModule: Map<string, number> = new Map();

  /** By what the code is: the first entry that its name or its file fits. */
  ofCode({ name, kind, file }: FrameFacts): SurroundingKind | null {
    let byFile = file === "" ? -1 : this.#byFile.get(file);
    if (byFile === undefined) {
      byFile = surroundings.findIndex((entry) => entry.file?.test(file) === true);
      this.#byFile.set(file, byFile);
    }
    const before = byFile < 0 ? surroundings.length : byFile;
    for (let row = 0; row < before && name !== ""; row++) {
      const entry = surroundings[row];
      if (entry?.name === undefined || (entry.of !== undefined && FrameKind[entry.of] !== kind)) continue;
      if (entry.name.test(name)) return entry.kind;
    }
    return surroundings[byFile]?.kind ?? null;
  }

  /** By the module that the code lies in. */
  ofModule(module: string): SurroundingKind | null {
    if (module === "") return null;
    let row = this.#byModule.get(module);
    if (row === undefined) {
      row = surroundings.findIndex((entry) => entry.module?.test(module) === true);
      this.#byModule.set(module, row);
    }
    return surroundings[row]?.kind ?? null;
  }
}

/** Whether it is public what a module is: of a client, of a runtime or of a library that lagleak knows by itself. */
export function isWellKnownModule(module: string, clients: readonly KafkaClient[]): boolean {
  const place = module.slice(0, LONGEST_PLACE);
  return clients.some(({ own }) => own.modules?.test(place) === true) || new SurroundingIndex().ofModule(place) !== null;
}

/** Code of no known client that shows one all the same. */
const KAFKA_LIKE = /kafka/i;

/** Names are asked in every form that the user may have seen: as in the capture, as shown, as rules see them. */
function isOfApp(app: RegExp, { name, raw, module, file }: FrameFacts): boolean {
  const shown = name === "" ? "" : displayName(raw);
  return [name, shown, raw, module, file].some((text) => text !== "" && app.test(text));
}

function isAmong({ names, modules, files, threads }: FramePatterns, { name, kind, module, file }: FrameFacts): boolean {
  const matches = (pattern: RegExp | undefined, text: string): boolean => text !== "" && pattern?.test(text) === true;
  return matches(kind === FrameKind.thread ? threads : names, name) || matches(modules, module) || matches(files, file);
}

function ownsByName(client: KafkaClient, facts: FrameFacts): boolean {
  if (facts.kind === FrameKind.thread) return client.own.threads?.test(facts.name) === true;
  return facts.name !== "" && client.own.names.test(facts.name);
}

/** A type whose name alone does not show the client. */
function ownsWeakly({ own }: KafkaClient, facts: FrameFacts): boolean {
  return facts.kind === FrameKind.type && own.weakTypes?.test(facts.name) === true;
}

/** Whether some frame shows the client for sure. */
function isShown(client: KafkaClient, names: FrameNames, frames: number): boolean {
  for (let frame = 1; frame < frames; frame++) {
    const facts = names.factsOf(frame);
    if (ownsByName(client, facts) || ownsByPlace(client, facts)) return true;
  }
  return false;
}

function ownsByPlace(client: KafkaClient, facts: FrameFacts): boolean {
  return client.own.modules?.test(facts.module) === true || client.own.files?.test(facts.file) === true;
}

/** Whether a rule can hold for this frame in some path. */
function canHold(rule: FrameRule, facts: FrameFacts, isUnnamed: boolean): boolean {
  if (rule.unnamed === true && !isUnnamed) return false;
  if (rule.name !== undefined && (isUnnamed || !rule.name.test(facts.name))) return false;
  if (rule.kind !== undefined && FrameKind[rule.kind] !== facts.kind) return false;
  if (rule.module !== undefined && !rule.module.test(facts.module)) return false;
  return rule.file === undefined || rule.file.test(facts.file);
}

function componentOf(choice: Choice, isEnclosed: (rule: FrameRule) => boolean, meanBlockBytes: number): number {
  for (const rule of choice.rules) {
    if (rule.blockBytes !== undefined && (meanBlockBytes < rule.blockBytes[0] || meanBlockBytes > rule.blockBytes[1])) continue;
    if (rule.below !== undefined && !isEnclosed(rule)) continue;
    return COMPONENT_ROWS.indexOf(rule.component);
  }
  return COMPONENT_ROWS.indexOf(choice.otherwise);
}

/**
 * Which `below` names enclose a path, so that no rule has to walk. Each pair (`below`, `notThrough`) is a bit that a path
 * inherits: set by a frame with the `below` name, cleared by one with the `notThrough` name. 32 bits a word.
 */
class Enclosures {
  readonly #profile: Profile;
  readonly #names: FrameNames;
  readonly #pairs: FrameRule[] = [];
  readonly #rowOfRule: Map<FrameRule, number> = new Map();
  readonly #anyName: RegExp; // most names are in no pair
  readonly #words: number;
  readonly #bits: Uint32Array; // by path
  readonly #changesByName: Map<number, readonly [set: Uint32Array, clear: Uint32Array] | null> = new Map();

  constructor(profile: Profile, clients: readonly KafkaClient[], names: FrameNames) {
    this.#profile = profile;
    this.#names = names;
    const rows = new Map<string, number>();
    for (const rule of clients.flatMap((client) => client.rules)) {
      if (rule.below === undefined) continue;
      const key = `${rule.below.source}\n${rule.notThrough?.source ?? ""}`;
      const row = rows.get(key) ?? this.#pairs.push(rule) - 1;
      rows.set(key, row);
      this.#rowOfRule.set(rule, row);
    }
    this.#anyName = unionOf(this.#pairs.flatMap((pair) => [pair.below, pair.notThrough]));
    this.#words = Math.ceil(this.#pairs.length / 32);
    this.#bits = new Uint32Array(profile.paths.length * this.#words);
  }

  /** Parents are entered first. */
  enter(path: number, parent: number, frame: number): void {
    const changes = this.#changesOf(frame);
    for (let word = 0; word < this.#words; word++) {
      const inherited = at(this.#bits, parent * this.#words + word);
      this.#bits[path * this.#words + word] = changes === null ? inherited : (inherited & ~at(changes[1], word)) | at(changes[0], word);
    }
  }

  /** Whether the last frame of the path lies below what the rule asks for. */
  holds(rule: FrameRule, path: number): boolean {
    const row = this.#rowOfRule.get(rule);
    if (row === undefined) return false;
    const { parent, frame } = this.#profile.paths;
    const word = row >>> 5;
    const cleared = this.#changesOf(at(frame, path))?.[1];
    const above = at(this.#bits, at(parent, path) * this.#words + word) & ~(cleared === undefined ? 0 : at(cleared, word));
    return (above & (1 << (row & 31))) !== 0;
  }

  #changesOf(frame: number): readonly [Uint32Array, Uint32Array] | null {
    const id = at(this.#profile.frames.name, frame);
    let changes = this.#changesByName.get(id);
    if (changes === undefined) {
      const name = this.#names.nameOf(frame);
      changes = name !== "" && this.#anyName.test(name) ? this.#changesFor(name) : null;
      this.#changesByName.set(id, changes);
    }
    return changes;
  }

  #changesFor(name: string): readonly [Uint32Array, Uint32Array] {
    const set = new Uint32Array(this.#words);
    const clear = new Uint32Array(this.#words);
    for (const [row, { below, notThrough }] of this.#pairs.entries()) {
      const bit = 1 << (row & 31);
      if (below?.test(name) === true) set[row >>> 5] = at(set, row >>> 5) | bit;
      if (notThrough?.test(name) === true) clear[row >>> 5] = at(clear, row >>> 5) | bit;
    }
    return [set, clear];
  }
}

const THREAD_START = /^(?:start_thread|_*clone[23]?|thread_start|_pthread_start)$/;

/** Whether most memory of the client's threads hangs below thread entries that cannot be ones. */
function hasInventedNames(profile: Profile, client: KafkaClient, names: FrameNames, bytes: Column): boolean {
  const { nameTest } = client;
  if (nameTest === undefined) return false;
  const { paths, frames, strings } = profile;
  const IS_START = 1;
  const IS_ENTRY = 2;
  const IS_MAIN = 4;
  const kinds = new Uint8Array(strings.length);
  for (let frame = 1; frame < frames.length; frame++) {
    const name = names.nameOf(frame);
    const isStart = at(frames.kind, frame) === FrameKind.thread || THREAD_START.test(name);
    const kind = (isStart ? IS_START : 0) | (nameTest.entry.test(name) ? IS_ENTRY : 0) | (nameTest.threadMain.test(name) ? IS_MAIN : 0);
    kinds[at(frames.name, frame)] = kind;
  }
  const OUTSIDE = 0;
  const SUSPICIOUS = 1;
  const BELIEVED = 2;
  const state = new Uint8Array(paths.length);
  const total = new Float64Array(3);
  for (let path = 1; path < paths.length; path++) {
    const parent = at(paths.parent, path);
    const kind = at(kinds, at(frames.name, at(paths.frame, path)));
    const above = at(state, parent);
    const startsThread = (at(kinds, at(frames.name, at(paths.frame, parent))) & IS_START) !== 0;
    if ((kind & IS_MAIN) !== 0) state[path] = BELIEVED;
    else if (above === OUTSIDE && startsThread && (kind & IS_ENTRY) !== 0) state[path] = SUSPICIOUS;
    else state[path] = above;
    add(total, at(state, path), at(bytes, path));
  }
  return at(total, SUSPICIOUS) > at(total, BELIEVED);
}

/** Of every path, by itself: the mean size of its blocks (0 = unknown) and the most it ever held. */
function sizesOf(profile: Profile): { readonly meanBlockBytes: Float64Array; readonly highestBytes: Float64Array } {
  const { changes, paths } = profile;
  const live = new Float64Array(paths.length);
  const liveBlocks = new Float64Array(paths.length);
  const allocated = new Float64Array(paths.length);
  const allocatedBlocks = new Float64Array(paths.length);
  const levelSum = new Float64Array(paths.length);
  const levelBlocks = new Float64Array(paths.length);
  const highestBytes = new Float64Array(paths.length);
  for (let row = 0; row < changes.length; row++) {
    const path = at(changes.path, row);
    add(live, path, at(changes.liveBytes, row));
    add(liveBlocks, path, at(changes.liveBlocks, row));
    add(allocated, path, at(changes.allocatedBytes, row));
    add(allocatedBlocks, path, at(changes.allocatedBlocks, row));
    add(levelSum, path, at(live, path));
    add(levelBlocks, path, at(liveBlocks, path));
    highestBytes[path] = Math.max(at(highestBytes, path), at(live, path));
  }
  const meanBlockBytes = new Float64Array(paths.length);
  for (let path = 1; path < paths.length; path++) {
    if (at(allocatedBlocks, path) > 0) meanBlockBytes[path] = at(allocated, path) / at(allocatedBlocks, path);
    else if (at(levelBlocks, path) > 0) meanBlockBytes[path] = at(levelSum, path) / at(levelBlocks, path);
    // Unsampled sizes are products of doubles: 320.00000000000006 is 320
    meanBlockBytes[path] = Math.round(at(meanBlockBytes, path) * 1000) / 1000;
  }
  return { meanBlockBytes, highestBytes };
}

/** Matches what any of the patterns matches (flags are left out: no rule has any); nothing when there is none. */
function unionOf(patterns: readonly (RegExp | undefined)[]): RegExp {
  return new RegExp(patterns.flatMap((pattern) => (pattern === undefined ? [] : [`(?:${pattern.source})`])).join("|") || "(?!)");
}

/**
 * What each known client is called: itself, or the wrapper on top of it when the user names one or exactly one is in the
 * profile (its frames and those of its base are one client to the user).
 */
function labelsOf(clients: readonly KafkaClient[], seen: readonly number[], chosen: string | null): readonly string[] {
  const wrappers = clients.filter((client, row) => client.id === chosen || (chosen === null && (seen[row] ?? 0) > 0));
  return clients.map((client) => {
    const above = wrappers.filter(
      (wrapper) => wrapper !== client && lineageOf(wrapper, null, clients).some((layer) => layer.client === client),
    );
    const outermost = above.filter((wrapper) => !above.some((other) => other.builtOn === wrapper.id));
    return outermost.length === 1 ? (outermost[0]?.id ?? client.id) : client.id;
  });
}

function detect(
  profile: Profile,
  clients: readonly KafkaClient[],
  labels: readonly string[],
  seen: readonly number[],
  bytes: Column,
  invented: readonly boolean[],
): readonly DetectedClient[] {
  const found: DetectedClient[] = [];
  for (const id of new Set(labels)) {
    const rows = labels.flatMap((label, row) => (label === id ? [row] : []));
    const frames = rows.reduce((sum, row) => sum + (seen[row] ?? 0), 0);
    if (frames === 0) continue;
    const own = clients.find((client) => client.id === id);
    found.push({
      id,
      version: own?.versionInPath === undefined ? null : versionIn(profile, own.versionInPath),
      frames,
      bytes: rows.reduce((sum, row) => sum + at(bytes, row), 0),
      namesTrusted: !rows.some((row) => invented[row] === true),
    });
  }
  return found.sort((left, right) => right.bytes - left.bytes);
}

function versionIn(profile: Profile, pattern: RegExp): string | null {
  for (let module = 1; module < profile.modules.length; module++) {
    const found = pattern.exec(profile.strings[at(profile.modules.name, module)] ?? "");
    if (found !== null) return found[1] ?? null;
  }
  for (const file of new Set(Array.from({ length: profile.frames.length }, (_, frame) => at(profile.frames.file, frame)))) {
    const found = pattern.exec(profile.strings[file] ?? "");
    if (found !== null) return found[1] ?? null;
  }
  return null;
}
