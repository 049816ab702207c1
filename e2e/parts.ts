import { spawnSync } from 'node:child_process';
import { test } from '@jest/globals';
import { canJail } from '@toolmesh/shared/test-kit/can-jail';

/** Tells whether a program of the system can be run. */
export const hasProgram = (name: string): boolean => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0;

/** The isolation that the sandbox chooses for Python on this machine: the best it can have. */
export const PYTHON_ISOLATION = canJail() ? 'namespaces' : 'wasm';
/** That of JavaScript and TypeScript. */
export const NODE_ISOLATION = canJail() ? 'namespaces' : 'isolate';

type Test = (name: string, run: () => Promise<void>, timeoutMs?: number) => void;

/**
 * Like `test`, for tests that need a part which a laptop may lack: skipped there, and the name says why. In CI, which
 * installs what tests need, a missing part is a failure.
 */
export function testWith(part: string, isThere: boolean): Test {
  if (isThere) return test;
  if (process.env['CI'] !== 'true') return (name, run) => test.skip(`${name} (needs ${part})`, run);
  return (name) =>
    test(name, () => {
      throw new Error(`CI has to have ${part}: .ci/run installs it`);
    });
}
