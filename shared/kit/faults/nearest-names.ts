import { editDistance } from './edit-distance.ts';

export interface NearestOptions {
  readonly limit?: number;
  /** Leaves out names that differ in more than half of their letters: for long lists, where the nearest says little. */
  readonly onlyNear?: boolean;
}

/** Characters of a name that are compared. */
const MAX_LENGTH = 64;
/** Names that are compared letter by letter: a few milliseconds. Others may list thousands, and anybody may ask. */
const MAX_COMPARED = 500;

/**
 * Returns the known names closest to `name`, best first: what `details.did_you_mean` carries. Of very many, it looks at
 * those that are about as long.
 */
export function nearestNames(
  name: string,
  known: Iterable<string>,
  { limit = 3, onlyNear = false }: NearestOptions = {},
): readonly string[] {
  const wanted = comparable(name);
  const farthest = onlyNear ? Math.max(2, Math.ceil(wanted.length / 2)) : Number.POSITIVE_INFINITY;
  return candidatesFor(wanted, [...known])
    .map((candidate) => ({ candidate, far: farness(wanted, comparable(candidate)) }))
    .filter(({ far }) => far <= farthest)
    .sort((a, b) => a.far - b.far || a.candidate.localeCompare(b.candidate))
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

const comparable = (name: string): string => name.slice(0, MAX_LENGTH).toLowerCase();

function candidatesFor(wanted: string, known: readonly string[]): readonly string[] {
  if (known.length <= MAX_COMPARED) return known;
  const unlike = (name: string): number =>
    holds(wanted, comparable(name)) ? -1 : Math.abs(name.length - wanted.length);
  return known
    .map((name) => ({ name, unlike: unlike(name) }))
    .sort((a, b) => a.unlike - b.unlike)
    .slice(0, MAX_COMPARED)
    .map((candidate) => candidate.name);
}

/** Returns whether one of two names holds the other: `time` in `get_current_time`. */
const holds = (a: string, b: string): boolean => Math.min(a.length, b.length) >= 3 && (a.includes(b) || b.includes(a));

/** Returns the edit distance, except that a name which holds the other counts as near. */
const farness = (a: string, b: string): number => (holds(a, b) ? 1 : editDistance(a, b));
