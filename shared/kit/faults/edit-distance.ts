/**
 * Counts the insertions, deletions, changes and swaps of neighbours that turn `a` into `b` (optimal string alignment).
 * Stops above `limit`, and returns any number larger than it then.
 */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  /** Distances of all but the last two characters read of `a` to each beginning of `b`. */
  let before = new Uint32Array(b.length + 1);
  /** The same of all but the last character read. */
  let previous = Uint32Array.from(before, (_, column) => column);
  let current = new Uint32Array(b.length + 1);
  for (let row = 1; row <= a.length; row += 1) {
    current[0] = row;
    let least = row;
    for (let column = 1; column <= b.length; column += 1) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1;
      let cost = Math.min(at(previous, column) + 1, at(current, column - 1) + 1, at(previous, column - 1) + change);
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap) cost = Math.min(cost, at(before, column - 2) + 1);
      current[column] = cost;
      if (cost < least) least = cost;
    }
    if (least > limit) return limit + 1;
    [before, previous, current] = [previous, current, before];
  }
  return at(previous, b.length);
}

const at = (row: Uint32Array, column: number): number => row[column] ?? 0;
