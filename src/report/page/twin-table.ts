/** The table twin of the graph: the widest of the boxes that are drawn, in rows that can be sorted. */
import { formatBytes, formatGrowth } from "../../base/units.ts";
import type { PageData } from "../page-data.ts";
import { PAGE_LIVE } from "../words.ts";
import { at } from "./data.ts";
import { element } from "./dom.ts";
import type { Box, Graph } from "./graph.ts";
import { makeSortable } from "./tables.ts";

const MOST_ROWS = 200;

export interface TwinScene {
  readonly graph: Graph;
  readonly boxes: readonly Box[];
  readonly kind: PageData["treeKind"];
  readonly name: (row: number) => string;
  readonly module: (row: number) => string;
  readonly party: (row: number) => string;
  readonly group: (row: number) => string;
}

export function showTwin(host: HTMLElement, { graph, boxes, kind, name, module, party, group }: TwinScene): void {
  const widest = [...boxes].sort((a, b) => at(graph.width, b.row) - at(graph.width, a.row) || a.row - b.row).slice(0, MOST_ROWS);
  const rows = widest.map(({ row, depth }) => {
    const above = at(graph.structure.parent, row);
    return element("tr", {
      children: [
        element("th", {
          attributes: { scope: "row" },
          children: [
            element("span", { class: `mark ${party(row)}`, attributes: { "aria-hidden": "true" } }),
            element("code", { text: name(row) }),
          ],
        }),
        element("td", { text: row === 0 ? "–" : name(above) }),
        element("td", { text: group(row) }),
        element("td", { text: module(row) || "–" }),
        cell(depth, String(depth)),
        cell(at(graph.live, row), formatBytes(at(graph.live, row))),
        cell(at(graph.change, row), formatGrowth(at(graph.change, row))),
      ],
    });
  });
  const heads = PAGE_LIVE.twinHeads(kind).map(([title, kind]) => element("th", { class: kind, text: title, attributes: { scope: "col" } }));
  const table = element("table", {
    children: [element("thead", { children: [element("tr", { children: heads })] }), element("tbody", { children: rows })],
  });
  const note = boxes.length > MOST_ROWS ? [element("caption", { text: PAGE_LIVE.twinCut(MOST_ROWS, boxes.length) })] : [];
  table.prepend(...note);
  host.replaceChildren(table);
  makeSortable(table);
}

function cell(value: number, text: string): HTMLTableCellElement {
  return element("td", { class: "number", text, attributes: { "data-value": String(value) } });
}
