// Starts all services on this machine, each in a process of its own, and keeps them running until told to stop.
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { portVariable, SERVICES, urlVariable } from '../mesh/services.ts';
import { type ManagedService, manageService } from './managed-service.ts';

const READY_TIMEOUT_MS = 60_000;
/** Ctrl-C reaches us several times: from the terminal, from npm, from what npm runs. */
const SECOND_SIGNAL_MS = 1_000;

if (existsSync('.env')) process.loadEnvFile('.env');

const ports = new Map(SERVICES.map(({ name, port }) => [name, portOf(name, port)]));
const addresses = Object.fromEntries([...ports].map(([name, port]) => [urlVariable(name), `http://localhost:${port}`]));
const services: ManagedService[] = [];
let stopping: Promise<void> | undefined;

listenForSignals();
await refuseTakenPorts();
for (const [name, port] of ports) {
  services.push(manageService({ name, env: { ...process.env, ...addresses, PORT: String(port) }, say }));
}
say('starting ...');
await Promise.race([untilReady(), firstFailure()]);
await printBanner();

function portOf(name: string, fallback: number): number {
  const variable = portVariable(name);
  const port = Number(process.env[variable] || fallback);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    fail(`${variable} must be a port; it is "${process.env[variable]}"`);
  return port;
}

async function refuseTakenPorts(): Promise<void> {
  const taken = [];
  for (const [name, port] of ports)
    if (await isTaken(port)) taken.push(`${port} (${name}; ${portVariable(name)} sets another)`);
  if (taken.length > 0) fail(`Toolmesh cannot start: port ${taken.join(', port ')} is taken by another program.`);
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(true));
    probe.listen(port, process.env['HOST'] || '127.0.0.1', () => probe.close(() => resolve(false)));
  });
}

async function untilReady(): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  let waiting: readonly string[] = [];
  while (performance.now() < deadline) {
    const states = await Promise.all([...ports].map(async ([name, port]) => ((await isReady(port)) ? [] : [name])));
    waiting = states.flat();
    if (waiting.length === 0) return;
    await sleep(100);
  }
  await stop();
  fail(`Toolmesh cannot start: ${waiting.join(', ')} did not become ready within ${READY_TIMEOUT_MS / 1_000} s.`);
}

async function isReady(port: number): Promise<boolean> {
  return (await getJson(port, '/ready'))?.['status'] === 'ready';
}

async function getJson(port: number, path: string): Promise<Record<string, unknown> | undefined> {
  try {
    const answer = await fetch(`http://localhost:${port}${path}`, { signal: AbortSignal.timeout(2_000) });
    return JSON.parse(await answer.text());
  } catch {
    return undefined;
  }
}

/** A service that cannot start ends the start, with its reason. */
async function firstFailure(): Promise<never> {
  const reason = await Promise.race(services.map(({ failedToStart }) => failedToStart));
  await stop();
  return fail(reason);
}

async function printBanner(): Promise<void> {
  const at = (name: string) => `http://localhost:${ports.get(name)}`;
  const health = await getJson(ports.get('middleware') ?? 0, '/health');
  const sandbox = await getJson(ports.get('sandbox') ?? 0, '/health');
  const { provider, reason } = llmOf(health);
  const isolation = Object.entries(sandbox?.['isolation'] ?? {}).map(([language, level]) => `${language}: ${level}`);
  process.stdout.write(`
  Toolmesh is ready.

  Page       ${at('middleware')}
  Chat       curl -s ${at('middleware')}/chat -H 'content-type: application/json' \\
               -d '{"message":"Execute: print(\\"Hello\\") and tell me the time"}'
  MCP        ${at('mcp-server')}/mcp
  API        ${at('middleware')}/docs
  Model      ${provider} (${reason})
  Sandbox    ${isolation.join(', ')}

  Ctrl-C stops it.
`);
  for (const service of services) service.keepRunning();
}

function llmOf(health: Record<string, unknown> | undefined): { provider: string; reason: string } {
  const known = JSON.parse(JSON.stringify(health?.['services'] ?? {}));
  return { provider: String(known.llm?.provider ?? 'unknown'), reason: String(known.llm?.reason ?? 'unknown') };
}

function listenForSignals(): void {
  let first: number | undefined;
  const onSignal = () => {
    if (first !== undefined && performance.now() - first < SECOND_SIGNAL_MS) return;
    if (first !== undefined) {
      for (const service of services) service.kill();
      process.exit(1);
    }
    first = performance.now();
    say('stopping ...');
    void stop().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  process.once('disconnect', onSignal);
}

function stop(): Promise<void> {
  stopping ??= stopInOrder();
  return stopping;
}

/** Those that call before those that are called, so that what is running can end. */
async function stopInOrder(): Promise<void> {
  for (const service of services.toReversed()) await service.stop();
}

function say(line: string): void {
  process.stdout.write(`toolmesh: ${line}\n`);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
