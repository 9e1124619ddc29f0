/** What the nodes of an object graph are: a type for each, as the frame that stands for it in a path. */
import type { FrameKind } from "./profile.ts";

/** A type, or a function or scope that holds objects, as a frame of its paths. */
export interface TypeInit {
  readonly name: string;
  readonly file?: string;
  readonly module?: string;
  readonly kind?: FrameKind;
  /** A part of the object that holds it (its table of elements): what it holds hangs on that object. */
  readonly isInside: boolean;
}

export interface NodeTypes {
  readonly of: Uint32Array; // by node: row of `types`
  readonly types: readonly TypeInit[]; // row 0 = none
  /** Slices and the block of bytes that each of them is a part of, in pairs. */
  readonly slices: {
    readonly view: Uint32Array;
    readonly store: Uint32Array;
    /** A block lies where most of its slices are referred to, not where its dominator is, which may be far above all of them. */
    readonly holdTheStore: boolean;
  };
}

/** By type: 1 where it is a part of what holds it. */
export function insideTypes({ types }: NodeTypes): Uint8Array {
  return Uint8Array.from(types, ({ isInside }) => (isInside ? 1 : 0));
}
