/**
 * The answer as SARIF, for code scanning: one result a site that grows, at its file and line where the capture knows them. Sites
 * that only buffer are notes; nothing is an error that the verdict is not sure of.
 */
import { formatBytes } from "../base/units.ts";
import type { Answer, Site, VerdictClass } from "./answer.ts";
import { printable } from "./printable.ts";
import type { Renderer } from "./renderer.ts";
import { clean, type SarifLevel, type SarifResult, sarifLog } from "./sarif-log.ts";
import { shortName } from "./short-name.ts";
import { verdictTitle } from "./words.ts";

const LEVELS: Readonly<Record<VerdictClass, SarifLevel>> = {
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

/** Of a function in a message; its location has all of it. */
const NAME_COLUMNS = 100;

export const sarif: Renderer = {
  id: "sarif",
  render(answer) {
    const classes = [...new Set([answer.verdict.class, ...answer.sites.map((site) => site.class)])];
    const capture = answer.captures.at(0)?.path ?? null;
    return sarifLog(
      answer.tool,
      classes.map((id) => ({ id, text: MEANINGS[id], level: LEVELS[id] })),
      [processResult(answer, capture), ...answer.sites.map((site) => siteResult(site, capture))],
    );
  },
};

/** The verdict of the process. */
function processResult({ verdict, suppressions }: Answer, capture: string | null): SarifResult {
  const leftOut = suppressions.map(({ text }) => ` ${text}`).join("");
  return {
    rule: verdict.class,
    text: `${clean(`${verdictTitle(verdict)}. ${verdict.summary}`)}${printable(leftOut)}`,
    name: null,
    kind: "function",
    file: null,
    line: null,
    capture,
    fingerprint: null,
    properties: { confidence: verdict.confidence, grade: verdict.grade, party: verdict.party, client: verdict.client },
  };
}

function siteResult(site: Site, capture: string | null): SarifResult {
  const name = clean(site.stack.at(-1) ?? "(unknown)");
  return {
    rule: site.class,
    text: `${formatBytes(site.growthBytes)} of growth, ${formatBytes(site.liveBytes)} live, allocated by ${shortName(name, NAME_COLUMNS)}`,
    name,
    kind: "function",
    file: site.file,
    line: site.line,
    capture,
    fingerprint: [site.party, site.component ?? "", name].join("/"),
    properties: { confidence: site.confidence, party: site.party, component: site.component, stack: site.stack.map(clean) },
  };
}
