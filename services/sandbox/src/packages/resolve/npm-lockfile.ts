import { z } from 'zod';
import { printable, Refusal } from '../refusal.ts';
import { isName } from '../spec.ts';
import { GATE_ORIGIN } from './gate.ts';

/** A package that npm has chosen, and its path in the tree. */
export interface Locked {
  readonly place: string;
  readonly name: string;
  readonly version: string;
  readonly integrity: string | undefined;
  /** True for what packages can do without. */
  readonly isOptional: boolean;
}

const Lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      name: z.string().optional(),
      version: z.string().optional(),
      resolved: z.string().optional(),
      integrity: z.string().optional(),
      optional: z.boolean().optional(),
      link: z.boolean().optional(),
      inBundle: z.boolean().optional(),
    }),
  ),
});

/** @throws Refusal for an entry that does not come from the registry, or that belongs somewhere else */
export function readLockfile(text: string): readonly Locked[] {
  const { packages } = Lockfile.parse(JSON.parse(text));
  return Object.entries(packages).flatMap(([place, entry]) => {
    if (place === '') return [];
    const names = place.split(/(?:^|\/)node_modules\//).slice(1);
    const name = entry.name ?? names.at(-1) ?? '';
    const ok = place.startsWith('node_modules/') && names.every((part) => isName('npm', part));
    const isForeign =
      entry.link === true || entry.inBundle === true || entry.resolved?.startsWith(`${GATE_ORIGIN}/`) !== true;
    if (!ok || isForeign || entry.version === undefined) {
      throw new Refusal('suspicious', `${printable(name)} does not come from the registry`);
    }
    return [{ place, name, version: entry.version, integrity: entry.integrity, isOptional: entry.optional === true }];
  });
}
