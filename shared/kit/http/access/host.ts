import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { type BaseConfig, isLoopback } from '../../service/config.ts';
import { MeshError } from '../../faults/errors.ts';

/** The parts of a request that say whom it is for. */
export type Addressed = Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'method' | 'url'>;

/** Probes and metrics: asked by programs that know a service by its address and have no key. */
export const PROBES: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics']);

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/**
 * Refuses requests that do not say clearly whom they are for, and host names that are not served here (against DNS
 * rebinding). Probes are answered under any address, which cannot be rebound, as kubelets and Prometheus ask for them.
 * @throws MeshError invalid_request or forbidden, from the function that it returns.
 */
export function hostGuard({ HOST: address, ALLOWED_HOSTS }: Pick<BaseConfig, 'HOST' | 'ALLOWED_HOSTS'>) {
  const names = ALLOWED_HOSTS.length > 0 || !isLoopback(address) ? ALLOWED_HOSTS : LOOPBACK_NAMES;
  const allowed = new Set(names.map(normalized));
  return (request: Addressed): void => {
    const name = nameOf(hostOf(request));
    if (allowed.size === 0 || allowed.has(name)) return;
    if (isProbe(request) && isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0) return;
    throw new MeshError('forbidden', 'This host name is not served here; add it to ALLOWED_HOSTS if it should be');
  };
}

/** Returns the one host that a request names (RFC 9112, section 3.2). @throws MeshError invalid_request */
function hostOf({ headers: { host = '' }, rawHeaders, url = '/' }: Addressed): string {
  if (!HOST.test(host) || countOf(rawHeaders, 'host') > 1) {
    throw new MeshError('invalid_request', 'Expected one Host header with a name and perhaps a port');
  }
  if (url.startsWith('/') || url === '*') return host;
  const authority = /^https?:\/\/([^/?#]*)/i.exec(url)?.[1];
  if (authority?.toLowerCase() === host.toLowerCase()) return host;
  throw new MeshError('invalid_request', 'The address of the request names another host than its Host header');
}

/** Returns how often a request has a header; Node keeps only the first of two. */
function countOf(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const given = rawHeaders[i];
    if (given?.length === name.length && given.toLowerCase() === name) count += 1;
  }
  return count;
}

const nameOf = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

/** Returns a name of ALLOWED_HOSTS as requests have it: in small letters, without a port, IPv6 in brackets. */
const normalized = (name: string): string => (isIP(name) === 6 ? `[${name.toLowerCase()}]` : nameOf(name));

const isProbe = ({ method, url = '' }: Addressed): boolean =>
  (method === 'GET' || method === 'HEAD') && PROBES.has(url.split('?', 1)[0] ?? '');
