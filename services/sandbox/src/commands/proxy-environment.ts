import type { ProxySettings } from '@toolmesh/shared/kit/http/connections';

/** The proxy that the environment of a command names, under either of its two spellings. */
export function proxyOf(env: NodeJS.ProcessEnv): ProxySettings {
  return {
    http: env['http_proxy'] ?? env['HTTP_PROXY'],
    https: env['https_proxy'] ?? env['HTTPS_PROXY'],
    no: env['no_proxy'] ?? env['NO_PROXY'],
  };
}
