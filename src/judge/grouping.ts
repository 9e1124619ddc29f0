/**
 * Memory by what people ask for: whose it is, what for, of which package, which function asked for it, of which type it is.
 * Groups have names that are the same in every capture, so that two captures can be compared.
 */
import { at } from "../base/columns.ts";
import { displayName } from "../base/symbols.ts";
import { frameText } from "../model/ledger.ts";
import { FrameKind, type Profile } from "../model/profile.ts";
import { requesters } from "../model/requester.ts";
import { type Attribution, PARTIES, type Party } from "./attribution.ts";
import type { Grouping } from "./groupings.ts";

/** A group by its name. Null where the grouping does not ask or nobody knows. */
export interface NamedGroup {
  readonly name: string;
  readonly party: Party;
  readonly client: string | null;
  readonly component: string | null;
}

/** Groups, and of every path the row of its group. Row 0 holds path 0, which holds nothing. */
export interface NamedGroups {
  readonly groups: readonly NamedGroup[];
  readonly groupOfPath: Uint32Array;
}

const NOBODY: NamedGroup = { name: "", party: "unknown", client: null, component: null };

/** Whether a profile can be grouped so: only graphs and histograms know the types of what is live. */
export function knowsTypes({ frames }: Profile): boolean {
  for (let frame = 1; frame < frames.length; frame++) if (at(frames.kind, frame) === FrameKind.type) return true;
  return false;
}

export function groupPathsBy(profile: Profile, attribution: Attribution, by: Grouping): NamedGroups {
  const groups: NamedGroup[] = [NOBODY];
  const rows = new Map<string, number>();
  const groupOfPath = new Uint32Array(profile.paths.length);
  const nameOf = namer(profile, attribution, by);
  for (let path = 1; path < groupOfPath.length; path++) {
    const group = nameOf(path);
    const key = `${group.party}\n${group.client ?? ""}\n${group.component ?? ""}\n${group.name}`;
    let row = rows.get(key);
    if (row === undefined) {
      row = groups.push(group) - 1;
      rows.set(key, row);
    }
    groupOfPath[path] = row;
  }
  return { groups, groupOfPath };
}

function namer(profile: Profile, attribution: Attribution, by: Grouping): (path: number) => NamedGroup {
  const partyOf = (path: number): Party => PARTIES[at(attribution.party, path)] ?? "unknown";
  const clientOf = (path: number): string | null => attribution.clientIds[at(attribution.client, path)] || null;
  const componentOf = (path: number): string | null => attribution.components[at(attribution.component, path)] || null;
  const names = new Map<number, string>();
  const nameOf = (frame: number): string => {
    const name = names.get(frame) ?? displayName(frameText(profile, frame));
    names.set(frame, name);
    return name;
  };
  switch (by) {
    case "party":
      return (path) => ({ ...NOBODY, name: partyOf(path), party: partyOf(path) });
    case "component":
      return (path) => {
        const [client, component] = [clientOf(path), componentOf(path)];
        return { name: component ?? partyOf(path), party: partyOf(path), client, component };
      };
    case "package":
      return (path) => {
        const owner = attribution.owners[at(attribution.owner, path)] || "(package unknown)";
        const party = partyOf(path);
        return { ...NOBODY, name: party === "app" ? owner : (clientOf(path) ?? party), party, client: clientOf(path) };
      };
    case "function": {
      const frameOf = decidingFrames(profile, attribution);
      return (path) => ({
        name: nameOf(frameOf(path)),
        party: partyOf(path),
        client: clientOf(path),
        component: componentOf(path),
      });
    }
    case "type":
      return (path) => {
        const frame = nearestType(profile, path);
        return { ...NOBODY, name: frame === 0 ? "(no type)" : nameOf(frame), party: partyOf(path), client: clientOf(path) };
      };
  }
}

/** Of every path the frame that it is named after where it is summed up by function. */
export function decidingFrames(profile: Profile, attribution: Attribution): (path: number) => number {
  const requesterOf = requesters(profile);
  return (path) => at(attribution.decidedBy, path) || requesterOf(path);
}

function nearestType({ paths, frames }: Profile, path: number): number {
  for (let step = path; step !== 0; step = at(paths.parent, step)) {
    const frame = at(paths.frame, step);
    if (at(frames.kind, frame) === FrameKind.type) return frame;
  }
  return 0;
}
