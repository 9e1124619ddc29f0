/** `lagleak completion bash|zsh|fish`: completion of this very version, from its own commands and options. */
import { Argument, type Command } from "commander";
import { clients } from "../../clients/index.ts";
import { commandTree } from "../command-tree.ts";
import { bashCompletion } from "../completion-bash.ts";
import { fishCompletion } from "../completion-fish.ts";
import { zshCompletion } from "../completion-zsh.ts";
import { ExitCode } from "../exit-codes.ts";
import { openTerminal } from "../terminal.ts";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

const EXAMPLES = `
Examples:
  source <(lagleak completion bash)
  lagleak completion zsh > ~/.zfunc/_lagleak
  lagleak completion fish > ~/.config/fish/completions/lagleak.fish
`;

export function define(command: Command, end: (exitCode: ExitCode) => void, whole: () => Promise<Command>): void {
  command.addArgument(new Argument("<shell>", "the shell to be completed in").choices(Object.keys(SHELLS)));
  command.addHelpText("after", EXAMPLES);
  command.action(async (shell: keyof typeof SHELLS) => {
    const tree = commandTree(await whole());
    openTerminal().answer(
      SHELLS[shell](
        tree,
        clients.map(({ id }) => id),
      ),
    );
    end(ExitCode.answered);
  });
}
