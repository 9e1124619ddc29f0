/** The data of the page, decoded: the call tree as columns again. */
import { decodeColumn } from "../column-text.ts";
import type { PageData, PageTree } from "../page-data.ts";

/** As `FoldedTree` of the report, with its columns as doubles. */
export interface CallTree {
  readonly length: number;
  readonly parent: Float64Array;
  readonly name: Float64Array;
  readonly module: Float64Array;
  readonly group: Float64Array;
  readonly folded: Float64Array;
  readonly names: readonly string[];
  readonly modules: readonly string[];
  readonly instants: number;
  readonly elapsed: readonly number[];
  readonly selfBytes: Float64Array; // [node * instants + instant]
}

export function readData(): PageData {
  return JSON.parse(document.getElementById("data")?.textContent ?? "{}") as PageData;
}

export function readTree(tree: PageTree): CallTree {
  const { length, instants } = tree;
  const selfBytes = decodeColumn(tree.selfBytes, length * instants);
  for (let node = 0; node < length; node++) {
    for (let cell = node * instants + 1; cell < (node + 1) * instants; cell++)
      selfBytes[cell] = at(selfBytes, cell) + at(selfBytes, cell - 1);
  }
  return {
    length,
    parent: decodeColumn(tree.parent, length),
    name: decodeColumn(tree.name, length),
    module: decodeColumn(tree.module, length),
    group: decodeColumn(tree.group, length),
    folded: decodeColumn(tree.folded, length),
    names: tree.names,
    modules: tree.modules,
    instants,
    elapsed: tree.elapsed,
    selfBytes,
  };
}

/** The value of a row; 0 beyond the end. */
export function at(column: { readonly [row: number]: number }, row: number): number {
  return column[row] ?? 0;
}
