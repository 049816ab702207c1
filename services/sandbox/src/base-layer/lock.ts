import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** The pinned content of the base layer, which `refresh-base-layer.ts` renews. */
export const LOCK_FILE = fileURLToPath(new URL('../../data/base-layer.json', import.meta.url));

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const Wheel = z.strictObject({
  /** Name of the file, whose tags say which interpreters it fits. */
  file: z.string().regex(/^[\w.+!-]+\.whl$/),
  sha256: Sha256,
  bytes: z.number().int().positive(),
});
export type LockedWheel = z.output<typeof Wheel>;

const Package = z.strictObject({
  name: z.string(),
  version: z.string(),
  wheels: z.array(Wheel).min(1),
});
export type LockedPackage = z.output<typeof Package>;

const Font = z.strictObject({
  /** npm package that has the file. */
  package: z.string(),
  version: z.string(),
  path: z.string(),
  /** Of the font itself, unpacked. */
  sha256: Sha256,
  bytes: z.number().int().positive(),
});
export type LockedFont = z.output<typeof Font>;

const Lock = z.strictObject({
  sets: z.array(z.strictObject({ name: z.string().regex(/^[a-z]+$/), packages: z.array(Package) })),
  fonts: z.array(Font),
});
export type BaseLayerLock = z.output<typeof Lock>;

/** Reads the pinned content. @throws Error when the file is not one that `refresh-base-layer.ts` has written */
export const readLock = (path = LOCK_FILE): BaseLayerLock => Lock.parse(JSON.parse(readFileSync(path, 'utf8')));

/** Returns the digest by which folders are named after their content. */
export const digestOf = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
