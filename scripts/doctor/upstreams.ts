import { askJson } from '../ask-json.ts';
import { type Finding, ok, wrong } from './finding.ts';
import type { ServiceState } from './services.ts';

/** Reports the status of each upstream of the running hub; empty when the hub does not run. */
export async function checkUpstreams(services: readonly ServiceState[], apiKey: string | undefined) {
  const hub = services.find(({ name }) => name === 'mcp-server');
  if (hub?.state !== 'running') return [];
  const stats = await askJson(`${hub.url}/stats`, apiKey === undefined ? {} : { 'x-api-key': apiKey });
  if ('failure' in stats)
    return [wrong('Upstreams', `the hub does not answer /stats (${stats.failure})`, 'read its log')];
  if (stats.status === 401)
    return [wrong('Upstreams', 'the hub wants a key', 'set API_KEY to the one it was started with')];
  return Object.entries(Object(stats.body['upstreams'])).map(([name, seen]) => describe(name, Object(seen)));
}

interface Seen {
  readonly kind?: unknown;
  readonly status?: unknown;
  readonly tools?: unknown;
  readonly breaker?: unknown;
  readonly last_error?: unknown;
}

function describe(name: string, { kind, status, tools, breaker, last_error }: Seen): Finding {
  const about = 'Upstream';
  if (status === 'up' && breaker !== 'open') return ok(about, `${name} is up with ${String(tools)} tools`);
  const why = typeof last_error === 'string' ? `: ${last_error}` : '';
  const held = breaker === 'open' ? ', and calls to it are held back' : '';
  const cure =
    kind === 'stdio' ? 'run its command by hand; the hub’s log has what it says' : 'start it, and read its log';
  return wrong(about, `${name} is ${String(status)}${held}${why}`, cure);
}
