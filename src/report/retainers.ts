/** The answer of `retainers`: what holds the objects of a type, as plain data and as a tree for a terminal. */
import { styleText } from "node:util";
import { formatBytes } from "../base/units.ts";
import type { RetainerStep } from "../model/profile.ts";
import type { RetainerBranch, RetainerTree } from "../model/retainer-tree.ts";
import type { AnswerLoss } from "./answer.ts";
import { holderText } from "./holders.ts";
import { textColumns } from "./plain-table.ts";
import { printable, shorten } from "./printable.ts";

export interface RetainersAnswer extends RetainerTree {
  readonly schemaVersion: 1;
  readonly path: string;
  readonly format: string;
  readonly of: string;
  readonly losses: readonly AnswerLoss[];
}

/** Keeps the most important holders of every branch: `top` of them, and none below this share of all. */
const LEAST_SHARE = 0.01;

export function prune(tree: RetainerTree, top: number): RetainerTree {
  const least = LEAST_SHARE * tree.retainedBytes;
  const pruneAll = (branches: readonly RetainerBranch[]): readonly RetainerBranch[] =>
    branches
      .filter(({ retainedBytes }, row) => row === 0 || (row < top && retainedBytes >= least))
      .map((branch) => ({ ...branch, holders: pruneAll(branch.holders) }));
  return { ...tree, branches: pruneAll(tree.branches) };
}

/** The same holders under other names. */
export function renameHolders(tree: RetainerTree, rename: (step: RetainerStep) => RetainerStep): RetainerTree {
  const renameAll = (branches: readonly RetainerBranch[]): readonly RetainerBranch[] =>
    branches.map((branch) => ({ ...branch, ...rename(branch), holders: renameAll(branch.holders) }));
  return { ...tree, branches: renameAll(tree.branches) };
}

export function retainersText(answer: RetainersAnswer, options: { readonly columns: number; readonly color: boolean }): string {
  const columns = textColumns(options.columns);
  const bold = (text: string): string => (options.color ? styleText("bold", text, { validateStream: false } as never) : text);
  const lines: string[] = [];
  const count = (value: number): string => value.toLocaleString("en-US");
  lines.push(
    bold(`${count(answer.objects)} objects of /${printable(answer.of)}/`),
    `${formatBytes(answer.selfBytes)} themselves, ${formatBytes(answer.retainedBytes)} would be freed with them`,
  );
  const addHolders = (branches: readonly RetainerBranch[], indent: string, isFirst: boolean): void => {
    for (const [row, branch] of branches.entries()) {
      const isOnly = branches.length === 1;
      const isLast = row === branches.length - 1;
      const turn = isFirst ? "" : isOnly ? "└ " : isLast ? "└─ " : "├─ ";
      const below = isFirst ? "  " : isOnly ? "" : isLast ? "   " : "│  ";
      const facts = `  ${count(branch.objects)}, ${formatBytes(branch.retainedBytes)}`;
      const text = `${indent}${turn}${isFirst ? "" : "in "}${printable(holderText(branch))}`;
      if (isFirst) lines.push("");
      lines.push(`${shorten(text, columns - (isOnly && !isFirst ? 0 : facts.length))}${isOnly && !isFirst ? "" : facts}`);
      addHolders(branch.holders, `${indent}${below}`, false);
    }
  };
  addHolders(answer.branches, "", true);
  for (const { text, offset } of answer.losses)
    lines.push("", `Not read: ${printable(text)}${offset === null ? "" : `, at byte ${offset}`}`);
  return `${lines.join("\n")}\n`;
}
