import { portVariable, SERVICES } from '../../mesh/services.ts';
import { askJson } from '../ask-json.ts';
import { canListen } from '../ports.ts';
import { type Finding, note, ok, warning, wrong } from './finding.ts';
import { portHolder } from './port-holder.ts';

/** A service as it is now, with its answer to /health where it gave one. */
export interface ServiceState {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  /** `foreign`: another program has its port. `hanging`: it listens and does not answer. */
  readonly state: 'running' | 'stopped' | 'foreign' | 'hanging';
  readonly health: Readonly<Record<string, unknown>>;
}

/** Requests the health of all services at once. */
export function findServices(env: NodeJS.ProcessEnv): Promise<readonly ServiceState[]> {
  return Promise.all(SERVICES.map(({ name, port }) => findService(name, Number(env[portVariable(name)] || port), env)));
}

async function findService(name: string, port: number, env: NodeJS.ProcessEnv): Promise<ServiceState> {
  const url = `http://127.0.0.1:${port}`;
  const found = { name, port, url, health: {} };
  const health = await askJson(`${url}/health`);
  if ('failure' in health) {
    const isFree = await canListen(port, env['HOST'] || '127.0.0.1');
    return { ...found, state: isFree ? 'stopped' : 'hanging' };
  }
  if (health.body['service'] !== name) return { ...found, state: 'foreign' };
  return { ...found, state: 'running', health: health.body };
}

/** Checks each service: the process that holds its port, and its own report of what is missing, which needs the key. */
export async function checkServices(
  services: readonly ServiceState[],
  apiKey: string | undefined,
): Promise<readonly Finding[]> {
  const isAnyRunning = services.some(({ state }) => state === 'running' || state === 'hanging');
  return Promise.all(services.map((service) => checkService(service, { isAnyRunning, apiKey })));
}

interface Situation {
  readonly isAnyRunning: boolean;
  readonly apiKey: string | undefined;
}

async function checkService({ name, port, url, state }: ServiceState, situation: Situation): Promise<Finding> {
  const { isAnyRunning, apiKey } = situation;
  const variable = portVariable(name);
  if (state === 'stopped' && !isAnyRunning) return ok(name, `is not running; its port ${port} is free`);
  if (state === 'stopped') return wrong(name, 'is not running, and others are', 'npm start; its log says why it ended');
  const holder = portHolder(port);
  const who =
    holder === undefined ? 'another program, which this user may not inspect' : `${holder.command} (pid ${holder.pid})`;
  if (state === 'foreign') {
    return wrong(name, `cannot have port ${port}: ${who} has it`, `end that, or set ${variable} to another port`);
  }
  if (state === 'hanging') {
    const kill =
      holder === undefined ? 'end it and start it again' : `kill -9 ${holder.pid}; npm start starts it again`;
    return wrong(name, `has port ${port} and does not answer: ${who}`, kill);
  }
  return readiness(name, url, apiKey);
}

/** Checks `/ready` of a running service. */
async function readiness(name: string, url: string, apiKey: string | undefined): Promise<Finding> {
  const ready = await askJson(`${url}/ready`, apiKey === undefined ? {} : { 'x-api-key': apiKey });
  if ('failure' in ready) return wrong(name, `answers /health but not /ready (${ready.failure})`, 'read its log');
  const failed = checksWith('failed', ready.body);
  if (ready.status !== 200) return wrong(name, `runs and is not ready: ${failed.join('; ')}`, cureFor(name));
  const degraded = checksWith('degraded', ready.body);
  if (degraded.length === 0) return ok(name, `runs and is ready at ${url}`);
  return warning(name, `runs and is ready, but degraded: ${degraded.join('; ')}`, cureFor(name));
}

/** Returns the checks of `/ready` with this status, each with its reason. */
function checksWith(status: 'failed' | 'degraded', body: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(Object(body['checks'])).flatMap(([check, outcome]) => {
    const found: { status?: unknown; detail?: unknown } = Object(outcome);
    return found.status === status
      ? [`${check} (${typeof found.detail === 'string' ? found.detail : 'no reason given'})`]
      : [];
  });
}

function cureFor(name: string): string {
  if (name === 'middleware') return 'mcp_server: see the hub here; llm: see Model below';
  if (name === 'mcp-server') return 'see Upstream below; start it, or mend or disable its entry in mesh.json';
  if (name === 'code-executor') return 'see the sandbox here, and SANDBOX_URL';
  return 'its log says why: LOG_LEVEL=debug npm start';
}

/** Reports how much of the mesh runs. */
export function summarize(services: readonly ServiceState[]): Finding {
  const running = services.filter(({ state }) => state === 'running').length;
  if (running === services.length) return ok('Mesh', `all ${running} services run`);
  if (running === 0) return note('Mesh', 'is not running', 'npm start starts it');
  return note('Mesh', `${running} of ${services.length} services run`);
}
