/** Completion for bash 3.2 and newer, from the command tree. `--option=value` comes as three words, because `=` breaks words. */
import type { CommandFacts, CommandTree, ValueKind } from "./command-tree.ts";

export function bashCompletion({ commands }: CommandTree, clientIds: readonly string[]): string {
  const names = commands.map(({ name }) => name);
  return `# Completion of lagleak for bash. Load it with: source <(lagleak completion bash)
_lagleak() {
  local cur prev command word row
  local IFS=$' \\t\\n'
  cur=\${COMP_WORDS[COMP_CWORD]}
  prev=\${COMP_WORDS[COMP_CWORD-1]}
  if [[ $cur == = ]]; then cur=; fi
  if [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  command=
  for ((row = 1; row < COMP_CWORD; row++)); do
    case \${COMP_WORDS[row]} in
      -*) ;;
      ${names.join("|")}) command=\${COMP_WORDS[row]}; break ;;
      help) command=help; break ;;
      *) command=analyze; break ;;
    esac
  done
  case \${command:-analyze} in
${commands.map((command) => bashCommand(command, clientIds)).join("\n")}
    help)
      _lagleak_words "${names.join(" ")}" ;;
  esac
  if [[ -z $command && $cur != -* ]]; then
    COMPREPLY+=($(compgen -W "${names.join(" ")} help" -- "$cur"))
  fi
}
_lagleak_words() {
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}
_lagleak_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$cur"))
}
complete -F _lagleak lagleak
`;
}

function bashCommand({ name, options, arguments: args }: CommandFacts, clientIds: readonly string[]): string {
  const byValue = new Map<string, string[]>();
  for (const { short, long, value } of options) {
    if (value === "none") continue;
    const action = bashValue(value, clientIds);
    byValue.set(action, [...(byValue.get(action) ?? []), ...(short === null ? [] : [short]), long]);
  }
  const flags = options.flatMap(({ short, long }) => (short === null ? [long] : [short, long]));
  const value = args[0]?.value ?? "none";
  return [
    `    ${name})`,
    "      case $prev in",
    ...[...byValue].map(([action, names]) => `        ${names.join("|")}) ${action}; return ;;`),
    "      esac",
    `      if [[ $cur == -* ]]; then _lagleak_words "${flags.join(" ")}"; else ${bashValue(value, clientIds)}; fi ;;`,
  ].join("\n");
}

function bashValue(value: ValueKind, clientIds: readonly string[]): string {
  if (value === "file") return "_lagleak_files";
  if (value === "client") return `_lagleak_words "${clientIds.join(" ")}"`;
  if (value === "none" || value === "text") return "COMPREPLY=()";
  return `_lagleak_words "${value.join(" ")}"`;
}
