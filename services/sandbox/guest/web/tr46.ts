import load from 'lazy:./tr46-tables.ts';

type Mapping = (domain: string, options: object) => unknown;
const isMapping = (value: unknown): value is Mapping => typeof value === 'function';

/** Stands for the package `tr46`, whose tables of 240 kB only names beyond ASCII need. */
export function toASCII(domain: string, options: object): unknown {
  if (/^[\w.~-]*$/.test(domain) && !/xn--/i.test(domain)) return domain.toLowerCase();
  const map = load()['toASCII'];
  return isMapping(map) ? map(domain, options) : null;
}

export function toUnicode(domain: string, options: object): unknown {
  const map = load()['toUnicode'];
  return isMapping(map) ? map(domain, options) : { domain, error: true };
}
