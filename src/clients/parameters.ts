/**
 * Settings as formulas ask for them: what the user set, else the default of the version. Names are compared without case and
 * separators, so that `fetch.max.bytes`, `FetchMaxBytes`, `fetch_max_bytes` and `FETCH_MAX_BYTES` are one setting.
 */
import { Failure } from "../base/failure.ts";
import { editDistance } from "../base/nearest.ts";
import { compareVersions } from "../base/versions.ts";
import type { Ceiling, Parameter, Scope, Settings } from "./client.ts";

/** Topic settings of librdkafka may stand below these. */
const PREFIX = /^(?:default\.topic\.config\.|topic\.)/i;

/** What is the same for two spellings of one name. */
export function canonicalName(name: string): string {
  return name.replace(PREFIX, "").toLowerCase().replace(/[._-]/g, "");
}

function namesOf(parameter: Parameter): readonly string[] {
  return [parameter.name, ...(parameter.aliases ?? [])].map(canonicalName);
}

/** The settings of one scope, read by the parameters of one client. Keeps which of them were asked for. */
export class Parameters {
  readonly #byName: ReadonlyMap<string, Parameter>;
  readonly #settings: ReadonlyMap<string, string>;
  readonly #version: string | null;
  readonly #used: Map<string, string> = new Map();

  constructor(parameters: readonly Parameter[], scope: Pick<Scope, "settings" | "version">) {
    this.#byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
    const settings = new Map<string, string>();
    for (const [name, value] of scope.settings) {
      settings.delete(canonicalName(name)); // set anew: the order says which of two names is the later
      settings.set(canonicalName(name), value.trim());
    }
    this.#settings = settings;
    this.#version = scope.version;
  }

  isSet(name: string): boolean {
    return this.#given(this.#parameter(name)) !== null;
  }

  /** As set, else the default of the version; "" when it has none. */
  text(name: string): string {
    const parameter = this.#parameter(name);
    const value = this.#given(parameter) ?? defaultOf(parameter, this.#version);
    if (value !== "") this.#used.set(name, value);
    return value;
  }

  /** @throws Failure `configuration` when it is set to something that is no number */
  number(name: string): number {
    const text = this.text(name);
    const value = Number(text.replaceAll("_", ""));
    if (text !== "" && Number.isFinite(value)) return value;
    throw new Failure({
      code: "configuration",
      message: text === "" ? `${name} has no default and is not set` : `the value of ${name} is no number`,
      hint: `Give ${name} in ${this.#parameter(name).unit}, as a plain number.`,
    });
  }

  /** Like `number`; null when it is neither set nor has a default. */
  numberOrNull(name: string): number | null {
    return this.text(name) === "" ? null : this.number(name);
  }

  /** What was asked for so far, with the values used, for `Ceiling.settings`. */
  get used(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#used);
  }

  #parameter(name: string): Parameter {
    const parameter = this.#byName.get(name);
    if (parameter === undefined) throw new Error(`no parameter ${name}`);
    return parameter;
  }

  /** Of two names for one parameter the later counts, as in the clients themselves. */
  #given(parameter: Parameter): string | null {
    const names = namesOf(parameter);
    let given: string | null = null;
    for (const [name, value] of this.#settings) if (value !== "" && names.includes(name)) given = value;
    return given;
  }
}

/** The default of a version, or of the newest where it is unknown. */
export function defaultOf({ defaults }: Parameter, version: string | null): string {
  const row = version === null ? defaults[0] : defaults.find(({ from }) => compareVersions(version, from) >= 0);
  return (row ?? defaults.at(-1))?.value ?? "";
}

/** The scope with some settings replaced (null = taken out), under whatever name the user wrote them. */
export function withSettings(
  scope: Scope,
  parameters: readonly Parameter[],
  replaced: Readonly<Record<string, string | number | null>>,
): Scope {
  const settings: Map<string, string> = new Map(scope.settings);
  for (const [name, value] of Object.entries(replaced)) {
    const parameter = parameters.find((candidate) => candidate.name === name);
    const names = parameter === undefined ? [canonicalName(name)] : namesOf(parameter);
    for (const key of scope.settings.keys()) if (names.includes(canonicalName(key))) settings.delete(key);
    if (value !== null) settings.set(name, String(value));
  }
  return { ...scope, settings };
}

/** Largest whole number in `[least, most]` that fits; null when not even the least does. `fits` is monotone. */
export function largestFitting(least: number, most: number, fits: (value: number) => boolean): number | null {
  if (!fits(least)) return null;
  let fitting = least;
  for (let step = 2 ** 40; step >= 1; step /= 2) if (fitting + step <= most && fits(fitting + step)) fitting += step;
  return fitting;
}

/** A setting that makes a ceiling smaller, and how small it may sensibly become. */
export interface Lever {
  readonly name: string;
  readonly least: number;
}

/**
 * Settings under which the upper bound fits, as large as possible: the first lever alone if that is enough, else the first at
 * its least and the second, and so on. Null when all of them at their least are not enough. Never larger than what is set.
 */
export function settingsThatFit(
  scope: Scope,
  parameters: readonly Parameter[],
  ceilingOf: (scope: Scope) => Ceiling,
  targetBytes: number,
  levers: readonly Lever[],
): Readonly<Record<string, string>> | null {
  const present = new Parameters(parameters, scope);
  const settings: Record<string, string> = {};
  for (const { name, least } of levers) {
    const fits = (value: number): boolean =>
      ceilingOf(withSettings(scope, parameters, { ...settings, [name]: value })).highBytes <= targetBytes;
    const most = present.numberOrNull(name) ?? Number.MAX_SAFE_INTEGER;
    const value = largestFitting(Math.min(least, most), most, fits);
    settings[name] = String(value ?? Math.min(least, most));
    if (value !== null) return settings;
  }
  return null;
}

/** Settings whose name the client does not know; `nearest` is the one that was probably meant. */
export interface UnknownSetting {
  readonly name: string;
  readonly nearest: string | null;
}

/** Of so many unknown names the nearest is looked for: a file with more is no client's configuration. */
const MOST_COMPARED = 200;

/** Most edits between a misspelt name and the one that was meant, as a share of its length. */
const NEAR_SHARE = 0.25;

/**
 * Checks names against everything the client and those it is built on know. Where one of them has no complete list, only names
 * that look like a misspelt parameter are reported.
 */
export function unknownSettings(
  settings: Settings,
  parameters: readonly Parameter[],
  otherProperties: readonly string[],
  isComplete: boolean,
): readonly UnknownSetting[] {
  const names = [...parameters.flatMap(({ name, aliases = [] }) => [name, ...aliases]), ...otherProperties];
  const known = new Set(names.map(canonicalName));
  const unknown: UnknownSetting[] = [];
  let compared = 0;
  for (const name of settings.keys()) {
    const canonical = canonicalName(name);
    if (known.has(canonical)) continue;
    let nearest: string | null = null;
    let fewest = Math.floor(NEAR_SHARE * canonical.length) + 1;
    for (const candidate of compared++ < MOST_COMPARED ? names : []) {
      const edits = editDistance(canonical, canonicalName(candidate), fewest);
      if (edits < fewest) {
        fewest = edits;
        nearest = candidate;
      }
    }
    if (isComplete || nearest !== null) unknown.push({ name, nearest });
  }
  return unknown;
}
