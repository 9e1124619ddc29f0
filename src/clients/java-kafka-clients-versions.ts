/** Which version of kafka-clients a layer above it brings, by the layer's own version. */
import { compareVersions } from "../base/versions.ts";

export function clientVersion(
  version: string | null,
  table: readonly { readonly from: string; readonly version: string }[],
): string | null {
  if (version === null) return null;
  return table.find(({ from }) => compareVersions(version, from) >= 0)?.version ?? null;
}
