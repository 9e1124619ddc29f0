/**
 * Which objects of a series of heap snapshots are new in each, and which of them the last one still holds: the rule of three
 * snapshots. V8 numbers objects in the order in which its snapshots first see them, so an id above the largest of the snapshot
 * before is new; no snapshot has to be compared object by object.
 */
import { add, at } from "../base/columns.ts";
import type { Profile, Survivors } from "./profile.ts";

/** New and alive at an instant, by path. */
export interface Born {
  readonly bytes: ReadonlyMap<number, number>;
  readonly blocks: ReadonlyMap<number, number>;
}

export class Births {
  readonly #lastIds: readonly number[];
  readonly #isUsable: boolean;
  readonly #bornBytes: number[] = [0];
  #row = 0;
  #survivors: Survivors | null = null;

  /** The profiles of the series, in their order; each is one instant. */
  constructor(profiles: readonly Profile[]) {
    const hasObjects = profiles.every(({ graph, instants }) => graph !== null && graph.objects !== null && instants.length === 2);
    this.#lastIds = hasObjects ? profiles.map(({ graph }) => largestId(graph?.objects?.id ?? [])) : [];
    // another process would begin to count again
    this.#isUsable = hasObjects && profiles.length > 1 && this.#lastIds.every((id, row) => row === 0 || id > (this.#lastIds[row - 1] ?? 0));
  }

  /** To be asked once for each profile, in order. Null where ids say nothing. */
  next(profile: Profile, pathOf: Uint32Array): Born | null {
    const objects = profile.graph?.objects ?? null;
    if (!this.#isUsable || objects === null) return null;
    const row = this.#row++;
    const before = row === 0 ? Number.POSITIVE_INFINITY : (this.#lastIds[row - 1] ?? 0); // what the first holds is of any age
    const isLast = row === this.#lastIds.length - 1;
    const slices = this.#lastIds.length + 1;
    const paths = profile.paths.length;
    const bytes = new Float64Array(paths * (isLast ? slices : 1));
    const blocks = new Float64Array(bytes.length);
    for (let object = 1; object < objects.length; object++) {
      const id = at(objects.id, object);
      const path = at(objects.path, object);
      if (isLast) {
        // born by the first snapshot that knows such a high id
        let slice = isCounted(id) ? this.#lastIds.length : 1;
        while (slice > 1 && id <= (this.#lastIds[slice - 2] ?? 0)) slice--;
        const cell = path * slices + (slice === 1 ? 0 : slice);
        add(bytes, cell, at(objects.bytes, object));
        add(blocks, cell, 1);
      } else if (id > before && isCounted(id)) {
        add(bytes, path, at(objects.bytes, object));
        add(blocks, path, 1);
      }
    }
    const born = { bytes: new Map<number, number>(), blocks: new Map<number, number>() };
    for (let path = 0; path < paths; path++) {
      const cell = isLast ? path * slices + slices - 1 : path;
      if (at(blocks, cell) === 0) continue;
      const joined = at(pathOf, path);
      born.bytes.set(joined, (born.bytes.get(joined) ?? 0) + at(bytes, cell));
      born.blocks.set(joined, (born.blocks.get(joined) ?? 0) + at(blocks, cell));
    }
    this.#bornBytes.push([...born.bytes.values()].reduce((sum, size) => sum + size, 0));
    if (isLast) this.#survivors = this.#survivorsOf(bytes, blocks, slices, pathOf);
    return born;
  }

  survivors(): Survivors | null {
    return this.#survivors;
  }

  #survivorsOf(bytes: Float64Array, blocks: Float64Array, slices: number, pathOf: Uint32Array): Survivors {
    const cells: number[] = [];
    for (let cell = 0; cell < bytes.length; cell++) if (at(blocks, cell) > 0) cells.push(cell);
    return {
      clock: "instants",
      matching: "exact",
      slices,
      bornBytes: Float64Array.from(this.#bornBytes),
      length: cells.length,
      path: Uint32Array.from(cells, (cell) => at(pathOf, Math.floor(cell / slices))),
      bornAt: Uint32Array.from(cells, (cell) => cell % slices),
      bytes: Float64Array.from(cells, (cell) => at(bytes, cell)),
      blocks: Float64Array.from(cells, (cell) => at(blocks, cell)),
      doubtfulBytes: new Float64Array(cells.length),
    };
  }
}

/** V8 counts objects of its heap in odd numbers; even ones are addresses of the embedder's objects and have no order. */
function isCounted(id: number): boolean {
  return id % 2 === 1;
}

function largestId(ids: { readonly length: number; readonly [row: number]: number }): number {
  let largest = 0;
  for (let row = 1; row < ids.length; row++) {
    const id = ids[row] ?? 0;
    if (id > largest && isCounted(id)) largest = id;
  }
  return largest;
}
