import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** After a start has settled, and after what a user tries first. */
const DELAY_MS = 10_000;

/**
 * Gives back, once, what loading modules has left in the heap: compiled code that ran once, half-empty pages. V8 would
 * keep it for as long as the service is idle, 6 to 8 MiB each.
 */
export function releaseStartMemory(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('gc');
    if (typeof collect === 'function') collect({ type: 'major', flavor: 'last-resort' });
  }, DELAY_MS).unref();
}
