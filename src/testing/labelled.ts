/**
 * Labelled captures: a folder a scenario with a `truth.json` that says what is true of it, which verdicts are accepted and
 * which are badly wrong. Runs the built command on every one and scores the answer.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

interface Label {
  readonly class: string;
  readonly party?: string | null;
}

export interface Truth {
  readonly what: string;
  readonly captures: readonly string[];
  readonly arguments: readonly string[];
  readonly truth: Label;
  readonly accept: readonly Label[];
  readonly forbid: readonly Label[];
  readonly refuse?: boolean;
  readonly mayRefuse?: boolean;
  readonly loss?: boolean;
  readonly times?: readonly number[];
  readonly notes?: readonly string[];
}

export interface Score {
  readonly scenario: string;
  /** `hit`: the truth. `honest`: accepted for this evidence. `miss`: neither accepted nor forbidden. `refused`: exit code 3. */
  readonly result: "hit" | "honest" | "miss" | "wrong" | "refused" | "crash";
  readonly answer: string;
  readonly expected: string;
}

/** Scores every scenario below a folder that has a truth.json, in order of their names. */
export function scoreLabelled(bin: string, folder: string, wanted = ""): readonly Score[] {
  const scenarios = scenariosIn(folder).filter((scenario) => path.relative(folder, scenario).includes(wanted));
  return scenarios.map((scenario) => score(bin, scenario, path.relative(folder, scenario)));
}

function scenariosIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => path.basename(file) === "truth.json" && !file.includes("node_modules"))
    .map((file) => path.join(folder, path.dirname(file)))
    .sort();
}

function score(bin: string, scenario: string, name: string): Score {
  const truth = JSON.parse(readFileSync(path.join(scenario, "truth.json"), "utf8")) as Truth;
  const folder = mkdtempSync(path.join(tmpdir(), "lagleak-labelled-"));
  try {
    // copies, because the modification times are part of what the profiler wrote and a checkout does not keep them
    for (const entry of readdirSync(scenario, { withFileTypes: true })) {
      if (entry.isFile() && entry.name !== "truth.json") copyFileSync(path.join(scenario, entry.name), path.join(folder, entry.name));
    }
    const start = Date.UTC(2026, 0, 1) / 1000;
    for (const [index, capture] of truth.captures.entries()) {
      const time = start + (truth.times?.[index] ?? 0);
      if (existsSync(path.join(folder, capture)) && truth.times !== undefined) utimesSync(path.join(folder, capture), time, time);
    }
    const run = spawnSync(process.execPath, [bin, "analyze", ...truth.captures, ...truth.arguments, "--format", "json"], {
      cwd: folder,
      encoding: "utf8",
      maxBuffer: 2 ** 28,
      timeout: 120_000,
    });
    return {
      scenario: name,
      expected: `${truth.truth.class}/${truth.truth.party ?? "none"}`,
      ...grade(truth, run.status, run.stdout, run.stderr),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function grade(truth: Truth, status: number | null, stdout: string, stderr: string): Pick<Score, "result" | "answer"> {
  if (status === 3) {
    const allowed = truth.refuse === true || truth.mayRefuse === true;
    return { result: allowed ? "hit" : "refused", answer: `refused: ${stderr.split("\n")[0]}` };
  }
  if (status !== 0) return { result: "crash", answer: `exit ${status}: ${stderr.slice(0, 400)}` };
  const answer = JSON.parse(stdout) as { verdict: Label & { confidence: number }; captures: { losses: unknown[] }[]; losses: unknown[] };
  const { verdict } = answer;
  const text = `${verdict.class}/${verdict.party ?? "none"} ${verdict.confidence.toFixed(2)}`;
  const matches = (label: Label): boolean => label.class === verdict.class && (label.party === undefined || label.party === verdict.party);
  if (truth.refuse === true) return { result: "wrong", answer: `${text}, but had to refuse` };
  if (truth.forbid.some(matches)) return { result: "wrong", answer: text };
  if (truth.loss === true && answer.losses.length === 0)
    return { result: "wrong", answer: `${text}, without saying that the capture is damaged` };
  if (matches(truth.truth)) return { result: "hit", answer: text };
  if (truth.accept.some(matches) || truth.accept.length === 0) return { result: "honest", answer: text };
  return { result: "miss", answer: text };
}
