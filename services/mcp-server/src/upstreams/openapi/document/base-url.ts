import { BlockList, isIP } from 'node:net';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { isSameHost } from '../same-host.ts';
import type { OpenApiDocument } from './document.ts';
import { DocumentProblem } from './references.ts';

/** Longer than any URL of a server; a template is filled in for each operation. */
const MAX_URL_CHARS = 2_048;

/**
 * Returns the base URL of an operation: the first server that it, or else the document, names, with its variables. A
 * document that was fetched does not decide where the configured headers go, nor that an address of the inside is
 * called: both need `base_url`. One that was read from a file is the operator's own word.
 * @throws DocumentProblem if it is not an http or https URL, or one that only the operator may choose.
 */
export function baseUrlOf(document: OpenApiDocument, ownServers: unknown, sendsHeaders: boolean): URL {
  const url = URL.parse(serverOf(document, ownServers), document.url.href);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new DocumentProblem('its document names no server that can be reached; set "base_url" in mesh.json');
  }
  if (url.username !== '' || url.password !== '') {
    throw new DocumentProblem(
      'its server has a name or a password in its URL; set "base_url" and "headers" in mesh.json',
    );
  }
  if (document.url.protocol === 'file:' || isSameHost(document.url, url)) return url;
  if (sendsHeaders) {
    throw new DocumentProblem(
      `its document, from ${document.url.origin}, names another server, ${url.origin}, which must not get the configured "headers"; ` +
        'if they are meant for it, set "base_url" in mesh.json',
    );
  }
  if (isInside(url.hostname) && !isInside(document.url.hostname)) {
    throw new DocumentProblem(
      `its document, from ${document.url.origin}, names a server inside your network, ${url.origin}; ` +
        'if it is meant, set "base_url" in mesh.json',
    );
  }
  return url;
}

function serverOf(document: OpenApiDocument, ownServers: unknown): string {
  const servers = [ownServers, document.root['servers']].find((list) => Array.isArray(list) && list.length > 0);
  const server: unknown = Array.isArray(servers) ? servers[0] : { url: '/' };
  const template = isRecord(server) && typeof server['url'] === 'string' ? server['url'] : '/';
  const variables = isRecord(server) && isRecord(server['variables']) ? server['variables'] : {};
  if (template.length > MAX_URL_CHARS) throw new DocumentProblem('the URL of its server is too long');
  const text = template.replaceAll(/\{([^{}]+)\}/g, (_whole, name: string) => {
    const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
    const value = isRecord(variable) ? variable['default'] : undefined;
    if (typeof value !== 'string') throw new DocumentProblem(`the variable "${name}" of its server has no default`);
    return value.slice(0, MAX_URL_CHARS);
  });
  if (text.length > MAX_URL_CHARS) throw new DocumentProblem('the URL of its server is too long');
  return text;
}

/** Addresses that only the network around the mesh can reach (IANA's special-purpose registries). */
const INSIDE = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  INSIDE.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  INSIDE.addSubnet(net, prefix, 'ipv6');

/** Tells whether a host, as a URL has it, is inside by its address or by its name. */
function isInside(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(host);
  if (family !== 0) return INSIDE.check(host, family === 4 ? 'ipv4' : 'ipv6');
  const name = host.replace(/\.$/, '').toLowerCase();
  return !name.includes('.') || /\.(localhost|local|internal|intranet|lan|home\.arpa)$/.test(name);
}
