/**
 * Memory over time: parties stacked (the client below, so that its ceiling can be compared with it), lines for the ceiling, the
 * limit, the resident size and the queue, and the lag on an axis of its own below. A cursor tells the values, a brush selects
 * the range of which the graph shows the growth.
 */
import { formatBytes, formatDuration } from "../../base/units.ts";
import type { PageData } from "../page-data.ts";
import { PAGE_LIVE } from "../words.ts";
import { at } from "./data.ts";
import { element, onceAFrame, svg } from "./dom.ts";
import { PARTY_ORDER } from "./palette.ts";

const HEIGHT = 250;
const LAG_HEIGHT = 74;
const LAG_GAP = 26;
const MARGIN = { top: 14, right: 16, bottom: 26, left: 66 };

export interface TimelineView {
  /** Elapsed of both ends; null = nothing is selected. */
  select(range: { readonly from: number; readonly to: number } | null): void;
}

export interface TimelineParts {
  readonly chart: HTMLElement;
  readonly values: HTMLElement | null;
  readonly legend: HTMLElement | null;
}

export function createTimeline(
  { chart, values, legend }: TimelineParts,
  { series, timeline }: PageData,
  brush: ((range: { readonly from: number; readonly to: number } | null) => void) | null,
): TimelineView {
  const elapsed = timeline.elapsed;
  const first = at(elapsed, 0);
  const last = at(elapsed, elapsed.length - 1);
  const parties = PARTY_ORDER.filter((party) => series.some(({ liveBytes }) => liveBytes[party] > 0));
  const total = (row: number): number => parties.reduce((sum, party) => sum + Math.max(0, series[row]?.liveBytes[party] ?? 0), 0);
  const lines = [
    { name: "resident", label: PAGE_LIVE.resident, levels: series.map(({ residentBytes }) => residentBytes) },
    { name: "queue", label: PAGE_LIVE.queued, levels: series.map(({ queueBytes }) => queueBytes) },
  ].filter(({ levels }) => levels.some((level) => level !== null));
  const lags = series.map(({ lag }) => lag);
  const hasLag = lags.some((lag) => lag !== null);
  const heights = { all: HEIGHT + (hasLag ? LAG_GAP + LAG_HEIGHT : 0) };
  const highestData = Math.max(
    1,
    ...series.map((_, row) => total(row)),
    ...lines.flatMap(({ levels }) => levels.map((level) => level ?? 0)),
  );
  const marks = [
    { name: "ceiling", label: PAGE_LIVE.ceiling, bytes: timeline.ceilingBytes },
    { name: "limit", label: PAGE_LIVE.limit, bytes: timeline.limitBytes },
  ].flatMap(({ name, label, bytes }) => (bytes === null ? [] : [{ name, label, bytes }]));
  // a limit far above everything would flatten the memory: then it is named at the upper edge instead
  const highest = Math.max(highestData, ...marks.map(({ bytes }) => (bytes <= 2.5 * highestData ? bytes : 0))) * 1.08;
  let cursor = series.length - 1;
  let selected: { readonly from: number; readonly to: number } | null = null;
  let anchor: number | null = null;
  let width = 0;

  const inner = (): number => Math.max(10, width - MARGIN.left - MARGIN.right);
  const x = (value: number): number => MARGIN.left + (last === first ? 0 : ((value - first) / (last - first)) * inner());
  const y = (bytes: number): number => MARGIN.top + (1 - Math.min(bytes, highest) / highest) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const timeText = (value: number): string => (timeline.timed ? formatDuration(value * 1000) : PAGE_LIVE.capture(value));

  const cursorLine = svg("line", { class: "cursor", y1: MARGIN.top, y2: heights.all - MARGIN.bottom });
  const selection = svg("rect", { class: "selection", y: MARGIN.top, height: heights.all - MARGIN.top - MARGIN.bottom });

  function draw(): void {
    width = chart.clientWidth;
    if (width === 0) return;
    const picture = svg("svg", {
      width,
      height: heights.all,
      viewBox: `0 0 ${width} ${heights.all}`,
      "aria-hidden": "true",
      focusable: "false",
    });
    picture.append(patterns());
    for (const bytes of byteTicks(highest)) {
      picture.append(svg("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(bytes), y2: y(bytes) }));
      picture.append(
        svg("text", { class: "tick", x: MARGIN.left - 8, y: y(bytes) + 4, "text-anchor": "end" }, formatBytes(bytes).replace(".0 ", " ")),
      );
    }
    const ticks = timeTicks(first, last, Math.max(2, Math.floor(inner() / 110)), timeline.timed);
    for (const tick of ticks) {
      picture.append(svg("text", { class: "tick", x: x(tick), y: heights.all - 8, "text-anchor": anchorAt(x(tick)) }, timeText(tick)));
      picture.append(
        svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: heights.all - MARGIN.bottom, y2: heights.all - MARGIN.bottom + 4 }),
      );
    }
    const base = new Float64Array(series.length);
    for (const party of parties) {
      const lower = base.slice();
      for (const [row, { liveBytes }] of series.entries()) base[row] = at(base, row) + Math.max(0, liveBytes[party]);
      const up = elapsed.map((time, row) => `${x(time).toFixed(1)},${y(at(base, row)).toFixed(1)}`);
      const down = elapsed.map((time, row) => `${x(time).toFixed(1)},${y(at(lower, row)).toFixed(1)}`).reverse();
      picture.append(svg("polygon", { class: `area ${party}`, points: [...up, ...down].join(" ") }));
      if (party !== "client") picture.append(svg("polygon", { fill: `url(#hatch-${party})`, points: [...up, ...down].join(" ") }));
      picture.append(svg("polyline", { class: `edge ${party}`, points: up.join(" ") }));
    }
    // over the areas a line needs an edge of paper to be seen
    for (const { name, levels } of lines) picture.append(course("halo", levels, y), course(name, levels, y));
    for (const [index, { name, label, bytes }] of marks.entries()) {
      const isBeyond = bytes > highest;
      const height = isBeyond ? MARGIN.top : y(bytes);
      if (!isBeyond)
        picture.append(svg("line", { class: `mark-line ${name}`, x1: MARGIN.left, x2: width - MARGIN.right, y1: height, y2: height }));
      const text = `${label} ${formatBytes(bytes)}${isBeyond ? " ↑" : ""}`;
      const place = isBeyond ? MARGIN.top + 10 + index * 14 : height - 5;
      const side = isBeyond ? { x: width - MARGIN.right - 6, "text-anchor": "end" } : { x: MARGIN.left + 6 };
      picture.append(svg("text", { class: "mark-text", ...side, y: Math.max(11, place) }, text));
    }
    if (hasLag) drawLag(picture);
    picture.append(selection, cursorLine);
    chart.replaceChildren(picture);
    moveCursor(cursor);
    showSelection();
  }

  /** Labels at the edges stay inside of the picture. */
  function anchorAt(place: number): string {
    if (place > width - 40) return "end";
    return place < MARGIN.left + 10 ? "start" : "middle";
  }

  function drawLag(picture: SVGSVGElement): void {
    const top = HEIGHT + LAG_GAP - MARGIN.bottom + 10;
    const bottom = heights.all - MARGIN.bottom;
    const most = Math.max(1, ...lags.map((lag) => lag ?? 0));
    const place = (lag: number): number => bottom - (lag / most) * (bottom - top);
    picture.append(svg("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: bottom, y2: bottom }));
    picture.append(svg("text", { class: "tick", x: MARGIN.left - 8, y: top + 8, "text-anchor": "end" }, count(most)));
    picture.append(svg("text", { class: "mark-text", x: MARGIN.left + 6, y: top - 4 }, PAGE_LIVE.lagMessages));
    picture.append(course("lag", lags, place));
  }

  /** A line with gaps where nothing is known. */
  function course(name: string, levels: readonly (number | null)[], place: (value: number) => number): SVGPathElement {
    let path = "";
    let isDrawing = false;
    for (const [row, level] of levels.entries()) {
      if (level === null) isDrawing = false;
      else {
        path += `${isDrawing ? "L" : "M"}${x(at(elapsed, row)).toFixed(1)},${place(level).toFixed(1)}`;
        isDrawing = true;
      }
    }
    return svg("path", { class: `course-line ${name}`, d: path });
  }

  function moveCursor(row: number): void {
    cursor = Math.max(0, Math.min(series.length - 1, row));
    const place = x(at(elapsed, cursor));
    cursorLine.setAttribute("x1", String(place));
    cursorLine.setAttribute("x2", String(place));
    const text = [valuesAt(cursor), growthText()].filter((part) => part !== "").join(" — ");
    chart.setAttribute("aria-valuenow", String(cursor));
    chart.setAttribute("aria-valuetext", text);
    if (values !== null) values.textContent = text;
  }

  function valuesAt(row: number): string {
    const point = series[row];
    if (point === undefined) return "";
    const facts = [
      ...parties.map((party) => `${PAGE_LIVE.party[party]} ${formatBytes(point.liveBytes[party])}`),
      ...(parties.length > 1 ? [`${PAGE_LIVE.together} ${formatBytes(total(row))}`] : []),
      ...(point.queueBytes === null ? [] : [`${PAGE_LIVE.queued} ${formatBytes(point.queueBytes)}`]),
      ...(point.residentBytes === null ? [] : [`${PAGE_LIVE.resident} ${formatBytes(point.residentBytes)}`]),
      ...(point.lag === null ? [] : [`${PAGE_LIVE.lag} ${count(point.lag)}`]),
    ];
    return `${timeText(at(elapsed, row))}: ${facts.join(" · ")}`;
  }

  /** What each party gained in the selected range, or up to the cursor. */
  function growthText(): string {
    const range = selected ?? { from: first, to: at(elapsed, cursor) };
    const [from, to] = [rowOf(range.from), rowOf(range.to)];
    if (from === to || parties.length === 0) return "";
    const grown = parties.map((party) => {
      const change = (series[to]?.liveBytes[party] ?? 0) - (series[from]?.liveBytes[party] ?? 0);
      return `${PAGE_LIVE.party[party]} ${change > 0 ? "+" : ""}${formatBytes(change)}`;
    });
    return `${PAGE_LIVE.inRange(timeText(range.from), timeText(range.to))} ${grown.join(" · ")}`;
  }

  /** The point that is nearest to a time. */
  function rowOf(wanted: number): number {
    let nearest = 0;
    for (let row = 1; row < elapsed.length; row++) {
      if (Math.abs(at(elapsed, row) - wanted) < Math.abs(at(elapsed, nearest) - wanted)) nearest = row;
    }
    return nearest;
  }

  function showSelection(): void {
    selection.setAttribute("visibility", selected === null ? "hidden" : "visible");
    if (selected === null) return;
    const left = x(selected.from);
    selection.setAttribute("x", String(left));
    selection.setAttribute("width", String(Math.max(1, x(selected.to) - left)));
  }

  function rowAt(event: PointerEvent): number {
    const bounds = chart.getBoundingClientRect();
    return rowOf(first + ((event.clientX - bounds.left - MARGIN.left) / inner()) * (last - first));
  }

  function brushTo(row: number): void {
    if (anchor === null || brush === null) return;
    const [from, to] = [Math.min(anchor, row), Math.max(anchor, row)];
    brush(from === to ? null : { from: at(elapsed, from), to: at(elapsed, to) });
  }

  const dragged = { from: null as number | null };
  chart.addEventListener("pointermove", (event) => {
    const row = rowAt(event);
    moveCursor(row);
    if (dragged.from === null) return;
    anchor = dragged.from;
    if (Math.abs(row - anchor) > 0) brushTo(row);
  });
  chart.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    dragged.from = rowAt(event);
    chart.setPointerCapture(event.pointerId);
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    chart.addEventListener(end, () => {
      dragged.from = null;
      anchor = null;
    });
  }
  chart.addEventListener("keydown", (event) => {
    const far = Math.max(1, Math.round(series.length / 10));
    const steps: Readonly<Record<string, number>> = {
      ArrowLeft: -1,
      ArrowDown: -1,
      ArrowRight: 1,
      ArrowUp: 1,
      PageDown: -far,
      PageUp: far,
      Home: -series.length,
      End: series.length,
    };
    const step = steps[event.key];
    if (event.key === "Escape") {
      anchor = null;
      brush?.(null);
    } else if (step === undefined) return;
    else {
      if (event.shiftKey) anchor ??= cursor;
      else anchor = null;
      moveCursor(cursor + step);
      if (event.shiftKey) brushTo(cursor);
    }
    event.preventDefault();
  });

  const items = [
    ...parties.map((party) => ({ kind: `mark ${party}`, label: PAGE_LIVE.party[party] })),
    ...lines.map(({ name, label }) => ({ kind: `key ${name}`, label })),
    ...marks.map(({ name, label }) => ({ kind: `key ${name}`, label })),
  ];
  legend?.replaceChildren(
    ...items.map(({ kind, label }) =>
      element("li", {
        children: [element("span", { class: kind, attributes: { "aria-hidden": "true" } }), document.createTextNode(label)],
      }),
    ),
  );
  new ResizeObserver(onceAFrame(draw)).observe(chart);
  draw();
  return {
    select(range) {
      selected = range;
      showSelection();
      moveCursor(cursor);
    },
  };
}

/** Patterns over the areas, so that colour is not all that tells parties apart. */
function patterns(): SVGDefsElement {
  const made = svg("defs", {});
  const pattern = (id: string, shape: SVGElement): void => {
    const tile = svg("pattern", { id: `hatch-${id}`, width: 8, height: 8, patternUnits: "userSpaceOnUse" });
    tile.append(shape);
    made.append(tile);
  };
  pattern("app", svg("path", { class: "hatch", d: "M-2,2L2,-2M0,8L8,0M6,10L10,6" }));
  pattern("runtime", svg("rect", { class: "hatch-dot", x: 2, y: 2, width: 2, height: 2 }));
  pattern("unknown", svg("path", { class: "hatch", d: "M0,4L8,4" }));
  return made;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Four or so round sizes: 1, 2 or 5 times a power of two thousand twenty-four. */
function byteTicks(highest: number): readonly number[] {
  const rough = highest / 4;
  const unit = 1024 ** Math.floor(Math.log(rough) / Math.log(1024));
  const steps = [1, 2, 4, 5, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 400, 512].map((factor) => factor * unit);
  const step = steps.find((candidate) => candidate >= rough) ?? rough;
  const ticks: number[] = [];
  for (let tick = 0; tick <= highest; tick += step) ticks.push(tick);
  return ticks;
}

const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400];

function timeTicks(first: number, last: number, most: number, timed: boolean): readonly number[] {
  const rough = (last - first) / most;
  const step = (timed ? TIME_STEPS : [1, 2, 5, 10, 20, 50, 100]).find((candidate) => candidate >= rough) ?? Math.max(1, Math.ceil(rough));
  if (last - first < step) return [first, last];
  const ticks: number[] = [];
  for (let tick = Math.ceil(first / step) * step; tick <= last; tick += step) ticks.push(tick);
  return ticks.length < 2 ? [first, last] : ticks;
}
