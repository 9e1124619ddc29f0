/**
 * The settings of all files and of the command line as one, and whether the client knows them: misspelt names and values that
 * are no numbers would otherwise quietly mean the default. For `analyze` and `ceiling` alike.
 */
import { Failure, type Loss, type Where } from "../base/failure.ts";
import type { KafkaClient, Parameter, Settings } from "../clients/client.ts";
import { parametersOf, unknownSettingsOf } from "../clients/lineage.ts";
import { canonicalName } from "../clients/parameters.ts";
import type { Evidence } from "../evidence/evidence.ts";

export interface GivenSettings {
  readonly settings: Settings;
  /** Where those of files stand; without an entry: told on the command line. */
  readonly places: ReadonlyMap<string, Where>;
  /** Names that the client itself logged. */
  readonly known: ReadonlySet<string>;
  readonly losses: readonly Loss[];
}

/** Later files win over earlier ones, what was told wins over files; files that contradict each other are said. */
export function givenSettings(evidence: readonly Evidence[], told: Settings): GivenSettings {
  /** By canonical name, in the order in which they win: the client may have two names for one setting. */
  const given = new Map<
    string,
    { readonly name: string; readonly value: string; readonly where: Where | null; readonly isChecked: boolean }
  >();
  const losses: Loss[] = [];
  const contradicted: string[] = [];
  const toldNames = new Set([...told.keys()].map(canonicalName));
  for (const fact of evidence) {
    if (fact.kind !== "settings") continue;
    losses.push(...fact.losses);
    for (const [name, value] of fact.settings) {
      const canonical = canonicalName(name);
      const earlier = given.get(canonical);
      if (earlier !== undefined && earlier.value !== value && !toldNames.has(canonical) && !/^(?:client|group)id/.test(canonical)) {
        contradicted.push(name);
      }
      const line = fact.lines?.get(name);
      given.delete(canonical);
      given.set(canonical, {
        name,
        value,
        where: line === undefined ? { file: fact.from } : { file: fact.from, line },
        isChecked: fact.isChecked === true,
      });
    }
  }
  if (contradicted.length > 0) {
    losses.push(loss("evidence", `files contradict each other, the last one wins: ${listed(contradicted)}`, contradicted.length));
  }
  for (const [name, value] of told) {
    given.delete(canonicalName(name));
    given.set(canonicalName(name), { name, value, where: null, isChecked: false });
  }
  const all = [...given.values()];
  return {
    settings: new Map(all.map(({ name, value }) => [name, value])),
    places: new Map(all.flatMap(({ name, where }) => (where === null ? [] : [[name, where] as const]))),
    known: new Set(all.filter(({ isChecked }) => isChecked).map(({ name }) => canonicalName(name))),
    losses,
  };
}

/**
 * What the client does not know of the settings, as losses: one each for names that look misspelt, one for all others.
 * @throws Failure `configuration`, with file and line, for a value that is no number where the client needs one
 */
export function checkSettings(client: KafkaClient, given: GivenSettings, clients: readonly KafkaClient[]): readonly Loss[] {
  const parameters = new Map<string, Parameter>();
  for (const parameter of parametersOf(client, clients)) {
    for (const name of [parameter.name, ...(parameter.aliases ?? [])]) parameters.set(canonicalName(name), parameter);
  }
  for (const [name, value] of given.settings) {
    const parameter = parameters.get(canonicalName(name));
    if (parameter === undefined || !isNumeric(parameter) || Number.isFinite(Number(value.replaceAll("_", "")))) continue;
    const where = given.places.get(name);
    throw new Failure({
      code: "configuration",
      message: `the value of ${name} is no number`,
      ...(where === undefined ? {} : { where }),
      hint: `Give ${name} in ${parameter.unit}, as a plain number.`,
    });
  }
  const unchecked = new Map([...given.settings].filter(([name]) => !given.known.has(canonicalName(name))));
  const unknown = unknownSettingsOf(client, unchecked, clients);
  const placeOf = (name: string): string => {
    const where = given.places.get(name);
    return where === undefined ? "" : ` (${where.file.split(/[/\\]/).at(-1)}${where.line === undefined ? "" : `, line ${where.line}`})`;
  };
  const losses = unknown.flatMap(({ name, nearest }) =>
    nearest === null
      ? []
      : [loss("unknown-setting", `${name}${placeOf(name)} is no setting of ${client.id} and was not used: did you mean ${nearest}?`)],
  );
  const strange = unknown.filter(({ nearest }) => nearest === null).map(({ name }) => name);
  if (strange.length === 0) return losses;
  const text = `${listed(strange)}: no ${strange.length === 1 ? "setting" : "settings"} of ${client.id}, not used`;
  return [...losses, loss("unknown-setting", text, strange.length)];
}

/** A parameter counts something if all of its defaults are numbers; one without a default, if its unit does. */
function isNumeric({ defaults, unit }: Parameter): boolean {
  const values = defaults.map(({ value }) => value).filter((value) => value !== "");
  return values.length > 0
    ? values.every((value) => /^-?[\d_.]+$/.test(value))
    : /^(?:bytes|ki?b|messages|records|requests|ms|milliseconds)\b/i.test(unit);
}

function listed(names: readonly string[]): string {
  return names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
}

function loss(code: Loss["code"], text: string, count = 1): Loss {
  return { code, text, offset: null, count };
}
