/**
 * The graph as a tree of the accessibility API (role tree, roving tabindex): arrows, Home, End, Enter, Escape, letters. Rows
 * exist while they are open, and of a row's children at first the widest: a tree of twelve thousand rows stays light.
 */
import { formatBytes, formatGrowth } from "../../base/units.ts";
import { PAGE_LIVE } from "../words.ts";
import { at } from "./data.ts";
import { element } from "./dom.ts";
import type { Graph } from "./graph.ts";

const CHILDREN_AT_ONCE = 25;

export interface OutlineScene {
  readonly graph: Graph;
  readonly zoom: number;
  readonly name: (row: number) => string;
  readonly party: (row: number) => string; // class name
  readonly group: (row: number) => string; // in words
}

export interface Outline {
  show(scene: OutlineScene): void;
  reveal(row: number): void;
}

interface Item {
  readonly row: number; // -1 = "more" of `above`
  readonly above: number;
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
}

export function createOutline(host: HTMLElement, on: { zoom(row: number): void; out(): void; select(row: number): void }): Outline {
  let scene: OutlineScene | null = null;
  let root = -1;
  let active = 0; // row that has the focus when the tree has it
  const open = new Set<number>();
  const shown = new Map<number, number>();
  let items: readonly Item[] = [];
  let scrolled = 0; // kept, because asking for it lays out the whole page
  let typed = "";
  let typedAt = 0;

  function visible(): readonly Item[] {
    if (scene === null) return [];
    const { graph, zoom } = scene;
    const list: Item[] = [];
    const walk = (row: number, above: number, level: number, position: number, siblings: number): void => {
      list.push({ row, above, level, position, siblings });
      if (!open.has(row)) return;
      const children = graph.children(row);
      const most = shown.get(row) ?? CHILDREN_AT_ONCE;
      const rows = children.slice(0, most);
      const total = rows.length + (children.length > most ? 1 : 0);
      for (const [index, child] of rows.entries()) walk(child, row, level + 1, index + 1, total);
      if (children.length > most) list.push({ row: -1, above: row, level: level + 1, position: total, siblings: total });
    };
    walk(zoom, -1, 1, 1, 1);
    return list;
  }

  function render(): void {
    if (scene === null) return;
    const hadFocus = host.contains(document.activeElement);
    items = visible();
    if (!items.some((item) => idOf(item) === active)) active = scene.zoom;
    host.replaceChildren(...items.map((item) => rowElement(scene as OutlineScene, item)));
    if (scrolled > 0) host.scrollTop = scrolled;
    if (hadFocus) focusActive();
  }

  function rowElement({ graph, zoom, name, party, group }: OutlineScene, item: Item): HTMLElement {
    const { row, above, level } = item;
    const attributes: Record<string, string> = {
      role: "treeitem",
      "aria-level": String(level),
      "aria-posinset": String(item.position),
      "aria-setsize": String(item.siblings),
      tabindex: idOf(item) === active ? "0" : "-1",
      "aria-selected": String(idOf(item) === active),
      "data-row": String(idOf(item)),
    };
    if (row < 0) {
      const hidden = graph.children(above).length - (shown.get(above) ?? CHILDREN_AT_ONCE);
      const more = element("div", { class: "row more", text: PAGE_LIVE.more(hidden), attributes });
      more.style.setProperty("--level", String(level));
      return more;
    }
    const hasChildren = graph.children(row).length > 0;
    if (hasChildren) attributes["aria-expanded"] = String(open.has(row));
    const live = at(graph.live, row);
    const change = at(graph.change, row);
    const share = at(graph.width, row) / Math.max(1, at(graph.width, zoom));
    const fill = element("span", { class: `fill ${party(row)}` });
    fill.style.width = `${Math.round(share * 1000) / 10}%`;
    const made = element("div", {
      class: `row${hasChildren ? (open.has(row) ? " opened" : " closed") : ""}`,
      attributes,
      children: [
        element("span", {
          class: "name",
          children: [
            element("span", { class: "twist", attributes: { "aria-hidden": "true" } }),
            element("span", { class: `mark ${party(row)}`, attributes: { "aria-hidden": "true" } }),
            element("span", { class: "text", text: name(row) }),
          ],
        }),
        element("span", { class: "sr", text: PAGE_LIVE.rowOwner(group(row), Math.round(share * 100)) }),
        element("span", { class: "share", attributes: { "aria-hidden": "true" }, children: [fill] }),
        element("span", {
          class: "now",
          children: [document.createTextNode(formatBytes(live)), element("span", { class: "sr", text: PAGE_LIVE.rowLive })],
        }),
        element("span", {
          class: "growth",
          children: [document.createTextNode(formatGrowth(change)), element("span", { class: "sr", text: PAGE_LIVE.rowChange })],
        }),
      ],
    });
    made.style.setProperty("--level", String(level));
    return made;
  }

  function idOf(item: Item): number {
    return item.row >= 0 ? item.row : -2 - item.above;
  }

  function elementOf(id: number): HTMLElement | null {
    return host.querySelector<HTMLElement>(`[data-row="${id}"]`);
  }

  function focusActive(): void {
    elementOf(active)?.focus({ preventScroll: false });
  }

  function activate(item: Item | undefined, takesFocus = true): void {
    if (item === undefined) return;
    const before = elementOf(active);
    before?.setAttribute("tabindex", "-1");
    before?.setAttribute("aria-selected", "false");
    active = idOf(item);
    const now = elementOf(active);
    now?.setAttribute("tabindex", "0");
    now?.setAttribute("aria-selected", "true");
    if (takesFocus) now?.focus();
    if (item.row >= 0) on.select(item.row);
  }

  function toggle(item: Item, opens: boolean): void {
    if (item.row < 0) return;
    if (opens) open.add(item.row);
    else open.delete(item.row);
    render();
  }

  function showMore(item: Item): void {
    const before = shown.get(item.above) ?? CHILDREN_AT_ONCE;
    shown.set(item.above, before + CHILDREN_AT_ONCE * 4);
    render();
    activate(items.find(({ row }) => row === scene?.graph.children(item.above)[before]));
  }

  host.addEventListener("scroll", () => {
    scrolled = host.scrollTop;
  });
  host.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target.closest("[data-row]") : null;
    const item = items.find((candidate) => String(idOf(candidate)) === target?.getAttribute("data-row"));
    if (item === undefined) return;
    if (item.row < 0) showMore(item);
    else {
      activate(item);
      if ((scene?.graph.children(item.row).length ?? 0) > 0) toggle(item, !open.has(item.row));
    }
  });
  host.addEventListener("dblclick", () => {
    if (active > 0) on.zoom(active);
  });
  host.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const place = items.findIndex((item) => idOf(item) === active);
    const item = items[place];
    if (item === undefined || scene === null) return;
    const isOpen = item.row >= 0 && open.has(item.row);
    const hasChildren = item.row >= 0 && scene.graph.children(item.row).length > 0;
    const above = items.find(({ row }) => row === item.above);
    switch (event.key) {
      case "ArrowDown":
        activate(items[place + 1]);
        break;
      case "ArrowUp":
        activate(items[place - 1]);
        break;
      case "Home":
        activate(items[0]);
        break;
      case "End":
        activate(items.at(-1));
        break;
      case "ArrowRight":
        if (hasChildren && !isOpen) toggle(item, true);
        else if (hasChildren) activate(items[place + 1]);
        break;
      case "ArrowLeft":
        if (isOpen) toggle(item, false);
        else activate(above);
        break;
      case "Enter":
      case " ":
        if (item.row < 0) showMore(item);
        else on.zoom(item.row);
        break;
      case "Escape":
        on.out();
        break;
      default:
        if (event.key.length !== 1) return;
        typeAhead(event.key, place, event.timeStamp);
    }
    event.preventDefault();
  });

  function typeAhead(key: string, place: number, now: number): void {
    typed = now - typedAt > 700 ? key : typed + key;
    typedAt = now;
    const wanted = typed.toLowerCase();
    const from = typed.length === 1 ? place + 1 : place;
    const ordered = [...items.slice(from), ...items.slice(0, from)];
    activate(
      ordered.find(
        ({ row }) =>
          row >= 0 &&
          scene
            ?.name(row)
            .toLowerCase()
            .replace(/^(⋯ )?\[?/, "")
            .startsWith(wanted),
      ),
    );
  }

  /** Opens the widest way down until it divides: what a reader would do first. */
  function openHotPath(of: OutlineScene): void {
    let row = of.zoom;
    for (let level = 0; level < 40; level++) {
      open.add(row);
      const children = of.graph.children(row);
      const widest = children[0];
      if (widest === undefined || at(of.graph.width, widest) < 0.7 * at(of.graph.width, row)) break;
      row = widest;
    }
  }

  return {
    show(next) {
      const isOther = scene === null || scene.graph.structure !== next.graph.structure || root !== next.zoom;
      if (scene !== null && scene.graph.structure !== next.graph.structure) {
        open.clear();
        shown.clear();
      }
      scene = next;
      root = next.zoom;
      if (isOther) {
        active = next.zoom;
        openHotPath(next);
      }
      render();
    },
    reveal(row) {
      const item = items.find((candidate) => candidate.row === row);
      activate(item, false);
      elementOf(row)?.scrollIntoView({ block: "nearest" });
    },
  };
}
