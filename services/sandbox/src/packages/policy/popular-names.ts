import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { z } from 'zod';
import { createFindResemblance, type FindResemblance } from './typosquat.ts';

/** One name a line, the most downloaded first. Made by refresh-popular.ts. */
export const POPULAR_PYPI_FILE = fileURLToPath(new URL('../../../data/popular-pypi.txt', import.meta.url));

export interface PopularNames {
  readonly size: number;
  has(name: string): boolean;
  /** Place in the list, the most used first; infinite for others. */
  rank(name: string): number;
  readonly findResemblance: FindResemblance;
}

/** Programs that are no package of npm, or hardly one, and under whose names squatters have put theirs. */
const IMPERSONATED = ['ffmpeg', 'opencv', 'openssl'];

const loaded = new Map<Ecosystem, PopularNames>();

/**
 * Returns the well-known names of an ecosystem, normalised. They come with this program and are read when the first
 * package is looked at, for good: both lists take 16 MiB and a third of a second, and most meshes install nothing.
 */
export function popularNames(ecosystem: Ecosystem): PopularNames {
  const names = loaded.get(ecosystem) ?? load(ecosystem);
  loaded.set(ecosystem, names);
  return names;
}

function load(ecosystem: Ecosystem): PopularNames {
  const list = ecosystem === 'npm' ? npmNames() : pypiNames();
  const ranks = new Map(list.map((name, rank) => [name, rank]));
  return {
    size: ranks.size,
    has: (name) => ranks.has(name),
    rank: (name) => ranks.get(name) ?? Number.POSITIVE_INFINITY,
    findResemblance: createFindResemblance(ecosystem, ecosystem === 'npm' ? [...list, ...IMPERSONATED] : list),
  };
}

// Both lists have the most used first.
const pypiNames = (): readonly string[] =>
  readFileSync(POPULAR_PYPI_FILE, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

const NpmList = z.object({ npmHighImpact: z.array(z.string()) });
const npmNames = (): readonly string[] =>
  NpmList.parse(createRequire(import.meta.url)('npm-high-impact')).npmHighImpact;
