/** Tables that sort by their heads and filter by a text. The rows are those of the page: nothing is fetched or built anew. */
import { PAGE_LIVE } from "../words.ts";
import { element } from "./dom.ts";

export function enhanceTables(): void {
  for (const table of document.querySelectorAll<HTMLTableElement>("table[data-sortable]")) makeSortable(table);
  for (const input of document.querySelectorAll<HTMLInputElement>("input[data-filters]")) makeFilter(input);
}

export function makeSortable(table: HTMLTableElement): void {
  const heads = [...table.querySelectorAll<HTMLTableCellElement>("thead th")];
  for (const [column, head] of heads.entries()) {
    const title = head.textContent ?? "";
    if (head.querySelector("button") !== null || table.tBodies[0]?.rows[0]?.cells[column]?.querySelector("svg") != null) continue;
    const button = element("button", { text: title, attributes: { type: "button" } });
    button.addEventListener("click", () => {
      const isDescending = head.getAttribute("aria-sort") === "descending";
      const isNumber = head.classList.contains("number");
      const goesDown = head.hasAttribute("aria-sort") ? !isDescending : isNumber;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", goesDown ? "descending" : "ascending");
      sort(table, column, isNumber, goesDown);
    });
    head.replaceChildren(button);
  }
}

function sort(table: HTMLTableElement, column: number, isNumber: boolean, goesDown: boolean): void {
  const body = table.tBodies[0];
  if (body === undefined) return;
  const key = (row: HTMLTableRowElement): string => row.cells[column]?.dataset["value"] ?? row.cells[column]?.textContent ?? "";
  const rows = [...body.rows].sort((a, b) => (isNumber ? Number(key(a)) - Number(key(b)) : key(a).localeCompare(key(b), "en")));
  body.append(...(goesDown ? rows.reverse() : rows));
}

function makeFilter(input: HTMLInputElement): void {
  const name = input.dataset["filters"] ?? "";
  const body = (document.getElementById(name) as HTMLTableElement | null)?.tBodies[0];
  const count = document.querySelector<HTMLElement>(`[data-counts="${name}"]`);
  if (body === undefined) return;
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    for (const row of body.rows) {
      row.hidden = wanted !== "" && !(row.textContent ?? "").toLowerCase().includes(wanted);
      if (!row.hidden) shown++;
    }
    if (count !== null) count.textContent = wanted === "" ? "" : PAGE_LIVE.shown(shown, body.rows.length);
  });
}
