// What others use for the same, for `npm run bench:sandbox`: bubblewrap and an interpreter for each call, and a Jupyter
// kernel that is kept, without a jail.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { installPython } from '@toolmesh/shared/test-kit/outside-packages';
import { print } from './figures.ts';

const KERNEL = fileURLToPath(new URL('peers/jupyter_kernel.py', import.meta.url));
const PACKAGES = ['jupyter_client==8.6.3', 'ipykernel==6.30.1', 'numpy', 'pandas'];

/** Something that runs Python programs. */
export interface SandboxPeer {
  readonly name: string;
  run(code: string): Promise<void>;
  close(): void;
}

/** Returns those that can be had here; says which cannot. */
export async function startSandboxPeers(): Promise<readonly SandboxPeer[]> {
  const kernel = await startKernel().catch((error: unknown) => {
    print(`A Jupyter kernel was not measured: ${Error.isError(error) ? error.message : String(error)}`);
  });
  return [BUBBLEWRAP, ...(kernel === undefined ? [] : [kernel])];
}

const BUBBLEWRAP: SandboxPeer = {
  name: 'bubblewrap and python3, each call',
  async run(code) {
    const jail = ['--unshare-all', '--die-with-parent', '--ro-bind', '/', '/', '--tmpfs', '/tmp', '--dev', '/dev'];
    const child = spawn('bwrap', [...jail, '/usr/bin/python3', '-I', '-c', code], { stdio: 'ignore' });
    const [exit] = await once(child, 'close');
    if (exit !== 0) throw new Error(`bubblewrap ended with ${exit}`);
  },
  close: () => {},
};

async function startKernel(): Promise<SandboxPeer> {
  const bin = await installPython('jupyter', PACKAGES);
  const child = spawn(join(bin, 'python'), [KERNEL], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (expected: string) => {
    const { value } = await lines.next();
    if (value !== expected) throw new Error(`it answered ${value}`);
  };
  await next('ready');
  return {
    name: 'a Jupyter kernel that is kept',
    async run(code) {
      child.stdin.write(`${JSON.stringify(code)}\n`);
      await next('ok');
    },
    close: () => child.kill(),
  };
}
