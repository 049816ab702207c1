import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { DocumentProblem, type OpenApiDocument } from './document.ts';

/**
 * Where the requests of an operation go: the first of the servers that it, or the document, names, its variables put in.
 * @throws DocumentProblem when that is no http or https URL.
 */
export function baseUrlOf(document: OpenApiDocument, ownServers: unknown): URL {
  const servers = [ownServers, document.root['servers']].find((list) => Array.isArray(list) && list.length > 0);
  const server: unknown = Array.isArray(servers) ? servers[0] : { url: '/' };
  const template = isRecord(server) && typeof server['url'] === 'string' ? server['url'] : '/';
  const variables = isRecord(server) && isRecord(server['variables']) ? server['variables'] : {};
  const text = template.replaceAll(/\{([^{}]+)\}/g, (_whole, name: string) => {
    const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
    const value = isRecord(variable) ? variable['default'] : undefined;
    if (typeof value !== 'string') throw new DocumentProblem(`the variable "${name}" of its server has no default`);
    return value;
  });
  const url = URL.parse(text, document.url.href);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new DocumentProblem('its document names no server that can be reached; set "base_url" in mesh.json');
  }
  return url;
}
