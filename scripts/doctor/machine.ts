import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { type Finding, note, ok, wrong } from './finding.ts';

const MIN_NODE_MAJOR = 24;
const GIB = 1_024 ** 3;
/** Enough for packages, saved workers and an update. */
const NEEDED_BYTES = 1 * GIB;

/** The Node that services run on, which is the one that runs this. */
export function checkNode(version: string = process.versions.node): Finding {
  if (Number.parseInt(version, 10) >= MIN_NODE_MAJOR) return ok('Node', `${version} runs the services`);
  return wrong(
    'Node',
    `${version} is too old`,
    `start with npm, which brings Node ${MIN_NODE_MAJOR} along, or install it`,
  );
}

/** Checks that the sandbox works on this system. */
export function checkSystem(): Finding {
  const name = `${process.platform} ${process.arch}`;
  if (process.platform === 'linux') return ok('System', name);
  return wrong('System', `${name}: the sandbox needs Linux`, 'docker compose up --build runs all of it in containers');
}

/** Checks the free space for the sandbox's packages and for temporary files. */
export async function checkDisk(env: NodeJS.ProcessEnv): Promise<readonly Finding[]> {
  const data = env['SANDBOX_DATA_DIR'] || env['SANDBOX_CACHE_DIR'] || 'data/sandbox';
  return Promise.all([checkFolder('Disk', resolve(data)), checkFolder('Temporary', tmpdir())]);
}

async function checkFolder(about: string, folder: string): Promise<Finding> {
  let at = folder;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  const { bsize, bavail, blocks } = await statfs(at);
  const free = bavail * bsize;
  const says = `${(free / GIB).toFixed(1)} GiB of ${((blocks * bsize) / GIB).toFixed(1)} free at ${folder}`;
  if (free < NEEDED_BYTES / 8) return wrong(about, says, 'free some space: services and packages cannot be written');
  if (free < NEEDED_BYTES) return note(about, says, 'free some space soon: packages may not fit');
  return ok(about, says);
}
