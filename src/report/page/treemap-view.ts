/** Who holds the live memory at the end, as areas (d3-hierarchy treemap): buttons that focus the graph on what they stand for. */
import { hierarchy, treemap, treemapSquarify } from "d3-hierarchy";
import { formatBytes } from "../../base/units.ts";
import type { PageData } from "../page-data.ts";
import { PAGE_LIVE } from "../words.ts";
import { element } from "./dom.ts";
import { PARTY_ORDER } from "./palette.ts";

type Tile = PageData["tiles"][number];

interface Branch {
  readonly tile: Tile | null;
  readonly branches: readonly Branch[];
}

const SMALLEST_SHARE = 0.001;
const SMALLEST_SIDE = 2; // pixels

export function createTreemap(host: HTMLElement, tiles: readonly Tile[], choose: (row: number) => void): (focus: number) => void {
  let focused = -1;
  const held = tiles.filter(({ liveBytes, share }) => liveBytes > 0 && share >= SMALLEST_SHARE);
  const root: Branch = {
    tile: null,
    branches: PARTY_ORDER.map((party) => ({
      tile: null,
      branches: held.filter((tile) => tile.party === party).map((tile) => ({ tile, branches: [] })),
    })).filter(({ branches }) => branches.length > 0),
  };

  function draw(): void {
    const width = host.clientWidth;
    if (width === 0) return;
    const height = width < 600 ? 320 : 240;
    host.style.height = `${height}px`;
    const top = hierarchy<Branch>(root, ({ branches }) => branches).sum(({ tile }) => tile?.liveBytes ?? 0);
    top.sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
    const placed = treemap<Branch>().tile(treemapSquarify.ratio(1.6)).size([width, height]).paddingInner(3).round(true)(top);
    host.replaceChildren(
      ...placed.leaves().flatMap(({ data: { tile }, x0, x1, y0, y1 }) => {
        if (tile === null) return [];
        const isWide = x1 - x0 > 90 && y1 - y0 > 38;
        const text = PAGE_LIVE.tile(tile.label, formatBytes(tile.liveBytes), Math.round(tile.share * 100));
        const button = element("button", {
          class: `tile ${tile.party}`,
          attributes: {
            type: "button",
            title: text,
            "aria-pressed": String(tile.row === focused),
            "data-row": String(tile.row),
            ...(isWide ? {} : { "aria-label": text }),
          },
          children: isWide
            ? [
                element("span", { class: "tile-name", text: tile.label }),
                element("span", { class: "tile-size", text: `${formatBytes(tile.liveBytes)} · ${Math.round(tile.share * 100)} %` }),
              ]
            : [],
        });
        button.disabled = tile.row < 0;
        // the gaps between tiles may take more room than the smallest have
        button.style.left = `${Math.min(x0, width - SMALLEST_SIDE)}px`;
        button.style.top = `${Math.min(y0, height - SMALLEST_SIDE)}px`;
        button.style.width = `${Math.max(SMALLEST_SIDE, x1 - x0)}px`;
        button.style.height = `${Math.max(SMALLEST_SIDE, y1 - y0)}px`;
        button.addEventListener("click", () => choose(tile.row === focused ? -1 : tile.row));
        return [button];
      }),
    );
  }

  new ResizeObserver(draw).observe(host);
  return (focus) => {
    focused = focus;
    for (const button of host.querySelectorAll("button"))
      button.setAttribute("aria-pressed", String(button.dataset["row"] === String(focus)));
  };
}
