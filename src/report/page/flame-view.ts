/**
 * The graph of call paths on a canvas: callers above what they call, as wide as their memory. What is zoomed to fills the width,
 * with what is above it as full bars. Pointer only: the keyboard has the tree below, which shows the same.
 */
import { formatBytes } from "../../base/units.ts";
import { at } from "./data.ts";
import type { Box, Graph } from "./graph.ts";
import { type Ink, type Palette, readPalette } from "./palette.ts";

const LEVEL = 21;
const FONT = '12px ui-monospace, "SF Mono", Menlo, Consolas, monospace';

export interface Scene {
  readonly graph: Graph;
  readonly boxes: readonly Box[];
  readonly zoom: number;
  readonly selected: number; // -1 = none
  readonly matches: ((row: number) => boolean) | null;
  readonly name: (row: number, room: number) => string;
  readonly ink: (row: number) => Ink;
  readonly shows: "live" | "change";
}

export interface FlameView {
  draw(scene: Scene): void;
  repaint(): void;
}

export function createFlameView(canvas: HTMLCanvasElement, on: { hover(row: number | null): void; choose(row: number): void }): FlameView {
  const context = canvas.getContext("2d");
  let scene: Scene | null = null;
  let palette: Palette | null = null;
  let levels: readonly (readonly Box[])[] = [];
  let above: readonly number[] = [];
  let hovered: number | null = null;
  let width = 0; // of the frame; 0 = to be asked, which lays out the whole page

  function paint(): void {
    if (context === null || scene === null) return;
    palette ??= readPalette(context);
    width = width || (canvas.parentElement?.clientWidth ?? 800);
    const height = Math.max(1, above.length + levels.length) * LEVEL;
    const ratio = Math.min(2, devicePixelRatio || 1);
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = FONT;
    context.textBaseline = "middle";
    for (const [level, row] of above.entries()) bar(scene, palette, { row, depth: 0, x0: 0, x1: 1 }, level, width, true);
    for (const [level, boxes] of levels.entries()) {
      for (const box of boxes) bar(scene, palette, box, above.length + level, width, false);
    }
  }

  function bar(of: Scene, { fills, plates, onData, ink }: Palette, box: Box, level: number, width: number, isAbove: boolean): void {
    if (context === null) return;
    const x = box.x0 * width;
    const y = level * LEVEL;
    const wide = (box.x1 - box.x0) * width;
    const isMatch = of.matches === null || of.matches(box.row);
    context.globalAlpha = isMatch ? 1 : 0.3;
    context.fillStyle = isAbove ? fills.above : fills[of.ink(box.row)];
    context.fillRect(x, y, Math.max(wide - 1, 0.5), LEVEL - 1);
    context.globalAlpha = 1;
    if (box.row === hovered || box.row === of.selected || (of.matches !== null && isMatch && wide > 3)) {
      context.strokeStyle = ink;
      context.lineWidth = box.row === of.selected ? 2.5 : 1.5;
      context.strokeRect(x + 1, y + 1, Math.max(1, wide - 3), LEVEL - 3);
    }
    if (wide < 34) return;
    const size = of.shows === "live" ? at(of.graph.live, box.row) : at(of.graph.change, box.row);
    const figures = wide > 190 ? `  ${of.shows === "change" && size > 0 ? "+" : ""}${formatBytes(size)}` : "";
    const room = Math.floor((wide - 12) / 7.25) - figures.length;
    const text = cut(of.name(box.row, room), room) + figures;
    // a match is outlined; what is not one stays readable on its faded bar
    const isPlain = isAbove || of.ink(box.row) === "above";
    context.fillStyle = isPlain || !isMatch ? ink : onData;
    if (!isPlain && isMatch) {
      // a quiet plate under the letters, so that a pattern never crosses them
      context.fillStyle = plates[of.ink(box.row)];
      context.fillRect(x + 4, y + 3, Math.min(wide - 9, text.length * 7.25 + 4), LEVEL - 7);
      context.fillStyle = onData;
    }
    context.fillText(text, x + 6, y + LEVEL / 2, wide - 10);
  }

  function rowAt(event: MouseEvent): number | null {
    const bounds = canvas.getBoundingClientRect();
    const level = Math.floor((event.clientY - bounds.top) / LEVEL);
    const share = (event.clientX - bounds.left) / bounds.width;
    if (level < above.length) return above[level] ?? null;
    return levels[level - above.length]?.find(({ x0, x1 }) => share >= x0 && share < x1)?.row ?? null;
  }

  canvas.addEventListener("pointermove", (event) => {
    const row = rowAt(event);
    if (row === hovered) return;
    hovered = row;
    canvas.style.cursor = row === null ? "default" : "pointer";
    on.hover(row);
    paint();
  });
  canvas.addEventListener("pointerleave", () => {
    hovered = null;
    on.hover(null);
    paint();
  });
  canvas.addEventListener("click", (event) => {
    const row = rowAt(event);
    if (row !== null) on.choose(row);
  });

  return {
    draw(next) {
      scene = next;
      above = next.graph.ancestry(next.zoom).slice(0, -1);
      const byLevel: Box[][] = [];
      for (const box of next.boxes) {
        byLevel[box.depth] ??= [];
        byLevel[box.depth]?.push(box);
      }
      levels = byLevel;
      paint();
    },
    repaint() {
      palette = null;
      width = 0;
      paint();
    },
  };
}

function cut(text: string, room: number): string {
  if (text.length <= room) return text;
  if (room < 4) return text.slice(0, Math.max(0, room));
  return `${text.slice(0, room - 1)}…`;
}
