import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { editDistance } from '@toolmesh/shared/kit/faults/edit-distance';

/** A well-known name that another one can be taken for. */
export interface Resemblance {
  readonly target: string;
  /**
   * `near`: two letters apart, or one in a short name, as many honest names are. `close`: a slip of the finger, a
   * letter that looks the same, or the same words with something added.
   */
  readonly strength: 'near' | 'close';
  /** True for the most downloaded names, which nearly every caller means. */
  readonly isHousehold: boolean;
  /** True for names that are worth proposing: a rare one misleads who has slipped in another way. */
  readonly isCommon: boolean;
}

/** Finds the well-known name that a name resembles. Undefined for well-known names themselves. */
export type FindResemblance = (name: string) => Resemblance | undefined;

/** Below this length one letter more or less means nothing: too many honest names are that near. */
const SHORT_LENGTH = 6;
/** Size of the top of the list, whose names nearly every caller means. */
const HOUSEHOLD = 300;
/** Size of the part of the list whose names are proposed. */
const COMMON = 5_000;
const NEAR_LENGTH = 8;
const SHORTEST = 4;

interface Candidate {
  readonly name: string;
  /** One bit per letter: what differs in more than four of them cannot be two edits away. */
  readonly letters: number;
}

/** `popular` is normalised, the most used first: of several names the first is the likeliest to be meant. */
export function createFindResemblance(ecosystem: Ecosystem, popular: readonly string[]): FindResemblance {
  const ranks = new Map(popular.map((name, rank) => [name, rank]));
  const rankOf = (name = ''): number => ranks.get(name) ?? Number.POSITIVE_INFINITY;
  const isHousehold = (name: string): boolean => rankOf(name) < HOUSEHOLD;
  const resemblance = (target: string, strength: Resemblance['strength']): Resemblance => {
    return { target, strength, isHousehold: isHousehold(target), isCommon: rankOf(target) < COMMON };
  };
  const bySkeleton = firstByKey(popular, (name) => [skeleton(name)]);
  const byForm = firstByKey(popular, (name) => confusedForms(ecosystem, name));
  const byLength = Map.groupBy(
    popular.map((name): Candidate => ({ name, letters: letterBits(name) })),
    ({ name }) => name.length,
  );

  const closest = (name: string, distance: number): string | undefined => {
    const letters = letterBits(name);
    let best: string | undefined;
    for (let length = name.length - distance; length <= name.length + distance; length += 1) {
      for (const candidate of byLength.get(length) ?? []) {
        if (bitCount(candidate.letters ^ letters) > 2 * distance) continue;
        if (rankOf(candidate.name) > rankOf(best)) continue;
        if (editDistance(name, candidate.name, distance) <= distance) best = candidate.name;
      }
    }
    return best;
  };

  return (name) => {
    if (ranks.has(name)) return undefined;
    const one = name.length < SHORTEST ? undefined : closest(name, 1);
    const isNear = one !== undefined && (name.length >= SHORT_LENGTH || isHousehold(one));
    const forms = [bySkeleton.get(skeleton(name)), byForm.get(name), ...reducedForms(ecosystem, name)];
    const close = [...forms, isNear ? one : undefined].filter((form) => form !== undefined && ranks.has(form));
    const target = close.reduce((best, form) => (rankOf(form) < rankOf(best) ? form : best), close[0]);
    if (target !== undefined) return resemblance(target, 'close');
    if (one !== undefined) return resemblance(one, 'near');
    const two = name.length < NEAR_LENGTH ? undefined : closest(name, 2);
    return two === undefined ? undefined : resemblance(two, 'near');
  };
}

function firstByKey(names: readonly string[], keysOf: (name: string) => readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (const name of names) {
    for (const key of keysOf(name)) if (!map.has(key)) map.set(key, name);
  }
  return map;
}

/** Returns a name as a hasty reader sees it: no separators, letters that look alike the same, doubled ones single. */
function skeleton(name: string): string {
  return name
    .replaceAll(/[-_.@/]/g, '')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replaceAll('cl', 'd')
    .replaceAll('0', 'o')
    .replaceAll(/[1i|]/g, 'l')
    .replaceAll('5', 's')
    .replaceAll(/(.)\1+/g, '$1');
}

/** Returns the names that a squatter would make of a well-known one. */
function confusedForms(ecosystem: Ecosystem, name: string): readonly string[] {
  const scoped = ecosystem === 'npm' ? /^@([^/]+)\/(.+)$/.exec(name) : null;
  if (scoped !== null) return [`${scoped[1]}-${scoped[2]}`, `${scoped[1]}${scoped[2]}`];
  const words = name.split('-');
  const swapped = words.length === 2 ? [`${words[1]}-${words[0]}`] : [];
  const withoutDigits = name.replace(/-?(?<!\d)\d+$/, '');
  return withoutDigits.length >= SHORT_LENGTH && withoutDigits !== name ? [...swapped, withoutDigits] : swapped;
}

const AFFIXES = {
  pypi: {
    before: ['python-', 'python3-', 'py-', 'py3-', 'py', 'python'],
    after: ['-python', '-python3', '-py', 'py', 'python'],
  },
  npm: { before: ['node-', 'js-', 'npm-', 'node'], after: ['-js', 'js', '.js', '-node', '-npm'] },
} as const;

/** The names of which this one may be made by adding a word, digits or a plural. */
function reducedForms(ecosystem: Ecosystem, name: string): readonly string[] {
  const { before, after } = AFFIXES[ecosystem];
  const forms = [
    ...before.flatMap((affix) => (name.startsWith(affix) ? [name.slice(affix.length)] : [])),
    ...after.flatMap((affix) => (name.endsWith(affix) ? [name.slice(0, -affix.length)] : [])),
    ...(/\d$/.test(name) ? [name.replace(/-?(?<!\d)\d+$/, '')] : []),
    ...(/^\d/.test(name) ? [name.replace(/^\d+-?/, '')] : []),
  ];
  // `d3.js` is a name that `d3` is known by.
  const bare = ecosystem === 'npm' && name.endsWith('.js') ? [name.slice(0, -'.js'.length)] : [];
  return [...forms.filter((form) => form.length >= SHORTEST), ...bare.filter((form) => form.length >= 2)];
}

function letterBits(name: string): number {
  let bits = 0;
  for (let index = 0; index < name.length; index += 1) bits |= 1 << (name.charCodeAt(index) & 31);
  return bits;
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
