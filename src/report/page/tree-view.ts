/** The part of the page about call paths: the controls, the graph, its tree and its table, all showing one state. */
import { formatBytes, formatDuration, formatGrowth } from "../../base/units.ts";
import type { PageData } from "../page-data.ts";
import { PAGE_LIVE } from "../words.ts";
import { at, type CallTree } from "./data.ts";
import { element, onceAFrame, part, whenIdle } from "./dom.ts";
import { createFlameView, type FlameView } from "./flame-view.ts";
import { type Box, calleesFirst, callersFirst, type Graph, layOut, measure, type Structure, shortened } from "./graph.ts";
import { createOutline } from "./outline.ts";
import type { Ink } from "./palette.ts";
import { matcherOf } from "./search.ts";
import type { Mode, State, Store } from "./state.ts";
import { showTwin } from "./twin-table.ts";

const LONGEST_OTHER = 60;

export interface TreeView {
  repaint(): void;
}

export function createTreeView(tree: CallTree, { groups, timeline, treeKind }: PageData, store: Store): TreeView | null {
  const canvas = part("flame", HTMLCanvasElement);
  const outlineHost = part("outline", HTMLDivElement);
  const twinHost = part("twin-part", HTMLDivElement);
  if (canvas === null || outlineHost === null || twinHost === null) return null;
  const held = new Set<number>();
  for (let node = 1; node < tree.length; node++) {
    for (let cell = node * tree.instants; cell < (node + 1) * tree.instants; cell++) {
      if (at(tree.selfBytes, cell) !== 0) held.add(at(tree.group, node));
    }
  }
  const structures: { callers?: Structure; callees?: Structure } = {};
  let graph: Graph | null = null;
  let boxes: readonly Box[] = [];
  let selected = -1;

  const structureOf = ({ inverted }: Pick<State, "inverted">): Structure => {
    if (!inverted) {
      structures.callers ??= callersFirst(tree);
      return structures.callers;
    }
    structures.callees ??= calleesFirst(tree);
    return structures.callees;
  };
  const nodeOf = (row: number): number => at(graph?.structure.node ?? [], row);
  const name = (row: number): string => {
    if (row === 0) return PAGE_LIVE.process;
    const node = nodeOf(row);
    const folded = at(tree.folded, node);
    return folded > 0 ? PAGE_LIVE.smaller(folded) : (tree.names[at(tree.name, node)] ?? "");
  };
  /** Both ends of a straight run, as far as there is room for them. */
  const label = (row: number, room = Number.POSITIVE_INFINITY): string => {
    const passed = graph?.passed(row) ?? [];
    if (passed.length === 0) return name(row);
    const other = name((store.get().inverted ? passed.at(-1) : passed[0]) ?? row);
    const both = store.get().inverted ? `${name(row)} ⋯ ${other}` : `${other} ⋯ ${name(row)}`;
    if (both.length <= room && other.length <= LONGEST_OTHER) return both;
    return store.get().inverted ? `${name(row)} ⋯` : `⋯ ${name(row)}`;
  };
  const zoomOut = (): void => {
    const rows = graph?.ancestry(store.get().zoom) ?? [];
    store.set({ zoom: rows.at(-2) ?? 0 });
  };
  const module = (row: number): string => (row === 0 ? "" : (tree.modules[at(tree.module, nodeOf(row))] ?? ""));
  const party = (row: number): string => (row === 0 ? "whole" : (groups[at(tree.group, nodeOf(row))]?.party ?? "unknown"));
  const group = (row: number): string => (row === 0 ? PAGE_LIVE.process : (groups[at(tree.group, nodeOf(row))]?.label ?? ""));
  const ink = (row: number): Ink => {
    if (row === 0) return "above";
    if (store.get().mode !== "live") return at(graph?.change ?? [], row) < 0 ? "shrank" : "grew";
    return party(row) as Ink;
  };
  const timeText = (instant: number): string => {
    const value = at(tree.elapsed, instant);
    return timeline.timed ? formatDuration(value * 1000) : PAGE_LIVE.capture(value);
  };

  const flame: FlameView = createFlameView(canvas, {
    hover: (row) => note(row ?? selected),
    choose: (row) => {
      selected = row;
      store.set({ zoom: row });
      outline.reveal(row);
    },
  });
  const outline = createOutline(outlineHost, {
    zoom: (row) => store.set({ zoom: row }),
    out: zoomOut,
    select: (row) => {
      selected = row;
      note(row);
      drawFlame();
    },
  });

  function note(row: number): void {
    const line = part("flame-note", HTMLParagraphElement);
    if (line === null || graph === null) return;
    if (row < 0 || row >= graph.structure.length) {
      line.textContent = "";
      return;
    }
    const of = at(graph.width, row) / Math.max(1, at(graph.width, 0));
    const size = `${formatBytes(at(graph.live, row))} ${PAGE_LIVE.liveWord}, ${formatGrowth(at(graph.change, row))}`;
    const passed = graph.passed(row).length;
    line.textContent = [
      name(row),
      passed > 0 ? PAGE_LIVE.passed(passed) : "",
      module(row),
      group(row),
      size,
      `${(of * 100).toFixed(of < 0.1 ? 1 : 0)} %`,
    ]
      .filter((text) => text !== "")
      .join(" · ");
  }

  function drawFlame(): void {
    if (graph === null) return;
    const { mode, zoom, search } = store.get();
    const matches = matcherOf(search, tree);
    flame.draw({
      graph,
      boxes,
      zoom,
      selected,
      matches:
        matches === null
          ? null
          : (row) => row !== 0 && (matches(nodeOf(row)) || (graph as Graph).passed(row).some((step) => matches(nodeOf(step)))),
      name: label,
      ink,
      shows: mode === "live" ? "live" : "change",
    });
    showFound(matches);
  }

  /** How much of the memory lies in what was found; a match below a match counts once. */
  function showFound(matches: ((node: number) => boolean) | null): void {
    const output = part("search-result", HTMLOutputElement);
    if (output === null || graph === null) return;
    if (matches === null) {
      output.textContent = "";
      return;
    }
    const { structure, width } = graph;
    const isInside = new Uint8Array(structure.length);
    let [found, sum] = [0, 0];
    for (let row = 1; row < structure.length; row++) {
      const isMatch = matches(at(structure.node, row));
      if (isMatch && at(width, row) > 0) found++;
      if (at(isInside, at(structure.parent, row)) === 1) isInside[row] = 1;
      else if (isMatch) {
        isInside[row] = 1;
        sum += at(width, row);
      }
    }
    output.textContent = PAGE_LIVE.found(found, formatBytes(sum), Math.round((sum / Math.max(1, at(width, 0))) * 100));
  }

  function render(state: State, before: State | null): void {
    const structure = structureOf(state);
    const isMeasured =
      before !== null &&
      graph !== null &&
      graph.structure === structure &&
      (["from", "to", "mode", "focus", "whole"] as const).every((key) => before[key] === state[key]);
    if (!isMeasured) {
      const measured = measure(tree, structure, state);
      graph = state.whole ? measured : shortened(measured);
    }
    if (graph === null) return;
    const zoom = state.zoom < structure.length ? state.zoom : 0;
    if (!isMeasured || before?.zoom !== state.zoom) boxes = layOut(graph, zoom);
    if (selected >= structure.length || before?.inverted !== state.inverted) selected = -1;
    drawFlame();
    showCrumbs(zoom);
    if (!isMeasured || before?.zoom !== state.zoom || before?.twin !== state.twin) {
      if (state.twin === "tree") outline.show({ graph, zoom, name: (row) => label(row), party, group });
      else showTwin(twinHost as HTMLElement, { graph, boxes, kind: treeKind, name, module, party, group });
    }
    showControls(state);
  }

  function showCrumbs(zoom: number): void {
    const nav = part("crumbs", HTMLElement);
    if (nav === null || graph === null) return;
    const rows = graph.ancestry(zoom);
    const shown = rows.length > 5 ? [rows[0] ?? 0, ...rows.slice(-3)] : rows;
    nav.hidden = zoom === 0;
    nav.replaceChildren(
      ...shown.map((row, index) => {
        const isHere = index === shown.length - 1;
        const button = element("button", {
          text: name(row),
          attributes: { type: "button", ...(isHere ? { "aria-current": "true" } : {}) },
        });
        button.addEventListener("click", () => store.set({ zoom: row }));
        return button;
      }),
    );
  }

  function showControls(state: State): void {
    for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="mode"]')) radio.checked = radio.value === state.mode;
    for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="twin"]')) radio.checked = radio.value === state.twin;
    const [focus, inverted, search] = [
      part("focus", HTMLSelectElement),
      part("inverted", HTMLInputElement),
      part("search", HTMLInputElement),
    ];
    if (focus !== null) focus.value = state.focus < 0 ? "" : String(state.focus);
    if (inverted !== null) inverted.checked = state.inverted;
    const whole = part("whole", HTMLInputElement);
    if (whole !== null) whole.checked = state.whole;
    if (search !== null && search.value !== state.search) search.value = state.search;
    const outlinePart = part("outline-part", HTMLDivElement);
    if (outlinePart !== null) outlinePart.hidden = state.twin === "table";
    if (twinHost !== null) twinHost.hidden = state.twin === "tree";
    const hint = part("tree-hint", HTMLParagraphElement);
    if (hint !== null)
      hint.textContent = PAGE_LIVE.modeHint[state.mode](timeText(state.from), tree.instants < 2 ? "" : timeText(state.to), treeKind);
    showLegend(state.mode);
  }

  function showLegend(mode: Mode): void {
    const parties = ["client", "app", "runtime", "unknown"] as const;
    const keys =
      mode === "live"
        ? parties
            .filter((of) => groups.some((candidate, row) => held.has(row) && candidate.party === of))
            .map((of) => [of, PAGE_LIVE.party[of]] as const)
        : mode === "grown"
          ? [["grew", PAGE_LIVE.grew] as const]
          : [["grew", PAGE_LIVE.grew] as const, ["shrank", PAGE_LIVE.shrank] as const];
    part("tree-legend", HTMLUListElement)?.replaceChildren(
      ...keys.map(([kind, label]) =>
        element("li", {
          children: [element("span", { class: `mark ${kind}`, attributes: { "aria-hidden": "true" } }), document.createTextNode(label)],
        }),
      ),
    );
  }

  const focusSelect = part("focus", HTMLSelectElement);
  for (const [row, { label }] of groups.entries()) {
    if (held.has(row)) focusSelect?.append(element("option", { text: label, attributes: { value: String(row) } }));
  }
  focusSelect?.addEventListener("change", () => store.set({ focus: focusSelect.value === "" ? -1 : Number(focusSelect.value) }));
  const inverted = part("inverted", HTMLInputElement);
  inverted?.addEventListener("change", () => store.set({ inverted: inverted.checked, zoom: 0 }));
  const whole = part("whole", HTMLInputElement);
  whole?.addEventListener("change", () => store.set({ whole: whole.checked }));
  const search = part("search", HTMLInputElement);
  const find = onceAFrame(() => store.set({ search: (search?.value ?? "").slice(0, 200) }));
  search?.addEventListener("input", find);
  for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="mode"]')) {
    radio.addEventListener("change", () => store.set({ mode: radio.value as Mode }));
  }
  for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="twin"]')) {
    radio.addEventListener("change", () => store.set({ twin: radio.value === "table" ? "table" : "tree" }));
  }
  canvas.parentElement?.addEventListener("keydown", (event) => {
    if (event.key === "Escape") zoomOut();
  });

  // what the first look upside down needs is made before somebody asks for it
  whenIdle(() => structureOf({ inverted: true }));
  store.subscribe(render);
  render(store.get(), null);
  const frame = canvas.parentElement;
  let width = frame?.clientWidth ?? 0;
  if (frame !== null) {
    new ResizeObserver(() => {
      if (frame.clientWidth === width) return;
      width = frame.clientWidth;
      flame.repaint();
    }).observe(frame);
  }
  return { repaint: () => flame.repaint() };
}
