// Starts all services on this machine, each in a process of its own, and keeps them running until it is stopped.
import { setTimeout as sleep } from 'node:timers/promises';
import { portVariable, SERVICES, urlVariable } from '../mesh/services.ts';
import { askJson } from './ask-json.ts';
import { degradedUpstreams, describeMesh } from './launch/banner.ts';
import { environmentOf, readEnvironment } from './launch/environment.ts';
import { type ManagedService, manageService } from './launch/managed-service.ts';
import { canListen } from './ports.ts';

const READY_TIMEOUT_MS = 60_000;
/** Time for the hub, which is ready without them, to find the services that came after it. */
const FOUND_TIMEOUT_MS = 5_000;
const POLL_MS = 50;
/** Ctrl-C arrives several times: from the terminal, from npm, from what npm runs. */
const SECOND_SIGNAL_MS = 1_000;
const WATCH_PARENT_MS = 1_000;

const settings = readEnvironment();
const ports = new Map(SERVICES.map(({ name, port }) => [name, portOf(name, port)]));
const addresses = Object.fromEntries([...ports].map(([name, port]) => [urlVariable(name), `http://localhost:${port}`]));
const services: ManagedService[] = [];
let stopping: Promise<void> | undefined;

listenForSignals();
await refuseTakenPorts();
for (const [name, port] of ports) {
  const env = environmentOf(name, { ...settings, ...addresses, PORT: String(port) });
  services.push(manageService({ name, env, url: `http://localhost:${port}`, say }));
}
say('starting ...');
await Promise.race([untilReady().then(untilFound), firstFailure()]);
process.stdout.write(await describeMesh((name) => `http://localhost:${ports.get(name)}`));
for (const service of services) service.keepRunning();

function portOf(name: string, fallback: number): number {
  const variable = portVariable(name);
  const port = Number(settings[variable] || fallback);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    fail(`${variable} must be a port; it is "${settings[variable]}"`);
  return port;
}

async function refuseTakenPorts(): Promise<void> {
  const host = settings['HOST'] || '127.0.0.1';
  const taken = [];
  for (const [name, port] of ports)
    if (!(await canListen(port, host))) taken.push(`${port} (${name}; ${portVariable(name)} sets another)`);
  if (taken.length > 0) fail(`Toolmesh cannot start: port ${taken.join(', port ')} is taken by another program.`);
}

async function untilReady(): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  let waiting = [...ports];
  while (performance.now() < deadline) {
    const ready = await Promise.all(waiting.map(([, port]) => isReady(port)));
    waiting = waiting.filter((_service, index) => ready[index] === false);
    if (waiting.length === 0) return;
    await sleep(POLL_MS);
  }
  await stop();
  const names = waiting.map(([name]) => name).join(', ');
  fail(`Toolmesh cannot start: ${names} did not become ready within ${READY_TIMEOUT_MS / 1_000} s.`);
}

async function isReady(port: number): Promise<boolean> {
  const answer = await askJson(`http://localhost:${port}/ready`);
  return 'body' in answer && answer.body['status'] === 'ready';
}

/** Waits until the hub has found the services that it has as upstreams; one that mesh.json has elsewhere may stay away. */
async function untilFound(): Promise<void> {
  const deadline = performance.now() + FOUND_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const degraded = await degradedUpstreams(`http://localhost:${ports.get('mcp-server')}`);
    if (!degraded.some(({ name }) => ports.has(name))) return;
    await sleep(POLL_MS);
  }
}

/** Ends the start, with the reason of the first service that cannot. */
async function firstFailure(): Promise<never> {
  const reason = await Promise.race(services.map(({ failedToStart }) => failedToStart));
  await stop();
  return fail(reason);
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
  // npm may be killed without a word.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    onSignal();
  }, WATCH_PARENT_MS).unref();
}

function stop(): Promise<void> {
  stopping ??= stopInOrder();
  return stopping;
}

/** Stops callers before what they call, so that what is running can end. */
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
