import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { request } from '@toolmesh/shared/test-kit/requests';
import { example } from './mesh.ts';

const run = promisify(execFile);
const REQUIREMENTS = example('python-requirements.txt');
const INSTALL_MS = 180_000;

/** The virtual environment with the official MCP package, kept between runs; its name changes with the requirements. */
const FOLDER = example(
  `.venv/python-${createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)}`,
);

/** Returns whether the environment is there or can be made: Python has `venv`, and PyPI answers. */
export async function canHavePython(): Promise<boolean> {
  if (existsSync(FOLDER)) return true;
  const options = { signal: AbortSignal.timeout(10_000) };
  const answers = request('https://pypi.org/simple/mcp/', options).then(({ status }) => status === 200);
  const [hasIndex, hasVenv] = await Promise.all([
    answers.catch(() => false),
    run('python3', ['-c', 'import ensurepip, venv']).then(
      () => true,
      () => false,
    ),
  ]);
  return hasIndex && hasVenv;
}

/** Makes the environment unless it is there, and returns its interpreter. */
export async function pythonWithMcp(): Promise<string> {
  if (!existsSync(FOLDER)) await makeEnvironment();
  return `${FOLDER}/bin/python`;
}

/** Builds it beside its place and moves it there whole, so that two test files may do it at the same time. */
async function makeEnvironment(): Promise<void> {
  const building = `${FOLDER}-${process.pid}`;
  mkdirSync(building, { recursive: true });
  await run('python3', ['-m', 'venv', building]);
  const install = ['-m', 'pip', 'install', '--quiet', '--requirement', REQUIREMENTS];
  await run(`${building}/bin/python`, install, { timeout: INSTALL_MS });
  try {
    renameSync(building, FOLDER);
  } catch {
    rmSync(building, { recursive: true, force: true });
  }
}
