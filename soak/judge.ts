import { median } from '../bench/figures.ts';
import type { Sample } from './samples.ts';

/** The outcome of one call. */
export interface Outcome {
  readonly kind: string;
  /** Seconds since the start of the soak, when it ended. */
  readonly at: number;
  readonly ms: number;
  /** The fault in the answer. */
  readonly error?: string;
}

/** All that was seen. */
export interface Observation {
  readonly seconds: number;
  /** By service. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  readonly outcomes: readonly Outcome[];
  /** Services whose process went away. */
  readonly lost: readonly string[];
}

interface Bound {
  readonly what: string;
  readonly unit: string;
  readonly read: (sample: Sample) => number;
  /** Growth that is tolerated: a share of the value before, plus a constant. */
  readonly share: number;
  readonly slack: number;
}

const MIB = 1_024 ** 2;
const BOUNDS: readonly Bound[] = [
  // A collector lets memory grow before it collects, and what it frees is not given back at once.
  { what: 'memory', unit: 'MiB', read: ({ rssBytes }) => rssBytes / MIB, share: 0.2, slack: 48 },
  { what: 'handles', unit: '', read: ({ handles }) => handles, share: 0.1, slack: 24 },
  { what: 'processes', unit: '', read: ({ processes }) => processes, share: 0.1, slack: 16 },
];
/** A call may take three times as long as before and a quarter of a second more on a machine that has other work. */
const LATENCY_FACTOR = 3;
const LATENCY_SLACK_MS = 250;

/**
 * Lists what is wrong; empty when all is well. The second quarter is compared with the last: the first is for
 * warming up, and a leak has no end.
 */
export function judge(observation: Observation): readonly string[] {
  return [...lostOnes(observation), ...errors(observation), ...growth(observation), ...slowdowns(observation)];
}

const lostOnes = ({ lost }: Observation): readonly string[] => [...new Set(lost)].map((name) => `${name} went away`);

function errors({ outcomes }: Observation): readonly string[] {
  if (outcomes.length === 0) return ['no call was made'];
  const failed = Map.groupBy(
    outcomes.filter(({ error }) => error !== undefined),
    ({ kind }) => kind,
  );
  return [...failed].map(([kind, all]) => `${kind}: ${all.length} calls went wrong, the first: ${all[0]?.error}`);
}

function growth({ samples, seconds }: Observation): readonly string[] {
  return [...samples].flatMap(([service, all]) =>
    BOUNDS.flatMap(({ what, unit, read, share, slack }) => {
      const before = median(quarter(all, 2, seconds).map(read));
      const after = median(quarter(all, 4, seconds).map(read));
      if (!(after > before * (1 + share) + slack)) return [];
      return [`${service}: ${what} grew from ${before.toFixed(0)} to ${after.toFixed(0)} ${unit}`.trim()];
    }),
  );
}

function slowdowns({ outcomes, seconds }: Observation): readonly string[] {
  return [...Map.groupBy(outcomes, ({ kind }) => kind)].flatMap(([kind, all]) => {
    const before = median(quarter(all, 2, seconds).map(({ ms }) => ms));
    const after = median(quarter(all, 4, seconds).map(({ ms }) => ms));
    if (!(after > before * LATENCY_FACTOR + LATENCY_SLACK_MS)) return [];
    return [`${kind}: a call took ${before.toFixed(0)} ms before and ${after.toFixed(0)} ms at the end`];
  });
}

/** Returns the samples of the nth quarter of the time. */
function quarter<T extends { readonly at: number }>(all: readonly T[], nth: number, seconds: number): readonly T[] {
  return all.filter(({ at }) => at >= ((nth - 1) * seconds) / 4 && at < (nth * seconds) / 4);
}
