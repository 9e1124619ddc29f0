/** What a capture format is: how to recognise it, how to read it, how to make such a file. One file a format in this folder. */
import type { Loss } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import type { Profile } from "../model/profile.ts";
import type { TypedGraph } from "../model/retainer-tree.ts";

export interface ReadOptions {
  /** Name bare addresses from the symbol tables of the modules, where these files exist on this machine. */
  readonly symbolize: boolean;
  /** What there is and not who holds it: formats with object graphs need not build them. Default: false. */
  readonly typesOnly?: boolean;
  /** Memory that an object graph may take; above it there is no graph, and a Loss says so. Default: without limit. */
  readonly memoryBytes?: number;
}

/** An object graph with what its nodes are, and the damage of the file. */
export interface CapturedGraph extends TypedGraph {
  readonly losses: readonly Loss[];
}

export interface Format {
  readonly id: string;
  readonly title: string;
  /** One command that makes such a file; printed in help and in docs/formats.md. */
  readonly howToCapture: string;
  /** Looks at the first 4 KiB of the decompressed content. The name is a hint and never decisive. */
  readonly recognize: (head: Uint8Array, name: string) => Recognition;
  /** Reads it. @throws Failure when nothing can be said; damage that can be skipped becomes a Loss of the profile. */
  readonly read: (input: Input, options: ReadOptions) => Promise<Profile>;
  /** The object graph itself, of formats that hold one. @throws Failure as `read` does */
  readonly readGraph?: (input: Input) => Promise<CapturedGraph>;
}
