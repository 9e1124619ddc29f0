/**
 * Whose the arrays of a class histogram are. It counts arrays and does not say who holds them; but where one type of the application
 * gains an object for every array that is gained, from look to look, and no type of a client does, the arrays are those objects'.
 */
import { at } from "../base/columns.ts";
import { frameText, seriesByGroup, seriesOf } from "../model/ledger.ts";
import { FrameKind, type PathId, type Profile } from "../model/profile.ts";
import { type Attribution, PARTIES } from "./attribution.ts";

export interface CompanionType {
  readonly arrays: PathId;
  readonly arrayName: string;
  readonly typeName: string;
  readonly gainedArrays: number;
  readonly gainedObjects: number;
  readonly gainedBytes: number; // of the arrays
}

/** Two gains in a row that agree are no chance; one may be. */
const FEWEST_INSTANTS = 3;
/** More are no class histograms. */
const MOST_INSTANTS = 64;
/** In every step; fewer objects agree with something by chance. */
const FEWEST_OBJECTS = 100;
/** Strings and buffers of everything else are gained beside them. */
const SAME_SHARE = 0.15;

/** The type of the application that the arrays which grow most belong to; null where there is none, or a client's type fits as well. */
export function companionType(profile: Profile, attribution: Attribution): CompanionType | null {
  const { paths, instants } = profile;
  if (instants.length <= FEWEST_INSTANTS || instants.length > MOST_INSTANTS || !countsTypes(profile)) return null;
  const pathRows = Uint32Array.from({ length: paths.length }, (_, path) => path);
  const last = instants.length - 1;
  const bytes = seriesByGroup(profile, pathRows, paths.length, "liveBytes");
  const gainedBytes = (path: PathId): number => at(seriesOf(bytes, path), last) - at(seriesOf(bytes, path), 1);
  const arrays = pathRows.reduce((most, path) => (gainedBytes(path) > gainedBytes(most) ? path : most), 0);
  if (arrays === 0 || PARTIES[at(attribution.party, arrays)] !== "unknown") return null;
  const blocks = seriesByGroup(profile, pathRows, paths.length, "liveBlocks");
  const stepsOf = (path: PathId): readonly number[] => {
    const series = seriesOf(blocks, path);
    return Array.from({ length: last - 1 }, (_, step) => at(series, step + 2) - at(series, step + 1));
  };
  const wanted = stepsOf(arrays);
  if (wanted.some((gained) => gained < FEWEST_OBJECTS)) return null;
  const companions = [...pathRows.subarray(1)].filter(
    (path) =>
      path !== arrays &&
      ["app", "client"].includes(PARTIES[at(attribution.party, path)] ?? "") &&
      stepsOf(path).every((gained, step) => Math.abs(gained - (wanted[step] ?? 0)) <= SAME_SHARE * (wanted[step] ?? 0)),
  );
  const [first] = companions;
  if (first === undefined || companions.some((path) => PARTIES[at(attribution.party, path)] === "client")) return null;
  const nameOf = (path: PathId): string => frameText(profile, at(paths.frame, path));
  const sum = (steps: readonly number[]): number => steps.reduce((total, gained) => total + gained, 0);
  return {
    arrays,
    arrayName: nameOf(arrays),
    typeName: nameOf(first),
    gainedArrays: sum(wanted),
    gainedObjects: sum(stepsOf(first)),
    gainedBytes: gainedBytes(arrays),
  };
}

/** Every path is one type: nothing says who holds what. */
function countsTypes({ frames, paths }: Profile): boolean {
  for (let path = 1; path < paths.length; path++) {
    if (at(paths.parent, path) !== 0 || at(frames.kind, at(paths.frame, path)) !== FrameKind.type) return false;
  }
  return true;
}
