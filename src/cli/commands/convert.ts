/** `lagleak convert <capture> --to …`: a capture in the formats of other tools. */
import { gzipSync } from "node:zlib";
import { type Command, Option } from "commander";
import { Failure } from "../../base/failure.ts";
import { VERSION } from "../../base/version.ts";
import type { Profile } from "../../index.ts";
import { ExitCode } from "../exit-codes.ts";
import { expandCaptures } from "../inputs.ts";
import { addReadingOptions, addSessionOptions, type ReadingOptions, redactOption, type SessionOptions } from "../options.ts";
import { writeAnswer } from "../output.ts";
import { readAll } from "../reading.ts";
import { openTerminal } from "../terminal.ts";

const TARGETS = ["pprof", "collapsed", "speedscope"] as const;
type Target = (typeof TARGETS)[number];

type ConvertOptions = ReadingOptions &
  SessionOptions & {
    readonly to: Target;
    readonly output?: string;
    readonly force?: boolean;
    readonly redact?: boolean;
  };

const EXAMPLES = `
Examples:
  lagleak convert heaptrack.consumer.1234.zst --to pprof -o heap.pb.gz && go tool pprof -top heap.pb.gz
  lagleak convert jeprof.1.heap --to collapsed | flamegraph.pl > heap.svg
  lagleak convert heap.pb.gz --to speedscope --redact -o heap.speedscope.json
`;

export function define(command: Command, end: (exitCode: ExitCode) => void): void {
  command
    .argument("<captures...>", "a capture, or several of one process: their last instant is written")
    .addOption(
      new Option("--to <format>", "what to write: pprof (gzip), collapsed stacks or speedscope").choices(TARGETS).makeOptionMandatory(),
    );
  addReadingOptions(command);
  command
    .optionsGroup("Output:")
    .option("-o, --output <file>", "write to a file")
    .option("--force", "overwrite it")
    .addOption(redactOption());
  addSessionOptions(command);
  command.addHelpText("after", EXAMPLES);
  command.action(async (captures: readonly string[], options: ConvertOptions) => end(await convert(captures, options)));
}

/** @throws Failure */
async function convert(captures: readonly string[], options: ConvertOptions): Promise<ExitCode> {
  const terminal = openTerminal(options);
  if (options.to === "pprof" && terminal.isTerminal && (options.output === undefined || options.output === "-")) {
    throw new Failure({ code: "usage", message: "a binary profile is not written to a terminal", hint: "Add -o heap.pb.gz." });
  }
  const lagleak = await import("../../index.ts");
  const profile = await readAll(lagleak.read, await expandCaptures(captures), options, terminal);
  for (const { text } of profile.losses) terminal.note(text);
  await writeAnswer(await written(options.redact === true ? lagleak.redact(profile) : profile, options.to), options, terminal);
  return ExitCode.answered;
}

async function written(profile: Profile, to: Target): Promise<string | Uint8Array> {
  switch (to) {
    case "pprof":
      return gzipSync((await import("../../report/convert-pprof.ts")).pprofOf(profile));
    case "collapsed":
      return (await import("../../report/convert-collapsed.ts")).collapsedOf(profile);
    case "speedscope":
      return (await import("../../report/convert-speedscope.ts")).speedscopeOf(profile, VERSION);
  }
}
