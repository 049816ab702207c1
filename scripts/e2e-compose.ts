// Builds the containers, starts the services and the index proxy, runs the end-to-end tests against them and takes
// everything down.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { portVariable, SERVICES, urlVariable } from '../mesh/services.ts';

/** Ports of their own, so that a mesh that is running is left alone. */
const FIRST_PORT = 18_000;
const UP_SECONDS = 120;
/** As `.ci/docker-engine` names it. */
const OWN_BASE = 'toolmesh-node:24.21.0';
const EXTRA_CA = 'extra-ca.crt';

const ports = new Map(SERVICES.map(({ name, port }) => [name, FIRST_PORT + (port % 1_000)]));
const env = {
  ...process.env,
  COMPOSE_PROJECT_NAME: 'toolmesh-e2e',
  ...Object.fromEntries([...ports].map(([name, port]) => [portVariable(name), String(port)])),
};
/** With the ports of all services, which the tests call by themselves, too. */
const compose = [...composeCommand(), '-f', 'docker-compose.yml', '-f', 'docker-compose.ports.yml'] as const;
const names = [...SERVICES.map(({ name }) => name), 'index-proxy'];

mkdirSync('reports', { recursive: true });
const hasOwnCa = useCertificateOfProxy();
let failed = 1;
try {
  run('building', ['build', ...baseOfOwn(), ...names]);
  run('starting', ['up', '--detach', ...names]);
  waitUntilHealthy();
  failed = test() | testHostilePrograms();
} catch (error) {
  process.stderr.write(`e2e:compose: ${error instanceof Error ? error.message : String(error)}\n`);
  spawnSync(compose[0], [...compose.slice(1), 'logs', '--tail', '20'], { env, stdio: 'inherit' });
} finally {
  run('taking down', ['down', '--volumes', '--remove-orphans', '--timeout', '15']);
  if (hasOwnCa) rmSync(EXTRA_CA);
}
process.exit(failed);

/** `docker compose`, or the `docker-compose` of older systems. */
function composeCommand(): readonly [string, ...string[]] {
  const works = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
  if (!works('docker', 'info')) {
    process.stderr.write('e2e:compose: no Docker engine answers; start one and try again.\n');
    process.exit(1);
  }
  if (works('docker', 'compose', 'version')) return ['docker', 'compose'];
  if (works('docker-compose', 'version')) return ['docker-compose'];
  process.stderr.write('e2e:compose: there is neither "docker compose" nor "docker-compose".\n');
  process.exit(1);
}

/** A build has to trust what this machine trusts, when a proxy stands between it and the registry. */
function useCertificateOfProxy(): boolean {
  const certificates = process.env['NODE_EXTRA_CA_CERTS'];
  if (certificates === undefined || existsSync(EXTRA_CA)) return false;
  copyFileSync(certificates, EXTRA_CA);
  return true;
}

/** Builds on the base image that `.ci/docker-engine` made, where it could not have the one of the Dockerfile. */
function baseOfOwn(): readonly string[] {
  const isThere = spawnSync('docker', ['image', 'inspect', OWN_BASE], { stdio: 'ignore' }).status === 0;
  return isThere ? ['--build-arg', `NODE_IMAGE=${OWN_BASE}`] : [];
}

function run(step: string, args: readonly string[]): void {
  process.stdout.write(`e2e:compose: ${step} ...\n`);
  const { status, stdout, stderr } = spawnSync(compose[0], [...compose.slice(1), ...args], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${step} failed\n${stdout.slice(-4_000)}\n${stderr.slice(-4_000)}`);
}

function waitUntilHealthy(): void {
  const deadline = Date.now() + UP_SECONDS * 1_000;
  const isReady = (port: number) =>
    spawnSync('node', [
      '-e',
      `fetch('http://127.0.0.1:${port}/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`,
    ]).status === 0;
  for (const [name, port] of ports) {
    while (!isReady(port)) {
      if (Date.now() > deadline) throw new Error(`${name} was not ready within ${UP_SECONDS} s`);
      spawnSync('sleep', ['0.5']);
    }
  }
}

function test(): number {
  process.stdout.write('e2e:compose: testing ...\n');
  const urls = Object.fromEntries([...ports].map(([name, port]) => [urlVariable(name), `http://127.0.0.1:${port}`]));
  const jest = ['node_modules/jest/bin/jest.js', '--selectProjects', 'compose', '--runInBand'];
  const report = ['--json', '--outputFile=reports/compose.json'];
  const { status } = spawnSync(
    process.execPath,
    ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', ...jest, ...report],
    { env: { ...env, ...urls, COMPOSE: compose.join(' ') }, stdio: 'inherit' },
  );
  return status ?? 1;
}

/**
 * The corpus of hostile programs from inside the sandbox's container, with all that the compose file says of it: its
 * user, its profile of system calls, its limits, its read-only file system. Services are started there by the tests.
 */
function testHostilePrograms(): number {
  process.stdout.write('e2e:compose: hostile programs in the container ...\n');
  const jest = [
    'node_modules/jest/bin/jest.js',
    '--selectProjects',
    'hostile',
    '--runInBand',
    '--cacheDirectory=/data/jest',
  ];
  const node = ['node', '--experimental-vm-modules', '--disable-warning=ExperimentalWarning', ...jest];
  const place = ['--volume', `${process.cwd()}:/repo:ro`, '--workdir', '/repo', '-e', 'TMPDIR=/data'];
  const inside = [...compose.slice(1), 'run', '--rm', '--no-deps', '-T', ...place, 'sandbox', ...node];
  const { status, stdout } = spawnSync(compose[0], [...inside, '-t', 'namespaces, run by', '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 256 * 1_024 ** 2,
  });
  if (stdout.startsWith('{')) writeFileSync('reports/compose-hostile.json', stdout);
  return status ?? 1;
}
