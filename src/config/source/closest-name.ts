/** "Did you mean": the known name that a mistyped one is nearest to. */

/**
 * The candidate nearest to what was written, or null when none is near enough to be meant.
 * Case, hyphens and underscores do not count as differences; the beginning of a name is near it.
 */
export function closestName(written: string, candidates: readonly string[]): string | null {
  const folded = foldName(written);
  const tolerance = Math.max(1, Math.floor(folded.length / 3));
  let closest: { readonly name: string; readonly distance: number } | null = null;
  for (const name of candidates) {
    const isBeginning = folded.length >= 3 && foldName(name).startsWith(folded);
    const distance = isBeginning ? 1 : editDistance(folded, foldName(name), tolerance);
    if (distance <= tolerance && (closest === null || distance < closest.distance)) {
      closest = { name, distance };
    }
  }
  return closest?.name ?? null;
}

/** `; did you mean "listen"?`, or the empty string when nothing is near. */
export function didYouMean(written: string, candidates: readonly string[]): string {
  const name = closestName(written, candidates);
  return name === null ? '' : `; did you mean "${name}"?`;
}

/** A name without what people get wrong: capitals, hyphens and underscores. */
export function foldName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}

/** Optimal string alignment: insert, remove, replace, or swap two neighbours. */
function editDistance(one: string, other: string, atMost: number): number {
  if (Math.abs(one.length - other.length) > atMost) return atMost + 1;
  let beforePrevious: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwap =
        row > 1 &&
        column > 1 &&
        one[row - 1] === other[column - 2] &&
        one[row - 2] === other[column - 1];
      current.push(
        Math.min(
          at(previous, column) + 1,
          at(current, column - 1) + 1,
          at(previous, column - 1) + (isSame ? 0 : 1),
          isSwap ? at(beforePrevious, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, other.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
