import type { SecurityScheme } from '../document/security.ts';

/** The parts of every request that mesh.json sets. */
export interface Configured {
  /** By their names in lower case. No argument can replace them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parameters of the query. */
  readonly query: Readonly<Record<string, string>>;
  /** By security scheme. */
  readonly credentials: Readonly<Record<string, string>>;
}

/** Credentials, each in its place. */
export interface PlacedCredentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [string, string])[];
  readonly cookies: readonly string[];
}

/** Returns the credentials of an operation, each where its scheme wants it. */
export function placeCredentials(schemes: readonly SecurityScheme[], configured: Configured): PlacedCredentials {
  const given = schemes.flatMap(({ scheme, kind, place, name }) => {
    const value = Object.hasOwn(configured.credentials, scheme) ? configured.credentials[scheme] : undefined;
    return value === undefined || kind === 'other' ? [] : [{ place, name, value: written(kind, value) }];
  });
  const at = (wanted: string) => given.filter(({ place }) => place === wanted);
  return {
    headers: Object.fromEntries(at('header').map(({ name, value }) => [name.toLowerCase(), value])),
    query: [
      ...Object.entries(configured.query),
      ...at('query').map(({ name, value }): readonly [string, string] => [name, value]),
    ],
    cookies: at('cookie').map(({ name, value }) => `${name}=${value}`),
  };
}

/** Returns a credential as it is sent; one that says its scheme itself stays as it is. */
function written(kind: SecurityScheme['kind'], value: string): string {
  if (kind === 'basic') return /^basic /i.test(value) ? value : `Basic ${Buffer.from(value).toString('base64')}`;
  if (kind === 'bearer') return /^(?:bearer|basic|token) /i.test(value) ? value : `Bearer ${value}`;
  return value;
}

/** Returns a URL with the parameters that are sent with every request; a redirect may have lost them. */
export function withQuery(url: URL, query: readonly (readonly [string, string])[]): URL {
  if (query.length === 0) return url;
  const complete = new URL(url);
  const added = query
    .filter(([name]) => !complete.searchParams.has(name))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  complete.search = [complete.search.slice(1), ...added].filter((part) => part !== '').join('&');
  return complete;
}
