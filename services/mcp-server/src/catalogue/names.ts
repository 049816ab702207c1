import { createHash } from 'node:crypto';

/** Tool names that every model provider accepts. */
const VALID = /^[A-Za-z0-9_-]{1,64}$/;
const MAX_LENGTH = 64;
const HASH_LENGTH = 8;

/** The part of an entry of mesh.json that decides the names of its tools and prompts. */
export interface Naming {
  readonly prefix: string;
  /** Other names and texts for tools, by the upstream's own names. */
  readonly overrides: Readonly<Record<string, { readonly name?: string | undefined }>>;
}

/** Returns the hub's name for a tool of an upstream: the one that its entry gives, as it is, or {@link offeredName}. */
export const toolNameOf = ({ prefix, overrides }: Naming, original: string): string =>
  (Object.hasOwn(overrides, original) ? overrides[original]?.name : undefined) ?? offeredName(prefix, original);

/**
 * Returns the hub's name for an upstream's `name`: the same if it is valid. Otherwise letters lose their accents, other
 * characters become `_`, a long name is cut, and a hash of the whole keeps it unique. A name of which nothing is left is
 * `fallback`. The same upstream and name always give the same result.
 */
export function offeredName(prefix: string, name: string, fallback = 'tool'): string {
  const whole = `${prefix}${name}`;
  if (VALID.test(whole)) return whole;
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, HASH_LENGTH);
  const readable = `${prefix}${latin(name) || fallback}`;
  return `${readable.slice(0, MAX_LENGTH - HASH_LENGTH - 1)}_${hash}`;
}

/** Returns what of a name can be read in the letters that providers accept; empty if that is nothing. */
function latin(name: string): string {
  const letters = name
    .slice(0, 4 * MAX_LENGTH)
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '');
  if (!/[A-Za-z0-9]/.test(letters)) return '';
  const foreign = letters.replaceAll(/[^\p{ASCII}]+/gu, '_');
  return foreign.replaceAll(/[^A-Za-z0-9_-]/g, '_');
}

/**
 * Returns the names under which callers may ask for a tool or prompt besides the hub's own: the upstream's, if the hub
 * had to change it. Such a name is valid for no other, so that nobody can take it over.
 */
export function aliasesOf(prefix: string, original: string): readonly string[] {
  if (VALID.test(`${prefix}${original}`)) return [];
  const names = prefix === '' ? [original] : [original, `${prefix}${original}`];
  return names.filter((name) => !VALID.test(name));
}
