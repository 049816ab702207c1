import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Operation } from '../document/operation.ts';
import type { ApiRequest } from './send-request.ts';
import { type Configured, placeCredentials } from './credentials.ts';
import { inCookie, inHeader, inPath, inQuery } from './serialize.ts';
import { writeBody } from './write-body.ts';

/** The service that a request goes to. */
export interface RequestTarget {
  readonly base: URL;
  readonly configured: Configured;
}

/**
 * Builds the request of a call.
 * @throws MeshError invalid_arguments for values that cannot be written where they belong.
 */
export function buildRequest(
  { method, path, parameters, body, accept, security }: Operation,
  args: Readonly<Record<string, unknown>>,
  { base, configured }: RequestTarget,
): Omit<ApiRequest, 'signal'> {
  const given = parameters
    .map((form) => ({ form, value: Object.hasOwn(args, form.argument) ? args[form.argument] : undefined }))
    .filter(({ value }) => value !== undefined && value !== null);
  const at = (place: string) => given.filter(({ form }) => form.place === place);

  const values = new Map(at('path').map(({ form, value }) => [form.name, inPath(value, form)]));
  const filled = path.replaceAll(/\{([^{}]+)\}/g, (_whole, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new MeshError('invalid_arguments', `${name}: is needed for the path`);
    return value;
  });
  const query = at('query').flatMap(({ form, value }) => inQuery(value, form));
  const keys = placeCredentials(security.credentials, configured);
  const own = configured.headers['cookie'];
  const cookies = [...at('cookie').map(({ form, value }) => inCookie(value, form)), ...keys.cookies, own ?? ''];
  const written = body === undefined ? undefined : writeBody(body, args);
  const prefix = base.pathname.replace(/(?<!\/)\/+$/, '');
  const url = new URL(`${base.origin}${prefix}${filled.startsWith('/') ? '' : '/'}${filled}`);
  if (query.length > 0) url.search = [url.search.slice(1), ...query].filter((part) => part !== '').join('&');
  return {
    method,
    url,
    headers: {
      accept,
      ...Object.fromEntries(at('header').map(({ form, value }) => [form.name.toLowerCase(), inHeader(value, form)])),
      ...(written === undefined ? {} : { 'content-type': written.contentType }),
      ...keys.headers,
      ...configured.headers,
      ...cookieHeader(cookies),
    },
    keys: keys.query,
    ...(written === undefined ? {} : { body: written.content }),
  };
}

function cookieHeader(cookies: readonly string[]): Readonly<Record<string, string>> {
  const given = cookies.filter((cookie) => cookie !== '');
  return given.length === 0 ? {} : { cookie: given.join('; ') };
}
