import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { DocumentProblem, type OpenApiDocument } from './document.ts';

/**
 * Returns the base URL of an operation: the first server that it, or else the document, names, with its variables.
 * @throws DocumentProblem if it is not an http or https URL.
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
