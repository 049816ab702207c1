import fc from 'fast-check';
import { IS_FULL } from './depth.ts';

/** A commit's run tries the same values each time: it must not fail for a change that it does not hold. */
const COMMIT_SEED = 20_261_128;

/**
 * The property runner of all tests. Values come from a fixed seed, at full depth from a new one; a failure tells how
 * to keep the counterexample as an example.
 */
fc.configureGlobal({
  ...(IS_FULL ? {} : { seed: COMMIT_SEED }),
  reporter: (run) => {
    if (!run.failed) return;
    throw new Error(`${fc.defaultReportMessage(run)}\n\n${howToKeep(run.counterexample)}`, {
      cause: run.errorInstance,
    });
  },
});

function howToKeep(counterexample: unknown): string {
  if (counterexample === null) return 'No counterexample: too many values were skipped, or the time ran out.';
  return `Keep it: fc.assert(fc.property(...), { examples: [${fc.stringify(counterexample)}] })`;
}

export { fc };
