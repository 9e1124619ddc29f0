/** `lagleak report <captures...>`: `analyze --format html`, to a file or, through a pipe, to whatever reads HTML. */
import type { Command } from "commander";
import type { ExitCode } from "../exit-codes.ts";
import { addAnalyzeOptions, runAnalyze } from "./analyze.ts";

const EXAMPLES = `
Examples:
  lagleak report heaptrack.consumer.1234.zst --memory-limit 512Mi -o report.html
  lagleak report dumps/ --stats stats.jsonl --started-at 2026-11-24T03:00:00Z -o report.html --force
  lagleak report 'heap.*.pb.gz' --client franz-go --set FetchMaxBytes=8388608 --force -o consumer.html
`;

export function define(command: Command, end: (exitCode: ExitCode) => void): void {
  addAnalyzeOptions(command, ["html"]);
  command.addHelpText("after", EXAMPLES);
  command.action(async (captures: readonly string[], options) => end(await runAnalyze(captures, { format: "html", ...options })));
}
