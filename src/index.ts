/**
 * The library door: `read` captures into a profile, `analyze` them into the answer, `render` the answer. The command line goes
 * through the same door.
 */
import { Failure } from "./base/failure.ts";
import { jsonText } from "./base/json-text.ts";
import { nearestNames } from "./base/nearest.ts";
import { type OpenOptions, openInput } from "./base/source.ts";
import { VERSION } from "./base/version.ts";
import { clients } from "./clients/index.ts";
import { type OwnRules, readRules as readOwnRules } from "./clients/own-rules.ts";
import type { Evidence } from "./evidence/evidence.ts";
import { readCapture } from "./formats/recognize.ts";
import { attribute } from "./judge/attribution.ts";
import { withExperiment } from "./judge/experiment.ts";
import { type Circumstances, gatherFacts, NOTHING_TOLD, type ProcessFacts } from "./judge/facts.ts";
import type { ExperimentKind } from "./judge/group-facts.ts";
import type { Grouping } from "./judge/groupings.ts";
import { judge } from "./judge/judge.ts";
import { redactFacts, redactProfile } from "./judge/redact.ts";
import { joinSeries, type Member } from "./model/join-series.ts";
import type { Profile } from "./model/profile.ts";
import { suppress } from "./model/suppress.ts";
import type { Answer } from "./report/answer.ts";
import { type ComposeOptions, composeAnswer } from "./report/compose-answer.ts";
import { type DiffAnswer, diffAnswer } from "./report/diff-answer.ts";
import { diffMarkdown } from "./report/diff-markdown.ts";
import { diffSarif } from "./report/diff-sarif.ts";
import { diffText } from "./report/diff-text.ts";
import { htmlPage } from "./report/html.ts";
import { type InspectAnswer, inspectAnswer } from "./report/inspect-answer.ts";
import { json } from "./report/json.ts";
import { markdown } from "./report/markdown.ts";
import type { Renderer, RenderOptions } from "./report/renderer.ts";
import { composeReport, type Report } from "./report/report.ts";
import { sarif } from "./report/sarif.ts";
import { terminal } from "./report/terminal.ts";

export { Failure, type Loss } from "./base/failure.ts";
export { parseSuppressions, type Suppression } from "./base/suppressions.ts";
export type { OwnRules } from "./clients/own-rules.ts";
export type { Evidence } from "./evidence/evidence.ts";
export type { Circumstances } from "./judge/facts.ts";
export type { Grouping } from "./judge/groupings.ts";
export type { Profile } from "./model/profile.ts";
export type { Answer } from "./report/answer.ts";
export type { DiffAnswer } from "./report/diff-answer.ts";
export type { InspectAnswer } from "./report/inspect-answer.ts";
export type { RenderOptions } from "./report/renderer.ts";
export type { Report } from "./report/report.ts";

export interface ReadOptions extends OpenOptions {
  /** Name bare addresses from the symbol tables of the modules on this machine. Default: true. */
  readonly symbolize?: boolean;
  /** Memory that an object graph may take; above it the profile has types and no holders, and says so. Default: without limit. */
  readonly memoryBytes?: number;
}

/**
 * Reads captures of one process, given by path (`-` is standard input), into one profile.
 * @throws Failure when a capture cannot be read or they do not belong together
 */
export async function read(paths: readonly string[], options: ReadOptions = {}): Promise<Profile> {
  const members: Member[] = [];
  for (const path of paths) {
    const input = await openInput(path, options);
    const { symbolize = true, memoryBytes } = options;
    const profile = await readCapture(input, { symbolize, ...(memoryBytes === undefined ? {} : { memoryBytes }) });
    members.push({ profile, modifiedAt: input.modifiedAt });
  }
  return joinSeries(members);
}

export interface AnalyzeOptions {
  readonly evidence?: readonly Evidence[];
  readonly told?: Partial<Circumstances>;
  /** Most sites in the answer, and most groups where they are not the judge's own. Default: 10. */
  readonly top?: number;
  /** What the groups of the answer are. Default: `component`. */
  readonly groupBy?: Grouping;
  /** Add the paths that hold the memory, as a tree. Default: false. */
  readonly tree?: boolean;
  /** Hide the names that are the user's own. Default: false. See docs/redaction.md. */
  readonly redact?: boolean;
  /** What was captured after a change that decides: see docs/verdict.md. The profile is then the half before it. */
  readonly experiment?: ExperimentHalf;
}

/** The second half of an experiment. */
export interface ExperimentHalf {
  readonly kind: ExperimentKind;
  readonly profile: Profile | null; // null: evidence alone, as before
  readonly evidence?: readonly Evidence[];
}

/** Judges a profile (null: evidence alone) and composes the answer. */
export function analyze(profile: Profile | null, options: AnalyzeOptions = {}): Answer {
  const facts = factsOf(profile, options);
  return composeAnswer(facts, judge(facts), composeOptions(options));
}

/** The same with the tree of call paths and whatever else a page shows beside the answer, for `render(report, "html")`. */
export function report(profile: Profile | null, options: AnalyzeOptions = {}): Report {
  const facts = factsOf(profile, options);
  return composeReport(facts, judge(facts), composeOptions(options));
}

function factsOf(profile: Profile | null, options: AnalyzeOptions): ProcessFacts {
  const evidence = options.evidence ?? [];
  if (profile === null && evidence.length === 0) {
    throw new Failure({ code: "usage", message: "nothing to analyze", hint: "Give at least one capture, or --stats." });
  }
  if (options.told?.client !== undefined && options.told.client !== null) requireClient(options.told.client, options.told.rules ?? null);
  const told = { ...NOTHING_TOLD, ...options.told };
  const gathered = (of: Profile | null, beside: readonly Evidence[], circumstances: Circumstances): ProcessFacts => {
    const facts = gatherFacts(of, clients, beside, circumstances);
    return options.redact === true ? redactFacts(facts) : facts;
  };
  const facts = gathered(profile, evidence, told);
  if (options.experiment === undefined) return facts;
  const { kind, profile: after, evidence: evidenceAfter = [] } = options.experiment;
  if (after === null && evidenceAfter.length === 0) {
    throw new Failure({
      code: "usage",
      message: "the experiment has no second half",
      hint: "Name what was captured after the change behind --: lagleak analyze --experiment drain before.heap -- after.heap",
    });
  }
  return withExperiment(facts, gathered(after, evidenceAfter, { ...told, startedAt: null }), kind);
}

function composeOptions({ top, groupBy, tree }: AnalyzeOptions): ComposeOptions {
  return { version: VERSION, top: top ?? 10, groupBy: groupBy ?? "component", tree: tree ?? false };
}

export interface CompareOptions {
  readonly told?: Partial<Pick<Circumstances, "client" | "app" | "rules" | "suppressions">>;
  /** Default: `component`. */
  readonly groupBy?: Grouping;
  /** Most groups in the answer. Default: 10. */
  readonly top?: number;
  readonly redact?: boolean;
}

/**
 * What grew and what shrank between two profiles, at the last instant of each. Without a verdict: that needs a course.
 * @throws Failure `mixed-captures` when they are two kinds of capture, `usage` for types where only allocators are known
 */
export function compare(before: Profile, after: Profile, options: CompareOptions = {}): DiffAnswer {
  const { told = {}, groupBy = "component", top = 10, redact = false } = options;
  const [own, other] = [before, after].map((profile) => suppress(profile, told.suppressions ?? []).profile) as [Profile, Profile];
  return diffAnswer(own, other, clients, {
    client: told.client ?? null,
    app: told.app ?? null,
    rules: told.rules ?? null,
    version: VERSION,
    groupBy,
    top,
    redact,
  });
}

/** The difference as `text`, `json`, `markdown` or `sarif`. */
export function renderComparison(
  answer: DiffAnswer,
  format: "text" | "json" | "markdown" | "sarif",
  options: Partial<RenderOptions> = {},
): string {
  if (format === "json") return jsonText(answer);
  if (format === "markdown") return diffMarkdown(answer);
  if (format === "sarif") return diffSarif(answer);
  return diffText(answer, { columns: options.columns ?? 80, color: options.color ?? false });
}

/** What is in a profile, without a judgement: totals, the largest entries, losses. */
export function inspect(profile: Profile, options: { readonly top?: number; readonly redact?: boolean } = {}): InspectAnswer {
  return inspectAnswer(options.redact === true ? redact(profile) : profile, options.top ?? 10);
}

/** A profile in which the names that are the user's own are hidden. To be analyzed it needs its names: use `analyze`'s `redact`. */
export function redact(profile: Profile): Profile {
  return redactProfile(profile, attribute(profile, clients), clients);
}

/**
 * The user's own frame rules, as docs/rules.md describes them, from a file.
 * @throws Failure `configuration` with file and line
 */
export function readRules(path: string): Promise<OwnRules> {
  return readOwnRules(path, clients);
}

/** @throws Failure `usage` when neither lagleak nor the rules know a client of this id */
export function requireClient(id: string, rules: OwnRules | null): void {
  const ids = [...(rules?.clients ?? []), ...clients].map((client) => client.id);
  if (ids.includes(id)) return;
  const near = nearestNames(id, ids, 3);
  throw new Failure({
    code: "usage",
    message: `there is no Kafka client "${id}"`,
    hint: `${near.length === 0 ? "" : `Did you mean ${orList(near)}? `}\`lagleak list clients\` lists them all; name another one with --rules.`,
  });
}

function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

const renderers: readonly Renderer[] = [htmlPage, json, markdown, sarif, terminal];

/** The answer as `text`, `json`, `markdown`, `html` or `sarif`. HTML of an answer alone lacks the graph of call paths. */
export function render(answer: Answer | Report, format: string, options: Partial<RenderOptions> = {}): string {
  const renderer = renderers.find(({ id }) => id === format);
  if (renderer === undefined) {
    throw new Failure({
      code: "usage",
      message: `"${format}" is no output format`,
      hint: `Use one of ${renderers.map(({ id }) => id).join(", ")}.`,
    });
  }
  const complete: RenderOptions = {
    columns: options.columns ?? 80,
    color: options.color ?? false,
    verbose: options.verbose ?? false,
    command: options.command ?? null,
  };
  if (!("answer" in answer)) return renderer.render(answer, complete);
  return renderer.renderReport?.(answer, complete) ?? renderer.render(answer.answer, complete);
}
