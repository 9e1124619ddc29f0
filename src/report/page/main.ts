/** The scripts of the page: what is hidden without them is shown, and every part is given its data. */
import { createCopyButtons } from "./copy.ts";
import { at, readData, readTree } from "./data.ts";
import { part } from "./dom.ts";
import { createRange, nearestInstant, selectRange } from "./range.ts";
import { createStore } from "./state.ts";
import { enhanceTables } from "./tables.ts";
import { createThemeSwitch } from "./theme.ts";
import { createTimeline } from "./timeline-view.ts";
import { createTreeView } from "./tree-view.ts";
import { createTreemap } from "./treemap-view.ts";

function start(): void {
  const data = readData();
  const tree = data.tree === null ? null : readTree(data.tree);
  for (const hidden of document.querySelectorAll<HTMLElement>("[data-scripted]")) hidden.hidden = false;
  const last = Math.max(0, (tree?.instants ?? 1) - 1);
  const store = createStore({
    from: 0,
    to: last,
    mode: "live",
    focus: -1,
    inverted: false,
    whole: false,
    zoom: 0,
    search: "",
    twin: "tree",
  });
  let repaint = (): void => {};
  createThemeSwitch(() => repaint());
  createCopyButtons(data.markdown);
  enhanceTables();
  if (tree !== null) {
    const view = createTreeView(tree, data, store);
    repaint = () => view?.repaint();
    createRange(tree, data.timeline, store);
  } else for (const controls of document.querySelectorAll<HTMLElement>(".range")) controls.hidden = true;

  const chart = part("timeline-chart", HTMLDivElement);
  if (chart !== null && data.series.length > 1) {
    const parts = { chart, values: part("timeline-values", HTMLParagraphElement), legend: part("timeline-legend", HTMLUListElement) };
    const timeline = createTimeline(
      parts,
      data,
      tree === null
        ? null
        : (range) => {
            if (range === null) store.set({ from: 0, to: last });
            else selectRange(store, nearestInstant(tree, range.from), nearestInstant(tree, range.to));
          },
    );
    const showRange = (): void => {
      const { from, to } = store.get();
      const isAll = from === 0 && to === last;
      timeline.select(tree === null || isAll ? null : { from: at(tree.elapsed, from), to: at(tree.elapsed, to) });
    };
    store.subscribe(showRange);
    showRange();
  }

  const map = part("treemap", HTMLDivElement);
  if (map !== null) {
    const showFocus = createTreemap(map, data.tiles, (row) => {
      store.set({ focus: row, zoom: 0 });
      part("tree", HTMLElement)?.scrollIntoView({ block: "start" });
    });
    store.subscribe(({ focus }) => showFocus(focus));
    showFocus(store.get().focus);
  }
}

start();
