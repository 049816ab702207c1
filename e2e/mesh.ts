import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import { INHERITED_ENV, TEST_ENV } from '@toolmesh/shared/test-kit/test-env';
import { portVariable, SERVICES } from '../mesh/services.ts';

const START = ['../scripts/run.mjs', '../scripts/launch.ts'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
const READY = 'Toolmesh is ready.';

/** The five services as `npm start` runs them, on free ports. */
export interface Mesh {
  readonly url: (service: string) => string;
  /** Terminal output so far. */
  readonly output: () => string;
  /** The settings that it was started with, for a second start. */
  readonly env: NodeJS.ProcessEnv;
  /** The process of a service, undefined while there is none. */
  pidOf(service: string): number | undefined;
  /** The processes of all services. */
  readonly servicePids: () => readonly number[];
  /** All processes that come from the launcher, itself included. */
  readonly tree: () => readonly number[];
  signal(signal: NodeJS.Signals): void;
  readonly exited: Promise<{ readonly code: number | null }>;
  stop(): Promise<void>;
}

/** Starts the mesh and waits for its banner. @throws Error with what it said when it ends instead. */
export async function startMesh(settings: Record<string, string> = {}): Promise<Mesh> {
  const ports = new Map<string, number>();
  for (const { name } of SERVICES) ports.set(name, await freePort());
  const env = {
    ...INHERITED_ENV,
    ...TEST_ENV,
    HOME: process.env['HOME'],
    // No model server of this machine shall answer in a test.
    OLLAMA_HOST: `http://127.0.0.1:${await freePort()}`,
    ...Object.fromEntries([...ports].map(([name, port]) => [portVariable(name), String(port)])),
    ...settings,
  };
  const pidsOf = (service: string) => processesWith(`services/${service}/src/main.ts`, `PORT=${ports.get(service)}`);
  const launcher = startLauncher(env);
  const { child, exited, output } = launcher;
  while (!output().includes(READY)) {
    if (child.exitCode !== null) throw new Error(output());
    await sleep(50);
  }
  return {
    url: (service) => `http://127.0.0.1:${ports.get(service)}`,
    output,
    env,
    exited,
    pidOf: (service) => pidsOf(service)[0],
    servicePids: () => SERVICES.flatMap(({ name }) => pidsOf(name)),
    tree: () => treeOf(child.pid ?? 0),
    signal: (signal) => void child.kill(signal),
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** `npm start` without npm in between. */
export function startLauncher(env: NodeJS.ProcessEnv) {
  const child: ChildProcess = spawn(process.execPath, START, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const exited = once(child, 'close').then(([code]: (number | null)[]) => ({ code: code ?? null }));
  return { child, exited, output: () => text };
}

/** Processes whose command line and environment hold the given texts. */
function processesWith(command: string, setting: string): readonly number[] {
  return processes()
    .filter((pid) => read(pid, 'cmdline').includes(command) && read(pid, 'environ').split('\0').includes(setting))
    .map(Number);
}

const processes = (): readonly string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name));

function treeOf(root: number): readonly number[] {
  const parentOf = (pid: string) => Number(/\) \S (\d+)/.exec(read(pid, 'stat'))?.[1]);
  const parents = new Map(processes().map((pid) => [Number(pid), parentOf(pid)]));
  const tree = new Set([root]);
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.add(child);
  return [...tree];
}

/** A file of a process in `/proc`, empty where the process is gone. */
export const readProcess = (pid: number, file: string): string => read(String(pid), file);

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
