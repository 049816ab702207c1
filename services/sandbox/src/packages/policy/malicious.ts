import { fileURLToPath } from 'node:url';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { z } from 'zod';
import { readJson } from '../json-file.ts';
import { inRange, sameVersion } from '../spec.ts';

/** One advisory on one package. `affected` is all of it, or versions and ranges such as `>=4.1.1 <=4.1.2`. */
export const Advisory = z.object({
  id: z.string(),
  date: z.string(),
  affected: z.union([z.literal('all'), z.array(z.string())]),
});
export type Advisory = z.output<typeof Advisory>;

const Advisories = z.record(z.string(), z.array(Advisory));

/** OSV's knowledge of malicious packages, reduced to what a check needs; names are normalised. */
export const MaliciousFile = z.object({
  source: z.string(),
  updated: z.string(),
  pypi: Advisories,
  npm: Advisories,
});
export type MaliciousFile = z.output<typeof MaliciousFile>;

export interface MaliciousIndex {
  /** Date of the knowledge. */
  readonly updated: string;
  /**
   * The advisory on a version. Without a version: one on all of the package, so that a good release of a package
   * that was taken over for a day is not refused.
   */
  find(ecosystem: Ecosystem, name: string, version: string | undefined): Advisory | undefined;
  /** The first advisory that there is on any version. */
  any(ecosystem: Ecosystem, name: string): Advisory | undefined;
}

const STARTER_FILE = fileURLToPath(new URL('../../../data/malicious-packages.json', import.meta.url));

/** Reads the index that the refresh command has built at `file`, else the starter that is shipped. */
export async function loadMaliciousIndex(file: string): Promise<MaliciousIndex> {
  const content = (await readJson(file, MaliciousFile)) ?? (await readJson(STARTER_FILE, MaliciousFile));
  if (content === undefined) throw new Error(`${STARTER_FILE}: the index of malicious packages is missing`);
  // A package may be called `constructor`: objects of JSON have such properties, maps do not.
  const advisories = { pypi: new Map(Object.entries(content.pypi)), npm: new Map(Object.entries(content.npm)) };
  return {
    updated: content.updated,
    find: (ecosystem, name, version) =>
      advisories[ecosystem].get(name)?.find((advisory) => concerns(ecosystem, advisory, version)),
    any: (ecosystem, name) => advisories[ecosystem].get(name)?.[0],
  };
}

function concerns(ecosystem: Ecosystem, { affected }: Advisory, version: string | undefined): boolean {
  if (affected === 'all') return true;
  if (version === undefined) return false;
  return affected.some((item) =>
    /^[<>]/.test(item) ? inRange(ecosystem, version, item) : sameVersion(ecosystem, version, item),
  );
}
