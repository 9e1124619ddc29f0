/** Which known name was probably meant by a misspelt one. */

/** Most edits between a misspelt name and the one that was meant, as a share of its length. */
const NEAR_SHARE = 0.4;

/** At most `most` of the candidates, the nearest first: a few edits away, or one name a part of the other. Case does not count. */
export function nearestNames(name: string, candidates: readonly string[], most: number): readonly string[] {
  const wanted = name.toLowerCase().slice(0, 64);
  const limit = (wanted.length < 3 ? 1 : Math.max(2, Math.floor(NEAR_SHARE * wanted.length))) + 1;
  return candidates
    .map((candidate) => {
      const other = candidate.toLowerCase();
      const isPart = wanted.length >= 3 && (other.includes(wanted) || wanted.includes(other));
      return { candidate, edits: isPart ? 1 : editDistance(wanted, other, limit) };
    })
    .filter(({ edits }) => edits < limit)
    .sort((a, b) => a.edits - b.edits)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}

/** Levenshtein distance, or `most` when it is at least that. */
export function editDistance(left: string, right: string, most: number): number {
  if (Math.abs(left.length - right.length) >= most) return most;
  let row = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    if (Math.min(...next) >= most) return most;
    row = next;
  }
  return Math.min(most, row[right.length] ?? most);
}
