/**
 * The answer as SARIF 2.1.0 (OASIS), for code scanning: one result a site that grows, at its file and line where the capture
 * knows them. Sites that only buffer are notes; nothing is an error that the verdict is not sure of.
 */
import { jsonText } from "../base/json-text.ts";
import { formatBytes } from "../base/units.ts";
import type { Answer, Site, VerdictClass } from "./answer.ts";
import { printable } from "./printable.ts";
import type { Renderer } from "./renderer.ts";
import { verdictTitle } from "./words.ts";

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";
const MOST_CHARACTERS = 500;

type Level = "error" | "warning" | "note";

const LEVELS: Readonly<Record<VerdictClass, Level>> = {
  leak: "error",
  backlog: "warning",
  "outside-heap": "warning",
  inconclusive: "note",
  buffering: "note",
  step: "note",
  "warm-up": "note",
  stable: "note",
};

/** What each class means, once, as SARIF's rules want it. */
const MEANINGS: Readonly<Record<VerdictClass, string>> = {
  leak: "Memory that keeps growing and is not a queue.",
  backlog: "A queue that grows without a known bound.",
  "outside-heap": "The process grows, its live heap does not.",
  inconclusive: "The evidence cannot tell; the verdict says which capture would.",
  buffering: "A client queue under a configured ceiling; no leak.",
  step: "One jump, flat on both sides.",
  "warm-up": "Growth that has slowed down.",
  stable: "No material growth.",
};

export const sarif: Renderer = {
  id: "sarif",
  render(answer) {
    const classes = [...new Set([answer.verdict.class, ...answer.sites.map((site) => site.class)])];
    const log = {
      $schema: SCHEMA,
      version: "2.1.0",
      runs: [
        {
          tool: {
            driver: {
              name: answer.tool.name,
              version: answer.tool.version,
              rules: classes.map((id) => ({
                id,
                shortDescription: { text: MEANINGS[id] },
                defaultConfiguration: { level: LEVELS[id] },
              })),
            },
          },
          results: [processResult(answer), ...answer.sites.map((site) => siteResult(site, classes))],
        },
      ],
    };
    return jsonText(log);
  },
};

/** The verdict of the process, without a place of its own. */
function processResult({ verdict, captures, suppressions }: Answer): object {
  const leftOut = suppressions.map(({ text }) => ` ${text}`).join("");
  return {
    ruleId: verdict.class,
    ruleIndex: 0,
    level: LEVELS[verdict.class],
    message: { text: `${clean(`${verdictTitle(verdict)}. ${verdict.summary}`)}${printable(leftOut)}` },
    locations: captures.slice(0, 1).map(({ path }) => ({ physicalLocation: { artifactLocation: { uri: uriOf(path) } } })),
    properties: { confidence: verdict.confidence, grade: verdict.grade, party: verdict.party, client: verdict.client },
  };
}

function siteResult(site: Site, classes: readonly VerdictClass[]): object {
  const name = clean(site.stack.at(-1) ?? "(unknown)");
  const region = site.line === null || site.line < 1 ? {} : { region: { startLine: site.line } };
  const physical = site.file === null ? {} : { physicalLocation: { artifactLocation: { uri: uriOf(site.file) }, ...region } };
  return {
    ruleId: site.class,
    ruleIndex: classes.indexOf(site.class),
    level: LEVELS[site.class],
    message: { text: `${formatBytes(site.growthBytes)} of growth, ${formatBytes(site.liveBytes)} live, allocated by ${name}` },
    locations: [{ ...physical, logicalLocations: [{ fullyQualifiedName: name, kind: "function" }] }],
    partialFingerprints: { "lagleak/v1": [site.party, site.component ?? "", name].join("/") },
    properties: { confidence: site.confidence, party: site.party, component: site.component, stack: site.stack.map(clean) },
  };
}

function clean(text: string): string {
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
