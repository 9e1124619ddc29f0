/**
 * What every SARIF 2.1.0 log (OASIS) of ours has in common. Code scanning of GitHub refuses a whole file when one of its locations
 * is no file, so a location without a source file points to the capture, and where there is neither there is no location.
 */
import { jsonText } from "../base/json-text.ts";
import { printable } from "./printable.ts";

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";
const MOST_CHARACTERS = 500;

export type SarifLevel = "error" | "warning" | "note";

export interface SarifRule {
  readonly id: string;
  readonly text: string; // what it means, once for all its results
  readonly level: SarifLevel;
}

export interface SarifResult {
  readonly rule: string; // id
  readonly text: string;
  /** The function or type that it is about; null: the process. */
  readonly name: string | null;
  readonly kind: "function" | "type";
  readonly file: string | null;
  readonly line: number | null;
  /** Where there is no file: the capture. */
  readonly capture: string | null;
  readonly fingerprint: string | null;
  readonly baseline?: "new" | "updated";
  readonly properties: Readonly<Record<string, unknown>>;
}

export function sarifLog(
  tool: { readonly name: string; readonly version: string },
  rules: readonly SarifRule[],
  results: readonly SarifResult[],
  properties: Readonly<Record<string, unknown>> | null = null,
): string {
  return jsonText({
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: tool.name,
            version: tool.version,
            rules: rules.map(({ id, text, level }) => ({ id, shortDescription: { text }, defaultConfiguration: { level } })),
          },
        },
        results: results.map((result) => resultOf(result, rules)),
        ...(properties === null ? {} : { properties }),
      },
    ],
  });
}

function resultOf(result: SarifResult, rules: readonly SarifRule[]): object {
  const { rule, text, fingerprint, baseline, properties } = result;
  const index = rules.findIndex(({ id }) => id === rule);
  return {
    ruleId: rule,
    ruleIndex: index,
    level: rules[index]?.level,
    message: { text },
    locations: locationsOf(result),
    ...(fingerprint === null ? {} : { partialFingerprints: { "lagleak/v1": fingerprint } }),
    ...(baseline === undefined ? {} : { baselineState: baseline }),
    properties,
  };
}

function locationsOf({ name, kind, file, line, capture }: SarifResult): readonly object[] {
  const place = file ?? capture;
  if (place === null || place === "-" || place === "") return [];
  const region = file === null || line === null || line < 1 ? {} : { region: { startLine: line } };
  const logical = name === null ? {} : { logicalLocations: [{ fullyQualifiedName: name, kind }] };
  return [{ physicalLocation: { artifactLocation: { uri: uriOf(place) }, ...region }, ...logical }];
}

/** Printable and of a bearable length. */
export function clean(text: string): string {
  return printable(text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text);
}

/** A path as a URI reference: relative stays relative, as code scanning wants it. */
function uriOf(file: string): string {
  const path = file.replaceAll("\\", "/").replace(/\p{Surrogate}/gu, "\ufffd"); // half a character is no URI
  const encoded = path
    .split("/")
    .map(encodeURIComponent)
    .join("/")
    .replace(/^([A-Za-z])%3A\//, "file:///$1:/");
  return path.startsWith("/") ? `file://${encoded}` : encoded;
}
