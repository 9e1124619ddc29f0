/**
 * What lies at or below the paths through each frame. A path counts once for a frame, however often the frame is in it, so
 * recursion is not summed up; one walk over the tree, however deep its paths are.
 */
import { add, at, type Column } from "../base/columns.ts";
import type { Profile } from "./profile.ts";

/** @param own what each path holds itself. Length of the result = frames. */
export function sumByFrame({ paths, frames }: Profile, own: Column): Float64Array {
  const { length, parent, frame } = paths;
  const below = Float64Array.from({ length }, (_, path) => at(own, path));
  const firstChild = new Uint32Array(length);
  const sibling = new Uint32Array(length);
  for (let path = length - 1; path > 0; path--) {
    const above = at(parent, path);
    add(below, above, at(below, path));
    sibling[path] = at(firstChild, above);
    firstChild[above] = path;
  }
  const sums = new Float64Array(frames.length);
  const opened = new Uint32Array(frames.length); // how often the frame is on the way to where the walk is
  let path = at(firstChild, 0);
  while (path !== 0) {
    const own = at(frame, path);
    if (at(opened, own) === 0) add(sums, own, at(below, path));
    opened[own] = at(opened, own) + 1;
    let next = at(firstChild, path);
    while (next === 0 && path !== 0) {
      opened[at(frame, path)] = at(opened, at(frame, path)) - 1;
      next = at(sibling, path);
      path = at(parent, path);
    }
    path = next;
  }
  return sums;
}
