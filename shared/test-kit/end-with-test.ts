import { afterEach } from '@jest/globals';

/** A server, a client or a process that can be ended; `graceMs` is how long its running requests have. */
export interface Stoppable {
  stop(graceMs?: number): Promise<void>;
}

const running: Stoppable[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((part) => part.stop(0)));
});

/** Ends `part` with the test that is running, and returns it. */
export function endWithTest<Part extends Stoppable>(part: Part): Part {
  running.push(part);
  return part;
}
