/** What travels inside the page for its scripts: plain JSON, columns as text (column-text.ts). Written by html.ts, read by page/. */
import type { Group, SeriesPoint } from "./answer.ts";
import type { TreeKind } from "./report.ts";
import type { Timeline } from "./timeline.ts";

export interface PageTree {
  readonly length: number;
  readonly parent: string;
  readonly name: string;
  readonly module: string;
  readonly group: string;
  readonly folded: string;
  readonly names: readonly string[];
  readonly modules: readonly string[];
  readonly instants: number;
  readonly elapsed: readonly number[];
  readonly selfBytes: string;
}

export type PartyName = "client" | "app" | "runtime" | "unknown";

export interface PageGroup {
  readonly party: PartyName;
  readonly label: string; // `rust-rdkafka: fetch responses`
}

export interface PageData {
  readonly series: readonly SeriesPoint[];
  readonly timeline: Timeline;
  readonly tree: PageTree | null;
  readonly treeKind: TreeKind;
  readonly groups: readonly PageGroup[]; // rows of the column `group`
  /** The groups of the answer, and their row above; -1 where the tree has none of it. */
  readonly tiles: readonly (Pick<Group, "liveBytes" | "growthBytes" | "share"> & {
    readonly row: number;
    readonly label: string;
    readonly party: PartyName;
  })[];
  readonly markdown: string;
}
