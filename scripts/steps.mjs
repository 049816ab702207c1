// Runs commands of the project and tells how they ended. No dependencies: used before anything is installed.
import { spawn } from 'node:child_process';
import { ROOT } from './install.mjs';

/**
 * Runs one command in the project's root and resolves with whether it succeeded. The output of a quiet step is kept
 * and shown in one piece when it fails, since other steps may be writing at the same time.
 */
export function runStep({ name, command, args, env = {}, isQuiet = false }) {
  const startedAt = performance.now();
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: isQuiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    env: { ...process.env, PATH: `${ROOT}node_modules/.bin:${process.env.PATH}`, ...env },
  });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => output.push(chunk));
  return new Promise((resolve) => {
    let problem = '';
    child.once('error', (error) => {
      problem = `: ${error.message}`;
    });
    child.once('close', (code) => {
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      if (code !== 0) process.stderr.write(Buffer.concat(output));
      process.stderr.write(`== ${name}: ${code === 0 ? 'passed' : `FAILED${problem}`} (${seconds} s)\n`);
      resolve(code === 0);
    });
  });
}

const CHECKS = [
  { name: 'lint', command: 'oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'format', command: 'oxfmt', args: ['--check'] },
  { name: 'types', command: 'tsc', args: ['--noEmit'] },
  { name: 'types of the guest', command: 'tsc', args: ['--noEmit', '--project', 'services/sandbox/guest'] },
  { name: 'types of the page', command: 'tsc', args: ['--noEmit', '--project', 'services/middleware/web'] },
];

/** Runs lint, format and types, one after the other, and resolves with whether all passed. */
export async function runChecks() {
  let isGood = true;
  for (const check of CHECKS) {
    const command = `${ROOT}node_modules/.bin/${check.command}`;
    isGood = (await runStep({ ...check, command, isQuiet: true })) && isGood;
  }
  return isGood;
}
