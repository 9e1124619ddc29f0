/** What a search finds: nodes whose function or module holds the text, or matches a `/regular expression/`. */
import { at, type CallTree } from "./data.ts";

export function matcherOf(search: string, tree: CallTree): ((node: number) => boolean) | null {
  const text = search.trim();
  if (text === "") return null;
  const test = tester(text);
  const names = Uint8Array.from(tree.names, (name) => (test(name) ? 1 : 0));
  const modules = Uint8Array.from(tree.modules, (name) => (name !== "" && test(name) ? 1 : 0));
  return (node) => at(tree.folded, node) === 0 && (at(names, at(tree.name, node)) === 1 || at(modules, at(tree.module, node)) === 1);
}

/** An expression that is not finished yet is searched as text. */
function tester(text: string): (name: string) => boolean {
  const expression = /^\/(.+)\/$/.exec(text)?.[1];
  if (expression !== undefined) {
    try {
      const pattern = new RegExp(expression, "i");
      return (name) => pattern.test(name);
    } catch {
      // falls through
    }
  }
  const wanted = text.toLowerCase();
  return (name) => name.toLowerCase().includes(wanted);
}
