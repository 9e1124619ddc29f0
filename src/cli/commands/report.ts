/**
 * `lagleak report <captures...>`: `analyze --format html`, to a file, through a pipe to whatever reads HTML, or, where a person
 * sits at the terminal and named no file, into their browser.
 */
import type { Command } from "commander";
import { openInBrowser, temporaryPage, whyNotOpened } from "../browser.ts";
import type { ExitCode } from "../exit-codes.ts";
import { openTerminal } from "../terminal.ts";
import { type AnalyzeOptions, addAnalyzeOptions, runAnalyze } from "./analyze.ts";

const EXAMPLES = `
Examples:
  lagleak report heaptrack.consumer.1234.zst --memory-limit 512Mi
  lagleak report dumps/ --stats stats.jsonl --started-at 2026-11-24T03:00:00Z -o report.html --force
  lagleak report 'heap.*.pb.gz' --client franz-go --set FetchMaxBytes=8388608 --force -o consumer.html
`;

type ReportOptions = AnalyzeOptions & { readonly open?: boolean };

export function define(command: Command, end: (exitCode: ExitCode) => void): void {
  addAnalyzeOptions(command, ["html"]);
  command
    .optionsGroup("Output:")
    .option("--no-open", "without -o, in a terminal: write the page to a temporary file, and do not open it in the browser");
  command.addHelpText("after", EXAMPLES);
  command.action(async (captures: readonly string[], options: ReportOptions) => end(await report(captures, options)));
}

/** @throws Failure */
async function report(captures: readonly string[], given: ReportOptions): Promise<ExitCode> {
  const options: ReportOptions = { format: "html", ...given };
  const terminal = openTerminal(options);
  if (options.output !== undefined || !terminal.isTerminal || options.json === true) return runAnalyze(captures, options);
  const page = await temporaryPage();
  try {
    const exitCode = await runAnalyze(captures, { ...options, output: page.file, quiet: true });
    terminal.answer(`${page.file}\n`);
    const reason = whyNotOpened(options, { stdout: process.stdout, env: process.env });
    if (reason === null && !(await openInBrowser(page.file))) terminal.note(NO_BROWSER);
    if (reason === "no screen") terminal.note(NO_SCREEN);
    return exitCode;
  } catch (error) {
    await page.discard();
    throw error;
  }
}

const NO_BROWSER = "no browser could be started: open that file yourself, or write it elsewhere with -o report.html";
const NO_SCREEN = "there is no screen here: copy that file to where a browser is, or write it elsewhere with -o report.html";
