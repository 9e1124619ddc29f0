/**
 * Sampling profiles of several isolates as one `.heapprofile`: each worker hangs below a frame with its name. The samples with
 * their ordinals are kept of one isolate only, since each isolate counts its own allocations and there is no common clock.
 */

export interface HeapProfileNode {
  readonly callFrame: {
    readonly functionName: string;
    readonly scriptId: string;
    readonly url: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  readonly selfSize: number;
  readonly id?: number;
  readonly children?: readonly HeapProfileNode[];
}

export interface HeapProfile {
  readonly head: HeapProfileNode;
  readonly samples?: readonly { readonly nodeId: number }[];
}

/** `name` "" is the main thread. There is at least one. */
export function mergeIsolates(isolates: readonly { readonly name: string; readonly profile: HeapProfile }[]): HeapProfile {
  const main = isolates.find(({ name }) => name === "")?.profile;
  const workers = isolates.filter(({ name, profile }) => name !== "" && (profile.head.children ?? []).length > 0);
  if (main === undefined) throw new Error("no profile of the main thread");
  if (workers.length === 0) return { ...main, samples: samplesOfTree(main) };
  return {
    head: {
      ...main.head,
      children: [
        ...(main.head.children ?? []),
        ...workers.map(({ name, profile }) => ({ ...profile.head, callFrame: { ...profile.head.callFrame, functionName: `(${name})` } })),
      ],
    },
  };
}

/** V8 makes the tree first: what it samples of its own allocations before the list of samples is in the list only. */
function samplesOfTree({ head, samples = [] }: HeapProfile): readonly { readonly nodeId: number }[] {
  const ids = new Set<number>();
  const open: HeapProfileNode[] = [head];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.id !== undefined) ids.add(node.id);
    open.push(...(node.children ?? []));
  }
  return samples.filter(({ nodeId }) => ids.has(nodeId));
}
