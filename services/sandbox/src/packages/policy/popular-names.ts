import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { npmHighImpact } from 'npm-high-impact';
import { createFindResemblance, type FindResemblance } from './typosquat.ts';

/** One name a line, the most downloaded first. Made by refresh-popular.ts. */
export const POPULAR_PYPI_FILE = fileURLToPath(new URL('../../../data/popular-pypi.txt', import.meta.url));

export interface PopularNames {
  readonly size: number;
  has(name: string): boolean;
  readonly findResemblance: FindResemblance;
}

const loaded = new Map<Ecosystem, Promise<PopularNames>>();

/** The well-known names of an ecosystem, normalised. They come with this program, so they are read once. */
export function loadPopularNames(ecosystem: Ecosystem): Promise<PopularNames> {
  const names = loaded.get(ecosystem) ?? load(ecosystem);
  loaded.set(ecosystem, names);
  return names;
}

async function load(ecosystem: Ecosystem): Promise<PopularNames> {
  const list = await readNames(ecosystem);
  const names = new Set(list);
  return { size: names.size, has: (name) => names.has(name), findResemblance: createFindResemblance(ecosystem, list) };
}

/** The most used first. */
async function readNames(ecosystem: Ecosystem): Promise<readonly string[]> {
  if (ecosystem === 'npm') return npmHighImpact;
  const lines = (await readFile(POPULAR_PYPI_FILE, 'utf8')).split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}
