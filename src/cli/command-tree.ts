/** The command line as plain data, from the commander program itself: what completions and the man page are made of. */
import type { Command } from "commander";

/** What a value is, for completion. */
export type ValueKind = "none" | "file" | "client" | "text" | readonly string[];

export interface OptionFacts {
  readonly short: string | null; // -o
  readonly long: string; // --output
  readonly flags: string; // -o, --output <file>
  readonly description: string;
  readonly value: ValueKind;
  readonly group: string;
}

export interface ArgumentFacts {
  readonly name: string;
  readonly description: string;
  readonly value: ValueKind;
}

export interface CommandFacts {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly arguments: readonly ArgumentFacts[];
  readonly options: readonly OptionFacts[];
  readonly examples: readonly string[];
}

export interface CommandTree {
  readonly description: string;
  readonly usage: string;
  readonly examples: readonly string[];
  readonly commands: readonly CommandFacts[];
}

/** Of a program whose commands are all defined. */
export function commandTree(program: Command): CommandTree {
  return {
    description: program.description(),
    usage: program.usage(),
    examples: examplesOf(program),
    commands: program.commands.map((command) => ({
      name: command.name(),
      summary: command.summary(),
      usage: command.usage(),
      arguments: command.registeredArguments.map((argument) => ({
        name: argument.name(),
        description: argument.description,
        value: argument.argChoices ?? kindOf(argument.name()),
      })),
      options: [
        ...command.options
          .filter(({ hidden, long }) => !hidden && long != null)
          .map((option) => ({
            short: option.short ?? null,
            long: option.long ?? "",
            flags: option.flags,
            description: option.description,
            value: option.required || option.optional ? (option.argChoices ?? kindOf(/<([^>]+)>/.exec(option.flags)?.[1] ?? "")) : "none",
            group: option.helpGroupHeading ?? "",
          })),
        { short: "-h", long: "--help", flags: "-h, --help", description: "show this help", value: "none" as const, group: "" },
      ],
      examples: examplesOf(command),
    })),
  };
}

/** By how the place is called in the help. */
function kindOf(name: string): ValueKind {
  if (/^(?:captures?|before|after|file)$/.test(name)) return "file";
  return /^(?:id|client)$/.test(name) ? "client" : "text";
}

/** The lines below `Examples:` at the end of the help. */
function examplesOf(command: Command): readonly string[] {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  const [, examples = ""] = text.split("\nExamples:\n");
  return examples
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
