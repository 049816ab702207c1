import { setTimeout as sleep } from 'node:timers/promises';

/** Polls until `condition` holds; the test's own time limit is the end of the wait. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(25);
}
