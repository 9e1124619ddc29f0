/** Colours and patterns of the data, taken from the style sheet: a party is told by its pattern as well as by its colour. */
import type { PartyName } from "../page-data.ts";

export const PARTY_ORDER: readonly PartyName[] = ["client", "app", "runtime", "unknown"];

export type Ink = PartyName | "grew" | "shrank" | "above";

export interface Palette {
  readonly fills: Readonly<Record<Ink, string | CanvasPattern>>;
  readonly plates: Readonly<Record<Ink, string>>; // the same colours without patterns, under letters
  readonly onData: string;
  readonly ink: string;
}

export function readPalette(context: CanvasRenderingContext2D): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const fill = (ink: Ink, drawn: Pattern): string | CanvasPattern => patterned(context, colour(ink), colour("hatch"), drawn);
  return {
    fills: {
      client: colour("client"),
      app: fill("app", "diagonal"),
      runtime: fill("runtime", "dots"),
      unknown: fill("unknown", "lines"),
      grew: colour("grew"),
      shrank: fill("shrank", "diagonal"),
      above: colour("above"),
    },
    plates: {
      client: colour("client"),
      app: colour("app"),
      runtime: colour("runtime"),
      unknown: colour("unknown"),
      grew: colour("grew"),
      shrank: colour("shrank"),
      above: colour("above"),
    },
    onData: colour("on-data"),
    ink: colour("ink"),
  };
}

type Pattern = "diagonal" | "dots" | "lines";

function patterned(context: CanvasRenderingContext2D, colour: string, hatch: string, drawn: Pattern): string | CanvasPattern {
  const tile = document.createElement("canvas");
  tile.width = 8;
  tile.height = 8;
  const brush = tile.getContext("2d");
  if (brush === null) return colour;
  brush.fillStyle = colour;
  brush.fillRect(0, 0, 8, 8);
  brush.strokeStyle = hatch;
  brush.fillStyle = hatch;
  brush.lineWidth = 1.5;
  if (drawn === "dots") brush.fillRect(2, 2, 2, 2);
  else {
    brush.beginPath();
    if (drawn === "lines") {
      brush.moveTo(0, 4);
      brush.lineTo(8, 4);
    } else {
      for (const shift of [-8, 0, 8]) {
        brush.moveTo(shift, 8);
        brush.lineTo(shift + 8, 0);
      }
    }
    brush.stroke();
  }
  return context.createPattern(tile, "repeat") ?? colour;
}
