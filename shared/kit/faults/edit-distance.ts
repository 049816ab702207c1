/**
 * Counts the insertions, deletions, changes and swaps of neighbours that turn `a` into `b` (optimal string alignment).
 * Stops above `limit`, and returns any number larger than it then.
 */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  /** Distances of all but the last two characters read of `a` to each beginning of `b`. */
  let before: readonly number[] = [];
  /** The same of all but the last character read. */
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= b.length; column += 1) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1;
      let cost = Math.min(at(previous, column) + 1, at(current, column - 1) + 1, at(previous, column - 1) + change);
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap && row > 1 && column > 1) cost = Math.min(cost, at(before, column - 2) + 1);
      current.push(cost);
      least = Math.min(least, cost);
    }
    if (least > limit) return limit + 1;
    before = previous;
    previous = current;
  }
  return at(previous, b.length);
}

const at = (row: readonly number[], column: number): number => row[column] ?? 0;
