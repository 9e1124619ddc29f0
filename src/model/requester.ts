/** Who asked for the memory of a path: the frame nearest to the leaf that is not the allocator itself. */
import { at } from "../base/columns.ts";
import { frameText } from "./ledger.ts";
import type { FrameId, PathId, Profile } from "./profile.ts";

/** Every native path ends in them, so their names say nothing. */
const ALLOCATOR = /^(malloc|calloc|realloc|reallocarray|memalign|posix_memalign|aligned_alloc|operator new(\[\])?(\(.*\))?)$/;

/** The leaf where all frames of a path are the allocator's. */
export function requesters(profile: Profile): (path: PathId) => FrameId {
  const { frames, paths } = profile;
  const isAllocator = new Uint8Array(frames.length);
  for (let frame = 1; frame < frames.length; frame++) isAllocator[frame] = ALLOCATOR.test(frameText(profile, frame)) ? 1 : 0;
  return (path) => {
    for (let step = path; step !== 0; step = at(paths.parent, step)) {
      const frame = at(paths.frame, step);
      if (isAllocator[frame] === 0) return frame;
    }
    return at(paths.frame, path);
  };
}
