/** `lagleak doctor [pid]`: which ways into a process work here and on that process, why not, and exactly what would help. */
import type { Command } from "commander";
import type { Plan } from "../../attach/attacher.ts";
import { isRefusal } from "../../attach/gauge.ts";
import { attachers, gauges } from "../../attach/index.ts";
import { inspectTarget } from "../../attach/target.ts";
import { mayTraceOthers, yamaScope } from "../../attach/target-rights.ts";
import { jsonText } from "../../base/json-text.ts";
import { wrap } from "../../report/printable.ts";
import { parsePid } from "../attach-options.ts";
import { methodsFor } from "../attach-session.ts";
import { ExitCode } from "../exit-codes.ts";
import { addOutputOptions, type OutputOptions } from "../options.ts";
import { type AnswerFormat, answerFormat, writeAnswer } from "../output.ts";
import { planWords, targetText } from "../target-text.ts";
import { openTerminal } from "../terminal.ts";
import { foundTools } from "../tools.ts";

const FORMATS: readonly AnswerFormat[] = ["text", "json"];

const EXAMPLES = `
Examples:
  lagleak doctor
  lagleak doctor 4711
  lagleak doctor 4711 --json
`;

/** One way in, and what stands in its way. */
interface Finding {
  readonly method: string;
  readonly level: 0 | 1 | 2;
  readonly title: string;
  readonly status: "ready" | "refused" | "not for this process";
  readonly because: string | null;
  readonly fix: string | null;
  readonly plan: Plan | null;
}

/** What this machine gives, whatever the process. */
interface Surroundings {
  readonly platform: string;
  readonly user: number | null;
  readonly mayTraceOthers: boolean; // CAP_SYS_PTRACE
  readonly yamaScope: number; // /proc/sys/kernel/yama/ptrace_scope
  readonly tools: readonly { readonly name: string; readonly path: string | null; readonly install: string }[];
}

const WINDOW_MS = 30_000;

export function define(command: Command, end: (exitCode: ExitCode) => void): void {
  command.argument("[pid]", "a process, by its number on this machine", parsePid);
  addOutputOptions(command, FORMATS);
  command.addHelpText("after", EXAMPLES);
  command.action(async (pid: number | undefined, options: OutputOptions) => {
    const terminal = openTerminal();
    const format = answerFormat(options, FORMATS, terminal);
    const here: Surroundings = {
      platform: `${process.platform} ${process.arch}`,
      user: process.geteuid?.() ?? null,
      mayTraceOthers: mayTraceOthers(),
      yamaScope: yamaScope(),
      tools: foundTools(),
    };
    const target = pid === undefined ? null : inspectTarget(pid);
    const findings = target === null ? [] : await examine(target);
    if (format === "json") {
      const { status, mappings, ...process } = target ?? { status: null, mappings: null };
      await writeAnswer(
        jsonText({ schemaVersion: 1, here, process: target === null ? null : process, methods: findings }),
        options,
        terminal,
      );
    } else {
      await writeAnswer(
        text(
          here,
          target === null ? null : { text: targetText(target), fix: target.memoryRefusal?.fix ?? null },
          findings,
          terminal.columns,
        ),
        options,
        terminal,
      );
    }
    end(ExitCode.answered);
  });
}

/** Every gauge and every method; gauges are opened and closed again, which changes nothing. */
async function examine(target: ReturnType<typeof inspectTarget>): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { id, title, open } of gauges) {
    const answer = await open(target, { brokers: [], group: null });
    const refusal = isRefusal(answer) ? answer : null;
    if (answer !== null && !isRefusal(answer)) await answer.close();
    const status = refusal !== null ? "refused" : answer === null ? "not for this process" : "ready";
    findings.push({ method: id, level: 0, title, status, because: refusal?.because ?? null, fix: refusal?.fix ?? null, plan: null });
  }
  const methods = await methodsFor(target, attachers, WINDOW_MS);
  for (const { id, level, title } of attachers) {
    const method = methods.find(({ attacher }) => attacher.id === id);
    const refusal = method?.refusal ?? null;
    findings.push({
      method: id,
      level,
      title,
      status: method === undefined ? "not for this process" : refusal === null ? "ready" : "refused",
      because: refusal?.because ?? null,
      fix: refusal?.fix ?? null,
      plan: method?.plan ?? null,
    });
  }
  return findings;
}

const LEVELS = [
  "Level 0, observing: no stop, no code in the process (lagleak attach <pid>)",
  "Level 1, profiling: short stops (--profile)",
  "Level 2, injecting: long stops or code in the process (--inject)",
];

function text(
  here: Surroundings,
  process: { readonly text: string; readonly fix: string | null } | null,
  findings: readonly Finding[],
  columns: number,
): string {
  const width = Math.min(columns, 100);
  const lines = process === null ? [] : [...wrap(process.text, width), ...(process.fix === null ? [] : wrap(process.fix, width)), ""];
  for (const [level, title] of LEVELS.entries()) {
    const own = findings.filter((finding) => finding.level === level && finding.status !== "not for this process");
    if (own.length === 0) continue;
    lines.push(title);
    for (const { method, status, because, fix, plan } of own) {
      lines.push(`  ${status === "ready" ? "ready  " : "refused"}  ${method}`);
      const details = plan === null ? [] : [planWords(plan)];
      if (because !== null) details.push(`${because}.`, fix ?? "");
      for (const detail of details) lines.push(...wrap(detail, width - 11).map((line) => `${" ".repeat(11)}${line}`));
    }
    lines.push("");
  }
  lines.push("This machine");
  const rights = here.mayTraceOthers
    ? "may look into processes of others"
    : `may look only into processes of its own user (Yama scope ${here.yamaScope})`;
  lines.push(`  ${here.platform}, user ${here.user ?? "unknown"}, ${rights}`);
  for (const { name, path, install } of here.tools) lines.push(`  ${name.padEnd(10)} ${path ?? `missing: ${install}`}`);
  return `${lines.join("\n")}\n`;
}
