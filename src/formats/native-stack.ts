/** Frames of the native text formats, which have bare return addresses and, at their end, the process' memory map. */
import { parseProcMaps, Symbolizer } from "../base/symbolize.ts";
import type { ProfileBuilder } from "../model/profile-builder.ts";

export const MAPS_HEADER = "MAPPED_LIBRARIES:";

/** Turns stacks of return addresses, leaf first, into paths; each address is looked up once. */
export class NativeStacks {
  readonly #builder: ProfileBuilder;
  readonly #symbolizer: Symbolizer;
  readonly #frameOf: Map<number, number> = new Map();
  /** The program: what its first executable mapping belongs to. */
  readonly executable: string | null;
  #unnamed = 0;

  constructor(builder: ProfileBuilder, maps: string, options: { readonly symbolize: boolean }) {
    const mappings = parseProcMaps(maps);
    this.#builder = builder;
    this.#symbolizer = new Symbolizer(mappings, { readFiles: options.symbolize });
    this.executable = mappings.find(({ executable, path }) => executable && path.startsWith("/"))?.path ?? null;
  }

  /** `root`: what the stack hangs below, such as a thread; 0 = nothing. */
  path(addresses: readonly number[], root: number): number {
    let path = root;
    for (let step = addresses.length - 1; step >= 0; step--) path = this.#builder.path(path, this.#frame(addresses[step] ?? 0));
    return path;
  }

  #frame(returnAddress: number): number {
    const known = this.#frameOf.get(returnAddress);
    if (known !== undefined) return known;
    // The call is before the address to which it returns, which may already belong to the next function.
    const { module, offset, name } = this.#symbolizer.locate(Math.max(0, returnAddress - 1));
    if (name === "") this.#unnamed++;
    const frame = this.#builder.frame({ name, module: this.#builder.module(module), address: name === "" ? offset : 0 });
    this.#frameOf.set(returnAddress, frame);
    return frame;
  }

  /** To be called once, after the last stack. */
  reportUnnamed(): void {
    if (this.#unnamed === 0) return;
    const text = "addresses without function names: the modules are known at most (their symbol tables are not here, or stripped)";
    this.#builder.loss("no-names", text, null, this.#unnamed);
  }
}

/** Addresses of `0x1f 0x2e …`, as they stand. */
export function parseAddresses(text: string): readonly number[] {
  return text.match(/0x[0-9a-f]+/gi)?.map(Number) ?? [];
}

/** What is known of a file of which only the modification time dates it. */
export function clockOfFile(modifiedAt: number | null): { readonly clock: "mtime" | "none"; readonly takenAt: number | null } {
  return { clock: modifiedAt === null ? "none" : "mtime", takenAt: modifiedAt };
}
