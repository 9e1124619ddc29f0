/** Completion for fish, from the command tree. */
import type { CommandTree, ValueKind } from "./command-tree.ts";

export function fishCompletion({ commands }: CommandTree, clientIds: readonly string[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  const lines = [
    "# Completion of lagleak for fish. Load it with: lagleak completion fish | source",
    ...commands.map(
      ({ name, summary }) => `complete -c lagleak -n "not __fish_seen_subcommand_from ${names}" -a ${name} -d ${quoted(summary)}`,
    ),
  ];
  lines.push(`complete -c lagleak -n "__fish_seen_subcommand_from help" -f -a ${quoted(names)}`);
  for (const { name, options, arguments: args } of commands) {
    // without a command it is analyze
    const when =
      name === "analyze"
        ? `"__fish_seen_subcommand_from analyze; or not __fish_seen_subcommand_from ${names} help"`
        : `"__fish_seen_subcommand_from ${name}"`;
    const value = args[0]?.value ?? "none";
    if (value !== "file") lines.push(`complete -c lagleak -n ${when} -f${wordsOf(value, clientIds)}`);
    for (const { short, long, description, value: own } of options) {
      const letter = short === null ? "" : ` -s ${short.slice(1)}`;
      const takes = own === "none" ? "" : own === "file" ? " -r -F" : ` -x${wordsOf(own, clientIds)}`;
      lines.push(`complete -c lagleak -n ${when}${letter} -l ${long.slice(2)}${takes} -d ${quoted(description)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function wordsOf(value: ValueKind, clientIds: readonly string[]): string {
  const words = value === "client" ? clientIds : typeof value === "string" ? [] : value;
  return words.length === 0 ? "" : ` -a ${quoted(words.join(" "))}`;
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
