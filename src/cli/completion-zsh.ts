/** Completion for zsh by `_arguments`, from the command tree. */
import type { CommandFacts, CommandTree, OptionFacts, ValueKind } from "./command-tree.ts";

export function zshCompletion({ commands }: CommandTree, clientIds: readonly string[]): string {
  return `#compdef lagleak
# Completion of lagleak for zsh. Put it as _lagleak into a folder of $fpath, or: source <(lagleak completion zsh)
_lagleak() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary.replaceAll(":", "\\:")}`)}`).join("\n")}
  )
  local command=\${words[2]}
  if (( CURRENT == 2 )) && [[ $command != -* ]]; then
    _describe command commands
    _files
    return
  fi
  case $command in
${commands.map(({ name }) => `    ${name}) words=("\${(@)words[2,-1]}"); (( CURRENT-- )); _lagleak_${name} ;;`).join("\n")}
    help) (( CURRENT == 3 )) && _describe command commands ;;
    *) _lagleak_analyze ;;
  esac
}
${commands.map((command) => zshCommand(command, clientIds)).join("\n")}
if [[ $funcstack[1] == _lagleak ]]; then _lagleak "$@"; else compdef _lagleak lagleak; fi
`;
}

function zshCommand({ name, options, arguments: args }: CommandFacts, clientIds: readonly string[]): string {
  const rest = args.length === 0 ? [] : [quoted(`*:${escaped(args[0]?.name ?? "")}:${zshValue(args[0]?.value ?? "none", clientIds)}`)];
  const specs = [...options.flatMap((option) => zshOption(option, clientIds)), ...rest];
  return `_lagleak_${name}() {\n  _arguments -s \\\n${specs.map((spec) => `    ${spec}`).join(" \\\n")}\n}`;
}

function zshOption({ short, long, description, value }: OptionFacts, clientIds: readonly string[]): readonly string[] {
  const action = value === "none" ? "" : `:value:${zshValue(value, clientIds)}`;
  const own = `[${escaped(description)}]${action}`;
  // the value stands behind a space or an equals sign
  return [quoted(`*${long}${value === "none" ? "" : "="}${own}`), ...(short === null ? [] : [quoted(`*${short}${own}`)])];
}

function zshValue(value: ValueKind, clientIds: readonly string[]): string {
  if (value === "file") return "_files";
  if (value === "client") return `(${clientIds.join(" ")})`;
  return typeof value === "string" ? " " : `(${value.join(" ")})`;
}

function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
