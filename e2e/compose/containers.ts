import { spawnSync } from 'node:child_process';
import { urlVariable } from '../../mesh/services.ts';
import type { RunningMesh } from '../journeys.ts';

// The tests here are run by scripts/e2e-compose.ts, which says where the containers are.

export const mesh: RunningMesh = { url: (service) => process.env[urlVariable(service)] ?? '' };

const [composeCommand = '', ...composeArguments] = (process.env['COMPOSE'] ?? '').split(' ');

/** Output and exit of a command. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `docker`, whatever comes of it. */
export const tryDocker = (...args: string[]): Outcome => spawnSync('docker', args, { encoding: 'utf8' });

/** @throws Error with what the command said when it failed */
export const docker = (...args: string[]): string => printed(args, tryDocker(...args));

/** @throws Error with what the command said when it failed */
export const compose = (...args: string[]): string =>
  printed(args, spawnSync(composeCommand, [...composeArguments, ...args], { encoding: 'utf8' }));

function printed(args: readonly string[], { status, stdout, stderr }: Outcome): string {
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

/** Runs a program of Node in a service's container and gives back the JSON that it prints. */
export function inContainer(service: string, script: string): unknown {
  return JSON.parse(compose('exec', '-T', service, 'node', '-e', script));
}
