/** The sentences about a difference, for every output of `diff`. */
import { formatBytes, formatDuration, formatGrowth } from "../base/units.ts";
import type { DiffAnswer, DiffGroup, DiffHolder } from "./diff-answer.ts";
import { componentWords } from "./words.ts";

/** `Live memory grew by 49.0 MiB, from 22.7 MiB to 71.7 MiB, in 28 s.` */
export function diffSummary({ measures, before, after, totals, secondsBetween }: DiffAnswer): string {
  const what = measures === "live" ? "Live memory" : "Memory allocated since the start";
  const time = secondsBetween === null || secondsBetween <= 0 ? "" : ` in ${formatDuration(secondsBetween * 1000)}`;
  const { growthBytes } = totals;
  if (growthBytes === 0) return `${what} is the same: ${formatBytes(after.bytes)}.`;
  const verb = growthBytes > 0 ? "grew" : "shrank";
  return `${what} ${verb} by ${formatBytes(Math.abs(growthBytes))}, from ${formatBytes(before.bytes)} to ${formatBytes(after.bytes)}${time}.`;
}

/** What the sum hides; empty where there is nothing to say. */
export function diffBalance({ totals: { grownBytes, shrunkBytes } }: DiffAnswer): string {
  if (grownBytes === 0 || shrunkBytes === 0) return "";
  return `Some of it grew by ${formatBytes(grownBytes)}, some shrank by ${formatBytes(-shrunkBytes)}.`;
}

/** Two moments show no course: what a difference cannot say. */
export function diffCaution({ sampled, secondsBetween }: DiffAnswer): string {
  const noise = sampled ? " The captures are sampled: a difference that is called `same` is within the error of sampling." : "";
  const order = secondsBetween !== null && secondsBetween < 0 ? " The first capture is the later one." : "";
  return `A difference is no verdict: give both captures to \`lagleak analyze\` to learn whether this is a leak.${noise}${order}`;
}

export function diffGroupName({ name, party, client, component }: DiffGroup, groupBy: DiffAnswer["groupBy"]): string {
  if (groupBy === "party") return name === "app" ? "application" : name;
  if (groupBy !== "component") return name;
  if (component === null) return party === "app" ? "application" : (client ?? party);
  return `${client ?? party}: ${componentWords(component)}`;
}

/** Whose a function, a package or a type is, beside its name. */
export function diffGroupOwner({ party, client, component }: DiffGroup, groupBy: DiffAnswer["groupBy"]): string {
  if (groupBy === "party" || groupBy === "component") return "";
  const who = party === "client" ? (client ?? party) : party;
  return groupBy === "function" && component !== null ? `${who}: ${componentWords(component)}` : who;
}

export function diffOthers({ others }: DiffAnswer): string {
  if (others.groups === 0) return "";
  return `and ${others.groups.toLocaleString("en-US")} with smaller differences (${formatGrowth(others.growthBytes)} together); --top shows more`;
}

/** What each kind of difference means, once for all of its rows. */
export const DIFF_MEANINGS = {
  difference: "What changed between two captures.",
  grown: "Memory that is more than before.",
  new: "Memory that was not there before.",
} as const;

export const DIFF_HOLDERS_TITLE = "Where it is held";

/** `seen (java.util.HashMap) keeps 467 MiB alive instead of 312 MiB, 400,068 objects instead of 280,046` */
export function diffHolder({ holder, beforeBytes, afterBytes, beforeParts, afterParts }: DiffHolder): string {
  const count = (parts: number | null): string => `${(parts ?? 0).toLocaleString("en-US")} objects`;
  if (afterBytes === null) return `${holder} kept ${formatBytes(beforeBytes ?? 0)} alive, and is no longer among the largest`;
  if (beforeBytes === null) return `${holder} keeps ${formatBytes(afterBytes)} alive, ${count(afterParts)}, and was not among the largest`;
  if (beforeBytes === afterBytes && beforeParts === afterParts) return `${holder} keeps ${formatBytes(afterBytes)} alive, as before`;
  return `${holder} keeps ${formatBytes(afterBytes)} alive instead of ${formatBytes(beforeBytes)}, ${count(afterParts)} instead of ${(beforeParts ?? 0).toLocaleString("en-US")}`;
}
