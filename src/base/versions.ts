/** Version numbers, compared by their numeric parts. Whatever follows (`-rc1`, `+build`) is left out of the comparison. */

/** Negative when `a` is older than `b`, 0 when equal; a missing part counts as 0. */
export function compareVersions(a: string, b: string): number {
  const left = numbersOf(a);
  const right = numbersOf(b);
  for (let part = 0; part < Math.max(left.length, right.length); part++) {
    const difference = (left[part] ?? 0) - (right[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether `version` lies in `[from, before)`; null leaves a side open. */
export function isVersionWithin(version: string, from: string | null, before: string | null): boolean {
  return (from === null || compareVersions(version, from) >= 0) && (before === null || compareVersions(version, before) < 0);
}

function numbersOf(version: string): readonly number[] {
  return (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? "0").split(".").map(Number);
}
