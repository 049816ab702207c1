import { NotToBeHad } from '@toolmesh/shared/test-kit/outside-packages';

export type Kind = 'server' | 'client' | 'document' | 'ready';

/** One server, client or document, and how it went. */
export interface Row {
  readonly kind: Kind;
  readonly name: string;
  readonly version: string;
  readonly steps: string[];
  readonly failures: string[];
  /** Facts that a user should know, though nothing is wrong. */
  readonly notes: string[];
  notRun?: string;
}

/** Runs one step of a row; a step that fails is noted, and the next ones are run all the same. */
export type Step = (name: string, run: () => Promise<unknown>) => Promise<void>;

export interface Subject {
  readonly kind: Kind;
  readonly name: string;
  readonly version: string;
}

const STEP_TIMEOUT_MS = 60_000;
const SUBJECT_TIMEOUT_MS = 240_000;

/** Collects what was run, in the order in which it was begun. */
export function createReport(write: (line: string) => void) {
  const rows: Row[] = [];
  return {
    rows,
    /** Runs the steps of one subject. One that cannot be had here is not run, and no failure. */
    async subject(about: Subject, run: (step: Step, row: Row) => Promise<void>): Promise<void> {
      const row: Row = { ...about, steps: [], failures: [], notes: [] };
      rows.push(row);
      const step: Step = async (name, task) => {
        row.steps.push(name);
        await withTimeout(task(), STEP_TIMEOUT_MS).catch((error: unknown) =>
          row.failures.push(`${name}: ${words(error)}`),
        );
      };
      await withTimeout(run(step, row), SUBJECT_TIMEOUT_MS).catch((error: unknown) => {
        if (error instanceof NotToBeHad) row.notRun = error.message;
        else row.failures.push(`start: ${words(error)}`);
      });
      write(lineOf(row));
      for (const failure of row.failures) write(`    FAILED ${row.name}, ${failure}`);
    },
  };
}

function withTimeout(task: Promise<unknown>, timeoutMs: number): Promise<unknown> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no end after ${timeoutMs / 1_000} s`)), timeoutMs);
  return Promise.race([task, promise]).finally(() => clearTimeout(timer));
}

const words = (error: unknown): string =>
  (Error.isError(error) ? error.message : JSON.stringify(error)).replaceAll(/\s+/g, ' ').slice(0, 600);

export function resultOf({ failures, notRun, steps }: Row): string {
  if (notRun !== undefined) return `not run: ${notRun}`;
  return failures.length === 0 ? 'right' : `${failures.length} of ${steps.length} failed`;
}

const lineOf = (row: Row): string =>
  `${row.kind.padEnd(9)} ${`${row.name} ${row.version}`.padEnd(44)} ${resultOf(row)}`;
