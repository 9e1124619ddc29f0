/**
 * What holds the objects of some types, as a tree from them to the roots: at every step the holders, by type and field, most
 * objects first. Of objects within one another only the outermost count, so that sizes add up.
 */
import { dominatorsOf, retainedBytes } from "./dominators.ts";
import type { NodeTypes } from "./node-types.ts";
import type { NodeId, ObjectGraph } from "./object-graph.ts";
import { pathTo, ROOT, reachFromRoots } from "./retainers.ts";

/** An object graph and what its nodes are. */
export interface TypedGraph {
  readonly graph: ObjectGraph;
  readonly types: NodeTypes;
}

export interface RetainerBranch {
  readonly type: string;
  readonly file: string; // "" = unknown
  readonly field: string; // by which it holds the branch before; elements are "[…]"
  readonly objects: number; // of those asked for, that are reached through here
  readonly retainedBytes: number; // freed with these
  readonly holders: readonly RetainerBranch[];
}

export interface RetainerTree {
  readonly objects: number; // that match
  readonly selfBytes: number;
  readonly retainedBytes: number;
  /** Types that match, each with what holds its objects. */
  readonly branches: readonly RetainerBranch[];
}

/** Ways are followed for so many objects, the largest; more of them say the same. */
const MOST_FOLLOWED = 20_000;
const DEEPEST = 24;

interface Growing {
  readonly type: number;
  readonly field: string;
  objects: number;
  retainedBytes: number;
  readonly holders: Map<string, Growing>;
}

export function retainerTree({ graph, types }: TypedGraph, wanted: RegExp): RetainerTree {
  const { nodes } = graph;
  const isWanted = types.types.map(({ name }) => name !== "" && wanted.test(name));
  const dominators = dominatorsOf(graph);
  const retained = retainedBytes(nodes.selfBytes, dominators);
  const isWithin = new Uint8Array(nodes.length);
  const outermost: NodeId[] = [];
  let objects = 0;
  let selfBytes = 0;
  let allBytes = 0;
  for (const node of dominators.order) {
    const holder = dominators.of[node] as number;
    const matches = isWanted[types.of[node] as number] === true;
    if (node <= ROOT) continue;
    if (matches) {
      objects++;
      selfBytes += nodes.selfBytes[node] as number;
      if (isWithin[holder] === 0) {
        outermost.push(node);
        allBytes += retained[node] as number;
      }
    }
    isWithin[node] = matches ? 1 : (isWithin[holder] as number);
  }
  outermost.sort((a, b) => (retained[b] as number) - (retained[a] as number));
  const reached = reachFromRoots(graph);
  const branches = new Map<string, Growing>();
  for (const node of outermost.slice(0, MOST_FOLLOWED)) {
    let level = branches;
    let depth = 0;
    for (const { type, field } of holdersOf({ graph, types }, pathTo(graph, reached, node))) {
      const key = `${type} ${field}`;
      const branch = level.get(key) ?? { type, field, objects: 0, retainedBytes: 0, holders: new Map<string, Growing>() };
      level.set(key, branch);
      branch.objects++;
      branch.retainedBytes += retained[node] as number;
      level = branch.holders;
      if (++depth === DEEPEST) break;
    }
  }
  const finish = (level: ReadonlyMap<string, Growing>): readonly RetainerBranch[] =>
    [...level.values()]
      .sort((a, b) => b.retainedBytes - a.retainedBytes || b.objects - a.objects)
      .map(({ type, field, holders, ...counts }) => {
        const { name = "", file = "" } = types.types[type] ?? {};
        return { type: name, file, field, ...counts, holders: finish(holders) };
      });
  return { objects, selfBytes, retainedBytes: allBytes, branches: finish(branches) };
}

/** From an object to the root, tables of elements left out and chains of like objects as one. */
function holdersOf({ types }: TypedGraph, path: ReturnType<typeof pathTo>): readonly { readonly type: number; readonly field: string }[] {
  const steps: { type: number; field: string }[] = [];
  let isThroughTable = false;
  for (let row = path.length - 1; row >= 0; row--) {
    const step = path[row];
    if (step === undefined) break;
    const type = types.of[step.node] as number;
    if (row < path.length - 1 && types.types[type]?.isInside === true) {
      isThroughTable = true;
      continue;
    }
    const field = isThroughTable || step.field.startsWith("[") ? "[…]" : step.field;
    isThroughTable = false;
    const last = steps.at(-1);
    if (steps.length > 1 && last?.type === type && last.field === field) continue;
    steps.push({ type, field });
  }
  return steps;
}
