import { askJson } from '../ask-json.ts';
import { type Finding, ok, warning, wrong } from './finding.ts';
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
  readonly left_out?: unknown;
  readonly defects?: unknown;
  readonly warnings?: unknown;
  readonly sandbox?: unknown;
  readonly sandbox_reason?: unknown;
}

function describe(name: string, seen: Seen): Finding {
  const { kind, status, tools, breaker, last_error, sandbox, sandbox_reason } = seen;
  const isUp = status === 'up' && breaker !== 'open';
  const odd = isUp ? describeOdd(name, seen) : undefined;
  if (odd !== undefined) return odd;
  const open = sandbox === 'none' ? `, without a sandbox (${String(sandbox_reason)})` : '';
  if (isUp) return ok(about, `${name} is up with ${String(tools)} tools${open}`);
  const why = typeof last_error === 'string' ? `: ${last_error}` : '';
  const held = breaker === 'open' ? ', and calls to it are held back' : '';
  const cure =
    kind === 'command' ? 'run its command by hand; the hub’s log has what it says' : 'start it, and read its log';
  return wrong(about, `${name} is ${String(status)}${held}${why}`, cure);
}

const about = 'Upstream';

/** Reports what is odd about an upstream that is up. */
function describeOdd(name: string, { tools, left_out, defects, warnings }: Seen): Finding | undefined {
  if (Array.isArray(left_out)) {
    const listed = left_out.slice(0, MAX_LISTED).map(describeLeftOut).join('; ');
    const cure = 'set "prefix" or "exclude" in mesh.json, or remove an upstream that you do not trust';
    return warning(about, `${name} is up, and ${left_out.length} of its names are left out: ${listed}`, cure);
  }
  if (Array.isArray(defects)) {
    const listed = defects.slice(0, MAX_LISTED).map(describeDefect).join('; ');
    const says = `${name} is up with ${String(tools)} tools, and ${defects.length} of its parts are mended or left out: ${listed}`;
    return warning(about, says, `update ${name}, or set "exclude" in mesh.json; /stats has the whole list`);
  }
  if (!Array.isArray(warnings)) return undefined;
  const listed = warnings.slice(0, MAX_LISTED).map(String).join('; ');
  return warning(about, `${name} is up, and its entry does not fit: ${listed}`, 'correct its entry in mesh.json');
}

const MAX_LISTED = 3;

function describeLeftOut(leftOut: unknown): string {
  const { kind, name, reason }: { kind?: unknown; name?: unknown; reason?: unknown } = Object(leftOut);
  return `${String(kind)} ${JSON.stringify(String(name).slice(0, 128))}, for ${String(reason)}`;
}

function describeDefect(defect: unknown): string {
  const { kind, name, reason, action }: { kind?: unknown; name?: unknown; reason?: unknown; action?: unknown } =
    Object(defect);
  const done = action === 'mended' ? 'mended' : 'left out';
  return `${String(kind)} ${JSON.stringify(String(name).slice(0, 128))} ${done}: ${String(reason)}`;
}
