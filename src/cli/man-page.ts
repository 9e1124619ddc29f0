/** The man page in roff (man(7)), from the command tree and the exit codes. */
import type { CommandFacts, CommandTree } from "./command-tree.ts";

const EXIT_STATUS: readonly (readonly [code: number, meaning: string])[] = [
  [0, "answered"],
  [1, "the verdict matched --fail-on"],
  [2, "wrong usage or configuration"],
  [3, "unreadable or unsupported capture"],
  [4, "could not attach or capture"],
  [70, "a bug of lagleak"],
  [130, "interrupted"],
];

const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ["NO_COLOR, FORCE_COLOR, TERM", "whether text is coloured, unless --color says so."],
  [
    "LAGLEAK_PAGER, PAGER",
    "what a text answer that is longer than the screen is shown by: the first that is set, else less. Empty or cat: none.",
  ],
  ["LESS", "options of less; FRX where it is not set."],
  ["CI", "where it is set, no progress is shown."],
];

export function manPage({ description, usage, examples, commands }: CommandTree, version: string): string {
  const lines = [
    `.TH LAGLEAK 1 "" "lagleak ${version}" "User Commands"`,
    ".SH NAME",
    "lagleak \\- say whether the memory of a Kafka consumer grows by buffering or by a leak",
    ".SH SYNOPSIS",
    `.B lagleak`,
    roff(usage),
    ".SH DESCRIPTION",
    roff(description),
    roff("Reads captures of the heap of one process and says whose memory it is, and whether its growth is buffering or a leak."),
    roff("Without a command, captures are analyzed. Nothing is sent anywhere; files are only read."),
    ".SH COMMANDS",
    ...commands.flatMap(commandLines),
    ".SH EXIT STATUS",
    ...EXIT_STATUS.flatMap(([code, meaning]) => [".TP", `.B ${code}`, roff(meaning)]),
    ".SH ENVIRONMENT",
    ...ENVIRONMENT.flatMap(([name, meaning]) => [".TP", `.B ${roff(name)}`, roff(meaning)]),
    ".SH EXAMPLES",
    ...exampleLines(examples),
    ".SH SEE ALSO",
    roff("heaptrack(1), pprof(1), jcmd(1). What to capture for your client: lagleak guide."),
  ];
  return `${lines.join("\n")}\n`;
}

function commandLines({ name, summary, usage, arguments: args, options, examples }: CommandFacts): readonly string[] {
  return [
    `.SS lagleak ${name} ${roff(usage)}`,
    roff(`${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`),
    ...args.flatMap((argument) => [".TP", `.I ${roff(argument.name)}`, roff(argument.description)]),
    ...options.flatMap(({ flags, description, value }) => [
      ".TP",
      `.B ${roff(flags)}`,
      roff(typeof value === "string" ? description : `${description} (${value.join(", ")})`),
    ]),
    ".PP",
    "Examples:",
    ...exampleLines(examples),
  ];
}

function exampleLines(examples: readonly string[]): readonly string[] {
  return [".PP", ".nf", ".RS 4", ...examples.map(roff), ".RE", ".fi"];
}

/** Text as it is: no escapes, hyphens that can be copied, no line that is a request. */
function roff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/, "\\&$1");
}
