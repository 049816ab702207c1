import { editDistance } from './edit-distance.ts';

export interface NearestOptions {
  readonly limit?: number;
  /** Leaves out names that differ in more than half of their letters: for long lists, where the nearest says little. */
  readonly onlyNear?: boolean;
}

/** Returns the known names closest to `name`, best first: what `details.did_you_mean` carries. */
export function nearestNames(
  name: string,
  known: Iterable<string>,
  { limit = 3, onlyNear = false }: NearestOptions = {},
): readonly string[] {
  const wanted = name.slice(0, 128).toLowerCase();
  const farthest = onlyNear ? Math.max(2, Math.ceil(wanted.length / 2)) : Number.POSITIVE_INFINITY;
  return [...known]
    .map((candidate) => ({ candidate, far: farness(wanted, candidate.toLowerCase()) }))
    .filter(({ far }) => far <= farthest)
    .sort((a, b) => a.far - b.far || a.candidate.localeCompare(b.candidate))
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** Returns the edit distance, except that a name which holds the other (`time` in `get_current_time`) counts as near. */
function farness(a: string, b: string): number {
  if (Math.min(a.length, b.length) >= 3 && (a.includes(b) || b.includes(a))) return 1;
  return editDistance(a, b);
}
