/**
 * The official JSON schema of SARIF 2.1.0 (OASIS, as Microsoft's package ships it) and what GitHub's code scanning asks beyond it:
 * a location names a file.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";

let compiled: ValidateFunction | null = null;

/** Draft 4 of JSON Schema calls `$id` otherwise; nothing else that this schema uses differs from draft 7. */
function validator(): ValidateFunction {
  const file = createRequire(import.meta.url).resolve("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
  const { $schema: _, id: __, ...schema } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  // a pattern of the schema is no regular expression with the flag u
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
  (addFormats as unknown as (ajv: Ajv) => void)(ajv);
  return ajv.compile(schema);
}

/** What is wrong with a SARIF log; nothing where it is right. */
export function sarifProblems(text: string): readonly string[] {
  compiled ??= validator();
  const log = JSON.parse(text) as {
    runs: { results: { ruleId: string; locations?: { physicalLocation?: { artifactLocation?: { uri?: string } } }[] }[] }[];
  };
  compiled(log);
  const broken = (compiled.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`);
  const homeless = log.runs
    .flatMap(({ results }) => results)
    .filter(({ locations = [] }) => locations.some(({ physicalLocation }) => (physicalLocation?.artifactLocation?.uri ?? "") === ""))
    .map(({ ruleId }) => `a result of ${ruleId} has a location without a file`);
  return [...broken, ...homeless];
}
